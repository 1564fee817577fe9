/* The implicit methods, see stepper.h. */
#include "stepper_private.h"

/* Do a step of backward Euler of length c, which ends at time t. */
static heat_status backward(heat_stepper *stepper, int from, int result, double c, double t) {
  const heat_system equation = {.terms = {{.field = from, .weight = 1}},
                                .count = 1,
                                .guess = from,
                                .result = result,
                                .c = c,
                                .t = t,
                                .budget_weight = c};
  return heat_implicit_solve(stepper, &equation);
}

/* The error is about dt^2/2 u'' = dt/2 (L(u_{n+1}, t_{n+1}) - L(u_n, t_n)) = (u_{n+1} - u_n)/2 - dt/2 L(u_n, t_n). */
heat_status heat_backward_euler_step(heat_stepper *stepper, const heat_step *step) {
  const double half = 0.5;
  heat_status status = backward(stepper, HEAT_ROLE_OLD, HEAT_ROLE_NEW, step->dt, step->end);
  if (status.code != HEAT_OK || !step->estimated || heat_implicit_stopped(stepper)) return status;
  const heat_stage difference = {
      .u = HEAT_ROLE_OLD,
      .terms = 2,
      .term = {{.field = HEAT_ROLE_NEW, .weight = half}, {.field = HEAT_ROLE_OLD, .weight = -half}},
      .c = -half * step->dt,
      .t = step->begin};
  return heat_implicit_estimate(stepper, difference, step->dt);
}

/* Compute u_n + c L(u_n, t_n) into the field of HEAT_ROLE_RIGHT. */
static heat_status forward(heat_stepper *stepper, double c, double t, double budget_weight) {
  const heat_stage stage = {.out = HEAT_ROLE_RIGHT,
                            .u = HEAT_ROLE_OLD,
                            .terms = 1,
                            .term = {{.field = HEAT_ROLE_OLD, .weight = 1}},
                            .c = c,
                            .t = t,
                            .budget_weight = budget_weight};
  return heat_implicit_stage(stepper, &stage);
}

/* Do two steps of backward Euler of half the length. With v the result of the first one, the error is about dt^2/4 u''
 * = dt/4 (L(u_{n+1}, t_{n+1}) - L(u_n, t_n)) = (u_{n+1} - v)/2 - dt/4 L(u_n, t_n). */
static heat_status two_half_steps(heat_stepper *stepper, const heat_step *step) {
  const double half = step->dt / 2, part = 0.5;
  heat_status status = backward(stepper, HEAT_ROLE_OLD, HEAT_ROLE_RIGHT, half, step->t + half);
  if (status.code != HEAT_OK || heat_implicit_stopped(stepper)) return status;
  status = backward(stepper, HEAT_ROLE_RIGHT, HEAT_ROLE_NEW, half, step->end);
  if (status.code != HEAT_OK || !step->estimated || heat_implicit_stopped(stepper)) return status;
  const heat_stage difference = {
      .u = HEAT_ROLE_OLD,
      .terms = 2,
      .term = {{.field = HEAT_ROLE_NEW, .weight = part}, {.field = HEAT_ROLE_RIGHT, .weight = -part}},
      .c = -part * half,
      .t = step->begin};
  return heat_implicit_estimate(stepper, difference, half);
}

/* Estimate the error of a Crank-Nicolson step as the difference between Simpson's rule, dt/6 (L_n + 4 L_m + L_{n+1}),
 * and the trapezoidal rule, dt/2 (L_n + L_{n+1}) = u_{n+1} - u_n. This is 2/3 (dt L_m - u_{n+1} + u_n). The value u_m
 * in the middle is that of the cubic polynomial with the values and slopes of both ends. With f = u_n + dt/2 L_n =
 * u_{n+1} - dt/2 L_{n+1} it is u_m = (u_n + u_{n+1})/2 + dt/8 (L_n - L_{n+1}) = (u_n + 2 f + u_{n+1})/4, and it
 * overwrites f. */
