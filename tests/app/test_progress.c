/* What a waiting person and a program are told: lines at a sensible pace, a bar, and status.json, which is JSON
 * whatever host, job and message are called. Rank 0 acts, the others keep silent. */
#include "heat2d/app/progress.h"

#include <math.h>
#include <time.h>

#include "formats.h"

#include "harness.h"
#include "scene.h"

enum { CELLS = 1000, LAST = 400 };

static heat_runtime runtime;
static heat_progress progress;

static void start(heat_progress_mode mode, int64_t step) {
  const heat_clock clock = heat_clock_create(0, 0, 0.25, 0.25 * LAST);
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  FILE *log = runtime.rank == 0 ? fopen("log", "a") : NULL;
  if (log != NULL) heat_runtime_log(&runtime, log);
  const heat_progress_subject subject = {
      .runtime = &runtime, .clock = clock, .cells = CELLS, .step = step, .path = "status.json", .mode = mode};
  heat_progress_create(&progress, &subject);
}

/* The log so far, on rank 0. */
static char *log_text(void) {
  fflush(runtime.log);
  return read_text("log");
}

static void assert_member(const char *name, const char *expected) {
  char value[1024];
  char *text = read_text("status.json");
  if (!is_json(text)) print_error("not JSON: %s\n", text);
  assert_true(is_json(text));
  assert_true(json_member(text, name, value, sizeof value));
  assert_string_equal(value, expected);
  free(text);
}

static heat_status end_run(int64_t step, const char *state, heat_code code, const char *message) {
  const heat_run_end end = {.state = state, .reason = "because", .code = code, .message = message};
  return heat_progress_finish(&progress, step, &end);
}

static void the_status_is_json_whatever_is_in_it(void **state) {
  (void)state;
  setenv("PBS_JOBID", "12\"3\\.server\n\x01", 1);
  start(HEAT_PROGRESS_NONE, 100);
  assert_int_equal(heat_progress_update(&progress, 100).code, HEAT_OK);
  if (runtime.rank == 0) {
    assert_member("state", "\"running\"");
    assert_member("reason", "\"\"");
    assert_member("code", "null");
    assert_member("eta", "null");
    assert_member("step", "100");
    assert_member("steps", "400");
    assert_member("time", "25");
    assert_member("end", "100");
    assert_member("percent", "25.0000");
    assert_member("job", "\"12\\\"3\\\\.server\\u000a\\u0001\"");
    assert_false(exists("status.json.partial"));
  }
  assert_int_equal(end_run(LAST, "failed", HEAT_IO, "cannot write \"C:\\x\"\tK\xc3\xa4lte").code, HEAT_OK);
  if (runtime.rank == 0) {
    assert_member("state", "\"failed\"");
    assert_member("percent", "100.0000");
    assert_member("reason", "\"because\"");
    assert_member("code", "74");
    assert_member("message", "\"cannot write \\\"C:\\\\x\\\"\\u0009K\xc3\xa4lte\"");
  }
  unsetenv("PBS_JOBID");
  heat_runtime_destroy(&runtime);
}

static void the_status_follows_the_run_once_a_second(void **state) {
  (void)state;
  start(HEAT_PROGRESS_NONE, 0);
  assert_int_equal(heat_progress_update(&progress, 1).code, HEAT_OK);
  assert_int_equal(heat_progress_update(&progress, 2).code, HEAT_OK);
  if (runtime.rank == 0) {
    assert_member("step", "1");
    progress.next_status = 0;
  }
  assert_int_equal(heat_progress_update(&progress, 3).code, HEAT_OK);
  if (runtime.rank == 0) assert_member("step", "3");
  heat_runtime_destroy(&runtime);
}

