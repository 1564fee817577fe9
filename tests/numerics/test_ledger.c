/* The ledger of heat: a step that is taken back leaves no trace in any bit, one that is kept stays, and a ledger that
 * was written out face by face and restored goes on as if nothing had been. */
#include "heat2d/numerics/operator.h"

#include "harness.h"

#include <math.h>
#include <string.h>

enum { NX = 7, NY = 6 };

typedef struct setting {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_field fields[2];
} setting;

static void open_setting(setting *s) {
  static const int chosen[HEAT_AXES] = {0, 0};
  static const char deck[] =
      "domain: {size: [1, 1.2], cells: [7, 6]}\nmaterial: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}\n"
      "regions: [{shape: rectangle, min: [0, 0], max: [0.5, 0.5], source: 3}]\nsource: 'x + 3*t'\n"
      "initial: {temperature: 0}\ntime: {end: 1}\nboundary: {left: {type: dirichlet, value: 'y + t'}, "
      "right: {type: neumann, flux: 2}, top: {type: robin, coefficient: 3, ambient: x}}\n";
  heat_status status = heat_config_parse(&s->config, "deck", deck, sizeof deck - 1, NULL, 0);
  assert_string_equal(status.text, "");
  status = heat_problem_create(&s->problem, MPI_COMM_WORLD, s->config);
  assert_string_equal(status.text, "");
  assert_int_equal(heat_grid_create(&s->grid, MPI_COMM_WORLD, &s->problem, chosen).code, HEAT_OK);
  heat_runtime_create(&s->runtime, MPI_COMM_WORLD);
  assert_int_equal(heat_operator_create(&s->op, &(heat_discretisation){&s->problem, &s->grid, 2, 1}, &s->runtime).code,
                   HEAT_OK);
  for (int f = 0; f < 2; f++) assert_int_equal(heat_field_create(&s->fields[f], &s->grid, 2).code, HEAT_OK);
  for (int64_t j = s->grid.owned.lo[HEAT_Y]; j < s->grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = s->grid.owned.lo[HEAT_X]; i < s->grid.owned.hi[HEAT_X]; i++)
      *heat_field_at(&s->fields[0], i, j) = sin((double)(j * NX + i));
}

static void close_setting(setting *s) {
  for (int f = 0; f < 2; f++) heat_field_destroy(&s->fields[f]);
  heat_operator_destroy(&s->op);
  heat_runtime_destroy(&s->runtime);
  heat_problem_destroy(&s->problem);
  heat_config_destroy(s->config);
}

typedef struct totals {
  double sides[HEAT_SIDES], walls, moved, sources;
} totals;

static totals totals_of(const heat_ledger *ledger) {
  totals sums = {.walls = heat_ledger_wall_heat(ledger)};
  for (int side = 0; side < HEAT_SIDES; side++) sums.sides[side] = heat_ledger_side_heat(ledger, side);
  sums.moved = heat_ledger_wall_moved(ledger);
  sums.sources = heat_ledger_source_heat(ledger);
  return sums;
}

/* A step of Euler from the same field: what it enters depends on its time. */
static void step(setting *s, double t, double dt) {
  heat_field *fields[] = {&s->fields[0], &s->fields[1]};
  const heat_stage stage = {
      .out = 1, .u = 0, .terms = 1, .term = {{.field = 0, .weight = 1}}, .c = dt, .t = t, .budget_weight = dt};
  assert_int_equal(heat_operator_apply(&s->op, &stage, 1, fields).code, HEAT_OK);
}

static void a_step_that_is_taken_back_leaves_no_trace(void **state) {
  (void)state;
  setting s, straight;
  open_setting(&s);
  open_setting(&straight);
  step(&s, 0, 0.01);
  step(&straight, 0, 0.01);
  for (int n = 1; n <= 3; n++) {
    const totals before = totals_of(&s.op.ledger);
    heat_ledger_begin(&s.op.ledger);
    step(&s, n, 0.03);
    const totals within = totals_of(&s.op.ledger);
    assert_true(within.walls != before.walls && within.moved > before.moved && within.sources > before.sources);
    heat_ledger_roll_back(&s.op.ledger);
    const totals after = totals_of(&s.op.ledger);
    assert_memory_equal(&after, &before, sizeof before);
    heat_ledger_begin(&s.op.ledger); /* again, with a shorter step that is kept */
    step(&s, n, 0.01);
    step(&straight, n, 0.01);
    const totals kept = totals_of(&s.op.ledger), expected = totals_of(&straight.op.ledger);
    assert_memory_equal(&kept, &expected, sizeof expected);
  }
  close_setting(&straight);
  close_setting(&s);
}

static void a_restored_ledger_goes_on(void **state) {
  (void)state;
  setting s, again;
  open_setting(&s);
  open_setting(&again);
  step(&s, 0, 0.01);
  step(&again, 5, 0.5); /* what was there is replaced */
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    const double *from = heat_ledger_faces(&s.op.ledger, side, &lo, &hi);
    double *to = heat_ledger_faces(&again.op.ledger, side, &lo, &hi);
    for (int64_t n = 0; n < hi - lo; n++) to[n] = from[n];
  }
  const heat_sum total = heat_ledger_source_sum(&s.op.ledger);
  heat_ledger_restore_source(&again.op.ledger, &total);
  step(&s, 1, 0.02);
  step(&again, 1, 0.02);
  const totals one = totals_of(&s.op.ledger), other = totals_of(&again.op.ledger);
  assert_memory_equal(&one, &other, sizeof one);
  assert_true(one.sources > 0 && one.sides[HEAT_RIGHT] > 0);
  close_setting(&again);
  close_setting(&s);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_that_is_taken_back_leaves_no_trace),
      cmocka_unit_test(a_restored_ledger_goes_on),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
