/* One run per directory: with an owner that exists, one that was killed, one on another host, and one that was
 * suspended and lost its lock. */
#include "heat2d/io/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

static char directory[64];
static char note[HEAT_STATUS_TEXT];

static int make_directory(void **state) {
  (void)state;
  strcpy(directory, "/tmp/heat2d-test-XXXXXX");
  return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  unlink(path);
  snprintf(path, sizeof path, "%s/qstat", directory);
  unlink(path);
  unsetenv("PBS_JOBID");
  return rmdir(directory);
}

/* Start a process that takes the lock, reports that, and holds it until one byte tells it to write the heartbeat and
 * report the code. */
typedef struct other {
  pid_t pid;
  int ask, answer;
} other;

static void hold_lock(int ask, int answer) {
  heat_lock lock;
  char byte = (char)heat_lock_take(&lock, directory, false, note, sizeof note).code;
  if (write(answer, &byte, 1) != 1) _exit(1);
  while (read(ask, &byte, 1) == 1) {
    lock.next_beat = 0;
    byte = (char)heat_lock_beat(&lock).code;
    if (write(answer, &byte, 1) != 1) break;
  }
  heat_lock_release(&lock);
  _exit(0);
}

static other start_other(void) {
  int ask[2], answer[2];
  char byte;
  assert_int_equal(pipe(ask), 0);
  assert_int_equal(pipe(answer), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ask[1]);
    hold_lock(ask[0], answer[1]);
  }
  close(ask[0]);
  close(answer[1]);
  assert_int_equal(read(answer[0], &byte, 1), 1);
  assert_int_equal(byte, HEAT_OK);
  return (other){pid, ask[1], answer[0]};
}

static int let_beat(const other *process) {
  char byte = 0;
  assert_int_equal(write(process->ask, &byte, 1), 1);
  assert_int_equal(read(process->answer, &byte, 1), 1);
  return byte;
}

static void end_other(other *process) {
  close(process->ask);
  close(process->answer);
  waitpid(process->pid, NULL, 0);
}

static void a_live_owner_is_named_and_keeps_the_directory(void **state) {
  (void)state;
  other process = start_other();
  heat_lock lock;
  char pid[32];
  const heat_status status = heat_lock_take(&lock, directory, false, note, sizeof note);
  assert_int_equal(status.code, HEAT_IO);
  snprintf(pid, sizeof pid, "process %ld,", (long)process.pid);
  assert_non_null(strstr(status.text, pid));
  assert_non_null(strstr(status.text, "--force-unlock"));
  assert_int_equal(let_beat(&process), HEAT_OK);
  end_other(&process);
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_string_equal(note, "");
  heat_lock_release(&lock);
}

static void a_killed_owner_is_replaced_at_once(void **state) {
  (void)state;
  other process = start_other();
  kill(process.pid, SIGKILL);
  end_other(&process);
  heat_lock lock;
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_non_null(strstr(note, "its process has ended"));
  assert_int_equal(heat_lock_beat(&lock).code, HEAT_OK);
  heat_lock_release(&lock);
}

static void an_owner_who_lost_the_lock_by_force_is_told_at_its_next_beat(void **state) {
  (void)state;
  other process = start_other();
  heat_lock lock;
  assert_int_equal(heat_lock_take(&lock, directory, true, note, sizeof note).code, HEAT_OK);
  assert_int_equal(let_beat(&process), HEAT_IO);
  end_other(&process); /* and does not release a lock of another owner */
  lock.next_beat = 0;
  assert_int_equal(heat_lock_beat(&lock).code, HEAT_OK);
  heat_lock_release(&lock);
}

/* Write the lock file of an owner on another host, of which no record lock is visible here. */
static void write_foreign(const char *job, int beats) {
  char path[128];
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  FILE *file = fopen(path, "r+");
  if (file == NULL) file = fopen(path, "w");
  fprintf(file, "host elsewhere\npid 17\njob %s\nsince 2026-11-22T00:00:00Z\nnumber 00000000000000aa\nbeats %020d\n",
          job, beats);
  fclose(file);
}

