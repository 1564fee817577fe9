/* The process: communicator, log, timers, provenance. */
#ifndef HEAT2D_RUNTIME_H
#define HEAT2D_RUNTIME_H

#include "heat2d/base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a rank spends its time on; at any instant exactly one of these. */
typedef enum heat_activity {
  HEAT_STENCIL,
  HEAT_SOLVER,
  HEAT_HALO,
  HEAT_FILES,
  HEAT_OTHER,
  HEAT_ACTIVITIES
} heat_activity;

extern const char *const heat_activity_names[HEAT_ACTIVITIES];

typedef struct heat_runtime {
  MPI_Comm comm; /* borrowed */
  int rank, size;
  bool may_thread; /* MPI lets this process have threads beside the one that calls it (MPI_THREAD_FUNNELED) */
  FILE *log;       /* on rank 0: run.log, or, until that is opened, a buffer that keeps what was printed so far */
  char *early;     /* that buffer */
  char *further;   /* lines that follow the message of a failure on the standard error; NULL: none */
  size_t early_length;
  bool quiet;     /* heat_runtime_say writes to the log only */
  bool bar;       /* a progress bar stands in the terminal's current line */
  double started; /* MPI_Wtime at the start */
  int64_t step;   /* the step that the run has reached, for messages and for status.json */
  heat_activity activity;
  double since;                  /* when the current activity began, s */
  double spent[HEAT_ACTIVITIES]; /* on each activity, s */
} heat_runtime;

/* Start the clock and the timers, and on rank 0 the buffer that keeps what is printed before there is a log. Local. */
void heat_runtime_create(heat_runtime *runtime, MPI_Comm comm);

/* Write to `log` what was printed so far, and from now on each line as it is printed. The runtime owns `log` from here
 * on. Local; only rank 0 may call it. */
void heat_runtime_log(heat_runtime *runtime, FILE *log);

/* Flush and close the log. Local. */
void heat_runtime_destroy(heat_runtime *runtime);

/* Print on rank 0's standard output and into the log; other ranks do nothing. `format` is a printf format, and the
 * caller ends lines with "\n". Local. */
void heat_runtime_say(heat_runtime *runtime, const char *format, ...) HEAT_PRINTF(2, 3);

/* Switch the timer to another activity, and return the previous one so that the caller can switch back. Local. */
heat_activity heat_runtime_enter(heat_runtime *runtime, heat_activity activity);

/* Return the seconds since heat_runtime_create. Local. */
double heat_runtime_elapsed(const heat_runtime *runtime);

/* Print a table with the time of each activity (minimum, mean and maximum over the ranks, s) and its share of the
 * total. Collective over the runtime's communicator. */
void heat_runtime_report(heat_runtime *runtime);

/* What a file says of its origin. All Local. */
const char *heat_version(void);     /* "0.1.0 (abc1234)", or "0.1.0" where the commit is not known */
const char *heat_job(void);         /* the batch job's id, or "" outside of one */
void heat_timestamp(char text[32]); /* now, UTC, ISO 8601 */

/* Return how many ranks of `comm` are on this rank's node. Collective over comm. */
int heat_node_ranks(MPI_Comm comm);

/* Return how many ranks each node has, if ranks are numbered node after node and all nodes but the last have the same
 * number of them; 0 if not. Collective over comm. */
int heat_node_filling(MPI_Comm comm);

/* Return the bytes of memory that processes of this node can still allocate: what the system reports as available (its
 * physical memory if it reports nothing), or what the control group of the batch system leaves, if that is less.
 * Local. */
double heat_node_memory(void);

/* Return the bytes that the memory limits of Linux control groups (version 1 or 2) leave, or infinity without a limit.
 * `lines` names the groups in the format of /proc/self/cgroup, and their files are looked for below `root`. Cached
 * pages of files that are not in use do not count as used. Local. */
double heat_group_memory(FILE *lines, const char *root);

#endif
