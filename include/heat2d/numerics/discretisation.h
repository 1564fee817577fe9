/* What the parts of L(u, t) are made from: a problem, and the grid on which it is discretised. */
#ifndef HEAT2D_DISCRETISATION_H
#define HEAT2D_DISCRETISATION_H

#include "heat2d/grid/grid.h"

typedef struct heat_discretisation {
  const heat_problem *problem; /* borrowed by all that is made from it, as is the grid */
  const heat_grid *grid;
  int depth;   /* ghost layers of the fields */
  int threads; /* that will share the fields */
} heat_discretisation;

#endif
