/* See lane_frame.h. */
#include "heat2d/numerics/lane_frame.h"

#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
  LINE = 64,      /* bytes of a cache line */
  LINE_CELLS = 8, /* doubles of it */
  PAGE = 512,     /* likewise */
  PIECE = 8,      /* columns that several stages are done in together */
  TOGETHER = 16,  /* stages, most */
  THREADS_MOST = 256,
  SPARE_STRIPS = 3,  /* by which several threads on the left may be ahead, beside one for each */
  APART_STRIPS = 16, /* that are done without their last tiles before those are, at most */
  PATIENCE = 1000    /* looks at another thread's progress before this one lets others run */
};

/* How far a thread has come. */
typedef struct progress {
  _Alignas(LINE) atomic_int strips;
} progress;

/* The parts of the memory. */
typedef struct parts {
  double *below;   /* for each tile of a strip and stage: two rows, from the strip below */
  double *left;    /* for each strip under way and stage: two columns from the tile to the left, and two for the next */
  double *tiles;   /* of each thread */
  double *waste;   /* of each thread: a row that nobody reads */
  double *windows; /* of each thread: coefficients, where the material varies */
  size_t below_each, left_each, tile_each, window_each; /* doubles for a tile, half a strip, thread */
} parts;

/* Tiles of a strip that are divided among threads. */
typedef struct stretch {
  int first, last;
  int threads;
  progress done[THREADS_MOST];
} stretch;

enum { MAIN, RIGHT, STRETCHES }; /* the last tiles are apart where the cells to the right come late */

typedef struct pass {
  const heat_frame_work *work;
  heat_field from, to; /* with rows as the pass counts them, see `turned` */
  parts memory;
  heat_box readable; /* cells that the first stage may read */
  heat_box inner;    /* positions at which nothing but the kernel is to do at any stage */
  heat_box span;     /* positions of all tiles */
  int tiles, strips;
  int last_rows; /* of each lane, in the last strip */
  int window;    /* strips that are done in one stretch before they are in the next one */
  int ring;      /* strips that may be under way */
  int threads;
  stretch stretches[STRETCHES];
} pass;

/* A tile on its way. */
typedef struct tile {
  const pass *p;
  heat_box at;         /* positions */
  heat_lane_tile lane; /* its cells, and what it is handed of the first stage */
  double *waste;
  bool ahead;              /* the next tile is to be brought near */
  heat_lane_window window; /* where the material varies */
} tile;

static int strip_rows(const heat_lanes *lanes) {
  return lanes->lanes * lanes->rows;
}

/* Rows of each lane in a strip. */
static int rows_of(const pass *p, int strip) {
  return strip + 1 < p->strips ? p->work->lanes->rows : p->last_rows;
}

/* Doubles. */
static int two_columns(const heat_lanes *lanes) {
  return 2 * (lanes->rows + 2) * lanes->lanes;
}

/* A box as the pass counts rows, or back again: one that goes downwards counts those of the owned box from above. */
static heat_box turned(const pass *p, heat_box box) {
  const heat_box owned = p->work->grid->owned;
  if (!p->work->downwards) return box;
  const int64_t both = owned.lo[HEAT_Y] + owned.hi[HEAT_Y], lo = both - box.hi[HEAT_Y];
  box.hi[HEAT_Y] = both - box.lo[HEAT_Y];
  box.lo[HEAT_Y] = lo;
  return box;
}

static heat_field turned_field(const pass *p, const heat_field *field) {
  heat_field turned = *field;
  if (!p->work->downwards) return turned;
  turned.corner = heat_field_at(field, field->owned.lo[HEAT_X], field->owned.hi[HEAT_Y] - 1);
  turned.stride = -field->stride;
  return turned;
}

static int turned_side(const pass *p, int side) {
  return p->work->downwards && side / 2 == HEAT_Y ? side ^ 1 : side;
}

static heat_box box_of(const pass *p, int k) {
  return turned(p, p->work->fronts[k].box);
}

static double *vector_at(const tile *t, ptrdiff_t p, ptrdiff_t c) {
  const heat_lanes *lanes = t->p->work->lanes;
  return t->lane.cells + (p * lanes->pitch + c) * lanes->lanes;
}

