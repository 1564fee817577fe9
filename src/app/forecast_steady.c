/* Predicts when a run will be steady by solving the same problem on a coarse grid: the slowest mode has the length of
 * the domain or of its parts, and a coarse grid resolves it. */
#include "forecast.h"

#include <math.h>

/* MOST_STEPS take about 0.3 s. The limit is a number of steps and not a time, so that the forecast does not depend on
 * the machine. */
enum { COARSE_CELLS = 3000, FEWEST = 4, STEPS = 100, MOST_STEPS = 20000 };

/* Divide the same domain into fewer cells of about the same aspect ratio. */
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

/* Step until the field is steady. If that takes too many steps, assume that the field stays as it is until the last
 * `change` of a side or source, and that the rate of change then falls as before. */
static double settle(heat_stepper *stepper, heat_steady *steady, double dt, double change) {
  const heat_clock clock = heat_clock_create(0, 0, dt, steady->end);
  const heat_extent first = heat_field_extent(heat_stepper_solution(stepper), stepper->op->grid);
  int64_t start = 0;
  double half_rate = INFINITY, half_time = 0;
  for (int64_t step = 0; step + STEPS <= clock.last; step += STEPS) {
    const double time = heat_clock_time(&clock, step + STEPS);
    bool is_steady;
    heat_status status = heat_stepper_advance(stepper, &clock, step, step + STEPS);
    if (status.code == HEAT_OK)
      status =
          heat_steady_look(steady, stepper->op, heat_stepper_solution(stepper), time, first.min, first.max, &is_steady);
    if (status.code != HEAT_OK) return INFINITY;
    if (is_steady) return time;
    const int64_t taken = step + STEPS - start;
    if (taken >= MOST_STEPS && time + STEPS * dt < change) {
      start = (int64_t)(change / dt) / STEPS * STEPS;
      step = start - STEPS;
      half_rate = INFINITY;
    } else if (taken >= MOST_STEPS) {
      const double fall = (log(half_rate) - log(steady->rate)) / (time - half_time);
      return fall > 0 ? fmax(steady->after, time + log(steady->rate / steady->threshold) / fall) : INFINITY;
    } else if (taken <= MOST_STEPS / 2) {
      half_rate = steady->rate;
      half_time = time;
    }
  }
  return INFINITY;
}

static double settle_coarse(const heat_setup *setup, const heat_problem *problem, heat_steady *steady, double change) {
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op = {.grid = NULL};
  heat_stepper stepper = {.op = NULL};
  const int alone[HEAT_AXES] = {1, 1};
  double time = INFINITY;
  heat_runtime_create(&runtime, MPI_COMM_SELF);
  heat_status status = heat_grid_create(&grid, MPI_COMM_SELF, problem, alone);
  heat_discretisation from = {.problem = problem, .grid = &grid, .threads = 1};
  if (status.code == HEAT_OK) {
    from.depth = heat_halo_choose_depth(&grid.layout, HEAT_BATCH);
    status = heat_operator_create(&op, &from, &runtime);
  }
  if (status.code == HEAT_OK) status = heat_stepper_create(&stepper, setup->method, &op);
  if (status.code == HEAT_OK) status = heat_stepper_start(&stepper);
  if (status.code == HEAT_OK) {
    const heat_limits limits = heat_method_limits(setup->method, heat_operator_bounds(&op));
    const double dt = fmin(heat_config_real(setup->config, "time.safety") * limits.stable, limits.monotone);
    if (dt > 0 && dt < steady->end) time = settle(&stepper, steady, dt, change);
  }
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  heat_runtime_destroy(&runtime);
  return time;
}

double heat_forecast_steady(const heat_setup *setup) {
  heat_steady steady = heat_steady_create(setup->config);
  double time = INFINITY;
  const char *files = setup->problem.inputs; /* field files have one number for each cell of the original grid */
  if (!heat_steady_asked(&steady) || (files != NULL && files[0] != '\0')) return time;
  heat_problem problem = setup->problem;
  coarsen(&problem);
  if (setup->grid.rank == 0) {
    heat_status status = heat_ok();
    double change = 0;
    if (isnan(steady.after)) {
      status = heat_problem_settles(&problem, steady.end, &change);
      steady.after = change;
    }
    if (status.code == HEAT_OK && steady.after < steady.end) time = settle_coarse(setup, &problem, &steady, change);
  }
  MPI_Bcast(&time, 1, MPI_DOUBLE, 0, setup->grid.comm);
  return time;
}
