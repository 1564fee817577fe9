/* Rows of a contiguous dataset that are read past the page cache of this host (O_DIRECT): what comes is what the file
 * system holds, also on the rank that wrote it, and it costs no copy. System calls only, no MPI and no HDF5, so that a
 * thread can do it. Not every file system allows it; callers then read in the usual way. */
#ifndef HEAT2D_H5_UNCACHED_H
#define HEAT2D_H5_UNCACHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file that is read so. */
typedef struct heat_h5_uncached {
  int file; /* a file descriptor; -1: it cannot be read so */
  char *memory;
  size_t bytes; /* of `memory` */
} heat_h5_uncached;

/* Rows as they lie in a file: values of float64, or of float32 where `single` is set. */
typedef struct heat_h5_stored_rows {
  off_t at; /* offset of the first row in the file */
  int64_t count, width;
  bool single;
  uint64_t place; /* the seed of the first row's hash, see h5_digest.h */
} heat_h5_stored_rows;

typedef enum heat_h5_outcome {
  HEAT_H5_HASHED,
  HEAT_H5_UNREADABLE, /* the file is too short, or a read failed */
  HEAT_H5_REFUSED     /* the file system does not read past the cache, or memory is exhausted */
} heat_h5_outcome;

/* Open a file; false where it cannot be read past the cache. Closing it is allowed in both cases. Local. */
bool heat_h5_uncached_open(heat_h5_uncached *from, const char *path);
void heat_h5_uncached_close(heat_h5_uncached *from);

/* Read rows and add the sum of their hashes to `digest`, which is left as it is unless they were hashed. Local. */
heat_h5_outcome heat_h5_uncached_hash(heat_h5_uncached *from, const heat_h5_stored_rows *rows, uint64_t *digest);

#endif