/* Fetch the cells; those that do not exist become copies of others. */
static void load_tile(const tile *t) {
  const heat_field *field = &t->p->from;
  const heat_arrays from = {.at = {field->corner},
                            .origin = {field->owned.lo[HEAT_X], field->owned.lo[HEAT_Y]},
                            .stride = field->stride,
                            .cells = t->p->readable};
  const heat_lanes *lanes = t->p->work->lanes;
  const int rows = t->lane.rows;
  heat_lane_fetch(lanes, &(heat_lane_rows){t->lane.cells, t->at.lo[HEAT_X], t->at.lo[HEAT_Y], rows, 0, rows}, &from, 0);
}

/* Write back the cells that are in `part`, all of which are in the tile. */
static void store_tile(const tile *t, heat_box part) {
  enum { LANES_MOST = 8 };
  const heat_lanes *lanes = t->p->work->lanes;
  const int count = t->p->work->count;
  const int64_t i = t->at.lo[HEAT_X] - count, j0 = t->at.lo[HEAT_Y] - count;
  const int from = (int)(part.lo[HEAT_X] - i), to = (int)(part.hi[HEAT_X] - i);
  double *rows[LANES_MOST];
  int first, last;
  heat_lane_groups(lanes, part, i, &first, &last);
  for (int p = 0; p < t->lane.rows; p++) {
    for (int l = 0; l < lanes->lanes; l++) {
      const int64_t j = j0 + l * t->lane.rows + p;
      const bool inside = j >= part.lo[HEAT_Y] && j < part.hi[HEAT_Y];
      rows[l] = inside ? heat_field_at(&t->p->to, i, j) : t->waste;
    }
    lanes->store(t->lane.cells, p, rows, first, last);
    for (int c = from; c < to; c++) {
      if (c == first) c = last;
      if (c >= to) break;
      for (int l = 0; l < lanes->lanes; l++) rows[l][c] = vector_at(t, p, c)[l];
    }
  }
}

/* Turn a line around, so that its cells come in the field's order where the pass goes downwards. */
static heat_wall_line reversed(const pass *p, heat_wall_line line) {
  const int64_t last_run = (line.count - line.first_run + line.run - 1) % line.run + 1;
  if (line.count > line.first_run) {
    const int64_t runs = (line.count - line.first_run + line.run - 1) / line.run;
    line.cell += runs * line.jump;
    line.first_run = last_run;
  }
  line.cell += (line.count - 1) * line.along;
  line.along = -line.along;
  line.jump = -line.jump;
  line.from = turned(p, (heat_box){{0, line.from}, {1, line.from + line.count}}).lo[HEAT_Y];
  return line;
}

/* Have the ghosts set along one side of `part`, the cells of the tile in which stage k is done. The cell that is done
 * at vector (p, c) lies at (p - 1, c - 1) before. */
static void prepare_side(const tile *t, int k, heat_box part, int side) {
  const pass *p = t->p;
  const int rows = t->lane.rows, high = side % 2;
  const heat_box done = heat_box_shift(part, k + 1, k + 1); /* positions */
  const ptrdiff_t column = p->work->lanes->lanes, row = (ptrdiff_t)p->work->lanes->pitch * column;
  const bool along_x = side / 2 == HEAT_Y;
  const int64_t x = (!along_x && high ? done.hi[HEAT_X] - 1 : done.lo[HEAT_X]) - t->at.lo[HEAT_X];
  const int64_t y = (along_x && high ? done.hi[HEAT_Y] - 1 : done.lo[HEAT_Y]) - t->at.lo[HEAT_Y];
  const ptrdiff_t out = along_x ? row : column;
  heat_wall_line line = {.side = turned_side(p, side),
                         .from = part.lo[along_x ? HEAT_X : HEAT_Y],
                         .count = heat_box_width(part, along_x ? HEAT_X : HEAT_Y),
                         .cell = vector_at(t, y % rows - 1, x - 1) + y / rows,
                         .along = along_x ? column : row,
                         .out = high ? out : -out};
  if (!along_x) { /* what each lane has is a run */
    line.run = rows;
    line.first_run = rows - y % rows;
    line.jump = 1 - rows * row;
    if (p->work->downwards) line = reversed(p, line);
  }
  p->work->prepare(p->work->context, k, &line);
}

