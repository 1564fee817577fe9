/* Rows that are equal to the row below them: which rows these are, and that reading the row below instead changes
 * nothing. */
#include "trials.h"

enum { ROWS = 9, WIDTH = 5, STRIDE = 7, ARRAYS = 3 };

static double values[ARRAYS][ROWS * STRIDE];

/* The last two columns of each row are not compared. */
static void find(heat_repeats *repeats) {
  heat_compared_rows rows[ARRAYS];
  for (int a = 0; a < ARRAYS; a++)
    rows[a] = (heat_compared_rows){values[a], STRIDE * sizeof(double), WIDTH * sizeof(double)};
  heat_repeats_clear(repeats, ROWS);
  heat_repeats_find(repeats, repeats->first, repeats->first + ROWS, rows, ARRAYS);
}

static void any_other_bit_ends_a_run_of_rows(void **state) {
  (void)state;
  int64_t table[ROWS];
  heat_repeats repeats = {.first = -3, .like = table};
  memset(values, 0, sizeof values);
  find(&repeats);
  for (int row = 0; row < ROWS; row++) assert_int_equal(heat_repeats_row(&repeats, row - 3), -3);
  for (int a = 0; a < ARRAYS; a++) {
    for (int place = 0; place < ROWS * STRIDE; place++) {
      const int changed = place / STRIDE, column = place % STRIDE;
      values[a][place] = -0.0;
      find(&repeats);
      values[a][place] = 0;
      for (int row = 0; row < ROWS; row++) {
        const int expected = column >= WIDTH || row < changed ? 0 : row == changed ? row : changed + 1;
        assert_int_equal(heat_repeats_row(&repeats, row - 3), expected - 3);
      }
      assert_int_equal(heat_repeats_alike(&repeats, -3, ROWS - 4), column >= WIDTH);
    }
  }
}

static void rows_stand_for_themselves_without_a_table(void **state) {
  (void)state;
  heat_repeats none = {.like = NULL};
  heat_repeats_clear(&none, 1);
  heat_repeats_find(&none, 0, 1, NULL, 0);
  assert_int_equal(heat_repeats_row(&none, 7), 7);
  assert_false(heat_repeats_alike(&none, 7, 7));
}

/* K x and the reaction as the solver reads them, row by row, with a material in which one cell of each array is odd. */
static void a_product_has_the_same_bits_by_repeated_rows(void **state) {
  (void)state;
  static const pattern patterns[] = {EVEN, PIPE, INCLUSIONS, LAYERS};
  for (size_t n = 0; n < sizeof patterns / sizeof *patterns; n++) {
    const trial t = {"repeated rows", {210, 150}, patterns[n], 100, 1, .sigma = 1};
    setting s;
    open_setting(&s, MPI_COMM_WORLD, &t, 0);
    const heat_box owned = s.made.grid.owned;
    const int64_t j = (owned.lo[HEAT_Y] + owned.hi[HEAT_Y]) / 2;
    *heat_field_at(&s.stencil.kx, owned.hi[HEAT_X], j) = 0.3; /* the last east face */
    *heat_field_at(&s.stencil.ky, owned.lo[HEAT_X], j + 5) = 0.7;
    *heat_field_at(&s.stencil.inverse, owned.lo[HEAT_X] + 1, j - 5) = 2;
    heat_field x = new_field(&s), y[2] = {new_field(&s), new_field(&s)};
    heat_halo *halo;
    assert_int_equal(heat_halo_create(&halo, &s.made.grid, 1, 1).code, HEAT_OK);
    fill_noise(&s, &x, 3);
    double inverse[2] = {0, 0};
    for (int found = 0; found < 2; found++) {
      if (found) assert_int_equal(heat_stencil_find_repeats(&s.stencil).code, HEAT_OK);
      multiply(&s, halo, &x, &y[found]);
      EACH_CELL(&s, i, row) inverse[found] += heat_stencil_inverse_row(&s.stencil, row)[i - owned.lo[HEAT_X]];
    }
    bool same = inverse[0] == inverse[1] && s.stencil.repeats.like != NULL;
    EACH_CELL(&s, i, row)
    same = same && memcmp(heat_field_at(&y[0], i, row), heat_field_at(&y[1], i, row), sizeof(double)) == 0;
    assert_true(everywhere(same));
    if (patterns[n] == EVEN) assert_true(heat_repeats_row(&s.stencil.repeats, j - 6) == owned.lo[HEAT_Y]);
    heat_halo_destroy(halo);
    heat_field *all[] = {&x, &y[0], &y[1]};
    for (int f = 0; f < 3; f++) heat_field_destroy(all[f]);
    close_setting(&s);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_other_bit_ends_a_run_of_rows),
      cmocka_unit_test(rows_stand_for_themselves_without_a_table),
      cmocka_unit_test(a_product_has_the_same_bits_by_repeated_rows),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
