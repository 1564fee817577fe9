/* L(u, t) = (div(k grad u) + q) / (rho c_p) with its walls on one grid: the parts of it, and what takes all of them. */
#ifndef HEAT2D_OPERATOR_H
#define HEAT2D_OPERATOR_H

#include "heat2d/numerics/sequence.h"

/* Not to be moved: its sequence points to the other parts. */
typedef struct heat_operator {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  heat_stencil stencil;        /* its bounds are those over all ranks */
  heat_walls walls;
  heat_forcing forcing;
  heat_ledger ledger;
  heat_sequence sequence;
} heat_operator;

/* Evaluate the coefficients over the owned box grown by the depth and bound the spectrum. `runtime` is borrowed.
 * HEAT_DECK (a material that is not positive, a NaN), HEAT_IO (memory), HEAT_USAGE as heat_sequence_create. Collective
 * over the grid's communicator. */
heat_status heat_operator_create(heat_operator *op, const heat_discretisation *from, heat_runtime *runtime);
void heat_operator_destroy(heat_operator *op); /* Local. */

/* Bytes of coefficients and walls that a rank holds. Local. */
size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth);

/* Carry out stages as heat_sequence_run. */
static inline heat_status heat_operator_apply(heat_operator *op, const heat_stage *stages, int count,
                                              heat_field *const *fields) {
  return heat_sequence_run(&op->sequence, stages, count, fields);
}

/* The form of the n-th of the fields that its stages name: whole, of its depth, shared by its threads. Local. */
heat_field_form heat_operator_form(const heat_operator *op, int n);

/* Whether stages are fused, so that those fields may be bands. Local. */
bool heat_operator_fuses(const heat_operator *op);

/* Whose timers its work counts on. Local. */
heat_runtime *heat_operator_runtime(const heat_operator *op);

/* What limits the steps, over all ranks. Local. */
static inline heat_bounds heat_operator_bounds(const heat_operator *op) {
  return op->stencil.bounds;
}

/* max |L(u, t)| over the domain, K/s, the same bits on every rank; infinite where one is not a number. Writes ghosts of
 * u. HEAT_DECK. Collective. */
heat_status heat_operator_rate(heat_operator *op, heat_field *u, double t, double *rate);

/* What a field holds; `size` is what rounding is to be measured against, also where the temperatures lie around 0. */
typedef struct heat_energy {
  double heat; /* sum(rho c_p u) dx dy, J/m */
  double size; /* sum |rho c_p u| dx dy, J/m */
  double mean; /* temperature sum(u)/N, K */
} heat_energy;
heat_energy heat_operator_energy(const heat_operator *op, const heat_field *u); /* Collective. */

/* The heat that flows in through each side at time t, W/m; 0 for a periodic one. HEAT_DECK as heat_problem_side.
 * Collective. */
heat_status heat_operator_flows(heat_operator *op, const heat_field *u, double t, double flows[HEAT_SIDES]);

#endif