/* The tile with what it is handed of stage k. */
static heat_lane_tile at_stage(const tile *t, int k) {
  const heat_lanes *lanes = t->p->work->lanes;
  const ptrdiff_t columns = k * (ptrdiff_t)two_columns(lanes);
  heat_lane_tile lane = t->lane;
  lane.below += k * 2 * (ptrdiff_t)lanes->columns;
  lane.left += columns;
  lane.right += columns;
  return lane;
}

/* Stage k in the columns [first, last), behind the handing over. */
static void update(tile *t, int k, int first, int last) {
  const heat_frame_work *work = t->p->work;
  const heat_sweep *sweep = &work->fronts[k].sweep;
  if (work->patches != NULL)
    heat_lane_window_update(&t->window, &(heat_lane_step){t->lane.cells, k, first, last, sweep->c});
  else
    work->lanes->update(&t->lane, first, last, sweep->c * sweep->rx, sweep->c * sweep->ry);
}

/* Stage k in a tile within which nothing but the kernel is to do. */
static void do_inner(tile *t, int k) {
  const heat_frame_work *work = t->p->work;
  const heat_sweep *sweep = &work->fronts[k].sweep;
  const heat_lane_tile lane = at_stage(t, k);
  if (work->patches != NULL) {
    work->lanes->hand_over(&lane, 0, work->lanes->columns);
    update(t, k, 0, work->lanes->columns);
    return;
  }
  work->lanes->update_whole(&lane, sweep->c * sweep->rx, sweep->c * sweep->ry);
}

static bool touches(heat_box part, heat_box domain, int side) {
  const int axis = side / 2;
  return side % 2 == 0 ? part.lo[axis] == domain.lo[axis] : part.hi[axis] == domain.hi[axis];
}

/* Stage k in a tile at the rim of its box. */
static void do_rim(tile *t, int k) {
  const pass *p = t->p;
  const heat_frame_work *work = p->work;
  const heat_box box = box_of(p, k), domain = turned(p, work->grid->domain);
  /* What the stage reads there, here or in the tiles to the right and above, has to be handed over. */
  if (heat_box_empty(heat_box_intersect(heat_box_shift(t->at, -k, -k), heat_box_grow(box, 1)))) return;
  const heat_box part = heat_box_intersect(heat_box_shift(t->at, -k - 1, -k - 1), box);
  bool beside[HEAT_SIDES], any = false;
  for (int side = 0; side < HEAT_SIDES; side++) {
    beside[side] = heat_grid_wall(work->grid, turned_side(p, side)) && touches(part, domain, side);
    any = any || beside[side];
  }
  /* All columns, at the rim of a block that goes on in another one: as in the middle. */
  if (!any && !heat_box_empty(part) && heat_box_width(part, HEAT_X) == work->lanes->columns) {
    do_inner(t, k);
    return;
  }
  const heat_lane_tile lane = at_stage(t, k);
  work->lanes->hand_over(&lane, 0, work->lanes->columns);
  if (heat_box_empty(part)) return;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (beside[side]) prepare_side(t, k, part, side);
  const int64_t shift = k + 1 - t->at.lo[HEAT_X];
  update(t, k, (int)(part.lo[HEAT_X] + shift), (int)(part.hi[HEAT_X] + shift));
}

/* Have one of `shares` shares of the next tile's cells brought near, and of those that it will write to. */
static void fetch_ahead(const tile *t, int share, int shares) {
  const heat_frame_work *work = t->p->work;
  const int count = work->count, rows = (int)heat_box_width(t->at, HEAT_Y), columns = work->lanes->columns;
  for (int row = rows * share / shares; row < rows * (share + 1) / shares && t->ahead; row++) {
    const double *from = heat_field_at(&t->p->from, t->at.hi[HEAT_X], t->at.lo[HEAT_Y] + row);
    const double *to = heat_field_at(&t->p->to, t->at.hi[HEAT_X] - count, t->at.lo[HEAT_Y] + row - count);
    for (int column = 0; column < columns; column += LINE_CELLS) {
      __builtin_prefetch(from + column, 0, 2);
      __builtin_prefetch(to + column, 1, 2);
    }
  }
  if (work->patches != NULL) heat_lane_window_fetch_ahead(&t->window, share, shares);
}

