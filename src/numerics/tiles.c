/* See tiles.h. The shape of the tiles matters. Tiles of 128 x 8 cells, which stay in half of a first-level cache of 32
 * KiB, and tiles of 2048 x 8 cells, which are streamed from half of the second-level cache, were equally fast, and 5 to
 * 20% faster than tiles of a size between these. With varying material flatter tiles were faster. Tiles of 16 rows were
 * slower, and so were passes of 16 stages in the smaller tiles. At 8192 columns, blocks of columns brought 17% with
 * varying material and 3 to 7% otherwise. The best shape depends on the grid, the material and the processor, so a run
 * tries some.
 *
 * The table compares the lane frame with the best of these tiles, as fractions of the speed of the kernel in the
 * first-level cache (one core of a Xeon with AVX-512, or restricted to AVX2, with caches of 48 KiB and 2 MiB; medians
 * of alternating samples of processor time; blocks with neighbours above and below, and a halo as deep as there are
 * stages):
 *
 *     cells of a block   stages   frame   tile    AVX2: frame   tile
 *     128 x 128              64    0.39   0.60                          half of its vectors lie outside of the block
 *     256 x 256              64    0.53   0.63
 *     512 x 256               8    0.58   0.57           0.55   0.69
 *     512 x 256              16    0.69   0.61           0.65   0.70    up to here a run tries both
 *     1024 x 512              8    0.58   0.64                          copying the cells in and out takes longer than
 *     8192 x 1024            16    0.60   0.65                          the frame saves: a run tries both
 *     1024 x 512             32    0.77   0.68           0.77   0.74    from here on the frame is used without a trial
 *     1024 x 512             64    0.73   0.65                          seven strips in place of six
 *     2048 x 1024            64    0.87   0.62           0.81   0.75
 *     2048 x 2048            64    0.92   0.68
 *     8192 x 4096            64    1.05   0.78
 *
 * The stages of RKL2 are done in the tiles of this file, at 0.31 to 0.39 of that speed, which is 13 cycles for a vector
 * of eight cells. They read four arrays and write one, with 13 instructions of arithmetic, which take 6.5 cycles. In
 * the lane frame there would be two tiles, and the field at the start of the step and its rate L(u) would be read like
 * coefficients that differ from cell to cell. A stage of Euler that reads two such arrays takes 13 to 15 cycles over a
 * whole pass, though it has one tile and its 9 instructions take 4.5 cycles (5.5 with all in the first-level cache):
 * half of the time goes into fetching and shifting what is read, and handing cells over. So RKL2 would gain nothing
 * there. */
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
  LEFT = 8,          /* columns by which a tile moves at each stage: one cache line */
  WHOLE = 1 << 20,   /* rows or columns of a tile that covers the whole block */
  TRIALS = 3,        /* timed passes of each shape, of which the fastest counts */
  NARROWEST = 64,    /* columns of a block of cells, at least */
  NEAR = 2 << 20,    /* bytes, a share of the last cache: the rows that the next strip needs should take no more */
  BLOCKS_MOST = 256, /* blocks of a pass, at most */
  LINE = 64,         /* bytes of a cache line */
  SPINS_MOST = 1000  /* looks at another thread's progress before this one lets others run */
};

heat_tiling heat_tiling_fixed(int columns, int rows) {
  return (heat_tiling){
      .count = 1, .chosen = true, .tile = {{.columns = columns, .rows = rows, .stages = HEAT_TILE_STAGES}}};
}

