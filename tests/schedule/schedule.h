/* What the parts of the schedule of messages share: see schedule.c. */
#ifndef HEAT2D_SCHEDULE_H
#define HEAT2D_SCHEDULE_H

#include "heat2d/numerics/solver_loops.h"

#include "../../src/numerics/multigrid_level.h"

/* End all ranks where something has failed. */
void schedule_need(heat_status status);

/* Let the time of loops over cells pass; under SMPI only. Local. */
void schedule_work(double nanoseconds);

/* Memory that stands for all arrays: a row of it, with some columns on either side. Local. */
double *schedule_row(void);

/* Take from the file what the loops of a solve cost, as schedule_measure_costs prints it. NULL: nothing. Local. */
void schedule_read_costs(const char *path);

/* Make the levels for an implicit step of a uniform plate, and do so many iterations of its solve, or none, by the
 * program's own solver, whose loops over cells are left out. Returns the seconds of the set-up, and of the solve.
 * Collective over the grid's communicator. */
typedef struct schedule_seconds {
  double setup, solve;
} schedule_seconds;
schedule_seconds schedule_solve(const heat_grid *grid, int iterations);

/* Solve such a step with all cells, on each rank a plate of cells x cells for itself, and print on rank 0 what the
 * loops have taken for each cell. Collective over all ranks. */
void schedule_measure_costs(int64_t cells);

/* The loops that the solver finds. */
extern const heat_level_loops *schedule_level_loops;
extern const heat_level_setup *schedule_level_setup;
extern const heat_solver_loops *schedule_solver_loops;

/* The parts of a solve whose time is told apart: the way down on a level and the way up, for each cell of it, by its
 * size; all other loops of an iteration, for each cell of the finest level; and the set-up, for each cell of a level.
 */
typedef enum schedule_part { SCHEDULE_DOWN, SCHEDULE_UP, SCHEDULE_REST, SCHEDULE_SETUP, SCHEDULE_PARTS } schedule_part;
enum { SCHEDULE_SIZES = 32 };

/* The size of a level as this rank has it: the logarithm of its number of cells to the base 4. Local. */
int schedule_size(const heat_level *level);

#endif
