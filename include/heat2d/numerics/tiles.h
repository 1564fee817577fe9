/* Stages fused in cache, by time skewing (Wolf and Lam 1991; McCalpin and Wonnacott 1999).
 *
 * A pass is a number of consecutive stages that need no message between them (see sequence.h). All stages of a pass are
 * done on one tile of the grid before the next tile is begun, so the cells of the tile stay in a cache meanwhile. From
 * stage to stage the tile moves down by one row and left by one cache line. The values that its stencils read have then
 * been computed at the stage before, either in the tile itself or in a tile to the left or below that is finished.
 * Along the rows, with tiles a, b, c and d of four rows each, which are worked on in this order:
 *
 *     stage 3   a a b b b b c c c c d d
 *     stage 2   a a a b b b b c c c c d
 *     stage 1   a a a a b b b b c c c c
 *     row       0 1 2 3 4 5 6 7 8 9 10 11
 *
 * (Row 3 of stage 2 belongs to b and needs the rows 2, 3 and 4 of stage 1, which a and b have computed.) No cell is
 * computed twice, and every cell is computed by the same kernel as without tiles, so the bits of the result do not
 * depend on the tiles. Nothing that a stage overwrites is still needed, because all earlier stages of the neighbouring
 * cells have been done before.
 *
 * Tiles that lie side by side form a strip. The columns of the grid are divided into blocks. A thread does several
 * strips of one block before it begins the next block, so that the rows that a strip needs from the strip below are
 * still in a cache. The threads take the blocks in turn. They synchronise once for each strip, not for each stage: a
 * block may do a strip as soon as the block to its left has done that strip. A field whose values are needed only
 * within a pass is a band (see field.h): memory exists only for the rows around a few strips, the window, and moves
 * upwards with them. */
#ifndef HEAT2D_TILES_H
#define HEAT2D_TILES_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/stage.h"

#include <stddef.h>

enum {
  HEAT_BATCH = 64,       /* steps that a stepper hands over in one list of stages, at most */
  HEAT_TILE_STAGES = 32, /* stages of a pass, at most; longer passes were not faster, see tiles.c */
  HEAT_TILE_CHOICES = 6  /* shapes of tiles that a run tries, at most */
};

typedef struct heat_tile {
  int columns, rows;
  int stages; /* of one pass, at most */
  bool plain; /* the plain loops are used, row by row, which are faster where a tile is large */
  bool frame; /* the lane frame is used where the stages allow it, see lane_frame.h */
  int block;  /* columns of a block, at most; 0: as many as a cache has room for */
} heat_tile;

/* The shape of the tiles. It is given, or a run tries a few shapes in its first passes and keeps the fastest. Passes of
 * `frame_stages` stages or more are done in the lane frame without a trial (0: no passes are). */
typedef struct heat_tiling {
  heat_tile tile[HEAT_TILE_CHOICES];
  int count, current; /* number of shapes, and the shape that is tried now */
  int passes;         /* that were timed with the current shape */
  int frame_stages;
  int longest;                    /* most stages between two exchanges so far; only trials of so many are compared */
  double best[HEAT_TILE_CHOICES]; /* s per cell and stage, in the fastest trial of each shape */
  double updates, seconds;        /* cells times stages of all trials, and their time */
  bool chosen;
} heat_tiling;

/* The number of stages from which on a pass on the block `owned` is done in the lane frame without a trial, where the
 * lane frame can be used at all; 0: never. Local. */
int heat_tiles_frame_stages(heat_box owned);

/* The shapes to try for the block `owned`, where each cell of a tile takes `bytes` bytes of cache; with `frame` the
 * lane frame is one of them. Local. */
heat_tiling heat_tiling_create(heat_box owned, size_t bytes, bool frame);

/* A tiling with this one shape, which is not timed against others. Local. */
heat_tiling heat_tiling_fixed(int columns, int rows);

/* The shape to use for the next pass. Local. */
heat_tile heat_tiling_current(const heat_tiling *tiling);

/* What the trials have cost so far: the seconds that they took beyond what the fastest shape would have taken for the
 * same stages. Local. */
double heat_tiling_cost(const heat_tiling *tiling);

/* Take note that the current shape took `seconds` for `stages` stages between two exchanges. `updates` is the number of
 * cells that each stage wrote, summed over the stages. After the last trial the fastest shape is chosen. Local. */
void heat_tiling_learn(heat_tiling *tiling, int stages, double updates, double seconds);

/* The number of rows that a band needs so that `threads` threads can work side by side on the block `owned`; 0 where
 * the block is so small that a band would save no time. Local. */
int heat_tiles_band(heat_box owned, int threads);

/* A stage within a pass. */
typedef struct heat_front {
  const heat_stage *stage;
  heat_box box;     /* the cells that it computes */
  heat_box inner;   /* those of them that touch no side of the domain: only the kernel has to be run there */
  heat_sweep sweep; /* the kernel's arguments, whose pointers are those of the first owned cell */
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
  /* Called by the thread that uses MPI before any thread works on tiles that read no more than the cells `read`, and
   * write over no more than `written`; both may reach beyond the cells that there are. */
  void (*before)(void *context, heat_box read, heat_box written);
  void *context;
} heat_tiles_work;

/* Do the stages of a pass. Local. */
void heat_tiles_pass(const heat_tiles_work *work);

#endif
