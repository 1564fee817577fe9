/* See tiles.h. The shape matters: tiles of 128 x 8, which stay in half of a first-level cache of 32 KiB, and of 2048 x
 * 8, which are streamed from half of the second-level one, were as fast as each other and 5 to 20% faster than those
 * between; with varying material flatter ones were; 16 rows were slower, and so were 16 stages in the smaller tiles.
 * Blocks of columns made it 17% faster with varying material, 3 to 7% otherwise, at 8192 columns. Which shape is best
 * depends on grid, material and processor, so that a run tries some.
 *
 * The lane frame beside the best of these tiles, as parts of the speed of the kernel in the first-level cache (one core
 * of a Xeon with AVX-512, or kept to AVX2, 48 KiB and 2 MiB of cache; medians of samples in turn, by the processor's
 * time; blocks with neighbours above and below, and a halo as deep as there are stages):
 *
 *     cells of a block   stages   frame   tile    AVX2: frame   tile
 *     128 x 128              64    0.39   0.60                          half of its vectors lie outside of the block
 *     256 x 256              64    0.53   0.63
 *     512 x 256               8    0.58   0.57           0.55   0.69
 *     512 x 256              16    0.69   0.61           0.65   0.70    so a run tries it
 *     1024 x 512              8    0.58   0.64                          moving the cells in and out takes longer than
 *     8192 x 1024            16    0.60   0.65                          it saves: also tried
 *     1024 x 512             32    0.77   0.68           0.77   0.74    from here on it is taken untried
 *     1024 x 512             64    0.73   0.65                          seven strips in place of six
 *     2048 x 1024            64    0.87   0.62           0.81   0.75
 *     2048 x 2048            64    0.92   0.68
 *     8192 x 4096            64    1.05   0.78
 *
 * Stages of RKL2 stay in these tiles, where they reach 0.31 to 0.39, which is 13 cycles for a vector of eight cells.
 * They read four arrays and write one: 13 instructions of arithmetic, 6.5 cycles. In the lane frame the start and its
 * rate would have to move along, so that four tiles of 32 KiB, which are not in the first-level cache together, would
 * be read and three written at each stage: 9 to 11 cycles with a second-level cache of 48 bytes a cycle, 1.2 x at best.
 */
#define _DEFAULT_SOURCE /* for _SC_LEVEL1_DCACHE_SIZE */
#include "heat2d/numerics/tiles.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#ifndef _SC_LEVEL1_DCACHE_SIZE /* where the system cannot be asked */
#define _SC_LEVEL1_DCACHE_SIZE (-1)
#define _SC_LEVEL2_CACHE_SIZE (-1)
#endif

enum {
  LEFT = 8,          /* columns that a tile moves per stage: a cache line */
  WHOLE = 1 << 20,   /* rows or columns of a tile that has no neighbours */
  TRIALS = 3,        /* of each shape; the fastest counts */
  NARROWEST = 64,    /* columns that are worth a thread */
  NEAR = 2 << 20,    /* bytes that the rows which the next strip needs should take: a share of the last cache */
  BLOCKS_MOST = 256, /* of a pass */
  LINE = 64,         /* bytes */
  SPINS_MOST = 1000  /* looks at another thread's progress before this one lets others run */
};

heat_tiling heat_tiling_fixed(int columns, int rows) {
  return (heat_tiling){
      .count = 1, .chosen = true, .tile = {{.columns = columns, .rows = rows, .stages = HEAT_TILE_STAGES}}};
}

/* Bytes of a cache; `usual` where the system does not know. */
static double cache_bytes(int name, long usual) {
  const long bytes = sysconf(name);
  return (double)(bytes > 0 ? bytes : usual);
}

int heat_tiles_frame_stages(heat_box owned) {
  enum { FRAME_CELLS = 1 << 19, FRAME_STAGES = 32 };
  return heat_box_cells(owned) >= FRAME_CELLS ? FRAME_STAGES : 0;
}

