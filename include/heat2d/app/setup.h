/* From a deck to an operator: what `run` and `check` have in common, before any file is written. */
#ifndef HEAT2D_SETUP_H
#define HEAT2D_SETUP_H

#include "heat2d/app/outcome.h"
#include "heat2d/app/progress.h"
#include "heat2d/app/stop.h"
#include "heat2d/base/runtime.h"
#include "heat2d/deck/members.h"
#include "heat2d/io/mpio.h"
#include "heat2d/numerics/stepper.h"

/* A run that is one of several of a sweep, in place of one of its own deck. */
typedef struct heat_member {
  const heat_config *config; /* borrowed: of the sweep */
  int64_t index;
  heat_stop stop;          /* by what the sweep is stopped: its deadline, and its file STOP */
  double memory;           /* bytes that the ranks of a member may take on this node; 0: what is available */
  heat_stop_reason reason; /* by what the member was stopped, once it was */
} heat_member;

/* What the command line of `run` and `check` says. */
typedef struct heat_options {
  const char *deck;
  const char **sets; /* "key=value" */
  int set_count;
  bool resume, overwrite, force_unlock;
  const char *resume_file; /* NULL: the newest valid checkpoint of the output directory */
  double walltime;         /* s; 0: no limit */
  heat_progress_mode progress;
  heat_outcome *outcome; /* borrowed: what a run that reaches its end ends with; NULL: nobody asks */
  heat_member *member;   /* borrowed; NULL: a run by itself */
} heat_options;

/* What the methods that the program chooses from would take; not looked at where the deck names an explicit one. */
typedef struct heat_choice {
  bool asked;                 /* the deck leaves it to the program */
  double steps[HEAT_METHODS]; /* about how many; 0: not looked at */
  double work[HEAT_METHODS];  /* updates of all cells */
} heat_choice;

typedef struct heat_setup {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  const heat_method *method;
  heat_choice choice;
  int planned_ranks; /* that a plan is for; 0: those that there are */
  int depth, threads;
  heat_h5_way way;     /* how files are written and read by all ranks */
  int tile[HEAT_AXES]; /* columns and rows; 0: measured */
  bool adapts;         /* the steps follow from error control */
} heat_setup;

/* The deck of the options, or of their member; where it is wrong, its further faults are the runtime's to tell.
 * HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_setup_load(heat_config **config, heat_runtime *runtime, const heat_options *options);

/* Deck, problem and grid. Collective. HEAT_DECK, HEAT_USAGE, HEAT_IO. */
heat_status heat_setup_create(heat_setup *setup, heat_runtime *runtime, const heat_options *options, int ranks);
void heat_setup_destroy(heat_setup *setup); /* Local. */

/* Take this method of the table, and the depth of the halo that goes with it where the deck leaves it open. Local. */
void heat_setup_set_method(heat_setup *setup, int method);

/* Choose the method with the least work where time.method and time.step are `auto`, given the bounds of all cells (see
 * choice.c): by the deck alone, never by a measured time. HEAT_IO (memory). Local. */
heat_status heat_setup_choose(heat_setup *setup, heat_bounds bounds);

/* The work of a run, in updates of all its cells, as far as its deck and bounds of its cells tell: without jumps and
 * turns of its sides and sources. Local. */
double heat_choice_foresee(const heat_config *config, heat_bounds bounds);

/* The choice and its alternatives, or those beside an implicit method of the deck, in a line of text, up to `limit`
 * characters; empty where neither is there. Local. */
void heat_setup_describe_choice(const heat_setup *setup, char *text, size_t limit);

/* Whether the run is one solve for the steady state. Local. */
bool heat_setup_steady(const heat_setup *setup);

/* The clock of a run that is at `step` and `time` and whose steps of dt are counted from an anchor, see clock.h; of a
 * whole run. What does not matter to steps by error control, or to the one of a steady state, is not looked at. Local.
 */
typedef struct heat_start {
  int64_t step, anchor_step;
  double time, anchor_time, dt;
} heat_start;
heat_clock heat_setup_clock_from(const heat_setup *setup, heat_start start);
heat_clock heat_setup_clock(const heat_setup *setup, double dt);

/* The step that the deck asks for (0: error control), given how long it may be; replaces `auto` in the resolved deck.
 * HEAT_DECK, naming the limit, when it is unstable or there would be too many. Local. */
heat_status heat_setup_step(heat_setup *setup, heat_limits limits, double *dt);

#endif
