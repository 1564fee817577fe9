/* The operator: properties of L (it is self-adjoint, and its spectrum is below Gershgorin's bound), the flow through
 * walls, and what is refused. */
#include "plain_loop.h"

static void a_nan_in_any_cell_makes_the_rate_infinite_on_all_ranks(void **state) {
  (void)state;
  for (int m = 0; m < MATERIALS; m += 3) {
    open_problem(shapes[1], materials[m], sources[1], sides[8]);
    noisy_rig r;
    open_noisy(&r, (rig_setting){.depth = 2});
    for (int64_t cell = 0; cell < 35; cell++) {
      const int64_t i = cell % 7, j = cell / 7;
      const heat_box one = {{i, j}, {i + 1, j + 1}};
      const bool own = !heat_box_empty(heat_box_intersect(one, r.made.grid.owned));
      double *at = own ? heat_field_at(r.each[0], i, j) : NULL, kept = 0, rate;
      if (own) kept = *at;
      if (own) *at = NAN;
      r.fields[0].valid = 0;
      assert_int_equal(heat_operator_rate(&r.made.op, r.each[0], 0, &rate).code, HEAT_OK);
      if (own) *at = kept;
      assert_true(everywhere(isinf(rate)));
    }
    close_noisy(&r);
    close_problem();
  }
}

/* L(u) of fields[u] into fields[out]. */
static void apply_operator(noisy_rig *r, int u, int out) {
  const heat_stage stage = {.out = out, .u = u, .terms = 1, .term = {{u, 0}}, .c = 1};
  assert_int_equal(heat_operator_apply(&r->made.op, &stage, 1, r->each).code, HEAT_OK);
}

/* The product of two fields weighted with rho c_p, and the sum of the absolute values of its terms. */
static double product(const noisy_rig *r, int a, int b, double *scale) {
  heat_sum sum = {0}, absolute = {0};
  for (int64_t j = r->made.grid.owned.lo[HEAT_Y]; j < r->made.grid.owned.hi[HEAT_Y]; j++) {
    for (int64_t i = r->made.grid.owned.lo[HEAT_X]; i < r->made.grid.owned.hi[HEAT_X]; i++) {
      const double both = *heat_field_at(r->each[a], i, j) * *heat_field_at(r->each[b], i, j);
      heat_sum_add(&sum, both / plain_inverse[j + 1][i + 1]);
      heat_sum_add(&absolute, fabs(both) / plain_inverse[j + 1][i + 1]);
    }
  }
  sum = heat_sum_reduce(&sum, r->made.grid.comm);
  absolute = heat_sum_reduce(&absolute, r->made.grid.comm);
  if (scale != NULL) *scale = heat_sum_value(&absolute);
  return heat_sum_value(&sum);
}

static const char *const homogeneous_sides[] = {
    "",
    "left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, bottom: {type: dirichlet, value: 0}, "
    "top: {type: dirichlet, value: 0}",
    "left: {type: robin, coefficient: 1 + y, ambient: 0}, right: {type: robin, coefficient: 50, ambient: 0}, "
    "bottom: {type: robin, coefficient: 2, ambient: 0}, top: {type: robin, coefficient: 0.1, ambient: 0}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: 0}",
    "left: {type: dirichlet, value: 0}, top: {type: robin, coefficient: 3, ambient: 0}",
};
enum { HOMOGENEOUS_SIDES = sizeof homogeneous_sides / sizeof *homogeneous_sides };
/* Without the regions' sources: L is linear. */
static const char *const linear_materials[] = {
    "material: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}",
    "material: {conductivity: ['1.5 + sin(3*x + y)', 0.8], density: 1 + x*x, heat_capacity: 1.5}\n"
    "regions: [{shape: circle, center: [0.4, 0.6], radius: 0.3, conductivity: [5, 0.01]}]",
    "interface: arithmetic\nmaterial: {conductivity: [1 + x, 1 + y], density: 1, heat_capacity: 1}\n"
    "regions: [{shape: rectangle, min: [0.2, 0.1], max: [0.7, 0.8], conductivity: 200, heat_capacity: 4 + y}]",
};
enum { LINEAR_MATERIALS = sizeof linear_materials / sizeof *linear_materials };

