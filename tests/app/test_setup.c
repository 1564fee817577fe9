/* The steps of a deck, given or chosen, and what is refused before anything is computed. The limits that messages name
 * are accepted. */
#include "heat2d/app/setup.h"

#include "harness.h"
#include "scene.h"
#include "thinned.h"

#include <math.h>

static heat_runtime runtime;
static heat_setup setup;
static heat_limits limits;

static int enter(void **state) {
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  return enter_place(state);
}

static int leave(void **state) {
  heat_runtime_destroy(&runtime);
  return leave_place(state);
}

/* Bring a deck up to its limits; the file is there until leave_place. */
static heat_status open_setup(const char *deck) {
  write_file("deck.yaml", deck);
  const heat_options options = {.deck = "deck.yaml"};
  heat_bounds bounds = {0};
  heat_status status = heat_setup_create(&setup, &runtime, &options, 0);
  if (status.code == HEAT_OK)
    status = heat_agree(MPI_COMM_WORLD, heat_stencil_bound(&setup.problem, &setup.grid, &bounds));
  if (status.code == HEAT_OK) limits = heat_method_limits(setup.method, heat_bounds_agree(bounds, MPI_COMM_WORLD));
  return status;
}

/* The status of such a step, and what it is. */
static heat_status step_of(const char *deck, double *dt) {
  heat_status status = open_setup(deck);
  if (status.code == HEAT_OK) status = heat_setup_step(&setup, limits, dt);
  heat_setup_destroy(&setup);
  return status;
}

static uint64_t draw(uint64_t *seed, uint64_t below) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (*seed >> 33) % below;
}

/* A deck with numbers of all sizes, without its time. */
static void random_deck(uint64_t *seed, char *deck, size_t size) {
  static const char *const walls[] = {"", "left: {type: dirichlet, value: 1}, top: {type: dirichlet, value: 0}",
                                      "right: {type: robin, coefficient: 7.3, ambient: 0}",
                                      "bottom: {type: dirichlet, value: 'sin(t)'}"};
  enum { CELLS = 40, NUMBERS = 1000000 };
  const double width = (double)(1 + draw(seed, NUMBERS)) / 7e4, height = (double)(1 + draw(seed, NUMBERS)) / 3e4;
  const double alpha = (double)(1 + draw(seed, NUMBERS)) / 3e7;
  const int nx = 2 + (int)draw(seed, CELLS), ny = 2 + (int)draw(seed, CELLS);
  char material[64];
  snprintf(material, sizeof material, draw(seed, 2) == 0 ? "%.6g" : "'%.6g*(1 + x)'", alpha);
  snprintf(deck, size,
           "domain: {size: [%.6g, %.6g], cells: [%d, %d]}\nmaterial: {diffusivity: %s}\n"
           "initial: {temperature: 0}\nboundary: {%s}\n",
           width, height, nx, ny, material, walls[draw(seed, 4)]);
}

/* Return the number after `words` in a message. */
static const char *number_behind(const char *text, const char *words, char number[32]) {
  const char *at = strstr(text, words);
  assert_non_null(at);
  at += strlen(words);
  const size_t length = strspn(at, "0123456789.eE+-");
  assert_true(length > 0 && length < 32);
  memcpy(number, at, length);
  number[length] = '\0';
  return number;
}

static void a_refused_step_names_limits_that_can_be_typed_back(void **state) {
  (void)state;
  uint64_t seed = 10;
  for (int n = 0; n < fewer(40, 4); n++) {
    char deck[1024], timed[1280], stable[32], monotone[32];
    double dt;
    random_deck(&seed, deck, sizeof deck);
    snprintf(timed, sizeof timed, "%stime: {end: 1e30, step: 1e29}\n", deck);
    const heat_status refused = step_of(timed, &dt);
    assert_int_equal(refused.code, HEAT_DECK);
    assert_non_null(strstr(refused.text, "deck.yaml:5:25: time.step: 1e+29 s is unstable"));
    number_behind(refused.text, "stable up to ", stable);
    number_behind(refused.text, "cannot overshoot up to ", monotone);
    snprintf(timed, sizeof timed, "%stime: {end: 1, step: %s}\n", deck, stable);
    const heat_status accepted = step_of(timed, &dt);
    if (accepted.code != HEAT_OK) fail_msg("%s\n%s", accepted.text, timed);
    assert_true(dt <= limits.stable && dt > limits.stable * (1 - 1e-8));
    snprintf(timed, sizeof timed, "%stime: {end: 1, step: %s}\n", deck, monotone);
    assert_int_equal(step_of(timed, &dt).code, HEAT_OK);
    assert_true(dt <= limits.monotone && dt > limits.monotone * (1 - 1e-8));
  }
}

