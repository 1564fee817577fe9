/* The predicted time of a run: compared with timed steps, and laws about what costs more. */
#include "app/forecast.h"

#include "harness.h"
#include "scene.h"
#include "thinned.h"

#include <math.h>

static heat_runtime runtime;
static heat_setup setup;
static heat_survey survey;

static int enter(void **state) {
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  return enter_place(state);
}

static int leave(void **state) {
  heat_runtime_destroy(&runtime);
  return leave_place(state);
}

/* Make the plan of a deck to which `more` is appended. Its setup has to be destroyed. */
static heat_plan plan_of(const char *cells, const char *more, int ranks) {
  char deck[1024];
  double dt;
  snprintf(deck, sizeof deck, "domain: {size: [1, 1], cells: [%s]}\ninitial: {temperature: 1}\n%s", cells, more);
  write_file("deck.yaml", deck);
  const heat_options options = {.deck = "deck.yaml"};
  heat_status status = heat_setup_create(&setup, &runtime, &options, 0);
  assert_string_equal(status.text, "");
  assert_int_equal(heat_survey_take(&survey, &setup).code, HEAT_OK);
  const heat_limits limits = heat_method_limits(setup.method, survey.bounds);
  assert_int_equal(heat_setup_step(&setup, limits, &dt).code, HEAT_OK);
  heat_plan plan = {.problem = &setup.problem,
                    .grid = &setup.grid,
                    .method = setup.method,
                    .clock = heat_setup_clock(&setup, dt),
                    .limits = limits,
                    .depth = setup.depth,
                    .threads = 1,
                    .ranks = ranks > 0 ? ranks : setup.grid.size};
  assert_int_equal(heat_forecast_make(&plan, &setup, &survey, &runtime).code, HEAT_OK);
  return plan;
}

static int compare_times(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

/* Cell updates per second of a run of that deck's steps: some of those that solve a linear system, many others. The
 * median of several stretches, so that a moment of other work on the machine does not count. */
static double real_rate(const heat_plan *plan) {
  enum { STRETCHES = 40 };
  const bool solves = setup.method->step != NULL;
  const int64_t length = solves ? 1 : HEAT_BATCH;
  const int64_t stretches = plan->clock.last / length < STRETCHES ? plan->clock.last / length : STRETCHES;
  double times[STRETCHES];
  heat_operator op;
  heat_stepper stepper;
  assert_int_equal(
      heat_operator_create(&op, &(heat_discretisation){&setup.problem, &setup.grid, setup.depth, 1}, &runtime).code,
      HEAT_OK);
  assert_int_equal(heat_stepper_create(&stepper, setup.method, &op).code, HEAT_OK);
  assert_int_equal(heat_stepper_start(&stepper).code, HEAT_OK);
  for (int64_t n = 0; n < stretches; n++) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = MPI_Wtime();
    assert_int_equal(heat_stepper_advance(&stepper, &plan->clock, n * length, (n + 1) * length).code, HEAT_OK);
    MPI_Barrier(MPI_COMM_WORLD);
    times[n] = MPI_Wtime() - start;
  }
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  qsort(times, (size_t)stretches, sizeof *times, compare_times);
  return (double)heat_box_cells(setup.grid.domain) * (double)length / times[stretches / 2];
}

static const char uniform[] = "material: {diffusivity: 1}\ntime: {end: 1}\n",
                  busy[] = "material: {diffusivity: 1}\ntime: {end: 1}\nsource: 'sin(3*x + t)*cos(y)'\n",
                  walls[] = "material: {diffusivity: '1 + x'}\ntime: {end: 1}\n"
                            "boundary: {left: {type: dirichlet, value: 'sin(t)*y'}, top: {type: robin, coefficient: 3, "
                            "ambient: '1 + sin(t + x)'}}\n",
                  solves[] = "material: {diffusivity: '1 + 99*(x > 0.5)'}\n"
                             "time: {end: 1, method: backward-euler, step: 1e-3}\n",
                  one_solve[] = "material: {diffusivity: '1 + 99*(x > 0.5)'}\ntime: {end: 1, method: steady}\n"
                                "boundary: {left: {type: dirichlet, value: 1}, top: {type: dirichlet, value: 0}}\n";

