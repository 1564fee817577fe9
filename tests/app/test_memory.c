/* A grid that does not fit into the memory of a node is refused on all ranks, and checkpoints are written from a copy
 * if every node has room for one and every rank may have threads. */
#include "app/memory.h"

#include "harness.h"
#include "scene.h"

static const char deck_start[] = "domain: {size: [1, 1], cells: [60, 40]}\nmaterial: {diffusivity: 1}\n"
                                 "initial: {temperature: 0}\ntime: {end: 1}\n";
static const char with_saves[] = "checkpoint: {every: {steps: 10, minutes: 0}}\n";
static const char without_saves[] = "checkpoint: {every: {steps: 0, minutes: 0}}\n";

static rig made;
static double needed, copied; /* bytes, of all ranks: a test has one node */

static heat_plan open_plan(const char *saves) {
  char deck[512];
  snprintf(deck, sizeof deck, "%s%s", deck_start, saves);
  open_rig(&made, (rig_setting){.deck = deck});
  made.runtime.may_thread = true;
  const heat_plan plan = {.problem = &made.problem,
                          .grid = &made.grid,
                          .method = &heat_methods[0],
                          .depth = 2,
                          .threads = 1,
                          .ranks = made.grid.size};
  needed = heat_plan_memory(&plan) * made.grid.size;
  copied = heat_plan_copy(&plan) * made.grid.size;
  return plan;
}

static void what_does_not_fit_is_refused_by_all_ranks(void **state) {
  (void)state;
  const double gibi = 1073741824;
  const heat_plan plan = open_plan(with_saves);
  bool copies;
  assert_int_equal(heat_memory_check(&made.runtime, &plan, needed, &copies).code, HEAT_OK);
  for (int full = 0; full < made.grid.size; full++) { /* rank `full` is on a node with one byte too few */
    const heat_status status =
        heat_memory_check(&made.runtime, &plan, full == made.grid.rank ? needed - 1 : 2 * needed, &copies);
    char expected[256];
    snprintf(expected, sizeof expected,
             "deck:1:24: domain.cells: %d ranks of this node need %.3g GiB, and %.3g GiB are free (use more nodes or "
             "fewer cells)",
             made.grid.size, needed / gibi, (needed - 1) / gibi);
    assert_int_equal(status.code, HEAT_DECK);
    assert_string_equal(status.text, expected);
  }
  close_rig(&made);
}

static void copies_are_made_where_every_node_has_room(void **state) {
  (void)state;
  const heat_plan plan = open_plan(with_saves);
  const double enough = (needed + copied) / 0.8 + 1, little = (needed + copied) / 0.8 - 1;
  bool copies;
  assert_true(copied >= 60 * 40 * sizeof(double));
  assert_int_equal(heat_memory_check(&made.runtime, &plan, enough, &copies).code, HEAT_OK);
  assert_true(copies);
  for (int full = 0; full < made.grid.size; full++) {
    const double available = full == made.grid.rank ? little : enough;
    assert_int_equal(heat_memory_check(&made.runtime, &plan, available, &copies).code, HEAT_OK);
    assert_false(copies);
  }
  close_rig(&made);
}

/* What was printed so far is in the buffer from which run.log will be written. */
static bool has_said(const char *text) {
  if (made.runtime.rank != 0) return true;
  fflush(made.runtime.log);
  return made.runtime.early != NULL && strstr(made.runtime.early, text) != NULL;
}

static void copies_need_threads_on_every_rank(void **state) {
  (void)state;
  static const char said[] = "the steps wait for checkpoints: this MPI was started without support for threads\n";
  const heat_plan plan = open_plan(with_saves);
  bool copies;
  assert_int_equal(heat_memory_check(&made.runtime, &plan, 10 * (needed + copied), &copies).code, HEAT_OK);
  assert_true(copies);
  assert_true(made.runtime.rank != 0 || !has_said(said));
  made.runtime.may_thread = made.runtime.rank != made.runtime.size - 1;
  assert_int_equal(heat_memory_check(&made.runtime, &plan, needed, &copies).code, HEAT_OK);
  assert_false(copies);
  assert_true(made.runtime.rank != 0 || !has_said(said)); /* there is no room for them anyway */
  assert_int_equal(heat_memory_check(&made.runtime, &plan, 10 * (needed + copied), &copies).code, HEAT_OK);
  assert_false(copies);
  assert_true(has_said(said));
  close_rig(&made);
}

static void a_run_that_saves_only_its_end_makes_no_copies(void **state) {
  (void)state;
  const heat_plan plan = open_plan(without_saves);
  bool copies;
  assert_int_equal(heat_memory_check(&made.runtime, &plan, 1e15, &copies).code, HEAT_OK);
  assert_false(copies);
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_does_not_fit_is_refused_by_all_ranks),
      cmocka_unit_test(copies_are_made_where_every_node_has_room),
      cmocka_unit_test(copies_need_threads_on_every_rank),
      cmocka_unit_test(a_run_that_saves_only_its_end_makes_no_copies),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
