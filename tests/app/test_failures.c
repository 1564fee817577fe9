/* Failures of the computation, of files, memory or threads: all ranks end with one code and one message, and the last
 * intact state is kept. A serial process that runs the program. */
#include "runs.h"

enum { FAULT_SECONDS = 20 }; /* time in which a failure of one rank must end all ranks */

/* Assert the state of a run and its exit code in status.json. */
static void assert_status(const char *directory, const char *state, const char *code) {
  char path[LINE_MOST], value[64], quoted[64];
  snprintf(path, sizeof path, "%s/status.json", directory);
  char *text = read_text(path);
  assert_true(is_json(text));
  assert_true(json_member(text, "state", value, sizeof value));
  snprintf(quoted, sizeof quoted, "\"%s\"", state);
  assert_string_equal(value, quoted);
  assert_true(json_member(text, "code", value, sizeof value));
  assert_string_equal(value, code);
  assert_true(json_member(text, "eta", value, sizeof value));
  assert_string_equal(value, "null");
  free(text);
}

static const char blow_up_deck[] = "domain: {size: [100, 100], cells: [8, 6]}\n"
                                   "material: {diffusivity: 1}\n"
                                   "initial: {temperature: 300}\n"
                                   "source: 't > 195 && x > 50 ? 1e308 : 0'\n"
                                   "time: {end: 400, step: 10}\n"
                                   "output: {directory: out, every: {steps: 10}, probes: [{name: a, at: [99, 99]}]}\n"
                                   "checkpoint: {every: {steps: 10, minutes: 0}, keep: 1}\n";

static void numbers_that_go_wrong_are_70_and_leave_the_last_good_state(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    start_with(blow_up_deck);
    assert_code(70, heat2d(ranks, "run deck.yaml"));
    assert_one_complaint("heat2d: ", "not finite");
    assert_status("out", "failed", "70");
    assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
    assert_no_leftovers("out");
    assert_code(0, heat2d(0, "info out/checkpoint-0000000020.h5 out/snapshot-*.h5"));
    assert_null(strstr(command.out, "not finite"));
    assert_code(0, heat2d(2, "info out/crash-*.h5"));
    assert_non_null(strstr(command.out, ", not finite in "));
    assert_null(strstr(command.out, "inf"));
    char *history = read_text("out/history.csv");
    assert_int_equal(occurrences(history, "\n"), 4);
    assert_null(strstr(history, "inf"));
    assert_null(strstr(history, "nan"));
    free(history);
  }
  assert_code(70, heat2d(2, "run deck.yaml --overwrite --set \"initial.temperature='x < 50 ? 1e308 : -1e308'\""));
}

static void an_expression_that_ceases_to_be_finite_is_65(void **state) {
  (void)state;
  start_with(blow_up_deck);
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(65, heat2d(ranks, "run deck.yaml --overwrite --set source=0 "
                                  "--set 'boundary.right={type: dirichlet, value: 300 + sqrt(150 - t)}'"));
    assert_one_complaint("", "boundary.right.value: ");
    assert_status("out", "failed", "65");
    assert_code(0, heat2d(0, "info out/checkpoint-0000000010.h5"));
  }
}

static void a_directory_that_cannot_be_is_74(void **state) {
  (void)state;
  static const char *const places[] = {"taken", "taken/below", "/dev/null", "/proc/heat2d-test"};
  start_with(small_deck);
  write_text("taken", "mine\n");
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    assert_code(74, heat2d(n == 0 ? 3 : 0, "run deck.yaml --set output.directory=%s", places[n]));
    assert_one_complaint("heat2d: ", "");
  }
  char *text = read_text("taken");
  assert_string_equal(text, "mine\n");
  free(text);
}

static void a_full_standard_output_is_74(void **state) {
  (void)state;
  start_with(small_deck);
  static const char *const lines[] = {"keys", "check deck.yaml", "--help", "run deck.yaml"};
  for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) assert_code(74, heat2d(0, "%s > /dev/full", lines[n]));
}

static void assert_whole(const char *directory) {
  assert_no_leftovers(directory);
  if (count_files(directory, "checkpoint-", ".h5") + count_files(directory, "snapshot-", ".h5") == 0) return;
  assert_code(0, heat2d(0, "info %s/*.h5", directory));
}

