/* The schedule under SimGrid's SMPI. The linker lets these functions stand for calls of MPI and for SMPI's own malloc
 * and calloc (--wrap): the values of cells and the buffers of all messages of all ranks are the same memory, which SMPI
 * then does not copy, and types of values are basic ones, which it does not pack. */
#include "schedule.h"

#include <stdlib.h>

/* A simulated core does an operation in a nanosecond. */
void schedule_work(double nanoseconds) {
  smpi_execute_flops(nanoseconds);
}

void *__real_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line);
void *__wrap_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line);
void *__real_smpi_shared_calloc_intercept(size_t count, size_t each, const char *file, int line);
void *__wrap_smpi_shared_calloc_intercept(size_t count, size_t each, const char *file, int line);
int __wrap_MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type);
int __wrap_MPI_Send_init(const void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request);
int __wrap_MPI_Recv_init(void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request);
int __wrap_MPI_Startall(int count, MPI_Request *requests);

void *__wrap_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line) {
  enum { LARGE = 1000000, LARGEST = 64 << 20 };
  static void *common;
  if (bytes < LARGE || bytes > LARGEST) return __real_smpi_shared_malloc_intercept(bytes, file, line);
  if (common == NULL) common = __real_smpi_shared_malloc_intercept(LARGEST, file, line);
  return common;
}

/* Of the arrays of a level nobody reads the zeros. */
void *__wrap_smpi_shared_calloc_intercept(size_t count, size_t each, const char *file, int line) {
  enum { LEVEL = 150000, LARGE = 1000000 };
  const size_t bytes = count * each;
  if (bytes < LEVEL) return __real_smpi_shared_calloc_intercept(count, each, file, line);
  return __wrap_smpi_shared_malloc_intercept(bytes > LARGE ? bytes : LARGE, file, line);
}

int __wrap_MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type) {
  (void)each;
  *type = count == (int)sizeof(double) ? MPI_DOUBLE : MPI_FLOAT;
  return MPI_SUCCESS;
}

/* Of very many ranks only messages between nodes are sent: those within a node, of SCHEDULE_NODE ranks, share nothing
 * with others and come before them, so that up to 1,024 ranks the times are the same to all digits. */
static bool is_left_out(int rank, MPI_Comm comm) {
  enum { MANY = 4096 };
  int own, size;
  MPI_Comm_rank(comm, &own);
  MPI_Comm_size(comm, &size);
  return size > MANY && rank / SCHEDULE_NODE == own / SCHEDULE_NODE;
}

int __wrap_MPI_Send_init(const void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request) {
  *request = MPI_REQUEST_NULL;
  return is_left_out(rank, comm) ? MPI_SUCCESS : PMPI_Send_init(at, count, type, rank, tag, comm, request);
}

int __wrap_MPI_Recv_init(void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request) {
  *request = MPI_REQUEST_NULL;
  return is_left_out(rank, comm) ? MPI_SUCCESS : PMPI_Recv_init(at, count, type, rank, tag, comm, request);
}

int __wrap_MPI_Startall(int count, MPI_Request *requests) {
  for (int n = 0; n < count; n++)
    if (requests[n] != MPI_REQUEST_NULL) MPI_Start(&requests[n]);
  return MPI_SUCCESS;
}
