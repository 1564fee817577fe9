/* The digest of a file: written into it as its attribute `digest`, and compared with what is read back.
 *
 * It is the sum modulo 2^64 of one XXH3 hash per row of a field and per value of a vector, seeded with its place
 * (dataset and index), and one per root attribute: it covers every bit of every dataset and of the state, and is the
 * same for any number of ranks. The hashes of float32 data are those of the stored values widened to doubles. */
#ifndef HEAT2D_H5_DIGEST_H
#define HEAT2D_H5_DIGEST_H

#include "heat2d/base/status.h"
#include "heat2d/io/mpio.h"

#include <hdf5.h>
#include <stdint.h>

enum {
  HEAT_H5_DIGEST_TEXT = 32,
  HEAT_H5_STRIP_BYTES = 4 << 20 /* of the buffer between a file and what is done with its values */
};
extern const char heat_h5_digest_name[];

/* The seed of a dataset's or an attribute's hashes. Local. */
uint64_t heat_h5_name_seed(const char *name);

/* The sum of the hashes of `rows` rows of `width` values, the first at `place` (the seed plus its index). Local. */
uint64_t heat_h5_hash_rows(const double *values, int64_t rows, int64_t width, uint64_t place);

/* The sum of the root attributes' hashes but that of the digest; false when they cannot be read. Local. */
bool heat_h5_attributes_digest(hid_t file, uint64_t *digest);

/* The attribute's text. Local. */
void heat_h5_digest_text(char text[HEAT_H5_DIGEST_TEXT], uint64_t digest);

/* Whether a digest is of the kind that is written here. Local. */
bool heat_h5_digest_known(const char *digest);

/* Read the whole file at `path`, shared out over the ranks of comm, and compare with its digest;
 * through MPI-IO where `way` says so (NULL: each rank for itself). HEAT_IO with the
 * reason (not an HDF5 file, truncated, digest differs). Collective over comm. */
heat_status heat_h5_verify(MPI_Comm comm, const char *path, const heat_h5_way *way);

/* The rank whose share of a file this rank reads back: not its own, and one of another node where there are several, so
 * that what is read does not come from the memory of the host that wrote it. Each rank's share is read by one rank.
 * Collective over comm. */
int heat_h5_share(MPI_Comm comm);

/* heat_h5_verify, in which this rank reads the share of the rank `share`. HEAT_IO. Collective over comm. */
heat_status heat_h5_verify_share(MPI_Comm comm, const char *path, const heat_h5_way *way, int share);

#endif
