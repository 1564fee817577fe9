/* Fields: where cells lie in memory, packing, and the extent over all ranks with values that are not finite. */
#include "heat2d/grid/field.h"

#include "harness.h"
#include "rig.h"

#include <math.h>
#include <string.h>

enum { NX = 23, NY = 9, CACHE_LINE = 64, PAGE = 4096 };

static rig made;

static int open_grid(void **state) {
  (void)state;
  open_rig(&made, (rig_setting){.deck = "", .cells = {NX, NY}, .up_to = RIG_GRID});
  return 0;
}

static int close_grid(void **state) {
  (void)state;
  close_rig(&made);
  return 0;
}

/* A band keeps its rows when it slides, and has a place for each of them. */
static void a_band_slides_with_its_rows(void **state) {
  (void)state;
  enum { ROWS = 9, WIDTH = 30, ALL = 40, DEPTH = 2 };
  const heat_grid tall = {.owned = {{5, 100}, {5 + WIDTH, 100 + ALL}}};
  heat_field band, whole;
  assert_int_equal(heat_field_create_as(&band, &tall, (heat_field_form){DEPTH, ROWS, 3, 1}).code, HEAT_OK);
  assert_int_equal(band.window_rows, ROWS);
  const size_t room = (size_t)HEAT_FIELD_PAGE_SLOTS * CACHE_LINE;
  assert_int_equal(band.bytes, ROWS * (size_t)band.stride * sizeof(double) + room);
  heat_field_slide(&band, 98, false);
  for (int64_t j = 98; j < 98 + ROWS; j++)
    for (int64_t i = 5; i < 5 + WIDTH; i++) *heat_field_at(&band, i, j) = (double)(1000 * j + i);
  heat_field_slide(&band, 102, true);
  for (int64_t j = 102; j < 98 + ROWS; j++)
    for (int64_t i = 5; i < 5 + WIDTH; i++) assert_true(*heat_field_at(&band, i, j) == (double)(1000 * j + i));
  assert_ptr_equal(heat_field_at(&band, 5, 102) + (ROWS - 1) * band.stride, heat_field_at(&band, 5, 101 + ROWS));
  heat_field_destroy(&band);
  assert_int_equal(heat_field_create_as(&whole, &tall, (heat_field_form){DEPTH, ALL + 2 * DEPTH, 0, 1}).code, HEAT_OK);
  assert_int_equal(whole.window_rows, 0); /* not fewer than all rows */
  heat_field_destroy(&whole);
}

/* Fields of different numbers never have the same cell at the same place of a page, whatever rows are compared. */
static void fields_that_are_used_together_lie_apart(void **state) {
  (void)state;
  const heat_grid wide = {.owned = {{0, 0}, {4096, 200}}}; /* large enough for huge pages */
  heat_field fields[HEAT_FIELD_PAGE_SLOTS];
  for (int f = 0; f < HEAT_FIELD_PAGE_SLOTS; f++)
    assert_int_equal(heat_field_create_as(&fields[f], &wide, (heat_field_form){32, f % 2 * 50, f, 1 + f % 3}).code,
                     HEAT_OK);
  for (int f = 0; f < HEAT_FIELD_PAGE_SLOTS; f++)
    for (int g = 0; g < f; g++)
      for (int64_t j = 0; j < 16; j++)
        assert_int_not_equal((uintptr_t)fields[f].corner % PAGE, (uintptr_t)heat_field_at(&fields[g], 0, j) % PAGE);
  for (int f = 0; f < HEAT_FIELD_PAGE_SLOTS; f++) heat_field_destroy(&fields[f]);
}

static void rows_start_on_cache_lines_and_hold_all_layers(void **state) {
  (void)state;
  static const int64_t widths[] = {1, 7, 8, 23, 496, 500, 504, 511, 512, 1000, 1016, 4096};
  static const int depths[] = {1, 2, 3, 5, 8, 16};
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++) {
      const int64_t rows = 3, lo = 100, depth = depths[d];
      const heat_grid wide = {.owned = {{lo, lo}, {lo + widths[w], lo + rows}}};
      heat_field field;
      const int number = (int)(w + d) % HEAT_FIELD_PAGE_SLOTS;
      assert_int_equal(heat_field_create_as(&field, &wide, (heat_field_form){depths[d], 0, number, 2}).code, HEAT_OK);
      assert_int_equal(field.valid, 0);
      assert_int_equal(field.depth, depths[d]);
      assert_true(field.stride >= widths[w] + 2 * depth);
      assert_true(field.stride * (ptrdiff_t)sizeof(double) % PAGE != 0);
      const double *end = field.memory + field.bytes / sizeof(double);
      assert_int_equal(field.bytes, heat_field_bytes(field.owned, field.depth));
      for (int64_t j = lo; j < lo + rows; j++) {
        assert_int_equal((uintptr_t)heat_field_at(&field, lo, j) % CACHE_LINE, 0);
        assert_int_equal(heat_field_at(&field, lo + 2, j + 1) - heat_field_at(&field, lo, j), field.stride + 2);
      }
      assert_true(heat_field_at(&field, lo - depth, lo - depth) >= field.memory);
      assert_true(heat_field_at(&field, lo + widths[w] + depth - 1, lo + rows + depth - 1) < end);
      heat_field_destroy(&field);
      assert_null(field.memory);
    }
  }
}

static double number(int64_t i, int64_t j) {
  return (double)(j * NX + i) + 0.25;
}

