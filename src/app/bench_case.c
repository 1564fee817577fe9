#include "bench_case.h"

#include <math.h>

/* Numbers that differ from cell to cell, without denormal ones, which are slow on many processors. */
void heat_bench_case_fill(heat_bench_case *c) {
  enum { PERIOD = 13 };
  heat_field *u = heat_stepper_solution(&c->stepper);
  for (int64_t j = u->owned.lo[HEAT_Y]; j < u->owned.hi[HEAT_Y]; j++)
    for (int64_t i = u->owned.lo[HEAT_X]; i < u->owned.hi[HEAT_X]; i++)
      *heat_field_at(u, i, j) = 1 + (double)((i + j) % PERIOD);
  u->valid = 0;
}

heat_status heat_bench_case_create(heat_bench_case *c, MPI_Comm comm, heat_bench_spec spec) {
  enum { DECK = 512 };
  char deck[DECK];
  *c = (heat_bench_case){.spec = spec};
  char material[DECK / 2] = "material: {diffusivity: 1}";
  const long long nx = spec.cells[HEAT_X], ny = spec.cells[HEAT_Y];
  if (spec.scattered)
    snprintf(material, sizeof material, "material: {diffusivity: '1 + 0.5*sin(x)*cos(y)'}");
  else if (spec.varying)
    snprintf(material, sizeof material,
             "material: {diffusivity: 1}\n"
             "regions: [{shape: circle, center: [%lld, %lld], radius: %g, diffusivity: 0.5}]",
             nx / 2, ny / 2, (double)nx / 4);
  const int length = snprintf(deck, sizeof deck,
                              "domain: {size: [%lld, %lld], cells: [%lld, %lld]}\n%s\ninitial: {temperature: 1}\n"
                              "time: {end: 1, solver: {tolerance: 1e-10}}\n",
                              nx, ny, nx, ny, material);
  heat_status status = heat_config_parse(&c->config, "bench", deck, (size_t)length, NULL, 0);
  if (status.code == HEAT_OK) status = heat_problem_create(&c->problem, comm, c->config);
  if (status.code == HEAT_OK) status = heat_grid_create(&c->grid, comm, &c->problem, spec.ranks);
  if (status.code != HEAT_OK) return status;
  heat_runtime_create(&c->runtime, comm);
  const heat_discretisation from = {&c->problem, &c->grid, spec.depth, spec.threads};
  status = heat_operator_create(&c->op, &from, &c->runtime);
  if (status.code != HEAT_OK) return status;
  if (spec.plain) heat_sequence_set_plain(&c->op.sequence);
  status = heat_agree(comm, heat_stepper_create(&c->stepper, &heat_methods[spec.method], &c->op));
  if (status.code != HEAT_OK) return status;
  heat_bench_case_fill(c);
  const double limit = heat_method_limits(&heat_methods[HEAT_METHOD_EULER], heat_operator_bounds(&c->op)).stable;
  const double safety = 0.9, forever = 1e15, dt = safety * (isinf(limit) ? 1 : limit) * (spec.step > 0 ? spec.step : 1);
  c->clock = heat_clock_create(0, 0, dt, forever * dt);
  return heat_ok();
}

void heat_bench_case_destroy(heat_bench_case *c) {
  heat_stepper_destroy(&c->stepper);
  heat_operator_destroy(&c->op);
  heat_runtime_destroy(&c->runtime);
  heat_problem_destroy(&c->problem);
  heat_config_destroy(c->config);
  *c = (heat_bench_case){.step = 0};
}

void heat_bench_case_steps(void *context) {
  heat_bench_case *c = context;
  heat_stepper_advance(&c->stepper, &c->clock, c->step, c->step + HEAT_BENCH_CASE_STEPS);
  c->step += HEAT_BENCH_CASE_STEPS;
}

void heat_bench_case_warm(heat_bench_case *c) {
  enum { MOST = 64 };
  for (int n = 0, all = 0; n < MOST && !all; n++) {
    bool chosen;
    heat_bench_case_steps(c);
    heat_sequence_tile(&c->op.sequence, &chosen);
    all = chosen;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, c->grid.comm);
  }
}
