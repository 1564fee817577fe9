#include "stepper_private.h"

#include <math.h>

static const double safety = 0.9, least_factor = 0.2, most_factor = 4;
static const double factor_parts = 1024;                /* so that no step hangs on how a processor rounds a power */
static const double integral = 0.7, proportional = 0.4; /* exponents of the PI controller times (order + 1) */

bool heat_method_adapts(const heat_method *method) {
  return method->error_scale > 0;
}

const heat_jump *heat_control_jump(const heat_stepper *stepper, double t) {
  const double slack = 1e-12 * fabs(t);
  for (int n = 0; n < stepper->jump_count; n++)
    if (fabs(stepper->jumps[n].behind - t) <= slack) return &stepper->jumps[n];
  return NULL;
}

/* The error that a step may have, relative to the range of temperatures. */
static double allowed(const heat_stepper *stepper) {
  const double tolerance = heat_config_real(stepper->op->problem->config, "time.tolerance");
  const double order = stepper->method->order;
  return fmin(stepper->method->error_scale * pow(tolerance, (order + 1) / order), tolerance);
}

/* A first step that is short beside what changes: the next ones grow fast where it was too short. */
static heat_status begin(heat_stepper *stepper, const heat_clock *clock) {
  heat_control *control = &stepper->control;
  double rate;
  heat_field *u = heat_stepper_solution(stepper);
  const double tolerance = heat_config_real(stepper->op->problem->config, "time.tolerance");
  const heat_extent extent = heat_field_extent(u, stepper->op->grid);
  const heat_status status = heat_operator_rate(stepper->op, u, clock->anchor_time, &rate);
  control->low = extent.min;
  control->high = extent.max;
  const double range = extent.max - extent.min, left = clock->end - clock->anchor_time;
  control->step = tolerance * left;
  if (range > 0 && rate > 0) control->step = fmin(control->step, tolerance * range / rate);
  return status;
}

/* The instant at which the next steps have to end. */
static double next_target(const heat_stepper *stepper, const heat_clock *clock) {
  double target = clock->target;
  const double slack = 1e-12;
  for (int n = stepper->jump_count - 1; n >= 0; n--) {
    const double jump = stepper->jumps[n].behind;
    if (jump > clock->anchor_time * (1 + slack) && jump < target) target = jump;
  }
  return target;
}

/* The end of a step of about dt from t: at the target, or so that no short step is left before it. */
static double fit(double t, double dt, double target) {
  const double left = target - t, slack = 1e-9;
  if (dt >= left * (1 - slack)) return target;
  return t + fmin(dt, left / 2);
}

/* The estimated error of the step just taken over what is allowed. Collective. */
static double judge(heat_stepper *stepper, const heat_extent *extent) {
  const heat_control *control = &stepper->control;
  const double range = fmax(control->high, extent->max) - fmin(control->low, extent->min);
  const double error = heat_implicit_error(stepper);
  return error > 0 ? error / (allowed(stepper) * range) : error;
}

static void accept(heat_stepper *stepper, const heat_extent *extent, double dt, double error, bool was_rejected) {
  heat_control *control = &stepper->control;
  const double exponent = 1.0 / (stepper->method->order + 1), least_error = 1e-6, same = 0.999;
  const double now = fmax(error, least_error), before = control->error > 0 ? control->error : now;
  double factor =
      safety * pow(now, -integral * exponent) * pow(before, (control->error > 0 ? proportional : 0) * exponent);
  factor = fmin(fmax(factor, least_factor), was_rejected ? 1 : most_factor);
  const bool cut_short = !was_rejected && dt < same * control->step;
  factor = floor(factor * factor_parts) / factor_parts;
  /* A step that was only shortened to end somewhere says little of longer ones. */
  control->step = cut_short ? fmax(dt * factor, control->step) : dt * factor;
  control->error = now;
  control->low = fmin(control->low, extent->min);
  control->high = fmax(control->high, extent->max);
}

static heat_status too_short(const heat_stepper *stepper, double t, double dt) {
  return heat_fail(HEAT_NUMERICS,
                   "no step from t = %.9g s is short enough for the tolerance %.3g: tried down to %.3g s", t,
                   heat_config_real(stepper->op->problem->config, "time.tolerance"), dt);
}

heat_status heat_control_step(heat_stepper *stepper, const heat_clock *clock) {
  heat_control *control = &stepper->control;
  const double t = clock->anchor_time, target = next_target(stepper, clock);
  heat_status status = heat_ok();
  if (control->step == 0) status = heat_agree(stepper->op->grid->comm, begin(stepper, clock));
  double dt = control->step;
  while (status.code == HEAT_OK) {
    const double end = fit(t, dt, target);
    const heat_jump *from = heat_control_jump(stepper, t), *to = heat_control_jump(stepper, end);
    if (!(end > t)) return too_short(stepper, t, dt);
    const heat_step step = {.number = clock->anchor_step + 1,
                            .t = t,
                            .dt = end - t,
                            .begin = from != NULL ? from->behind : t,
                            .end = to != NULL ? to->before : end,
                            .estimated = true};
    heat_implicit_begin(stepper, &step);
    status = stepper->method->step(stepper, &step);
    if (status.code != HEAT_OK || heat_implicit_stopped(stepper)) break;
    const heat_extent extent = heat_implicit_extent(stepper);
    const double error = judge(stepper, &extent);
    if (error <= 1) {
      accept(stepper, &extent, step.dt, error, stepper->done.rejected > 0);
      if (to != NULL) control->error = 0;
      heat_implicit_finish(stepper);
      stepper->done.time = end;
      stepper->done.taken = 1;
      return status;
    }
    heat_implicit_roll_back(stepper);
    stepper->done.rejected++;
    const double factor = fmax(least_factor, safety * pow(error, -1.0 / (stepper->method->order + 1)));
    dt = step.dt * floor(factor * factor_parts) / factor_parts;
  }
  heat_implicit_roll_back(stepper);
  return status;
}
