#include "heat2d/numerics/lane_window.h"

/* The value that all cells have in an array, which then need not be fetched; NULL: they differ, or the array is one
 * that is always fetched. */
static const double *one_of(const heat_lane_window *window, int array) {
  return array == HEAT_COEFFICIENT_INVERSE ? window->patches->one : NULL;
}

/* The number of blocks to the left of a tile's own one. */
static int blocks_beside(const heat_lanes *lanes, int stages) {
  return (stages + lanes->columns - 1) / lanes->columns;
}

/* The number of doubles of a block in one array. */
static size_t block_room(const heat_lanes *lanes, int stages) {
  return (size_t)(lanes->rows + stages) * (size_t)lanes->pitch * (size_t)lanes->lanes;
}

size_t heat_lane_window_room(const heat_lanes *lanes, int stages, int arrays) {
  return block_room(lanes, stages) * (size_t)(blocks_beside(lanes, stages) + 1) * (size_t)arrays;
}

heat_lane_window heat_lane_window_begin(const heat_lanes *lanes, int stages, const heat_arrays *from,
                                        const heat_patches *patches, double *memory) {
  heat_lane_window window = {.lanes = lanes, .from = from, .patches = patches, .stages = stages, .memory = memory};
  window.blocks = blocks_beside(lanes, stages) + 1;
  for (int b = 0; b < window.blocks; b++) window.held[b][HEAT_X] = window.held[b][HEAT_Y] = INT64_MIN;
  return window;
}

/* The number of the block in which the coefficients from column x on are kept. */
static int block_of(const heat_lane_window *window, int64_t x) {
  const int64_t width = window->lanes->columns, period = width * window->blocks;
  return (int)((x % period + period) % period / width);
}

/* Vector (row, column) of an array in a block. */
static double *vector_at(const heat_lane_window *window, int block, int array, ptrdiff_t row, ptrdiff_t column) {
  const heat_lanes *lanes = window->lanes;
  const size_t before = block_room(lanes, window->stages) * (size_t)(block * window->from->count + array);
  return window->memory + before + ((row + window->stages) * lanes->pitch + column) * lanes->lanes;
}

/* The coefficients that all cells share which come to the tile at column x; NULL: they differ. */
static const double *common_below(const heat_lane_window *window, int64_t x) {
  const heat_lanes *lanes = window->lanes;
  const int64_t y = window->y;
  return heat_patches_common(window->patches, (heat_box){{x - window->stages, y - window->stages},
                                                         {x + lanes->columns, y + lanes->lanes * lanes->rows}});
}

void heat_lane_window_move(heat_lane_window *window, int64_t x, int64_t y) {
  const heat_lanes *lanes = window->lanes;
  window->x = x;
  window->y = y;
  window->own = block_of(window, x);
  window->common = common_below(window, x);
  /* Cells beyond the edge of the arrays may not be in memory. */
  window->ahead = common_below(window, x + lanes->columns) == NULL &&
                  y >= window->from->cells.lo[HEAT_Y] + window->stages &&
                  x + 2 * (int64_t)lanes->columns <= window->from->cells.hi[HEAT_X] &&
                  x + lanes->columns >= window->from->cells.lo[HEAT_X] &&
                  y + lanes->lanes * lanes->rows <= window->from->cells.hi[HEAT_Y];
}

/* The block that lies `back` blocks to the left of the tile's own one. If it is not there yet it is fetched: the rows
 * of the tile in all lanes, and the rows below them, which belong to the lane below or to the strip below. */
