/* One run per directory, also across nodes.
 *
 * The owner holds a POSIX record lock on the file ".heat2d.lock", which the kernel (or the file system's lock service)
 * gives up when the owner dies however it dies, and writes into it who it is, a number that nobody else has, and a
 * heartbeat. Where such locks are not shared between nodes, a free lock proves nothing about an owner on another host:
 * then the scheduler is asked whether its job is still there, and otherwise its heartbeat is watched. An owner that was
 * suspended for so long that it was taken for dead finds the number changed when it wakes, and ends without writing.
 * Rank 0 acts; all Local. */
#ifndef HEAT2D_LOCK_H
#define HEAT2D_LOCK_H

#include "heat2d/status.h"

#include <stdint.h>

typedef struct heat_lock {
  int file; /* -1: not held */
  char path[4096];
  char since[32];  /* when it was taken */
  uint64_t number; /* this owner's */
  int64_t beats;
  double next_beat; /* MPI_Wtime */
  bool lost;        /* to another owner */
} heat_lock;

/* Take the lock of `directory`, which exists. `force`: whoever holds it. HEAT_IO with the owner's host, process and job
 * when it is held; what was found out about an owner that is gone is written to `note` (empty otherwise). Ranks can
 * outlive their job by half a minute: for one whose job is gone it waits that long, and says so on stderr. */
heat_status heat_lock_take(heat_lock *lock, const char *directory, bool force, char *note, size_t size);

/* Beat at most once a second, and make sure that the lock is still this owner's. HEAT_IO when it is not. */
heat_status heat_lock_beat(heat_lock *lock);

/* Whether it still is this owner's, looked at now; true where there is none (on other ranks). */
bool heat_lock_held(heat_lock *lock);

/* What to say when it is not. HEAT_IO. */
heat_status heat_lock_lost(const heat_lock *lock);

/* Give it back; a lock that is no longer this owner's is left alone. */
void heat_lock_release(heat_lock *lock);

#endif
