/* Shared files: what all ranks write together each rank reads back, whatever the layout; the digest is the same for any
 * partition and no change goes unnoticed; a file has its name only when it is whole. */
#include "heat2d/io/h5io.h"

#include "harness.h"
#include "scene.h"

#include <math.h>

enum { NX = 300, NY = 519 }; /* more than one compressed chunk along each axis */
static const char deck[] = "domain: {size: [1, 1], cells: [300, 519]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";
static const char utf8[] = "K\xc3\xa4lte\n\"<&>\"";

/* How a field is written. */
typedef struct way {
  heat_storage storage;
  bool behind;
} way;
static const way ways[] = {
    {{false, 0}, false}, {{true, 0}, false}, {{false, 4}, false}, {{true, 9}, false}, {{false, 0}, true}};

static void poison(heat_field *field) {
  const heat_box owned = field->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) *heat_field_at(field, i, j) = NAN;
}

/* Every kind of content. `fault`: this rank reports a failure of its own before the commit. */
static heat_status write_all(scene *made, const char *path, way how, bool fault) {
  const int64_t step = INT64_MAX - 1, list[] = {1, -2, INT64_MIN};
  const heat_grid *grid = &made->grid;
  heat_field *field = heat_stepper_solution(&made->stepper);
  number_cells(field);
  const bool gives = grid->owned.lo[HEAT_Y] == 0;
  const int64_t lo = grid->owned.lo[HEAT_X], count = gives ? heat_box_width(grid->owned, HEAT_X) : 0;
  double row[NX];
  for (int64_t n = 0; n < count; n++) row[n] = cell_number(lo + n, 77);
  heat_h5 out;
  heat_h5_begin(&out, grid, path);
  heat_h5_set_text(&out, "/", "text", utf8);
  heat_h5_set_text(&out, "/", "empty", "");
  heat_h5_set_real(&out, "/", "real", 1.0 / 3.0);
  heat_h5_set_integer(&out, "/", "integer", step);
  heat_h5_set_integers(&out, "/", "list", list, 3);
  if (how.behind) {
    heat_h5_write_field_behind(&out, "temperature", field);
    poison(field); /* it has been copied */
  } else {
    heat_h5_write_field(&out, "temperature", field, how.storage);
  }
  heat_h5_set_text(&out, "temperature", "units", "K");
  heat_h5_write_vector(&out, "x", NX, lo, count, row);
  heat_h5_attach_scale(&out, "temperature", "x", 1);
  if (fault) out.status = heat_fail(HEAT_IO, "a fault of its own");
  return heat_h5_commit(&out);
}

/* Any box of the field, on any rank, as it was written. */
static bool reads_box(hid_t file, heat_box box, bool single) {
  double cells[NX * NY];
  const double *at = cells;
  if (heat_h5_read_box(file, "temperature", box, cells).code != HEAT_OK) return false;
  bool right = true;
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
    for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++, at++)
      right = right && *at == (single ? (double)(float)cell_number(i, j) : cell_number(i, j));
  return right;
}

static bool reads_attributes(hid_t file) {
  char *text = NULL, *empty = NULL;
  double real = 0;
  int64_t integer = 0, list[3] = {0};
  const bool good = heat_h5_get_text(file, "text", &text).code == HEAT_OK &&
                    heat_h5_get_text(file, "empty", &empty).code == HEAT_OK &&
                    heat_h5_get_real(file, "real", &real).code == HEAT_OK &&
                    heat_h5_get_integer(file, "integer", &integer).code == HEAT_OK &&
                    heat_h5_get_integers(file, "list", list, 3).code == HEAT_OK;
  const bool right = good && strcmp(text, utf8) == 0 && empty[0] == '\0' && real == 1.0 / 3.0 &&
                     integer == INT64_MAX - 1 && list[0] == 1 && list[1] == -2 && list[2] == INT64_MIN;
  free(text);
  free(empty);
  return right;
}

