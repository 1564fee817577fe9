/* Requests to stop early: signals, the walltime, and a file STOP in the output directory. */
#ifndef HEAT2D_STOP_H
#define HEAT2D_STOP_H

#include "heat2d/base/status.h"

/* When there are several reasons, the last one of this list is reported. */
typedef enum heat_stop_reason {
  HEAT_STOP_NONE,
  HEAT_STOP_FILE,
  HEAT_STOP_SWEEP, /* the file STOP of the sweep of which the run is a member */
  HEAT_STOP_DEADLINE,
  HEAT_STOP_SIGNAL
} heat_stop_reason;

typedef struct heat_stop {
  double deadline;       /* MPI_Wtime at which the job ends; infinite: never */
  double looked;         /* MPI_Wtime at which the deadline was last checked */
  char file[HEAT_PATH];  /* if this file exists, one run has to stop */
  char sweep[HEAT_PATH]; /* the same for all members of a sweep, which removes the file; "": there is none */
} heat_stop;

/* Set the deadline: `walltime` seconds after `started` (an MPI_Wtime), or after HEAT2D_WINDOW_BEGAN (seconds since the
 * epoch, with which a job script tells when it called mpirun), whichever is earlier. If `walltime` is 0, the deadline
 * is the end of the job according to the batch system. Only rank 0 does something. Local. */
void heat_stop_set_deadline(heat_stop *stop, int rank, double started, double walltime);

/* Whether this process has been stopped and continued since the last call, which happens when the scheduler suspends a
 * job. Times that were measured meanwhile are meaningless. Local. */
bool heat_stop_continued(void);

/* Ask the scheduler again how much time is left, after the job was suspended and the scheduler's clock perhaps with it.
 * The deadline is moved at most by the time since the last check, because the scheduler's count of the time used may be
 * old. Only rank 0 does something. Local. */
void heat_stop_ask_again(heat_stop *stop, int rank);

/* Remove the file STOP after the run has obeyed it, so that it does not stop the next run. Local. */
void heat_stop_obeyed(const heat_stop *stop);

/* Handle SIGCONT, to notice when this process was suspended, and ignore SIGXFSZ, so that a write beyond a limit on the
 * size of files fails instead of ending the process. Signals that ask for a stop still end the process: while a run is
 * being set up nothing is lost by that, and storage may not answer. Local. */
void heat_stop_prepare(void);

/* From now on catch SIGTERM, SIGUSR1, SIGUSR2 and SIGINT, which heat_stop_asked then reports; a second SIGINT ends the
 * process at once. Local. */
void heat_stop_install(void);

/* Return the reason to stop that this rank knows of, if `needed` seconds must be left before the deadline for what
 * still has to be done. Only rank 0 checks the deadline and the files. The scheduler is asked again if this process was
 * suspended meanwhile. Local. */
heat_stop_reason heat_stop_asked(heat_stop *stop, int rank, double needed);

/* Return the reason in words: "SIGTERM", "the walltime", ... Local. */
const char *heat_stop_text(heat_stop_reason reason);

#endif
