/* Reading: a file is believed only as far as it can hold what it claims, and what is not there is an error. */
#include "heat2d/io/h5_read.h"

#include "harness.h"

#include "h5_content.h"

/* What a file claims to hold is compared with its length, before anything is multiplied or asked for. */
static void sizes_that_a_file_cannot_hold_are_refused(void **state) {
  (void)state;
  static const hsize_t shapes[][2] = {
      {1, (hsize_t)1 << 60}, {(hsize_t)1 << 31, (hsize_t)1 << 29}, {1000, 1000}, {(hsize_t)1 << 40, 0}};
  rig made;
  int claims = 0;
  open_rig(&made, (rig_setting){.deck = deck});
  for (size_t n = 0; n < sizeof shapes / sizeof *shapes; n++) {
    for (int chunked = 0; chunked < 2; chunked++) {
      write_file("file.h5", "");
      assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
      MPI_Barrier(MPI_COMM_WORLD);
      int claimed = 0;
      if (made.grid.rank == 0) {
        const hsize_t chunk[2] = {1, 1};
        const hid_t file = H5Fopen("file.h5", H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(2, shapes[n], NULL);
        const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
        if (chunked) H5Pset_chunk(list, 2, chunk);
        H5Ldelete(file, "temperature", H5P_DEFAULT);
        const hid_t claim = H5Dcreate(file, "temperature", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
        claimed = claim >= 0; /* HDF5 refuses some itself */
        if (claimed) H5Dclose(claim);
        H5Pclose(list);
        H5Sclose(space);
        H5Fclose(file);
      }
      MPI_Bcast(&claimed, 1, MPI_INT, 0, MPI_COMM_WORLD);
      const heat_status status = verify_both("file.h5");
      assert_int_equal(status.code, HEAT_IO);
      if (claimed) assert_non_null(strstr(status.text, "which the file does not hold"));
      claims += claimed;
    }
  }
  assert_true(claims > 2);
  close_rig(&made);
}

/* A dataset of 2 x 2 values in four chunks that may grow to 2^27. */
static void put_growing_dataset(const char *path) {
  const hsize_t shape[2] = {2, 2}, most[2] = {(hsize_t)1 << 17, (hsize_t)1 << 10}, chunk[2] = {1, 1};
  static const double values[] = {1, 2, 3, 4};
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(2, shape, most);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, 2, chunk);
  H5Ldelete(file, "temperature", H5P_DEFAULT);
  const hid_t claim = H5Dcreate(file, "temperature", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  assert_true(H5Dwrite(claim, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(claim);
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(file);
}

/* HDF5 keeps a place for each chunk to which a dataset may grow, and looks at all of them to tell how much is stored:
 * too long for these, so the file is refused before. */
static void places_for_chunks_that_the_file_does_not_hold_are_not_counted(void **state) {
  (void)state;
  enum { SECONDS = 10 };
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  if (made.grid.rank == 0) put_growing_dataset("file.h5");
  MPI_Barrier(MPI_COMM_WORLD);
  alarm(SECONDS); /* which ends the test as a failure */
  const heat_status status = verify_both("file.h5");
  alarm(0);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "which the file does not hold"));
  close_rig(&made);
}

static void what_is_not_there_or_of_another_kind_is_an_error(void **state) {
  (void)state;
  rig made;
  hid_t file;
  char *text;
  double real, cells[NX * NY];
  int64_t integer;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  assert_int_equal(heat_h5_open(&file, "file.h5").code, HEAT_OK);
  assert_int_equal(heat_h5_get_text(file, "real", &text).code, HEAT_IO);
  assert_null(text);
  assert_int_equal(heat_h5_get_text(file, "none", &text).code, HEAT_IO);
  assert_int_equal(heat_h5_get_real(file, "text", &real).code, HEAT_IO);
  assert_int_equal(heat_h5_get_integer(file, "list", &integer).code, HEAT_IO);
  assert_int_equal(heat_h5_get_integer(file, "real", &integer).code, HEAT_IO);
  assert_int_equal(heat_h5_read_vector(file, "x", 1, NX, cells).code, HEAT_IO);
  assert_int_equal(heat_h5_read_vector(file, "temperature", 0, 1, cells).code, HEAT_IO);
  assert_int_equal(heat_h5_read_box(file, "temperature", (heat_box){{0, 1}, {NX, NY + 1}}, cells).code, HEAT_IO);
  assert_int_equal(heat_h5_read_box(file, "none", (heat_box){{0, 0}, {1, 1}}, cells).code, HEAT_IO);
  H5Fclose(file);
  close_rig(&made);
}

/* As one who is not root, whom permissions do not hold, would see it. */
static heat_status look_as_nobody(const char *path) {
  enum { NOBODY = 65534 };
  hid_t file;
  const uid_t self = geteuid();
  if (self == 0) assert_int_equal(seteuid(NOBODY), 0);
  const heat_status status = heat_h5_open(&file, path);
  if (self == 0) assert_int_equal(seteuid(self), 0);
  if (file >= 0) H5Fclose(file);
  return status;
}

static void what_is_wrong_with_a_file_is_told_apart(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"nowhere.h5", "cannot read 'nowhere.h5': No such file or directory"},
                                         {"locked.h5", "cannot read 'locked.h5': Permission denied"},
                                         {"folder.h5", "'folder.h5' is a directory"},
                                         {"empty.h5", "'empty.h5' is empty"},
                                         {"text.h5", "'text.h5' is not an HDF5 file"},
                                         {"short.h5", "'short.h5' is an HDF5 file that is truncated or damaged"}};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  assert_int_equal(write_all(&made, "short.h5", ways[0], false).code, HEAT_OK);
  write_file("locked.h5", "secret");
  write_file("empty.h5", "");
  write_file("text.h5", "no HDF5\n");
  if (made.grid.rank == 0) {
    assert_int_equal(truncate("short.h5", place_of("short.h5", "temperature") + 8), 0);
    assert_true(mkdir("folder.h5", 0777) == 0 && chmod("locked.h5", 0) == 0 && chmod(".", 0755) == 0);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const heat_status status = look_as_nobody(cases[n][0]);
    assert_int_equal(status.code, HEAT_IO);
    assert_string_equal(status.text, cases[n][1]);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  close_rig(&made);
}

/* A message that does not say about which file it is gets its name. */
static void a_message_names_its_file(void **state) {
  (void)state;
  assert_string_equal(heat_h5_about(heat_fail(HEAT_IO, "there is none"), "a.h5").text, "'a.h5': there is none");
  assert_string_equal(heat_h5_about(heat_fail(HEAT_IO, "no 'a.h5'"), "a.h5").text, "no 'a.h5'");
  assert_int_equal(heat_h5_about(heat_ok(), "a.h5").code, HEAT_OK);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(sizes_that_a_file_cannot_hold_are_refused),
                                     LAW(places_for_chunks_that_the_file_does_not_hold_are_not_counted),
                                     LAW(what_is_not_there_or_of_another_kind_is_an_error),
                                     LAW(what_is_wrong_with_a_file_is_told_apart), LAW(a_message_names_its_file)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
