/* What a run's directory says of it to somebody else: how far it is, whether it still is alive, and what the batch
 * system knows of its job. Nothing in the directory is changed, and nothing is waited for but a batch system's answer.
 */
#ifndef HEAT2D_RUN_STATE_H
#define HEAT2D_RUN_STATE_H

#include "heat2d/base/status.h"

#include <stdint.h>

typedef enum heat_run_kind {
  HEAT_RUN_NONE,     /* the directory holds no run, or there is none */
  HEAT_RUN_STARTING, /* somebody has the directory, and has not begun to step */
  HEAT_RUN_RUNNING,
  HEAT_RUN_SILENT, /* it says that it runs, and its process may live, but it has said nothing for too long */
  HEAT_RUN_KILLED, /* it says that it runs, and does not */
  HEAT_RUN_DONE,
  HEAT_RUN_STOPPED, /* early, with a checkpoint */
  HEAT_RUN_FAILED
} heat_run_kind;

enum { HEAT_RUN_WORD = 256 };

typedef struct heat_run_state {
  const char *directory; /* borrowed */
  heat_run_kind kind;
  int64_t step, steps; /* -1: not known */
  double time, end;    /* s */
  double percent;
  double rate;   /* cells a second */
  double eta;    /* s to the end; NAN: not known */
  double silent; /* s since status.json was replaced */
  int code;      /* exit code of a run that has ended */
  int ranks;
  char reason[HEAT_RUN_WORD];     /* why it ended */
  char message[HEAT_STATUS_TEXT]; /* the line that it ended with; of HEAT_RUN_NONE what is there instead */
  char host[HEAT_RUN_WORD], job[HEAT_RUN_WORD];
  const char *job_state;        /* in a word, by the batch system; "": not known */
  int64_t checkpoint;           /* step of the newest one, -1: none */
  double checkpoint_age;        /* s */
  int windows;                  /* of a chain of jobs, 0: it is none */
  char next_job[HEAT_RUN_WORD]; /* of that chain, "": none */
  const char *next_state;       /* in a word; "": not known */
} heat_run_state;

/* What the batch system has said of jobs, for half a minute; one that does not answer is not asked again for so long.
 */
typedef struct heat_run_jobs {
  struct heat_run_job *jobs;
  int count;
  double silent_until; /* seconds of the monotonic clock; 0: it answers */
} heat_run_jobs;
void heat_run_jobs_destroy(heat_run_jobs *jobs); /* Local. */

/* Look at a directory. Local. */
heat_run_state heat_run_look(const char *directory, heat_run_jobs *jobs);

/* "running", "done", ... Local. */
const char *heat_run_word(heat_run_kind kind);

/* Whether it may still write something. Local. */
bool heat_run_goes_on(const heat_run_state *state);

/* The exit code that stands for it: 0 done, 1 it goes on, 75 it can be resumed (stopped or killed), 65 there is no run,
 * that of a run that failed. Local. */
heat_code heat_run_code(const heat_run_state *state);

#endif
