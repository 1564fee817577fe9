/* The laws of a run: its bits, its tables and its pictures depend on the deck alone, not on ranks, layout, halo depth
 * or threads, nor on how often it was stopped, killed, extended and resumed. A serial process that runs the program. */
#include "runs.h"

typedef struct variant {
  int ranks;
  const char *sets;
} variant;

static void assert_all_the_same(const char *deck, const variant *variants, size_t count) {
  shell("rm -rf out whole");
  write_text("deck.yaml", deck);
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=whole"));
  for (size_t n = 0; n < count; n++) {
    print_message("  %d ranks %s\n", variants[n].ranks, variants[n].sets);
    assert_code(0, heat2d(variants[n].ranks, "run deck.yaml --overwrite %s", variants[n].sets));
    assert_same_run("whole", "out");
  }
  char last[2][LINE_MOST];
  assert_true(last_file(last[0], "whole", "checkpoint-", ".h5") && last_file(last[1], "out", "checkpoint-", ".h5"));
  assert_code(0, heat2d(0, "compare %s %s", last[0], last[1]));
  assert_non_null(strstr(command.out, "identical bits"));
}

static void bits_depend_on_the_deck_alone(void **state) {
  (void)state;
  static const variant variants[] = {{1, "--set parallel.halo_depth=2"},
                                     {2, ""},
                                     {2, "--set parallel.threads=2 --set parallel.halo_depth=5"},
                                     {3, ""},
                                     {3, "--set parallel.ranks=[1,3] --set parallel.halo_depth=3"},
                                     {4, ""},
                                     {4, "--set parallel.ranks=[4,1] --set parallel.halo_depth=5"},
                                     {6, "--set parallel.halo_depth=3"},
                                     {6, "--set parallel.ranks=[3,2] --set parallel.halo_depth=2"}};
  assert_all_the_same(walls_deck, variants, sizeof variants / sizeof *variants);
}

static void bits_on_a_torus_depend_on_the_deck_alone(void **state) {
  (void)state;
  static const variant variants[] = {{1, "--set parallel.halo_depth=5 --set parallel.threads=2"},
                                     {2, "--set parallel.ranks=[2,1] --set parallel.halo_depth=2"},
                                     {3, "--set parallel.ranks=[1,3] --set parallel.halo_depth=5"},
                                     {4, "--set parallel.ranks=[2,2] --set parallel.halo_depth=3"},
                                     {6, "--set parallel.ranks=[6,1] --set parallel.halo_depth=5"},
                                     {6, "--set parallel.ranks=[2,3]"}};
  assert_all_the_same(torus_deck, variants, sizeof variants / sizeof *variants);
}

static void a_file_STOP_stops_and_resume_goes_on(void **state) {
  (void)state;
  start_with(walls_deck);
  run_whole("");
  shell("mkdir out && touch out/STOP");
  assert_code(75, heat2d(3, "run deck.yaml"));
  assert_one_complaint("heat2d: ", "STOP");
  const long long step = status_step("out", "stopped");
  assert_true(step > 0 && step < 52);
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_false(exists("out/STOP"));
  assert_code(0, heat2d(2, "run deck.yaml --resume --set parallel.halo_depth=3"));
  assert_same_run("whole", "out");
  assert_int_equal(status_step("out", "done"), 52);
}

/* A walltime of a second is shorter than the time that must be left at the end, so that each job does as little as
 * possible. */
static void a_chain_of_jobs_with_a_walltime_reaches_the_end(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  static const int ranks[] = {3, 0, 4};
  long long before = 0;
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    assert_code(75, heat2d(ranks[n], "run deck.yaml --resume --walltime 00:00:01"));
    assert_one_complaint("heat2d: ", "walltime");
    const long long step = status_step("out", "stopped");
    assert_true(step > before);
    before = step;
  }
  assert_code(0, heat2d(2, "run deck.yaml --resume --walltime 01:00:00"));
  assert_same_run("whole", "out");
}

