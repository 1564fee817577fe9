/* The results of a run in figures that do not depend on the number of ranks, for comparing it with another run of its
 * deck. */
#ifndef HEAT2D_OUTCOME_H
#define HEAT2D_OUTCOME_H

#include "heat2d/base/status.h"
#include "heat2d/io/probe.h"
#include "heat2d/numerics/operator.h"

#include <stdint.h>

/* The figures of history.csv. */
typedef enum heat_figure {
  HEAT_FIGURE_TIME,
  HEAT_FIGURE_MIN,
  HEAT_FIGURE_MAX,
  HEAT_FIGURE_MEAN,
  HEAT_FIGURE_ENERGY,
  HEAT_FIGURE_FLOWS, /* one for each side */
  HEAT_FIGURES = HEAT_FIGURE_FLOWS + HEAT_SIDES
} heat_figure;

/* Their names: "time", "min", ..., "flow_top"; the last entry is NULL. */
extern const char *const heat_figure_names[HEAT_FIGURES + 1];

typedef struct heat_outcome {
  int64_t step;
  uint64_t digest; /* digest of the temperatures of all cells; any bit that differs changes it */
  double figures[HEAT_FIGURES];
  double energy_size; /* the size with which changes of the energy are compared, as heat_energy.size; J/m */
  int probe_count;
  double *probes;    /* temperatures, K; owned, on rank 0 only */
  char *probe_names; /* names of the probes, separated by commas; owned, on rank 0 only; NULL without probes */
} heat_outcome;

/* The state of a run: its solution `u` at a step and a time, s. All pointers are borrowed. */
typedef struct heat_outcome_parts {
  heat_operator *op;
  const heat_field *u;
  heat_probes *probes;
  int64_t step;
  double time;
} heat_outcome_parts;
/* Compute the results of a run from its state. *outcome has to be destroyed in any case. HEAT_DECK when a side has no
 * finite value, HEAT_IO when memory is exhausted. Returns the agreed status. Collective. */
heat_status heat_outcome_take(heat_outcome *outcome, const heat_outcome_parts *parts);

/* Free what heat_outcome_take allocated. Local. */
void heat_outcome_destroy(heat_outcome *outcome);

#endif
