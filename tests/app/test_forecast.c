/* How long a run will take: against steps that are timed, and as laws of what costs more. */
#include "app/forecast.h"

#include "harness.h"
#include "scene.h"

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

/* `more`: of the deck. The plan's setup is to be destroyed. */
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
  heat_plan plan = {.grid = &setup.grid,
                    .method = setup.method,
                    .clock = heat_clock_create(0, 0, dt, heat_config_real(setup.config, "time.end")),
                    .limits = limits,
                    .depth = setup.depth,
                    .threads = 1,
                    .ranks = ranks > 0 ? ranks : setup.grid.size};
  assert_int_equal(heat_forecast_make(&plan, &setup, &survey, &runtime).code, HEAT_OK);
  return plan;
}

/* Cell updates per second of a run of that deck's steps. */
static double real_rate(const heat_plan *plan) {
  enum { CHAINS = 40 };
  heat_operator op;
  heat_stepper stepper;
  assert_int_equal(heat_operator_create(&op, &setup.grid, &runtime, setup.depth, 1).code, HEAT_OK);
  assert_int_equal(heat_stepper_create(&stepper, setup.method, &op).code, HEAT_OK);
  assert_int_equal(heat_stepper_start(&stepper).code, HEAT_OK);
  const double start = MPI_Wtime();
  for (int64_t n = 0; n < CHAINS; n++)
    heat_stepper_advance(&stepper, &plan->clock, n * HEAT_CHAIN, (n + 1) * HEAT_CHAIN);
  MPI_Barrier(MPI_COMM_WORLD);
  const double seconds = MPI_Wtime() - start;
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  return (double)heat_box_cells(setup.grid.domain) * CHAINS * HEAT_CHAIN / seconds;
}

static const char uniform[] = "material: {diffusivity: 1}\ntime: {end: 1}\n",
                  busy[] = "material: {diffusivity: 1}\ntime: {end: 1}\nsource: 'sin(3*x + t)*cos(y)'\n",
                  walls[] = "material: {diffusivity: '1 + x'}\ntime: {end: 1}\n"
                            "boundary: {left: {type: dirichlet, value: 'sin(t)*y'}, top: {type: robin, coefficient: 3, "
                            "ambient: '1 + sin(t + x)'}}\n";

static void steps_of_this_deck_are_timed(void **state) {
  (void)state;
  static const char *const decks[] = {uniform, busy, walls};
  enum { ATTEMPTS = 5 }; /* the machine may be busy, and be so at one of the two */
  const double most = 3;
  for (size_t n = 0; n < sizeof decks / sizeof *decks; n++) {
    double ratio = 0;
    for (int attempt = 0; attempt < ATTEMPTS && (ratio > most || ratio < 1 / most); attempt++) {
      const heat_plan plan = plan_of("160, 120", decks[n], 0);
      ratio = plan.rate / real_rate(&plan);
      MPI_Bcast(&ratio, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
      heat_setup_destroy(&setup);
    }
    if (ratio > most || ratio < 1 / most) print_error("deck %d: %g times as fast\n", (int)n, ratio);
    assert_true(ratio < most && ratio > 1 / most);
  }
}

static void all_ranks_are_told_the_same_rate(void **state) {
  (void)state;
  static const char *const cells[] = {"160, 120", "5000, 3000", "1000000, 1000000"};
  static const int ranks[] = {0, 6, 1000};
  for (size_t n = 0; n < sizeof cells / sizeof *cells; n++) {
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
  const heat_plan plain = plan_of("6000, 5000", uniform, 0);
  heat_setup_destroy(&setup);
  const heat_plan slow = plan_of("6000, 5000", busy, 0);
  heat_setup_destroy(&setup);
  assert_true(slow.rate < plain.rate / 3);
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

/* Where a run is steady before its end, its steps are counted up to there: exactly on a grid of few cells, and from one
 * on a finer grid. */
static void a_run_that_becomes_steady_ends_there(void **state) {
  (void)state;
  static const char walls_held[] = "material: {diffusivity: 1}\ntime: {end: 10, steady: 1e-3}\n"
                                   "boundary: {left: {type: dirichlet, value: 0}, top: {type: dirichlet, value: 20}}\n",
                    walls_in_time[] = "material: {diffusivity: 1}\ntime: {end: 10, steady: 1e-3}\n"
                                      "boundary: {left: {type: dirichlet, value: '20*sin(t)'}}\n",
                    never[] = "material: {diffusivity: 1}\ntime: {end: 0.1, steady: 1e-3}\n"
                              "boundary: {left: {type: dirichlet, value: 0}}\n";
  enum { LOOK = 100 };
  heat_plan plan = plan_of("20, 16", walls_held, 0);
  heat_operator op;
  heat_stepper stepper;
  assert_int_equal(heat_operator_create(&op, &setup.grid, &runtime, setup.depth, 1).code, HEAT_OK);
  assert_int_equal(heat_stepper_create(&stepper, setup.method, &op).code, HEAT_OK);
  assert_int_equal(heat_stepper_start(&stepper).code, HEAT_OK);
  int64_t step = 0;
  for (double rate = INFINITY; rate >= 1e-3; step += LOOK) {
    assert_true(step < plan.clock.last);
    heat_stepper_advance(&stepper, &plan.clock, step, step + LOOK);
    heat_operator_rate(&op, heat_stepper_solution(&stepper), heat_clock_time(&plan.clock, step + LOOK), &rate);
  }
  heat_stepper_destroy(&stepper);
  heat_operator_destroy(&op);
  assert_true(llabs(plan.steady_steps - step) <= 1);
  const double time = (double)step * plan.clock.dt, most = 1.3;
  heat_setup_destroy(&setup);
  plan = plan_of("300, 240", walls_held, 0);
  const double fine = (double)plan.steady_steps * plan.clock.dt;
  assert_true(fine < most * time && fine > time / most);
  heat_setup_destroy(&setup);
  assert_true(plan_of("20, 16", walls_in_time, 0).steady_steps == 0);
  heat_setup_destroy(&setup);
  assert_true(plan_of("20, 16", never, 0).steady_steps == 0);
  heat_setup_destroy(&setup);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(steps_of_this_deck_are_timed), LAW(all_ranks_are_told_the_same_rate),
                                     LAW(a_part_of_a_large_grid_stands_for_all), LAW(files_cost_by_number_and_size),
                                     LAW(a_run_that_becomes_steady_ends_there)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
