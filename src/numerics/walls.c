#include "heat2d/numerics/walls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The end of the run of cells that begins at `from` and whose wrapped indices are contiguous. The range of a side may
 * reach beyond a periodic side, where the cells are those at the other end of the grid again. */
static int64_t run_end(const heat_grid *grid, int axis, int64_t from, int64_t to) {
  const int64_t left = grid->layout.cells[axis] - heat_grid_wrap(grid, axis, from);
  return from + left < to ? from + left : to;
}

static heat_status evaluate(const heat_walls *walls, int side, int instant, double t) {
  const heat_grid *grid = walls->grid;
  const heat_wall *wall = &walls->sides[side];
  const int along = 1 - side / 2;
  heat_status status = heat_ok();
  for (int64_t from = wall->lo, to; from < wall->hi && status.code == HEAT_OK; from = to) {
    to = run_end(grid, along, from, wall->hi);
    const int64_t first = heat_grid_wrap(grid, along, from), n = from - wall->lo;
    status =
        heat_problem_side(walls->problem, side, first, first + (to - from), t, wall->a + n, wall->b + n, wall->g + n);
  }
  if (status.code != HEAT_OK) return status;
  double *constant = wall->ghost_constant + instant * wall->instant_stride;
  double *factor = wall->ghost_slope + instant * wall->instant_stride;
  for (int64_t n = 0; n < wall->hi - wall->lo; n++) {
    const double value = wall->a[n] / 2, slope = wall->b[n] * wall->k_over_h[n];
    constant[n] = wall->g[n] / (value + slope);
    factor[n] = -(value - slope) / (value + slope);
  }
  return heat_ok();
}

/* Evaluate the conductivity, normal to the wall, of the cells beside it. */
static heat_status paint_conductivity(const heat_walls *walls, int side) {
  const heat_grid *grid = walls->grid;
  const heat_problem *problem = walls->problem;
  const heat_wall *wall = &walls->sides[side];
  const int across = side / 2, along = 1 - across;
  const heat_property property = across == HEAT_X ? HEAT_CONDUCTIVITY_X : HEAT_CONDUCTIVITY_Y;
  const int64_t beside = side % 2 == 0 ? 0 : problem->cells[across] - 1;
  for (int64_t from = wall->lo; from < wall->hi; from++) {
    const int64_t at = heat_grid_wrap(grid, along, from);
    const int64_t i = across == HEAT_X ? beside : at, j = across == HEAT_X ? at : beside;
    double k = 0;
    heat_status status = heat_problem_values(problem, property, j, i, i + 1, 0, &k);
    if (status.code != HEAT_OK) return status;
    wall->k_over_h[from - wall->lo] = k / grid->spacing[across];
  }
  return heat_ok();
}

static heat_status allocate(heat_wall *wall) {
  double **arrays[] = {&wall->a, &wall->b, &wall->g, &wall->k_over_h, &wall->ghost_constant, &wall->ghost_slope};
  const size_t count = sizeof arrays / sizeof *arrays, length = (size_t)(wall->hi - wall->lo);
  wall->instant_stride = wall->in_time ? (ptrdiff_t)length : 0;
  for (size_t n = 0; n < count; n++) {
    const bool instants = wall->in_time && (arrays[n] == &wall->ghost_constant || arrays[n] == &wall->ghost_slope);
    const size_t size = instants ? length * HEAT_STAGES_MAX : length;
    *arrays[n] = calloc(size, sizeof(double));
    if (*arrays[n] == NULL) return heat_no_memory("a wall", size * sizeof(double));
  }
  return heat_ok();
}

size_t heat_walls_bytes(const heat_problem *problem, heat_box owned) {
  enum { ARRAYS = 4, INSTANT_ARRAYS = 2 };
  int64_t doubles = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int instants = heat_problem_side_in_time(problem, side) ? HEAT_STAGES_MAX : 1;
    doubles += heat_box_width(owned, 1 - side / 2) * (ARRAYS + INSTANT_ARRAYS * instants);
  }
  return (size_t)doubles * sizeof(double);
}