static void auto_keeps_the_smaller_of_both_limits(void **state) {
  (void)state;
  static const double parts[] = {0.01, 0.5, 0.9, 1};
  uint64_t seed = 11;
  int lower = 0;
  for (int n = 0; n < fewer(40, 4); n++) {
    char deck[1024], timed[1280];
    double dt;
    random_deck(&seed, deck, sizeof deck);
    snprintf(timed, sizeof timed, "%stime: {end: 1e9, safety: %.17g}\n", deck, parts[n % 4]);
    assert_int_equal(step_of(timed, &dt).code, HEAT_OK);
    assert_true(dt == fmin(parts[n % 4] * limits.stable, limits.monotone));
    lower += dt < parts[n % 4] * limits.stable;
  }
  assert_in_range(lower, fewer(5, 4), fewer(35, 4));
}

/* An axis of one insulated or periodic cell does not limit the step; if nothing conducts, any step is stable. */
static void axes_that_conduct_nothing_do_not_limit_the_step(void **state) {
  (void)state;
  static const char *const walls[] = {"", "bottom: {type: periodic}, top: {type: periodic}",
                                      "top: {type: neumann, flux: 3}"};
  double dt, before = 0;
  for (int n = 0; n < 6; n++) {
    char deck[1024];
    snprintf(deck, sizeof deck,
             "domain: {size: [1, %s], cells: [200, 1]}\nmaterial: {diffusivity: %s}\ninitial: {temperature: 0}\n"
             "boundary: {%s}\ntime: {end: 1}\n",
             n < 3 ? "0.0005" : "7", n % 2 == 0 ? "1" : "'1 + 0*x'", walls[n % 3]);
    assert_int_equal(step_of(deck, &dt).code, HEAT_OK);
    assert_true(fabs(dt - 0.9 / (2 * 200. * 200.)) <= 1e-15);
    if (n > 0) assert_true(fabs(dt - before) <= 1e-15);
    before = dt;
  }
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size > 1) return;
  static const char one[] = "domain: {size: [1, 1], cells: [1, 1]}\nmaterial: {diffusivity: 1}\n"
                            "initial: {temperature: 0}\nsource: sin(t)\ntime: {end: 50%s}\n";
  char deck[1024];
  snprintf(deck, sizeof deck, one, "");
  assert_int_equal(step_of(deck, &dt).code, HEAT_OK);
  assert_true(dt == 0.05 && isinf(limits.stable) && isinf(limits.monotone));
  snprintf(deck, sizeof deck, one, ", step: 25");
  assert_int_equal(step_of(deck, &dt).code, HEAT_OK);
}

/* What is refused, its place, and the number in the message with which it is accepted. */
static void what_numbers_cannot_tell_apart_is_refused_with_what_would_do(void **state) {
  (void)state;
  static const char frame[] = "domain: {origin: %s, size: %s, cells: [10, 10]}\nmaterial: {diffusivity: 1}\n"
                              "initial: {temperature: 0}\ntime: {end: %s, step: %s}\n";
  static const struct {
    const char *origin, *size, *end, *step; /* %s in one of them: the number that is typed back */
    const char *wrong, *message, *words;
  } cases[] = {
      {"[%s, 0]", "[1, 1]", "1", "1e-3", "1e17", "deck.yaml:1:19: domain.origin.0: cells of 0.1 m", "within -"},
      {"[0, %s]", "[1, 1]", "1", "1e-3", "-1e15", "deck.yaml:1:22: domain.origin.1: cells of 0.1 m",
       "0 (must be within "},
      {"[0, 0]", "[%s, 1]", "1", "1e-3", "1e-200", "domain.size.0: cells of 1e-201 m", NULL},
      {"[0, 0]", "[1, 1]", "1", "%s", "1e-17", "deck.yaml:4:22: time.step: 1e-17 s would take more", "at least "},
      {"[0, 0]", "[1, 1]", "1", "%s", "1e-320", "time.step: 9.99988867e-321 s would take", "at least "},
      {"[0, 0]", "[1, 1]", "%s", "auto", "1e14", "deck.yaml:4:13: time.end: would take", "at most "},
      {"[0, 0]", "[1, 1]", "%s", "1e-3", "1e90", "time.step: 0.001 s would take", NULL},
  };
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char shape[1024], deck[1024], number[32];
    double dt;
    snprintf(shape, sizeof shape, frame, cases[n].origin, cases[n].size, cases[n].end, cases[n].step);
    const char *at = strstr(shape, "%s");
    snprintf(deck, sizeof deck, "%.*s%s%s", (int)(at - shape), shape, cases[n].wrong, at + 2);
    const heat_status refused = step_of(deck, &dt);
    if (refused.code != HEAT_DECK || strstr(refused.text, cases[n].message) == NULL)
      fail_msg("code %d, '%s' of\n%s", (int)refused.code, refused.text, deck);
    if (cases[n].words == NULL) continue;
    number_behind(refused.text, cases[n].words, number);
    snprintf(deck, sizeof deck, "%.*s%s%s", (int)(at - shape), shape, number, at + 2);
    const heat_status accepted = step_of(deck, &dt);
    if (accepted.code != HEAT_OK) fail_msg("'%s' of\n%s", accepted.text, deck);
  }
}

