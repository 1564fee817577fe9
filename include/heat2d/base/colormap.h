/* Colour maps for temperature fields. */
#ifndef HEAT2D_COLORMAP_H
#define HEAT2D_COLORMAP_H

#include <stdbool.h>

/* A colour map: `name` as in output.images.colormap. Lightness (CIE L*) rises evenly from the first to the last entry
 * of the sequential maps; the diverging one is even on both sides of its middle. */
enum { HEAT_COLOURS = 240 }; /* field levels of a palette; the other entries are ink and paper */

/* The RGB bytes of the map's HEAT_COLOURS levels. False when there is no such map. Local. */
bool heat_colormap(const char *name, unsigned char rgb[HEAT_COLOURS][3]);

/* Names of the maps, ended by NULL, for the option table and for messages. */
extern const char *const heat_colormap_names[];

#endif
