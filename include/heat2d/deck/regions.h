/* How many cells each region covers: a part of `heat2d check`, and of the start of a run. Private. */
#ifndef HEAT2D_REGIONS_H
#define HEAT2D_REGIONS_H

#include "heat2d/base/runtime.h"
#include "heat2d/deck/problem.h"

#include <stdio.h>

typedef struct heat_coverage {
  double cells;  /* whose centre lies in the region */
  double looked; /* cells that were looked at; 0: all that can lie in it, and `cells` is exact */
} heat_coverage;

/* The cells of every region, all ranks sharing them. Rectangles are counted without a look at the cells; of other
 * shapes with very many cells in reach an even lattice is looked at. With `any` a region that covers a cell need not be
 * counted to the end. `coverage` has an entry for each region. Collective over comm. */
void heat_regions_count(const heat_problem *problem, MPI_Comm comm, bool any, heat_coverage *coverage);

/* Say on the standard error, and in the log where one is open, which regions cover no cell centre. HEAT_IO when memory
 * is exhausted. Collective over the runtime's communicator. */
heat_status heat_regions_warn(const heat_problem *problem, heat_runtime *runtime);

/* The same, and a line for each region into `out`, on rank 0. Collective. */
heat_status heat_regions_list(const heat_problem *problem, heat_runtime *runtime, FILE *out);

#endif
