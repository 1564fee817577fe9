/* Picture frames of a running simulation: each rank hands over the samples of its own cells, and frame k is put
 * together, drawn and written by rank k modulo the number of ranks, so that a film's frames are written in parallel. */
#ifndef HEAT2D_FRAME_H
#define HEAT2D_FRAME_H

#include "heat2d/grid/field.h"
#include "heat2d/io/picture.h"

/* What a run has shown so far. */
typedef struct heat_shown {
  int64_t pictures;
  double low, high; /* of an automatic range; of no meaning before the first picture */
} heat_shown;

typedef struct heat_frames {
  const heat_grid *grid; /* borrowed; NULL: there are no pictures */
  const char *directory; /* borrowed */
  heat_picture picture;
  int64_t *materials; /* of the picture's samples */
  heat_picture_names *names;
  int64_t written;
  heat_shown shown; /* since the run's beginning, not only of this process */
} heat_frames;

/* Frames as the deck of a problem asks for them; its section output.images is there. HEAT_IO. Collective. */
heat_status heat_frames_create(heat_frames *frames, const heat_problem *problem, const heat_grid *grid,
                               const char *directory);
void heat_frames_destroy(heat_frames *frames); /* Local. */

/* Write frame-<step>.png of `field`. An automatic range is that of all that was shown, widened by `extent`: it
 * never becomes narrower, so that a film does not flicker. Collective; the status is this rank's own. HEAT_IO. */
heat_status heat_frames_write(heat_frames *frames, const heat_field *field, heat_extent extent, int64_t step,
                              double time);

/* Bytes that a frame takes at most, about. Local. */
double heat_frames_bytes(const heat_frames *frames);

#endif
