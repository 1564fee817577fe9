#include "heat2d/base/stall.h"

#include "heat2d/base/status.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const double usual_limit = 300; /* s */
static const double slowest_times = 5; /* a call that takes this many times longer than any before is taken to hang */
static const double interval = 0.25;   /* s between two checks */
static const double longest_interval = 2; /* s; a longer pause means that the job was suspended */
/* Usually all ranks wait for the same one. Higher ranks wait longer, so that one rank prints its message and ends the
 * others before they print theirs. */
static const double between_ranks = 2, most_between_ranks = 30; /* s */

static double now(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

/* The call of record->last_word, made by a thread of its own. */
typedef struct last_word {
  const heat_stall_record *record;
  const char *why;
  pthread_mutex_t lock;
  pthread_cond_t said;
  bool done;
} last_word;

static void *say(void *context) {
  last_word *word = context;
  word->record->last_word(word->record->context, word->why);
  pthread_mutex_lock(&word->lock);
  word->done = true;
  pthread_cond_signal(&word->said);
  pthread_mutex_unlock(&word->lock);
  return NULL;
}

/* Call record->last_word, and wait for it only for a short time, because it may use the file system that hangs. */
static void wait_for(last_word *word) {
  const time_t patience = 2; /* s */
  pthread_t thread;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += patience;
  pthread_mutex_lock(&word->lock);
  if (pthread_create(&thread, NULL, say, word) != 0) return;
  while (!word->done && pthread_cond_timedwait(&word->said, &word->lock, &until) == 0) {
  }
}

/* Write the file that tells the other members of a sweep that this one hangs, and wait until they end this process. */
static void wait_for_others(const heat_stall *guard, const char *note) {
  FILE *file = fopen(note, "w");
  if (file == NULL) return;
  fprintf(file, "it hangs: rank %d has waited for %.0f s in %s of '%.700s'", guard->rank, guard->waited, guard->call,
          guard->path);
  fclose(file);
  for (;;) pause();
}

/* The process ends in this function, so that nothing has to be freed. */
static void end_all(const heat_stall *guard) {
  const char *note = getenv("HEAT2D_STALL_NOTE");
  if (note != NULL) wait_for_others(guard, note);
  char why[HEAT_STATUS_TEXT];
  snprintf(why, sizeof why,
           "rank %d has waited for %.0f s in %s of '%.600s': all ranks end here, the last checkpoint is whole "
           "(HEAT2D_STALL is the limit in s)",
           guard->rank, guard->waited, guard->call, guard->path);
  fprintf(stderr, "heat2d: %s\n", why);
  fflush(stderr);
  last_word word = {
      .record = guard->record, .why = why, .lock = PTHREAD_MUTEX_INITIALIZER, .said = PTHREAD_COND_INITIALIZER};
  if (word.record != NULL && word.record->last_word != NULL) wait_for(&word);
  _exit(HEAT_IO);
}

static void *watch(void *context) {
  heat_stall *guard = context;
  double before = now(CLOCK_MONOTONIC);
  pthread_mutex_lock(&guard->lock);
  while (!guard->ending) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(1e9 * interval);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&guard->changed, &guard->lock, &until);
    const double at = now(CLOCK_MONOTONIC);
    guard->waited += fmin(at - before, longest_interval);
    before = at;
    if (!guard->ending && guard->call != NULL && guard->waited > guard->limit) end_all(guard);
  }
  pthread_mutex_unlock(&guard->lock);
  return NULL;
}

void heat_stall_begin(heat_stall *guard, int rank, const char *path, heat_stall_record *record) {
  const char *text = getenv("HEAT2D_STALL");
  char *end = NULL;
  const double asked = text != NULL ? strtod(text, &end) : usual_limit;
  const bool number = text == NULL || (end != text && *end == '\0' && asked >= 0);
  *guard = (heat_stall){.rank = rank, .path = path, .limit = number ? asked : usual_limit, .record = record};
  if (guard->limit == 0) return;
  if (record != NULL) guard->limit = fmax(guard->limit, slowest_times * record->slowest);
  guard->limit += fmin(between_ranks * rank, most_between_ranks);
  pthread_mutex_init(&guard->lock, NULL);
  pthread_cond_init(&guard->changed, NULL);
  /* The thread blocks all signals, so that they are delivered to the main thread, which handles them. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  guard->running = pthread_create(&guard->thread, NULL, watch, guard) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void heat_stall_enter(heat_stall *guard, const char *call) {
  if (!guard->running) return;
  pthread_mutex_lock(&guard->lock);
  if (guard->record != NULL && guard->call != NULL)
    guard->record->slowest = fmax(guard->record->slowest, guard->waited);
  guard->call = call;
  guard->waited = 0;
  pthread_mutex_unlock(&guard->lock);
}

void heat_stall_end(heat_stall *guard) {
  if (!guard->running) return;
  pthread_mutex_lock(&guard->lock);
  guard->ending = true;
  pthread_cond_signal(&guard->changed);
  pthread_mutex_unlock(&guard->lock);
  pthread_join(guard->thread, NULL);
  pthread_mutex_destroy(&guard->lock);
  pthread_cond_destroy(&guard->changed);
  guard->running = false;
}
