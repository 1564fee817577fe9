/* An HDF5 dataset that describes a field or a side, read by rows as each rank needs them.
 *
 * It is read as the CF conventions of netCDF files say: scale_factor and add_offset are applied, and where _FillValue,
 * missing_value, valid_min, valid_max or valid_range say so there is no value. Dimensions of length 1 are passed over;
 * one more dimension, a time axis, needs an index. Coordinates (attached dimension scales, or datasets x and y beside
 * it) have to be the centres of the cells; where they run the other way the field is turned round. Integers and floats
 * of any size and byte order are read. */
#ifndef HEAT2D_DATASET_H
#define HEAT2D_DATASET_H

#include "heat2d/base/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct heat_dataset heat_dataset;

/* A dataset and the grid that it has to fit. Entry 0 is along y (the rows), entry 1 along x. For a side, which is
 * one-dimensional, the entry across it is 0 cells. */
typedef struct heat_dataset_want {
  const char *file, *path;
  int64_t index; /* along its time axis; -1: none is given */
  int64_t cells[2];
  double origin[2], spacing[2]; /* of the grid, m */
} heat_dataset_want;

/* Open it, this rank for itself. HEAT_DECK with a message (without a place in the deck) when there is no such file or
 * dataset, it is not numeric, its shape or its coordinates are others, or numbers are not stored in it: chunks never
 * written, sources of a virtual dataset that are missing, a filter that this HDF5 lacks. Only regular files are opened,
 * and the time taken does not grow with a shape that is only claimed. Local. */
heat_status heat_dataset_open(heat_dataset **dataset, const heat_dataset_want *want);

/* Whether there is a regular file of that name that HDF5 can open. Local. */
bool heat_dataset_file_opens(const char *name);

void heat_dataset_close(heat_dataset *dataset); /* NULL is allowed. Local. */

/* Cells [lo, hi) of a row (row 0 of a side); NaN where there is no value. HEAT_IO on failure. Local. */
heat_status heat_dataset_read(heat_dataset *dataset, int64_t row, int64_t lo, int64_t hi, double *out);

/* The first cell without a value of the last read, and why it has none; -1 when all had one. Local. */
int64_t heat_dataset_missing(const heat_dataset *dataset, const char **reason);

const char *heat_dataset_file(const heat_dataset *dataset); /* Local. */
const char *heat_dataset_path(const heat_dataset *dataset); /* Local. */

#endif
