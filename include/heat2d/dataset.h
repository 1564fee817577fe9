/* A one- or two-dimensional HDF5 dataset that describes a field or a side, read by rows as each rank needs them. */
#ifndef HEAT2D_DATASET_H
#define HEAT2D_DATASET_H

#include "heat2d/status.h"

#include <stdint.h>

typedef struct heat_dataset heat_dataset;

/* Open `path` in `file` for reading, this rank for itself. HEAT_DECK with a message (without a place) when there is no
 * such file, no such dataset, or it is not numeric with 1 or 2 dimensions. Local. */
heat_status heat_dataset_open(heat_dataset **dataset, const char *file, const char *path);

void heat_dataset_close(heat_dataset *dataset); /* NULL is allowed. Local. */

/* Shape: rows x columns; a one-dimensional dataset has rows = 0. Local. */
void heat_dataset_shape(const heat_dataset *dataset, int64_t *rows, int64_t *columns);

/* Columns [lo, hi) of a row (row 0 of a one-dimensional dataset) as doubles. HEAT_IO on failure. Local. */
heat_status heat_dataset_read(heat_dataset *dataset, int64_t row, int64_t lo, int64_t hi, double *out);

#endif
