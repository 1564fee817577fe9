#include "heat2d/io/lock.h"

#include "heat2d/base/runtime.h"
#include "heat2d/base/scheduler.h"
#include "heat2d/io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 768, HOST = 256, JOB = 256 };
static const double beat_seconds = 1;
static const double watch_seconds = 10;    /* for an owner of which only the heartbeat can be watched */
static const double quiet_seconds = 3;     /* without a heartbeat, for an owner whose job has ended */
static const double outlived_seconds = 30; /* for which ranks can outlive their job */
static const double birth_seconds = 2;     /* in which an owner writes its name into the file that it has made */

typedef struct owner {
  char host[HOST], job[JOB], since[32];
  long pid;
  uint64_t number;
  int64_t beats;
} owner;

static bool read_owner(int file, owner *found) {
  char text[TEXT];
  const ssize_t length = pread(file, text, sizeof text - 1, 0);
  if (length <= 0) return false;
  text[length] = '\0';
  *found = (owner){0};
  return sscanf(text, "host %255s\npid %ld\njob %255s\nsince %31s\nnumber %" SCNx64 "\nbeats %" SCNd64, found->host,
                &found->pid, found->job, found->since, &found->number, &found->beats) == 6;
}

static heat_status failure(const heat_lock *lock, const char *what) {
  return heat_fail(HEAT_IO, "cannot %s the lock '%s': %s", what, lock->path, strerror(errno));
}

/* Set the names of this host and this job. The environment can contain any text as a job id: characters that would
 * break the line become question marks, and no scheduler is asked about such an id. */
static void name_self(heat_lock *lock) {
  snprintf(lock->host, sizeof lock->host, "?");
  if (gethostname(lock->host, sizeof lock->host - 1) != 0 || lock->host[0] == '\0') snprintf(lock->host, 2, "?");
  snprintf(lock->job, sizeof lock->job, "%s", heat_job()[0] != '\0' ? heat_job() : "-");
  for (unsigned char *c = (unsigned char *)lock->job; *c != '\0'; c++)
    if (*c <= ' ' || *c == 127) *c = '?';
}

static heat_status write_owner(heat_lock *lock) {
  char text[TEXT];
  const int length =
      snprintf(text, sizeof text, "host %s\npid %ld\njob %s\nsince %s\nnumber %016" PRIx64 "\nbeats %020" PRId64 "\n",
               lock->host, (long)getpid(), lock->job, lock->since, lock->number, lock->beats);
  if (length < 0 || (size_t)length >= sizeof text) return heat_fail(HEAT_IO, "the lock's text is too long");
  if (pwrite(lock->file, text, (size_t)length, 0) != length || ftruncate(lock->file, length) != 0)
    return failure(lock, "write");
  return heat_ok();
}

static heat_status held(const heat_lock *lock, const owner *found) {
  return heat_fail(
      HEAT_IO,
      "another run works in this directory: host %s, process %ld, job %s, since %s (lock '%s'; if you know "
      "that it has ended: --force-unlock)",
      found->host, found->pid, found->job, found->since, lock->path);
}

/* Whether the heartbeat of an owner changes within so many seconds. */
static bool beats(int file, const owner *found, double seconds) {
  const struct timespec pause = {.tv_sec = 1};
  for (double waited = 0; waited < seconds; waited += 1) {
    owner now;
    nanosleep(&pause, NULL);
    if (!read_owner(file, &now) || now.beats != found->beats || now.number != found->number) return true;
  }
  return false;
}

/* Whether the job of this owner has ended, or has been restarted as this job on another host. In both cases its last
 * ranks will end soon. */
static bool is_ending(const heat_lock *lock, const owner *found) {
  if (strcmp(found->job, "-") == 0) return false;
  if (strcmp(found->job, lock->job) == 0) return strcmp(found->host, lock->host) != 0;
  return heat_scheduler_job(found->job) == HEAT_JOB_GONE;
}

static void say_waiting(const owner *found) {
  fprintf(stderr, "heat2d: ranks of job %s, which has ended, are still at work on host %s: waiting for up to %g s\n",
          found->job, found->host, outlived_seconds);
}

