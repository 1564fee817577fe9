/* What the files of the stepper and its methods share: the equations of implicit steps, error control, and the steps of
 * methods.
 *
 * Each stage of an implicit method is   v - c L(v, t) = sum_i w_i x_i = f.   From a guess g the correction d = v - g is
 * found by conjugate gradients from the system times rho c_p / c,
 *
 *     (sigma rho c_p - rho c_p L_h) d = sigma rho c_p (f - g + c L(g, t)),   sigma = 1 / c,
 *
 * which is symmetric. So what is solved for is as small as the change in a step, and so is what is rounded off. */
#ifndef HEAT2D_STEPPER_PRIVATE_H
#define HEAT2D_STEPPER_PRIVATE_H

#include "heat2d/numerics/stepper.h"

/* The roles of fields in a step. A correction is found in the field of the result, to which the guess is then added. */
enum {
  HEAT_ROLE_OLD,
  HEAT_ROLE_RESIDUAL,
  HEAT_ROLE_NEW,
  HEAT_ROLE_RIGHT,
  HEAT_ROLE_MIDDLE = HEAT_ROLE_RIGHT /* no method keeps both */
};

typedef struct heat_system {
  heat_term terms[HEAT_TERMS - 1]; /* of f, by roles; none of them HEAT_ROLE_RESIDUAL or HEAT_ROLE_NEW */
  int count;
  /* What f has beside them: forward_c L(u_n, forward_t), formed anew in the field of HEAT_ROLE_NEW, which is not the
   * result then, whenever f is needed; 0: nothing. It counts in the step's result with forward_weight, s. */
  double forward_c, forward_t, forward_weight;
  int guess;            /* the role of g, as above */
  int result;           /* the role of v: HEAT_ROLE_NEW, or any but the guess, HEAT_ROLE_RESIDUAL and the terms */
  double c, t;          /* s */
  double budget_weight; /* weight of L(v, t) in the step's result, s */
  bool steady;          /* L(v, t) = 0 is to be solved instead; one term, of weight 0, and c = 1 */
} heat_system;

/* What implicit methods need beside fields. Collective. HEAT_IO. */
heat_status heat_implicit_create(heat_stepper *stepper);
void heat_implicit_destroy(heat_implicit *implicit); /* NULL is allowed. */

/* Begin a step: nothing is counted, and nothing asked for a stop. Local. */
void heat_implicit_begin(heat_stepper *stepper, const heat_step *step);

/* out = sum of terms + c L(u, t), which counts with `budget_weight` in the heat balance. Collective; agreed. */
heat_status heat_implicit_stage(heat_stepper *stepper, const heat_stage *stage);

/* Solve an equation, and count the heat of L(v, t). HEAT_NUMERICS when the solver does not converge; where a stop was
 * asked for it returns early, see heat_implicit_stopped. Collective; agreed. */
heat_status heat_implicit_solve(heat_stepper *stepper, const heat_system *equation);

/* Whether the matrix of the last system was singular. Local. */
bool heat_implicit_singular(const heat_stepper *stepper);

/* Let heat_implicit_finish shift the result so that it has the energy of the solution before. Collective; agreed. */
heat_status heat_implicit_keep_energy(heat_stepper *stepper);

/* Whether the step is to be given up; the same on all ranks. Local. */
bool heat_implicit_stopped(const heat_stepper *stepper);

/* The step is done, and HEAT_ROLE_NEW becomes the solution: shifted by what the equations left over. Local. */
void heat_implicit_finish(heat_stepper *stepper);

/* Let stepper->estimate be the size of S^-1 sigma rho c_p e, with e what the stage (by roles, its `out` is not looked
 * at) gives and the matrix that of a step of length 1 / sigma = c. Collective; agreed. */
heat_status heat_implicit_estimate(heat_stepper *stepper, heat_stage stage, double c);

/* The root mean square of a field over the cells, the same bits on every rank. Collective. */
double heat_control_size(const heat_grid *grid, const heat_field *field);

/* Name the fields of a stage by their numbers in place of their roles. Local. */
void heat_stepper_cast(const heat_stepper *stepper, heat_stage *stage);

/* One step of an explicit method by itself, whose error is to be estimated: its result is in the field of the role
 * *result, the error in fields[*error], and the solution stays as it is. Collective; agreed. */
heat_status heat_explicit_step(heat_stepper *stepper, const heat_step *step, int *result, int *error);

/* Take one step of a free clock, see heat_stepper_advance. Collective. */
heat_status heat_control_step(heat_stepper *stepper, const heat_clock *clock);

/* The jump that a time lies at, or NULL. Local. */
const heat_jump *heat_control_jump(const heat_stepper *stepper, double t);

/* The steps of methods, for the table of methods. Each implicit one leaves its result in the field of HEAT_ROLE_NEW. */
enum { HEAT_RKL2_MOST = HEAT_METHOD_STAGES - 2 }; /* stages: an odd number; the rate and the error come to them */
int heat_rkl2_stages(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result);

heat_status heat_backward_euler_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_crank_nicolson_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_tr_bdf2_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_steady_step(heat_stepper *stepper, const heat_step *step);

#endif
