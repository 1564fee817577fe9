#include "heat2d/numerics/interpolation.h"

#include <float.h>
#include <math.h>

/* The numbers of the cells around a point, see HEAT_AROUND. */
enum { HERE, ACROSS_X, ACROSS_Y, DIAGONAL };

static int next_across(int axis) {
  return axis == HEAT_X ? ACROSS_X : ACROSS_Y;
}

static int side_of(const heat_quadrant *quadrant, int axis) {
  return 2 * axis + (quadrant->toward[axis] > 0 ? 1 : 0);
}

/* Whether the quadrant's face across an axis is a wall. */
static bool at_wall(const heat_grid *grid, const heat_quadrant *quadrant, int axis) {
  const int64_t last = quadrant->toward[axis] > 0 ? grid->layout.cells[axis] - 1 : 0;
  return heat_grid_wall(grid, 2 * axis) && quadrant->cell[axis] == last;
}

heat_quadrant heat_quadrant_at(const heat_problem *problem, const double point[HEAT_AXES]) {
  heat_quadrant quadrant;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int64_t last = problem->cells[axis] - 1;
    const double low = problem->origin[axis], high = low + problem->size[axis];
    double place = (point[axis] - low) / problem->spacing[axis]; /* in cells */
    /* A point that is meant to be on a face is moved exactly onto it: next to a joint with a contrast of 1e6 a rounding
     * error would be multiplied by a million. */
    const double rounding = 4 * DBL_EPSILON * (fmax(fabs(low), fabs(high)) / problem->spacing[axis]);
    if (fabs(place - round(place)) <= rounding) place = round(place);
    place = fmin(fmax(place, 0), (double)problem->cells[axis]);
    int64_t cell = (int64_t)place;
    if (cell > last) cell = last;
    const double off = 2 * (place - (double)cell) - 1;
    quadrant.cell[axis] = cell;
    quadrant.toward[axis] = off < 0 ? -1 : 1;
    quadrant.part[axis] = fmin(fabs(off), 1);
  }
  return quadrant;
}

void heat_quadrant_cells(const heat_grid *grid, const heat_quadrant *quadrant, int64_t cells[HEAT_AROUND][HEAT_AXES]) {
  int64_t next[HEAT_AXES];
  for (int axis = 0; axis < HEAT_AXES; axis++)
    next[axis] = at_wall(grid, quadrant, axis)
                     ? quadrant->cell[axis]
                     : heat_grid_wrap(grid, axis, quadrant->cell[axis] + quadrant->toward[axis]);
  for (int n = 0; n < HEAT_AROUND; n++) {
    cells[n][HEAT_X] = n == ACROSS_X || n == DIAGONAL ? next[HEAT_X] : quadrant->cell[HEAT_X];
    cells[n][HEAT_Y] = n == ACROSS_Y || n == DIAGONAL ? next[HEAT_Y] : quadrant->cell[HEAT_Y];
  }
}

/* Evaluate k[axis][n], the conductivity along an axis of each cell around the point. */
static heat_status paint(const heat_interpolation *at, double k[HEAT_AXES][HEAT_AROUND]) {
  int64_t cells[HEAT_AROUND][HEAT_AXES];
  heat_quadrant_cells(at->grid, &at->quadrant, cells);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const heat_property property = axis == HEAT_X ? HEAT_CONDUCTIVITY_X : HEAT_CONDUCTIVITY_Y;
    for (int n = 0; n < HEAT_AROUND; n++) {
      const int64_t i = cells[n][HEAT_X], j = cells[n][HEAT_Y];
      heat_status status = heat_problem_values(at->problem, property, j, i, i + 1, 0, &k[axis][n]);
      if (status.code != HEAT_OK) return status;
    }
  }
  return heat_ok();
}

/* Compute the weights of a cell and of the next one across an axis in the temperature of the face between them, on the
 * cell's own side of a contact resistance. */
static void share_face(const heat_problem *problem, int axis, double own, double next, double contact,
                       double share[2]) {
  const double half = problem->spacing[axis] / 2;
  if (problem->arithmetic) own = next = (own + next) / 2;
  share[0] = contact > 0 ? (contact + half / next) / (half / own + contact + half / next) : own / (own + next);
  share[1] = contact > 0 ? half / own / (half / own + contact + half / next) : next / (own + next);
}

/* The cell on the other side of the face across an axis. */
static int beyond(int cell, int axis) {
  return cell ^ next_across(axis);
}

/* Find contact[axis][n], the contact resistance of the face of cell n across an axis. Returns whether there is any. */
static bool find_contacts(const heat_interpolation *at, double contact[HEAT_AXES][HEAT_AROUND]) {
  int64_t cells[HEAT_AROUND][HEAT_AXES];
  bool any = false;
  heat_quadrant_cells(at->grid, &at->quadrant, cells);
  for (int axis = 0; axis < HEAT_AXES; axis++)
    for (int n = 0; n < HEAT_AROUND; n++) {
      contact[axis][n] = heat_problem_contact(at->problem, cells[n], cells[beyond(n, axis)]);
      any = any || contact[axis][n] > 0;
    }
  return any;
}

