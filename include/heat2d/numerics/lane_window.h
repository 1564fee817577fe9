/* The coefficients of the cells that a tile of the lane frame goes through, for one thread.
 *
 * After k stages of a pass position (x, y) has the cell (x - k, y - k). So the cells that come to a tile lie in as many
 * more rows below it and columns to the left of it as there are stages:
 *
 *              columns of the tile
 *            +-----+-----+=====+
 *            |     |     | tile|     Columns are kept in blocks as wide as a tile. The next tile, to the right, needs
 *            |     |     +=====+     one new block in place of the left-most one.
 *     stages |     |     |     |
 *            +-----+-----+-----+
 *              1     2     3         blocks
 *
 * They are kept as the tile's cells are, in vectors of one row of each lane, so that a stage finds what it multiplies
 * with in whole vectors, `k` rows further down and columns further left. Where all these cells have the same
 * coefficients (see patches.h), which is nearly everywhere in many decks, nothing is fetched. */
#ifndef HEAT2D_LANE_WINDOW_H
#define HEAT2D_LANE_WINDOW_H

#include "heat2d/numerics/lanes.h"
#include "heat2d/numerics/patches.h"

enum { HEAT_WINDOW_BLOCKS = 4 }; /* most that are kept */

/* The arrays of coefficients; the last one only where there is a source: see kernel.h. */
enum { HEAT_COEFFICIENT_KX, HEAT_COEFFICIENT_KY, HEAT_COEFFICIENT_INVERSE, HEAT_COEFFICIENT_Q };

typedef struct heat_lane_window {
  const heat_lanes *lanes;
  const heat_arrays *from; /* of coefficients */
  const heat_patches *patches;
  int stages, blocks;
  double *memory;
  int64_t x, y;                                /* position of the present tile */
  int own;                                     /* the block that begins there */
  int64_t held[HEAT_WINDOW_BLOCKS][HEAT_AXES]; /* position of each block */
  bool ahead;                                  /* the next one, to the right, will fetch a block */
  const double *common;                        /* what all cells of the tile have; NULL: they differ */
} heat_lane_window;

/* Doubles of memory that a thread needs. Local. */
size_t heat_lane_window_room(const heat_lanes *lanes, int stages, int arrays);

/* For up to `stages` stages on what is borrowed: `lanes`, `from`, `patches` and the memory. Local. */
heat_lane_window heat_lane_window_begin(const heat_lanes *lanes, int stages, const heat_arrays *from,
                                        const heat_patches *patches, double *memory);

/* Go on with the tile whose first position is (x, y). Local. */
void heat_lane_window_move(heat_lane_window *window, int64_t x, int64_t y);

/* Have one of `shares` shares of what the next tile will fetch brought near. Local. */
void heat_lane_window_fetch_ahead(const heat_lane_window *window, int share, int shares);

/* A stage in some columns of a tile. */
typedef struct heat_lane_step {
  double *cells; /* vector (0, 0) of the tile */
  int k;         /* of the stage */
  int first, last;
  double c; /* see kernel.h */
} heat_lane_step;

/* Do it. Local. */
void heat_lane_window_update(heat_lane_window *window, const heat_lane_step *step);

/* Rows of a tile, or of what is laid out like one. */
typedef struct heat_lane_rows {
  double *first; /* vector (0, 0) */
  int64_t i, j;  /* the cell of its first lane */
  int apart;     /* rows from one lane to the next */
  int from, to;  /* rows of each lane */
} heat_lane_rows;

/* Fetch the cells of array a; those that have no value become copies of others. Local. */
void heat_lane_fetch(const heat_lanes *lanes, const heat_lane_rows *rows, const heat_arrays *arrays, int a);

/* Fetch `count` more rows below these, with what has been fetched. Local. */
void heat_lane_fetch_below(const heat_lanes *lanes, const heat_lane_rows *rows, int count, const heat_arrays *arrays,
                           int a);

/* The groups of columns, each as wide as a vector, that are wholly in `cells`; column 0 is that of cell i. Local. */
void heat_lane_groups(const heat_lanes *lanes, heat_box cells, int64_t i, int *first, int *last);

#endif
