/* Six runs at the same time in one directory: one gets the lock, the others end with a message, and no files are mixed.
 * Also without record locks, and with runs that seem to be on two hosts. A serial process that runs the program. */
#include "endless.h"

enum { RIVALS = 6 };

static const char deck[] = "domain: {size: [1, 1], cells: [32, 32]}\n"
                           "material: {diffusivity: 1}\n"
                           "initial: {temperature: 'sin(3*x) + y'}\n"
                           "time: {end: 1e6, step: 0.0001}\n" /* until it is stopped */
                           "output: {directory: out, every: {steps: 200000000}}\n"
                           "checkpoint: {every: {steps: 500000000, minutes: 0}, keep: 2}\n";

/* A word before a command that gives it another host name, where that is allowed here. */
static const char *other_host(void) {
  return system("unshare --uts hostname elsewhere 2>/dev/null") == 0
             ? "unshare --uts sh -c 'hostname elsewhere; exec \"$@\"' sh"
             : "";
}

static void start_rivals(const char *mode, const char *environment) {
  shell("rm -rf code.* said.* tmp.*");
  for (int n = 0; n < RIVALS;
       n++) /* processes of Open MPI that start at the same time would disturb each other in TMPDIR */
    shell("mkdir tmp.%d; (env TMPDIR='%s/tmp.%d' %s HEAT2D_FAULT_PATH='%s/out/.heat2d.lock' "
          "HEAT2D_FAULT_MARK='%s/struck.txt' %s '%s' run deck.yaml %s "
          "--set title=rival-%d </dev/null >said.%d 2>&1; echo $? >code.tmp.%d; mv code.tmp.%d code.%d) &",
          n, command.directory, n, environment, command.directory, command.directory, n % 2 == 1 ? other_host() : "",
          getenv("HEAT2D_PROGRAM"), mode, n, n, n, n, n);
}

static int codes(int codes_of[RIVALS]) {
  int count = 0;
  for (int n = 0; n < RIVALS; n++) {
    char name[32];
    snprintf(name, sizeof name, "code.%d", n);
    codes_of[n] = -1;
    if (!exists(name)) continue;
    char *text = read_text(name);
    codes_of[n] = atoi(text);
    free(text);
    count++;
  }
  return count;
}

static void wait_for(int count) {
  int ended[RIVALS];
  const double deadline = now() + command.limit;
  while (codes(ended) < count && now() < deadline) pause_briefly();
  assert_int_equal(codes(ended), count);
}

/* All runs but one are refused. That one works until it is stopped, and all files are its own. */
static void assert_one_wins(const char *mode, const char *environment) {
  int ended[RIVALS], winner = -1;
  char title[32];
  start_rivals(mode, environment);
  wait_for(RIVALS - 1);
  shell("sleep 0.3; test -e out/run.log && touch out/STOP");
  wait_for(RIVALS);
  codes(ended);
  for (int n = 0; n < RIVALS; n++) {
    if (ended[n] == 75) {
      assert_int_equal(winner, -1);
      winner = n;
    } else {
      if (ended[n] != 74) shell("cat said.%d", n);
      assert_int_equal(ended[n], 74);
      shell("grep -q 'another run' said.%d || { cat said.%d; false; }", n, n);
    }
  }
  assert_int_not_equal(winner, -1);
  snprintf(title, sizeof title, "rival-%d", winner);
  shell("test \"$(grep -c '^heat2d .*rival-' out/run.log)\" = 1 && grep -q '^heat2d .*%s' out/run.log", title);
  shell("grep -q '%s' out/deck.yaml && ! test -e out/.heat2d.lock", title);
  shell("test \"$(grep -c step out/history.csv)\" = 1 && ! cut -d , -f 1 out/history.csv | sort | uniq -d | grep .");
  assert_no_leftovers("out");
  assert_code(0, heat2d(0, "info out/*.h5"));
}

/* Make a finished run, over which the others compete. */
static void begin_with(const char *lock) {
  shell("rm -rf out");
  write_text("deck.yaml", deck);
  assert_code(0, heat2d(0, "run deck.yaml --set time.end=0.001"));
  if (lock != NULL) write_text("out/.heat2d.lock", lock);
}

static void one_of_six_gets_the_directory(void **state) {
  (void)state;
  begin_with(NULL);
  assert_one_wins("--overwrite", "HEAT2D_NONE=1");
  begin_with(NULL);
  assert_one_wins("--resume", "HEAT2D_NONE=1");
}