/* The stages [from, from + count) in a tile within which nothing but the kernel is to do, where coefficients have to be
 * read: piece by piece from right to left, each stage two columns behind the one before. So a piece of coefficients is
 * read again while it is in the first-level cache, in which those of a whole tile have no place:
 *
 *     stage
 *       ^   |    6    |   4   | 2 |      two stages, in the order of their numbers
 *       |   |   5   |   3   |  1  |
 *           +-------------------> columns
 *
 * A stage at column c reads what the one before left in the columns c - 2 to c, and writes to column c, which no later
 * column of that one reads. */
static void do_together(tile *t, int from, int count) {
  const int columns = t->p->work->lanes->columns, pieces = columns / PIECE;
  int done[TOGETHER], calls = 0; /* done: columns from here on */
  for (int s = 0; s < count; s++) done[s] = columns;
  for (int begin = columns - PIECE; done[count - 1] > 0; begin -= PIECE) {
    for (int s = 0; s < count; s++) {
      const int first = begin + 2 * s > 0 ? begin + 2 * s : 0;
      if (first >= done[s]) continue;
      if (calls < pieces * count) fetch_ahead(t, pieces * from + calls, pieces * t->p->work->count);
      calls++;
      const heat_lane_tile lane = at_stage(t, from + s);
      t->p->work->lanes->hand_over(&lane, first > 0 ? first - 2 : 0, done[s] < columns ? done[s] - 2 : columns);
      update(t, from + s, first, done[s]);
      done[s] = first;
    }
  }
}

static void do_tile(tile *t) {
  const pass *p = t->p;
  const heat_frame_work *work = p->work;
  const int count = work->count;
  if (!heat_box_empty(heat_box_intersect(t->at, p->readable))) load_tile(t);
  if (work->patches != NULL) heat_lane_window_move(&t->window, t->at.lo[HEAT_X], t->at.lo[HEAT_Y]);
  const bool inner = heat_box_within(t->at, p->inner);
  const bool together = inner && work->patches != NULL && t->window.common == NULL;
  t->ahead = inner && heat_box_within(heat_box_shift(t->at, work->lanes->columns, 0), p->inner);
  for (int k = 0; k < count; k += together ? TOGETHER : 1) {
    if (together) {
      do_together(t, k, count - k < TOGETHER ? count - k : TOGETHER);
      continue;
    }
    fetch_ahead(t, k, count);
    if (inner)
      do_inner(t, k);
    else
      do_rim(t, k);
  }
  const heat_box part = heat_box_intersect(heat_box_shift(t->at, -count, -count), box_of(p, count - 1));
  if (!heat_box_empty(part)) store_tile(t, part);
}

/* Wait until a thread has done that many strips. */
static void await(progress *other, int strips) {
  for (int looks = 0; atomic_load_explicit(&other->strips, memory_order_acquire) < strips;)
    if (looks < PATIENCE)
      looks++;
    else
      sched_yield();
}

/* Until what the thread's tiles in a strip need has been left for them, and what they write over is of no more use. */
static void await_strip(pass *p, int which, int thread, int strip) {
  stretch *near = &p->stretches[MAIN], *right = &p->stretches[RIGHT], *last = right->threads > 0 ? right : near;
  if (thread > 0)
    await(&p->stretches[which].done[thread - 1], strip + 1);
  else if (which == RIGHT && near->threads > 0)
    await(&near->done[near->threads - 1], strip + 1);
  if (thread == 0 && p->threads > 1) await(&last->done[last->threads - 1], strip + 1 - p->ring);
}

/* Positions of the tiles [first, last) of a strip. */
static heat_box tiles_at(const pass *p, int strip, int first, int last) {
  const heat_lanes *lanes = p->work->lanes;
  const int64_t x = p->span.lo[HEAT_X], y = p->span.lo[HEAT_Y] + (int64_t)strip * strip_rows(lanes);
  return (heat_box){{x + (int64_t)first * lanes->columns, y},
                    {x + (int64_t)last * lanes->columns, y + (int64_t)lanes->lanes * rows_of(p, strip)}};
}

