/* CSV time series that survive a resume: one header, no row twice, no row of a step that is to be computed again.
 * Rank 0 holds the file; the other ranks' calls do nothing. All Local. */
#ifndef HEAT2D_SERIES_H
#define HEAT2D_SERIES_H

#include "heat2d/deck/config.h"

typedef struct heat_series {
  FILE *file; /* NULL: on another rank */
  char path[HEAT_PATH];
  char aside[HEAT_PATH]; /* where a file with other columns has been put, "" when there was none */
} heat_series;

/* Open `path` with that header line. The rows of an existing file with the same header are kept up to step `keep` (-1:
 * none); a file with another header is cut back likewise, and renamed to "<path without .csv>-<keep>.csv". HEAT_IO. */
heat_status heat_series_open(heat_series *series, const char *path, const char *header, int64_t keep);

/* Append a row (printf format, without the end of line) and hand it to the file system. HEAT_IO. */
heat_status heat_series_row(heat_series *series, const char *format, ...) HEAT_PRINTF(2, 3);

/* Make the rows durable. HEAT_IO. */
heat_status heat_series_sync(heat_series *series);

/* HEAT_IO when what was written could not be kept. */
heat_status heat_series_close(heat_series *series);

#endif
