/* Rows of a field on their way into a file: each is written once, whole, and at its place. */
#include "heat2d/io/h5_rows.h"

#include "heat2d/grid/halo.h"
#include "heat2d/io/h5_digest.h"

#include "harness.h"

#include "scene.h"

#include <errno.h>

enum { NX = 23, NY = 519, MOST_RANKS = 64 };
static const char deck[] = "domain: {size: [1, 1], cells: [23, 519]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";

static void look_for_writers(const heat_h5_distribution *d) {
  int written[NY] = {0};
  for (int rank = 0; rank < d->ranks; rank++) {
    for (int64_t round = 0; round < d->rounds; round++) {
      int64_t lo, hi;
      heat_h5_rows_range(d, rank, round, &lo, &hi);
      assert_true(lo <= hi && hi - lo <= d->strip);
      assert_true(lo == hi || (lo % d->unit == 0 && (hi % d->unit == 0 || hi == NY)));
      assert_true(lo == hi || rank % d->apart == 0);
      for (int64_t j = lo; j < hi; j++) written[j]++;
    }
  }
  for (int64_t j = 0; j < NY; j++) assert_int_equal(written[j], 1);
}

/* Every row is written once, by one rank that writes and in one round; rows of a unit stay together. */
static void each_row_has_one_writer(void **state) {
  (void)state;
  static const int64_t units[] = {1, 4, 256}, strips[] = {0, 1000, 8 * NX * 3, INT64_MAX};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    for (size_t s = 0; s < sizeof strips / sizeof *strips; s++) {
      for (int apart = 1; apart <= 4; apart++) {
        const heat_h5_distribution d = heat_h5_rows_distribute_among(&made.grid, units[u], strips[s], apart);
        if (strips[s] == INT64_MAX) assert_int_equal(d.rounds, 1);
        look_for_writers(&d);
      }
    }
  }
  close_rig(&made);
}

/* Of 100 x 100 ranks each has to do with some hundreds, not with all. */
static void few_of_many_ranks_exchange_rows(void **state) {
  (void)state;
  enum { SIDE = 100, CELLS = 3217, STRIP = 8 * CELLS * 2 };
  heat_grid grid = {.size = SIDE * SIDE, .layout = {.cells = {CELLS, 10 * CELLS}, .ranks = {SIDE, SIDE}}};
  const heat_h5_distribution d = heat_h5_rows_distribute(&grid, 1, STRIP);
  for (grid.rank = 0; grid.rank < grid.size; grid.rank += 37) {
    grid.owned = heat_layout_box(&grid.layout, grid.rank);
    assert_in_range(heat_h5_rows_requests(&grid, &d), SIDE, 4 * SIDE);
  }
}

/* Whatever the layout, the rows of a round come together as they lie in the field. */
static void rows_come_together_from_all_ranks(void **state) {
  (void)state;
  enum { STRIP = 8 * NX * 5 };
  rig made;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  double slab[STRIP / sizeof(double)];
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++) {
    open_rig(&made, (rig_setting){.deck = deck, .ranks = layouts[l], .strips = 2 - (int)l});
    heat_field *field = heat_stepper_solution(&made.stepper);
    number_cells(field);
    const heat_h5_distribution d = heat_h5_rows_distribute_among(&made.grid, 1, STRIP, 1 + (int)l);
    MPI_Request *requests = malloc(((size_t)heat_h5_rows_requests(&made.grid, &d) + 1) * sizeof *requests);
    bool right = requests != NULL;
    for (int64_t round = 0; round < d.rounds; round++) {
      int64_t lo, hi;
      heat_h5_rows_range(&d, made.grid.rank, round, &lo, &hi);
      heat_h5_rows_collect(&made.grid, field, &d, round, slab, requests);
      for (int64_t j = lo; j < hi; j++)
        for (int64_t i = 0; i < NX; i++) right = right && slab[(j - lo) * NX + i] == cell_number(i, j);
    }
    free(requests);
    assert_true(everywhere(right));
    close_rig(&made);
  }
}

