/* HDF5 files as input: what is read of every form in which a field can be stored, and in which words the others are
 * refused. Laws: the same field comes out of every accepted form, and nothing that is missing counts as a number. */
#include "heat2d/deck/dataset.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NX = 6, NY = 4, STEPS = 3, CELLS = NX * NY };

static char folder[64];
static double field[CELLS];

static int enter(void **state) {
  (void)state;
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  for (int n = 0; n < CELLS; n++) field[n] = 300 + n;
  snprintf(folder, sizeof folder, "/tmp/heat2d-dataset-XXXXXX");
  return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state) {
  (void)state;
  char line[128];
  snprintf(line, sizeof line, "rm -rf '%s'", folder);
  return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

/* ---- what is written ---- */

static hid_t file_new(const char *name) {
  const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(file >= 0);
  return file;
}

/* A dataset of doubles stored as `type`; `values` NULL: created, but not written. */
static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape, hid_t list,
                const double *values) {
  const hid_t space = H5Screate_simple(rank, shape, NULL);
  const hid_t dataset = H5Dcreate(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(dataset >= 0);
  if (values != NULL) assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(dataset);
  H5Sclose(space);
}

static void put_field(hid_t file, hid_t type, const double *values) {
  put(file, "t", type, 2, (const hsize_t[]){NY, NX}, H5P_DEFAULT, values);
}

static void set(hid_t file, const char *dataset, const char *name, const double *values, size_t count) {
  assert_true(H5LTset_attribute_double(file, dataset, name, values, count) >= 0);
}

static void attach(hid_t file, const char *name, int dimension, int count, double first, double step) {
  double values[NX + 1];
  for (int n = 0; n < count; n++) values[n] = first + n * step;
  put(file, name, H5T_IEEE_F64BE, 1, (const hsize_t[]){(hsize_t)count}, H5P_DEFAULT, values);
  if (dimension < 0) return;
  const hid_t scale = H5Dopen(file, name, H5P_DEFAULT), dataset = H5Dopen(file, "t", H5P_DEFAULT);
  assert_true(H5DSset_scale(scale, name) >= 0 && H5DSattach_scale(dataset, scale, (unsigned)dimension) >= 0);
  H5Dclose(scale);
  H5Dclose(dataset);
}

/* The field turned round along y, along x or both. */
static const double *turned(bool along_y, bool along_x) {
  static double values[CELLS];
  for (int j = 0; j < NY; j++)
    for (int i = 0; i < NX; i++)
      values[j * NX + i] = field[(along_y ? NY - 1 - j : j) * NX + (along_x ? NX - 1 - i : i)];
  return values;
}

/* ---- what is read ---- */

static heat_dataset_want want_field(int64_t index) {
  return (heat_dataset_want){
      .file = "f.h5", .path = "/t", .index = index, .cells = {NY, NX}, .origin = {-1, 2}, .spacing = {0.25, 0.5}};
}

/* Reads all rows, in parts, and compares them with the field, every value `more` greater. */
static void assert_is_field(int64_t index, double more) {
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

static void assert_refused(int64_t index, const char *says) {
  const heat_dataset_want want = want_field(index);
  heat_dataset *dataset = (heat_dataset *)&want; /* must be overwritten */
  const heat_status status = heat_dataset_open(&dataset, &want);
  if (strstr(status.text, says) == NULL) print_error("'%s', not '%s'\n", status.text, says);
  assert_int_equal(status.code, HEAT_DECK);
  assert_non_null(strstr(status.text, says));
  assert_null(dataset);
}

/* ---- the tests ---- */

static void every_number_type_is_the_field(void **state) {
  (void)state;
  const hid_t types[] = {H5T_IEEE_F64LE, H5T_IEEE_F64BE, H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_STD_I16BE,
                         H5T_STD_U16LE,  H5T_STD_I32BE,  H5T_STD_I64LE,  H5T_STD_U64BE};
  for (size_t n = 0; n < sizeof types / sizeof *types; n++) {
    const hid_t file = file_new("f.h5");
    put_field(file, types[n], field);
    H5Fclose(file);
    assert_is_field(-1, 0);
  }
}

static void packed_numbers_are_unpacked(void **state) {
  (void)state;
  double packed[CELLS];
  for (int n = 0; n < CELLS; n++) packed[n] = 2 * n - 5;
  const hid_t file = file_new("f.h5");
  put_field(file, H5T_STD_I16BE, packed);
  set(file, "t", "scale_factor", (const double[]){0.5}, 1);
  set(file, "t", "add_offset", (const double[]){302.5}, 1);
  set(file, "t", "_FillValue", (const double[]){300}, 1); /* a stored number, not a temperature */
  H5Fclose(file);
  assert_is_field(-1, 0);
}

static void attributes_that_are_no_numbers_are_refused_by_name(void **state) {
  (void)state;
  static const char *const names[] = {"scale_factor", "add_offset",  "_FillValue", "missing_value",
                                      "valid_min",    "valid_range", "valid_max"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    const hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, field);
    H5LTset_attribute_string(file, "t", names[n], "300");
    H5Fclose(file);
    assert_refused(-1, names[n]);
  }
  hid_t file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, field);
  set(file, "t", "scale_factor", (const double[]){0}, 1);
  H5Fclose(file);
  assert_refused(-1, "the attribute scale_factor of /t in 'f.h5' is 0");
  file = file_new("f.h5");
  put_field(file, H5T_STD_I16LE, field);
  H5LTset_attribute_string(file, "t", "_Unsigned", "true");
  H5Fclose(file);
  assert_refused(-1, "_Unsigned");
}

