/* The digest of a file: written into it as its attribute `digest`, and compared with what is read back (h5_verify.h).
 *
 * It is the sum modulo 2^64 of one XXH3 hash per row of a field and per value of a vector, seeded with its place
 * (dataset and index), and one per root attribute: it covers every bit of every dataset and of the state, and is the
 * same for any number of ranks. The hashes of float32 data are those of the stored values widened to doubles. */
#ifndef HEAT2D_H5_DIGEST_H
#define HEAT2D_H5_DIGEST_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

enum { HEAT_H5_DIGEST_TEXT = 32 };
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

#endif
