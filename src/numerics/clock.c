#include "heat2d/numerics/clock.h"

#include <float.h>
#include <math.h>

/* Times that are closer than this fraction of a step count as equal: decimal numbers of a deck are not binary
 * fractions, and a time that is very many steps away from zero is itself rounded. */
static double slack_at(double time, double dt) {
  static const double least = 1e-9;
  const double digits = 8 * DBL_EPSILON * fabs(time) / dt;
  return digits > least ? digits : least;
}

heat_clock heat_clock_create(double time, int64_t step, double dt, double end) {
  heat_clock clock = {.anchor_time = time, .anchor_step = step, .dt = dt, .end = end, .last = step};
  const double steps = ceil((end - time) / dt - slack_at(end, dt));
  if (end > time) clock.last = step + (steps > 1 ? (int64_t)steps : 1);
  return clock;
}

heat_clock heat_clock_create_free(double time, int64_t step, double dt, double end) {
  return (heat_clock){.anchor_time = time,
                      .anchor_step = step,
                      .dt = dt,
                      .end = end,
                      .last = time < end ? INT64_MAX : step,
                      .free = true,
                      .before = time - dt,
                      .target = end};
}

void heat_clock_reach(heat_clock *clock, double time) {
  clock->before = clock->anchor_time;
  clock->dt = time - clock->anchor_time;
  clock->anchor_time = time;
  clock->anchor_step++;
  clock->target = clock->end;
  if (time >= clock->end) clock->last = clock->anchor_step;
}

/* The number of multiples of `seconds` in (0, time], including one that differs from `time` by rounding. */
static double multiples(double time, double seconds) {
  const double slack = 1e-12;
  return floor(time * (1 + slack) / seconds);
}

void heat_clock_aim(heat_clock *clock, heat_cadence cadence) {
  if (!(cadence.seconds > 0)) return;
  const double next = (multiples(clock->anchor_time, cadence.seconds) + 1) * cadence.seconds;
  if (next < clock->target) clock->target = next;
}

/* The time at which step n would end without `end`. */
static double lattice_time(const heat_clock *clock, int64_t n) {
  return clock->anchor_time + (double)(n - clock->anchor_step) * clock->dt;
}

bool heat_clock_short(const heat_clock *clock) {
  return !clock->free && clock->last > clock->anchor_step &&
         fabs(lattice_time(clock, clock->last) - clock->end) > slack_at(clock->end, clock->dt) * clock->dt;
}

double heat_clock_time(const heat_clock *clock, int64_t n) {
  return n == clock->last && n > clock->anchor_step ? clock->end : lattice_time(clock, n);
}

bool heat_clock_stands(const heat_clock *clock) {
  return !clock->free && clock->last > clock->anchor_step && clock->end <= clock->anchor_time;
}

double heat_clock_step(const heat_clock *clock, int64_t n) {
  return n + 1 == clock->last && heat_clock_short(clock) ? clock->end - lattice_time(clock, n) : clock->dt;
}

int64_t heat_clock_next(const heat_clock *clock, heat_cadence cadence, int64_t n) {
  int64_t next = clock->free ? INT64_MAX : clock->last + 1;
  if (cadence.steps > 0) {
    const int64_t by_steps = (n / cadence.steps + 1) * cadence.steps;
    if (by_steps < next) next = by_steps;
  }
  if (cadence.seconds > 0 && !clock->free) {
    const double slack = slack_at(lattice_time(clock, n), clock->dt);
    const double reached = floor((lattice_time(clock, n) + slack * clock->dt) / cadence.seconds);
    if (isinf(reached)) return n + 1; /* a step contains more multiples than can be counted */
    const double due = (reached + 1) * cadence.seconds;
    const double ahead = ceil((due - clock->anchor_time) / clock->dt - slack);
    if (ahead <= (double)(clock->last - clock->anchor_step)) {
      int64_t by_time = clock->anchor_step + (int64_t)ahead;
      if (by_time <= n) by_time = n + 1;
      if (by_time < next) next = by_time;
    }
  }
  return next;
}

bool heat_clock_due(const heat_clock *clock, heat_cadence cadence, int64_t n) {
  if (clock->free && cadence.seconds > 0 &&
      multiples(clock->anchor_time, cadence.seconds) > multiples(clock->before, cadence.seconds))
    return true;
  return n == 0 || n == clock->last || heat_clock_next(clock, cadence, n - 1) == n;
}
