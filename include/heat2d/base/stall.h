/* A guard against waiting for ever: a collective call of MPI-IO that one rank cannot finish holds all ranks until the
 * walltime ends. A thread watches the calls of this rank; when one takes longer than HEAT2D_STALL seconds (default 300,
 * 0: never) and than several times the slowest call so far, it says so and ends the process with the code 74, upon
 * which mpirun ends the others. What was whole before stays whole. Time in which the job was suspended does not count.
 * Where HEAT2D_STALL_NOTE names a file, as a sweep lets it do, the process writes there that it hangs and waits to be
 * ended, so that others can finish their work. All Local. */
#ifndef HEAT2D_STALL_H
#define HEAT2D_STALL_H

#include <pthread.h>
#include <stdbool.h>

/* What the guards of a run share. */
typedef struct heat_stall_record {
  double slowest; /* of the calls that have come back, s */
  /* What is to be done before the process ends, in a thread of its own while the others wait; it gets `context`, and a
   * line that says why. NULL: nothing. */
  void (*last_word)(void *context, const char *why);
  void *context;
} heat_stall_record;

typedef struct heat_stall {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool running, ending;
  int rank;
  double limit;              /* s */
  double waited;             /* s in the present call */
  const char *call;          /* borrowed; NULL: in none that is watched */
  const char *path;          /* borrowed: the file that it is about */
  heat_stall_record *record; /* borrowed */
} heat_stall;

/* Begin to watch what `rank` does with the file `path`. `record`: what it shares with others, or NULL. Where no thread
 * can be had nothing is watched. The guard stays where it is until heat_stall_end. */
void heat_stall_begin(heat_stall *guard, int rank, const char *path, heat_stall_record *record);

/* From now on this rank is in the call `call` (a constant text; NULL: in none), and its time begins anew. */
void heat_stall_enter(heat_stall *guard, const char *call);

void heat_stall_end(heat_stall *guard);

#endif
