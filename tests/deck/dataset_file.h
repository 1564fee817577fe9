/* What the tests of datasets share: a file in a folder of its own, and a field on a small grid in it. */
#ifndef HEAT2D_TESTS_DATASET_FILE_H
#define HEAT2D_TESTS_DATASET_FILE_H

#include "heat2d/deck/dataset.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>

#include "place.h"

enum { NX = 6, NY = 4, STEPS = 3, CELLS = NX * NY };

static double field[CELLS];

static inline int enter_with_field(void **state) {
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  for (int n = 0; n < CELLS; n++) field[n] = 300 + n;
  return enter(state);
}

static inline hid_t file_new(const char *name) {
  const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(file >= 0);
  return file;
}

/* A dataset of doubles stored as `type`; `values` NULL: created, but not written. */
static inline void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape, hid_t list,
                       const double *values) {
  const hid_t space = H5Screate_simple(rank, shape, NULL);
  const hid_t dataset = H5Dcreate(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(dataset >= 0);
  if (values != NULL) assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(dataset);
  H5Sclose(space);
}

static inline void put_field(hid_t file, hid_t type, const double *values) {
  put(file, "t", type, 2, (const hsize_t[]){NY, NX}, H5P_DEFAULT, values);
}

static inline void set(hid_t file, const char *dataset, const char *name, const double *values, size_t count) {
  assert_true(H5LTset_attribute_double(file, dataset, name, values, count) >= 0);
}

static inline void attach(hid_t file, const char *name, int dimension, int count, double first, double step) {
  double values[NX + 1];
  for (int n = 0; n < count; n++) values[n] = first + n * step;
  put(file, name, H5T_IEEE_F64BE, 1, (const hsize_t[]){(hsize_t)count}, H5P_DEFAULT, values);
  if (dimension < 0) return;
  const hid_t scale = H5Dopen(file, name, H5P_DEFAULT), dataset = H5Dopen(file, "t", H5P_DEFAULT);
  assert_true(H5DSset_scale(scale, name) >= 0 && H5DSattach_scale(dataset, scale, (unsigned)dimension) >= 0);
  H5Dclose(scale);
  H5Dclose(dataset);
}

/* The field reversed along y, along x or both. */
static inline const double *turned(bool along_y, bool along_x) {
  static double values[CELLS];
  for (int j = 0; j < NY; j++)
    for (int i = 0; i < NX; i++)
      values[j * NX + i] = field[(along_y ? NY - 1 - j : j) * NX + (along_x ? NX - 1 - i : i)];
  return values;
}

static inline heat_dataset_want want_field(int64_t index) {
  return (heat_dataset_want){
      .file = "f.h5", .path = "/t", .index = index, .cells = {NY, NX}, .origin = {-1, 2}, .spacing = {0.25, 0.5}};
}

/* Read all rows, in parts, and compare them with the field, to which `more` is added. */
static inline void assert_is_field(int64_t index, double more) {
  const heat_dataset_want want = want_field(index);
  heat_dataset *dataset;
  assert_string_equal(heat_dataset_open(&dataset, &want).text, "");
  for (int64_t j = NY - 1; j >= 0; j--) {
    for (int64_t lo = 0; lo < NX; lo += 4) {
      double values[NX];
      const char *reason;
      const int64_t hi = lo + 4 < NX ? lo + 4 : NX;
      assert_int_equal(heat_dataset_read(dataset, j, lo, hi, values).code, HEAT_OK);
      assert_int_equal(heat_dataset_missing(dataset, &reason), -1);
      for (int64_t i = lo; i < hi; i++) assert_true(values[i - lo] == field[j * NX + i] + more);
    }
  }
  heat_dataset_close(dataset);
}

static inline void assert_refused(int64_t index, const char *says) {
  const heat_dataset_want want = want_field(index);
  heat_dataset *dataset = (heat_dataset *)&want; /* must be overwritten */
  const heat_status status = heat_dataset_open(&dataset, &want);
  if (strstr(status.text, says) == NULL) print_error("'%s', not '%s'\n", status.text, says);
  assert_int_equal(status.code, HEAT_DECK);
  assert_non_null(strstr(status.text, says));
  assert_null(dataset);
}

#endif
