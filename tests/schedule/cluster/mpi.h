/* As much of MPI as the exchange of halos and the linear solver call, for ranks of a simulated cluster: see cluster.c.
 * Only the times of messages are simulated, and the results of reductions; nothing else arrives. */
#ifndef HEAT2D_CLUSTER_MPI_H
#define HEAT2D_CLUSTER_MPI_H

typedef struct cluster_comm *MPI_Comm;
typedef struct cluster_request *MPI_Request;
typedef int MPI_Datatype; /* a named one, or so many bytes */
typedef enum MPI_Op { MPI_SUM, MPI_MAX, MPI_MIN, MPI_MAXLOC } MPI_Op;
typedef int MPI_Info;

enum { MPI_SUCCESS, MPI_COMM_TYPE_SHARED, MPI_INFO_NULL };
enum { MPI_DATATYPE_NULL, MPI_BYTE, MPI_CHAR = MPI_BYTE, MPI_INT = 1000000, MPI_INT64_T, MPI_DOUBLE, MPI_2INT };
#define MPI_IN_PLACE ((void *)-1)
#define MPI_REQUEST_NULL ((MPI_Request)0)
#define MPI_STATUS_IGNORE 0
#define MPI_STATUSES_IGNORE 0
#define MPI_COMM_WORLD (cluster_world())
#define MPI_COMM_SELF (cluster_self())

MPI_Comm cluster_world(void);
MPI_Comm cluster_self(void);

int MPI_Init(int *argc, char ***argv);
int MPI_Finalize(void);
int MPI_Abort(MPI_Comm comm, int code);
double MPI_Wtime(void);
int MPI_Comm_rank(MPI_Comm comm, int *rank);
int MPI_Comm_size(MPI_Comm comm, int *size);
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *part);
int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part);
int MPI_Comm_free(MPI_Comm *comm);
int MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type);
int MPI_Type_commit(MPI_Datatype *type);
int MPI_Type_free(MPI_Datatype *type);
int MPI_Send_init(const void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm, MPI_Request *request);
int MPI_Recv_init(void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm, MPI_Request *request);
int MPI_Request_free(MPI_Request *request);
int MPI_Startall(int count, MPI_Request *requests);
int MPI_Wait(MPI_Request *request, int ignored);
int MPI_Waitall(int count, MPI_Request *requests, int ignored);
int MPI_Testall(int count, MPI_Request *requests, int *done, int ignored);
int MPI_Barrier(MPI_Comm comm);
int MPI_Bcast(void *at, int count, MPI_Datatype type, int root, MPI_Comm comm);
int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm);
int MPI_Allgatherv(const void *from, int count, MPI_Datatype type, void *to, const int *counts, const int *begins,
                   MPI_Datatype into, MPI_Comm comm);

#endif
