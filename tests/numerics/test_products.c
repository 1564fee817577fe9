/* Sums over fields have the same bits in every layout, are exact where the terms are, and are as accurate as a double
 * can be. They are formed again where the expected size is wrong by any factor. */
#include "heat2d/base/sum.h"
#include "heat2d/numerics/kernel.h"
#include "heat2d/numerics/products.h"
#include "heat2d/numerics/solver_loops.h"

#include "harness.h"
#include "rig.h"

enum { NX = 23, NY = 4100 / 23 };

/* Two fields on a grid. */
typedef struct setting {
  rig made;
  heat_field a, b;
} setting;

/* Two numbers of each cell, with all bits in use, of both signs and of many magnitudes. */
static double number(int64_t cell, int which) {
  const double x = sin(1.7 * (double)cell + which), range = 12;
  return x * exp(range * cos(0.37 * (double)cell * (1 + which)));
}

static void open_setting(setting *s, bool alone, const int *ranks) {
  open_rig(&s->made, (rig_setting){.deck = "", .cells = {NX, NY}, .up_to = RIG_GRID, .alone = alone, .ranks = ranks});
  assert_int_equal(heat_field_create(&s->a, &s->made.grid, 1).code, HEAT_OK);
  assert_int_equal(heat_field_create(&s->b, &s->made.grid, 1).code, HEAT_OK);
  const heat_box owned = s->made.grid.owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      *heat_field_at(&s->a, i, j) = number(j * NX + i, 0);
      *heat_field_at(&s->b, i, j) = number(j * NX + i, 1);
    }
}

static void close_setting(setting *s) {
  heat_field_destroy(&s->a);
  heat_field_destroy(&s->b);
  close_rig(&s->made);
}

/* The sums of a b, a / b and a over these fields, where they are expected to have this size. */
static void sums_of(const setting *s, double size, double sums[3]) {
  heat_product products[] = {{.a = &s->a, .b = &s->b, .size = size},
                             {.a = &s->a, .b = &s->b, .over = true, .size = size},
                             {.a = &s->a, .size = size}};
  heat_products(&s->made.grid, products, 3, NULL);
  for (int k = 0; k < 3; k++) sums[k] = products[k].sum;
}

static void sums_have_the_same_bits_on_every_layout(void **state) {
  (void)state;
  static const double sizes[] = {0, 1, 1e-30, 1e9};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
    setting s;
    double expected[3], sums[3];
    open_setting(&s, true, NULL);
    sums_of(&s, sizes[n], expected);
    close_setting(&s);
    for (int px = 1; px <= size; px++) {
      if (size % px != 0) continue;
      open_setting(&s, false, (int[HEAT_AXES]){px, size / px});
      sums_of(&s, sizes[n], sums);
      close_setting(&s);
      assert_true(everywhere(memcmp(sums, expected, sizeof sums) == 0));
    }
  }
}

/* The sums are compared with heat_sum, which is exact. The error may be relative to the largest term. */
static void sums_are_accurate_whatever_size_was_expected(void **state) {
  (void)state;
  static const double sizes[] = {0, 1e-300, 1e-9, 1, 1e9, 1e13};
  setting s;
  open_setting(&s, true, NULL);
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
    sums_of(&s, sizes[n], sums);
    for (int k = 0; k < 3; k++) {
      const double value = heat_sum_value(&exact[k]);
      assert_true(fabs(sums[k] - value) <= 4e-16 * fabs(value) + 1e-17 * most[k]);
    }
  }
  close_setting(&s);
}

static void what_is_not_finite_and_nothing_at_all_are_told(void **state) {
  (void)state;
  static const double odd[] = {NAN, INFINITY, -INFINITY};
  setting s;
  open_setting(&s, false, NULL);
  const heat_box owned = s.made.grid.owned;
  for (size_t n = 0; n < sizeof odd / sizeof *odd; n++) {
    heat_product product = {.a = &s.a, .size = 1};
    if (s.made.grid.rank == s.made.grid.size - 1) *heat_field_at(&s.a, owned.lo[HEAT_X], owned.lo[HEAT_Y]) = odd[n];
    heat_products(&s.made.grid, &product, 1, NULL);
    assert_true(everywhere(isnan(product.sum)));
  }
  heat_product product = {.a = &s.b, .b = &s.b};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(&s.b, i, j) = 0;
  int flag = 1;
  heat_products(&s.made.grid, &product, 1, &flag);
  assert_true(everywhere(product.sum == 0 && flag == s.made.grid.size));
  product.size = 1; /* as if there had been values */
  heat_products(&s.made.grid, &product, 1, &flag);
  assert_true(everywhere(product.sum == 0));
  close_setting(&s);
}

/* What all loops of a solver compute in one row: the arrays and the sums. */
enum { COLUMNS = 4133 };
typedef struct row_result {
  double p[COLUMNS], q[COLUMNS], r[COLUMNS], x[COLUMNS];
  heat_total apply[HEAT_APPLY_SUMS], reduce;
} row_result;

