/* Pictures of a temperature field: PNG frames with a colour bar, numbers, and the time in the picture. */
#ifndef HEAT2D_IMAGE_H
#define HEAT2D_IMAGE_H

#include "heat2d/base/colormap.h"
#include "heat2d/grid/grid.h"

typedef struct heat_image {
  int width, height;        /* pixels of the field itself, height by the domain's aspect */
  int across;               /* pixels of the whole picture; 0: as many as it needs */
  bool bare;                /* the field alone, without colour bar, title and labels */
  const char *colormap;     /* borrowed */
  const char *title;        /* borrowed; may be empty */
  double time;              /* s */
  double low, high;         /* values, K, at the two ends of the colour bar */
  double origin[HEAT_AXES]; /* lower left corner of the domain, m */
  double extent[HEAT_AXES]; /* size of the domain, m */
} heat_image;

/* Height in pixels of a field of that extent drawn `width` wide: by its aspect, at most 16384. One that would be too
 * low to be read becomes a band of 1/32 of the width (of 16 pixels at least, or of the width where that is less), and
 * one more than 16 times as high as wide becomes one of 4 times the width. Local. */
int heat_image_height(int width, const double extent[HEAT_AXES]);

/* Choose width and height of the field so that the whole picture is `across` pixels wide (one more where that is odd:
 * encoders of movies want even sides). Where the colour bar would leave the field less than half of it the picture is
 * bare. image->title, ->extent and ->origin are set. Local. */
void heat_image_fit(heat_image *image, int across);

/* By how much the field is drawn higher than its aspect asks for; 1 but for rounding where it is not. Local. */
double heat_image_stretch(const heat_image *image);

/* The colour level (0 .. HEAT_COLOURS - 1) of a value; values outside of low..high are clipped; NaN gives
 * HEAT_COLOURS, which is drawn in a colour that no map contains. Local. */
unsigned char heat_image_level(const heat_image *image, double value);

/* Write the picture to `path` (complete: opened, written, flushed, fsynced and closed; the caller renames). `levels`
 * holds height x width colour levels, the first row at the top (largest y). Around it: margin, title and time above,
 * colour bar with tick values and the unit K at the right, frame. HEAT_IO on failure. Local. */
heat_status heat_image_write(const heat_image *image, const unsigned char *levels, const char *path);

#endif