/* Job scripts read from it what a window cost. */
static void the_status_says_what_the_time_went_to(void **state) {
  (void)state;
  start(HEAT_PROGRESS_NONE, 0);
  const double now = (double)time(NULL), slack = 30;
  assert_int_equal(heat_progress_update(&progress, 1).code, HEAT_OK);
  if (runtime.rank == 0) assert_member("stepped", "null");
  const heat_progress_times times = {.read = 1.5, .slowest = 0.25, .stepped = MPI_Wtime()};
  heat_progress_set_times(&progress, &times);
  heat_progress_set_saved(&progress, times.stepped + 2);
  assert_int_equal(end_run(LAST, "stopped", HEAT_STOPPED, "").code, HEAT_OK);
  if (runtime.rank == 0) {
    static const char *const names[] = {"began", "ready", "stepped", "saved"};
    double instants[4];
    char *text = read_text("status.json");
    assert_true(is_json(text));
    for (int n = 0; n < 4; n++) {
      char value[64];
      assert_true(json_member(text, names[n], value, sizeof value));
      instants[n] = atof(value);
      assert_true(fabs(instants[n] - now) < slack);
      assert_true(n == 0 || instants[n] >= instants[n - 1]);
    }
    assert_true(fabs(instants[3] - instants[2] - 2) < 0.01);
    free(text);
    assert_member("read", "1.500");
    assert_member("slowest", "0.250");
  }
  heat_runtime_destroy(&runtime);
}

static void a_status_that_cannot_be_replaced_is_told_by_rank_0(void **state) {
  (void)state;
  start(HEAT_PROGRESS_NONE, 0);
  snprintf(progress.path, sizeof progress.path, "nowhere/status.json");
  heat_status status = heat_progress_update(&progress, 1);
  assert_int_equal(status.code, runtime.rank == 0 ? HEAT_IO : HEAT_OK);
  status = end_run(1, "done", HEAT_OK, "");
  assert_int_equal(status.code, runtime.rank == 0 ? HEAT_IO : HEAT_OK);
  heat_runtime_destroy(&runtime);
}

/* Only one that is done is at 100%, and none that has ended is still to come to an end. */
static void an_end_has_a_code_and_no_remaining_time(void **state) {
  (void)state;
  static const struct {
    const char *state;
    heat_code code;
    const char *shown, *percent;
  } ends[] = {{"done", HEAT_OK, "0", "100.0000"},
              {"stopped", HEAT_STOPPED, "75", "50.0000"},
              {"failed", HEAT_NUMERICS, "70", "50.0000"}};
  for (size_t n = 0; n < sizeof ends / sizeof *ends; n++) {
    start(HEAT_PROGRESS_NONE, 0);
    assert_int_equal(heat_progress_update(&progress, LAST / 4).code, HEAT_OK);
    if (runtime.rank == 0) {
      char *text = read_text("status.json");
      assert_null(strstr(text, "\"eta\": null"));
      free(text);
    }
    assert_int_equal(end_run(LAST / 2, ends[n].state, ends[n].code, "").code, HEAT_OK);
    if (runtime.rank == 0) {
      assert_member("eta", "null");
      assert_member("percent", ends[n].percent);
      assert_member("code", ends[n].shown);
      assert_member("step", "200");
    }
    heat_runtime_destroy(&runtime);
  }
}

/* As on a full disk, where no second file can be made. */
static void the_last_word_is_written_over_where_it_cannot_be_replaced(void **state) {
  (void)state;
  start(HEAT_PROGRESS_NONE, 0);
  assert_int_equal(heat_progress_update(&progress, 1).code, HEAT_OK);
  if (runtime.rank == 0) {
    assert_int_equal(mkdir("status.json.partial", 0777), 0);
    progress.next_status = 0;
  }
  assert_int_equal(heat_progress_update(&progress, 2).code, runtime.rank == 0 ? HEAT_IO : HEAT_OK);
  assert_int_equal(end_run(3, "failed", HEAT_IO, "").code, HEAT_OK);
  if (runtime.rank == 0) {
    assert_member("state", "\"failed\"");
    assert_member("step", "3");
  }
  heat_runtime_destroy(&runtime);
}