static heat_status estimate_by_simpson(heat_stepper *stepper, const heat_step *step) {
  const double half = step->dt / 2, weight = 2.0 / 3;
  const heat_stage middle = {.out = HEAT_ROLE_RIGHT,
                             .u = HEAT_ROLE_OLD,
                             .terms = 3,
                             .term = {{HEAT_ROLE_OLD, 0.25}, {HEAT_ROLE_RIGHT, 0.5}, {HEAT_ROLE_NEW, 0.25}}};
  const heat_stage difference = {.u = HEAT_ROLE_RIGHT,
                                 .terms = 2,
                                 .term = {{HEAT_ROLE_OLD, weight}, {HEAT_ROLE_NEW, -weight}},
                                 .c = weight * step->dt,
                                 .t = step->t + half};
  const heat_status status = heat_implicit_stage(stepper, &middle);
  return status.code == HEAT_OK ? heat_implicit_estimate(stepper, difference, half) : status;
}

heat_status heat_crank_nicolson_step(heat_stepper *stepper, const heat_step *step) {
  const double half = step->dt / 2;
  if (step->damped) return two_half_steps(stepper, step);
  heat_status status = forward(stepper, half, step->begin, half);
  if (status.code != HEAT_OK) return status;
  const heat_system equation = {.terms = {{.field = HEAT_ROLE_RIGHT, .weight = 1}},
                                .count = 1,
                                .guess = HEAT_ROLE_OLD,
                                .result = HEAT_ROLE_NEW,
                                .c = half,
                                .t = step->end,
                                .budget_weight = half};
  status = heat_implicit_solve(stepper, &equation);
  if (status.code != HEAT_OK || !step->estimated || heat_implicit_stopped(stepper)) return status;
  return estimate_by_simpson(stepper, step);
}

/* TR-BDF2 as a diagonally implicit Runge-Kutta method (Hosea and Shampine 1996), with g = 2 - sqrt(2), d = g / 2, w =
 * sqrt(2)/4:
 *
 *     v - d dt L(v, t + g dt)      = u_n + d dt L(u_n, t)                                                    = f
 *     u - d dt L(u, t + dt)        = u_n + w dt (L(u_n, t) + L(v, t + g dt)) = (1 - w/d) u_n + (w/d) v
 *
 * An embedded method of third order has the weights (1 - w)/3, (3 w + 1)/3 and d/3 in place of w, w and d. */
static const double g = 0.58578643762690495, d = 0.29289321881345248, w = 0.35355339059327376;

/* The stage that computes the difference of the two methods, with d dt L of the three stages = f - u_n, v - f, and u -
 * (1 - w/d) u_n - (w/d) v. f is computed again, so that no field has to keep it. */
static heat_stage embedded(const heat_step *step) {
  const double e[] = {(4 * w - 1) / 3 / d, -1 / (3 * d), 2.0 / 3};
  return (heat_stage){.u = HEAT_ROLE_OLD,
                      .terms = 3,
                      .term = {{.field = HEAT_ROLE_OLD, .weight = -e[1] - e[2] * (1 - w / d)},
                               {.field = HEAT_ROLE_MIDDLE, .weight = e[1] - e[2] * w / d},
                               {.field = HEAT_ROLE_NEW, .weight = e[2]}},
                      .c = (e[0] - e[1]) * d * step->dt,
                      .t = step->begin};
}

heat_status heat_tr_bdf2_step(heat_stepper *stepper, const heat_step *step) {
  const double dt = step->dt;
  const heat_system first = {.terms = {{.field = HEAT_ROLE_OLD, .weight = 1}},
                             .count = 1,
                             .forward_c = d * dt,
                             .forward_t = step->begin,
                             .forward_weight = w * dt,
                             .guess = HEAT_ROLE_OLD,
                             .result = HEAT_ROLE_MIDDLE,
                             .c = d * dt,
                             .t = step->t + g * dt,
                             .budget_weight = w * dt};
  heat_status status = heat_implicit_solve(stepper, &first);
  if (status.code != HEAT_OK || heat_implicit_stopped(stepper)) return status;
  const heat_system second = {
      .terms = {{.field = HEAT_ROLE_OLD, .weight = 1 - w / d}, {.field = HEAT_ROLE_MIDDLE, .weight = w / d}},
      .count = 2,
      .guess = HEAT_ROLE_MIDDLE,
      .result = HEAT_ROLE_NEW,
      .c = d * dt,
      .t = step->end,
      .budget_weight = d * dt};
  status = heat_implicit_solve(stepper, &second);
  if (status.code != HEAT_OK || !step->estimated || heat_implicit_stopped(stepper)) return status;
  return heat_implicit_estimate(stepper, embedded(step), d * dt);
}
