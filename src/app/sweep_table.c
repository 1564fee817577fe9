#include "sweep_table.h"

#include "heat2d/io/directory.h"
#include "sweep_member.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PROBES = 1000 }; /* largest number of probes that get a column */

/* Columns of history.csv whose last value is a result of the member. */
static const char *const results[] = {"min",     "max",       "mean",       "energy",      "flux_in", "source_in",
                                      "balance", "flow_left", "flow_right", "flow_bottom", "flow_top"};
enum { RESULTS = sizeof results / sizeof *results };

/* Write a text as one field of CSV. */
static void put_field(FILE *out, const char *text) {
  const bool plain = text[strcspn(text, ",\"\n\r")] == '\0';
  if (!plain) fputc('"', out);
  for (; *text != '\0'; text++) fprintf(out, !plain && *text == '"' ? "\"%c" : "%c", *text);
  if (!plain) fputc('"', out);
}

/* Read the first and the last line of a table, which have to be freed; false if there is no row. */
static bool read_ends(const char *directory, const char *name, char **header, char **row) {
  char path[HEAT_PATH];
  size_t capacity[2] = {0, 0};
  *header = *row = NULL;
  FILE *file = heat_directory_join(path, sizeof path, directory, name).code == HEAT_OK ? fopen(path, "r") : NULL;
  if (file == NULL) return false;
  bool found = getline(header, &capacity[0], file) > 0;
  const long after = ftell(file);
  /* Read from the end backwards until the beginning of the last line is found. */
  for (long back = BUFSIZ; found; back *= 2) {
    fseek(file, 0, SEEK_END);
    const long end = ftell(file), from = end - back > after ? end - back : after;
    fseek(file, from, SEEK_SET);
    int lines = 0;
    long start = from;
    for (int c = fgetc(file), before = '\n'; c != EOF; before = c, c = fgetc(file)) {
      if (before == '\n') start = ftell(file) - 1;
      lines += c == '\n';
    }
    fseek(file, start, SEEK_SET);
    if (lines > 1 || from == after) {
      found = getline(row, &capacity[1], file) > 0;
      break;
    }
  }
  fclose(file);
  return found;
}

/* Return the field of `row` in the column named `column`, *length characters; "" if there is no such column. */
static const char *below(const char *header, const char *row, const char *column, size_t *length) {
  const size_t name = strlen(column);
  *length = 0;
  while (header != NULL && row != NULL) {
    const size_t head = strcspn(header, ",\r\n"), field = strcspn(row, ",\r\n");
    if (head == name && strncmp(header, column, name) == 0) {
      *length = field;
      return row;
    }
    header = header[head] == ',' ? header + head + 1 : NULL;
    row = row[field] == ',' ? row + field + 1 : NULL;
  }
  return "";
}

/* Call `put` for the name of each column of probes of the sweep's own deck. */
static void each_probe(const heat_config *sweep, void (*put)(void *context, const char *name), void *context) {
  char name[256];
  int64_t columns = 0;
  for (int p = 0; p < heat_config_count(sweep, "output.probes"); p++) {
    const char *of = heat_config_text(sweep, "output.probes.%d.name", p);
    const bool line = heat_config_has(sweep, "output.probes.%d.count", p);
    const int64_t count = line ? heat_config_integer(sweep, "output.probes.%d.count", p) : 1;
    for (int64_t n = 1; n <= count && columns < MOST_PROBES; n++, columns++) {
      snprintf(name, sizeof name, line ? "%s-%lld" : "%s", of, (long long)n);
      put(context, name);
    }
  }
}

static void put_name(void *context, const char *name) {
  FILE *out = context;
  fputc(',', out);
  put_field(out, name);
}

static void put_header(FILE *out, const heat_config *sweep) {
  fputs("member", out);
  for (int n = 0; heat_members_key(sweep, n) != NULL; n++) {
    fputc(',', out);
    put_field(out, heat_members_key(sweep, n));
  }
  fputs(",state,code,step,time", out);
  for (int n = 0; n < RESULTS; n++) fprintf(out, ",%s", results[n]);
  each_probe(sweep, put_name, out);
  fputs(",message\n", out);
}

/* The first and the last line of a table of a run. */
typedef struct last_row {
  FILE *out;
  char *header, *row;
} last_row;

