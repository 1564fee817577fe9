/* How many cells each region covers, for `heat2d check` and for the warnings at the start of a run. */
#ifndef HEAT2D_REGIONS_H
#define HEAT2D_REGIONS_H

#include "heat2d/base/runtime.h"
#include "heat2d/deck/problem.h"

#include <stdio.h>

typedef struct heat_coverage {
  double cells;  /* cells whose centre lies in the region */
  double looked; /* cells of the sample that was examined; 0: all cells were, and `cells` is exact */
} heat_coverage;

/* Find the cells [lo, hi) along each axis that can lie in a region, by the box around its shape. Local. */
void heat_regions_reach(const heat_problem *problem, int region, int64_t lo[HEAT_AXES], int64_t hi[HEAT_AXES]);

/* Count the cells of every region; the work is divided among the ranks. The cells of a rectangle follow from its
 * corners. For other shapes that could cover very many cells a regular sample is counted. With `any`, counting may end
 * at the first cell that a region covers. `coverage` has an entry for each region and is the same on all ranks.
 * Collective over comm. */
void heat_regions_count(const heat_problem *problem, MPI_Comm comm, bool any, heat_coverage *coverage);

/* Warn of regions that cover no cell centre, on the standard error and in the log if there is one. HEAT_IO when memory
 * is exhausted. Collective over the runtime's communicator. */
heat_status heat_regions_warn(const heat_problem *problem, heat_runtime *runtime);

/* Do the same, and print a line for each region to `out` on rank 0. Errors are the same. Collective over the runtime's
 * communicator. */
heat_status heat_regions_list(const heat_problem *problem, heat_runtime *runtime, FILE *out);

#endif
