/* Draws the results of `bench`: the ladder of the last grid, the roofline (S. Williams, A. Waterman, D. Patterson,
 * 2009) with the rows of uniform material, and the scaling. */
#include "bench.h"

#include "heat2d/io/plot.h"
#include "heat2d/numerics/tiles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 5, MARK = 5, WIDTH = 1200, ROWS = HEAT_BENCH_ROWS };

/* Positions of figures in the rows, see bench_report.c. */
enum { LADDER_RATE = 0, MACHINE_ARITHMETIC = 6, SCALING_RANKS = 0, SCALING_THREADS, SCALING_SPEED_UP = 3 };

/* A panel, its curves, and their points. */
typedef struct drawing {
  heat_panel panel;
  heat_curve curves[ROWS + 2];
  double x[ROWS + 2][ROWS], y[ROWS + 2][ROWS];
} drawing;

/* Add a curve of `count` points, whose coordinates the caller sets. */
static int add_curve(drawing *d, const char *name, int count) {
  const int n = d->panel.curve_count++;
  d->curves[n] = (heat_curve){name, d->x[n], d->y[n], count};
  return n;
}

static void set_point(drawing *d, int curve, int point, double x, double y) {
  d->x[curve][point] = x;
  d->y[curve][point] = y;
}

static bool is_last_size(const heat_bench_report *report, const heat_bench_row *row) {
  return strcmp(row->size, report->rows[HEAT_BENCH_LADDER][report->count[HEAT_BENCH_LADDER] - 1].size) == 0;
}

static void draw_ladder(const heat_bench *b, drawing *d) {
  const double half = 0.4;
  d->panel = (heat_panel){.x_label = "row of the ladder", .y_label = "Gcell/s", .curves = d->curves};
  for (int r = 0; r < b->report.count[HEAT_BENCH_LADDER]; r++) {
    const heat_bench_row *row = &b->report.rows[HEAT_BENCH_LADDER][r];
    if (!is_last_size(&b->report, row)) continue;
    const double corners[BAR][2] = {{-half, 0}, {-half, 1}, {half, 1}, {half, 0}, {-half, 0}};
    const int curve = add_curve(d, row->what, BAR);
    for (int n = 0; n < BAR; n++)
      set_point(d, curve, n, curve + 1 + corners[n][0], corners[n][1] * row->figures[LADDER_RATE]);
  }
}

/* Updates of cells per byte that has to be moved from or to memory. */
static double intensity_of(const heat_bench_row *row) {
  /* Updates of a cell each time it is loaded. */
  const double updates = strstr(row->what, "fused") != NULL ? HEAT_TILE_STAGES : 1;
  return updates / heat_bench_bytes[HEAT_BENCH_UNIFORM];
}

static void draw_roofline(const heat_bench *b, drawing *d) {
  const double giga = 1e9, least = 1 / 32.0, most = 8, size = 0.06;
  const double limit = b->report.rows[HEAT_BENCH_MACHINE][0].figures[MACHINE_ARITHMETIC] / giga;
  const double memory = b->bandwidth / giga, corner = limit / memory;
  d->panel = (heat_panel){
      .x_label = "updates for each byte of memory traffic, log2", .y_label = "Gcell/s, log2", .curves = d->curves};
  const int roof = add_curve(d, "memory; arithmetic", 3), cache = add_curve(d, "kernel in cache", 2);
  set_point(d, roof, 0, log2(least), log2(memory * least));
  set_point(d, roof, 1, log2(corner), log2(limit));
  set_point(d, roof, 2, log2(fmax(most, 2 * corner)), log2(limit));
  for (int n = 0; n < 2; n++) set_point(d, cache, n, d->x[roof][n + 1], log2(limit * b->of_arithmetic));
  for (int r = 0; r < b->report.count[HEAT_BENCH_LADDER]; r++) {
    const heat_bench_row *row = &b->report.rows[HEAT_BENCH_LADDER][r];
    if (!is_last_size(&b->report, row) || strstr(row->what, "varying") != NULL) continue;
    const double x = log2(intensity_of(row)), y = log2(row->figures[LADDER_RATE]);
    const double diamond[MARK][2] = {{-size, 0}, {0, size}, {size, 0}, {0, -size}, {-size, 0}};
    const int curve = add_curve(d, row->what, MARK);
    for (int n = 0; n < MARK; n++) set_point(d, curve, n, x + diamond[n][0], y + 2 * diamond[n][1]);
  }
}

static void draw_scaling(const heat_bench *b, drawing *d) {
  const int count = b->report.count[HEAT_BENCH_SCALING];
  int points[2] = {0, 0};
  double most = 1;
  d->panel = (heat_panel){.x_label = "cores", .y_label = "x one core", .curves = d->curves};
  const int by_ranks = add_curve(d, "ranks of one thread", 0), by_threads = add_curve(d, "threads of one rank", 0);
  for (int r = 0; r < count; r++) {
    const double *row = b->report.rows[HEAT_BENCH_SCALING][r].figures;
    const double cores = row[SCALING_RANKS] * row[SCALING_THREADS];
    most = fmax(most, cores);
    if (row[SCALING_THREADS] == 1) set_point(d, by_ranks, points[0]++, cores, row[SCALING_SPEED_UP]);
    if (row[SCALING_RANKS] == 1) set_point(d, by_threads, points[1]++, cores, row[SCALING_SPEED_UP]);
  }
  d->curves[by_ranks].count = points[0];
  d->curves[by_threads].count = points[1];
  const int ideal = add_curve(d, "in proportion", 2);
  set_point(d, ideal, 0, 1, 1);
  set_point(d, ideal, 1, most, most);
}

heat_status heat_bench_plot(const heat_bench *b, const char *path) {
  enum { PANELS = 3, TITLE = 256, NAME_ROOM = 20 };
  static void (*const draw[PANELS])(const heat_bench *b, drawing *d) = {draw_ladder, draw_roofline, draw_scaling};
  const heat_bench_report *report = &b->report;
  if (report->count[HEAT_BENCH_LADDER] == 0)
    return heat_fail(HEAT_USAGE, "--plot draws what is measured without --method");
  drawing *drawings = calloc(PANELS, sizeof *drawings);
  if (drawings == NULL) return heat_no_memory("a plot", PANELS * sizeof *drawings);
  const heat_bench_row *last = &report->rows[HEAT_BENCH_LADDER][report->count[HEAT_BENCH_LADDER] - 1];
  char title[TITLE];
  snprintf(title, sizeof title, "%lld x %lld cells, %d ranks of %d threads, kernels for %s",
           (long long)last->cells[HEAT_X], (long long)last->cells[HEAT_Y], b->runtime->size, b->threads,
           b->kernels->name);
  heat_panel panels[PANELS];
  for (int n = 0; n < PANELS; n++) {
    draw[n](b, &drawings[n]);
    panels[n] = drawings[n].panel;
  }
  const heat_plot plot = {
      .title = title, .width = WIDTH, .name_room = NAME_ROOM, .panels = panels, .panel_count = PANELS};
  const heat_status status = heat_plot_write(&plot, HEAT_PICTURE_PNG, path);
  free(drawings);
  return status;
}
