/* The steps of a run: which instants they reach and at which of them something is due.
 *
 * Step n ends at anchor_time + (n - anchor_step) dt, so that an instant has the same bits however often the run was
 * stopped; the last step is shortened to end exactly at `end`. Outputs never change such a step: what is due at a time
 * happens at the first step that reaches it.
 *
 * Where the steps follow from error control the clock is free: it is told how far each one came, and its `target` is
 * the instant that the next ones have to end at: `end`, or before that the next one at which something is due. */
#ifndef HEAT2D_CLOCK_H
#define HEAT2D_CLOCK_H

#include "heat2d/deck/config.h"

typedef struct heat_clock {
  double anchor_time, dt, end; /* s */
  int64_t anchor_step;
  int64_t last;          /* the step that reaches `end`; INT64_MAX while a free clock has not come to it */
  bool free;             /* the anchor is the latest step, which began at `before` and took dt */
  double before, target; /* s */
} heat_clock;

/* From `step` at `time` with steps of dt > 0 to `end` (nothing to do where time >= end). Local. */
heat_clock heat_clock_create(double time, int64_t step, double dt, double end);

/* A free one at `step` and `time`, with dt the length of the step that led there, 0: none. Local. */
heat_clock heat_clock_create_free(double time, int64_t step, double dt, double end);

/* A free clock has come to `time` with the next step. Local. */
void heat_clock_reach(heat_clock *clock, double time);

/* Let the target of a free clock be no later than the next instant at which `cadence` is due by simulated time. Local.
 */
void heat_clock_aim(heat_clock *clock, heat_cadence cadence);

/* The time that step n reaches; of a free clock, n is the latest step. Local. */
double heat_clock_time(const heat_clock *clock, int64_t n);

/* Whether the steps end at the instant at which they begin, as the one solve for a steady state at t = 0 does. Local.
 */
bool heat_clock_stands(const heat_clock *clock);

/* The length of the step from n to n + 1. Local. */
double heat_clock_step(const heat_clock *clock, int64_t n);

/* Whether the last step is shorter than dt, so that its end is no instant of a longer run. Local. */
bool heat_clock_short(const heat_clock *clock);

/* The first step after n (of a free clock by steps alone) at which `cadence` is due by simulated time or by steps; last
 * + 1 when none is. Local. */
int64_t heat_clock_next(const heat_clock *clock, heat_cadence cadence, int64_t n);

/* Whether `cadence` is due at step n; the first and the last step always are. Local. */
bool heat_clock_due(const heat_clock *clock, heat_cadence cadence, int64_t n);

#endif
