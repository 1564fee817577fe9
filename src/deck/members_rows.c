/* A file of rows: a line of keys, and below it lines of values, separated by commas. A value that contains a comma is
 * written in double quotes, and a double quote in it is doubled (RFC 4180). An empty value means the deck's own value.
 * Empty lines and lines that begin with # are ignored. */
#include "members_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct cursor {
  const char *path;
  char *text, *at; /* the line, and the rest of it */
  int line, column;
  bool any_row; /* a row of values has been read, right or wrong */
} cursor;

static heat_status fail(const cursor *c, const char *message) {
  return heat_fail(HEAT_DECK, "%s:%d:%d: sweep.file: %s", c->path, c->line, c->column + 1, message);
}

/* Read the next field of the line, and end it with a NUL; *last tells whether it was the last one. The cursor's column
 * is set to the one before its text. */
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
    if (*c->at != ',' && *c->at != '\0') return fail(c, "text after a closing \"");
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
    return fail(c, "the number of values differs from the number of keys in the first line");
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

static void drop_last_point(heat_axis *axis) {
  axis->points--;
  for (int k = 0; k < axis->key_count; k++) heat_node_destroy(axis->values[axis->points * axis->key_count + k]);
}

/* Read the line of keys, or a row of values. If faults are collected, a wrong row is removed and reading goes on. */
static heat_status read_line(cursor *c, heat_members *members, heat_axis **axis, heat_faults *faults) {
  if (*axis == NULL) return read_keys(c, members, axis);
  const int64_t points = (*axis)->points;
  if (points == HEAT_MOST_MEMBERS) return fail(c, "a sweep has at most 100000 members");
  c->any_row = true;
  const heat_status status = read_row(c, *axis);
  if (faults != NULL && status.code == HEAT_DECK && (*axis)->points > points) drop_last_point(*axis);
  return heat_faults_keep(faults, status);
}

heat_status heat_axes_read_rows(heat_members *members, const char *rows, heat_faults *faults) {
  static const char mark[] = "\xEF\xBB\xBF"; /* the byte order mark with which spreadsheets begin UTF-8 */
  if (strncmp(rows, mark, sizeof mark - 1) == 0) rows += sizeof mark - 1;
  char *text = strdup(rows), *rest = text;
  heat_axis *axis = NULL;
  cursor c = {.path = members->rows};
  heat_status status = text != NULL ? heat_ok() : heat_no_memory("the rows of a sweep", strlen(rows));
  while (status.code == HEAT_OK && rest != NULL && (faults == NULL || !heat_faults_full(faults))) {
    char *line = rest;
    const size_t length = strcspn(line, "\n");
    rest = line[length] == '\n' ? line + length + 1 : NULL;
    line[length] = '\0';
    if (length > 0 && line[length - 1] == '\r') line[length - 1] = '\0';
    c.line++;
    c.column = 0;
    c.text = c.at = line;
    if (line[strspn(line, " \t")] == '\0' || *line == '#') continue;
    status = read_line(&c, members, &axis, faults);
  }
  free(text);
  if (status.code == HEAT_OK && !c.any_row)
    return heat_fail(HEAT_DECK, "%s:1:1: sweep.file: a line of keys and rows of values below it are needed", c.path);
  return status;
}
