#include "dataset_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heat_dataset {
  hid_t file, dataset;
  char *file_name, *path;
  int dimensions, along[2]; /* the dimensions along y and x; -1: there is none */
  int64_t cells[2];
  bool flip[2];
  hsize_t shape[HEAT_DATASET_RANK], start[HEAT_DATASET_RANK]; /* start: 0, and the index along a time axis */
  heat_packing packing;
  int64_t missing;
  const char *reason;
};

static void print_shape(char *text, size_t size, const hsize_t *shape, int dimensions) {
  size_t used = 0;
  text[0] = '\0';
  for (int d = 0; d < dimensions && used < size; d++)
    used += (size_t)snprintf(text + used, size - used, "[%llu]", (unsigned long long)shape[d]);
}

/* Set the shape that the grid needs: [ny][nx], or the length of a side. Returns the number of dimensions. */
static int needed_shape(const heat_dataset_want *want, hsize_t shape[2]) {
  int dimensions = 0;
  for (int axis = 0; axis < 2; axis++)
    if (want->cells[axis] > 0) shape[dimensions++] = (hsize_t)want->cells[axis];
  return dimensions;
}

/* Whether the needed dimensions are those from `first` on, and at most one other dimension, *other, is longer than
 * 1. */
static bool fits_at(const heat_dataset *d, const hsize_t *need, int count, int first, int *other) {
  *other = -1;
  for (int k = 0; k < d->dimensions; k++) {
    if (k >= first && k < first + count) {
      if (d->shape[k] != need[k - first]) return false;
    } else if (d->shape[k] != 1) {
      if (*other >= 0) return false;
      *other = k;
    }
  }
  return true;
}

/* Find the dimensions along y and x: the last ones, as in CF, if they fit; otherwise any consecutive ones that do. */
static heat_status find_dimensions(heat_dataset *d, const heat_dataset_want *want) {
  enum { SHAPE_TEXT = 128 };
  hsize_t need[2] = {0, 0};
  const int count = needed_shape(want, need);
  int first = d->dimensions - count, other = -1;
  while (first >= 0 && !fits_at(d, need, count, first, &other)) first--;
  char have[SHAPE_TEXT], needed[SHAPE_TEXT];
  print_shape(have, sizeof have, d->shape, d->dimensions);
  print_shape(needed, sizeof needed, need, count);
  if (first < 0)
    return heat_fail(HEAT_DECK, "%s in '%s' has the shape %s (this grid needs %s)", want->path, want->file, have,
                     needed);
  for (int axis = 0, k = first; axis < 2; axis++) d->along[axis] = want->cells[axis] > 0 ? k++ : -1;
  const long long steps = other >= 0 ? (long long)d->shape[other] : 1;
  if (steps == 0)
    return heat_fail(HEAT_DECK, "%s in '%s' has the shape %s, and so holds no field", want->path, want->file, have);
  if (other >= 0 && want->index < 0)
    return heat_fail(HEAT_DECK,
                     "%s in '%s' has the shape %s: add index: N, from 0 to %lld, to choose one of %lld "
                     "fields",
                     want->path, want->file, have, steps - 1, steps);
  if (want->index >= 0 && d->dimensions == count)
    return heat_fail(HEAT_DECK, "%s in '%s' has the shape %s and so no axis for an index (leave it out)", want->path,
                     want->file, have);
  if (want->index >= steps)
    return heat_fail(HEAT_DECK, "%s in '%s' has no index %lld (0 to %lld)", want->path, want->file,
                     (long long)want->index, steps - 1);
  if (other >= 0) d->start[other] = (hsize_t)want->index;
  return heat_ok();
}

static heat_status read_shape(heat_dataset *d, const heat_dataset_want *want) {
  enum { WIDEST = 16 };
  heat_status status = heat_ok();
  const hid_t space = H5Dget_space(d->dataset), type = H5Dget_type(d->dataset);
  const H5T_class_t kind = H5Tget_class(type);
  d->dimensions = H5Sget_simple_extent_ndims(space);
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || H5Tget_size(type) > WIDEST)
    status = heat_fail(HEAT_DECK, "%s in '%s' does not hold numbers", want->path, want->file);
  else if (d->dimensions < 1 || d->dimensions > HEAT_DATASET_RANK)
    status = heat_fail(HEAT_DECK, "%s in '%s' has %d dimensions (1 to %d are accepted)", want->path, want->file,
                       d->dimensions, HEAT_DATASET_RANK);
  else
    H5Sget_simple_extent_dims(space, d->shape, NULL);
  H5Tclose(type);
  H5Sclose(space);
  return status.code == HEAT_OK ? find_dimensions(d, want) : status;
}