static int provide_block(heat_lane_window *window, int back) {
  const heat_lanes *lanes = window->lanes;
  const int block = window->own >= back ? window->own - back : window->own - back + window->blocks;
  const int64_t i = window->x - (int64_t)back * lanes->columns;
  int64_t *held = window->held[block];
  if (held[HEAT_X] == i && held[HEAT_Y] == window->y) return block;
  for (int a = 0; a < window->from->count; a++) {
    if (one_of(window, a) != NULL) continue;
    const heat_lane_rows rows = {vector_at(window, block, a, 0, 0), i, window->y, lanes->rows, 0, lanes->rows};
    heat_lane_fetch(lanes, &rows, window->from, a);
    heat_lane_fetch_below(lanes, &rows, window->stages, window->from, a);
  }
  held[HEAT_X] = i;
  held[HEAT_Y] = window->y;
  return block;
}

/* The coefficients that all cells share which stage k reads in the columns [first, last); NULL: they differ. */
static const double *common_to(const heat_lane_window *window, int k, int first, int last) {
  const heat_lanes *lanes = window->lanes;
  const int64_t i = window->x - k - 1, j = window->y - k - 1;
  return heat_patches_common(window->patches,
                             (heat_box){{i + first, j}, {i + last + 1, j + lanes->lanes * lanes->rows + 1}});
}

/* Do a stage in columns in which the coefficients differ: those that lie in one block at a time, from right to left. */
static void update_differing(heat_lane_window *window, const heat_lane_step *step, int first, int last) {
  const int k = step->k, width = window->lanes->columns;
  const double *one = one_of(window, HEAT_COEFFICIENT_INVERSE);
  int back = 0, start = 0; /* of the block: how many to the left of the tile, and the tile's column where it begins */
  for (int from; last > first; last = from) {
    for (; last - k - 2 < start; back++) start -= width;
    from = start + k + 1 > first ? start + k + 1 : first;
    const int column = from - k - 1 - start, next = last - k - 1 - start; /* of the face to the east of the last cell */
    const int block = provide_block(window, back), beside = next < width ? block : provide_block(window, back - 1);
    const heat_lane_material material = {
        .c = step->c,
        .kx = vector_at(window, block, HEAT_COEFFICIENT_KX, -k - 1, column),
        .kx_east = vector_at(window, beside, HEAT_COEFFICIENT_KX, -k - 1, next % width),
        .ky = vector_at(window, block, HEAT_COEFFICIENT_KY, -k - 1, column),
        .inverse = one != NULL ? one : vector_at(window, block, HEAT_COEFFICIENT_INVERSE, -k - 1, column),
        .q = window->from->count > HEAT_COEFFICIENT_Q ? vector_at(window, block, HEAT_COEFFICIENT_Q, -k - 1, column)
                                                      : NULL,
        .one_inverse = one != NULL};
    window->lanes->update_varying(step->cells, from, last, &material);
  }
}

static void update_columns(heat_lane_window *window, const heat_lane_step *step, int first, int last,
                           const double *common) {
  if (common == NULL) {
    update_differing(window, step, first, last);
    return;
  }
  const heat_lane_material material = {.c = step->c,
                                       .kx = &common[HEAT_COEFFICIENT_KX],
                                       .ky = &common[HEAT_COEFFICIENT_KY],
                                       .inverse = &common[HEAT_COEFFICIENT_INVERSE],
                                       .q = window->from->count > HEAT_COEFFICIENT_Q ? &common[HEAT_COEFFICIENT_Q]
                                                                                     : NULL,
                                       .same = true};
  window->lanes->update_varying(step->cells, first, last, &material);
}

void heat_lane_window_fetch_ahead(const heat_lane_window *window, int share, int shares) {
  enum { LINE_CELLS = 8 };
  const heat_lanes *lanes = window->lanes;
  const int rows = window->stages + lanes->lanes * lanes->rows;
  const int first = rows * share / shares, last = rows * (share + 1) / shares;
  const int64_t i = window->x + lanes->columns;
  if (!window->ahead) return;
  for (int a = 0; a < window->from->count; a++)
    for (int row = first; row < last && one_of(window, a) == NULL; row++) {
      const double *from = heat_arrays_at(window->from, a, i, window->y - window->stages + row);
      for (int column = 0; column < lanes->columns; column += LINE_CELLS) __builtin_prefetch(from + column, 0, 2);
    }
}