static void packing_and_unpacking_keep_every_owned_cell_and_no_ghost_is_valid(void **state) {
  (void)state;
  heat_field field;
  assert_int_equal(heat_field_create(&field, &made.grid, 2).code, HEAT_OK);
  const size_t cells = (size_t)heat_box_cells(made.grid.owned);
  double *in = malloc(cells * sizeof *in), *out = calloc(cells, sizeof *out);
  assert_true(in != NULL && out != NULL);
  size_t n = 0;
  for (int64_t j = made.grid.owned.lo[HEAT_Y]; j < made.grid.owned.hi[HEAT_Y]; j++)
    for (int64_t i = made.grid.owned.lo[HEAT_X]; i < made.grid.owned.hi[HEAT_X]; i++) in[n++] = number(i, j);
  const heat_box grown = heat_box_grow(made.grid.owned, 2);
  for (int64_t j = grown.lo[HEAT_Y]; j < grown.hi[HEAT_Y]; j++)
    for (int64_t i = grown.lo[HEAT_X]; i < grown.hi[HEAT_X]; i++) *heat_field_at(&field, i, j) = -1;
  field.valid = 2;
  heat_field_unpack(&field, in);
  assert_int_equal(field.valid, 0);
  for (int64_t j = grown.lo[HEAT_Y]; j < grown.hi[HEAT_Y]; j++) {
    for (int64_t i = grown.lo[HEAT_X]; i < grown.hi[HEAT_X]; i++) {
      const heat_box cell = {{i, j}, {i + 1, j + 1}};
      const bool owned = !heat_box_empty(heat_box_intersect(cell, made.grid.owned));
      assert_true(*heat_field_at(&field, i, j) == (owned ? number(i, j) : -1));
    }
  }
  heat_field_pack(&field, out);
  assert_memory_equal(in, out, cells * sizeof *in);
  free(in);
  free(out);
  heat_field_destroy(&field);
}

static void put(heat_field *field, int64_t cell, double value) {
  const int64_t i = cell % NX, j = cell / NX;
  const heat_box one = {{i, j}, {i + 1, j + 1}};
  if (!heat_box_empty(heat_box_intersect(one, made.grid.owned))) *heat_field_at(field, i, j) = value;
}

static void fill(heat_field *field) {
  for (int64_t cell = 0; cell < NX * NY; cell++) put(field, cell, 1 + (double)cell);
}

static void the_extent_is_that_of_all_ranks_wherever_it_lies(void **state) {
  (void)state;
  heat_field field;
  assert_int_equal(heat_field_create(&field, &made.grid, 1).code, HEAT_OK);
  for (size_t n = 0; n < field.bytes / sizeof(double); n++) field.memory[n] = -1e9; /* ghosts */
  for (int64_t cell = 0; cell < NX * NY; cell++) {
    fill(&field);
    put(&field, cell, -5.5);
    put(&field, (cell + 100) % (NX * NY), 1e300);
    const heat_extent extent = heat_field_extent(&field, &made.grid);
    assert_true(everywhere(extent.min == -5.5 && extent.max == 1e300));
    assert_true(everywhere(extent.not_finite == 0 && extent.first == -1));
  }
  heat_field_destroy(&field);
}

static void values_that_are_not_finite_are_counted_and_the_first_is_named(void **state) {
  (void)state;
  heat_field field;
  assert_int_equal(heat_field_create(&field, &made.grid, 1).code, HEAT_OK);
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int64_t cell = 0; cell < NX * NY - 20; cell++) {
    fill(&field);
    put(&field, cell, bad[cell % 3]);
    put(&field, cell + 1, bad[(cell + 1) % 3]);
    put(&field, cell + 20, bad[(cell + 2) % 3]);
    const heat_extent extent = heat_field_extent(&field, &made.grid);
    assert_true(everywhere(extent.not_finite == 3 && extent.first == cell));
    const double least = cell > 0 ? 1 : 3, most = cell + 21 < NX * NY ? NX * NY : NX * NY - 1;
    assert_true(everywhere(extent.min == least && extent.max == most));
  }
  for (int64_t cell = 0; cell < NX * NY; cell++) put(&field, cell, NAN);
  const heat_extent extent = heat_field_extent(&field, &made.grid);
  assert_true(everywhere(extent.not_finite == NX * NY && extent.first == 0));
  heat_field_destroy(&field);
}

static void a_field_too_large_for_memory_is_a_failure(void **state) {
  (void)state;
  const heat_grid huge = {.owned = {{0, 0}, {INT64_C(1) << 29, INT64_C(1) << 29}}};
  heat_field field;
  const heat_status status = heat_field_create(&field, &huge, 1);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "out of memory"));
  heat_field_destroy(&field);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_start_on_cache_lines_and_hold_all_layers),
      cmocka_unit_test(a_band_slides_with_its_rows),
      cmocka_unit_test(fields_that_are_used_together_lie_apart),
      cmocka_unit_test_setup_teardown(packing_and_unpacking_keep_every_owned_cell_and_no_ghost_is_valid, open_grid,
                                      close_grid),
      cmocka_unit_test_setup_teardown(the_extent_is_that_of_all_ranks_wherever_it_lies, open_grid, close_grid),
      cmocka_unit_test_setup_teardown(values_that_are_not_finite_are_counted_and_the_first_is_named, open_grid,
                                      close_grid),
      cmocka_unit_test(a_field_too_large_for_memory_is_a_failure),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
