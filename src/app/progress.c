#include "heat2d/app/progress.h"

#include "heat2d/base/json.h"
#include "heat2d/io/directory.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double bar_seconds = 0.1, status_seconds = 1;
/* Times between plain lines, which become rarer, s. */
static const double first_pace = 2, slowest_pace = 60, pace_growth = 1.3;
static const double seconds_per_minute = 60, seconds_per_hour = 3600;

static int terminal_columns(int file) {
  struct winsize size;
  return isatty(file) && ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* The columns of the user's terminal; 0 if there is none. mpirun gives its ranks a pseudo-terminal without a size even
 * when its own output is a file, so that a terminal without a size counts only if the parent process has one with a
 * size. */
static int watched_columns(void) {
  const int own = terminal_columns(STDOUT_FILENO);
  if (own > 0 || !isatty(STDOUT_FILENO)) return own;
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/fd/1", (long)getppid());
  const int parent = open(path, O_WRONLY | O_NOCTTY);
  if (parent < 0) return 0;
  const int columns = terminal_columns(parent);
  close(parent);
  return columns;
}

void heat_progress_create(heat_progress *progress, const heat_progress_subject *subject) {
  enum { USUAL_COLUMNS = 80 };
  const double now = MPI_Wtime();
  *progress = (heat_progress){.runtime = subject->runtime,
                              .clock = subject->clock,
                              .cells = subject->cells,
                              .mode = subject->mode,
                              .first = subject->step,
                              .first_time = heat_clock_time(&subject->clock, subject->step),
                              .said = -1,
                              .began = now,
                              .pace = first_pace,
                              .next_line = now + first_pace};
  snprintf(progress->path, sizeof progress->path, "%s", subject->path);
  if (subject->runtime->rank != 0) return;
  progress->columns = watched_columns();
  if (subject->mode == HEAT_PROGRESS_AUTO)
    progress->mode = progress->columns > 0 ? HEAT_PROGRESS_BAR : HEAT_PROGRESS_PLAIN;
  if (progress->columns == 0) progress->columns = USUAL_COLUMNS;
}

void heat_progress_set_times(heat_progress *progress, const heat_progress_times *times) {
  progress->times = *times;
}

void heat_progress_set_saved(heat_progress *progress, double at) {
  progress->saved = at;
}

static double rate(const heat_progress *progress, int64_t step, double now) {
  const double seconds = now - progress->began;
  return seconds > 0 ? (double)(step - progress->first) * progress->cells / seconds : 0;
}

/* The seconds to the end at the mean speed so far, measured in simulated time if the steps differ in length; negative:
 * not known. */
static double remaining(const heat_progress *progress, int64_t step, double now) {
  if (progress->clock.free) {
    const double come = progress->clock.anchor_time - progress->first_time;
    return come > 0 ? (now - progress->began) / come * (progress->clock.end - progress->clock.anchor_time) : -1;
  }
  const double done = (double)(step - progress->first);
  return done > 0 ? (now - progress->began) / done * (double)(progress->clock.last - step) : -1;
}

static double percent(const heat_progress *progress, int64_t step) {
  if (progress->clock.free) return 100 * progress->clock.anchor_time / progress->clock.end;
  return progress->clock.last > 0 ? 100 * (double)step / (double)progress->clock.last : 100;
}

void heat_progress_duration(char text[32], double seconds) {
  const long long whole = seconds < 0 ? 0 : (long long)(seconds + 0.5);
  if (seconds < 0)
    snprintf(text, 32, "?");
  else if (whole < (long long)seconds_per_hour)
    snprintf(text, 32, "%lld:%02lld", whole / (long long)seconds_per_minute, whole % (long long)seconds_per_minute);
  else
    snprintf(text, 32, "%lld:%02lld:%02lld", whole / (long long)seconds_per_hour,
             whole / (long long)seconds_per_minute % (long long)seconds_per_minute,
             whole % (long long)seconds_per_minute);
}

static void describe(const heat_progress *progress, int64_t step, double now, char *text, size_t size) {
  char left[32];
  char steps[32] = "";
  heat_progress_duration(left, remaining(progress, step, now));
  if (!progress->clock.free) snprintf(steps, sizeof steps, "/%lld", (long long)progress->clock.last);
  snprintf(text, size, "%5.1f%%  step %lld%s  t %.6g s  %.3g Gcell/s  ETA %s", percent(progress, step), (long long)step,
           steps, heat_clock_time(&progress->clock, step), rate(progress, step, now) / 1e9, left);
}

static void draw_bar(heat_progress *progress, const char *text, int64_t step) {
  enum { LONGEST = 40, SHORTEST = 5 };
  int width = progress->columns - (int)strlen(text) - 4;
  if (width > LONGEST) width = LONGEST;
  printf("\r\033[K");
  if (width >= SHORTEST) {
    const int full = (int)(percent(progress, step) / 100 * width);
    putchar('[');
    for (int n = 0; n < width; n++) putchar(n < full ? '#' : '.');
    printf("] ");
  }
  printf("%.*s", progress->columns - 1, text);
  fflush(stdout);
  progress->runtime->bar = true;
}

/* Write an instant of MPI_Wtime as seconds since the epoch, or null if it is not known. */
static void put_instant(FILE *out, const char *name, bool known, double instant, double now) {
  struct timespec clock;
  clock_gettime(CLOCK_REALTIME, &clock);
  if (known)
    fprintf(out, "  \"%s\": %.3f,\n", name, (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec - (now - instant));
  else
    fprintf(out, "  \"%s\": null,\n", name);
}

/* Overwrite the existing file, which needs no new space on a full disk. */
static bool overwrite(const char *path, const char *text, size_t length) {
  const int file = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = pwrite(file, text, length, 0) == (ssize_t)length && ftruncate(file, (off_t)length) == 0;
  return close(file) == 0 && written;
}

static void put_text(FILE *out, const char *name, const char *text) {
  fprintf(out, "  \"%s\": ", name);
  heat_json_text(out, text);
  fprintf(out, ",\n");
}

/* Write how far the run is. `end` is NULL while it goes on. */
static void put_steps(FILE *out, const heat_progress *progress, int64_t step, double now, const heat_run_end *end) {
  const double left = end == NULL ? remaining(progress, step, now) : -1;
  fprintf(out, "  \"step\": %lld,\n", (long long)step);
  if (progress->clock.last < INT64_MAX)
    fprintf(out, "  \"steps\": %lld,\n", (long long)progress->clock.last);
  else
    fprintf(out, "  \"steps\": null,\n"); /* with error control their number is not known */
  fprintf(out, "  \"time\": %.17g,\n", heat_clock_time(&progress->clock, step));
  fprintf(out, "  \"end\": %.17g,\n  \"percent\": %.4f,\n  \"rate\": %.6g,\n  \"eta\": ", progress->clock.end,
          end != NULL && end->code == HEAT_OK ? 100 : percent(progress, step), rate(progress, step, now));
  if (left < 0)
    fprintf(out, "null,\n");
  else
    fprintf(out, "%.1f,\n", left);
}

/* Write the times of the run. */
static void put_times(FILE *out, const heat_progress *progress, double now) {
  const heat_progress_times *times = &progress->times;
  put_instant(out, "began", true, progress->runtime->started, now);
  put_instant(out, "ready", true, progress->began, now);
  put_instant(out, "stepped", times->stepped > progress->began, times->stepped, now);
  put_instant(out, "saved", progress->saved > progress->began, progress->saved, now);
  fprintf(out, "  \"read\": %.3f,\n  \"slowest\": %.3f,\n", times->read, times->slowest);
}

/* Replace status.json. `end` is NULL while the run goes on. */
static heat_status write_status(const heat_progress *progress, int64_t step, double now, const heat_run_end *end) {
  char *text = NULL, host[256] = "", stamp[32];
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return heat_no_memory("status.json", length);
  gethostname(host, sizeof host - 1);
  heat_timestamp(stamp);
  fprintf(out, "{\n");
  put_text(out, "state", end != NULL ? end->state : "running");
  put_text(out, "reason", end != NULL ? end->reason : "");
  if (end != NULL)
    fprintf(out, "  \"code\": %d,\n", (int)end->code);
  else
    fprintf(out, "  \"code\": null,\n");
  put_steps(out, progress, step, now, end);
  put_times(out, progress, now);
  fprintf(out, "  \"ranks\": %d,\n", progress->runtime->size);
  put_text(out, "host", host);
  fprintf(out, "  \"pid\": %ld,\n", (long)getpid());
  put_text(out, "job", heat_job());
  put_text(out, "updated", stamp);
  fprintf(out, "  \"message\": ");
  heat_json_text(out, end != NULL ? end->message : "");
  fprintf(out, "\n}\n");
  heat_status status =
      fclose(out) == 0 ? heat_directory_replace(progress->path, text, false) : heat_no_memory("status.json", length);
  /* The final state must not be lost on a full disk. */
  if (status.code != HEAT_OK && end != NULL && overwrite(progress->path, text, length)) status = heat_ok();
  free(text);
  return status;
}

void heat_progress_set_clock(heat_progress *progress, const heat_clock *clock) {
  progress->clock = *clock;
}

heat_status heat_progress_update(heat_progress *progress, int64_t step) {
  if (progress->runtime->rank != 0) return heat_ok();
  const double now = MPI_Wtime();
  char text[256];
  if (progress->mode == HEAT_PROGRESS_BAR && now >= progress->next_bar) {
    describe(progress, step, now, text, sizeof text);
    draw_bar(progress, text, step);
    progress->next_bar = now + bar_seconds;
  }
  if (progress->mode == HEAT_PROGRESS_PLAIN && now >= progress->next_line) {
    describe(progress, step, now, text, sizeof text);
    heat_runtime_say(progress->runtime, "%s\n", text);
    progress->said = step;
    progress->pace = fmin(progress->pace * pace_growth, slowest_pace);
    progress->next_line = now + progress->pace;
  }
  if (now < progress->next_status) return heat_ok();
  progress->next_status = now + status_seconds;
  return write_status(progress, step, now, NULL);
}

heat_status heat_progress_finish(heat_progress *progress, int64_t step, const heat_run_end *end) {
  if (progress->runtime->rank != 0) return heat_ok();
  const double now = MPI_Wtime();
  char text[256];
  describe(progress, step, now, text, sizeof text);
  if (progress->mode == HEAT_PROGRESS_BAR) draw_bar(progress, text, step);
  if (progress->mode != HEAT_PROGRESS_NONE && progress->said != step) heat_runtime_say(progress->runtime, "%s\n", text);
  return write_status(progress, step, now, end);
}

heat_status heat_progress_abort(const heat_progress *progress, int64_t step, const heat_run_end *end) {
  return write_status(progress, step, MPI_Wtime(), end);
}