/* Files may not grow any more in the middle of an endless run. */
static void a_full_disk_is_74_and_leaves_the_last_checkpoint_whole(void **state) {
  (void)state;
  start_with(small_deck);
  const pid_t process = launch(3, "run deck.yaml --set time.end=1e6 --set output.every.steps=1000000 "
                                  "--set output.max_files=1000000000");
  const double deadline = now() + command.limit;
  while (now() < deadline && (!exists("out") || count_files("out", "checkpoint-", ".h5") < 2)) pause_briefly();
  pid_t ranks[RANKS_MOST];
  const int count = find_ranks(process, ranks);
  for (int n = 0; n < count; n++) kill(ranks[n], SIGSTOP); /* the limit comes to all at the same instant */
  for (int n = 0; n < count; n++) shell("prlimit --pid %ld --fsize=4096:4096", (long)ranks[n]);
  for (int n = 0; n < count; n++) kill(ranks[n], SIGCONT);
  assert_code(74, finish(process));
  assert_int_equal(count, 3);
  assert_one_complaint("heat2d: ", "out/");
  assert_true(count_files("out", "checkpoint-", ".h5") >= 2);
  assert_whole("out");
}

/* Run on 3 ranks with that fault, and return the exit code; the run must end in time. */
static int run_with(const char *fault, const char *path, const char *options) {
  start_with(small_deck);
  inject(fault, path);
  const double usual = command.limit;
  command.limit = FAULT_SECONDS;
  const int code = heat2d(3, "run deck.yaml %s", options);
  command.limit = usual;
  inject(NULL, NULL);
  return code;
}

static void assert_ends_all_ranks(const char *fault, const char *path, const char *options) {
  const int code = run_with(fault, path, options);
  if (code != 74 || !exists("struck.txt")) print_error("with the fault %s (struck: %d)\n", fault, exists("struck.txt"));
  assert_code(74, code);
  assert_true(exists("struck.txt"));
  assert_one_complaint("heat2d: ", "");
  if (exists("out")) assert_whole("out");
  if (exists("out/history.csv")) assert_status("out", "failed", "74"); /* whichever rank it was that failed */
}

static void a_file_fault_on_one_rank_ends_all_with_74(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"rename:1:EIO:0", "out/deck.yaml"},      {"open:1:EACCES:0", "out/history.csv"},
      {"open:1:EACCES:0", "out/probes.csv"},    {"write:2:ENOSPC:0", "out/history.csv"},
      {"write:2:ENOSPC:0", "out/probes.csv"},   {"write:1+:ENOSPC:0", "out/snapshot-"},
      {"write:3:EIO:0", "out/run.xdmf"},        {"open:1:EACCES:1", "out/frame-"},
      {"write:1:ENOSPC:1", "out/frame-"},       {"open:1+:EACCES:0", "out/checkpoint-"},
      {"write:2+:ENOSPC:0", "out/checkpoint-"}, {"sync:1:EIO:0", "out/checkpoint-"},
      {"rename:2:EIO:0", "out/checkpoint-"},    {"write:1:EIO:1", "out/"},
      {"write:2:EDQUOT:2", "out/checkpoint-"},  {"sync:1:EIO:1", "out/checkpoint-"},
      {"sync:4:EIO:2", "out/checkpoint-"},      {"open:2:EACCES:1", "out/checkpoint-"},
      {"read:30:EIO:2", "out/checkpoint-"}};
  /* Through MPI-IO, where a rank that cannot open or write must not hold the others. */
  static const char *const together[][2] = {{"open:1:EACCES:1", "out/checkpoint-"},
                                            {"write:1+:ENOSPC:0", "out/checkpoint-"},
                                            {"sync:1:EIO:2", "out/checkpoint-"}};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) assert_ends_all_ranks(faults[n][0], faults[n][1], "");
  for (size_t n = 0; n < sizeof together / sizeof *together; n++)
    assert_ends_all_ranks(together[n][0], together[n][1], "--set output.transport=mpio");
}

/* Where one rank cannot read past the page cache, or a read there fails, files are read back as they always can be. */
static void what_cannot_be_read_past_the_cache_is_read_otherwise(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"direct:1:EACCES:1", "direct"}, {"direct:1:EACCES:1", "mpio"}, {"read:1:EIO:1", "direct"}};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    char options[64];
    snprintf(options, sizeof options, "--set output.transport=%s", faults[n][1]);
    assert_code(0, run_with(faults[n][0], "out/checkpoint-0000000010.h5.partial", options));
    assert_true(exists("struck.txt"));
    assert_whole("out");
  }
}

/* A disk that has written a bit of a field wrong, and says that all went well, is found out when that is read back:
 * behind the steps in the thread, else by another rank. */