void heat_lane_window_update(heat_lane_window *window, const heat_lane_step *step) {
  enum { PIECE = 8 };
  const double *common = window->common;
  int last = step->last; /* of the columns from `end` on that are still to be done; their cells share `common` */
  for (int end = last, begin; end > step->first && window->common == NULL; end = begin) {
    begin = end - PIECE > step->first ? end - PIECE : step->first;
    const double *these = common_to(window, step->k, begin, end);
    if (end < last && these != common) {
      update_columns(window, step, end, last, common);
      last = end;
    }
    common = these;
  }
  update_columns(window, step, step->first, last, common);
}

static int64_t clamp(int64_t n, int64_t lo, int64_t hi) {
  return n < lo ? lo : n >= hi ? hi - 1 : n;
}

void heat_lane_groups(const heat_lanes *lanes, heat_box cells, int64_t i, int *first, int *last) {
  const int64_t lo = cells.lo[HEAT_X] - i, hi = cells.hi[HEAT_X] - i, width = lanes->lanes;
  const int64_t from = lo > 0 ? (lo + width - 1) / width * width : 0;
  const int64_t to = (hi < lanes->columns ? hi : lanes->columns) / width * width;
  *first = (int)from;
  *last = (int)(to > from ? to : from);
}

void heat_lane_fetch(const heat_lanes *lanes, const heat_lane_rows *rows, const heat_arrays *arrays, int a) {
  enum { LANES_MOST = 8 };
  const heat_box cells = arrays->cells;
  const double *from[LANES_MOST];
  int first, last;
  heat_lane_groups(lanes, cells, rows->i, &first, &last);
  for (int p = rows->from; p < rows->to; p++) {
    for (int l = 0; l < lanes->lanes; l++) {
      const int64_t j = rows->j + l * rows->apart + p;
      from[l] = heat_arrays_at(arrays, a, rows->i, clamp(j, cells.lo[HEAT_Y], cells.hi[HEAT_Y]));
    }
    lanes->load(rows->first, p, from, first, last);
    for (int c = 0; c < lanes->columns; c++) {
      if (c == first) c = last;
      if (c == lanes->columns) break;
      const int64_t column = clamp(rows->i + c, cells.lo[HEAT_X], cells.hi[HEAT_X]) - rows->i;
      double *vector = rows->first + ((ptrdiff_t)p * lanes->pitch + c) * lanes->lanes;
      for (int l = 0; l < lanes->lanes; l++) vector[l] = from[l][column];
    }
  }
}

/* The rows of the first lane come from the array. Those of the other lanes have been fetched already, for the lane
 * below. */
void heat_lane_fetch_below(const heat_lanes *lanes, const heat_lane_rows *rows, int count, const heat_arrays *arrays,
                           int a) {
  enum { COLUMNS_MOST = 64, TIMES_MOST = 32 };
  const heat_box cells = arrays->cells;
  const bool whole = rows->i >= cells.lo[HEAT_X] && rows->i + lanes->columns <= cells.hi[HEAT_X];
  double some[TIMES_MOST][COLUMNS_MOST];
  const double *from[TIMES_MOST];
  for (int p = lanes->rows - 1; p >= 0; p--) {
    const int times = (count + p) / lanes->rows;
    for (int n = 0; n < times; n++) {
      const int64_t j = rows->j + p - (n + 1) * lanes->rows;
      from[n] = heat_arrays_at(arrays, a, rows->i, clamp(j, cells.lo[HEAT_Y], cells.hi[HEAT_Y]));
      if (whole) continue;
      for (int c = 0; c < lanes->columns; c++)
        some[n][c] = from[n][clamp(rows->i + c, cells.lo[HEAT_X], cells.hi[HEAT_X]) - rows->i];
      from[n] = some[n];
    }
    lanes->shift(rows->first, p, times, from);
  }
}
