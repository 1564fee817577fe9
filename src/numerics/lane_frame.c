#include "heat2d/numerics/lane_frame.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  LINE = 64,      /* bytes of a cache line */
  LINE_CELLS = 8, /* doubles of a cache line */
  PAGE = 512,     /* doubles of a page */
  THREADS_MOST = 256,
  SPARE_STRIPS = 3,  /* strips that the first of several threads may be ahead, besides one strip for each thread */
  APART_STRIPS = 16, /* strips that are begun before the last tiles of the first of them are done, at most */
  PATIENCE = 1000    /* number of looks at another thread's progress before a thread yields its core to others */
};

/* How many strips a thread has done. */
typedef struct progress {
  _Alignas(LINE) atomic_int strips;
} progress;

/* The parts of the memory of a frame. */
typedef struct parts {
  double *below;   /* for each tile of a strip and each stage: two rows, from the strip below */
  double *left;    /* for each strip begun and each stage: two columns for the next tile, in turn in two halves */
  double *tiles;   /* of each thread: a tile */
  double *waste;   /* of each thread: a row to write values to that are not wanted */
  double *windows; /* of each thread: coefficients, where the material varies */
  size_t below_each, left_each, tile_each, window_each; /* doubles for each tile, half a strip, thread */
} parts;

/* The tiles [first, last) of each strip, which are divided among threads. */
typedef struct stretch {
  int first, last;
  int threads;
  progress done[THREADS_MOST];
} stretch;

enum { MAIN, RIGHT, STRETCHES }; /* the last tiles are a stretch of their own where cells to the right arrive late */

typedef struct pass {
  heat_frame_pass all; /* what its tiles have in common */
  parts memory;
  heat_box span; /* the positions of all tiles */
  int tiles, strips;
  int last_rows; /* rows of each lane in the last strip */
  int window;    /* number of strips that are done in one stretch before they are done in the next one */
  int ring;      /* number of strips that may have been begun and not finished */
  int threads;
  stretch stretches[STRETCHES];
} pass;

static int strip_rows(const heat_lanes *lanes) {
  return lanes->lanes * lanes->rows;
}

/* The number of rows of each lane in a strip. */
static int rows_of(const pass *p, int strip) {
  return strip + 1 < p->strips ? p->all.work->lanes->rows : p->last_rows;
}

/* Wait until another thread has done that many strips. */
static void await(progress *other, int strips) {
  for (int looks = 0; atomic_load_explicit(&other->strips, memory_order_acquire) < strips;)
    if (looks < PATIENCE)
      looks++;
    else
      sched_yield();
}

/* Wait until everything that this thread's tiles need in a strip has been stored, and until what they will overwrite is
 * not needed any more. */
static void await_strip(pass *p, int which, int thread, int strip) {
  stretch *near = &p->stretches[MAIN], *right = &p->stretches[RIGHT], *last = right->threads > 0 ? right : near;
  if (thread > 0)
    await(&p->stretches[which].done[thread - 1], strip + 1);
  else if (which == RIGHT && near->threads > 0)
    await(&near->done[near->threads - 1], strip + 1);
  if (thread == 0 && p->threads > 1) await(&last->done[last->threads - 1], strip + 1 - p->ring);
}

/* The positions of the tiles [first, last) of a strip. */
static heat_box tiles_at(const pass *p, int strip, int first, int last) {
  const heat_lanes *lanes = p->all.work->lanes;
  const int64_t x = p->span.lo[HEAT_X], y = p->span.lo[HEAT_Y] + (int64_t)strip * strip_rows(lanes);
  return (heat_box){{x + (int64_t)first * lanes->columns, y},
                    {x + (int64_t)last * lanes->columns, y + (int64_t)lanes->lanes * rows_of(p, strip)}};
}

/* Say which cells the tiles [first, last) of a strip will read and write, before they are done. */
static void announce(const pass *p, int strip, int first, int last) {
  const int count = p->all.work->count;
  const heat_box at = tiles_at(p, strip, first, last);
  p->all.work->before(p->all.work->context, heat_frame_turned(&p->all, at),
                      heat_frame_turned(&p->all, heat_box_shift(at, -count, -count)));
}

/* Do a thread's part of a stretch in the strips [begin, end). In each strip it comes after the thread to the left,
 * which stores the columns that it needs. */
