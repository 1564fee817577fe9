/* Laws for every implicit method of the table: the same bits for every layout and stop; Fourier modes decay by exactly
 * its factor; its order in time for each type of side and material, as for the explicit methods; the heat is balanced
 * up to rounding, whatever residual the solver leaves; rough data decay; the maximum principle up to its limit; a
 * solver that does not converge is reported and changes nothing. */
#include "harness.h"
#include "implicit.h"

static const double pi = 3.141592653589793;

static double *after(int method, const char *deck, int64_t steps) {
  rig r;
  open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[method], .cells = {9, 7}, .alone = true}, 1e-12,
                ENOUGH);
  take_steps(&r, 1 / (double)steps, steps);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

static void time_has_the_order_of_the_method(void **state) {
  (void)state;
  enum { CELLS = 9 * 7, COARSE = 16, STABLE = 512 };
  bool good = true;
  for (int n = 0; n < HEAT_METHOD_STEADY * MATERIALS * ENCLOSURES; n++) {
    const int method = n / (MATERIALS * ENCLOSURES), coarse = method < HEAT_EXPLICIT_METHODS ? STABLE : COARSE;
    char deck[2048];
    write_deck(deck, n % MATERIALS, n / MATERIALS % ENCLOSURES);
    double *u[3];
    if (!is_taken(n, 7) || !is_mine(n)) continue;
    for (int k = 0; k < 3; k++) u[k] = after(method, deck, coarse << k);
    for (int64_t cell = 0; cell < CELLS; cell++) {
      u[0][cell] -= u[1][cell];
      u[1][cell] -= u[2][cell];
    }
    const double order = log2(largest(u[0], CELLS) / largest(u[1], CELLS));
    if (!(fabs(order - heat_methods[method].order) < 0.25))
      print_error("%s has order %g in:\n%s", heat_method_names[method], order, deck);
    good = good && fabs(order - heat_methods[method].order) < 0.25;
    for (int k = 0; k < 3; k++) free(u[k]);
  }
  assert_true(everywhere(good));
}

/* The factor by which one step multiplies a mode whose rate of decay times dt is z. */
static double factor(int method, double z, bool damped) {
  const double gamma = 2 - sqrt(2);
  const double middle = (1 - gamma * z / 2) / (1 + gamma * z / 2);
  switch (method) {
  case HEAT_METHOD_BACKWARD_EULER:
    return 1 / (1 + z);
  case HEAT_METHOD_CRANK_NICOLSON:
    return damped ? 1 / ((1 + z / 2) * (1 + z / 2)) : (1 - z / 2) / (1 + z / 2);
  default:
    return (middle - (1 - gamma) * (1 - gamma)) / (gamma * (2 - gamma)) / (1 + (1 - gamma) / (2 - gamma) * z);
  }
}

static void modes_decay_by_exactly_the_factor_of_the_method(void **state) {
  (void)state;
  enum { NX = 12, NY = 9, STEPS = 4 };
  static const char deck[] = "material: {diffusivity: [1, 0.4]}\ninitial: {temperature: sin(3*pi*x)*cos(2*pi*y)}\n"
                             "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}}\n";
  static const double steps[] = {1e-3, 0.1, 30};
  const double kx = 2 * NX * sin(3 * pi / 2 / NX), ky = 2 * NY * sin(2 * pi / 2 / NY);
  const double decay = kx * kx + 0.4 * ky * ky;
  bool good = true;
  for (int method = HEAT_EXPLICIT_METHODS; method < HEAT_METHOD_STEADY; method++)
    for (int n = 0; n < (int)(sizeof steps / sizeof *steps); n++) {
      rig r;
      if (!is_mine(n)) continue;
      open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[method], .cells = {NX, NY}, .alone = true},
                    1e-14, ENOUGH);
      double *before = gather(&r), expected = 1;
      take_steps(&r, steps[n], STEPS);
      double *now = gather(&r), error = 0;
      for (int step = 0; step < STEPS; step++) expected *= factor(method, steps[n] * decay, step < 2);
      for (int cell = 0; cell < NX * NY; cell++) error = fmax(error, fabs(now[cell] - expected * before[cell]));
      if (!(error < 1e-13)) print_error("%s, dt %g: error %g\n", heat_method_names[method], steps[n], error);
      good = good && error < 1e-13;
      free(before);
      free(now);
      close_rig(&r);
    }
  assert_true(everywhere(good));
}

/* A step that is long compared with all decay times: a jump has disappeared, and the result is between the temperatures
 * of the walls. */
