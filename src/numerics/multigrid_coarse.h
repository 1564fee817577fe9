/* The coarse end of a cycle: each rank gets a copy of a whole small level. From there on all ranks do the same work,
 * and solve the coarsest level directly. */
#ifndef HEAT2D_MULTIGRID_COARSE_H
#define HEAT2D_MULTIGRID_COARSE_H

#include "multigrid_level.h"

/* What the parts of a distributed level are gathered with. They are gathered first along the rows of blocks, then along
 * the columns. So each of px x py ranks exchanges data with px + py others only, and no rank needs a table of all
 * ranks. */
typedef struct heat_gather {
  bool split;
  MPI_Comm along[HEAT_AXES]; /* valid if `split` is set: the ranks of this row of blocks, and of this column */
  int *counts[HEAT_AXES];    /* bytes of each of these ranks */
  int *begins[HEAT_AXES];    /* and where these bytes begin, in `row` and in `all` */
  char *row;                 /* the values of the row of blocks, block by block */
  char *all;                 /* the values of the whole level, [ny][nx] */
  size_t bytes;
} heat_gather;

/* Prepare to gather arrays of a level of this grid, whose values take `value` bytes. `gather` is {0}, or has been made
 * for another level of the same ranks, whose communicators are used again. HEAT_IO when memory is exhausted; the status
 * is that of this rank alone. Collective over the grid's communicator. */
heat_status heat_gather_create(heat_gather *gather, const heat_grid *grid, size_t value);
void heat_gather_destroy(heat_gather *gather); /* Collective over the ranks of the grid. */

/* Copy the owned cells of all ranks from `array` of the level `part` into `all` of the level `whole`. Collective over
 * the grid of `part`. */
void heat_gather_collect(heat_gather *gather, const heat_level *part, const void *array, const heat_level *whole,
                         void *all, size_t value);

/* Copy x of the whole level to the owned cells of the part, and to the ghost layers that the finer level needs. The
 * ghost layers of the whole level must be valid. Local. */
void heat_gather_hand_back(const heat_level *part, const heat_level *whole, size_t value);

/* The dense Cholesky factor of a small operator, in double precision. */
typedef struct heat_direct {
  int cells;
  bool singular;
  double *factor; /* rows of the lower triangle, one after the other */
  double *values; /* work space, one value for each cell */
} heat_direct;

/* Factorise the operator of a level that each rank has a copy of. `singular` says that there is no reaction. HEAT_IO
 * when memory is exhausted. Local. */
heat_status heat_direct_create(heat_direct *direct, const heat_level *level, const heat_level_loops *loops,
                               bool singular);
void heat_direct_destroy(heat_direct *direct);

/* The memory for the factor of so many cells, in bytes. Local. */
size_t heat_direct_bytes(int cells);

/* Compute x = A^-1 b. Where A is singular, the mean of b is subtracted first, and the mean of x is 0. Local. */
void heat_direct_solve(heat_direct *direct, const heat_level *level, const heat_level_loops *loops);

#endif