/* Each run waits at the moments at which another one could interfere: before it writes its name into the file that it
 * has made, and before it renames the file of an owner that has ended. So all of them are there at the same time. */
static const char no_locks[] = "LD_PRELOAD=\"$HEAT2D_FAULT_LIBRARY\" "
                               "ASAN_OPTIONS=\"$ASAN_OPTIONS:verify_asan_link_order=0\" HEAT2D_FAULT_SECONDS=0.7 "
                               "HEAT2D_FAULT='lock:1+:ENOSYS:*,write:1:SLOW:*,rename:1:SLOW:*'";

static void one_of_six_on_two_hosts_without_record_locks_gets_the_directory(void **state) {
  (void)state;
  begin_with(NULL);
  assert_one_wins("--overwrite", no_locks);
}

static void one_of_six_gets_the_directory_of_an_owner_that_is_gone(void **state) {
  (void)state;
  begin_with("host gone\npid 17\njob a?b\nsince 2026-11-22T00:00:00Z\nnumber 00000000000000aa\n"
             "beats 00000000000000000007\n");
  assert_one_wins("--resume", no_locks);
}

static void two_runs_cannot_share_a_directory(void **state) {
  (void)state;
  start_anew();
  const pid_t first = launch(2, "run deck.yaml");
  await_file(first, "out/status.json");
  char saved_out[32] = "stdout.first", saved_err[32] = "stderr.first";
  assert_int_equal(rename("stdout.txt", saved_out), 0); /* the first one goes on writing to it */
  assert_int_equal(rename("stderr.txt", saved_err), 0);
  assert_code(74, heat2d(2, "run deck.yaml --resume"));
  assert_one_complaint("heat2d: another run works in this directory", "--force-unlock");
  assert_code(74, heat2d(1, "run deck.yaml --overwrite"));
  assert_int_equal(rename(saved_out, "stdout.txt"), 0);
  assert_int_equal(rename(saved_err, "stderr.txt"), 0);
  write_text("out/STOP", "");
  assert_code(75, finish(first));
  assert_code(75, heat2d(2, "run deck.yaml --resume --walltime 00:00:03"));
}

/* On file systems without record locks an owner on the same host is recognised by its heartbeat. */
static void without_record_locks_the_owner_is_still_known(void **state) {
  (void)state;
  start_anew();
  inject("lock:1+:ENOSYS:0", "out/.heat2d.lock");
  const pid_t first = launch(2, "run deck.yaml");
  await_file(first, "out/status.json");
  assert_true(exists("struck.txt"));
  assert_int_equal(rename("stdout.txt", "stdout.first"), 0);
  assert_int_equal(rename("stderr.txt", "stderr.first"), 0);
  assert_code(74, heat2d(2, "run deck.yaml --overwrite"));
  assert_one_complaint("heat2d: another run works in this directory", "--force-unlock");
  assert_true(kill(first, 0) == 0);
  write_text("out/STOP", "");
  assert_code(75, finish(first));
  inject(NULL, NULL);
}

static void a_run_that_lost_its_lock_writes_nothing_more(void **state) {
  (void)state;
  start_anew();
  const pid_t first = launch(2, "run deck.yaml");
  await_file(first, "out/status.json");
  assert_int_equal(rename("stdout.txt", "stdout.first"), 0);
  assert_int_equal(rename("stderr.txt", "stderr.first"), 0);
  const pid_t second = launch(2, "run deck.yaml --resume --force-unlock");
  assert_int_equal(rename("stdout.first", "stdout.other"), 0);
  int code;
  assert_true(waitpid(first, &code, 0) == first);
  assert_int_equal(WEXITSTATUS(code), 74);
  assert_true(kill(second, 0) == 0);
  char *status = read_text("out/status.json"), *log = read_text("out/run.log");
  assert_non_null(strstr(status, "\"running\"")); /* the second one's */
  assert_null(strstr(log, "no longer this run's"));
  free(status);
  free(log);
  write_text("out/STOP", "");
  assert_code(75, finish(second));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_runs_cannot_share_a_directory),
      cmocka_unit_test(without_record_locks_the_owner_is_still_known),
      cmocka_unit_test(a_run_that_lost_its_lock_writes_nothing_more),
      cmocka_unit_test(one_of_six_gets_the_directory),
      cmocka_unit_test(one_of_six_on_two_hosts_without_record_locks_gets_the_directory),
      cmocka_unit_test(one_of_six_gets_the_directory_of_an_owner_that_is_gone),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