/* Reads row `row` and expects its first cell without a value at `missing`. */
static void assert_missing(hid_t file, int64_t row, int64_t missing, const char *why) {
  H5Fclose(file);
  const heat_dataset_want want = want_field(-1);
  heat_dataset *dataset;
  double values[NX];
  const char *reason = "";
  assert_string_equal(heat_dataset_open(&dataset, &want).text, "");
  assert_int_equal(heat_dataset_read(dataset, row, 1, NX, values).code, HEAT_OK);
  assert_int_equal(heat_dataset_missing(dataset, &reason), missing);
  assert_true(isnan(values[missing - 1]));
  assert_non_null(strstr(reason, why));
  assert_int_equal(heat_dataset_read(dataset, 0, 1, NX, values).code, HEAT_OK);
  assert_int_equal(heat_dataset_missing(dataset, &reason), -1);
  for (int i = 1; i < NX; i++) assert_true(values[i - 1] == field[i]);
  heat_dataset_close(dataset);
}

static void values_that_are_missing_are_none(void **state) {
  (void)state;
  double holes[CELLS];
  memcpy(holes, field, sizeof holes);
  holes[2 * NX + 3] = holes[2 * NX + 5] = 1e20;
  hid_t file = file_new("f.h5");
  put_field(file, H5T_IEEE_F32LE, holes);
  set(file, "t", "_FillValue", (const double[]){1e20}, 1); /* not a number of single precision */
  assert_missing(file, 2, 3, "_FillValue");
  holes[2 * NX + 3] = NAN;
  file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, holes);
  set(file, "t", "missing_value", (const double[]){-1, NAN}, 2);
  assert_missing(file, 2, 3, "missing_value");
  holes[2 * NX + 3] = 500;
  file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, holes);
  set(file, "t", "valid_range", (const double[]){300, 499}, 2);
  assert_missing(file, 2, 3, "above the valid range");
  holes[2 * NX + 3] = 299;
  file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, holes);
  set(file, "t", "valid_min", (const double[]){300}, 1);
  assert_missing(file, 2, 3, "below the valid range");
}

static void a_field_stored_from_its_end_is_turned_round(void **state) {
  (void)state;
  static const char *const names[][2] = {{"lat", "lon"}, {"Latitude", "Longitude"}, {"Y", "X"}, {"yc", "xc"}};
  for (int n = 0; n < 16; n++) {
    const bool down_y = n & 1, down_x = n & 2;
    const hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, turned(down_y, down_x));
    attach(file, names[n / 4][0], -1, NY, down_y ? -0.125 : -0.875, down_y ? -0.25 : 0.25);
    attach(file, names[n / 4][1], -1, NX, down_x ? 4.75 : 2.25, down_x ? -0.5 : 0.5);
    H5Fclose(file);
    assert_is_field(-1, 0);
  }
  for (int n = 0; n < 4; n++) { /* the coordinates of corners */
    const bool down_y = n & 1, down_x = n & 2;
    const hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, turned(down_y, down_x));
    attach(file, "y", -1, NY + 1, down_y ? 0 : -1, down_y ? -0.25 : 0.25);
    attach(file, "x", -1, NX + 1, down_x ? 5 : 2, down_x ? -0.5 : 0.5);
    H5Fclose(file);
    assert_is_field(-1, 0);
  }
  for (int n = 0; n < 8; n++) {
    const bool down_y = n & 1, down_x = n & 2, attached = n & 4;
    const hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, turned(down_y, down_x));
    attach(file, "y", attached ? 0 : -1, NY, down_y ? -0.125 : -0.875, down_y ? -0.25 : 0.25);
    attach(file, "x", attached ? 1 : -1, NX, down_x ? 4.75 : 2.25, down_x ? -0.5 : 0.5);
    H5Fclose(file);
    assert_is_field(-1, 0);
  }
}

