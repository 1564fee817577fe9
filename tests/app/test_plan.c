/* The plan of a run: how often files are written, and the memory of a rank. */
#include "heat2d/app/plan.h"

#include "heat2d/io/directory.h"
#include "heat2d/numerics/multigrid.h"

#include "harness.h"
#include "scene.h"

#include <math.h>

static const char deck_start[] = "domain: {size: [1, 1], cells: [37, 23]}\nmaterial: {diffusivity: %s}\n"
                                 "initial: {temperature: 0}\ntime: {end: 1}\nparallel: {halo_depth: 2}\n"
                                 "output: {directory: there, every: %s, precision: float32, images: {every: %s}}\n"
                                 "checkpoint: {keep: 3}\n";

static rig made;

static void open_plan(heat_plan *plan, const char *diffusivity, const char *every, const char *images, double dt,
                      double end) {
  char deck[1024];
  snprintf(deck, sizeof deck, deck_start, diffusivity, every, images);
  open_rig(&made, (rig_setting){.deck = deck});
  *plan = (heat_plan){.problem = &made.problem,
                      .grid = &made.grid,
                      .method = &heat_methods[0],
                      .clock = heat_clock_create(0, 0, dt, end),
                      .limits = {0.5, 0.4},
                      .depth = 2,
                      .threads = 1,
                      .ranks = made.grid.size};
}

/* How often a cadence is due, step by step. */
static int count_due(const heat_clock *clock, heat_cadence cadence) {
  int count = 0;
  for (int64_t step = 0; step <= clock->last; step++) count += heat_clock_due(clock, cadence, step);
  return count;
}

static void files_are_as_many_as_will_be_written(void **state) {
  (void)state;
  static const struct {
    const char *every, *images;
    double dt, end;
  } cases[] = {{"0", "0.25", 0.125, 1},
               {"{steps: 7}", "0.3", 0.01, 1},
               {"{steps: 10}", "{steps: 100}", 0.01, 1},
               {"{steps: 1}", "0.001", 0.01, 1},
               {"0.1", "{steps: 3}", 0.03, 0.95},
               {"5", "{steps: 1000}", 0.01, 1},
               {"1", "0.5", 0.01, 1},
               {"0.02", "0.07", 0.0125, 0.11}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    heat_plan plan;
    char snapshots[64], pictures[64];
    open_plan(&plan, "1", cases[n].every, cases[n].images, cases[n].dt, cases[n].end);
    snprintf(snapshots, sizeof snapshots, "there/: %d snapshots",
             count_due(&plan.clock, heat_config_cadence(made.config, "output.every")));
    snprintf(pictures, sizeof pictures, " %d pictures",
             count_due(&plan.clock, heat_config_cadence(made.config, "output.images.every")));
    char *text = heat_plan_text(&plan);
    assert_non_null(text);
    const bool right = strstr(text, snapshots) != NULL && strstr(text, pictures) != NULL;
    if (!right) print_error("'%s' and '%s' are not in:\n%s", snapshots, pictures, text);
    assert_true(right);
    assert_non_null(strstr(text, "up to 3 checkpoints"));
    free(text);
    close_rig(&made);
  }
}

/* A steady state has a file before its solve and one after it, whatever the cadence is; at t = 0 only the one after
 * it. */
static void a_steady_state_has_a_file_for_each_instant(void **state) {
  (void)state;
  for (int end = 0; end <= 2; end += 2) {
    const heat_clock clock = {.dt = end, .end = end, .last = 1};
    assert_true(heat_plan_occurrences(&clock, (heat_cadence){.seconds = 0.5}) == (end > 0 ? 2 : 1));
    assert_true(heat_plan_occurrences(&clock, (heat_cadence){.steps = 3}) == (end > 0 ? 2 : 1));
  }
}

/* Memory from malloc: the fields of the method and of the operator, and the walls. */
static void memory_is_what_the_largest_block_takes(void **state) {
  (void)state;
  static const char *const materials[] = {"1", "'1 + x'"};
  double taken[2];
  for (int varying = 0; varying < 2; varying++) {
    heat_plan plan;
    open_plan(&plan, materials[varying], "0", "0", 0.1, 1);
    const size_t field = heat_field_bytes(heat_layout_box(&made.grid.layout, 0), plan.depth);
    taken[varying] = heat_plan_memory(&plan);
    assert_true(taken[varying] >= (double)field * (varying ? 5 : 2));
    assert_true(taken[varying] < (double)field * (varying ? 6 : 3) + 65536);
    plan.ranks = 4 * made.grid.size;
    assert_true(heat_plan_memory(&plan) < taken[varying]);
    plan.ranks = made.grid.size;
    plan.depth = 8;
    assert_true(heat_plan_memory(&plan) > taken[varying]);
    close_rig(&made);
  }
  assert_true(taken[1] > taken[0]);
}

