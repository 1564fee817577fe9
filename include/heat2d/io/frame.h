/* Pictures of a run (frames of a film): each rank sends the samples of its own cells, and frame k is assembled, drawn
 * and written by rank k modulo the number of ranks, so that successive frames are drawn in parallel. */
#ifndef HEAT2D_FRAME_H
#define HEAT2D_FRAME_H

#include "heat2d/grid/field.h"
#include "heat2d/io/picture.h"

/* What a run has shown so far. */
typedef struct heat_shown {
  int64_t pictures;
  double low, high; /* automatic range of the colours so far, K; not set before the first picture */
} heat_shown;

typedef struct heat_frames {
  const heat_grid *grid; /* borrowed; NULL: there are no pictures */
  const char *directory; /* borrowed */
  heat_picture picture;
  int64_t *materials; /* a number for the material of each sample; owned */
  heat_picture_names *names;
  int64_t written;
  heat_shown shown; /* since the start of the run, also before a resume */
} heat_frames;

/* Prepare the frames for which the deck asks, which must have a section output.images. Problem, grid and directory are
 * borrowed. HEAT_IO. Collective. */
heat_status heat_frames_create(heat_frames *frames, const heat_problem *problem, const heat_grid *grid,
                               const char *directory);
void heat_frames_destroy(heat_frames *frames); /* Local. */

/* Write frame-<step>.png of `field` at `time`, s. An automatic range is extended by `extent`, and never becomes
 * narrower, so that a film does not flicker. HEAT_IO. Collective, but the status is that of this rank. */
heat_status heat_frames_write(heat_frames *frames, const heat_field *field, heat_extent extent, int64_t step,
                              double time);

/* Estimate the largest size of a frame in bytes. Local. */
double heat_frames_bytes(const heat_frames *frames);

#endif
