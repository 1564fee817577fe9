#include "heat2d/app/outcome.h"

#include "heat2d/io/h5_digest.h"

#include <stdlib.h>
#include <string.h>

const char *const heat_figure_names[HEAT_FIGURES + 1] = {"time",      "min",        "max",         "mean",     "energy",
                                                         "flow_left", "flow_right", "flow_bottom", "flow_top", NULL};

/* The sum modulo 2^64 of one hash per cell, seeded with the position of the cell. Collective. */
static uint64_t digest(const heat_field *u, const heat_grid *grid) {
  const heat_box own = grid->owned;
  const uint64_t seed = heat_h5_name_seed("temperature"), nx = (uint64_t)grid->layout.cells[HEAT_X];
  uint64_t sum = 0;
  for (int64_t j = own.lo[HEAT_Y]; j < own.hi[HEAT_Y]; j++) /* one hash per value */
    sum += heat_h5_hash_rows(heat_field_at(u, own.lo[HEAT_X], j), heat_box_width(own, HEAT_X), 1,
                             seed + (uint64_t)j * nx + (uint64_t)own.lo[HEAT_X]);
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_UINT64_T, MPI_SUM, grid->comm);
  return sum;
}

/* Take the temperatures of the probes. Collective, but the status is that of this rank. */
static heat_status take_probes(heat_outcome *outcome, const heat_outcome_parts *parts) {
  outcome->probe_count = parts->probes->count;
  if (outcome->probe_count == 0) return heat_ok();
  const size_t bytes = (size_t)outcome->probe_count * sizeof *outcome->probes;
  outcome->probes = malloc(bytes);
  outcome->probe_names = heat_probes_names(parts->probes);
  const bool good = outcome->probes != NULL && outcome->probe_names != NULL;
  const heat_status status =
      heat_agree(parts->probes->grid->comm, good ? heat_ok() : heat_no_memory("the probes", bytes));
  return status.code == HEAT_OK ? heat_probes_read(parts->probes, parts->u, parts->time, outcome->probes) : status;
}

heat_status heat_outcome_take(heat_outcome *outcome, const heat_outcome_parts *parts) {
  const heat_grid *grid = parts->probes->grid;
  const heat_extent extent = heat_field_extent(parts->u, grid);
  const heat_energy energy = heat_operator_energy(parts->op, parts->u);
  *outcome = (heat_outcome){.step = parts->step, .digest = digest(parts->u, grid), .energy_size = energy.size};
  outcome->figures[HEAT_FIGURE_TIME] = parts->time;
  outcome->figures[HEAT_FIGURE_MIN] = extent.min;
  outcome->figures[HEAT_FIGURE_MAX] = extent.max;
  outcome->figures[HEAT_FIGURE_MEAN] = energy.mean;
  outcome->figures[HEAT_FIGURE_ENERGY] = energy.heat;
  heat_status status = heat_operator_flows(parts->op, parts->u, parts->time, &outcome->figures[HEAT_FIGURE_FLOWS]);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) status = heat_agree(grid->comm, take_probes(outcome, parts));
  return status;
}

void heat_outcome_destroy(heat_outcome *outcome) {
  free(outcome->probes);
  free(outcome->probe_names);
  *outcome = (heat_outcome){0};
}
