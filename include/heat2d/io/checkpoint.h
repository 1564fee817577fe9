/* Checkpoints: the whole state of a run in one file. A run that is resumed from it, on any number of ranks, gives the
 * same bits.
 *
 * The file contains /temperature [ny][nx] in float64, and /wall_heat_<side>, the heat that has entered through each
 * face of a wall (left, right by rows; bottom, top by columns; J/m). Attributes of the root are wall_heat_<side>, the
 * sum over that side; time, step, dt, and the clock's anchor; the heat and the temperatures at the start; the exact sum
 * of the sources; whether the run ended here as steady; the resolved deck; `inputs`, the digests of its field files;
 * and the origin of the file. The newest `keep` checkpoints are kept; an older one is removed only after a newer one
 * has been renamed to its final name. */
#ifndef HEAT2D_CHECKPOINT_H
#define HEAT2D_CHECKPOINT_H

#include "heat2d/io/h5_file.h"
#include "heat2d/numerics/stepper.h"

typedef struct heat_state {
  int64_t step;
  double time, dt;    /* s */
  double anchor_time; /* see clock.h */
  int64_t anchor_step;
  double energy_start;          /* energy of the initial field, J/m */
  double size_start;            /* and its sum of |rho c_p u|, J/m */
  double low_start, high_start; /* its lowest and highest temperature, K; NAN: unknown */
  int64_t pictures;             /* number of pictures drawn so far; if there are any: */
  double shown_low, shown_high; /* range of their colours, K */
  heat_control control;         /* state of error control; all 0 without it */
  bool outputs_pending;         /* the outputs of this step have not been written, because the disk was full */
  bool steady;                  /* the run ended here as steady */
  bool truncated_step;          /* reached by a shortened last step, which a longer run would not take */
} heat_state;

/* Where and how a checkpoint is written. All borrowed. */
typedef struct heat_checkpoint_place {
  const char *directory;
  const char *deck;       /* the resolved deck */
  const char *parent;     /* the checkpoint from which this run was resumed, or "" */
  bool behind;            /* the field is copied, and a thread writes it while the caller goes on with its steps */
  const heat_h5_way *way; /* with `behind`, one that can do so; NULL: each rank writes its own rows */
} heat_checkpoint_place;

/* Begin the checkpoint of `state` and of the stepper's solution. Failures are kept for heat_checkpoint_end.
 * Collective. */
void heat_checkpoint_begin(heat_h5 *out, const heat_checkpoint_place *place, heat_stepper *stepper,
                           const heat_state *state);

/* Finish the checkpoint as heat_h5_commit does, and then call heat_checkpoint_prune. HEAT_IO. Collective. */
heat_status heat_checkpoint_end(heat_h5 *out, const char *directory, int64_t step, int64_t keep, int64_t spare);

/* Remove checkpoints after the checkpoint of `step` has been completed: those of later steps, which are damaged or
 * belong to an abandoned run, and all others but the newest `keep`. Those of `step` and `spare` are kept in any case,
 * and so are files that no run wrote. HEAT_IO. Local. */
heat_status heat_checkpoint_prune(const char *directory, int64_t step, int64_t keep, int64_t spare);

/* Write the path of the checkpoint of a step. Local. */
void heat_checkpoint_name(char path[HEAT_PATH], const char *directory, int64_t step);

/* Verify that a checkpoint is intact. If it is of the stepper's grid, its field is read into the stepper's solution at
 * the same time, and *filled becomes true. HEAT_IO when it is not intact; the solution is undefined then.
 * Collective. */
heat_status heat_checkpoint_verify(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool *filled);

/* Where to look for a checkpoint. All borrowed. */
typedef struct heat_checkpoint_search {
  heat_runtime *runtime;
  const heat_h5_way *way;
  const char *directory;
  int64_t before;        /* only checkpoints of earlier steps are considered */
  heat_stepper *stepper; /* for heat_checkpoint_verify */
} heat_checkpoint_search;

/* Find the newest checkpoint that is intact; `path` becomes "" when there are no checkpoints. A message names each
 * damaged checkpoint and the reason. HEAT_IO when there are checkpoints and none is intact. Collective. */
heat_status heat_checkpoint_newest(const heat_checkpoint_search *search, char path[HEAT_PATH], bool *filled);

/* Read the state and the deck of a checkpoint; *deck has to be freed. HEAT_IO. Collective over comm. */
heat_status heat_checkpoint_read_state(MPI_Comm comm, const heat_h5_way *way, const char *path, heat_state *state,
                                       char **deck);

/* Read the list of the field files with which the run began (heat_problem.inputs), which has to be freed; NULL if the
 * checkpoint has none. HEAT_IO. Collective over comm. */
heat_status heat_checkpoint_read_inputs(MPI_Comm comm, const heat_h5_way *way, const char *path, char **inputs);

/* Find out whether there are checkpoints in `directory`, intact or not. HEAT_IO. Collective over comm. */
heat_status heat_checkpoint_any(MPI_Comm comm, const char *directory, bool *any);

/* Read the heat that has entered through the sides from a checkpoint of the same grid, and its field unless `filled`
 * says that it has been read already. HEAT_IO. Collective. */
heat_status heat_checkpoint_read(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool filled);

#endif
