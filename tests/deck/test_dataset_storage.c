/* Datasets whose numbers are not all stored: numbers that were never written, lie in missing files, need a missing
 * filter, or are missing in a virtual dataset are refused, and that is found out quickly. */
#include "heat2d/deck/dataset.h"

#include "dataset_file.h"

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
  for (int format = 0; format < 2; format++) { /* the two formats of HDF5 files index chunks in different ways */
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

/* The bytes of this shape are a multiple of 2^64: HDF5 1.10 makes a dataset without numbers, a later one may make none.
 */
static void a_shape_beyond_all_memory_is_refused(void **state) {
  (void)state;
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), file = file_new("f.h5"),
              space = H5Screate_simple(3, (const hsize_t[]){(hsize_t)1 << 61, NY, NX}, NULL);
  assert_true(H5Pset_layout(list, H5D_COMPACT) >= 0);
  const hid_t dataset = H5Dcreate(file, "t", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (dataset >= 0) H5Dclose(dataset);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
  assert_refused(0, dataset >= 0 ? "/t in 'f.h5' has fewer numbers than its shape says" : "there is no dataset /t");
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

/* Make f.h5 of an upper and a lower half from two files. */
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

/* Make f.h5 of rows of two files in turn, those of the second one from row `first` on. */
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

/* There are as many numbers as cells, but some cells have two and others none. */
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
  assert_refused(-1, "/t in 'f.h5' takes numbers from the file 'nothing.h5', but there is no such file");
  assert_int_equal(mkfifo("pipe.h5", 0600), 0);
  put_virtual("lower.h5", "pipe.h5", 2);
  assert_refused(-1, "takes numbers from the file 'pipe.h5', but it is not a regular file");
  put_virtual("lower.h5", "upper.h5", 2);
  put_half("upper.h5", -1, H5P_DEFAULT);
  assert_refused(-1, "/half in 'upper.h5' was never written");
  const hid_t file = file_new("upper.h5");
  put(file, "half", H5T_IEEE_F64LE, 2, (const hsize_t[]){NY / 2, NX - 1}, H5P_DEFAULT, field);
  H5Fclose(file);
  assert_refused(-1, "/t in 'f.h5' takes numbers from /half in 'upper.h5' that are not there");
}

static void links_are_followed_to_regular_files_only(void **state) {
  (void)state;
  static const struct {
    const char *target, *says;
  } cases[] = {{"good.h5", NULL},
               {"pipe.h5", "'f.h5' has a link to /t in the file 'pipe.h5', but it is not a regular file"},
               {"nothing.h5", "'f.h5' has a link to /t in the file 'nothing.h5', but there is no such file"}};
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

/* A huge shape without stored numbers does not take long. */
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
      cmocka_unit_test(numbers_that_were_never_written_are_refused),
      cmocka_unit_test(a_shape_beyond_all_memory_is_refused),
      cmocka_unit_test(a_filter_that_is_not_there_is_named),
      cmocka_unit_test(virtual_datasets_need_all_their_sources),
      cmocka_unit_test(virtual_datasets_have_no_holes),
      cmocka_unit_test(links_are_followed_to_regular_files_only),
      cmocka_unit_test(numbers_in_plain_files_have_to_be_there),
      cmocka_unit_test(shapes_without_numbers_take_no_time),
  };
  return cmocka_run_group_tests(tests, enter_with_field, leave);
}
