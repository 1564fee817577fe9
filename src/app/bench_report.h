/* The results of `heat2d bench`: tables whose rows have the same figures. A row is printed as text as soon as it is
 * measured; at the end all rows can be printed as JSON. Both follow one list of columns. */
#ifndef HEAT2D_BENCH_REPORT_H
#define HEAT2D_BENCH_REPORT_H

#include "heat2d/deck/problem.h"

enum { HEAT_BENCH_FIGURES = 9, HEAT_BENCH_ROWS = 32 };

typedef enum heat_bench_table {
  HEAT_BENCH_MACHINE,
  HEAT_BENCH_LADDER,
  HEAT_BENCH_SCALING,
  HEAT_BENCH_METHOD,
  HEAT_BENCH_HALO,
  HEAT_BENCH_DISK,
  HEAT_BENCH_TABLES
} heat_bench_table;

typedef struct heat_bench_row {
  const char *size; /* name of the size of the grid */
  const char *what;
  int64_t cells[HEAT_AXES];
  double figures[HEAT_BENCH_FIGURES]; /* in the order of the table's columns, as in JSON; NaN: not measured */
} heat_bench_row;

typedef struct heat_bench_report {
  bool as_text; /* print each row when it is added; only on rank 0 */
  int count[HEAT_BENCH_TABLES];
  heat_bench_row rows[HEAT_BENCH_TABLES][HEAT_BENCH_ROWS];
} heat_bench_report;

/* Add a row to a table. Local. */
void heat_bench_add(heat_bench_report *report, heat_bench_table table, heat_bench_row row);

/* Print all tables, each as "name": [{...}, ...], with a comma before each. Local. */
void heat_bench_print_json(const heat_bench_report *report);

#endif
