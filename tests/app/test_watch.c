/* The poll between steps: ranks agree on the number of steps until the next poll, on failures, on requests to stop, and
 * on whether a checkpoint is due. The tests pass the time of steps as a number, so that they need not wait. */
#include "app/watch.h"

#include "harness.h"
#include "scene.h"

static const char deck[] = "domain: {size: [1, 1], cells: [8, 6]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n"
                           "checkpoint: {every: {steps: %d, minutes: %g}, keep: %d, final: %s}\n";

static rig made;
static heat_lock lock = {.file = -1};
static heat_saver saver;
static heat_watch watch;

static void open_saver(const char *text) {
  open_rig(&made, (rig_setting){.deck = text});
  const heat_saver_parts parts = {
      .runtime = &made.runtime, .config = made.config, .grid = &made.grid, .lock = &lock, .directory = "."};
  heat_saver_create(&saver, &parts, "", -1);
}

static void open_watch(double minutes, double walltime) {
  char text[512];
  snprintf(text, sizeof text, deck, 0, minutes, 2, "true");
  open_saver(text);
  heat_watch_create(&watch, &made.runtime, &lock, &(heat_options){.walltime = walltime});
}

/* Steps that took `seconds` on the last rank, and half as long on the others. */
static heat_status poll_after(int64_t steps, double seconds) {
  const bool last = made.grid.rank == made.grid.size - 1;
  heat_interval interval = {.steps = steps, .seconds = last ? seconds : seconds / 2, .whole = true};
  return heat_watch_poll(&watch, &saver, heat_ok(), &interval);
}

static void polls_come_twice_a_second_on_the_slowest_rank(void **state) {
  (void)state;
  static const double paces[] = {1e-3, 1e-6, 0.1, 7}; /* s for each step */
  for (size_t n = 0; n < sizeof paces / sizeof *paces; n++) {
    open_watch(0, 0);
    assert_true(heat_watch_interval(&watch) == 1);
    for (int k = 0; k < 20; k++) {
      const int64_t before = heat_watch_interval(&watch);
      assert_int_equal(poll_after(before, (double)before * paces[n]).code, HEAT_OK);
      assert_true(heat_watch_interval(&watch) <= 2 * before);
    }
    const int64_t steps = heat_watch_interval(&watch);
    const double fit = 0.5 / paces[n];
    assert_true((double)steps <= (fit > 1 ? fit : 1) && steps <= 4096);
    assert_true((double)steps > (fit < 4096 ? fit : 4096) - HEAT_BATCH);
    assert_true(steps <= HEAT_BATCH || steps % HEAT_BATCH == 0);
    close_rig(&made);
  }
}

/* The steps that are fused take more than half a second, but less than a second. */
static void steps_that_are_fused_stay_together(void **state) {
  (void)state;
  static const double paces[] = {0.009, 0.015, 0.016}; /* s for each step */
  for (size_t n = 0; n < sizeof paces / sizeof *paces; n++) {
    open_watch(0, 0);
    for (int k = 0; k < 10; k++) {
      const int64_t steps = heat_watch_interval(&watch);
      assert_int_equal(poll_after(steps, (double)steps * paces[n]).code, HEAT_OK);
    }
    if (HEAT_BATCH * paces[n] < 1)
      assert_true(heat_watch_interval(&watch) == HEAT_BATCH);
    else
      assert_true((double)heat_watch_interval(&watch) <= 0.5 / paces[n]);
    close_rig(&made);
  }
}

static void one_interval_that_takes_very_long_is_an_accident(void **state) {
  (void)state;
  open_watch(0, 0);
  for (int k = 0; k < 3; k++) poll_after(1, 0.5);
  poll_after(1, 10);
  assert_true(heat_watch_slowest(&watch) == 0.5);
  poll_after(1, 0.5);
  poll_after(1, 10);
  assert_true(heat_watch_slowest(&watch) == 0.5);
  poll_after(1, 20); /* two such intervals in a row are no accident */
  assert_true(heat_watch_slowest(&watch) == 20);
  heat_watch_count_outputs(&watch, made.grid.rank == 0 ? 30 : 1);
  poll_after(1, 0.5);
  assert_true(heat_watch_slowest(&watch) == 30);
  poll_after(1, 0.5); /* outputs are counted once */
  assert_true(heat_watch_slowest(&watch) == 30);
  close_rig(&made);
}

