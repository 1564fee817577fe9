/* What the files of the stepper and its methods share: the equations of implicit steps, error control, and the steps of
 * the methods.
 *
 * Each stage of an implicit method is   v - c L(v, t) = sum_i w_i x_i = f.   From a guess g the correction d = v - g is
 * found by conjugate gradients from this equation, multiplied by rho c_p / c,
 *
 *     (sigma rho c_p - rho c_p L_h) d = sigma rho c_p (f - g + c L(g, t)),   sigma = 1 / c,
 *
 * which is symmetric. So the unknown is only as large as the change in a step, and rounding errors are relative to
 * that. */
#ifndef HEAT2D_STEPPER_PRIVATE_H
#define HEAT2D_STEPPER_PRIVATE_H

#include "heat2d/numerics/stepper.h"

/* The roles of the fields in a step. A correction is found in the field of the result, and the guess is then added to
 * it. */
enum {
  HEAT_ROLE_OLD,
  HEAT_ROLE_RESIDUAL,
  HEAT_ROLE_NEW,
  HEAT_ROLE_RIGHT,
  HEAT_ROLE_MIDDLE = HEAT_ROLE_RIGHT /* no method keeps both */
};

typedef struct heat_system {
  heat_term terms[HEAT_TERMS - 1]; /* of f, given by roles; none of them HEAT_ROLE_RESIDUAL or HEAT_ROLE_NEW */
  int count;
  /* A further term of f: forward_c L(u_n, forward_t), or nothing where forward_c is 0. It is computed anew in the field
   * of HEAT_ROLE_NEW whenever f is needed; the result then has another role. Its weight in the step's result is
   * forward_weight, s. */
  double forward_c, forward_t, forward_weight;
  int guess;            /* the role of g, which none of these two may be either */
  int result;           /* the role of v: HEAT_ROLE_NEW, or any but the guess, HEAT_ROLE_RESIDUAL and the terms */
  double c, t;          /* s */
  double budget_weight; /* weight of L(v, t) in the step's result, s */
  bool steady;          /* the equation is L(v, t) = 0 instead; there is one term, of weight 0, and c = 1 */
} heat_system;

/* Allocate what implicit methods need besides fields. HEAT_IO when memory is exhausted. Collective. */
heat_status heat_implicit_create(heat_stepper *stepper);
void heat_implicit_destroy(heat_implicit *implicit); /* NULL is allowed. */

/* Begin a step: no heat has been counted yet, and nobody has asked to stop. Local. */
void heat_implicit_begin(heat_stepper *stepper, const heat_step *step);

/* Compute out = sum of terms + c L(u, t). L counts with `budget_weight` in the heat balance. Collective; all ranks
 * return the same status. */
heat_status heat_implicit_stage(heat_stepper *stepper, const heat_stage *stage);

/* Solve an equation, and count the heat of L(v, t). HEAT_NUMERICS when the solver does not converge. It returns early
 * when it has been asked to stop, see heat_implicit_stopped. Collective; all ranks return the same status. */
heat_status heat_implicit_solve(heat_stepper *stepper, const heat_system *equation);

/* Whether the matrix of the last system was singular. Local. */
bool heat_implicit_singular(const heat_stepper *stepper);

/* Make heat_implicit_finish shift the result so that it has the energy of the solution before. Collective; all ranks
 * return the same status. */
heat_status heat_implicit_keep_energy(heat_stepper *stepper);

/* Whether the step is to be given up, which is the same on all ranks. Local. */
bool heat_implicit_stopped(const heat_stepper *stepper);

/* End a step: HEAT_ROLE_NEW becomes the solution, shifted by the heat that the solver's residuals have left out. Local.
 */
void heat_implicit_finish(heat_stepper *stepper);

/* Set stepper->estimate to the size of S^-1 sigma rho c_p e, in K. e is the result of the stage, which is given by
 * roles and whose `out` is not used; S is the matrix of a step of length c = 1 / sigma. Collective; all ranks return
 * the same status. */
heat_status heat_implicit_estimate(heat_stepper *stepper, heat_stage stage, double c);

/* The root mean square of a field over all cells, with the same bits on every rank. Collective. */
double heat_control_size(const heat_grid *grid, const heat_field *field);

/* Replace the roles of the fields in a stage by the fields' numbers. Local. */
void heat_stepper_cast(const heat_stepper *stepper, heat_stage *stage);

/* Do one step of an explicit method whose error is to be estimated. Its result is then in the field of the role *result
 * and the error in fields[*error]; the solution stays as it is. Collective; all ranks return the same status. */
heat_status heat_explicit_step(heat_stepper *stepper, const heat_step *step, int *result, int *error);

/* Do one step of a free clock, see heat_stepper_advance. Collective. */
heat_status heat_control_step(heat_stepper *stepper, const heat_clock *clock);

/* The jump at a time, in s, or NULL where there is none. Local. */
const heat_jump *heat_control_jump(const heat_stepper *stepper, double t);

/* The steps of methods, for the table of methods. Each implicit one leaves its result in the field of HEAT_ROLE_NEW. */
enum { HEAT_RKL2_MOST = HEAT_METHOD_STAGES - 2 }; /* stages: an odd number; two more are for the rate and the error */
int heat_rkl2_stages(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result);

heat_status heat_backward_euler_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_crank_nicolson_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_tr_bdf2_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_steady_step(heat_stepper *stepper, const heat_step *step);

#endif
