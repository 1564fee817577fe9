#include "bench_report.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { LABEL = 36 };

typedef struct column {
  const char *key;     /* in JSON */
  const char *heading; /* in the text, with its unit */
  double scale;        /* factor from the unit of JSON to the unit of the text */
  int digits;          /* digits after the decimal point in the text */
} column;

static const struct {
  const char *name;
  column columns[HEAT_BENCH_FIGURES]; /* the last one has a NULL key */
} tables[HEAT_BENCH_TABLES] = {
    [HEAT_BENCH_MACHINE] = {"machine",
                            {{"copy", "copy GB/s", 1e-9, 1},
                             {"copy_non_temporal", "past caches", 1e-9, 1},
                             {"streaming", "stream Gcell/s", 1e-9, 3},
                             {"streaming_varying", "varying", 1e-9, 3},
                             {"in_cache", "in-cache Gcell/s", 1e-9, 3},
                             {"in_cache_varying", "varying", 1e-9, 3},
                             {"arithmetic", "arithmetic", 1e-9, 3}}},
    [HEAT_BENCH_LADDER] = {"rows",
                           {{"gcells", "Gcell/s", 1, 3},
                            {"of_streaming", "x stream", 1, 2},
                            {"of_in_cache", "% of in-cache", 100, 0},
                            {"of_arithmetic", "% of arithmetic", 100, 0},
                            {"gbytes_needed", "GB/s needed", 1, 1},
                            {"of_above", "x above", 1, 2}}},
    [HEAT_BENCH_SCALING] = {"scaling",
                            {{"ranks", "ranks", 1, 0},
                             {"threads", "threads", 1, 0},
                             {"gcells", "Gcell/s", 1, 3},
                             {"speed_up", "x one core", 1, 2},
                             {"efficiency", "% efficiency", 100, 0},
                             {"of_in_cache", "% of in-cache", 100, 0}}},
    [HEAT_BENCH_METHOD] = {"methods",
                           {{"step", "x euler's step", 1, 0},
                            {"sweeps", "stages or solves", 1, 0},
                            {"iterations", "iterations", 1, 1},
                            {"gcells", "Gcell/s each", 1, 4},
                            {"gcells_per_iteration", "an iteration", 1, 3},
                            {"bytes_needed", "bytes/cell", 1, 0},
                            {"of_streaming", "x stream", 1, 2},
                            {"set_up", "set-up/solve", 1, 2}}},
    [HEAT_BENCH_HALO] = {"halo",
                         {{"depth", "depth", 1, 0},
                          {"seconds", "us an exchange", 1e6, 1},
                          {"seconds_per_step", "us a step", 1e6, 1},
                          {"bytes", "KB", 1e-3, 1},
                          {"bytes_per_second", "GB/s", 1e-9, 2}}},
    [HEAT_BENCH_DISK] = {"disk",
                         {{"write", "write MB/s", 1e-6, 0},
                          {"write_of_raw", "% of raw", 100, 0},
                          {"read", "read MB/s", 1e-6, 0},
                          {"read_of_raw", "% of raw", 100, 0},
                          {"verify", "verify MB/s", 1e-6, 0}}},
};

static int width(const column *c) {
  enum { APART = 2, LEAST = 8 };
  const int letters = (int)strlen(c->heading);
  return APART + (letters > LEAST ? letters : LEAST);
}

static void print_heading(heat_bench_table table, const heat_bench_row *row) {
  char title[LABEL];
  snprintf(title, sizeof title, "%s, %lld x %lld cells", row->size, (long long)row->cells[HEAT_X],
           (long long)row->cells[HEAT_Y]);
  printf("\n%-*s", LABEL, row->cells[HEAT_X] > 0 ? title : row->size);
  for (const column *c = tables[table].columns; c->key != NULL; c++) printf("%*s", width(c), c->heading);
  printf("\n");
}

static void print_row(heat_bench_table table, const heat_bench_row *row) {
  printf("  %-*s", LABEL - 2, row->what);
  for (int n = 0; tables[table].columns[n].key != NULL; n++) {
    const column *c = &tables[table].columns[n];
    if (isnan(row->figures[n]))
      printf("%*s", width(c), "-");
    else
      printf("%*.*f", width(c), c->digits, row->figures[n] * c->scale);
  }
  printf("\n");
  fflush(stdout);
}

void heat_bench_add(heat_bench_report *report, heat_bench_table table, heat_bench_row row) {
  assert(report->count[table] < HEAT_BENCH_ROWS);
  heat_bench_row *place = &report->rows[table][report->count[table]];
  *place = row;
  const bool first = report->count[table]++ == 0;
  if (!report->as_text) return;
  if (first || strcmp(place[-1].size, row.size) != 0) print_heading(table, place);
  print_row(table, place);
}

static void print_json_row(heat_bench_table table, const heat_bench_row *row) {
  printf("{\"size\": \"%s\", \"cells\": [%lld, %lld], \"what\": \"%s\"", row->size, (long long)row->cells[HEAT_X],
         (long long)row->cells[HEAT_Y], row->what);
  for (int n = 0; tables[table].columns[n].key != NULL; n++) {
    printf(", \"%s\": ", tables[table].columns[n].key);
    if (isnan(row->figures[n]))
      printf("null");
    else
      printf("%.6g", row->figures[n]);
  }
  printf("}");
}

void heat_bench_print_json(const heat_bench_report *report) {
  for (int table = 0; table < HEAT_BENCH_TABLES; table++) {
    printf(",\n  \"%s\": [", tables[table].name);
    for (int n = 0; n < report->count[table]; n++) {
      printf(n > 0 ? ",\n    " : "\n    ");
      print_json_row((heat_bench_table)table, &report->rows[table][n]);
    }
    printf("\n  ]");
  }
}