static void steps_of_this_deck_are_timed(void **state) {
  (void)state;
  static const char *const decks[] = {uniform, busy, walls, solves, one_solve};
  /* The machine may be busy during one of the two measurements, so that the best of each counts. With sanitizers other
   * tests run at the same time, and code with and without checks differs too much. */
  const int attempts = IS_SANITIZED ? 1 : 8;
  const double most = 3;
  for (size_t n = 0; n < sizeof decks / sizeof *decks; n++) {
    if (!is_taken((int64_t)n, 3)) continue;
    double ratio = 0, plans = 0, real = 0;
    for (int attempt = 0; attempt < attempts && (ratio > most || ratio < 1 / most); attempt++) {
      const heat_plan plan = plan_of("160, 120", decks[n], 0);
      plans = fmax(plans, plan.rate);
      real = fmax(real, real_rate(&plan));
      ratio = plans / real;
      MPI_Bcast(&ratio, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
      heat_setup_destroy(&setup);
    }
    if (ratio > most || ratio < 1 / most) print_error("deck %d: %g times as fast\n", (int)n, ratio);
    assert_true(IS_SANITIZED || (ratio < most && ratio > 1 / most));
  }
}

/* There is no forecast if the solver does not converge; the run will report that. */
static void a_solve_that_fails_is_not_forecast(void **state) {
  (void)state;
  char deck[512];
  snprintf(deck, sizeof deck, "%s", one_solve);
  char *at = strstr(deck, "steady}");
  assert_non_null(at);
  snprintf(at, sizeof deck - (size_t)(at - deck), "steady, solver: {iterations: 1}}\n%s",
           strstr(one_solve, "boundary"));
  const heat_plan plan = plan_of("160, 120", deck, 0);
  assert_true(plan.rate == 0);
  heat_setup_destroy(&setup);
}

static void all_ranks_are_told_the_same_rate(void **state) {
  (void)state;
  static const char *const cells[] = {"160, 120", "5000, 3000", "1000000, 1000000"};
  static const int ranks[] = {0, 6, 1000};
  for (size_t n = 0; n < sizeof cells / sizeof *cells; n++) {
    if (!is_taken((int64_t)n, 2)) continue;
    const heat_plan plan = plan_of(cells[n], walls, ranks[n]);
    double ends[2] = {-plan.rate, plan.rate};
    MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    assert_true(ends[1] == -ends[0]);
    assert_true(plan.rate > 1e4 && plan.rate < 1e13);
    heat_setup_destroy(&setup);
  }
}

/* A hundredth of a grid that is too large to be measured as a whole costs more when its source depends on time. */
static void a_part_of_a_large_grid_stands_for_all(void **state) {
  (void)state;
  if (IS_SANITIZED) return; /* this test only compares times */
  const heat_plan plain = plan_of("6000, 5000", uniform, 0);
  heat_setup_destroy(&setup);
  const heat_plan slow = plan_of("6000, 5000", busy, 0);
  heat_setup_destroy(&setup);
  const double at_least = 3;
  assert_true(slow.rate < plain.rate / at_least);
}

static void files_cost_by_number_and_size(void **state) {
  (void)state;
  static const char *const outputs[] = {
      "output: {every: 0}\n",
      "output: {every: 0.1}\n",
      "output: {every: 0.01}\n",
      "output: {every: 0.01, images: {width: 64}}\n",
      "output: {every: 0.01, images: {width: 2048}}\n",
      "output: {every: 0.01, images: {width: 2048}}\ncheckpoint: {every: {steps: 1}}\n"};
  double before = 0;
  for (size_t n = 0; n < sizeof outputs / sizeof *outputs; n++) {
    char deck[512];
    snprintf(deck, sizeof deck, "%s%s", uniform, outputs[n]);
    const heat_plan plan = plan_of("160, 120", deck, 0);
    assert_true(plan.file_seconds > before);
    assert_true(plan.start_seconds >= 0 && plan.start_seconds < 60);
    before = plan.file_seconds;
    heat_setup_destroy(&setup);
  }
}

/* Return the step at which a run of that plan's deck is found to be steady; 0 if it is not. */
enum { LOOK = 100 };
static int64_t steady_step(const heat_plan *plan) {
  heat_operator op;
  heat_stepper stepper;
  heat_steady steady = heat_steady_create(setup.config);
  assert_int_equal(
      heat_operator_create(&op, &(heat_discretisation){&setup.problem, &setup.grid, setup.depth, 1}, &runtime).code,
      HEAT_OK);
  assert_int_equal(heat_stepper_create(&stepper, setup.method, &op).code, HEAT_OK);
  assert_int_equal(heat_stepper_start(&stepper).code, HEAT_OK);
  const heat_extent first = heat_field_extent(heat_stepper_solution(&stepper), &setup.grid);
  bool is_steady = false;
  int64_t step = 0;
  while (!is_steady && step + LOOK <= plan->clock.last) {
    heat_stepper_advance(&stepper, &plan->clock, step, step + LOOK);
    step += LOOK;
    heat_steady_look(&steady, &op, heat_stepper_solution(&stepper), heat_clock_time(&plan->clock, step), first.min,
                     first.max, &is_steady);
  }
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  return is_steady ? step : 0;
}

/* If a run is steady before its end, the plan has the steps up to that time: exactly on a grid of few cells, and as an
 * estimate on a finer grid. */
static void a_run_that_becomes_steady_ends_there(void **state) {
  (void)state;
  static const char held[] = "material: {diffusivity: 1}\ntime: {end: 10, %s}\n"
                             "boundary: {left: {type: dirichlet, value: 0}, top: {type: dirichlet, value: '%s'}}\n";
  static const char *const cases[][2] = {{"steady: 1e-3", "20"},
                                         {"steady_relative: 1e-4", "20"},
                                         {"steady: 1e-3, steady_relative: 1e-2", "20"},
                                         {"steady: 1e-3, steady_after: 4", "20"},
                                         {"steady_relative: 1e-4", "t < 3 ? 5 : 20"},
                                         {"steady_relative: 1e-4, steady_after: 0", "20 + 1e-6*sin(t)"}};
  const double most = 1.3;
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char deck[512];
    if (!is_taken((int64_t)n, 4)) continue;
    snprintf(deck, sizeof deck, held, cases[n][0], cases[n][1]);
    heat_plan plan = plan_of("20, 16", deck, 0);
    const int64_t step = steady_step(&plan);
    const double time = (double)step * plan.clock.dt;
    assert_true(step > 0 && llabs(plan.steady_steps - step) <= LOOK);
    heat_setup_destroy(&setup);
    plan = plan_of("300, 240", deck, 0);
    const double fine = (double)plan.steady_steps * plan.clock.dt;
    if (!(fine < most * time && fine > time / most))
      print_error("%s: %g s, and %g on a finer grid\n", deck, time, fine);
    assert_true(fine < most * time && fine > time / most);
    heat_setup_destroy(&setup);
  }
  static const char *const never[] = {"material: {diffusivity: 1}\ntime: {end: 10, steady: 1e-3}\n"
                                      "boundary: {left: {type: dirichlet, value: '20*sin(t)'}}\n",
                                      "material: {diffusivity: 1}\ntime: {end: 10, steady: 1e-3, steady_after: 11}\n"
                                      "boundary: {left: {type: dirichlet, value: 0}}\n",
                                      "material: {diffusivity: 1}\ntime: {end: 0.1, steady_relative: 1e-4}\n"
                                      "boundary: {left: {type: dirichlet, value: 0}}\n"};
  for (size_t n = 0; n < sizeof never / sizeof *never; n++) {
    assert_true(plan_of("20, 16", never[n], 0).steady_steps == 0);
    heat_setup_destroy(&setup);
  }
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(steps_of_this_deck_are_timed),     LAW(a_solve_that_fails_is_not_forecast),
                                     LAW(all_ranks_are_told_the_same_rate), LAW(a_part_of_a_large_grid_stands_for_all),
                                     LAW(files_cost_by_number_and_size),    LAW(a_run_that_becomes_steady_ends_there)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
