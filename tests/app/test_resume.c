/* The start of a run: which checkpoint is chosen, which part of its state is used, the order of messages, and which
 * outputs are kept. test_resume_run.c tests whole runs that are resumed. */
#include "app/resume.h"

#include "heat2d/io/directory.h"

#include "harness.h"
#include "scene.h"

static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 'x*y'}\ntime: {end: 1}\n";
static const double step = 0.25; /* length of the steps of the earlier runs, s */

static rig made;
static heat_setup setup;
static heat_lock lock;
static heat_resume resume;

/* Set up a run in the directory `out` up to the choice of its start, with `more` appended to its deck. It has to be
 * closed. */
static void open_run(const char *text, const heat_options *options, heat_status step_refused) {
  open_rig(&made, (rig_setting){.deck = text});
  setup = (heat_setup){.config = made.config,
                       .problem = made.problem,
                       .grid = made.grid,
                       .method = &heat_methods[0],
                       .way = {.hints = MPI_INFO_NULL}};
  lock = (heat_lock){.file = -1};
  heat_resume_create(&resume, &(heat_resume_parts){.runtime = &made.runtime,
                                                   .options = options,
                                                   .setup = &setup,
                                                   .stepper = &made.stepper,
                                                   .lock = &lock,
                                                   .directory = "out",
                                                   .step_refused = step_refused});
}

static void close_run(void) {
  heat_lock_release(&lock);
  made.problem = setup.problem; /* whose list of inputs was taken over */
  close_rig(&made);
}

/* The state of a run after `n` steps of that length; all cells hold n. */
static void leave_checkpoint(int64_t n, bool truncated, bool pending) {
  heat_h5 out;
  heat_field *field;
  open_run(deck, &(heat_options){.deck = "deck"}, heat_ok());
  assert_int_equal(heat_directory_make("out").code, HEAT_OK);
  char *text = heat_config_write(made.config);
  const heat_state state = {.step = n,
                            .time = step * (double)n - (truncated ? step / 2 : 0),
                            .dt = step,
                            .outputs_pending = pending,
                            .truncated_step = truncated};
  field = heat_stepper_solution(&made.stepper);
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = (double)n;
  heat_checkpoint_begin(&out, &(heat_checkpoint_place){.directory = "out", .deck = text, .parent = ""}, &made.stepper,
                        &state);
  assert_int_equal(heat_checkpoint_end(&out, "out", n, 100, -1).code, HEAT_OK);
  free(text);
  close_run();
}

/* Resume with that deck and step, and return the status of the choice. The run has to be closed. */
static heat_status choose(const char *text, double dt, heat_state *state) {
  static const heat_options options = {.deck = "deck", .resume = true};
  open_run(text, &options, heat_ok());
  assert_int_equal(heat_resume_occupy(&resume).code, HEAT_OK);
  *state = (heat_state){.dt = dt};
  return heat_resume_choose(&resume, state);
}

static double first_cell(void) {
  return *heat_field_at(heat_stepper_solution(&made.stepper), 0, 0);
}

static void without_a_run_it_begins_with_the_initial_field(void **state) {
  (void)state;
  heat_state now;
  assert_int_equal(choose(deck, step, &now).code, HEAT_OK);
  assert_true(there("out") && !heat_resume_found(&resume) && now.step == 0 && now.dt == step);
  assert_true(heat_resume_kept(&resume, &now) == -1);
  assert_true(fabs(first_cell() - 1.0 / 256) < 1e-15); /* the centre of a cell of 1/8 */
  assert_int_equal(heat_resume_check(&resume, &now).code, HEAT_OK);
  assert_int_equal(heat_resume_prepare(&resume, &now, "title: x\n").code, HEAT_OK);
  assert_true(there("out/deck.yaml") && there("out/run.log"));
  close_run();
}