/* As promised: on a narrow grid, where ghost layers weigh most, and on a large one. */
static void implicit_methods_take_at_most_120_bytes_per_cell(void **state) {
  (void)state;
  static const char *const decks[] = {"domain: {size: [0.5, 0.0475], cells: [1000, 95]}\n"
                                      "material: {diffusivity: 'y < 0.0015 ? 8000 : 1'}\n",
                                      "domain: {size: [10, 10], cells: [1000, 1000]}\n"
                                      "material: {diffusivity: 'x < 6 ? 10 : 0.01'}\n"};
  const double most = 120;
  for (size_t n = 0; n < sizeof decks / sizeof *decks; n++) {
    open_rig(&made, (rig_setting){.deck = decks[n], .alone = true, .up_to = RIG_GRID});
    const double cells = (double)heat_box_cells(made.grid.domain);
    for (const heat_method *method = heat_methods; method < heat_methods + HEAT_METHODS; method++) {
      for (int ranks = 1; ranks <= 2 && method->step != NULL; ranks++) {
        const heat_plan plan = {
            .problem = &made.problem, .grid = &made.grid, .method = method, .depth = 1, .threads = 1, .ranks = ranks};
        const double bytes = heat_plan_memory(&plan) * ranks / cells;
        if (!(bytes <= most))
          print_error("%s, %d ranks: %.1f bytes per cell\n", heat_method_name(method), ranks, bytes);
        assert_true(bytes <= most);
      }
    }
    close_rig(&made);
  }
}

/* Beside the operator: the fields of the method, and the levels of the multigrid as they come to be. */
static void memory_of_implicit_methods_has_their_fields_and_the_multigrid(void **state) {
  (void)state;
  static const struct {
    const char *cells, *material;
    double near; /* how near the forecast is */
    bool steady;
  } cases[] = {{"[37, 23]", "{diffusivity: 1}", 0.04, false}, /* walls are near everywhere */
               {"[300, 211]", "{diffusivity: 1}", 0, false},
               {"[200, 300]", "{conductivity: [50, 1], density: 1, heat_capacity: 1}", 0, false},
               {"[7, 2000]", "{diffusivity: 1}", 0, false},
               {"[300, 211]", "{diffusivity: 'x < 2 ? 1 : 2'}", 0, false}, /* the same everywhere, unknown before */
               {"[250, 250]", "{diffusivity: '1 + 500*x*y'}", 0.1, false},
               {"[300, 211]", "{diffusivity: 'x < 0.3 ? 1 : 1e6'}", 0.1, true}, /* which takes doubles */
               {"[300, 211]", "{diffusivity: 'x < 0.3 ? 1 : 1e6'}", 0.1, false}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char deck[256];
    snprintf(deck, sizeof deck, "domain: {size: [1, 1], cells: %s}\nmaterial: %s\n", cases[n].cells, cases[n].material);
    const heat_method *method = &heat_methods[cases[n].steady ? HEAT_METHOD_STEADY : HEAT_METHOD_TR_BDF2];
    open_rig(&made, (rig_setting){.deck = deck, .depth = 1, .method = method});
    heat_plan plan = {.problem = &made.problem,
                      .grid = &made.grid,
                      .method = method,
                      .depth = 1,
                      .threads = 1,
                      .ranks = made.grid.size};
    const double all = heat_plan_memory(&plan), start = 0;
    heat_multigrid *multigrid;
    assert_int_equal(heat_walls_update(&made.op.walls, &start, 1).code, HEAT_OK);
    heat_stencil_update_walls(&made.op.stencil, &made.op.walls);
    assert_int_equal(heat_multigrid_create(&multigrid, &made.op.stencil, cases[n].steady ? 0 : 1, 1).code, HEAT_OK);
    if (made.grid.rank == 0) { /* its block is the largest */
      const double levels = (double)heat_multigrid_bytes(multigrid);
      const double fields = plan.method->fields * (double)heat_field_bytes(made.grid.owned, 1);
      const heat_box owned = made.grid.owned;
      const double table = made.op.stencil.uniform || heat_box_width(owned, HEAT_X) < HEAT_REPEATED_COLUMNS
                               ? 0
                               : (double)(heat_box_width(owned, HEAT_Y) + 1) * sizeof(int64_t);
      const double rest = (double)heat_operator_bytes(&made.problem, owned, 1) + table;
      if (!(fabs(all - rest - fields - levels) <= cases[n].near * levels))
        print_error("%s: planned %.0f, and there are %.0f\n", cases[n].cells, all - rest - fields, levels);
      assert_true(fabs(all - rest - fields - levels) <= cases[n].near * levels);
    }
    heat_multigrid_destroy(multigrid);
    close_rig(&made);
  }
}