heat_status heat_dataset_open(heat_dataset **result, const heat_dataset_want *want) {
  *result = NULL;
  heat_dataset *d = calloc(1, sizeof *d);
  if (d == NULL) return heat_no_memory("a dataset", sizeof *d);
  d->file = d->dataset = H5I_INVALID_HID;
  d->missing = -1;
  d->file_name = strdup(want->file);
  d->path = strdup(want->path);
  heat_status status = d->file_name != NULL && d->path != NULL ? heat_ok() : heat_no_memory("a dataset", sizeof *d);
  if (status.code == HEAT_OK) status = heat_dataset_open_file(&d->file, &d->dataset, want->file, want->path);
  if (status.code == HEAT_OK) status = read_shape(d, want);
  if (status.code == HEAT_OK) status = heat_dataset_check_stored(d->dataset, want->file, want->path, 0);
  if (status.code == HEAT_OK) status = heat_packing_read(&d->packing, d->dataset, want->file, want->path);
  for (int axis = 0; axis < 2 && status.code == HEAT_OK; axis++) {
    d->cells[axis] = want->cells[axis];
    if (d->along[axis] >= 0) status = heat_dataset_check_scale(d->dataset, d->along[axis], want, axis, &d->flip[axis]);
  }
  if (status.code != HEAT_OK) {
    heat_dataset_close(d);
    return status;
  }
  *result = d;
  return status;
}

void heat_dataset_close(heat_dataset *d) {
  if (d == NULL) return;
  if (d->dataset >= 0) H5Dclose(d->dataset);
  if (d->file >= 0) H5Fclose(d->file);
  free(d->file_name);
  free(d->path);
  free(d);
}

/* Reverse the order of values. */
static void reverse(double *values, int64_t count) {
  for (int64_t n = 0; n < count / 2; n++) {
    const double value = values[n];
    values[n] = values[count - 1 - n];
    values[count - 1 - n] = value;
  }
}

heat_status heat_dataset_read(heat_dataset *d, int64_t row, int64_t lo, int64_t hi, double *out) {
  enum { Y, X };
  const int run = d->along[X] >= 0 ? X : Y; /* the axis along which lo and hi count */
  const hsize_t cells = (hsize_t)(hi - lo);
  hsize_t start[HEAT_DATASET_RANK], count[HEAT_DATASET_RANK];
  for (int k = 0; k < d->dimensions; k++) {
    start[k] = d->start[k];
    count[k] = 1;
  }
  if (run == X && d->along[Y] >= 0) start[d->along[Y]] = (hsize_t)(d->flip[Y] ? d->cells[Y] - 1 - row : row);
  start[d->along[run]] = (hsize_t)(d->flip[run] ? d->cells[run] - hi : lo);
  count[d->along[run]] = cells;
  const hid_t space = H5Dget_space(d->dataset), memory = H5Screate_simple(1, &cells, NULL);
  const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                    H5Dread(d->dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  if (!good)
    return heat_fail(HEAT_IO, "%s in '%s' cannot be read at row %lld (is the file damaged?)", d->path, d->file_name,
                     (long long)row);
  if (d->flip[run]) reverse(out, hi - lo);
  const int64_t first = heat_packing_unpack(&d->packing, out, hi - lo, &d->reason);
  d->missing = first < 0 ? -1 : lo + first;
  return heat_ok();
}

int64_t heat_dataset_missing(const heat_dataset *d, const char **reason) {
  *reason = d->reason;
  return d->missing;
}

const char *heat_dataset_file(const heat_dataset *d) {
  return d->file_name;
}

const char *heat_dataset_path(const heat_dataset *d) {
  return d->path;
}
