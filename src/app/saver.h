/* Checkpoints of a run: when one is due, writing it while the steps go on (behind the steps) where memory allows,
 * waiting for it, and removing older ones.
 *
 *     heat_saver_save     the state is copied; a thread writes the copy while the steps go on
 *     heat_saver_busy     asked at every poll
 *     heat_saver_finish   rows of the CSV files durable -> file whole, under its name -> older ones removed
 *
 * One file is written at a time. If a checkpoint is due while the one before it is still being written, it waits until
 * that one is finished, and so do the steps. */
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
  const char *deck;       /* the resolved one */
  const heat_h5_way *way; /* how they are written */
  bool behind;            /* there is memory for a copy, and the transport can write it while the steps go on */
} heat_saver_parts;

/* What the checkpoints of a process have cost, s. */
typedef struct heat_saver_totals {
  int count;
  double at;      /* MPI_Wtime of the end of the latest one */
  double seconds; /* of the slowest rank's work, wherever that was done */
  double waited;  /* that the steps had to wait */
  heat_h5_times times;
} heat_saver_totals;

typedef struct heat_saver {
  heat_saver_parts parts;
  heat_cadence every;
  int64_t keep;
  bool final;           /* the end of the run is saved */
  char path[HEAT_PATH]; /* of the newest whole checkpoint, or of the one that the run goes on from; "": none */
  int64_t last;         /* step of the newest whole one in the directory, -1: none */
  int64_t spare;        /* step of the one here that --resume named, which stays; -1: none */
  bool minutes_passed;  /* since the last one, as many as checkpoint.every says */
  heat_h5 file;         /* that is being written */
  int64_t writing;      /* its step, -1: none */
  double waited;        /* s that the steps have waited for it */
  bool disturbed;       /* the job was suspended meanwhile */
  double slowest;       /* s; of those that were not disturbed */
  heat_saver_totals totals;
} heat_saver;

/* A saver of a run that goes on from the checkpoint at `path`, or anew where that is "". `last`: that checkpoint's step
 * if it is one of this directory, else -1. Local. */
void heat_saver_create(heat_saver *saver, const heat_saver_parts *parts, const char *path, int64_t last);

/* A run that goes on from the file that --resume=FILE names has no use for the later checkpoints of its directory: save
 * FILE's state in their place, before the other files are cut back to its step. Where FILE is a checkpoint of this
 * directory it stays as it is. HEAT_IO. Collective. */
heat_status heat_saver_take_place(heat_saver *saver, const heat_state *state, const char *named);

/* Whether a checkpoint is due at `step`: by the deck's cadence in steps; by the one in minutes, if heat_saver_set_due
 * has said so; or because the last step, which is to follow, is a shortened one: a longer run would not pass its end,
 * and goes on from here. Local. */
bool heat_saver_due(const heat_saver *saver, const heat_clock *clock, int64_t step);

/* The first step after `step` at which one is due by steps or before a shortened step. Local. */
int64_t heat_saver_next(const heat_saver *saver, const heat_clock *clock, int64_t step);

/* Whether the minutes between two checkpoints have passed, as rank 0 sees it; and what all ranks have agreed on. Local.
 */
bool heat_saver_minutes_passed(const heat_saver *saver);
void heat_saver_set_due(heat_saver *saver, bool minutes_passed);

typedef enum heat_save_mode {
  HEAT_SAVE_BEHIND,  /* the steps go on meanwhile, where memory allows */
  HEAT_SAVE_AT_ONCE, /* it is whole when heat_saver_save returns, and so with the others below */
  /* By the same transport as those behind the steps, if there are such: how long it takes is known from them. */
  HEAT_SAVE_AT_DEADLINE,
  /* Somebody asks for a stop. If a checkpoint that takes long is being written just now, it is finished and no other is
   * begun: a second one would take longer than people wait. */
  HEAT_SAVE_FOR_STOP
} heat_save_mode;

/* Save `state` and the solution, once the checkpoint before it is finished; nothing is done where that step is saved
 * already. HEAT_IO. Collective. */
heat_status heat_saver_save(heat_saver *saver, const heat_state *state, heat_save_mode mode);

/* Whether heat_saver_finish would have to wait. Local. */
bool heat_saver_busy(heat_saver *saver);

/* Wait for the checkpoint that is being written, if there is one, and finish it. In a directory that another run has
 * taken over it is left as it is. HEAT_IO. Collective. */
heat_status heat_saver_finish(heat_saver *saver);

/* The job was suspended: how long the present checkpoint takes says nothing about others. Local. */
void heat_saver_disturb(heat_saver *saver);

/* Bytes that checkpoints may still need on the disk, so that other files must leave them free; `goes_on`: steps follow.
 * Local. */
double heat_saver_reserve(const heat_saver *saver, bool goes_on);

/* How long a checkpoint takes: the slowest so far, 0 without any; an estimate where there is none, s. Local. */
double heat_saver_slowest(const heat_saver *saver);
double heat_saver_expected(const heat_saver *saver);

bool heat_saver_saves_end(const heat_saver *saver);          /* checkpoint.final of the deck. Local. */
int64_t heat_saver_last(const heat_saver *saver);            /* step of the newest whole one. Local. */
const char *heat_saver_path(const heat_saver *saver);        /* its path, or "". Local. */
heat_saver_totals heat_saver_spent(const heat_saver *saver); /* Local. */

#endif
