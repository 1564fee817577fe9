/* Snapshots: fields for other programs to read, and run.xdmf, which joins them into a time series. */
#ifndef HEAT2D_SNAPSHOT_H
#define HEAT2D_SNAPSHOT_H

#include "heat2d/base/runtime.h"
#include "heat2d/io/h5_file.h"
#include "heat2d/io/xdmf.h"

typedef struct heat_snapshots {
  const heat_problem *problem;          /* borrowed */
  const heat_grid *grid;                /* borrowed */
  const char *directory, *title, *deck; /* borrowed */
  heat_storage storage;
  const heat_h5_way *way; /* borrowed; NULL: each rank writes its rows itself */
  heat_xdmf series;       /* on rank 0 */
  int64_t widened;        /* number of snapshots written as float64 because float32 could not hold their values */
} heat_snapshots;

/* Begin the series of a directory with its snapshots up to step `keep` (-1: none). Later ones are removed, because they
 * will be written again. HEAT_IO. Collective. */
heat_status heat_snapshots_create(heat_snapshots *snapshots, int64_t keep);
void heat_snapshots_destroy(heat_snapshots *snapshots); /* Local. */

/* Write snapshot-<step>.h5 and then run.xdmf. The file contains /temperature [ny][nx] with the dimension scales /y and
 * /x, and /time [1], a coordinate of one value. /time is no dimension of /temperature, so that the shape is that of a
 * checkpoint, but xarray.open_mfdataset still finds the series. A field with a value beyond the range of float32, or
 * whose values are all too small for it, is written as float64. HEAT_IO. Collective; a failure to write run.xdmf is
 * returned on rank 0 only. */
heat_status heat_snapshots_write(heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt);

/* Write the field of a failed run as crash-<step>.h5, in float64, which is not part of the series. HEAT_IO.
 * Collective. */
heat_status heat_snapshots_crash(const heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt);

#endif
