/* The reference cases 1 and 2 of ISO 10211 as the decks of configs/ have them: what the program's tables say at each of
 * the published points, to the 0.1 K and 0.1 W/m that the standard asks for. A serial process that runs the program. */
#include "command.h"
#include "formats.h"

#include <math.h>

/* ---- tables ---- */

/* The last row of a table, under the header in which `column` stands; NAN where there is no such column. */
static double last_entry(const char *path, const char *column) {
  char *text = read_text(path);
  const size_t length = strlen(text);
  assert_true(length > 1 && text[length - 1] == '\n');
  text[length - 1] = '\0';
  char *at = text, *last = strrchr(text, '\n') + 1;
  double value = NAN;
  *strchr(text, '\n') = '\0';
  for (; isnan(value); at++, last++) {
    const size_t width = strcspn(at, ",");
    if (width == strlen(column) && strncmp(at, column, width) == 0) value = strtod(last, NULL);
    at += width;
    last += strcspn(last, ",");
    if (*at == '\0') break;
  }
  free(text);
  return value;
}

static void assert_within(double value, double published, double tolerance, const char *what) {
  if (!(fabs(value - published) <= tolerance)) print_error("%s: %.6f, published %.6f\n", what, value, published);
  assert_true(fabs(value - published) <= tolerance);
}

/* ---- case 1 ---- */

static void case_1_half_a_square_column(void **state) {
  (void)state;
  static const double published[7][4] = {{9.7, 13.4, 14.7, 15.1}, {5.3, 8.6, 10.3, 10.8}, {3.2, 5.6, 7.0, 7.5},
                                         {2.0, 3.6, 4.7, 5.0},    {1.3, 2.3, 3.0, 3.2},   {0.7, 1.4, 1.8, 1.9},
                                         {0.3, 0.6, 0.8, 0.9}};
  assert_code(0,
              heat2d(2, "run '%s/configs/iso-10211-case-1.yaml' --set output.directory=out", getenv("HEAT2D_SOURCE")));
  assert_non_null(strstr(command.out, "steady at step"));
  for (int row = 0; row < 7; row++) {
    for (int n = 0; n < 4; n++) {
      char column[16];
      snprintf(column, sizeof column, "row_%d-%d", row + 1, n + 1);
      assert_within(last_entry("out/probes.csv", column), published[row][n], 0.1, column);
    }
  }
}

/* ---- case 2 ---- */

enum { NX = 1000, NY = 95, CELLS = NX * NY, BAND = NY };
static const double cell = 0.5; /* mm */

static double conductivity(int i, int j) {
  const double insulation = 0.029, wood = 0.12, concrete = 1.15, aluminium = 230;
  const double x = (i + 0.5) * cell, y = (j + 0.5) * cell; /* mm, from the lower left */
  const bool flange = x < 15 && y > 35 && y < 36.5, leg = x < 1.5 && y < 36.5, plate = y < 1.5;
  if (y > 41.5) return concrete;
  if (flange || leg || plate) return aluminium;
  return x < 15 && y > 36.5 ? wood : insulation;
}

/* Conductance of a face, W/(m K): the resistances of two half cells one behind the other. */
static double between(double a, double b) {
  return 1 / (0.5 / a + 0.5 / b);
}

/* And of a wall's, with a surface resistance in m2 K/W. */
static double through_surface(double k, double resistance) {
  return 1 / (0.5 / k + resistance / (cell / 1000));
}

/* The upper half of the matrix of div(k grad u) = 0, cell after cell along y: the row of a cell begins at its diagonal.
 * On the right what the walls add. */
