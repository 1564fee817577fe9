/* The process: communicator, log, timers, provenance. */
#ifndef HEAT2D_RUNTIME_H
#define HEAT2D_RUNTIME_H

#include "heat2d/base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a rank spends its time on; at any instant exactly one of these. */
typedef enum heat_activity { HEAT_STENCIL, HEAT_HALO, HEAT_FILES, HEAT_OTHER, HEAT_ACTIVITIES } heat_activity;

extern const char *const heat_activity_names[HEAT_ACTIVITIES];

typedef struct heat_runtime {
  MPI_Comm comm; /* borrowed */
  int rank, size;
  bool may_thread; /* MPI lets this process have threads beside the one that calls it (MPI_THREAD_FUNNELED) */
  FILE *log;       /* on rank 0: run.log, and until it is opened a memory of what was said so far */
  char *early;     /* that memory */
  size_t early_length;
  bool bar;       /* a progress bar stands in the terminal's current line */
  double started; /* MPI_Wtime at the start */
  int64_t step;   /* at which the run is, for whoever asks */
  heat_activity activity;
  double since;                  /* when it began */
  double spent[HEAT_ACTIVITIES]; /* s */
} heat_runtime;

/* Local. */
void heat_runtime_create(heat_runtime *runtime, MPI_Comm comm);

/* Write what was said so far, and what is said from now on, line by line to `log`, which the runtime owns from here on.
 * Local, on rank 0. */
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

/* Bytes of memory that the processes of this node can still be given: what the system counts as available (all that
 * there is where it does not say), or less where a control group of the batch system leaves less. Local. */
double heat_node_memory(void);

/* What the limits of the control groups leave that `lines` (as in /proc/self/cgroup) names below `root`, versions 1 and
 * 2, pages of files that are not in use not counted as used; infinite where there is no limit. Local. */
double heat_group_memory(FILE *lines, const char *root);

#endif
