/* Speed of the parts of a run, on grids made for the purpose: what `bench` shows and `check` predicts with. Private. */
#ifndef HEAT2D_MEASURE_H
#define HEAT2D_MEASURE_H

#include "heat2d/numerics/stepper.h"

/* A grid without sources and with insulated sides. */
typedef struct heat_trial {
  int64_t cells[HEAT_AXES];
  bool varying; /* material */
  bool plain;   /* one stage after the other in plain loops and whole arrays */
  int threads, depth;
} heat_trial;

typedef struct heat_rig {
  heat_trial trial;
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_stepper stepper;
  heat_clock clock;
  int64_t step;
} heat_rig;

/* Bring one to life with numbers in it. HEAT_DECK (more ranks than cells), HEAT_IO. Collective over comm. */
heat_status heat_rig_create(heat_rig *rig, MPI_Comm comm, heat_trial trial);
void heat_rig_destroy(heat_rig *rig);

typedef struct heat_work {
  void (*call)(void *context);
  void *context;
} heat_work;

/* Work that is timed: it is called again and again, for about `seconds`, after a first time that is not counted.
 * Returns the median of what one call took on the slowest rank, s. With a `yardstick` (NULL: none) that is called
 * before and after each, *ratio becomes the median of how long it took as a part of what the work did: processors
 * change their speed from one second to the next. Collective over comm. */
double heat_measure(MPI_Comm comm, double seconds, heat_work work, const heat_work *yardstick, double *ratio);

/* Steps that one call of heat_rig_steps does, for heat_measure; context is the rig. Collective. */
enum { HEAT_RIG_STEPS = HEAT_CHAIN };
void heat_rig_steps(void *rig);

/* Try the shapes of tiles until one is chosen. Collective. */
void heat_rig_warm(heat_rig *rig);

#endif