/* Try to take the record lock. If its owner's job has ended, try for as long as ranks can outlive their job. */
static bool take_record_lock(const heat_lock *lock) {
  const struct timespec pause = {.tv_nsec = 500000000};
  bool waits = false;
  for (double waited = 0;; waited += (double)pause.tv_nsec / 1e9) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lock->file, F_SETLK, &whole) == 0) return true;
    const int error = errno;
    owner found;
    if ((error != EACCES && error != EAGAIN) || waited >= outlived_seconds || !read_owner(lock->file, &found) ||
        (!waits && !is_ending(lock, &found))) {
      errno = error;
      return false;
    }
    if (!waits) say_waiting(&found);
    waits = true;
    nanosleep(&pause, NULL);
  }
}

/* Wait until the heartbeat of an owner whose job has ended has stopped, but not without limit: the owner will find that
 * its lock has been taken. */
static void wait_for_the_last_beat(int file, const owner *found) {
  owner now = *found;
  bool said = false;
  for (double waited = 0; waited < outlived_seconds && beats(file, &now, quiet_seconds); waited += 1) {
    if (!read_owner(file, &now) || now.number != found->number) return;
    if (!said) say_waiting(found);
    said = true;
  }
}

/* On one host a free lock proves that the owner has ended. */
static bool is_ended_here(const heat_lock *lock, bool locked, const owner *found) {
  return locked && strcmp(lock->host, found->host) == 0;
}

/* Whether the owner that is named in the file has ended. No other process has the record lock; `locked` says that this
 * process has it, so that such locks work here. */
static bool owner_is_gone(const heat_lock *lock, bool locked, const owner *found, char *note, size_t size) {
  const char *proof = NULL;
  const heat_job_state job = strcmp(found->job, "-") != 0 ? heat_scheduler_job(found->job) : HEAT_JOB_UNKNOWN;
  if (is_ended_here(lock, locked, found))
    proof = "its process has ended";
  else if (job == HEAT_JOB_GONE) {
    wait_for_the_last_beat(lock->file, found);
    proof = "its job is no longer in the system";
  } else if (job == HEAT_JOB_PRESENT && strcmp(found->job, lock->job) != 0)
    return false;
  else if (!beats(lock->file, found, watch_seconds))
    proof = "it has no lock and its heartbeat has stopped";
  if (proof == NULL) return false;
  snprintf(note, size, "took over the directory from host %s, process %ld, job %s: %s", found->host, found->pid,
           found->job, proof);
  return true;
}

static uint64_t own_number(void) {
  uint64_t number = 0;
  const int random = open("/dev/urandom", O_RDONLY);
  const bool good = random >= 0 && read(random, &number, sizeof number) == sizeof number;
  if (random >= 0) close(random);
  return good ? number : (uint64_t)time(NULL) << 32 ^ (uint64_t)getpid();
}

/* Whether the file at the path of the lock is still the one that is open. */
static bool is_in_place(const heat_lock *lock) {
  struct stat by_path, open_file;
  return lstat(lock->path, &by_path) == 0 && fstat(lock->file, &open_file) == 0 && by_path.st_ino == open_file.st_ino &&
         by_path.st_dev == open_file.st_dev;
}

/* Whether it also contains this owner's number. Another host that checks the lock may have renamed it for a moment. */
static bool is_ours(const heat_lock *lock) {
  enum { LOOKS = 4 };
  const struct timespec pause = {.tv_nsec = 30000000};
  owner found;
  for (int look = 0; look < LOOKS; look++) {
    struct stat info;
    if (is_in_place(lock)) return read_owner(lock->file, &found) && found.number == lock->number;
    if (lstat(lock->path, &info) == 0) return false;
    nanosleep(&pause, NULL);
  }
  return false;
}

static heat_status just_begun(void) {
  return heat_fail(HEAT_IO, "another run has just begun in this directory");
}

