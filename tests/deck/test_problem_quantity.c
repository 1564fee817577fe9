/* Numbers, expressions and field files for every key that takes them. Files with any type of numbers are read, and
 * files that cannot be used are refused with the place in the deck or the cell. */
#include "heat2d/deck/problem.h"

#include "harness.h"
#include "problem_deck.h"
#include "scene.h"

#include <hdf5_hl.h>
#include <string.h>
#include <unistd.h>

/* Field files, which rank 0 writes to a temporary directory. */
static char path[96];
static const char *const datasets[] = {"field", "single", "whole", "packed", "turned", "holes", "left", "bottom"};

static double stored(double x, double y) {
  return 1 + 4 * (x + 2) + 64 * (y + 1); /* multiples of an eighth, exact in every format but integers */
}
static double rounded_down(double x, double y) {
  return floor(stored(x, y));
}

static void write_dataset(hid_t file, const char *name, hid_t type, int rank, hsize_t rows, hsize_t columns,
                          const double *values) {
  const hsize_t shape[] = {rows, columns}, chunk[] = {5, 7};
  const hid_t space = H5Screate_simple(rank, rank == 2 ? shape : shape + 1, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  if (strcmp(name, "packed") == 0) {
    H5Pset_chunk(list, rank, chunk);
    H5Pset_deflate(list, 4);
  }
  const hid_t dataset = H5Dcreate(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(dataset);
  H5Pclose(list);
  H5Sclose(space);
}

static void write_fields(void) {
  double values[NY * NX], holes[NY * NX], left[NX], bottom[NX];
  for (int64_t j = 0; j < NY; j++)
    for (int64_t i = 0; i < NX; i++) values[j * NX + i] = holes[j * NX + i] = stored(x_of(i), y_of(j));
  holes[3 * NX + 5] = NAN;
  double gaps[NY * NX];
  memcpy(gaps, values, sizeof gaps);
  gaps[10] = gaps[5 * NX] = gaps[NY * NX - 1] = -1;
  for (int64_t n = 0; n < NX; n++) left[n] = bottom[n] = (double)(n * n);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  write_dataset(file, "field", H5T_NATIVE_DOUBLE, 2, NY, NX, values);
  write_dataset(file, "single", H5T_IEEE_F32BE, 2, NY, NX, values);
  write_dataset(file, "whole", H5T_STD_I32LE, 2, NY, NX, values);
  write_dataset(file, "packed", H5T_NATIVE_DOUBLE, 2, NY, NX, values);
  write_dataset(file, "turned", H5T_NATIVE_DOUBLE, 2, NX, NY, values);
  write_dataset(file, "holes", H5T_NATIVE_DOUBLE, 2, NY, NX, holes);
  write_dataset(file, "left", H5T_NATIVE_DOUBLE, 1, 0, NY, left);
  write_dataset(file, "bottom", H5T_NATIVE_DOUBLE, 1, 0, NX, bottom);
  write_dataset(file, "gaps", H5T_STD_I32BE, 2, NY, NX, gaps);
  H5LTset_attribute_int(file, "gaps", "missing_value", (const int[]){-1}, 1);
  H5Fclose(file);
}

static int make_file(void **state) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const int status = enter_place(state);
  snprintf(path, sizeof path, "%s/fields.h5", scene_place);
  if (rank == 0 && status == 0) write_fields();
  MPI_Barrier(MPI_COMM_WORLD);
  return status;
}

static double density_from_file(double x, double y) {
  return x > 0 ? stored(x, y) : 2;
}

static void field_files_of_any_number_type_are_read_on_the_grid(void **state) {
  (void)state;
  for (int n = 0; n < 4; n++) {
    const heat_status status =
        create("material: {conductivity: {file: %s, dataset: /%s}, density: 2, heat_capacity: 1}\n"
               "initial: {temperature: {file: %s, dataset: /%s}}\n"
               "regions: [{shape: where, condition: x > 0, density: {file: %s, dataset: /field}}]\n"
               "boundary: {left: {type: dirichlet, value: {file: %s, dataset: /left}}, "
               "bottom: {type: robin, coefficient: {file: %s, dataset: /bottom}, ambient: 2}}\n",
               path, datasets[n], path, datasets[n], path, path, path);
    assert_string_equal(status.text, "");
    double (*expected)(double, double) = n == 2 ? rounded_down : stored;
    check_painted(HEAT_TEMPERATURE, 0, expected);
    check_painted(HEAT_CONDUCTIVITY_X, 0, expected);
    check_painted(HEAT_CONDUCTIVITY_Y, 0, expected);
    check_painted(HEAT_DENSITY, 0, density_from_file);
    assert_false(heat_problem_uniform_material(&problem));
    double a[NX], b[NX], g[NX];
    assert_int_equal(heat_problem_side(&problem, HEAT_LEFT, 2, NY, 0, a, b, g).code, HEAT_OK);
    for (int64_t j = 2; j < NY; j++) assert_true(a[j - 2] == 1 && b[j - 2] == 0 && g[j - 2] == (double)(j * j));
    assert_int_equal(heat_problem_side(&problem, HEAT_BOTTOM, 3, NX, 0, a, b, g).code, HEAT_OK);
    for (int64_t i = 3; i < NX; i++)
      assert_true(a[i - 3] == (double)(i * i) && b[i - 3] == 1 && g[i - 3] == (double)(2 * i * i));
    destroy();
  }
}

static void check_refused(const char *temperature, const char *says) {
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: %s}\n", temperature);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_non_null(strstr(status.text, "deck:4:"));
  assert_non_null(strstr(status.text, "initial.temperature: "));
  assert_non_null(strstr(status.text, says));
  destroy();
}

