/* What the MPI tests of files share: a temporary directory in which all ranks work, and fields whose cells have
 * different numbers. Include it after harness.h. */
#ifndef HEAT2D_TESTS_SCENE_H
#define HEAT2D_TESTS_SCENE_H

#include "rig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Give each owned cell a number that no other cell has, and that uses all bits. */
static inline double cell_number(int64_t i, int64_t j) {
  return 1.0 / 3.0 + (double)i + 1000.0 * (double)j;
}

static inline void number_cells(heat_field *field) {
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++)
    for (int64_t i = field->owned.lo[HEAT_X]; i < field->owned.hi[HEAT_X]; i++)
      *heat_field_at(field, i, j) = cell_number(i, j);
  field->valid = 0;
}

static char scene_place[64];

/* Setup and teardown of a test: all ranks change to a new directory, and back. */
static inline int enter_place(void **state) {
  (void)state;
  int rank, good = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(scene_place, sizeof scene_place, "/tmp/heat2d-test-XXXXXX");
  if (rank == 0) good = mkdtemp(scene_place) != NULL;
  MPI_Bcast(scene_place, sizeof scene_place, MPI_CHAR, 0, MPI_COMM_WORLD);
  return everywhere(good && chdir(scene_place) == 0) ? 0 : -1;
}

static inline int leave_place(void **state) {
  (void)state;
  int rank, good = chdir("/") == 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  char line[128];
  snprintf(line, sizeof line, "rm -rf '%s'", scene_place);
  if (rank == 0) good = good && system(line) == 0;
  return everywhere(good) ? 0 : -1;
}

/* Whether a file exists according to rank 0; the same on every rank. */
static inline bool there(const char *path) {
  int found = access(path, F_OK) == 0;
  MPI_Barrier(MPI_COMM_WORLD); /* no rank changes the file while others look at it */
  MPI_Bcast(&found, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return found;
}

/* Rank 0 does something to a file while the others wait. */
static inline void change_byte(const char *path, off_t at) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    char byte = 0;
    const int file = open(path, O_RDWR);
    assert_true(file >= 0 && pread(file, &byte, 1, at) == 1);
    byte = (char)(byte ^ 1);
    assert_true(pwrite(file, &byte, 1, at) == 1 && close(file) == 0);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static inline void write_file(const char *path, const char *text) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

/* The position of the data of a contiguous dataset in the file. */
static inline off_t place_of(const char *path, const char *dataset) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), data = H5Dopen(file, dataset, H5P_DEFAULT);
  const haddr_t at = H5Dget_offset(data);
  H5Dclose(data);
  H5Fclose(file);
  assert_true(at != HADDR_UNDEF);
  return (off_t)at;
}

#endif
