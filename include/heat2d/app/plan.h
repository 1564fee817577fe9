/* What a run will do and cost, before it does it. */
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
  int depth, threads;   /* of the halo; for each rank */
  int ranks;            /* those planned for */
  bool copies;          /* checkpoints are written from a copy, while the steps go on */
  double unseen;        /* share of the cells that the limits are not known from */
  int64_t steady_steps; /* after which the run will be steady, and end; 0: not before its last step */
  double rate;          /* cell updates per second of all ranks, or 0: not measured */
  double work; /* updates of all cells that error control or solves are worth, as foreseen; 0: the steps are counted */
  double file_seconds, start_seconds; /* beside the steps */
} heat_plan;

/* Bytes that the rank with the largest block allocates for the grid. Local. */
double heat_plan_memory(const heat_plan *plan);
/* Bytes more that a rank needs while a checkpoint is written from a copy; 0 when none is due before the end. Local. */
double heat_plan_copy(const heat_plan *plan);

/* Bytes of the field in a snapshot that is not compressed. Local. */
double heat_plan_snapshot(const heat_plan *plan);

/* How often pictures are due: output.images.every, and where that is left out as output.every; never without
 * output.images. Local. */
heat_cadence heat_plan_images(const heat_config *config);

/* How many files of different instants are due in the whole run, those of the first and the last step included; of
 * steps by error control nobody knows how many there will be, so what is due by steps does not count. Local. */
double heat_plan_occurrences(const heat_clock *clock, heat_cadence cadence);

/* Refuse a run of more snapshots, pictures or checkpoints than output.max_files. HEAT_DECK. Local. */
heat_status heat_plan_check_files(const heat_config *config, const heat_clock *clock);

/* The plan as lines of text, to be freed; NULL when memory is exhausted. Local. */
char *heat_plan_text(const heat_plan *plan);

#endif