void heat_walls_owned(const heat_grid *grid, int side, int64_t *lo, int64_t *hi) {
  const int across = side / 2, along = 1 - across;
  const bool beside = side % 2 == 0 ? grid->owned.lo[across] == grid->domain.lo[across]
                                    : grid->owned.hi[across] == grid->domain.hi[across];
  *lo = grid->owned.lo[along];
  *hi = heat_grid_wall(grid, side) && beside ? grid->owned.hi[along] : *lo;
}

heat_status heat_walls_create(heat_walls *walls, const heat_discretisation *from) {
  const heat_grid *grid = from->grid;
  *walls = (heat_walls){.problem = from->problem, .grid = grid};
  const heat_box grown = heat_grid_grown(grid, grid->owned, from->depth);
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int across = side / 2, along = 1 - across;
    const int64_t edge = side % 2 == 0 ? grid->domain.lo[across] : grid->domain.hi[across];
    const bool touches = (side % 2 == 0 ? grown.lo[across] : grown.hi[across]) == edge;
    if (!heat_grid_wall(grid, side) || !touches) continue;
    heat_wall *wall = &walls->sides[side];
    wall->lo = grown.lo[along];
    wall->hi = grown.hi[along];
    wall->in_time = heat_problem_side_in_time(from->problem, side);
    heat_status status = allocate(wall);
    if (status.code == HEAT_OK) status = paint_conductivity(walls, side);
    if (status.code == HEAT_OK) status = evaluate(walls, side, 0, 0);
    if (status.code != HEAT_OK) return status;
    wall->insulated = !wall->in_time;
    for (int64_t n = 0; n < wall->hi - wall->lo; n++)
      wall->insulated = wall->insulated && wall->a[n] == 0 && wall->g[n] == 0;
  }
  return heat_ok();
}

void heat_walls_destroy(heat_walls *walls) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    heat_wall *wall = &walls->sides[side];
    double *arrays[] = {wall->a, wall->b, wall->g, wall->k_over_h, wall->ghost_constant, wall->ghost_slope};
    for (size_t n = 0; n < sizeof arrays / sizeof *arrays; n++) free(arrays[n]);
  }
  *walls = (heat_walls){0};
}

heat_status heat_walls_update(heat_walls *walls, const double *times, int count) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    for (int n = 0; n < count && walls->sides[side].in_time; n++) {
      heat_status status = evaluate(walls, side, n, times[n]);
      if (status.code != HEAT_OK) return status;
    }
  }
  return heat_ok();
}

double heat_walls_weight_now(const heat_walls *walls, int side, int64_t at) {
  const heat_wall *wall = &walls->sides[side];
  const int64_t n = at - wall->lo;
  return wall->a[n] / (wall->a[n] / 2 + wall->b[n] * wall->k_over_h[n]);
}

double heat_walls_weight(const heat_walls *walls, int side, int64_t at) {
  const double most = 2, weight = heat_walls_weight_now(walls, side, at);
  return weight <= most && !heat_problem_coefficient_in_time(walls->problem, side) ? weight : most;
}

double heat_walls_flow(const heat_walls *walls, const heat_field *field, int side, int64_t at) {
  const heat_grid *grid = walls->grid;
  const heat_wall *wall = &walls->sides[side];
  const int across = side / 2, along = 1 - across;
  const int64_t inside = side % 2 == 0 ? grid->domain.lo[across] : grid->domain.hi[across] - 1, n = at - wall->lo;
  const double u = across == HEAT_X ? *heat_field_at(field, inside, at) : *heat_field_at(field, at, inside);
  const double value = wall->a[n] / 2, slope = wall->b[n] * wall->k_over_h[n];
  return wall->k_over_h[n] * ((wall->g[n] - wall->a[n] * u) / (value + slope)) * grid->spacing[along];
}

/* Whether `box` touches the domain's edge at `side`, where this wall is. */
static bool touches(const heat_walls *walls, heat_box box, int side) {
  const heat_wall *wall = &walls->sides[side];
  const heat_box domain = walls->grid->domain;
  const int across = side / 2;
  return wall->lo < wall->hi &&
         (side % 2 == 0 ? box.lo[across] == domain.lo[across] : box.hi[across] == domain.hi[across]);
}

