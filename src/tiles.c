/* See tiles.h. The shape matters: on a core with 32 KiB of first-level cache wide and flat tiles (192 x 8) were 10 to
 * 15% faster than 96 x 16, and chains of 16 or 32 stages faster than shorter ones; longer ones gained nothing. */
#define _DEFAULT_SOURCE /* for _SC_LEVEL1_DCACHE_SIZE */
#include "heat2d/tiles.h"

#include "heat2d/operator.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#ifndef _SC_LEVEL1_DCACHE_SIZE /* where the system cannot be asked */
#define _SC_LEVEL1_DCACHE_SIZE (-1)
#define _SC_LEVEL2_CACHE_SIZE (-1)
#endif

enum {
  LEFT = 8,           /* columns that a tile moves per stage: a cache line */
  TRIALS = 3,         /* passes with each shape, of which the fastest counts */
  STRIPS_MOST = 256,  /* between two slides of a band */
  PATIENCE = 1000     /* looks at another thread's progress before this one lets others run */
};

heat_tiling heat_tiling_fixed(int columns, int rows) {
  return (heat_tiling){.count = 1, .chosen = true, .tile = {{columns, rows, HEAT_CHAIN}}};
}

/* Bytes of a cache; `usual` where the system does not know. */
static double cache_bytes(int name, long usual) {
  const long bytes = sysconf(name);
  return (double)(bytes > 0 ? bytes : usual);
}

heat_tiling heat_tiling_create(heat_box owned, size_t bytes) {
  enum { USUAL_1 = 32 << 10, USUAL_2 = 256 << 10, GRAIN = 32, BAD = 128, SMALL = 1 << 20 };
  static const struct {
    int rows, stages;
  } shapes[HEAT_TILE_CHOICES] = {{8, HEAT_CHAIN},     {8, HEAT_CHAIN / 2},  {4, HEAT_CHAIN},
                                 {4, HEAT_CHAIN / 2}, {12, HEAT_CHAIN / 2}, {2, HEAT_CHAIN / 2}};
  const double used = 0.75; /* of a cache */
  const double whole = (double)bytes * (double)heat_box_cells(owned);
  /* The sweeps of a block that is in cache anyhow need no order. */
  if (whole < used * cache_bytes(_SC_LEVEL2_CACHE_SIZE, USUAL_2) && heat_box_width(owned, HEAT_X) < SMALL)
    return heat_tiling_fixed((int)heat_box_width(owned, HEAT_X) + 2 * HEAT_CHAIN * LEFT, SMALL);
  heat_tiling tiling = {.count = HEAT_TILE_CHOICES};
  const double cells = used * cache_bytes(_SC_LEVEL1_DCACHE_SIZE, USUAL_1) / (double)bytes;
  for (int n = 0; n < HEAT_TILE_CHOICES; n++) {
    int width = (int)(cells / shapes[n].rows) / GRAIN * GRAIN;
    if (width < GRAIN) width = GRAIN;
    if (width % BAD == 0) width += GRAIN; /* powers of two crowd into few sets of the cache */
    tiling.tile[n] = (heat_tile){width, shapes[n].rows, shapes[n].stages};
  }
  return tiling;
}

heat_tile heat_tiling_current(const heat_tiling *tiling) {
  return tiling->tile[tiling->current];
}

void heat_tiling_learn(heat_tiling *tiling, double updates, double seconds) {
  if (tiling->chosen || updates <= 0) return;
  double *best = &tiling->best[tiling->current];
  const double each = seconds / updates;
  if (tiling->passes == 0 || each < *best) *best = each;
  if (++tiling->passes < TRIALS) return;
  tiling->passes = 0;
  if (++tiling->current < tiling->count) return;
  tiling->chosen = true;
  tiling->current = 0;
  for (int n = 1; n < tiling->count; n++)
    if (tiling->best[n] < tiling->best[tiling->current]) tiling->current = n;
}

int heat_tiles_band(int threads) {
  enum { RIM = 3, TURNS = 2, ROWS_USUAL = 12 };
  const int strips = TURNS * threads * ROWS_USUAL, slides_rarely = 2 * HEAT_CHAIN;
  return HEAT_CHAIN + RIM + (strips > slides_rarely ? strips : slides_rarely);
}

typedef struct level {
  const heat_stage *stage;
  heat_box box;
  int instant;
  heat_sweep sweep; /* at the first owned cell */
} level;

typedef struct pass {
  heat_operator *op;
  heat_field *const *fields;
  int count;
  level levels[HEAT_LEVELS];
  heat_tile tile;
  heat_box whole;        /* of all levels */
  int64_t first_column;  /* of the first tile, on a cache line */
  int strips, columns;   /* of tiles: in a window, and in a strip */
  atomic_int done[STRIPS_MOST]; /* tiles of each strip of the window */
  heat_status *status;
} pass;

