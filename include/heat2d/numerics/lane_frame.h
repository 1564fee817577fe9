/* Many steps of Euler done together in the first-level cache. A tile of cells is taken through all stages of a pass in
 * one small array, which each stage overwrites. So the tile stays in that cache, and no second array is needed.
 *
 * This is time skewing as in tiles.h, but here the skewing is in the place where a cell is stored: after k stages cell
 * (i, j) is at the position (i + k, j + k). Therefore a tile has the same positions at all stages, each stage writes
 * over what the stage before has left, and what a tile needs from below and from the left has been computed by tiles
 * that are done.
 *
 *      position y                                      a tile of 4 lanes (more or fewer, see lanes.h)
 *          ^   +-----+-----+-----+                        +----------------+
 *          |   | 4   | 5   | 6   |   strips go up,        | rows of lane 3 |  the lanes of a vector are rows that lie
 *          |   +-----+-----+-----+   tiles to the         | rows of lane 2 |  apart: all neighbours of a vector's
 *          |   | 1   | 2   | 3   |   right                | rows of lane 1 |  cells are whole vectors again, and none
 *          |   +-----+-----+-----+                        | rows of lane 0 |  has to be shifted
 *          +-----------------------> position x        ---+----------------+
 *                                                      below: two rows; on the left: two columns
 *
 * At each stage a tile stores its last two rows for the tile above and its last two columns for the tile to the right,
 * and reads what the tiles below and to the left have stored for it. The ghost cells beyond walls are set anew at each
 * stage, in the array of the tile itself, where no other cell has its place. Cells outside of a stage's box are
 * computed as well where they share a vector with cells inside, but they are never used.
 *
 * So a tile depends on all tiles to the left of it and below it, and through them on all cells that messages bring from
 * there. What messages bring from above and from the right is needed only by the last strips and by the last tiles of
 * each strip. The last strips are done last anyway; the last tiles of some strips can be put off together, while the
 * columns that their neighbours to the left have stored for them are kept (right_last in frame_tile.h). A block that
 * has a neighbour below but none above may be gone through downwards. A block in the middle has to wait for what comes
 * from the left and from below before its first tile. Its neighbours there compute what they send to it at the end of
 * their pass, just before it is needed. So each block runs behind these neighbours by the time that a message takes,
 * and does not have to wait again. */
#ifndef HEAT2D_LANE_FRAME_H
#define HEAT2D_LANE_FRAME_H

#include "heat2d/numerics/frame_tile.h"

enum {
  HEAT_FRAME_STAGES = 64,     /* of a pass, at most */
  HEAT_FRAME_STAGES_LEAST = 4 /* fewer stages do not make up for moving the cells in and out */
};

/* The memory of the tiles, and of what they store for each other. It is kept from pass to pass. */
typedef struct heat_lane_frame {
  double *memory;
  size_t bytes;
} heat_lane_frame;

void heat_lane_frame_destroy(heat_lane_frame *frame); /* Local. */

/* About how many bytes of memory a frame takes for a block with its halo; `coefficients` is the number of arrays of
 * coefficients where the material varies, and 0 elsewhere. Local. */
size_t heat_lane_frame_bytes(heat_box grown, int threads, int coefficients, bool right_last);

/* Do the stages of a pass. HEAT_IO when memory is exhausted; then no cell has been changed. Local. */
heat_status heat_lane_frame_pass(heat_lane_frame *frame, const heat_frame_work *work);

#endif
