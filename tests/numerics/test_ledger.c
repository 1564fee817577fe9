/* Sources that depend on time, and the ledger of heat: a step that is rolled back leaves no trace in any bit, a step
 * that is committed is kept, and a ledger that was written face by face and restored continues in the same way. */
#include "harness.h"
#include "rig.h"

enum { NX = 7 };

/* An operator, and two fields for it. */
typedef struct setting {
  rig made;
  heat_field fields[2];
} setting;

static void open_setting(setting *s) {
  static const char deck[] =
      "domain: {size: [1, 1.2], cells: [7, 6]}\nmaterial: {conductivity: [1.3, 0.4], density: 2, heat_capacity: 0.7}\n"
      "regions: [{shape: rectangle, min: [0, 0], max: [0.5, 0.5], source: 3}]\nsource: 'x + 3*t'\n"
      "boundary: {left: {type: dirichlet, value: 'y + t'}, right: {type: neumann, flux: 2}, "
      "top: {type: robin, coefficient: 3, ambient: x}}\n";
  open_rig(&s->made, (rig_setting){.deck = deck, .up_to = RIG_OPERATOR});
  const heat_grid *grid = &s->made.grid;
  for (int f = 0; f < 2; f++) assert_int_equal(heat_field_create(&s->fields[f], grid, 2).code, HEAT_OK);
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++)
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++)
      *heat_field_at(&s->fields[0], i, j) = sin((double)(j * NX + i));
}

static void close_setting(setting *s) {
  for (int f = 0; f < 2; f++) heat_field_destroy(&s->fields[f]);
  close_rig(&s->made);
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

/* Do a step of Euler from the same field, whose heat depends on its time. */
static void step(setting *s, double t, double dt) {
  heat_field *fields[] = {&s->fields[0], &s->fields[1]};
  const heat_stage stage = {
      .out = 1, .u = 0, .terms = 1, .term = {{.field = 0, .weight = 1}}, .c = dt, .t = t, .budget_weight = dt};
  assert_int_equal(heat_operator_apply(&s->made.op, &stage, 1, fields).code, HEAT_OK);
}

static void a_step_that_is_taken_back_leaves_no_trace(void **state) {
  (void)state;
  setting s, straight;
  open_setting(&s);
  open_setting(&straight);
  step(&s, 0, 0.01);
  step(&straight, 0, 0.01);
  for (int n = 1; n <= 3; n++) {
    const totals before = totals_of(&s.made.op.ledger);
    heat_ledger_begin(&s.made.op.ledger);
    step(&s, n, 0.03);
    const totals within = totals_of(&s.made.op.ledger);
    assert_true(within.walls != before.walls && within.moved > before.moved && within.sources > before.sources);
    heat_ledger_roll_back(&s.made.op.ledger);
    const totals after = totals_of(&s.made.op.ledger);
    assert_memory_equal(&after, &before, sizeof before);
    heat_ledger_begin(&s.made.op.ledger); /* again, with a shorter step that is kept */
    step(&s, n, 0.01);
    step(&straight, n, 0.01);
    const totals kept = totals_of(&s.made.op.ledger), expected = totals_of(&straight.made.op.ledger);
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
  step(&again, 5, 0.5); /* the previous contents are replaced */
  for (int side = 0; side < HEAT_SIDES; side++) {
    int64_t lo, hi;
    const double *from = heat_ledger_faces(&s.made.op.ledger, side, &lo, &hi);
    double *to = heat_ledger_faces(&again.made.op.ledger, side, &lo, &hi);
    for (int64_t n = 0; n < hi - lo; n++) to[n] = from[n];
  }
  const heat_sum total = heat_ledger_source_sum(&s.made.op.ledger);
  heat_ledger_restore_source(&again.made.op.ledger, &total);
  step(&s, 1, 0.02);
  step(&again, 1, 0.02);
  const totals one = totals_of(&s.made.op.ledger), other = totals_of(&again.made.op.ledger);
  assert_memory_equal(&one, &other, sizeof one);
  assert_true(one.sources > 0 && one.sides[HEAT_RIGHT] > 0);
  close_setting(&again);
  close_setting(&s);
}

/* Sources that depend on time alone, are products, or neither, beside some that do not: in the owned cells and in the
 * halo they have the bits of the deck, and what they give is summed up exactly. */
static void sources_in_time_are_those_of_the_deck(void **state) {
  (void)state;
  static const char deck[] = "domain: {size: [1, 1], cells: [13, 14]}\nmaterial: {diffusivity: 1}\nsource: 'x*y'\n"
                             "boundary: {left: {type: periodic}, right: {type: periodic}}\nregions: [\n"
                             "{shape: circle, center: [0.3, 0.4], radius: 0.3, source: '0.1 + sin(3*t)'},\n"
                             "{shape: rectangle, min: [0.4, 0.1], max: [1, 0.9], source: 'cos(t)*exp(-x*x - y*y)'},\n"
                             "{shape: rectangle, min: [0.1, 0.6], max: [0.7, 0.8], source: 'exp(-x*t) - y'},\n"
                             "{shape: circle, center: [0.5, 0.2], radius: 0.1, power: '2*t'}]\n";
  static const double times[] = {0, 0.37, 2.9}, weight = 0.7;
  enum { TIMES = sizeof times / sizeof *times };
  rig made;
  open_rig(&made, (rig_setting){.deck = deck, .up_to = RIG_OPERATOR});
  heat_forcing *forcing = &made.op.forcing;
  const heat_grid *grid = &made.grid;
  const heat_box all = heat_grid_grown(grid, grid->owned, forcing->depth);
  const double area = grid->spacing[HEAT_X] * grid->spacing[HEAT_Y];
  heat_sum expected = {0};
  assert_int_equal(heat_forcing_begin(forcing, times, TIMES).code, HEAT_OK);
  for (int n = TIMES - 1; n >= 0; n--) {
    for (int half = 0; half < 2; half++) { /* in two parts, as tiles do */
      heat_box part = all;
      *(half == 0 ? &part.hi[HEAT_X] : &part.lo[HEAT_X]) = (all.lo[HEAT_X] + all.hi[HEAT_X]) / 2;
      assert_int_equal(heat_forcing_update(forcing, part, n, weight, &made.op.ledger).code, HEAT_OK);
    }
    for (int64_t j = all.lo[HEAT_Y]; j < all.hi[HEAT_Y]; j++) {
      for (int64_t i = all.lo[HEAT_X]; i < all.hi[HEAT_X]; i++) {
        const int64_t at = heat_grid_wrap(grid, HEAT_X, i);
        const heat_box cell = {{i, j}, {i + 1, j + 1}};
        int layer;
        double q;
        assert_int_equal(heat_problem_values(&made.problem, HEAT_SOURCE, j, at, at + 1, times[n], &q).code, HEAT_OK);
        assert_true(q == *heat_field_at(&forcing->q, i, j));
        heat_problem_layers(&made.problem, HEAT_SOURCE, j, at, at + 1, &layer);
        if (layer > 0 && heat_box_within(cell, grid->owned)) heat_sum_add(&expected, weight * (q * area));
      }
    }
  }
  const heat_sum total = heat_sum_reduce(&expected, grid->comm);
  assert_true(heat_ledger_source_heat(&made.op.ledger) == heat_sum_value(&total));
  close_rig(&made);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sources_in_time_are_those_of_the_deck),
      cmocka_unit_test(a_step_that_is_taken_back_leaves_no_trace),
      cmocka_unit_test(a_restored_ledger_goes_on),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
