/* The guard against calls that never return: a process that waits too long in one call ends with code 74 and a message;
 * many short calls and a suspended job do not have that effect. One process, with children. */
#include "heat2d/base/stall.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT = 512 };

static void doze(double seconds) {
  struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};
  while (nanosleep(&left, &left) != 0) {
  }
}

/* Run a child with `calls` calls of `seconds` each, which is suspended for `pause` seconds meanwhile. Returns its exit
 * code, and what it printed. */
static heat_stall_record *record;
static int watch_child(const char *limit, int calls, double seconds, double pause, char said[TEXT]) {
  int ends[2], state;
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    if (limit != NULL) setenv("HEAT2D_STALL", limit, 1);
    heat_stall guard;
    heat_stall_begin(&guard, 0, "some/file.h5", record);
    for (int n = 0; n < calls; n++) {
      heat_stall_enter(&guard, "H5Dwrite");
      doze(seconds);
    }
    heat_stall_enter(&guard, NULL);
    doze(seconds);
    heat_stall_end(&guard);
    _exit(0);
  }
  close(ends[1]);
  if (pause > 0) {
    doze(0.2);
    kill(child, SIGSTOP);
    doze(pause);
    kill(child, SIGCONT);
  }
  ssize_t length = 0;
  for (ssize_t got = 1; got > 0 && length<TEXT - 1; length += got> 0 ? got : 0)
    got = read(ends[0], said + length, (size_t)(TEXT - 1 - length));
  said[length] = '\0';
  close(ends[0]);
  assert_true(waitpid(child, &state, 0) == child);
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static void who_waits_too_long_is_ended(void **state) {
  (void)state;
  char said[TEXT];
  assert_int_equal(watch_child("0.5", 1, 20, 0, said), 74);
  assert_non_null(strstr(said, "heat2d: rank 0 has waited for 1 s in H5Dwrite of 'some/file.h5'"));
}

static void many_short_calls_are_not_one_long_one(void **state) {
  (void)state;
  char said[TEXT];
  assert_int_equal(watch_child("0.9", 4, 0.4, 0, said), 0);
  assert_string_equal(said, "");
}

static void a_suspended_job_does_not_wait(void **state) {
  (void)state;
  char said[TEXT];
  assert_int_equal(watch_child("4", 1, 3.5, 5, said), 0);
  assert_string_equal(said, "");
}

/* If calls have been slow before, one that is as slow is not taken to hang. */
static void a_slow_file_system_is_waited_for(void **state) {
  (void)state;
  char said[TEXT];
  heat_stall_record own = {.slowest = 1};
  record = &own;
  assert_int_equal(watch_child("0.5", 1, 1.2, 0, said), 0);
  own.slowest = 0.1;
  assert_int_equal(watch_child("0.5", 1, 20, 0, said), 74);
  record = NULL;
  setenv("HEAT2D_STALL", "100", 1);
  heat_stall guard;
  heat_stall_begin(&guard, 0, "some/file.h5", &own);
  heat_stall_enter(&guard, "H5Dwrite");
  doze(0.9);
  heat_stall_enter(&guard, NULL);
  heat_stall_end(&guard);
  assert_true(own.slowest > 0.3 && own.slowest < 50);
}

static void write_last_word(void *context, const char *why) {
  (void)context;
  FILE *file = fopen("/dev/stderr", "w");
  fprintf(file, "last: %s\n", strstr(why, "has waited"));
  fclose(file);
}

static void never_return(void *context, const char *why) {
  (void)context;
  (void)why;
  for (;;) doze(10);
}

/* The function last_word is called, and the process ends even if that never returns. */
static void the_last_word_is_said(void **state) {
  (void)state;
  char said[TEXT];
  heat_stall_record own = {.last_word = write_last_word};
  record = &own;
  assert_int_equal(watch_child("0.5", 1, 20, 0, said), 74);
  assert_non_null(strstr(said, "last: has waited for 1 s in H5Dwrite"));
  own.last_word = never_return;
  assert_int_equal(watch_child("0.5", 1, 20, 0, said), 74);
  record = NULL;
}

static void without_a_limit_nothing_is_watched(void **state) {
  (void)state;
  char said[TEXT];
  assert_int_equal(watch_child("0", 1, 1, 0, said), 0);
  assert_string_equal(said, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_waits_too_long_is_ended),   cmocka_unit_test(many_short_calls_are_not_one_long_one),
      cmocka_unit_test(a_suspended_job_does_not_wait), cmocka_unit_test(a_slow_file_system_is_waited_for),
      cmocka_unit_test(the_last_word_is_said),         cmocka_unit_test(without_a_limit_nothing_is_watched)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
