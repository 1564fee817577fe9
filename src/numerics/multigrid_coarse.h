/* The end of a cycle: all ranks get a copy of a small level, go on alone and alike, and solve the coarsest directly. */
#ifndef HEAT2D_MULTIGRID_COARSE_H
#define HEAT2D_MULTIGRID_COARSE_H

#include "multigrid_level.h"

/* How the parts of a distributed level become a whole one on each rank. */
typedef struct heat_gather {
  int *counts, *begins; /* values of each rank, and where they begin in `all` */
  char *all;
  size_t bytes;
} heat_gather;

/* Local. HEAT_IO. */
heat_status heat_gather_create(heat_gather *gather, const heat_grid *grid, size_t value);
void heat_gather_destroy(heat_gather *gather);

/* Copy the array of all ranks' owned cells into the whole one. Collective over the grid of `part`. */
void heat_gather_collect(heat_gather *gather, const heat_level *part, const void *array, const heat_level *whole,
                         void *all, size_t value);

/* x of the whole level back to the owned cells of a part, and to the layers around them that the finer level needs. The
 * whole one's own ghost layers must be valid. Local. */
void heat_gather_hand_back(const heat_level *part, const heat_level *whole, size_t value);

/* A dense Cholesky factor of a small operator, in double. */
typedef struct heat_direct {
  int cells;
  bool singular;
  double *factor; /* rows of the lower triangle, one after the other */
  double *values; /* one for each cell */
} heat_direct;

/* Factorise the operator of a level that is whole on each rank; `singular`: without any reaction. HEAT_IO. Local. */
heat_status heat_direct_create(heat_direct *direct, const heat_level *level, const heat_level_loops *loops,
                               bool singular);
void heat_direct_destroy(heat_direct *direct);

/* Bytes of the factor of so many cells. Local. */
size_t heat_direct_bytes(int cells);

/* x = A^-1 b; where A is singular, of b less its mean, with the mean 0. Local. */
void heat_direct_solve(heat_direct *direct, const heat_level *level, const heat_level_loops *loops);

#endif
