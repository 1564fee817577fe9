/* The loops of conjugate gradients over one row of the fields, compiled for several kinds of processors. All of them
 * are Local. Pointers are to the first owned column, and the arrays of a row do not overlap. */
#ifndef HEAT2D_SOLVER_LOOPS_H
#define HEAT2D_SOLVER_LOOPS_H

#include "heat2d/numerics/total.h"

#include <stdbool.h>

/* The terms of a sum: scale a b, or scale a / b where `over` is set, or scale a where b is NULL. */
typedef struct heat_terms {
  const double *a, *b;
  bool over;
  double scale;
} heat_terms;

/* The reaction sigma rho c_p of the matrix S = sigma rho c_p - K in one row. It is sigma / inverse in each cell, or
 * `reaction` in all cells where `inverse` is NULL. `known`, unless it is NULL, holds these values, which saves the
 * divisions. */
typedef struct heat_reaction {
  double sigma, reaction;
  const double *inverse, *known;
} heat_reaction;

/* One row of y = K x, see stencil.h. A neighbour beyond a wall is replaced by the cell itself. */
typedef struct heat_balance_row {
  const double *u, *south, *north;
  const double *kx, *ky, *ky_north; /* NULL, NULL, NULL: the material is uniform */
  double fx, fy;                    /* where the material is uniform: conductances of the faces across x and y */
  ptrdiff_t first, last;            /* the columns [first, last) have no wall on their left or right */
  double *y;
} heat_balance_row;

/* One row of q = S p, and the sums of p q, r q and q q, which are computed together with it. r may be the same array as
 * p. */
enum { HEAT_APPLY_PQ, HEAT_APPLY_RQ, HEAT_APPLY_QQ, HEAT_APPLY_SUMS };
typedef struct heat_apply_row {
  const double *p, *r;
  double *q;
  ptrdiff_t columns;
  heat_reaction reaction;
  double scales[HEAT_APPLY_SUMS]; /* factors of the terms of each sum; 0: not wanted (as for all, or all but p q) */
} heat_apply_row;

typedef struct heat_solver_loops {
  void (*add)(heat_total *total, heat_terms terms, ptrdiff_t columns);
  /* The largest |term|; infinite if a term is not a number. `scale` is not used. */
  double (*largest)(heat_terms terms, ptrdiff_t columns);
  /* r = reaction r. */
  void (*multiply)(double *r, heat_reaction reaction, ptrdiff_t columns);
  /* x = a p, or x = x + a p where `add` is set. */
  void (*advance)(double *x, bool add, double a, const double *p, ptrdiff_t columns);
  /* p = z + b p. */
  void (*turn)(double *p, double b, const double *z, ptrdiff_t columns);
  /* y = K x in the columns [first, last) of the row. */
  void (*balance)(const heat_balance_row *row);
  /* q = reaction p - q, where q holds K p; adds p q, r q and q q to totals. */
  void (*apply)(const heat_apply_row *row, heat_total totals[HEAT_APPLY_SUMS]);
  /* r = r - a q; adds r r of the new r to a total. */
  void (*reduce)(double *r, double a, const double *q, ptrdiff_t columns, heat_total *total, double scale);
} heat_solver_loops;

/* The fastest loops for this processor, or those that the environment variable HEAT2D_ISA names. Local. */
const heat_solver_loops *heat_solver_loops_find(void);

#endif
