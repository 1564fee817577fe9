/* Stops that come from outside, and two runs that want one directory: told by the program as it is run. */
#include "command.h"

#include <sys/mount.h>

/* Each step is short; `end` decides how long the run takes. */
static const char deck[] = "domain: {size: [1, 1], cells: [64, 48]}\n"
                           "material: {diffusivity: 1}\n"
                           "initial: {temperature: 'sin(3*x)*cos(2*y)'}\n"
                           "boundary: {left: {type: dirichlet, value: 1}}\n"
                           "time: {end: 1e9, step: 1e-5}\n"
                           "output: {directory: out, max_files: 1000000000000000, every: 0}\n"
                           "checkpoint: {every: {minutes: 0}}\n";
static const double poll_seconds = 1, checkpoint_seconds = 2; /* generous, on a busy machine */

static void start_anew(void) {
  shell("rm -rf out shared qstat used && mkdir -p tools");
  write_text("deck.yaml", deck);
  command.rank_environment[0] = '\0';
}

static void await_file(pid_t process, const char *path) {
  const double deadline = now() + command.limit;
  while (!exists(path) && now() < deadline && kill(process, 0) == 0) pause_briefly();
  assert_true(exists(path));
}

static void sleep_for(double seconds) {
  const double until = now() + seconds;
  while (now() < until) pause_briefly();
}

/* A qstat that knows this job's limit, and has counted what the file `used` says. */
static void install_qstat(const char *limit, const char *used) {
  char line[LINE_MOST];
  snprintf(line, sizeof line,
           "#!/bin/sh\necho '    Resource_List.walltime = %s'\n"
           "echo \"    resources_used.walltime = $(cat '%s/used')\"\n",
           limit, command.directory);
  write_text("tools/qstat", line);
  write_text("used", used);
  shell("chmod +x tools/qstat");
  snprintf(command.rank_environment, sizeof command.rank_environment, "PATH='%s/tools':\"$PATH\" PBS_JOBID=77.server",
           command.directory);
}

static void a_stop_ends_within_a_poll_and_a_checkpoint_on_any_number_of_ranks(void **state) {
  (void)state;
  static const int ranks[] = {1, 2, 4, 6};
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    start_anew();
    const pid_t process = launch(ranks[n], "run deck.yaml");
    await_file(process, "out/status.json");
    sleep_for(1.5); /* chunks have grown to their full length */
    write_text("out/STOP", "");
    const double asked = now();
    assert_code(75, finish(process));
    const double launcher = 5; /* mpiexec takes 3 to 4 s to complain about a code that is not 0 */
    assert_true(now() - asked < poll_seconds + checkpoint_seconds + launcher);
    assert_false(exists("out/STOP"));
  }
}

/* mpirun may need long to start the ranks: a job script says when it called it. */
static void a_window_counts_from_where_the_script_says(void **state) {
  (void)state;
  static const double walltime = 60, ago = 56;
  start_anew();
  snprintf(command.rank_environment, sizeof command.rank_environment, "HEAT2D_WINDOW_BEGAN=%.3f",
           (double)time(NULL) - ago);
  const double start = now();
  assert_code(75, heat2d(2, "run deck.yaml --walltime 0:01:00"));
  assert_true(now() - start < walltime - 10);
  char *text = read_text("out/status.json");
  assert_non_null(strstr(text, "stopped by the walltime"));
  free(text);
  command.rank_environment[0] = '\0';
}

static void the_limit_of_the_batch_job_is_the_deadline(void **state) {
  (void)state;
  start_anew();
  install_qstat("00:00:05", "00:00:00");
  const double start = now();
  assert_code(75, heat2d(2, "run deck.yaml"));
  assert_true(now() - start > 1);
  char *log = read_text("out/run.log");
  assert_non_null(strstr(log, "stopped by the walltime"));
  free(log);
}

/* Slurm's jobs are told when they end. */
static void the_end_of_a_slurm_job_is_the_deadline(void **state) {
  (void)state;
  start_anew();
  snprintf(command.rank_environment, sizeof command.rank_environment, "SLURM_JOB_END_TIME=%lld",
           (long long)time(NULL) + 6);
  const double start = now();
  assert_code(75, heat2d(2, "run deck.yaml"));
  assert_true(now() - start < 6.5);
  char *log = read_text("out/run.log");
  assert_non_null(strstr(log, "stopped by the walltime"));
  free(log);
}

