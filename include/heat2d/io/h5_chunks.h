/* The storage of a field: contiguous, or in chunks that all ranks compress and rank 0 writes into the file. */
#ifndef HEAT2D_H5_CHUNKS_H
#define HEAT2D_H5_CHUNKS_H

#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_rows.h"

enum { HEAT_H5_CHUNK = 256 }; /* cells of a compressed chunk along each axis */

/* How a field is stored. */
typedef struct heat_storage {
  bool single;     /* float32 instead of float64 */
  int compression; /* deflate level; 0: contiguous */
} heat_storage;

/* Create a dataset of that shape; negative on failure. The place of a contiguous dataset in the file is allocated at
 * once, but no values are written to it. Local, or collective where `file` is open on several ranks. */
hid_t heat_h5_create_dataset(hid_t file, const char *name, int dimensions, const hsize_t *shape, heat_storage storage);

/* A chunk as it is sent to rank 0: HDF5's mask of the filters that were not applied, and then its bytes. */
typedef struct heat_h5_packed_chunk {
  uint32_t filters;
  char bytes[HEAT_H5_CHUNK * HEAT_H5_CHUNK * sizeof(double)];
} heat_h5_packed_chunk;

/* One row of chunks on each rank. */
typedef struct heat_h5_chunk_row {
  const heat_grid *grid;
  const heat_h5_distribution *distribution; /* whose unit is the rows of a chunk */
  int64_t round;
  heat_storage storage;
  const void *values; /* [HEAT_H5_CHUNK or all rows][nx], padded with zeros */
} heat_h5_chunk_row;

/* Compress this rank's row of chunks. Rank 0 receives the chunks of all ranks and stores them in `dataset`, which it
 * has open. `packed` is work space. False where something failed on this rank; then its chunks are missing. Collective
 * over the grid's communicator. */
bool heat_h5_chunks_write(const heat_h5_chunk_row *row, hid_t dataset, heat_h5_packed_chunk *packed);

#endif
