#include "heat2d/numerics/boundary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Cells along a side may be ghost cells behind a periodic seam: runs of cells whose wrapped indices are contiguous. */
static int64_t run_end(const heat_grid *grid, int axis, int64_t from, int64_t to) {
  const int64_t left = grid->layout.cells[axis] - heat_grid_wrap(grid, axis, from);
  return from + left < to ? from + left : to;
}

static heat_status evaluate(const heat_boundary *boundary, int side, int level, double t) {
  const heat_grid *grid = boundary->grid;
  const heat_wall *wall = &boundary->walls[side];
  const int along = 1 - side / 2;
  heat_status status = heat_ok();
  for (int64_t from = wall->lo, to; from < wall->hi && status.code == HEAT_OK; from = to) {
    to = run_end(grid, along, from, wall->hi);
    const int64_t first = heat_grid_wrap(grid, along, from), n = from - wall->lo;
    status =
        heat_problem_side(grid->problem, side, first, first + (to - from), t, wall->a + n, wall->b + n, wall->g + n);
  }
  if (status.code != HEAT_OK) return status;
  double *A = wall->A + level * wall->level_stride, *B = wall->B + level * wall->level_stride;
  for (int64_t n = 0; n < wall->hi - wall->lo; n++) {
    const double value = wall->a[n] / 2, slope = wall->b[n] * wall->k_over_h[n];
    A[n] = wall->g[n] / (value + slope);
    B[n] = -(value - slope) / (value + slope);
  }
  return heat_ok();
}

/* The conductivity normal to the wall of the cells beside it. */
static heat_status paint_conductivity(const heat_boundary *boundary, int side) {
  const heat_grid *grid = boundary->grid;
  const heat_problem *problem = grid->problem;
  const heat_wall *wall = &boundary->walls[side];
  const int across = side / 2, along = 1 - across;
  const heat_property property = across == HEAT_X ? HEAT_CONDUCTIVITY_X : HEAT_CONDUCTIVITY_Y;
  const int64_t beside = side % 2 == 0 ? 0 : problem->cells[across] - 1;
  for (int64_t from = wall->lo; from < wall->hi; from++) {
    const int64_t at = heat_grid_wrap(grid, along, from);
    const int64_t i = across == HEAT_X ? beside : at, j = across == HEAT_X ? at : beside;
    double k = 0;
    heat_status status = heat_problem_paint_row(problem, property, j, i, i + 1, 0, &k);
    if (status.code != HEAT_OK) return status;
    wall->k_over_h[from - wall->lo] = k / grid->spacing[across];
  }
  return heat_ok();
}

static heat_status allocate(heat_wall *wall) {
  double **arrays[] = {&wall->a, &wall->b, &wall->g, &wall->k_over_h, &wall->heat, &wall->A, &wall->B};
  const size_t count = sizeof arrays / sizeof *arrays, length = (size_t)(wall->hi - wall->lo);
  wall->level_stride = wall->in_time ? (ptrdiff_t)length : 0;
  for (size_t n = 0; n < count; n++) {
    const bool levels = wall->in_time && (arrays[n] == &wall->A || arrays[n] == &wall->B);
    const size_t size = levels ? length * HEAT_LEVELS : length;
    *arrays[n] = calloc(size, sizeof(double));
    if (*arrays[n] == NULL) return heat_no_memory("a wall", size * sizeof(double));
  }
  return heat_ok();
}

heat_status heat_boundary_create(heat_boundary *boundary, const heat_grid *grid, int depth) {
  *boundary = (heat_boundary){.grid = grid};
  const heat_box grown = heat_grid_grown(grid, grid->owned, depth);
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int across = side / 2, along = 1 - across;
    const int64_t edge = side % 2 == 0 ? grid->domain.lo[across] : grid->domain.hi[across];
    const bool touches = (side % 2 == 0 ? grown.lo[across] : grown.hi[across]) == edge;
    const bool owns = (side % 2 == 0 ? grid->owned.lo[across] : grid->owned.hi[across]) == edge;
    if (!heat_grid_wall(grid, side) || !touches) continue;
    heat_wall *wall = &boundary->walls[side];
    wall->lo = grown.lo[along];
    wall->hi = grown.hi[along];
    wall->owned_lo = grid->owned.lo[along];
    wall->owned_hi = owns ? grid->owned.hi[along] : grid->owned.lo[along];
    wall->in_time = heat_problem_side_in_time(grid->problem, side);
    heat_status status = allocate(wall);
    if (status.code == HEAT_OK) status = paint_conductivity(boundary, side);
    if (status.code == HEAT_OK) status = evaluate(boundary, side, 0, 0);
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

void heat_boundary_destroy(heat_boundary *boundary) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    heat_wall *wall = &boundary->walls[side];
    double *arrays[] = {wall->a, wall->b, wall->g, wall->k_over_h, wall->A, wall->B, wall->heat};
    for (size_t n = 0; n < sizeof arrays / sizeof *arrays; n++) free(arrays[n]);
  }
  *boundary = (heat_boundary){0};
}