static void unusable_field_files_are_refused_with_their_place_in_the_deck(void **state) {
  (void)state;
  char text[256];
  snprintf(text, sizeof text, "{file: %s, dataset: /turned}", path);
  check_refused(text, "has the shape [16][12] (this grid needs [12][16])");
  snprintf(text, sizeof text, "{file: %s, dataset: /left}", path);
  check_refused(text, "has the shape [12] (this grid needs [12][16])");
  snprintf(text, sizeof text, "{file: %s, dataset: /nothing}", path);
  check_refused(text, "there is no dataset /nothing in");
  snprintf(text, sizeof text, "{file: %s/none.h5, dataset: /left}", scene_place);
  check_refused(text, "cannot read the file");
  snprintf(text, sizeof text, "{file: %s, dataset: /left}", "/proc/self/status");
  check_refused(text, "is not an HDF5 file");
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
                                    "boundary: {top: {type: neumann, flux: {file: %s, dataset: /left}}}\n",
                                    path);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_non_null(strstr(status.text, "boundary.top.flux: /left in"));
  assert_non_null(strstr(status.text, "has the shape [12] (this grid needs [16])"));
  destroy();
}

/* A value that is wrong in one cell: the message names key, value and place; other rows can be evaluated. */
static void check_wrong_cell(heat_property property, int64_t row, const char *says) {
  double values[NX];
  assert_int_equal(heat_problem_values(&problem, property, row + 1, 0, NX, 0, values).code, HEAT_OK);
  const heat_status status = heat_problem_values(&problem, property, row, 0, NX, 0, values);
  assert_int_equal(status.code, HEAT_DECK);
  assert_non_null(strstr(status.text, says));
}

/* On any number of ranks the message names the first cell that needs a value and has none. A cell that a later region
 * covers needs none. */
static void the_first_cell_without_a_value_is_named(void **state) {
  (void)state;
  static const struct {
    const char *region, *cell; /* the cell that the message names; NULL: there is no message */
  } cases[] = {{"x > 9", "(10, 0)"}, {"y < -0.8", "(0, 5)"}, {"y < 1", "(15, 11)"}, {"y < 1 or x > 1.8", NULL}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const heat_status status = create("material: {diffusivity: {file: %s, dataset: /gaps}}\ninitial: {temperature: 0}\n"
                                      "regions: [{shape: where, condition: '%s', diffusivity: 3}]\n",
                                      path, cases[n].region);
    char says[64];
    snprintf(says, sizeof says, "has no value in cell %s: ", cases[n].cell != NULL ? cases[n].cell : "");
    assert_true(everywhere(status.code == (cases[n].cell != NULL ? HEAT_DECK : HEAT_OK)));
    if (cases[n].cell != NULL) assert_non_null(strstr(status.text, says));
    destroy();
  }
}

/* The digest depends on the numbers and not on the form in which they are stored. */
static void the_same_numbers_have_the_same_digest(void **state) {
  (void)state;
  static const char *const names[] = {"field", "single", "packed", "whole"};
  char first[64] = "";
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    const heat_status status =
        create("material: {diffusivity: 1}\ninitial: {temperature: {file: %s, dataset: /%s}}\n", path, names[n]);
    assert_string_equal(status.text, "");
    const size_t length = strcspn(problem.inputs, "/");
    assert_memory_equal(problem.inputs, "initial.temperature ", 20);
    if (n == 0) snprintf(first, sizeof first, "%.*s", (int)length, problem.inputs);
    assert_int_equal(strncmp(problem.inputs, first, length) == 0, n < 3);
    destroy();
  }
}