/* After a band has slid its cells are elsewhere. */
static void aim(pass *p) {
  for (int k = 0; k < p->count; k++) {
    const heat_stage *stage = p->levels[k].stage;
    heat_sweep *sweep = &p->levels[k].sweep;
    sweep->u = p->fields[stage->u]->corner;
    sweep->out = p->fields[stage->out]->corner;
    for (int n = 0; n < stage->terms; n++) sweep->x[n] = p->fields[stage->term[n].field]->corner;
  }
}

static void do_tile(pass *p, int64_t i, int64_t j) {
  heat_box tile = {{i, j}, {i + p->tile.columns, j + p->tile.rows}};
  for (int k = 0; k < p->count; k++) {
    const heat_box part = heat_box_intersect(tile, p->levels[k].box);
    const level *l = &p->levels[k];
    if (!heat_box_empty(part)) heat_operator_part(p->op, l->stage, &l->sweep, part, l->instant, p->fields, p->status);
    tile = heat_box_shift(tile, -LEFT, -1);
  }
}

/* Wait until the strip below is ahead by this tile. */
static void await(atomic_int *done, int tiles) {
  for (int looks = 0; atomic_load_explicit(done, memory_order_acquire) < tiles; looks++)
    if (looks >= PATIENCE) sched_yield();
}

/* The strips of a window that fall to this thread. */
static void do_strips(pass *p, int64_t first_row, int thread, int threads) {
  for (int s = thread; s < p->strips; s += threads) {
    for (int column = 0; column < p->columns; column++) {
      if (s > 0 && threads > 1) await(&p->done[s - 1], column + 1);
      do_tile(p, p->first_column + (int64_t)column * p->tile.columns, first_row + (int64_t)s * p->tile.rows);
      atomic_store_explicit(&p->done[s], column + 1, memory_order_release);
    }
  }
}

static void open_window(pass *p, int64_t first_row, bool first, int fields) {
  for (int f = 0; f < fields; f++)
    if (p->fields[f]->band > 0) heat_field_slide(p->fields[f], first_row - p->count - 1, !first);
  aim(p);
  for (int s = 0; s < p->strips; s++) atomic_store_explicit(&p->done[s], 0, memory_order_relaxed);
}

/* How many fields the stages name, and how many strips find room in the shortest band. */
static int lay_out(pass *p) {
  int fields = 0;
  for (int k = 0; k < p->count; k++) {
    const heat_stage *stage = p->levels[k].stage;
    if (stage->out >= fields) fields = stage->out + 1;
    if (stage->u >= fields) fields = stage->u + 1;
    for (int n = 0; n < stage->terms; n++)
      if (stage->term[n].field >= fields) fields = stage->term[n].field + 1;
  }
  const int64_t rows = heat_box_width(p->whole, HEAT_Y) + p->count - 1;
  int64_t strips = (rows + p->tile.rows - 1) / p->tile.rows;
  if (strips > STRIPS_MOST) strips = STRIPS_MOST;
  for (int f = 0; f < fields; f++) {
    const int band = p->fields[f]->band;
    if (band == 0) continue;
    const int room = band - p->count - 2; /* what is read below a strip, and the row above it */
    if (room < p->tile.rows) p->tile.rows = room;
    if (strips > room / p->tile.rows) strips = room / p->tile.rows;
  }
  p->strips = (int)strips;
  return fields;
}

void heat_tiles_pass(heat_operator *op, const heat_stage *stages, const int64_t *grow, int count, int instant,
                     heat_field *const *fields, heat_status *status) {
  const heat_grid *grid = op->grid;
  const int64_t *owned = grid->owned.lo;
  pass p = {.op = op, .fields = fields, .count = count, .tile = heat_tiling_current(&op->tiling), .status = status};
  double updates = 0;
  for (int k = 0; k < count; k++) {
    const heat_box box = heat_grid_grown(grid, grid->owned, grow[k]);
    p.levels[k] = (level){&stages[k], box, instant + k, heat_operator_sweep(op, &stages[k], fields)};
    p.whole = k == 0 ? box : heat_box_around(p.whole, box);
    updates += (double)heat_box_cells(box);
  }
  const int fields_named = lay_out(&p);
  p.first_column = owned[HEAT_X] - (owned[HEAT_X] - p.whole.lo[HEAT_X] + LEFT - 1) / LEFT * LEFT;
  const int64_t width = p.whole.hi[HEAT_X] + (int64_t)(count - 1) * LEFT - p.first_column;
  p.columns = (int)((width + p.tile.columns - 1) / p.tile.columns);
  const int64_t window = (int64_t)p.strips * p.tile.rows, end = p.whole.hi[HEAT_Y] + count - 1;
  const double start = MPI_Wtime();
#pragma omp parallel num_threads(op->threads) if (op->threads > 1)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int64_t row = p.whole.lo[HEAT_Y]; row < end; row += window) {
#pragma omp barrier
#pragma omp master
      open_window(&p, row, row == p.whole.lo[HEAT_Y], fields_named);
#pragma omp barrier
      do_strips(&p, row, thread, threads);
    }
  }
  if (count == heat_tiling_current(&op->tiling).stages) heat_tiling_learn(&op->tiling, updates, MPI_Wtime() - start);
}
