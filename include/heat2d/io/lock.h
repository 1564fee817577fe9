/* One run per directory, also across nodes.
 *
 * The owner holds a POSIX record lock on the file ".heat2d.lock", which the kernel (or the file system's lock service)
 * gives up when the owner dies however it dies, and writes into it who it is, a number that nobody else has, and a
 * heartbeat. Where such locks are not shared between nodes, a free lock proves nothing about an owner on another host:
 * then the scheduler is asked whether its job is still there, and otherwise its heartbeat is watched. An owner that was
 * suspended for so long that it was taken for dead finds the number changed when it wakes, and ends without writing.
 *
 * The heart beats in a thread of its own, since the run may wait for its files for longer than anybody would watch. The
 * file is made exclusively, and one whose owner is gone is first renamed: file systems let only one of several hosts
 * succeed in either, also where they know no record locks. Rank 0 acts; all Local but heat_lock_agree. */
#ifndef HEAT2D_LOCK_H
#define HEAT2D_LOCK_H

#include "heat2d/base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct heat_lock {
  int file; /* -1: not held */
  char path[HEAT_PATH];
  char host[256], job[256]; /* of this owner, as they stand in the file */
  char since[32];           /* when it was taken */
  uint64_t number;          /* this owner's */
  int64_t beats;
  double next_beat; /* MPI_Wtime, of a look at the lock and, without the thread, of a beat */
  bool lost;        /* to another owner */
  bool beating;     /* there is a thread; it has `beats` until it is joined */
  bool ends;        /* the thread is to end; guarded by the mutex */
  pthread_t heart;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
} heat_lock;

/* Take the lock of `directory`, which exists. `force`: whoever holds it. HEAT_IO with the owner's host, process and job
 * when it is held; what was found out about an owner that is gone is written to `note` (empty otherwise). Ranks can
 * outlive their job by half a minute: for one whose job is gone it waits that long, and says so on stderr. */
heat_status heat_lock_take(heat_lock *lock, const char *directory, bool force, char *note, size_t size);

/* Make sure at most once a second that the lock is still this owner's, and beat where there is no thread that does.
 * HEAT_IO when it is not. */
heat_status heat_lock_beat(heat_lock *lock);

/* Whether it still is this owner's, looked at now; true where there is none (on other ranks). */
bool heat_lock_held(heat_lock *lock);

/* The same answer on all ranks: that of rank 0, which looks now. Collective over comm. */
bool heat_lock_agree(heat_lock *lock, MPI_Comm comm);

/* What the lock of a directory says of its run, to somebody who does not want it. */
typedef struct heat_lock_view {
  bool there; /* an owner has written itself into it */
  bool held;  /* somebody holds it: the owner lives */
  bool here;  /* the owner is of this host, where one that does not hold it has ended */
  double age; /* s since the last beat of its heart */
  long pid;
  char host[256], job[256]; /* job: "" outside of one */
} heat_lock_view;

/* Look at it; nothing is waited for or changed. */
heat_lock_view heat_lock_look(const char *directory);

/* What to say when it is not. HEAT_IO. */
heat_status heat_lock_lost(const heat_lock *lock);

/* Give it back; a lock that is no longer this owner's is left alone. */
void heat_lock_release(heat_lock *lock);

#endif
