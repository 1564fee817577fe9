/* What a run will do and cost, before it does it. */
#ifndef HEAT2D_PLAN_H
#define HEAT2D_PLAN_H

#include "heat2d/clock.h"
#include "heat2d/operator.h"
#include "heat2d/stepper.h"

typedef struct heat_plan {
  const heat_grid *grid; /* borrowed */
  const heat_method *method;
  heat_clock clock;
  heat_limits limits; /* of its steps */
  int depth, threads; /* of the halo; for each rank */
  int ranks;          /* those planned for */
  bool copies;        /* checkpoints are written from a copy, while the steps go on */
  double rate;        /* cell updates per second of all ranks, or 0: not measured */
} heat_plan;

/* Bytes that the rank with the largest block allocates for the grid. Local. */
double heat_plan_memory(const heat_plan *plan);
/* Bytes more that a rank needs while a checkpoint is written from a copy; 0 when none is due before the end. Local. */
double heat_plan_copy(const heat_plan *plan);

/* How often pictures are due: output.images.every, and where that is left out as output.every; never without
 * output.images. Local. */
heat_cadence heat_plan_images(const heat_config *config);

/* The plan as lines of text, to be freed; NULL when memory is exhausted. Local. */
char *heat_plan_text(const heat_plan *plan);

/* Cell updates per second of steps on a block of the size that each of `ranks` ranks has (at most some MiB), without
 * sources, summed over the ranks of comm and scaled to `ranks`; takes about 0.2 s. HEAT_IO when memory is exhausted.
 * Collective over the grid's communicator. */
heat_status heat_plan_measure(heat_plan *plan);

#endif
