/* Requests to stop early: signals, the walltime, a file STOP in the output directory. */
#ifndef HEAT2D_STOP_H
#define HEAT2D_STOP_H

#include "heat2d/base/status.h"

/* In the order in which a reason is named when there are several. */
typedef enum heat_stop_reason {
  HEAT_STOP_NONE,
  HEAT_STOP_FILE,
  HEAT_STOP_SWEEP, /* the file STOP of the sweep that the run is a member of */
  HEAT_STOP_DEADLINE,
  HEAT_STOP_SIGNAL
} heat_stop_reason;

typedef struct heat_stop {
  double deadline;       /* MPI_Wtime at which the job ends; infinite: never */
  double looked;         /* MPI_Wtime of the last look at the deadline */
  char file[HEAT_PATH];  /* its presence asks for a stop, once */
  char sweep[HEAT_PATH]; /* the same for all members of a sweep, which removes it; "": there is none */
} heat_stop;

/* Set the deadline: `walltime` seconds after `started`, or after HEAT2D_WINDOW_BEGAN (seconds since the epoch), by
 * which a job script says when it called mpirun, where that is earlier; or, where that is 0, what the batch system
 * leaves to the job that this process belongs to. Rank 0 acts. Local. */
void heat_stop_set_deadline(heat_stop *stop, int rank, double started, double walltime);

/* Whether this process has been stopped and continued since the last look, as when the scheduler suspends a job. What
 * was timed meanwhile says nothing. Local. */
bool heat_stop_continued(void);

/* The job has stood still, and the scheduler's clock perhaps with it: ask it anew how much time is left. It is believed
 * as far as the time since the last look goes, as its count of the time used may be old. Rank 0 acts. Local. */
void heat_stop_ask_again(heat_stop *stop, int rank);

/* The run has obeyed: remove the file, so that the next run is not stopped by it. Local. */
void heat_stop_obeyed(const heat_stop *stop);

/* Notice when this process is stopped and continued, and let a limit on the size of files be told by the write that
 * fails. Signals that ask for a stop still end the process: while a run is being set up, on storage that may not
 * answer, nothing is lost by that. Local. */
void heat_stop_prepare(void);

/* From now on catch SIGTERM, SIGUSR1, SIGUSR2 and SIGINT, to be asked for; a second SIGINT ends the process at once.
 * For the time when somebody asks. Local. */
void heat_stop_install(void);

/* What asks for a stop as this rank sees it (deadline and file: rank 0 only looks), when `needed` seconds must be left
 * for what still has to be done. Asks the scheduler again where this process was stopped meanwhile. Local. */
heat_stop_reason heat_stop_asked(heat_stop *stop, int rank, double needed);

/* "SIGTERM", "the walltime", ... Local. */
const char *heat_stop_text(heat_stop_reason reason);

#endif
