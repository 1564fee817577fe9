/* The digest of a file. It is written into the file as the attribute `digest`, and compared with the digest of what is
 * read back (h5_verify.h).
 *
 * It is the sum modulo 2^64 of XXH3 hashes: one for each row of a field, one for each value of a vector, and one for
 * each root attribute. The seed of a hash is the place of what is hashed: its dataset and index. So the digest depends
 * on every bit of every dataset and of the state, and not on the number of ranks. float32 data are converted to double
 * before they are hashed. */
#ifndef HEAT2D_H5_DIGEST_H
#define HEAT2D_H5_DIGEST_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

enum { HEAT_H5_DIGEST_TEXT = 32 };
extern const char heat_h5_digest_name[];

/* The seed of the hashes of a dataset or attribute of that name. Local. */
uint64_t heat_h5_name_seed(const char *name);

/* The sum of the hashes of `rows` rows of `width` values. `place` is that of the first row: the seed plus its index.
 * Local. */
uint64_t heat_h5_hash_rows(const double *values, int64_t rows, int64_t width, uint64_t place);

/* The sum of the hashes of all root attributes except the digest; false when they cannot be read. Local. */
bool heat_h5_attributes_digest(hid_t file, uint64_t *digest);

/* The digest as the text of its attribute. Local. */
void heat_h5_digest_text(char text[HEAT_H5_DIGEST_TEXT], uint64_t digest);

/* Whether the text of a digest has the form that this version writes. Local. */
bool heat_h5_digest_known(const char *digest);

#endif