/* Before the tiles [first, last) of a strip: what they read and write over. */
static void announce(const pass *p, int strip, int first, int last) {
  const int count = p->work->count;
  const heat_box at = tiles_at(p, strip, first, last);
  p->work->before(p->work->context, turned(p, at), turned(p, heat_box_shift(at, -count, -count)));
}

/* A thread's part of a stretch in the strips [begin, end): after the thread to the left, whose columns come with the
 * strip. */
static void do_stretch(pass *p, tile *t, int which, int begin, int end) {
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
      do_tile(t);
    }
    atomic_store_explicit(&own->done[thread].strips, s + 1, memory_order_release);
  }
}

/* All that one thread does. */
static void do_share(pass *p) {
  const heat_lanes *lanes = p->work->lanes;
  const size_t thread = (size_t)omp_get_thread_num();
  const parts *m = &p->memory;
  tile t = {.p = p, .waste = m->waste + thread * (size_t)lanes->columns};
  if (p->work->patches != NULL)
    t.window = heat_lane_window_begin(lanes, p->work->count, p->work->coefficients, p->work->patches,
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

/* Where each stage is done, and the tiles that cover it. */
static void lay_out(pass *p) {
  const heat_frame_work *work = p->work;
  const heat_lanes *lanes = work->lanes;
  const heat_box owned = work->grid->owned;
  p->from = turned_field(p, work->from);
  p->to = turned_field(p, work->to);
  p->readable = heat_box_intersect(heat_box_grow(box_of(p, 0), 1),
                                   turned(p, heat_grid_grown(work->grid, owned, work->from->depth)));
  p->span = p->readable;
  p->inner = heat_box_shift(turned(p, work->fronts[0].inner), 1, 1);
  for (int k = 0; k < work->count; k++) {
    p->span = heat_box_around(p->span, heat_box_shift(box_of(p, k), k + 1, k + 1));
    p->inner = heat_box_intersect(p->inner, heat_box_shift(turned(p, work->fronts[k].inner), k + 1, k + 1));
  }
  /* Rows of a field begin on a cache line at the first owned cell. */
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
  /* Tiles that read nothing to the right of the owned box. */
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

/* Doubles of a tile with what lies below and to the left, in whole pages. */
static size_t tile_room(const heat_lanes *lanes) {
  return (((size_t)(lanes->rows + 2) * (size_t)lanes->pitch + 2) * (size_t)lanes->lanes + PAGE - 1) / PAGE * PAGE;
}

/* Have room for all parts, and say where they are. What lies in it before the first strip is never used. */
static heat_status provide(heat_lane_frame *frame, pass *p) {
  const heat_lanes *lanes = p->work->lanes;
  const size_t stages = (size_t)p->work->count, threads = (size_t)p->threads;
  parts *m = &p->memory;
  m->below_each = stages * 2 * (size_t)lanes->columns;
  m->left_each = stages * (size_t)two_columns(lanes);
  m->tile_each = tile_room(lanes);
  const size_t tiles = threads * m->tile_each, below = in_lines((size_t)p->tiles * m->below_each),
               left = (size_t)p->ring * 2 * m->left_each, waste = in_lines(threads * (size_t)lanes->columns);
  if (p->work->patches != NULL)
    m->window_each = in_lines(heat_lane_window_room(lanes, p->work->count, p->work->coefficients->count));
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
  size_t doubles = (2 * columns + 2 * (size_t)ring * (size_t)two_columns(lanes)) * HEAT_FRAME_STAGES;
  doubles += (size_t)threads * tile_room(lanes);
  if (coefficients > 0) doubles += (size_t)threads * heat_lane_window_room(lanes, HEAT_FRAME_STAGES, coefficients);
  return doubles * sizeof(double);
}

void heat_lane_frame_destroy(heat_lane_frame *frame) {
  free(frame->memory);
  *frame = (heat_lane_frame){NULL, 0};
}

heat_status heat_lane_frame_pass(heat_lane_frame *frame, const heat_frame_work *work) {
  pass p = {.work = work};
  lay_out(&p);
  const heat_status status = provide(frame, &p);
  if (status.code != HEAT_OK) return status;
#pragma omp parallel num_threads(p.threads) if (p.threads > 1)
  {
#pragma omp single
    divide(&p, omp_get_num_threads()); /* may be fewer */
    do_share(&p);
  }
  return status;
}
