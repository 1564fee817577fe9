/* The kernels of every kind of processor that this one can run against a plain loop that is written out as the header
 * says, bit for bit, for every combination of material, source, number of terms, box and threads; nothing outside of
 * the box is written. */
#include "heat2d/kernel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STRIDE = 41, ROWS = 20, CELLS = STRIDE * ROWS, CORNER = 3 * STRIDE + 4 };

static double arrays[HEAT_TERMS + 6][CELLS];
enum { U = HEAT_TERMS, OUT, KX, KY, INVERSE, Q, ARRAYS };

/* In (0.5, 1.5), the same for the same n. */
static double noise(uint64_t n) {
  n = (n + 1) * 0x9e3779b97f4a7c15u;
  n = (n ^ (n >> 29)) * 0xbf58476d1ce4e5b9u;
  return 0.5 + ldexp((double)(n >> 11), -53);
}

/* Those that are tested; the tests go through all that this processor has. */
static const heat_kernels *kernels;

static void with_all_kernels(void (*check)(void)) {
  static const char *const names[] = {"base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  int tested = 0;
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    kernels = heat_kernels_find(names[n]);
    if (kernels == NULL) continue;
    assert_string_equal(kernels->name, names[n]);
    check();
    tested++;
  }
  assert_true(tested > 0);
}

static void fill_arrays(void) {
  for (int a = 0; a < ARRAYS; a++)
    for (int n = 0; n < CELLS; n++) arrays[a][n] = noise((uint64_t)(a * CELLS + n));
}

static heat_sweep make_sweep(bool uniform, bool source, int terms, ptrdiff_t columns, ptrdiff_t rows) {
  heat_sweep sweep = {.columns = columns,
                      .rows = rows,
                      .stride = STRIDE,
                      .out = arrays[OUT] + CORNER,
                      .u = arrays[U] + CORNER,
                      .terms = terms,
                      .c = 0.37,
                      .rx = 0.9,
                      .ry = 1.7,
                      .s = 0.3,
                      .threads = 1};
  for (int k = 0; k < terms; k++) {
    sweep.x[k] = arrays[k] + CORNER;
    sweep.w[k] = 0.3 * k - 0.7;
  }
  if (!uniform) {
    sweep.kx = arrays[KX] + CORNER;
    sweep.ky = arrays[KY] + CORNER;
    sweep.inverse = arrays[INVERSE] + CORNER;
  }
  if (source) sweep.q = arrays[Q] + CORNER;
  return sweep;
}

static double plain_rate(const heat_sweep *sweep, ptrdiff_t n) {
  const double u = sweep->u[n], west = sweep->u[n - 1], east = sweep->u[n + 1];
  const double south = sweep->u[n - STRIDE], north = sweep->u[n + STRIDE];
  if (sweep->kx == NULL) {
    double rate = sweep->rx * ((west + east) - (u + u)) + sweep->ry * ((south + north) - (u + u));
    if (sweep->q != NULL) rate = rate + sweep->s * sweep->q[n];
    return rate;
  }
  double rate = (sweep->kx[n + 1] * (east - u) - sweep->kx[n] * (u - west)) +
                (sweep->ky[n + STRIDE] * (north - u) - sweep->ky[n] * (u - south));
  if (sweep->q != NULL) rate = rate + sweep->q[n];
  return sweep->inverse[n] * rate;
}

/* Sweep, and compare the whole array with the plain loop. */
static void check_sweep(const heat_sweep *sweep) {
  static double expected[CELLS];
  const double *whole = sweep->out - CORNER;
  memcpy(expected, whole, sizeof expected);
  for (ptrdiff_t j = 0; j < sweep->rows; j++) {
    for (ptrdiff_t i = 0; i < sweep->columns; i++) {
      const ptrdiff_t n = j * STRIDE + i;
      double sum = sweep->w[0] * sweep->x[0][n];
      for (int k = 1; k < sweep->terms; k++) sum = sum + sweep->w[k] * sweep->x[k][n];
      expected[CORNER + n] = sum + sweep->c * plain_rate(sweep, n);
    }
  }
  kernels->sweep(sweep);
  assert_memory_equal(whole, expected, sizeof expected);
}

static void check_plain_loop(void) {
  for (int kind = 0; kind < 4; kind++) {
    for (int terms = 1; terms <= HEAT_TERMS; terms++) {
      fill_arrays();
      for (ptrdiff_t columns = 1; columns <= 34; columns += columns < 18 ? 1 : 8) {
        for (ptrdiff_t rows = 1; rows <= 15; rows += 7) {
          for (int threads = 1; threads <= 2; threads++) {
            if (threads == 2 && columns % 8 != 2) continue;
            heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, terms, columns, rows);
            sweep.threads = threads;
            check_sweep(&sweep);
          }
        }
      }
    }
  }
}
static void every_kernel_has_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_plain_loop);
}

/* u itself as the only term: the Euler step, with its own loops where the weight is 1. */
static void check_euler_step(void) {
  for (int kind = 0; kind < 4; kind++) {
    for (int weight = 0; weight <= 2; weight++) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, 1, 33, 15);
      sweep.x[0] = sweep.u;
      sweep.w[0] = weight;
      check_sweep(&sweep);
    }
  }
}
static void an_euler_step_has_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_euler_step);
}

