/* Steps of Euler, fused in the first-level cache: a tile is carried through all stages of a pass in one
 * small array, in place, and neither leaves that cache nor needs a second array.
 *
 * Time skewing as in tiles.h, but the array moves with the wavefront: after k stages cell (i, j) is at the position
 * (i + k, j + k). A tile has always the same positions, each stage writes over what the one before left, and what a
 * tile needs from below and from the left has been computed by tiles that are done.
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
 * Of each stage a tile leaves its last two rows for the tile above and its last two columns for the one to the right,
 * where those two had left theirs for it. The cells beyond walls are set stage by stage: their positions are free. What
 * lies outside of a stage's box is computed, too, where it shares a vector with what lies inside, and never used.
 *
 * So a tile depends on all tiles to the left of it and below it, and through them on all cells that messages bring
 * there. On what they bring from the right and from above only the last tiles depend: those strips are done last, and
 * those tiles can be done last, too, with what their neighbours to the left have left for them in some strips
 * (right_last in frame_tile.h). A block that has neighbours below but not above may be gone through downwards. Blocks
 * in the middle have to wait for what comes from the left and from below before their first tile; their neighbours
 * there finish what they send just before, so that a block runs behind these by the time of a message, and none waits
 * again.
 */
#ifndef HEAT2D_LANE_FRAME_H
#define HEAT2D_LANE_FRAME_H

#include "heat2d/numerics/frame_tile.h"

enum {
  HEAT_FRAME_STAGES = 64,     /* most stages of a pass */
  HEAT_FRAME_STAGES_LEAST = 4 /* fewer do not pay for moving the cells in and out */
};

/* What tiles leave for each other, kept from pass to pass. */
typedef struct heat_lane_frame {
  double *memory;
  size_t bytes;
} heat_lane_frame;

void heat_lane_frame_destroy(heat_lane_frame *frame); /* Local. */

/* Bytes that it takes for a block with its halo, nearly, with so many arrays of coefficients where the material varies.
 * Local. */
size_t heat_lane_frame_bytes(heat_box grown, int threads, int coefficients, bool right_last);

/* Do the stages of a pass. HEAT_IO when memory is exhausted: then nothing has been done. Local. */
heat_status heat_lane_frame_pass(heat_lane_frame *frame, const heat_frame_work *work);

#endif