static void do_stretch(pass *p, heat_frame_tile *t, int which, int begin, int end) {
  const int thread = omp_get_thread_num();
  stretch *own = &p->stretches[which];
  if (thread >= own->threads) return;
  const parts *m = &p->memory;
  const int tiles = own->last - own->first, first = own->first + tiles * thread / own->threads,
            last = own->first + tiles * (thread + 1) / own->threads;
  for (int s = begin; s < end; s++) {
    await_strip(p, which, thread, s);
    if (thread == 0) announce(p, s, own->first, own->last);
    t->lane.rows = rows_of(p, s);
    double *beside = m->left + (size_t)(s % p->ring) * 2 * m->left_each;
    for (int n = first; n < last; n++) {
      t->at = tiles_at(p, s, n, n + 1);
      t->lane.below = m->below + (size_t)n * m->below_each;
      t->lane.left = beside + (size_t)(n % 2) * m->left_each;
      t->lane.right = beside + (size_t)(1 - n % 2) * m->left_each;
      heat_frame_tile_run(t);
    }
    atomic_store_explicit(&own->done[thread].strips, s + 1, memory_order_release);
  }
}

/* Do all that one thread has to do in a pass. */
static void do_share(pass *p) {
  const heat_lanes *lanes = p->all.work->lanes;
  const size_t thread = (size_t)omp_get_thread_num();
  const parts *m = &p->memory;
  heat_frame_tile t = {.p = &p->all, .waste = m->waste + thread * (size_t)lanes->columns};
  if (p->all.work->patches != NULL)
    t.window = heat_lane_window_begin(lanes, p->all.work->count, p->all.work->coefficients, p->all.work->patches,
                                      m->windows + thread * m->window_each);
  t.lane.cells = m->tiles + thread * m->tile_each + 2 * (ptrdiff_t)(lanes->pitch + 1) * lanes->lanes;
  for (int begin = 0, end; begin < p->strips; begin = end) {
    end = p->strips - begin > p->window ? begin + p->window : p->strips;
    for (int which = MAIN; which < STRETCHES; which++) do_stretch(p, &t, which, begin, end);
  }
}

static int least(int a, int b) {
  return a < b ? a : b;
}

static int ring_of(int threads) {
  return threads == 1 ? 1 : threads + SPARE_STRIPS;
}

/* Divide the tiles among so many threads. */
static void divide(pass *p, int threads) {
  p->threads = threads;
  for (int which = MAIN; which < STRETCHES; which++) {
    stretch *each = &p->stretches[which];
    each->threads = least(threads, each->last - each->first);
    for (int n = 0; n < each->threads; n++) atomic_store_explicit(&each->done[n].strips, 0, memory_order_relaxed);
  }
}

/* Find the positions at which each stage is done, and the tiles that cover them. */
static void lay_out(pass *p) {
  const heat_frame_work *work = p->all.work;
  const heat_lanes *lanes = work->lanes;
  const heat_box owned = work->grid->owned;
  p->all.from = heat_frame_turned_field(&p->all, work->from);
  p->all.to = heat_frame_turned_field(&p->all, work->to);
  p->all.readable =
      heat_box_intersect(heat_box_grow(heat_frame_box_of(&p->all, 0), 1),
                         heat_frame_turned(&p->all, heat_grid_grown(work->grid, owned, work->from->depth)));
  p->span = p->all.readable;
  p->all.inner = heat_box_shift(heat_frame_turned(&p->all, work->fronts[0].inner), 1, 1);
  for (int k = 0; k < work->count; k++) {
    p->span = heat_box_around(p->span, heat_box_shift(heat_frame_box_of(&p->all, k), k + 1, k + 1));
    p->all.inner = heat_box_intersect(p->all.inner,
                                      heat_box_shift(heat_frame_turned(&p->all, work->fronts[k].inner), k + 1, k + 1));
  }
  /* In a field the first owned cell of each row is at the begin of a cache line. */
  const int64_t left = owned.lo[HEAT_X] - p->span.lo[HEAT_X];
  p->span.lo[HEAT_X] = owned.lo[HEAT_X] - (left + LINE_CELLS - 1) / LINE_CELLS * LINE_CELLS;
  p->tiles = (int)((heat_box_width(p->span, HEAT_X) + lanes->columns - 1) / lanes->columns);
  const int64_t height = heat_box_width(p->span, HEAT_Y);
  p->strips = (int)((height + strip_rows(lanes) - 1) / strip_rows(lanes));
  p->last_rows = lanes->rows;
  if (work->patches == NULL) {
    const int step = lanes->lanes * lanes->step, rest = (int)(height - (int64_t)(p->strips - 1) * strip_rows(lanes));
    p->last_rows = (rest + step - 1) / step * lanes->step;
  }
  /* The number of tiles that read nothing to the right of the owned box. */
  const int near = (int)((owned.hi[HEAT_X] - p->span.lo[HEAT_X]) / lanes->columns);
  p->stretches[MAIN].last = p->stretches[RIGHT].first = work->right_last ? least(near, p->tiles) : p->tiles;
  p->stretches[RIGHT].last = p->tiles;
  p->window = work->right_last ? least(APART_STRIPS, p->strips) : p->strips;
  divide(p, least(least(work->threads, THREADS_MOST), p->tiles));
  p->ring = ring_of(p->threads) + (work->right_last ? p->window : 0);
}

