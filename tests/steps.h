/* What the tests of the methods of time integration share: steps of a rig, the whole solution on every rank, and the
 * heat balance. Include it after harness.h. */
#ifndef HEAT2D_TESTS_STEPS_H
#define HEAT2D_TESTS_STEPS_H

#include "rig.h"

static inline void advance(rig *r, const heat_clock *clock, int64_t from, int64_t to) {
  const heat_status status = heat_stepper_advance(&r->stepper, clock, from, to);
  assert_string_equal(status.text, "");
  assert_int_equal(r->stepper.done.taken, to - from);
}

static inline void take_steps(rig *r, double dt, int64_t steps) {
  const heat_clock clock = heat_clock_create(0, 0, dt, dt * (double)steps);
  assert_int_equal(clock.last, steps);
  advance(r, &clock, 0, steps);
}

/* The solution in cell (i, j), NaN where it belongs to another rank. */
static inline double solution_at(rig *r, int64_t i, int64_t j) {
  const heat_box one = {{i, j}, {i + 1, j + 1}};
  if (heat_box_empty(heat_box_intersect(one, r->grid.owned))) return NAN;
  return *heat_field_at(heat_stepper_solution(&r->stepper), i, j);
}

/* Return the whole solution on every rank, row by row; it has to be freed. */
static inline double *gather(rig *r) {
  const int64_t nx = r->problem.cells[HEAT_X], cells = nx * r->problem.cells[HEAT_Y];
  double *whole = malloc((size_t)cells * sizeof *whole);
  assert_non_null(whole);
  for (int64_t n = 0; n < cells; n++) {
    const double value = solution_at(r, n % nx, n / nx);
    whole[n] = isnan(value) ? -INFINITY : value;
  }
  MPI_Allreduce(MPI_IN_PLACE, whole, (int)cells, MPI_DOUBLE, MPI_MAX, r->grid.comm);
  return whole;
}

static inline double largest_anywhere(const rig *r, double value) {
  MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_MAX, r->grid.comm);
  return value;
}

/* The largest difference from f at the cell centres, over all ranks. */
static inline double error_against(rig *r, double (*f)(double x, double y, double t), double t) {
  double worst = 0;
  const heat_box owned = r->grid.owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      const double x = heat_problem_centre(&r->problem, HEAT_X, i), y = heat_problem_centre(&r->problem, HEAT_Y, j);
      const double error = fabs(solution_at(r, i, j) - f(x, y, t));
      worst = isnan(error) ? INFINITY : fmax(worst, error);
    }
  return largest_anywhere(r, worst);
}

/* Everything that a run computes, for a comparison bit for bit. */
typedef struct outcome {
  double energy, size, mean, wall_heat, moved, source_heat, limit;
} outcome;

static inline outcome outcome_of(rig *r) {
  outcome out = {.limit = heat_stepper_limit(&r->stepper)};
  const heat_energy energy = heat_operator_energy(&r->op, heat_stepper_solution(&r->stepper));
  out.energy = energy.heat;
  out.size = energy.size;
  out.mean = energy.mean;
  out.wall_heat = heat_ledger_wall_heat(&r->op.ledger);
  out.moved = heat_ledger_wall_moved(&r->op.ledger);
  out.source_heat = heat_ledger_source_heat(&r->op.ledger);
  return out;
}

#endif
