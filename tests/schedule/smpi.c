/* What the schedule needs under SimGrid's SMPI. The linker replaces calls of MPI and SMPI's own malloc and calloc by
 * these functions (--wrap). The values of cells do not matter: the buffers of all messages of all ranks are the same
 * memory, so that SMPI does not copy them, and values have basic types, so that SMPI does not pack them. */
#include "schedule.h"

#include <stdlib.h>

/* A simulated core does one operation in a nanosecond. */
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

/* The zeros in the arrays of a level are never read, so these arrays may be the common memory, too. */
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

/* For very many ranks only messages between nodes are sent. Messages within a node, of SCHEDULE_NODE ranks, share no
 * resource with others and are sent before them: up to 1,024 ranks the times are the same to all digits. */
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
