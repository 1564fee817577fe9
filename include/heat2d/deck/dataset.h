/* An HDF5 dataset that describes a field or a side, read by rows as each rank needs them.
 *
 * It is read according to the CF conventions of netCDF files: scale_factor and add_offset are applied, and _FillValue,
 * missing_value, valid_min, valid_max and valid_range mark cells without a value. Dimensions of length 1 are ignored;
 * one more dimension, a time axis, needs an index. Coordinates (attached dimension scales, or datasets x and y in the
 * same group) have to be the centres of the cells; if they decrease, the field is reversed along that axis. Integers
 * and floats of any size and byte order are read. */
#ifndef HEAT2D_DATASET_H
#define HEAT2D_DATASET_H

#include "heat2d/base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct heat_dataset heat_dataset;

/* A dataset and the grid that it has to fit. Entry 0 of an array is along y (the rows), entry 1 along x. A side is
 * one-dimensional: its number of cells in the direction across it is 0. */
typedef struct heat_dataset_want {
  const char *file, *path;
  int64_t index; /* along its time axis; -1: none is given */
  int64_t cells[2];
  double origin[2], spacing[2]; /* of the grid, m */
} heat_dataset_want;

/* Open a dataset on this rank alone. HEAT_DECK, with a message that does not name a place in the deck, when there is no
 * such file or dataset, when it is not numeric, when its shape or its coordinates do not fit, or when numbers are
 * missing: chunks that were never written, sources of a virtual dataset that do not exist, a filter that this HDF5
 * lacks. Only regular files are opened. The time taken depends on what is stored, not on the shape that the file
 * claims. Local. */
heat_status heat_dataset_open(heat_dataset **dataset, const heat_dataset_want *want);

/* Tell whether there is a regular file of that name that HDF5 can open. Local. */
bool heat_dataset_file_opens(const char *name);

void heat_dataset_close(heat_dataset *dataset); /* NULL is allowed. Local. */

/* Read the cells [lo, hi) of a row (row 0 of a side) to `out`, NaN for cells without a value. HEAT_IO when reading
 * fails. Local. */
heat_status heat_dataset_read(heat_dataset *dataset, int64_t row, int64_t lo, int64_t hi, double *out);

/* Return the first cell of the last read that has no value, and set *reason to a text that says why; -1 when all cells
 * had one. Local. */
int64_t heat_dataset_missing(const heat_dataset *dataset, const char **reason);

/* Return the name of the file, and the path of the dataset in it. Both are owned by the dataset. Local. */
const char *heat_dataset_file(const heat_dataset *dataset);
const char *heat_dataset_path(const heat_dataset *dataset);

#endif
