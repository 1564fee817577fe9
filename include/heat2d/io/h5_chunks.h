/* How a field is stored: as it is, or in chunks that all ranks compress and rank 0 puts into the file. */
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

/* Create a dataset of that shape; negative on failure. A contiguous one gets its place at once, and nothing is written
 * there: the ranks do that themselves. Local (collective where `file` is open on many ranks). */
hid_t heat_h5_create_dataset(hid_t file, const char *name, int dimensions, const hsize_t *shape, heat_storage storage);

/* A chunk as it travels: the mask of filters that were left out, then its bytes. */
typedef struct heat_h5_packed_chunk {
  uint32_t filters;
  char bytes[HEAT_H5_CHUNK * HEAT_H5_CHUNK * sizeof(double)];
} heat_h5_packed_chunk;

/* One row of chunks on each rank. */
typedef struct heat_h5_chunk_row {
  const heat_grid *grid;
  const heat_h5_distribution *distribution; /* in units of a chunk */
  int64_t round;
  heat_storage storage;
  const void *values; /* [HEAT_H5_CHUNK or all rows][nx], padded with zeros */
} heat_h5_chunk_row;

/* Compress this rank's row of chunks and store those of all ranks in `dataset`, which rank 0 has open: HDF5 places
 * chunks as they come. `packed` is room to work in. False where something failed here; the other ranks then miss the
 * chunks of this one. Collective over the grid's communicator. */
bool heat_h5_chunks_write(const heat_h5_chunk_row *row, hid_t dataset, heat_h5_packed_chunk *packed);

#endif
