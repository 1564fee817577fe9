#include "heat2d/debug.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A debugger sets it by name; no part of the program does. */
extern volatile int heat_debugger_wait;
volatile int heat_debugger_wait = 1;

/* A rank that hangs can be asked by a signal only, and a handler is given nothing: hence the one pointer. */
static const heat_runtime *answering;

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

static void on_quit(int number) {
  (void)number;
  char text[512], host[256] = "?";
  gethostname(host, sizeof host - 1);
  const int length = snprintf(text, sizeof text, "rank %d on %s: step %lld, in %s\n", answering->rank, host,
                              (long long)answering->step, heat_activity_names[answering->activity]);
  if (write(STDERR_FILENO, text, (size_t)length) < 0) return; /* nobody listens */
}

void heat_debug_answer(heat_runtime *runtime) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_quit;
  action.sa_flags = SA_RESTART;
  answering = runtime;
  sigaction(SIGQUIT, &action, NULL);
}
