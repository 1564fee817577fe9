#include "stepper_private.h"

#include "heat2d/numerics/products.h"

#include <float.h>
#include <math.h>

static const double safety = 0.9, least_factor = 0.2, most_factor = 4;
static const double factor_parts =
    1024; /* factors are rounded to this fraction, so that steps do not depend on how a processor rounds a power */
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

double heat_control_size(const heat_grid *grid, const heat_field *field) {
  heat_product square = {.a = field, .b = field};
  heat_products(grid, &square, 1, NULL);
  return sqrt(square.sum / (double)heat_box_cells(grid->domain));
}

/* The error that a step may have, relative to the range of temperatures. */
static double allowed(const heat_method *method, const heat_config *config) {
  const double tolerance = heat_config_real(config, "time.tolerance"), order = method->order;
  return fmin(method->error_scale * pow(tolerance, (order + 1) / order), tolerance);
}

double heat_method_solver_tolerance(const heat_method *method, const heat_config *config) {
  const double of_fixed_steps = 1e-10, part = 0.01, least = 1e-13;
  if (!heat_config_auto(config, "time.solver.tolerance")) return heat_config_real(config, "time.solver.tolerance");
  if (!heat_method_adapts(method) || !heat_config_auto(config, "time.step")) return of_fixed_steps;
  return fmax(part * allowed(method, config), least);
}

/* The smaller one of `dt` and the longest stable step. */
static double shortened(const heat_stepper *stepper, double dt) {
  return fmin(dt, heat_stepper_limit(stepper));
}

/* The change that rounding alone may cause in temperatures of that magnitude. Smaller errors count as zero, also while
 * a field is still uniform. */
static double rounding(double low, double high) {
  const double parts = 8;
  return parts * DBL_EPSILON * fmax(fabs(low), fabs(high));
}

/* Choose a first step that is short compared with the changes; the next ones grow fast if it is too short. */
static heat_status begin(heat_stepper *stepper, const heat_clock *clock) {
  heat_control *control = &stepper->control;
  double rate;
  heat_field *u = heat_stepper_solution(stepper);
  const double tolerance = heat_config_real(stepper->op->problem->config, "time.tolerance");
  const heat_extent extent = heat_field_extent(u, stepper->op->grid);
  const heat_status status = heat_operator_rate(stepper->op, u, clock->anchor_time, &rate);
  const heat_span walls = heat_problem_wall_span(stepper->op->problem, clock->end);
  control->low = fmin(extent.min, walls.low);
  control->high = fmax(extent.max, walls.high);
  const double range = control->high - control->low, left = clock->end - clock->anchor_time;
  control->step = tolerance * left;
  if (range > rounding(control->low, control->high) && rate > 0)
    control->step = fmin(control->step, tolerance * range / rate);
  control->step = shortened(stepper, control->step);
  return status;
}

/* The time at which the next steps have to end. */
static double next_target(const heat_stepper *stepper, const heat_clock *clock) {
  double target = clock->target;
  const double slack = 1e-12;
  for (int n = stepper->jump_count - 1; n >= 0; n--) {
    const double jump = stepper->jumps[n].behind;
    if (jump > clock->anchor_time * (1 + slack) && jump < target) target = jump;
  }
  return target;
}

/* The end of a step of about dt from t: the target, or such that no short step remains before the target. */
static double fit(double t, double dt, double target) {
  const double left = target - t, slack = 1e-9;
  if (dt >= left * (1 - slack)) return target;
  return t + fmin(dt, left / 2);
}

/* The estimated error of the last step, divided by the allowed error. Local. */
static double judge(const heat_stepper *stepper, const heat_extent *extent) {
  const heat_control *control = &stepper->control;
  const double low = fmin(control->low, extent->min), high = fmax(control->high, extent->max);
  const double error = stepper->estimate, part = allowed(stepper->method, stepper->op->problem->config);
  return error > 0 ? error / (part * (high - low) + rounding(low, high)) : error;
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
  /* A step that was shortened to end at a target says little about longer steps. */
  control->step = shortened(stepper, cut_short ? fmax(dt * factor, control->step) : dt * factor);
  control->error = now;
  control->low = fmin(control->low, extent->min);
  control->high = fmax(control->high, extent->max);
}

static heat_status too_short(const heat_stepper *stepper, double t, double dt) {
  return heat_fail(HEAT_NUMERICS,
                   "no step from t = %.9g s is short enough for the tolerance %.3g: tried down to %.3g s", t,
                   heat_config_real(stepper->op->problem->config, "time.tolerance"), dt);
}

/* Whether rough data are damped in the next step: in the first two steps, and in those after a jump. */
static bool is_damped(const heat_stepper *stepper, const heat_clock *clock) {
  enum { DAMPED_STEPS = 2 };
  return clock->anchor_step < DAMPED_STEPS || heat_control_jump(stepper, clock->anchor_time) != NULL ||
         heat_control_jump(stepper, clock->before) != NULL;
}

/* Take a step and estimate its error; the result is in the field of the role *result. Collective, with the agreed
 * status. */
static heat_status try_step(heat_stepper *stepper, const heat_step *step, int *result) {
  if (stepper->method->step == NULL) {
    const heat_grid *grid = stepper->op->grid;
    int error;
    heat_ledger_begin(&stepper->op->ledger);
    const heat_status status = heat_explicit_step(stepper, step, result, &error);
    if (status.code == HEAT_OK) stepper->estimate = heat_control_size(grid, &stepper->fields[error]);
    return status;
  }
  *result = HEAT_ROLE_NEW;
  heat_implicit_begin(stepper, step);
  return stepper->method->step(stepper, step);
}

/* Make the field of the role `result` the solution. Local. */
static void finish(heat_stepper *stepper, int result) {
  if (stepper->method->step != NULL) {
    heat_implicit_finish(stepper);
    return;
  }
  const int solution = stepper->role_to_field[result];
  stepper->role_to_field[result] = stepper->role_to_field[0];
  stepper->role_to_field[0] = solution;
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
    int result;
    if (!(end > t)) return too_short(stepper, t, dt);
    const heat_step step = {.number = clock->anchor_step + 1,
                            .t = t,
                            .dt = end - t,
                            .begin = from != NULL ? from->behind : t,
                            .end = to != NULL ? to->before : end,
                            .damped = is_damped(stepper, clock),
                            .estimated = true};
    status = try_step(stepper, &step, &result);
    if (status.code != HEAT_OK || heat_implicit_stopped(stepper)) break;
    const heat_extent extent = heat_field_extent(&stepper->fields[stepper->role_to_field[result]], stepper->op->grid);
    const double error = judge(stepper, &extent);
    if (error <= 1) {
      accept(stepper, &extent, step.dt, error, stepper->done.rejected > 0);
      if (to != NULL) control->error = 0;
      finish(stepper, result);
      stepper->done.time = end;
      stepper->done.taken = 1;
      return status;
    }
    heat_ledger_roll_back(&stepper->op->ledger);
    stepper->done.rejected++;
    const double factor = fmax(least_factor, safety * pow(error, -1.0 / (stepper->method->order + 1)));
    dt = step.dt * floor(factor * factor_parts) / factor_parts;
  }
  heat_ledger_roll_back(&stepper->op->ledger);
  return status;
}
