/* Probes: bilinear between cell centres, so exact for a + b x + c y + d x y also in the half cell at a wall; through
 * the seam on a periodic axis; the same text in probes.csv on any number of ranks, continued without a gap or a double.
 */
#include "heat2d/probe.h"

#include "harness.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static heat_config *config;
static heat_problem problem;
static heat_grid grid;

static const char points[] =
    "{name: low, at: [1, -2]}, {name: centre, at: [2.05, -0.2]}, {name: high, at: [3.1, 1.6]}, "
    "{name: cell, at: [1.15, -1.7]}";

static void open_grid(int nx, int ny, const char *sides) {
  char deck[1024];
  const int length = snprintf(deck, sizeof deck,
                              "domain: {origin: [1, -2], size: [2.1, 3.6], cells: [%d, %d]}\n"
                              "material: {diffusivity: 1}\ninitial: {temperature: 0}\ntime: {end: 1}\n"
                              "boundary: {%s}\noutput: {probes: [%s]}\n",
                              nx, ny, sides, points);
  static const int chosen[HEAT_AXES] = {0, 0};
  assert_int_equal(heat_config_parse(&config, "deck", deck, (size_t)length, NULL, 0).code, HEAT_OK);
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_WORLD, config).code, HEAT_OK);
  assert_int_equal(heat_grid_create(&grid, MPI_COMM_WORLD, &problem, chosen).code, HEAT_OK);
}

static void close_grid(void) {
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* What the probe gives for a field that is f at each cell centre. */
static double probed(heat_probe probe, double (*f)(double x, double y)) {
  double value = 0;
  for (int c = 0; c < HEAT_PROBE_CELLS; c++)
    value += probe.weight[c] * f(heat_problem_centre(&problem, HEAT_X, probe.cell[c][HEAT_X]),
                                 heat_problem_centre(&problem, HEAT_Y, probe.cell[c][HEAT_Y]));
  return value;
}

static double bilinear(double x, double y) {
  return 3 + 2 * x - 5 * y + 0.7 * x * y;
}
static double in_x_alone(double x, double y) {
  (void)y;
  return 3 + 2 * x;
}
static double in_y_alone(double x, double y) {
  (void)x;
  return 3 - 5 * y;
}

static void check_exact(int nx, int ny, double (*f)(double x, double y)) {
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (nx * ny < size) return;
  open_grid(nx, ny, "");
  for (double x = 1; x <= 3.1; x += 0.0375) {
    for (double y = -2; y <= 1.6; y += 0.0375) {
      const heat_probe probe = heat_probe_at(&grid, x, y);
      for (int c = 0; c < HEAT_PROBE_CELLS; c++) {
        assert_in_range(probe.cell[c][HEAT_X], 0, nx - 1);
        assert_in_range(probe.cell[c][HEAT_Y], 0, ny - 1);
      }
      assert_true(fabs(probed(probe, f) - f(x, y)) <= 1e-13);
    }
  }
  close_grid();
}

static void a_probe_is_exact_for_a_bilinear_field_up_to_the_walls(void **state) {
  (void)state;
  check_exact(7, 6, bilinear);
  check_exact(2, 3, bilinear);
  check_exact(1, 6, in_y_alone);
  check_exact(6, 1, in_x_alone);
}

static void a_probe_at_a_centre_is_that_cell(void **state) {
  (void)state;
  open_grid(7, 6, "left: {type: periodic}, right: {type: periodic}");
  for (int64_t j = 0; j < 6; j++) {
    for (int64_t i = 0; i < 7; i++) {
      const double x = heat_problem_centre(&problem, HEAT_X, i), y = heat_problem_centre(&problem, HEAT_Y, j);
      const heat_probe probe = heat_probe_at(&grid, x, y);
      double weight = 0, all = 0;
      for (int c = 0; c < HEAT_PROBE_CELLS; c++) {
        all += probe.weight[c];
        if (probe.cell[c][HEAT_X] == i && probe.cell[c][HEAT_Y] == j) weight += probe.weight[c];
      }
      assert_true(fabs(weight - 1) <= 1e-14 && fabs(all - 1) <= 1e-15);
    }
  }
  close_grid();
}

/* Near the seam the two columns are the last and the first, weighted by the distance to each. */
static void a_probe_near_a_periodic_seam_interpolates_through_it(void **state) {
  (void)state;
  open_grid(7, 6, "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}");
  const double dx = 0.3, dy = 0.6;
  for (double part = 0; part < 1; part += 0.0625) {
    const double x = part < 0.5 ? 3.1 - (0.5 - part) * dx : 1 + (part - 0.5) * dx;
    const double y = part < 0.5 ? 1.6 - (0.5 - part) * dy : -2 + (part - 0.5) * dy;
    const heat_probe across = heat_probe_at(&grid, x, -0.2), up = heat_probe_at(&grid, 2.05, y);
    double first = 0, last = 0, bottom = 0, top = 0;
    for (int c = 0; c < HEAT_PROBE_CELLS; c++) {
      first += across.cell[c][HEAT_X] == 0 ? across.weight[c] : 0;
      last += across.cell[c][HEAT_X] == 6 ? across.weight[c] : 0;
      bottom += up.cell[c][HEAT_Y] == 0 ? up.weight[c] : 0;
      top += up.cell[c][HEAT_Y] == 5 ? up.weight[c] : 0;
    }
    assert_true(fabs(first - part) <= 1e-13 && fabs(last - (1 - part)) <= 1e-13);
    assert_true(fabs(bottom - part) <= 1e-13 && fabs(top - (1 - part)) <= 1e-13);
  }
  close_grid();
}

/* probes.csv in a directory of its own. */
static char directory[64];
static char path[96];

static int make_directory(void **state) {
  (void)state;
  int rank, made = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(directory, sizeof directory, "/tmp/heat2d-test-probe-XXXXXX");
  if (rank == 0) made = mkdtemp(directory) != NULL;
  MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
  snprintf(path, sizeof path, "%s/probes.csv", directory);
  return everywhere(made) ? 0 : -1;
}

static int remove_directory(void **state) {
  (void)state;
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    unlink(path);
    rmdir(directory);
  }
  return 0;
}

