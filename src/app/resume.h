/* Where a run begins: in which directory, and from the initial field or from a checkpoint.
 *
 *     heat_resume_choose   where --resume names a checkpoint: it is read
 *     heat_resume_occupy   the directory is made, and locked for this run alone
 *     heat_resume_choose   otherwise: the newest whole checkpoint of the directory is read, if there is one
 *     heat_resume_check    what will be replaced or removed is this run's own; only reads
 *     heat_resume_prepare  what an earlier run left behind is removed, deck.yaml and run.log are written */
#ifndef HEAT2D_RESUME_H
#define HEAT2D_RESUME_H

#include "heat2d/app/setup.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/lock.h"

/* What it works with; all borrowed. */
typedef struct heat_resume_parts {
  heat_runtime *runtime;
  const heat_options *options;
  heat_setup *setup;
  heat_stepper *stepper;
  heat_lock *lock;
  const char *directory;
  heat_status step_refused; /* what is wrong with the step: told after what is wrong with the deck as a whole */
} heat_resume_parts;

typedef struct heat_resume {
  heat_resume_parts parts;
  char checkpoint[HEAT_PATH]; /* that the run goes on from, "": it begins with the initial field */
  bool filled;                /* its field is the stepper's solution already */
  double step_before;         /* s, the last step of the run that this one goes on with; 0: none */
  double read_seconds;        /* that choosing and reading took */
  bool inputs_unknown;        /* the checkpoint does not say what the field files held */
} heat_resume;

/* Local. */
void heat_resume_create(heat_resume *resume, const heat_resume_parts *parts);

/* Make the directory and lock it. One that holds a run is refused unless the options say what to do. HEAT_USAGE,
 * HEAT_IO. Collective. */
heat_status heat_resume_occupy(heat_resume *resume);

/* Decide between the initial field and a checkpoint, and read it into the stepper. `state`: on entry with the dt that
 * the deck asks for; on return that of the step from which the run goes on. HEAT_USAGE, HEAT_DECK when the checkpoint
 * is of another problem, HEAT_IO. Collective. */
heat_status heat_resume_choose(heat_resume *resume, heat_state *state);

/* Refuse to replace or remove what no run wrote, or what this run reads. HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_resume_check(const heat_resume *resume, const heat_state *state);

/* Clean the directory, write the resolved deck, and append what is said to run.log. HEAT_IO. Collective. */
heat_status heat_resume_prepare(const heat_resume *resume, const heat_state *state, const char *deck);

/* The step up to which rows and files of the outputs are kept, -1: none. Local. */
int64_t heat_resume_kept(const heat_resume *resume, const heat_state *state);

bool heat_resume_found(const heat_resume *resume);          /* Whether the run goes on from a checkpoint. Local. */
const char *heat_resume_path(const heat_resume *resume);    /* Of that checkpoint, or "". Local. */
bool heat_resume_inputs_unknown(const heat_resume *resume); /* Whether it keeps no digests of the field files. Local. */
double heat_resume_step_before(const heat_resume *resume);  /* Length of the step that led to it, s; 0: none. Local. */
double heat_resume_seconds(const heat_resume *resume);      /* That choosing and reading it took. Local. */

#endif
