/* The sources q(x, y, t) on one grid: a field, of which the cells whose source depends on time are brought to the time
 * of each stage. Those are kept as runs of cells of one row each. */
#ifndef HEAT2D_FORCING_H
#define HEAT2D_FORCING_H

#include "heat2d/numerics/ledger.h"

typedef struct heat_source_run heat_source_run;

typedef struct heat_forcing {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  int depth;
  bool has_source;
  heat_field q;          /* W/m3, as it was last brought to a time; none where there is no source */
  int64_t run_count;     /* the cells whose source depends on time, as runs of one row each */
  heat_source_run *runs; /* ordered by rows */
  int64_t *row_runs;     /* the first one of each row of the box grown by depth, and of the row behind */
  double steady_power;   /* of the cells that do not, over all ranks, W/m */
} heat_forcing;

/* Evaluate the source at t = 0 over the owned box grown by the depth. HEAT_DECK, HEAT_IO (memory). Local. */
heat_status heat_forcing_create(heat_forcing *forcing, const heat_discretisation *from);
void heat_forcing_destroy(heat_forcing *forcing); /* Local. */

/* Add up the power of the sources that do not depend on time: the same bits on all ranks. Collective. */
void heat_forcing_agree(heat_forcing *forcing);

/* Bytes that it takes for a block. Local. */
size_t heat_forcing_bytes(const heat_problem *problem, heat_box owned, int depth);

/* Whether any source depends on time. Local. */
static inline bool heat_forcing_in_time(const heat_forcing *forcing) {
  return forcing->run_count > 0;
}

/* Bring the source in `box` to time t, and enter into `ledger` what its owned cells that depend on time give in a time
 * `budget_weight`; with budget_weight = 0 nothing is entered. HEAT_DECK. Local. */
heat_status heat_forcing_update(heat_forcing *forcing, heat_box box, double t, double budget_weight,
                                heat_ledger *ledger);

/* Enter into `ledger` what the sources that do not depend on time give in a time `budget_weight`. Local. */
void heat_forcing_count_steady(const heat_forcing *forcing, double budget_weight, heat_ledger *ledger);

#endif