static void the_operator_is_self_adjoint_and_lets_no_heat_appear(void **state) {
  (void)state;
  for (int n = 0; n < LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    open_problem(shapes[n % 2], linear_materials[n / HOMOGENEOUS_SIDES], "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    plain_prepare();
    noisy_rig r;
    double scale;
    open_noisy(&r, (rig_setting){.depth = 1 + n % 3});
    apply_operator(&r, 0, 2);
    apply_operator(&r, 1, 3);
    const double luv = product(&r, 2, 1, &scale), ulv = product(&r, 0, 3, NULL), luu = product(&r, 2, 0, NULL);
    assert_true(fabs(luv - ulv) <= 1e-13 * scale);
    assert_true(fabs(luv) > 1e-6 * scale); /* the product is not just 0 */
    assert_true(luu < 0);                  /* L is negative definite */
    close_noisy(&r);
    close_problem();
  }
}

/* The matrix of L, column by column from fields that are 1 in one cell: its largest diagonal, and the largest sum of
 * the sizes in a row, which is Gershgorin's bound. On slabs too: of one cell across, the faces that conduct nothing do
 * not count, and where nothing conducts both are 0. */
static heat_bounds bounds_of_the_matrix(noisy_rig *r) {
  static plain_field rows;
  const heat_box owned = r->made.grid.owned;
  double found[2] = {0, 0};
  memset(rows, 0, sizeof rows);
  for (int64_t cell = 0; cell < problem->cells[HEAT_X] * problem->cells[HEAT_Y]; cell++) {
    const int64_t ci = cell % problem->cells[HEAT_X], cj = cell / problem->cells[HEAT_X];
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
        *heat_field_at(r->each[0], i, j) = i == ci && j == cj ? 1 : 0;
    r->fields[0].valid = 0;
    apply_operator(r, 0, 2);
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
        const double entry = *heat_field_at(r->each[2], i, j);
        rows[j][i] += fabs(entry);
        if (i == ci && j == cj) found[0] = fmax(found[0], -entry);
      }
  }
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) found[1] = fmax(found[1], rows[j][i]);
  MPI_Allreduce(MPI_IN_PLACE, found, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return (heat_bounds){.diagonal = found[0], .spectral = found[1]};
}

static void the_bounds_are_those_of_the_matrix(void **state) {
  (void)state;
  static const int64_t grids[][HEAT_AXES] = {{7, 5}, {2, 3}, {6, 1}, {1, 6}, {2, 6}};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < 5 * LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    const int64_t *cells = grids[n / (LINEAR_MATERIALS * HOMOGENEOUS_SIDES)];
    const char *material = linear_materials[n / HOMOGENEOUS_SIDES % LINEAR_MATERIALS];
    heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}};
    if (!heat_layout_choose(&layout, size)) continue;
    open_problem(cells, material, "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    noisy_rig r;
    open_noisy(&r, (rig_setting){.ranks = layout.ranks, .depth = 2});
    const heat_bounds matrix = bounds_of_the_matrix(&r), have = heat_operator_bounds(&r.made.op);
    if (!(fabs(have.diagonal - matrix.diagonal) <= 1e-12 * matrix.diagonal &&
          fabs(have.spectral - matrix.spectral) <= 1e-12 * matrix.spectral && have.spectral <= have.all_faces))
      fail_msg("problem %d: diagonal %g, spectral %g instead of %g, %g", n, have.diagonal, have.spectral,
               matrix.diagonal, matrix.spectral);
    close_noisy(&r);
    close_problem();
  }
}

/* A Robin wall whose coefficient changes in time counts as a Dirichlet wall in the bounds; the ambient temperature does
 * not matter. */
