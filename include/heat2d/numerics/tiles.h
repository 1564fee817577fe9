/* Stages fused in cache, by time skewing (Wolf and Lam 1991; McCalpin and Wonnacott 1999).
 *
 * A pass is a run of stages that need no message between them (see sequence.h). A tile of the grid is carried through
 * all stages of a pass before the next tile is begun, and stays in a cache meanwhile. From stage to stage it moves down
 * by one row and left by a cache line, so that what its stencils read at the stage before has been computed: in the
 * tile itself, or in one to the left or below that is done. Along the rows, with tiles of four rows a, b, c and d,
 * which are worked on in this order:
 *
 *     stage 3   a a b b b b c c c c d d
 *     stage 2   a a a b b b b c c c c d
 *     stage 1   a a a a b b b b c c c c
 *     row       0 1 2 3 4 5 6 7 8 9 10 11
 *
 * (row 3 of stage 2, in b, needs the rows 2, 3 and 4 of stage 1: a and b have them.) No cell is computed twice, and
 * each one by the same kernel as otherwise: the bits do not depend on the tiles. Nothing that a stage overwrites is
 * still needed, because a stage comes after all earlier ones in the cells around.
 *
 * Tiles that lie side by side are a strip. The columns are divided into blocks; a block goes through several strips
 * before the next block begins, so that the rows which a strip leaves for the one above it are still in a cache.
 * Threads take blocks in turn. They do not wait for each other at every stage, but strip by strip: a block does a strip
 * when the block to its left has done it. A field whose values are needed within a pass only is a band (see field.h):
 * just the rows around some strips exist, and slide upwards with these. */
#ifndef HEAT2D_TILES_H
#define HEAT2D_TILES_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/stage.h"

#include <stddef.h>

enum {
  HEAT_BATCH = 64,       /* most steps that are handed over at once */
  HEAT_TILE_STAGES = 32, /* most stages of a pass: more gain nothing, see tiles.c */
  HEAT_TILE_CHOICES = 6
};

typedef struct heat_tile {
  int columns, rows;
  int stages; /* that it is carried through in one pass, at most */
  bool plain; /* by the plain loops, row by row: faster where a tile is large */
  bool frame; /* where the stages allow for it in the lane frame: see lane_frame.h */
  int block;  /* columns that a thread takes at a time, at most; 0: as many as a cache has room for */
} heat_tile;

/* The shape of the tiles: given, or the fastest of a few that a run begins with in turn. Passes of `frame_stages`
 * stages or more are done in the lane frame without a trial; 0: none are. */
typedef struct heat_tiling {
  heat_tile tile[HEAT_TILE_CHOICES];
  int count, current; /* shapes, and the one that is tried now */
  int passes;         /* how often that one has been tried */
  int frame_stages;
  int longest;                    /* most stages without a message so far: a trial has as many, to be compared */
  double best[HEAT_TILE_CHOICES]; /* s per cell and stage, in the fastest trial of each shape */
  double updates, seconds;        /* cells times stages of all trials, and their time */
  bool chosen;
} heat_tiling;

/* From how many stages on a pass of a block is done in the lane frame, where that can be used, without a trial; 0: it
 * never is. Local. */
int heat_tiles_frame_stages(heat_box owned);

/* Shapes to try for the block `owned` with `bytes` for each cell of a tile, among them the lane frame where `frame`
 * says so. Local. */
heat_tiling heat_tiling_create(heat_box owned, size_t bytes, bool frame);

/* This shape and no other. Local. */
heat_tiling heat_tiling_fixed(int columns, int rows);

/* The one to use for the next pass. Local. */
heat_tile heat_tiling_current(const heat_tiling *tiling);

/* What the trials have cost so far: the seconds that they took beyond what the fastest shape would have taken for the
 * same stages. Local. */
double heat_tiling_cost(const heat_tiling *tiling);

/* The current shape took `seconds` for `stages` stages without a message between them, which changed `updates` cells in
 * all, each stage counted. Local. */
void heat_tiling_learn(heat_tiling *tiling, int stages, double updates, double seconds);

/* How many rows a band needs for `threads` threads to work side by side on the block `owned`; 0 where the block is so
 * small that whole arrays cost nothing. Local. */
int heat_tiles_band(heat_box owned, int threads);

/* A stage within a pass. */
typedef struct heat_front {
  const heat_stage *stage;
  heat_box box;     /* where it is carried out */
  heat_box inner;   /* the part of that with no side next to it: there the kernel is all there is to do */
  heat_sweep sweep; /* at the first owned cell */
} heat_front;

typedef struct heat_tiles_work {
  heat_front *fronts; /* `count` <= HEAT_STAGES_MAX stages in order */
  int count;
  heat_field *const *fields; /* that the stages name */
  heat_box owned;
  heat_box busy; /* cells whose source depends on time, also within `inner`: prepare comes first; may be empty */
  heat_tile tile;
  heat_loop *loop;
  int threads;
  int64_t cell_bytes; /* of all arrays that the loop goes through, for each cell */
  /* Called before the kernel works on a part of stage k that is not all in `inner` or touches `busy`, by several
   * threads at once. */
  void (*prepare)(void *context, int k, heat_box part);
  /* Called by the thread that uses MPI before any thread works on rows of the next strip of tiles, all below `row`. */
  void (*before_rows)(void *context, int64_t row);
  void *context;
} heat_tiles_work;

/* Do the stages of a pass. Local. */
void heat_tiles_pass(const heat_tiles_work *work);

#endif
