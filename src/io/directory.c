#define _XOPEN_SOURCE 700 /* for S_ISVTX */
#include "heat2d/io/directory.h"

#include "heat2d/io/recognise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

heat_status heat_directory_make(const char *directory) {
  char path[HEAT_PATH];
  const int length = snprintf(path, sizeof path, "%s", directory);
  if (length < 0 || (size_t)length >= sizeof path)
    return heat_fail(HEAT_DECK, "the path '%.60s...' is too long", directory);
  for (char *at = path + 1;; at++) {
    const char here = *at;
    if (here != '/' && here != '\0') continue;
    *at = '\0';
    if (mkdir(path, S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST) return heat_directory_explain(path, errno);
    *at = here;
    if (here == '\0') break;
  }
  struct stat info;
  if (stat(directory, &info) != 0 || !S_ISDIR(info.st_mode)) return heat_directory_explain(directory, errno);
  if (access(directory, W_OK | X_OK) != 0)
    return heat_fail(HEAT_IO, "cannot write to the directory '%s': %s", directory, strerror(errno));
  return heat_ok();
}

static const char unread[] = "cannot be read";

heat_status heat_directory_remove(const char *path) {
  switch (heat_recognise(path)) {
  case HEAT_ORIGIN_NONE:
    return heat_ok();
  case HEAT_ORIGIN_RUN:
    break;
  case HEAT_ORIGIN_UNKNOWN:
    return heat_fail(HEAT_IO, "'%s' %s: %s (it is not removed)", path, unread, strerror(errno));
  default:
    return heat_fail(HEAT_IO, "'%s' %s: it is not removed", path, heat_recognise_text(path));
  }
  if (unlink(path) == 0 || errno == ENOENT) return heat_ok();
  return heat_fail(HEAT_IO, "cannot remove '%s': %s", path, strerror(errno));
}

/* Remove the files of a directory for whose names `chosen` returns true. */
static heat_status remove_files(const char *directory, bool (*chosen)(const char *name)) {
  heat_directory_list list = heat_directory_list_open(directory);
  heat_status status = heat_ok();
  for (const char *name = heat_directory_list_next(&list); name != NULL; name = heat_directory_list_next(&list)) {
    char path[HEAT_PATH];
    if (!chosen(name)) continue;
    status = heat_first(status, heat_directory_join(path, sizeof path, directory, name));
    if (status.code == HEAT_OK) status = heat_directory_remove(path);
  }
  return heat_first(status, heat_directory_list_close(&list));
}

heat_status heat_directory_has_run(const char *directory, bool *found) {
  heat_directory_list list = heat_directory_list_open(directory);
  *found = false;
  for (const char *name = heat_directory_list_next(&list); name != NULL && !*found;
       name = heat_directory_list_next(&list))
    *found = heat_directory_is_run_file(name);
  return heat_directory_list_close(&list);
}

heat_status heat_directory_remove_partial(const char *directory) {
  return remove_files(directory, heat_directory_is_partial);
}

heat_status heat_directory_remove_run(const char *directory) {
  heat_status status = remove_files(directory, heat_directory_is_run_file);
  return heat_first(status, heat_directory_remove_partial(directory));
}

/* Whether a file of a run with this name belongs to a claim. */
static bool is_claimed(const heat_claim *claim, const char *name) {
  if (heat_directory_is_partial(name) || claim->all) return true;
  bool checkpoint;
  const int64_t step = heat_directory_numbered(name, &checkpoint);
  return step < 0 || (!checkpoint && step > claim->keep);
}

static bool same_file(const struct stat *a, const char *path) {
  struct stat b;
  return stat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

bool heat_directory_same(const char *a, const char *b) {
  struct stat first;
  return stat(a, &first) == 0 && same_file(&first, b);
}

/* Return why a file must not be replaced or removed; NULL if it may be. `unread` means that it could not be read, see
 * errno. */
static const char *obstacle(const heat_claim *claim, const char *directory, const char *path, const char *name) {
  struct stat info, above;
  if (lstat(path, &info) != 0) return errno == ENOENT ? NULL : errno == EACCES ? heat_recognise_text(path) : unread;
  if (!S_ISREG(info.st_mode)) return heat_recognise_text(path);
  bool checkpoint;
  heat_directory_numbered(name, &checkpoint);
  const bool resumed = claim->resumed != NULL && same_file(&info, claim->resumed);
  for (int n = 0; n < claim->input_count; n++)
    if (same_file(&info, claim->inputs[n]) && (is_claimed(claim, name) || checkpoint) &&
        (strcmp(name, "deck.yaml") != 0 || heat_recognise(path) != HEAT_ORIGIN_RUN))
      return "is an input of this run";
  if (resumed) return checkpoint ? NULL : "is the checkpoint from which this run is resumed";
  if (!is_claimed(claim, name)) return NULL;
  const heat_origin origin = heat_recognise(path);
  if (origin == HEAT_ORIGIN_UNKNOWN) return unread;
  if (origin != HEAT_ORIGIN_RUN) return heat_recognise_text(path);
  if (geteuid() != 0 && stat(directory, &above) == 0 && (above.st_mode & S_ISVTX) != 0 && above.st_uid != geteuid() &&
      info.st_uid != geteuid())
    return "belongs to another user";
  return NULL;
}

heat_status heat_directory_check(const char *directory, const heat_claim *claim) {
  heat_directory_list list = heat_directory_list_open(directory);
  heat_status status = heat_ok();
  for (const char *name = heat_directory_list_next(&list); name != NULL && status.code == HEAT_OK;
       name = heat_directory_list_next(&list)) {
    char path[HEAT_PATH];
    if (!heat_directory_is_run_file(name) && !heat_directory_is_partial(name)) continue;
    status = heat_directory_join(path, sizeof path, directory, name);
    if (status.code != HEAT_OK) break;
    const char *why = obstacle(claim, directory, path, name);
    if (why == unread)
      status = heat_fail(HEAT_IO, "'%s' %s: %s (nothing has been changed)", path, unread, strerror(errno));
    else if (why != NULL)
      status = heat_fail(HEAT_USAGE,
                         "'%s' %s, and a run writes files of that name: move it away, or choose another "
                         "output.directory (nothing has been changed)",
                         path, why);
  }
  return heat_first(status, heat_directory_list_close(&list));
}

heat_status heat_directory_remove_after(const char *directory, const char *prefix, const char *suffix, int64_t keep) {
  int64_t *steps;
  int count;
  heat_status status = heat_directory_steps(directory, prefix, suffix, &steps, &count);
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    if (steps[n] <= keep) continue;
    char path[HEAT_PATH], name[NAME_MAX];
    heat_directory_step_name(name, sizeof name, prefix, steps[n], suffix);
    status = heat_directory_join(path, sizeof path, directory, name);
    if (status.code == HEAT_OK) status = heat_directory_remove(path);
  }
  free(steps);
  return status;
}

heat_room heat_directory_room(const char *directory) {
  heat_room room = {.bytes = -1, .files = -1};
  char path[HEAT_PATH];
  struct statvfs system;
  if (snprintf(path, sizeof path, "%s", directory) >= (int)sizeof path) return room;
  while (statvfs(path, &system) != 0) { /* the nearest directory above it that exists */
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
  heat_directory_list list = heat_directory_list_open(directory);
  for (const char *name = heat_directory_list_next(&list); name != NULL; name = heat_directory_list_next(&list)) {
    char path[HEAT_PATH];
    struct stat info;
    if (heat_directory_is_run_file(name) && heat_directory_join(path, sizeof path, directory, name).code == HEAT_OK &&
        lstat(path, &info) == 0)
      bytes += (double)info.st_blocks * BLOCK;
  }
  heat_directory_list_close(&list);
  return bytes;
}

static heat_status cannot_write(const char *path) {
  return heat_fail(HEAT_IO, "cannot write '%s': %s", path, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
}

/* Make a stream of a file handle, which then belongs to the stream. */
static heat_status as_stream(FILE **file, int handle, const char *path, const char *mode) {
  *file = handle >= 0 ? fdopen(handle, mode) : NULL;
  if (*file != NULL) return heat_ok();
  const heat_status status = cannot_write(path);
  if (handle >= 0) close(handle);
  return status;
}

static int open_new(const char *path) {
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
              S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
}

heat_status heat_directory_create(FILE **file, const char *path) {
  struct stat info;
  int handle = open_new(path);
  if (handle < 0 && errno == EEXIST && lstat(path, &info) == 0) {
    if (!S_ISREG(info.st_mode)) return heat_fail(HEAT_IO, "cannot write '%s': it %s", path, heat_recognise_text(path));
    if (unlink(path) != 0) return cannot_write(path);
    handle = open_new(path);
  }
  return as_stream(file, handle, path, "w");
}

/* Replace a file that has several names by a copy with one name, and return a handle of the copy. */
static int copy_of(int handle, const char *path) {
  enum { BLOCK = 1 << 16 };
  char partial[HEAT_PATH], *block = malloc(BLOCK);
  const int length = snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix);
  int copy = -1;
  errno = ENAMETOOLONG;
  if (block != NULL && length > 0 && (size_t)length < sizeof partial) copy = open_new(partial);
  bool good = copy >= 0;
  for (ssize_t got = good ? read(handle, block, BLOCK) : 0; good && got != 0; got = read(handle, block, BLOCK))
    good = got > 0 && write(copy, block, (size_t)got) == got;
  good = good && fsync(copy) == 0 && rename(partial, path) == 0 && lseek(copy, 0, SEEK_SET) == 0;
  const int reason = errno;
  if (!good && copy >= 0) {
    close(copy);
    unlink(partial);
    copy = -1;
  }
  close(handle);
  free(block);
  errno = reason;
  return copy;
}

heat_status heat_directory_open(FILE **file, const char *path) {
  struct stat info;
  int handle = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (handle < 0 && errno == ENOENT) return as_stream(file, open_new(path), path, "r+");
  if (handle >= 0 && (fstat(handle, &info) != 0 || !S_ISREG(info.st_mode))) {
    close(handle);
    return heat_fail(HEAT_IO, "cannot write '%s': it %s", path, heat_recognise_text(path));
  }
  if (handle >= 0 && info.st_nlink > 1) handle = copy_of(handle, path);
  return as_stream(file, handle, path, "r+");
}

/* Rename a file that has the name of a checkpoint but is not intact. */
static heat_status set_aside(const char *path) {
  enum { MOST = 1000 };
  char aside[HEAT_PATH];
  struct stat info;
  for (int n = 1; n <= MOST; n++) {
    const int length = n == 1 ? snprintf(aside, sizeof aside, "%s.damaged", path)
                              : snprintf(aside, sizeof aside, "%s.damaged-%d", path, n);
    if (length < 0 || (size_t)length >= sizeof aside) break;
    if (lstat(aside, &info) != 0 && errno == ENOENT) return rename(path, aside) == 0 ? heat_ok() : cannot_write(path);
  }
  return heat_fail(HEAT_IO, "cannot write '%s': it %s", path, heat_recognise_text(path));
}

heat_status heat_directory_publish(const char *partial, const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const heat_origin origin = heat_recognise(path);
  heat_status status = heat_ok();
  bool checkpoint;
  heat_directory_numbered(name, &checkpoint);
  if (origin == HEAT_ORIGIN_OTHER && checkpoint)
    status = set_aside(path);
  else if (origin == HEAT_ORIGIN_OTHER || origin == HEAT_ORIGIN_NO_FILE)
    status = heat_fail(HEAT_IO, "cannot write '%s': what is there %s", path, heat_recognise_text(path));
  if (status.code == HEAT_OK && rename(partial, path) != 0) status = cannot_write(path);
  return status;
}

/* Whether a file has that text and no other name. If it had another name, later changes would affect that file, too. */
static bool holds(const char *path, const char *text) {
  struct stat info;
  const size_t length = strlen(text);
  const int handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  char *have = handle >= 0 && fstat(handle, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
                       (size_t)info.st_size == length
                   ? malloc(length + 1)
                   : NULL;
  const bool same =
      have != NULL && pread(handle, have, length, 0) == (ssize_t)length && memcmp(have, text, length) == 0;
  free(have);
  if (handle >= 0) close(handle);
  return same;
}

heat_status heat_directory_replace(const char *path, const char *text, bool durable) {
  char partial[HEAT_PATH];
  const int length = snprintf(partial, sizeof partial, "%s%s", path, heat_partial_suffix);
  if (length < 0 || (size_t)length >= sizeof partial)
    return heat_fail(HEAT_DECK, "the path '%.60s...' is too long", path);
  if (holds(path, text)) return heat_ok();
  FILE *file;
  heat_status status = heat_directory_create(&file, partial);
  if (status.code != HEAT_OK) return status;
  bool good = fputs(text, file) >= 0 && fflush(file) == 0;
  good = good && (!durable || fsync(fileno(file)) == 0);
  const int reason = errno;
  const bool closed = fclose(file) == 0;
  if (!good) errno = reason;
  status = good && closed ? heat_directory_publish(partial, path) : cannot_write(path);
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}

heat_status heat_directory_sync(const char *path) {
  const int file = open(path, O_RDONLY);
  const bool good = file >= 0 && fsync(file) == 0;
  heat_status status = good ? heat_ok() : heat_fail(HEAT_IO, "cannot sync '%s': %s", path, strerror(errno));
  if (file >= 0) close(file);
  return status;
}