static void check_replaced_term(void) {
  for (int kind = 0; kind < 4; kind++) {
    for (int replaced = 0; replaced < HEAT_TERMS; replaced++) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, HEAT_TERMS, 33, 15);
      sweep.out = arrays[replaced] + CORNER;
      check_sweep(&sweep);
    }
  }
}
static void the_result_may_replace_one_of_the_terms(void **state) {
  (void)state;
  with_all_kernels(check_replaced_term);
}

static void check_tiling(void) {
  for (int kind = 0; kind < 4; kind++) {
    static double whole[CELLS];
    fill_arrays();
    const heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, 2, 33, 15);
    kernels->sweep(&sweep);
    memcpy(whole, arrays[OUT], sizeof whole);
    for (int threads = 1; threads <= 3; threads++) {
      fill_arrays();
      for (ptrdiff_t j = 0; j < sweep.rows; j += 5) {
        for (ptrdiff_t i = 0; i < sweep.columns; i += 11) {
          const ptrdiff_t at = j * STRIDE + i;
          heat_sweep tile = make_sweep(kind % 2 == 0, kind / 2 == 1, 2, 11, 5);
          tile.threads = threads;
          tile.out += at;
          tile.u += at;
          for (int k = 0; k < tile.terms; k++) tile.x[k] += at;
          if (tile.kx != NULL) {
            tile.kx += at;
            tile.ky += at;
            tile.inverse += at;
          }
          if (tile.q != NULL) tile.q += at;
          kernels->sweep(&tile);
        }
      }
      assert_memory_equal(arrays[OUT], whole, sizeof whole);
    }
  }
}
static void the_same_bits_for_any_tiling_and_any_number_of_threads(void **state) {
  (void)state;
  with_all_kernels(check_tiling);
}

static void check_constant(void) {
  static const double constants[] = {0.1, -1.0 / 3, 1e300, 1e-310, 293.15};
  for (int uniform = 0; uniform <= 1; uniform++) {
    for (size_t c = 0; c < sizeof constants / sizeof *constants; c++) {
      fill_arrays();
      for (int n = 0; n < CELLS; n++) arrays[U][n] = constants[c];
      heat_sweep sweep = make_sweep(uniform == 1, false, 1, 33, 15);
      sweep.x[0] = sweep.u;
      sweep.w[0] = 1;
      kernels->sweep(&sweep);
      for (ptrdiff_t j = 0; j < sweep.rows; j++)
        for (ptrdiff_t i = 0; i < sweep.columns; i++) assert_true(sweep.out[j * STRIDE + i] == constants[c]);
      assert_true(kernels->rate(&sweep) == 0);
    }
  }
}
static void a_constant_stays_constant_to_the_bit(void **state) {
  (void)state;
  with_all_kernels(check_constant);
}

static void check_rate(void) {
  for (int kind = 0; kind < 4; kind++) {
    for (ptrdiff_t spike = 0; spike < 33 * 15; spike += 16) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, 0, 33, 15);
      sweep.out = NULL;
      arrays[U][CORNER + spike / 33 * STRIDE + spike % 33] += spike % 2 == 0 ? 5 : -5;
      double largest = 0;
      for (ptrdiff_t j = 0; j < sweep.rows; j++)
        for (ptrdiff_t i = 0; i < sweep.columns; i++) largest = fmax(largest, fabs(plain_rate(&sweep, j * STRIDE + i)));
      assert_true(kernels->rate(&sweep) == largest);
    }
  }
}
static void the_rate_is_the_largest_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_rate);
}

static void check_nan(void) {
  for (int kind = 0; kind < 4; kind++) {
    fill_arrays();
    const heat_sweep sweep = make_sweep(kind % 2 == 0, kind / 2 == 1, 0, 33, 15);
    for (ptrdiff_t cell = 0; cell < 33 * 15; cell++) {
      double *at = &arrays[U][CORNER + cell / 33 * STRIDE + cell % 33], kept = *at;
      *at = NAN;
      assert_true(isnan(kernels->rate(&sweep)));
      *at = kept;
    }
  }
}
static void a_nan_anywhere_makes_the_rate_nan(void **state) {
  (void)state;
  with_all_kernels(check_nan);
}

static void the_kernels_of_this_processor_are_chosen_unless_others_are_named(void **state) {
  (void)state;
  assert_non_null(heat_kernels_find(NULL));
  assert_non_null(heat_kernels_find("base"));
  assert_null(heat_kernels_find("z80"));
  assert_null(heat_kernels_find(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kernel_has_the_bits_of_the_plain_loop),
      cmocka_unit_test(an_euler_step_has_the_bits_of_the_plain_loop),
      cmocka_unit_test(the_result_may_replace_one_of_the_terms),
      cmocka_unit_test(the_same_bits_for_any_tiling_and_any_number_of_threads),
      cmocka_unit_test(a_constant_stays_constant_to_the_bit),
      cmocka_unit_test(the_rate_is_the_largest_of_the_plain_loop),
      cmocka_unit_test(a_nan_anywhere_makes_the_rate_nan),
      cmocka_unit_test(the_kernels_of_this_processor_are_chosen_unless_others_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