static void install_qstat(const char *body) {
  char path[128], search[4096];
  snprintf(path, sizeof path, "%s/qstat", directory);
  FILE *script = fopen(path, "w");
  fprintf(script, "#!/bin/sh\n%s\n", body);
  fclose(script);
  chmod(path, S_IRWXU);
  snprintf(search, sizeof search, "%s:%s", directory, getenv("PATH"));
  setenv("PATH", search, 1);
}

static void the_scheduler_decides_about_an_owner_on_another_host(void **state) {
  (void)state;
  heat_lock lock;
  write_foreign("12.server", 5);
  install_qstat("exit 0");
  heat_status status = heat_lock_take(&lock, directory, false, note, sizeof note);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "host elsewhere, process 17, job 12.server"));
  install_qstat("exit 153");
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_non_null(strstr(note, "no longer in the system"));
  heat_lock_release(&lock);
}

static void since_is_the_start_and_not_the_last_beat(void **state) {
  (void)state;
  heat_lock lock;
  char first[512] = "", later[512] = "", path[128];
  const struct timespec pause = {.tv_sec = 1, .tv_nsec = 100000000};
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  char *texts[] = {first, later};
  for (int turn = 0; turn < 2; turn++) {
    FILE *file = fopen(path, "r");
    assert_true(fread(texts[turn], 1, sizeof first - 1, file) > 0);
    fclose(file);
    nanosleep(&pause, NULL);
    lock.next_beat = 0;
    assert_int_equal(heat_lock_beat(&lock).code, HEAT_OK);
  }
  const char *since = strstr(first, "since "), *end = strchr(since, '\n');
  assert_non_null(strstr(later, "since "));
  assert_memory_equal(strstr(later, "since "), since, (size_t)(end - since));
  assert_string_not_equal(first, later); /* the heartbeat has changed */
  heat_lock_release(&lock);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Ranks that were started over ssh outlive a deleted job. Here one does for two seconds, with its record lock. */
static void ranks_that_outlive_their_job_are_waited_for(void **state) {
  (void)state;
  install_qstat("echo 'qstat: Unknown Job Id 12.server' >&2; exit 153");
  setenv("PBS_JOBID", "12.server", 1);
  other process = start_other();
  setenv("PBS_JOBID", "13.server", 1);
  const pid_t killer = fork();
  if (killer == 0) {
    sleep(2);
    kill(process.pid, SIGKILL);
    _exit(0);
  }
  heat_lock lock;
  const double start = seconds_now();
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_true(seconds_now() - start > 1);
  heat_lock_release(&lock);
  waitpid(killer, NULL, 0);
  end_other(&process);
}

/* The same without visible record locks: its heartbeat goes on for two seconds. */
static void the_heart_of_an_owner_whose_job_is_gone_is_waited_for(void **state) {
  (void)state;
  install_qstat("echo 'qstat: Unknown Job Id 12.server' >&2; exit 153");
  write_foreign("12.server", 1);
  const pid_t heart = fork();
  if (heart == 0) {
    const struct timespec pause = {.tv_nsec = 500000000};
    for (int beats = 2; beats < 6; beats++) {
      nanosleep(&pause, NULL);
      write_foreign("12.server", beats);
    }
    _exit(0);
  }
  heat_lock lock;
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  int result;
  assert_int_equal(waitpid(heart, &result, WNOHANG), heart); /* the process had ended before */
  assert_int_equal(heat_lock_beat(&lock).code, HEAT_OK);
  heat_lock_release(&lock);
}

/* There are no polls here: the heartbeat goes on while a run waits for its files for a long time. */
static void the_heart_beats_by_itself(void **state) {
  (void)state;
  heat_lock lock;
  char texts[2][512] = {"", ""}, path[128];
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  for (int turn = 0; turn < 2; turn++) {
    const struct timespec pause = {.tv_sec = 1, .tv_nsec = 300000000};
    nanosleep(&pause, NULL);
    char line[256];
    snprintf(line, sizeof line, "cat '%s'", path);
    FILE *file = popen(line, "r");
    assert_true(fread(texts[turn], 1, sizeof texts[turn] - 1, file) > 0);
    pclose(file);
  }
  assert_string_not_equal(texts[0], texts[1]);
  heat_lock_release(&lock);
}

static void any_text_may_be_a_job(void **state) {
  (void)state;
  static const char *const jobs[] = {"a b", " a", "a\tb\nc", "-", "'; touch x; '", "\x01", "%s%n"};
  char longest[1000];
  memset(longest, 'j', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  for (size_t n = 0; n <= sizeof jobs / sizeof *jobs; n++) {
    setenv("PBS_JOBID", n < sizeof jobs / sizeof *jobs ? jobs[n] : longest, 1);
    other process = start_other();
    heat_lock lock;
    const heat_status status = heat_lock_take(&lock, directory, false, note, sizeof note);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "another run works in this directory")); /* and its owner is readable */
    kill(process.pid, SIGKILL);
    end_other(&process);
    assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
    assert_non_null(strstr(note, "its process has ended"));
    heat_lock_release(&lock);
  }
}

