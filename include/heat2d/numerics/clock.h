/* The steps of a run: which instants they reach and at which of them something is due.
 *
 * Step n ends at anchor_time + (n - anchor_step) dt, so that an instant has the same bits however often the run was
 * stopped; the last step is shortened to end exactly at `end`. Outputs never change a step: what is due at a time
 * happens at the first step that reaches it. */
#ifndef HEAT2D_CLOCK_H
#define HEAT2D_CLOCK_H

#include "heat2d/deck/config.h"

typedef struct heat_clock {
  double anchor_time, dt, end; /* s */
  int64_t anchor_step;
  int64_t last; /* the step that reaches `end` */
} heat_clock;

/* From `step` at `time` with steps of dt > 0 to `end` (nothing to do where time >= end). Local. */
heat_clock heat_clock_create(double time, int64_t step, double dt, double end);

/* The time that step n reaches. Local. */
double heat_clock_time(const heat_clock *clock, int64_t n);

/* The length of the step from n to n + 1. Local. */
double heat_clock_step(const heat_clock *clock, int64_t n);

/* Whether the last step is shorter than dt, so that its end is no instant of a longer run. Local. */
bool heat_clock_short(const heat_clock *clock);

/* The first step after n at which `cadence` is due by simulated time or by steps; last + 1 when none is. Local. */
int64_t heat_clock_next(const heat_clock *clock, heat_cadence cadence, int64_t n);

/* Whether `cadence` is due at step n; the first and the last step always are. Local. */
bool heat_clock_due(const heat_clock *clock, heat_cadence cadence, int64_t n);

#endif