/* The deck is a pipe into which nobody writes: a run that cannot get at its inputs ends at once when it is asked to. */
static void a_stop_during_the_set_up_ends_the_run_at_once(void **state) {
  (void)state;
  static const int signals[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP};
  static const int ranks[] = {0, 2, 0, 0};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) {
    start_anew();
    shell("rm -f deck.fifo && mkfifo deck.fifo");
    const pid_t process = launch(ranks[n], "run deck.fifo");
    const double deadline = now() + command.limit;
    int pipe = -1; /* can be opened like this when the run has come to its deck */
    while (pipe < 0 && now() < deadline) {
      pause_briefly();
      pipe = open("deck.fifo", O_WRONLY | O_NONBLOCK);
    }
    assert_true(pipe >= 0);
    sleep_for(0.2);
    const double asked = now();
    assert_true(signal_ranks(process, signals[n]) >= 1);
    const int code = finish(process);
    close(pipe);
    if (ranks[n] == 0) assert_int_equal(code, 128 + signals[n]);
    assert_int_not_equal(code, OUT_OF_TIME);
    assert_true(now() - asked < 10);
    assert_false(exists("out"));
  }
}

static void a_suspended_job_asks_again_how_much_time_is_left(void **state) {
  (void)state;
  start_anew();
  install_qstat("00:00:09", "00:00:00");
  const pid_t process = launch(2, "run deck.yaml");
  await_file(process, "out/status.json");
  sleep_for(1.5);
  assert_int_equal(signal_ranks(process, SIGSTOP), 2);
  sleep_for(7);
  write_text("used", "00:00:02"); /* the scheduler's clock stood still */
  assert_int_equal(signal_ranks(process, SIGCONT), 2);
  const double woken = now();
  assert_code(75, finish(process));
  assert_true(now() - woken > 4); /* the old deadline was at most 0.5 s away */
}

/* Seconds from the start of a run that asks for that walltime to its end, which must be a stop. */
static double stopped_after(const char *options) {
  const double start = now();
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "0", 1); /* else mpiexec complains of the code for seconds */
  assert_code(75, heat2d(2, "run deck.yaml %s", options));
  unsetenv("OMPI_MCA_odls_base_sigkill_timeout");
  return now() - start;
}

/* Each snapshot takes two seconds, and so does the rest of each turn of the loop. */
static void the_deadline_knows_what_outputs_take(void **state) {
  (void)state;
  start_anew();
  inject("sync:1+:SLOW:0", "out/snapshot-");
  const double took = stopped_after("--walltime 10 --set output.every.steps=5");
  inject(NULL, NULL);
  assert_true(exists("struck.txt"));
  assert_true(took > 5 && took < 10);
}

/* ... and what checkpoints take on the slowest rank, which is not the one that looks at the clock. */
static void the_deadline_knows_what_checkpoints_take_elsewhere(void **state) {
  (void)state;
  start_anew();
  inject("write:1+:SLOW:1", "out/checkpoint-");
  const double took = stopped_after("--walltime 12 --set checkpoint.every.minutes=0.01");
  inject(NULL, NULL);
  assert_true(exists("struck.txt"));
  assert_true(took > 4 && took < 12);
}

static void the_time_that_qstat_takes_counts(void **state) {
  (void)state;
  start_anew();
  install_qstat("00:00:07", "00:00:00");
  shell("sed -i '2i sleep 2' tools/qstat");
  const double took = stopped_after("");
  assert_true(took > 4 && took < 7.3);
}

/* Who asks for a stop while a long checkpoint is written waits for that one, not for another. */
static void a_signal_during_a_long_checkpoint_waits_for_that_one(void **state) {
  (void)state;
  start_anew();
  inject("sync:1+:SLOW:0", "out/checkpoint-");
  setenv("OMPI_MCA_odls_base_sigkill_timeout", "0", 1);
  const pid_t process = launch(2, "run deck.yaml --set checkpoint.every.minutes=0.01");
  await_file(process, "struck.txt");
  const double asked = now();
  assert_int_equal(signal_ranks(process, SIGUSR1), 2);
  assert_code(75, finish(process));
  unsetenv("OMPI_MCA_odls_base_sigkill_timeout");
  inject(NULL, NULL);
  assert_true(now() - asked < 6.5); /* 4 s each */
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_code(75, heat2d(2, "run deck.yaml --resume --walltime 3"));
}

