/* Questions to the batch system, with the text that qstat prints and with a qstat that the test puts into PATH. */
#include "heat2d/base/scheduler.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

static const char job_text[] = "Job Id: 1234.server\n"
                               "    Job_Name = heat\n"
                               "    resources_used.cput = 99:00:00\n"
                               "    resources_used.walltime = 00:10:00\n"
                               "    job_state = R\n"
                               "    mtime = Sun Nov 22 09:00:00 2026\n"
                               "    Resource_List.walltime = 01:00:00\n"
                               "    stime = Sun Nov 22 10:00:00 2026\n";

static int64_t local_time(int hour, int minute) {
  struct tm when = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22, .tm_hour = hour, .tm_min = minute, .tm_isdst = -1};
  return (int64_t)mktime(&when);
}

static bool parse(const char *text, bool wall, int64_t now, double *seconds) {
  char copy[1024];
  snprintf(copy, sizeof copy, "%s", text);
  FILE *file = fmemopen(copy, strlen(copy), "r");
  const bool found = heat_scheduler_parse(file, wall, now, seconds);
  fclose(file);
  return found;
}

static void what_is_left_is_the_limit_less_what_was_counted(void **state) {
  (void)state;
  double left = 0;
  assert_true(parse(job_text, false, local_time(10, 30), &left));
  assert_true(left == 3000);
}

static void time_since_the_start_counts_at_least_while_the_count_lags(void **state) {
  (void)state;
  double left = 0;
  assert_true(parse(job_text, true, local_time(10, 30), &left));
  assert_true(left == 1800);
  assert_true(parse(job_text, true, local_time(10, 5), &left));
  assert_true(left == 3000);
}

static void a_job_without_a_limit_has_no_deadline(void **state) {
  (void)state;
  double left = -7;
  assert_false(parse("Job Id: 1\n    resources_used.walltime = 00:10:00\n", true, 0, &left));
  assert_false(parse("    Resource_List.walltime = soon\n", true, 0, &left));
  assert_true(left == -7);
}

/* Put a qstat with that body first into PATH. */
static void install_qstat(const char *directory, const char *body) {
  char path[256];
  snprintf(path, sizeof path, "%s/qstat", directory);
  FILE *script = fopen(path, "w");
  fprintf(script, "#!/bin/sh\n%s\n", body);
  fclose(script);
  chmod(path, S_IRWXU);
}

static void the_scheduler_is_asked_for_this_job_only_inside_of_one(void **state) {
  (void)state;
  char directory[] = "/tmp/heat2d-test-XXXXXX", search[4096];
  assert_non_null(mkdtemp(directory));
  snprintf(search, sizeof search, "%s:%s", directory, getenv("PATH"));
  setenv("PATH", search, 1);
  install_qstat(directory, "[ \"$1 $2\" = '-f 12[3].s' ] && echo ' Resource_List.walltime = 00:02:00'");
  double left = 0;
  unsetenv("PBS_JOBID");
  assert_false(heat_scheduler_remaining(true, &left));
  setenv("PBS_JOBID", "12[3].s", 1);
  assert_true(heat_scheduler_remaining(true, &left));
  assert_true(left == 120);
  setenv("PBS_JOBID", "1'; touch /tmp/heat2d-injected; '", 1); /* must never reach a shell */
  assert_false(heat_scheduler_remaining(true, &left));
  assert_int_not_equal(access("/tmp/heat2d-injected", F_OK), 0);
  unsetenv("PBS_JOBID");

  install_qstat(directory, "exit 0");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_PRESENT);
  install_qstat(directory, "echo '    job_state = S'");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_PRESENT);
  /* X is the state of a member of an array that has ended while others have not. */
  for (const char *ended = "FCX"; *ended != '\0'; ended++) {
    char body[64];
    snprintf(body, sizeof body, "echo '    job_state = %c'", *ended);
    install_qstat(directory, body);
    assert_int_equal(heat_scheduler_job("7[1].s"), HEAT_JOB_GONE);
  }
  for (const char *there = "QRHSEBWTU"; *there != '\0'; there++) {
    char body[64];
    snprintf(body, sizeof body, "echo '    job_state = %c'", *there);
    install_qstat(directory, body);
    assert_int_equal(heat_scheduler_job("7[1].s"), HEAT_JOB_PRESENT);
  }
  install_qstat(directory, "exit 153");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_GONE);
  install_qstat(directory, "echo 'qstat: 7.s Job has finished, use -x or -H to obtain historical job information' >&2; "
                           "exit 35");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_GONE);
  /* A server that does not answer says nothing about the job. */
  install_qstat(directory, "echo 'Connection refused' >&2; echo 'qstat: cannot connect to server s' >&2; exit 111");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_UNKNOWN);
  install_qstat(directory, "exit 153");
  assert_int_equal(heat_scheduler_job("7.s"), HEAT_JOB_GONE);
  assert_int_equal(heat_scheduler_job(""), HEAT_JOB_UNKNOWN);
  char path[256];
  snprintf(path, sizeof path, "%s/qstat", directory);
  unlink(path);
  rmdir(directory);
}

/* Put a command first into PATH that prints those words if its arguments are as expected. */
static void install(const char *directory, const char *name, const char *arguments, const char *answer) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *script = fopen(path, "w");
  fprintf(script, "#!/bin/sh\n[ \"$*\" = '%s' ] && echo '%s'\n", arguments, answer);
  fclose(script);
  chmod(path, S_IRWXU);
}

