/* A file that all ranks of a communicator read together: through MPI-IO, in collective calls, or each for itself. Each
 * reads whole rows, so that its piece is contiguous, and what another one needs of them is sent there (h5_rows.h). What
 * HDF5 keeps beside the values (shapes, attributes) is read with the functions of h5_read.h, by all ranks alike. */
#ifndef HEAT2D_H5_READER_H
#define HEAT2D_H5_READER_H

#include "heat2d/base/stall.h"
#include "heat2d/grid/field.h"
#include "heat2d/io/mpio.h"

typedef struct heat_h5_reader {
  MPI_Comm comm;
  const char *path; /* borrowed */
  int rank, size;
  bool together; /* through MPI-IO: what one rank does with the file all must do */
  hid_t file;    /* negative where it could not be opened */
  heat_stall guard;
  heat_status status; /* of this rank so far */
  uint64_t digest;    /* of the rows of fields that this rank has read, see h5_digest.h */
} heat_h5_reader;

/* Open a file, through MPI-IO where `way` says so, otherwise, and where it is NULL, each rank for itself. The reader
 * stays where it is until it is closed, whatever its status. Collective over comm. */
void heat_h5_reader_open(heat_h5_reader *reader, MPI_Comm comm, const char *path, const heat_h5_way *way);

/* Agree on the status; whether all ranks go on. HEAT_IO. Collective over the ranks of the reader. */
bool heat_h5_reader_agree(heat_h5_reader *reader);

/* Rows of a dataset, or values of a vector, as doubles; false where they could not be read here. Collective over the
 * ranks of the reader where they are together. */
bool heat_h5_reader_rows(heat_h5_reader *reader, hid_t dataset, const heat_mpio_rows *rows, double *values);

/* The dataset [ny][nx] `name` into a field of that grid, whose ghost layers are then not valid. HEAT_IO in the status,
 * the same on all ranks. Collective over the ranks of the reader, which are those of the grid. */
void heat_h5_reader_field(heat_h5_reader *reader, const char *name, const heat_grid *grid, heat_field *field);

/* Values [start, start + count) of a vector, which differ from rank to rank; count 0: none here. As above. */
void heat_h5_reader_vector(heat_h5_reader *reader, const char *name, int64_t start, int64_t count, double *values);

/* Close the file and agree on the status. Collective over the ranks of the reader. */
heat_status heat_h5_reader_close(heat_h5_reader *reader);

#endif
