/* A file of rows: a line of keys, and below it lines of values, separated by commas. A value that has a comma stands in
 * double quotes, a double quote in it is doubled (RFC 4180); an empty one leaves what the deck says. Empty lines and
 * those that begin with # are passed over. */
#include "members_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct cursor {
  const char *path;
  char *text, *at; /* the line, and the rest of it */
  int line, column;
} cursor;

static heat_status fail(const cursor *c, const char *message) {
  return heat_fail(HEAT_DECK, "%s:%d:%d: sweep.file: %s", c->path, c->line, c->column + 1, message);
}

/* Take a field off the line, which it ends with a NUL; *last: it was the last one. The cursor's column is that before
 * its text. */
static heat_status take_field(cursor *c, char **field, bool *last) {
  c->at += strspn(c->at, " \t");
  char *start = c->at, *out = c->at;
  const bool quoted = *start == '"';
  c->column = (int)(start - c->text) + quoted;
  *field = start;
  if (quoted) {
    for (c->at++; *c->at != '\0' && (*c->at != '"' || c->at[1] == '"'); c->at++) {
      c->at += *c->at == '"';
      *out++ = *c->at;
    }
    if (*c->at == '\0') return fail(c, "a closing \" is missing");
    c->at++;
    c->at += strspn(c->at, " \t");
    if (*c->at != ',' && *c->at != '\0') return fail(c, "something stands behind a closing \"");
  } else {
    c->at += strcspn(c->at, ",");
    for (out = c->at; out > start && (out[-1] == ' ' || out[-1] == '\t');) out--;
  }
  *last = *c->at == '\0';
  *out = '\0';
  c->at += !*last;
  return heat_ok();
}

static int count_fields(const char *line) {
  int count = 1;
  bool quoted = false;
  for (; *line != '\0'; line++) {
    if (*line == '"') quoted = !quoted;
    count += *line == ',' && !quoted;
  }
  return count;
}

static heat_status read_keys(cursor *c, heat_members *members, heat_axis **axis) {
  heat_status status = heat_axes_add(members, count_fields(c->at), axis);
  bool last = false;
  for (int k = 0; status.code == HEAT_OK && !last; k++) {
    char *field;
    status = take_field(c, &field, &last);
    if (status.code != HEAT_OK) return status;
    if (*field == '\0') return fail(c, "the name of a key is missing");
    heat_axis_key *key = &(*axis)->keys[k];
    key->place = (heat_place){.line = c->line, .column = c->column + 1, .file = c->path};
    key->name = strdup(field);
    if (key->name == NULL) return heat_no_memory("the keys of a sweep", strlen(field));
  }
  return status;
}

static heat_status read_row(cursor *c, heat_axis *axis) {
  if (count_fields(c->at) != axis->key_count)
    return fail(c, "as many values are needed as there are keys in the first line");
  if (axis->points == HEAT_MOST_MEMBERS) return fail(c, "a sweep has at most 100000 members");
  heat_status status = heat_axis_grow(axis);
  bool last = false;
  for (int k = 0; status.code == HEAT_OK && !last; k++) {
    char *field;
    status = take_field(c, &field, &last);
    const heat_source source = {.name = c->path, .before = {.line = c->line, .column = c->column, .file = c->path}};
    heat_node **value = &axis->values[(axis->points - 1) * axis->key_count + k];
    if (status.code == HEAT_OK) status = heat_tree_parse(value, &source, field, strlen(field));
  }
  return status;
}

heat_status heat_axes_read_rows(heat_members *members, const char *rows) {
  static const char mark[] = "\xEF\xBB\xBF"; /* the byte order mark with which spreadsheets begin UTF-8 */
  if (strncmp(rows, mark, sizeof mark - 1) == 0) rows += sizeof mark - 1;
  char *text = strdup(rows), *rest = text;
  heat_axis *axis = NULL;
  cursor c = {.path = members->rows};
  heat_status status = text != NULL ? heat_ok() : heat_no_memory("the rows of a sweep", strlen(rows));
  while (status.code == HEAT_OK && rest != NULL) {
    char *line = rest;
    const size_t length = strcspn(line, "\n");
    rest = line[length] == '\n' ? line + length + 1 : NULL;
    line[length] = '\0';
    if (length > 0 && line[length - 1] == '\r') line[length - 1] = '\0';
    c.line++;
    c.column = 0;
    c.text = c.at = line;
    if (line[strspn(line, " \t")] == '\0' || *line == '#') continue;
    status = axis == NULL ? read_keys(&c, members, &axis) : read_row(&c, axis);
  }
  free(text);
  if (status.code == HEAT_OK && (axis == NULL || axis->points == 0))
    return heat_fail(HEAT_DECK, "%s:1:1: sweep.file: a line of keys and rows of values below it are needed", c.path);
  return status;
}
