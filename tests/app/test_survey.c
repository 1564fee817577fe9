/* What `check` finds out about a grid: everything for a small one, as the run does, and for a large one as much as is
 * possible in a second. */
#include "app/survey.h"

#include "harness.h"
#include "scene.h"
#include "thinned.h"

#include <math.h>

static heat_runtime runtime;
static heat_setup setup;

static int enter(void **state) {
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  return enter_place(state);
}

static int leave(void **state) {
  heat_runtime_destroy(&runtime);
  return leave_place(state);
}

static heat_status survey_of(const char *deck, heat_survey *survey) {
  write_file("deck.yaml", deck);
  const heat_options options = {.deck = "deck.yaml"};
  heat_status status = heat_setup_create(&setup, &runtime, &options, 0);
  assert_string_equal(status.text, "");
  return heat_survey_take(survey, &setup);
}

static void a_small_grid_has_the_bounds_of_its_operator(void **state) {
  (void)state;
  static const char *const decks[] = {
      "domain: {size: [1, 2], cells: [61, 47]}\nmaterial: {diffusivity: '1 + x*y'}\ninitial: {temperature: x}\n"
      "boundary: {left: {type: dirichlet, value: 1}, top: {type: robin, coefficient: 5, ambient: y}}\ntime: {end: 1}\n",
      "domain: {size: [1, 2], cells: [61, 47]}\nmaterial: {diffusivity: 3}\ninitial: {temperature: 0}\n"
      "boundary: {bottom: {type: dirichlet, value: 1}, right: {type: dirichlet, value: 1}}\ntime: {end: 1}\n",
      "domain: {size: [1, 2], cells: [3001, 97]}\nmaterial: {diffusivity: 1}\ninitial: {temperature: 0}\n"
      "regions: [{shape: circle, center: [0.7, 1.3], radius: 0.03, diffusivity: 1e3}]\ntime: {end: 1}\n"};
  for (size_t n = 0; n < sizeof decks / sizeof *decks; n++) {
    heat_survey survey;
    heat_operator op;
    assert_int_equal(survey_of(decks[n], &survey).code, HEAT_OK);
    assert_true(survey.seen == 1);
    assert_int_equal(
        heat_operator_create(&op, &(heat_discretisation){&setup.problem, &setup.grid, 1, 1}, &runtime).code, HEAT_OK);
    assert_true(survey.bounds.spectral == heat_operator_bounds(&op).spectral);
    assert_true(survey.bounds.diagonal == heat_operator_bounds(&op).diagonal);
    heat_operator_destroy(&op);
    heat_setup_destroy(&setup);
  }
}

static void a_single_wrong_cell_of_a_grid_that_is_looked_at_is_found(void **state) {
  (void)state;
  static const char *const keys[] = {"initial: {temperature: '%s'}\nmaterial: {diffusivity: 1}\n",
                                     "initial: {temperature: 0}\nmaterial: {diffusivity: '%s'}\n",
                                     "initial: {temperature: 0}\nmaterial: {diffusivity: 1}\nsource: '%s'\n"};
  static const int cells[] = {300, 170};
  for (size_t n = 0; n < sizeof keys / sizeof *keys; n++) {
    char deck[512], wrong[128], *end = deck;
    heat_survey survey;
    snprintf(wrong, sizeof wrong, "x > 298 and x < 299 and y > %d and y < %d ? sqrt(-1) : 1", 160 - (int)n,
             161 - (int)n);
    end += snprintf(end, 128, "domain: {size: [%d, %d], cells: [%d, %d]}\ntime: {end: 1}\n", cells[0], cells[1],
                    cells[0], cells[1]);
    snprintf(end, sizeof deck - (size_t)(end - deck), keys[n], wrong);
    assert_int_equal(survey_of(deck, &survey).code, HEAT_DECK);
    heat_setup_destroy(&setup);
  }
}

static void a_grid_of_any_size_takes_about_a_second(void **state) {
  (void)state;
  static const char *const cells[] = {"1000000, 1000000", "1000000000, 1", "1, 1000000000"};
  const double most = 60; /* s, with sanitizers on a busy machine; all cells would take hours */
  for (size_t n = 0; n < sizeof cells / sizeof *cells; n++) {
    char deck[512];
    heat_survey survey;
    if (!is_taken((int64_t)n, 3)) continue;
    snprintf(deck, sizeof deck,
             "domain: {size: [1, 1], cells: [%s]}\nmaterial: {diffusivity: '1 + x + y'}\n"
             "initial: {temperature: 'sin(x*y)'}\nsource: 'x + t'\nboundary: {left: {type: dirichlet, value: 1}}\n"
             "time: {end: 1}\n",
             cells[n]);
    const double start = MPI_Wtime();
    assert_int_equal(survey_of(deck, &survey).code, HEAT_OK);
    assert_true(MPI_Wtime() - start < most);
    assert_true(survey.seen > 0 && survey.seen < 0.1);
    assert_true(survey.in_time == 1);
    /* The examined cells are spread over the domain: the largest diffusivity, in a corner, is 3 and is nearly found. */
    const double least[] = {setup.problem.spacing[HEAT_X], setup.problem.spacing[HEAT_Y]};
    const double at_most = 3 * (4 / (least[0] * least[0]) + 4 / (least[1] * least[1])) * 1.5;
    assert_true(survey.bounds.spectral < at_most && survey.bounds.spectral > at_most / 3);
    heat_setup_destroy(&setup);
  }
}

static void where_nothing_varies_the_corners_tell_all(void **state) {
  (void)state;
  heat_survey survey;
  assert_int_equal(survey_of("domain: {size: [1, 1], cells: [1000000, 1000000]}\nmaterial: {diffusivity: 1}\n"
                             "initial: {temperature: 5}\nsource: 3\ntime: {end: 1}\n"
                             "boundary: {left: {type: dirichlet, value: 1}, top: {type: dirichlet, value: 1}}\n",
                             &survey)
                       .code,
                   HEAT_OK);
  assert_true(survey.seen == 1);
  assert_true(fabs(survey.bounds.diagonal / 6e12 - 1) < 1e-9); /* 2 and 1 faces in x, as many in y */
  heat_setup_destroy(&setup);
}

static void sources_in_time_are_counted(void **state) {
  (void)state;
  heat_survey survey;
  assert_int_equal(survey_of("domain: {size: [300, 200], cells: [300, 200]}\nmaterial: {diffusivity: 1}\n"
                             "initial: {temperature: 5}\ntime: {end: 1}\n"
                             "regions: [{shape: rectangle, min: [250, 10], max: [280, 50], source: '1 + t'}]\n",
                             &survey)
                       .code,
                   HEAT_OK);
  assert_true(survey.in_time == 30 * 40 / (300.0 * 200));
  assert_true(survey.busy[HEAT_X] >= 250 && survey.busy[HEAT_X] < 280);
  assert_true(survey.busy[HEAT_Y] >= 10 && survey.busy[HEAT_Y] < 50);
  heat_setup_destroy(&setup);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(a_small_grid_has_the_bounds_of_its_operator),
                                     LAW(a_single_wrong_cell_of_a_grid_that_is_looked_at_is_found),
                                     LAW(a_grid_of_any_size_takes_about_a_second),
                                     LAW(where_nothing_varies_the_corners_tell_all), LAW(sources_in_time_are_counted)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
