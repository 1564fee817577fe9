#include "render_tables.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1024, MOST_PROBE_LINES = 15, MOST_PROFILES = 6, LABEL = 160 };

/* A CSV file of numbers, column by column. */
typedef struct table {
  char *header; /* its first line, split at the commas */
  char **names;
  double **values;
  int columns, rows;
} table;

static void table_destroy(table *read) {
  for (int c = 0; c < read->columns && read->values != NULL; c++) free(read->values[c]);
  free(read->values);
  free(read->names);
  free(read->header);
}

/* Split the first line into the names of the columns. */
static heat_status read_header(table *read, char *line) {
  read->header = line;
  line[strcspn(line, "\r\n")] = '\0';
  for (const char *at = line; at != NULL; at = strchr(at + 1, ',')) read->columns++;
  read->names = malloc((size_t)read->columns * sizeof *read->names);
  read->values = calloc((size_t)read->columns, sizeof *read->values);
  if (read->names == NULL || read->values == NULL) return heat_no_memory("a table", 0);
  for (int c = 0; c < read->columns; c++) {
    read->names[c] = line;
    line += strcspn(line, ",");
    if (*line != '\0') *line++ = '\0';
  }
  return heat_ok();
}

/* Read one row. An incomplete line, which a run may just be writing, is ignored. */
static heat_status read_row(table *read, const char *line) {
  if (strchr(line, '\n') == NULL) return heat_ok();
  enum { BLOCK = 1024 };
  for (int c = 0; c < read->columns; c++) {
    if (read->rows % BLOCK == 0) {
      double *more = realloc(read->values[c], ((size_t)read->rows + BLOCK) * sizeof *more);
      if (more == NULL) return heat_no_memory("a table", (size_t)read->rows * sizeof *more);
      read->values[c] = more;
    }
    char *end;
    const double value = strtod(line, &end);
    read->values[c][read->rows] = end == line ? NAN : value;
    line = *end == ',' ? end + 1 : end;
  }
  read->rows++;
  return heat_ok();
}

static heat_status table_read(table *read, const char *directory, const char *name) {
  char path[HEAT_PATH], *line = NULL;
  size_t capacity = 0;
  *read = (table){0};
  heat_status status = heat_directory_join(path, sizeof path, directory, name);
  if (status.code != HEAT_OK) return status;
  FILE *file = fopen(path, "r");
  if (file == NULL) return heat_fail(HEAT_DECK, "cannot read '%s': %s", path, strerror(errno));
  if (getline(&line, &capacity, file) > 0) {
    status = read_header(read, line);
    line = NULL;
    capacity = 0;
  }
  while (status.code == HEAT_OK && getline(&line, &capacity, file) > 0) status = read_row(read, line);
  free(line);
  fclose(file);
  const bool known = read->columns > 2 && strcmp(read->names[0], "step") == 0 && strcmp(read->names[1], "time") == 0;
  if (status.code == HEAT_OK && !known) status = heat_fail(HEAT_DECK, "'%s' is not a table of a run", path);
  if (status.code == HEAT_OK && read->rows == 0) status = heat_fail(HEAT_DECK, "'%s' has no rows yet", path);
  return status;
}

static int column(const table *read, const char *name) {
  for (int c = 0; c < read->columns; c++)
    if (strcmp(read->names[c], name) == 0) return c;
  return -1;
}

/* Read the resolved deck of the run, with values replaced by `sets`. *config is NULL if there is no deck and no values
 * are given. */
static heat_status read_deck(const heat_table_plot *order, heat_config **config) {
  char path[HEAT_PATH];
  *config = NULL;
  heat_status status = heat_directory_join(path, sizeof path, order->directory, "deck.yaml");
  if (status.code == HEAT_OK) status = heat_config_load(config, MPI_COMM_SELF, path, order->sets, order->set_count);
  if (status.code != HEAT_OK) *config = NULL;
  return order->set_count > 0 ? status : heat_ok();
}

static const char *title_of(const heat_config *config) {
  return config != NULL ? heat_config_text(config, "title") : "";
}

static const char *unit_of(const heat_config *config) {
  return config != NULL ? heat_config_text(config, "output.unit") : "K";
}

/* Convert the column of times to the unit that suits the last time, and return the unit. */
static const char *scale_time(table *read, char label[LABEL]) {
  double seconds;
  const char *unit = heat_picture_time_unit(read->values[1][read->rows - 1], &seconds);
  for (int row = 0; row < read->rows; row++) read->values[1][row] /= seconds;
  snprintf(label, LABEL, "time (%s)", unit);
  return unit;
}

