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
  FILE *log;       /* on rank 0: run.log, or until that is opened a buffer that keeps what was printed so far */
  char *early;     /* that buffer */
  char *further;   /* lines for the standard error below the message of a failure; NULL: none */
  size_t early_length;
  bool quiet;     /* what is said goes into the log alone */
  bool bar;       /* a progress bar stands in the terminal's current line */
  double started; /* MPI_Wtime at the start */
  int64_t step;   /* at which the run is, for messages and for status.json */
  heat_activity activity;
  double since;                  /* when it began */
  double spent[HEAT_ACTIVITIES]; /* s */
} heat_runtime;

/* Start the clock and the timers; on rank 0 also the buffer of what is printed before there is a log. Local. */
void heat_runtime_create(heat_runtime *runtime, MPI_Comm comm);

/* Write to `log` what was printed so far, and from now on each line as it is printed. The runtime owns `log` from here
 * on. Local, on rank 0. */
void heat_runtime_log(heat_runtime *runtime, FILE *log);

/* Flush and close the log. Local. */
void heat_runtime_destroy(heat_runtime *runtime);

/* Print on rank 0's standard output and into the log (printf format; the caller ends lines). Local. */
void heat_runtime_say(heat_runtime *runtime, const char *format, ...) HEAT_PRINTF(2, 3);

/* Switch the timer to another activity; returns the one before, to switch back to. Local. */
heat_activity heat_runtime_enter(heat_runtime *runtime, heat_activity activity);

/* Seconds since the start. Local. */
double heat_runtime_elapsed(const heat_runtime *runtime);

/* The table of activities over the ranks (min, mean, max) and their share of the time. Collective. */
void heat_runtime_report(heat_runtime *runtime);

/* Provenance. Local. */
const char *heat_version(void);     /* "0.1.0 (abc1234)", or "0.1.0" where the commit is not known */
const char *heat_job(void);         /* the batch job's id, or "" outside of one */
void heat_timestamp(char text[32]); /* now, UTC, ISO 8601 */

/* How many of the ranks are on this one's node. Collective. */
int heat_node_ranks(MPI_Comm comm);

/* How many ranks a node has, where they fill node after node, the last of which may have fewer; 0 where they do not.
 * Collective. */
int heat_node_filling(MPI_Comm comm);

/* Bytes of memory that processes of this node can still allocate: what the system reports as available (its physical
 * memory where it reports nothing), or what the batch system's control group leaves, if that is less. Local. */
double heat_node_memory(void);

/* Bytes that the memory limits of control groups leave, versions 1 and 2; infinite where there is no limit. `lines`
 * names the groups as /proc/self/cgroup does, and their files are looked for below `root`. Cached pages of files that
 * are not in use do not count as used. Local. */
double heat_group_memory(FILE *lines, const char *root);

#endif
