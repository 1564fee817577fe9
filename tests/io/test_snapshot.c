/* Snapshots as another program reads them, by the HDF5 library alone, and the series that joins them. */
#include "heat2d/io/snapshot.h"

#include "harness.h"
#include "scene.h"

#include <hdf5_hl.h>

enum { NX = 23, NY = 11 };
static const char deck[] = "title: '<\"a\" & b>'\ndomain: {origin: [-1, 2], size: [4.6, 1.1], cells: [23, 11]}\n"
                           "material: {diffusivity: 1}\ninitial: {temperature: 0}\ntime: {end: 1}\n";

static rig made;

static int enter(void **state) {
  if (enter_place(state) != 0) return -1;
  open_rig(&made, (rig_setting){.deck = deck});
  number_cells(heat_stepper_solution(&made.stepper));
  return 0;
}

static int leave(void **state) {
  close_rig(&made);
  return leave_place(state);
}

static heat_snapshots series(heat_storage storage) {
  return (heat_snapshots){.problem = &made.problem,
                          .grid = &made.grid,
                          .directory = ".",
                          .title = heat_config_text(made.config, "title"),
                          .deck = deck,
                          .storage = storage};
}

static heat_status write_step(heat_snapshots *snapshots, int64_t step) {
  return heat_snapshots_write(snapshots, heat_stepper_solution(&made.stepper), step, 0.25 * (double)step, 0.25);
}

static bool has_text(hid_t file, const char *object, const char *name, const char *expected) {
  char *text = NULL, fixed[4096] = "";
  const hid_t attribute = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) return false;
  const hid_t type = H5Aget_type(attribute);
  bool same;
  if (H5Tis_variable_str(type) > 0) {
    same = H5Aread(attribute, type, &text) >= 0 && strcmp(text, expected) == 0;
    H5free_memory(text);
  } else {
    same = H5Tget_size(type) < sizeof fixed && H5Aread(attribute, type, fixed) >= 0 && strcmp(fixed, expected) == 0;
  }
  H5Tclose(type);
  H5Aclose(attribute);
  return same;
}

static bool has_axis(hid_t file, const char *name, unsigned dimension, hsize_t length, double first, double spacing) {
  double centres[NX + NY];
  hsize_t shape[2] = {0};
  const hid_t field = H5Dopen(file, "temperature", H5P_DEFAULT), axis = H5Dopen(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(axis);
  bool right = H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, shape, NULL) == 1 &&
               shape[0] == length;
  right = right && H5DSis_scale(axis) > 0 && H5DSget_num_scales(field, dimension) == 1 &&
          H5DSis_attached(field, axis, dimension) > 0 && H5DSis_attached(field, axis, 1 - dimension) == 0;
  right = right && H5Dread(axis, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, centres) >= 0;
  for (hsize_t n = 0; n < length; n++) {
    const double off = centres[n] - (first + spacing * ((double)n + 0.5));
    right = right && off < 1e-12 && off > -1e-12;
  }
  right = right && has_text(file, name, "units", "m");
  H5Sclose(space);
  H5Dclose(axis);
  H5Dclose(field);
  return right;
}

