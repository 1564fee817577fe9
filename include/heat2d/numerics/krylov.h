/* Conjugate gradients with a preconditioner (Hestenes and Stiefel 1952; Saad 2003, algorithm 9.1) for the symmetric
 * systems of implicit steps,
 *
 *     S x = b,   S = sigma rho c_p - K,   K = rho c_p L_h (see stencil.h),   sigma >= 0, 1/s.
 *
 * The residual of the recurrence is used only to decide when to compute the true residual b - S x, whose norm
 * |r|^2 = sum of r^2 over the cells decides whether the iteration ends. If the true residual is still too large, the
 * iteration starts again from it. Each iteration needs two reductions. The scalar products are those of products.h, so
 * x has the same bits on any number of ranks. */
#ifndef HEAT2D_KRYLOV_H
#define HEAT2D_KRYLOV_H

#include "heat2d/numerics/multigrid.h"
#include "heat2d/numerics/sequence.h"

typedef struct heat_krylov {
  const heat_stencil *stencil; /* borrowed */
  heat_sequence *sequence;     /* borrowed; it exchanges ghost layers */
  double sigma;                /* 1/s */
  heat_multigrid *multigrid;   /* borrowed; one cycle of it is the preconditioner */
  heat_field *x, *r;           /* borrowed; x is the solution, r is work space */
  /* Sets the owned cells of r to b / (weight rho c_p). Where the matrix is singular the mean of b is then subtracted
   * from it. It cannot fail. Collective. */
  void (*right_side)(void *context, heat_field *r);
  double weight; /* 1/s */
  /* Whether this rank asks to end the iteration without a solution; NULL: never. Local. */
  bool (*stop)(void *context);
  void *context;
  double tolerance; /* the solution is good enough when |b - S x| <= tolerance max(|b|, reference) */
  double reference;
  int iterations; /* at most */
} heat_krylov;

typedef struct heat_krylov_end {
  bool converged, stopped;
  int iterations;
  double residual; /* |b - S x| / max(|b|, reference); 0 where both of these are 0 */
  double right;    /* |b| */
} heat_krylov_end;

/* Solve S x = b, beginning with x = 0. The result is the same on all ranks. A system counts as solved, too, if its
 * residual cannot become smaller because of the rounding of x: if |r| <= 4 eps |x| times the largest sum of magnitudes
 * in a row of S. Collective over the grid's communicator. */
heat_krylov_end heat_krylov_solve(const heat_krylov *krylov);

/* Compute r = weight rho c_p r over the owned box, whose rows are divided among `threads` threads. Local. */
void heat_krylov_weigh(const heat_stencil *stencil, double weight, heat_field *r, int threads);

#endif
