/* What the tests of the problem share: a deck on a grid of 16 x 12 cells, and its values in the cells. Include it after
 * harness.h. */
#ifndef HEAT2D_TESTS_PROBLEM_DECK_H
#define HEAT2D_TESTS_PROBLEM_DECK_H

#include "heat2d/deck/problem.h"

#include <math.h>

enum { NX = 16, NY = 12 };

static heat_config *config;
static heat_problem problem;

/* Build the problem of a deck on a grid of 16 x 12 cells of 0.25 x 0.25 with the corner (-2, -1), and return the
 * status. */
static inline heat_status create(const char *format, ...) HEAT_PRINTF(1, 2);
static inline heat_status create(const char *format, ...) {
  char deck[8192];
  int length = snprintf(deck, sizeof deck,
                        "domain: {origin: [-2, -1], size: [4, 3], cells: [%d, %d]}\n"
                        "time: {end: 1}\n",
                        NX, NY);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(deck + length, sizeof deck - (size_t)length, format, arguments);
  va_end(arguments);
  heat_status status = heat_config_parse(&config, "deck", deck, (size_t)length, NULL, 0);
  assert_string_equal(status.text, "");
  return heat_problem_create(&problem, MPI_COMM_WORLD, config);
}

static inline void destroy(void) {
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* Do the same with a material and an initial field, and assert that it succeeds. */
static inline void open_with(const char *text) {
  const heat_status status = create("material: {diffusivity: 1}\ninitial: {temperature: -7}\n%s\n", text);
  assert_string_equal(status.text, "");
}

static inline double x_of(int64_t i) {
  return -2 + ((double)i + 0.5) * 0.25;
}
static inline double y_of(int64_t j) {
  return -1 + ((double)j + 0.5) * 0.25;
}

/* Assert that the cells have property(x, y), whichever part of a row is evaluated. */
static inline void check_painted(heat_property property, double t, double (*expected)(double x, double y)) {
  for (int64_t j = 0; j < NY; j++) {
    for (int64_t lo = 0; lo < NX; lo += 5) {
      for (int64_t hi = lo + 1; hi <= NX; hi += 3) {
        double row[NX + 1];
        row[hi - lo] = -1.5;
        assert_int_equal(heat_problem_values(&problem, property, j, lo, hi, t, row).code, HEAT_OK);
        for (int64_t i = lo; i < hi; i++) assert_true(fabs(row[i - lo] - expected(x_of(i), y_of(j))) <= 1e-14);
        assert_true(row[hi - lo] == -1.5);
      }
    }
  }
}

#endif
