/* The loops of the lane frame (see lane_frame.h), compiled for each kind of processor, all with the same bits.
 *
 * A tile is an array of vectors. Vector (p, c) holds column c of the rows l rows + p for all lanes l: so the neighbours
 * of its cells are vectors as well. `tile` is the address of vector (0, 0); rows -2 and -1 and columns -2 and -1 exist
 * too, and hold what lies below each lane's first row and to the left of the tile. */
#ifndef HEAT2D_LANES_H
#define HEAT2D_LANES_H

#include <stdbool.h>
#include <stdint.h>

/* What a stage of varying material multiplies with (see kernel.h) in the columns [first, last): rows of vectors like a
 * tile's, of which each pointer is to the vector for the cells that come to position (0, first). */
typedef struct heat_lane_material {
  double c;
  const double *kx;      /* west faces */
  const double *kx_east; /* those of position (0, last) */
  const double *ky;      /* south faces, and those of the row above the tile */
  const double *inverse;
  const double *q;  /* NULL: no source */
  bool same;        /* all of these cells have the same: each pointer is to one number */
  bool one_inverse; /* only `inverse` is the same, and points to one number */
} heat_lane_material;

/* A tile, and what others leave for it and it for them. */
typedef struct heat_lane_tile {
  double *cells;      /* vector (0, 0) */
  int rows;           /* of each lane, a multiple of `step` up to `rows` of heat_lanes */
  double *below;      /* two rows of `columns` doubles: from the tile below, and then for the one above */
  const double *left; /* two columns of rows + 2 vectors */
  double *right;      /* likewise */
} heat_lane_tile;

typedef struct heat_lanes {
  int lanes;   /* doubles in a vector */
  int rows;    /* of each lane; with those below a tile has rows + 2 */
  int step;    /* tiles of one material may have fewer of them, in these steps */
  int columns; /* of a tile; with those to the left columns + 2 */
  int pitch;   /* vectors from one row to the next */

  /* Fetch the columns [first, last) of row p of all lanes, or write them back: lane l's row begins (column 0) at
   * from[l], to[l]. first and last are multiples of `lanes`. Local. */
  void (*load)(double *tile, int p, const double *const *from, int first, int last);
  void (*store)(const double *tile, int p, double *const *to, int first, int last);

  /* Fill in the rows p - rows, p - 2 rows, and so on, `times` of them, of all lanes: from row p of the tile, since the
   * lane above each has what it needs, and for the first lane the row from[n] for row p - (n + 1) rows. Local. */
  void (*shift)(double *tile, int p, int times, const double *const *from);

  /* Fill in the rows -2 and -1 of the columns [first, last), from the lane below and from `below` for the first lane,
   * and leave what the tile above will need there. With column 0 fill in the columns -2 and -1 from `left`, and with
   * the last one leave what the tile to the right will need in `right`. Local. */
  void (*hand_over)(const heat_lane_tile *tile, int first, int last);

  /* Do a stage in the columns [first, last): the new value of vector (p, c) is that of the cell which was at
   * (p - 1, c - 1), so that the tile has moved by one cell in both directions. a, b: see kernel.h. Local. */
  void (*update)(const heat_lane_tile *tile, int first, int last, double a, double b);

  /* The same for varying material. Columns may be done one after the other, from right to left. Local. */
  void (*update_varying)(double *tile, int first, int last, const heat_lane_material *material);

  /* Both for a whole tile of one material, whose columns -2 and -1 are not filled in. Local. */
  void (*update_whole)(const heat_lane_tile *tile, double a, double b);

  /* Do the arithmetic of a stage (a == b) `rounds` times on HEAT_LANES_AT_ONCE vectors that stay in registers: what the
   * processor's arithmetic units can do at most. Returns a value that depends on all of it. Local. */
  double (*arithmetic)(int64_t rounds, double a);
} heat_lanes;

enum { HEAT_LANES_AT_ONCE = 12 }; /* neighbours are results that are far enough back to be ready */

#endif
