#include "watch.h"

#include "heat2d/io/directory.h"
#include "heat2d/io/recognise.h"
#include "heat2d/numerics/operator.h"

#include <math.h>

enum { MOST_STEPS = 4096 }; /* between two polls */

static const double poll_seconds = 0.5, poll_seconds_most = 1;
static const double margin_seconds = 1; /* kept free before the deadline */

void heat_watch_create(heat_watch *watch, heat_runtime *runtime, heat_lock *lock, const heat_options *options) {
  *watch = (heat_watch){.runtime = runtime, .lock = lock, .poll_interval = 1, .asked = -INFINITY, .asked_for = -1};
  if (options->member != NULL)
    watch->stop = options->member->stop;
  else
    heat_stop_set_deadline(&watch->stop, runtime->rank, runtime->started, options->walltime);
  heat_stop_prepare();
}

void heat_watch_refuse(const heat_watch *watch, const char *why) {
  const unsigned late = watch->runtime->rank == 0 ? heat_request_take(watch->directory) : 0;
  for (int n = 0; n < HEAT_REQUESTS; n++)
    if ((late >> n & 1) != 0)
      heat_runtime_say(watch->runtime, "request     %s: not obeyed, %s\n", heat_request_words[n], why);
}

heat_status heat_watch_directory(heat_watch *watch, const char *directory) {
  watch->directory = directory;
  if (watch->runtime->rank != 0) return heat_ok();
  heat_watch_refuse(watch, "it is from before this run");
  char *file = watch->stop.file;
  const heat_status status = heat_directory_join(file, sizeof watch->stop.file, directory, "STOP");
  if (status.code == HEAT_OK && heat_recognise(file) == HEAT_ORIGIN_NO_FILE)
    heat_runtime_say(watch->runtime, "'%s' %s: not taken for a request to stop\n", file, heat_recognise_text(file));
  return status;
}

/* Choose the number of steps until the next poll from the time that the last ones took on the slowest rank. If one
 * interval takes much longer than any before it, that is taken for an accident and not counted the first time. */
static void count_interval(heat_watch *watch, double seconds, int64_t steps) {
  const double odd_seconds = 3, odd_ratio = 5;
  const bool odd = watch->slowest_steps > 0 && seconds > fmax(odd_seconds, odd_ratio * watch->slowest_steps);
  if (seconds > watch->slowest_steps && (!odd || watch->odd_interval)) watch->slowest_steps = seconds;
  watch->odd_interval = odd;
  if (steps == 0 || seconds <= 0) return;
  const double each = seconds / (double)steps, most = 2.0 * (double)watch->poll_interval;
  double fit = poll_seconds / each;
  if (fit < HEAT_BATCH && HEAT_BATCH * each <= poll_seconds_most) fit = HEAT_BATCH; /* the best number to be fused */
  watch->poll_interval = (int64_t)fmax(1, fmin(fmin(fit, most), MOST_STEPS));
  if (watch->poll_interval > HEAT_BATCH) watch->poll_interval -= watch->poll_interval % HEAT_BATCH;
}

/* Agree on the times that steps and outputs took. An interval in which the job was suspended is not counted, since it
 * says nothing about the next one. Collective. */
static void agree_on_pace(heat_watch *watch, heat_saver *saver, const heat_interval *interval) {
  enum { STEPS, OUTPUTS, CONTINUED, PACES };
  double pace[PACES] = {
      [STEPS] = interval->seconds, [OUTPUTS] = watch->output_seconds, [CONTINUED] = heat_stop_continued()};
  watch->output_seconds = 0;
  MPI_Allreduce(MPI_IN_PLACE, pace, PACES, MPI_DOUBLE, MPI_MAX, watch->runtime->comm);
  if (pace[CONTINUED] > 0) {
    heat_stop_ask_again(&watch->stop, watch->runtime->rank);
    heat_saver_disturb(saver);
  } else {
    count_interval(watch, pace[STEPS], interval->steps);
    watch->slowest_outputs = fmax(watch->slowest_outputs, pace[OUTPUTS]);
  }
}

/* The number of seconds before the deadline at which the run has to stop: one checkpoint and the outputs may be due
 * before the next poll, and once more at the stop. */
static double needed_seconds(const heat_watch *watch, const heat_saver *saver) {
  return 2 * (heat_saver_expected(saver) + watch->slowest_outputs) + watch->slowest_steps + margin_seconds;
}

heat_status heat_watch_poll(heat_watch *watch, heat_saver *saver, heat_status status, heat_interval *interval) {
  enum { CODE, REASON, SAVE, BUSY, NOT_WHOLE, REQUESTS, ITEMS };
  const heat_runtime *runtime = watch->runtime;
  agree_on_pace(watch, saver, interval);
  status = heat_first(status, heat_lock_beat(watch->lock));
  double items[ITEMS] = {[CODE] = status.code, [NOT_WHOLE] = !interval->whole};
  items[REASON] = heat_stop_asked(&watch->stop, runtime->rank, needed_seconds(watch, saver));
  items[SAVE] = runtime->rank == 0 && heat_saver_minutes_passed(saver);
  items[BUSY] = heat_saver_busy(saver);
  if (runtime->rank == 0 && watch->directory != NULL) items[REQUESTS] = heat_request_take(watch->directory);
  MPI_Allreduce(MPI_IN_PLACE, items, ITEMS, MPI_DOUBLE, MPI_MAX, runtime->comm);
  if (items[CODE] > HEAT_OK) {
    interval->whole = items[NOT_WHOLE] == 0 && heat_lock_agree(watch->lock, runtime->comm);
    return heat_agree(runtime->comm, status);
  }
  watch->reason = (heat_stop_reason)items[REASON];
  watch->requests = (unsigned)items[REQUESTS];
  heat_saver_set_due(saver, items[SAVE] > 0);
  interval->whole = false; /* if the checkpoint fails below it is not tried again */
  return items[BUSY] > 0 ? heat_ok() : heat_saver_finish(saver);
}

bool heat_watch_asks_now(heat_watch *watch, const heat_saver *saver) {
  const double now = MPI_Wtime();
  if (now - watch->asked < poll_seconds) return false;
  watch->asked = now;
  return heat_stop_asked(&watch->stop, watch->runtime->rank, needed_seconds(watch, saver)) != HEAT_STOP_NONE;
}

int64_t heat_watch_interval(const heat_watch *watch) {
  return watch->poll_interval;
}

heat_stop_reason heat_watch_reason(const heat_watch *watch) {
  return watch->reason;
}

bool heat_watch_requested(const heat_watch *watch, heat_request request) {
  return (watch->requests >> request & 1) != 0;
}

void heat_watch_count_outputs(heat_watch *watch, double seconds) {
  watch->output_seconds += seconds;
}

double heat_watch_slowest(const heat_watch *watch) {
  return fmax(watch->slowest_steps, watch->slowest_outputs);
}

void heat_watch_obeyed(const heat_watch *watch) {
  heat_stop_obeyed(&watch->stop);
}
