/* `heat2d status` for runs that are in progress, killed, stopped or done, and its requests to them. A serial process
 * that runs the program. */
#include "endless.h"
#include "runs.h"

/* Only the start is warm at the left wall, so that a picture of the start has a larger range than the others. */
static const char warm_deck[] = "domain: {size: [1, 1], cells: %s}\n"
                                "material: {diffusivity: 1}\n"
                                "initial: {temperature: 300}\n"
                                "boundary: {left: {type: dirichlet, value: 't < 0.001 ? 400 : 300'}}\n"
                                "time: {end: 0.012, %s}\n"
                                "output: {directory: out, every: 0.006, images: {every: 0.006, width: 64},\n"
                                "  probes: [{name: a, at: [0.1, 0.5]}]}\n"
                                "checkpoint: {every: {minutes: 0}}\n";

/* Return the text of a member of the one object that `status --json` printed. */
static const char *member(const char *name) {
  static char value[LINE_MOST];
  char *begin = strchr(command.out, '{'), *end = strrchr(command.out, '}');
  assert_true(begin != NULL && end != NULL);
  end[1] = '\0';
  if (!is_json(begin)) print_error("not JSON: %s\n", begin);
  assert_true(is_json(begin));
  assert_true(json_member(begin, name, value, sizeof value));
  return value;
}

static pid_t start_endless(int ranks) {
  start_anew();
  const pid_t process = launch(ranks, "run deck.yaml");
  await_file(process, "out/status.json");
  return process;
}

