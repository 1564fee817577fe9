#include "heat2d/directory.h"

#include "heat2d/h5io.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { STEP_DIGITS = 10 };

/* The files of a run: fixed names, and series numbered by their step. */
static const char *const fixed_names[] = {"run.xdmf", "grid.hdf5", "probes.csv", "history.csv",
                                          "run.log",  "deck.yaml", "status.json"};
static const struct {
  const char *prefix, *suffix;
} numbered_names[] = {{"checkpoint-", ".h5"}, {"snapshot-", ".h5"}, {"frame-", ".png"},
                      {"crash-", ".h5"},      {"probes-", ".csv"},  {"history-", ".csv"}};
static const char partial_suffix[] = ".partial";

heat_status heat_directory_join(char *path, size_t size, const char *directory, const char *name) {
  const int length = snprintf(path, size, "%s/%s", directory, name);
  return length >= 0 && (size_t)length < size ? heat_ok()
                                              : heat_fail(HEAT_DECK, "the path '%.60s...' is too long", directory);
}

/* Why there is no directory `path` or none can be made: a symbolic link or a file in its place, or in that of one above
 * it; otherwise `error`. */
static heat_status explain(const char *path, int error) {
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

heat_status heat_directory_make(const char *directory) {
  char path[HEAT_PATH];
  const int length = snprintf(path, sizeof path, "%s", directory);
  if (length < 0 || (size_t)length >= sizeof path)
    return heat_fail(HEAT_DECK, "the path '%.60s...' is too long", directory);
  for (char *at = path + 1;; at++) {
    const char here = *at;
    if (here != '/' && here != '\0') continue;
    *at = '\0';
    if (mkdir(path, S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST) return explain(path, errno);
    *at = here;
    if (here == '\0') break;
  }
  struct stat info;
  if (stat(directory, &info) != 0 || !S_ISDIR(info.st_mode)) return explain(directory, errno);
  if (access(directory, W_OK | X_OK) != 0)
    return heat_fail(HEAT_IO, "cannot write to the directory '%s': %s", directory, strerror(errno));
  return heat_ok();
}

/* The step in "<prefix><digits><suffix>", or -1. */
static int64_t numbered_step(const char *name, const char *prefix, const char *suffix) {
  const size_t before = strlen(prefix);
  if (strncmp(name, prefix, before) != 0) return -1;
  char *end;
  const size_t digits = strspn(name + before, "0123456789");
  if (digits < STEP_DIGITS) return -1;
  const long long step = strtoll(name + before, &end, 10);
  return strcmp(end, suffix) == 0 ? (int64_t)step : -1;
}

static bool is_run_file(const char *name) {
  for (size_t n = 0; n < sizeof fixed_names / sizeof *fixed_names; n++)
    if (strcmp(name, fixed_names[n]) == 0) return true;
  for (size_t n = 0; n < sizeof numbered_names / sizeof *numbered_names; n++)
    if (numbered_step(name, numbered_names[n].prefix, numbered_names[n].suffix) >= 0) return true;
  return false;
}

static bool is_partial_file(const char *name) {
  const size_t length = strlen(name), suffix = strlen(partial_suffix);
  char whole[NAME_MAX + 1];
  if (length <= suffix || length > NAME_MAX || strcmp(name + length - suffix, partial_suffix) != 0) return false;
  memcpy(whole, name, length - suffix);
  whole[length - suffix] = '\0';
  return is_run_file(whole);
}

/* A directory that is read entry by entry. One that is not there has none. */
typedef struct listing {
  const char *path;
  DIR *entries;
  heat_status status;
} listing;

static listing open_listing(const char *path) {
  listing list = {.path = path, .entries = opendir(path)};
  if (list.entries == NULL && (errno == ELOOP || errno == ENOTDIR))
    list.status = explain(path, errno);
  else if (list.entries == NULL && errno != ENOENT)
    list.status = heat_fail(HEAT_IO, "cannot read '%s': %s", path, strerror(errno));
  return list;
}

/* The next name; NULL behind the last one, and after a failure. */
static const char *next_name(listing *list) {
  if (list->entries == NULL || list->status.code != HEAT_OK) return NULL;
  errno = 0;
  const struct dirent *entry = readdir(list->entries);
  if (entry == NULL && errno != 0)
    list->status = heat_fail(HEAT_IO, "cannot read '%s': %s", list->path, strerror(errno));
  return entry != NULL ? entry->d_name : NULL;
}

static heat_status close_listing(listing *list) {
  if (list->entries != NULL) closedir(list->entries);
  return list->status;
}

/* Remove the files that `chosen` chooses. */
static heat_status remove_files(const char *directory, bool (*chosen)(const char *name)) {
  listing list = open_listing(directory);
  heat_status status = heat_ok();
  for (const char *name = next_name(&list); name != NULL; name = next_name(&list)) {
    char path[HEAT_PATH];
    if (!chosen(name)) continue;
    status = heat_first(status, heat_directory_join(path, sizeof path, directory, name));
    if (status.code == HEAT_OK && unlink(path) != 0)
      status = heat_fail(HEAT_IO, "cannot remove '%s': %s", path, strerror(errno));
  }
  return heat_first(status, close_listing(&list));
}

heat_status heat_directory_has_run(const char *directory, bool *found) {
  listing list = open_listing(directory);
  *found = false;
  for (const char *name = next_name(&list); name != NULL && !*found; name = next_name(&list))
    *found = is_run_file(name);
  return close_listing(&list);
}

heat_status heat_directory_remove_partial(const char *directory) {
  return remove_files(directory, is_partial_file);
}

heat_status heat_directory_remove_run(const char *directory) {
  heat_status status = remove_files(directory, is_run_file);
  return heat_first(status, heat_directory_remove_partial(directory));
}

static int compare_steps(const void *a, const void *b) {
  const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
  return (first > second) - (first < second);
}

heat_status heat_directory_steps(const char *directory, const char *prefix, const char *suffix, int64_t **steps,
                                 int *count) {
  *steps = NULL;
  *count = 0;
  listing list = open_listing(directory);
  heat_status status = heat_ok();
  for (const char *name = next_name(&list); name != NULL && status.code == HEAT_OK; name = next_name(&list)) {
    const int64_t step = numbered_step(name, prefix, suffix);
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
  status = heat_first(status, close_listing(&list));
  if (*count > 0) qsort(*steps, (size_t)*count, sizeof **steps, compare_steps);
  return status;
}

heat_status heat_directory_remove_after(const char *directory, const char *prefix, const char *suffix, int64_t keep) {
  int64_t *steps;
  int count;
  heat_status status = heat_directory_steps(directory, prefix, suffix, &steps, &count);
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    if (steps[n] <= keep) continue;
    char path[HEAT_PATH], name[NAME_MAX];
    snprintf(name, sizeof name, "%s%0*lld%s", prefix, STEP_DIGITS, (long long)steps[n], suffix);
    status = heat_directory_join(path, sizeof path, directory, name);
    if (status.code == HEAT_OK && unlink(path) != 0)
      status = heat_fail(HEAT_IO, "cannot remove '%s': %s", path, strerror(errno));
  }
  free(steps);
  return status;
}

heat_room heat_directory_room(const char *directory) {
  heat_room room = {.bytes = -1, .files = -1};
  char path[HEAT_PATH];
  struct statvfs system;
  if (snprintf(path, sizeof path, "%s", directory) >= (int)sizeof path) return room;
  while (statvfs(path, &system) != 0) { /* the nearest one above it that is there */
    char *slash = strrchr(path, '/');
    if (strcmp(path, ".") == 0 || strcmp(path, "/") == 0) return room;
    if (slash == NULL)
      strcpy(path, ".");
    else
      slash[slash == path] = '\0';
  }
  if (system.f_blocks > 0) room.bytes = (double)system.f_bavail * (double)system.f_frsize;
  if (system.f_files > 0) room.files = (double)system.f_favail;
  return room;
}

double heat_directory_used(const char *directory) {
  enum { BLOCK = 512 };
  double bytes = 0;
  listing list = open_listing(directory);
  for (const char *name = next_name(&list); name != NULL; name = next_name(&list)) {
    char path[HEAT_PATH];
    struct stat info;
    if (is_run_file(name) && heat_directory_join(path, sizeof path, directory, name).code == HEAT_OK &&
        lstat(path, &info) == 0)
      bytes += (double)info.st_blocks * BLOCK;
  }
  close_listing(&list);
  return bytes;
}

heat_status heat_directory_replace(const char *path, const char *text, bool durable) {
  char partial[HEAT_PATH];
  const int length = snprintf(partial, sizeof partial, "%s%s", path, partial_suffix);
  if (length < 0 || (size_t)length >= sizeof partial)
    return heat_fail(HEAT_DECK, "the path '%.60s...' is too long", path);
  FILE *file = fopen(partial, "w");
  if (file == NULL) return heat_fail(HEAT_IO, "cannot write '%s': %s", partial, strerror(errno));
  bool good = fputs(text, file) >= 0 && fflush(file) == 0;
  good = good && (!durable || fsync(fileno(file)) == 0);
  const int reason = errno;
  const bool closed = fclose(file) == 0;
  if (good && closed && rename(partial, path) == 0) return heat_ok();
  heat_status status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(good ? errno : reason));
  unlink(partial);
  return status;
}