static void plain_lines_get_rarer_and_end_with_the_last_step(void **state) {
  (void)state;
  start(HEAT_PROGRESS_PLAIN, 0);
  assert_int_equal(heat_progress_update(&progress, 1).code, HEAT_OK);
  if (runtime.rank == 0) {
    char *text = log_text();
    assert_string_equal(text, "");
    free(text);
    double pace = progress.pace;
    for (int n = 0; n < 40; n++) {
      progress.next_line = 0;
      assert_int_equal(heat_progress_update(&progress, 2 + n).code, HEAT_OK);
      assert_true(progress.next_line > 0 && progress.pace >= pace);
      pace = progress.pace;
    }
    assert_true(pace >= 30 && pace <= 120);
  }
  assert_int_equal(end_run(LAST, "done", HEAT_OK, "").code, HEAT_OK);
  if (runtime.rank == 0) {
    char *text = log_text();
    assert_int_equal(occurrences(text, "\n"), 41);
    assert_int_equal(occurrences(text, "step 400/400"), 1);
    assert_non_null(strstr(text, "100.0%"));
    assert_non_null(strstr(text, "Gcell/s"));
    assert_non_null(strstr(text, "ETA"));
    free(text);
  }
  heat_runtime_destroy(&runtime);
}

static void none_says_nothing(void **state) {
  (void)state;
  start(HEAT_PROGRESS_NONE, 0);
  progress.next_line = progress.next_bar = 0;
  assert_int_equal(heat_progress_update(&progress, 1).code, HEAT_OK);
  assert_int_equal(end_run(LAST, "done", HEAT_OK, "").code, HEAT_OK);
  if (runtime.rank == 0) {
    char *text = log_text();
    assert_string_equal(text, "");
    free(text);
  }
  heat_runtime_destroy(&runtime);
}

/* Draw with the standard output in a file; its text. */
static char *bar_at(int columns, int64_t step) {
  fflush(stdout);
  const int before = dup(STDOUT_FILENO), file = open("bar", O_RDWR | O_CREAT | O_TRUNC, 0666);
  dup2(file, STDOUT_FILENO);
  progress.columns = columns;
  progress.next_bar = 0;
  assert_int_equal(heat_progress_update(&progress, step).code, HEAT_OK);
  fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  close(file);
  return read_text("bar");
}

static void the_bar_fits_the_terminal_and_fills(void **state) {
  (void)state;
  static const int columns[] = {20, 60, 80, 100, 200};
  start(HEAT_PROGRESS_BAR, 0);
  for (size_t n = 0; n < sizeof columns / sizeof *columns && runtime.rank == 0; n++) {
    char *half = bar_at(columns[n], LAST / 2), *line = strstr(half, "\033[K");
    assert_true(half[0] == '\r');
    assert_non_null(line);
    assert_true((int)strlen(line + 3) < columns[n]);
    assert_int_equal(occurrences(half, "\n"), 0);
    const int full = occurrences(half, "#"), empty = occurrences(half, ".") - occurrences(strchr(half, '%') - 5, ".");
    if (columns[n] >= 100) assert_true(full > 0 && full >= empty - 1 && full <= empty + 1);
    free(half);
  }
  heat_runtime_destroy(&runtime);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(the_status_is_json_whatever_is_in_it),
                                     LAW(the_status_follows_the_run_once_a_second),
                                     LAW(the_status_says_what_the_time_went_to),
                                     LAW(a_status_that_cannot_be_replaced_is_told_by_rank_0),
                                     LAW(an_end_has_a_code_and_no_remaining_time),
                                     LAW(the_last_word_is_written_over_where_it_cannot_be_replaced),
                                     LAW(plain_lines_get_rarer_and_end_with_the_last_step),
                                     LAW(none_says_nothing),
                                     LAW(the_bar_fits_the_terminal_and_fills)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
