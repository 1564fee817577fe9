#include "heat2d/app/debug.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A debugger sets this variable by its name; no part of the program does. */
extern volatile int heat_debugger_wait;
volatile int heat_debugger_wait = 1;

/* A rank that hangs can only be reached by a signal, and a signal handler has no argument for a context, so that this
 * pointer has to be global. */
static const heat_runtime *answering;
static char answering_host[256] = "?"; /* found in advance, because a signal handler must not call gethostname */

heat_status heat_debug_wait(const heat_runtime *runtime) {
  const char *named = getenv("HEAT2D_WAIT_FOR_DEBUGGER");
  if (named == NULL) return heat_ok();
  char *end, host[256] = "?";
  const long rank = strtol(named, &end, 10);
  if (end == named || *end != '\0' || rank < 0 || rank >= runtime->size)
    return heat_fail(HEAT_USAGE, "HEAT2D_WAIT_FOR_DEBUGGER=%s: a rank from 0 to %d is needed", named,
                     runtime->size - 1);
  if (rank != runtime->rank) return heat_ok();
  gethostname(host, sizeof host - 1);
  fprintf(stderr, "rank %d on %s waits: gdb -p %ld -ex 'set var heat_debugger_wait = 0'\n", runtime->rank, host,
          (long)getpid());
  const struct timespec pause = {.tv_nsec = 100000000};
  while (heat_debugger_wait) nanosleep(&pause, NULL);
  return heat_ok();
}

/* A line that is built without stdio, which may hold locks when the signal arrives. */
typedef struct line {
  char text[512];
  size_t length;
} line;

static void put_text(line *out, const char *text) {
  for (; *text != '\0' && out->length < sizeof out->text; text++) out->text[out->length++] = *text;
}

static void put_number(line *out, int64_t number) {
  enum { DIGITS = 20, TEN = 10 };
  char digits[DIGITS + 1];
  int at = DIGITS;
  digits[at] = '\0';
  uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
  do {
    digits[--at] = (char)('0' + rest % TEN);
    rest /= TEN;
  } while (rest > 0);
  if (number < 0) put_text(out, "-");
  put_text(out, digits + at);
}

/* Calls only functions that POSIX allows in signal handlers. */
static void on_quit(int number) {
  (void)number;
  const int error = errno;
  line out = {.length = 0};
  put_text(&out, "rank ");
  put_number(&out, answering->rank);
  put_text(&out, " on ");
  put_text(&out, answering_host);
  put_text(&out, ": step ");
  put_number(&out, answering->step);
  put_text(&out, ", in ");
  put_text(&out, heat_activity_names[answering->activity]);
  put_text(&out, "\n");
  const ssize_t written = write(STDERR_FILENO, out.text, out.length);
  (void)written; /* a failure cannot be reported */
  errno = error;
}

void heat_debug_answer(heat_runtime *runtime) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_quit;
  action.sa_flags = SA_RESTART;
  answering = runtime;
  gethostname(answering_host, sizeof answering_host - 1);
  sigaction(SIGQUIT, &action, NULL);
}
