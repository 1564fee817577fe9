/* The sources q(x, y, t) on one grid.
 *
 * q is a field. Before each stage it is evaluated at the time of that stage, but only in those cells whose source
 * depends on time. These cells are kept as runs, each of which is a number of neighbouring cells of one row. A source
 * that depends on time alone is evaluated once for each instant. For a source that is a product f(t) g(x, y) the values
 * of g are stored, and f is evaluated once for each instant. (An instant is the time of a stage, see walls.h.) */
#ifndef HEAT2D_FORCING_H
#define HEAT2D_FORCING_H

#include "heat2d/numerics/ledger.h"

typedef struct heat_source_run heat_source_run;
typedef struct heat_source_kind heat_source_kind;

typedef struct heat_forcing {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  int depth;
  bool has_source;
  heat_field q;          /* the source at the time of the last evaluation, W/m3; no field where there is no source */
  int64_t run_count;     /* number of runs of cells whose source depends on time */
  heat_source_run *runs; /* ordered by rows */
  int64_t *row_runs;     /* index of the first run of each row of the grown box, and the number of runs at the end */
  heat_box busy;         /* the smallest box around all runs */
  int kind_count;        /* number of different sources that depend on time: one for a region, or the deck's own */
  heat_source_kind *kinds;
  double *profile;     /* g(x, y) in the cells of those runs whose source is a product, one run after the other */
  double *factors;     /* f(t), or the source where it depends on time alone, of each kind at each instant */
  double *times;       /* of the instants, s */
  double steady_power; /* total power of the sources that do not depend on time, over all ranks, W/m */
} heat_forcing;

/* Evaluate the source at t = 0 over the owned box grown by the depth of the halo. HEAT_DECK when a value is not finite,
 * HEAT_IO when memory is exhausted. Local. */
heat_status heat_forcing_create(heat_forcing *forcing, const heat_discretisation *from);
void heat_forcing_destroy(heat_forcing *forcing); /* Local. */

/* Add up the power of the sources that do not depend on time over all ranks. The sum has the same bits on all of them.
 * Collective over the grid's communicator. */
void heat_forcing_agree(heat_forcing *forcing);

/* The memory that the sources take on a block, in bytes. Local. */
size_t heat_forcing_bytes(const heat_problem *problem, heat_box owned, int depth);

/* Whether any source depends on time. Local. */
static inline bool heat_forcing_in_time(const heat_forcing *forcing) {
  return forcing->run_count > 0;
}

/* Whether a source in `box` may depend on time. False is certain; true may be wrong for a box between such cells.
 * Local. */
static inline bool heat_forcing_touches(const heat_forcing *forcing, heat_box box) {
  return !heat_box_empty(heat_box_intersect(forcing->busy, box));
}

/* Set instant n to the time times[n], in s, for n < count <= HEAT_STAGES_MAX, and evaluate what depends on time alone.
 * HEAT_DECK when a source has a value that is not finite. Local. */
heat_status heat_forcing_begin(heat_forcing *forcing, const double *times, int count);

/* Evaluate the sources in `box` at an instant, and add to `ledger` the heat that its owned cells whose source depends
 * on time give off in the time `budget_weight` (s; 0: nothing is added). Several threads may call it at once for boxes
 * that have no cell in common. HEAT_DECK when a value is not finite. Local. */
heat_status heat_forcing_update(heat_forcing *forcing, heat_box box, int instant, double budget_weight,
                                heat_ledger *ledger);

/* Add to `ledger` the heat that the sources that do not depend on time give off in the time `budget_weight`, s. Local.
 */
void heat_forcing_count_steady(const heat_forcing *forcing, double budget_weight, heat_ledger *ledger);

#endif
