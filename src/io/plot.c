#include "heat2d/io/plot.h"

#include "picture_private.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_EM = 10, FIRST_EM = 6, EM_PARTS = 90, TEXT = 256 };
static const double panel_height = 0.36; /* height of a panel as a fraction of the width */
static const double ink = 0.1, pale = 0.88;
/* In em: the margin around the panels, the distance between lines of text, the room for labels of ticks, and that for
 * names of curves. */
static const double margin = 0.8, line = 1.4, label_room = 7, usual_name_room = 10, tick = 0.35, space = 0.3,
                    half_digit = 0.36;

/* Colours that differ in hue and in lightness (P. Okabe, K. Ito, Color universal design, 2008). */
static const unsigned char colours[][3] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115}, {204, 121, 167},
                                           {0, 0, 0},     {86, 180, 233}, {230, 159, 0}, {120, 120, 120}};
enum { COLOURS = sizeof colours / sizeof *colours };

typedef struct axes {
  heat_rectangle area;
  double low[HEAT_AXES], high[HEAT_AXES];
  int em;
  double name_room; /* em */
} axes;

static void find_range(const heat_panel *panel, axes *at) {
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    double low = INFINITY, high = -INFINITY;
    for (int c = 0; c < panel->curve_count; c++) {
      const double *values = axis == HEAT_X ? panel->curves[c].x : panel->curves[c].y;
      for (int n = 0; n < panel->curves[c].count; n++) {
        if (!isfinite(values[n])) continue;
        low = fmin(low, values[n]);
        high = fmax(high, values[n]);
      }
    }
    if (!(low <= high)) low = high = 0;
    const double beside = 0.05, least = 1e-9 * fmax(fabs(low), fabs(high));
    double apart = axis == HEAT_X ? 0 : beside * (high - low);
    if (high - low <= least) apart = fmax(1e-3 * fabs(low), 1e-6); /* constant up to rounding */
    at->low[axis] = low - apart;
    at->high[axis] = high + apart;
  }
}

static double place_x(const axes *at, double value) {
  return at->area.x + (value - at->low[HEAT_X]) / (at->high[HEAT_X] - at->low[HEAT_X]) * at->area.width;
}

static double place_y(const axes *at, double value) {
  return at->area.y + (at->high[HEAT_Y] - value) / (at->high[HEAT_Y] - at->low[HEAT_Y]) * at->area.height;
}

static void set_ink(cairo_t *cairo, double grey) {
  cairo_set_source_rgb(cairo, grey, grey, grey);
}

static void draw_rule(cairo_t *cairo, double x, double y, double to_x, double to_y) {
  set_ink(cairo, pale);
  cairo_set_line_width(cairo, 1);
  cairo_move_to(cairo, floor(x) + 0.5, floor(y) + 0.5);
  cairo_line_to(cairo, floor(to_x) + 0.5, floor(to_y) + 0.5);
  cairo_stroke(cairo);
  set_ink(cairo, ink);
}

static void draw_x_axis(cairo_t *cairo, heat_pen *pen, const axes *at, const char *label) {
  enum { WANTED = 6 };
  const heat_ticks ticks = heat_ticks_choose(at->low[HEAT_X], at->high[HEAT_X], WANTED);
  const double foot = at->area.y + at->area.height, em = at->em;
  char text[HEAT_TICK_TEXT];
  double free_from = -INFINITY; /* labels that would touch the previous one are left out */
  for (int n = 0; n < ticks.count; n++) {
    const double x = place_x(at, heat_ticks_value(&ticks, n));
    draw_rule(cairo, x, at->area.y, x, foot);
    heat_ticks_label(&ticks, n, text);
    const double half = heat_pen_width(pen, text) / 2.0;
    if (x - half < free_from) continue;
    free_from = x + half + em / 2;
    heat_pen_write(pen, x, foot + (tick + space + 2 * half_digit) * em, HEAT_ALIGN_CENTRE, text);
  }
  heat_pen_write(pen, at->area.x + at->area.width / 2.0, foot + (tick + space + 1.3 + 2 * half_digit) * em,
                 HEAT_ALIGN_CENTRE, label);
}

static void draw_y_axis(cairo_t *cairo, heat_pen *pen, const axes *at, const char *label) {
  enum { WANTED = 4 };
  const heat_ticks ticks = heat_ticks_choose(at->low[HEAT_Y], at->high[HEAT_Y], WANTED);
  const double em = at->em;
  char text[HEAT_TICK_TEXT], caption[TEXT];
  for (int n = 0; n < ticks.count; n++) {
    const double y = place_y(at, heat_ticks_value(&ticks, n));
    draw_rule(cairo, at->area.x, y, at->area.x + at->area.width, y);
    heat_ticks_label(&ticks, n, text);
    heat_pen_write(pen, at->area.x - (tick + space) * em, y + half_digit * em, HEAT_ALIGN_RIGHT, text);
  }
  snprintf(caption, sizeof caption, "%s", label);
  if (ticks.count > 0 && ticks.form == HEAT_TICK_OFFSET) {
    heat_ticks_base(&ticks, text);
    snprintf(caption, sizeof caption, "%s, from %s on", label, text);
  }
  heat_pen_write(pen, at->area.x, at->area.y - space * em, HEAT_ALIGN_LEFT, caption);
}

static void set_colour(cairo_t *cairo, int curve) {
  const double most = 255;
  const unsigned char *colour = colours[curve % COLOURS];
  cairo_set_source_rgb(cairo, colour[0] / most, colour[1] / most, colour[2] / most);
}

