/* The time of a step of each method on one grid; explicit stages and linear solves are given in the same unit. */
#include "bench.h"
#include "bench_case.h"
#include "heat2d/app/plan.h"
#include "heat2d/numerics/multigrid.h"

#include <math.h>

static void advance(void *context) {
  heat_bench_case *c = context;
  const bool solves = c->stepper.method->step != NULL;
  if (solves) heat_bench_case_fill(c); /* a field that earlier steps have smoothed would need too few iterations */
  const int64_t steps = c->stepper.method == &heat_methods[HEAT_METHOD_EULER] ? HEAT_BATCH : 1;
  heat_stepper_advance(&c->stepper, &c->clock, c->step, c->step + steps);
  c->step += steps;
}

/* Bytes that a stage moves per cell when nothing stays in cache: the terms of its sum, and the result. */
static double stage_bytes(const heat_bench_case *c) {
  heat_stage stages[HEAT_METHOD_STAGES];
  int result;
  const heat_step step = {.dt = c->clock.dt};
  const int count = c->stepper.method->stages(&step, heat_operator_bounds(&c->op).spectral, stages, &result);
  return (stages[count - 1].terms + 1) * (double)sizeof(double);
}

/* Bytes that a rank stores per cell; an iteration reads each of them at least once. */
static double solver_bytes(const heat_bench_case *c) {
  const heat_plan plan = {.problem = &c->problem,
                          .grid = &c->grid,
                          .method = c->stepper.method,
                          .depth = c->spec.depth,
                          .threads = c->spec.threads,
                          .ranks = c->grid.size};
  return heat_plan_memory(&plan) / (double)heat_box_cells(heat_layout_box(&c->grid.layout, 0));
}

/* The seconds of making the levels of the multigrid, as the first step of a run does: their memory is new, too. NAN
 * where there is none. Collective. */
static double set_up(const heat_bench_case *c) {
  const bool steady = c->stepper.method == &heat_methods[HEAT_METHOD_STEADY];
  heat_multigrid *levels;
  MPI_Barrier(c->grid.comm);
  const double begin = MPI_Wtime();
  const heat_status status =
      heat_multigrid_create(&levels, &c->op.stencil, steady ? 0 : 1 / c->clock.dt, c->spec.threads);
  double seconds = MPI_Wtime() - begin;
  heat_multigrid_destroy(levels);
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, c->grid.comm);
  return status.code == HEAT_OK ? seconds : NAN;
}

static void add_row(heat_bench *b, const char *size, heat_bench_case *c) {
  const bool solves = c->stepper.method->step != NULL;
  const double seconds = heat_measure(c->grid.comm, b->seconds, (heat_work){advance, c}, NULL, NULL);
  const heat_advance *done = &c->stepper.done;
  const double sweeps = (double)(solves ? done->solves : done->stages) / (double)done->taken;
  const double iterations = solves ? (double)done->iterations / (double)done->solves : NAN;
  const double cells = (double)heat_box_cells(c->grid.domain), giga = 1e9;
  const double rate = cells * sweeps * (double)done->taken / seconds, bytes = solves ? solver_bytes(c) : stage_bytes(c);
  const double moved = rate * bytes * (solves ? iterations : 1);
  const double levels = solves ? set_up(c) * sweeps * (double)done->taken / seconds : NAN;
  heat_bench_add(
      &b->report, HEAT_BENCH_METHOD,
      (heat_bench_row){.size = size,
                       .what = heat_method_name(c->stepper.method),
                       .cells = {c->spec.cells[HEAT_X], c->spec.cells[HEAT_Y]},
                       .figures = {c->spec.step, sweeps, iterations, rate / giga,
                                   rate / giga * (solves ? iterations : 1), bytes, moved / b->bandwidth, levels}});
}

static heat_status measure(heat_bench *b, const char *size, const int64_t cells[HEAT_AXES], int method) {
  const double implicit_step = 1000, longest_step = 247; /* longest_step: stable with 31 stages */
  const bool solves = heat_methods[method].step != NULL;
  heat_bench_case c;
  const heat_bench_spec spec = {.cells = {cells[HEAT_X], cells[HEAT_Y]},
                                .threads = b->threads,
                                .depth = solves ? 1 : heat_bench_depth(cells, b->runtime->size),
                                .method = method,
                                .step = solves                        ? implicit_step
                                        : method == HEAT_METHOD_EULER ? 1
                                                                      : longest_step};
  heat_status status = heat_bench_case_create(&c, b->runtime->comm, spec);
  if (status.code == HEAT_OK) {
    if (!solves) heat_bench_case_warm(&c);
    add_row(b, size, &c);
  }
  heat_bench_case_destroy(&c);
  return status;
}

heat_status heat_bench_methods(heat_bench *b, const char *size, const int64_t cells[HEAT_AXES], int method) {
  static const int usual[] = {HEAT_METHOD_EULER, HEAT_METHOD_RKL2, HEAT_METHOD_BACKWARD_EULER};
  enum { USUAL = sizeof usual / sizeof *usual };
  heat_status status = heat_ok();
  if (method >= 0) return measure(b, size, cells, method);
  for (int n = 0; n < USUAL && status.code == HEAT_OK; n++) status = measure(b, size, cells, usual[n]);
  return status;
}