static double field_value(int64_t i, int64_t j, int64_t step) {
  return sin((double)(i + 10 * j + 100 * step)) * 300;
}

static void write_rows(int64_t keep, int64_t first, int64_t last) {
  heat_probes probes;
  heat_field field;
  assert_true(everywhere(heat_probes_create(&probes, &grid, directory, keep).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, &grid, 1).code == HEAT_OK));
  assert_int_equal(probes.count, 4);
  for (int64_t step = first; step <= last; step++) {
    for (int64_t j = grid.owned.lo[HEAT_Y]; j < grid.owned.hi[HEAT_Y]; j++)
      for (int64_t i = grid.owned.lo[HEAT_X]; i < grid.owned.hi[HEAT_X]; i++)
        *heat_field_at(&field, i, j) = field_value(i, j, step);
    assert_true(everywhere(heat_probes_write(&probes, &field, step, (double)step / 10).code == HEAT_OK));
  }
  heat_field_destroy(&field);
  heat_probes_destroy(&probes);
  MPI_Barrier(MPI_COMM_WORLD);
}

/* On rank 0: the file has one header and the rows of the steps up to `last`, each value with all its digits. */
static bool file_is_right(int64_t last) {
  static const double at[][2] = {{1, -2}, {2.05, -0.2}, {3.1, 1.6}, {1.15, -1.7}};
  char line[512], expected[512];
  FILE *file = fopen(path, "r");
  bool right = file != NULL && fgets(line, sizeof line, file) != NULL;
  right = right && strcmp(line, "step,time,low,centre,high,cell\n") == 0;
  for (int64_t step = 0; right && step <= last; step++) {
    int used = snprintf(expected, sizeof expected, "%lld,%.17g", (long long)step, (double)step / 10);
    for (int p = 0; p < 4; p++) {
      const heat_probe probe = heat_probe_at(&grid, at[p][0], at[p][1]);
      double value = 0;
      for (int c = 0; c < HEAT_PROBE_CELLS; c++)
        value += probe.weight[c] * field_value(probe.cell[c][HEAT_X], probe.cell[c][HEAT_Y], step);
      used += snprintf(expected + used, sizeof expected - (size_t)used, ",%.17g", value);
    }
    snprintf(expected + used, sizeof expected - (size_t)used, "\n");
    right = fgets(line, sizeof line, file) != NULL && strcmp(line, expected) == 0;
  }
  right = right && fgets(line, sizeof line, file) == NULL;
  if (file != NULL) fclose(file);
  return right;
}

static bool right_on_rank_0(int64_t last) {
  return everywhere(grid.rank != 0 || file_is_right(last));
}

static void rows_are_written_once_also_after_a_resume(void **state) {
  (void)state;
  open_grid(7, 6, "left: {type: periodic}, right: {type: periodic}");
  write_rows(-1, 0, 9);
  assert_true(right_on_rank_0(9));
  write_rows(5, 6, 12); /* from the checkpoint of step 5 on */
  assert_true(right_on_rank_0(12));
  write_rows(12, 13, 13);
  assert_true(right_on_rank_0(13));
  if (grid.rank == 0) {
    FILE *file = fopen(path, "a"); /* a row that a kill cut off */
    assert_non_null(file);
    fputs("14,1.4,33", file);
    fclose(file);
  }
  write_rows(13, 14, 15);
  assert_true(right_on_rank_0(15));
  write_rows(-1, 0, 2); /* anew */
  assert_true(right_on_rank_0(2));
  close_grid();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_probe_is_exact_for_a_bilinear_field_up_to_the_walls),
      cmocka_unit_test(a_probe_at_a_centre_is_that_cell),
      cmocka_unit_test(a_probe_near_a_periodic_seam_interpolates_through_it),
      cmocka_unit_test_setup_teardown(rows_are_written_once_also_after_a_resume, make_directory, remove_directory),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
