/* All ranks solve the coarsest problem, each for itself and with the same operations. This takes less time than to let
 * one rank solve it and to wait for the result.
 *
 * A = L L^T by Cholesky's method. Where A is singular its null space consists of the constants. A + (m / n) 1 1^T, with
 * m the mean of the diagonal and n the number of cells, then has the same solutions for right-hand sides whose mean is
 * 0. */
#include "multigrid_coarse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void forget_buffers(heat_gather *gather) {
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    free(gather->counts[axis]);
    free(gather->begins[axis]);
  }
  free(gather->row);
  free(gather->all);
  *gather = (heat_gather){.split = gather->split, .along = {gather->along[HEAT_X], gather->along[HEAT_Y]}};
}

/* The width along an axis, in cells, of a block in this rank's row of blocks (axis x) or column of blocks (axis y). */
static int64_t width_along(const heat_layout *layout, const int place[HEAT_AXES], int axis, int block) {
  const heat_box box = axis == HEAT_X ? heat_layout_block(layout, block, place[HEAT_Y])
                                      : heat_layout_block(layout, place[HEAT_X], block);
  return heat_box_width(box, axis);
}

heat_status heat_gather_create(heat_gather *gather, const heat_grid *grid, size_t value) {
  const heat_layout *layout = &grid->layout;
  int place[HEAT_AXES];
  heat_layout_place(layout, grid->rank, place);
  const size_t columns = (size_t)layout->cells[HEAT_X], rows = (size_t)heat_box_width(grid->owned, HEAT_Y);
  forget_buffers(gather);
  gather->bytes = (size_t)heat_box_cells(grid->domain) * value;
  gather->row = malloc(columns * rows * value + 1);
  gather->all = malloc(gather->bytes);
  bool good = gather->row != NULL && gather->all != NULL;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    gather->counts[axis] = malloc((size_t)layout->ranks[axis] * sizeof(int));
    gather->begins[axis] = malloc((size_t)layout->ranks[axis] * sizeof(int));
    good = good && gather->counts[axis] != NULL && gather->begins[axis] != NULL;
    if (!gather->split) MPI_Comm_split(grid->comm, place[1 - axis], place[axis], &gather->along[axis]);
  }
  gather->split = true;
  if (!good) return heat_no_memory("the coarse levels of the multigrid", gather->bytes);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const size_t across = axis == HEAT_X ? rows : columns;
    int begin = 0;
    for (int block = 0; block < layout->ranks[axis]; block++) {
      gather->counts[axis][block] = (int)((size_t)width_along(layout, place, axis, block) * across * value);
      gather->begins[axis][block] = begin;
      begin += gather->counts[axis][block];
    }
  }
  return heat_ok();
}

void heat_gather_destroy(heat_gather *gather) {
  forget_buffers(gather);
  for (int axis = 0; axis < HEAT_AXES && gather->split; axis++) MPI_Comm_free(&gather->along[axis]);
  *gather = (heat_gather){.bytes = 0};
}

static char *cell_of(const heat_level *level, const void *array, int64_t i, int64_t j, size_t value) {
  const int64_t *corner = level->grid.owned.lo;
  return (char *)array +
         ((ptrdiff_t)(j - corner[HEAT_Y]) * level->stride + (ptrdiff_t)(i - corner[HEAT_X])) * (ptrdiff_t)value;
}

/* Copy the blocks of a row of blocks, which lie one after the other, side by side into whole rows of the level. */
static void put_side_by_side(const heat_gather *gather, const heat_layout *layout, size_t row_bytes, size_t rows,
                             char *to) {
  for (int block = 0; block < layout->ranks[HEAT_X] && rows > 0; block++) {
    const size_t bytes = (size_t)gather->counts[HEAT_X][block] / rows;
    const size_t column = (size_t)gather->begins[HEAT_X][block] / rows;
    const char *from = gather->row + gather->begins[HEAT_X][block];
    for (size_t j = 0; j < rows && bytes > 0; j++, from += bytes) memcpy(to + j * row_bytes + column, from, bytes);
  }
}

void heat_gather_collect(heat_gather *gather, const heat_level *part, const void *array, const heat_level *whole,
                         void *all, size_t value) {
  const heat_grid *grid = &part->grid;
  const heat_layout *layout = &grid->layout;
  const heat_box owned = grid->owned;
  int place[HEAT_AXES];
  heat_layout_place(layout, grid->rank, place);
  const size_t own = (size_t)heat_box_width(owned, HEAT_X) * value, rows = (size_t)heat_box_width(owned, HEAT_Y);
  const size_t row_bytes = (size_t)layout->cells[HEAT_X] * value;
  char *next = gather->row + gather->begins[HEAT_X][place[HEAT_X]];
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y] && own > 0; j++, next += own)
    memcpy(next, cell_of(part, array, owned.lo[HEAT_X], j, value), own);
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, gather->row, gather->counts[HEAT_X], gather->begins[HEAT_X],
                 MPI_BYTE, gather->along[HEAT_X]);
  put_side_by_side(gather, layout, row_bytes, rows, gather->all + gather->begins[HEAT_Y][place[HEAT_Y]]);
  MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, gather->all, gather->counts[HEAT_Y], gather->begins[HEAT_Y],
                 MPI_BYTE, gather->along[HEAT_Y]);
  for (int64_t j = 0; j < layout->cells[HEAT_Y]; j++)
    memcpy(cell_of(whole, all, 0, j, value), gather->all + (size_t)j * row_bytes, row_bytes);
}