/* netCDF fills with a number of its own, and says so only by HDF5's fill value. */
static void what_netcdf_has_not_written_is_missing(void **state) {
  (void)state;
  const double fill = 9.9692099683868690e+36, zero = 0;
  const hid_t types[] = {H5T_IEEE_F64LE, H5T_IEEE_F32BE};
  for (int n = 0; n < 2; n++) {
    double values[CELLS];
    memcpy(values, field, sizeof values);
    values[2 * NX + 3] = fill;
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &fill) >= 0);
    const hid_t file = file_new("f.h5");
    put(file, "t", types[n], 2, (const hsize_t[]){NY, NX}, list, values);
    H5Pclose(list);
    assert_missing(file, 2, 3, "_FillValue");
  }
  /* Another fill value may be a temperature. */
  double values[CELLS];
  memcpy(values, field, sizeof values);
  values[0] = 0;
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  assert_true(H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &zero) >= 0);
  const hid_t file = file_new("f.h5");
  put(file, "t", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY, NX}, list, values);
  H5Pclose(list);
  H5Fclose(file);
  const heat_dataset_want want = want_field(-1);
  heat_dataset *dataset;
  const char *reason;
  assert_string_equal(heat_dataset_open(&dataset, &want).text, "");
  assert_int_equal(heat_dataset_read(dataset, 0, 0, NX, values).code, HEAT_OK);
  assert_int_equal(heat_dataset_missing(dataset, &reason), -1);
  assert_true(values[0] == 0);
  heat_dataset_close(dataset);
}

/* On a square grid the shape does not tell. */
static void a_field_that_lies_on_its_side_is_refused(void **state) {
  (void)state;
  static const char *const names[] = {"x", "X", "lon", "u", "w"}, *const marks[] = {"axis", "standard_name"};
  static const char *const marked_as[] = {"X", "projection_x_coordinate"};
  for (int n = 0; n < 5; n++) {
    char says[80];
    hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, field);
    attach(file, names[n], 0, NY, -0.875, 0.25);
    if (n >= 3) assert_true(H5LTset_attribute_string(file, names[n], marks[n - 3], marked_as[n - 3]) >= 0);
    H5Fclose(file);
    snprintf(says, sizeof says, "/t in 'f.h5' has its coordinate /%s along its rows: it is needed", names[n]);
    assert_refused(-1, says);
  }
  hid_t file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, field);
  const hid_t dataset = H5Dopen(file, "t", H5P_DEFAULT);
  assert_true(H5DSset_label(dataset, 1, "y") >= 0);
  H5Dclose(dataset);
  H5Fclose(file);
  assert_refused(-1, "/t in 'f.h5' has the label y at its columns: it is needed as [y][x]");
  file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, field);
  attach(file, "y", 1, NX, 2.25, 0.5);
  H5Fclose(file);
  assert_refused(-1, "/t in 'f.h5' has its coordinate /y along its columns: it is needed as [y][x]");
}

static void coordinates_of_another_grid_are_refused(void **state) {
  (void)state;
  for (int attached = 0; attached < 2; attached++) {
    hid_t file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, field);
    attach(file, "x", attached ? 1 : -1, NX, 2, 0.6); /* as linspace gives it */
    H5Fclose(file);
    assert_refused(-1, "its coordinate /x is 2 in column 0, where the cells of this grid have their centre at 2.25");
    file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, field);
    attach(file, "y", attached ? 0 : -1, NY, -0.875, 0.251);
    H5Fclose(file);
    assert_refused(-1, "its coordinate /y is -0.624 in row 1, where");
  }
}