static void a_bit_that_is_written_wrong_ends_all_with_74(void **state) {
  (void)state;
  static const char *const transports[] = {"direct", "mpio"};
  for (size_t n = 0; n < sizeof transports / sizeof *transports; n++) {
    char options[64];
    snprintf(options, sizeof options, "--set output.transport=%s", transports[n]);
    assert_code(74, run_with("write:2:FLIP:1", "out/checkpoint-", options));
    assert_true(exists("struck.txt"));
    assert_one_complaint("heat2d: cannot write 'out/checkpoint-", "do not agree with its digest");
    assert_whole("out");
  }
}

/* The reason is reported, whatever MPI makes of the failure. */
static void a_write_through_mpi_io_that_fails_names_the_reason(void **state) {
  (void)state;
  static const char *const faults[][2] = {{"write:1+:ENOSPC:1", "No space left on device"},
                                          {"write:1+:EDQUOT:2", "Disk quota exceeded"}};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    assert_code(74, run_with(faults[n][0], "out/checkpoint-", "--set output.transport=mpio"));
    assert_one_complaint("heat2d: cannot write 'out/checkpoint-", faults[n][1]);
  }
}

/* One rank is in a write for much longer than the guard allows: a message names the place, all ranks end, and
 * status.json and run.log contain the message. The next run goes on. */
static void a_rank_that_does_not_come_back_is_not_waited_for(void **state) {
  (void)state;
  setenv("HEAT2D_STALL", "2", 1);
  setenv("HEAT2D_FAULT_SECONDS", "18", 1);
  const int code = run_with("write:1:SLOW:1", "out/checkpoint-0000000020", "--set output.transport=mpio");
  unsetenv("HEAT2D_FAULT_SECONDS");
  setenv("HEAT2D_STALL", "8", 1);
  assert_code(74, code);
  assert_true(exists("struck.txt"));
  assert_non_null(strstr(command.err, " has waited for "));
  assert_status("out", "failed", "74");
  char *log = read_text("out/run.log");
  assert_non_null(strstr(log, "has waited for"));
  free(log);
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "resumed     from out/checkpoint-0000000010.h5"));
  assert_whole("out");
}

static void a_lost_status_file_in_the_loop_ends_all_with_74(void **state) {
  (void)state;
  assert_ends_all_ranks("rename:2:EIO:0", "out/status.json",
                        "--set time.end=1e6 --set output.every.steps=1000000 --set checkpoint.every.steps=1000000 "
                        "--set output.max_files=1000000000");
}

static void a_directory_that_cannot_be_one_is_named_with_its_reason(void **state) {
  (void)state;
  start_with(small_deck);
  shell("ln -s nowhere dangling && ln -s loop loop && echo >file && ln -s file filed && mkdir -p deep && "
        "ln -s ../gone/far deep/link");
  static const char *const cases[][2] = {
      {"dangling", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"dangling/", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"dangling/out", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"deep/link/a/b", "'deep/link' is a symbolic link to '../gone/far', which does not exist"},
      {"loop", "'loop' is a symbolic link to 'loop', which cannot be followed: "},
      {"filed", "'filed' is a symbolic link to 'file', which is not a directory"},
      {"filed/out", "'filed' is a symbolic link to 'file', which is not a directory"},
      {"file/out", "'file' is not a directory"},
      {"file", "'file' is not a directory"}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
    for (int resume = 0; resume < 2; resume++) {
      assert_code(74, heat2d(n == 0 ? 2 : 0, "run deck.yaml %s --set output.directory=%s", resume ? "--resume" : "",
                             cases[n][0]));
      assert_one_complaint("heat2d: ", cases[n][1]);
    }
  assert_false(exists("nowhere"));
  shell("mkdir real && ln -s real linked");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=linked"));
  assert_true(exists("real/history.csv"));
}

/* An MPI that was started with MPI_THREAD_SINGLE on one rank. */
static void without_leave_for_threads_none_is_used(void **state) {
  (void)state;
  start_with(small_deck);
  inject("mpi-threads:1+:EACCES:1", "/");
  assert_code(65, heat2d(2, "run deck.yaml --set parallel.threads=2"));
  assert_one_complaint("--set:1:", "parallel.threads: this MPI");
  assert_false(exists("out"));
  assert_code(65, heat2d(2, "check deck.yaml --set parallel.threads=2"));
  assert_code(64, heat2d(2, "bench --cells 64,64 --threads 2"));
  assert_code(0, heat2d(2, "run deck.yaml"));
  inject(NULL, NULL);
  assert_int_equal(occurrences(command.out, "the steps wait for checkpoints"), 1);
  assert_whole("out");
}

/* A file system of several hosts, on which a file that rank 0 has made appears elsewhere after a while. */
static void a_file_that_is_seen_later_is_waited_for(void **state) {
  (void)state;
  static const char *const files[] = {"out/checkpoint-0000000010.h5.partial", "out/snapshot-0000000020.h5.partial"};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    const int code = run_with("open:1:ENOENT:1", files[n], "");
    assert_true(exists("struck.txt"));
    assert_code(0, code);
  }
}