static void walls_that_will_change_are_bounded_for_all_time(void **state) {
  (void)state;
  static const int64_t square[] = {8, 8};
  static const char *const walls[] = {"left: {type: dirichlet, value: 0}, top: {type: dirichlet, value: 0}",
                                      ("left: {type: robin, coefficient: '1e9*t', ambient: 0}, "
                                       "top: {type: robin, coefficient: 'exp(t)', ambient: 0}"),
                                      "left: {type: robin, coefficient: 2, ambient: 0}",
                                      "left: {type: robin, coefficient: 2, ambient: 'sin(t)'}"};
  heat_bounds have[4];
  for (int n = 0; n < 4; n++) {
    open_problem(square, linear_materials[0], "0", walls[n]);
    noisy_rig r;
    open_noisy(&r, (rig_setting){.depth = 2});
    have[n] = heat_operator_bounds(&r.made.op);
    close_noisy(&r);
    close_problem();
  }
  assert_memory_equal(&have[0], &have[1], sizeof have[0]);
  assert_memory_equal(&have[2], &have[3], sizeof have[2]);
  assert_true(have[2].diagonal < have[0].diagonal);
}

/* Power iteration: the Rayleigh quotient bounds the largest eigenvalue of -L from below, Gershgorin from above. */
static void the_spectrum_lies_below_the_bound(void **state) {
  (void)state;
  enum { ITERATIONS = 150 };
  for (int n = 0; n < LINEAR_MATERIALS * HOMOGENEOUS_SIDES; n++) {
    open_problem(shapes[n % 2], linear_materials[n / HOMOGENEOUS_SIDES], "0", homogeneous_sides[n % HOMOGENEOUS_SIDES]);
    plain_prepare();
    noisy_rig r;
    open_noisy(&r, (rig_setting){.depth = 5});
    const double bound = heat_operator_bounds(&r.made.op).spectral;
    for (int k = 0; k < ITERATIONS; k++) {
      /* v <- -L(v) / bound: no longer than before when the bound is one. */
      const heat_stage stage = {.out = 1 - k % 2, .u = k % 2, .terms = 1, .term = {{k % 2, 0}}, .c = -1 / bound};
      assert_int_equal(heat_operator_apply(&r.made.op, &stage, 1, r.each).code, HEAT_OK);
    }
    apply_operator(&r, 0, 2);
    const double largest = -product(&r, 0, 2, NULL) / product(&r, 0, 0, NULL);
    assert_true(largest <= bound * (1 + 1e-12));
    assert_true(largest > 0.45 * bound); /* the bound is not much too large */
    close_noisy(&r);
    close_problem();
  }
}

/* A checkerboard on a periodic grid with even numbers of cells is the mode that attains Gershgorin's bound. */
static void the_bound_is_attained_by_the_checkerboard(void **state) {
  (void)state;
  open_problem(shapes[5], linear_materials[0], "0", homogeneous_sides[3]);
  noisy_rig r;
  bool right = true;
  open_noisy(&r, (rig_setting){.depth = 1});
  for (int64_t j = r.made.grid.owned.lo[HEAT_Y]; j < r.made.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = r.made.grid.owned.lo[HEAT_X]; i < r.made.grid.owned.hi[HEAT_X]; i++)
      *heat_field_at(r.each[0], i, j) = (i + j) % 2 == 0 ? 1 : -1;
  apply_operator(&r, 0, 1);
  for (int64_t j = r.made.grid.owned.lo[HEAT_Y]; j < r.made.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = r.made.grid.owned.lo[HEAT_X]; i < r.made.grid.owned.hi[HEAT_X]; i++)
      right =
          right && fabs(*heat_field_at(r.each[1], i, j) * ((i + j) % 2 == 0 ? 1 : -1) +
                        heat_operator_bounds(&r.made.op).spectral) <= 1e-13 * heat_operator_bounds(&r.made.op).spectral;
  assert_true(everywhere(right));
  close_noisy(&r);
  close_problem();
}