heat_tiling heat_tiling_create(heat_box owned, size_t bytes, bool frame) {
  enum { USUAL_1 = 32 << 10, USUAL_2 = 256 << 10, GRAIN = 32 };
  enum { FULL_1 = -1, HALF_1 = -2, HALF_2 = -3 }; /* so many columns that the tile fills that much of a cache */
  static const heat_tile small[] = {
      {WHOLE, WHOLE, HEAT_TILE_STAGES, false, false, 0}, /* one tile: the order does not matter */
      {WHOLE, WHOLE, HEAT_TILE_STAGES, true, false, 0},
      {WHOLE, 8, HEAT_TILE_STAGES, false, false, 0}};
  static const heat_tile large[] = {
      {HALF_1, 8, HEAT_TILE_STAGES, false, true, 0},  {HALF_1, 8, HEAT_TILE_STAGES, false, false, 0},
      {HALF_2, 8, HEAT_TILE_STAGES, false, false, 0}, {FULL_1, 4, HEAT_TILE_STAGES, false, false, 0},
      {FULL_1, 8, HEAT_TILE_STAGES, false, false, 0}, {HALF_2, 8, HEAT_TILE_STAGES, true, false, 0}};
  enum { SMALL = sizeof small / sizeof *small, LARGE = sizeof large / sizeof *large };
  _Static_assert((int)SMALL <= (int)HEAT_TILE_CHOICES && (int)LARGE <= (int)HEAT_TILE_CHOICES,
                 "more shapes than places");
  const double used = 0.75;                                                           /* of a cache, at most */
  const double level1 = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, USUAL_1) / (double)bytes; /* cells */
  const double level2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, USUAL_2) / (double)bytes;
  const bool is_small = (double)heat_box_cells(owned) < used * level2;
  const heat_tile *shapes = is_small ? small : large;
  heat_tiling tiling = {.frame_stages = frame ? heat_tiles_frame_stages(owned) : 0};
  for (int n = 0; n < (is_small ? (int)SMALL : (int)LARGE); n++) {
    if (shapes[n].frame && !frame) continue;
    heat_tile *tile = &tiling.tile[tiling.count++];
    *tile = shapes[n];
    if (tile->columns > 0) continue;
    const double cells = tile->columns == HALF_2 ? level2 / 2 : tile->columns == HALF_1 ? level1 / 2 : used * level1;
    tile->columns = (int)(cells / tile->rows) / GRAIN * GRAIN;
    if (tile->columns < GRAIN) tile->columns = GRAIN;
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
    tiling->updates = tiling->seconds = 0;
    return;
  }
  if (stages < tiling->longest) return;
  double *best = &tiling->best[tiling->current];
  const double each = seconds / updates;
  tiling->updates += updates;
  tiling->seconds += seconds;
  if (tiling->passes == 0 || each < *best) *best = each;
  if (++tiling->passes < TRIALS) return;
  tiling->passes = 0;
  if (++tiling->current < tiling->count) return;
  tiling->chosen = true;
  tiling->current = 0;
  for (int n = 1; n < tiling->count; n++)
    if (tiling->best[n] < tiling->best[tiling->current]) tiling->current = n;
}

double heat_tiling_cost(const heat_tiling *tiling) {
  const int tried = tiling->chosen ? tiling->count : tiling->current + (tiling->passes > 0);
  double best = INFINITY;
  for (int n = 0; n < tried; n++) best = fmin(best, tiling->best[n]);
  return tiling->updates > 0 ? fmax(0, tiling->seconds - tiling->updates * best) : 0;
}

