/* The temperature at points, interpolated bilinearly between cell centres (linearly extrapolated in the half cell at a
 * wall, through the seam on a periodic axis): second order, and the same bits on any number of ranks. */
#ifndef HEAT2D_PROBE_H
#define HEAT2D_PROBE_H

#include "heat2d/field.h"
#include "heat2d/series.h"

enum { HEAT_PROBE_CELLS = 4 };

typedef struct heat_probe {
  int64_t cell[HEAT_PROBE_CELLS][HEAT_AXES];
  double weight[HEAT_PROBE_CELLS];
} heat_probe;

typedef struct heat_probes {
  const heat_grid *grid; /* borrowed */
  int count;
  heat_probe *probes;
  double *values; /* count x HEAT_PROBE_CELLS */
  heat_series series;
} heat_probes;

/* The probe at a point of the domain. Local. */
heat_probe heat_probe_at(const heat_grid *grid, double x, double y);

/* Those of the deck; opens probes.csv in `directory`, keeping its rows up to step `keep` (-1: none). The status is this
 * rank's own. */
heat_status heat_probes_create(heat_probes *probes, const heat_grid *grid, const char *directory, int64_t keep);
void heat_probes_destroy(heat_probes *probes);

/* Append a row. Collective; the status is this rank's own. */
heat_status heat_probes_write(heat_probes *probes, const heat_field *field, int64_t step, double time);

#endif
