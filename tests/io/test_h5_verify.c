/* Digests: no change of a file goes unnoticed, and each rank reads back what another one wrote. */
#include "heat2d/io/h5_verify.h"

#include "heat2d/io/h5_uncached.h"

#include "harness.h"

#include "h5_content.h"

#include <hdf5_hl.h>

/* Nobody reads back what it has written itself, and everything is read. */
static void shares_are_read_by_others(void **state) {
  (void)state;
  int rank, size, readers[64] = {0};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int share = heat_h5_share(MPI_COMM_WORLD);
  assert_true(everywhere(share >= 0 && share < size && (share != rank || size == 1)));
  readers[share]++;
  MPI_Allreduce(MPI_IN_PLACE, readers, size, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  for (int n = 0; n < size; n++) assert_int_equal(readers[n], 1);
}

static void a_changed_value_is_found_wherever_it_lies(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  const off_t cells = place_of("file.h5", "temperature"), row = place_of("file.h5", "x");
  const off_t places[] = {cells, cells + 8 * NX * 5 + 3, cells + 8 * NX * NY - 1, row, row + 8 * NX - 1};
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    change_byte("file.h5", places[n]);
    heat_status status = verify_both("file.h5");
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "file.h5"));
    change_byte("file.h5", places[n]);
    assert_int_equal(verify_both("file.h5").code, HEAT_OK);
  }
  close_rig(&made);
}

/* Calls of the program's heat_stall_enter come here; the linker gives this name (see CMakeLists.txt). */
static bool read_past_cache, wait_watched;
void __real_heat_stall_enter(heat_stall *guard, const char *call);
void __wrap_heat_stall_enter(heat_stall *guard, const char *call);
void __wrap_heat_stall_enter(heat_stall *guard, const char *call) {
  const bool was_reading = guard->call != NULL && strcmp(guard->call, "pread") == 0;
  const bool reads = call != NULL && strcmp(call, "pread") == 0;
  read_past_cache = read_past_cache || (guard->running && reads);
  wait_watched = wait_watched || (was_reading && call != NULL && !reads);
  __real_heat_stall_enter(guard, call);
}

/* So do calls that open a file past the page cache: here it is opened plainly, which every file system allows. */
bool __wrap_heat_h5_uncached_open(heat_h5_uncached *from, const char *path);
bool __wrap_heat_h5_uncached_open(heat_h5_uncached *from, const char *path) {
  *from = (heat_h5_uncached){.file = open(path, O_RDONLY)};
  return from->file >= 0;
}

/* A rank has read its share long before a slow one: while it waits it is not taken to hang, since the slow one is
 * watched in each of its reads. */
static void waiting_for_slow_readers_is_no_stall(void **state) {
  (void)state;
  const way together = {{false, 0}, false, HEAT_TRANSPORT_MPIO, 0};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  read_past_cache = wait_watched = false;
  assert_int_equal(write_all(&made, "file.h5", together, false).code, HEAT_OK);
  const bool some_read = !everywhere(!read_past_cache), none_watched = everywhere(!wait_watched);
  close_rig(&made);
  assert_true(some_read && none_watched);
}