int heat_tiles_band(heat_box owned, int threads) {
  /* Rows beyond those of a pass that leans downwards by one row per stage: for one thread, and for each of several, at
   * most an eighth of all. */
  enum { RIM = 3, ALONE = 48, EACH_LEAST = 32, EACH_MOST = 256, SHARE = 8 };
  const int64_t worth = 2 << 20; /* cells of a block that is larger than the caches */
  if (heat_box_cells(owned) < worth) return 0;
  int64_t room = heat_box_width(owned, HEAT_Y) / SHARE;
  if (room > (int64_t)threads * EACH_MOST) room = (int64_t)threads * EACH_MOST;
  if (room < (int64_t)threads * EACH_LEAST) room = (int64_t)threads * EACH_LEAST;
  return HEAT_TILE_STAGES + RIM + (int)(threads == 1 ? ALONE : room);
}

/* How many strips a block has done of those for which the bands now have their rows. On a cache line of its own, which
 * other threads watch. */
typedef struct progress {
  _Alignas(LINE) atomic_int strips;
} progress;

typedef struct pass {
  const heat_tiles_work *work;
  heat_tile tile;
  heat_box whole;     /* of all fronts */
  int64_t columns[2]; /* from the first one of the first tile, on a cache line, to the end of the last one */
  int strips;         /* of tiles in a window: the bands slide, then all blocks go through these */
  int blocks;         /* of columns */
  progress *done;     /* of each block */
} pass;

/* Let the sweeps point to the fields: after a band has slid its cells are elsewhere in memory. */
static void set_pointers(const heat_tiles_work *work) {
  for (int k = 0; k < work->count; k++) {
    const heat_stage *stage = work->fronts[k].stage;
    heat_sweep *sweep = &work->fronts[k].sweep;
    sweep->u = work->fields[stage->u]->corner;
    sweep->out = work->fields[stage->out]->corner;
    for (int n = 0; n < stage->terms; n++) sweep->x[n] = work->fields[stage->term[n].field]->corner;
  }
}

static void do_tile(const heat_tiles_work *work, heat_box tile) {
  for (int k = 0; k < work->count; k++) {
    const heat_front *front = &work->fronts[k];
    if (heat_box_within(tile, front->inner) && heat_box_empty(heat_box_intersect(tile, work->busy))) {
      work->loop(&front->sweep, heat_part_at(tile, work->owned, front->sweep.stride));
    } else {
      const heat_box part = heat_box_intersect(tile, front->box);
      if (!heat_box_empty(part)) {
        work->prepare(work->context, k, part);
        work->loop(&front->sweep, heat_part_at(part, work->owned, front->sweep.stride));
      }
    }
    tile = heat_box_shift(tile, -LEFT, -1);
  }
}

/* Wait until a block has done that many strips. */
static void await(progress *other, int strips) {
  for (int looks = 0; atomic_load_explicit(&other->strips, memory_order_acquire) < strips;)
    if (looks < SPINS_MOST)
      looks++;
    else
      sched_yield();
}

/* Where the tiles of a block begin, so that all blocks have as many cells: tiles move left, by half of it on average.
 */
static int64_t border(const pass *p, int block) {
  if (block == 0 || block == p->blocks) return p->columns[block > 0];
  const int64_t width = heat_box_width(p->whole, HEAT_X), drift = (int64_t)LEFT * (p->work->count - 1) / 2;
  const int64_t start = p->whole.lo[HEAT_X] + width * block / p->blocks + drift;
  return p->columns[0] + (start - p->columns[0]) / LEFT * LEFT;
}

static void do_block(pass *p, int64_t first_row, int block, bool uses_mpi) {
  const int64_t start = border(p, block), end = border(p, block + 1);
  for (int s = 0; s < p->strips; s++) {
    const int64_t j = first_row + (int64_t)s * p->tile.rows;
    if (block > 0) await(&p->done[block - 1], s + 1);
    if (uses_mpi) p->work->before_rows(p->work->context, j + p->tile.rows);
    for (int64_t i = start; i < end; i += p->tile.columns) {
      const int64_t right = i + p->tile.columns < end ? i + p->tile.columns : end;
      do_tile(p->work, (heat_box){{i, j}, {right, j + p->tile.rows}});
    }
    atomic_store_explicit(&p->done[block].strips, s + 1, memory_order_release);
  }
}

