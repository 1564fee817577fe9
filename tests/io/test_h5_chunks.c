/* Compressed chunks: made on all ranks, stored by rank 0. */
#include "heat2d/io/h5_chunks.h"

#include "harness.h"

#include "scene.h"

enum { NX = 300, NY = 519 }; /* more than one chunk along each axis */
static const char deck[] = "domain: {size: [1, 1], cells: [300, 519]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";

static double value_at(int64_t n) {
  return cell_number(n % NX, n / NX);
}

/* A field that rank 0 puts into a file of its own from the rows of chunks of all ranks reads back as it was, and takes
 * less room than its values. */
static void compressed_rows_of_all_ranks_make_the_field(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  static double slab[HEAT_H5_CHUNK * NX], back[NX * NY];
  heat_h5_packed_chunk *packed = malloc(sizeof *packed);
  assert_non_null(packed);
  for (int single = 0; single < 2; single++) {
    const heat_storage storage = {.single = single, .compression = 6};
    const hsize_t shape[] = {NY, NX};
    hid_t file = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    if (made.grid.rank == 0) {
      file = H5Fcreate("chunks.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
      dataset = heat_h5_create_dataset(file, "field", 2, shape, storage);
    }
    const heat_h5_distribution d = heat_h5_rows_distribute(&made.grid, HEAT_H5_CHUNK, 0);
    bool good = true;
    for (int64_t round = 0; round < d.rounds; round++) {
      int64_t lo, hi;
      heat_h5_rows_range(&d, made.grid.rank, round, &lo, &hi);
      memset(slab, 0, sizeof slab);
      for (int64_t n = lo * NX; n < hi * NX; n++) {
        const float narrow = (float)value_at(n);
        if (single)
          memcpy((char *)slab + (n - lo * NX) * (int64_t)sizeof narrow, &narrow, sizeof narrow);
        else
          slab[n - lo * NX] = value_at(n);
      }
      const heat_h5_chunk_row row = {&made.grid, &d, round, storage, slab};
      good = heat_h5_chunks_write(&row, dataset, packed) && good;
    }
    if (made.grid.rank == 0) {
      const hsize_t start[] = {0, 0};
      good = good && heat_h5_read_part(dataset, 2, start, shape, back);
      for (int64_t n = 0; n < NX * NY; n++)
        good = good && back[n] == (single ? (double)(float)value_at(n) : value_at(n));
      good = good && H5Dget_storage_size(dataset) < NX * NY * (single ? sizeof(float) : sizeof(double));
      H5Dclose(dataset);
      H5Fclose(file);
    }
    assert_true(everywhere(good));
  }
  free(packed);
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(compressed_rows_of_all_ranks_make_the_field)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
