/* Error control of all methods that have it: steps end at jumps in time, the error is about the tolerance, rejected
 * steps leave no trace in the heat balance, and steps are the same on any number of ranks and after any stop. */
#include "harness.h"
#include "implicit.h"

/* Jumps are found to the last digit; smooth functions have none. */
static void jumps_in_time_are_found(void **state) {
  (void)state;
  static const double expected[] = {0.1, 0.25, 0.35, 0.5, 0.6, 0.7, 0.75, 0.85, 1};
  enum { EXPECTED = sizeof expected / sizeof *expected };
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 0}\nsource: 'x*(t > 0.7 ? 3 : 0)'\n"
                             "boundary: {left: {type: dirichlet, value: 'mod(t, 0.25) < 0.1'}, "
                             "top: {type: dirichlet, value: sin(40*t)}}";
  rig r;
  open_implicit(
      &r, (rig_setting){.deck = deck, .method = &heat_methods[HEAT_METHOD_TR_BDF2], .cells = {5, 5}, .alone = true},
      1e-12, ENOUGH);
  assert_int_equal(r.stepper.jump_count, EXPECTED);
  for (int n = 0; n < EXPECTED; n++) {
    const heat_jump jump = r.stepper.jumps[n];
    assert_true(fabs(jump.behind - expected[n]) < 1e-15 && jump.behind == nextafter(jump.before, 1));
  }
  close_rig(&r);
}

typedef struct count {
  int64_t taken, rejected;
} count;

enum { SIDE = 12, INSTANTS = 5 }; /* cells along each axis */
static const double instants[INSTANTS] = {0.01, 0.1, 0.3, 0.75, 1};

/* Go to t = 1 by error control, and keep the solutions at some times: steps end at all jumps, and rejected steps leave
 * no trace in the heat balance. */
static count adapt(rig *r, double *seen) {
  heat_clock clock = heat_clock_create_free(0, 0, 0, 1);
  const outcome before = outcome_of(r);
  const heat_stepper *stepper = &r->stepper;
  count steps = {0, 0};
  int landed = 0, next = 0;
  while (clock.last > clock.anchor_step) {
    clock.target = instants[next];
    const heat_status status = heat_stepper_advance(&r->stepper, &clock, clock.anchor_step, clock.anchor_step + 1);
    assert_string_equal(status.text, "");
    assert_int_equal(stepper->done.taken, 1);
    heat_clock_reach(&clock, stepper->done.time);
    steps.taken++;
    steps.rejected += stepper->done.rejected;
    for (int n = 0; n < stepper->jump_count; n++)
      landed += stepper->jumps[n].behind >= clock.anchor_time && stepper->jumps[n].behind <= clock.anchor_time;
    assert_true(clock.anchor_time <= instants[next]);
    if (clock.anchor_time < instants[next]) continue;
    double *now = gather(r);
    memcpy(seen + (ptrdiff_t)next++ * SIDE * SIDE, now, SIDE * SIDE * sizeof *now);
    free(now);
  }
  assert_int_equal(next, INSTANTS);
  assert_int_equal(landed, stepper->jump_count);
  assert_balanced(r, before);
  return steps;
}

static double *adapted(int method, const char *problem, double tolerance, count *steps) {
  char deck[2048];
  rig r;
  snprintf(deck, sizeof deck, "time: {end: 1, tolerance: %g}\n%s", tolerance, problem);
  open_rig(&r, (rig_setting){
                   .deck = deck, .cells = {SIDE, SIDE}, .alone = true, .depth = 1, .method = &heat_methods[method]});
  double *seen = malloc(INSTANTS * SIDE * SIDE * sizeof *seen);
  assert_non_null(seen);
  *steps = adapt(&r, seen);
  close_rig(&r);
  return seen;
}

/* Stiff problems: with a jump in the initial field, in a side and in a source; with layers; and with oscillations in a
 * material that conducts a hundred times as well along y as along x. */
static const char *const stiff[] = {
    "material: {diffusivity: 1}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\nsource: 't > 0.7 ? 3 : 0'\n"
    "boundary: {left: {type: dirichlet, value: sin(9*t)}, "
    "right: {type: robin, coefficient: 3, ambient: 't < 0.8 ? 0 : 1'}}\n",
    "material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
    "regions: [{shape: rectangle, min: [0.3, 0], max: [0.5, 1], diffusivity: 0.001}]\n"
    "boundary: {left: {type: dirichlet, value: 1}, top: {type: robin, coefficient: 0.1, ambient: 0.3}}\n",
    "material: {conductivity: [0.03, 3], density: '2 - x', heat_capacity: 1}\ninitial: {temperature: 'y*y'}\n"
    "source: 'x*cos(7*t)'\nboundary: {left: {type: dirichlet, value: 'y*cos(5*t)'}, bottom: {type: neumann, flux: "
    "sin(6*t)}}\n"};
enum { STIFF = sizeof stiff / sizeof *stiff };

