/* Files that all ranks read together: each gets its own cells and its own part of a vector, whatever the layout, also
 * where ranks have no rows to read; what fails on one rank ends all. */
#include "heat2d/io/h5_reader.h"

#include "harness.h"

#include "scene.h"

#include "heat2d/io/h5_file.h"
#include "heat2d/io/transport_direct.h"
#include "heat2d/io/transport_mpio.h"

#include <math.h>

/* Fewer rows than some numbers of ranks. */
static const char narrow_deck[] = "domain: {size: [1, 1], cells: [41, 2]}\nmaterial: {diffusivity: 1}\n"
                                  "initial: {temperature: 0}\ntime: {end: 1}\n";
static const char deck[] = "domain: {size: [1, 1], cells: [30, 47]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";
static const heat_h5_way ways[] = {{.transport = &heat_transport_direct, .hints = MPI_INFO_NULL},
                                   {.transport = &heat_transport_mpio, .hints = MPI_INFO_NULL}};

static const heat_storage storages[] = {{false, 0}, {true, 0}, {false, 4}, {true, 1}};
enum { STORAGES = sizeof storages / sizeof *storages };

/* A field, and as a vector the first row of it, of which each rank gives a part. */
static void write_both(rig *made, const heat_h5_way *way, heat_storage storage) {
  const heat_grid *grid = &made->grid;
  const int64_t nx = grid->layout.cells[HEAT_X], lo = heat_block_start(nx, grid->size, grid->rank);
  const int64_t hi = heat_block_start(nx, grid->size, grid->rank + 1);
  double *part = malloc((size_t)(hi - lo + 1) * sizeof *part);
  for (int64_t i = lo; i < hi; i++) part[i - lo] = cell_number(i, 0);
  number_cells(heat_stepper_solution(&made->stepper));
  heat_h5 out;
  heat_h5_begin(&out, grid, "file.h5", way);
  heat_h5_write_field(&out, "temperature", heat_stepper_solution(&made->stepper), storage);
  heat_h5_write_vector(&out, "row", nx, lo, hi - lo, part);
  assert_int_equal(heat_h5_commit(&out).code, HEAT_OK);
  free(part);
}

static bool numbered(const heat_field *field, bool single) {
  bool right = true;
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
      right = right && *heat_field_at(field, i, j) == (single ? (double)(float)cell_number(i, j) : cell_number(i, j));
  return right;
}

static void assert_reads(rig *made, const heat_h5_way *way, bool single) {
  const int64_t nx = made->grid.layout.cells[HEAT_X], count = made->grid.rank == 0 ? nx - 3 : 0;
  heat_field *field = heat_stepper_solution(&made->stepper);
  double *part = calloc((size_t)nx, sizeof *part);
  heat_h5_reader reader;
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = NAN;
  heat_h5_reader_open(&reader, made->grid.comm, "file.h5", way);
  assert_true(heat_h5_reader_agree(&reader));
  heat_h5_reader_field(&reader, "temperature", &made->grid, field);
  heat_h5_reader_vector(&reader, "row", count > 0 ? 3 : 0, count, part);
  assert_int_equal(heat_h5_reader_close(&reader).code, HEAT_OK);
  bool right = numbered(field, single) && field->valid == 0;
  for (int64_t i = 0; i < count; i++) right = right && part[i] == cell_number(i + 3, 0);
  assert_true(everywhere(right));
  free(part);
}

static void each_rank_gets_its_own(void **state) {
  (void)state;
  static const char *const decks[] = {deck, narrow_deck};
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  for (int n = 0; n < 2; n++) {
    for (int l = 0; l < (n == 0 ? 3 : 2); l++) {
      rig made;
      const int *ranks = l == 0 && n == 1 ? layouts[1] : layouts[l];
      open_rig(&made, (rig_setting){.deck = decks[n], .ranks = ranks, .strips = 2 - l});
      for (int way = 0; way < 2; way++) {
        for (int s = 0; s < (n == 0 ? STORAGES : 1); s++) {
          write_both(&made, &ways[way], storages[s]);
          for (int reads = 0; reads < 2; reads++) assert_reads(&made, &ways[reads], storages[s].single);
        }
      }
      close_rig(&made);
    }
  }
}

/* The last rank has no file to read. */
static void what_one_rank_cannot_open_none_opens(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  write_both(&made, &ways[0], storages[0]);
  for (int way = 0; way < 2; way++) {
    heat_h5_reader reader;
    const bool last = made.grid.rank == made.grid.size - 1;
    heat_h5_reader_open(&reader, made.grid.comm, last ? "nowhere.h5" : "file.h5", &ways[way]);
    assert_false(heat_h5_reader_agree(&reader));
    const heat_status status = heat_h5_reader_close(&reader);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "cannot read 'nowhere.h5': No such file"));
  }
  close_rig(&made);
}

static void another_shape_is_told(void **state) {
  (void)state;
  rig made, other;
  open_rig(&made, (rig_setting){.deck = deck});
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  open_rig(&other, (rig_setting){.deck = narrow_deck, .ranks = (const int[]){size, 1}});
  write_both(&made, &ways[0], storages[0]);
  static const char *const names[] = {"temperature", "row", "nothing"};
  for (int way = 0; way < 2; way++)
    for (int n = 0; n < 3; n++) {
      heat_h5_reader reader;
      heat_h5_reader_open(&reader, other.grid.comm, "file.h5", &ways[way]);
      heat_h5_reader_field(&reader, names[n], &other.grid, heat_stepper_solution(&other.stepper));
      const heat_status status = heat_h5_reader_close(&reader);
      assert_int_equal(status.code, HEAT_IO);
      assert_non_null(strstr(status.text, n == 0   ? "holds 30 x 47 cells as temperature, not the 41 x 2"
                                          : n == 1 ? "holds 30 x 0 cells as row"
                                                   : "there is no dataset nothing"));
    }
  close_rig(&other);
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(each_rank_gets_its_own), LAW(what_one_rank_cannot_open_none_opens),
                                     LAW(another_shape_is_told)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
