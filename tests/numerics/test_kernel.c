/* The kernels of every kind of processor that this one can run are compared, bit for bit, with a plain loop that
 * follows the formulas of the header, for every combination of material, source, number of terms and box. Nothing
 * outside of the box is written. */
#include "heat2d/numerics/kernel.h"

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

/* A number in (0.5, 1.5), which is the same for the same n. */
static double noise(uint64_t n) {
  n = (n + 1) * 0x9e3779b97f4a7c15u;
  n = (n ^ (n >> 29)) * 0xbf58476d1ce4e5b9u;
  return 0.5 + ldexp((double)(n >> 11), -53);
}

/* kernel.c with vectors of 64 bytes, whatever this processor has: see CMakeLists.txt. */
void heat_kernel_plain_wide(const heat_sweep *sweep, heat_part part);
void heat_kernel_march_wide(const heat_sweep *sweep, heat_part part);
double heat_kernel_rate_wide(const heat_sweep *sweep, heat_part part);
extern const heat_lanes heat_lanes_wide;
static const heat_kernels wide = {"wide", heat_kernel_plain_wide, heat_kernel_march_wide, heat_kernel_rate_wide,
                                  &heat_lanes_wide};

/* The kernels that are being tested. Each test goes through all that this processor can run. */
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
  kernels = &wide;
  check();
}

static void fill_arrays(void) {
  for (int a = 0; a < ARRAYS; a++)
    for (int n = 0; n < CELLS; n++) arrays[a][n] = noise((uint64_t)(a * CELLS + n));
}

enum { ISOTROPIC, UNIFORM, VARYING, MATERIALS, KINDS = 2 * MATERIALS }; /* each of them with a source and without */

static heat_sweep make_sweep(int kind, int terms) {
  const int material = kind % MATERIALS;
  heat_sweep sweep = {.stride = STRIDE,
                      .out = arrays[OUT] + CORNER,
                      .u = arrays[U] + CORNER,
                      .terms = terms,
                      .c = 0.37,
                      .rx = 0.9,
                      .ry = material == ISOTROPIC ? 0.9 : 1.7,
                      .s = 0.3};
  for (int k = 0; k < terms; k++) {
    sweep.x[k] = arrays[k] + CORNER;
    sweep.w[k] = 0.3 * k - 0.7;
  }
  if (material == VARYING) {
    sweep.kx = arrays[KX] + CORNER;
    sweep.ky = arrays[KY] + CORNER;
    sweep.inverse = arrays[INVERSE] + CORNER;
  }
  if (kind >= MATERIALS) sweep.q = arrays[Q] + CORNER;
  return sweep;
}

/* c L(u) */
static double plain_change(const heat_sweep *sweep, double c, ptrdiff_t n) {
  const double u = sweep->u[n], west = sweep->u[n - 1], east = sweep->u[n + 1];
  const double south = sweep->u[n - STRIDE], north = sweep->u[n + STRIDE];
  if (sweep->kx == NULL) {
    const double a = c * sweep->rx, b = c * sweep->ry, d = c * sweep->s;
    double change = a * ((west + east) - 2 * u) + b * ((south + north) - 2 * u);
    if (a == b) change = a * (((west + east) + (south + north)) - 4 * u);
    if (sweep->q != NULL) change = change + d * sweep->q[n];
    return change;
  }
  double rate = (sweep->kx[n + 1] * (east - u) - sweep->kx[n] * (u - west)) +
                (sweep->ky[n + STRIDE] * (north - u) - sweep->ky[n] * (u - south));
  if (sweep->q != NULL) rate = rate + sweep->q[n];
  return (c * sweep->inverse[n]) * rate;
}

/* Do a sweep with both loops, and compare the whole array each time with the plain formulas. */
static void check_sweep(const heat_sweep *sweep, ptrdiff_t columns, ptrdiff_t rows) {
  static double expected[CELLS], before[CELLS];
  double *whole = sweep->out - CORNER;
  memcpy(expected, whole, sizeof expected);
  memcpy(before, whole, sizeof before);
  for (ptrdiff_t j = 0; j < rows; j++) {
    for (ptrdiff_t i = 0; i < columns; i++) {
      const ptrdiff_t n = j * STRIDE + i;
      double sum = sweep->w[0] * sweep->x[0][n];
      for (int k = 1; k < sweep->terms; k++) sum = sum + sweep->w[k] * sweep->x[k][n];
      expected[CORNER + n] = sweep->c == 0 ? sum : sum + plain_change(sweep, sweep->c, n);
    }
  }
  kernels->plain(sweep, (heat_part){0, columns, rows});
  assert_memory_equal(whole, expected, sizeof expected);
  memcpy(whole, before, sizeof before);
  kernels->march(sweep, (heat_part){0, columns, rows});
  assert_memory_equal(whole, expected, sizeof expected);
}

static void check_plain_loop(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    for (int terms = 1; terms <= HEAT_TERMS; terms++) {
      fill_arrays();
      const heat_sweep sweep = make_sweep(kind, terms);
      for (ptrdiff_t columns = 1; columns <= 36; columns++)
        for (ptrdiff_t rows = 1; rows <= 15; rows += rows < 7 ? 1 : 4) check_sweep(&sweep, columns, rows);
    }
  }
}
static void every_kernel_has_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_plain_loop);
}