/* Wait until the table has a row of step `step` or later; what is read on the way must be whole. */
static void await_row(pid_t process, const char *directory, long long step) {
  char path[LINE_MOST];
  snprintf(path, sizeof path, "%s/history.csv", directory);
  const double deadline = now() + command.limit;
  for (;;) {
    size_t length = 0;
    char *text = read_bytes(path, &length), *last = NULL;
    if (length > 0 && text[length - 1] == '\n') {
      text[length - 1] = '\0';
      last = strrchr(text, '\n');
    }
    const bool reached = last != NULL && atoll(last + 1) >= step;
    free(text);
    char status[LINE_MOST];
    snprintf(status, sizeof status, "%s/status.json", directory);
    if (exists(status)) status_step(directory, "running");
    if (reached) return;
    if (now() > deadline) kill_family(process);
    assert_true(now() < deadline);
    pause_briefly();
  }
}

/* A run without an end is stopped; then it gets an end a little later, and is compared with a run to that end. */
static void assert_resumes_after(int signal_number, int code, int ranks, int ranks_after) {
  static const char endless[] = "--set time.end=1e6 --set output.every.steps=500 --set checkpoint.every.steps=700 "
                                "--set output.max_files=1000000000";
  enum { DUE = 500 };
  start_with(torus_deck);
  const pid_t process = launch(ranks, "run deck.yaml %s", endless);
  char last[LINE_MOST], sets[LINE_MOST];
  for (int rows = 2; rows == 2 || !last_file(last, "out", "checkpoint-", ".h5"); rows++)
    await_row(process, "out", rows * DUE); /* checkpoints are written behind the steps */
  assert_int_equal(signal_ranks(process, signal_number), ranks > 0 ? ranks : 1);
  assert_code(code, finish(process));
  const long long step = status_step("out", code == 75 ? "stopped" : "running");
  if (code == 75) assert_one_complaint("heat2d: ", "signal");
  assert_true(last_file(last, "out", "checkpoint-", ".h5"));
  assert_code(0, heat2d(0, "info %s", last));
  shell("touch out/snapshot-0000000500.h5.partial out/status.json.partial out/mine.partial");
  long long reached = atoll(strrchr(last, '-') + 1);
  if (step > reached) reached = step;
  snprintf(sets, sizeof sets, "%s --set time.end=%.17g", endless, (double)((reached / DUE + 2) * DUE) * 0.0009765625);
  assert_code(0, heat2d(ranks_after, "run deck.yaml --resume %s", sets));
  assert_true(exists("out/mine.partial"));
  shell("rm out/mine.partial");
  run_whole(sets);
  assert_same_run("whole", "out");
}

static void signals_stop_with_a_checkpoint(void **state) {
  (void)state;
  assert_resumes_after(SIGTERM, 75, 3, 2);
  assert_resumes_after(SIGUSR1, 75, 2, 4);
  assert_resumes_after(SIGINT, 75, 0, 3);
}

static void a_killed_run_goes_on_from_its_last_checkpoint(void **state) {
  (void)state;
  assert_resumes_after(SIGKILL, 128 + SIGKILL, 3, 2);
  assert_resumes_after(SIGKILL, 128 + SIGKILL, 0, 6);
}

