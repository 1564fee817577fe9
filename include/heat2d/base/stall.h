/* A guard against calls that never return: if one rank cannot finish a collective call of MPI-IO, all ranks wait in it
 * until the walltime ends. A thread watches the calls of its rank. When one takes longer than HEAT2D_STALL seconds
 * (default 300; 0: no limit) and longer than 5 times the slowest call so far, the thread prints a message and ends the
 * process with exit code 74; mpirun then ends the other ranks. Files that were complete before stay complete. Time in
 * which the job was suspended does not count. If HEAT2D_STALL_NOTE names a file, as it does for the members of a sweep,
 * the process writes into that file that it hangs and waits to be ended, so that other members can finish. All
 * functions are Local. */
#ifndef HEAT2D_STALL_H
#define HEAT2D_STALL_H

#include <pthread.h>
#include <stdbool.h>

/* What all guards of a run have in common. */
typedef struct heat_stall_record {
  double slowest; /* time of the slowest call that has returned, s */
  /* Called before the process ends, with `context` and one line of text that gives the reason. It runs in a thread of
   * its own, for which the guard waits at most 2 s. NULL: nothing is called. */
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
  const char *call;          /* its name, borrowed; NULL: the rank is in no watched call */
  const char *path;          /* of the file, borrowed */
  heat_stall_record *record; /* borrowed */
} heat_stall;

/* Begin to watch the calls in which `rank` uses the file `path`. `record` is what this guard has in common with others,
 * or NULL. If no thread can be created, nothing is watched. *guard must not move in memory until heat_stall_end. */
void heat_stall_begin(heat_stall *guard, int rank, const char *path, heat_stall_record *record);

/* Note that this rank now enters the call named `call` (a constant text; NULL: it has returned from the last one), and
 * restart the clock of the call. */
void heat_stall_enter(heat_stall *guard, const char *call);

/* Stop watching, and wait for the thread to end. */
void heat_stall_end(heat_stall *guard);

#endif
