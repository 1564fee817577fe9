/* How a program starts MPI. */
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void the_environment_is_as_it_was(void **state) {
  (void)state;
  assert_null(getenv("OMPI_MCA_ess_singleton_isolated"));
  assert_null(getenv("OMPI_MCA_orte_jobfam_session_dir"));
}

/* Without a launcher all programs are rank 0 of job 1. One that ends must not remove files of the others, whose MPI
 * would report that on the standard error. */
static void programs_without_a_launcher_do_not_meet(void **state) {
  (void)state;
  char folder[] = "/tmp/heat2d-test-XXXXXX", path[64], said[64], command[4096];
  assert_non_null(mkdtemp(folder));
  snprintf(said, sizeof said, "%s/said", folder);
  snprintf(command, sizeof command, "exec '%s' keys >'%s'", getenv("HEAT2D_PROGRAM"), said);
  assert_int_equal(system(command), 0);
  snprintf(path, sizeof path, "%s/file", folder);
  fflush(stderr);
  const int before = dup(STDERR_FILENO), to = open(said, O_WRONLY | O_TRUNC);
  dup2(to, STDERR_FILENO);
  MPI_File file; /* calls on files return their errors by default */
  const int opened = MPI_File_open(MPI_COMM_SELF, path, MPI_MODE_CREATE | MPI_MODE_RDWR, MPI_INFO_NULL, &file);
  if (opened == MPI_SUCCESS) MPI_File_close(&file);
  dup2(before, STDERR_FILENO);
  close(before);
  struct stat complaint;
  assert_int_equal(fstat(to, &complaint), 0);
  close(to);
  assert_int_equal(opened, MPI_SUCCESS);
  assert_int_equal(complaint.st_size, 0);
  remove(path);
  remove(said);
  assert_int_equal(rmdir(folder), 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_environment_is_as_it_was),
      cmocka_unit_test(programs_without_a_launcher_do_not_meet),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
