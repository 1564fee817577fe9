/* HDF5 files as input: every form in which a field can be stored, and the messages for other forms. Laws: every
 * accepted form gives the same field, and nothing that is missing counts as a number. */
#include "heat2d/deck/dataset.h"

#include "dataset_file.h"

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

/* Read row `row`, and assert that its first cell without a value is `missing`. */
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
  set(file, "t", "_FillValue", (const double[]){1e20}, 1); /* float32 cannot represent this number */
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
  for (int n = 0; n < 4; n++) { /* coordinates of corners */
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

/* netCDF fills with a number of its own, which is stored only as the fill value of HDF5. */
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

/* On a square grid the shape does not show the order of axes. */
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
    attach(file, "x", attached ? 1 : -1, NX, 2, 0.6); /* as numpy.linspace gives it with both ends */
    H5Fclose(file);
    assert_refused(-1, "its coordinate /x is 2 in column 0, but the centre of that cell is at 2.25 in this grid");
    file = file_new("f.h5");
    put_field(file, H5T_IEEE_F64LE, field);
    attach(file, "y", attached ? 0 : -1, NY, -0.875, 0.251);
    H5Fclose(file);
    assert_refused(-1, "its coordinate /y is -0.624 in row 1, but");
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
  };
  return cmocka_run_group_tests(tests, enter_with_field, leave);
}