static void open_window(pass *p, int64_t first_row, bool first, int fields) {
  const heat_tiles_work *work = p->work;
  for (int f = 0; f < fields; f++)
    if (work->fields[f]->window_rows > 0) heat_field_slide(work->fields[f], first_row - work->count - 1, !first);
  set_pointers(work);
  for (int b = 0; b < p->blocks; b++) atomic_store_explicit(&p->done[b].strips, 0, memory_order_relaxed);
}

/* How many fields the stages name. */
static int count_fields(const heat_tiles_work *work) {
  int fields = 0;
  for (int k = 0; k < work->count; k++) {
    const heat_stage *stage = work->fronts[k].stage;
    if (stage->out >= fields) fields = stage->out + 1;
    if (stage->u >= fields) fields = stage->u + 1;
    for (int n = 0; n < stage->terms; n++)
      if (stage->term[n].field >= fields) fields = stage->term[n].field + 1;
  }
  return fields;
}

/* Choose the number of strips of a window: all of them, or as many as the shortest band has rows for. */
static void lay_out(pass *p, int fields) {
  const int count = p->work->count;
  const int64_t rows = heat_box_width(p->whole, HEAT_Y) + count - 1;
  int64_t room = rows;
  for (int f = 0; f < fields; f++) {
    const int band = p->work->fields[f]->window_rows;
    if (band > 0 && band - count - 2 < room) room = band - count - 2; /* what is read below, and one row above */
  }
  if (p->tile.rows > room) p->tile.rows = (int)room;
  p->strips = (int)(room < rows ? room / p->tile.rows : (rows + p->tile.rows - 1) / p->tile.rows);
}

/* Choose the blocks: equally many for each thread, and so narrow that the rows which a strip leaves for the next one
 * are still in a cache. Returns how many threads find work side by side. */
static int choose_blocks(pass *p) {
  const int64_t width = heat_box_width(p->whole, HEAT_X), wide = width / NARROWEST;
  int64_t threads = p->work->threads < BLOCKS_MOST ? p->work->threads : BLOCKS_MOST;
  if (threads > p->strips) threads = p->strips;
  if (threads > wide) threads = wide > 0 ? wide : 1;
  int64_t widest = p->tile.block > 0 ? p->tile.block : NEAR / ((HEAT_TILE_STAGES + p->tile.rows) * p->work->cell_bytes);
  if (widest < NARROWEST) widest = NARROWEST;
  const int64_t rounds = width / (threads * widest) + 1;
  p->blocks = (int)(threads * (rounds < BLOCKS_MOST / threads ? rounds : BLOCKS_MOST / threads));
  return (int)threads;
}

void heat_tiles_pass(const heat_tiles_work *work) {
  const int64_t left = work->owned.lo[HEAT_X];
  const int count = work->count;
  progress done[BLOCKS_MOST];
  pass p = {.work = work, .done = done, .tile = work->tile, .whole = work->fronts[0].box};
  for (int k = 1; k < count; k++) p.whole = heat_box_around(p.whole, work->fronts[k].box);
  const int fields_named = count_fields(work);
  lay_out(&p, fields_named);
  p.columns[0] = left - (left - p.whole.lo[HEAT_X] + LEFT - 1) / LEFT * LEFT;
  p.columns[1] = p.whole.hi[HEAT_X] + (int64_t)(count - 1) * LEFT;
  const int64_t window = (int64_t)p.strips * p.tile.rows, end = p.whole.hi[HEAT_Y] + count - 1;
  const int most = choose_blocks(&p);
#pragma omp parallel num_threads(most) if (most > 1)
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    for (int64_t row = p.whole.lo[HEAT_Y]; row < end; row += window) {
#pragma omp barrier
#pragma omp master
      open_window(&p, row, row == p.whole.lo[HEAT_Y], fields_named);
#pragma omp barrier
      for (int block = thread; block < p.blocks; block += threads) do_block(&p, row, block, thread == 0);
    }
  }
}