static void a_jump_does_not_ring(void **state) {
  (void)state;
  enum { N = 16, STEPS = 3 };
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\n"
                             "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}}\n";
  for (int method = HEAT_EXPLICIT_METHODS; method < HEAT_METHOD_STEADY; method++) {
    rig r;
    open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[method], .cells = {N, N}}, 1e-12, ENOUGH);
    take_steps(&r, 1e4, STEPS);
    double *u = gather(&r);
    assert_true(largest(u, N * N) < 1e-4);
    free(u);
    close_rig(&r);
  }
}

/* Also with a solver that leaves a large residual. */
static void heat_is_balanced_whatever_the_solver_leaves_over(void **state) {
  (void)state;
  static const double tolerances[] = {1e-2, 1e-12};
  for (int n = 0; n < STEPPING * MATERIALS * ENCLOSURES * 2; n++) {
    const int method = HEAT_EXPLICIT_METHODS + n / (MATERIALS * ENCLOSURES * 2);
    char deck[2048];
    if (!is_taken(n, 7)) continue;
    write_deck(deck, n % MATERIALS, n / MATERIALS % ENCLOSURES);
    rig r;
    open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[method], .cells = {13, 11}},
                  tolerances[n / (MATERIALS * ENCLOSURES) % 2], ENOUGH);
    const outcome before = outcome_of(&r);
    take_steps(&r, 0.05, 20);
    assert_balanced(&r, before);
    close_rig(&r);
  }
}

/* Compare all results of a run on one rank and on these ranks. */
static void a_run_has_the_same_bits_on_every_layout_depth_and_stop(void **state) {
  (void)state;
  enum { NX = 9, NY = 7, STEPS = 5 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < STEPPING * MATERIALS; n++) {
    char deck[2048];
    if (!is_taken(n, 4)) continue;
    write_deck(deck, n % MATERIALS, (n + n / MATERIALS) % ENCLOSURES);
    rig_setting set = {.deck = deck,
                       .cells = {NX, NY},
                       .alone = true,
                       .depth = 1,
                       .method = &heat_methods[HEAT_EXPLICIT_METHODS + n / MATERIALS]};
    const heat_clock clock = heat_clock_create(0, 0, 0.1, 0.1 * (STEPS - 0.3));
    rig r;
    open_implicit(&r, set, 1e-12, ENOUGH);
    advance(&r, &clock, 0, STEPS);
    double *expected = gather(&r);
    const outcome all = outcome_of(&r);
    close_rig(&r);
    set.alone = false;
    for (int px = 1; px <= size; px++) {
      if (size % px != 0 || px > NX || size / px > NY) continue;
      set.ranks = (int[HEAT_AXES]){px, size / px};
      for (set.depth = 1; set.depth <= 2; set.depth++) {
        open_implicit(&r, set, 1e-12, ENOUGH);
        for (int64_t from = 0; from < STEPS; from += set.depth)
          advance(&r, &clock, from, from + set.depth < STEPS ? from + set.depth : STEPS);
        double *now = gather(&r);
        const outcome others = outcome_of(&r);
        assert_true(everywhere(memcmp(now, expected, NX * NY * sizeof *now) == 0));
        assert_true(everywhere(memcmp(&others, &all, sizeof all) == 0));
        free(now);
        close_rig(&r);
      }
    }
    free(expected);
  }
}

static bool asks_to_stop(void *context) {
  int *left = context;
  return (*left)-- <= 0;
}

/* Neither the solution nor the heat counts have changed. */
static void assert_as_before(rig *r, const double *before, outcome counts) {
  double *now = gather(r);
  const outcome others = outcome_of(r);
  assert_true(everywhere(memcmp(now, before, (size_t)heat_box_cells(r->grid.domain) * sizeof *now) == 0));
  assert_true(everywhere(memcmp(&others, &counts, sizeof counts) == 0));
  free(now);
}

