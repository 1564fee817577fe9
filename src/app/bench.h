/* What the parts of `heat2d bench` share. Private. */
#ifndef HEAT2D_BENCH_H
#define HEAT2D_BENCH_H

#include "bench_report.h"
#include "heat2d/base/runtime.h"
#include "heat2d/numerics/kernel.h"
#include "measure.h"

enum {
  HEAT_BENCH_UNIFORM, /* material */
  HEAT_BENCH_VARYING, /* from cell to cell */
  HEAT_BENCH_MATERIALS
};

/* Bytes that a step moves for each cell when nothing stays in cache: u read and the result written, and three
 * coefficients where the material varies. */
extern const double heat_bench_bytes[HEAT_BENCH_MATERIALS];

/* The fastest that the kernel of the runs is: over and over in one box that fits the first-level cache. */
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
  double bandwidth; /* bytes per second that all ranks copy, read and written */
  heat_bench_cache_job reference[HEAT_BENCH_MATERIALS];
  double of_arithmetic; /* the speed of the kernel in cache as a part of its arithmetic's alone, of one material */
  heat_bench_report report;
} heat_bench;

/* bench_machine.c */

/* What all ranks and threads can do at most: copy, and compute in cache. Fills in bandwidth and reference. HEAT_IO when
 * memory is exhausted. Collective. */
heat_status heat_bench_machine(heat_bench *bench);

/* Run the job once: its `context` is a heat_bench_cache_job. Local. */
void heat_bench_compute_in_cache(void *context);

/* Cells that one thread updates in one run of the job. Local. */
double heat_bench_cache_updates(const heat_bench_cache_job *job);

/* bench_ladder.c */

/* The speed of `work` on all ranks of `comm` and so many threads of each, as a part of that of the kernel in cache on
 * as many; *rate: updates per second, of which one call does `updates`. Collective over comm. */
double heat_bench_compare(const heat_bench *bench, MPI_Comm comm, int threads, bool varying, heat_work work,
                          double updates, double *rate);

/* Steps on one grid, from the plain loop on one core to all ranks with their exchange; one row for each. HEAT_DECK
 * where there are more ranks than cells, HEAT_IO. Collective. */
heat_status heat_bench_ladder(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* Wait until all ranks are here, without using the processor. Collective over comm. */
void heat_bench_wait(MPI_Comm comm);

/* How deep the halo of a run on so many cells and ranks is. Local. */
int heat_bench_depth(const int64_t cells[HEAT_AXES], int ranks);

/* bench_scaling.c */

/* The steps of a run on one grid with one rank and more of them, up to all, and one thread and more; one row for each.
 * Errors as above. Collective. */
heat_status heat_bench_scaling(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* bench_plot.c */

/* Draw the last ladder, the roofline and the scaling as PNG. HEAT_USAGE where they were not measured, HEAT_IO. Local.
 */
heat_status heat_bench_plot(const heat_bench *bench, const char *path);

/* bench_methods.c */

/* A step of `method` of the table on one grid, or of some of them (-1): one row for each. Errors as above, and
 * HEAT_NUMERICS. Collective. */
heat_status heat_bench_methods(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES], int method);

/* bench_io.c */

/* The exchange of the halo, one layer deep and as deep as a run has it. Nothing on one rank. Errors as above.
 * Collective. */
heat_status heat_bench_halo(heat_bench *bench, const char *size, const int64_t cells[HEAT_AXES]);

/* A checkpoint in `directory`, written and read back, beside what the disk does at best. HEAT_IO. Collective. */
heat_status heat_bench_disk(heat_bench *bench, const char *directory, const int64_t cells[HEAT_AXES]);

#endif
