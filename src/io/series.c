#include "heat2d/io/series.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static heat_status failure(const heat_series *series) {
  return heat_fail(HEAT_IO, "cannot write '%s': %s", series->path, strerror(errno));
}

/* Return where the rows to keep end: after the first line, whose length is *head, and all complete rows with a step <=
 * keep; -1 when the file cannot be read. *same tells whether the first line is the header. */
static long kept_length(FILE *file, const char *header, int64_t keep, bool *same, long *head) {
  char *line = NULL;
  size_t size = 0;
  long kept = 0;
  for (ssize_t length = getline(&line, &size, file); length > 0; length = getline(&line, &size, file)) {
    if (line[length - 1] != '\n') break; /* an incomplete line, left by a killed run */
    line[length - 1] = '\0';
    if (kept > 0 && strtoll(line, NULL, 10) > keep) break;
    if (kept == 0) {
      *same = strcmp(line, header) == 0;
      *head = (long)length;
    }
    kept += (long)length;
  }
  free(line);
  return ferror(file) ? -1 : kept;
}

/* Rename a file with other columns, to the name with the number of the step, or with the next number that is free. */
static heat_status set_aside(heat_series *series, int64_t keep) {
  const char *dot = strrchr(series->path, '.');
  const int stem = dot != NULL ? (int)(dot - series->path) : (int)strlen(series->path);
  struct stat info;
  do snprintf(series->aside, sizeof series->aside, "%.*s-%010lld.csv", stem, series->path, (long long)keep++);
  while (lstat(series->aside, &info) == 0);
  fclose(series->file);
  series->file = NULL;
  return heat_directory_publish(series->path, series->aside);
}

/* Truncate an open file to the rows that are kept. */
static heat_status cut(heat_series *series, const char *header, int64_t keep, bool *begun) {
  bool same = false;
  long head = 0;
  errno = 0;
  const long kept = kept_length(series->file, header, keep, &same, &head);
  if (kept < 0) return heat_fail(HEAT_IO, "cannot read '%s': %s", series->path, strerror(errno));
  const bool aside = !same && kept > head; /* it has rows, which must not be lost */
  *begun = same;
  const long length = same || aside ? kept : 0;
  if (fflush(series->file) != 0 || ftruncate(fileno(series->file), length) != 0 ||
      fseek(series->file, length, SEEK_SET) != 0)
    return failure(series);
  return aside ? set_aside(series, keep) : heat_ok();
}

heat_status heat_series_open(heat_series *series, const char *path, const char *header, int64_t keep) {
  *series = (heat_series){0};
  snprintf(series->path, sizeof series->path, "%s", path);
  bool begun = false;
  heat_status status = heat_ok();
  if (keep >= 0) {
    status = heat_directory_open(&series->file, path);
    if (status.code == HEAT_OK) status = cut(series, header, keep, &begun);
  }
  if (status.code == HEAT_OK && series->file == NULL) status = heat_directory_create(&series->file, path);
  if (status.code != HEAT_OK) return status;
  return begun ? heat_ok() : heat_series_row(series, "%s", header);
}

heat_status heat_series_row(heat_series *series, const char *format, ...) {
  if (series->file == NULL) return heat_ok();
  va_list arguments;
  va_start(arguments, format);
  const bool good =
      vfprintf(series->file, format, arguments) >= 0 && fputc('\n', series->file) != EOF && fflush(series->file) == 0;
  va_end(arguments);
  return good ? heat_ok() : failure(series);
}

heat_status heat_series_sync(heat_series *series) {
  return series->file == NULL || fsync(fileno(series->file)) == 0 ? heat_ok() : failure(series);
}

heat_status heat_series_close(heat_series *series) {
  if (series->file == NULL) return heat_ok();
  const bool good = fsync(fileno(series->file)) == 0;
  const bool closed = fclose(series->file) == 0;
  series->file = NULL;
  return good && closed ? heat_ok() : failure(series);
}
