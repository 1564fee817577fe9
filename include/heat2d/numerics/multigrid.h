/* One cycle of a geometric multigrid, as the preconditioner M of conjugate gradients for
 *
 *     A u = sigma rho c_p u - div(k grad u)     with homogeneous walls,
 *
 * the matrix of every implicit step (sigma about 1 / dt, 1/s) and, with sigma = 0, of a steady state. M is a fixed,
 * linear operation, symmetric and positive definite up to the rounding of the numbers that the cycle works with; the
 * same bits come out on any number of ranks, in any layout, with any instructions.
 *
 * The cycle is a V, or a W where the material jumps: on each level a few steps of a polynomial smoother, the residual
 * restricted to a grid of half as many cells along one axis or both, the correction from there interpolated with
 * weights made of the operator itself (Dendy 1982, "Black box multigrid"), and the same smoothing once more. Coarse
 * operators are Galerkin's P^T A P, with nine points. What each part does and where it comes from stands at the top of
 * its file: src/numerics/multigrid*.c.
 *
 * Values are float where that is enough, which is decided from the coefficients alone. */
#ifndef HEAT2D_MULTIGRID_H
#define HEAT2D_MULTIGRID_H

#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/total.h"

typedef struct heat_multigrid heat_multigrid;

/* Make the levels for `stencil` with its present walls and sigma >= 0 in 1/s; `threads` share the work of a cycle. The
 * stencil is borrowed, and must be the same on all ranks in what it says. HEAT_IO (memory). Collective over the grid's
 * communicator. */
heat_status heat_multigrid_create(heat_multigrid **mg, const heat_stencil *stencil, double sigma, int threads);

/* The same levels as if they were created for `sigma` and the present walls, in the memory of those before as far as
 * they have the same shapes. HEAT_IO: it may only be destroyed. Collective. */
heat_status heat_multigrid_update(heat_multigrid *mg, double sigma);
void heat_multigrid_destroy(heat_multigrid *mg); /* Collective; NULL is allowed. */

/* z = M r over the owned box: an approximation of A^-1 r, K for r in W/m3. Reads the owned cells of r alone. `size` > 0
 * is about as large as the values of r, to within some powers of ten, and the same on all ranks (say ||r|| /
 * sqrt(cells)): r is scaled by a power of two near it, so that float does for any units; the bits do not depend on it
 * otherwise. Where the matrix is singular r must have the mean 0, and z has it as well.
 *
 * So that the fields are read as seldom as can be, r = r - alpha q comes first in the same sweep, and z, which has no
 * more digits than the cycle works with, stays inside until the next cycle, for the direction of conjugate gradients
 * p = z + beta p. That lives here as well, rounded to the same numbers: what r and x go along is the rounded p, so it
 * costs them no digits. */
typedef struct heat_cycle {
  heat_field *r;
  const heat_field *q; /* NULL: r stays as it is */
  double alpha;
  double size;
  bool thorough; /* a cycle that does more where the material jumps; another M */
  heat_field *z; /* its owned cells are written to where the matrix is singular, or `read` is set: z then */
  bool read;
  double product_scale; /* the power of two for the terms of the product r z ... */
  heat_total *product;  /* ... and this rank's part of it; NULL: not wanted */
  double square_scale;  /* the same for r r behind the subtraction */
  heat_total *square;
} heat_cycle;

void heat_multigrid_cycle(heat_multigrid *mg, const heat_cycle *cycle); /* Collective. */

/* The last z, over the owned box. Local. */
void heat_multigrid_read(const heat_multigrid *mg, heat_field *z);

/* Have a ghost layer of z for the next direction, which does not go on with the one before where it is `fresh`.
 * Collective. */
void heat_multigrid_refresh(heat_multigrid *mg, bool fresh);

/* p = z + beta p in row j, one of the owned ones or a ghost row, with a ghost cell at both ends but beyond walls.
 * Local.
 */
void heat_multigrid_turn(heat_multigrid *mg, int64_t j, double beta);

/* x = alpha p, or x + alpha p where `add`, in the owned cells of row j, at the first of which x points. Local. */
void heat_multigrid_advance(const heat_multigrid *mg, int64_t j, double alpha, double *x, bool add);

/* Row j of p at its first owned cell, as above; it lasts until the thread asks for row j + 4. Local. */
const double *heat_multigrid_direction(const heat_multigrid *mg, int thread, int64_t j);

/* How many threads share the finest level, from 1 on. Local. */
int heat_multigrid_threads(const heat_multigrid *mg);

/* Whether A is singular: sigma is 0, and no wall takes heat by its temperature. Local. */
bool heat_multigrid_singular(const heat_multigrid *mg);

/* Bytes that this rank holds. Local. */
size_t heat_multigrid_bytes(const heat_multigrid *mg);

/* The same before anything is made, of rank 0 in that layout, given how strong the links between cells are along each
 * axis (k / h^2, in any unit), how many times as strong the strongest along an axis is as the weakest, and whether
 * sigma is 0: exact but for the effect of walls where links are the same everywhere, near it where they vary. Local. */
size_t heat_multigrid_plan_bytes(const heat_layout *layout, const double links[HEAT_AXES], double contrast, bool steady,
                                 int threads);

#endif
