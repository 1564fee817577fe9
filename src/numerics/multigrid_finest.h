/* The operator A = sigma rho c_p - div(k grad) as the finest level of the multigrid holds it. */
#ifndef HEAT2D_MULTIGRID_FINEST_H
#define HEAT2D_MULTIGRID_FINEST_H

#include "heat2d/numerics/stencil.h"

/* The range of the coefficients of A over all ranks. */
typedef struct heat_finest_range {
  double largest;  /* about the largest entry of the diagonal */
  double reaction; /* the largest one */
  double contrast; /* the largest link along an axis divided by the smallest one */
} heat_finest_range;

/* A row of A over the owned columns: the links to the west and to the south, and sigma rho c_p, to which the
 * conductances of walls are added. */
typedef struct heat_finest_row {
  double *w, *s, *c;
} heat_finest_row;

/* Compute row j. Local. */
void heat_finest_read(const heat_stencil *stencil, double sigma, int64_t j, heat_finest_row row);

/* Find the range of the coefficients. `row` is work space. Collective over the grid's communicator. */
heat_finest_range heat_finest_find_range(const heat_stencil *stencil, double sigma, heat_finest_row row);

#endif
