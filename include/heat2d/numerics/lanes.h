/* The loops of the lane frame (see lane_frame.h), compiled for each kind of processor. All give the same bits.
 *
 * A tile is an array of vectors. The tile has `lanes` times `rows` rows of cells: lane l of vector (p, c) holds the
 * cell in row l rows + p and column c. So the neighbours of a vector's cells are whole vectors, too. `tile` is the
 * address of vector (0, 0). Rows -2 and -1 and columns -2 and -1 exist as well; they hold what lies below the first row
 * of each lane and to the left of the tile. */
#ifndef HEAT2D_LANES_H
#define HEAT2D_LANES_H

#include <stdbool.h>
#include <stdint.h>

/* The coefficients (see kernel.h) that a stage of varying material needs in the columns [first, last). They are stored
 * in rows of vectors as a tile is, and each pointer is to the vector for the cells that come to position (0, first). */
typedef struct heat_lane_material {
  double c;
  const double *kx;      /* west faces */
  const double *kx_east; /* those of position (0, last) */
  const double *ky;      /* south faces, and those of the row above the tile */
  const double *inverse;
  const double *q;  /* NULL: no source */
  bool same;        /* all of these cells have the same coefficients, and each pointer is to one number */
  bool one_inverse; /* only `inverse` is the same everywhere, and points to one number */
} heat_lane_material;

/* A tile, and the memory through which it takes over values from other tiles and hands over its own. */
typedef struct heat_lane_tile {
  double *cells; /* vector (0, 0) */
  int rows;      /* of each lane: a multiple of `step`, up to `rows` of heat_lanes */
  double *below; /* two rows of `columns` doubles: of the tile below, and afterwards of this tile for the one above */
  const double *left; /* two columns of rows + 2 vectors, of the tile to the left */
  double *right;      /* the same of this tile, for the one to the right */
} heat_lane_tile;

typedef struct heat_lanes {
  int lanes;   /* doubles in a vector */
  int rows;    /* of each lane; with the two rows below, a tile has rows + 2 */
  int step;    /* tiles of one material may have fewer rows, a multiple of this */
  int columns; /* of a tile; with the two columns to the left there are columns + 2 */
  int pitch;   /* vectors from one row to the next */

  /* Fetch the columns [first, last) of row p of all lanes, or write them back. Column 0 of lane l's row is at from[l],
   * or to[l]. first and last are multiples of `lanes`. Local. */
  void (*load)(double *tile, int p, const double *const *from, int first, int last);
  void (*store)(const double *tile, int p, double *const *to, int first, int last);

  /* Fill in `times` rows of all lanes below row p: the rows p - rows, p - 2 rows, and so on. Each lane but the first
   * takes such a row q from row q + rows of the lane below; for the first lane row p - (n + 1) rows is at from[n].
   * Local. */
  void (*shift)(double *tile, int p, int times, const double *const *from);

  /* Fill in the rows -2 and -1 of the columns [first, last), from the lane below and for the first lane from `below`,
   * and store there what the tile above will need. If column 0 is among them, fill in the columns -2 and -1 from
   * `left`; if the last column is among them, store in `right` what the tile to the right will need. Local. */
  void (*hand_over)(const heat_lane_tile *tile, int first, int last);

  /* Do a stage in the columns [first, last). The new value of vector (p, c) is that of the cell which was at (p - 1, c
   * - 1): the cells of the tile move by one position in both directions. a, b: see kernel.h. Local. */
  void (*update)(const heat_lane_tile *tile, int first, int last, double a, double b);

  /* The same for varying material. A stage may be done in several calls, from the right columns to the left ones.
   * Local. */
  void (*update_varying)(double *tile, int first, int last, const heat_lane_material *material);

  /* hand_over and update for a whole tile of one material. The columns -2 and -1 are read from `left` and need not be
   * filled in. Local. */
  void (*update_whole)(const heat_lane_tile *tile, double a, double b);

  /* Do the arithmetic of a stage (with a == b) `rounds` times on HEAT_LANES_AT_ONCE vectors that stay in registers.
   * This measures what the processor's arithmetic units can do at most. Returns a value that depends on all results.
   * Local. */
  double (*arithmetic)(int64_t rounds, double a);
} heat_lanes;

enum { HEAT_LANES_AT_ONCE = 12 }; /* so many that each result is ready when another vector needs it as a neighbour */

#endif
