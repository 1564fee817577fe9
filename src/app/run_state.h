/* What can be learnt about a run from its directory: how far it is, whether its processes still exist, and what the
 * batch system knows of its job. Nothing in the directory is changed, and only the answer of the batch system is waited
 * for. */
#ifndef HEAT2D_RUN_STATE_H
#define HEAT2D_RUN_STATE_H

#include "heat2d/base/status.h"

#include <stdint.h>

typedef enum heat_run_kind {
  HEAT_RUN_NONE,     /* there is no such directory, or it has no run */
  HEAT_RUN_STARTING, /* a process has locked the directory, and has not begun to step */
  HEAT_RUN_RUNNING,
  HEAT_RUN_SILENT, /* its files say that it runs, and its process may exist, but status.json is too old */
  HEAT_RUN_KILLED, /* its files say that it runs, but its process does not exist */
  HEAT_RUN_DONE,
  HEAT_RUN_STOPPED, /* ended early, with a checkpoint */
  HEAT_RUN_FAILED
} heat_run_kind;

enum { HEAT_RUN_WORD = 256 };

typedef struct heat_run_state {
  const char *directory; /* borrowed */
  heat_run_kind kind;
  int64_t step, steps; /* -1: not known */
  double time, end;    /* s */
  double percent;
  double rate;   /* updates of cells per second */
  double eta;    /* estimated time to the end, s; NAN: not known */
  double silent; /* time since status.json was last replaced, s */
  int code;      /* exit code of a run that has ended */
  int ranks;
  char reason[HEAT_RUN_WORD]; /* the reason why it ended */
  char
      message[HEAT_STATUS_TEXT]; /* the message with which it ended; for HEAT_RUN_NONE, what the directory is instead */
  char host[HEAT_RUN_WORD], job[HEAT_RUN_WORD];
  const char *job_state;        /* one word from the batch system; "": not known */
  int64_t checkpoint;           /* step of the newest one, -1: none */
  double checkpoint_age;        /* its age, s */
  int windows;                  /* number of jobs of a chain so far; 0: it is no chain */
  char next_job[HEAT_RUN_WORD]; /* id of the next job of that chain; "": none */
  const char *next_state;       /* state of that job in one word; "": not known */
} heat_run_state;

/* The answers of the batch system about jobs, which are used for half a minute. A batch system that does not answer is
 * not asked again for that time. */
typedef struct heat_run_jobs {
  struct heat_run_job *jobs;
  int count;
  double silent_until; /* it is not asked before this time, in seconds of the monotonic clock; 0: it answers */
} heat_run_jobs;
/* Free the answers. Local. */
void heat_run_jobs_destroy(heat_run_jobs *jobs);

/* Find out the state of the run in a directory, which is borrowed. Local. */
heat_run_state heat_run_look(const char *directory, heat_run_jobs *jobs);

/* Return the state in one word: "running", "done", ... Local. */
const char *heat_run_word(heat_run_kind kind);

/* Whether the run may still write something. Local. */
bool heat_run_goes_on(const heat_run_state *state);

/* Return the exit code of `heat2d status` for the run: 0 when it is done, 1 when it goes on, 75 when it can be resumed
 * (stopped or killed), 65 when there is no run, and the run's own code when it failed. Local. */
heat_code heat_run_code(const heat_run_state *state);

#endif
