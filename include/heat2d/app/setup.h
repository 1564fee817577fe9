/* From a deck to an operator: what `run` and `check` have in common, before any file is written. */
#ifndef HEAT2D_SETUP_H
#define HEAT2D_SETUP_H

#include "heat2d/app/progress.h"
#include "heat2d/base/runtime.h"
#include "heat2d/io/mpio.h"
#include "heat2d/numerics/stepper.h"

/* What the command line of `run` and `check` says. */
typedef struct heat_options {
  const char *deck;
  const char **sets; /* "key=value" */
  int set_count;
  bool resume, overwrite, force_unlock;
  const char *resume_file; /* NULL: the newest valid checkpoint of the output directory */
  double walltime;         /* s; 0: no limit */
  heat_progress_mode progress;
} heat_options;

typedef struct heat_setup {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  const heat_method *method;
  int depth, threads;
  heat_h5_way way;     /* how files are written and read by all ranks */
  int tile[HEAT_AXES]; /* columns and rows; 0: measured */
} heat_setup;

/* Deck, problem and grid. Collective. HEAT_DECK, HEAT_USAGE, HEAT_IO. */
heat_status heat_setup_create(heat_setup *setup, heat_runtime *runtime, const heat_options *options, int ranks);
void heat_setup_destroy(heat_setup *setup);

/* The step that the deck asks for, given how long it may be; replaces `auto` in the resolved deck. HEAT_DECK, naming
 * the limit, when it is unstable or there would be too many. Local. */
heat_status heat_setup_step(heat_setup *setup, heat_limits limits, double *dt);

#endif
