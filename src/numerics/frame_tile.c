#include "heat2d/numerics/frame_tile.h"

enum {
  LINE_CELLS = 8, /* doubles of a cache line */
  PIECE = 16,     /* columns that are done together in several stages */
  TOGETHER = 32   /* stages that are done so, at most */
};

heat_box heat_frame_turned(const heat_frame_pass *p, heat_box box) {
  const heat_box owned = p->work->grid->owned;
  if (!p->work->downwards) return box;
  const int64_t both = owned.lo[HEAT_Y] + owned.hi[HEAT_Y], lo = both - box.hi[HEAT_Y];
  box.hi[HEAT_Y] = both - box.lo[HEAT_Y];
  box.lo[HEAT_Y] = lo;
  return box;
}

heat_field heat_frame_turned_field(const heat_frame_pass *p, const heat_field *field) {
  heat_field turned = *field;
  if (!p->work->downwards) return turned;
  turned.corner = heat_field_at(field, field->owned.lo[HEAT_X], field->owned.hi[HEAT_Y] - 1);
  turned.stride = -field->stride;
  return turned;
}

static int turned_side(const heat_frame_pass *p, int side) {
  return p->work->downwards && side / 2 == HEAT_Y ? side ^ 1 : side;
}

heat_box heat_frame_box_of(const heat_frame_pass *p, int k) {
  return heat_frame_turned(p, p->work->fronts[k].box);
}

static double *vector_at(const heat_frame_tile *t, ptrdiff_t p, ptrdiff_t c) {
  const heat_lanes *lanes = t->p->work->lanes;
  return t->lane.cells + (p * lanes->pitch + c) * lanes->lanes;
}

/* Fetch the cells of the tile; those that do not exist become copies of others. */
static void load_tile(const heat_frame_tile *t) {
  const heat_field *field = &t->p->from;
  const heat_arrays from = {.at = {field->corner},
                            .origin = {field->owned.lo[HEAT_X], field->owned.lo[HEAT_Y]},
                            .stride = field->stride,
                            .cells = t->p->readable};
  const heat_lanes *lanes = t->p->work->lanes;
  const int rows = t->lane.rows;
  heat_lane_fetch(lanes, &(heat_lane_rows){t->lane.cells, t->at.lo[HEAT_X], t->at.lo[HEAT_Y], rows, 0, rows}, &from, 0);
}

