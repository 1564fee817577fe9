/* Probes: probes.csv has the same text on any number of ranks, whichever ranks own the cells around a point, with the
 * values of interpolation.h; lines of points; a resumed table has no missing and no repeated rows. */
#include "heat2d/io/probe.h"

#include "harness.h"
#include "scene.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static rig opened;

static void open_deck(const char *deck) {
  open_rig(&opened, (rig_setting){.deck = deck, .up_to = RIG_GRID});
}

static const char path[] = "probes.csv";

static double field_value(int64_t i, int64_t j, int64_t step) {
  return sin((double)(i + 10 * j + 100 * step)) * 300;
}

static void fill(heat_field *field, double (*f)(int64_t i, int64_t j, int64_t step), int64_t step) {
  for (int64_t j = opened.grid.owned.lo[HEAT_Y]; j < opened.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = opened.grid.owned.lo[HEAT_X]; i < opened.grid.owned.hi[HEAT_X]; i++)
      *heat_field_at(field, i, j) = f(i, j, step);
}

static void write_rows(int64_t keep, int64_t first, int64_t last, double (*f)(int64_t i, int64_t j, int64_t step)) {
  heat_probes probes = {.problem = &opened.problem, .grid = &opened.grid, .directory = "."};
  heat_field field;
  assert_true(everywhere(heat_probes_create(&probes, keep).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, &opened.grid, 1).code == HEAT_OK));
  for (int64_t step = first; step <= last; step++) {
    fill(&field, f, step);
    assert_true(everywhere(heat_probes_write(&probes, &field, step, (double)step / 10).code == HEAT_OK));
  }
  heat_field_destroy(&field);
  heat_probes_destroy(&probes);
  MPI_Barrier(MPI_COMM_WORLD);
}

/* Sides of all types, two of which depend on time, and a material of which no rank has all; points in cells, at walls,
 * in corners and between the blocks of ranks, of which two are the ends of a line. */
static const char many_deck[] =
    "domain: {origin: [1, -2], size: [2.1, 3.6], cells: [7, 6]}\n"
    "material: {conductivity: ['1 + x*x', '3 + sin(9*y)'], density: 1, heat_capacity: 1}\n"
    "initial: {temperature: 0}\ntime: {end: 1}\n"
    "regions: [{shape: circle, center: [2.05, -0.2], radius: 0.7, conductivity: 1e3}]\n"
    "boundary: {left: {type: dirichlet, value: '300*sin(y + 10*t)'}, right: {type: robin, coefficient: 5, ambient: "
    "'t'},\n"
    "  bottom: {type: neumann, flux: 'x'}}\n"
    "output: {probes: [{name: low, at: [1, -2]}, {name: line, from: [1, -0.2], to: [3.1, 1.6], count: 9},\n"
    "  {name: high, at: [3.1, -2]}, {name: cell, at: [1.15, -1.7]}, {name: one, from: [2, 0.4], to: [3, 1], count: "
    "1}]}\n";
enum { MANY = 13 };
static const char many_header[] =
    "step,time,low,line-1,line-2,line-3,line-4,line-5,line-6,line-7,line-8,line-9,high,cell,one-1\n";

static void many_points(double points[MANY][HEAT_AXES]) {
  static const double single[][HEAT_AXES] = {{1, -2}, {3.1, -2}, {1.15, -1.7}, {2, 0.4}};
  memcpy(points[0], single[0], sizeof single[0]);
  for (int k = 0; k < 9; k++) {
    points[1 + k][HEAT_X] = k == 8 ? 3.1 : 1 + k / 8.0 * (3.1 - 1);
    points[1 + k][HEAT_Y] = k == 8 ? 1.6 : -0.2 + k / 8.0 * (1.6 - -0.2);
  }
  for (int n = 1; n < 4; n++) memcpy(points[9 + n], single[n], sizeof single[n]);
}

/* The value at a point when every cell has the value of field_value, which any rank can compute. */
static double expected_value(const double point[HEAT_AXES], int64_t step) {
  heat_interpolation at;
  int64_t cells[HEAT_AROUND][HEAT_AXES];
  double u[HEAT_AROUND];
  assert_int_equal(heat_interpolation_create(&at, &opened.problem, &opened.grid, point).code, HEAT_OK);
  assert_int_equal(heat_interpolation_update(&at, (double)step / 10).code, HEAT_OK);
  heat_quadrant_cells(&opened.grid, &at.quadrant, cells);
  for (int c = 0; c < HEAT_AROUND; c++) u[c] = field_value(cells[c][HEAT_X], cells[c][HEAT_Y], step);
  return heat_interpolation_value(&at, u);
}

/* On rank 0: the file has one header and the rows of the steps up to `last`, each value with all its digits. */
static bool file_is_right(int64_t last) {
  double points[MANY][HEAT_AXES];
  many_points(points);
  char line[1024], expected[1024];
  FILE *file = fopen(path, "r");
  bool right = file != NULL && fgets(line, sizeof line, file) != NULL;
  right = right && strcmp(line, many_header) == 0;
  for (int64_t step = 0; right && step <= last; step++) {
    int used = snprintf(expected, sizeof expected, "%lld,%.17g", (long long)step, (double)step / 10);
    for (int p = 0; p < MANY; p++)
      used += snprintf(expected + used, sizeof expected - (size_t)used, ",%.17g", expected_value(points[p], step));
    snprintf(expected + used, sizeof expected - (size_t)used, "\n");
    right = fgets(line, sizeof line, file) != NULL && strcmp(line, expected) == 0;
  }
  right = right && fgets(line, sizeof line, file) == NULL;
  if (file != NULL) fclose(file);
  return right;
}

