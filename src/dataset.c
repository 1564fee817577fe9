#include "heat2d/dataset.h"

#include <hdf5.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_RANK = 2 };

struct heat_dataset {
  hid_t file, dataset;
  int rank;
  hsize_t shape[MAX_RANK];
};

/* Rows are read in order, so the chunks that a row crosses should stay decompressed until the next one. */
static const size_t chunk_cache_bytes = (size_t)64 << 20;
static const size_t chunk_cache_slots = 12421;

static heat_status check_shape(heat_dataset *dataset, const char *file, const char *path) {
  heat_status status = heat_ok();
  const hid_t space = H5Dget_space(dataset->dataset), type = H5Dget_type(dataset->dataset);
  const H5T_class_t kind = H5Tget_class(type);
  dataset->rank = H5Sget_simple_extent_ndims(space);
  if (kind != H5T_FLOAT && kind != H5T_INTEGER)
    status = heat_fail(HEAT_DECK, "%s in '%s' does not hold numbers", path, file);
  else if (dataset->rank < 1 || dataset->rank > MAX_RANK)
    status = heat_fail(HEAT_DECK, "%s in '%s' has %d dimensions (1 or 2 are accepted)", path, file, dataset->rank);
  else
    H5Sget_simple_extent_dims(space, dataset->shape, NULL);
  H5Tclose(type);
  H5Sclose(space);
  return status;
}

heat_status heat_dataset_open(heat_dataset **result, const char *file, const char *path) {
  *result = NULL;
  if (access(file, R_OK) != 0) return heat_fail(HEAT_DECK, "cannot read the file '%s'", file);
  heat_dataset *dataset = calloc(1, sizeof *dataset);
  if (dataset == NULL) return heat_no_memory("a dataset", sizeof *dataset);
  dataset->dataset = H5I_INVALID_HID;
  dataset->file = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT);
  heat_status status = heat_ok();
  if (dataset->file < 0) {
    status = heat_fail(HEAT_DECK, "'%s' is not an HDF5 file", file);
  } else {
    const hid_t access_list = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access_list, chunk_cache_slots, chunk_cache_bytes, 1);
    dataset->dataset = H5Dopen(dataset->file, path, access_list);
    H5Pclose(access_list);
    status = dataset->dataset < 0 ? heat_fail(HEAT_DECK, "there is no dataset %s in '%s'", path, file)
                                  : check_shape(dataset, file, path);
  }
  if (status.code != HEAT_OK) {
    heat_dataset_close(dataset);
    return status;
  }
  *result = dataset;
  return status;
}

void heat_dataset_close(heat_dataset *dataset) {
  if (dataset == NULL) return;
  if (dataset->dataset >= 0) H5Dclose(dataset->dataset);
  if (dataset->file >= 0) H5Fclose(dataset->file);
  free(dataset);
}

void heat_dataset_shape(const heat_dataset *dataset, int64_t *rows, int64_t *columns) {
  *rows = dataset->rank == MAX_RANK ? (int64_t)dataset->shape[0] : 0;
  *columns = (int64_t)dataset->shape[dataset->rank - 1];
}

heat_status heat_dataset_read(heat_dataset *dataset, int64_t row, int64_t lo, int64_t hi, double *out) {
  const hsize_t count = (hsize_t)(hi - lo);
  const hsize_t start2[MAX_RANK] = {(hsize_t)row, (hsize_t)lo}, count2[MAX_RANK] = {1, count};
  const int skip = MAX_RANK - dataset->rank; /* a one-dimensional dataset has no row */
  const hid_t space = H5Dget_space(dataset->dataset), memory = H5Screate_simple(1, &count, NULL);
  const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start2 + skip, NULL, count2 + skip, NULL) >= 0 &&
                    H5Dread(dataset->dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  return good ? heat_ok() : heat_fail(HEAT_IO, "reading a field file failed at row %lld", (long long)row);
}
