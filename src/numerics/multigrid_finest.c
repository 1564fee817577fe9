/* The operator of the finest level, computed from the stencil row by row. */
#include "multigrid_finest.h"

#include <math.h>
#include <string.h>

static void read_material(const heat_stencil *stencil, double sigma, int64_t j, heat_finest_row row) {
  const int64_t first = stencil->grid->owned.lo[HEAT_X];
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(stencil->grid->owned, HEAT_X);
  if (stencil->uniform) {
    for (ptrdiff_t n = 0; n < columns; n++) {
      row.w[n] = stencil->faces[HEAT_X];
      row.s[n] = stencil->faces[HEAT_Y];
      row.c[n] = sigma / stencil->s;
    }
    return;
  }
  const int64_t own = heat_repeats_row(&stencil->repeats, j);
  const double *inverse = heat_stencil_inverse_row(stencil, j);
  memcpy(row.w, heat_field_at(&stencil->kx, first, own), (size_t)columns * sizeof *row.w);
  memcpy(row.s, heat_field_at(&stencil->ky, first, own), (size_t)columns * sizeof *row.s);
#pragma omp simd
  for (ptrdiff_t n = 0; n < columns; n++) row.c[n] = sigma / inverse[n];
}

void heat_finest_read(const heat_stencil *stencil, double sigma, int64_t j, heat_finest_row row) {
  const heat_grid *grid = stencil->grid;
  const heat_box owned = grid->owned;
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  read_material(stencil, sigma, j, row);
  if (grid->layout.cells[HEAT_X] == 1 || (heat_grid_wall(grid, HEAT_LEFT) && owned.lo[HEAT_X] == 0)) row.w[0] = 0;
  if (grid->layout.cells[HEAT_Y] == 1 || (heat_grid_wall(grid, HEAT_BOTTOM) && j == 0))
    memset(row.s, 0, (size_t)columns * sizeof *row.s);
  for (ptrdiff_t n = 0; n < columns && j == owned.lo[HEAT_Y]; n++)
    row.c[n] += heat_stencil_wall(stencil, HEAT_BOTTOM, owned.lo[HEAT_X] + n);
  for (ptrdiff_t n = 0; n < columns && j == owned.hi[HEAT_Y] - 1; n++)
    row.c[n] += heat_stencil_wall(stencil, HEAT_TOP, owned.lo[HEAT_X] + n);
  row.c[0] += heat_stencil_wall(stencil, HEAT_LEFT, j);
  row.c[columns - 1] += heat_stencil_wall(stencil, HEAT_RIGHT, j);
}

static double larger(double a, double b) {
  return a > b ? a : b;
}

heat_finest_range heat_finest_find_range(const heat_stencil *stencil, double sigma, heat_finest_row row) {
  enum { LEAST = HEAT_AXES, REACTION = 2 * HEAT_AXES, COUNT };
  const heat_box owned = stencil->grid->owned;
  double most[COUNT] = {0, 0, -INFINITY, -INFINITY, 0}; /* links; the smallest links with the sign changed; reaction */
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    heat_finest_read(stencil, sigma, j, row);
    const double *links[HEAT_AXES] = {row.w, row.s};
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const double *link = links[axis];
      double largest = most[axis], least = most[LEAST + axis];
      for (ptrdiff_t n = 0; n < columns; n++) {
        largest = larger(largest, link[n]);
        least = larger(least, link[n] > 0 ? -link[n] : -INFINITY);
      }
      most[axis] = largest;
      most[LEAST + axis] = least;
    }
    double reaction = most[REACTION];
    for (ptrdiff_t n = 0; n < columns; n++) reaction = larger(reaction, row.c[n]);
    most[REACTION] = reaction;
  }
  MPI_Allreduce(MPI_IN_PLACE, most, COUNT, MPI_DOUBLE, MPI_MAX, stencil->grid->comm);
  return (heat_finest_range){
      .largest = 2 * (most[HEAT_X] + most[HEAT_Y]) + most[REACTION],
      .reaction = most[REACTION],
      .contrast = fmax(1, fmax(most[HEAT_X] / -most[LEAST + HEAT_X], most[HEAT_Y] / -most[LEAST + HEAT_Y]))};
}
