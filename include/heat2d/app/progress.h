/* How far a run is: a bar at a terminal, plain lines elsewhere, and status.json. Rank 0 acts; all Local. */
#ifndef HEAT2D_PROGRESS_H
#define HEAT2D_PROGRESS_H

#include "heat2d/base/runtime.h"
#include "heat2d/numerics/clock.h"

typedef enum heat_progress_mode {
  HEAT_PROGRESS_AUTO, /* a bar where rank 0 (or the mpirun above it) writes to a terminal, lines elsewhere */
  HEAT_PROGRESS_BAR,
  HEAT_PROGRESS_PLAIN,
  HEAT_PROGRESS_NONE
} heat_progress_mode;

/* What this process's time went to, for status.json. */
typedef struct heat_progress_times {
  double read;    /* s that reading the checkpoint took */
  double stepped; /* when the last step was done, MPI_Wtime; 0: not yet */
  double slowest; /* of what is done between two looks at requests to stop: steps, a checkpoint, outputs; s */
} heat_progress_times;

typedef struct heat_progress {
  heat_runtime *runtime; /* borrowed */
  heat_clock clock;
  double cells; /* of the grid */
  heat_progress_mode mode;
  int columns;            /* of the terminal */
  char path[HEAT_PATH];   /* of status.json */
  int64_t first;          /* step at which this process took over */
  double first_time;      /* its time, s */
  double began;           /* when, MPI_Wtime */
  double next_line, pace; /* when the next plain line is due, and how far apart they are, s */
  double next_bar, next_status;
  int64_t said; /* the step of the latest plain line */
  heat_progress_times times;
  double saved; /* when the last checkpoint was done, MPI_Wtime; 0: not yet */
} heat_progress;

/* What there is to show. */
typedef struct heat_progress_subject {
  heat_runtime *runtime; /* borrowed */
  heat_clock clock;
  double cells;     /* of the grid */
  int64_t step;     /* at which this process takes over */
  const char *path; /* of status.json */
  heat_progress_mode mode;
} heat_progress_subject;

/* Begin to show it; nothing is written yet. */
void heat_progress_create(heat_progress *progress, const heat_progress_subject *subject);

/* What the next status.json says of the times, and of the last checkpoint (`at`: MPI_Wtime when it was done). */
void heat_progress_set_times(heat_progress *progress, const heat_progress_times *times);
void heat_progress_set_saved(heat_progress *progress, double at);

/* Steps by error control have come as far as this clock. Local. */
void heat_progress_set_clock(heat_progress *progress, const heat_clock *clock);

/* Step `step` is done. HEAT_IO when status.json cannot be replaced. */
heat_status heat_progress_update(heat_progress *progress, int64_t step);

/* How a run ended. */
typedef struct heat_run_end {
  const char *state;   /* done, stopped, failed */
  const char *reason;  /* in a word or two: the end, steady, a signal, the walltime, the file STOP, the numbers, ... */
  heat_code code;      /* the exit code */
  const char *message; /* one line, or "" */
} heat_run_end;

/* The run has ended at `step`. Where status.json cannot be replaced, as on a full disk, it is written over. HEAT_IO. */
heat_status heat_progress_finish(heat_progress *progress, int64_t step, const heat_run_end *end);

/* The run ends here and now, on whichever rank and in whichever thread that is: status.json alone. Local. HEAT_IO. */
heat_status heat_progress_abort(const heat_progress *progress, int64_t step, const heat_run_end *end);

#endif
