/* The temperature between the cells of random problems: never outside of the range of the cells and walls around, and
 * without a jump from one quadrant to the next. Everything is local, so that one rank is sufficient. */
#include "heat2d/numerics/interpolation.h"

#include "harness.h"
#include "interpolation_deck.h"

static uint64_t seed = 1;
static double random_part(void) { /* in [0, 1) */
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(seed >> 11) / 9007199254740992.0;
}

enum { SIDES_TRIED = 60, POINTS_TRIED = 400, MOST_CELLS = 6 };
static double cells_have[MOST_CELLS][MOST_CELLS];

static double tabulated(double x, double y) {
  return cells_have[(int)(y * (double)opened.problem.cells[HEAT_Y])][(int)(x * (double)opened.problem.cells[HEAT_X])];
}

/* A side of a kind, and the range of its temperatures beside cells in [0, 1]. */
static void random_side(int kind, char *text, size_t size, double range[2]) {
  const double value = 3 * random_part() - 1, coefficient = pow(10, 6 * random_part() - 3);
  range[0] = range[1] = 0;
  if (kind == 0) snprintf(text, size, "{type: periodic}");
  if (kind == 1) snprintf(text, size, "{type: dirichlet, value: %.17g}", value);
  if (kind == 2) snprintf(text, size, "{type: robin, coefficient: %.17g, ambient: %.17g}", coefficient, value);
  if (kind == 1 || kind == 2) range[0] = range[1] = value;
  if (kind == 3) snprintf(text, size, "{type: neumann, flux: %.17g}", value);
  if (kind == 3) range[value > 0 ? 1 : 0] = INFINITY * value; /* any temperature is possible, depending on the flux */
  if (kind == 4) snprintf(text, size, "{type: neumann}");
}

/* Random conductivities over nine decades, cells of 0 and 1 and between, and sides of all kinds. */
static void open_anything(double range[2], double *steepest) {
  char text[HEAT_SIDES][160];
  const int nx = 1 + (int)(MOST_CELLS * random_part()), ny = 1 + (int)(MOST_CELLS * random_part());
  range[0] = 0;
  range[1] = 1;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const bool periodic = random_part() < 0.2;
    for (int side = 2 * axis; side < 2 * axis + 2; side++) {
      double own[2];
      random_side(periodic ? 0 : 1 + (int)(4 * random_part()), text[side], sizeof text[side], own);
      range[0] = fmin(range[0], own[0]);
      range[1] = fmax(range[1], own[1]);
    }
  }
  open_deck("domain: {size: [1, 1], cells: [%d, %d]}\n"
            "material: {conductivity: ['10^(5*sin(%d*rint(%d*x - 0.5) + 99*rint(%d*y - 0.5)))',\n"
            "  '10^(3*cos(7*rint(%d*x - 0.5) + 3*rint(%d*y - 0.5)))'], density: 1, heat_capacity: 1}\ninterface: %s\n"
            "boundary: {left: %s, right: %s, bottom: %s, top: %s}\n",
            nx, ny, 1 + (int)(50 * random_part()), nx, ny, nx, ny, random_part() < 0.8 ? "harmonic" : "arithmetic",
            text[HEAT_LEFT], text[HEAT_RIGHT], text[HEAT_BOTTOM], text[HEAT_TOP]);
  for (int j = 0; j < ny; j++)
    for (int i = 0; i < nx; i++) cells_have[j][i] = random_part() < 0.5 ? floor(2 * random_part()) : random_part();
  *steepest = 2 * fmax(nx, ny);
}

static void nothing_leaves_the_range_of_cells_and_walls(void **state) {
  (void)state;
  for (int n = 0; n < SIDES_TRIED; n++) {
    double range[2], steepest;
    open_anything(range, &steepest);
    for (int point = 0; point < POINTS_TRIED; point++) {
      /* half of them on the lines where quadrants meet */
      const double x = point % 2 ? random_part() : floor(random_part() * (2 * steepest + 1)) / (2 * steepest);
      const double y = point % 3 ? random_part() : floor(random_part() * (2 * steepest + 1)) / (2 * steepest);
      const double value = read_at(tabulated, x, y, 0);
      if (!(value >= range[0] && value <= range[1])) print_error("%.17g at %g, %g\n", value, x, y);
      assert_true(value >= range[0] && value <= range[1]);
    }
    close_deck();
  }
}

/* A uniform field of 20 with surroundings at 20 gives 20 to the last bit. */
static double twenty(double x, double y) {
  (void)x;
  (void)y;
  return 20.1;
}

static void what_is_the_same_everywhere_is_read_to_the_last_bit(void **state) {
  (void)state;
  open_deck("domain: {size: [1, 1], cells: [5, 7]}\nmaterial: {conductivity: ['1 + 1e4*x', '3 + y'], density: 1, "
            "heat_capacity: 1}\nboundary: {left: {type: dirichlet, value: 20.1},\n"
            "  right: {type: robin, coefficient: 3, ambient: 20.1}, bottom: {type: dirichlet, value: '20.1'}}\n");
  for (int n = 0; n < POINTS_TRIED; n++)
    assert_true(read_at(twenty, n % 7 == 0 ? n % 2 : random_part(), n % 5 == 0 ? 0 : random_part(), 0) == 20.1);
  close_deck();
}

/* From one side of a line where quadrants meet to the other nothing jumps: the slope is bounded. (Two Dirichlet sides
 * of different values meet in a jump, so they are left out in the corners.) */
static void quadrants_meet_without_a_jump(void **state) {
  (void)state;
  const double step = 1e-9;
  for (int n = 0; n < SIDES_TRIED; n++) {
    double range[2], steepest;
    open_anything(range, &steepest);
    double low = -1, high = 2; /* of the walls that a flux warms: the largest of all */
    for (int point = 0; point < POINTS_TRIED; point++) {
      const double value = read_at(tabulated, random_part(), random_part(), 0);
      low = fmin(low, value);
      high = fmax(high, value);
    }
    const double bound = 1e-12 * (high - low) + 40 * steepest * step * (high - low);
    for (int point = 0; point < POINTS_TRIED; point++) {
      const int axis = point % 2;
      const int64_t count = 2 * opened.problem.cells[axis];
      const double line = (double)(1 + (int64_t)(random_part() * (double)(count - 1))) / (double)count;
      const double other = 0.02 + 0.96 * random_part();
      const double from = line - step, to = line + step;
      const double a = axis == HEAT_X ? read_at(tabulated, from, other, 0) : read_at(tabulated, other, from, 0);
      const double b = axis == HEAT_X ? read_at(tabulated, to, other, 0) : read_at(tabulated, other, to, 0);
      assert_near(a, b, bound);
    }
    close_deck();
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_leaves_the_range_of_cells_and_walls),
      cmocka_unit_test(what_is_the_same_everywhere_is_read_to_the_last_bit),
      cmocka_unit_test(quadrants_meet_without_a_jump),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
