/* Deadlines: the walltime of the option and that of a batch system, also with slow checkpoints and outputs. */
#include "endless.h"

/* Install a qstat that prints the limit of this job, and the used time from the file `used`. */
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

/* mpirun may need long to start the ranks, so that a job script tells when it called mpirun. */
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

/* Slurm tells jobs when they end. */
static void the_end_of_a_slurm_job_is_the_deadline(void **state) {
  (void)state;
  start_anew();
  snprintf(command.rank_environment, sizeof command.rank_environment, "SLURM_JOB_END_TIME=%lld",
           (long long)time(NULL) + 6);
  assert_code(75, heat2d(2, "run deck.yaml")); /* a run without an end */
  char *log = read_text("out/run.log");
  assert_non_null(strstr(log, "stopped by the walltime"));
  free(log);
}

static void a_suspended_job_asks_again_how_much_time_is_left(void **state) {
  (void)state;
  start_anew();
  install_qstat("00:00:15", "00:00:00");
  const pid_t process = launch(2, "run deck.yaml");
  await_file(process, "out/status.json");
  sleep_for(1.5);
  assert_int_equal(signal_ranks(process, SIGSTOP), 2);
  sleep_for(13);
  write_text("used", "00:00:02"); /* the scheduler's clock stopped while the job was suspended */
  assert_int_equal(signal_ranks(process, SIGCONT), 2);
  const double woken = now();
  assert_code(75, finish(process));
  /* The old deadline was at most 0.5 s away. The time that is left now is more than a busy machine keeps for a
   * checkpoint. */
  assert_true(now() - woken > 4);
}

/* Return the seconds from the start of a run with that walltime to its end, which must be a stop. As in a job script,
 * the walltime is counted from here, however long a busy machine takes to start the ranks. */
static double stopped_after(const char *options) {
  const double start = now();
  struct timespec began;
  clock_gettime(CLOCK_REALTIME, &began);
  if (options[0] != '\0')
    snprintf(command.rank_environment, sizeof command.rank_environment, "HEAT2D_WINDOW_BEGAN=%lld.%03ld",
             (long long)began.tv_sec, began.tv_nsec / 1000000);
  assert_code(75, heat2d(2, "run deck.yaml %s", options));
  command.rank_environment[0] = '\0';
  return now() - start;
}

/* Each snapshot takes two seconds, and so does the rest of each turn of the loop. */
static void the_deadline_knows_what_outputs_take(void **state) {
  (void)state;
  start_anew();
  inject("sync:1+:SLOW:0", "out/snapshot-");
  const double took = stopped_after("--walltime 14 --set output.every.steps=5");
  inject(NULL, NULL);
  assert_true(exists("struck.txt"));
  assert_true(took > 5 && took < 14);
}

/* The time of checkpoints counts on the slowest rank, which is not the one that reads the clock. */
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

/* The time of a checkpoint during which the job was suspended says nothing about the next one. */
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
  assert_true(now() - start > 8.5); /* otherwise there would not have been twice 6 s left after 6 s */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_window_counts_from_where_the_script_says),
      cmocka_unit_test(the_limit_of_the_batch_job_is_the_deadline),
      cmocka_unit_test(the_end_of_a_slurm_job_is_the_deadline),
      cmocka_unit_test(a_suspended_job_asks_again_how_much_time_is_left),
      cmocka_unit_test(the_deadline_knows_what_outputs_take),
      cmocka_unit_test(the_deadline_knows_what_checkpoints_take_elsewhere),
      cmocka_unit_test(the_time_that_qstat_takes_counts),
      cmocka_unit_test(a_suspension_during_a_checkpoint_does_not_shorten_the_run),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