/* A run is killed while it writes. The next run goes on, and the final result does not show it. */
static void a_kill_in_the_middle_of_writing_leaves_no_trace(void **state) {
  (void)state;
  static const char *const faults[][2] = {{"write:2:KILL:0", "out/checkpoint-0000000020"},
                                          {"sync:1:KILL:0", "out/checkpoint-0000000020"},
                                          {"rename:1:KILL:0", "out/checkpoint-0000000020"},
                                          {"unlink:1:KILL:0", "out/checkpoint-0000000010"},
                                          {"write:9:KILL:0", "out/run.xdmf"},
                                          {"rename:1:KILL:0", "out/grid.hdf5"},
                                          {"write:3:KILL:0", "out/probes.csv"},
                                          {"rename:1:KILL:0", "out/snapshot-0000000030"},
                                          {"open:2:KILL:1", "out/snapshot-0000000020"}};
  static const int ranks[] = {2, 3, 0, 4};
  start_with(torus_deck);
  run_whole("--set checkpoint.keep=1");
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf out");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml --set checkpoint.keep=1");
    inject(NULL, NULL);
    if (code == 0) print_error("%s of %s was not struck\n", faults[n][0], faults[n][1]);
    assert_int_not_equal(code, OUT_OF_TIME);
    assert_true(code != 0 && exists("struck.txt"));
    assert_code(0, heat2d(ranks[n % 4], "run deck.yaml --resume --set checkpoint.keep=1"));
    assert_same_run("whole", "out");
  }
}

static void a_signal_to_one_rank_stops_all(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  inject("open:1:USR1:1", "out/snapshot-0000000010");
  const int code = heat2d(3, "run deck.yaml");
  inject(NULL, NULL);
  assert_code(75, code);
  assert_one_complaint("heat2d: ", "signal");
  const long long step = status_step("out", "stopped");
  assert_true(step >= 10 && step < 40);
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  assert_same_run("whole", "out");
}

static void assert_extends(const char *deck, const char *ends[], size_t count) {
  static const int ranks[] = {2, 3, 1, 4};
  start_with(deck);
  for (size_t n = 0; n < count; n++) {
    print_message("  to %s\n", ends[n]);
    assert_code(0, heat2d(ranks[n % 4], "run deck.yaml --resume --set time.end=%s", ends[n]));
    status_step("out", "done");
  }
  char sets[64];
  snprintf(sets, sizeof sets, "--set time.end=%s", ends[count - 1]);
  run_whole(sets);
  assert_same_run("whole", "out");
}

static void a_later_end_gives_the_bits_of_one_run(void **state) {
  (void)state;
  const char *on_steps[] = {"0.009765625", "0.029296875", "0.0390625"}; /* steps 10, 30, 40 */
  assert_extends(torus_deck, on_steps, 3);
  const char *between_steps[] = {"0.0093", "0.0293", "0.0391"};
  assert_extends(torus_deck, between_steps, 3);
}

static void a_later_end_of_automatic_steps_gives_the_bits_of_one_run(void **state) {
  (void)state;
  const char *ends[] = {"0.0077", "0.011", "0.02"};
  assert_extends(walls_deck, ends, 3);
}

static void a_finished_run_is_left_as_it_is(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml"));
  static const char list[] = "cd out && cksum checkpoint-* snapshot-* *.csv run.xdmf > ../%s";
  shell(list, "before.txt");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_code(0, heat2d(0, "run deck.yaml --resume --set time.end=0.01"));
  shell(list, "after.txt");
  assert_true(same_bytes("before.txt", "after.txt"));
  assert_null(strstr(command.out, "energy      0 ")); /* it was not looked at */
  assert_int_equal(status_step("out", "done"), 40);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bits_depend_on_the_deck_alone),
      cmocka_unit_test(bits_on_a_torus_depend_on_the_deck_alone),
      cmocka_unit_test(a_file_STOP_stops_and_resume_goes_on),
      cmocka_unit_test(a_chain_of_jobs_with_a_walltime_reaches_the_end),
      cmocka_unit_test(signals_stop_with_a_checkpoint),
      cmocka_unit_test(a_killed_run_goes_on_from_its_last_checkpoint),
      cmocka_unit_test(a_kill_in_the_middle_of_writing_leaves_no_trace),
      cmocka_unit_test(a_signal_to_one_rank_stops_all),
      cmocka_unit_test(a_later_end_gives_the_bits_of_one_run),
      cmocka_unit_test(a_later_end_of_automatic_steps_gives_the_bits_of_one_run),
      cmocka_unit_test(a_finished_run_is_left_as_it_is),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