static bool right_on_rank_0(int64_t last) {
  return everywhere(opened.grid.rank != 0 || file_is_right(last));
}

static void rows_are_written_once_also_after_a_resume(void **state) {
  (void)state;
  open_deck(many_deck);
  write_rows(-1, 0, 9, field_value);
  assert_true(right_on_rank_0(9));
  write_rows(5, 6, 12, field_value); /* from the checkpoint of step 5 on */
  assert_true(right_on_rank_0(12));
  write_rows(12, 13, 13, field_value);
  assert_true(right_on_rank_0(13));
  if (opened.grid.rank == 0) {
    FILE *file = fopen(path, "a"); /* an incomplete row of a killed run */
    assert_non_null(file);
    fputs("14,1.4,33", file);
    fclose(file);
  }
  write_rows(13, 14, 15, field_value);
  assert_true(right_on_rank_0(15));
  write_rows(-1, 0, 2, field_value); /* anew */
  assert_true(right_on_rank_0(2));
  close_rig(&opened);
}

/* Layers across x of 1, 1e-6 and 1 W/(m K), each 0.1 m thick, between 0 and 100: at its centres each cell has the exact
 * temperature, and so has each probe, at the joints and the walls as well. */
static double through_wall(double x) {
  static const double k[] = {1, 1e-6, 1};
  double sum = 0, whole = 0;
  for (int layer = 0; layer < 3; layer++) {
    sum += fmin(fmax(x - 0.1 * layer, 0), 0.1) / k[layer];
    whole += 0.1 / k[layer];
  }
  return 100 * sum / whole;
}

static double wall_value(int64_t i, int64_t j, int64_t step) {
  (void)j;
  (void)step;
  return through_wall(heat_problem_centre(&opened.problem, HEAT_X, i));
}

static bool wall_is_right(void) {
  static const double at[] = {0, 0.07, 0.1, 0.15, 0.2, 0.24, 0.3};
  char line[512] = "";
  FILE *file = fopen(path, "r");
  bool right = file != NULL && fgets(line, sizeof line, file) != NULL && fgets(line, sizeof line, file) != NULL;
  char *next = line + strlen("0,0");
  for (int n = 0; right && n < 7; n++) {
    const double value = strtod(next + 1, &next), exact = through_wall(at[n]);
    right = fabs(value - exact) <= 1e-12 * exact;
    if (!right) print_error("%.17g at %g, where %.17g is exact\n", value, at[n], exact);
  }
  if (file != NULL) fclose(file);
  return right;
}

static void a_wall_of_layers_is_read_exactly_at_joints_and_walls(void **state) {
  (void)state;
  open_deck("domain: {size: [0.3, 0.1], cells: [12, 3]}\n"
            "material: {conductivity: '0.1 < x && x < 0.2 ? 1e-6 : 1', density: 1, heat_capacity: 1}\n"
            "initial: {temperature: 0}\ntime: {end: 1}\n"
            "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 100}}\n"
            "output: {probes: [{name: left, at: [0, 0.05]}, {name: a, at: [0.07, 0.01]}, {name: ab, at: [0.1, 0.05]}, "
            "{name: b, at: [0.15, 0.1]}, {name: bc, at: [0.2, 0.0666]}, {name: c, at: [0.24, 0.03]}, "
            "{name: right, at: [0.3, 0.1]}]}\n");
  write_rows(-1, 0, 0, wall_value);
  assert_true(everywhere(opened.grid.rank != 0 || wall_is_right()));
  close_rig(&opened);
}

/* If a wall has no value any more, the rank that evaluates it returns a message with the place. */
static void a_wall_without_a_value_is_a_fault(void **state) {
  (void)state;
  open_deck("domain: {size: [1, 1], cells: [4, 4]}\nmaterial: {diffusivity: 1}\n"
            "initial: {temperature: 0}\ntime: {end: 1}\n"
            "boundary: {left: {type: dirichlet, value: 'sqrt(0.3 - t)'}}\n"
            "output: {probes: [{name: a, at: [0, 0.5]}]}\n");
  heat_probes probes = {.problem = &opened.problem, .grid = &opened.grid, .directory = "."};
  heat_field field;
  assert_true(everywhere(heat_probes_create(&probes, -1).code == HEAT_OK));
  assert_true(everywhere(heat_field_create(&field, &opened.grid, 1).code == HEAT_OK));
  fill(&field, field_value, 0);
  assert_true(everywhere(heat_probes_write(&probes, &field, 0, 0.25).code == HEAT_OK));
  const heat_status status = heat_probes_write(&probes, &field, 1, 0.5);
  assert_true(everywhere(status.code == (opened.grid.rank == 0 ? HEAT_DECK : HEAT_OK)));
  assert_true(
      everywhere(opened.grid.rank != 0 || strncmp(status.text, "deck:5:43: boundary.left.value: is ", 35) == 0));
  heat_field_destroy(&field);
  heat_probes_destroy(&probes);
  close_rig(&opened);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(rows_are_written_once_also_after_a_resume, enter_place, leave_place),
      cmocka_unit_test_setup_teardown(a_wall_of_layers_is_read_exactly_at_joints_and_walls, enter_place, leave_place),
      cmocka_unit_test_setup_teardown(a_wall_without_a_value_is_a_fault, enter_place, leave_place),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
