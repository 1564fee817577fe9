#define XXH_INLINE_ALL
#include "heat2d/io/h5_digest.h"

#include "heat2d/io/h5_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const char heat_h5_digest_name[] = "digest";
static const char digest_kind[] = "xxh3-rows:";

uint64_t heat_h5_name_seed(const char *name) {
  return XXH3_64bits(name, strlen(name));
}

uint64_t heat_h5_hash_rows(const double *values, int64_t rows, int64_t width, uint64_t place) {
  uint64_t digest = 0;
  for (int64_t row = 0; row < rows; row++)
    digest += XXH3_64bits_withSeed(values + row * width, (size_t)width * sizeof *values, place + (uint64_t)row);
  return digest;
}

void heat_h5_digest_text(char text[HEAT_H5_DIGEST_TEXT], uint64_t digest) {
  snprintf(text, HEAT_H5_DIGEST_TEXT, "%s%016" PRIx64, digest_kind, digest);
}

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)info;
  if (strcmp(name, heat_h5_digest_name) == 0) return 0;
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return -1;
  size_t length = 0;
  void *bytes = heat_h5_attribute_bytes(attribute, &length);
  H5Aclose(attribute);
  if (bytes == NULL) return -1;
  *(uint64_t *)context += XXH3_64bits_withSeed(bytes, length, heat_h5_name_seed(name));
  free(bytes);
  return 0;
}

bool heat_h5_attributes_digest(hid_t file, uint64_t *digest) {
  *digest = 0;
  return H5Aiterate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, add_attribute, digest) >= 0;
}

bool heat_h5_digest_known(const char *digest) {
  return strncmp(digest, digest_kind, strlen(digest_kind)) == 0;
}
