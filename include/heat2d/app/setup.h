/* From a deck to a problem, a grid and a method: the part that `run` and `check` have in common. No file is written. */
#ifndef HEAT2D_SETUP_H
#define HEAT2D_SETUP_H

#include "heat2d/app/outcome.h"
#include "heat2d/app/progress.h"
#include "heat2d/app/stop.h"
#include "heat2d/base/runtime.h"
#include "heat2d/deck/members.h"
#include "heat2d/io/mpio.h"
#include "heat2d/numerics/stepper.h"

/* A run that is a member of a sweep. */
typedef struct heat_member {
  const heat_config *config; /* borrowed: of the sweep */
  int64_t index;
  heat_stop stop;          /* the deadline and the file STOP of the sweep */
  double memory;           /* bytes that the ranks of a member may use on this node; 0: all that is available */
  heat_stop_reason reason; /* why the member was stopped; set by the run */
} heat_member;

/* The command line of `run` and `check`. */
typedef struct heat_options {
  const char *deck;
  const char **sets; /* "key=value" */
  int set_count;
  bool resume, overwrite, force_unlock;
  const char *resume_file; /* NULL: the newest valid checkpoint of the output directory */
  double walltime;         /* s; 0: no limit */
  heat_progress_mode progress;
  heat_outcome *outcome; /* borrowed; set to the results of a run that reaches its end; NULL: not wanted */
  heat_member *member;   /* borrowed; NULL: a run by itself */
} heat_options;

/* The estimated work of the methods among which the program chooses. It is not estimated if the deck names an explicit
 * method. */
typedef struct heat_choice {
  bool asked;                 /* the deck leaves the method to the program */
  double steps[HEAT_METHODS]; /* estimated number of steps; 0: not estimated */
  double work[HEAT_METHODS];  /* estimated number of updates of all cells */
} heat_choice;

typedef struct heat_setup {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  const heat_method *method;
  heat_choice choice;
  int planned_ranks; /* number of ranks for which `check` plans; 0: the ranks that are running */
  int depth, threads;
  heat_h5_way way;     /* how all ranks write and read files */
  int tile[HEAT_AXES]; /* columns and rows of tiles; 0: chosen by trials */
  bool adapts;         /* steps are chosen by error control */
} heat_setup;

/* Load the deck of the options, or that of their member of a sweep. If the deck is wrong the status has its first
 * fault, and the others are left in runtime->further. HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_setup_load(heat_config **config, heat_runtime *runtime, const heat_options *options);

/* Load the deck and make the problem and the grid, for `ranks` ranks or, where that is 0, for those that are running.
 * HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_setup_create(heat_setup *setup, heat_runtime *runtime, const heat_options *options, int ranks);
void heat_setup_destroy(heat_setup *setup); /* Local. */

/* Use this method of the table, and choose the depth of the halo for it if the deck does not give one. Local. */
void heat_setup_set_method(heat_setup *setup, int method);

/* Choose the method with the least work if time.method and time.step are `auto`, given the bounds over all cells (see
 * choice.c). The choice depends on the deck alone, never on a measured time. HEAT_IO when memory is exhausted. Local.
 */
heat_status heat_setup_choose(heat_setup *setup, heat_bounds bounds);

/* Estimate the work of a run, as a number of updates of all its cells, from its deck and the bounds over its cells. The
 * estimate does not know of jumps and kinks in time of sides and sources. Local. */
double heat_choice_foresee(const heat_config *config, heat_bounds bounds);

/* Describe the choice and its alternatives, or the alternatives to an implicit method of the deck, in one line of at
 * most `limit` characters; an empty text if there is nothing to describe. Local. */
void heat_setup_describe_choice(const heat_setup *setup, char *text, size_t limit);

/* Whether the run is one solve for the steady state. Local. */
bool heat_setup_steady(const heat_setup *setup);

/* The clock of a run that is at `step` and `time`, and whose steps of length dt are counted from an anchor (see
 * clock.h); and the clock of a whole run from step 0 on. Members that do not matter for error control, or for a steady
 * state, are not read. Local. */
typedef struct heat_start {
  int64_t step, anchor_step;
  double time, anchor_time, dt;
} heat_start;
heat_clock heat_setup_clock_from(const heat_setup *setup, heat_start start);
heat_clock heat_setup_clock(const heat_setup *setup, double dt);

/* Find the length of a step, in s, or 0 for error control, given the limits of the method. It replaces `auto` in the
 * resolved deck. HEAT_DECK, naming the limit, when the deck's step is unstable or there would be too many steps. Local.
 */
heat_status heat_setup_step(heat_setup *setup, heat_limits limits, double *dt);

#endif
