#include "heat2d/io/probe.h"

#include "heat2d/io/directory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A probe of the deck: a line of points, or one point, whose name has no number. */
typedef struct line {
  bool numbered;
  int count;
  double ends[2][HEAT_AXES];
} line;

static line read_line(const heat_config *config, int p) {
  static const char *const keys[] = {"from", "to"};
  line read = {.numbered = heat_config_has(config, "output.probes.%d.from", p), .count = 1};
  if (read.numbered) read.count = (int)heat_config_integer(config, "output.probes.%d.count", p);
  for (int end = 0; end < 2; end++)
    for (int axis = 0; axis < HEAT_AXES; axis++)
      read.ends[end][axis] =
          heat_config_real(config, "output.probes.%d.%s.%d", p, read.numbered ? keys[end] : "at", axis);
  return read;
}

/* Place the points of a line, which are the n-th probe and the following ones. */
static heat_status place(heat_probes *probes, const line *all, int n) {
  for (int k = 0; k < all->count; k++) {
    const double part = all->count > 1 ? (double)k / (double)(all->count - 1) : 0;
    double point[HEAT_AXES]; /* this formula is exact at both ends */
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const double from = all->ends[0][axis], to = all->ends[1][axis];
      point[axis] = part == 1 ? to : from + part * (to - from);
    }
    probes->quadrants[n + k] = heat_quadrant_at(probes->problem, point);
    if (probes->points == NULL) continue;
    heat_status status = heat_interpolation_create(&probes->points[n + k], probes->problem, probes->grid, point);
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

/* Write the header of probes.csv; NULL when memory is exhausted. */
static char *write_header(const heat_config *config) {
  char *header = NULL;
  size_t length = 0;
  FILE *text = open_memstream(&header, &length);
  if (text == NULL) return NULL;
  fprintf(text, "step,time");
  for (int p = 0; p < heat_config_count(config, "output.probes"); p++) {
    const char *name = heat_config_text(config, "output.probes.%d.name", p);
    const line all = read_line(config, p);
    if (!all.numbered) fprintf(text, ",%s", name);
    for (int k = 1; all.numbered && k <= all.count; k++) fprintf(text, ",%s-%d", name, k);
  }
  const bool failed = ferror(text) != 0;
  if (fclose(text) == 0 && !failed) return header;
  free(header);
  return NULL;
}

heat_status heat_probes_create(heat_probes *probes, int64_t keep) {
  const heat_grid *grid = probes->grid;
  const heat_config *config = probes->problem->config;
  const int lines = heat_config_count(config, "output.probes");
  for (int p = 0; p < lines; p++) probes->count += read_line(config, p).count;
  if (probes->count == 0) return heat_ok();
  const size_t count = (size_t)probes->count;
  probes->quadrants = calloc(count, sizeof *probes->quadrants);
  probes->values = calloc(count * HEAT_AROUND, sizeof *probes->values);
  if (grid->rank == 0) probes->points = calloc(count, sizeof *probes->points);
  if (probes->quadrants == NULL || probes->values == NULL || (grid->rank == 0 && probes->points == NULL))
    return heat_no_memory("the probes", count * sizeof *probes->points);
  heat_status status = heat_ok();
  for (int p = 0, n = 0; p < lines && status.code == HEAT_OK; p++) {
    const line all = read_line(config, p);
    status = place(probes, &all, n);
    n += all.count;
  }
  if (status.code != HEAT_OK || grid->rank != 0) return status;
  char path[HEAT_PATH], *header = write_header(config);
  if (header == NULL) return heat_no_memory("the probes", count);
  status = heat_directory_join(path, sizeof path, probes->directory, "probes.csv");
  if (status.code == HEAT_OK) status = heat_series_open(&probes->series, path, header, keep);
  free(header);
  return status;
}

void heat_probes_destroy(heat_probes *probes) {
  free(probes->quadrants);
  free(probes->points);
  free(probes->values);
  heat_series_close(&probes->series);
}

/* Bring the values of all cells to rank 0 by a maximum over the ranks, to which ranks that do not own a cell contribute
 * minus infinity. */
static void gather(heat_probes *probes, const heat_field *field) {
  const heat_grid *grid = probes->grid;
  for (int p = 0; p < probes->count; p++) {
    int64_t cells[HEAT_AROUND][HEAT_AXES];
    heat_quadrant_cells(grid, &probes->quadrants[p], cells);
    for (int c = 0; c < HEAT_AROUND; c++) {
      const int64_t i = cells[c][HEAT_X], j = cells[c][HEAT_Y];
      const bool own = heat_box_within((heat_box){{i, j}, {i + 1, j + 1}}, grid->owned);
      probes->values[p * HEAT_AROUND + c] = own ? *heat_field_at(field, i, j) : -INFINITY;
    }
  }
  MPI_Reduce(grid->rank == 0 ? MPI_IN_PLACE : probes->values, probes->values, probes->count * HEAT_AROUND, MPI_DOUBLE,
             MPI_MAX, 0, grid->comm);
}

heat_status heat_probes_read(heat_probes *probes, const heat_field *field, double time, double *values) {
  heat_status status = heat_ok();
  gather(probes, field);
  if (probes->grid->rank != 0) return status;
  for (int p = 0; p < probes->count && status.code == HEAT_OK; p++) {
    status = heat_interpolation_update(&probes->points[p], time);
    values[p] = heat_interpolation_value(&probes->points[p], &probes->values[p * HEAT_AROUND]);
  }
  return status;
}

char *heat_probes_names(const heat_probes *probes) {
  static const char before[] = "step,time,";
  char *header = write_header(probes->problem->config);
  if (header != NULL) memmove(header, header + strlen(before), strlen(header + strlen(before)) + 1);
  return header;
}

heat_status heat_probes_write(heat_probes *probes, const heat_field *field, int64_t step, double time) {
  if (probes->count == 0) return heat_ok();
  double *values = malloc((size_t)probes->count * sizeof *values);
  heat_status status = values != NULL ? heat_ok() : heat_no_memory("the probes", (size_t)probes->count);
  status = heat_agree(probes->grid->comm, status);
  if (status.code == HEAT_OK) status = heat_probes_read(probes, field, time, values);
  char *row = NULL;
  size_t length = 0;
  FILE *text = status.code == HEAT_OK && probes->grid->rank == 0 ? open_memstream(&row, &length) : NULL;
  if (text != NULL) {
    fprintf(text, "%lld,%.17g", (long long)step, time);
    for (int p = 0; p < probes->count; p++) fprintf(text, ",%.17g", values[p]);
    status = fclose(text) == 0 ? heat_series_row(&probes->series, "%s", row) : heat_no_memory("the probes", length);
  } else if (status.code == HEAT_OK && probes->grid->rank == 0) {
    status = heat_no_memory("the probes", length);
  }
  free(row);
  free(values);
  return status;
}
