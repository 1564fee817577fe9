/* See tiles.h. The shape matters: on a core with 32 KiB of first-level cache wide and flat tiles (192 x 8, 2048 x 8)
 * were 10 to 15% faster than 96 x 16, and chains of 16 or 32 stages faster than shorter ones; longer ones gained
 * nothing. Which is best depends on grid, material and processor, so that a run tries some. */
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
  WHOLE = 1 << 20,    /* rows or columns of a tile that has no neighbours */
  TRIALS = 3,         /* passes with each shape, of which the fastest counts */
  GROUP_ROWS = 128,   /* of a thread at a time: it shares the cells of HEAT_CHAIN rows with the group below */
  TURNS = 2,          /* groups of each thread between two slides of a band */
  GROUPS_MOST = 1024, /* between two slides of a band */
  PATIENCE = 1000     /* looks at another thread's progress before this one lets others run */
};

heat_tiling heat_tiling_fixed(int columns, int rows) {
  return (heat_tiling){.count = 1, .chosen = true, .tile = {{columns, rows, HEAT_CHAIN, false}}};
}

/* Bytes of a cache; `usual` where the system does not know. */
static double cache_bytes(int name, long usual) {
  const long bytes = sysconf(name);
  return (double)(bytes > 0 ? bytes : usual);
}

heat_tiling heat_tiling_create(heat_box owned, size_t bytes) {
  enum { USUAL_1 = 32 << 10, USUAL_2 = 256 << 10, GRAIN = 32, BAD = 128, HALF = HEAT_CHAIN / 2, AREA = 0 };
  /* AREA columns: so many that the tile fills the first-level cache. */
  static const heat_tile shapes[] = {{2048, 8, HALF, false}, {2048, 8, HALF, true},        {512, 8, HALF, false},
                                     {AREA, 8, HALF, false}, {AREA, 8, HEAT_CHAIN, false}, {AREA, 4, HALF, false},
                                     {2048, 4, HALF, true}};
  _Static_assert(sizeof shapes / sizeof *shapes <= HEAT_TILE_CHOICES, "more shapes than places");
  const double used = 0.75; /* of a cache */
  const double all = (double)bytes * (double)heat_box_cells(owned);
  const int64_t widest = heat_box_width(owned, HEAT_X) + 2 * (int64_t)HEAT_CHAIN * LEFT;
  heat_tiling tiling = {.count = 0};
  if (all < used * cache_bytes(_SC_LEVEL2_CACHE_SIZE, USUAL_2) && widest < WHOLE) {
    for (int plain = 0; plain <= 1; plain++) /* one tile; the order of its sweeps does not matter */
      tiling.tile[tiling.count++] = (heat_tile){(int)widest, WHOLE, HEAT_CHAIN, plain == 1};
    return tiling;
  }
  const double cells = used * cache_bytes(_SC_LEVEL1_DCACHE_SIZE, USUAL_1) / (double)bytes;
  for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
    heat_tile *tile = &tiling.tile[tiling.count++];
    *tile = shapes[n];
    if (tile->columns != AREA) continue;
    tile->columns = (int)(cells / tile->rows) / GRAIN * GRAIN;
    if (tile->columns % BAD == 0) tile->columns += GRAIN; /* powers of two crowd into few sets of the cache */
  }
  return tiling;
}

heat_tile heat_tiling_current(const heat_tiling *tiling) {
  return tiling->tile[tiling->current];
}

