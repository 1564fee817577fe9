/* What the batch system knows of a job: PBS, asked through qstat, and Slurm, its state and the time that is left; LSF
 * and Flux the time that is left. All functions are Local and called by rank 0; each takes at most some seconds. */
#ifndef HEAT2D_SCHEDULER_H
#define HEAT2D_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Seconds of walltime that are left to this job, from its limit and what the scheduler has counted (its clock stands
 * still while the job is suspended). Where `wall` is true, time since the job's start counts at least: the scheduler's
 * own count lags. Slurm says it by SLURM_JOB_END_TIME, LSF by bjobs, Flux by `flux job timeleft`. False outside of a
 * job, or when the scheduler does not say. */
bool heat_scheduler_remaining(bool wall, double *seconds);

/* The same from the text that `qstat -f` prints, at the time `now` (seconds since the epoch). A function of its own so
 * that tests need no qstat. */
bool heat_scheduler_parse(FILE *qstat, bool wall, int64_t now, double *seconds);

typedef enum heat_job_state { HEAT_JOB_UNKNOWN, HEAT_JOB_PRESENT, HEAT_JOB_GONE } heat_job_state;

/* Whether a job still is in the system (queued, running or suspended); HEAT_JOB_UNKNOWN where nobody answers. A job
 * that is still listed, but has ended (states F, C, and X of the members of an array), is gone. */
heat_job_state heat_scheduler_job(const char *job);

/* The same, and what the job is doing in a word: queued, held, waiting, running, suspended, moving, ending, ended, or
 * "" where nobody answers. Where there is no qstat, Slurm's squeue is asked. */
heat_job_state heat_scheduler_ask(const char *job, const char **word);

#endif
