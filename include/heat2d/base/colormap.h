/* Colour maps for temperature fields. */
#ifndef HEAT2D_COLORMAP_H
#define HEAT2D_COLORMAP_H

#include <stdbool.h>

enum { HEAT_COLOURS = 256 };

/* Write the colours of a map to `rgb`, from cold to hot; `name` is a value of output.images.colormap. Returns false
 * when there is no such map. Local. */
bool heat_colormap(const char *name, unsigned char rgb[HEAT_COLOURS][3]);

/* Names of the maps, ended by NULL, for the option table and for messages. */
extern const char *const heat_colormap_names[];

#endif