static void a_failure_of_one_rank_is_that_of_all(void **state) {
  (void)state;
  open_watch(0, 0);
  for (int failed = 0; failed < made.grid.size; failed++) {
    for (int torn = -1; torn < made.grid.size; torn++) { /* the rank whose last step is not complete; -1: none */
      heat_interval interval = {.steps = 1, .seconds = 0.1, .whole = made.grid.rank != torn};
      const heat_status own = failed == made.grid.rank ? heat_fail(HEAT_IO, "rank %d", failed) : heat_ok();
      const heat_status status = heat_watch_poll(&watch, &saver, own, &interval);
      char expected[32];
      snprintf(expected, sizeof expected, "rank %d", failed);
      assert_int_equal(status.code, HEAT_IO);
      assert_string_equal(status.text, expected);
      assert_int_equal(interval.whole, torn < 0);
    }
  }
  heat_interval interval = {.steps = 1, .seconds = 0.1, .whole = true};
  assert_int_equal(heat_watch_poll(&watch, &saver, heat_ok(), &interval).code, HEAT_OK);
  assert_false(interval.whole); /* no failure, so that the state need not be saved */
  close_rig(&made);
}

static void all_ranks_stop_for_the_file_and_for_the_deadline(void **state) {
  (void)state;
  open_watch(0, 0);
  assert_int_equal(heat_watch_directory(&watch, ".").code, HEAT_OK);
  poll_after(1, 0.1);
  assert_int_equal(heat_watch_reason(&watch), HEAT_STOP_NONE);
  write_file("STOP", "");
  poll_after(1, 0.1);
  assert_int_equal(heat_watch_reason(&watch), HEAT_STOP_FILE);
  if (made.grid.rank == 0) heat_watch_obeyed(&watch);
  assert_false(there("STOP"));
  close_rig(&made);
  open_watch(0, 1e6);
  poll_after(1, 0.1);
  assert_int_equal(heat_watch_reason(&watch), HEAT_STOP_NONE);
  poll_after(1, 2e6); /* the next such interval would end behind the deadline */
  assert_int_equal(heat_watch_reason(&watch), HEAT_STOP_NONE);
  poll_after(1, 2e6);
  assert_int_equal(heat_watch_reason(&watch), HEAT_STOP_DEADLINE);
  close_rig(&made);
}

static void minutes_that_have_passed_make_a_checkpoint_due_on_all_ranks(void **state) {
  (void)state;
  static const double minutes[] = {0, 1e6, 1e-12};
  for (int n = 0; n < 3; n++) {
    open_watch(minutes[n], 0);
    const heat_clock clock = heat_clock_create(0, 0, 0.1, 1);
    assert_false(heat_saver_due(&saver, &clock, 3));
    poll_after(1, 0.1);
    assert_int_equal(heat_saver_due(&saver, &clock, 3), n == 2);
    close_rig(&made);
  }
}

/* Going from one result of heat_saver_next to the next meets every step at which a checkpoint is due: the multiples of
 * checkpoint.every, and the step before a shortened last step if that checkpoint can be kept. */
static void no_checkpoint_is_passed_over(void **state) {
  (void)state;
  static const struct {
    int every, keep;
    const char *final;
    double end;
  } cases[] = {{3, 2, "true", 1},     {3, 2, "true", 1.03}, {0, 2, "true", 1.03}, {4, 1, "true", 1.03},
               {4, 2, "false", 1.03}, {1, 3, "true", 0.97}, {0, 5, "true", 0.04}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char text[512];
    snprintf(text, sizeof text, deck, cases[n].every, 0.0, cases[n].keep, cases[n].final);
    open_saver(text);
    const heat_clock clock = heat_clock_create(0, 0, 0.1, cases[n].end);
    const bool before_short = heat_clock_short(&clock) && cases[n].keep > 1 && strcmp(cases[n].final, "true") == 0;
    int64_t met = heat_saver_next(&saver, &clock, 0);
    for (int64_t step = 1; step < clock.last; step++) {
      const bool due = (cases[n].every > 0 && step % cases[n].every == 0) || (before_short && step == clock.last - 1);
      assert_int_equal(heat_saver_due(&saver, &clock, step), due);
      if (due) assert_true(met == step);
      if (met == step) met = heat_saver_next(&saver, &clock, step);
    }
    close_rig(&made);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(polls_come_twice_a_second_on_the_slowest_rank),
      cmocka_unit_test(steps_that_are_fused_stay_together),
      cmocka_unit_test(one_interval_that_takes_very_long_is_an_accident),
      cmocka_unit_test(a_failure_of_one_rank_is_that_of_all),
      cmocka_unit_test_setup_teardown(all_ranks_stop_for_the_file_and_for_the_deadline, enter_place, leave_place),
      cmocka_unit_test(minutes_that_have_passed_make_a_checkpoint_due_on_all_ranks),
      cmocka_unit_test(no_checkpoint_is_passed_over),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
