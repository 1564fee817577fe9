/* The choice of tiles: there are reasonable shapes for any block, and the fastest of them is kept. The bits of passes
 * are tested with the stepper. */
#include "heat2d/numerics/tiles.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static heat_box block(int64_t columns, int64_t rows) {
  return (heat_box){{3, 5}, {3 + columns, 5 + rows}};
}

static void every_block_has_shapes_to_try(void **state) {
  (void)state;
  static const int64_t sides[] = {1, 2, 17, 100, 1000, 4096, 100000, 3000000};
  static const size_t bytes[] = {16, 24, 40, 48};
  for (size_t x = 0; x < sizeof sides / sizeof *sides; x++) {
    for (size_t y = 0; y < sizeof sides / sizeof *sides; y++) {
      for (size_t b = 0; b < sizeof bytes / sizeof *bytes; b++) {
        const heat_tiling tiling = heat_tiling_create(block(sides[x], sides[y]), bytes[b], b == 0);
        assert_in_range(tiling.count, 2, HEAT_TILE_CHOICES);
        for (int n = 0; n < tiling.count; n++) {
          assert_true(tiling.tile[n].columns > 0 && tiling.tile[n].rows > 0);
          assert_in_range(tiling.tile[n].stages, 2, HEAT_TILE_STAGES); /* a band has no memory for more than a pass */
        }
      }
    }
  }
}

/* A tiling after passes in which the given choice was the fastest. */
static heat_tiling taught(int fastest) {
  enum { PASSES = 100 };
  heat_tiling tiling = heat_tiling_create(block(4096, 4096), 16, true);
  for (int n = 0; n < PASSES && !tiling.chosen; n++) {
    const double seconds = tiling.current == fastest ? 1 : 2;
    heat_tiling_learn(&tiling, HEAT_BATCH, 1e6,
                      n % 2 == 0 ? seconds : 3 * seconds); /* single slow passes must not matter */
  }
  return tiling;
}

static void the_fastest_stays(void **state) {
  (void)state;
  const int count = heat_tiling_create(block(4096, 4096), 16, true).count;
  for (int fastest = 0; fastest < count; fastest++) {
    heat_tiling tiling = taught(fastest);
    assert_true(tiling.chosen);
    assert_int_equal(tiling.current, fastest);
    for (int n = 0; n < count * 10; n++) heat_tiling_learn(&tiling, HEAT_BATCH, 1e6, n);
    assert_int_equal(tiling.current, fastest);
  }
}

/* The cost of a trial is the time that its passes took in addition to what they would have taken with the fastest
 * shape. */
static void trying_costs_what_the_slower_ones_took(void **state) {
  (void)state;
  heat_tiling tiling = heat_tiling_create(block(4096, 4096), 16, true);
  double seconds = 0, stretches = 0;
  assert_true(heat_tiling_cost(&tiling) == 0);
  heat_tiling_learn(&tiling, 1, 1e6, 50); /* one step alone is no trial */
  heat_tiling_learn(&tiling, HEAT_BATCH, 1e6, 50);
  assert_true(heat_tiling_cost(&tiling) == 0);
  for (; !tiling.chosen && stretches < 100; stretches++) {
    const double own = tiling.current == 1 ? 0.5 : 2;
    seconds += own;
    heat_tiling_learn(&tiling, HEAT_BATCH, 1e6, own);
  }
  assert_true(tiling.chosen);
  assert_true(fabs(heat_tiling_cost(&tiling) - (seconds - stretches * 0.5)) < 1e-9);
  heat_tiling_learn(&tiling, HEAT_BATCH, 1e6, 50);
  assert_true(fabs(heat_tiling_cost(&tiling) - (seconds - stretches * 0.5)) < 1e-9);
}

/* The first steps come one by one, and the halo or the cadence of outputs may never allow a whole batch. */
static void short_stretches_are_a_trial_where_there_are_no_longer_ones(void **state) {
  (void)state;
  heat_tiling tiling = heat_tiling_create(block(4096, 4096), 16, true);
  const int last = tiling.count - 1;
  for (int stages = 1; stages <= 10; stages++)
    for (int n = 0; n < 2; n++) heat_tiling_learn(&tiling, stages, 1e6, 9);
  for (int n = 0; n < 100 && !tiling.chosen; n++) {
    heat_tiling_learn(&tiling, 3, 1e6, 1e-6);
    heat_tiling_learn(&tiling, 10, 1e6, tiling.current == last ? 1 : 2);
  }
  assert_true(tiling.chosen);
  assert_int_equal(tiling.current, last);
}

static void a_given_shape_is_not_left(void **state) {
  (void)state;
  heat_tiling tiling = heat_tiling_fixed(41, 3);
  for (int n = 0; n < 100; n++) heat_tiling_learn(&tiling, HEAT_BATCH, 1, 100 - n);
  const heat_tile tile = heat_tiling_current(&tiling);
  assert_int_equal(tile.columns, 41);
  assert_int_equal(tile.rows, 3);
}

/* A pass of HEAT_TILE_STAGES stages and its copy, and a row above and below, leave room for a strip of each thread. */
static void a_band_has_room_for_all_threads_and_stays_small(void **state) {
  (void)state;
  assert_int_equal(heat_tiles_band(block(100, 100), 1), 0);
  for (int threads = 1; threads <= 64; threads *= 2) {
    const int rows = heat_tiles_band(block(8192, 8192), threads);
    assert_true(rows > HEAT_TILE_STAGES + 2 + threads);
    assert_true(rows <= HEAT_TILE_STAGES + 3 + (threads > 1 ? 8192 / 8 + threads * HEAT_TILE_STAGES : 64));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_block_has_shapes_to_try),
                                     cmocka_unit_test(trying_costs_what_the_slower_ones_took),
                                     cmocka_unit_test(the_fastest_stays),
                                     cmocka_unit_test(short_stretches_are_a_trial_where_there_are_no_longer_ones),
                                     cmocka_unit_test(a_given_shape_is_not_left),
                                     cmocka_unit_test(a_band_has_room_for_all_threads_and_stays_small)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
