/* A problem for measurements: square cells of 1 m, insulated sides, no sources, and temperatures that differ from cell
 * to cell. */
#ifndef HEAT2D_BENCH_CASE_H
#define HEAT2D_BENCH_CASE_H

#include "heat2d/numerics/stepper.h"

typedef struct heat_bench_spec {
  int64_t cells[HEAT_AXES];
  bool varying;   /* a disc of another material */
  bool scattered; /* a material that differs from cell to cell */
  bool plain;     /* the stages are done one after the other by plain loops over whole arrays */
  int threads, depth;
  int ranks[HEAT_AXES]; /* 0: chosen */
  int method;           /* number of the method; 0: euler */
  double step;          /* length of a step, divided by the longest stable one of euler; 0 means 1 */
} heat_bench_spec;

typedef struct heat_bench_case {
  heat_bench_spec spec;
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_stepper stepper;
  heat_clock clock;
  int64_t step;
} heat_bench_case;

/* Make the grid, its stepper and an initial state. *c has to be destroyed in any case. HEAT_DECK when there are more
 * ranks than cells, HEAT_IO. Collective over comm. */
heat_status heat_bench_case_create(heat_bench_case *c, MPI_Comm comm, heat_bench_spec spec);
void heat_bench_case_destroy(heat_bench_case *c); /* Collective. */

/* Set the solution to the initial state. Local. */
void heat_bench_case_fill(heat_bench_case *c);

/* Do HEAT_BENCH_CASE_STEPS steps. This is work for heat_measure, whose context is the case. Collective. */
enum { HEAT_BENCH_CASE_STEPS = HEAT_BATCH };
void heat_bench_case_steps(void *context);

/* Do steps until the size of the tiles has been chosen by the trials of the first steps. Collective. */
void heat_bench_case_warm(heat_bench_case *c);

#endif
