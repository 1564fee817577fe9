/* What the parts of the schedule of messages share, see schedule.c. */
#ifndef HEAT2D_SCHEDULE_H
#define HEAT2D_SCHEDULE_H

#include "heat2d/numerics/solver_loops.h"

#include "../../src/numerics/multigrid_level.h"

/* End the run on all ranks if the status is a failure. Local. */
void schedule_need(heat_status status);

/* Let so much simulated time pass, for loops over cells; without SMPI do nothing. Local. */
void schedule_work(double nanoseconds);

/* Memory that takes the place of all arrays: one row, with some columns on either side. Local. */
double *schedule_row(void);

/* Read from a file what the loops of a solve cost, as schedule_measure_costs prints it. NULL: they cost nothing. Local.
 */
void schedule_read_costs(const char *path);

/* Make the levels for an implicit step of a uniform plate, and do so many iterations of its solve (0: none) with the
 * program's own solver, without its loops over cells. Returns the seconds that the set-up and the solve have taken.
 * Collective over the grid's communicator. */
typedef struct schedule_seconds {
  double setup, solve;
} schedule_seconds;
schedule_seconds schedule_solve(const heat_grid *grid, int iterations);

/* Solve such a step with all cells, where each rank has a plate of cells x cells of its own, and print on rank 0 the
 * time of the loops for each cell. Collective over all ranks. */
void schedule_measure_costs(int64_t cells);

/* The loops that the solver uses. */
extern const heat_level_loops *schedule_level_loops;
extern const heat_level_setup *schedule_level_setup;
extern const heat_solver_loops *schedule_solver_loops;

/* The parts of a solve whose times are kept apart: the way down and the way up on a level, for each cell of it, by its
 * size; all other loops of an iteration, for each cell of the finest level; and the set-up, for each cell of a level.
 */
typedef enum schedule_part { SCHEDULE_DOWN, SCHEDULE_UP, SCHEDULE_REST, SCHEDULE_SETUP, SCHEDULE_PARTS } schedule_part;
enum { SCHEDULE_SIZES = 32 };

/* The size of a level on this rank: the logarithm of its number of cells to the base 4. Local. */
int schedule_size(const heat_level *level);

#endif