static void assemble(double (*matrix)[BAND + 1], double *right) {
  for (int i = 0; i < NX; i++) {
    for (int j = 0; j < NY; j++) {
      const int n = i * NY + j;
      const double k = conductivity(i, j);
      const double up = j + 1 < NY ? between(k, conductivity(i, j + 1)) : 0;
      const double east = i + 1 < NX ? between(k, conductivity(i + 1, j)) : 0;
      if (j + 1 < NY) matrix[n][1] = -up, matrix[n][0] += up, matrix[n + 1][0] += up;
      if (i + 1 < NX) matrix[n][NY] = -east, matrix[n][0] += east, matrix[n + NY][0] += east;
      if (j == NY - 1) matrix[n][0] += through_surface(k, 0.06); /* to 0 C */
      if (j > 0) continue;
      matrix[n][0] += through_surface(k, 0.11);
      right[n] = 20 * through_surface(k, 0.11);
    }
  }
}

/* Gauss's elimination of a symmetric band without pivots; the solution takes the place of the right side. */
static void solve(double (*matrix)[BAND + 1], double *right) {
  for (int n = 0; n < CELLS; n++) {
    for (int d = 1; d <= BAND && n + d < CELLS; d++) {
      const double factor = matrix[n][d] / matrix[n][0];
      if (factor == 0) continue;
      for (int e = d; e <= BAND; e++) matrix[n + d][e - d] -= factor * matrix[n][e];
      right[n + d] -= factor * right[n];
    }
  }
  for (int n = CELLS - 1; n >= 0; n--) {
    for (int d = 1; d <= BAND && n + d < CELLS; d++) right[n] -= matrix[n][d] * right[n + d];
    right[n] /= matrix[n][0];
  }
}

/* The steady temperatures as the dataset /temperature of a file. */
static void write_steady_field(const char *path) {
  double(*matrix)[BAND + 1] = calloc(CELLS, sizeof *matrix), *u = calloc(CELLS, sizeof *u);
  double *rows = calloc(CELLS, sizeof *rows);
  assert_true(matrix != NULL && u != NULL && rows != NULL);
  assemble(matrix, u);
  solve(matrix, u);
  for (int n = 0; n < CELLS; n++) rows[n % NY * NX + n / NY] = u[n];
  const hsize_t shape[2] = {NY, NX};
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(2, shape, NULL);
  const hid_t dataset = H5Dcreate(file, "temperature", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0);
  assert_true(H5Dclose(dataset) >= 0 && H5Sclose(space) >= 0 && H5Fclose(file) >= 0);
  free(rows);
  free(u);
  free(matrix);
}

/* Millions of steps lead to the steady state. Here it comes from a direct solution, of a geometry that stands in this
 * file a second time: that the program finds nothing to change in it says that its own is the same. */
static void case_2_a_roof_with_an_aluminium_profile(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double published;
  } points[] = {{"A", 7.1},  {"B", 0.8},  {"C", 7.9},  {"D", 6.3}, {"E", 0.8},
                {"F", 16.4}, {"G", 16.3}, {"H", 16.8}, {"I", 18.3}};
  write_steady_field("steady.h5");
  assert_code(0, heat2d(2,
                        "run '%s/configs/iso-10211-case-2.yaml' --overwrite --set output.directory=out --set "
                        "initial.temperature='{file: steady.h5, dataset: /temperature}' --set time.end=1e-4",
                        getenv("HEAT2D_SOURCE")));
  assert_non_null(strstr(command.out, "steady at step 100\n"));
  for (size_t n = 0; n < sizeof points / sizeof *points; n++)
    assert_within(last_entry("out/probes.csv", points[n].name), points[n].published, 0.1, points[n].name);
  const double in = last_entry("out/history.csv", "flow_bottom"), out = -last_entry("out/history.csv", "flow_top");
  assert_within(in, 9.5, 0.1, "flow_bottom");
  assert_within(out, in, 1e-6, "flow_top");
  assert_true(last_entry("out/history.csv", "flow_left") == 0 && last_entry("out/history.csv", "flow_right") == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(case_1_half_a_square_column),
      cmocka_unit_test(case_2_a_roof_with_an_aluminium_profile),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
