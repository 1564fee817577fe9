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
  int file;     /* a file descriptor; -1: it cannot be read so */
  void *map;    /* pages of its own; NULL: none so far */
  char *memory; /* in them, from the beginning of a huge page */
  size_t bytes; /* of `memory` */
} heat_h5_uncached;

/* Rows as they lie in a file: values of float64, or of float32 where `single` is set. */
typedef struct heat_h5_stored_rows {
  off_t at; /* offset of the first row in the file */
  int64_t count, width;
  bool single;
  uint64_t place; /* the seed of the first row's hash, see h5_digest.h */
} heat_h5_stored_rows;

/* Open a file; false where it cannot be read past the cache. Closing it is allowed in both cases. Local. */
bool heat_h5_uncached_open(heat_h5_uncached *from, const char *path);
void heat_h5_uncached_close(heat_h5_uncached *from);

/* Read rows and add the sum of their hashes to `digest`. False, with `digest` as it was, where they cannot be read so:
 * the file system does not allow it, the file is too short, a read failed, or memory is exhausted. Local. */
bool heat_h5_uncached_hash(heat_h5_uncached *from, const heat_h5_stored_rows *rows, uint64_t *digest);

#endif
