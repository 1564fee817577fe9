/* One tile of the lane frame (see lane_frame.h for the scheme). It is fetched from the field, taken through all stages
 * of a pass, and written back. */
#ifndef HEAT2D_FRAME_TILE_H
#define HEAT2D_FRAME_TILE_H

#include "heat2d/numerics/lane_window.h"
#include "heat2d/numerics/tiles.h"
#include "heat2d/numerics/walls.h"

/* What is to be done in a pass. */
typedef struct heat_frame_work {
  const heat_front *fronts; /* `count` stages in order; each computes u + c L(u) from the result u of the one before */
  int count;
  const heat_grid *grid;
  const heat_lanes *lanes;
  const heat_patches *patches;     /* of varying material; NULL: the material is uniform and there is no source */
  const heat_arrays *coefficients; /* the coefficients of varying material, as in lane_window.h */
  const heat_field *from;          /* u of the first stage */
  heat_field *to; /* the result of the last stage, which may be the same field; no other field is written */
  int threads;
  /* Strips are done from the top to the bottom, so that what lies below the block is needed last. Not for varying
   * material. */
  bool downwards;
  bool right_last; /* cells to the right of the owned box arrive late: the tiles that need them are done last */
  /* Called before the kernel works beside a wall: sets the ghost cells of `line` as they are at stage k. Several
   * threads may call it at the same time. */
  void (*prepare)(void *context, int k, const heat_wall_line *line);
  /* As in heat_tiles_work. */
  void (*before)(void *context, heat_box read, heat_box written);
  void *context;
} heat_frame_work;

/* What the tiles of a pass have in common. */
typedef struct heat_frame_pass {
  const heat_frame_work *work;
  heat_field from, to; /* whose rows are counted in the order of the pass, see heat_frame_turned */
  heat_box readable;   /* cells that the first stage may read */
  heat_box inner;      /* positions where no stage has anything to do but the kernel */
} heat_frame_pass;

/* A tile that is being taken through the stages. */
typedef struct heat_frame_tile {
  const heat_frame_pass *p;
  heat_box at;             /* its positions */
  heat_lane_tile lane;     /* its cells, and the memory for neighbouring tiles at the first stage */
  double *waste;           /* a row of doubles to write values to that are not wanted */
  bool ahead;              /* the cells of the next tile are to be prefetched */
  heat_lane_window window; /* of coefficients, where the material varies */
} heat_frame_tile;

/* The number of doubles in two columns of a tile, including the two rows below it. Local. */
static inline int heat_frame_two_columns(const heat_lanes *lanes) {
  return 2 * (lanes->rows + 2) * lanes->lanes;
}

/* A box with its rows in the order of the pass, or back again: a pass that goes downwards counts the rows of the owned
 * box from above. Local. */
heat_box heat_frame_turned(const heat_frame_pass *p, heat_box box);

/* The same field with its rows in the order of the pass. Local. */
heat_field heat_frame_turned_field(const heat_frame_pass *p, const heat_field *field);

/* The box of stage k, with its rows in the order of the pass. Local. */
heat_box heat_frame_box_of(const heat_frame_pass *p, int k);

/* Take the tile with the positions t->at through all stages. Local. */
void heat_frame_tile_run(heat_frame_tile *t);

#endif