/* At the largest accepted origin all centres and faces are different numbers. */
static void cells_that_are_accepted_have_coordinates_of_their_own(void **state) {
  (void)state;
  static const char *const origins[] = {"0", "1e14", "-1e14", "1.12589990e14", "-1.125899e14"};
  for (size_t n = 0; n < sizeof origins / sizeof *origins; n++) {
    char deck[1024];
    snprintf(deck, sizeof deck,
             "domain: {origin: [%s, 0], size: [1, 1], cells: [10, 10]}\nmaterial: {diffusivity: 1}\n"
             "initial: {temperature: 0}\ntime: {end: 1}\n",
             origins[n]);
    const heat_status status = open_setup(deck);
    assert_string_equal(status.text, "");
    double before = setup.problem.origin[HEAT_X];
    for (int i = 0; i < 10; i++) {
      const double centre = heat_problem_centre(&setup.problem, HEAT_X, i);
      assert_true(centre > before);
      before = centre;
    }
    assert_true(setup.problem.origin[HEAT_X] + setup.problem.size[HEAT_X] > before);
    heat_setup_destroy(&setup);
  }
}

/* A probe's range is named from within: 0.7 + 0.1 is less than 0.8. */
static void the_range_of_a_probe_can_be_typed_back(void **state) {
  (void)state;
  static const char frame[] = "domain: {origin: [0.7, 0], size: [0.1, 1], cells: [8, 8]}\nmaterial: {diffusivity: 1}\n"
                              "initial: {temperature: 0}\ntime: {end: 1}\n"
                              "output: {probes: [{name: a, at: [%s, 0]}]}\n";
  char deck[1024], number[32];
  double dt;
  snprintf(deck, sizeof deck, frame, "0.9");
  const heat_status refused = step_of(deck, &dt);
  assert_non_null(strstr(refused.text, "0.9 is outside the domain"));
  number_behind(refused.text, "must be in [", number);
  snprintf(deck, sizeof deck, frame, number);
  assert_int_equal(step_of(deck, &dt).code, HEAT_OK);
  number_behind(strstr(refused.text, "must be in ["), ", ", number);
  snprintf(deck, sizeof deck, frame, number);
  assert_int_equal(step_of(deck, &dt).code, HEAT_OK);
}

/* A plan for another number of ranks has the halo of a run on that number. */
static void a_plan_has_the_halo_of_the_run(void **state) {
  (void)state;
  enum { RANKS = 4 };
  write_file("deck.yaml", "domain: {size: [1, 1], cells: [100, 4000]}\nmaterial: {diffusivity: 1}\n"
                          "initial: {temperature: 0}\ntime: {end: 1, method: euler}\n");
  const heat_options options = {.deck = "deck.yaml"};
  int depth[RANKS + 1];
  for (int ranks = 0; ranks <= RANKS; ranks++) {
    assert_int_equal(heat_setup_create(&setup, &runtime, &options, ranks).code, HEAT_OK);
    depth[ranks] = setup.depth;
    heat_layout layout = setup.grid.layout;
    if (ranks > 0) assert_true(heat_layout_choose(&layout, ranks));
    assert_int_equal(setup.depth, heat_halo_choose_depth(&layout, HEAT_BATCH));
    heat_setup_destroy(&setup);
  }
  assert_int_equal(depth[0], depth[runtime.size]);
  assert_int_equal(depth[1], 1);
  assert_true(depth[RANKS] > 1);
  /* A plan is refused if a run on that number of ranks would be. */
  write_file("deck.yaml", "domain: {size: [1, 1], cells: [100, 100]}\nmaterial: {diffusivity: 1}\n"
                          "initial: {temperature: 0}\ntime: {end: 1}\nparallel: {ranks: [2, 1]}\n");
  for (int ranks = 1; ranks <= RANKS; ranks++) {
    const heat_status status = heat_setup_create(&setup, &runtime, &options, ranks);
    assert_int_equal(status.code, ranks == 2 ? HEAT_OK : HEAT_DECK);
    if (ranks != 2) assert_non_null(strstr(status.text, "parallel.ranks: 2 x 1 ranks are asked for"));
    heat_setup_destroy(&setup);
  }
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(a_plan_has_the_halo_of_the_run),
                                     LAW(a_refused_step_names_limits_that_can_be_typed_back),
                                     LAW(auto_keeps_the_smaller_of_both_limits),
                                     LAW(axes_that_conduct_nothing_do_not_limit_the_step),
                                     LAW(what_numbers_cannot_tell_apart_is_refused_with_what_would_do),
                                     LAW(cells_that_are_accepted_have_coordinates_of_their_own),
                                     LAW(the_range_of_a_probe_can_be_typed_back)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