/* What a checkpoint took in which the job was suspended says nothing about the next one. */
static void a_suspension_during_a_checkpoint_does_not_shorten_the_run(void **state) {
  (void)state;
  start_anew();
  inject("sync:1:SLOW:0", "out/checkpoint-");
  const double start = now();
  const pid_t process = launch(2, "run deck.yaml --walltime 13 --set checkpoint.every.minutes=0.02");
  await_file(process, "struck.txt");
  assert_int_equal(signal_ranks(process, SIGSTOP), 2);
  sleep_for(4);
  assert_int_equal(signal_ranks(process, SIGCONT), 2);
  assert_code(75, finish(process));
  inject(NULL, NULL);
  assert_true(now() - start > 11); /* 6 s twice were never left */
}

static void a_signal_takes_the_file_stop_with_it(void **state) {
  (void)state;
  start_anew();
  const pid_t process = launch(2, "run deck.yaml");
  await_file(process, "out/status.json");
  sleep_for(1);
  assert_int_equal(signal_ranks(process, SIGSTOP), 2); /* so that both are there at the next look */
  write_text("out/STOP", "");
  assert_int_equal(signal_ranks(process, SIGUSR1), 2);
  assert_int_equal(signal_ranks(process, SIGCONT), 2);
  assert_code(75, finish(process));
  assert_false(exists("out/STOP"));
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

/* On file systems without record locks: an owner on the same host is known by its heart. */
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

/* A disk that is really full: a small tmpfs where mounting is allowed, else the test has no such place and fails. */
static void a_full_disk_keeps_the_last_checkpoint(void **state) {
  (void)state;
  start_anew();
  shell("mkdir -p small && { mountpoint -q small || mount -t tmpfs -o size=600k tmpfs small; }");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                           "--set time.end=1e-4"));
  shell("rm small/out/snapshot-*");
  /* Room for no second file of 128 KiB. */
  shell("dd if=/dev/zero of=small/filler bs=1024 count=350 2>/dev/null || true");
  assert_code(74, heat2d(3, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                            "--set time.end=2e-4 --resume"));
  char line[LINE_MOST];
  own_complaints(line);
  assert_int_equal(count_files("small/out", "checkpoint-", ".h5"), 1);
  assert_int_equal(count_files("small/out", "", ".partial"), 0);
  assert_code(0, heat2d(0, "info small/out/checkpoint-0000000010.h5"));
  shell("rm small/filler");
  assert_code(0, heat2d(2, "run deck.yaml --set output.directory=small/out --set 'domain.cells=[128,128]' "
                           "--set time.end=2e-4 --resume"));
  shell("umount small");
}

static const char filling_deck[] =
    "domain: {size: [1, 1], cells: [128, 128]}\nmaterial: {diffusivity: 1}\n"
    "initial: {temperature: 'x > 0.5 ? 1 : 0'}\nboundary: {left: {type: dirichlet, value: 2}}\n"
    "time: {end: 2e-3, step: 1e-5}\n"
    "output: {directory: small/out, every: {steps: 10}, images: {every: {steps: 10}, width: 64},\n"
    "  probes: [{name: a, at: [0.3, 0.3]}]}\ncheckpoint: {every: {steps: 1000000, minutes: 0}, keep: 2}\n";

/* The same files with the same contents as those of a run that had room: `undisturbed`. */
static void assert_undisturbed(const char *directory) {
  shell("for f in history.csv probes.csv run.xdmf; do cmp %s/$f undisturbed/$f || exit 1; done", directory);
  shell("cd undisturbed && for f in frame-*.png; do cmp $f ../%s/$f || exit 1; done", directory);
  shell("cd undisturbed && for f in snapshot-*.h5; do '%s' compare $f ../%s/$f >../said || exit 1; done",
        getenv("HEAT2D_PROGRAM"), directory);
  assert_int_equal(count_files(directory, "snapshot-", ".h5"), count_files("undisturbed", "snapshot-", ".h5"));
  assert_int_equal(count_files(directory, "", ".partial"), 0);
}

/* The run ends at the snapshot that would leave no room for a checkpoint; that one is written, and who goes on from it
 * when there is room again writes the snapshot first. */
