/* Lists of stages on a distributed grid.
 *
 * A list of stages (see stage.h) is handed over whole: this is the seam at which they are fused in cache (see tiles.h).
 * A stage works on the owned box grown by valid - 1 layers and so consumes one layer of the halo; where that does not
 * last for the stages that are fused, there is an exchange. It comes once in as many stages as the halo is deep. */
#ifndef HEAT2D_SEQUENCE_H
#define HEAT2D_SEQUENCE_H

#include "heat2d/base/runtime.h"
#include "heat2d/grid/halo.h"
#include "heat2d/numerics/forcing.h"
#include "heat2d/numerics/stage.h"
#include "heat2d/numerics/stencil.h"
#include "heat2d/numerics/tiles.h"

/* The parts of L(u, t) on one grid, all of the same depth, and where its heat is entered; all borrowed. */
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
  int64_t cell_bytes; /* that a tile holds of each cell */
  const heat_kernels *kernels;
  heat_halo *halo;
  heat_field *upper_pending; /* whose ghost rows above are still to come, or NULL */
} heat_sequence;

/* For stages of `equation` on fields with as many ghost layers. HEAT_USAGE (the environment's HEAT2D_ISA names kernels
 * that this processor does not have), HEAT_IO (memory). Collective over the grid's communicator. */
heat_status heat_sequence_create(heat_sequence *sequence, heat_equation equation, heat_runtime *runtime, int threads);
void heat_sequence_destroy(heat_sequence *sequence); /* Local. */

/* Carry out `count` <= HEAT_STAGES_MAX stages on `fields` in order: writes the fields that they name, their ghosts and
 * `valid`, and enters into the ledger what flows in. Collective, but the status is this rank's own: the caller agrees.
 * HEAT_DECK when an expression in t yields no finite value. */
heat_status heat_sequence_run(heat_sequence *sequence, const heat_stage *stages, int count, heat_field *const *fields);

/* Make at least one ghost layer of `field` valid. Collective. */
void heat_sequence_refresh(heat_sequence *sequence, heat_field *field);

/* The largest |L(u)| over the owned box, K/s, NaN where one is, with ghosts and sources as they are. Local. */
double heat_sequence_rate(const heat_sequence *sequence, heat_field *u);

/* The shape of the tiles at present; `chosen`, unless it is NULL: whether it is for good. Local. */
heat_tile heat_sequence_tile(const heat_sequence *sequence, bool *chosen);

/* Have tiles as `tiling` says, which change no bit. Local. */
void heat_sequence_set_tiling(heat_sequence *sequence, heat_tiling tiling);

/* From now on one stage after the other in plain loops: the reference, with the same bits. Before any fields are
 * created for it, as bands are for tiles only. Local. */
void heat_sequence_set_plain(heat_sequence *sequence);

#endif
