/* A guard against waiting for ever: a collective call of MPI-IO that one rank cannot finish holds all ranks until the
 * walltime ends. A thread watches the calls of this rank; when one takes longer than HEAT2D_STALL seconds (default 300,
 * 0: never) it says so and ends the process with the code 74, upon which mpirun ends the others. What was whole before
 * stays whole. Time in which the job was suspended does not count. All Local. */
#ifndef HEAT2D_STALL_H
#define HEAT2D_STALL_H

#include <pthread.h>
#include <stdbool.h>

typedef struct heat_stall {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool running, ending;
  int rank;
  double limit;     /* s */
  double waited;    /* s in the present call */
  const char *call; /* borrowed; NULL: in none that is watched */
  const char *path; /* borrowed: the file that it is about */
} heat_stall;

/* Begin to watch what `rank` does with the file `path`. Where no thread can be had nothing is watched. The guard stays
 * where it is until heat_stall_end. */
void heat_stall_begin(heat_stall *guard, int rank, const char *path);

/* From now on this rank is in the call `call` (a constant text; NULL: in none), and its time begins anew. */
void heat_stall_enter(heat_stall *guard, const char *call);

void heat_stall_end(heat_stall *guard);

#endif
