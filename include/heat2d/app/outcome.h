/* What a run ended with, in figures, the same on any number of ranks: for comparing it with another run of its deck. */
#ifndef HEAT2D_OUTCOME_H
#define HEAT2D_OUTCOME_H

#include "heat2d/base/status.h"
#include "heat2d/io/probe.h"
#include "heat2d/numerics/operator.h"

#include <stdint.h>

/* Those of history.csv. */
typedef enum heat_figure {
  HEAT_FIGURE_TIME,
  HEAT_FIGURE_MIN,
  HEAT_FIGURE_MAX,
  HEAT_FIGURE_MEAN,
  HEAT_FIGURE_ENERGY,
  HEAT_FIGURE_FLOWS, /* one for each side */
  HEAT_FIGURES = HEAT_FIGURE_FLOWS + HEAT_SIDES
} heat_figure;

/* Their names: "time", "min", ..., "flow_top"; behind them NULL. */
extern const char *const heat_figure_names[HEAT_FIGURES + 1];

typedef struct heat_outcome {
  int64_t step;
  uint64_t digest; /* of the temperature of all cells: one bit that differs changes it */
  double figures[HEAT_FIGURES];
  double energy_size; /* what a change of the energy is to be measured against, as heat_energy.size; J/m */
  int probe_count;
  double *probes;    /* owned; on rank 0 */
  char *probe_names; /* the same, with commas between; NULL without probes */
} heat_outcome;

/* The run whose solution is `u` at that step and time. On failure, too, to be destroyed. HEAT_DECK where a side has no
 * finite value, HEAT_IO (memory). Collective, the status is agreed. */
typedef struct heat_outcome_parts {
  heat_operator *op;
  const heat_field *u;
  heat_probes *probes;
  int64_t step;
  double time;
} heat_outcome_parts;
heat_status heat_outcome_take(heat_outcome *outcome, const heat_outcome_parts *parts);
void heat_outcome_destroy(heat_outcome *outcome); /* Local. */

#endif
