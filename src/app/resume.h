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

/* What the beginning of a run needs; all borrowed. */
typedef struct heat_resume_parts {
  heat_runtime *runtime;
  const heat_options *options;
  heat_setup *setup;
  heat_stepper *stepper;
  heat_lock *lock;
  const char *directory;
  heat_status step_refused; /* why time.step is refused; reported only if the deck as a whole is accepted */
} heat_resume_parts;

typedef struct heat_resume {
  heat_resume_parts parts;
  char checkpoint[HEAT_PATH]; /* from which the run is resumed; "": it begins with the initial field */
  bool filled;                /* the field of the checkpoint has been read into the stepper's solution already */
  double step_before;         /* length of the last step of the run that is resumed, s; 0: none */
  double read_seconds;        /* time that choosing and reading took */
  bool inputs_unknown;        /* the checkpoint has no digests of the field files */
} heat_resume;

/* Local. */
void heat_resume_create(heat_resume *resume, const heat_resume_parts *parts);

/* Make the directory and lock it. One that holds a run is refused unless the options say what to do. HEAT_USAGE,
 * HEAT_IO. Collective. */
heat_status heat_resume_occupy(heat_resume *resume);

/* Decide whether the run begins with the initial field or is resumed from a checkpoint, which is then read into the
 * stepper. On entry state->dt is the step that the deck asks for; on return `state` is that of the step at which the
 * run begins. HEAT_USAGE, HEAT_DECK when the checkpoint is of another problem, HEAT_IO. Collective. */
heat_status heat_resume_choose(heat_resume *resume, heat_state *state);

/* Refuse to begin if a file that would be replaced or removed was not written by a run, or is an input of this one.
 * HEAT_USAGE, HEAT_IO. Collective. */
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