/* Tolerances are powers of ten, as far as they take few steps. */
static void the_error_is_about_the_tolerance(void **state) {
  (void)state;
  static const int finest[HEAT_METHODS][STIFF] = {[HEAT_METHOD_RKL2] = {3, 4, 4},
                                                  [HEAT_METHOD_BACKWARD_EULER] = {2, 2, 2},
                                                  [HEAT_METHOD_CRANK_NICOLSON] = {3, 4, 4},
                                                  [HEAT_METHOD_TR_BDF2] = {4, 5, 7}};
  enum { VALUES = INSTANTS * SIDE * SIDE };
  const double far = 10;
  bool good = true, rejected = false;
  for (int n = 0; n < STIFF * HEAT_METHODS; n++) {
    const int method = n / STIFF, last = finest[method][n % STIFF];
    const char *problem = stiff[n % STIFF];
    count steps;
    if (!heat_method_adapts(&heat_methods[method]) || !is_mine(n)) continue;
    if (!is_taken(n % STIFF + STIFF - method % STIFF, STIFF)) continue; /* each method has one of the problems */
    double *reference = adapted(HEAT_METHOD_TR_BDF2, problem, pow(10, -fmax(last, 3) - 0.5), &steps);
    for (int k = last > 2 ? 2 : 1; k <= last; k++) {
      const double tolerance = pow(10, -k);
      double *u = adapted(method, problem, tolerance, &steps);
      rejected = rejected || steps.rejected > 0;
      for (int64_t cell = 0; cell < VALUES; cell++) u[cell] -= reference[cell];
      const double error = largest(u, VALUES);
      const bool fits = error < far * tolerance && error > tolerance / far;
      if (!fits)
        print_error("%s: error %g for a tolerance of %g in:\n%s", heat_method_names[method], error, tolerance, problem);
      good = good && fits;
      free(u);
    }
    free(reference);
  }
  assert_true(everywhere(good));
  assert_false(everywhere(!rejected)); /* so that rejected steps are tested */
}

/* The estimate is of the order of the error of one step: for a tolerance of a hundredth, a method of second order takes
 * ten times as many steps where all is smooth. */
static void steps_go_with_the_root_of_the_tolerance(void **state) {
  (void)state;
  char deck[2048];
  bool good = true;
  for (int n = 0; n < ENCLOSURES; n++) {
    count rough, fine;
    if (!is_taken(n, 3) || !is_mine(n)) continue;
    write_deck(deck, 0, n);
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-3, &rough));
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-5, &fine));
    const double ratio = (double)fine.taken / (double)rough.taken;
    if (!(ratio > 5 && ratio < 15)) print_error("%g times as many steps in:\n%s", ratio, deck);
    good = good && ratio > 5 && ratio < 15;
  }
  assert_true(everywhere(good));
}

/* Do all steps with one stepper, or each step with a new one, which knows only what a checkpoint holds. */
static double *adapted_in_pieces(rig_setting set, bool whole, outcome *all, int64_t *steps) {
  rig r;
  open_rig(&r, set);
  heat_clock clock = heat_clock_create_free(0, 0, 0, 1);
  while (clock.last > clock.anchor_step) {
    const heat_status status = heat_stepper_advance(&r.stepper, &clock, clock.anchor_step, clock.anchor_step + 1);
    assert_string_equal(status.text, "");
    heat_clock_reach(&clock, r.stepper.done.time);
    if (whole) continue;
    heat_stepper next;
    assert_int_equal(heat_stepper_create(&next, r.stepper.method, &r.op).code, HEAT_OK);
    const heat_box owned = r.grid.owned;
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      memcpy(heat_field_at(heat_stepper_solution(&next), owned.lo[HEAT_X], j),
             heat_field_at(heat_stepper_solution(&r.stepper), owned.lo[HEAT_X], j),
             (size_t)heat_box_width(owned, HEAT_X) * sizeof(double));
    heat_stepper_solution(&next)->valid = 0;
    next.control = r.stepper.control;
    heat_stepper_destroy(&r.stepper);
    r.stepper = next;
    clock = heat_clock_create_free(clock.anchor_time, clock.anchor_step, clock.dt, 1);
  }
  double *solution = gather(&r);
  *all = outcome_of(&r);
  *steps = clock.anchor_step;
  close_rig(&r);
  return solution;
}

static void steps_by_error_control_are_the_same_on_any_ranks_and_after_any_stop(void **state) {
  (void)state;
  enum { CELLS = 13 * 11 };
  for (int method = 0; method < HEAT_METHODS; method++) {
    char deck[2048];
    if (!heat_method_adapts(&heat_methods[method])) continue;
    snprintf(deck, sizeof deck,
             "time: {end: 1, tolerance: 1e-2}\n%s%sboundary: {%s, right: {type: dirichlet, value: 't "
             "< 0.4 ? 0 : 2'}}\n",
             materials[method % MATERIALS], gentle, enclosures[2]);
    rig_setting set = {.deck = deck, .method = &heat_methods[method], .cells = {13, 11}, .alone = true, .depth = 1};
    outcome counts[2];
    int64_t steps[2];
    double *alone = adapted_in_pieces(set, true, &counts[0], &steps[0]);
    set.alone = false;
    set.depth = 2;
    double *pieces = adapted_in_pieces(set, false, &counts[1], &steps[1]);
    if (steps[0] != steps[1])
      print_error("%s: %d and %d steps\n", heat_method_names[method], (int)steps[0], (int)steps[1]);
    assert_true(everywhere(steps[0] == steps[1] && steps[0] > 5));
    assert_true(everywhere(memcmp(alone, pieces, CELLS * sizeof *alone) == 0));
    assert_true(everywhere(memcmp(&counts[0], &counts[1], sizeof counts[0]) == 0));
    free(alone);
    free(pieces);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(jumps_in_time_are_found),
      cmocka_unit_test(the_error_is_about_the_tolerance),
      cmocka_unit_test(steps_go_with_the_root_of_the_tolerance),
      cmocka_unit_test(steps_by_error_control_are_the_same_on_any_ranks_and_after_any_stop),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