static void draw_curve(cairo_t *cairo, const axes *at, const heat_curve *curve, int number) {
  const double wide = 0.12, dash[] = {0.6 * at->em, 0.3 * at->em};
  bool drawing = false;
  for (int n = 0; n < curve->count; n++) {
    const bool there = isfinite(curve->x[n]) && isfinite(curve->y[n]);
    if (there && drawing) cairo_line_to(cairo, place_x(at, curve->x[n]), place_y(at, curve->y[n]));
    if (there && !drawing) cairo_move_to(cairo, place_x(at, curve->x[n]), place_y(at, curve->y[n]));
    drawing = there;
  }
  set_colour(cairo, number);
  cairo_set_line_width(cairo, fmax(1.2, wide * at->em));
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash(cairo, dash, number / COLOURS % 2 == 1 ? 2 : 0, 0);
  cairo_stroke(cairo);
  cairo_set_dash(cairo, dash, 0, 0);
}

/* Write the names of the curves at the right of the panel, as many as there is room for. */
static void draw_names(cairo_t *cairo, heat_pen *pen, const axes *at, const heat_panel *panel) {
  const double em = at->em, x = at->area.x + at->area.width + em, stroke = 1.4 * em;
  const int lines = (int)(at->area.height / (line * em));
  const int shown = panel->curve_count <= lines ? panel->curve_count : lines - 1;
  char text[TEXT];
  for (int n = 0; n < shown; n++) {
    const double y = at->area.y + (n + 0.5) * line * em;
    set_colour(cairo, n);
    cairo_set_line_width(cairo, 0.2 * em);
    cairo_move_to(cairo, x, y);
    cairo_rel_line_to(cairo, stroke, 0);
    cairo_stroke(cairo);
    set_ink(cairo, ink);
    heat_pen_write_within(pen, x + stroke + space * em, y + half_digit * em,
                          (at->name_room - 1) * em - stroke - space * em, panel->curves[n].name);
  }
  if (shown == panel->curve_count) return;
  snprintf(text, sizeof text, "and %d more", panel->curve_count - shown);
  heat_pen_write(pen, x, at->area.y + (shown + 0.5) * line * em + half_digit * em, HEAT_ALIGN_LEFT, text);
}

typedef struct sheet {
  const heat_plot *plot;
  int em, top, height; /* top: of the first panel; height: of one panel with its labels */
} sheet;

static void draw_panel(cairo_t *cairo, heat_pen *pen, const sheet *page, int number) {
  const heat_panel *panel = &page->plot->panels[number];
  const double em = page->em;
  axes at = {.em = page->em, .name_room = page->plot->name_room > 0 ? page->plot->name_room : usual_name_room};
  at.area.x = (int)((margin + label_room) * em);
  at.area.y = page->top + number * page->height + (int)(line * em);
  at.area.width = page->plot->width - at.area.x - (int)((at.name_room + margin) * em);
  at.area.height = page->height - (int)((3 * line + tick + space + margin) * em);
  find_range(panel, &at);
  draw_x_axis(cairo, pen, &at, panel->x_label);
  draw_y_axis(cairo, pen, &at, panel->y_label);
  cairo_save(cairo);
  cairo_rectangle(cairo, at.area.x - 1, at.area.y - 1, at.area.width + 2, at.area.height + 2);
  cairo_clip(cairo);
  for (int n = 0; n < panel->curve_count; n++) draw_curve(cairo, &at, &panel->curves[n], n);
  cairo_restore(cairo);
  draw_names(cairo, pen, &at, panel);
}

static void paint(cairo_t *cairo, void *context) {
  const sheet *page = context;
  cairo_set_source_rgb(cairo, 1, 1, 1);
  cairo_paint(cairo);
  heat_pen *pen = heat_pen_create(cairo, page->em);
  if (pen == NULL) return;
  set_ink(cairo, ink);
  const double edge = margin * page->em;
  heat_pen_paragraph(pen, edge, edge, (int)(page->plot->width - 2 * edge), page->plot->title, true);
  for (int n = 0; n < page->plot->panel_count; n++) draw_panel(cairo, pen, page, n);
  heat_pen_destroy(pen);
}

heat_status heat_plot_write(const heat_plot *plot, heat_picture_format format, const char *path) {
  if (!heat_pen_has_font())
    return heat_fail(HEAT_IO, "no font is installed here, and a plot without numbers says nothing");
  sheet page = {.plot = plot, .em = FIRST_EM + plot->width / EM_PARTS, .height = (int)(panel_height * plot->width)};
  if (page.em < LEAST_EM) page.em = LEAST_EM;
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
  cairo_t *cairo = cairo_create(surface);
  heat_pen *pen = heat_pen_create(cairo, page.em);
  const double edge = margin * page.em;
  page.top = (int)edge;
  if (pen != NULL && plot->title[0] != '\0')
    page.top += heat_pen_paragraph(pen, 0, 0, (int)(plot->width - 2 * edge), plot->title, false) + page.em / 2;
  heat_pen_destroy(pen);
  cairo_destroy(cairo);
  cairo_surface_destroy(surface);
  const heat_canvas canvas = {.width = plot->width,
                              .height = page.top + plot->panel_count * page.height,
                              .title = plot->title,
                              .format = format};
  return heat_canvas_write(&canvas, paint, &page, path);
}