/* Exchanging two cells leaves every plain sum as it is. */
static void exchanged_values_are_found(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  const off_t cells = place_of("file.h5", "temperature");
  MPI_Barrier(MPI_COMM_WORLD);
  if (made.grid.rank == 0) {
    double pair[2];
    const int file = open("file.h5", O_RDWR);
    assert_true(pread(file, pair, sizeof pair, cells) == sizeof pair);
    const double swapped[2] = {pair[1], pair[0]};
    assert_true(pwrite(file, swapped, sizeof swapped, cells) == sizeof swapped);
    close(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  assert_int_equal(verify_both("file.h5").code, HEAT_IO);
  close_rig(&made);
}

/* Change one attribute through HDF5, so that its own checksums are right. */
static void change_attribute(const char *name) {
  const hid_t file = H5Fopen("file.h5", H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, name, H5P_DEFAULT);
  const double other = 0.5;
  assert_true(H5Awrite(attribute, H5T_NATIVE_DOUBLE, &other) >= 0);
  H5Aclose(attribute);
  H5Fclose(file);
}

static void a_changed_attribute_is_found(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  enum { CHANGED, MISSING, FOREIGN, DAMAGES };
  for (int damage = 0; damage < DAMAGES; damage++) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (made.grid.rank == 0) unlink("file.h5"); /* without its digest it would be taken for another's */
    assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
    if (made.grid.rank == 0 && damage == CHANGED) change_attribute("real");
    if (made.grid.rank == 0 && damage != CHANGED) {
      const hid_t file = H5Fopen("file.h5", H5F_ACC_RDWR, H5P_DEFAULT);
      assert_true(H5Adelete(file, "digest") >= 0);
      if (damage == FOREIGN) assert_true(H5LTset_attribute_string(file, "/", "digest", "md5:0123456789abcdef") >= 0);
      H5Fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    const heat_status status = verify_both("file.h5");
    assert_int_equal(status.code, HEAT_IO);
    assert_int_equal(strstr(status.text, "'md5:0123456789abcdef' is of a kind") != NULL, damage == FOREIGN);
  }
  close_rig(&made);
}

static void what_is_no_whole_file_is_told(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(verify_both("nowhere.h5").code, HEAT_IO);
  write_file("file.h5", "no HDF5\n");
  assert_int_equal(verify_both("file.h5").code, HEAT_IO);
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_IO); /* no run wrote what is there */
  write_file("file.h5", "");
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  MPI_Barrier(MPI_COMM_WORLD);
  if (made.grid.rank == 0) assert_int_equal(truncate("file.h5", place_of("file.h5", "temperature") + 8), 0);
  MPI_Barrier(MPI_COMM_WORLD);
  assert_int_equal(verify_both("file.h5").code, HEAT_IO);
  close_rig(&made);
}

enum { WIDE = 40000, FEW = 40, CHUNK_WIDTH = 5000, CHUNK_ROWS = 20, COUNTING = 300 };
static int unpacked; /* chunks that this rank has taken through the filter */

static size_t count_chunk(unsigned flags, size_t count, const unsigned values[], size_t bytes, size_t *size,
                          void **buffer) {
  (void)count, (void)values, (void)size, (void)buffer;
  unpacked += (flags & H5Z_FLAG_REVERSE) != 0;
  return bytes;
}

/* With rows so long that several pieces are read of a chunk's; the digest is wrong. */
static void write_chunks(const char *path) {
  const hsize_t shape[] = {FEW, WIDE}, chunk[] = {CHUNK_ROWS, CHUNK_WIDTH};
  double *values = calloc((size_t)FEW * WIDE, sizeof *values);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), list = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t space = H5Screate_simple(2, shape, NULL);
  H5Pset_chunk(list, 2, chunk);
  H5Pset_filter(list, COUNTING, 0, 0, NULL);
  const hid_t dataset = H5Dcreate(file, "temperature", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  assert_true(H5LTset_attribute_string(file, "/", "digest", "xxh3-rows:0123456789abcdef") >= 0);
  H5Dclose(dataset);
  H5Sclose(space);
  H5Pclose(list);
  H5Fclose(file);
  free(values);
}

static void assert_unpacked_once(void) {
  MPI_Allreduce(MPI_IN_PLACE, &unpacked, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  assert_int_equal(unpacked, (FEW / CHUNK_ROWS) * (WIDE / CHUNK_WIDTH));
  unpacked = 0;
}

/* Whoever verifies a compressed file, or restarts from one, does not decompress a chunk for each piece that is read. */
static void each_chunk_is_decompressed_once(void **state) {
  static const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, COUNTING, 1, 1, "counting", NULL, NULL, count_chunk};
  static const char wide_deck[] = "domain: {size: [1, 1], cells: [40000, 40]}\nmaterial: {diffusivity: 1}\n"
                                  "initial: {temperature: 0}\ntime: {end: 1}\n";
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = wide_deck});
  assert_true(H5Zregister(&filter) >= 0);
  if (made.grid.rank == 0) write_chunks("file.h5");
  MPI_Barrier(MPI_COMM_WORLD);
  unpacked = 0;
  for (int transport = HEAT_TRANSPORT_MPIO; transport <= HEAT_TRANSPORT_DIRECT; transport++) {
    const heat_h5_way by = heat_h5_way_of(transport);
    heat_h5_fill fill = {.name = "temperature", .grid = &made.grid, .field = heat_stepper_solution(&made.stepper)};
    assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5", &by).code, HEAT_IO);
    assert_unpacked_once();
    assert_int_equal(heat_h5_verify_filling("file.h5", &by, &fill).code, HEAT_IO);
    assert_unpacked_once();
  }
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {
      LAW(shares_are_read_by_others),           LAW(a_changed_value_is_found_wherever_it_lies),
      LAW(exchanged_values_are_found),          LAW(a_changed_attribute_is_found),
      LAW(what_is_no_whole_file_is_told),       LAW(each_chunk_is_decompressed_once),
      LAW(waiting_for_slow_readers_is_no_stall)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
