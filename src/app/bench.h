/* What the parts of `heat2d bench` share. */
#ifndef HEAT2D_BENCH_H
#define HEAT2D_BENCH_H

#include "bench_report.h"
#include "heat2d/base/runtime.h"
#include "heat2d/numerics/kernel.h"
#include "measure.h"

enum {
  HEAT_BENCH_UNIFORM, /* uniform material */
  HEAT_BENCH_VARYING, /* material that differs from cell to cell */
  HEAT_BENCH_MATERIALS
};

/* Bytes that a step moves per cell when nothing stays in cache: u is read and the result is written, and for a varying
 * material three coefficients are read. */
extern const double heat_bench_bytes[HEAT_BENCH_MATERIALS];

/* The reference for the speed of the kernel: it is applied again and again to one box that fits into the first-level
 * cache. */
typedef struct heat_bench_cache_job {
  const heat_kernels *kernels;
  bool varying;
  int threads;
  heat_part box;
} heat_bench_cache_job;

typedef struct heat_bench {
  heat_runtime *runtime;
  const heat_kernels *kernels;
  int threads;      /* of each rank */
  double seconds;   /* of each measurement */
  double bandwidth; /* bytes per second that all ranks together copy, reads and writes counted */
  heat_bench_cache_job reference[HEAT_BENCH_MATERIALS];
  /* For uniform material: speed of the kernel in cache, divided by the speed of its arithmetic alone. */
  double of_arithmetic;
  heat_bench_report report;
} heat_bench;

/* bench_machine.c */

/* Measure what all ranks and threads can do at most: how fast they copy memory, and how fast they compute in cache.
 * Sets bandwidth and reference. HEAT_IO when memory is exhausted. Collective. */
heat_status heat_bench_machine(heat_bench *bench);

/* Run the job once: its `context` is a heat_bench_cache_job. Local. */
void heat_bench_compute_in_cache(void *context);

/* Return how many cells one thread updates in one run of the job. Local. */
double heat_bench_cache_updates(const heat_bench_cache_job *job);

/* bench_ladder.c */

/* Measure the speed of `work`, of which one call does `updates` updates of cells, on all ranks of `comm` with `threads`
 * threads each. Returns the speed divided by that of the kernel in cache on as many ranks and threads; *rate is the
 * number of updates per second. Collective over comm. */
double heat_bench_compare(const heat_bench *bench, MPI_Comm comm, int threads, bool varying, heat_work work,
                          double updates, double *rate);

/* Time steps on one grid, from the plain loop on one core to all ranks with their exchange, and add a row for each.
 * HEAT_DECK when there are more ranks than cells, HEAT_IO. Collective. */
heat_status heat_bench_ladder(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* Wait until all ranks have called this, without using the processor. Collective over comm. */
void heat_bench_wait(MPI_Comm comm);

/* Return the depth of the halo of a run on so many cells and ranks. Local. */
int heat_bench_depth(const int64_t cells[HEAT_AXES], int ranks);

/* bench_scaling.c */

/* Time the steps of a run on one grid with one rank, with more ranks up to all, and with one thread and more, and add a
 * row for each. Errors are those of heat_bench_ladder. Collective. */
heat_status heat_bench_scaling(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* bench_plot.c */

/* Draw the last ladder, the roofline and the scaling as PNG. HEAT_USAGE when they were not measured, HEAT_IO. Local. */
heat_status heat_bench_plot(const heat_bench *bench, const char *path);

/* bench_methods.c */

/* Time a step of the method with the number `method`, or of several methods (-1), on one grid, and add a row for each.
 * Errors are those of heat_bench_ladder, and HEAT_NUMERICS. Collective. */
heat_status heat_bench_methods(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES], int method);

/* bench_io.c */

/* Time the exchange of the halo, one layer deep and as deep as in a run. On one rank nothing is measured. Errors are
 * those of heat_bench_ladder. Collective. */
heat_status heat_bench_halo(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* Time the writing and reading of a checkpoint in `directory`, and compare it with plain writing and reading there.
 * HEAT_IO. Collective. */
heat_status heat_bench_disk(heat_bench *bench, const char *directory, const int64_t cells[HEAT_AXES]);

#endif
