/* Steps by error control: they end at jumps in time, the error is about the tolerance, and steps that were rejected
 * leave no heat. */
#include "harness.h"
#include "implicit.h"

/* To the last digit; what is smooth has none. */
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

/* Up to `end` by error control: steps end at all jumps on the way, and those that were rejected leave no heat. */
static count adapt(rig *r, double end) {
  heat_clock clock = heat_clock_create_free(0, 0, 0, end);
  const outcome before = outcome_of(r);
  const heat_stepper *stepper = &r->stepper;
  count steps = {0, 0};
  int landed = 0, jumps = 0;
  while (clock.last > clock.anchor_step) {
    const heat_status status = heat_stepper_advance(&r->stepper, &clock, clock.anchor_step, clock.anchor_step + 1);
    assert_string_equal(status.text, "");
    assert_int_equal(stepper->done.taken, 1);
    heat_clock_reach(&clock, stepper->done.time);
    steps.taken++;
    steps.rejected += stepper->done.rejected;
    for (int n = 0; n < stepper->jump_count; n++)
      landed += stepper->jumps[n].behind >= clock.anchor_time && stepper->jumps[n].behind <= clock.anchor_time;
  }
  assert_true(clock.anchor_time == end);
  for (int n = 0; n < stepper->jump_count; n++) jumps += stepper->jumps[n].behind <= end;
  assert_int_equal(landed, jumps);
  assert_balanced(r, before);
  return steps;
}

static double *adapted(int method, const char *problem, double tolerance, count *steps) {
  char deck[2048];
  rig r;
  snprintf(deck, sizeof deck, "time: {end: 1, tolerance: %g, solver: {tolerance: 1e-10}}\n%s", tolerance, problem);
  open_rig(&r,
           (rig_setting){.deck = deck, .cells = {16, 16}, .alone = true, .depth = 1, .method = &heat_methods[method]});
  *steps = adapt(&r, 1);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

/* Of problems with a jump in the start, in a side and in a source, with layers, and with what swings. */
static void the_error_is_about_the_tolerance(void **state) {
  (void)state;
  enum { CELLS = 16 * 16, PROBLEMS = 2, TOLERANCES = 3 };
  static const char *const problems[PROBLEMS] = {
      "material: {diffusivity: 1}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\nsource: 't > 0.7 ? 3 : 0'\n"
      "boundary: {left: {type: dirichlet, value: sin(9*t)}, "
      "right: {type: robin, coefficient: 3, ambient: 't < 0.8 ? 0 : 1'}}\n",
      "material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
      "regions: [{shape: rectangle, min: [0.3, 0], max: [0.5, 1], diffusivity: 0.001}]\n"
      "boundary: {left: {type: dirichlet, value: 1}, top: {type: robin, coefficient: 0.1, ambient: 0.3}}\n"};
  static const int methods[] = {HEAT_METHOD_BACKWARD_EULER, HEAT_METHOD_TR_BDF2};
  bool good = true, rejected = false;
  for (int n = 0; n < 2 * PROBLEMS; n++) {
    if (!is_mine(n)) continue;
    const bool first = n < PROBLEMS;
    const char *problem = problems[n % PROBLEMS];
    count steps;
    double *reference = adapted(HEAT_METHOD_TR_BDF2, problem, 1e-6, &steps);
    rejected = rejected || steps.rejected > 0;
    for (int k = 1; k <= (first ? 2 : TOLERANCES + 1); k++) {
      const double tolerance = pow(10, first ? -0.5 * k - 1 : -k - 1);
      double *u = adapted(methods[!first], problem, tolerance, &steps);
      for (int64_t cell = 0; cell < CELLS; cell++) u[cell] -= reference[cell];
      const double error = largest(u, CELLS);
      if (!(error < 10 * tolerance && error > tolerance / 20))
        print_error("%s: error %g for a tolerance of %g in:\n%s", heat_method_names[methods[!first]], error, tolerance,
                    problem);
      good = good && error < 10 * tolerance && error > tolerance / 20;
      free(u);
    }
    free(reference);
  }
  assert_true(everywhere(good));
  assert_false(everywhere(!rejected)); /* so that it is seen what those leave */
}

/* The estimate is of the order of the error of one step: for a tolerance of a hundredth, a method of second order takes
 * ten times as many steps where all is smooth. */
static void steps_go_with_the_root_of_the_tolerance(void **state) {
  (void)state;
  char deck[2048];
  bool good = true;
  for (int n = 0; n < ENCLOSURES; n++) {
    count rough, fine;
    if (!is_mine(n)) continue;
    write_deck(deck, 0, n);
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-3, &rough));
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-5, &fine));
    const double ratio = (double)fine.taken / (double)rough.taken;
    if (!(ratio > 5 && ratio < 15)) print_error("%g times as many steps in:\n%s", ratio, deck);
    good = good && ratio > 5 && ratio < 15;
  }
  assert_true(everywhere(good));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(jumps_in_time_are_found),
      cmocka_unit_test(the_error_is_about_the_tolerance),
      cmocka_unit_test(steps_go_with_the_root_of_the_tolerance),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
