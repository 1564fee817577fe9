/* CSV time series that continue after a resume: there is one header, no row is repeated, and rows of steps that will be
 * computed again are removed. Rank 0 has the file; calls on other ranks do nothing. All functions are Local. */
#ifndef HEAT2D_SERIES_H
#define HEAT2D_SERIES_H

#include "heat2d/deck/config.h"

typedef struct heat_series {
  FILE *file; /* NULL on other ranks */
  char path[HEAT_PATH];
  char aside[HEAT_PATH]; /* new path of a file with other columns; "" if there was none */
} heat_series;

/* Open `path` with a header line. The rows of an existing file with the same header are kept up to step `keep` (-1:
 * none); a file with another header is truncated in the same way, and renamed to "<path without .csv>-<keep>.csv".
 * HEAT_IO. */
heat_status heat_series_open(heat_series *series, const char *path, const char *header, int64_t keep);

/* Append a row (printf format, without the end of line) and flush it. HEAT_IO. */
heat_status heat_series_row(heat_series *series, const char *format, ...) HEAT_PRINTF(2, 3);

/* Make the rows durable. HEAT_IO. */
heat_status heat_series_sync(heat_series *series);

/* Close the file. HEAT_IO when rows could not be written. */
heat_status heat_series_close(heat_series *series);

#endif