static void more_dimensions_are_passed_over_or_need_an_index(void **state) {
  (void)state;
  static const struct {
    int rank;
    hsize_t shape[4];
  } single[] = {{3, {1, NY, NX}}, {3, {NY, NX, 1}}, {4, {1, 1, NY, NX}}, {4, {1, NY, NX, 1}}};
  for (size_t n = 0; n < sizeof single / sizeof *single; n++) {
    const hid_t file = file_new("f.h5");
    put(file, "t", H5T_IEEE_F64LE, single[n].rank, single[n].shape, H5P_DEFAULT, field);
    H5Fclose(file);
    assert_is_field(-1, 0);
    assert_is_field(0, 0);
    assert_refused(1, "has no index 1 (0 to 0)");
  }
  double first[STEPS * CELLS], last[STEPS * CELLS];
  for (int step = 0; step < STEPS; step++)
    for (int n = 0; n < CELLS; n++) first[step * CELLS + n] = last[n * STEPS + step] = field[n] + 100 * step;
  for (int behind = 0; behind < 2; behind++) {
    const hid_t file = file_new("f.h5");
    const hsize_t before[] = {STEPS, NY, NX}, after[] = {NY, NX, STEPS};
    put(file, "t", H5T_IEEE_F32BE, 3, behind ? after : before, H5P_DEFAULT, behind ? last : first);
    H5Fclose(file);
    for (int step = 0; step < STEPS; step++) assert_is_field(step, 100 * step);
    assert_refused(-1, "add index: N, from 0 to 2");
    assert_refused(STEPS, "has no index 3 (0 to 2)");
  }
  hid_t file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, field);
  H5Fclose(file);
  assert_refused(0, "no axis for an index");
  file = file_new("f.h5");
  put(file, "t", H5T_IEEE_F64LE, 3, (const hsize_t[]){0, NY, NX}, H5P_DEFAULT, NULL);
  H5Fclose(file);
  assert_refused(0, "/t in 'f.h5' has the shape [0][4][6], and so holds no field");
}

static void a_side_is_a_vector(void **state) {
  (void)state;
  static const hsize_t shapes[][2] = {{NY, 0}, {1, NY}, {NY, 1}};
  for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
    const hid_t file = file_new("f.h5");
    put(file, "t", H5T_STD_I32BE, n == 0 ? 1 : 2, shapes[n], H5P_DEFAULT, field);
    if (n == 0) attach(file, "y", 0, NY, -0.125, -0.25);
    H5Fclose(file);
    heat_dataset_want want = want_field(-1);
    heat_dataset *dataset;
    want.cells[1] = 0;
    assert_string_equal(heat_dataset_open(&dataset, &want).text, "");
    double values[NY];
    assert_int_equal(heat_dataset_read(dataset, 0, 1, NY, values).code, HEAT_OK);
    for (int j = 1; j < NY; j++) assert_true(values[j - 1] == field[n == 0 ? NY - 1 - j : j]);
    heat_dataset_close(dataset);
  }
}

static hid_t chunked(void) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  assert_true(H5Pset_chunk(list, 2, (const hsize_t[]){2, 4}) >= 0);
  return list;
}

static void numbers_that_were_never_written_are_refused(void **state) {
  (void)state;
  const hid_t list = chunked();
  hid_t file = file_new("f.h5");
  put_field(file, H5T_IEEE_F64LE, NULL);
  H5Fclose(file);
  assert_refused(-1, "/t in 'f.h5' was never written");
  for (int format = 0; format < 2; format++) { /* the two formats index their chunks in other ways */
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (format == 1) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    for (int part = 0; part < 3; part++) {
      file = H5Fcreate("f.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
      put(file, "t", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY, NX}, list, part == 2 ? field : NULL);
      const hid_t dataset = H5Dopen(file, "t", H5P_DEFAULT), space = H5Dget_space(dataset),
                  memory = H5Screate_simple(2, (const hsize_t[]){2, NX}, NULL);
      H5Sselect_hyperslab(space, H5S_SELECT_SET, (const hsize_t[]){0, 0}, NULL, (const hsize_t[]){2, NX}, NULL);
      if (part == 1) assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, field) >= 0);
      H5Sclose(memory);
      H5Sclose(space);
      H5Dclose(dataset);
      H5Fclose(file);
      if (part == 0) assert_refused(-1, "/t in 'f.h5' was never written");
      if (part == 1) assert_refused(-1, "/t in 'f.h5' was written in part only: the numbers from [2][0] on");
      if (part == 2) assert_is_field(-1, 0);
    }
    H5Pclose(access);
  }
  H5Pclose(list);
}

