/* The shapes of regions: which points belong to them. */
#ifndef HEAT2D_SHAPE_H
#define HEAT2D_SHAPE_H

#include "heat2d/deck/config.h"
#include "heat2d/deck/names.h"

typedef struct heat_shape heat_shape;

/* Make the shape of region `index` of the deck. HEAT_DECK when its condition does not parse, HEAT_IO when memory is
 * exhausted. Local. */
heat_status heat_shape_create(heat_shape **shape, const heat_config *config, int index);
void heat_shape_destroy(heat_shape *shape); /* NULL is allowed. Local. */

/* Tell whether a point belongs to the shape; its edge does. Local. */
bool heat_shape_contains(const heat_shape *shape, double x, double y);

/* Find a box that contains the shape and its edges; false when none is known. Local. */
bool heat_shape_bounds(const heat_shape *shape, double low[HEAT_AXES], double high[HEAT_AXES]);

/* Tell whether the shape is equal to that box. Local. */
bool heat_shape_is_rectangle(const heat_shape *shape);

/* Set which[n] to `number` for those of the points (x[n], y), 0 <= n < count, that belong to the shape. Several threads
 * may do this at the same time. Local. */
void heat_shape_cover(const heat_shape *shape, const double *x, int count, double y, int number, int *which);

/* Tell whether the condition of a shape was NaN at a point at which it was evaluated since the last call, and set *x
 * and *y to such a point. Local. */
bool heat_shape_undefined(heat_shape *shape, double *x, double *y);

#endif
