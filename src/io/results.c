#include "heat2d/io/results.h"

#include "heat2d/io/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE = 32 };

/* Read the state in status.json, "" if there is none, and the time at which it was written. */
static void read_state(const char *directory, char state[STATE], struct timespec *when) {
  enum { TEXT = 1024 };
  static const char key[] = "\"state\": \"";
  char path[HEAT_PATH], text[TEXT] = "";
  struct stat info;
  state[0] = '\0';
  if (heat_directory_join(path, sizeof path, directory, "status.json").code != HEAT_OK) return;
  const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t length = fstat(file, &info) == 0 ? pread(file, text, sizeof text - 1, 0) : -1;
  close(file);
  const char *at = length > 0 ? strstr(text, key) : NULL;
  if (at == NULL) return;
  at += strlen(key);
  snprintf(state, STATE, "%.*s", (int)strcspn(at, "\""), at);
  *when = info.st_mtim;
}

static bool has_later_than_start(const char *directory, const char *prefix, const char *suffix, heat_status *status) {
  int64_t *steps = NULL;
  int count = 0;
  *status = heat_first(*status, heat_directory_steps(directory, prefix, suffix, &steps, &count));
  const bool found = count > 0 && steps[count - 1] > 0;
  free(steps);
  return found;
}

/* Whether the results were copied elsewhere after the run ended. */
static bool is_staged_out(const char *directory, const char *state, struct timespec when) {
  char path[HEAT_PATH];
  struct stat mark;
  if (heat_directory_join(path, sizeof path, directory, "staged-out").code != HEAT_OK || lstat(path, &mark) != 0)
    return false;
  if (state[0] == '\0') return true;
  return mark.st_mtim.tv_sec > when.tv_sec ||
         (mark.st_mtim.tv_sec == when.tv_sec && mark.st_mtim.tv_nsec >= when.tv_nsec);
}

heat_status heat_results_check(const char *directory) {
  char state[STATE];
  struct timespec when = {0};
  read_state(directory, state, &when);
  if (is_staged_out(directory, state, when))
    return heat_fail(HEAT_USAGE,
                     "the run in '%s' was staged out and left no checkpoint here ('%s/staged-out' says where it is): "
                     "copy its newest checkpoint back to go on from it; --overwrite starts anew",
                     directory, directory);
  if (strcmp(state, "done") == 0)
    return heat_fail(HEAT_USAGE,
                     "the run in '%s' is done and left no checkpoint to go on from: nothing is left to do; --overwrite "
                     "starts anew (with checkpoint.final: true a later end could go on from its end)",
                     directory);
  if (strcmp(state, "stopped") == 0)
    return heat_fail(HEAT_USAGE,
                     "the run in '%s' stopped with a checkpoint that is no longer here: copy it back to go on from it; "
                     "--overwrite starts anew",
                     directory);
  heat_status status = heat_ok();
  if (state[0] == '\0' && (has_later_than_start(directory, "snapshot-", ".h5", &status) ||
                           has_later_than_start(directory, "frame-", ".png", &status)))
    return heat_fail(HEAT_USAGE,
                     "'%s' holds results, but neither a checkpoint to go on from nor a status.json that says how their "
                     "run ended; --overwrite starts anew",
                     directory);
  return status;
}