static bool has_field(hid_t file, heat_storage storage) {
  static double cells[NX * NY];
  hsize_t shape[2] = {0};
  const hid_t field = H5Dopen(file, "/temperature", H5P_DEFAULT), space = H5Dget_space(field),
              type = H5Dget_type(field), list = H5Dget_create_plist(field);
  bool right = H5Sget_simple_extent_ndims(space) == 2 && H5Sget_simple_extent_dims(space, shape, NULL) == 2 &&
               shape[0] == NY && shape[1] == NX;
  right = right && H5Tequal(type, storage.single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE) > 0;
  bool deflated = false;
  for (int n = 0; n < H5Pget_nfilters(list); n++) {
    unsigned flags, values[4] = {0}, information;
    size_t count = 4;
    if (H5Pget_filter(list, (unsigned)n, &flags, &count, values, 0, NULL, &information) != H5Z_FILTER_DEFLATE) continue;
    deflated = (int)values[0] == storage.compression;
  }
  right = right && deflated == (storage.compression > 0);
  right = right && H5Dread(field, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0;
  for (int64_t n = 0; n < NX * NY; n++) {
    const double value = cell_number(n % NX, n / NX);
    right = right && cells[n] == (storage.single ? (double)(float)value : value);
  }
  right =
      right && has_text(file, "temperature", "units", "K") && has_text(file, "temperature", "long_name", "temperature");
  H5Pclose(list);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(field);
  return right;
}

static void another_program_finds_field_axes_and_units(void **state) {
  (void)state;
  static const heat_storage storages[] = {{false, 0}, {true, 0}, {false, 6}, {true, 1}};
  for (size_t s = 0; s < sizeof storages / sizeof *storages; s++) {
    heat_snapshots snapshots = series(storages[s]);
    assert_int_equal(heat_snapshots_create(&snapshots, -1).code, HEAT_OK);
    assert_true(everywhere(write_step(&snapshots, 7).code == HEAT_OK));
    const hid_t file = H5Fopen("snapshot-0000000007.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(everywhere(file >= 0));
    assert_true(everywhere(has_field(file, storages[s])));
    assert_true(everywhere(has_axis(file, "x", 1, NX, -1, 0.2) && has_axis(file, "y", 0, NY, 2, 0.1)));
    assert_true(everywhere(has_text(file, "/", "Conventions", "CF-1.8") && has_text(file, "/", "deck", deck) &&
                           has_text(file, "/", "title", "<\"a\" & b>")));
    double time = 0, instant = 0;
    int64_t step = 0, ranks = 0;
    assert_int_equal(heat_h5_read_vector(file, "time", 0, 1, &instant).code, HEAT_OK);
    assert_true(instant == 1.75);
    assert_true(
        everywhere(has_text(file, "time", "units", "s") && has_text(file, "temperature", "coordinates", "time")));
    assert_int_equal(heat_h5_get_real(file, "time", &time).code, HEAT_OK);
    assert_int_equal(heat_h5_get_integer(file, "step", &step).code, HEAT_OK);
    assert_int_equal(heat_h5_get_integer(file, "ranks", &ranks).code, HEAT_OK);
    assert_true(time == 1.75 && step == 7 && ranks == made.grid.size);
    H5Fclose(file);
    assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "snapshot-0000000007.h5", NULL).code, HEAT_OK);
    heat_snapshots_destroy(&snapshots);
  }
}