static void a_rank_that_cannot_open_the_shared_file_ends_all_with_74(void **state) {
  (void)state;
  char host[256] = "", who[300];
  gethostname(host, sizeof host - 1);
  snprintf(who, sizeof who, "rank 1 on the host %s cannot open 'out/checkpoint-", host);
  assert_code(74, run_with("open:1+:EACCES:1", "out/checkpoint-", ""));
  assert_non_null(strstr(command.err, who));
  assert_ends_all_ranks("open:1+:EACCES:1", "out/checkpoint-", "");
  assert_ends_all_ranks("open:1+:EACCES:2", "out/snapshot-", "");
}

static void a_thread_that_cannot_be_started_on_one_rank_does_not_matter(void **state) {
  (void)state;
  static const char *const faults[] = {"thread:1:EAGAIN:1", "thread:1+:EAGAIN:0", "thread:1+:EAGAIN:*"};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    assert_code(0, run_with(faults[n], "out/", ""));
    assert_true(exists("struck.txt"));
    assert_whole("out");
  }
}

#ifndef HEAT2D_SANITIZED
/* There is no memory for what is printed before the log is open: the log is recognised as that of a run
 * nevertheless. */
static void a_log_that_lost_its_first_lines_is_gone_on_with(void **state) {
  (void)state;
  assert_code(0, run_with("malloc:1:ENOMEM:0", "out/", ""));
  assert_true(exists("struck.txt"));
  char *log = read_text("out/run.log");
  assert_int_equal(strncmp(log, "heat2d ", strlen("heat2d ")), 0);
  free(log);
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
}

static void exhausted_memory_on_one_rank_ends_all_with_74(void **state) {
  (void)state;
  static const char *const faults[] = {"malloc:2:ENOMEM:0",   "malloc:2:ENOMEM:1",   "malloc:60:ENOMEM:2",
                                       "malloc:200:ENOMEM:1", "malloc:400:ENOMEM:0", "malloc:300:ENOMEM:2",
                                       "malloc:600:ENOMEM:0"};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) assert_ends_all_ranks(faults[n], "out/", "");
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_that_go_wrong_are_70_and_leave_the_last_good_state),
      cmocka_unit_test(an_expression_that_ceases_to_be_finite_is_65),
      cmocka_unit_test(a_directory_that_cannot_be_is_74),
      cmocka_unit_test(a_full_standard_output_is_74),
      cmocka_unit_test(a_full_disk_is_74_and_leaves_the_last_checkpoint_whole),
      cmocka_unit_test(a_file_fault_on_one_rank_ends_all_with_74),
      cmocka_unit_test(what_cannot_be_read_past_the_cache_is_read_otherwise),
      cmocka_unit_test(a_bit_that_is_written_wrong_ends_all_with_74),
      cmocka_unit_test(a_write_through_mpi_io_that_fails_names_the_reason),
      cmocka_unit_test(a_rank_that_does_not_come_back_is_not_waited_for),
      cmocka_unit_test(a_lost_status_file_in_the_loop_ends_all_with_74),
      cmocka_unit_test(a_directory_that_cannot_be_one_is_named_with_its_reason),
      cmocka_unit_test(a_thread_that_cannot_be_started_on_one_rank_does_not_matter),
      cmocka_unit_test(without_leave_for_threads_none_is_used),
      cmocka_unit_test(a_file_that_is_seen_later_is_waited_for),
      cmocka_unit_test(a_rank_that_cannot_open_the_shared_file_ends_all_with_74),
#ifndef HEAT2D_SANITIZED /* which brings a malloc of its own */
      cmocka_unit_test(a_log_that_lost_its_first_lines_is_gone_on_with),
      cmocka_unit_test(exhausted_memory_on_one_rank_ends_all_with_74),
#endif
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
