/* Conjugate gradients with a preconditioner (Hestenes and Stiefel 1952; Saad 2003, algorithm 9.1) for the symmetric
 * systems of implicit steps,
 *
 *     S x = b,   S = sigma rho c_p - K,   K = rho c_p L_h (see stencil.h),   sigma >= 0, 1/s.
 *
 * The recurrence's residual only says when to look: what counts is b - S x itself, in the norm |r|^2 = sum r^2 over the
 * cells. Where that has not come as far, the iteration starts again from it. Two reductions for each iteration; the
 * scalar products are those of products.h, so x has the same bits on any ranks. */
#ifndef HEAT2D_KRYLOV_H
#define HEAT2D_KRYLOV_H

#include "heat2d/numerics/multigrid.h"
#include "heat2d/numerics/sequence.h"

typedef struct heat_krylov {
  const heat_stencil *stencil; /* borrowed */
  heat_sequence *sequence;     /* borrowed: what refreshes ghost layers */
  double sigma;                /* 1/s */
  heat_multigrid *multigrid;   /* borrowed: one cycle of it is near the inverse of S */
  heat_field *x, *r, *z;       /* borrowed; r and z are for its own use */
  /* b is `weight` rho c_p times what this sets r to; where the matrix is singular, less its mean. Collective; it may
   * not fail. */
  void (*right_side)(void *context, heat_field *r);
  double weight; /* 1/s */
  /* Whether this rank wants the solution to be given up. NULL: never. Local. */
  bool (*stop)(void *context);
  void *context;
  double tolerance; /* |b - S x| <= tolerance |b| is asked for ... */
  double reference; /* ... or tolerance times this, if that is more */
  int iterations;   /* at most */
} heat_krylov;

typedef struct heat_krylov_end {
  bool converged, stopped;
  int iterations;
  double residual; /* |b - S x| over the larger of |b| and the reference; 0 where both are */
  double right;    /* |b| */
} heat_krylov_end;

/* Solve for x, from x = 0. What it ends with is the same on all ranks. A system whose residual cannot get smaller since
 * x is only known to so many digits counts as solved: |r| <= 4 eps times the largest row of S times |x|. Collective. */
heat_krylov_end heat_krylov_solve(const heat_krylov *krylov);

/* r = weight rho c_p r over the owned box, whose rows threads share. Local. */
void heat_krylov_weigh(const heat_stencil *stencil, double weight, heat_field *r, int threads);

#endif
