/* Plots of time series and profiles: panels, one below the other, with curves in each. */
#ifndef HEAT2D_PLOT_H
#define HEAT2D_PLOT_H

#include "heat2d/io/picture.h"

typedef struct heat_curve {
  const char *name;
  const double *x, *y; /* values that are not finite leave a gap in the curve */
  int count;
} heat_curve;

typedef struct heat_panel {
  const char *x_label, *y_label;
  const heat_curve *curves;
  int curve_count;
} heat_panel;

typedef struct heat_plot {
  const char *title;
  int width;     /* pixels */
  int name_room; /* room for the names of curves beside the panels, in em (the size of the letters); 0: 10 */
  const heat_panel *panels;
  int panel_count;
} heat_plot;

/* Write the plot to the file `path` as heat_picture_write does. HEAT_IO. Local. */
heat_status heat_plot_write(const heat_plot *plot, heat_picture_format format, const char *path);

#endif