static void values_that_cannot_be_are_refused_with_their_cell(void **state) {
  (void)state;
  const heat_status status =
      create("material: {conductivity: ['x + 10*(y + 0.624)', 1], density: 1, heat_capacity: 'sqrt(y + 0.7)'}\n"
             "initial: {temperature: {file: %s, dataset: /holes}}\nsource: 1/(y + 0.875)\n",
             path);
  assert_string_equal(status.text, "");
  check_wrong_cell(HEAT_TEMPERATURE, 3, "initial.temperature: is nan at x = -0.625, y = -0.125");
  check_wrong_cell(HEAT_CONDUCTIVITY_X, 1, "material.conductivity.0: is ");
  check_wrong_cell(HEAT_CONDUCTIVITY_X, 1, "at x = -1.875, y = -0.625, t = 0 (a positive number is needed)");
  check_wrong_cell(HEAT_CAPACITY, 0, "material.heat_capacity: is ");
  check_wrong_cell(HEAT_SOURCE, 0, "source: is inf at x = -1.875, y = -0.875, t = 0 (a finite number is needed)");
  destroy();
  open_with("boundary: {top: {type: robin, coefficient: x + 1, ambient: 0}}");
  double a[NX], b[NX], g[NX];
  assert_int_equal(heat_problem_side(&problem, HEAT_TOP, 4, NX, 0, a, b, g).code, HEAT_OK);
  const heat_status negative = heat_problem_side(&problem, HEAT_TOP, 0, NX, 0, a, b, g);
  assert_int_equal(negative.code, HEAT_DECK);
  assert_non_null(strstr(negative.text, "boundary.top.coefficient: is -0.875 at x = -1.875, y = 2, t = 0"));
  destroy();
}

/* The value at any coordinate along a side: a number; an expression at that point or, if it has no value there, at the
 * centre of the cell; a dataset, linear between the centres of cells, constant beyond the last one, or periodic. */
static void a_side_is_known_at_every_coordinate(void **state) {
  (void)state;
  double coefficient, value;
  heat_status status =
      create("material: {diffusivity: 1}\ninitial: {temperature: 1}\n"
             "boundary: {left: {type: dirichlet, value: {file: %s, dataset: /left}}, right: {type: neumann, flux: 3}, "
             "bottom: {type: robin, coefficient: {file: %s, dataset: /bottom}, ambient: 'x/x + t'}, "
             "top: {type: robin, coefficient: 'x', ambient: 'x*y'}}\n",
             path, path);
  assert_int_equal(status.code, HEAT_OK);
  for (double s = -1; s <= 2; s += 0.0625) {
    const double place = fmin(fmax((s + 1) / 0.25 - 0.5, 0), NY - 1), low = floor(place);
    const double expected = low * low + (place - low) * (2 * low + 1);
    assert_int_equal(heat_problem_side_at(&problem, HEAT_LEFT, s, 0, &coefficient, &value).code, HEAT_OK);
    assert_true(coefficient == 1 && fabs(value - expected) <= 1e-12);
  }
  assert_int_equal(heat_problem_side_at(&problem, HEAT_RIGHT, 2, 0, &coefficient, &value).code, HEAT_OK);
  assert_true(coefficient == 1 && value == 3);
  assert_int_equal(heat_problem_side_at(&problem, HEAT_BOTTOM, 0, 0.5, &coefficient, &value).code, HEAT_OK);
  assert_true(fabs(coefficient - (7 * 7 + 8 * 8) / 2.0) <= 1e-12 && value == 1.5); /* 0/0 at that point */
  assert_int_equal(heat_problem_side_at(&problem, HEAT_TOP, 2, 0, &coefficient, &value).code, HEAT_OK);
  assert_true(coefficient == 2 && value == 4);
  status = heat_problem_side_at(&problem, HEAT_TOP, -1.9, 0, &coefficient, &value);
  assert_int_equal(status.code, HEAT_DECK); /* the coefficient is negative there and at the centre */
  assert_non_null(strstr(status.text, "boundary.top.coefficient: is -1.875 at x = -1.875, y = 2"));
  destroy();
  status = create("material: {diffusivity: 1}\ninitial: {temperature: 1}\n"
                  "boundary: {left: {type: periodic}, right: {type: periodic}, "
                  "bottom: {type: dirichlet, value: {file: %s, dataset: /bottom}}}\n",
                  path);
  assert_int_equal(status.code, HEAT_OK);
  for (double s = -2; s <= 2; s += 4) {
    assert_int_equal(heat_problem_side_at(&problem, HEAT_BOTTOM, s, 0, &coefficient, &value).code, HEAT_OK);
    assert_true(fabs(value - 15 * 15 / 2.0) <= 1e-12);
  }
  destroy();
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, make_file, leave_place)
  const struct CMUnitTest tests[] = {
      LAW(field_files_of_any_number_type_are_read_on_the_grid),
      LAW(a_side_is_known_at_every_coordinate),
      LAW(unusable_field_files_are_refused_with_their_place_in_the_deck),
      LAW(the_first_cell_without_a_value_is_named),
      LAW(the_same_numbers_have_the_same_digest),
      LAW(values_that_cannot_be_are_refused_with_their_cell),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
