/* Reductions go by recursive doubling, gathers by Bruck's algorithm, as MPI libraries do them (Thakur, Rabenseifner and
 * Gropp 2005), message by message. */
#include "cluster.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t cluster_type_bytes(MPI_Datatype type) {
  return type == MPI_INT ? sizeof(int) : type >= MPI_INT64_T ? sizeof(int64_t) : (size_t)type;
}

/* Recursive doubling; ranks beyond a power of two hand their part to a neighbour. */
static void double_up(MPI_Comm comm, double bytes) {
  const int *members = comm->group->members, n = comm->group->size, own = comm->rank;
  int power = 1;
  while (2 * power <= n) power *= 2;
  const int rest = n - power;
  if (own < 2 * rest && own % 2 == 0) {
    cluster_send(members[own + 1], bytes, true);
    cluster_receive(members[own + 1], true);
    return;
  }
  if (own < 2 * rest) cluster_receive(members[own - 1], true);
  const int number = own < 2 * rest ? own / 2 : own - rest;
  for (int step = 1; step < power; step *= 2) {
    const int partner = number ^ step, other = partner < rest ? 2 * partner + 1 : partner + rest;
    cluster_send(members[other], bytes, true);
    cluster_receive(members[other], true);
  }
  if (own < 2 * rest) cluster_send(members[own - 1], bytes, true);
}

/* Bruck's algorithm: of each rank so many bytes. */
void cluster_gather(MPI_Comm comm, double bytes) {
  const int *members = comm->group->members, n = comm->group->size, own = comm->rank;
  for (int step = 1; step < n; step *= 2) {
    const int blocks = step < n - step ? step : n - step;
    cluster_send(members[(own - step + n) % n], blocks * bytes, true);
    cluster_receive(members[(own + step) % n], true);
  }
}

static void combine(char *to, const char *from, int count, MPI_Datatype type, MPI_Op op) {
  for (int n = 0; n < count; n++) {
    if (type == MPI_INT64_T) {
      int64_t *a = (int64_t *)(void *)to + n;
      const int64_t b = ((const int64_t *)(const void *)from)[n];
      *a = op == MPI_SUM ? *a + b : op == MPI_MAX ? (b > *a ? b : *a) : b < *a ? b : *a;
    } else if (type == MPI_DOUBLE && op == MPI_MAX) {
      double *a = (double *)(void *)to + n;
      const double b = ((const double *)(const void *)from)[n];
      if (b > *a) *a = b;
    } else if (type == MPI_2INT && op == MPI_MAXLOC) {
      int *a = (int *)(void *)to + 2 * (ptrdiff_t)n;
      const int *b = (const int *)(const void *)from + 2 * (ptrdiff_t)n;
      if (b[0] > a[0] || (b[0] == a[0] && b[1] < a[1])) memcpy(a, b, 2 * sizeof *a);
    } else {
      fprintf(stderr, "cluster: such a reduction is not simulated\n");
      exit(1);
    }
  }
}

/* All ranks have entered before one leaves, so that two sums in turn are enough. */
int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  cluster_group *all = comm->group;
  const int turn = comm->reductions++ % 2;
  const size_t bytes = (size_t)count * cluster_type_bytes(type);
  const void *own = from == MPI_IN_PLACE ? to : from;
  if (bytes > CLUSTER_SUM_BYTES) {
    fprintf(stderr, "cluster: a reduction of %zu bytes is not simulated\n", bytes);
    exit(1);
  }
  if (all->entered[turn]++ == 0)
    memmove(all->sums[turn], own, bytes);
  else
    combine(all->sums[turn], own, count, type, op);
  if (all->entered[turn] == all->size) all->entered[turn] = 0;
  double_up(comm, (double)bytes);
  memmove(to, all->sums[turn], bytes);
  return MPI_SUCCESS;
}

int MPI_Barrier(MPI_Comm comm) {
  double_up(comm, 0);
  return MPI_SUCCESS;
}

int MPI_Bcast(void *at, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  (void)at, (void)count, (void)type, (void)root, (void)comm;
  fprintf(stderr, "cluster: a broadcast is not simulated\n");
  exit(1);
}

int MPI_Allgatherv(const void *from, int count, MPI_Datatype type, void *to, const int *counts, const int *begins,
                   MPI_Datatype into, MPI_Comm comm) {
  double bytes = 0;
  (void)from, (void)count, (void)type, (void)to, (void)begins;
  for (int n = 0; n < comm->group->size; n++) bytes += (double)counts[n] * (double)cluster_type_bytes(into);
  cluster_gather(comm, bytes / comm->group->size);
  return MPI_SUCCESS;
}