static void a_disk_that_fills_up_ends_the_run_with_a_checkpoint(void **state) {
  (void)state;
  write_text("deck.yaml", filling_deck);
  assert_code(0, heat2d(1, "run deck.yaml --set output.directory=undisturbed"));
  static const char *const options[] = {"", "--set output.precision=float32 --set output.compression=1",
                                        "--set checkpoint.every.steps=30"};
  for (int n = 0; n < 3; n++) {
    shell("mkdir -p small && mount -t tmpfs -o size=1500k tmpfs small");
    assert_code(74,
                heat2d(1 + n, "run deck.yaml %s%s", options[n], n == 1 ? " --set output.images.every.steps=1" : ""));
    assert_non_null(strstr(command.out, "warning     about"));
    assert_one_complaint("heat2d: ", "a checkpoint was written at step ");
    const long long step = atoll(strstr(command.err, "at step ") + strlen("at step "));
    assert_true(step > 0 && step <= 200);
    char *text = read_text("small/out/status.json");
    assert_non_null(strstr(text, "\"failed\""));
    assert_non_null(strstr(text, "\"code\": 74"));
    free(text);
    shell("mount -o remount,size=20m small");
    assert_code(0, heat2d(3 - n, "run deck.yaml --resume %s", n == 1 ? "" : options[n]));
    assert_non_null(strstr(command.out, "resumed     from small/out/checkpoint-"));
    if (n != 1) assert_undisturbed("small/out");
    shell("umount small");
  }
  shell("rm -r undisturbed");
}

/* Whatever it is that cannot be written: the state of that step is kept, and nothing is lost or doubled. */
static void what_cannot_be_written_does_not_cost_the_state(void **state) {
  (void)state;
  static const char *const faults[][2] = {{"write:3+:ENOSPC:0", "small/out/history.csv"},
                                          {"write:3+:EDQUOT:0", "small/out/probes.csv"},
                                          {"open:1+:EACCES:1", "small/out/snapshot-0000000040"},
                                          {"write:9:ENOSPC:0", "small/out/run.xdmf"},
                                          {"write:1:ENOSPC:1", "small/out/frame-0000000030"}};
  write_text("deck.yaml", filling_deck);
  assert_code(0, heat2d(1, "run deck.yaml --set output.directory=undisturbed"));
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf small && mkdir small");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml");
    inject(NULL, NULL);
    if (code != 74) print_error("%s of %s\n", faults[n][0], faults[n][1]);
    assert_code(74, code);
    assert_non_null(strstr(command.err, "a checkpoint was written at step "));
    assert_int_equal(count_files("small/out", "checkpoint-", ".h5"), 1);
    assert_code(0, heat2d(n % 2 == 0 ? 1 : 3, "run deck.yaml --resume"));
    assert_undisturbed("small/out");
  }
  shell("rm -r undisturbed small");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stop_ends_within_a_poll_and_a_checkpoint_on_any_number_of_ranks),
      cmocka_unit_test(a_window_counts_from_where_the_script_says),
      cmocka_unit_test(the_limit_of_the_batch_job_is_the_deadline),
      cmocka_unit_test(the_end_of_a_slurm_job_is_the_deadline),
      cmocka_unit_test(a_stop_during_the_set_up_ends_the_run_at_once),
      cmocka_unit_test(a_suspended_job_asks_again_how_much_time_is_left),
      cmocka_unit_test(the_deadline_knows_what_outputs_take),
      cmocka_unit_test(the_deadline_knows_what_checkpoints_take_elsewhere),
      cmocka_unit_test(the_time_that_qstat_takes_counts),
      cmocka_unit_test(a_signal_during_a_long_checkpoint_waits_for_that_one),
      cmocka_unit_test(a_suspension_during_a_checkpoint_does_not_shorten_the_run),
      cmocka_unit_test(a_signal_takes_the_file_stop_with_it),
      cmocka_unit_test(two_runs_cannot_share_a_directory),
      cmocka_unit_test(without_record_locks_the_owner_is_still_known),
      cmocka_unit_test(a_run_that_lost_its_lock_writes_nothing_more),
      cmocka_unit_test(a_full_disk_keeps_the_last_checkpoint),
      cmocka_unit_test(a_disk_that_fills_up_ends_the_run_with_a_checkpoint),
      cmocka_unit_test(what_cannot_be_written_does_not_cost_the_state),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
