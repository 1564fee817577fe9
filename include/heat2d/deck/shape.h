/* The shapes of regions: which points belong to them. */
#ifndef HEAT2D_SHAPE_H
#define HEAT2D_SHAPE_H

#include "heat2d/deck/config.h"
#include "heat2d/deck/names.h"

typedef struct heat_shape heat_shape;

/* The shape of region `index` of the deck. Local. */
heat_status heat_shape_create(heat_shape **shape, const heat_config *config, int index);
void heat_shape_destroy(heat_shape *shape); /* NULL is allowed. Local. */

/* Whether the point belongs to the shape; its edge does. Local. */
bool heat_shape_contains(const heat_shape *shape, double x, double y);

/* The box around a shape, its edges included; false where it has none that is known. Local. */
bool heat_shape_bounds(const heat_shape *shape, double low[HEAT_AXES], double high[HEAT_AXES]);

/* Whether the shape is that box. Local. */
bool heat_shape_is_rectangle(const heat_shape *shape);

/* Enter `number` into which[n] for those of the points (x[n], y), 0 <= n < count, that belong to the shape. Several
 * threads may do this at once. Local. */
void heat_shape_cover(const heat_shape *shape, const double *x, int count, double y, int number, int *which);

/* Whether the condition of a shape was not a number somewhere it was asked since the last such question, and where.
 * Local. */
bool heat_shape_undefined(heat_shape *shape, double *x, double *y);

#endif
