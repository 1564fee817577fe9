#include "heat2d/series.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static heat_status failure(const heat_series *series) {
  return heat_fail(HEAT_IO, "cannot write '%s': %s", series->path, strerror(errno));
}

/* Where the rows to keep end: after the header and all whole rows with a step <= keep. 0 when the header differs. */
static long kept_length(FILE *file, const char *header, int64_t keep) {
  char *line = NULL;
  size_t size = 0;
  long kept = 0;
  for (ssize_t length = getline(&line, &size, file); length > 0; length = getline(&line, &size, file)) {
    if (line[length - 1] != '\n') break; /* cut off by a kill */
    line[length - 1] = '\0';
    if (kept == 0 ? strcmp(line, header) != 0 : strtoll(line, NULL, 10) > keep) break;
    kept += (long)length;
  }
  free(line);
  return kept;
}

heat_status heat_series_open(heat_series *series, const char *path, const char *header, int64_t keep) {
  *series = (heat_series){0};
  snprintf(series->path, sizeof series->path, "%s", path);
  long kept = 0;
  if (keep >= 0) {
    series->file = fopen(path, "r+");
    if (series->file == NULL && errno != ENOENT) return failure(series);
    if (series->file != NULL) {
      kept = kept_length(series->file, header, keep);
      if (fflush(series->file) != 0 || ftruncate(fileno(series->file), kept) != 0 ||
          fseek(series->file, kept, SEEK_SET) != 0)
        return failure(series);
    }
  }
  if (series->file == NULL) series->file = fopen(path, "w");
  if (series->file == NULL) return failure(series);
  return kept > 0 ? heat_ok() : heat_series_row(series, "%s", header);
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

heat_status heat_series_close(heat_series *series) {
  if (series->file == NULL) return heat_ok();
  const bool good = fsync(fileno(series->file)) == 0;
  const bool closed = fclose(series->file) == 0;
  series->file = NULL;
  return good && closed ? heat_ok() : failure(series);
}