void heat_tiling_learn(heat_tiling *tiling, int stages, double updates, double seconds) {
  if (tiling->chosen || updates <= 0) return;
  if (stages > tiling->longest) { /* the first steps of a run come one by one */
    tiling->longest = stages;
    tiling->passes = tiling->current = 0;
    return;
  }
  if (stages < tiling->longest) return;
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

int heat_tiles_band(heat_box owned, int threads) {
  enum {
    RIM = 3,
    SHARE = 8,
    ALONE = 64,
    WORTH = 2 << 20
  }; /* WORTH: cells; SHARE: of the rows, at most, for many threads */
  if (heat_box_cells(owned) < WORTH) return 0;
  const int64_t least = (int64_t)threads * HEAT_CHAIN, most = (int64_t)TURNS * threads * GROUP_ROWS;
  int64_t room = threads == 1 ? ALONE : heat_box_width(owned, HEAT_Y) / SHARE;
  if (threads > 1 && room < least) room = least;
  if (threads > 1 && room > most) room = most;
  return HEAT_CHAIN + RIM + (int)room;
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
  heat_box whole;               /* of all levels */
  int64_t first_column;         /* of the first tile, on a cache line */
  int strips, columns;          /* of tiles: in a group, and in a strip */
  int groups;                   /* in a window, between two slides */
  atomic_int done[GROUPS_MOST]; /* columns of tiles of each group of the window */
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

/* Wait until the group below has done that many columns. */
static void await(atomic_int *done, int columns) {
  for (int looks = 0; atomic_load_explicit(done, memory_order_acquire) < columns; looks++)
    if (looks >= PATIENCE) sched_yield();
}

/* The groups of a window that fall to this thread. */
static void do_groups(pass *p, int64_t first_row, int thread, int threads) {
  const int64_t height = (int64_t)p->strips * p->tile.rows;
  for (int g = thread; g < p->groups; g += threads) {
    for (int column = 0; column < p->columns; column++) {
      if (g > 0 && threads > 1) await(&p->done[g - 1], column + 1);
      for (int s = 0; s < p->strips; s++)
        do_tile(p, p->first_column + (int64_t)column * p->tile.columns,
                first_row + g * height + (int64_t)s * p->tile.rows);
      atomic_store_explicit(&p->done[g], column + 1, memory_order_release);
    }
  }
}

static void open_window(pass *p, int64_t first_row, bool first, int fields) {
  for (int f = 0; f < fields; f++)
    if (p->fields[f]->band > 0) heat_field_slide(p->fields[f], first_row - p->count - 1, !first);
  aim(p);
  for (int g = 0; g < p->groups; g++) atomic_store_explicit(&p->done[g], 0, memory_order_relaxed);
}

/* How many fields the stages name. */
static int count_fields(const pass *p) {
  int fields = 0;
  for (int k = 0; k < p->count; k++) {
    const heat_stage *stage = p->levels[k].stage;
    if (stage->out >= fields) fields = stage->out + 1;
    if (stage->u >= fields) fields = stage->u + 1;
    for (int n = 0; n < stage->terms; n++)
      if (stage->term[n].field >= fields) fields = stage->term[n].field + 1;
  }
  return fields;
}

/* How many strips make a group, and how many groups find room in the shortest band. One thread needs no groups: it goes
 * through whole strips one by one, as far as there is room. */
static void lay_out(pass *p, int fields, int threads) {
  const int64_t rows = heat_box_width(p->whole, HEAT_Y) + p->count - 1;
  int64_t room = rows;
  for (int f = 0; f < fields; f++) {
    const int band = p->fields[f]->band;
    if (band > 0 && band - p->count - 2 < room) room = band - p->count - 2; /* what is read below, and one row above */
  }
  if (p->tile.rows > room) p->tile.rows = (int)room;
  int64_t strips = threads > 1 ? room / (TURNS * threads) / p->tile.rows : 1;
  if (strips * p->tile.rows > GROUP_ROWS) strips = GROUP_ROWS / p->tile.rows;
  p->strips = strips < 1 ? 1 : (int)strips;
  const int64_t height = (int64_t)p->strips * p->tile.rows;
  int64_t groups = room < rows ? room / height : (rows + height - 1) / height;
  p->groups = groups > GROUPS_MOST ? GROUPS_MOST : (int)groups;
}

void heat_tiles_pass(heat_operator *op, const heat_stage *stages, const int64_t *grow, int count, int instant,
                     heat_field *const *fields, heat_status *status) {
  const heat_grid *grid = op->grid;
  const int64_t *owned = grid->owned.lo;
  pass p = {.op = op, .fields = fields, .count = count, .tile = heat_tiling_current(&op->tiling), .status = status};
  for (int k = 0; k < count; k++) {
    const heat_box box = heat_grid_grown(grid, grid->owned, grow[k]);
    p.levels[k] = (level){&stages[k], box, instant + k, heat_operator_sweep(op, &stages[k], fields)};
    p.whole = k == 0 ? box : heat_box_around(p.whole, box);
  }
  const int fields_named = count_fields(&p);
  lay_out(&p, fields_named, op->threads);
  p.first_column = owned[HEAT_X] - (owned[HEAT_X] - p.whole.lo[HEAT_X] + LEFT - 1) / LEFT * LEFT;
  const int64_t width = p.whole.hi[HEAT_X] + (int64_t)(count - 1) * LEFT - p.first_column;
  p.columns = (int)((width + p.tile.columns - 1) / p.tile.columns);
  const int64_t window = (int64_t)p.groups * p.strips * p.tile.rows, end = p.whole.hi[HEAT_Y] + count - 1;
  const int team = p.groups < op->threads ? p.groups : op->threads;
#pragma omp parallel num_threads(team) if (team > 1)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int64_t row = p.whole.lo[HEAT_Y]; row < end; row += window) {
#pragma omp barrier
#pragma omp master
      open_window(&p, row, row == p.whole.lo[HEAT_Y], fields_named);
#pragma omp barrier
      do_groups(&p, row, thread, threads);
    }
  }
}
