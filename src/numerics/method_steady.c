/* The steady state for the given sides and sources: div(k grad u) + q = 0.
 *
 * Where no side has a heat flux that depends on the temperature, the state is determined only up to a constant. Then
 * there is a steady state only if the heat that flows in adds up to zero, and the one that has the energy of the state
 * before is taken. */
#include "stepper_private.h"

#include <math.h>

/* The heat that flows in through all walls and from all sources, W/m, and the sum of its magnitudes over all faces and
 * cells. Sources and walls are as they are at that time. Collective. */
typedef struct power {
  double net, size;
} power;

static power add_up(heat_stepper *stepper) {
  const heat_operator *op = stepper->op;
  const heat_grid *grid = op->grid;
  const double area = grid->spacing[HEAT_X] * grid->spacing[HEAT_Y];
  const heat_field *u = heat_stepper_solution(stepper);
  heat_sum net = {.pending = 0}, size = {.pending = 0};
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    heat_walls_owned(grid, side, &lo, &hi);
    for (int64_t at = lo; at < hi; at++) {
      const double flow = heat_walls_flow(&op->walls, u, side, at);
      heat_sum_add(&net, flow);
      heat_sum_add(&size, fabs(flow));
    }
  }
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y] && op->forcing.has_source; j++) {
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++) {
      const double heat = *heat_field_at(&op->forcing.q, i, j) * area;
      heat_sum_add(&net, heat);
      heat_sum_add(&size, fabs(heat));
    }
  }
  const heat_sum nets = heat_sum_reduce(&net, grid->comm), sizes = heat_sum_reduce(&size, grid->comm);
  return (power){.net = heat_sum_value(&nets), .size = heat_sum_value(&sizes)};
}

heat_status heat_steady_balanced(const heat_config *config, double net, double size) {
  const double rounding = 1e-9;
  if (!(fabs(net) > rounding * size)) return heat_ok();
  return heat_config_fail(config, "boundary",
                          "there is no steady state: no side takes heat by its temperature, and %.6g W/m flow in that "
                          "leave nowhere",
                          net);
}

static heat_status check_balance(heat_stepper *stepper) {
  const power all = add_up(stepper);
  return heat_steady_balanced(stepper->op->problem->config, all.net, all.size);
}

heat_status heat_stepper_check_steady(heat_stepper *stepper, double t) {
  heat_operator *op = stepper->op;
  const heat_grid *grid = op->grid;
  heat_status status = heat_walls_update(&op->walls, &t, 1);
  if (op->forcing.has_source) status = heat_first(status, heat_forcing_begin(&op->forcing, &t, 1));
  if (status.code == HEAT_OK) status = heat_forcing_update(&op->forcing, grid->owned, 0, 0, &op->ledger);
  status = heat_agree(grid->comm, status);
  if (status.code != HEAT_OK) return status;
  double held = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    heat_walls_owned(grid, side, &lo, &hi);
    for (int64_t at = lo; at < hi; at++) held = fmax(held, heat_walls_weight_now(&op->walls, side, at));
  }
  MPI_Allreduce(MPI_IN_PLACE, &held, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  return held > 0 ? heat_ok() : check_balance(stepper);
}

heat_status heat_steady_step(heat_stepper *stepper, const heat_step *step) {
  const heat_system system = {.terms = {{.field = HEAT_ROLE_OLD, .weight = 0}},
                              .count = 1,
                              .guess = HEAT_ROLE_OLD,
                              .result = HEAT_ROLE_NEW,
                              .c = 1,
                              .t = step->end,
                              .budget_weight = 1,
                              .steady = true};
  heat_status status = heat_implicit_solve(stepper, &system);
  if (status.code != HEAT_OK || heat_implicit_stopped(stepper) || !heat_implicit_singular(stepper)) return status;
  status = check_balance(stepper);
  return status.code == HEAT_OK ? heat_implicit_keep_energy(stepper) : status;
}
