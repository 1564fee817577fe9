/* A lock that allows one run per directory, also across nodes.
 *
 * The owner holds a POSIX record lock on the file ".heat2d.lock", which the kernel (or the lock service of the file
 * system) releases when the owner ends in any way. It writes into the file its host, process and job, a unique number,
 * and a counter, the heartbeat, which it increases regularly. On file systems that do not share such locks between
 * nodes, a free lock proves nothing about an owner on another host. Then the scheduler is asked whether the job of the
 * owner still exists; if it does not know, the heartbeat is watched. An owner that was suspended for so long that
 * another run has taken over finds another number when it continues, and ends without writing.
 *
 * The heartbeat has a thread of its own, because the run may wait for its files for longer than others watch the
 * heartbeat. The file is created exclusively (O_EXCL), and the file of an owner that has ended is first renamed: file
 * systems let only one of several hosts succeed in either, even those without record locks. Only rank 0 does something.
 * All functions but heat_lock_agree are Local. */
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
  char host[256], job[256]; /* of this owner, as they are in the file */
  char since[32];           /* when it was taken */
  uint64_t number;          /* the unique number of this owner */
  int64_t beats;
  double next_beat; /* MPI_Wtime of the next check of the lock and, without a thread, of the next heartbeat */
  bool lost;        /* another run has taken over */
  bool beating;     /* there is a thread, to which `beats` belongs until it is joined */
  bool ends;        /* the thread has to end; protected by the mutex */
  pthread_t heart;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
} heat_lock;

/* Take the lock of an existing directory; with `force`, also from an owner that holds it. HEAT_IO, with the owner's
 * host, process and job, when it is held. If an earlier owner had ended without releasing the lock, `note` tells how
 * this was found out; otherwise it is empty. Ranks can outlive their job by half a minute: if the owner's job has
 * ended, this function waits that long for its ranks, and says so on the standard error. */
heat_status heat_lock_take(heat_lock *lock, const char *directory, bool force, char *note, size_t size);

/* Check, at most once a second, that the lock still belongs to this owner, and write the heartbeat if there is no
 * thread for it. HEAT_IO when another run has taken over. */
heat_status heat_lock_beat(heat_lock *lock);

/* Check at once whether the lock still belongs to this owner; true on ranks without a lock. */
bool heat_lock_held(heat_lock *lock);

/* Return on all ranks what heat_lock_held returns on rank 0. Collective over comm. */
bool heat_lock_agree(heat_lock *lock, MPI_Comm comm);

/* What the lock of a directory tells about its run. */
typedef struct heat_lock_view {
  bool there; /* an owner is named in the file */
  bool held;  /* it is held, so that the owner exists */
  bool here;  /* the owner is of this host, so that it has ended if it does not hold the lock */
  double age; /* time since the last heartbeat, s */
  long pid;
  char host[256], job[256]; /* job: "" outside of one */
} heat_lock_view;

/* Look at the lock of a directory without waiting and without changing anything. */
heat_lock_view heat_lock_look(const char *directory);

/* Return HEAT_IO with the message that another run has taken over the directory. */
heat_status heat_lock_lost(const heat_lock *lock);

/* Release the lock. A lock that belongs to another owner by now is left as it is. */
void heat_lock_release(heat_lock *lock);

#endif
