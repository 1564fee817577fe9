/* What a run will do and cost, as far as it is known before the run. */
#ifndef HEAT2D_PLAN_H
#define HEAT2D_PLAN_H

#include "heat2d/numerics/clock.h"
#include "heat2d/numerics/operator.h"
#include "heat2d/numerics/stepper.h"

typedef struct heat_plan {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  const heat_method *method;
  heat_clock clock;
  heat_limits limits;   /* of its steps */
  int depth, threads;   /* layers of the halo; threads of each rank */
  int ranks;            /* number of ranks for which this is the plan */
  bool copies;          /* checkpoints are written from a copy while the steps go on */
  double unseen;        /* fraction of the cells whose values are not taken into account by `limits` */
  int64_t steady_steps; /* number of steps after which the run will end as steady; 0: it will not */
  double rate;          /* cell updates per second of all ranks, or 0: not measured */
  /* Predicted work with error control or for a solve, as a number of updates of all cells; 0: the number of steps is
   * known. */
  double work;
  double file_seconds, start_seconds; /* time for files and for the start, in addition to the steps */
} heat_plan;

/* Return the bytes that the rank with the largest block allocates for the grid. Local. */
double heat_plan_memory(const heat_plan *plan);
/* Return the further bytes that a rank needs while a checkpoint is written from a copy; 0 when none is due before the
 * end. Local. */
double heat_plan_copy(const heat_plan *plan);

/* Return the bytes of the field in a snapshot that is not compressed. Local. */
double heat_plan_snapshot(const heat_plan *plan);

/* Return how often pictures are due: output.images.every, or output.every if that is left out; never without
 * output.images. Local. */
heat_cadence heat_plan_images(const heat_config *config);

/* Return how many files are due in the whole run, including those of the first and the last step. With error control
 * the number of steps is not known, so that files that are due by steps are not counted. Local. */
double heat_plan_occurrences(const heat_clock *clock, heat_cadence cadence);

/* Refuse a run that would write more snapshots, pictures or checkpoints than output.max_files: HEAT_DECK. Local. */
heat_status heat_plan_check_files(const heat_config *config, const heat_clock *clock);

/* Return the plan as lines of text, which have to be freed; NULL when memory is exhausted. Local. */
char *heat_plan_text(const heat_plan *plan);

#endif
