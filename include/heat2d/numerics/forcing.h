/* The sources q(x, y, t) on one grid: a field, of which the cells whose source depends on time are brought to the time
 * of each stage. Those are kept as runs of cells of one row each. A source that depends on time alone is evaluated once
 * for each instant; of one that is a product f(t) g(x, y) g is kept, and f evaluated once for each instant. */
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
  heat_field q;          /* W/m3, as it was last brought to a time; none where there is no source */
  int64_t run_count;     /* the cells whose source depends on time, as runs of one row each */
  heat_source_run *runs; /* ordered by rows */
  int64_t *row_runs;     /* the first one of each row of the box grown by depth, and of the row behind */
  heat_box busy;         /* around all runs */
  int kind_count;        /* the layers that the runs have */
  heat_source_kind *kinds;
  double *profile;     /* g in the cells of the runs that are products, one run after the other */
  double *factors;     /* f, or the source itself where it depends on time alone: of each kind at each instant */
  double *times;       /* of the instants */
  double steady_power; /* of the cells that do not depend on time, over all ranks, W/m */
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

/* Whether a source in `box` depends on time, nearly: where none does it may say so. Local. */
static inline bool heat_forcing_touches(const heat_forcing *forcing, heat_box box) {
  return !heat_box_empty(heat_box_intersect(forcing->busy, box));
}

/* Let instant n be the time times[n], for n < count <= HEAT_STAGES_MAX. HEAT_DECK where a source has no finite value.
 * Local. */
heat_status heat_forcing_begin(heat_forcing *forcing, const double *times, int count);

/* Bring the source in `box` to an instant, and enter into `ledger` what its owned cells that depend on time give in a
 * time `budget_weight`; with budget_weight = 0 nothing is entered. Threads may do this at once for boxes that share no
 * cell. HEAT_DECK. Local. */
heat_status heat_forcing_update(heat_forcing *forcing, heat_box box, int instant, double budget_weight,
                                heat_ledger *ledger);

/* Enter into `ledger` what the sources that do not depend on time give in a time `budget_weight`. Local. */
void heat_forcing_count_steady(const heat_forcing *forcing, double budget_weight, heat_ledger *ledger);

#endif
