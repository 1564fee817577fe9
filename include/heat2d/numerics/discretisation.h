/* A problem and the grid on which it is discretised, from which the parts of L(u, t) are made. */
#ifndef HEAT2D_DISCRETISATION_H
#define HEAT2D_DISCRETISATION_H

#include "heat2d/grid/grid.h"

typedef struct heat_discretisation {
  const heat_problem *problem; /* borrowed, like the grid, by everything that is made from this */
  const heat_grid *grid;
  int depth;   /* ghost layers of the fields */
  int threads; /* number of threads among which the fields will be divided */
} heat_discretisation;

#endif
