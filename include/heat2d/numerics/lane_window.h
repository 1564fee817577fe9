/* The coefficients of the cells that a tile of the lane frame goes through, for one thread.
 *
 * At stage k the cell (x - k, y - k) is at position (x, y). So the cells that come to a tile during a pass include
 * those in as many rows below it, and in as many columns to the left of it, as there are stages:
 *
 *              columns of the tile
 *            +-----+-----+=====+
 *            |     |     | tile|     Columns are kept in blocks as wide as a tile. The next tile, to the right, needs
 *            |     |     +=====+     one new block in place of the left-most one.
 *     stages |     |     |     |
 *            +-----+-----+-----+
 *              1     2     3         blocks
 *
 * The coefficients are stored as the tile's cells are, in vectors with one row of each lane. So a stage finds its
 * coefficients in whole vectors, which lie as many rows further down and columns further left as stages have been done.
 * Where all these cells have the same coefficients (see patches.h), which in many decks is the case nearly everywhere,
 * nothing is fetched. */
#ifndef HEAT2D_LANE_WINDOW_H
#define HEAT2D_LANE_WINDOW_H

#include "heat2d/numerics/lanes.h"
#include "heat2d/numerics/patches.h"

enum { HEAT_WINDOW_BLOCKS = 4 }; /* that are kept, at most */

/* The numbers of the arrays of coefficients (see kernel.h). The last one exists only where there is a source. */
enum { HEAT_COEFFICIENT_KX, HEAT_COEFFICIENT_KY, HEAT_COEFFICIENT_INVERSE, HEAT_COEFFICIENT_Q };

typedef struct heat_lane_window {
  const heat_lanes *lanes;
  const heat_arrays *from; /* the arrays of coefficients */
  const heat_patches *patches;
  int stages, blocks;
  double *memory;
  int64_t x, y;                                /* position of the present tile */
  int own;                                     /* the block that begins there */
  int64_t held[HEAT_WINDOW_BLOCKS][HEAT_AXES]; /* position of each block */
  bool ahead;                                  /* the next tile, to the right, will fetch a block */
  const double *common;                        /* coefficients that all cells of the tile share; NULL: they differ */
} heat_lane_window;

/* The number of doubles of memory that a thread needs for a window. Local. */
size_t heat_lane_window_room(const heat_lanes *lanes, int stages, int arrays);

/* Begin a window for up to `stages` stages. `lanes`, `from`, `patches` and the memory are borrowed. Local. */
heat_lane_window heat_lane_window_begin(const heat_lanes *lanes, int stages, const heat_arrays *from,
                                        const heat_patches *patches, double *memory);

/* Go on to the tile whose first position is (x, y). Local. */
void heat_lane_window_move(heat_lane_window *window, int64_t x, int64_t y);

/* Prefetch one of `shares` equal parts of the coefficients that the next tile will fetch. Local. */
void heat_lane_window_fetch_ahead(const heat_lane_window *window, int share, int shares);

/* A stage in some columns of a tile. */
typedef struct heat_lane_step {
  double *cells; /* vector (0, 0) of the tile */
  int k;         /* number of the stage */
  int first, last;
  double c; /* see kernel.h */
} heat_lane_step;

/* Do a stage of varying material in these columns. Local. */
void heat_lane_window_update(heat_lane_window *window, const heat_lane_step *step);

/* Rows of a tile, or of a block of coefficients, which is laid out in the same way. */
typedef struct heat_lane_rows {
  double *first; /* vector (0, 0) */
  int64_t i, j;  /* the cell in lane 0 of that vector */
  int apart;     /* number of rows between the first rows of two lanes */
  int from, to;  /* the rows [from, to) of each lane */
} heat_lane_rows;

/* Fetch these rows of array a. Cells that have no value become copies of the nearest cells that have one. Local. */
void heat_lane_fetch(const heat_lanes *lanes, const heat_lane_rows *rows, const heat_arrays *arrays, int a);

/* Fetch `count` more rows of each lane below these rows, which must be complete: all but the first lane take them from
 * there. Local. */
void heat_lane_fetch_below(const heat_lanes *lanes, const heat_lane_rows *rows, int count, const heat_arrays *arrays,
                           int a);

/* The columns [*first, *last) of the groups, each as wide as a vector, that lie wholly in `cells`; column 0 is that of
 * cell i. Local. */
void heat_lane_groups(const heat_lanes *lanes, heat_box cells, int64_t i, int *first, int *last);

#endif