/* What flows in through each side: the same bits on every layout, the plain loop's differences across the wall, and
 * over a step of Euler what that step counts. */
static void flows_are_those_across_the_walls(void **state) {
  (void)state;
  const double t = 0.3;
  for (int n = 0; n < MATERIALS * SIDES; n++) {
    noisy_rig r, one;
    double flows[HEAT_SIDES], expected[HEAT_SIDES], again[HEAT_SIDES], counted = 0, sum = 0;
    open_problem(shapes[n % 2], materials[n / SIDES], "1", sides[n % SIDES]);
    plain_prepare();
    plain_start();
    plain_ghosts(plain_fields[0], t);
    open_noisy(&one, (rig_setting){.alone = true, .depth = 1});
    open_noisy(&r, (rig_setting){.depth = 2});
    assert_int_equal(heat_operator_flows(&one.made.op, one.each[0], t, expected).code, HEAT_OK);
    assert_int_equal(heat_operator_flows(&r.made.op, r.each[0], t, flows).code, HEAT_OK);
    assert_true(everywhere(memcmp(flows, expected, sizeof flows) == 0));
    for (int side = 0; side < HEAT_SIDES; side++) {
      const int across = side / 2;
      const double h = problem->spacing[across], length = problem->spacing[1 - across];
      double across_wall = 0, scale = 0;
      for (int64_t s = 1; s <= problem->cells[1 - across] && !problem->sides[side].periodic; s++) {
        const int64_t in = side % 2 == 0 ? 1 : problem->cells[across], out = side % 2 == 0 ? 0 : in + 1;
        const double inner = plain_fields[0][across == HEAT_X ? s : in][across == HEAT_X ? in : s];
        const double ghost = plain_fields[0][across == HEAT_X ? s : out][across == HEAT_X ? out : s];
        const double slope = plain_k[across][across == HEAT_X ? s : in][across == HEAT_X ? in : s] / h * length;
        across_wall += slope * (ghost - inner);
        scale += slope * (fabs(ghost) + fabs(inner));
      }
      if (!(fabs(flows[side] - across_wall) <= 1e-14 * scale))
        fail_msg("problem %d, %s: %g, not %g", n, heat_side_names[side], flows[side], across_wall);
      sum += flows[side];
      counted += scale;
    }
    const double c = 0.1 / heat_operator_bounds(&r.made.op).spectral;
    const heat_stage step = {.out = 1, .u = 0, .terms = 1, .term = {{0, 1}}, .c = c, .t = t, .budget_weight = c};
    assert_int_equal(heat_operator_apply(&r.made.op, &step, 1, r.each).code, HEAT_OK);
    assert_true(fabs(heat_ledger_wall_heat(&r.made.op.ledger) - c * sum) <= 1e-14 * c * counted);
    /* Computing the flows between steps changes nothing, and walls of another time are evaluated again. */
    assert_int_equal(heat_operator_flows(&r.made.op, r.each[0], t + 1, again).code, HEAT_OK);
    assert_int_equal(heat_operator_flows(&r.made.op, r.each[0], t, again).code, HEAT_OK);
    assert_true(everywhere(memcmp(flows, again, sizeof flows) == 0));
    close_noisy(&r);
    close_noisy(&one);
    close_problem();
  }
}

/* An insulated wall lets through nothing at all, and a prescribed flux is that, whatever the field is. */
static void a_prescribed_flux_flows_to_the_bit(void **state) {
  (void)state;
  static const int64_t square[] = {16, 8};
  open_problem(square, materials[3], "0", "left: {type: neumann, flux: -4}, top: {type: neumann, flux: 2.5}");
  noisy_rig r;
  double flows[HEAT_SIDES];
  open_noisy(&r, (rig_setting){.depth = 1});
  assert_int_equal(heat_operator_flows(&r.made.op, r.each[0], 0, flows).code, HEAT_OK);
  assert_true(flows[HEAT_RIGHT] == 0 && flows[HEAT_BOTTOM] == 0);
  assert_true(fabs(flows[HEAT_LEFT] + 4 * 1.2) <= 1e-14 && fabs(flows[HEAT_TOP] - 2.5) <= 1e-14);
  close_noisy(&r);
  close_problem();
}