static void a_filter_that_is_not_there_is_named(void **state) {
  (void)state;
  const hid_t list = chunked();
  assert_true(H5Pset_filter(list, 32000, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
  const hid_t file = file_new("f.h5");
  put(file, "t", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY, NX}, list, field);
  H5Fclose(file);
  H5Pclose(list);
  assert_refused(-1, "/t in 'f.h5' is compressed by the filter");
  assert_refused(-1, "(32000), which this HDF5 does not have");
}

/* f.h5 as the upper and lower half from two files. */
static void put_virtual(const char *lower, const char *upper, int halves) {
  const hsize_t shape[] = {NY, NX}, half[] = {NY / 2, NX};
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, shape, NULL),
              source = H5Screate_simple(2, half, NULL);
  for (int n = 0; n < halves; n++) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, (const hsize_t[]){(hsize_t)n * NY / 2, 0}, NULL, half, NULL);
    assert_true(H5Pset_virtual(list, space, n == 0 ? lower : upper, "/half", source) >= 0);
  }
  const hid_t file = file_new("f.h5");
  put(file, "t", H5T_IEEE_F64LE, 2, shape, list, NULL);
  H5Fclose(file);
  H5Sclose(source);
  H5Sclose(space);
  H5Pclose(list);
}

/* f.h5 as rows of two files in turn, of the second one from row `first` on. */
static void put_interleaved(hsize_t first) {
  const hsize_t shape[] = {NY, NX}, half[] = {NY / 2, NX}, stride[] = {2, 1};
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, shape, NULL),
              source = H5Screate_simple(2, half, NULL);
  for (int n = 0; n < 2; n++) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, (const hsize_t[]){n == 0 ? 0 : first, 0}, stride, half, NULL);
    assert_true(H5Pset_virtual(list, space, n == 0 ? "even.h5" : "odd.h5", "/half", source) >= 0);
  }
  const hid_t file = file_new("f.h5");
  put(file, "t", H5T_IEEE_F64LE, 2, shape, list, NULL);
  H5Fclose(file);
  H5Sclose(source);
  H5Sclose(space);
  H5Pclose(list);
}

/* As many numbers as there are cells, but some twice and others never. */
static void virtual_datasets_have_no_holes(void **state) {
  (void)state;
  for (int n = 0; n < 2; n++) {
    double rows[CELLS / 2];
    for (int j = 0; j < NY / 2; j++) memcpy(rows + j * NX, field + (2 * j + n) * NX, NX * sizeof *rows);
    const hid_t file = file_new(n == 0 ? "even.h5" : "odd.h5");
    put(file, "half", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY / 2, NX}, H5P_DEFAULT, rows);
    H5Fclose(file);
  }
  put_interleaved(1);
  assert_is_field(-1, 0);
  put_interleaved(0);
  assert_refused(-1, "virtual dataset whose sources do not give each number once");
}

static void put_half(const char *name, int half, hid_t list) {
  const hid_t file = file_new(name);
  put(file, "half", H5T_IEEE_F32BE, 2, (const hsize_t[]){NY / 2, NX}, list, half < 0 ? NULL : field + half * CELLS / 2);
  H5Fclose(file);
}

static void virtual_datasets_need_all_their_sources(void **state) {
  (void)state;
  put_half("lower.h5", 0, H5P_DEFAULT);
  put_half("upper.h5", 1, H5P_DEFAULT);
  put_virtual("lower.h5", "upper.h5", 2);
  assert_is_field(-1, 0);
  put_virtual("lower.h5", "upper.h5", 1);
  assert_refused(-1, "virtual dataset whose sources do not give each number once");
  put_virtual("lower.h5", "nothing.h5", 2);
  assert_refused(-1, "/t in 'f.h5' takes numbers from the file 'nothing.h5', but there is none");
  assert_int_equal(mkfifo("pipe.h5", 0600), 0);
  put_virtual("lower.h5", "pipe.h5", 2);
  assert_refused(-1, "takes numbers from the file 'pipe.h5', but it is not a regular file");
  put_virtual("lower.h5", "upper.h5", 2);
  put_half("upper.h5", -1, H5P_DEFAULT);
  assert_refused(-1, "/half in 'upper.h5' was never written");
  const hid_t file = file_new("upper.h5");
  put(file, "half", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY / 2, NX - 1}, H5P_DEFAULT, field);
  H5Fclose(file);
  assert_refused(-1, "/t in 'f.h5' takes other numbers from /half in 'upper.h5' than that has");
}

