/* What the batch system knows of a job: its state (PBS and Slurm) and the time that it has left (PBS, Slurm, LSF and
 * Flux). All functions are Local and are called by rank 0 only. Each takes at most 10 s per command that it asks. */
#ifndef HEAT2D_SCHEDULER_H
#define HEAT2D_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Find the seconds of walltime that this job has left. PBS tells its limit and the time used, which does not grow while
 * the job is suspended. If `wall` is true, the time used is at least the time since the job's start, because PBS
 * updates its own count with a delay. Slurm tells the end of the job in SLURM_JOB_END_TIME, LSF through bjobs, Flux
 * through `flux job timeleft`. Returns false outside of a job, or when the scheduler does not answer. */
bool heat_scheduler_remaining(bool wall, double *seconds);

/* Find the same in the text that `qstat -f` prints, at the time `now` (seconds since the epoch). It is a function of
 * its own so that tests need no qstat. */
bool heat_scheduler_parse(FILE *qstat, bool wall, int64_t now, double *seconds);

typedef enum heat_job_state { HEAT_JOB_UNKNOWN, HEAT_JOB_PRESENT, HEAT_JOB_GONE } heat_job_state;

/* Find out whether a job still is in the batch system (queued, running or suspended). A job that is still listed but
 * has ended (state F or C, or X for a member of an array) is HEAT_JOB_GONE. HEAT_JOB_UNKNOWN means that the batch
 * system did not answer. */
heat_job_state heat_scheduler_job(const char *job);

/* Find out the same, and describe the state in one word: queued, held, waiting, running, suspended, moving, ending,
 * ended, or "" without an answer. If there is no qstat, Slurm's squeue is asked. */
heat_job_state heat_scheduler_ask(const char *job, const char **word);

#endif
