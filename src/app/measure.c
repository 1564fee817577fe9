#include "measure.h"

#include <stdlib.h>
#include <string.h>

/* Numbers that differ from cell to cell, and none that a processor is slow with. */
static void fill(heat_rig *rig) {
  enum { PERIOD = 13 };
  heat_field *u = heat_stepper_solution(&rig->stepper);
  for (int64_t j = u->owned.lo[HEAT_Y]; j < u->owned.hi[HEAT_Y]; j++)
    for (int64_t i = u->owned.lo[HEAT_X]; i < u->owned.hi[HEAT_X]; i++)
      *heat_field_at(u, i, j) = 1 + (double)((i + j) % PERIOD);
  u->valid = 0;
}

heat_status heat_rig_create(heat_rig *rig, MPI_Comm comm, heat_trial trial) {
  enum { DECK = 512 };
  char deck[DECK];
  *rig = (heat_rig){.trial = trial};
  const int length = snprintf(
      deck, sizeof deck,
      "domain: {size: [%lld, %lld], cells: [%lld, %lld]}\nmaterial: {diffusivity: 1}\ninitial: {temperature: 1}\n%s"
      "time: {end: 1}\n",
      (long long)trial.cells[HEAT_X], (long long)trial.cells[HEAT_Y], (long long)trial.cells[HEAT_X],
      (long long)trial.cells[HEAT_Y],
      trial.varying ? "regions: [{shape: rectangle, min: [0, 0], max: [1, 1], diffusivity: 0.5}]\n" : "");
  heat_status status = heat_config_parse(&rig->config, "trial", deck, (size_t)length, NULL, 0);
  if (status.code == HEAT_OK) status = heat_problem_create(&rig->problem, comm, rig->config);
  const int chosen[HEAT_AXES] = {0, 0};
  if (status.code == HEAT_OK) status = heat_grid_create(&rig->grid, comm, &rig->problem, chosen);
  if (status.code != HEAT_OK) return status;
  heat_runtime_create(&rig->runtime, comm);
  status = heat_operator_create(&rig->op, &rig->grid, &rig->runtime, trial.depth, trial.threads);
  if (status.code != HEAT_OK) return status;
  rig->op.plain = trial.plain;
  status = heat_agree(comm, heat_stepper_create(&rig->stepper, &heat_methods[HEAT_METHOD_EULER], &rig->op));
  if (status.code != HEAT_OK) return status;
  fill(rig);
  const double safety = 0.9, forever = 1e15, dt = safety * heat_stepper_limit(&rig->stepper);
  rig->clock = heat_clock_create(0, 0, dt, forever * dt);
  return heat_ok();
}

void heat_rig_destroy(heat_rig *rig) {
  heat_stepper_destroy(&rig->stepper);
  heat_operator_destroy(&rig->op);
  heat_runtime_destroy(&rig->runtime);
  heat_problem_destroy(&rig->problem);
  heat_config_destroy(rig->config);
  *rig = (heat_rig){.step = 0};
}

static int compare_times(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

static double timed(MPI_Comm comm, heat_work work) {
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  work.call(work.context);
  double seconds = MPI_Wtime() - start;
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm);
  return seconds;
}

static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, compare_times);
  return values[count / 2];
}

double heat_measure(MPI_Comm comm, double seconds, heat_work work, const heat_work *yardstick, double *ratio) {
  enum { MOST = 1000, LEAST = 5 };
  double times[MOST], ratios[MOST], spent = 0;
  int count = 0;
  work.call(work.context);
  double before = yardstick != NULL ? timed(comm, *yardstick) : 0;
  for (; count < MOST && (count < LEAST || spent < seconds); count++) {
    times[count] = timed(comm, work);
    spent += times[count];
    if (yardstick == NULL) continue;
    const double after = timed(comm, *yardstick);
    ratios[count] = (before + after) / 2 / times[count];
    before = after;
  }
  if (yardstick != NULL) *ratio = median(ratios, count);
  return median(times, count);
}

void heat_rig_steps(void *context) {
  heat_rig *rig = context;
  heat_stepper_advance(&rig->stepper, &rig->clock, rig->step, rig->step + HEAT_RIG_STEPS);
  rig->step += HEAT_RIG_STEPS;
}

void heat_rig_warm(heat_rig *rig) {
  enum { MOST = 64 };
  for (int n = 0, chosen = 0; n < MOST && !chosen; n++) {
    heat_rig_steps(rig);
    chosen = rig->op.tiling.chosen;
    MPI_Allreduce(MPI_IN_PLACE, &chosen, 1, MPI_INT, MPI_MIN, rig->grid.comm);
  }
}
