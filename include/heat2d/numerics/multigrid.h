/* One cycle of a geometric multigrid, as the preconditioner M of conjugate gradients for
 *
 *     A u = sigma rho c_p u - div(k grad u)     with homogeneous walls,
 *
 * the matrix of every implicit step (sigma about 1 / dt, 1/s) and, with sigma = 0, of a steady state. M is a fixed
 * linear operation, which is symmetric and positive definite up to the rounding errors of the precision of the cycle.
 * Its result has the same bits on any number of ranks, in any layout, and with any instruction set.
 *
 * The cycle is a V cycle, or a W cycle where the material jumps. On each level a few steps of a polynomial smoother are
 * done. The residual is then restricted to a grid with half as many cells along one axis or both. The correction that
 * is found there is interpolated back, with weights that are made from the operator itself (Dendy 1982, "Black box
 * multigrid"), and the same smoothing is done once more. The coarse operators are the Galerkin products P^T A P, which
 * have nine points. The comment at the top of each file src/numerics/multigrid*.c says what that part does and where
 * its scheme comes from.
 *
 * Values are stored as float where that is precise enough, which is decided from the coefficients alone. */
#ifndef HEAT2D_MULTIGRID_H
#define HEAT2D_MULTIGRID_H

#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/total.h"

typedef struct heat_multigrid heat_multigrid;

/* Make the levels for `stencil` with its present walls, and for sigma >= 0 in 1/s. `threads` threads share the work of
 * a cycle. The stencil is borrowed; all ranks must pass their part of the same one. HEAT_IO when memory is exhausted.
 * Collective over the grid's communicator. */
heat_status heat_multigrid_create(heat_multigrid **mg, const heat_stencil *stencil, double sigma, int threads);

/* Compute the levels again for another sigma and the present walls of the stencil. The result is the same as after
 * heat_multigrid_create; memory is used again as far as the levels keep their shapes. After a failure (HEAT_IO) the
 * multigrid may only be destroyed. Collective over the grid's communicator. */
heat_status heat_multigrid_update(heat_multigrid *mg, double sigma);
void heat_multigrid_destroy(heat_multigrid *mg); /* Collective; NULL is allowed. */

/* A cycle z = M r over the owned box: z is an approximation of A^-1 r, in K for r in W/m3. Only the owned cells of r
 * are used. `size` > 0 is about as large as the values of r, within some powers of ten, for example ||r|| /
 * sqrt(cells), and the same on all ranks. r is scaled by a power of two near `size`, so that float has enough range for
 * any units; apart from that the bits do not depend on it. Where the matrix is singular the mean of r must be 0, and
 * that of z is 0, too.
 *
 * To read the fields as rarely as possible, the residual is updated in the same sweep, r = r - alpha q, before the
 * cycle uses it. q is computed row by row, so that it takes no memory. z has no more digits than the precision of the
 * cycle, and stays inside the multigrid until the next cycle. The direction p = z + beta p of conjugate gradients is
 * kept there as well, in the same precision. This costs x and r no digits, since both are updated with the rounded p.
 */
typedef struct heat_cycle {
  heat_field *r;
  /* Computes row j of q when it is asked for, perhaps more than once. The row stays as it is until the same thread asks
   * for another. NULL: r stays as it is. Local. */
  const double *(*q)(void *context, int thread, int64_t j);
  void *context;
  double alpha;
  double size;
  bool thorough;        /* do more work where the material jumps, which gives another M */
  double product_scale; /* power of two by which the terms of the scalar product r z are multiplied ... */
  heat_total *product;  /* ... and the part of that product from this rank's cells; NULL: not wanted */
  double square_scale;  /* the same for r r after the update of r */
  heat_total *square;
} heat_cycle;

/* Do one cycle. Collective over the grid's communicator. */
void heat_multigrid_cycle(heat_multigrid *mg, const heat_cycle *cycle);

/* Copy the z of the last cycle into the owned box of `z`, which may be the field that was r; or only row j of it into
 * the owned cells of a row. Local. */
void heat_multigrid_read(const heat_multigrid *mg, heat_field *z);
void heat_multigrid_read_row(const heat_multigrid *mg, int64_t j, double *z);

/* Exchange a ghost layer of z, so that the next direction can be computed there, too. `fresh` says that it is a first
 * direction, p = z, which does not use the direction before. Collective over the grid's communicator. */
void heat_multigrid_refresh(heat_multigrid *mg, bool fresh);

/* Compute p = z + beta p in row j, which may be an owned row or a ghost row, including one ghost cell at each end
 * except beyond walls. Local. */
void heat_multigrid_turn(heat_multigrid *mg, int64_t j, double beta);

/* Compute x = alpha p, or x = x + alpha p where `add` is set, in the owned cells of row j. `x` points to the first of
 * these cells. Local. */
void heat_multigrid_advance(const heat_multigrid *mg, int64_t j, double alpha, double *x, bool add);

/* Row j of p as doubles; the pointer is that of the first owned cell, and there is a ghost cell at each end except
 * beyond walls. The row stays valid until the same thread asks for row j + 4. Local. */
const double *heat_multigrid_direction(const heat_multigrid *mg, int thread, int64_t j);

/* Work space of a thread for a row of doubles, at its first owned cell. The multigrid uses it in a cycle only if the
 * matrix is singular. Local. */
double *heat_multigrid_work(const heat_multigrid *mg, int thread);

/* A row of doubles that nothing else overwrites, with a number that says what it holds. Local. */
typedef struct heat_kept_row {
  double *values;
  int64_t *number;
} heat_kept_row;
heat_kept_row heat_multigrid_kept(const heat_multigrid *mg, int thread);

/* The number of threads that share the finest level, at least 1. Local. */
int heat_multigrid_threads(const heat_multigrid *mg);

/* Whether A is singular: sigma is 0, and there is no wall whose flux depends on the temperature. Local. */
bool heat_multigrid_singular(const heat_multigrid *mg);

/* The memory that this rank holds, in bytes. Local. */
size_t heat_multigrid_bytes(const heat_multigrid *mg);

/* The memory that rank 0 of a layout would hold, in bytes, before anything is made. `links` says how strongly cells are
 * coupled along each axis (k / h^2, in any unit), `contrast` is the ratio of the strongest to the weakest coupling
 * along an axis, and `steady` says that sigma is 0. Apart from the effect of walls the result is exact where the
 * couplings are the same everywhere, and approximate where they vary. Local. */
size_t heat_multigrid_plan_bytes(const heat_layout *layout, const double links[HEAT_AXES], double contrast, bool steady,
                                 int threads);

#endif