static bool reads_all(const char *path, bool single) {
  static const heat_box boxes[] = {{{0, 0}, {NX, NY}}, {{3, 5}, {17, 6}}, {{NX - 1, NY - 1}, {NX, NY}}};
  hid_t file;
  double row[NX];
  int64_t rows = 0, columns = 0;
  if (heat_h5_open(&file, path).code != HEAT_OK) return false;
  bool right = reads_attributes(file);
  for (size_t n = 0; n < sizeof boxes / sizeof *boxes; n++) right = right && reads_box(file, boxes[n], single);
  right = right && heat_h5_shape(file, "temperature", &rows, &columns).code == HEAT_OK && rows == NY && columns == NX;
  right = right && heat_h5_shape(file, "x", &rows, &columns).code == HEAT_OK && rows == 0 && columns == NX;
  right = right && heat_h5_read_vector(file, "x", 2, NX - 2, row).code == HEAT_OK;
  for (int n = 0; n < NX - 2; n++) right = right && row[n] == cell_number(n + 2, 77);
  H5Fclose(file);
  return right;
}

static void what_all_write_each_reads(void **state) {
  (void)state;
  scene made;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++) {
    open_scene(&made, MPI_COMM_WORLD, deck, layouts[l]);
    for (size_t s = 0; s < sizeof ways / sizeof *ways; s++) {
      heat_status status = write_all(&made, "file.h5", ways[s], false);
      assert_string_equal(status.text, "");
      assert_true(everywhere(reads_all("file.h5", ways[s].storage.single)));
      assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5").code, HEAT_OK);
      assert_int_equal(heat_h5_verify(MPI_COMM_SELF, "file.h5").code, HEAT_OK);
      assert_false(there("file.h5.partial"));
    }
    close_scene(&made);
  }
}

static char *digest_of(const char *path) {
  hid_t file;
  char *text = NULL;
  assert_int_equal(heat_h5_open(&file, path).code, HEAT_OK);
  assert_int_equal(heat_h5_get_text(file, "digest", &text).code, HEAT_OK);
  H5Fclose(file);
  return text;
}

static void the_digest_is_that_of_one_rank(void **state) {
  (void)state;
  scene all, alone;
  char path[32];
  open_scene(&all, MPI_COMM_WORLD, deck, NULL);
  open_scene(&alone, MPI_COMM_SELF, deck, NULL);
  snprintf(path, sizeof path, "alone-%d.h5", all.grid.rank);
  for (size_t s = 0; s < sizeof ways / sizeof *ways; s++) {
    assert_int_equal(write_all(&all, "all.h5", ways[s], false).code, HEAT_OK);
    assert_true(everywhere(write_all(&alone, path, ways[s], false).code == HEAT_OK));
    char *together = digest_of("all.h5"), *single = digest_of(path);
    assert_true(everywhere(strcmp(together, single) == 0));
    assert_int_equal(strlen(together), strlen("xxh3-rows:") + 16);
    free(together);
    free(single);
  }
  close_scene(&alone);
  close_scene(&all);
}

static void a_failure_of_one_rank_leaves_the_old_file(void **state) {
  (void)state;
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  const bool last = made.grid.rank == made.grid.size - 1;
  heat_status status = write_all(&made, "file.h5", ways[0], last);
  assert_int_equal(status.code, HEAT_IO);
  assert_string_equal(status.text, "a fault of its own");
  assert_false(there("file.h5"));
  assert_false(there("file.h5.partial"));
  assert_int_equal(write_all(&made, "file.h5", ways[1], false).code, HEAT_OK);
  assert_int_equal(write_all(&made, "file.h5", ways[0], last).code, HEAT_IO);
  assert_true(everywhere(reads_all("file.h5", true)));
  assert_false(there("file.h5.partial"));
  close_scene(&made);
}

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

/* What a file claims to hold is compared with its length, before anything is multiplied or asked for. */
static void sizes_that_a_file_cannot_hold_are_refused(void **state) {
  (void)state;
  static const hsize_t shapes[][2] = {
      {1, (hsize_t)1 << 60}, {(hsize_t)1 << 31, (hsize_t)1 << 29}, {1000, 1000}, {(hsize_t)1 << 40, 0}};
  scene made;
  int claims = 0;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
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
      const heat_status status = heat_h5_verify(MPI_COMM_WORLD, "file.h5");
      assert_int_equal(status.code, HEAT_IO);
      if (claimed) assert_non_null(strstr(status.text, "which the file does not hold"));
      claims += claimed;
    }
  }
  assert_true(claims > 2);
  close_scene(&made);
}

