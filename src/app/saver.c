#include "saver.h"

#include "heat2d/app/stop.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/h5_way.h"

#include <math.h>
#include <string.h>

/* The smallest checkpoint.keep with which the checkpoint before a shortened last step is not removed when the one of
 * the end is written. */
enum { REPLACED_KEPT = 2 };

static const double long_save = 4; /* s: who asks for a stop should not have to wait for two checkpoints this long */
static const double slow_disk = 100e6; /* bytes per second, assumed until a checkpoint has been timed */

static MPI_Comm comm_of(const heat_saver *saver) {
  return saver->parts.runtime->comm;
}

void heat_saver_create(heat_saver *saver, const heat_saver_parts *parts, const char *path, int64_t last) {
  *saver = (heat_saver){.parts = *parts,
                        .every = heat_config_cadence(parts->config, "checkpoint.every"),
                        .keep = heat_config_integer(parts->config, "checkpoint.keep"),
                        .final = heat_config_boolean(parts->config, "checkpoint.final"),
                        .last = last,
                        .spare = -1,
                        .writing = -1,
                        .totals = {.at = MPI_Wtime()}};
  snprintf(saver->path, sizeof saver->path, "%s", path);
}

heat_status heat_saver_take_place(heat_saver *saver, const heat_state *state, const char *named) {
  const heat_runtime *runtime = saver->parts.runtime;
  const char *directory = saver->parts.directory;
  char path[HEAT_PATH];
  heat_checkpoint_name(path, directory, state->step);
  int here = runtime->rank == 0 && heat_directory_same(path, named);
  MPI_Bcast(&here, 1, MPI_INT, 0, runtime->comm);
  if (!here) return heat_saver_save(saver, state, HEAT_SAVE_AT_ONCE);
  saver->spare = saver->last = state->step;
  const heat_status status =
      runtime->rank == 0 ? heat_checkpoint_prune(directory, state->step, saver->keep, saver->spare) : heat_ok();
  return heat_agree(runtime->comm, status);
}

/* Whether a checkpoint is written before a shortened last step, from which a run with a later end can be resumed. */
static bool saves_before_short(const heat_saver *saver, const heat_clock *clock) {
  return heat_clock_short(clock) && saver->keep >= REPLACED_KEPT && saver->final;
}

bool heat_saver_due(const heat_saver *saver, const heat_clock *clock, int64_t step) {
  const heat_cadence by_steps = {.steps = saver->every.steps};
  return saver->minutes_passed || (step == clock->last - 1 && saves_before_short(saver, clock)) ||
         heat_clock_next(clock, by_steps, step - 1) == step;
}

int64_t heat_saver_next(const heat_saver *saver, const heat_clock *clock, int64_t step) {
  const heat_cadence by_steps = {.steps = saver->every.steps};
  const int64_t next = heat_clock_next(clock, by_steps, step), before_last = clock->last - 1;
  return heat_clock_short(clock) && step < before_last && before_last < next ? before_last : next;
}

bool heat_saver_minutes_passed(const heat_saver *saver) {
  const double seconds = saver->every.minutes * 60;
  return seconds > 0 && MPI_Wtime() - saver->totals.at >= seconds;
}

void heat_saver_set_due(heat_saver *saver, bool minutes_passed) {
  saver->minutes_passed = minutes_passed;
}

heat_status heat_saver_save(heat_saver *saver, const heat_state *state, heat_save_mode mode) {
  const bool was_writing = saver->writing >= 0;
  const heat_status status = heat_saver_finish(saver);
  if (status.code != HEAT_OK || saver->last == state->step) return status;
  if (mode == HEAT_SAVE_FOR_STOP && was_writing && saver->slowest > long_save) return status;
  const heat_saver_parts *parts = &saver->parts;
  const heat_activity before = heat_runtime_enter(parts->runtime, HEAT_FILES);
  const double start = MPI_Wtime();
  const char *slash = strrchr(saver->path, '/');
  const bool behind = parts->behind && mode == HEAT_SAVE_BEHIND;
  const heat_h5_way way =
      behind || (parts->behind && mode == HEAT_SAVE_AT_DEADLINE) ? heat_h5_way_behind(parts->way) : *parts->way;
  const heat_checkpoint_place place = {.directory = parts->directory,
                                       .deck = parts->deck,
                                       .parent = slash != NULL ? slash + 1 : saver->path,
                                       .behind = behind,
                                       .way = &way};
  heat_checkpoint_begin(&saver->file, &place, parts->stepper, state);
  saver->writing = state->step;
  saver->disturbed = false;
  saver->minutes_passed = false;
  saver->waited = MPI_Wtime() - start;
  saver->totals.at = MPI_Wtime();
  heat_runtime_enter(parts->runtime, before);
  return behind ? heat_ok() : heat_saver_finish(saver);
}

