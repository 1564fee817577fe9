/* The saver writes the checkpoints of a run. It knows when a checkpoint is due, writes it behind the steps (in a
 * thread, while the time steps go on) where memory allows a copy of the field, waits for it, and removes older
 * checkpoints.
 *
 *     heat_saver_save     copies the state; a thread begins to write the copy
 *     heat_saver_busy     is asked at every poll whether the thread is still writing
 *     heat_saver_finish   makes the rows of the CSV files durable, verifies the checkpoint, renames it,
 *                         and removes older checkpoints
 *
 * Only one checkpoint is written at a time. If one is due while the one before it is still being written, the steps
 * wait until that one is finished. */
#ifndef HEAT2D_SAVER_H
#define HEAT2D_SAVER_H

#include "heat2d/base/runtime.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/lock.h"
#include "outputs.h"

/* What a saver works with; all borrowed. */
typedef struct heat_saver_parts {
  heat_runtime *runtime;
  const heat_config *config;
  const heat_grid *grid;
  heat_stepper *stepper;
  heat_outputs *outputs;
  heat_lock *lock;
  const char *directory;
  const char *deck;       /* the text of the resolved deck */
  const heat_h5_way *way; /* how checkpoints are written */
  bool behind;            /* there is memory for a copy, and the transport can write it while the steps go on */
} heat_saver_parts;

/* How many checkpoints this process has written, and the time that they took, in s. */
typedef struct heat_saver_totals {
  int count;
  double at;      /* MPI_Wtime at the end of the latest checkpoint */
  double seconds; /* that the slowest rank spent on them, in the main thread or behind the steps */
  double waited;  /* for which the steps had to wait */
  heat_h5_times times;
} heat_saver_totals;

typedef struct heat_saver {
  heat_saver_parts parts;
  heat_cadence every;
  int64_t keep;
  bool final;           /* a checkpoint is written at the end of the run */
  char path[HEAT_PATH]; /* the newest whole checkpoint, or the one from which the run was resumed; "": none */
  int64_t last;         /* step of the newest whole checkpoint in the directory, -1: none */
  int64_t spare;        /* step of the checkpoint here that --resume=FILE names, which is never removed; -1: none */
  bool minutes_passed;  /* a checkpoint is due by checkpoint.every.minutes */
  heat_h5 file;         /* the file that is being written */
  int64_t writing;      /* the step of the checkpoint that is being written, -1: none */
  double waited;        /* s for which the steps have waited for it */
  bool disturbed;       /* the job was suspended while it was written */
  double slowest;       /* s that the slowest checkpoint took, without those that were disturbed */
  heat_saver_totals totals;
} heat_saver;

/* Make a saver for a run that was resumed from the checkpoint at `path`, or that starts anew where `path` is "". `last`
 * is the step of that checkpoint if it is in the run's own directory, and otherwise -1. Local. */
void heat_saver_create(heat_saver *saver, const heat_saver_parts *parts, const char *path, int64_t last);

/* For a run that is resumed from the file named by --resume=FILE: remove the later checkpoints of the directory, which
 * are no longer part of the run, and save the state of FILE in their place. This is done before the other files are cut
 * back to that step. If FILE is itself a checkpoint of the directory it is left as it is. HEAT_IO. Collective. */
heat_status heat_saver_take_place(heat_saver *saver, const heat_state *state, const char *named);

/* Whether a checkpoint is due at `step`. It may be due by the deck's cadence in steps; by the cadence in minutes, if
 * heat_saver_set_due was called with true; or because the next step is the last one and is shortened. In that case a
 * later run with a later end has to be resumed from the step before the shortened one. Local. */
bool heat_saver_due(const heat_saver *saver, const heat_clock *clock, int64_t step);

/* The first step after `step` at which a checkpoint is due by the cadence in steps, or before a shortened step. Local.
 */
int64_t heat_saver_next(const heat_saver *saver, const heat_clock *clock, int64_t step);

/* Whether the minutes between two checkpoints have passed by the clock of this rank; the ranks agree on the answer of
 * rank 0, which each then hands to the second function. Local. */
bool heat_saver_minutes_passed(const heat_saver *saver);
void heat_saver_set_due(heat_saver *saver, bool minutes_passed);

typedef enum heat_save_mode {
  HEAT_SAVE_BEHIND,  /* behind the steps, where memory allows */
  HEAT_SAVE_AT_ONCE, /* the checkpoint is whole when heat_saver_save returns; this holds for the two below as well */
  /* With the transport of the checkpoints behind the steps, if there is one, since it is known how long these take. */
  HEAT_SAVE_AT_DEADLINE,
  /* Somebody has asked the run to stop. If a checkpoint that takes long is being written it is finished, and no second
   * one is begun, since people would have to wait too long. */
  HEAT_SAVE_FOR_STOP
} heat_save_mode;

/* Wait for the checkpoint that is being written, if any, and then save `state` and the solution. Nothing is done if
 * that step has been saved already. HEAT_IO. Collective. */
heat_status heat_saver_save(heat_saver *saver, const heat_state *state, heat_save_mode mode);

/* Whether heat_saver_finish would have to wait. Local. */
bool heat_saver_busy(heat_saver *saver);

/* Wait for the checkpoint that is being written, if any, and finish it. If another run has taken over the directory,
 * the unfinished file is left as it is. HEAT_IO. Collective. */
heat_status heat_saver_finish(heat_saver *saver);

/* Take note that the job was suspended, so that the duration of the present checkpoint says nothing about later ones.
 * Local. */
void heat_saver_disturb(heat_saver *saver);

/* The number of bytes that checkpoints may still need on the disk, which other outputs have to leave free. `goes_on`
 * says that more steps follow. Local. */
double heat_saver_reserve(const heat_saver *saver, bool goes_on);

/* The duration of the slowest checkpoint so far, in s, or 0; and the same, or an estimate where there was none so far.
 * Local. */
double heat_saver_slowest(const heat_saver *saver);
double heat_saver_expected(const heat_saver *saver);

bool heat_saver_saves_end(const heat_saver *saver);          /* checkpoint.final of the deck. Local. */
int64_t heat_saver_last(const heat_saver *saver);            /* step of the newest whole checkpoint. Local. */
const char *heat_saver_path(const heat_saver *saver);        /* path of that checkpoint, or "". Local. */
heat_saver_totals heat_saver_spent(const heat_saver *saver); /* Local. */

#endif