static void a_run_is_neither_replaced_nor_shared(void **state) {
  (void)state;
  leave_checkpoint(3, false, false);
  static const heat_options plain = {.deck = "deck"}, replaces = {.deck = "deck", .overwrite = true};
  open_run(deck, &plain, heat_ok());
  const heat_status refused = heat_resume_occupy(&resume);
  assert_int_equal(refused.code, HEAT_USAGE);
  assert_string_equal(refused.text, "'out' already holds a run: --resume goes on with it, --overwrite replaces it");
  close_run();
  heat_state now = {.dt = step};
  open_run(deck, &replaces, heat_ok());
  assert_int_equal(heat_resume_occupy(&resume).code, HEAT_OK);
  assert_int_equal(heat_resume_choose(&resume, &now).code, HEAT_OK);
  assert_false(heat_resume_found(&resume));
  assert_int_equal(heat_resume_prepare(&resume, &now, "title: x\n").code, HEAT_OK);
  assert_false(there("out/checkpoint-0000000003.h5"));
  close_run();
}

static void the_newest_whole_checkpoint_is_gone_on_from(void **state) {
  (void)state;
  for (int64_t n = 1; n <= 3; n++) leave_checkpoint(n, false, n == 2);
  heat_state now;
  assert_int_equal(choose(deck, step, &now).code, HEAT_OK);
  assert_string_equal(heat_resume_path(&resume), "out/checkpoint-0000000003.h5");
  assert_true(now.step == 3 && first_cell() == 3 && heat_resume_step_before(&resume) == step);
  assert_true(heat_resume_kept(&resume, &now) == 3);
  close_run();
  assert_int_equal(truncate("out/checkpoint-0000000003.h5", 1000), 0);
  assert_int_equal(choose(deck, step, &now).code, HEAT_OK);
  assert_true(now.step == 2 && first_cell() == 2);
  assert_true(heat_resume_kept(&resume, &now) == 1); /* what is due at step 2 is still to be written */
  close_run();
}

/* Times are counted from an anchor, which stays the same if the steps do not change. */
static void another_step_counts_its_instants_from_here_on(void **state) {
  (void)state;
  leave_checkpoint(2, false, false);
  heat_state now;
  assert_int_equal(choose(deck, step, &now).code, HEAT_OK);
  assert_true(now.anchor_step == 0 && now.anchor_time == 0 && now.dt == step);
  close_run();
  assert_int_equal(choose(deck, step / 2, &now).code, HEAT_OK);
  assert_true(now.anchor_step == 2 && now.anchor_time == 2 * step && now.dt == step / 2);
  close_run();
}

static void a_longer_run_goes_on_from_before_the_shortened_step(void **state) {
  (void)state;
  static const char ends_there[] = "material: {diffusivity: 1}\ninitial: {temperature: 'x*y'}\ntime: {end: 0.875}\n";
  leave_checkpoint(3, false, false);
  leave_checkpoint(4, true, false);
  heat_state now;
  assert_int_equal(choose(ends_there, step, &now).code, HEAT_OK);
  assert_true(now.step == 4 && now.time == 0.875 && heat_resume_step_before(&resume) == step / 2);
  close_run();
  assert_int_equal(choose(deck, step, &now).code, HEAT_OK); /* its end is 1 */
  assert_true(now.step == 3 && now.anchor_step == 0);
  close_run();
}

/* The whole deck is compared first, because a step may be wrong only because the physics is different. */
static void faults_of_the_deck_come_before_those_of_the_step(void **state) {
  (void)state;
  static const heat_options options = {.deck = "deck", .resume = true};
  static const char other[] = "material: {diffusivity: 2}\ninitial: {temperature: 'x*y'}\ntime: {end: 1}\n";
  const char *const decks[] = {other, deck};
  const char *const says[] = {"with another grid or other physics: material.diffusivity", "the step is wrong"};
  leave_checkpoint(1, false, false);
  for (int n = 0; n < 2; n++) {
    heat_state now = {.dt = step};
    open_run(decks[n], &options, heat_fail(HEAT_DECK, "the step is wrong"));
    assert_int_equal(heat_resume_occupy(&resume).code, HEAT_OK);
    const heat_status refused = heat_resume_choose(&resume, &now);
    assert_int_equal(refused.code, HEAT_DECK);
    if (strstr(refused.text, says[n]) == NULL) fail_msg("%s", refused.text);
    close_run();
  }
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {
      LAW(without_a_run_it_begins_with_the_initial_field),      LAW(a_run_is_neither_replaced_nor_shared),
      LAW(the_newest_whole_checkpoint_is_gone_on_from),         LAW(another_step_counts_its_instants_from_here_on),
      LAW(a_longer_run_goes_on_from_before_the_shortened_step), LAW(faults_of_the_deck_come_before_those_of_the_step)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
