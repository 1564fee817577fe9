/* Stages fused in cache, by time skewing (Wolf and Lam 1991; McCalpin and Wonnacott 1999).
 *
 * A tile of the grid is carried through all stages of a pass before the next tile is begun, and stays in the
 * first-level cache meanwhile. From stage to stage it moves down by one row and left by a cache line, so that what its
 * stencils read at the stage before has been computed: in the tile itself, or in one to the left or below that is done.
 * No cell is computed twice, and each one by the same kernel as otherwise: the bits do not depend on the tiles. Nothing
 * that a stage overwrites is still needed, because a stage comes after all earlier ones in the cells around.
 *
 * A strip of tiles is done from left to right by one thread; the thread of the strip above follows one tile behind. Of
 * a field that only holds values within a pass (a band, see field.h) just the rows around the strips exist; it slides
 * upwards with them. */
#ifndef HEAT2D_TILES_H
#define HEAT2D_TILES_H

#include "heat2d/grid.h"

#include <stddef.h>

enum {
  HEAT_CHAIN = 32,        /* most steps that are handed over at once: more gain nothing, see tiles.c */
  HEAT_TILE_CHOICES = 6
};

typedef struct heat_tile {
  int columns, rows, stages;
} heat_tile;

/* The shape of the tiles: given, or the fastest of a few that the first passes of a run are done with in turn. */
typedef struct heat_tiling {
  heat_tile tile[HEAT_TILE_CHOICES];
  int count, current, passes; /* of which the current one has been tried this often */
  double best[HEAT_TILE_CHOICES]; /* s per cell and stage */
  bool chosen;
} heat_tiling;

/* Shapes that fit the first-level cache with `bytes` for each cell of a tile of the block `owned`; a block that fits the
 * second-level cache is one tile. Local. */
heat_tiling heat_tiling_create(heat_box owned, size_t bytes);

/* This shape and no other. Local. */
heat_tiling heat_tiling_fixed(int columns, int rows);

/* The one to use for the next pass. Local. */
heat_tile heat_tiling_current(const heat_tiling *tiling);

/* That pass made `updates` in so many seconds. Local. */
void heat_tiling_learn(heat_tiling *tiling, double updates, double seconds);

/* Rows that a band needs so that `threads` strips of tiles find room in it. Local. */
int heat_tiles_band(int threads);

struct heat_operator;
struct heat_stage;
struct heat_field;

/* Do the stages in order; stage k on the owned box grown by grow[k] layers. `instant`: of the walls, at the first one.
 * Failures as those of heat_operator_part. Local. */
void heat_tiles_pass(struct heat_operator *op, const struct heat_stage *stages, const int64_t *grow, int count,
                     int instant, struct heat_field *const *fields, heat_status *status);

#endif
