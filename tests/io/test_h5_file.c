/* Shared files: what all ranks write together each rank reads back, whatever the layout; the digest is the same for any
 * partition; a file has its name only when it is whole. */
#include "heat2d/io/h5_file.h"

#include "harness.h"

#include "h5_content.h"

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
  rig made;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++) {
    open_rig(&made, (rig_setting){.deck = deck, .ranks = layouts[l]});
    for (size_t s = 0; s < sizeof ways / sizeof *ways; s++) {
      heat_status status = write_all(&made, "file.h5", ways[s], false);
      assert_string_equal(status.text, "");
      assert_true(everywhere(reads_all("file.h5", ways[s].storage.single)));
      assert_int_equal(verify_both("file.h5").code, HEAT_OK);
      assert_int_equal(heat_h5_verify(MPI_COMM_SELF, "file.h5", NULL).code, HEAT_OK);
      assert_false(there("file.h5.partial"));
    }
    close_rig(&made);
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
  rig all, alone;
  char path[32];
  open_rig(&all, (rig_setting){.deck = deck});
  open_rig(&alone, (rig_setting){.deck = deck, .alone = true});
  snprintf(path, sizeof path, "alone-%d.h5", all.grid.rank);
  for (size_t s = 0; s < sizeof ways / sizeof *ways; s++) {
    assert_int_equal(write_all(&all, "all.h5", ways[s], false).code, HEAT_OK);
    assert_true(everywhere(write_all(&alone, path, ways[s], false).code == HEAT_OK));
    char *together = digest_of("all.h5"), *single = digest_of(path);
    assert_true(everywhere(strcmp(together, single) == 0));
    assert_int_equal(strlen(together), strlen("xxh3-rows:") + 16);
    for (size_t other = 0; other < s; other++) {
      if (ways[other].storage.single != ways[s].storage.single) continue;
      assert_int_equal(write_all(&all, "other.h5", ways[other], false).code, HEAT_OK);
      char *same = digest_of("other.h5");
      assert_string_equal(same, together);
      free(same);
      break; /* one layout is enough for that precision */
    }
    free(together);
    free(single);
  }
  close_rig(&alone);
  close_rig(&all);
}

static void a_failure_of_one_rank_leaves_the_old_file(void **state) {
  (void)state;
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
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
  close_rig(&made);
}

static void a_file_that_cannot_be_made_is_told_by_all(void **state) {
  (void)state;
  rig made;
  char longest[HEAT_PATH + 8];
  open_rig(&made, (rig_setting){.deck = deck});
  heat_status status = write_all(&made, "nowhere/file.h5", ways[0], false);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "nowhere/file.h5"));
  memset(longest, 'a', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  assert_int_equal(write_all(&made, longest, ways[0], false).code, HEAT_DECK);
  close_rig(&made);
}

/* Whether there was no file when MPI-IO was last told to make one. */
static bool made_by_mpi;

int MPI_File_open(MPI_Comm comm, const char *path, int mode, MPI_Info info, MPI_File *file) {
  if ((mode & MPI_MODE_CREATE) != 0) made_by_mpi = access(path, F_OK) != 0;
  return PMPI_File_open(comm, path, mode, info, file);
}

/* File systems stripe a file as the hints of the call say that makes it. */
static void who_asks_for_stripes_lets_mpi_make_the_file(void **state) {
  (void)state;
  static const char *const hints[] = {"collective_buffering", "striping_factor", "striping_unit"};
  rig made;
  open_rig(&made, (rig_setting){.deck = deck});
  for (int n = 0; n < 3; n++) {
    heat_h5 out;
    heat_h5_way by = heat_h5_way_of(HEAT_TRANSPORT_MPIO);
    MPI_Info_create(&by.hints);
    MPI_Info_set(by.hints, hints[n], n == 0 ? "false" : "65536");
    number_cells(heat_stepper_solution(&made.stepper));
    heat_h5_begin(&out, &made.grid, "file.h5", &by);
    assert_true(everywhere(out.status.code == HEAT_OK && out.raw >= 0));
    heat_h5_write_field(&out, "temperature", heat_stepper_solution(&made.stepper), (heat_storage){0});
    assert_int_equal(heat_h5_commit(&out).code, HEAT_OK);
    assert_true(everywhere(made.grid.rank > 0 || made_by_mpi == (n > 0)));
    heat_h5_way_destroy(&by);
  }
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(what_all_write_each_reads), LAW(the_digest_is_that_of_one_rank),
                                     LAW(a_failure_of_one_rank_leaves_the_old_file),
                                     LAW(a_file_that_cannot_be_made_is_told_by_all),
                                     LAW(who_asks_for_stripes_lets_mpi_make_the_file)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