static void other_rank_counts_are_planned_as_they_would_be_laid_out(void **state) {
  (void)state;
  heat_plan plan;
  open_plan(&plan, "1", "0", "0", 0.1, 1);
  for (plan.ranks = 1; plan.ranks <= 7; plan.ranks++) {
    heat_layout layout = made.grid.layout;
    char expected[64];
    assert_true(heat_layout_choose(&layout, plan.ranks));
    snprintf(expected, sizeof expected, "ranks       %d as %d x %d, 1 thread each, halo depth 2", plan.ranks,
             layout.ranks[HEAT_X], layout.ranks[HEAT_Y]);
    char *text = heat_plan_text(&plan);
    assert_non_null(strstr(text, expected));
    free(text);
  }
  close_rig(&made);
}

static void a_measured_rate_gives_the_time(void **state) {
  (void)state;
  heat_plan plan;
  open_plan(&plan, "'1 + x'", "0", "0", 0.001, 1);
  char *text = heat_plan_text(&plan);
  assert_null(strstr(text, "time "));
  free(text);
  plan.rate = 37 * 23 * 1000 / 90.0; /* the whole run in 90 s */
  text = heat_plan_text(&plan);
  assert_non_null(strstr(text, "time        about 90 s"));
  assert_non_null(strstr(text, "1000 steps to t = 1 s"));
  free(text);
  close_rig(&made);
}

/* As many files as the deck allows pass, one more does not, and the key that asks for them is named. */
static void more_files_than_allowed_are_refused_at_their_key(void **state) {
  (void)state;
  static const struct {
    const char *output, *saves, *key;
    int files; /* of the kind that has most, in 100 steps */
  } cases[] = {{"every: {steps: 1}", "{}", "output.every.steps", 101},
               {"every: 0.02", "{}", "output.every", 51},
               {"every: {steps: 3}, images: {every: {steps: 2}}", "{}", "output.images.every.steps", 51},
               {"every: 0.5, images: {every: 0.05}", "{}", "output.images.every", 21},
               {"every: 0.5", "{every: {steps: 10}, keep: 7}", "checkpoint.keep", 7}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
    for (int fewer = 0; fewer < 2; fewer++) {
      char deck[512];
      snprintf(deck, sizeof deck,
               "domain: {size: [1, 1], cells: [37, 23]}\nmaterial: {diffusivity: 1}\ninitial: {temperature: 0}\n"
               "time: {end: 1}\noutput: {max_files: %d, %s}\ncheckpoint: %s\n",
               cases[n].files - fewer, cases[n].output, cases[n].saves);
      open_rig(&made, (rig_setting){.deck = deck});
      const heat_clock clock = heat_clock_create(0, 0, 0.01, 1);
      const heat_status status = heat_plan_check_files(made.config, &clock);
      assert_int_equal(status.code, fewer ? HEAT_DECK : HEAT_OK);
      char start[64];
      snprintf(start, sizeof start, " %s: %d ", cases[n].key, cases[n].files);
      if (fewer && strstr(status.text, start) == NULL) print_error("'%s' is not in '%s'\n", start, status.text);
      assert_true(!fewer || (strstr(status.text, start) != NULL && strstr(status.text, "output.max_files") != NULL));
      close_rig(&made);
    }
}

/* The warning comes just where what is planned is more than what is there, and has both figures. */
static void output_that_cannot_fit_is_warned_of(void **state) {
  (void)state;
  const double free_bytes = heat_directory_room("/tmp").bytes, cells = 37 * 23, tebi = 1099511627776;
  assert_true(free_bytes > 0 && free_bytes < 1e3 * tebi);
  static const double shares[] = {0.1, 10};
  for (int n = 0; n < 2; n++) {
    heat_plan plan;
    open_plan(&plan, "1", "{steps: 1}", "1", 1, shares[n] * free_bytes / (cells * sizeof(float)));
    char *text = heat_plan_text(&plan);
    assert_non_null(text);
    const char *warning = strstr(text, "warning     about");
    assert_true((warning != NULL) == (n == 1 && made.grid.rank == 0));
    if (warning != NULL)
      assert_non_null(strstr(warning, "are to be written, and the file system of 'there' has ")); /* no such yet */
    free(text);
    close_rig(&made);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_are_as_many_as_will_be_written),
      cmocka_unit_test(a_steady_state_has_a_file_for_each_instant),
      cmocka_unit_test(memory_is_what_the_largest_block_takes),
      cmocka_unit_test(memory_of_implicit_methods_has_their_fields_and_the_multigrid),
      cmocka_unit_test(implicit_methods_take_at_most_120_bytes_per_cell),
      cmocka_unit_test(other_rank_counts_are_planned_as_they_would_be_laid_out),
      cmocka_unit_test(more_files_than_allowed_are_refused_at_their_key),
      cmocka_unit_test_setup_teardown(output_that_cannot_fit_is_warned_of, enter_place, leave_place),
      cmocka_unit_test(a_measured_rate_gives_the_time)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