/* Compute the weights of a corner at which contact resistances end, on this cell's side of them: see the header. */
static void weigh_parted_corner(heat_interpolation *at, double k[HEAT_AXES][HEAT_AROUND],
                                double contact[HEAT_AXES][HEAT_AROUND]) {
  bool joined[HEAT_AROUND] = {[HERE] = true};
  double count = 0;
  for (int round = 0; round < HEAT_AROUND; round++)
    for (int n = 0; n < HEAT_AROUND; n++)
      for (int axis = 0; axis < HEAT_AXES; axis++)
        if (joined[n] && contact[axis][n] == 0) joined[beyond(n, axis)] = true;
  for (int n = 0; n < HEAT_AROUND; n++) {
    at->corner[n] = 0;
    count += joined[n];
  }
  for (int n = 0; n < HEAT_AROUND; n++) {
    if (!joined[n]) continue;
    at->corner[n] -= 1 / count;
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      double share[2];
      share_face(at->problem, axis, k[axis][n], k[axis][beyond(n, axis)], contact[axis][n], share);
      at->corner[n] += share[0] / count;
      at->corner[beyond(n, axis)] += share[1] / count;
    }
  }
}

/* Compute the weight of each cell in the temperature of the corner of four cells: see the header. A face across an axis
 * is between the cells `one` and `other`, whose conductivities give the temperature of the face and its weight in the
 * corner. */
static void weigh_corner(heat_interpolation *at, double k[HEAT_AXES][HEAT_AROUND]) {
  const heat_problem *problem = at->problem;
  double sum = 0;
  for (int n = 0; n < HEAT_AROUND; n++) at->corner[n] = problem->arithmetic ? 1.0 / HEAT_AROUND : 0;
  if (problem->arithmetic) return;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int along = 1 - axis;
    for (int beside = 0; beside < 2; beside++) {
      const int one = beside == 0 ? HERE : next_across(along), other = beside == 0 ? next_across(axis) : DIAGONAL;
      const double flows = (k[along][one] + k[along][other]) * (problem->spacing[axis] / problem->spacing[along]);
      at->corner[one] += flows * (k[axis][one] / (k[axis][one] + k[axis][other]));
      at->corner[other] += flows * (k[axis][other] / (k[axis][one] + k[axis][other]));
      sum += flows;
    }
  }
  for (int n = 0; n < HEAT_AROUND; n++) at->corner[n] /= sum;
}

/* Find how the temperature of a wall at the coordinate s along it depends on that of the cell beside it, which has the
 * given conductance towards the wall. */
static heat_status find_law(const heat_problem *problem, int side, double s, double t, double conductance,
                            heat_wall_law *law) {
  double coefficient, value;
  heat_status status = heat_problem_side_at(problem, side, s, t, &coefficient, &value);
  if (status.code != HEAT_OK) return status;
  if (problem->sides[side].b == 0)
    *law = (heat_wall_law){.fixed = value, .share = {1, 0}};
  else if (problem->sides[side].a_scale == 0)
    *law = (heat_wall_law){.share = {0, 1}, .offset = value / conductance};
  else
    *law = (heat_wall_law){
        .fixed = value,
        .share = {coefficient / (coefficient + conductance), conductance / (coefficient + conductance)}};
  return status;
}

/* Find the laws of the walls. For a Dirichlet side these are at the coordinates of the point and of its cell; for other
 * sides, beside the cell and beside the next cell along the wall, or in the corner where the wall ends. */
static heat_status find_walls(heat_interpolation *at, double t) {
  const heat_problem *problem = at->problem;
  int64_t cells[HEAT_AROUND][HEAT_AXES];
  heat_quadrant_cells(at->grid, &at->quadrant, cells);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int side = side_of(&at->quadrant, axis), along = 1 - axis;
    if (!at->wall[axis]) continue;
    const bool end = at->wall[along];
    const double own = heat_problem_centre(problem, along, cells[HERE][along]);
    const double next = heat_problem_centre(problem, along, cells[next_across(along)][along]);
    const double corner = own + at->quadrant.toward[along] * problem->spacing[along] / 2;
    const double first = at->dirichlet[axis] ? at->point[along] : own;
    const double second = at->dirichlet[axis] ? own : end ? corner : next;
    heat_status status = find_law(problem, side, first, t, at->conductance[axis][0], &at->law[axis][0]);
    if (status.code == HEAT_OK)
      status = find_law(problem, side, second, t, at->conductance[axis][1], &at->law[axis][1]);
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

heat_status heat_interpolation_create(heat_interpolation *at, const heat_problem *problem, const heat_grid *grid,
                                      const double point[HEAT_AXES]) {
  *at = (heat_interpolation){.problem = problem,
                             .grid = grid,
                             .point = {point[HEAT_X], point[HEAT_Y]},
                             .quadrant = heat_quadrant_at(problem, point)};
  double k[HEAT_AXES][HEAT_AROUND], contact[HEAT_AXES][HEAT_AROUND];
  heat_status status = paint(at, k);
  if (status.code != HEAT_OK) return status;
  const bool parted = find_contacts(at, contact);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int side = side_of(&at->quadrant, axis), next = next_across(axis), along = next_across(1 - axis);
    at->wall[axis] = at_wall(grid, &at->quadrant, axis);
    at->dirichlet[axis] = at->wall[axis] && problem->sides[side].b == 0;
    at->in_time = at->in_time || (at->wall[axis] && heat_problem_side_in_time(problem, side));
    share_face(problem, axis, k[axis][HERE], k[axis][next], contact[axis][HERE], at->share[axis]);
    at->conductance[axis][0] = 2 * k[axis][HERE] / problem->spacing[axis];
    at->conductance[axis][1] = 2 * k[axis][along] / problem->spacing[axis];
  }
  if (parted)
    weigh_parted_corner(at, k, contact);
  else
    weigh_corner(at, k);
  return find_walls(at, 0);
}

