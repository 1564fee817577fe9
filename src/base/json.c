#include "heat2d/base/json.h"

#include <math.h>
#include <string.h>

void heat_json_text(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text != '\0'; text++) {
    const unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      fprintf(out, "\\%c", c);
    else if (c < ' ')
      fprintf(out, "\\u%04x", c);
    else
      fputc(c, out);
  }
  fputc('"', out);
}

void heat_json_number(FILE *out, double number, int digits) {
  if (isfinite(number))
    fprintf(out, "%.*g", digits, number);
  else
    fprintf(out, "null");
}

/* Return the character that the escape behind a backslash means, and move `*at` to the last character of the escape. */
static char unescape(const char **at) {
  enum { HEX_DIGITS = 4, LATIN = 0xff };
  unsigned code;
  switch (**at) {
  case 'n':
    return '\n';
  case 't':
    return '\t';
  case 'u':
    if (strspn(*at + 1, "0123456789abcdefABCDEF") < HEX_DIGITS || sscanf(*at + 1, "%4x", &code) != 1) return '?';
    *at += HEX_DIGITS;
    return code > 0 && code <= LATIN ? (char)code : '?';
  default:
    return **at;
  }
}

/* Copy the value that begins at `at` and ends on the same line. */
static bool take_value(const char *at, char *value, size_t size) {
  size_t used = 0;
  const bool quoted = *at == '"';
  if (!quoted && strncmp(at, "null", 4) == 0) return false;
  for (at += quoted; *at != '\0' && *at != '\n' && *at != (quoted ? '"' : ','); at++) {
    char c = *at;
    if (quoted && c == '\\' && at[1] != '\0') {
      at++;
      c = unescape(&at);
    }
    if (used + 1 < size) value[used++] = c;
  }
  value[used] = '\0';
  return true;
}

bool heat_json_member(const char *text, const char *name, char *value, size_t size) {
  const size_t length = strlen(name);
  value[0] = '\0';
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    line += strspn(line, "\n {");
    if (line[0] == '"' && strncmp(line + 1, name, length) == 0 && strncmp(line + 1 + length, "\": ", 3) == 0)
      return take_value(line + 1 + length + 3, value, size);
  }
  return false;
}