static bool make_file(heat_lock *lock) {
  lock->file =
      open(lock->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  return lock->file >= 0;
}

/* Make the file, or open the existing one: not through a symbolic link, and no file that has other names, too. */
static heat_status open_file(heat_lock *lock, bool *made) {
  enum { ATTEMPTS = 100 };
  struct stat info;
  for (int n = 0; n < ATTEMPTS; n++) {
    *made = make_file(lock);
    if (*made) return heat_ok();
    if (errno != EEXIST) return failure(lock, "make");
    lock->file = open(lock->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (lock->file < 0 && errno == ELOOP) return heat_fail(HEAT_IO, "the lock '%s' is a symbolic link", lock->path);
    if (lock->file < 0 && errno != ENOENT) return failure(lock, "open");
    if (lock->file >= 0) break; /* otherwise its owner has just removed it */
  }
  if (lock->file < 0) return failure(lock, "open");
  if (fstat(lock->file, &info) != 0) return failure(lock, "look at");
  if (!S_ISREG(info.st_mode) || info.st_nlink > 1)
    return heat_fail(HEAT_IO, "the lock '%s' is not a regular file, or has other names, too", lock->path);
  return heat_ok();
}

static void close_file(heat_lock *lock) {
  if (lock->file >= 0) close(lock->file);
  lock->file = -1;
}

/* Replace the file of an owner that has ended (NULL: of no owner) by a file of this owner. Of several hosts that try,
 * the first that renames the old file succeeds; one that finds another owner in the file that it has renamed restores
 * it. */
static heat_status replace_file(heat_lock *lock, const owner *gone) {
  char aside[sizeof lock->path + 32];
  owner found;
  snprintf(aside, sizeof aside, "%s.%016" PRIx64, lock->path, lock->number);
  if (!is_in_place(lock) || rename(lock->path, aside) != 0) return just_begun();
  const int file = open(aside, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const bool owned = file >= 0 && read_owner(file, &found);
  const bool same = gone != NULL ? owned && found.number == gone->number : !owned;
  if (file >= 0) close(file);
  if (!same && link(aside, lock->path) != 0 && errno != EEXIST) rename(aside, lock->path);
  unlink(aside);
  close_file(lock);
  if (!same || !make_file(lock)) return just_begun();
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(lock->file, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN)) return just_begun();
  return heat_ok();
}

/* Whether another process writes its name into a file that is empty. */
static bool is_being_born(const heat_lock *lock) {
  const struct timespec pause = {.tv_nsec = 100000000};
  owner found;
  for (double waited = 0; waited < birth_seconds; waited += (double)pause.tv_nsec / 1e9) {
    if (read_owner(lock->file, &found) || !is_in_place(lock)) return true;
    nanosleep(&pause, NULL);
  }
  return false;
}

/* Take the file. *again tells that the file has changed meanwhile, and the caller has to try again. */
static heat_status seize(heat_lock *lock, bool *again, char *note, size_t size) {
  bool made;
  owner found;
  *again = false;
  heat_status status = open_file(lock, &made);
  if (status.code != HEAT_OK) return status;
  const bool locked = take_record_lock(lock);
  const bool refused = !locked && (errno == EACCES || errno == EAGAIN);
  if (made && !refused) return heat_ok();
  const bool owned = read_owner(lock->file, &found);
  if (refused) return owned ? held(lock, &found) : just_begun();
  *again = !is_in_place(lock); /* its last owner has removed it after it was opened and before it was locked */
  if (*again) return heat_ok();
  if (!owned) {
    *again = is_being_born(lock);
    return *again ? heat_ok() : replace_file(lock, NULL);
  }
  /* This also works on file systems without record locks. */
  if (!owner_is_gone(lock, locked, &found, note, size)) return held(lock, &found);
  return is_ended_here(lock, locked, &found) ? heat_ok() : replace_file(lock, &found);
}

static void *beat_on(void *context) {
  heat_lock *lock = context;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  pthread_mutex_lock(&lock->mutex);
  while (!lock->ends) {
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)beat_seconds;
    pthread_cond_timedwait(&lock->wake, &lock->mutex, &until);
    if (lock->ends) break;
    pthread_mutex_unlock(&lock->mutex); /* no other thread must wait for a file system that does not answer */
    const bool ours = is_ours(lock);
    lock->beats++;
    if (ours) write_owner(lock); /* a single heartbeat that cannot be written does not matter */
    pthread_mutex_lock(&lock->mutex);
    if (!ours) break; /* the run itself will find that the lock is lost */
  }
  pthread_mutex_unlock(&lock->mutex);
  return NULL;
}

/* Start the thread, which blocks all signals so that the main thread gets them. If there can be no thread, the run
 * writes the heartbeat when it polls. */
static void start_heart(heat_lock *lock) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_mutex_init(&lock->mutex, NULL);
  pthread_cond_init(&lock->wake, NULL);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  lock->beating = pthread_create(&lock->heart, NULL, beat_on, lock) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_heart(heat_lock *lock) {
  if (lock->beating) {
    pthread_mutex_lock(&lock->mutex);
    lock->ends = true;
    pthread_cond_signal(&lock->wake);
    pthread_mutex_unlock(&lock->mutex);
    pthread_join(lock->heart, NULL);
  }
  lock->beating = false;
  pthread_cond_destroy(&lock->wake);
  pthread_mutex_destroy(&lock->mutex);
}

heat_status heat_lock_take(heat_lock *lock, const char *directory, bool force, char *note, size_t size) {
  enum { ATTEMPTS = 20 };
  *lock = (heat_lock){.file = -1, .number = own_number()};
  heat_timestamp(lock->since);
  name_self(lock);
  note[0] = '\0';
  heat_status status = heat_directory_join(lock->path, sizeof lock->path, directory, ".heat2d.lock");
  if (status.code != HEAT_OK) return status;
  if (force) unlink(lock->path); /* an owner that still exists will find that its file does not exist */
  bool again = true;
  for (int n = 0; n < ATTEMPTS && again && status.code == HEAT_OK; n++) {
    close_file(lock);
    status = seize(lock, &again, note, size);
  }
  if (status.code == HEAT_OK && !again) status = write_owner(lock);
  if (status.code == HEAT_OK && (again || !is_ours(lock)))
    status = heat_fail(HEAT_IO, "another run has just ended or begun in '%s': try again", directory);
  if (status.code == HEAT_OK) {
    start_heart(lock);
  } else {
    close_file(lock);
    note[0] = '\0'; /* another run took over */
  }
  return status;
}

bool heat_lock_held(heat_lock *lock) {
  if (lock->file >= 0 && !is_ours(lock)) lock->lost = true;
  return !lock->lost;
}

bool heat_lock_agree(heat_lock *lock, MPI_Comm comm) {
  int lost = !heat_lock_held(lock);
  MPI_Bcast(&lost, 1, MPI_INT, 0, comm);
  lock->lost = lost != 0;
  return !lock->lost;
}

heat_lock_view heat_lock_look(const char *directory) {
  heat_lock_view view = {.age = -1};
  char path[HEAT_PATH], host[HOST] = "";
  struct stat info;
  owner found;
  if (heat_directory_join(path, sizeof path, directory, ".heat2d.lock").code != HEAT_OK) return view;
  const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return view;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode) && read_owner(file, &found)) {
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    const bool answered = fcntl(file, F_GETLK, &whole) == 0;
    view.there = true;
    view.held = answered && whole.l_type != F_UNLCK;
    view.here = answered && gethostname(host, sizeof host - 1) == 0 && strcmp(host, found.host) == 0;
    view.age = fmax(0, difftime(time(NULL), info.st_mtime));
    view.pid = found.pid;
    snprintf(view.host, sizeof view.host, "%s", found.host);
    snprintf(view.job, sizeof view.job, "%s", strcmp(found.job, "-") == 0 ? "" : found.job);
  }
  close(file);
  return view;
}

heat_status heat_lock_lost(const heat_lock *lock) {
  return heat_fail(HEAT_IO,
                   "the lock '%s' is no longer this run's: another one has taken over, or the directory was removed; "
                   "nothing more is written",
                   lock->path);
}

heat_status heat_lock_beat(heat_lock *lock) {
  if (lock->file < 0 || MPI_Wtime() < lock->next_beat) return heat_ok();
  lock->next_beat = MPI_Wtime() + beat_seconds;
  if (!heat_lock_held(lock)) return heat_lock_lost(lock);
  if (lock->beating) return heat_ok();
  lock->beats++;
  return write_owner(lock);
}

void heat_lock_release(heat_lock *lock) {
  if (lock->file < 0) return;
  stop_heart(lock);
  if (is_ours(lock)) unlink(lock->path);
  close_file(lock);
}
