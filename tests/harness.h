/* What the MPI tests share: a main that starts MPI, insists on the number of ranks that the test was registered with,
 * and fails on all ranks when it failed on one. Include it last, after the tests are defined. */
#ifndef HEAT2D_TESTS_HARNESS_H
#define HEAT2D_TESTS_HARNESS_H

#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heat2d/base/launch.h"
#include "heat2d/io/mpio.h"

#include <hdf5.h>

/* Whether a condition holds on every rank of MPI_COMM_WORLD, so that an assertion fails everywhere or nowhere. */
static inline int everywhere(int condition) {
  MPI_Allreduce(MPI_IN_PLACE, &condition, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return condition;
}

static inline int run_mpi_tests(int *argc, char ***argv, const struct CMUnitTest *tests, size_t count) {
  int rank, size, failed;
  heat_mpio_prepare();
  heat_launch(argc, argv);
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const char *registered = getenv("HEAT2D_TEST_RANKS");
  if (registered != NULL && atoi(registered) != size) {
    fprintf(stderr, "registered for %s ranks, started with %d\n", registered, size);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  if (rank != 0 && freopen("/dev/null", "w", stdout) == NULL) MPI_Abort(MPI_COMM_WORLD, 1);
  failed = _cmocka_run_group_tests("heat2d", tests, count, NULL, NULL);
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}

#endif
