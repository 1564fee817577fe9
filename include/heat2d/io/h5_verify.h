/* Whether a file is whole: all that it holds is read, and compared with its digest (h5_digest.h). */
#ifndef HEAT2D_H5_VERIFY_H
#define HEAT2D_H5_VERIFY_H

#include "heat2d/grid/field.h"
#include "heat2d/io/h5_rows.h"
#include "heat2d/io/mpio.h"

/* Read the whole file at `path`, shared out over the ranks of comm, and compare with its digest; through MPI-IO where
 * `way` says so (NULL: each rank for itself). HEAT_IO with the reason (not an HDF5 file, truncated, digest differs).
 * Collective over comm. */
heat_status heat_h5_verify(MPI_Comm comm, const char *path, const heat_h5_way *way);

/* A field that takes over what is verified, in the same pass over the file. */
typedef struct heat_h5_fill {
  const char *name; /* of the dataset */
  const heat_grid *grid;
  heat_field *field; /* whose ghost layers are then not valid */
  bool filled;       /* set by heat_h5_verify_filling: all its cells come from the file, which is whole */
} heat_h5_fill;

/* heat_h5_verify over the ranks of the grid, which fills the field if the file has such a dataset, of that shape. Where
 * it does not end well the field is undefined. Each byte is read once, by one rank. HEAT_IO. Collective. */
heat_status heat_h5_verify_filling(const char *path, const heat_h5_way *way, heat_h5_fill *fill);

/* The rank whose share of a file this rank reads back: not its own, and one of another node where there are several, so
 * that what is read does not come from the memory of the host that wrote it. Each rank's share is read by one rank.
 * Collective over comm. */
int heat_h5_share(MPI_Comm comm);

/* How a file is read back that has just been written. */
typedef struct heat_h5_back {
  int share;              /* this rank reads the share of that rank */
  heat_h5_read_rows rows; /* not read again: each row has been read by one rank. The name and place are those of all */
} heat_h5_back;

/* heat_h5_verify of a file that has just been written. On up to HEAT_H5_MANY ranks, each of which opens the file once
 * more for it, fields that are stored as they are, are read past the page cache (h5_uncached.h); where one rank cannot,
 * all read them in the usual way. HEAT_IO. Collective over comm. */
heat_status heat_h5_verify_back(MPI_Comm comm, const char *path, const heat_h5_way *way, const heat_h5_back *back);

#endif