static size_t in_lines(size_t doubles) {
  return (doubles + LINE_CELLS - 1) / LINE_CELLS * LINE_CELLS;
}

/* The number of doubles of a tile with the rows below and the columns to the left, rounded up to whole pages. */
static size_t tile_room(const heat_lanes *lanes) {
  return (((size_t)(lanes->rows + 2) * (size_t)lanes->pitch + 2) * (size_t)lanes->lanes + PAGE - 1) / PAGE * PAGE;
}

/* Allocate the parts of the memory unless it is large enough already. What it holds before the first strip of a pass is
 * never used. */
static heat_status provide(heat_lane_frame *frame, pass *p) {
  const heat_lanes *lanes = p->all.work->lanes;
  const size_t stages = (size_t)p->all.work->count, threads = (size_t)p->threads;
  parts *m = &p->memory;
  m->below_each = stages * 2 * (size_t)lanes->columns;
  m->left_each = stages * (size_t)heat_frame_two_columns(lanes);
  m->tile_each = tile_room(lanes);
  const size_t tiles = threads * m->tile_each, below = in_lines((size_t)p->tiles * m->below_each),
               left = (size_t)p->ring * 2 * m->left_each, waste = in_lines(threads * (size_t)lanes->columns);
  if (p->all.work->patches != NULL)
    m->window_each = in_lines(heat_lane_window_room(lanes, p->all.work->count, p->all.work->coefficients->count));
  const size_t bytes = (tiles + below + left + waste + threads * m->window_each) * sizeof(double);
  if (bytes > frame->bytes) {
    heat_lane_frame_destroy(frame);
    void *memory = NULL;
    if (posix_memalign(&memory, PAGE * sizeof(double), bytes) != 0) return heat_no_memory("tiles", bytes);
    memset(memory, 0, bytes);
    *frame = (heat_lane_frame){memory, bytes};
  }
  m->tiles = frame->memory;
  m->below = m->tiles + tiles;
  m->left = m->below + below;
  m->waste = m->left + left;
  m->windows = m->waste + waste;
  return heat_ok();
}

size_t heat_lane_frame_bytes(heat_box grown, int threads, int coefficients, bool right_last) {
  const heat_lanes *lanes = heat_kernels_find(NULL)->lanes;
  const size_t columns =
      (size_t)heat_box_width(grown, HEAT_X) + HEAT_FRAME_STAGES + (size_t)lanes->columns + LINE_CELLS; /* whole tiles */
  const int64_t rows = heat_box_width(grown, HEAT_Y) + HEAT_FRAME_STAGES;
  int ring = ring_of(threads);
  if (right_last) ring += least(APART_STRIPS, (int)((rows + strip_rows(lanes) - 1) / strip_rows(lanes)));
  size_t doubles = (2 * columns + 2 * (size_t)ring * (size_t)heat_frame_two_columns(lanes)) * HEAT_FRAME_STAGES;
  doubles += (size_t)threads * tile_room(lanes);
  if (coefficients > 0) doubles += (size_t)threads * heat_lane_window_room(lanes, HEAT_FRAME_STAGES, coefficients);
  return doubles * sizeof(double);
}

void heat_lane_frame_destroy(heat_lane_frame *frame) {
  free(frame->memory);
  *frame = (heat_lane_frame){NULL, 0};
}

heat_status heat_lane_frame_pass(heat_lane_frame *frame, const heat_frame_work *work) {
  pass p = {.all.work = work};
  lay_out(&p);
  const heat_status status = provide(frame, &p);
  if (status.code != HEAT_OK) return status;
#pragma omp parallel num_threads(p.threads) if (p.threads > 1)
  {
#pragma omp single
    divide(&p, omp_get_num_threads()); /* there may be fewer threads than were asked for */
    do_share(&p);
  }
  return status;
}