/* The only term is u itself: the Euler step, which has its own loops where the weight is 1. */
static void check_euler_step(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    for (int weight = 0; weight <= 2; weight++) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind, 1);
      sweep.x[0] = sweep.u;
      sweep.w[0] = weight;
      for (ptrdiff_t columns = 1; columns <= 36; columns++)
        for (ptrdiff_t rows = 1; rows <= 9; rows++) check_sweep(&sweep, columns, rows);
    }
  }
}
static void an_euler_step_has_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_euler_step);
}

/* The sum has the largest number of terms, the first of which is u, as in the stages of RKL2, which have their own
 * loops. */
static void check_first_term(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    fill_arrays();
    heat_sweep sweep = make_sweep(kind, HEAT_TERMS);
    sweep.x[0] = sweep.u;
    for (ptrdiff_t columns = 1; columns <= 36; columns++)
      for (ptrdiff_t rows = 1; rows <= 9; rows++) check_sweep(&sweep, columns, rows);
  }
}
static void a_stage_of_most_terms_has_the_bits_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_first_term);
}

static void check_replaced_term(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    for (int replaced = 0; replaced < HEAT_TERMS; replaced++) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind, HEAT_TERMS);
      sweep.out = arrays[replaced] + CORNER;
      check_sweep(&sweep, 33, 15);
      if (replaced == 0) continue;
      sweep.x[0] = sweep.u;
      check_sweep(&sweep, 33, 15);
    }
  }
}
static void the_result_may_replace_one_of_the_terms(void **state) {
  (void)state;
  with_all_kernels(check_replaced_term);
}

static void check_no_rate(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    fill_arrays();
    heat_sweep sweep = make_sweep(kind, 2);
    sweep.c = 0;
    for (int n = 0; n < CELLS; n++) arrays[U][n] = NAN;
    check_sweep(&sweep, 33, 15);
  }
}
static void without_c_only_the_sum_is_taken(void **state) {
  (void)state;
  with_all_kernels(check_no_rate);
}

static void check_tiling(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    static double whole[CELLS];
    fill_arrays();
    heat_sweep sweep = make_sweep(kind, 1);
    sweep.x[0] = sweep.u;
    sweep.w[0] = 1;
    kernels->plain(&sweep, (heat_part){0, 33, 15});
    memcpy(whole, arrays[OUT], sizeof whole);
    fill_arrays();
    for (ptrdiff_t j = 0; j < 15; j += 5)
      for (ptrdiff_t i = 0; i < 33; i += 11) kernels->march(&sweep, (heat_part){j * STRIDE + i, 11, 5});
    assert_memory_equal(arrays[OUT], whole, sizeof whole);
  }
}
static void the_same_bits_for_any_tiling(void **state) {
  (void)state;
  with_all_kernels(check_tiling);
}

static void check_constant(void) {
  static const double constants[] = {0.1, -1.0 / 3, 1e300, 1e-310, 293.15};
  for (int material = 0; material < MATERIALS; material++) {
    for (size_t c = 0; c < sizeof constants / sizeof *constants; c++) {
      fill_arrays();
      for (int n = 0; n < CELLS; n++) arrays[U][n] = constants[c];
      heat_sweep sweep = make_sweep(material, 1);
      sweep.x[0] = sweep.u;
      sweep.w[0] = 1;
      kernels->march(&sweep, (heat_part){0, 33, 15});
      for (ptrdiff_t j = 0; j < 15; j++)
        for (ptrdiff_t i = 0; i < 33; i++) assert_true(sweep.out[j * STRIDE + i] == constants[c]);
      assert_true(kernels->rate(&sweep, (heat_part){0, 33, 15}) == 0);
    }
  }
}
static void a_constant_stays_constant_to_the_bit(void **state) {
  (void)state;
  with_all_kernels(check_constant);
}

static void check_rate(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    for (ptrdiff_t spike = 0; spike < 33 * 15; spike += 16) {
      fill_arrays();
      heat_sweep sweep = make_sweep(kind, 0);
      sweep.out = NULL;
      arrays[U][CORNER + spike / 33 * STRIDE + spike % 33] += spike % 2 == 0 ? 5 : -5;
      double largest = 0;
      for (ptrdiff_t j = 0; j < 15; j++)
        for (ptrdiff_t i = 0; i < 33; i++) largest = fmax(largest, fabs(plain_change(&sweep, 1, j * STRIDE + i)));
      assert_true(kernels->rate(&sweep, (heat_part){0, 33, 15}) == largest);
    }
  }
}
static void the_rate_is_the_largest_of_the_plain_loop(void **state) {
  (void)state;
  with_all_kernels(check_rate);
}

static void check_nan(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    fill_arrays();
    const heat_sweep sweep = make_sweep(kind, 0);
    for (ptrdiff_t cell = 0; cell < 33 * 15; cell++) {
      double *at = &arrays[U][CORNER + cell / 33 * STRIDE + cell % 33], kept = *at;
      *at = NAN;
      assert_true(isnan(kernels->rate(&sweep, (heat_part){0, 33, 15})));
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
      cmocka_unit_test(a_stage_of_most_terms_has_the_bits_of_the_plain_loop),
      cmocka_unit_test(the_result_may_replace_one_of_the_terms),
      cmocka_unit_test(the_same_bits_for_any_tiling),
      cmocka_unit_test(without_c_only_the_sum_is_taken),
      cmocka_unit_test(a_constant_stays_constant_to_the_bit),
      cmocka_unit_test(the_rate_is_the_largest_of_the_plain_loop),
      cmocka_unit_test(a_nan_anywhere_makes_the_rate_nan),
      cmocka_unit_test(the_kernels_of_this_processor_are_chosen_unless_others_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