static void put_below(void *context, const char *name) {
  const last_row *last = context;
  size_t length;
  const char *field = below(last->header, last->row, name, &length);
  fprintf(last->out, ",%.*s", (int)length, field);
}

/* Write the results of a member that is done; otherwise empty fields. */
static void put_results(FILE *out, const heat_config *sweep, const char *directory, bool done) {
  last_row history = {.out = out}, probes = {.out = out};
  if (done) {
    read_ends(directory, "history.csv", &history.header, &history.row);
    read_ends(directory, "probes.csv", &probes.header, &probes.row);
  }
  for (int n = 0; n < RESULTS; n++) put_below(&history, results[n]);
  each_probe(sweep, put_below, &probes);
  free(history.header);
  free(history.row);
  free(probes.header);
  free(probes.row);
}

static void put_member(FILE *out, const heat_config *sweep, int64_t index) {
  char name[HEAT_MEMBER_NAME], directory[HEAT_PATH];
  heat_member_state state = {.state = "waiting", .code = -1};
  heat_members_name(sweep, index, name);
  if (heat_member_directory(sweep, index, directory).code == HEAT_OK) heat_member_look(directory, &state);
  fputs(name, out);
  for (int n = 0; heat_members_key(sweep, n) != NULL; n++) {
    char *value = heat_members_value(sweep, index, n);
    fputc(',', out);
    put_field(out, value != NULL ? value : "");
    free(value);
  }
  fprintf(out, ",%s,", state.state);
  if (state.code >= 0) fprintf(out, "%d", state.code);
  if (strcmp(state.state, "waiting") == 0)
    fputs(",,", out);
  else
    fprintf(out, ",%lld,%.17g", (long long)state.step, state.time);
  put_results(out, sweep, directory, strcmp(state.state, "done") == 0);
  fputc(',', out);
  put_field(out, state.message);
  fputc('\n', out);
}

/* Whether a line belongs to this member. */
static bool is_row_of(const char *line, const heat_config *sweep, int64_t index) {
  char name[HEAT_MEMBER_NAME];
  heat_members_name(sweep, index, name);
  return strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ',';
}

/* Copy the table without one row; false if it has other members or columns. */
static bool put_others(FILE *out, const heat_config *sweep, const char *path, const char *header, int64_t only) {
  char *line = NULL;
  size_t capacity = 0;
  FILE *file = fopen(path, "r");
  bool fits = file != NULL && getline(&line, &capacity, file) > 0 && strcmp(line, header) == 0;
  if (fits) fputs(header, out);
  for (int64_t m = 0; fits && m < heat_members_count(sweep); m++) {
    fits = getline(&line, &capacity, file) > 0 && is_row_of(line, sweep, m);
    if (fits && m != only) fputs(line, out);
    if (fits && m == only) put_member(out, sweep, m);
  }
  free(line);
  if (file != NULL) fclose(file);
  return fits;
}

static bool put_all(FILE *out, const heat_config *sweep, const char *header) {
  fputs(header, out);
  for (int64_t m = 0; m < heat_members_count(sweep); m++) put_member(out, sweep, m);
  return true;
}

/* Return the table, which has to be freed; NULL if memory is exhausted, or, with `only`, if the existing table does not
 * fit. */
static char *text_of(const heat_config *sweep, const char *path, int64_t only) {
  char *text = NULL, *header = NULL;
  size_t length, head;
  FILE *out = open_memstream(&header, &head);
  if (out == NULL) return NULL;
  put_header(out, sweep);
  fclose(out);
  out = open_memstream(&text, &length);
  const bool whole =
      out != NULL && (only < 0 ? put_all(out, sweep, header) : put_others(out, sweep, path, header, only));
  if (out != NULL) fclose(out);
  free(header);
  if (whole) return text;
  free(text);
  return NULL;
}

heat_status heat_sweep_table_write(const heat_config *sweep, int64_t only) {
  char path[HEAT_PATH];
  const heat_status status =
      heat_directory_join(path, sizeof path, heat_config_text(sweep, "output.directory"), "sweep.csv");
  if (status.code != HEAT_OK) return status;
  char *text = text_of(sweep, path, only);
  if (text == NULL && only >= 0) text = text_of(sweep, path, -1);
  const heat_status written = text != NULL ? heat_directory_replace(path, text, false) : heat_no_memory("sweep.csv", 0);
  free(text);
  return written;
}