/* Run another command with an output of its own while a run is in progress. */
static int aside(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int aside(const char *format, ...) {
  char line[LINE_MOST], whole[LINE_MOST + 256];
  va_list list;
  va_start(list, format);
  vsnprintf(line, sizeof line, format, list);
  va_end(list);
  snprintf(whole, sizeof whole, "'%s' %s </dev/null >aside.txt 2>aside-err.txt", getenv("HEAT2D_PROGRAM"), line);
  const int result = system(whole);
  take_said(command.out, "aside.txt");
  take_said(command.err, "aside-err.txt");
  snprintf(command.line, sizeof command.line, "%s", line);
  return WEXITSTATUS(result);
}

static void a_directory_without_a_run_is_one_line(void **state) {
  (void)state;
  start_with(small_deck);
  shell("mkdir -p empty && touch file");
  assert_code(65, heat2d(0, "status nowhere"));
  assert_one_complaint("nowhere: ", "does not exist");
  assert_code(65, heat2d(2, "status empty"));
  assert_one_complaint("empty: ", "holds no run");
  assert_code(65, heat2d(0, "status file --watch"));
  assert_one_complaint("file: ", "is not a directory");
  assert_code(65, heat2d(0, "status empty --request stop"));
  assert_one_complaint("empty: ", "holds no run");
  assert_code(64, heat2d(0, "status"));
  assert_code(64, heat2d(0, "status empty --json --request stop"));
}

static void a_run_is_running_then_killed_or_stopped(void **state) {
  (void)state;
  const pid_t process = start_endless(2);
  assert_code(1, aside("status out --json"));
  assert_string_equal(member("state"), "\"running\"");
  assert_true(atof(member("step")) >= 0 && atof(member("ranks")) == 2);
  assert_string_equal(member("checkpoint"), "null");
  assert_code(1, aside("status out"));
  assert_non_null(strstr(command.out, "state       running"));
  assert_string_equal(command.err, "");
  shell("mkdir -p copy && cp out/status.json copy/"); /* it says that it runs, but nobody holds its lock */
  assert_code(75, aside("status copy --json"));
  assert_string_equal(member("state"), "\"killed\"");
  assert_code(0, aside("status out --request checkpoint"));
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_true(signal_ranks(process, SIGKILL) >= 1);
  finish(process);
  assert_code(75, heat2d(0, "status out"));
  assert_non_null(strstr(command.out, "state       killed"));
  assert_non_null(strstr(command.out, "silent for"));
  assert_non_null(strstr(command.out, "checkpoint  step "));
  assert_code(64, heat2d(0, "status out --request snapshot"));
  assert_one_complaint("heat2d: no run is going on in 'out'", "killed");
  assert_false(exists("out/SNAPSHOT"));
  assert_code(75, heat2d(1, "run deck.yaml --resume --walltime 2"));
  assert_code(75, heat2d(0, "status out --json"));
  assert_string_equal(member("state"), "\"stopped\"");
  assert_string_equal(member("reason"), "\"the walltime\"");
}

static void a_run_that_has_said_nothing_for_long_is_silent(void **state) {
  (void)state;
  const pid_t process = start_endless(0);
  assert_int_equal(signal_ranks(process, SIGSTOP), 1);
  sleep_for(0.5);
  shell("touch -d '-40 seconds' out/status.json");
  assert_code(1, aside("status out --json"));
  assert_string_equal(member("state"), "\"silent\"");
  assert_true(atof(member("silent")) >= 40);
  assert_int_equal(signal_ranks(process, SIGCONT), 1);
  assert_code(0, aside("status out --request stop"));
  assert_non_null(strstr(command.out, "out: stopped by the file STOP at step"));
  assert_code(75, finish(process));
  assert_false(exists("out/STOP"));
}

static void many_runs_are_a_table_and_the_highest_code_counts(void **state) {
  (void)state;
  start_with(small_deck);
  shell("rm -rf sweep && mkdir sweep sweep/not-a-run");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=sweep/b"));
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=sweep/a"));
  assert_code(0, heat2d(2, "status sweep --watch"));
  assert_code(0, heat2d(0, "status sweep"));
  const char *first = strstr(command.out, "sweep/a"), *second = strstr(command.out, "sweep/b");
  assert_true(first != NULL && second > first && strstr(command.out, "not-a-run") == NULL);
  assert_non_null(strstr(command.out, "2 runs: 2 done"));
  assert_non_null(strstr(command.out, "100.0%"));
  shell("sed -i 's/\"done\"/\"failed\"/; s/\"code\": 0/\"code\": 70/' sweep/a/status.json");
  assert_code(70, heat2d(0, "status sweep"));
  assert_code(70, heat2d(0, "status sweep/b sweep/a nowhere --json"));
  assert_code(0, heat2d(0, "status sweep/b"));
  shell("printf 'window,job,hosts\\n7,12.s,n1:2,0,40,75,the walltime,a,b,13.s,1\\n' >sweep/b/chain.csv");
  assert_code(0, heat2d(0, "status sweep/b --json"));
  assert_string_equal(member("windows"), "7");
  assert_string_equal(member("next_job"), "\"13.s\"");
}

/* A run goes on when the reader of its output has ended. */
static void a_run_outlives_who_reads_it(void **state) {
  (void)state;
  start_with(small_deck);
  shell("'%s' run deck.yaml </dev/null 2>/dev/null | true", getenv("HEAT2D_PROGRAM"));
  assert_int_equal(status_step("out", "done"), 40);
  shell("'%s' run deck.yaml --resume </dev/null 2>/dev/null | true", getenv("HEAT2D_PROGRAM"));
  char *log = read_text("out/run.log");
  assert_int_equal(occurrences(log, "\nfiles       out/checkpoint-0000000040.h5"), 2);
  free(log);
}

static void watching_ends_with_the_run(void **state) {
  (void)state;
  const pid_t process = start_endless(1);
  shell("rm -f code.txt; ('%s' status out --watch </dev/null >watch.txt 2>&1; echo $? >code.part; mv code.part "
        "code.txt) &",
        getenv("HEAT2D_PROGRAM"));
  const double deadline = now() + command.limit;
  bool seen = false;
  while (!seen && now() < deadline) {
    sleep_for(0.1);
    if (!exists("watch.txt")) continue;
    char *text = read_text("watch.txt");
    seen = strncmp(text, "out: running", 12) == 0;
    free(text);
  }
  assert_true(seen);
  write_text("out/STOP", "");
  assert_code(75, finish(process));
  while (!exists("code.txt") && now() < deadline) pause_briefly();
  char *text = read_text("watch.txt"), *code = read_text("code.txt");
  assert_non_null(strstr(text, "\nout: stopped"));
  assert_string_equal(code, "75\n");
  free(text);
  free(code);
}

/* All requests at the same time, at the start of a run. The run is repeated if they were not obeyed between two outputs
 * of the deck. */
static void run_with_requests(int ranks) {
  static const char *const answers[] = {"\nrequest     snapshot: out/snapshot-", "\nrequest     image: out/frame-",
                                        "\nrequest     checkpoint: out/checkpoint-"};
  static const char *const files[] = {"out/IMAGE", "out/SNAPSHOT", "out/CHECKPOINT"};
  enum { ATTEMPTS = 5, REQUESTS = 3 };
  int answered = 0, left = 0;
  for (int n = 0; n < ATTEMPTS && answered < REQUESTS; n++) {
    shell("rm -rf out");
    const pid_t process = launch(ranks, "run deck.yaml");
    await_file(process, "out/status.json");
    for (int k = 0; k < REQUESTS; k++) write_text(files[k], "");
    assert_code(0, finish(process));
    answered = left = 0;
    for (int k = 0; k < REQUESTS; k++) {
      answered += occurrences(command.out, answers[k]);
      left += exists(files[k]); /* on a busy machine the run may have ended before they were made */
    }
    if (count_files("out", "snapshot-", ".h5") == count_files("whole", "snapshot-", ".h5")) answered = 0;
  }
  if (answered != REQUESTS) tell_command(0);
  assert_int_equal(answered, REQUESTS);
  assert_int_equal(left, 0);
}

static void requests_change_neither_the_bits_nor_other_outputs(void **state) {
  (void)state;
  static const char *const steps[] = {"step: 2e-6", "method: backward-euler, tolerance: 1e-3"}, *const cells[] = {
                                                                                                    "[400, 240]",
                                                                                                    "[40, 24]"};
  static const char *const prefixes[] = {"snapshot-", "frame-"}, *const suffixes[] = {".h5", ".png"};
  for (int n = 0; n < 2; n++) {
    char deck[1024];
    snprintf(deck, sizeof deck, warm_deck, cells[n], steps[n]);
    start_with(deck);
    run_whole("");
    run_with_requests(n == 0 ? 2 : 1);
    for (int k = 0; k < 2; k++) /* what was asked for, and nothing else, is there beside the outputs of the deck */
      assert_int_equal(count_files("out", prefixes[k], suffixes[k]),
                       1 + count_files("whole", prefixes[k], suffixes[k]));
    assert_series_of_snapshots("out");
    shell("for f in out/snapshot-*.h5 out/frame-*.png; do [ -e whole/${f#out/} ] || rm $f; done");
    assert_same_file("out", "whole", "history.csv");
    assert_same_file("out", "whole", "probes.csv");
    shell("for f in whole/frame-*.png; do cmp $f out/${f#whole/} || exit 1; done");
    char last[2][LINE_MOST];
    assert_true(last_file(last[0], "out", "checkpoint-", ".h5") && last_file(last[1], "whole", "checkpoint-", ".h5"));
    assert_true(same_state(last[0], last[1]));
  }
}

static void requests_from_before_a_run_and_what_is_none_are_left_alone(void **state) {
  (void)state;
  start_with(small_deck);
  shell("mkdir out && touch out/CHECKPOINT && echo mine >out/SNAPSHOT && mkdir out/IMAGE");
  assert_code(0, heat2d(2, "run deck.yaml"));
  assert_non_null(strstr(command.out, "request     checkpoint: not obeyed, it is from before this run\n"));
  assert_int_equal(occurrences(command.out, "request "), 1);
  assert_false(exists("out/CHECKPOINT"));
  assert_true(exists("out/SNAPSHOT") && exists("out/IMAGE"));
}

static void what_the_deck_has_not_is_told(void **state) {
  (void)state;
  const pid_t process = start_endless(2);
  assert_code(1, aside("status out --request image"));
  assert_non_null(strstr(command.out, "request     image: not obeyed, the deck has no output.images"));
  assert_code(64, aside("status out --request coffee"));
  write_text("out/CHECKPOINT", "mine");
  assert_code(64, aside("status out --request checkpoint"));
  assert_one_complaint("heat2d: 'out/CHECKPOINT' is in the way", "");
  assert_code(0, aside("status out --request snapshot"));
  assert_int_equal(count_files("out", "snapshot-", ".h5"), 2); /* beside that of the start */
  assert_code(0, aside("status out --request stop"));
  assert_code(75, finish(process));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_directory_without_a_run_is_one_line),
      cmocka_unit_test(a_run_is_running_then_killed_or_stopped),
      cmocka_unit_test(a_run_that_has_said_nothing_for_long_is_silent),
      cmocka_unit_test(many_runs_are_a_table_and_the_highest_code_counts),
      cmocka_unit_test(a_run_outlives_who_reads_it),
      cmocka_unit_test(watching_ends_with_the_run),
      cmocka_unit_test(requests_change_neither_the_bits_nor_other_outputs),
      cmocka_unit_test(requests_from_before_a_run_and_what_is_none_are_left_alone),
      cmocka_unit_test(what_the_deck_has_not_is_told),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
