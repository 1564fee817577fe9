/* What the parts of the simulated cluster share. */
#ifndef HEAT2D_CLUSTER_H
#define HEAT2D_CLUSTER_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

enum { CLUSTER_SUM_BYTES = 512 }; /* of a reduction, at most */

/* Ranks that have reductions together; these share what has been added up. */
typedef struct cluster_group {
  int size, *members, entered[2];
  char sums[2][CLUSTER_SUM_BYTES];
} cluster_group;

struct cluster_comm {
  cluster_group *group;
  int rank;       /* in the group */
  int reductions; /* so far */
};

/* Send so many bytes to another rank of the cluster, which does not take any time of this rank; and wait for what
 * another one has sent. `collective`: not by a request of the program. */
void cluster_send(int to, double bytes, bool collective);
void cluster_receive(int from, bool collective);

/* The messages with which each rank of `comm` gets so many bytes of each. */
void cluster_gather(MPI_Comm comm, double bytes);

size_t cluster_type_bytes(MPI_Datatype type);

#endif
