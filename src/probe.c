#include "heat2d/probe.h"

#include "heat2d/directory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The two cells along an axis between whose centres a coordinate lies, and the weight of the second. */
static double interpolate(const heat_grid *grid, int axis, double coordinate, int64_t cells[2]) {
  const heat_problem *problem = grid->problem;
  const int64_t count = problem->cells[axis];
  const double place = (coordinate - problem->origin[axis]) / problem->spacing[axis] - 0.5;
  int64_t low = (int64_t)floor(place);
  if (heat_grid_wall(grid, 2 * axis)) {
    if (low > count - 2) low = count - 2;
    if (low < 0) low = 0;
  }
  cells[0] = heat_grid_wrap(grid, axis, low);
  cells[1] = count == 1 ? 0 : heat_grid_wrap(grid, axis, low + 1);
  return place - (double)low;
}

heat_probe heat_probe_at(const heat_grid *grid, double x, double y) {
  int64_t columns[2], rows[2];
  const double across = interpolate(grid, HEAT_X, x, columns), up = interpolate(grid, HEAT_Y, y, rows);
  heat_probe probe;
  for (int c = 0; c < HEAT_PROBE_CELLS; c++) {
    const int right = c % 2, above = c / 2;
    probe.cell[c][HEAT_X] = columns[right];
    probe.cell[c][HEAT_Y] = rows[above];
    probe.weight[c] = (right ? across : 1 - across) * (above ? up : 1 - up);
  }
  return probe;
}

heat_status heat_probes_create(heat_probes *probes, const heat_grid *grid, const char *directory, int64_t keep) {
  const heat_config *config = grid->problem->config;
  *probes = (heat_probes){.grid = grid, .count = heat_config_count(config, "output.probes")};
  if (probes->count == 0) return heat_ok();
  const size_t count = (size_t)probes->count;
  probes->probes = calloc(count, sizeof *probes->probes);
  probes->values = calloc(count * HEAT_PROBE_CELLS, sizeof *probes->values);
  if (probes->probes == NULL || probes->values == NULL) return heat_no_memory("the probes", count);
  for (int p = 0; p < probes->count; p++)
    probes->probes[p] = heat_probe_at(grid, heat_config_real(config, "output.probes.%d.at.0", p),
                                      heat_config_real(config, "output.probes.%d.at.1", p));
  if (grid->rank != 0) return heat_ok();
  char path[4096], *header = NULL;
  size_t length = 0;
  FILE *text = open_memstream(&header, &length);
  if (text == NULL) return heat_no_memory("the probes", count);
  fprintf(text, "step,time");
  for (int p = 0; p < probes->count; p++) fprintf(text, ",%s", heat_config_text(config, "output.probes.%d.name", p));
  fclose(text);
  heat_status status = heat_directory_join(path, sizeof path, directory, "probes.csv");
  if (status.code == HEAT_OK) status = heat_series_open(&probes->series, path, header, keep);
  free(header);
  return status;
}

void heat_probes_destroy(heat_probes *probes) {
  free(probes->probes);
  free(probes->values);
  heat_series_close(&probes->series);
}

heat_status heat_probes_write(heat_probes *probes, const heat_field *field, int64_t step, double time) {
  const heat_grid *grid = probes->grid;
  if (probes->count == 0) return heat_ok();
  /* Each cell's owner gives its value, all others the identity of the maximum. */
  for (int p = 0; p < probes->count; p++) {
    for (int c = 0; c < HEAT_PROBE_CELLS; c++) {
      const int64_t *cell = probes->probes[p].cell[c];
      const heat_box one = {{cell[HEAT_X], cell[HEAT_Y]}, {cell[HEAT_X] + 1, cell[HEAT_Y] + 1}};
      const bool own = !heat_box_empty(heat_box_intersect(one, grid->owned));
      probes->values[p * HEAT_PROBE_CELLS + c] = own ? *heat_field_at(field, cell[HEAT_X], cell[HEAT_Y]) : -INFINITY;
    }
  }
  MPI_Reduce(grid->rank == 0 ? MPI_IN_PLACE : probes->values, probes->values, probes->count * HEAT_PROBE_CELLS,
             MPI_DOUBLE, MPI_MAX, 0, grid->comm);
  if (grid->rank != 0) return heat_ok();
  char *row = NULL;
  size_t length = 0;
  FILE *text = open_memstream(&row, &length);
  if (text == NULL) return heat_no_memory("the probes", length);
  fprintf(text, "%lld,%.17g", (long long)step, time);
  for (int p = 0; p < probes->count; p++) {
    double value = 0;
    for (int c = 0; c < HEAT_PROBE_CELLS; c++)
      if (probes->probes[p].weight[c] != 0)
        value += probes->probes[p].weight[c] * probes->values[p * HEAT_PROBE_CELLS + c];
    fprintf(text, ",%.17g", value);
  }
  fclose(text);
  heat_status status = heat_series_row(&probes->series, "%s", row);
  free(row);
  return status;
}
