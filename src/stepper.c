#include "heat2d/stepper.h"

#include <string.h>

static int euler_stages(double t, double dt, heat_stage stages[HEAT_METHOD_STAGES], int *result) {
  enum { NOW, NEXT };
  stages[0] = (heat_stage){
      .out = NEXT, .u = NOW, .terms = 1, .term = {{.field = NOW, .weight = 1}}, .c = dt, .t = t, .share = dt};
  *result = NEXT;
  return 1;
}

const heat_method heat_methods[] = {
    {.name = "euler", .order = 1, .fields = 2, .stability = 2, .stages = euler_stages},
};
const int heat_method_count = sizeof heat_methods / sizeof *heat_methods;

const heat_method *heat_method_find(const char *name) {
  if (strcmp(name, "auto") == 0) return &heat_methods[0];
  for (int m = 0; m < heat_method_count; m++)
    if (strcmp(name, heat_methods[m].name) == 0) return &heat_methods[m];
  return NULL;
}

heat_status heat_stepper_create(heat_stepper *stepper, const heat_method *method, heat_operator *op) {
  *stepper = (heat_stepper){.method = method, .op = op};
  heat_status status = heat_ok();
  for (int f = 0; f < method->fields && status.code == HEAT_OK; f++) {
    stepper->place[f] = f;
    status = heat_field_create(&stepper->fields[f], op->grid, op->depth);
  }
  return status;
}

void heat_stepper_destroy(heat_stepper *stepper) {
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) heat_field_destroy(&stepper->fields[f]);
}

heat_field *heat_stepper_solution(heat_stepper *stepper) {
  return &stepper->fields[stepper->place[0]];
}

heat_status heat_stepper_start(heat_stepper *stepper) {
  const heat_grid *grid = stepper->op->grid;
  heat_field *u = heat_stepper_solution(stepper);
  heat_status status = heat_ok();
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y] && status.code == HEAT_OK; j++)
    status = heat_problem_paint_row(grid->problem, HEAT_TEMPERATURE, j, grid->owned.lo[HEAT_X], grid->owned.hi[HEAT_X],
                                    0, heat_field_at(u, grid->owned.lo[HEAT_X], j));
  u->valid = 0;
  return heat_agree(grid->comm, status);
}

double heat_stepper_limit(const heat_stepper *stepper) {
  return stepper->method->stability / stepper->op->spectral_bound;
}

heat_status heat_stepper_advance(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to) {
  enum { CHAIN = 64 }; /* stages handed over at once */
  heat_field *fields[HEAT_METHOD_FIELDS];
  for (int f = 0; f < HEAT_METHOD_FIELDS; f++) fields[f] = &stepper->fields[f];
  heat_status status = heat_ok();
  while (from < to) {
    heat_stage chain[CHAIN + HEAT_METHOD_STAGES];
    int count = 0;
    for (; from < to && count < CHAIN; from++) {
      int result;
      heat_stage *stages = chain + count;
      const int added =
          stepper->method->stages(heat_clock_time(clock, from), heat_clock_step(clock, from), stages, &result);
      for (int s = 0; s < added; s++) {
        stages[s].out = stepper->place[stages[s].out];
        stages[s].u = stepper->place[stages[s].u];
        for (int k = 0; k < stages[s].terms; k++) stages[s].term[k].field = stepper->place[stages[s].term[k].field];
      }
      const int solution = stepper->place[result];
      stepper->place[result] = stepper->place[0];
      stepper->place[0] = solution;
      count += added;
    }
    status = heat_first(status, heat_operator_apply(stepper->op, chain, count, fields));
  }
  return status;
}
