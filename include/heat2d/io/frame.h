/* Picture frames of a running simulation: each rank turns its own cells into colour levels, and frame k is put
 * together, compressed and written by rank k modulo the number of ranks, so that a film's frames are written in
 * parallel. */
#ifndef HEAT2D_FRAME_H
#define HEAT2D_FRAME_H

#include "heat2d/grid/field.h"
#include "heat2d/io/image.h"

typedef struct heat_frames {
  const heat_grid *grid; /* borrowed */
  const char *directory; /* borrowed */
  heat_image image;
  bool range_auto;
  int64_t written;
} heat_frames;

/* Write frame-<step>.png of `field`; `extent` is used where the range is automatic. Collective; the status is this
 * rank's own. HEAT_IO. */
heat_status heat_frames_write(heat_frames *frames, const heat_field *field, heat_extent extent, int64_t step,
                              double time);

#endif
