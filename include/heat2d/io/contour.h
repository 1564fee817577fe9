/* Isolines of a raster of values, by marching squares. */
#ifndef HEAT2D_CONTOUR_H
#define HEAT2D_CONTOUR_H

#include "heat2d/base/status.h"

typedef struct heat_point {
  double x, y;
} heat_point;

typedef struct heat_raster {
  int width, height;
  const double *values; /* height rows of width values, the first row at the lowest y */
} heat_raster;

/* Called with each line of the level number `level`, which has `count` >= 2 points; a closed line ends at its first
 * point. */
typedef void heat_contour_visitor(int level, const heat_point *points, int count, void *context);

/* Find the lines on which the raster has the values levels[0 .. count - 1]. Value (i, j) is at (i + 1/2, j + 1/2);
 * between these points values are interpolated linearly, and beyond the outermost points they are constant up to the
 * edges, x = 0 and width, y = 0 and height. There are no lines around a value that is not finite. At a saddle the mean
 * of the four values decides which lines are connected. W. E. Lorensen, H. E. Cline, Marching cubes, Computer Graphics
 * 21 (1987), in two dimensions. HEAT_IO when memory is exhausted. Local. */
heat_status heat_contour(const heat_raster *raster, const double *levels, int count, heat_contour_visitor *visit,
                         void *context);

#endif