heat_status heat_render_history(const heat_table_plot *order) {
  static const char *const names[][4] = {{"min", "mean", "max", NULL},
                                         {"energy", NULL, NULL, NULL},
                                         {"flow_left", "flow_right", "flow_bottom", "flow_top"}};
  enum { PANELS = sizeof names / sizeof *names };
  table read;
  char time_label[LABEL], temperature[LABEL];
  heat_status status = table_read(&read, order->directory, "history.csv");
  heat_config *config = NULL;
  if (status.code == HEAT_OK) status = read_deck(order, &config);
  if (status.code == HEAT_OK) {
    scale_time(&read, time_label);
    snprintf(temperature, sizeof temperature, "temperature (%s)", unit_of(config));
    const char *const labels[] = {temperature, "energy (J/m)", "heat flowing in through the sides (W/m)"};
    heat_curve curves[PANELS][4];
    heat_panel panels[PANELS];
    for (int p = 0; p < PANELS; p++) {
      panels[p] = (heat_panel){.x_label = time_label, .y_label = labels[p], .curves = curves[p]};
      for (int n = 0; n < 4 && names[p][n] != NULL; n++) {
        const int c = column(&read, names[p][n]);
        if (c >= 0)
          curves[p][panels[p].curve_count++] = (heat_curve){read.names[c], read.values[1], read.values[c], read.rows};
      }
    }
    const heat_plot plot = {.title = title_of(config), .width = WIDTH, .panels = panels, .panel_count = PANELS};
    status = heat_plot_write(&plot, order->format, order->path);
  }
  heat_config_destroy(config);
  table_destroy(&read);
  return status;
}

/* A line of probes of the deck. Its profiles are curves over the distance from its first point. */
typedef struct profile {
  heat_curve curves[MOST_PROFILES];
  char names[MOST_PROFILES][LABEL], label[LABEL];
  double *distances, *values;
} profile;

/* Take the profiles of the deck's probe number `probe`, which is a line, at instants evenly spaced over the rows.
 * Returns their number: 0 if memory is exhausted or columns are missing. */
static int take_profiles(profile *line, const table *read, const heat_config *config, int probe, const char *unit) {
  const char *name = heat_config_text(config, "output.probes.%d.name", probe);
  const int points = (int)heat_config_integer(config, "output.probes.%d.count", probe);
  double across[2], length;
  for (int axis = 0; axis < 2; axis++)
    across[axis] = heat_config_real(config, "output.probes.%d.to.%d", probe, axis) -
                   heat_config_real(config, "output.probes.%d.from.%d", probe, axis);
  length = hypot(across[0], across[1]);
  line->distances = malloc((size_t)points * sizeof(double));
  line->values = malloc((size_t)points * MOST_PROFILES * sizeof(double));
  if (line->distances == NULL || line->values == NULL) return 0;
  const int count = read->rows < MOST_PROFILES ? read->rows : MOST_PROFILES;
  for (int p = 0; p < points; p++) {
    char heading[LABEL];
    snprintf(heading, sizeof heading, "%.100s-%d", name, p + 1);
    const int c = column(read, heading);
    if (c < 0) return 0;
    line->distances[p] = points > 1 ? length * p / (points - 1) : 0;
    for (int n = 0; n < count; n++) {
      const int row = count > 1 ? (int)((int64_t)n * (read->rows - 1) / (count - 1)) : 0;
      line->values[n * points + p] = read->values[c][row];
      snprintf(line->names[n], LABEL, "%.4g %s", read->values[1][row], unit);
    }
  }
  for (int n = 0; n < count; n++)
    line->curves[n] = (heat_curve){line->names[n], line->distances, line->values + (ptrdiff_t)n * points, points};
  snprintf(line->label, LABEL, "distance along '%.100s' (m)", name);
  return count;
}

/* Add a panel for each line of probes. */
static int add_profiles(heat_panel *panels, profile *lines, const table *read, const heat_config *config,
                        const char *unit) {
  int count = 0;
  for (int n = 0; config != NULL && n < heat_config_count(config, "output.probes") && count < MOST_PROBE_LINES; n++) {
    if (!heat_config_has(config, "output.probes.%d.from", n)) continue;
    profile *line = &lines[count];
    const int curves = take_profiles(line, read, config, n, unit);
    panels[count++] = (heat_panel){.x_label = line->label, .curves = line->curves, .curve_count = curves};
  }
  return count;
}

heat_status heat_render_probes(const heat_table_plot *order) {
  table read;
  char time_label[LABEL], y_label[LABEL];
  heat_status status = table_read(&read, order->directory, "probes.csv");
  heat_config *config = NULL;
  if (status.code == HEAT_OK) status = read_deck(order, &config);
  heat_curve *curves = calloc((size_t)read.columns + 1, sizeof *curves);
  profile *lines = calloc(MOST_PROBE_LINES, sizeof *lines);
  if (status.code == HEAT_OK && (curves == NULL || lines == NULL)) status = heat_no_memory("a plot", 0);
  if (status.code == HEAT_OK) {
    const char *unit = scale_time(&read, time_label);
    snprintf(y_label, sizeof y_label, "temperature (%s)", unit_of(config));
    heat_panel panels[1 + MOST_PROBE_LINES] = {{.x_label = time_label, .y_label = y_label, .curves = curves}};
    for (int c = 2; c < read.columns; c++)
      curves[panels[0].curve_count++] = (heat_curve){read.names[c], read.values[1], read.values[c], read.rows};
    const int more = add_profiles(panels + 1, lines, &read, config, unit);
    for (int n = 1; n <= more; n++) panels[n].y_label = y_label;
    const heat_plot plot = {.title = title_of(config), .width = WIDTH, .panels = panels, .panel_count = 1 + more};
    status = heat_plot_write(&plot, order->format, order->path);
  }
  for (int n = 0; n < MOST_PROBE_LINES && lines != NULL; n++) {
    free(lines[n].distances);
    free(lines[n].values);
  }
  free(lines);
  free(curves);
  heat_config_destroy(config);
  table_destroy(&read);
  return status;
}
