/* Conjugate gradients with a preconditioner that is far from the inverse, so that sums are not as large as was
 * expected. */
#include "harness.h"
#include "rig.h"

#include "heat2d/numerics/krylov.h"

enum { NX = 6, NY = 5 };

static double right_at(int64_t i, int64_t j) {
  return 3 + sin(0.9 * (double)i) * cos(1.7 * (double)j);
}

static void set_right(void *context, heat_field *r) {
  (void)context;
  for (int64_t j = r->owned.lo[HEAT_Y]; j < r->owned.hi[HEAT_Y]; j++)
    for (int64_t i = r->owned.lo[HEAT_X]; i < r->owned.hi[HEAT_X]; i++) *heat_field_at(r, i, j) = right_at(i, j);
}

/* The largest magnitude of b - S x in any cell. */
static double largest_residual(rig *r, double sigma, heat_field *x, heat_field *y) {
  double most = 0;
  heat_sequence_refresh(&r->op.sequence, x);
  heat_stencil_balance(&r->op.stencil, x, y);
  for (int64_t j = x->owned.lo[HEAT_Y]; j < x->owned.hi[HEAT_Y]; j++)
    for (int64_t i = x->owned.lo[HEAT_X]; i < x->owned.hi[HEAT_X]; i++)
      most = fmax(most, fabs(right_at(i, j) - sigma * *heat_field_at(x, i, j) + *heat_field_at(y, i, j)));
  return most;
}

static const double tolerance = 1e-9;

/* The system of the rig with this sigma, to be solved into the first of the fields. */
static heat_krylov system_of(rig *r, double sigma, heat_multigrid *multigrid, heat_field *fields) {
  return (heat_krylov){.stencil = &r->op.stencil,
                       .sequence = &r->op.sequence,
                       .sigma = sigma,
                       .multigrid = multigrid,
                       .x = &fields[0],
                       .r = &fields[1],
                       .right_side = set_right,
                       .weight = 1,
                       .tolerance = tolerance,
                       .iterations = 200};
}

/* The preconditioner is made for a smaller sigma. So it makes the mean of z too large, by the factor between the two,
 * and p S p is larger than r z by about this factor. */
static void a_sum_that_outgrows_what_was_expected_is_formed_again(void **state) {
  (void)state;
  static const double of_levels[] = {1, 1e-3, 1e-6};
  const double sigma = 1;
  for (size_t n = 0; n < sizeof of_levels / sizeof *of_levels; n++) {
    rig r;
    open_rig(&r, (rig_setting){.deck = "material: {conductivity: 1e-4, density: 1, heat_capacity: 1}\n"
                                       "regions: [{shape: rectangle, min: [0, 0], max: [0.4, 0.3], conductivity: 0.1}]",
                               .cells = {NX, NY},
                               .depth = 1,
                               .up_to = RIG_OPERATOR});
    heat_field fields[3];
    heat_multigrid *multigrid;
    for (int f = 0; f < 3; f++) assert_int_equal(heat_field_create(&fields[f], &r.grid, 1).code, HEAT_OK);
    assert_int_equal(heat_multigrid_create(&multigrid, &r.op.stencil, of_levels[n], 1).code, HEAT_OK);
    const heat_krylov krylov = system_of(&r, sigma, multigrid, fields);
    const heat_krylov_end end = heat_krylov_solve(&krylov);
    assert_true(end.converged && end.residual <= tolerance);
    assert_true(largest_residual(&r, sigma, &fields[0], &fields[2]) <= tolerance * end.right);
    heat_multigrid_destroy(multigrid);
    for (int f = 0; f < 3; f++) heat_field_destroy(&fields[f]);
    close_rig(&r);
  }
}

/* What rows with the same material have in common is kept while one system is solved, and belongs to its sigma. */
static void each_system_has_its_own_sigma(void **state) {
  (void)state;
  static const double sigmas[] = {1, 50, 1};
  rig r;
  open_rig(&r, (rig_setting){.deck = "material: {conductivity: 1e-2, density: 1, heat_capacity: 1}\n"
                                     "regions: [{shape: rectangle, min: [0, 0], max: [0.5, 9], conductivity: 0.1}]",
                             .cells = {2 * HEAT_REPEATED_COLUMNS, 2 * NY},
                             .depth = 1,
                             .up_to = RIG_OPERATOR});
  heat_field fields[3];
  heat_multigrid *multigrid;
  assert_int_equal(heat_stencil_find_repeats(&r.op.stencil).code, HEAT_OK);
  for (int f = 0; f < 3; f++) assert_int_equal(heat_field_create(&fields[f], &r.grid, 1).code, HEAT_OK);
  assert_int_equal(heat_multigrid_create(&multigrid, &r.op.stencil, sigmas[0], 1).code, HEAT_OK);
  for (size_t n = 0; n < sizeof sigmas / sizeof *sigmas; n++) {
    const heat_krylov krylov = system_of(&r, sigmas[n], multigrid, fields);
    const heat_krylov_end end = heat_krylov_solve(&krylov);
    assert_true(end.converged);
    assert_true(largest_residual(&r, sigmas[n], &fields[0], &fields[2]) <= tolerance * end.right);
  }
  heat_multigrid_destroy(multigrid);
  for (int f = 0; f < 3; f++) heat_field_destroy(&fields[f]);
  close_rig(&r);
}

static void set_nothing_finite(void *context, heat_field *r) {
  set_right(context, r);
  *heat_field_at(r, r->owned.lo[HEAT_X], r->owned.lo[HEAT_Y]) = NAN;
}

static void what_is_not_finite_has_no_solution(void **state) {
  (void)state;
  rig r;
  heat_field fields[2];
  heat_multigrid *multigrid;
  open_rig(&r,
           (rig_setting){.deck = "material: {diffusivity: 1}\n", .cells = {NX, NY}, .depth = 1, .up_to = RIG_OPERATOR});
  for (int f = 0; f < 2; f++) assert_int_equal(heat_field_create(&fields[f], &r.grid, 1).code, HEAT_OK);
  assert_int_equal(heat_multigrid_create(&multigrid, &r.op.stencil, 1, 1).code, HEAT_OK);
  const heat_krylov krylov = {.stencil = &r.op.stencil,
                              .sequence = &r.op.sequence,
                              .sigma = 1,
                              .multigrid = multigrid,
                              .x = &fields[0],
                              .r = &fields[1],
                              .right_side = set_nothing_finite,
                              .weight = 1,
                              .tolerance = 1e-6,
                              .iterations = 9};
  const heat_krylov_end end = heat_krylov_solve(&krylov);
  assert_true(!end.converged && isnan(end.residual));
  heat_multigrid_destroy(multigrid);
  for (int f = 0; f < 2; f++) heat_field_destroy(&fields[f]);
  close_rig(&r);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_system_has_its_own_sigma),
      cmocka_unit_test(a_sum_that_outgrows_what_was_expected_is_formed_again),
      cmocka_unit_test(what_is_not_finite_has_no_solution),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
