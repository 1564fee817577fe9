/* When outputs are due, by steps and by simulated time. The loop goes from one such step to the next, so that the two
 * functions must agree, and a free clock must end a step at every such time. No file is written. */
#include "app/outputs.h"

#include "harness.h"
#include "rig.h"

static rig made;
static heat_setup setup;

static heat_outputs open_outputs(const char *output) {
  char deck[256];
  snprintf(deck, sizeof deck, "output: {%s}\n", output);
  open_rig(&made, (rig_setting){.deck = deck, .up_to = RIG_GRID});
  setup = (heat_setup){.config = made.config, .problem = made.problem, .grid = made.grid, .method = &heat_methods[0]};
  return heat_outputs_create(&made.runtime, &setup, &made.op, "");
}

static const char *const cadences[] = {
    "every: 0.3", "every: {steps: 7}", "every: 0, images: {width: 200, every: {steps: 5}}",
    "every: {steps: 9}, images: {width: 200, every: 0.11}", "every: 0.25, images: {width: 200}"};

static void the_next_step_is_the_first_one_that_is_due(void **state) {
  (void)state;
  static const double steps[] = {0.01, 0.03, 0.25, 1};
  for (size_t c = 0; c < sizeof cadences / sizeof *cadences; c++) {
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
      const heat_outputs outputs = open_outputs(cadences[c]);
      const heat_clock clock = heat_clock_create(0, 0, steps[s], 1);
      heat_state at = {.step = 0};
      assert_true(heat_outputs_due(&outputs, &clock, &at));
      while (at.step < clock.last) {
        const int64_t next = heat_outputs_next(&outputs, &clock, at.step);
        for (at.step++; at.step < next && at.step < clock.last; at.step++)
          assert_false(heat_outputs_due(&outputs, &clock, &at));
        assert_true(heat_outputs_due(&outputs, &clock, &at));
      }
      close_rig(&made);
    }
  }
}

/* Where the run has become steady, whatever the cadence: it is its last step. */
static void a_steady_state_is_written(void **state) {
  (void)state;
  const heat_outputs outputs = open_outputs("every: {steps: 10}");
  const heat_clock clock = heat_clock_create(0, 0, 0.01, 1);
  assert_false(heat_outputs_due(&outputs, &clock, &(heat_state){.step = 13}));
  assert_true(heat_outputs_due(&outputs, &clock, &(heat_state){.step = 13, .steady = true}));
  close_rig(&made);
}

static void steps_of_any_length_end_at_every_instant(void **state) {
  (void)state;
  static const double instants[] = {0.11, 0.22, 0.25, 0.33, 0.44, 0.5, 0.55, 0.66, 0.75, 0.77, 0.88, 0.99, 1};
  const heat_outputs outputs = open_outputs("every: 0.25, images: {width: 200, every: 0.11}");
  heat_clock clock = heat_clock_create_free(0, 0, 0, 1);
  for (size_t n = 0; n < sizeof instants / sizeof *instants; n++) {
    heat_outputs_aim(&outputs, &clock);
    assert_true(clock.target >= instants[n] - 1e-12 && clock.target <= instants[n] + 1e-12);
    heat_clock_reach(&clock, clock.target);
    const heat_state at = {.step = clock.anchor_step, .time = clock.anchor_time};
    assert_true(heat_outputs_due(&outputs, &clock, &at));
  }
  assert_true(clock.last == clock.anchor_step);
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_next_step_is_the_first_one_that_is_due),
                                     cmocka_unit_test(a_steady_state_is_written),
                                     cmocka_unit_test(steps_of_any_length_end_at_every_instant)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