bool heat_walls_line(const heat_walls *walls, const heat_field *field, heat_box box, int side, heat_wall_line *line) {
  if (heat_box_empty(box) || !touches(walls, box, side)) return false;
  const int across = side / 2, along = 1 - across;
  const int64_t inside = side % 2 == 0 ? box.lo[across] : box.hi[across] - 1, from = box.lo[along];
  *line = (heat_wall_line){.side = side, .from = from, .count = heat_box_width(box, along)};
  line->cell = across == HEAT_X ? heat_field_at(field, inside, from) : heat_field_at(field, from, inside);
  line->along = across == HEAT_X ? field->stride : 1;
  line->out = (side % 2 == 0 ? -1 : 1) * (across == HEAT_X ? 1 : field->stride);
  return true;
}

/* Where the run of cells ends that begins at the n-th one of a line. */
static int64_t run_of_line(const heat_wall_line *line, int64_t n) {
  const int64_t end = line->run == 0 ? line->count : n == 0 ? line->first_run : n + line->run;
  return end < line->count ? end : line->count;
}

/* Set the ghost cells of a run of cells. A run along a row is done by vectors. */
static void apply_run(double *cell, const double *constant, const double *slope, const heat_wall_line *line,
                      int64_t count) {
  const ptrdiff_t along = line->along;
  double *ghost = cell + line->out;
  if (along == 1) {
#pragma omp simd
    for (int64_t n = 0; n < count; n++) ghost[n] = constant[n] + slope[n] * cell[n];
    return;
  }
  for (int64_t n = 0; n < count; n++) ghost[n * along] = constant[n] + slope[n] * cell[n * along];
}

void heat_walls_apply_line(const heat_walls *walls, const heat_wall_line *line, int instant) {
  const heat_wall *wall = &walls->sides[line->side];
  const ptrdiff_t first = instant * wall->instant_stride + (line->from - wall->lo);
  const double *constant = wall->ghost_constant + first, *slope = wall->ghost_slope + first;
  double *cell = line->cell;
  for (int64_t n = 0, end; n < line->count; n = end) {
    end = run_of_line(line, n);
    apply_run(cell, constant + n, slope + n, line, end - n);
    cell += (end - n) * line->along + line->jump;
  }
}

void heat_walls_apply(const heat_walls *walls, heat_field *field, heat_box box, int instant) {
  heat_wall_line line;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (heat_walls_line(walls, field, box, side, &line)) heat_walls_apply_line(walls, &line, instant);
}

/* Add the heat that flows in through each face of a run of cells: scale k / h (ghost - cell). */
static void add_run(double *heat, const double *cell, const double *k_over_h, double scale, const heat_wall_line *line,
                    int64_t count) {
  const ptrdiff_t along = line->along;
  const double *ghost = cell + line->out;
  if (along == 1) {
#pragma omp simd
    for (int64_t n = 0; n < count; n++) heat[n] += scale * (k_over_h[n] * (ghost[n] - cell[n]));
    return;
  }
  for (int64_t n = 0; n < count; n++) heat[n] += scale * (k_over_h[n] * (ghost[n * along] - cell[n * along]));
}

void heat_walls_add_heat(const heat_walls *walls, const heat_wall_line *line, double c, double *heat) {
  const heat_wall *wall = &walls->sides[line->side];
  const double scale = c * walls->grid->spacing[1 - line->side / 2];
  int64_t first, hi;
  if (wall->insulated) return; /* to add zeros would take a tenth of the steps' time in blocks of 1024 x 512 */
  heat_walls_owned(walls->grid, line->side, &first, &hi);
  const double *cell = line->cell;
  for (int64_t n = 0, end; n < line->count; n = end) {
    end = run_of_line(line, n);
    const int64_t begin = line->from + n > first ? n : first - line->from;
    const int64_t stop = line->from + end < hi ? end : hi - line->from, at = line->from + begin;
    if (begin < stop)
      add_run(heat + (at - first), cell + (begin - n) * line->along, wall->k_over_h + (at - wall->lo), scale, line,
              stop - begin);
    cell += (end - n) * line->along + line->jump;
  }
}