heat_status heat_interpolation_update(heat_interpolation *at, double t) {
  return at->in_time ? find_walls(at, t) : heat_ok();
}

/* The mean of a and b with two weights whose sum is 1. Both weights are given to full precision, because next to a
 * joint with a contrast of 1e6 the rounding error of 1 - weight would matter. The result is never outside of [a, b]. */
static double mean(double a, double b, const double share[2]) {
  const double value = share[0] * a + share[1] * b;
  return fmin(fmax(value, fmin(a, b)), fmax(a, b));
}

static double mix(double a, double b, double part) {
  return mean(a, b, (const double[2]){1 - part, part});
}

static double wall_temperature(const heat_wall_law *law, double u) {
  return mean(law->fixed, u, law->share) + law->offset;
}

/* The temperature of the face across an axis. */
static double face(const heat_interpolation *at, int axis, const double u[HEAT_AROUND]) {
  return at->wall[axis] ? wall_temperature(&at->law[axis][0], u[HERE])
                        : mean(u[HERE], u[next_across(axis)], at->share[axis]);
}

/* The temperature at which a wall across `axis` meets the face to the next cell along it. */
static double corner_on_wall(const heat_interpolation *at, int axis, const double u[HEAT_AROUND]) {
  const int along = 1 - axis;
  return mean(wall_temperature(&at->law[axis][0], u[HERE]), wall_temperature(&at->law[axis][1], u[next_across(along)]),
              at->share[along]);
}

/* The temperature of the corner at which faces with the temperatures x and y meet, neither of which is a Dirichlet
 * side. */
static double corner(const heat_interpolation *at, double x, double y, const double u[HEAT_AROUND]) {
  if (at->wall[HEAT_X] && at->wall[HEAT_Y])
    return mix(wall_temperature(&at->law[HEAT_X][1], y), wall_temperature(&at->law[HEAT_Y][1], x), 0.5);
  if (at->wall[HEAT_X]) return corner_on_wall(at, HEAT_X, u);
  if (at->wall[HEAT_Y]) return corner_on_wall(at, HEAT_Y, u);
  double sum = 0, low = u[HERE], high = u[HERE];
  for (int n = 0; n < HEAT_AROUND; n++) {
    sum += at->corner[n] * u[n];
    low = fmin(low, u[n]);
    high = fmax(high, u[n]);
  }
  return fmin(fmax(sum, low), high);
}

/* The temperature next to a Dirichlet side: interpolate first along the side, on the line through the centre, and then
 * towards the side, whose temperature is taken at the point's own coordinate. Between two Dirichlet sides this is done
 * in both directions, each of which is exact on its own side; the line through the centre then ends at the other side,
 * at the coordinate of the centre. */
static double beside_dirichlet(const heat_interpolation *at, double x, double y, const double u[HEAT_AROUND]) {
  const double p = at->quadrant.part[HEAT_X], q = at->quadrant.part[HEAT_Y];
  const bool both = at->dirichlet[HEAT_X] && at->dirichlet[HEAT_Y];
  const double to_x = mix(mix(u[HERE], both ? at->law[HEAT_Y][1].fixed : y, q), x, p);
  const double to_y = mix(mix(u[HERE], both ? at->law[HEAT_X][1].fixed : x, p), y, q);
  if (!both) return at->dirichlet[HEAT_X] ? to_x : to_y;
  return mix(to_x, to_y, p == 1 && q == 1 ? 0.5 : (1 - p) / ((1 - q) + (1 - p)));
}

double heat_interpolation_value(const heat_interpolation *at, const double u[HEAT_AROUND]) {
  const double p = at->quadrant.part[HEAT_X], q = at->quadrant.part[HEAT_Y];
  const double x = face(at, HEAT_X, u), y = face(at, HEAT_Y, u);
  if (at->dirichlet[HEAT_X] || at->dirichlet[HEAT_Y]) return beside_dirichlet(at, x, y, u);
  return mix(mix(u[HERE], x, p), mix(y, corner(at, x, y, u), p), q);
}