heat_status heat_boundary_update(heat_boundary *boundary, const double *times, int count) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    for (int level = 0; level < count && boundary->walls[side].in_time; level++) {
      heat_status status = evaluate(boundary, side, level, times[level]);
      if (status.code != HEAT_OK) return status;
    }
  }
  return heat_ok();
}

double heat_boundary_weight_now(const heat_boundary *boundary, int side, int64_t at) {
  const heat_wall *wall = &boundary->walls[side];
  const int64_t n = at - wall->lo;
  return wall->a[n] / (wall->a[n] / 2 + wall->b[n] * wall->k_over_h[n]);
}

double heat_boundary_weight(const heat_boundary *boundary, int side, int64_t at) {
  const double most = 2, weight = heat_boundary_weight_now(boundary, side, at);
  return weight <= most && !heat_problem_coefficient_in_time(boundary->grid->problem, side) ? weight : most;
}

double heat_boundary_flow(const heat_boundary *boundary, const heat_field *field, int side, int64_t at) {
  const heat_grid *grid = boundary->grid;
  const heat_wall *wall = &boundary->walls[side];
  const int across = side / 2, along = 1 - across;
  const int64_t inside = side % 2 == 0 ? grid->domain.lo[across] : grid->domain.hi[across] - 1, n = at - wall->lo;
  const double u = across == HEAT_X ? *heat_field_at(field, inside, at) : *heat_field_at(field, at, inside);
  const double value = wall->a[n] / 2, slope = wall->b[n] * wall->k_over_h[n];
  return wall->k_over_h[n] * ((wall->g[n] - wall->a[n] * u) / (value + slope)) * grid->spacing[along];
}

void heat_boundary_apply(heat_boundary *boundary, heat_field *field, heat_box box, int level, double c) {
  const heat_grid *grid = boundary->grid;
  if (heat_box_empty(box)) return;
  for (int side = 0; side < HEAT_SIDES; side++) {
    heat_wall *wall = &boundary->walls[side];
    const int across = side / 2, along = 1 - across;
    const bool low = side % 2 == 0;
    if ((low ? box.lo[across] != grid->domain.lo[across] : box.hi[across] != grid->domain.hi[across]) ||
        wall->lo == wall->hi)
      continue;
    const int64_t inside = low ? box.lo[across] : box.hi[across] - 1;
    const ptrdiff_t step = across == HEAT_X ? field->stride : 1; /* along the wall */
    const ptrdiff_t out = (low ? -1 : 1) * (across == HEAT_X ? 1 : field->stride);
    const int64_t from = box.lo[along], count = box.hi[along] - from;
    double *cell = across == HEAT_X ? heat_field_at(field, inside, from) : heat_field_at(field, from, inside);
    const ptrdiff_t at_level = level * wall->level_stride + (from - wall->lo);
    const double *A = wall->A + at_level, *B = wall->B + at_level;
    for (int64_t n = 0; n < count; n++) cell[n * step + out] = A[n] + B[n] * cell[n * step];
    if (c == 0) continue;
    const double scale = c * grid->spacing[along];
    const int64_t lo = wall->owned_lo > from ? wall->owned_lo : from;
    const int64_t hi = wall->owned_hi < from + count ? wall->owned_hi : from + count;
    for (int64_t n = lo; n < hi; n++) {
      const double *at = cell + (n - from) * step;
      wall->heat[n - wall->owned_lo] += scale * (wall->k_over_h[n - wall->lo] * (at[out] - *at));
    }
  }
}