bool heat_saver_busy(heat_saver *saver) {
  return saver->writing >= 0 && heat_h5_busy(&saver->file);
}

/* Add the times of the checkpoint that has just been finished to the totals. `waited` is the time for which the steps
 * have waited for its end, in s. Collective. */
static void count_save(heat_saver *saver, double waited) {
  heat_saver_totals *totals = &saver->totals;
  double spent[] = {0, saver->disturbed || heat_stop_continued()}; /* s of this rank's work; was it disturbed? */
  for (int phase = 0; phase < HEAT_H5_PHASES; phase++) {
    totals->times.seconds[phase] += saver->file.times.seconds[phase];
    spent[0] += saver->file.times.seconds[phase];
  }
  MPI_Allreduce(MPI_IN_PLACE, spent, 2, MPI_DOUBLE, MPI_MAX, comm_of(saver));
  totals->waited += saver->waited + waited;
  totals->seconds += spent[0];
  totals->count++;
  totals->at = MPI_Wtime();
  if (spent[0] > saver->slowest && spent[1] == 0) saver->slowest = spent[0];
}

heat_status heat_saver_finish(heat_saver *saver) {
  if (saver->writing < 0) return heat_ok();
  const heat_saver_parts *parts = &saver->parts;
  const heat_activity before = heat_runtime_enter(parts->runtime, HEAT_FILES);
  const double start = MPI_Wtime();
  heat_status status;
  if (heat_lock_agree(parts->lock, comm_of(saver))) {
    saver->file.status = heat_first(saver->file.status, heat_outputs_sync(parts->outputs));
    status = heat_checkpoint_end(&saver->file, parts->directory, saver->writing, saver->keep, saver->spare);
    if (status.code == HEAT_OK) {
      heat_checkpoint_name(saver->path, parts->directory, saver->writing);
      saver->last = saver->writing;
    }
    count_save(saver, MPI_Wtime() - start);
  } else {
    heat_h5_abandon(&saver->file);
    status = heat_lock_lost(parts->lock);
  }
  saver->writing = -1;
  heat_runtime_enter(parts->runtime, before);
  return status;
}

void heat_saver_disturb(heat_saver *saver) {
  saver->disturbed = true;
}

double heat_saver_reserve(const heat_saver *saver, bool goes_on) {
  enum { BYTES_BESIDE = 1 << 16 }; /* of a file, beside the field and the heat through its sides */
  const heat_grid *grid = saver->parts.grid;
  const int64_t *cells = grid->layout.cells;
  const double whole = (double)heat_box_cells(grid->domain), edges = (double)(cells[HEAT_X] + cells[HEAT_Y]);
  const double checkpoint = (whole + 2 * edges) * sizeof(double) + BYTES_BESIDE;
  const bool more = goes_on && (saver->every.steps > 0 || saver->every.minutes > 0);
  double needed = 0;
  if (more || saver->final) needed += checkpoint;
  if (saver->writing >= 0) needed += checkpoint; /* its bytes may not have been allocated on the disk so far */
  return needed;
}

double heat_saver_slowest(const heat_saver *saver) {
  return saver->slowest;
}

double heat_saver_expected(const heat_saver *saver) {
  const double bytes = (double)heat_box_cells(saver->parts.grid->domain) * sizeof(double);
  return saver->slowest > 0 ? saver->slowest : bytes / slow_disk;
}

bool heat_saver_saves_end(const heat_saver *saver) {
  return saver->final;
}

int64_t heat_saver_last(const heat_saver *saver) {
  return saver->last;
}

const char *heat_saver_path(const heat_saver *saver) {
  return saver->path;
}

heat_saver_totals heat_saver_spent(const heat_saver *saver) {
  return saver->totals;
}
