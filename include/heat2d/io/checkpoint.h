/* Checkpoints: the whole state of a run in one file, from which it goes on with the same bits on any number of ranks.
 *
 * /temperature [ny][nx] float64; /wall_heat_<side>: the heat that came in through each face of a wall (left, right by
 * rows; bottom, top by columns; J/m); root attributes: wall_heat_<side>, the sum over
 * that side; time, step, dt, the clock's anchor, the heat and the temperatures at the start, the sources' exact sum,
 * whether the run ended there as steady, the resolved deck, `inputs` (the digests of its field files), and where the
 * file comes from. The newest `keep` are kept; an older one is removed only after a newer one has its name. */
#ifndef HEAT2D_CHECKPOINT_H
#define HEAT2D_CHECKPOINT_H

#include "heat2d/io/h5_file.h"
#include "heat2d/numerics/stepper.h"

typedef struct heat_state {
  int64_t step;
  double time, dt;    /* s */
  double anchor_time; /* see clock.h */
  int64_t anchor_step;
  double energy_start;          /* of the initial field, J/m */
  double size_start;            /* and its sum of |rho c_p u|, J/m */
  double low_start, high_start; /* its lowest and highest temperature, K; NAN: unknown */
  int64_t pictures;             /* drawn so far; where there are some: */
  double shown_low, shown_high; /* range of their colours, K */
  heat_control control;         /* of steps by error control; all 0 without */
  bool outputs_pending;         /* what is due at this step for people is still to be written, as the disk was full */
  bool steady;                  /* the run ended here, since nothing changed any more */
  bool truncated_step;          /* reached by a shortened last step: no instant of a longer run */
} heat_state;

/* Where a checkpoint goes, and how. All borrowed. */
typedef struct heat_checkpoint_place {
  const char *directory;
  const char *deck;       /* the resolved one */
  const char *parent;     /* the file that this run went on from, or "" */
  bool behind;            /* the field is copied and written by a thread, and the caller may go on with its steps */
  const heat_h5_way *way; /* one that can do so, then; NULL: each rank for itself */
} heat_checkpoint_place;

/* Begin the checkpoint of `state`. Failures are kept for heat_checkpoint_end. Collective. */
void heat_checkpoint_begin(heat_h5 *out, const heat_checkpoint_place *place, heat_stepper *stepper,
                           const heat_state *state);

/* Finish it as heat_h5_commit does, and then prune. Collective. HEAT_IO. */
heat_status heat_checkpoint_end(heat_h5 *out, const char *directory, int64_t step, int64_t keep, int64_t spare);

/* Now that checkpoint `step` is whole: those of later steps belong to a run that was given up or are damaged, and of
 * the others the newest `keep` stay. `step` itself and `spare` stay whatever `keep` says, and so does what no run
 * wrote. Local. HEAT_IO. */
heat_status heat_checkpoint_prune(const char *directory, int64_t step, int64_t keep, int64_t spare);

/* The name of a checkpoint. Local. */
void heat_checkpoint_name(char path[HEAT_PATH], const char *directory, int64_t step);

/* Whether a checkpoint is whole. In the same pass its field becomes the solution of `stepper`, if it is of that grid
 * (`filled`); where it is not whole, the solution is undefined. HEAT_IO. Collective. */
heat_status heat_checkpoint_verify(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool *filled);

/* Where to look for a checkpoint. All borrowed. */
typedef struct heat_checkpoint_search {
  heat_runtime *runtime;
  const heat_h5_way *way;
  const char *directory;
  int64_t before;        /* of earlier steps than that */
  heat_stepper *stepper; /* for heat_checkpoint_verify */
} heat_checkpoint_search;

/* Look for the newest checkpoint that is whole; `path` is "" when there are none at all, and then nothing else has been
 * done. Each one that is passed over is said with its reason. HEAT_IO when there are some and none is whole.
 * Collective.
 */
heat_status heat_checkpoint_newest(const heat_checkpoint_search *search, char path[HEAT_PATH], bool *filled);

/* The state and the deck (to be freed) of a checkpoint. HEAT_IO. Collective over comm. */
heat_status heat_checkpoint_read_state(MPI_Comm comm, const heat_h5_way *way, const char *path, heat_state *state,
                                       char **deck);

/* The list of field files that the run began with (heat_problem.inputs, to be freed); NULL where it kept none. HEAT_IO.
 * Collective over comm. */
heat_status heat_checkpoint_read_inputs(MPI_Comm comm, const heat_h5_way *way, const char *path, char **inputs);

/* Whether there are checkpoints in `directory`, whole or not. HEAT_IO. Collective over comm. */
heat_status heat_checkpoint_any(MPI_Comm comm, const char *directory, bool *any);

/* Read the heat counts of a checkpoint of the same grid, and its field where `filled` does not say that it is there
 * already. HEAT_IO. Collective. */
heat_status heat_checkpoint_read(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool filled);

#endif
