/* Sums over fields: the same bits for every layout; exact where the terms are; as accurate as a double can be; found
 * anew where the size that was expected is wrong by any factor. */
#include "heat2d/base/sum.h"
#include "heat2d/numerics/products.h"

#include "harness.h"

#include <math.h>
#include <string.h>

enum { NX = 23, NY = 4100 / 23 };

static const char deck[] = "domain: {size: [1, 1], cells: [23, 178]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";

typedef struct rig {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_field a, b;
} rig;

/* Numbers of a cell with all bits in use, of both signs and of many magnitudes. */
static double number(int64_t cell, int which) {
  const double x = sin(1.7 * (double)cell + which), range = 12;
  return x * exp(range * cos(0.37 * (double)cell * (1 + which)));
}

static void open_rig(rig *r, MPI_Comm comm, const int ranks[HEAT_AXES]) {
  assert_int_equal(heat_config_parse(&r->config, "deck", deck, strlen(deck), NULL, 0).code, HEAT_OK);
  assert_int_equal(heat_problem_create(&r->problem, comm, r->config).code, HEAT_OK);
  assert_int_equal(heat_grid_create(&r->grid, comm, &r->problem, ranks).code, HEAT_OK);
  assert_int_equal(heat_field_create(&r->a, &r->grid, 1).code, HEAT_OK);
  assert_int_equal(heat_field_create(&r->b, &r->grid, 1).code, HEAT_OK);
  const heat_box owned = r->grid.owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      *heat_field_at(&r->a, i, j) = number(j * NX + i, 0);
      *heat_field_at(&r->b, i, j) = number(j * NX + i, 1);
    }
}

static void close_rig(rig *r) {
  heat_field_destroy(&r->a);
  heat_field_destroy(&r->b);
  heat_problem_destroy(&r->problem);
  heat_config_destroy(r->config);
}

/* The sums of this rig: a b, a / b, a; expected to be of these sizes. */
static void sums_of(const rig *r, double size, double sums[3]) {
  heat_product products[] = {{.a = &r->a, .b = &r->b, .size = size},
                             {.a = &r->a, .b = &r->b, .over = true, .size = size},
                             {.a = &r->a, .size = size}};
  heat_products(&r->grid, products, 3, NULL);
  for (int k = 0; k < 3; k++) sums[k] = products[k].sum;
}

static void sums_have_the_same_bits_on_every_layout(void **state) {
  (void)state;
  static const int alone[HEAT_AXES] = {1, 1};
  static const double sizes[] = {0, 1, 1e-30, 1e9};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    rig r;
    double expected[3], sums[3];
    open_rig(&r, MPI_COMM_SELF, alone);
    sums_of(&r, sizes[n], expected);
    close_rig(&r);
    for (int px = 1; px <= size; px++) {
      if (size % px != 0) continue;
      open_rig(&r, MPI_COMM_WORLD, (int[HEAT_AXES]){px, size / px});
      sums_of(&r, sizes[n], sums);
      close_rig(&r);
      assert_true(everywhere(memcmp(sums, expected, sizeof sums) == 0));
    }
  }
}

/* Against the long accumulator of heat_sum, which is exact; relative to the largest term. */
static void sums_are_accurate_whatever_size_was_expected(void **state) {
  (void)state;
  static const double sizes[] = {0, 1e-300, 1e-9, 1, 1e9, 1e13};
  rig r;
  open_rig(&r, MPI_COMM_SELF, (int[HEAT_AXES]){1, 1});
  heat_sum exact[3] = {{.pending = 0}};
  double most[3] = {0};
  for (int64_t cell = 0; cell < NX * NY; cell++) {
    const double a = number(cell, 0), b = number(cell, 1), terms[] = {a * b, a / b, a};
    for (int k = 0; k < 3; k++) {
      heat_sum_add(&exact[k], terms[k]);
      most[k] = fmax(most[k], fabs(terms[k]));
    }
  }
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    double sums[3];
    sums_of(&r, sizes[n], sums);
    for (int k = 0; k < 3; k++) {
      const double value = heat_sum_value(&exact[k]);
      assert_true(fabs(sums[k] - value) <= 4e-16 * fabs(value) + 1e-17 * most[k]);
    }
  }
  close_rig(&r);
}

static void what_is_not_finite_and_nothing_at_all_are_told(void **state) {
  (void)state;
  static const double odd[] = {NAN, INFINITY, -INFINITY};
  rig r;
  open_rig(&r, MPI_COMM_WORLD, (int[HEAT_AXES]){0, 0});
  const heat_box owned = r.grid.owned;
  for (size_t n = 0; n < sizeof odd / sizeof *odd; n++) {
    heat_product product = {.a = &r.a, .size = 1};
    if (r.grid.rank == r.grid.size - 1) *heat_field_at(&r.a, owned.lo[HEAT_X], owned.lo[HEAT_Y]) = odd[n];
    heat_products(&r.grid, &product, 1, NULL);
    assert_true(everywhere(isnan(product.sum)));
  }
  heat_product product = {.a = &r.b, .b = &r.b};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(&r.b, i, j) = 0;
  int flag = 1;
  heat_products(&r.grid, &product, 1, &flag);
  assert_true(everywhere(product.sum == 0 && flag == r.grid.size));
  product.size = 1; /* as if they had been there */
  heat_products(&r.grid, &product, 1, &flag);
  assert_true(everywhere(product.sum == 0));
  close_rig(&r);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_have_the_same_bits_on_every_layout),
      cmocka_unit_test(sums_are_accurate_whatever_size_was_expected),
      cmocka_unit_test(what_is_not_finite_and_nothing_at_all_are_told),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