static void go_through_a_row(row_result *row, bool uniform) {
  static double inverse[COLUMNS + 2], k[COLUMNS + 2], u[3][COLUMNS + 2];
  const heat_solver_loops *loops = heat_solver_loops_find();
  for (int n = 0; n < COLUMNS + 2; n++) {
    inverse[n] = 1 + 0.5 * sin(n);
    k[n] = exp(3 * cos(n));
    for (int j = 0; j < 3; j++) u[j][n] = sin(1.3 * n + j);
  }
  for (int n = 0; n < COLUMNS; n++) {
    row->p[n] = row->r[n] = cos(0.7 * n);
    row->x[n] = 0;
  }
  const heat_balance_row balance = {.u = u[1] + 1,
                                    .south = u[0] + 1,
                                    .north = u[2] + 1,
                                    .kx = uniform ? NULL : k + 1,
                                    .ky = k + 1,
                                    .ky_north = k,
                                    .fx = 0.3,
                                    .fy = 1.7,
                                    .last = COLUMNS,
                                    .y = row->q};
  const heat_reaction reaction = {.sigma = 0.1, .reaction = 0.3, .inverse = uniform ? NULL : inverse};
  loops->balance(&balance);
  loops->turn(row->p, 0.37, u[0], COLUMNS);
  loops->advance(row->x, false, 0.9, row->p, COLUMNS);
  loops->advance(row->x, true, 0.7, row->r, COLUMNS);
  loops->multiply(row->x, reaction, COLUMNS);
  const heat_apply_row apply = {.p = row->p,
                                .r = row->r,
                                .q = row->q,
                                .columns = COLUMNS,
                                .reaction = reaction,
                                .scales = {0x1p20, 0x1p30, 0x1p25}};
  loops->apply(&apply, row->apply);
  loops->reduce(row->r, 0.11, row->q, COLUMNS, &row->reduce, 0x1p31);
}

static void the_bits_do_not_depend_on_the_instructions(void **state) {
  (void)state;
  static const char *const kinds[] = {"base", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  static row_result rows[2][2];
  setting s;
  double sums[2][3];
  const char *given = getenv("HEAT2D_ISA");
  char *before = given == NULL ? NULL : strdup(given);
  open_setting(&s, false, NULL);
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
    if (heat_kernels_find(kinds[n]) == NULL) continue;
    setenv("HEAT2D_ISA", kinds[n], 1);
    sums_of(&s, 1e3, sums[n > 0]);
    memset(rows[n > 0], 0, sizeof rows[0]);
    for (int uniform = 0; uniform < 2; uniform++) go_through_a_row(&rows[n > 0][uniform], uniform == 1);
    if (n == 0) continue;
    assert_true(everywhere(memcmp(sums[0], sums[1], sizeof sums[0]) == 0));
    assert_true(everywhere(memcmp(rows[0], rows[1], sizeof rows[0]) == 0));
  }
  close_setting(&s);
  if (before == NULL)
    unsetenv("HEAT2D_ISA");
  else
    setenv("HEAT2D_ISA", before, 1);
  free(before);
}

static heat_factors rows_of(void *context, int thread, int64_t j) {
  const setting *s = context;
  const int64_t first = s->made.grid.owned.lo[HEAT_X];
  (void)thread;
  return (heat_factors){heat_field_at(&s->a, first, j), heat_field_at(&s->b, first, j)};
}

/* A sum that a rank has formed already is used where there was room for all of its terms, and only there. Elsewhere the
 * factors are used, from fields or computed row by row. */
static void parts_that_were_added_up_before_give_the_same_sum(void **state) {
  (void)state;
  static const double sizes[] = {1e9, 1e-30};
  setting s;
  open_setting(&s, false, NULL);
  const heat_box owned = s.made.grid.owned;
  for (int n = 0; n < 2; n++) {
    heat_total own = {.over = 0};
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
      const heat_terms terms = {.a = heat_field_at(&s.a, owned.lo[HEAT_X], j),
                                .b = heat_field_at(&s.b, owned.lo[HEAT_X], j),
                                .scale = heat_product_scale(sizes[n])};
      heat_solver_loops_find()->add(&own, terms, (ptrdiff_t)heat_box_width(owned, HEAT_X));
    }
    heat_product plain = {.a = &s.a, .b = &s.b, .size = sizes[n]}, formed = plain;
    formed.own = &own;
    assert_int_equal(everywhere(own.over == 0), n == 0);
    heat_products(&s.made.grid, &plain, 1, NULL);
    heat_products(&s.made.grid, &formed, 1, NULL);
    assert_true(plain.sum == formed.sum);
    heat_product by_rows = {.rows = rows_of, .context = &s, .own = &own, .size = sizes[n]};
    heat_products(&s.made.grid, &by_rows, 1, NULL);
    assert_true(everywhere(by_rows.sum == plain.sum));
  }
  close_setting(&s);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_have_the_same_bits_on_every_layout),
      cmocka_unit_test(sums_are_accurate_whatever_size_was_expected),
      cmocka_unit_test(what_is_not_finite_and_nothing_at_all_are_told),
      cmocka_unit_test(the_bits_do_not_depend_on_the_instructions),
      cmocka_unit_test(parts_that_were_added_up_before_give_the_same_sum),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
