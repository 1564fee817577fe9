/* L(u, t) = (div(k grad u) + q) / (rho c_p) with its walls, and the one primitive that all explicit methods are lists
 * of:
 *
 *     out = sum_i w_i x_i + c L(u, t)
 *
 * A list of such stages is handed over whole: this is the seam at which they are fused in cache (see tiles.h). A stage
 * works on the owned box grown by valid - 1 layers and so consumes one layer of the halo; where that does not last for
 * the stages that are fused, there is an exchange. It comes once in as many stages as the halo is deep. */
#ifndef HEAT2D_OPERATOR_H
#define HEAT2D_OPERATOR_H

#include "heat2d/base/runtime.h"
#include "heat2d/base/sum.h"
#include "heat2d/grid/halo.h"
#include "heat2d/numerics/boundary.h"
#include "heat2d/numerics/kernel.h"
#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/tiles.h"

#include <stddef.h>

typedef struct heat_source_run heat_source_run;

typedef struct heat_operator {
  const heat_grid *grid; /* borrowed */
  heat_runtime *runtime; /* borrowed */
  int depth, threads;
  bool plain; /* one stage after the other in plain loops: the reference */
  heat_tiling tiling;
  int64_t cell_bytes; /* that a tile holds of each cell */
  const heat_kernels *kernels;
  heat_boundary boundary;
  heat_stencil stencil; /* its bounds are those over all ranks */
  heat_halo *halo;
  heat_field *landing; /* whose ghost rows above are still to come, or NULL */
  bool has_source;
  heat_field q;          /* W/m3, at source_time */
  int64_t run_count;     /* the cells whose source depends on time, as runs of one row each */
  heat_source_run *runs; /* ordered by rows */
  int64_t *row_runs;     /* the first one of each row of the box grown by depth, and of the row behind */
  double source_power;   /* of the cells that do not, over all ranks, W/m */
  heat_sum source_heat;  /* heat that sources gave since t = 0, J/m: this rank's part */
} heat_operator;

/* Paint the coefficients over the owned box grown by `depth` and bound the spectrum. Collective over the grid's
 * communicator. HEAT_DECK (a material that is not positive, a NaN), HEAT_IO (memory), HEAT_USAGE (the environment's
 * HEAT2D_ISA names kernels that this processor does not have). */
heat_status heat_operator_create(heat_operator *op, const heat_grid *grid, heat_runtime *runtime, int depth,
                                 int threads);
void heat_operator_destroy(heat_operator *op);

/* The bounds over the owned box of `grid` alone, for a grid that is gone through in parts. HEAT_DECK, HEAT_IO. Local.
 */
heat_status heat_operator_bound(const heat_grid *grid, heat_bounds *bounds);

/* Bytes of coefficients and walls that a rank holds. Local. */
size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth);

typedef struct heat_term {
  int field;
  double weight;
} heat_term;

enum { HEAT_STAGE_FIELDS = 8 };

/* With c = 0 a stage is just the weighted sum. */
typedef struct heat_stage {
  int out, u; /* which of the fields; out may be one of the terms, never u */
  int terms;
  heat_term term[HEAT_TERMS];
  double c;     /* s */
  double t;     /* at which walls and sources are taken, s */
  double share; /* weight of L(u, t) in the step's result, s: what counts towards the heat balance */
} heat_stage;

/* What a stage's kernel works with, at the first owned cell. Local. */
heat_sweep heat_operator_sweep(const heat_operator *op, const heat_stage *stage, heat_field *const *fields);

/* Do the part `box` of a stage, walls and sources included; `instant`: of the walls. `status` becomes HEAT_DECK when an
 * expression in t yields no finite value. Local, and may be called by several threads with the same status. */
void heat_operator_part(heat_operator *op, const heat_stage *stage, const heat_sweep *sweep, heat_box box, int instant,
                        heat_field *const *fields, heat_status *status);

/* The part of `box` whose stages are the kernel alone: no side is near, and no source depends on time. Local. */
heat_box heat_operator_inner(const heat_operator *op, heat_box box);

/* Wait for the ghost rows above that are still to come; what else is under way makes progress. Local, by the thread
 * that uses MPI. */
void heat_operator_land(heat_operator *op);

/* The loop that a kernel works with at present, and where a box lies for it, of fields of that stride. Local. */
heat_loop *heat_operator_loop(const heat_operator *op);
static inline heat_part heat_operator_place(const heat_operator *op, ptrdiff_t stride, heat_box box) {
  const int64_t *corner = op->grid->owned.lo;
  return (heat_part){.at = (ptrdiff_t)(box.lo[HEAT_Y] - corner[HEAT_Y]) * stride +
                           (ptrdiff_t)(box.lo[HEAT_X] - corner[HEAT_X]),
                     .columns = (ptrdiff_t)heat_box_width(box, HEAT_X),
                     .rows = (ptrdiff_t)heat_box_width(box, HEAT_Y)};
}

/* Bring the source in `box` to time t, and count what its owned cells that depend on time give in a time `share`.
 * HEAT_DECK. Local. */
heat_status heat_operator_source(heat_operator *op, heat_box box, double t, double share);

/* Carry out `count` stages on `fields` in order. Collective, but the status is this rank's own: the caller agrees.
 * HEAT_DECK when an expression in t yields no finite value. */
heat_status heat_operator_apply(heat_operator *op, const heat_stage *stages, int count, heat_field *const *fields);

/* max |L(u, t)| over the domain, K/s, the same bits on every rank. Collective. */
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

/* Heat that came in through one side since t = 0, J/m. Collective. */
double heat_operator_side_heat(const heat_operator *op, int side);

/* Heat that came in through the walls since t = 0, J/m. Collective. */
double heat_operator_wall_heat(const heat_operator *op);

/* Heat that moved through the walls since t = 0, whether in or out: the sum over their faces of what came in or went
 * out of each, J/m. Collective. */
double heat_operator_wall_moved(const heat_operator *op);

/* Heat that the sources gave since t = 0, J/m. Collective. */
double heat_operator_source_heat(const heat_operator *op);

#endif
