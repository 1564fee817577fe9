/* The temperature at points, as interpolation.h has it: between the cells and at the walls it is what the scheme itself
 * sees there, exact where the solution is linear in each layer of material, never outside of the range of the cells and
 * walls around the point; and the same bits on any number of ranks.
 *
 * A probe of the deck is a point, or a line of points: `from` and `to` are the first and the last of `count`, and the
 * k-th of them, at from + (k - 1)/(count - 1) (to - from), is called NAME-k. Rank 0 holds the weights and the file; the
 * others send it the temperatures of their cells, in one message for all points. */
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
  heat_interpolation *points; /* NULL on other ranks than 0 */
  double *values;             /* count x HEAT_AROUND */
  heat_series series;
} heat_probes;

/* Those of the problem's deck; opens probes.csv in the directory, keeping its rows up to step `keep` (-1: none).
 * HEAT_DECK, HEAT_IO. Local: the status is this rank's own. */
heat_status heat_probes_create(heat_probes *probes, int64_t keep);
void heat_probes_destroy(heat_probes *probes); /* Local. */

/* The temperatures at all of them into values[count] on rank 0; there must be some. HEAT_DECK when a wall has no finite
 * value then. Collective; the status is this rank's own. */
heat_status heat_probes_read(heat_probes *probes, const heat_field *field, double time, double *values);

/* Their names with commas between, as they head the columns; to be freed, NULL when memory is exhausted. Local. */
char *heat_probes_names(const heat_probes *probes);

/* Append a row. HEAT_DECK when a wall has no finite value then, HEAT_IO. Collective; the status is this rank's own. */
heat_status heat_probes_write(heat_probes *probes, const heat_field *field, int64_t step, double time);

#endif
