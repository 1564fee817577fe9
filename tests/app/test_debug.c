/* The answer of a rank to SIGQUIT; and the handler calls only functions that are allowed in handlers. One process. */
#include "heat2d/app/debug.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static volatile sig_atomic_t asked, forbidden;

/* Replaces the function of the library, and counts calls from within the handler. */
int snprintf(char *text, size_t size, const char *format, ...) {
  va_list list;
  va_start(list, format);
  const int length = vsnprintf(text, size, format, list);
  va_end(list);
  forbidden += asked;
  return length;
}

int gethostname(char *name, size_t size) {
  forbidden += asked;
  memset(name, 0, size);
  memcpy(name, "here", size < 4 ? size : 4);
  return 0;
}

/* Return what is printed on the standard error after a SIGQUIT. */
static void answer(char text[512]) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  const int before = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  asked = 1;
  raise(SIGQUIT);
  asked = 0;
  dup2(before, STDERR_FILENO);
  close(before);
  close(ends[1]);
  const ssize_t length = read(ends[0], text, 511);
  close(ends[0]);
  assert_true(length > 0);
  text[length] = '\0';
}

static void a_rank_says_where_it_is_by_safe_means_only(void **state) {
  (void)state;
  static const struct {
    int64_t step;
    heat_activity activity;
    const char *line;
  } cases[] = {{0, HEAT_OTHER, "rank 12 on here: step 0, in other\n"},
               {1234567890123, HEAT_HALO, "rank 12 on here: step 1234567890123, in halo\n"},
               {INT64_MAX, HEAT_FILES, "rank 12 on here: step 9223372036854775807, in I/O\n"},
               {INT64_MIN, HEAT_STENCIL, "rank 12 on here: step -9223372036854775808, in stencil\n"}};
  heat_runtime runtime = {.rank = 12};
  heat_debug_answer(&runtime);
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char text[512];
    runtime.step = cases[n].step;
    runtime.activity = cases[n].activity;
    answer(text);
    assert_string_equal(text, cases[n].line);
  }
  assert_int_equal(forbidden, 0);
}

/* The interrupted code keeps its errno, also if the answer cannot be written. */
static void the_answer_leaves_no_trace(void **state) {
  (void)state;
  heat_runtime runtime = {.rank = 0};
  heat_debug_answer(&runtime);
  const int before = dup(STDERR_FILENO);
  close(STDERR_FILENO);
  errno = ENOENT;
  raise(SIGQUIT);
  const int error = errno;
  dup2(before, STDERR_FILENO);
  close(before);
  assert_int_equal(error, ENOENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_rank_says_where_it_is_by_safe_means_only),
                                     cmocka_unit_test(the_answer_leaves_no_trace)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
