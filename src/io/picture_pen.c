#include "picture_private.h"

#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 6 }; /* lines of a paragraph; a longer text is cut and ends in an ellipsis */

struct heat_pen {
  cairo_t *cairo;
  PangoLayout *layout;
  PangoFontDescription *font;
};

/* Without fonts pango still lists font families, but draws empty boxes, so that glyphs have to be checked. */
bool heat_pen_has_font(void) {
  PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
  PangoLayout *layout = pango_layout_new(context);
  pango_layout_set_text(layout, "0123456789 K", -1);
  const bool known = pango_layout_get_unknown_glyphs_count(layout) == 0;
  g_object_unref(layout);
  g_object_unref(context);
  return known;
}

heat_pen *heat_pen_create(cairo_t *cairo, double size) {
  heat_pen *pen = malloc(sizeof *pen);
  if (pen == NULL) return NULL;
  *pen = (heat_pen){.cairo = cairo, .layout = pango_cairo_create_layout(cairo), .font = pango_font_description_new()};
  /* Metrics are not rounded to pixels, so that text has the same width in all formats. */
  cairo_font_options_t *options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(pango_layout_get_context(pen->layout), options);
  cairo_font_options_destroy(options);
  pango_font_description_set_family(pen->font, "DejaVu Sans, Sans");
  pango_font_description_set_absolute_size(pen->font, size * PANGO_SCALE);
  pango_layout_set_font_description(pen->layout, pen->font);
  return pen;
}

void heat_pen_destroy(heat_pen *pen) {
  if (pen == NULL) return;
  pango_font_description_free(pen->font);
  g_object_unref(pen->layout);
  free(pen);
}

/* Set a text as one paragraph of valid UTF-8. Invalid bytes become the replacement character; line breaks and control
 * characters become spaces. */
static void set_text(heat_pen *pen, const char *text) {
  enum { DELETE = 0x7F };
  char *valid = g_utf8_make_valid(text, -1);
  for (char *c = valid; *c != '\0'; c++)
    if ((unsigned char)*c < ' ' || *c == DELETE) *c = ' ';
  pango_layout_set_text(pen->layout, valid, -1);
  g_free(valid);
}

static PangoRectangle extents(heat_pen *pen) {
  PangoRectangle logical;
  pango_layout_get_pixel_extents(pen->layout, NULL, &logical);
  return logical;
}

int heat_pen_width(heat_pen *pen, const char *text) {
  set_text(pen, text);
  return extents(pen).width;
}

void heat_pen_write(heat_pen *pen, double x, double y, heat_align align, const char *text) {
  const int width = heat_pen_width(pen, text);
  if (align == HEAT_ALIGN_CENTRE) x -= width / 2.0;
  if (align == HEAT_ALIGN_RIGHT) x -= width;
  cairo_move_to(pen->cairo, x, y - pango_layout_get_baseline(pen->layout) / (double)PANGO_SCALE);
  pango_cairo_show_layout(pen->cairo, pen->layout);
}

void heat_pen_write_within(heat_pen *pen, double x, double y, double width, const char *text) {
  pango_layout_set_width(pen->layout, (int)(width * PANGO_SCALE));
  pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_END);
  heat_pen_write(pen, x, y, HEAT_ALIGN_LEFT, text);
  pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_NONE);
  pango_layout_set_width(pen->layout, -1);
}

void heat_pen_outline(heat_pen *pen, const char *text) {
  set_text(pen, text);
  PangoRectangle ink, logical;
  pango_layout_get_pixel_extents(pen->layout, &ink, &logical);
  cairo_move_to(pen->cairo, -logical.width / 2.0, -ink.y - ink.height / 2.0);
  pango_cairo_layout_path(pen->cairo, pen->layout);
}

int heat_pen_paragraph(heat_pen *pen, double x, double y, int width, const char *text, bool ink) {
  pango_font_description_set_weight(pen->font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(pen->layout, pen->font);
  pango_layout_set_width(pen->layout, width * PANGO_SCALE);
  pango_layout_set_wrap(pen->layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_height(pen->layout, -MOST_LINES);
  set_text(pen, text);
  const int height = extents(pen).height;
  if (ink) {
    cairo_move_to(pen->cairo, x, y);
    pango_cairo_show_layout(pen->cairo, pen->layout);
  }
  pango_layout_set_height(pen->layout, -1);
  pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_NONE);
  pango_layout_set_width(pen->layout, -1);
  pango_font_description_set_weight(pen->font, PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(pen->layout, pen->font);
  return height;
}
