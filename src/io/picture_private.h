/* What the files of the picture room share: the pen that writes text, the layout, and the canvas that becomes a file.
 */
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

/* A pen whose letters are `size` pixels; NULL when memory is exhausted. Local. */
heat_pen *heat_pen_create(cairo_t *cairo, double size);
void heat_pen_destroy(heat_pen *pen); /* NULL is allowed. Local. */

/* Width of a line of text, pixels. Local. */
int heat_pen_width(heat_pen *pen, const char *text);

/* Write one line with its baseline at y, and its left end, middle or right end at x. Local. */
void heat_pen_write(heat_pen *pen, double x, double y, heat_align align, const char *text);

/* The same from the left, at most `width` pixels: what is longer ends in an ellipsis. Local. */
void heat_pen_write_within(heat_pen *pen, double x, double y, double width, const char *text);

/* Make a line's letters the current path, its middle at the origin of the current coordinates. Local. */
void heat_pen_outline(heat_pen *pen, const char *text);

/* Wrap text to `width` and write it in bold with its upper left corner at (x, y); returns its height. Without `ink` it
 * is measured only. Local. */
int heat_pen_paragraph(heat_pen *pen, double x, double y, int width, const char *text, bool ink);

/* picture_svg.c */

/* The text of an SVG with its names numbered in their order in it, and its length; to be freed. NULL: there is no
 * memory. Local. */
char *heat_svg_renumber(const char *text, size_t *length);

/* picture_layout.c */

typedef struct heat_rectangle {
  int x, y, width, height;
} heat_rectangle;

typedef struct heat_picture_layout {
  int em; /* size of the letters, pixels */
  int width, height;
  heat_rectangle field, bar;
  heat_ticks axes[HEAT_AXES]; /* without ticks where there is no room for them */
  bool named[HEAT_AXES];      /* there is room for the axis' name */
  const char *length_unit;    /* of the axes */
  double length_factor;       /* from m */
  int time_baseline, unit_baseline;
} heat_picture_layout;

/* Where everything goes. Nothing in it depends on time or temperatures, so all frames of a film have one layout. Local.
 */
heat_picture_layout heat_picture_plan(const heat_picture *picture);

/* picture_lines.c */

/* Draw the isotherms and their labels over the field. HEAT_IO when memory is exhausted. Local. */
heat_status heat_picture_isotherms(const heat_picture *picture, const heat_picture_layout *plan, const double *values,
                                   cairo_t *cairo);

/* Draw where the materials of neighbouring samples differ. Local. */
void heat_picture_outlines(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo);

/* picture_names.c */

/* The pen for the names of regions; NULL when memory is exhausted. Local. */
heat_pen *heat_picture_name_pen(const heat_picture_layout *plan, cairo_t *cairo);

/* The middle of a name that is `width` pixels wide: its place, moved where it would leave the field. Local. */
heat_point heat_picture_name_place(const heat_picture_name *name, const heat_picture_layout *plan, int width);

/* Write the names of regions over the field. Local. */
void heat_picture_write_names(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo);

/* picture_file.c */

typedef void heat_draw_function(cairo_t *cairo, void *context);

/* What a file of `format` is to hold. */
typedef struct heat_canvas {
  int width, height;
  const char *title;
  heat_picture_format format;
} heat_canvas;

/* Let `paint` draw, and write the file as heat_picture_write says. HEAT_IO. Local. */
heat_status heat_canvas_write(const heat_canvas *canvas, heat_draw_function *paint, void *context, const char *path);

#endif