/* Ranks may begin an exchange of halos and one of rows in any order: neither takes the other's messages. */
static void rows_and_halos_may_be_exchanged_at_once(void **state) {
  (void)state;
  enum { STRIP = 8 * NX * NY };
  static double slab[STRIP / sizeof(double)];
  rig made;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Request requests[2 * MOST_RANKS];
  open_rig(&made, (rig_setting){.deck = deck, .ranks = (int[HEAT_AXES]){size, 1}});
  heat_field *field = heat_stepper_solution(&made.stepper);
  number_cells(field);
  heat_halo *halo;
  assert_true(everywhere(heat_halo_create(&halo, &made.grid, 2, 1).code == HEAT_OK));
  const heat_h5_distribution d = heat_h5_rows_distribute(&made.grid, 1, STRIP);
  const bool halo_first = made.grid.rank % 2 == 0;
  int64_t lo, hi;
  heat_h5_rows_range(&d, made.grid.rank, 0, &lo, &hi);
  if (halo_first) heat_halo_begin(halo, &field);
  heat_h5_rows_collect(&made.grid, field, &d, 0, slab, requests);
  if (!halo_first) heat_halo_begin(halo, &field);
  heat_halo_end(halo, &field);
  bool right = true;
  for (int64_t j = lo; j < hi; j++)
    for (int64_t i = 0; i < NX; i++) right = right && slab[(j - lo) * NX + i] == cell_number(i, j);
  const heat_box grown = heat_grid_grown(&made.grid, made.grid.owned, 2);
  for (int64_t j = grown.lo[HEAT_Y]; j < grown.hi[HEAT_Y]; j++)
    for (int64_t i = grown.lo[HEAT_X]; i < grown.hi[HEAT_X]; i++)
      right = right && *heat_field_at(field, i, j) == cell_number(i, j);
  assert_true(everywhere(right));
  heat_halo_destroy(halo);
  close_rig(&made);
}

/* At the place that was asked for and nowhere else, with the digest that reading it gives; in a thread as well. */
static void rows_are_put_at_their_place(void **state) {
  (void)state;
  enum { WIDTH = 7, ROWS = 3, COUNT = WIDTH * ROWS, AT = 40, PLACE = 12 };
  char path[32];
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(path, sizeof path, "rows-%d", rank);
  for (int way = 0; way < 4; way++) {
    const bool single = way % 2 == 1, behind = way >= 2;
    double values[COUNT], back[COUNT], before[AT / sizeof(double)];
    float narrow[COUNT];
    for (int n = 0; n < COUNT; n++) values[n] = cell_number(n, 5);
    heat_h5_rows rows = {.file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666),
                         .values = values,
                         .count = COUNT,
                         .width = WIDTH,
                         .place = PLACE,
                         .at = AT,
                         .single = single,
                         .behind = behind};
    assert_true(rows.file >= 0);
    if (behind) {
      assert_true(heat_h5_rows_start(&rows));
      heat_h5_rows_join(&rows);
    } else {
      heat_h5_rows_put(&rows);
    }
    assert_int_equal(rows.error, 0);
    assert_false(rows.running);
    const size_t bytes = COUNT * (single ? sizeof(float) : sizeof(double));
    assert_int_equal(lseek(rows.file, 0, SEEK_END), AT + bytes);
    assert_int_equal(pread(rows.file, before, AT, 0), AT);
    for (size_t n = 0; n < AT / sizeof(double); n++) assert_true(before[n] == 0);
    assert_int_equal(pread(rows.file, single ? (void *)narrow : (void *)back, bytes, AT), bytes);
    for (int n = 0; n < COUNT; n++) {
      if (single) back[n] = (double)narrow[n];
      assert_true(back[n] == (single ? (double)(float)cell_number(n, 5) : cell_number(n, 5)));
    }
    assert_true(rows.digest == heat_h5_hash_rows(back, ROWS, WIDTH, PLACE));
    close(rows.file);
  }
}

/* A failure is kept with its reason. */
static void rows_that_cannot_be_put_say_why(void **state) {
  (void)state;
  double value = 1;
  heat_h5_rows rows = {.file = open("/dev/null", O_RDONLY), .values = &value, .count = 1, .width = 1};
  heat_h5_rows_put(&rows);
  assert_int_equal(rows.error, EBADF);
  close(rows.file);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {
      LAW(each_row_has_one_writer),           LAW(few_of_many_ranks_exchange_rows),
      LAW(rows_come_together_from_all_ranks), LAW(rows_and_halos_may_be_exchanged_at_once),
      LAW(rows_are_put_at_their_place),       LAW(rows_that_cannot_be_put_say_why)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