static void a_step_that_fails_or_is_given_up_changes_nothing(void **state) {
  (void)state;
  for (int n = 0; n < STEPPING * MATERIALS; n++) {
    char deck[2048], expected[64];
    if (!is_taken(n, 4)) continue;
    write_deck(deck, n % MATERIALS, n % ENCLOSURES);
    rig r;
    open_implicit(
        &r,
        (rig_setting){.deck = deck, .method = &heat_methods[HEAT_EXPLICIT_METHODS + n / MATERIALS], .cells = {9, 7}},
        1e-12, 1);
    const heat_clock clock = heat_clock_create(1, 10, 1, 10); /* heat flows from the beginning */
    double *before = gather(&r);
    const outcome counts = outcome_of(&r);
    heat_status status = heat_stepper_advance(&r.stepper, &clock, 10, 12);
    assert_true(everywhere(status.code == HEAT_NUMERICS && r.stepper.done.taken == 0));
    snprintf(expected, sizeof expected, "did not converge in step 11 from t = 1 s");
    assert_true(strstr(status.text, expected) != NULL);
    assert_as_before(&r, before, counts);
    int left = r.grid.rank == r.grid.size - 1 ? 0 : 1000000; /* one rank asks */
    r.stepper.stop = asks_to_stop;
    r.stepper.stop_context = &left;
    status = heat_stepper_advance(&r.stepper, &clock, 10, 12);
    assert_true(everywhere(status.code == HEAT_OK && r.stepper.done.taken == 0));
    assert_as_before(&r, before, counts);
    free(before);
    close_rig(&r);
  }
}

/* Rough data between 0 and 1, and walls at 0, at 1 and with a coefficient: steps up to the monotone limit, or very long
 * ones where there is none, keep every temperature between these; a cell by itself shows that longer ones do not. */
static void the_maximum_principle_holds_up_to_the_limit(void **state) {
  (void)state;
  static const char rough[] =
      "initial: {temperature: 'sin(400*x + 230*y) > 0 ? 1 : 0'}\nboundary: {left: {type: dirichlet, value: 0}, right: "
      "{type: dirichlet, value: 1}, top: {type: robin, coefficient: 9, ambient: 1}}\n";
  static const char hot[] = "material: {diffusivity: 1}\ninitial: {temperature: 1}\nboundary: {left: {type: dirichlet, "
                            "value: 0}, right: {type: dirichlet, value: 0}}\n";
  for (int n = 0; n < STEPPING * MATERIALS; n++) {
    const int method = HEAT_EXPLICIT_METHODS + n / MATERIALS;
    char deck[2048];
    rig r;
    if (!is_taken(n, 4)) continue;
    snprintf(deck, sizeof deck, "%s%s", materials[n % MATERIALS], rough);
    open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[method], .cells = {13, 11}}, 1e-12, ENOUGH);
    const double longest = heat_method_limits(r.stepper.method, heat_operator_bounds(&r.op)).monotone;
    const double dt = isinf(longest) ? 100 : longest;
    /* From a later step on: the first ones are damped. */
    heat_clock clock = heat_clock_create(0, 10, dt, 10 * dt);
    for (int64_t step = 10; step < 16; step++) {
      advance(&r, &clock, step, step + 1);
      const heat_extent now = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
      if (!(now.min >= -1e-11 && now.max <= 1 + 1e-11))
        print_error("%s: %g .. %g in:\n%s", heat_method_names[method], now.min, now.max, deck);
      assert_true(now.min >= -1e-11 && now.max <= 1 + 1e-11);
    }
    close_rig(&r);
    if (isinf(longest) || !is_mine(n)) continue;
    open_implicit(&r, (rig_setting){.deck = hot, .method = &heat_methods[method], .cells = {1, 1}, .alone = true},
                  1e-12, ENOUGH);
    const double limit = heat_method_limits(r.stepper.method, heat_operator_bounds(&r.op)).monotone;
    for (int k = 0; k < 2; k++) {
      assert_int_equal(heat_stepper_start(&r.stepper).code, HEAT_OK);
      clock = heat_clock_create(0, 10, (k == 0 ? 1 : 1.01) * limit, 100 * limit);
      advance(&r, &clock, 10, 11);
      const double u = *heat_field_at(heat_stepper_solution(&r.stepper), 0, 0);
      assert_true(k == 0 ? fabs(u) < 1e-9 : u < -1e-4);
    }
    close_rig(&r);
  }
}

