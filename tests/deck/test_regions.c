/* The number of cells that a region covers, on any number of ranks, and estimates for grids with too many cells. */
#include "heat2d/deck/regions.h"

#include "harness.h"
#include "rig.h"

#include <math.h>
#include <string.h>

enum { NX = 37, NY = 23 };

static const char *const shapes[] = {
    "shape: rectangle, min: [-0.5, 0.25], max: [0.75, 0.5]",
    "shape: rectangle, min: [-9, -9], max: [9, 9]",
    "shape: rectangle, min: [0.001, -9], max: [0.002, 9]",
    "shape: rectangle, min: [5, 5], max: [6, 6]",
    "shape: circle, center: [0, 0], radius: 0.5",
    "shape: circle, center: [1, 1], radius: 3",
    "shape: circle, center: [-7, 0], radius: 1",
    "shape: circle, center: [0.013, 0.021], radius: 1e-6",
    "shape: ellipse, center: [0.1, 0.2], radii: [0.9, 0.05], angle: 33",
    "shape: polygon, points: [[-0.9, -0.9], [0.7, -0.2], [0.1, 0.8]]",
    "shape: polygon, points: [[-0.9, -0.9], [0.7, -0.2], [0.1, 0.8], [0.3, -0.8]]",
    "shape: where, condition: x*y > 0.2",
    "shape: where, condition: x > 2",
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static rig made;

static void open_with(const char *cells) {
  char deck[4096];
  size_t used =
      (size_t)snprintf(deck, sizeof deck, "domain: {origin: [-1, -1], size: [2, 2], cells: %s}\nregions:\n", cells);
  for (int r = 0; r < SHAPES; r++)
    used += (size_t)snprintf(deck + used, sizeof deck - used, "  - {%s, temperature: 1}\n", shapes[r]);
  open_rig(&made, (rig_setting){.deck = deck, .up_to = RIG_PROBLEM});
}

static double covered(int region) {
  double count = 0;
  for (int r = 0; r < SHAPES; r++) made.problem.regions[r].set[HEAT_SOURCE] = NULL;
  made.problem.regions[region].set[HEAT_SOURCE] = made.problem.regions[region].set[HEAT_TEMPERATURE];
  for (int64_t j = 0; j < NY; j++) {
    int which[NX];
    heat_problem_layers(&made.problem, HEAT_SOURCE, j, 0, NX, which);
    for (int i = 0; i < NX; i++) count += which[i] == region + 1;
  }
  made.problem.regions[region].set[HEAT_SOURCE] = NULL;
  return count;
}

static void counts_are_those_of_painting(void **state) {
  (void)state;
  open_with("[37, 23]");
  heat_coverage all[SHAPES], some[SHAPES];
  heat_regions_count(&made.problem, MPI_COMM_WORLD, false, all);
  heat_regions_count(&made.problem, MPI_COMM_WORLD, true, some);
  int empty = 0;
  for (int r = 0; r < SHAPES; r++) {
    const double count = covered(r);
    assert_true(all[r].cells == count && all[r].looked == 0);
    assert_int_equal(some[r].cells > 0, count > 0);
    empty += count == 0;
  }
  assert_int_equal(empty, 5);
  close_rig(&made);
}

/* The fraction of the area hardly depends on the grid, and no grid takes long. */
static void very_many_cells_are_estimated(void **state) {
  (void)state;
  const double area = 4, half_share = 0.02;
  open_with("[1000000, 1000000]");
  heat_coverage c[SHAPES];
  heat_regions_count(&made.problem, MPI_COMM_WORLD, false, c);
  const double shares[SHAPES] = {[0] = 1.25 * 0.25 / area, [1] = 1, [2] = 0.001 * 2 / area, [4] = acos(-1) / 4 / area};
  for (int r = 0; r < 5; r++) assert_true(fabs(c[r].cells / 1e12 - shares[r]) < half_share * shares[r] + 1e-9);
  assert_true(c[0].looked == 0 && c[4].looked > 0);
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_are_those_of_painting),
      cmocka_unit_test(very_many_cells_are_estimated),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
