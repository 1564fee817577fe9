/* The loops of conjugate gradients over one row of fields, compiled for several kinds of processors. All are Local;
 * pointers are at the first owned column, and the arrays of a row do not overlap. */
#ifndef HEAT2D_SOLVER_LOOPS_H
#define HEAT2D_SOLVER_LOOPS_H

#include "heat2d/numerics/total.h"

#include <stdbool.h>

/* Terms of a sum: a b, or a / b where `over`, or a where b is NULL, times `scale`. */
typedef struct heat_terms {
  const double *a, *b;
  bool over;
  double scale;
} heat_terms;

/* The row of a matrix S = sigma rho c_p - K: sigma rho c_p is `sigma` over `inverse`, or `reaction` where that is NULL.
 */
typedef struct heat_reaction {
  double sigma, reaction;
  const double *inverse;
} heat_reaction;

/* One row of y = K x, see stencil.h. Where a cell looks to a wall its neighbour is taken to be the cell itself. */
typedef struct heat_balance_row {
  const double *u, *south, *north;
  const double *kx, *ky, *ky_north; /* NULL, NULL, NULL: uniform */
  double fx, fy;                    /* uniform: conductances of the faces across x and y */
  ptrdiff_t first, last;            /* columns that look to no wall on their left or right */
  double *y;
} heat_balance_row;

/* One row of q = S p, and the sums that come of it. r may be p. */
enum { HEAT_APPLY_PQ, HEAT_APPLY_RQ, HEAT_APPLY_QQ, HEAT_APPLY_SUMS };
typedef struct heat_apply_row {
  const double *p, *r;
  double *q;
  ptrdiff_t columns;
  heat_reaction reaction;
  double scales[HEAT_APPLY_SUMS]; /* of the terms of the sums; 0: a sum is not wanted, all of them or all but p q */
} heat_apply_row;

typedef struct heat_solver_loops {
  void (*add)(heat_total *total, heat_terms terms, ptrdiff_t columns);
  /* The largest |term|, infinite where one is not a number. `scale` is not used. */
  double (*largest)(heat_terms terms, ptrdiff_t columns);
  /* r = r times the reaction. */
  void (*multiply)(double *r, heat_reaction reaction, ptrdiff_t columns);
  /* x = a p, or x + a p where `add`. */
  void (*advance)(double *x, bool add, double a, const double *p, ptrdiff_t columns);
  /* p = z + b p. */
  void (*turn)(double *p, double b, const double *z, ptrdiff_t columns);
  /* y = K x between the columns first and last of a row. */
  void (*balance)(const heat_balance_row *row);
  /* q = reaction p - q, where q holds K p; adds p q, r q and q q to totals. */
  void (*apply)(const heat_apply_row *row, heat_total totals[HEAT_APPLY_SUMS]);
  /* r = r - a q; adds r r to a total. */
  void (*reduce)(double *r, double a, const double *q, ptrdiff_t columns, heat_total *total, double scale);
} heat_solver_loops;

/* The fastest for this processor, or those of the kind that the environment's HEAT2D_ISA names. Local. */
const heat_solver_loops *heat_solver_loops_find(void);

#endif
