#include "heat2d/lock.h"

#include "heat2d/directory.h"
#include "heat2d/runtime.h"
#include "heat2d/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 768, HOST = 256, JOB = 256 };
static const double beat_seconds = 1;
static const double watch_seconds = 10;    /* of an owner of whom only the heart can be watched */
static const double quiet_seconds = 3;     /* without a beat, of an owner whose job is gone */
static const double outlived_seconds = 30; /* by which ranks can outlive their job */

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

static heat_status write_owner(heat_lock *lock) {
  char text[TEXT], host[HOST] = "?";
  gethostname(host, sizeof host - 1);
  const char *job = heat_job()[0] != '\0' ? heat_job() : "-";
  const int length = snprintf(
      text, sizeof text, "host %.255s\npid %ld\njob %.255s\nsince %s\nnumber %016" PRIx64 "\nbeats %020" PRId64 "\n",
      host, (long)getpid(), job, lock->since, lock->number, lock->beats);
  if (length < 0 || (size_t)length >= sizeof text) return heat_fail(HEAT_IO, "the lock's text is too long");
  if (pwrite(lock->file, text, (size_t)length, 0) != length || ftruncate(lock->file, length) != 0)
    return failure(lock, "write");
  return heat_ok();
}

static heat_status held(const heat_lock *lock, const owner *found) {
  return heat_fail(
      HEAT_IO,
      "another run works in this directory: host %s, process %ld, job %s, since %s (lock '%s'; if you know "
      "that it is gone: --force-unlock)",
      found->host, found->pid, found->job, found->since, lock->path);
}

/* Whether the heart of an owner beats within so many seconds. */
static bool beats(int file, const owner *found, double seconds) {
  const struct timespec pause = {.tv_sec = 1};
  for (double waited = 0; waited < seconds; waited += 1) {
    owner now;
    nanosleep(&pause, NULL);
    if (!read_owner(file, &now) || now.beats != found->beats || now.number != found->number) return true;
  }
  return false;
}

/* Whether this owner's job was ended, or started again as ours on another host: then its last ranks soon end as well.
 */
static bool is_ending(const owner *found) {
  char host[HOST] = "?";
  gethostname(host, sizeof host - 1);
  if (strcmp(found->job, "-") == 0) return false;
  if (strcmp(found->job, heat_job()) == 0) return strcmp(found->host, host) != 0;
  return heat_scheduler_job(found->job) == HEAT_JOB_GONE;
}

static void say_waiting(const owner *found) {
  fprintf(stderr, "heat2d: ranks of job %s, which has ended, are still at work on host %s: waiting for up to %g s\n",
          found->job, found->host, outlived_seconds);
}

/* Try for the record lock; while an owner has it whose job is gone, for as long as ranks outlive their job. */
static bool take_record_lock(int file) {
  const struct timespec pause = {.tv_nsec = 500000000};
  bool waits = false;
  for (double waited = 0;; waited += (double)pause.tv_nsec / 1e9) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_SETLK, &whole) == 0) return true;
    const int error = errno;
    owner found;
    if ((error != EACCES && error != EAGAIN) || waited >= outlived_seconds || !read_owner(file, &found) ||
        (!waits && !is_ending(&found))) {
      errno = error;
      return false;
    }
    if (!waits) say_waiting(&found);
    waits = true;
    nanosleep(&pause, NULL);
  }
}

/* Wait until the heart of an owner whose job is gone has stopped, and not for ever: it finds its lock taken. */
static void wait_for_the_last_beat(int file, const owner *found) {
  owner now = *found;
  bool said = false;
  for (double waited = 0; waited < outlived_seconds && beats(file, &now, quiet_seconds); waited += 1) {
    if (!read_owner(file, &now) || now.number != found->number) return;
    if (!said) say_waiting(found);
    said = true;
  }
}

/* Nobody else has the record lock; `locked`: we do, so there are such locks here. Is the one who wrote himself into the
 * file gone? */
static bool owner_is_gone(int file, bool locked, const owner *found, char *note, size_t size) {
  char host[HOST] = "?";
  gethostname(host, sizeof host - 1);
  const char *proof = NULL;
  const heat_job_state job = strcmp(found->job, "-") != 0 ? heat_scheduler_job(found->job) : HEAT_JOB_UNKNOWN;
  if (locked && strcmp(host, found->host) == 0)
    proof = "its process has ended"; /* one kernel: a free lock is proof */
  else if (job == HEAT_JOB_GONE) {
    wait_for_the_last_beat(file, found);
    proof = "its job is no longer in the system";
  } else if (job == HEAT_JOB_PRESENT && strcmp(found->job, heat_job()) != 0)
    return false;
  else if (!beats(file, found, watch_seconds))
    proof = "it has no lock and its heart does not beat";
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

/* Whether the file at the lock's path still is the one that is open, with this owner's number in it. */
static bool is_ours(const heat_lock *lock) {
  struct stat by_path, open_file;
  owner found;
  return stat(lock->path, &by_path) == 0 && fstat(lock->file, &open_file) == 0 && by_path.st_ino == open_file.st_ino &&
         by_path.st_dev == open_file.st_dev && read_owner(lock->file, &found) && found.number == lock->number;
}

heat_status heat_lock_take(heat_lock *lock, const char *directory, bool force, char *note, size_t size) {
  *lock = (heat_lock){.file = -1, .number = own_number()};
  heat_timestamp(lock->since);
  note[0] = '\0';
  heat_status status = heat_directory_join(lock->path, sizeof lock->path, directory, ".heat2d.lock");
  if (status.code != HEAT_OK) return status;
  if (force) unlink(lock->path); /* an owner that is still there finds that its file has gone */
  lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  if (lock->file < 0) return failure(lock, "open");
  owner found;
  const bool locked = take_record_lock(lock->file);
  if (!locked && (errno == EACCES || errno == EAGAIN)) {
    status = read_owner(lock->file, &found) ? held(lock, &found)
                                            : heat_fail(HEAT_IO, "another run has just begun in this directory");
  } else if (read_owner(lock->file, &found) && !owner_is_gone(lock->file, locked, &found, note, size)) {
    status = held(lock, &found); /* also where record locks are not supported at all */
  }
  if (status.code == HEAT_OK) status = write_owner(lock);
  /* Its last owner may have removed the file between our opening and our locking it. */
  if (status.code == HEAT_OK && !is_ours(lock))
    status = heat_fail(HEAT_IO, "another run has just ended or begun in '%s': try again", directory);
  if (status.code != HEAT_OK) {
    close(lock->file);
    lock->file = -1;
  }
  return status;
}

bool heat_lock_held(heat_lock *lock) {
  if (lock->file >= 0 && !is_ours(lock)) lock->lost = true;
  return !lock->lost;
}

heat_status heat_lock_lost(const heat_lock *lock) {
  return heat_fail(HEAT_IO,
                   "the lock '%s' is no longer this run's: another one has taken over, or the directory is gone; "
                   "nothing more is written",
                   lock->path);
}

heat_status heat_lock_beat(heat_lock *lock) {
  if (lock->file < 0 || MPI_Wtime() < lock->next_beat) return heat_ok();
  lock->next_beat = MPI_Wtime() + beat_seconds;
  if (!heat_lock_held(lock)) return heat_lock_lost(lock);
  lock->beats++;
  return write_owner(lock);
}

void heat_lock_release(heat_lock *lock) {
  if (lock->file < 0) return;
  if (is_ours(lock)) unlink(lock->path);
  close(lock->file);
  lock->file = -1;
}