static void slurm_says_when_the_job_ends(void **state) {
  (void)state;
  static const char *const nonsense[] = {"", "soon", "-5", "0", "12:00", "nan", "inf"};
  char text[64];
  double left = 0;
  snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 1000);
  unsetenv("PBS_JOBID");
  setenv("SLURM_JOB_END_TIME", text, 1);
  assert_true(heat_scheduler_remaining(true, &left));
  assert_true(left > 990 && left <= 1000);
  snprintf(text, sizeof text, "%lld", (long long)time(NULL) - 10);
  setenv("SLURM_JOB_END_TIME", text, 1);
  assert_true(heat_scheduler_remaining(true, &left));
  assert_true(left < 0);
  for (size_t n = 0; n < sizeof nonsense / sizeof *nonsense; n++) {
    setenv("SLURM_JOB_END_TIME", nonsense[n], 1);
    assert_false(heat_scheduler_remaining(true, &left));
  }
  unsetenv("SLURM_JOB_END_TIME");
}

static void lsf_and_flux_are_asked_inside_of_their_jobs(void **state) {
  (void)state;
  char directory[] = "/tmp/heat2d-test-XXXXXX", line[256];
  double left = 0;
  assert_non_null(mkdtemp(directory));
  char *path = strdup(getenv("PATH")), search[4096];
  snprintf(search, sizeof search, "%s:%s", directory, path);
  setenv("PATH", search, 1);
  install(directory, "bjobs", "-noheader -o time_left 77[3]", "1:30 L");
  install(directory, "flux", "job timeleft", "61.5");
  assert_false(heat_scheduler_remaining(true, &left));
  setenv("LSB_JOBID", "77", 1);
  setenv("LSB_JOBINDEX", "3", 1);
  assert_true(heat_scheduler_remaining(true, &left) && left == 5400);
  install(directory, "bjobs", "-noheader -o time_left 77", "0:05 L");
  setenv("LSB_JOBINDEX", "0", 1);
  assert_true(heat_scheduler_remaining(true, &left) && left == 300);
  install(directory, "bjobs", "-noheader -o time_left 77", "0:05 E"); /* an estimate is not a limit */
  assert_false(heat_scheduler_remaining(true, &left));
  install(directory, "bjobs", "-noheader -o time_left 77", "-");
  assert_false(heat_scheduler_remaining(true, &left));
  unsetenv("LSB_JOBID");
  setenv("FLUX_JOB_ID", "f2p", 1);
  assert_true(heat_scheduler_remaining(true, &left) && left == 61.5);
  install(directory, "flux", "job timeleft", "infinity");
  assert_false(heat_scheduler_remaining(true, &left));
  unsetenv("FLUX_JOB_ID");
  setenv("PATH", path, 1);
  free(path);
  snprintf(line, sizeof line, "rm -r '%s'", directory);
  assert_int_equal(system(line), 0);
}

/* A qstat that ends with the code of the shell for a missing command. */
static void slurm_is_asked_where_there_is_no_qstat(void **state) {
  (void)state;
  static const struct {
    const char *body, *word;
    heat_job_state job;
  } answers[] = {
      {"echo PENDING", "queued", HEAT_JOB_PRESENT},
      {"echo RUNNING", "running", HEAT_JOB_PRESENT},
      {"echo COMPLETED", "ended", HEAT_JOB_GONE},
      {"exit 0", "ended", HEAT_JOB_GONE},
      {"echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", "ended", HEAT_JOB_GONE},
      {"echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", "", HEAT_JOB_UNKNOWN}};
  char directory[] = "/tmp/heat2d-test-XXXXXX", line[512];
  assert_non_null(mkdtemp(directory));
  char *path = strdup(getenv("PATH")), search[4096];
  snprintf(search, sizeof search, "%s:%s", directory, path);
  setenv("PATH", search, 1);
  const char *word;
  install_qstat(directory, "echo '    job_state = H'");
  assert_int_equal(heat_scheduler_ask("7.s", &word), HEAT_JOB_PRESENT);
  assert_string_equal(word, "held");
  install_qstat(directory, "exit 127");
  for (size_t n = 0; n < sizeof answers / sizeof *answers; n++) {
    snprintf(line, sizeof line, "%s/squeue", directory);
    FILE *script = fopen(line, "w");
    fprintf(script, "#!/bin/sh\n[ \"$*\" = '-h -o %%T -j 7' ] || exit 3\n%s\n", answers[n].body);
    fclose(script);
    chmod(line, S_IRWXU);
    assert_int_equal(heat_scheduler_ask("7", &word), answers[n].job);
    assert_string_equal(word, answers[n].word);
  }
  setenv("PATH", path, 1);
  free(path);
  snprintf(line, sizeof line, "rm -r '%s'", directory);
  assert_int_equal(system(line), 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_left_is_the_limit_less_what_was_counted),
      cmocka_unit_test(time_since_the_start_counts_at_least_while_the_count_lags),
      cmocka_unit_test(a_job_without_a_limit_has_no_deadline),
      cmocka_unit_test(the_scheduler_is_asked_for_this_job_only_inside_of_one),
      cmocka_unit_test(slurm_says_when_the_job_ends),
      cmocka_unit_test(lsf_and_flux_are_asked_inside_of_their_jobs),
      cmocka_unit_test(slurm_is_asked_where_there_is_no_qstat),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
