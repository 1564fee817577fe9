/* Messages, and agreement between ranks: one reduction of (code, rank) by MPI_MAXLOC finds the highest code and the
 * lowest rank that has it. The text of that rank is broadcast only when the code is a failure. */
#include "heat2d/base/status.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

heat_status heat_ok(void) {
  return (heat_status){.code = HEAT_OK};
}

/* A message may quote any character of a deck. Control characters, which would end the line or control the terminal,
 * become spaces. */
static void make_one_line(char *text) {
  for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++)
    if (*c < ' ' || *c == 127) *c = ' ';
}

/* Let a text that was cut off end in "...", without splitting a UTF-8 character. */
static void mark_cut(char *text, size_t size) {
  const char *dots = "...";
  size_t end = size - 1 - strlen(dots);
  while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) end--;
  memcpy(text + end, dots, strlen(dots) + 1);
}

heat_status heat_fail(heat_code code, const char *format, ...) {
  heat_status status = {.code = code};
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(status.text, sizeof status.text, format, arguments);
  va_end(arguments);
  if (length >= (int)sizeof status.text) mark_cut(status.text, sizeof status.text);
  make_one_line(status.text);
  return status;
}

double heat_limit_below(double limit, int digits) {
  enum { TEXT = 64 };
  char text[TEXT];
  snprintf(text, sizeof text, "%.*e", digits - 1, limit);
  const double nearest = strtod(text, NULL);
  if (!isfinite(limit) || nearest <= limit) return nearest;
  /* The number was rounded upwards: subtract one unit of the last digit. */
  long long figures = 0;
  const char *at = text + (text[0] == '-');
  for (; *at != 'e'; at++)
    if (*at != '.') figures = figures * 10 + (*at - '0');
  const int exponent = atoi(at + 1) - (digits - 1);
  snprintf(text, sizeof text, "%llde%d", limit < 0 ? -(figures + 1) : figures - 1, exponent);
  return strtod(text, NULL);
}

double heat_limit_above(double limit, int digits) {
  return -heat_limit_below(-limit, digits);
}

heat_status heat_no_memory(const char *what, size_t bytes) {
  return heat_fail(HEAT_IO, "out of memory: %zu bytes for %s", bytes, what);
}

heat_status heat_first(heat_status first, heat_status second) {
  return first.code != HEAT_OK ? first : second;
}

heat_status heat_agree(MPI_Comm comm, heat_status local) {
  struct {
    int code, rank;
  } mine = {.code = (int)local.code}, worst;
  MPI_Comm_rank(comm, &mine.rank);
  MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm);
  if (worst.code == HEAT_OK) return heat_ok();
  MPI_Bcast(local.text, HEAT_STATUS_TEXT, MPI_CHAR, worst.rank, comm);
  local.code = (heat_code)worst.code;
  return local;
}
