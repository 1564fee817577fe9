/* Rows read past the page cache give the digest of what lies in the file, wherever they begin, and tell when they
 * cannot. Where the file system refuses such reads nothing is claimed; the law is then seen through the page cache. */
#include "heat2d/io/h5_uncached.h"

#include "heat2d/io/h5_digest.h"
#include "heat2d/io/h5_rows.h"

#include "harness.h"

#include "scene.h"

#include <fcntl.h>
#include <unistd.h>

enum { ROWS = 37, WIDTH = 4300, PLACE = 12 }; /* in several pieces, with rows that begin at no multiple of a sector */

static double values[ROWS * WIDTH];

/* A file of its own for each rank, with the values at the offset `at`. */
static void write_values(const char *path, off_t at, bool single) {
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
  assert_true(file >= 0);
  for (int n = 0; n < ROWS * WIDTH; n++) {
    values[n] = 1.0 / (n + 1);
    if (single) values[n] = (double)(float)values[n];
  }
  if (single) {
    static float narrow[ROWS * WIDTH];
    for (int n = 0; n < ROWS * WIDTH; n++) narrow[n] = (float)values[n];
    assert_int_equal(pwrite(file, narrow, sizeof narrow, at), sizeof narrow);
  } else {
    assert_int_equal(pwrite(file, values, sizeof values, at), sizeof values);
  }
  close(file);
}

/* `plain`: through the page cache, which every file system allows, and where the same law holds. */
static bool hash(const char *path, bool plain, const heat_h5_stored_rows *rows, uint64_t *digest) {
  heat_h5_uncached from = {.file = -1};
  *digest = 0;
  if (plain)
    from.file = open(path, O_RDONLY);
  else
    heat_h5_uncached_open(&from, path);
  const bool hashed = heat_h5_uncached_hash(&from, rows, digest);
  heat_h5_uncached_close(&from);
  return hashed;
}

/* Read in both ways: past the page cache the same comes, or nothing where the file system refuses that. */
static bool hash_both(const char *path, const heat_h5_stored_rows *rows, uint64_t *digest) {
  uint64_t direct;
  const bool hashed = hash(path, true, rows, digest);
  if (hash(path, false, rows, &direct))
    assert_true(hashed && direct == *digest);
  else
    assert_true(direct == 0);
  return hashed;
}

static void what_lies_in_the_file_is_hashed(void **state) {
  (void)state;
  static const off_t places[] = {0, 4096, 2056, 8191}; /* the last one as no run stores anything */
  char path[32];
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(path, sizeof path, "rows-%d", rank);
  for (size_t n = 0; n < sizeof places / sizeof *places; n++)
    for (int single = 0; single < 2; single++) {
      const heat_h5_stored_rows rows = {places[n], ROWS, WIDTH, single, PLACE};
      uint64_t digest, later;
      write_values(path, places[n], single);
      assert_true(hash_both(path, &rows, &digest));
      assert_true(digest == heat_h5_hash_rows(values, ROWS, WIDTH, PLACE));
      /* The last bit of the last value. */
      const off_t last = places[n] + (off_t)((single ? sizeof(float) : sizeof(double)) * ROWS * WIDTH) - 1;
      const int file = open(path, O_RDWR);
      char byte;
      assert_int_equal(pread(file, &byte, 1, last), 1);
      byte = (char)(byte ^ 1);
      assert_int_equal(pwrite(file, &byte, 1, last), 1);
      assert_true(hash_both(path, &rows, &later));
      assert_true(later != digest);
      assert_int_equal(ftruncate(file, last), 0);
      assert_false(hash_both(path, &rows, &later));
      assert_true(later == 0);
      close(file);
    }
}

/* A rank without rows has nothing to add, and a file that is not there is refused. */
static void nothing_is_claimed_of_what_is_not_read(void **state) {
  (void)state;
  const heat_h5_stored_rows none = {.width = WIDTH}, some = {.count = 1, .width = WIDTH};
  uint64_t digest;
  assert_false(hash_both("nowhere", &some, &digest));
  assert_false(hash_both("nowhere", &none, &digest));
  assert_true(digest == 0);
}

/* Takes the place of the system's, for a disk that holds other bytes than the page cache, which has now been dropped.
 */
static int damaged = -1;
int posix_fadvise(int file, off_t at, off_t length, int advice) {
  const char other = 1;
  (void)file;
  if (advice == POSIX_FADV_DONTNEED && damaged >= 0 && length > 0 && pwrite(damaged, &other, 1, at) != 1) abort();
  return 0;
}

/* A file system may take O_DIRECT and read from the page cache nevertheless, as it does without. */
static void rows_come_from_the_disk_also_where_direct_reads_are_not(void **state) {
  (void)state;
  for (int wrong = 0; wrong < 2; wrong++) {
    const int file = open("written", O_RDWR | O_CREAT | O_TRUNC, 0666);
    heat_h5_uncached from = {.file = open("written", O_RDONLY)};
    heat_h5_rows rows = {.file = file, .values = values, .count = 2 * WIDTH, .width = WIDTH, .place = PLACE};
    rows.at = 8;
    rows.behind = true;
    rows.uncached = &from;
    assert_true(file >= 0 && from.file >= 0);
    for (int n = 0; n < 2 * WIDTH; n++) values[n] = n;
    damaged = wrong ? file : -1;
    heat_h5_rows_put(&rows);
    damaged = -1;
    assert_int_equal(rows.error, 0);
    assert_int_equal(rows.read_back, !wrong);
    heat_h5_uncached_close(&from);
    close(file);
  }
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(what_lies_in_the_file_is_hashed), LAW(nothing_is_claimed_of_what_is_not_read),
                                     LAW(rows_come_from_the_disk_also_where_direct_reads_are_not)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
