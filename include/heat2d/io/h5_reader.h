/* A file that all ranks of a communicator read: together through MPI-IO, in collective calls, or each rank by itself.
 * Each rank reads whole rows, which are one contiguous piece of the dataset, and sends the parts that other ranks own
 * to these (h5_rows.h). Shapes and attributes are read with the functions of h5_read.h, which all ranks call alike. */
#ifndef HEAT2D_H5_READER_H
#define HEAT2D_H5_READER_H

#include "heat2d/base/stall.h"
#include "heat2d/grid/field.h"
#include "heat2d/io/mpio.h"

typedef struct heat_h5_reader {
  MPI_Comm comm;
  const char *path; /* borrowed */
  int rank, size;
  bool together; /* the file is open through MPI-IO: all ranks must make the same calls */
  hid_t file;    /* negative where it could not be opened */
  heat_stall guard;
  heat_status status; /* of this rank so far */
  uint64_t digest;    /* sum of the hashes of the rows that this rank has read, see h5_digest.h */
} heat_h5_reader;

/* Open a file: through MPI-IO where `way` says so, otherwise (and where `way` is NULL) each rank by itself. A failure
 * is kept in the reader's status; it has to be closed in any case, and must not be moved in memory before. Collective
 * over comm. */
void heat_h5_reader_open(heat_h5_reader *reader, MPI_Comm comm, const char *path, const heat_h5_way *way);

/* Agree on the status; true if nothing has failed on any rank. Collective over the ranks of the reader. */
bool heat_h5_reader_agree(heat_h5_reader *reader);

/* Read rows of a dataset, or values of a vector, as doubles; false where this rank could not read them. Collective over
 * the ranks of the reader if `together` is set, otherwise Local. */
bool heat_h5_reader_rows(heat_h5_reader *reader, hid_t dataset, const heat_mpio_rows *rows, double *values);

/* Read the dataset `name`, [ny][nx], into a field of that grid, whose ghost layers are then not valid. The status is
 * HEAT_IO on all ranks when it cannot be read. Collective over the ranks of the reader, which must be those of the
 * grid.
 */
void heat_h5_reader_field(heat_h5_reader *reader, const char *name, const heat_grid *grid, heat_field *field);

/* Read the values [start, start + count) of a vector, a different range on each rank; count may be 0. Errors and ranks
 * as for heat_h5_reader_field. */
void heat_h5_reader_vector(heat_h5_reader *reader, const char *name, int64_t start, int64_t count, double *values);

/* Close the file and agree on the status. Collective over the ranks of the reader. */
heat_status heat_h5_reader_close(heat_h5_reader *reader);

#endif
