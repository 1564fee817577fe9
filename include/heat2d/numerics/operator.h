/* L(u, t) = (div(k grad u) + q) / (rho c_p) with its walls on one grid: its parts, and functions that need all of
 * them. */
#ifndef HEAT2D_OPERATOR_H
#define HEAT2D_OPERATOR_H

#include "heat2d/numerics/sequence.h"

/* It must not be moved in memory, because its sequence points to the other parts. */
typedef struct heat_operator {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  heat_stencil stencil;        /* its bounds are over all ranks */
  heat_walls walls;
  heat_forcing forcing;
  heat_ledger ledger;
  heat_sequence sequence;
} heat_operator;

/* Evaluate the coefficients over the owned box, grown by the depth of the halo, and bound the spectrum. `runtime` is
 * borrowed; *op has to be destroyed in any case. HEAT_DECK when a material is not positive or a value is NaN, HEAT_IO
 * when memory is exhausted, HEAT_USAGE as heat_sequence_create. Collective over the grid's communicator. */
heat_status heat_operator_create(heat_operator *op, const heat_discretisation *from, heat_runtime *runtime);
/* Free what the operator owns. Local. */
void heat_operator_destroy(heat_operator *op);

/* Return the bytes of coefficients and walls of a rank. Local. */
size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth);

/* Carry out stages as heat_sequence_run does, with the same errors. Collective. */
static inline heat_status heat_operator_apply(heat_operator *op, const heat_stage *stages, int count,
                                              heat_field *const *fields) {
  return heat_sequence_run(&op->sequence, stages, count, fields);
}

/* Return the form of the n-th field of its stages: a whole field with ghost layers of its depth, divided among its
 * threads. Local. */
heat_field_form heat_operator_form(const heat_operator *op, int n);

/* Whether stages are fused, so that fields may be bands (see field.h). Local. */
bool heat_operator_fuses(const heat_operator *op);

/* Return the runtime whose timers measure its work. Local. */
heat_runtime *heat_operator_runtime(const heat_operator *op);

/* Return the bounds that limit the steps, over all ranks. Local. */
static inline heat_bounds heat_operator_bounds(const heat_operator *op) {
  return op->stencil.bounds;
}

/* Compute max |L(u, t)| over the domain, K/s, with the same bits on every rank; infinite if a value is NaN. Writes
 * ghost layers of u. HEAT_DECK. Collective. */
heat_status heat_operator_rate(heat_operator *op, heat_field *u, double t, double *rate);

/* The energy of a field. Rounding errors are compared with `size`, also if temperatures are around 0. */
typedef struct heat_energy {
  double heat; /* sum(rho c_p u) dx dy, J/m */
  double size; /* sum |rho c_p u| dx dy, J/m */
  double mean; /* temperature sum(u)/N, K */
} heat_energy;
/* Compute the energy of a field, with the same bits on every rank. Collective. */
heat_energy heat_operator_energy(const heat_operator *op, const heat_field *u);

/* Compute the heat that flows in through each side at time t, W/m; 0 for a periodic side. Writes ghost layers of u.
 * HEAT_DECK as heat_problem_side. Collective. */
heat_status heat_operator_flows(heat_operator *op, const heat_field *u, double t, double flows[HEAT_SIDES]);

#endif
