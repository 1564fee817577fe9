#include "heat2d/app/stop.h"

#include "heat2d/base/scheduler.h"

#include <math.h>
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught;    /* the signal that asked for a stop; 0: none */
static volatile sig_atomic_t continued; /* not 0 after this process was suspended and continued */

static void on_signal(int number) {
  caught = number;
  /* A second Ctrl-C ends the process, for a user who does not want to wait for the checkpoint. */
  if (number == SIGINT) signal(SIGINT, SIG_DFL);
}

static void on_continue(int number) {
  continued = number;
}

static void handle(int number, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, NULL);
}

void heat_stop_prepare(void) {
  handle(SIGCONT, on_continue);
  signal(SIGXFSZ, SIG_IGN); /* a write beyond a limit on the size of files then fails */
}

void heat_stop_install(void) {
  static const int signals[] = {SIGTERM, SIGUSR1, SIGUSR2, SIGINT};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) handle(signals[n], on_signal);
}

/* The seconds since the job script called mpirun, which it stores in HEAT2D_WINDOW_BEGAN (seconds since the epoch on
 * this host), because mpirun may need a while to start the ranks. 0 if the variable is not set or has an unlikely
 * value. */
static double since_window_began(void) {
  const double longest = 3600;
  const char *text = getenv("HEAT2D_WINDOW_BEGAN");
  char *end;
  const double began = text != NULL ? strtod(text, &end) : 0;
  if (text == NULL || end == text || *end != '\0') return 0;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const double passed = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - began;
  return passed > 0 && passed < longest ? passed : 0;
}

void heat_stop_set_deadline(heat_stop *stop, int rank, double started, double walltime) {
  double left;
  stop->looked = MPI_Wtime();
  stop->deadline = walltime > 0 ? fmin(started, stop->looked - since_window_began()) + walltime : INFINITY;
  if (rank == 0 && walltime == 0 && heat_scheduler_remaining(true, &left)) stop->deadline = stop->looked + left;
}

bool heat_stop_continued(void) {
  return continued != 0;
}

void heat_stop_ask_again(heat_stop *stop, int rank) {
  double left;
  continued = 0;
  if (rank != 0 || caught != 0) return;
  /* The scheduler's clock can have stood still for at most the time since the last check. */
  const double now = MPI_Wtime(), gap = now - stop->looked;
  if (isfinite(stop->deadline) && heat_scheduler_remaining(false, &left))
    stop->deadline = fmin(now + left, stop->deadline + gap);
  stop->looked = MPI_Wtime();
}

/* Whether the file exists; a directory or a link of that name is not a request. */
static bool is_there(const char *file) {
  struct stat info;
  return file[0] != '\0' && lstat(file, &info) == 0 && S_ISREG(info.st_mode);
}

void heat_stop_obeyed(const heat_stop *stop) {
  if (is_there(stop->file)) unlink(stop->file);
}

heat_stop_reason heat_stop_asked(heat_stop *stop, int rank, double needed) {
  if (caught != 0) return HEAT_STOP_SIGNAL;
  if (rank != 0) return HEAT_STOP_NONE;
  double now = MPI_Wtime();
  if (continued != 0) { /* after the clock was read, so that a suspension just before that is noticed */
    heat_stop_ask_again(stop, rank);
    now = stop->looked;
  }
  stop->looked = now;
  if (now + needed > stop->deadline) return HEAT_STOP_DEADLINE;
  if (is_there(stop->sweep)) return HEAT_STOP_SWEEP;
  return is_there(stop->file) ? HEAT_STOP_FILE : HEAT_STOP_NONE;
}

const char *heat_stop_text(heat_stop_reason reason) {
  static const char *const texts[] = {[HEAT_STOP_NONE] = "nothing",
                                      [HEAT_STOP_FILE] = "the file STOP",
                                      [HEAT_STOP_SWEEP] = "the sweep's file STOP",
                                      [HEAT_STOP_DEADLINE] = "the walltime",
                                      [HEAT_STOP_SIGNAL] = "a signal"};
  return texts[reason];
}
