/* A run: owns everything from the deck to the files, and the time loop. */
#ifndef HEAT2D_SIMULATION_H
#define HEAT2D_SIMULATION_H

#include "heat2d/checkpoint.h"
#include "heat2d/frame.h"
#include "heat2d/lock.h"
#include "heat2d/plan.h"
#include "heat2d/probe.h"
#include "heat2d/progress.h"
#include "heat2d/snapshot.h"
#include "heat2d/steady.h"
#include "heat2d/stop.h"

typedef struct heat_options {
  const char *deck;
  const char **sets; /* "key=value" */
  int set_count;
  bool resume, overwrite, force_unlock;
  const char *resume_file; /* NULL: the newest valid checkpoint of the output directory */
  double walltime;         /* s; 0: no limit */
  heat_progress_mode progress;
} heat_options;

/* Run the deck to its end. HEAT_OK, HEAT_STOPPED (with a checkpoint written), or the failure. Collective over the
 * runtime's communicator. */
heat_status heat_simulation_run(heat_runtime *runtime, const heat_options *options);

/* Validate the deck as `run` would, print the resolved deck and, as comments, the plan for `ranks` ranks (0: those that
 * there are). Writes no file. Collective. */
heat_status heat_simulation_check(heat_runtime *runtime, const heat_options *options, int ranks);

#endif