/* run.xdmf lists exactly these steps, in this order. */
static void assert_listed(const int64_t *steps, int count) {
  static char text[1 << 16];
  MPI_Barrier(MPI_COMM_WORLD);
  FILE *file = fopen("run.xdmf", "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  const char *at = text;
  for (int n = 0; n < count; n++) {
    char name[64];
    snprintf(name, sizeof name, "snapshot-%010lld.h5:/temperature", (long long)steps[n]);
    at = strstr(at, name);
    assert_non_null(at);
    at += strlen(name);
  }
  assert_null(strstr(at, "snapshot-"));
  int found = 0;
  for (at = strstr(text, "snapshot-"); at != NULL; at = strstr(at + 1, "snapshot-")) found++;
  assert_int_equal(found, count);
  assert_non_null(strstr(text, "&lt;&quot;a&quot; &amp; b>"));
  assert_non_null(strstr(text, "Dimensions=\"12 24\""));
  MPI_Barrier(MPI_COMM_WORLD);
}

static void the_series_lists_each_snapshot_once(void **state) {
  (void)state;
  heat_snapshots snapshots = series((heat_storage){0});
  assert_int_equal(heat_snapshots_create(&snapshots, -1).code, HEAT_OK);
  static const int64_t steps[] = {0, 5, 12345678901};
  for (int n = 0; n < 3; n++) {
    assert_true(everywhere(write_step(&snapshots, steps[n]).code == HEAT_OK));
    assert_listed(steps, n + 1);
  }
  assert_true(everywhere(write_step(&snapshots, steps[2]).code == HEAT_OK));
  assert_listed(steps, 3);
  heat_snapshots_destroy(&snapshots);
}

static void a_resumed_series_keeps_what_came_before_and_removes_what_comes_again(void **state) {
  (void)state;
  heat_snapshots snapshots = series((heat_storage){0});
  assert_int_equal(heat_snapshots_create(&snapshots, -1).code, HEAT_OK);
  for (int64_t step = 0; step <= 30; step += 10) assert_true(everywhere(write_step(&snapshots, step).code == HEAT_OK));
  heat_snapshots_destroy(&snapshots);
  write_file("snapshot-0000000015.h5", "not one of ours");
  snapshots = series((heat_storage){0});
  assert_int_equal(heat_snapshots_create(&snapshots, 20).code, HEAT_OK);
  assert_false(there("snapshot-0000000030.h5"));
  assert_true(there("snapshot-0000000015.h5") && there("snapshot-0000000020.h5"));
  assert_true(everywhere(write_step(&snapshots, 25).code == HEAT_OK));
  assert_listed((const int64_t[]){0, 10, 20, 25}, 4);
  heat_snapshots_destroy(&snapshots);
}

/* The bytes of a value of a file's temperature, and that all of its values are the field's; 0 otherwise. */
static size_t value_bytes(const char *path, double factor) {
  static double cells[NX * NY];
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), field = H5Dopen(file, "temperature", H5P_DEFAULT);
  const hid_t type = H5Dget_type(field);
  const size_t bytes = H5Tget_size(type);
  bool right = H5Dread(field, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0;
  for (int64_t n = 0; n < NX * NY; n++) {
    const double value = cell_number(n % NX, n / NX) * factor;
    right = right && cells[n] == (bytes == sizeof(float) ? (double)(float)value : value);
  }
  H5Tclose(type);
  H5Dclose(field);
  H5Fclose(file);
  return right ? bytes : 0;
}

static void what_float32_cannot_hold_is_written_as_float64(void **state) {
  (void)state;
  static const double factors[] = {1, 1e40, 1e34, -1e300, 1e-50, 1e-42, 0}; /* numbers are up to some 1e4 */
  static const bool fits[] = {true, false, true, false, false, false, true};
  heat_field *field = heat_stepper_solution(&made.stepper);
  heat_snapshots snapshots = series((heat_storage){.single = true});
  assert_int_equal(heat_snapshots_create(&snapshots, -1).code, HEAT_OK);
  int64_t widened = 0;
  for (int n = 0; n < 7; n++) {
    char name[64];
    number_cells(field);
    for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
      for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
        *heat_field_at(field, i, j) *= factors[n];
    assert_true(everywhere(write_step(&snapshots, n).code == HEAT_OK));
    snprintf(name, sizeof name, "snapshot-%010d.h5", n);
    assert_true(everywhere(value_bytes(name, factors[n]) == (fits[n] ? sizeof(float) : sizeof(double))));
    assert_true(snapshots.widened == (widened += !fits[n]));
    assert_true(everywhere(heat_snapshots_crash(&snapshots, field, n, 0, 1).code == HEAT_OK));
    snprintf(name, sizeof name, "crash-%010d.h5", n);
    assert_true(everywhere(value_bytes(name, factors[n]) == sizeof(double)));
  }
  heat_snapshots_destroy(&snapshots);
  snapshots = series((heat_storage){.single = true});
  assert_int_equal(heat_snapshots_create(&snapshots, 6).code, HEAT_OK); /* run.xdmf gives the precision of each */
  for (int64_t n = 0; n < 7 && made.grid.rank == 0; n++) assert_true(snapshots.series.entries[n].single == fits[n]);
  heat_snapshots_destroy(&snapshots);
}

static void a_series_that_cannot_be_written_is_told(void **state) {
  (void)state;
  heat_snapshots snapshots = series((heat_storage){0});
  assert_int_equal(heat_snapshots_create(&snapshots, -1).code, HEAT_OK);
  if (made.grid.rank == 0) assert_int_equal(mkdir("run.xdmf", 0777), 0);
  write_file("run.xdmf/inside", "");
  const heat_status status = heat_agree(MPI_COMM_WORLD, write_step(&snapshots, 1));
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "run.xdmf"));
  assert_true(there("snapshot-0000000001.h5"));
  heat_snapshots_destroy(&snapshots);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {
      LAW(another_program_finds_field_axes_and_units), LAW(the_series_lists_each_snapshot_once),
      LAW(a_resumed_series_keeps_what_came_before_and_removes_what_comes_again),
      LAW(what_float32_cannot_hold_is_written_as_float64), LAW(a_series_that_cannot_be_written_is_told)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