/* An operator with a wrong value in one cell: all ranks return the same failure, though only one has the cell. */
static void check_refused(const char *material, const char *source, const char *walls, const char *says) {
  open_problem(shapes[0], material, source, walls);
  rig r;
  heat_runtime runtime;
  heat_operator op;
  open_rig(&r, of_deck((rig_setting){.up_to = RIG_GRID}, shapes[0]));
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  const heat_status status = heat_operator_create(&op, &(heat_discretisation){&r.problem, &r.grid, 2, 1}, &runtime);
  assert_true(everywhere(status.code == HEAT_DECK));
  assert_true(everywhere(strstr(status.text, says) != NULL));
  heat_operator_destroy(&op);
  heat_runtime_destroy(&runtime);
  close_rig(&r);
  close_problem();
}

static void coefficients_that_cannot_be_are_refused_on_all_ranks(void **state) {
  (void)state;
  check_refused("material: {diffusivity: 'x < 0.95 || y < 1.1 ? 1 : -1'}", "0", "",
                "material.diffusivity: is -1 at x = 0.961538, y = 1.14545");
  check_refused("material: {diffusivity: 1}", "'x > 0.05 ? 1 : sqrt(-1)'", "", "source: is ");
  check_refused("material: {diffusivity: 1}", "0", "top: {type: dirichlet, value: 'x > 0.05 ? 1 : sqrt(-1)'}",
                "boundary.top.value: is ");
  check_refused("material: {diffusivity: '1e200*1e108*(1 + 0*x)'}", "0", "",
                "material: gives a spectral bound of inf 1/s");
}

/* A source that fails at a later time in the cells of one rank: all ranks go through the list to its end, and none
 * hangs. */
static void an_expression_that_fails_in_time_is_this_ranks_own_failure(void **state) {
  (void)state;
  open_problem(shapes[0], materials[0], "'x > 0.05 ? t : sqrt(0.15 - t)'", sides[0]);
  noisy_rig r;
  heat_stage list[8];
  open_noisy(&r, (rig_setting){.depth = 2});
  const int count = mixed_list(0.1 / heat_operator_bounds(&r.made.op).spectral, list);
  const heat_status mine = heat_operator_apply(&r.made.op, list, count, r.each);
  const bool has_column = r.made.grid.owned.lo[HEAT_X] == 0;
  assert_true(everywhere(!has_column || mine.code == HEAT_DECK));
  const heat_status agreed = heat_agree(MPI_COMM_WORLD, mine);
  assert_true(everywhere(agreed.code == HEAT_DECK && strstr(agreed.text, "t = 0.2") != NULL));
  double rate;
  assert_true(everywhere(heat_operator_rate(&r.made.op, r.each[0], 0.3, &rate).code == HEAT_DECK));
  close_noisy(&r);
  close_problem();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_nan_in_any_cell_makes_the_rate_infinite_on_all_ranks),
      cmocka_unit_test(the_operator_is_self_adjoint_and_lets_no_heat_appear),
      cmocka_unit_test(the_bounds_are_those_of_the_matrix),
      cmocka_unit_test(walls_that_will_change_are_bounded_for_all_time),
      cmocka_unit_test(the_spectrum_lies_below_the_bound),
      cmocka_unit_test(the_bound_is_attained_by_the_checkerboard),
      cmocka_unit_test(flows_are_those_across_the_walls),
      cmocka_unit_test(a_prescribed_flux_flows_to_the_bit),
      cmocka_unit_test(coefficients_that_cannot_be_are_refused_on_all_ranks),
      cmocka_unit_test(an_expression_that_fails_in_time_is_this_ranks_own_failure),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
