/* The operator A = sigma rho c_p - div(k grad) as the finest level of the multigrid holds it. */
#ifndef HEAT2D_MULTIGRID_FINEST_H
#define HEAT2D_MULTIGRID_FINEST_H

#include "heat2d/numerics/stencil.h"

/* What the coefficients of A are like, over all ranks. */
typedef struct heat_finest_range {
  double largest;  /* entry of the diagonal, about */
  double reaction; /* the largest */
  double contrast; /* of the links along an axis: the largest over the smallest */
} heat_finest_range;

/* A row of A over the owned columns: its links to the west and south, and sigma rho c_p with what the walls add. */
typedef struct heat_finest_row {
  double *w, *s, *c;
} heat_finest_row;

/* Row j. Local. */
void heat_finest_read(const heat_stencil *stencil, double sigma, int64_t j, heat_finest_row row);

/* Uses the row. Collective over the grid's communicator. */
heat_finest_range heat_finest_find_range(const heat_stencil *stencil, double sigma, heat_finest_row row);

#endif
