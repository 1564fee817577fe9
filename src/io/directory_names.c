#include "heat2d/io/directory_names.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_DIGITS = 10 };

/* The names of the files of a run: fixed names, and series with the number of a step. */
static const char *const fixed_names[] = {"run.xdmf", "grid.hdf5", "probes.csv", "history.csv",
                                          "run.log",  "deck.yaml", "status.json"};
static const struct {
  const char *prefix, *suffix;
} numbered_names[] = {{"checkpoint-", ".h5"}, {"snapshot-", ".h5"}, {"frame-", ".png"},
                      {"crash-", ".h5"},      {"probes-", ".csv"},  {"history-", ".csv"}};
enum { CHECKPOINTS = 0 }; /* index of checkpoints in numbered_names */

const char heat_partial_suffix[] = ".partial";

heat_status heat_directory_join(char *path, size_t size, const char *directory, const char *name) {
  const int length = snprintf(path, size, "%s/%s", directory, name);
  return length >= 0 && (size_t)length < size ? heat_ok()
                                              : heat_fail(HEAT_DECK, "the path '%.60s...' is too long", directory);
}

heat_status heat_directory_explain(const char *path, int error) {
  char part[HEAT_PATH], target[HEAT_PATH];
  snprintf(part, sizeof part, "%s", path);
  for (char *at = part + 1;; at++) {
    const char here = *at;
    if (here != '/' && here != '\0') continue;
    *at = '\0';
    struct stat info;
    const ssize_t length = readlink(part, target, sizeof target - 1);
    const bool found = stat(part, &info) == 0;
    const int reason = errno;
    if (length >= 0) target[length] = '\0';
    if (length >= 0 && !found && reason == ENOENT)
      return heat_fail(HEAT_IO, "'%s' is a symbolic link to '%s', which does not exist", part, target);
    if (length >= 0 && !found)
      return heat_fail(HEAT_IO, "'%s' is a symbolic link to '%s', which cannot be followed: %s", part, target,
                       strerror(reason));
    if (length >= 0 && !S_ISDIR(info.st_mode))
      return heat_fail(HEAT_IO, "'%s' is a symbolic link to '%s', which is not a directory", part, target);
    if (found && !S_ISDIR(info.st_mode)) return heat_fail(HEAT_IO, "'%s' is not a directory", part);
    *at = here;
    if (here == '\0') break;
  }
  return heat_fail(HEAT_IO, "cannot make the directory '%s': %s", path, strerror(error));
}

int64_t heat_directory_step(const char *name, const char *prefix, const char *suffix) {
  const size_t before = strlen(prefix);
  if (strncmp(name, prefix, before) != 0) return -1;
  char *end;
  const char *number = name + before;
  const size_t digits = strspn(number, "0123456789");
  if (digits < STEP_DIGITS || (digits > STEP_DIGITS && number[0] == '0')) return -1;
  errno = 0;
  const long long step = strtoll(number, &end, 10);
  return errno == 0 && strcmp(end, suffix) == 0 ? (int64_t)step : -1;
}

void heat_directory_step_name(char *name, size_t size, const char *prefix, int64_t step, const char *suffix) {
  snprintf(name, size, "%s%0*lld%s", prefix, STEP_DIGITS, (long long)step, suffix);
}

int64_t heat_directory_numbered(const char *name, bool *checkpoint) {
  for (size_t n = 0; n < sizeof numbered_names / sizeof *numbered_names; n++) {
    const int64_t step = heat_directory_step(name, numbered_names[n].prefix, numbered_names[n].suffix);
    *checkpoint = n == CHECKPOINTS;
    if (step >= 0) return step;
  }
  *checkpoint = false;
  return -1;
}

bool heat_directory_is_run_file(const char *name) {
  for (size_t n = 0; n < sizeof fixed_names / sizeof *fixed_names; n++)
    if (strcmp(name, fixed_names[n]) == 0) return true;
  bool checkpoint;
  return heat_directory_numbered(name, &checkpoint) >= 0;
}

/* Whether `tail`, the text after the name of a file, belongs to an auxiliary file that Open MPI makes for shared file
 * pointers, and that a killed rank leaves there. */
static bool is_left_by_mpi(const char *tail) {
  static const char *const kinds[] = {".locktest.", ".lockedfile", ".data.", ".metadata.", "_cid-"};
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
    if (strncmp(tail, kinds[n], strlen(kinds[n])) != 0) continue;
    const char *rest = tail + strlen(kinds[n]);
    rest += strspn(rest, "0123456789-");
    return *rest == '\0' || strcmp(rest, ".lock") == 0;
  }
  return false;
}

bool heat_directory_is_partial(const char *name) {
  const char *suffix = strstr(name, heat_partial_suffix);
  char whole[NAME_MAX + 1];
  if (suffix == NULL || suffix == name || strlen(name) > NAME_MAX) return false;
  const char *tail = suffix + strlen(heat_partial_suffix);
  if (*tail != '\0' && !is_left_by_mpi(tail)) return false;
  memcpy(whole, name, (size_t)(suffix - name));
  whole[suffix - name] = '\0';
  return heat_directory_is_run_file(whole);
}

heat_directory_list heat_directory_list_open(const char *path) {
  heat_directory_list list = {.path = path, .entries = opendir(path)};
  if (list.entries == NULL && (errno == ELOOP || errno == ENOTDIR))
    list.status = heat_directory_explain(path, errno);
  else if (list.entries == NULL && errno != ENOENT)
    list.status = heat_fail(HEAT_IO, "cannot read '%s': %s", path, strerror(errno));
  return list;
}

const char *heat_directory_list_next(heat_directory_list *list) {
  if (list->entries == NULL || list->status.code != HEAT_OK) return NULL;
  errno = 0;
  const struct dirent *entry = readdir(list->entries);
  if (entry == NULL && errno != 0)
    list->status = heat_fail(HEAT_IO, "cannot read '%s': %s", list->path, strerror(errno));
  return entry != NULL ? entry->d_name : NULL;
}

heat_status heat_directory_list_close(heat_directory_list *list) {
  if (list->entries != NULL) closedir(list->entries);
  return list->status;
}

static int compare_steps(const void *a, const void *b) {
  const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
  return (first > second) - (first < second);
}

heat_status heat_directory_steps(const char *directory, const char *prefix, const char *suffix, int64_t **steps,
                                 int *count) {
  *steps = NULL;
  *count = 0;
  heat_directory_list list = heat_directory_list_open(directory);
  heat_status status = heat_ok();
  for (const char *name = heat_directory_list_next(&list); name != NULL && status.code == HEAT_OK;
       name = heat_directory_list_next(&list)) {
    const int64_t step = heat_directory_step(name, prefix, suffix);
    if (step < 0) continue;
    const size_t bytes = (size_t)(*count + 1) * sizeof **steps;
    int64_t *grown = realloc(*steps, bytes);
    if (grown == NULL) {
      status = heat_no_memory("a list of files", bytes);
    } else {
      *steps = grown;
      grown[(*count)++] = step;
    }
  }
  status = heat_first(status, heat_directory_list_close(&list));
  if (*count > 0) qsort(*steps, (size_t)*count, sizeof **steps, compare_steps);
  return status;
}
