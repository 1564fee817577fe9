/* The end of a cycle: all ranks get a copy of a small level, go on alone and alike, and solve the coarsest directly. */
#ifndef HEAT2D_MULTIGRID_COARSE_H
#define HEAT2D_MULTIGRID_COARSE_H

#include "multigrid_level.h"

/* How the parts of a distributed level become a whole one on each rank: first along the rows of blocks, then along the
 * columns, so that each of px x py ranks deals with px + py others, and has no table of all. */
typedef struct heat_gather {
  bool split;
  MPI_Comm along[HEAT_AXES]; /* once `split`: the ranks of this row of blocks, and of this column */
  int *counts[HEAT_AXES];    /* bytes of each of these ranks */
  int *begins[HEAT_AXES];    /* and where they begin, in `row` and in `all` */
  char *row;                 /* what the row of blocks has, block by block */
  char *all;                 /* [ny][nx] */
  size_t bytes;
} heat_gather;

/* Of values of so many bytes; what was there before, {0} or of another level of the same ranks, goes, but for the
 * communicators. HEAT_IO. Collective over the grid's communicator, but the status is this rank's. */
heat_status heat_gather_create(heat_gather *gather, const heat_grid *grid, size_t value);
void heat_gather_destroy(heat_gather *gather); /* Collective over the ranks of the grid. */

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
