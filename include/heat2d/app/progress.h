/* Shows how far a run is: by a bar at a terminal, by plain lines elsewhere, and in status.json. Only rank 0 does
 * something. All functions are Local. */
#ifndef HEAT2D_PROGRESS_H
#define HEAT2D_PROGRESS_H

#include "heat2d/base/runtime.h"
#include "heat2d/numerics/clock.h"

typedef enum heat_progress_mode {
  HEAT_PROGRESS_AUTO, /* a bar if rank 0, or the mpirun that started it, writes to a terminal; otherwise lines */
  HEAT_PROGRESS_BAR,
  HEAT_PROGRESS_PLAIN,
  HEAT_PROGRESS_NONE
} heat_progress_mode;

/* Times of this process that status.json contains. */
typedef struct heat_progress_times {
  double read;    /* time for reading the checkpoint, s */
  double stepped; /* MPI_Wtime at the end of the last step; 0: no step has been done */
  double slowest; /* longest time between two polls for requests to stop: steps, a checkpoint, outputs; s */
} heat_progress_times;

typedef struct heat_progress {
  heat_runtime *runtime; /* borrowed */
  heat_clock clock;
  double cells; /* of the grid */
  heat_progress_mode mode;
  int columns;            /* of the terminal */
  char path[HEAT_PATH];   /* of status.json */
  int64_t first;          /* step at which this process began */
  double first_time;      /* its time, s */
  double began;           /* MPI_Wtime at which it began */
  double next_line, pace; /* when the next plain line is due, and the time between two of them, s */
  double next_bar, next_status;
  int64_t said; /* step of the latest plain line */
  heat_progress_times times;
  double saved; /* MPI_Wtime at the end of the last checkpoint; 0: there was none */
} heat_progress;

/* What is shown. */
typedef struct heat_progress_subject {
  heat_runtime *runtime; /* borrowed */
  heat_clock clock;
  double cells;     /* of the grid */
  int64_t step;     /* step at which this process begins */
  const char *path; /* of status.json */
  heat_progress_mode mode;
} heat_progress_subject;

/* Write a duration as M:SS or H:MM:SS, or "?" if it is negative. */
void heat_progress_duration(char text[32], double seconds);

/* Set up the display; nothing is written yet. */
void heat_progress_create(heat_progress *progress, const heat_progress_subject *subject);

/* Set the times, and the end of the last checkpoint (`at`, an MPI_Wtime), for the next status.json. */
void heat_progress_set_times(heat_progress *progress, const heat_progress_times *times);
void heat_progress_set_saved(heat_progress *progress, double at);

/* Set the clock, which changes from step to step with error control. */
void heat_progress_set_clock(heat_progress *progress, const heat_clock *clock);

/* Show that step `step` is done, if a line, a bar or status.json is due. HEAT_IO when status.json cannot be
 * replaced. */
heat_status heat_progress_update(heat_progress *progress, int64_t step);

/* How a run ended. */
typedef struct heat_run_end {
  const char *state; /* done, stopped, failed */
  const char
      *reason;    /* in one or two words: the end, steady, a signal, the walltime, the file STOP, the numbers, ... */
  heat_code code; /* the exit code */
  const char *message; /* one line, or "" */
} heat_run_end;

/* Show that the run has ended at `step`. If status.json cannot be replaced, for example because the disk is full, the
 * old file is overwritten. HEAT_IO. */
heat_status heat_progress_finish(heat_progress *progress, int64_t step, const heat_run_end *end);

/* Write to status.json only that the run ends at once. Any rank and any thread may call this. HEAT_IO. */
heat_status heat_progress_abort(const heat_progress *progress, int64_t step, const heat_run_end *end);

#endif