static void links_are_followed_to_regular_files_only(void **state) {
  (void)state;
  static const struct {
    const char *target, *says;
  } cases[] = {{"good.h5", NULL},
               {"pipe.h5", "'f.h5' has a link to /t in the file 'pipe.h5', but it is not a regular file"},
               {"nothing.h5", "'f.h5' has a link to /t in the file 'nothing.h5', but there is none"}};
  const hid_t good = file_new("good.h5");
  put_field(good, H5T_IEEE_F64LE, field);
  H5Fclose(good);
  unlink("pipe.h5");
  assert_int_equal(mkfifo("pipe.h5", 0600), 0);
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const hid_t file = file_new("f.h5");
    assert_true(H5Lcreate_external(cases[n].target, "/t", file, "t", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(file);
    if (cases[n].says == NULL)
      assert_is_field(-1, 0);
    else
      assert_refused(-1, cases[n].says);
  }
  unlink("f.h5");
  assert_int_equal(symlink("pipe.h5", "f.h5"), 0);
  assert_refused(-1, "'f.h5' is not a regular file");
  unlink("f.h5");
}

static void numbers_in_plain_files_have_to_be_there(void **state) {
  (void)state;
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  assert_true(H5Pset_external(list, "raw.bin", 8, sizeof field) >= 0);
  hid_t file = file_new("f.h5");
  put(file, "t", H5T_NATIVE_DOUBLE, 2, (const hsize_t[]){NY, NX}, list, field);
  H5Fclose(file);
  H5Pclose(list);
  assert_is_field(-1, 0);
  assert_int_equal(truncate("raw.bin", sizeof field), 0);
  assert_refused(-1, "has its numbers in the file 'raw.bin', which is too short");
  unlink("raw.bin");
  assert_refused(-1, "has its numbers in the file 'raw.bin', which is not a regular file that is there");
}

/* No shape that is only claimed takes long. */
static void shapes_without_numbers_take_no_time(void **state) {
  (void)state;
  const hsize_t shape[] = {(hsize_t)1 << 40, (hsize_t)1 << 18};
  struct timespec begin, end;
  const hid_t list = chunked();
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int chunks = 0; chunks < 2; chunks++) {
    const hid_t file = file_new("f.h5");
    put(file, "t", H5T_IEEE_F64LE, 2, shape, chunks ? list : H5P_DEFAULT, NULL);
    H5Fclose(file);
    assert_refused(-1, "has the shape [1099511627776][262144] (this grid needs [4][6])");
    heat_dataset_want want = want_field(-1);
    heat_dataset *dataset;
    for (int axis = 0; axis < 2; axis++) want.cells[axis] = (int64_t)shape[axis];
    assert_non_null(strstr(heat_dataset_open(&dataset, &want).text, "was never written"));
  }
  H5Pclose(list);
  clock_gettime(CLOCK_MONOTONIC, &end);
  assert_true(end.tv_sec - begin.tv_sec < 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_number_type_is_the_field),
      cmocka_unit_test(packed_numbers_are_unpacked),
      cmocka_unit_test(attributes_that_are_no_numbers_are_refused_by_name),
      cmocka_unit_test(values_that_are_missing_are_none),
      cmocka_unit_test(a_field_stored_from_its_end_is_turned_round),
      cmocka_unit_test(what_netcdf_has_not_written_is_missing),
      cmocka_unit_test(a_field_that_lies_on_its_side_is_refused),
      cmocka_unit_test(coordinates_of_another_grid_are_refused),
      cmocka_unit_test(more_dimensions_are_passed_over_or_need_an_index),
      cmocka_unit_test(a_side_is_a_vector),
      cmocka_unit_test(numbers_that_were_never_written_are_refused),
      cmocka_unit_test(a_filter_that_is_not_there_is_named),
      cmocka_unit_test(virtual_datasets_need_all_their_sources),
      cmocka_unit_test(virtual_datasets_have_no_holes),
      cmocka_unit_test(links_are_followed_to_regular_files_only),
      cmocka_unit_test(numbers_in_plain_files_have_to_be_there),
      cmocka_unit_test(shapes_without_numbers_take_no_time),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
