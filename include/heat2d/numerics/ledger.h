/* The ledger of the heat that has come in through the walls and from the sources since t = 0.
 *
 * All entries of a step are kept or taken back together: heat_ledger_begin is called before the step, and
 * heat_ledger_roll_back if the step is rejected. All sums over faces, cells and ranks are exact (see sum.h), so their
 * bits do not depend on the ranks. */
#ifndef HEAT2D_LEDGER_H
#define HEAT2D_LEDGER_H

#include "heat2d/base/sum.h"
#include "heat2d/numerics/walls.h"

typedef struct heat_ledger_side {
  int64_t lo, hi;        /* faces along the side that this rank owns */
  double *heat, *before; /* that came in through each face, J/m: now, and when the step began */
} heat_ledger_side;

typedef struct heat_ledger {
  const heat_grid *grid; /* borrowed */
  heat_ledger_side sides[HEAT_SIDES];
  heat_sum source, source_before; /* this rank's part of the heat from sources, J/m: now, and when the step began */
} heat_ledger;

/* Make an empty ledger for the walls of a block. HEAT_IO when memory is exhausted. Local. */
heat_status heat_ledger_create(heat_ledger *ledger, const heat_grid *grid);
void heat_ledger_destroy(heat_ledger *ledger); /* Local. */

/* The memory of the ledger of a block, in bytes. Local. */
size_t heat_ledger_bytes(heat_box owned);

/* Remember the present state of the ledger, at the beginning of a step. Local. */
void heat_ledger_begin(heat_ledger *ledger);

/* Take back all entries since the last heat_ledger_begin. Local. */
void heat_ledger_roll_back(heat_ledger *ledger);

/* Enter the heat that flows in a time c (s) through the owned faces beside a line of cells, whose ghost cells must have
 * been set by heat_walls_apply_line. Several threads may call it at once for lines that have no cell in common. Local.
 */
void heat_ledger_count_line(heat_ledger *ledger, const heat_walls *walls, const heat_wall_line *line, double c);

/* Enter heat that came from sources, J/m: an amount that only one rank enters; an amount for each of `cells` cells; or
 * the same amount `heat` for each of `cells` cells. Several threads may call the last two at once. Local. */
void heat_ledger_count_source(heat_ledger *ledger, double heat);
void heat_ledger_count_cells(heat_ledger *ledger, const double *heat, int64_t cells);
void heat_ledger_count_alike(heat_ledger *ledger, double heat, int64_t cells);

/* The heat that came in through one side, J/m. Collective over the grid's communicator, as are the next three. */
double heat_ledger_side_heat(const heat_ledger *ledger, int side);

/* The heat that came in through all walls, J/m. Collective. */
double heat_ledger_wall_heat(const heat_ledger *ledger);

/* The heat that moved through the walls in either direction, J/m: the sum over the faces of the magnitude of what came
 * in through each. Collective. */
double heat_ledger_wall_moved(const heat_ledger *ledger);

/* The heat that the sources gave off, J/m. Collective. */
double heat_ledger_source_heat(const heat_ledger *ledger);

/* For checkpoints: the array of the heat of each owned face at `side`, for the faces [*lo, *hi) along it. The caller
 * may read it, or set it when a run is resumed. Local. */
double *heat_ledger_faces(heat_ledger *ledger, int side, int64_t *lo, int64_t *hi);

/* For checkpoints: the exact sum over all ranks of the heat from sources. Collective. */
heat_sum heat_ledger_source_sum(const heat_ledger *ledger);

/* For checkpoints: restore that sum when a run is resumed. Rank 0 takes all of it; on other ranks `total` is not
 * read. Local. */
void heat_ledger_restore_source(heat_ledger *ledger, const heat_sum *total);

#endif