static void a_link_or_a_directory_is_no_lock(void **state) {
  (void)state;
  heat_lock lock;
  char path[128], outside[128], text[64] = "";
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  snprintf(outside, sizeof outside, "%s/qstat", directory); /* it is removed after the test */
  FILE *file = fopen(outside, "w");
  fputs("theirs", file);
  fclose(file);
  for (int hard = 0; hard < 2; hard++) {
    assert_int_equal(hard ? link(outside, path) : symlink("qstat", path), 0);
    const heat_status status = heat_lock_take(&lock, directory, false, note, sizeof note);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, hard ? "other names" : "symbolic link"));
    unlink(path);
  }
  file = fopen(outside, "r");
  assert_non_null(fgets(text, sizeof text, file));
  fclose(file);
  assert_string_equal(text, "theirs");
  assert_int_equal(mkdir(path, 0777), 0);
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_IO);
  rmdir(path);
}

/* The file of a host that failed at once: it names no owner. */
static void an_empty_lock_is_taken_over(void **state) {
  (void)state;
  heat_lock lock;
  char path[128];
  snprintf(path, sizeof path, "%s/.heat2d.lock", directory);
  fclose(fopen(path, "w"));
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_true(heat_lock_held(&lock));
  heat_lock_release(&lock);
}

static void without_a_scheduler_the_heart_of_a_foreign_owner_is_watched(void **state) {
  (void)state;
  heat_lock lock;
  write_foreign("-", 1);
  const pid_t heart = fork();
  if (heart == 0) {
    const struct timespec pause = {.tv_nsec = 300000000};
    for (int beats = 2;; beats++) {
      nanosleep(&pause, NULL);
      write_foreign("-", beats);
    }
  }
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_IO);
  kill(heart, SIGKILL);
  waitpid(heart, NULL, 0);
  assert_int_equal(heat_lock_take(&lock, directory, false, note, sizeof note).code, HEAT_OK);
  assert_non_null(strstr(note, "heartbeat has stopped"));
  heat_lock_release(&lock);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_live_owner_is_named_and_keeps_the_directory, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(a_killed_owner_is_replaced_at_once, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(an_owner_who_lost_the_lock_by_force_is_told_at_its_next_beat, make_directory,
                                      remove_directory),
      cmocka_unit_test_setup_teardown(the_scheduler_decides_about_an_owner_on_another_host, make_directory,
                                      remove_directory),
      cmocka_unit_test_setup_teardown(since_is_the_start_and_not_the_last_beat, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(ranks_that_outlive_their_job_are_waited_for, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(the_heart_of_an_owner_whose_job_is_gone_is_waited_for, make_directory,
                                      remove_directory),
      cmocka_unit_test_setup_teardown(the_heart_beats_by_itself, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(any_text_may_be_a_job, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(a_link_or_a_directory_is_no_lock, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(an_empty_lock_is_taken_over, make_directory, remove_directory),
      cmocka_unit_test_setup_teardown(without_a_scheduler_the_heart_of_a_foreign_owner_is_watched, make_directory,
                                      remove_directory),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
