/* Probes: the temperature at points, interpolated as interpolation.h describes. The interpolation between cells and at
 * walls is consistent with the scheme: it is exact if the solution is linear in each layer of material, and never
 * outside of the range of the cells and walls around the point. The bits are the same on any number of ranks.
 *
 * A probe of the deck is a point or a line of `count` points from `from` to `to`. The k-th point of a line, at from +
 * (k - 1)/(count - 1) (to - from), is called NAME-k. Rank 0 has the weights and the file; one reduction for all points
 * brings the temperatures of the cells to it. */
#ifndef HEAT2D_PROBE_H
#define HEAT2D_PROBE_H

#include "heat2d/grid/field.h"
#include "heat2d/io/series.h"
#include "heat2d/numerics/interpolation.h"

typedef struct heat_probes {
  const heat_problem *problem; /* these three are set by the caller, and borrowed */
  const heat_grid *grid;
  const char *directory;
  int count;
  heat_quadrant *quadrants;
  heat_interpolation *points; /* NULL on ranks other than 0 */
  double *values;             /* count x HEAT_AROUND */
  heat_series series;
} heat_probes;

/* Prepare the probes of the problem's deck, and open probes.csv in the directory, of which rows up to step `keep` are
 * kept (-1: none). HEAT_DECK, HEAT_IO. Local: the status is that of this rank. */
heat_status heat_probes_create(heat_probes *probes, int64_t keep);
void heat_probes_destroy(heat_probes *probes); /* Local. */

/* Compute the temperatures at all probes into values[count] on rank 0; there has to be at least one probe. HEAT_DECK
 * when a wall has no finite value at `time`, s. Collective, but the status is that of this rank. */
heat_status heat_probes_read(heat_probes *probes, const heat_field *field, double time, double *values);

/* Return the names of the columns separated by commas, which have to be freed; NULL when memory is exhausted. Local. */
char *heat_probes_names(const heat_probes *probes);

/* Append a row to probes.csv. HEAT_DECK when a wall has no finite value at `time`, s, HEAT_IO. Collective, but the
 * status is that of this rank. */
heat_status heat_probes_write(heat_probes *probes, const heat_field *field, int64_t step, double time);

#endif
