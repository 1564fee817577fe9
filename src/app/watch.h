/* The poll: what the ranks of a run agree on between two steps, at the same step on all ranks. They agree on failures
 * of any rank, on requests to stop or to write something at once, on the time that is left, on whether a checkpoint is
 * due by minutes or has been written, and on whether the directory still belongs to this run. All of this takes two
 * small reductions about twice a second. */
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
  const char *directory;  /* in which files with requests are looked for, borrowed; NULL: none so far */
  int64_t asked_for;      /* step of a requested checkpoint that has not been reported as whole; -1: none */
  unsigned requests;      /* found at the last poll: bit n is set for request n */
  double asked;           /* MPI_Wtime of the latest look for requests between two polls */
  int64_t poll_interval;  /* steps between two polls */
  double slowest_steps;   /* longest time of the steps between two polls on the slowest rank, s */
  bool odd_interval;      /* the last interval took much longer than any before it */
  double output_seconds;  /* that outputs have taken since the last poll, s */
  double slowest_outputs; /* longest time of the outputs between two polls, s */
} heat_watch;

/* Begin to watch. The deadline is options->walltime seconds after the start of the process, or that of the batch system
 * where it is 0; a member of a sweep has the deadline of the sweep. Local. */
void heat_watch_create(heat_watch *watch, heat_runtime *runtime, heat_lock *lock, const heat_options *options);

/* From now on look for requests in the directory: a file STOP asks the run to stop, and the other files are those of
 * request.h. A directory or a link named STOP is no request, and other requests from before this run are not obeyed; a
 * message says so. Only rank 0 does something. The directory is borrowed. HEAT_IO. Local. */
heat_status heat_watch_directory(heat_watch *watch, const char *directory);

/* The steps since the last poll, as measured on this rank. */
typedef struct heat_interval {
  int64_t steps;
  double seconds;
  bool whole; /* the state after these steps is complete; after a failed poll: on all ranks, so that it can be saved */
} heat_interval;

/* The poll: agree on `status`, on requests, and on whether a checkpoint is due, and finish a checkpoint that has been
 * written. Returns the agreed status. Collective. */
heat_status heat_watch_poll(heat_watch *watch, heat_saver *saver, heat_status status, heat_interval *interval);

/* Whether this rank finds a reason to stop between two polls, for example during a long solve. It looks about twice a
 * second. Local. */
bool heat_watch_asks_now(heat_watch *watch, const heat_saver *saver);

/* The number of steps that may be done before the next poll. Local. */
int64_t heat_watch_interval(const heat_watch *watch);

/* The reason to stop on which the ranks agreed at the last poll. Local. */
heat_stop_reason heat_watch_reason(const heat_watch *watch);

/* Whether a request was found at the last poll. Local. */
bool heat_watch_requested(const heat_watch *watch, heat_request request);

/* At the end of a run: remove requests that came too late, with a message that says `why` they are not obeyed. Only
 * rank 0 does something. Local. */
void heat_watch_refuse(const heat_watch *watch, const char *why);

/* Add to the time that outputs have taken since the last poll, in s. Local. */
void heat_watch_count_outputs(heat_watch *watch, double seconds);

/* The longest time that the steps between two polls, or the outputs between two polls, have taken, in s. Local. */
double heat_watch_slowest(const heat_watch *watch);

/* Remove a file STOP, once the request to stop has been obeyed. Local, called on rank 0. */
void heat_watch_obeyed(const heat_watch *watch);

#endif
