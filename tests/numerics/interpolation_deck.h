/* What the tests of the interpolation share: a deck, and the value at a point when the cells have the values of a
 * field. Include it after harness.h. */
#ifndef HEAT2D_TESTS_INTERPOLATION_DECK_H
#define HEAT2D_TESTS_INTERPOLATION_DECK_H

#include "heat2d/numerics/interpolation.h"

#include "rig.h"

static rig opened;

static inline void open_deck(const char *format, ...) HEAT_PRINTF(1, 2);
static inline void open_deck(const char *format, ...) {
  char deck[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(deck, sizeof deck, format, arguments);
  va_end(arguments);
  open_rig(&opened, (rig_setting){.deck = deck, .up_to = RIG_GRID});
}

static inline void close_deck(void) {
  close_rig(&opened);
}

typedef double field(double x, double y);

/* Return the value at a point at time t when each cell has the value of the field at its centre. */
static inline double read_at(field *f, double x, double y, double t) {
  heat_interpolation at;
  int64_t cells[HEAT_AROUND][HEAT_AXES];
  double u[HEAT_AROUND];
  assert_int_equal(heat_interpolation_create(&at, &opened.problem, &opened.grid, (double[HEAT_AXES]){x, y}).code,
                   HEAT_OK);
  assert_int_equal(heat_interpolation_update(&at, t).code, HEAT_OK);
  heat_quadrant_cells(&opened.grid, &at.quadrant, cells);
  for (int n = 0; n < HEAT_AROUND; n++) {
    assert_in_range(cells[n][HEAT_X], 0, opened.grid.layout.cells[HEAT_X] - 1);
    assert_in_range(cells[n][HEAT_Y], 0, opened.grid.layout.cells[HEAT_Y] - 1);
    u[n] = f(heat_problem_centre(&opened.problem, HEAT_X, cells[n][HEAT_X]),
             heat_problem_centre(&opened.problem, HEAT_Y, cells[n][HEAT_Y]));
  }
  return heat_interpolation_value(&at, u);
}

static inline void assert_near(double value, double expected, double tolerance) {
  if (!(fabs(value - expected) <= tolerance)) print_error("%.17g where %.17g is expected\n", value, expected);
  assert_true(fabs(value - expected) <= tolerance);
}

/* Assert that the field is interpolated exactly at points all over the domain: in every quadrant, at its corners, at
 * joints and walls. */
static inline void assert_exact_everywhere(field *f, double tolerance) {
  const double *origin = opened.problem.origin, *size = opened.problem.size;
  const int per_cell = 6, columns = per_cell * (int)opened.problem.cells[HEAT_X],
            rows = per_cell * (int)opened.problem.cells[HEAT_Y];
  for (int i = 0; i <= columns; i++) {
    for (int j = 0; j <= rows; j++) {
      const double x = i == columns ? origin[HEAT_X] + size[HEAT_X] : origin[HEAT_X] + i * size[HEAT_X] / columns;
      const double y = j == rows ? origin[HEAT_Y] + size[HEAT_Y] : origin[HEAT_Y] + j * size[HEAT_Y] / rows;
      assert_near(read_at(f, x, y, 0), f(x, y), tolerance);
    }
  }
}

#endif
