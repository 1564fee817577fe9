/* What a run looks at between its steps, at the same step on all ranks: failures of other ranks, requests to stop or to
 * write something at once, the time that is left, whether a checkpoint is due by minutes or has been written, and
 * whether the directory is still this run's. All of it rides in two small reductions, about twice a second. */
#ifndef HEAT2D_WATCH_H
#define HEAT2D_WATCH_H

#include "heat2d/app/setup.h"
#include "heat2d/app/stop.h"
#include "heat2d/base/runtime.h"
#include "heat2d/io/lock.h"
#include "request.h"
#include "saver.h"

typedef struct heat_watch {
  heat_runtime *runtime; /* borrowed */
  heat_lock *lock;       /* borrowed */
  heat_stop stop;
  heat_stop_reason reason;
  const char *directory;  /* where files ask for something, borrowed; NULL: nowhere yet */
  int64_t asked_for;      /* the step whose checkpoint was requested and has not been said to be whole; -1: none */
  unsigned requests;      /* of the last poll: bit n for request n */
  double asked;           /* MPI_Wtime of the latest look between two polls */
  int64_t poll_interval;  /* steps between two polls */
  double slowest_steps;   /* of an interval on the slowest rank, s */
  bool odd_interval;      /* the last one took much longer than any before it */
  double output_seconds;  /* of the outputs since the last poll */
  double slowest_outputs; /* s */
} heat_watch;

/* Begin to watch: the deadline is options->walltime seconds after the start of the process, 0: as the batch system
 * says; that of a member is the sweep's. Local. */
void heat_watch_create(heat_watch *watch, heat_runtime *runtime, heat_lock *lock, const heat_options *options);

/* From now on a file STOP in the directory asks for a stop, and others for what they name (request.h). A directory or a
 * link called STOP asks for nothing, and requests from before this run are not obeyed: both are said. Rank 0 acts; the
 * directory is borrowed. HEAT_IO. Local. */
heat_status heat_watch_directory(heat_watch *watch, const char *directory);

/* The steps since the last poll, as this rank saw them. */
typedef struct heat_interval {
  int64_t steps;
  double seconds;
  bool whole; /* the state after the last of them is; after a failed poll: on all ranks, and it can be saved */
} heat_interval;

/* Agree on `status`, on requests to stop, and on what the checkpoints need; finish one that has been written.
 * Collective, the status is agreed. */
heat_status heat_watch_poll(heat_watch *watch, heat_saver *saver, heat_status status, heat_interval *interval);

/* Whether anything asks for a stop between two polls, as this rank sees it; it looks about twice a second. Local. */
bool heat_watch_asks_now(heat_watch *watch, const heat_saver *saver);

/* How many steps may be done before the next poll. Local. */
int64_t heat_watch_interval(const heat_watch *watch);

/* What asks for a stop, as agreed on at the last poll. Local. */
heat_stop_reason heat_watch_reason(const heat_watch *watch);

/* Whether that was asked for at the last poll. Local. */
bool heat_watch_requested(const heat_watch *watch, heat_request request);

/* The run is over: requests that came too late are removed, and `why` they are not obeyed is said. Rank 0 acts. Local.
 */
void heat_watch_refuse(const heat_watch *watch, const char *why);

/* Outputs have taken so long since the last poll, s, beside what was counted before. Local. */
void heat_watch_count_outputs(heat_watch *watch, double seconds);

/* The longest that steps between two polls, or outputs, have taken, s. Local. */
double heat_watch_slowest(const heat_watch *watch);

/* The request to stop has been obeyed: a file STOP is removed. Local, on rank 0. */
void heat_watch_obeyed(const heat_watch *watch);

#endif