/* Write the cells of `part` back to the field. All of them are in the tile. */
static void store_tile(const heat_frame_tile *t, heat_box part) {
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

/* Reverse a line where the pass goes downwards, so that its cells come in the order of the field. */
static heat_wall_line reversed(const heat_frame_pass *p, heat_wall_line line) {
  const int64_t last_run = (line.count - line.first_run + line.run - 1) % line.run + 1;
  if (line.count > line.first_run) {
    const int64_t runs = (line.count - line.first_run + line.run - 1) / line.run;
    line.cell += runs * line.jump;
    line.first_run = last_run;
  }
  line.cell += (line.count - 1) * line.along;
  line.along = -line.along;
  line.jump = -line.jump;
  line.from = heat_frame_turned(p, (heat_box){{0, line.from}, {1, line.from + line.count}}).lo[HEAT_Y];
  return line;
}

/* Have the ghost cells set along one side of `part`, which are the cells of the tile that stage k updates. A cell that
 * the stage writes to vector (p, c) has been at (p - 1, c - 1) before. */
static void prepare_side(const heat_frame_tile *t, int k, heat_box part, int side) {
  const heat_frame_pass *p = t->p;
  const int rows = t->lane.rows, high = side % 2;
  const heat_box done = heat_box_shift(part, k + 1, k + 1); /* their positions after the stage */
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
  if (!along_x) { /* the cells of each lane are a run */
    line.run = rows;
    line.first_run = rows - y % rows;
    line.jump = 1 - rows * row;
    if (p->work->downwards) line = reversed(p, line);
  }
  p->work->prepare(p->work->context, k, &line);
}

/* The tile with the memory for neighbouring tiles at stage k. */
static heat_lane_tile at_stage(const heat_frame_tile *t, int k) {
  const heat_lanes *lanes = t->p->work->lanes;
  const ptrdiff_t columns = k * (ptrdiff_t)heat_frame_two_columns(lanes);
  heat_lane_tile lane = t->lane;
  lane.below += k * 2 * (ptrdiff_t)lanes->columns;
  lane.left += columns;
  lane.right += columns;
  return lane;
}

/* Do stage k in the columns [first, last), for which the rows and columns beside them have been filled in. */
static void update(heat_frame_tile *t, int k, int first, int last) {
  const heat_frame_work *work = t->p->work;
  const heat_sweep *sweep = &work->fronts[k].sweep;
  if (work->patches != NULL)
    heat_lane_window_update(&t->window, &(heat_lane_step){t->lane.cells, k, first, last, sweep->c});
  else
    work->lanes->update(&t->lane, first, last, sweep->c * sweep->rx, sweep->c * sweep->ry);
}

/* Do stage k in a tile in which there is nothing to do but the kernel. */
static void do_inner(heat_frame_tile *t, int k) {
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

/* Do stage k in a tile that is not wholly inside of the stage's box, or lies beside a wall. */
static void do_rim(heat_frame_tile *t, int k) {
  const heat_frame_pass *p = t->p;
  const heat_frame_work *work = p->work;
  const heat_box box = heat_frame_box_of(p, k), domain = heat_frame_turned(p, work->grid->domain);
  /* If neither this tile nor the tiles to the right and above read any cell here at this stage, nothing is to be
   * stored. */
  if (heat_box_empty(heat_box_intersect(heat_box_shift(t->at, -k, -k), heat_box_grow(box, 1)))) return;
  const heat_box part = heat_box_intersect(heat_box_shift(t->at, -k - 1, -k - 1), box);
  bool beside[HEAT_SIDES], any = false;
  for (int side = 0; side < HEAT_SIDES; side++) {
    beside[side] = heat_grid_wall(work->grid, turned_side(p, side)) && touches(part, domain, side);
    any = any || beside[side];
  }
  /* A tile whose columns are all updated, at an edge where another block goes on, is done as one in the middle. */
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

/* Prefetch one of `shares` equal parts of the next tile's cells, and of the cells that it will write to. */
static void fetch_ahead(const heat_frame_tile *t, int share, int shares) {
  const heat_frame_work *work = t->p->work;
  const int count = work->count, rows = (int)heat_box_width(t->at, HEAT_Y), columns = work->lanes->columns;
  const int first = rows * share / shares, last = rows * (share + 1) / shares;
  for (int row = first; row < last && t->ahead; row++) {
    const double *from = heat_field_at(&t->p->from, t->at.hi[HEAT_X], t->at.lo[HEAT_Y] + row);
    const double *to = heat_field_at(&t->p->to, t->at.hi[HEAT_X] - count, t->at.lo[HEAT_Y] + row - count);
    for (int column = 0; column < columns; column += LINE_CELLS) {
      __builtin_prefetch(from + column, 0, 2);
      __builtin_prefetch(to + column, 1, 2);
    }
  }
  if (work->patches != NULL) heat_lane_window_fetch_ahead(&t->window, share, shares);
}

/* Do the stages [from, from + count) together in a tile in which there is nothing to do but the kernel and the
 * coefficients have to be read. The columns are divided into pieces, which are done from right to left, and each stage
 * is two columns behind the one before. So the next stage reads a piece of the coefficients again while it is still in
 * the first-level cache, for which those of a whole tile are too many:
 *
 *     stage
 *       ^   |    6    |   4   | 2 |      two stages, in the order of their numbers
 *       |   |   5   |   3   |  1  |
 *           +-------------------> columns
 *
 * At column c a stage reads what the stage before has left in the columns c - 2 to c, and it writes to column c, which
 * the stage before does not read in any column that it does later. */
static void do_together(heat_frame_tile *t, int from, int count) {
  const int columns = t->p->work->lanes->columns, pieces = columns / PIECE;
  int done[TOGETHER], calls = 0; /* done: the columns from here on are done */
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

void heat_frame_tile_run(heat_frame_tile *t) {
  const heat_frame_pass *p = t->p;
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
  const heat_box part = heat_box_intersect(heat_box_shift(t->at, -count, -count), heat_frame_box_of(p, count - 1));
  if (!heat_box_empty(part)) store_tile(t, part);
}
