/* When a run will be steady, from the same problem on a grid of a few cells: the slowest change has the length of the
 * domain or of its parts, which such a grid has too. */
#include "forecast.h"

#include <math.h>

enum { COARSE_CELLS = 3000, FEWEST = 4, STEPS = 100 };
static const double budget = 0.25; /* s */

static bool changes_in_time(const heat_problem *problem) {
  bool changes = heat_problem_in_time(problem, HEAT_SOURCE);
  for (int side = 0; side < HEAT_SIDES; side++) changes = changes || heat_problem_side_in_time(problem, side);
  return changes;
}

/* The same domain in fewer cells of about the same form. */
static void coarsen(heat_problem *problem) {
  const double all = (double)problem->cells[HEAT_X] * (double)problem->cells[HEAT_Y];
  const double ratio = fmax(1, sqrt(all / COARSE_CELLS));
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int64_t least = problem->cells[axis] < FEWEST ? problem->cells[axis] : FEWEST;
    int64_t cells = llround((double)problem->cells[axis] / ratio);
    if (cells < least) cells = least;
    if (cells > COARSE_CELLS) cells = COARSE_CELLS;
    problem->cells[axis] = cells;
    problem->spacing[axis] = problem->size[axis] / (double)cells;
  }
}

/* Step until the rate is below `threshold`. Where that takes too long the rate is taken to go on falling as it did. */
static double settle(heat_stepper *stepper, double dt, double end, double threshold) {
  const heat_clock clock = heat_clock_create(0, 0, dt, end);
  const double start = MPI_Wtime();
  double rate = INFINITY, half_rate = INFINITY, half_time = 0, time = 0;
  for (int64_t step = 0; step < clock.last; step += STEPS) {
    if (step + STEPS > clock.last) return INFINITY;
    if (heat_stepper_advance(stepper, &clock, step, step + STEPS).code != HEAT_OK) return INFINITY;
    time = heat_clock_time(&clock, step + STEPS);
    if (heat_operator_rate(stepper->op, heat_stepper_solution(stepper), time, &rate).code != HEAT_OK) return INFINITY;
    if (rate < threshold) return time;
    if (MPI_Wtime() - start > budget) {
      const double fall = (log(half_rate) - log(rate)) / (time - half_time);
      return fall > 0 ? time + log(rate / threshold) / fall : INFINITY;
    }
    if (MPI_Wtime() - start < budget / 2) {
      half_rate = rate;
      half_time = time;
    }
  }
  return INFINITY;
}

static double settle_coarse(const heat_setup *setup, const heat_problem *problem, double threshold) {
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op = {.depth = 0};
  heat_stepper stepper = {.op = NULL};
  const int alone[HEAT_AXES] = {1, 1};
  double time = INFINITY;
  heat_runtime_create(&runtime, MPI_COMM_SELF);
  heat_status status = heat_grid_create(&grid, MPI_COMM_SELF, problem, alone);
  if (status.code == HEAT_OK)
    status = heat_operator_create(&op, &grid, &runtime, heat_halo_choose_depth(&grid.layout, HEAT_CHAIN), 1);
  if (status.code == HEAT_OK) status = heat_stepper_create(&stepper, setup->method, &op);
  if (status.code == HEAT_OK) status = heat_stepper_start(&stepper);
  if (status.code == HEAT_OK) {
    const heat_limits limits = heat_method_limits(setup->method, op.stencil.bounds);
    const double end = heat_config_real(setup->config, "time.end");
    const double dt = fmin(heat_config_real(setup->config, "time.safety") * limits.stable, limits.monotone);
    if (dt > 0 && dt < end) time = settle(&stepper, dt, end, threshold);
  }
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  heat_runtime_destroy(&runtime);
  return time;
}

double heat_forecast_steady(const heat_setup *setup) {
  const double threshold = heat_config_real(setup->config, "time.steady");
  double time = INFINITY;
  const char *files = setup->problem.inputs; /* their numbers belong to the cells of the grid itself */
  if (threshold <= 0 || changes_in_time(&setup->problem) || (files != NULL && files[0] != '\0')) return time;
  heat_problem problem = setup->problem;
  coarsen(&problem);
  if (setup->grid.rank == 0) time = settle_coarse(setup, &problem, threshold);
  MPI_Bcast(&time, 1, MPI_DOUBLE, 0, setup->grid.comm);
  return time;
}