void heat_gather_hand_back(const heat_level *part, const heat_level *whole, size_t value) {
  const heat_grid *grid = &part->grid;
  const heat_box box = heat_grid_grown(grid, grid->owned, HEAT_COARSE_DEPTH);
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
    memcpy(cell_of(part, part->x, box.lo[HEAT_X], j, value), cell_of(whole, whole->x, box.lo[HEAT_X], j, value),
           (size_t)heat_box_width(box, HEAT_X) * value);
}

static double *row_of_factor(const heat_direct *direct, int row) {
  return direct->factor + (ptrdiff_t)row * (row + 1) / 2;
}

/* Enter the link between two cells: subtract it from the entry of both, and add it to both diagonals. On a short
 * periodic axis the two may be the same cell, which has no link to itself. */
static void add_link(const heat_direct *direct, int a, int b, double link) {
  if (a == b) return;
  row_of_factor(direct, a > b ? a : b)[a > b ? b : a] -= link;
  row_of_factor(direct, a)[a] += link;
  row_of_factor(direct, b)[b] += link;
}

static void add_links(const heat_direct *direct, const heat_level *level, const heat_level_loops *loops, int link) {
  static const int where[HEAT_LINKS][HEAT_AXES] = {
      [HEAT_LINK_W] = {-1, 0}, [HEAT_LINK_S] = {0, -1}, [HEAT_LINK_SW] = {-1, -1}, [HEAT_LINK_SE] = {1, -1}};
  const int nx = (int)level->grid.layout.cells[HEAT_X], ny = (int)level->grid.layout.cells[HEAT_Y];
  for (int j = 0; j < ny; j++) {
    loops->take(level, level->link[link], j, direct->values);
    for (int i = 0; i < nx; i++) {
      const int64_t to_i = heat_grid_wrap(&level->grid, HEAT_X, i + where[link][HEAT_X]);
      const int64_t to_j = heat_grid_wrap(&level->grid, HEAT_Y, j + where[link][HEAT_Y]);
      if (direct->values[i] != 0) add_link(direct, j * nx + i, (int)(to_j * nx + to_i), direct->values[i]);
    }
  }
}

static void factorise(const heat_direct *direct) {
  for (int row = 0; row < direct->cells; row++) {
    double *own = row_of_factor(direct, row);
    for (int column = 0; column <= row; column++) {
      const double *other = row_of_factor(direct, column);
      double sum = own[column];
      for (int k = 0; k < column; k++) sum -= own[k] * other[k];
      own[column] = column == row ? sqrt(sum) : sum / other[column];
    }
  }
}

size_t heat_direct_bytes(int cells) {
  const size_t n = (size_t)cells;
  return (n * (n + 1) / 2 + n) * sizeof(double);
}

heat_status heat_direct_create(heat_direct *direct, const heat_level *level, const heat_level_loops *loops,
                               bool singular) {
  const int cells = (int)heat_box_cells(level->grid.domain), nx = (int)level->grid.layout.cells[HEAT_X];
  const size_t entries = (size_t)cells * ((size_t)cells + 1) / 2;
  *direct = (heat_direct){.cells = cells, .singular = singular};
  direct->factor = calloc(entries, sizeof(double));
  direct->values = malloc((size_t)cells * sizeof(double));
  if (direct->factor == NULL || direct->values == NULL)
    return heat_no_memory("the coarsest level of the multigrid", entries * sizeof(double));
  for (int link = 0; link < level->links; link++) add_links(direct, level, loops, link);
  double trace = 0;
  for (int row = 0; row < cells; row++) {
    if (row % nx == 0) loops->take(level, level->reaction, row / nx, direct->values);
    row_of_factor(direct, row)[row] += direct->values[row % nx];
    trace += row_of_factor(direct, row)[row];
  }
  const double lift = trace > 0 ? trace / ((double)cells * cells) : 1;
  for (size_t n = 0; n < entries && singular; n++) direct->factor[n] += lift;
  factorise(direct);
  return heat_ok();
}

void heat_direct_destroy(heat_direct *direct) {
  free(direct->factor);
  free(direct->values);
  *direct = (heat_direct){0};
}

static void remove_mean(double *values, int count) {
  double sum = 0;
  for (int n = 0; n < count; n++) sum += values[n];
  for (int n = 0; n < count; n++) values[n] -= sum / count;
}

void heat_direct_solve(heat_direct *direct, const heat_level *level, const heat_level_loops *loops) {
  const int cells = direct->cells, nx = (int)level->grid.layout.cells[HEAT_X];
  double *x = direct->values;
  for (int j = 0; j * nx < cells; j++) loops->take(level, level->b, j, x + j * nx);
  if (direct->singular) remove_mean(x, cells);
  for (int row = 0; row < cells; row++) {
    const double *own = row_of_factor(direct, row);
    for (int k = 0; k < row; k++) x[row] -= own[k] * x[k];
    x[row] /= own[row];
  }
  for (int row = cells - 1; row >= 0; row--) {
    const double *own = row_of_factor(direct, row);
    x[row] /= own[row];
    for (int k = 0; k < row; k++) x[k] -= own[k] * x[row];
  }
  if (direct->singular) remove_mean(x, cells);
  for (int j = 0; j * nx < cells; j++) loops->put(level, level->x, j, x + j * nx, 1);
}
