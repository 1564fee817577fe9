/* The heat that came in through the walls and from the sources since t = 0.
 *
 * What a step enters is kept or taken back as one: heat_ledger_begin before the step, heat_ledger_roll_back when it is
 * rejected. All sums over faces, cells and ranks are exact (see sum.h): their bits do not depend on the ranks. */
#ifndef HEAT2D_LEDGER_H
#define HEAT2D_LEDGER_H

#include "heat2d/base/sum.h"
#include "heat2d/numerics/walls.h"

typedef struct heat_ledger_side {
  int64_t lo, hi;        /* faces along the side that this rank owns */
  double *heat, *before; /* of each face, J/m: now, and when the step began */
} heat_ledger_side;

typedef struct heat_ledger {
  const heat_grid *grid; /* borrowed */
  heat_ledger_side sides[HEAT_SIDES];
  heat_sum source, source_before; /* of the sources, J/m: this rank's part */
} heat_ledger;

/* With nothing entered. HEAT_IO when memory is exhausted. Local. */
heat_status heat_ledger_create(heat_ledger *ledger, const heat_grid *grid);
void heat_ledger_destroy(heat_ledger *ledger); /* Local. */

/* Bytes that it takes for a block. Local. */
size_t heat_ledger_bytes(heat_box owned);

/* Remember what has been entered, as a step begins. Local. */
void heat_ledger_begin(heat_ledger *ledger);

/* Take back all that was entered since the last heat_ledger_begin. Local. */
void heat_ledger_roll_back(heat_ledger *ledger);

/* Enter c times the heat flux through the owned faces of the walls that `box` touches; the ghost cells of `field` are
 * as heat_walls_apply has left them. Threads may do this at once for boxes that share no cell. Local. */
void heat_ledger_count_walls(heat_ledger *ledger, const heat_walls *walls, const heat_field *field, heat_box box,
                             double c);
void heat_ledger_count_line(heat_ledger *ledger, const heat_walls *walls, const heat_wall_line *line,
                            double c); /* the same for a line */

/* Enter heat that came from a source, J/m; of what all ranks know, one of them enters it. Or what came in each of some
 * cells, or in `cells` cells the same in each; several threads may enter these at once. Local. */
void heat_ledger_count_source(heat_ledger *ledger, double heat);
void heat_ledger_count_cells(heat_ledger *ledger, const double *heat, int64_t cells);
void heat_ledger_count_alike(heat_ledger *ledger, double heat, int64_t cells);

/* Heat that came in through one side, J/m. Collective. */
double heat_ledger_side_heat(const heat_ledger *ledger, int side);

/* Heat that came in through all walls, J/m. Collective. */
double heat_ledger_wall_heat(const heat_ledger *ledger);

/* Heat that moved through the walls, whether in or out: the sum over their faces of what came in or went out of each,
 * J/m. Collective. */
double heat_ledger_wall_moved(const heat_ledger *ledger);

/* Heat that the sources gave, J/m. Collective. */
double heat_ledger_source_heat(const heat_ledger *ledger);

/* For checkpoints: the heat of each owned face at `side`, the faces [*lo, *hi) along it, to be read or to be restored.
 * Local. */
double *heat_ledger_faces(heat_ledger *ledger, int side, int64_t *lo, int64_t *hi);

/* For checkpoints: the exact sum over all ranks of what the sources gave. Collective. */
heat_sum heat_ledger_source_sum(const heat_ledger *ledger);

/* For checkpoints: make `total` that sum, of which rank 0 keeps all. `total` is read on rank 0. Local. */
void heat_ledger_restore_source(heat_ledger *ledger, const heat_sum *total);

#endif
