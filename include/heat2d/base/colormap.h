/* Colour maps for temperature fields. */
#ifndef HEAT2D_COLORMAP_H
#define HEAT2D_COLORMAP_H

#include <stdbool.h>

enum { HEAT_COLOURS = 256 };

/* The colours of a map, from cold to hot; `name` as in output.images.colormap. False when there is no such map. Local.
 */
bool heat_colormap(const char *name, unsigned char rgb[HEAT_COLOURS][3]);

/* Names of the maps, ended by NULL, for the option table and for messages. */
extern const char *const heat_colormap_names[];

#endif
