/* A grid made to be timed: square cells of 1 m, insulated sides, no sources, and numbers that differ from cell to cell.
 * Private. */
#ifndef HEAT2D_BENCH_CASE_H
#define HEAT2D_BENCH_CASE_H

#include "heat2d/numerics/stepper.h"

typedef struct heat_bench_spec {
  int64_t cells[HEAT_AXES];
  bool varying;   /* a disc of another material */
  bool scattered; /* a material that differs from cell to cell */
  bool plain;     /* one stage after the other in plain loops and whole arrays */
  int threads, depth;
  int ranks[HEAT_AXES]; /* 0: chosen */
  int method;           /* of the table; 0: euler */
  double step;          /* over the longest one that euler takes; 0: 1 */
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

/* Make the grid, its stepper and a first state. To be destroyed in any case. HEAT_DECK (more ranks than cells),
 * HEAT_IO. Collective over comm. */
heat_status heat_bench_case_create(heat_bench_case *c, MPI_Comm comm, heat_bench_spec spec);
void heat_bench_case_destroy(heat_bench_case *c); /* Collective. */

/* Give the solution its first numbers again. Local. */
void heat_bench_case_fill(heat_bench_case *c);

/* Do HEAT_BENCH_CASE_STEPS steps: work for heat_measure, whose context is the case. Collective. */
enum { HEAT_BENCH_CASE_STEPS = HEAT_BATCH };
void heat_bench_case_steps(void *context);

/* Do steps until the shape of the tiles is chosen, which the first steps of a run try out. Collective. */
void heat_bench_case_warm(heat_bench_case *c);

#endif