/* The size of a cache in bytes; `usual` where the system does not say. */
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
  /* In place of a number of columns: as many as fill this part of the first or of the second level of cache. */
  enum { FULL_1 = -1, HALF_1 = -2, HALF_2 = -3 };
  static const heat_tile small[] = {{WHOLE, WHOLE, HEAT_TILE_STAGES, false, false, 0}, /* one tile */
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
  if (stages > tiling->longest) { /* the lists of the first steps are short: begin the trials anew with longer ones */
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
  /* A pass reaches down by one row per stage. These are the rows that a band has beyond that: ALONE for one thread; for
   * several threads an eighth of the block's rows, within the bounds for each thread. */
  enum { RIM = 3, ALONE = 48, EACH_LEAST = 32, EACH_MOST = 256, SHARE = 8 };
  const int64_t worth = 2 << 20; /* cells of a block that does not fit into the caches */
  if (heat_box_cells(owned) < worth) return 0;
  int64_t room = heat_box_width(owned, HEAT_Y) / SHARE;
  if (room > (int64_t)threads * EACH_MOST) room = (int64_t)threads * EACH_MOST;
  if (room < (int64_t)threads * EACH_LEAST) room = (int64_t)threads * EACH_LEAST;
  return HEAT_TILE_STAGES + RIM + (int)(threads == 1 ? ALONE : room);
}

/* How many strips of the present window a block has done. It has a cache line of its own, since other threads poll it.
 */
typedef struct progress {
  _Alignas(LINE) atomic_int strips;
} progress;

typedef struct pass {
  const heat_tiles_work *work;
  heat_tile tile;
  heat_box whole;     /* the smallest box around the boxes of all stages */
  int64_t columns[2]; /* the first column of the first tile, which begins a cache line, and the end of the last tile */
  int strips;         /* of a window: the bands are moved up, and then all blocks do so many strips */
  int blocks;         /* number of blocks of columns */
  progress *done;     /* one for each block */
} pass;

/* Set the pointers of the sweeps to the fields. After a band has been moved its cells are elsewhere in memory. */
static void set_pointers(const heat_tiles_work *work) {
  for (int k = 0; k < work->count; k++) {
    const heat_stage *stage = work->fronts[k].stage;
    heat_sweep *sweep = &work->fronts[k].sweep;
    sweep->u = work->fields[stage->u]->corner;
    sweep->out = work->fields[stage->out]->corner;
    for (int n = 0; n < stage->terms; n++) sweep->x[n] = work->fields[stage->term[n].field]->corner;
  }
}

/* Do all stages on the tile that lies at `tile` at the first stage. */
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

/* Wait until another block has done so many strips of the window. */
static void await(progress *other, int strips) {
  for (int looks = 0; atomic_load_explicit(&other->strips, memory_order_acquire) < strips;)
    if (looks < SPINS_MOST)
      looks++;
    else
      sched_yield();
}

/* The first column of a block at the first stage, chosen so that all blocks have about the same number of cells. Since
 * tiles move left from stage to stage, a block lies half of that way further to the right at its first stage. */
static int64_t border(const pass *p, int block) {
  if (block == 0 || block == p->blocks) return p->columns[block > 0];
  const int64_t width = heat_box_width(p->whole, HEAT_X), drift = (int64_t)LEFT * (p->work->count - 1) / 2;
  const int64_t start = p->whole.lo[HEAT_X] + width * block / p->blocks + drift;
  return p->columns[0] + (start - p->columns[0]) / LEFT * LEFT;
}

/* Do the strips of the window on one block. */
static void do_block(pass *p, int64_t first_row, int block, bool uses_mpi) {
  const int64_t start = border(p, block), end = border(p, block + 1);
  for (int s = 0; s < p->strips; s++) {
    const int64_t j = first_row + (int64_t)s * p->tile.rows;
    if (block > 0) await(&p->done[block - 1], s + 1);
    if (uses_mpi) {
      const heat_box below = {{INT64_MIN, INT64_MIN}, {INT64_MAX, j + p->tile.rows + 1}};
      p->work->before(p->work->context, below, below);
    }
    for (int64_t i = start; i < end; i += p->tile.columns) {
      const int64_t right = i + p->tile.columns < end ? i + p->tile.columns : end;
      do_tile(p->work, (heat_box){{i, j}, {right, j + p->tile.rows}});
    }
    atomic_store_explicit(&p->done[block].strips, s + 1, memory_order_release);
  }
}

/* Move the bands up, so that they hold the rows of the window that begins at `first_row`. */
static void open_window(pass *p, int64_t first_row, bool first, int fields) {
  const heat_tiles_work *work = p->work;
  for (int f = 0; f < fields; f++)
    if (work->fields[f]->window_rows > 0) heat_field_slide(work->fields[f], first_row - work->count - 1, !first);
  set_pointers(work);
  for (int b = 0; b < p->blocks; b++) atomic_store_explicit(&p->done[b].strips, 0, memory_order_relaxed);
}

/* The number of fields that the stages name: one more than the highest index. */
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

/* Choose the number of strips of a window: all strips of the pass, or as many as the shortest band has rows for. */
static void lay_out(pass *p, int fields) {
  const int count = p->work->count;
  const int64_t rows = heat_box_width(p->whole, HEAT_Y) + count - 1;
  int64_t room = rows;
  for (int f = 0; f < fields; f++) {
    const int band = p->work->fields[f]->window_rows;
    if (band > 0 && band - count - 2 < room) room = band - count - 2; /* rows that are read below, and one row above */
  }
  if (p->tile.rows > room) p->tile.rows = (int)room;
  p->strips = (int)(room < rows ? room / p->tile.rows : (rows + p->tile.rows - 1) / p->tile.rows);
}

/* Choose the blocks: the same number for each thread, and so narrow that the rows that the next strip needs from this
 * one are still in a cache. Returns the number of threads that can work side by side. */
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
