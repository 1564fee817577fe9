/* The clock of a run: the times that its steps reach, and at which of them something is due.
 *
 * Step n ends at anchor_time + (n - anchor_step) dt, so that its time has the same bits however often the run was
 * stopped; the last step is shortened to end exactly at `end`. Outputs never change such a step: an output that is due
 * at a certain time is written at the first step that reaches it.
 *
 * With error control the clock is free: it is told the time that each step has reached. Its `target` is the time at
 * which the next steps have to end: `end`, or the next time at which something is due. */
#ifndef HEAT2D_CLOCK_H
#define HEAT2D_CLOCK_H

#include "heat2d/deck/config.h"

typedef struct heat_clock {
  double anchor_time, dt, end; /* s */
  int64_t anchor_step;
  int64_t last;          /* the step that reaches `end`; INT64_MAX as long as a free clock has not reached it */
  bool free;             /* the anchor is the end of the latest step, which began at `before` and had the length dt */
  double before, target; /* s */
} heat_clock;

/* Make a clock that goes from `step` at `time` with steps of dt > 0 to `end`, all in s; there are no steps if time >=
 * end. Local. */
heat_clock heat_clock_create(double time, int64_t step, double dt, double end);

/* Make a free clock at `step` and `time`, where dt is the length of the step that led there; 0: there was none.
 * Local. */
heat_clock heat_clock_create_free(double time, int64_t step, double dt, double end);

/* Tell a free clock that the next step has reached `time`. Local. */
void heat_clock_reach(heat_clock *clock, double time);

/* Make the target of a free clock no later than the next time at which `cadence` is due by simulated time. Local. */
void heat_clock_aim(heat_clock *clock, heat_cadence cadence);

/* Return the time that step n reaches, s; for a free clock, n has to be the latest step. Local. */
double heat_clock_time(const heat_clock *clock, int64_t n);

/* Whether the end is the time at which the clock begins, as for the solve for a steady state at t = 0. Local. */
bool heat_clock_stands(const heat_clock *clock);

/* Return the length of the step from n to n + 1, s. Local. */
double heat_clock_step(const heat_clock *clock, int64_t n);

/* Whether the last step is shorter than dt, so that a run with a later end would not reach its time. Local. */
bool heat_clock_short(const heat_clock *clock);

/* Return the first step after n at which `cadence` is due by simulated time or by steps (for a free clock by steps
 * only); last + 1 if there is none. Local. */
int64_t heat_clock_next(const heat_clock *clock, heat_cadence cadence, int64_t n);

/* Whether `cadence` is due at step n; it always is at the first and the last step. Local. */
bool heat_clock_due(const heat_clock *clock, heat_cadence cadence, int64_t n);

#endif