static void a_file_that_cannot_be_made_is_told_by_all(void **state) {
  (void)state;
  scene made;
  char longest[HEAT_PATH + 8];
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  heat_status status = write_all(&made, "nowhere/file.h5", ways[0], false);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "nowhere/file.h5"));
  memset(longest, 'a', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  assert_int_equal(write_all(&made, longest, ways[0], false).code, HEAT_DECK);
  close_scene(&made);
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
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  if (made.grid.rank == 0) put_growing_dataset("file.h5");
  MPI_Barrier(MPI_COMM_WORLD);
  alarm(SECONDS); /* which ends the test as a failure */
  const heat_status status = heat_h5_verify(MPI_COMM_WORLD, "file.h5");
  alarm(0);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "which the file does not hold"));
  close_scene(&made);
}

static void a_changed_value_is_found_wherever_it_lies(void **state) {
  (void)state;
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  const off_t cells = place_of("file.h5", "temperature"), row = place_of("file.h5", "x");
  const off_t places[] = {cells, cells + 8 * NX * 5 + 3, cells + 8 * NX * NY - 1, row, row + 8 * NX - 1};
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    change_byte("file.h5", places[n]);
    heat_status status = heat_h5_verify(MPI_COMM_WORLD, "file.h5");
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, "file.h5"));
    change_byte("file.h5", places[n]);
    assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5").code, HEAT_OK);
  }
  close_scene(&made);
}

/* Exchanging two cells leaves every plain sum as it is. */
static void exchanged_values_are_found(void **state) {
  (void)state;
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
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
  assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5").code, HEAT_IO);
  close_scene(&made);
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
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
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
    const heat_status status = heat_h5_verify(MPI_COMM_WORLD, "file.h5");
    assert_int_equal(status.code, HEAT_IO);
    assert_int_equal(strstr(status.text, "'md5:0123456789abcdef' is of a kind") != NULL, damage == FOREIGN);
  }
  close_scene(&made);
}

static void what_is_no_whole_file_is_told(void **state) {
  (void)state;
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "nowhere.h5").code, HEAT_IO);
  write_file("file.h5", "no HDF5\n");
  assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5").code, HEAT_IO);
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_IO); /* no run wrote what is there */
  write_file("file.h5", "");
  assert_int_equal(write_all(&made, "file.h5", ways[0], false).code, HEAT_OK);
  MPI_Barrier(MPI_COMM_WORLD);
  if (made.grid.rank == 0) assert_int_equal(truncate("file.h5", place_of("file.h5", "temperature") + 8), 0);
  MPI_Barrier(MPI_COMM_WORLD);
  assert_int_equal(heat_h5_verify(MPI_COMM_WORLD, "file.h5").code, HEAT_IO);
  close_scene(&made);
}

static void what_is_not_there_or_of_another_kind_is_an_error(void **state) {
  (void)state;
  scene made;
  hid_t file;
  char *text;
  double real, cells[NX * NY];
  int64_t integer;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
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
  close_scene(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(what_all_write_each_reads),
                                     LAW(the_digest_is_that_of_one_rank),
                                     LAW(a_failure_of_one_rank_leaves_the_old_file),
                                     LAW(a_file_that_cannot_be_made_is_told_by_all),
                                     LAW(shares_are_read_by_others),
                                     LAW(sizes_that_a_file_cannot_hold_are_refused),
                                     LAW(places_for_chunks_that_the_file_does_not_hold_are_not_counted),
                                     LAW(a_changed_value_is_found_wherever_it_lies),
                                     LAW(exchanged_values_are_found),
                                     LAW(a_changed_attribute_is_found),
                                     LAW(what_is_no_whole_file_is_told),
                                     LAW(what_is_not_there_or_of_another_kind_is_an_error)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
