/* Lists of stages on a distributed grid.
 *
 * A stepper hands over a whole list of stages (see stage.h) at once, so that several stages can be done tile by tile
 * while the cells are in a cache (see tiles.h).
 *
 * A stage computes the owned box grown by valid - 1 layers, where `valid` is the number of ghost layers of u that hold
 * current values. So each stage uses up one layer of the halo. When no layer is left there is an exchange of halos. It
 * refreshes every field whose values later stages still read, in one message for each neighbour. With halos of d layers
 * an exchange is needed about once in d stages. The stages between two exchanges need no message. They are divided into
 * passes, which tiles.h explains; schedule.h says where exchanges are made and where passes may end.
 *
 * A field may be a band (see field.h) if its values are not needed from one pass to the next. A band whose values turn
 * out to be needed longer is made a whole field. Steps of Euler are done in the lane frame (see lane_frame.h) where
 * that is faster. The lane frame writes only the last result, so the fields of the results before it must be bands, or
 * be marked as `passing`. */
#ifndef HEAT2D_SEQUENCE_H
#define HEAT2D_SEQUENCE_H

#include "heat2d/base/runtime.h"
#include "heat2d/grid/halo.h"
#include "heat2d/numerics/forcing.h"
#include "heat2d/numerics/lane_frame.h"
#include "heat2d/numerics/stage.h"
#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/tiles.h"

/* The parts of the operator L(u, t) on one grid, all for fields with the same number of ghost layers, and the ledger in
 * which the heat that flows in is summed up. All are borrowed. */
typedef struct heat_equation {
  const heat_stencil *stencil;
  heat_walls *walls;
  heat_forcing *forcing;
  heat_ledger *ledger;
} heat_equation;

typedef struct heat_sequence {
  heat_equation equation;
  const heat_grid *grid; /* borrowed, and so is the runtime */
  heat_runtime *runtime;
  int threads;
  bool plain; /* one stage after the other in plain loops: the reference */
  heat_tiling tiling;
  heat_lane_frame frame;
  heat_arrays coefficients; /* for it, where the material varies: otherwise none */
  heat_patches *patches;    /* of these, once they were looked for */
  bool framed;              /* stages were done in it without a trial */
  int short_stretches;      /* between exchanges, in a row: too few stages for that */
  int64_t cell_bytes;       /* that a tile holds of each cell */
  const heat_kernels *kernels;
  heat_halo *halo;                          /* for one field */
  heat_halo *wide_halo;                     /* for several at once; NULL until they are needed */
  heat_halo *active_halo;                   /* of the last exchange, one of these */
  heat_field *exchanged[HEAT_STAGE_FIELDS]; /* in the last exchange */
  /* Sides (bit s for side s) beyond which ghost cells of these are still to come. Tiles that need them come last, so
   * that those messages have time until then. */
  unsigned awaited;
} heat_sequence;

/* For stages of `equation` on fields with as many ghost layers. HEAT_USAGE (the environment's HEAT2D_ISA names kernels
 * that this processor does not have), HEAT_IO (memory). Collective over the grid's communicator. */
heat_status heat_sequence_create(heat_sequence *sequence, heat_equation equation, heat_runtime *runtime, int threads);
void heat_sequence_destroy(heat_sequence *sequence); /* Local. */

/* Look for patches of one material, without which a varying one is not stepped in the lane frame: for methods whose
 * stages are steps of Euler. HEAT_IO (memory). Local. */
heat_status heat_sequence_find_patches(heat_sequence *sequence);

/* Carry out `count` stages on `fields` in order: writes the fields that they name, their ghosts and `valid`, and enters
 * into the ledger what flows in. A field that is a band must be one on all ranks, with as many rows; what it holds
 * before the list and after it is undefined; of one that is passing what it holds after the list is. Collective, but
 * the status is this rank's own: the caller agrees. HEAT_DECK when an expression in t yields no finite value; HEAT_IO
 * on all ranks when there is no memory for a band that must become a whole field. */
heat_status heat_sequence_run(heat_sequence *sequence, const heat_stage *stages, int count, heat_field *const *fields);

/* Make at least one ghost layer of `field` valid. Collective. */
void heat_sequence_refresh(heat_sequence *sequence, heat_field *field);

/* The largest |L(u)| over the owned box, K/s, NaN where one is, with ghosts and sources as they are. Local. */
double heat_sequence_rate(const heat_sequence *sequence, heat_field *u);

/* The shape of the tiles at present; `chosen`, unless it is NULL: whether it is for good. Local. */
heat_tile heat_sequence_tile(const heat_sequence *sequence, bool *chosen);

/* The seconds that trying shapes of tiles has cost this rank: see heat_tiling_cost. Local. */
double heat_sequence_trial_cost(const heat_sequence *sequence);

/* Have tiles as `tiling` says, which change no bit. Local. */
void heat_sequence_set_tiling(heat_sequence *sequence, heat_tiling tiling);

/* From now on one stage after the other in plain loops: the reference, with the same bits. Before any fields are
 * created for it, as bands are for tiles only. Local. */
void heat_sequence_set_plain(heat_sequence *sequence);

#endif
