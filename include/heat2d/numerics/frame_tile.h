/* One tile of the lane frame (see lane_frame.h for the scheme): fetched from the field, taken through all stages, and
 * written back. */
#ifndef HEAT2D_FRAME_TILE_H
#define HEAT2D_FRAME_TILE_H

#include "heat2d/numerics/lane_window.h"
#include "heat2d/numerics/tiles.h"
#include "heat2d/numerics/walls.h"

/* What is to be done in a pass. */
typedef struct heat_frame_work {
  const heat_front *fronts; /* `count` stages in order, each u + c L(u) of the result u of the one before */
  int count;
  const heat_grid *grid;
  const heat_lanes *lanes;
  const heat_patches *patches;     /* of varying material; NULL: one material and no source */
  const heat_arrays *coefficients; /* of that, as in lane_window.h */
  const heat_field *from;          /* u of the first stage */
  heat_field *to;                  /* out of the last one, which may be the same field; no other one is written */
  int threads;
  /* Strips go from above to below, so that what lies below is needed last; not for varying material. */
  bool downwards;
  bool right_last; /* what lies to the right of the owned box comes late: the tiles that need it are done last */
  /* Called before the kernel works beside a wall: sets its ghosts as they are at stage k. By several threads. */
  void (*prepare)(void *context, int k, const heat_wall_line *line);
  /* As in heat_tiles_work. */
  void (*before)(void *context, heat_box read, heat_box written);
  void *context;
} heat_frame_work;

/* What the tiles of a pass have in common. */
typedef struct heat_frame_pass {
  const heat_frame_work *work;
  heat_field from, to; /* with rows as the pass counts them, see heat_frame_turned */
  heat_box readable;   /* cells that the first stage may read */
  heat_box inner;      /* positions at which nothing but the kernel is to do at any stage */
} heat_frame_pass;

/* A tile on its way. */
typedef struct heat_frame_tile {
  const heat_frame_pass *p;
  heat_box at;             /* positions */
  heat_lane_tile lane;     /* its cells, and what it is handed of the first stage */
  double *waste;           /* a row that nobody reads */
  bool ahead;              /* the next tile is to be brought near */
  heat_lane_window window; /* where the material varies */
} heat_frame_tile;

/* Doubles of two columns of a tile, with the rows below. Local. */
static inline int heat_frame_two_columns(const heat_lanes *lanes) {
  return 2 * (lanes->rows + 2) * lanes->lanes;
}

/* A box as the pass counts rows, or back again: one that goes downwards counts those of the owned box from above.
 * Local. */
heat_box heat_frame_turned(const heat_frame_pass *p, heat_box box);

/* A field with its rows as the pass counts them. Local. */
heat_field heat_frame_turned_field(const heat_frame_pass *p, const heat_field *field);

/* The cells of stage k, as the pass counts rows. Local. */
heat_box heat_frame_box_of(const heat_frame_pass *p, int k);

/* Take a tile that stands at t->at through all stages. Local. */
void heat_frame_tile_run(heat_frame_tile *t);

#endif