static double *steady(bool alone, const char *deck) {
  rig r;
  open_implicit(
      &r, (rig_setting){.deck = deck, .method = &heat_methods[HEAT_METHOD_STEADY], .cells = {13, 11}, .alone = alone},
      1e-12, ENOUGH);
  take_steps(&r, 1, 1);
  const outcome now = outcome_of(&r);
  assert_true(fabs(now.wall_heat + now.source_heat) <= 1e-9 * now.moved);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

/* Also if the steady state is not unique: then the energy of the start is kept. */
static void the_steady_state_is_the_limit_of_steps(void **state) {
  (void)state;
  enum { CELLS = 13 * 11 };
  static const char *const sides[] = {
      "left: {type: dirichlet, value: y}, top: {type: robin, coefficient: 2, ambient: 3}",
      "left: {type: neumann, flux: 2}, right: {type: neumann, flux: -2}"};
  for (int n = 0; n < 2 * MATERIALS; n++) {
    char deck[2048];
    rig r;
    snprintf(deck, sizeof deck, "%sinitial: {temperature: sin(5*x) + y}\nboundary: {%s}\n", materials[n % MATERIALS],
             sides[n / MATERIALS]);
    open_implicit(&r,
                  (rig_setting){.deck = deck, .method = &heat_methods[HEAT_METHOD_BACKWARD_EULER], .cells = {13, 11}},
                  1e-12, ENOUGH);
    take_steps(&r, 1e5, 4);
    double *limit = gather(&r), *u = steady(false, deck), *alone = steady(true, deck);
    close_rig(&r);
    assert_true(everywhere(memcmp(u, alone, CELLS * sizeof *u) == 0));
    for (int64_t cell = 0; cell < CELLS; cell++) u[cell] -= limit[cell];
    if (!(largest(u, CELLS) < 1e-7)) print_error("differs by %g in:\n%s", largest(u, CELLS), deck);
    assert_true(everywhere(largest(u, CELLS) < 1e-7));
    free(limit);
    free(u);
    free(alone);
  }
}

static void heat_that_does_not_balance_has_no_steady_state(void **state) {
  (void)state;
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 1}\nsource: 3\n"
                             "boundary: {left: {type: neumann, flux: -2}}";
  const heat_clock clock = heat_clock_create(0, 0, 1, 1);
  rig r;
  open_implicit(&r, (rig_setting){.deck = deck, .method = &heat_methods[HEAT_METHOD_STEADY], .cells = {13, 11}}, 1e-12,
                ENOUGH);
  const heat_status status = heat_stepper_advance(&r.stepper, &clock, 0, 1);
  assert_true(everywhere(status.code == HEAT_DECK && strstr(status.text, "and 1 W/m flow in") != NULL));
  close_rig(&r);
}

/* Thin layers that conduct well: with plain cycles alone it were 15 iterations, and 18 where the step along the old
 * direction is lost. The bent pipe of a benchmark jumps as much and needs plain cycles only. */
static void cycles_are_thorough_where_plain_ones_bring_little(void **state) {
  (void)state;
  static const struct {
    const char *conductivity;
    int64_t most;
  } cases[] = {{"mod(floor(y*128), 11) == 3 ? 1000 : mod(floor(y*128), 17) < 5 ? 31.6 : 1", 14},
               {"abs(y - 0.15) < 0.05 && x < 0.6 || abs(x - 0.55) < 0.05 && y > 0.1 ? 1000 : 1", 8}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char deck[512];
    rig r;
    snprintf(deck, sizeof deck,
             "domain: {size: [1, 1], cells: [128, 128]}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\n"
             "material: {conductivity: '%s', density: 1, heat_capacity: 1}\n",
             cases[n].conductivity);
    const rig_setting set = {.deck = deck, .method = &heat_methods[HEAT_METHOD_BACKWARD_EULER], .cells = {128, 128}};
    open_implicit(&r, set, 1e-10, ENOUGH);
    take_steps(&r, 0.1, 1);
    if (r.stepper.done.iterations > cases[n].most)
      print_error("%s: %lld iterations\n", cases[n].conductivity, (long long)r.stepper.done.iterations);
    assert_true(r.stepper.done.iterations > 0 && r.stepper.done.iterations <= cases[n].most);
    close_rig(&r);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time_has_the_order_of_the_method),
      cmocka_unit_test(modes_decay_by_exactly_the_factor_of_the_method),
      cmocka_unit_test(a_jump_does_not_ring),
      cmocka_unit_test(heat_is_balanced_whatever_the_solver_leaves_over),
      cmocka_unit_test(a_run_has_the_same_bits_on_every_layout_depth_and_stop),
      cmocka_unit_test(the_maximum_principle_holds_up_to_the_limit),
      cmocka_unit_test(the_steady_state_is_the_limit_of_steps),
      cmocka_unit_test(heat_that_does_not_balance_has_no_steady_state),
      cmocka_unit_test(a_step_that_fails_or_is_given_up_changes_nothing),
      cmocka_unit_test(cycles_are_thorough_where_plain_ones_bring_little),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
