/* What the files that draw pictures share: writing of text, the layout, and the canvas that is written to a file. */
#ifndef HEAT2D_PICTURE_PRIVATE_H
#define HEAT2D_PICTURE_PRIVATE_H

#include "heat2d/io/contour.h"
#include "heat2d/io/picture.h"
#include "heat2d/io/ticks.h"

#include <cairo.h>

/* picture_pen.c: text by pango */

typedef struct heat_pen heat_pen;

typedef enum heat_align { HEAT_ALIGN_LEFT, HEAT_ALIGN_CENTRE, HEAT_ALIGN_RIGHT } heat_align;

/* Whether any font is installed. Local. */
bool heat_pen_has_font(void);

/* Make a pen, with which text of `size` pixels is written; NULL when memory is exhausted. Local. */
heat_pen *heat_pen_create(cairo_t *cairo, double size);
void heat_pen_destroy(heat_pen *pen); /* NULL is allowed. Local. */

/* Return the width of a line of text in pixels. Local. */
int heat_pen_width(heat_pen *pen, const char *text);

/* Write one line with its baseline at y, and its left end, middle or right end at x. Local. */
void heat_pen_write(heat_pen *pen, double x, double y, heat_align align, const char *text);

/* Write one line with its left end at x and at most `width` pixels wide; a longer text is cut and ends in an ellipsis.
 * Local. */
void heat_pen_write_within(heat_pen *pen, double x, double y, double width, const char *text);

/* Make the outline of a line of text the current path, with its middle at the origin of the current coordinates.
 * Local. */
void heat_pen_outline(heat_pen *pen, const char *text);

/* Wrap a text to `width` pixels and write it in bold with its upper left corner at (x, y); returns its height. Without
 * `ink` the text is only measured. Local. */
int heat_pen_paragraph(heat_pen *pen, double x, double y, int width, const char *text, bool ink);

/* picture_svg.c */

/* Return the text of an SVG with its identifiers numbered in the order in which they occur, and set *length. It has to
 * be freed; NULL when memory is exhausted. Local. */
char *heat_svg_renumber(const char *text, size_t *length);

/* picture_layout.c */

typedef struct heat_rectangle {
  int x, y, width, height;
} heat_rectangle;

typedef struct heat_picture_layout {
  int em; /* size of the letters, pixels */
  int width, height;
  heat_rectangle field, bar;
  heat_ticks axes[HEAT_AXES]; /* without ticks if there is no room for them */
  bool named[HEAT_AXES];      /* there is room for the name of the axis */
  const char *length_unit;    /* unit of the axes */
  double length_factor;       /* factor from m to that unit */
  int time_baseline, unit_baseline;
} heat_picture_layout;

/* Choose the layout of a picture. It does not depend on time or temperatures, so that all frames of a film have the
 * same layout. Local. */
heat_picture_layout heat_picture_plan(const heat_picture *picture);

/* picture_lines.c */

/* Draw the isotherms and their labels over the field. HEAT_IO when memory is exhausted. Local. */
heat_status heat_picture_isotherms(const heat_picture *picture, const heat_picture_layout *plan, const double *values,
                                   cairo_t *cairo);

/* Draw lines where the materials of neighbouring samples differ. Local. */
void heat_picture_outlines(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo);

/* picture_names.c */

/* Make the pen for the names of regions; NULL when memory is exhausted. Local. */
heat_pen *heat_picture_name_pen(const heat_picture_layout *plan, cairo_t *cairo);

/* Return the middle of a name that is `width` pixels wide: its place, moved so that the name lies within the field.
 * Local. */
heat_point heat_picture_name_place(const heat_picture_name *name, const heat_picture_layout *plan, int width);

/* Write the names of regions over the field. Local. */
void heat_picture_write_names(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo);

/* picture_file.c */

typedef void heat_draw_function(cairo_t *cairo, void *context);

/* The size, the title and the format of a drawing. */
typedef struct heat_canvas {
  int width, height;
  const char *title;
  heat_picture_format format;
} heat_canvas;

/* Call `paint` to draw, and write the file as heat_picture_write does. HEAT_IO. Local. */
heat_status heat_canvas_write(const heat_canvas *canvas, heat_draw_function *paint, void *context, const char *path);

#endif
