#include "heat2d/io/picture.h"

#include "heat2d/deck/names.h"
#include "picture_private.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_TICKS = 5, TIME_DIGITS = 6, TEXT = 256 };

/* Magenta is far from every colour of every map. */
static const unsigned char not_a_number[3] = {255, 0, 255};
static const double ink = 0.1, grey = 0.38; /* brightness of text and lines around the field */

heat_picture heat_picture_of(const heat_config *config) {
  heat_picture picture = {.title = heat_config_text(config, "title"),
                          .unit = heat_config_text(config, "output.unit"),
                          .colormap = heat_config_text(config, "output.images.colormap"),
                          .isotherms = (int)heat_config_integer(config, "output.images.isotherms"),
                          .smooth = heat_config_boolean(config, "output.images.smooth"),
                          .outlines = heat_config_boolean(config, "output.images.outlines"),
                          .region_names = heat_config_boolean(config, "output.images.region_names"),
                          .range_auto = heat_config_auto(config, "output.images.range"),
                          .steady = !heat_config_auto(config, "time.method") &&
                                    heat_config_choice(config, "time.method") == HEAT_METHOD_STEADY,
                          .latest = heat_config_real(config, "time.end")};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    picture.origin[axis] = heat_config_real(config, "domain.origin.%d", axis);
    picture.extent[axis] = heat_config_real(config, "domain.size.%d", axis);
    picture.cells[axis] = heat_config_integer(config, "domain.cells.%d", axis);
  }
  if (picture.range_auto) return picture;
  picture.low = heat_config_real(config, "output.images.range.0");
  picture.high = heat_config_real(config, "output.images.range.1");
  return picture;
}

int64_t heat_picture_cell(const heat_picture *picture, int axis, int64_t sample) {
  return (int64_t)(((double)sample + 0.5) / (double)picture->samples[axis] * (double)picture->cells[axis]);
}

void heat_picture_samples(const heat_picture *picture, int axis, int64_t from, int64_t to, int64_t *lo, int64_t *hi) {
  const int64_t samples = picture->samples[axis];
  int64_t n = (int64_t)((double)from / (double)picture->cells[axis] * (double)samples) - 1;
  for (n = n < 0 ? 0 : n; n < samples && heat_picture_cell(picture, axis, n) < from; n++) continue;
  for (*lo = n; n < samples && heat_picture_cell(picture, axis, n) < to; n++) continue;
  *hi = n;
}

int heat_picture_level(const heat_picture *picture, double value) {
  if (isnan(value)) return HEAT_COLOURS;
  if (picture->low == picture->high && value == picture->low) return HEAT_COLOURS / 2;
  if (value >= picture->high) return HEAT_COLOURS - 1;
  const double level = HEAT_COLOURS * ((value - picture->low) / (picture->high - picture->low));
  return level > 0.0 ? (int)fmin(level, HEAT_COLOURS - 1) : 0;
}

const char *heat_picture_time_unit(double latest, double *seconds) {
  static const struct {
    const char *name;
    double seconds, most;
  } units[] = {{"s", 1, 180}, {"min", 60, 180 * 60}, {"h", 3600, 3 * 86400}, {"d", 86400, INFINITY}};
  size_t n = 0;
  while (fabs(latest) > units[n].most) n++;
  *seconds = units[n].seconds;
  return units[n].name;
}

void heat_picture_time(char *text, size_t size, double time, double latest) {
  double seconds;
  const char *unit = heat_picture_time_unit(latest, &seconds);
  snprintf(text, size, "%.*g", TIME_DIGITS, time / seconds);
  char *exponent = strchr(text, 'e');
  if (exponent != NULL)
    snprintf(exponent, size - (size_t)(exponent - text), "e%d", atoi(exponent + 1)); /* e-7 instead of e-07 */
  const size_t length = strlen(text);
  snprintf(text + length, size - length, " %s", unit);
}

void heat_picture_when(const heat_picture *picture, char *text, size_t size) {
  char time[TEXT / 2];
  heat_picture_time(time, sizeof time, picture->time, picture->latest);
  if (picture->steady && picture->time == 0)
    snprintf(text, size, "steady state");
  else
    snprintf(text, size, "%st = %s", picture->steady ? "steady, " : "", time);
}

/* Find the samples between whose centres a pixel lies: `*low` and the next one. Returns the fraction of the way between
 * them. */
static double between(int pixel, int pixels, int samples, int *low) {
  const double at = (pixel + 0.5) / pixels * samples - 0.5;
  if (!(at > 0)) return *low = 0, 0;
  if (at >= samples - 1) return *low = samples > 1 ? samples - 2 : 0, samples > 1 ? 1 : 0;
  *low = (int)at;
  return at - *low;
}

/* The temperature that a pixel shows. Rows of pixels are numbered from the lowest y. */
static double pixel_value(const heat_picture *picture, const double *values, int x, int y) {
  const int columns = picture->samples[HEAT_X], rows = picture->samples[HEAT_Y];
  if (!picture->smooth) {
    const int i = (int)((x + 0.5) / picture->width * columns), j = (int)((y + 0.5) / picture->height * rows);
    return values[(size_t)j * (size_t)columns + (size_t)i];
  }
  int i, j;
  const double u = between(x, picture->width, columns, &i), v = between(y, picture->height, rows, &j);
  const double *low = values + (size_t)j * (size_t)columns + i, *high = low + (rows > 1 ? columns : 0);
  const int next = columns > 1;
  return (1 - v) * ((1 - u) * low[0] + u * low[next]) + v * ((1 - u) * high[0] + u * high[next]);
}

/* Write the colours as words xRGB; the last one is that of NaN. */
static void read_colours(const heat_picture *picture, uint32_t words[HEAT_COLOURS + 1]) {
  unsigned char colours[HEAT_COLOURS + 1][3];
  heat_colormap(picture->colormap, colours);
  memcpy(colours[HEAT_COLOURS], not_a_number, sizeof not_a_number);
  for (int n = 0; n <= HEAT_COLOURS; n++)
    words[n] = (uint32_t)colours[n][0] << 16 | (uint32_t)colours[n][1] << 8 | colours[n][2];
}

/* Copy a surface pixel by pixel into a rectangle of the same size. */
static void paint_pixels(cairo_t *cairo, cairo_surface_t *surface, heat_rectangle at) {
  cairo_surface_mark_dirty(surface);
  cairo_set_source_surface(cairo, surface, at.x, at.y);
  cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST);
  cairo_rectangle(cairo, at.x, at.y, at.width, at.height);
  cairo_fill(cairo);
  cairo_surface_destroy(surface);
}

static void draw_field(cairo_t *cairo, const heat_picture *picture, const heat_picture_layout *plan,
                       const double *values) {
  uint32_t words[HEAT_COLOURS + 1];
  read_colours(picture, words);
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->width, picture->height);
  unsigned char *pixels = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < picture->height && pixels != NULL; y++) {
    unsigned char *row = pixels + (ptrdiff_t)(picture->height - 1 - y) * stride;
    for (int x = 0; x < picture->width; x++)
      memcpy(row + sizeof *words * (size_t)x, &words[heat_picture_level(picture, pixel_value(picture, values, x, y))],
             sizeof *words);
  }
  paint_pixels(cairo, surface, plan->field);
}

static void draw_frame(cairo_t *cairo, heat_rectangle at) {
  const double half = 0.5;
  cairo_set_source_rgb(cairo, grey, grey, grey);
  cairo_set_line_width(cairo, 1);
  cairo_rectangle(cairo, at.x - half, at.y - half, at.width + 1, at.height + 1);
  cairo_stroke(cairo);
}

static void draw_tick(cairo_t *cairo, double x, double y, double dx, double dy) {
  cairo_set_source_rgb(cairo, grey, grey, grey);
  cairo_set_line_width(cairo, 1);
  cairo_move_to(cairo, x, y);
  cairo_rel_line_to(cairo, dx, dy);
  cairo_stroke(cairo);
  cairo_set_source_rgb(cairo, ink, ink, ink);
}

/* The middle of a pixel, where a line of one pixel is sharp. */
static double sharp(double at) {
  return floor(at) + 0.5;
}

/* The same as in the layout, in em. */
static const double tick = 0.35, space = 0.3, half_digit = 0.36;

static void draw_x_axis(cairo_t *cairo, heat_pen *pen, const heat_picture *picture, const heat_picture_layout *plan) {
  const heat_rectangle field = plan->field;
  const heat_ticks *ticks = &plan->axes[HEAT_X];
  const double low = picture->origin[HEAT_X] * plan->length_factor, em = plan->em;
  const double across = picture->extent[HEAT_X] * plan->length_factor, foot = field.y + field.height;
  char text[TEXT];
  for (int n = 0; n < ticks->count; n++) {
    const double part = (heat_ticks_value(ticks, n) - low) / across, x = field.x + part * (field.width - 1);
    draw_tick(cairo, sharp(x), foot, 0, tick * em);
    heat_ticks_label(ticks, n, text);
    heat_pen_write(pen, sharp(x), foot + (tick + space + 2 * half_digit) * em, HEAT_ALIGN_CENTRE, text);
  }
  if (!plan->named[HEAT_X]) return;
  const double stretch = heat_picture_stretch(picture), shown = 1.1;
  int length = snprintf(text, sizeof text, "x (%s)", plan->length_unit);
  if (stretch > shown || stretch < 1 / shown)
    snprintf(text + length, sizeof text - (size_t)length, "    y drawn × %.3g", stretch);
  const double middle = field.x + field.width / 2.0;
  heat_pen_write(pen, middle, foot + (tick + space + 1.3 + 2 * half_digit) * em, HEAT_ALIGN_CENTRE, text);
}

static void draw_y_axis(cairo_t *cairo, heat_pen *pen, const heat_picture *picture, const heat_picture_layout *plan) {
  const heat_rectangle field = plan->field;
  const heat_ticks *ticks = &plan->axes[HEAT_Y];
  const double low = picture->origin[HEAT_Y] * plan->length_factor, em = plan->em;
  const double across = picture->extent[HEAT_Y] * plan->length_factor;
  char text[TEXT];
  for (int n = 0; n < ticks->count; n++) {
    const double part = (heat_ticks_value(ticks, n) - low) / across;
    const double y = field.y + (1 - part) * (field.height - 1);
    draw_tick(cairo, field.x, sharp(y), -tick * em, 0);
    heat_ticks_label(ticks, n, text);
    heat_pen_write(pen, field.x - (tick + space) * em, y + half_digit * em, HEAT_ALIGN_RIGHT, text);
  }
  if (!plan->named[HEAT_Y]) return;
  const double up = -1.5707963267948966;
  snprintf(text, sizeof text, "y (%s)", plan->length_unit);
  cairo_save(cairo);
  cairo_translate(cairo, 1.4 * em, field.y + field.height / 2.0);
  cairo_rotate(cairo, up);
  heat_pen_write(pen, 0, 0, HEAT_ALIGN_CENTRE, text);
  cairo_restore(cairo);
}

/* Draw a tick and its label at the right of the colour bar, at the fraction `part` of its height. */
static void draw_bar_label(cairo_t *cairo, heat_pen *pen, const heat_picture_layout *plan, double part,
                           const char *text) {
  const heat_rectangle bar = plan->bar;
  const double y = bar.y + (1 - part) * (bar.height - 1), x = bar.x + bar.width;
  draw_tick(cairo, x, sharp(y), tick * plan->em, 0);
  heat_pen_write(pen, x + (tick + space) * plan->em, y + half_digit * plan->em, HEAT_ALIGN_LEFT, text);
}

static void draw_bar_labels(cairo_t *cairo, heat_pen *pen, const heat_picture *picture, const heat_picture_layout *plan,
                            const heat_ticks *ticks) {
  char text[HEAT_TICK_TEXT];
  if (ticks->count == 0) { /* a uniform field has one value, which is written in the middle like its colour */
    heat_ticks_between(ticks, picture->low, text);
    draw_bar_label(cairo, pen, plan, 0.5, text);
    return;
  }
  const double lines = 1.3 * plan->em / plan->bar.height; /* height of a label as a fraction of the bar */
  for (int n = 0; n < ticks->count; n++) {
    const double part = (heat_ticks_value(ticks, n) - picture->low) / (picture->high - picture->low);
    heat_ticks_label(ticks, n, text);
    if (part > lines && part < 1 - lines) draw_bar_label(cairo, pen, plan, part, text);
  }
  heat_ticks_between(ticks, picture->low, text);
  draw_bar_label(cairo, pen, plan, 0, text);
  heat_ticks_between(ticks, picture->high, text);
  draw_bar_label(cairo, pen, plan, 1, text);
}

static void draw_bar(cairo_t *cairo, const heat_picture *picture, const heat_picture_layout *plan) {
  uint32_t words[HEAT_COLOURS + 1];
  read_colours(picture, words);
  const heat_rectangle bar = plan->bar;
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, bar.width, bar.height);
  unsigned char *pixels = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < bar.height && pixels != NULL; y++)
    for (int x = 0; x < bar.width; x++)
      memcpy(pixels + (ptrdiff_t)y * stride + sizeof *words * (size_t)x,
             &words[(bar.height - 1 - y) * HEAT_COLOURS / bar.height], sizeof *words);
  paint_pixels(cairo, surface, bar);
  draw_frame(cairo, bar);
}

static void draw_header(cairo_t *cairo, heat_pen *pen, const heat_picture *picture, const heat_picture_layout *plan,
                        const heat_ticks *ticks) {
  const double edge = 0.8; /* em, as in the layout */
  char text[TEXT], base[HEAT_TICK_TEXT];
  const int right = plan->width - (int)lround(edge * plan->em);
  cairo_set_source_rgb(cairo, ink, ink, ink);
  if (picture->title[0] != '\0')
    heat_pen_paragraph(pen, plan->field.x, edge * plan->em, right - plan->field.x, picture->title, true);
  heat_picture_when(picture, text, sizeof text);
  heat_pen_write(pen, plan->field.x, plan->time_baseline, HEAT_ALIGN_LEFT, text);
  if (ticks->form == HEAT_TICK_OFFSET && ticks->count > 0) {
    heat_ticks_base(ticks, base);
    snprintf(text, sizeof text, "%s %s", base, picture->unit);
  } else {
    snprintf(text, sizeof text, "%s", picture->unit);
  }
  const int wide = heat_pen_width(pen, text), room = right - plan->bar.x;
  if (wide <= room)
    heat_pen_write(pen, plan->bar.x, plan->unit_baseline, HEAT_ALIGN_LEFT, text);
  else if (ticks->form == HEAT_TICK_OFFSET && ticks->count > 0)
    heat_pen_write(pen, right, plan->unit_baseline, HEAT_ALIGN_RIGHT, text);
  else
    heat_pen_write_within(pen, plan->bar.x, plan->unit_baseline, room, text);
}

/* What the drawing function needs. */
typedef struct scene {
  const heat_picture *picture;
  heat_picture_layout plan;
  const double *values;
  heat_status status;
} scene;

static void paint(cairo_t *cairo, void *context) {
  scene *shown = context;
  const heat_picture *picture = shown->picture;
  const heat_picture_layout *plan = &shown->plan;
  cairo_set_source_rgb(cairo, 1, 1, 1);
  cairo_paint(cairo);
  draw_field(cairo, picture, plan, shown->values);
  if (!picture->bare) {
    cairo_save(cairo);
    cairo_rectangle(cairo, plan->field.x, plan->field.y, plan->field.width, plan->field.height);
    cairo_clip(cairo);
    if (picture->outlines) heat_picture_outlines(picture, plan, cairo);
    if (picture->isotherms > 0) shown->status = heat_picture_isotherms(picture, plan, shown->values, cairo);
    heat_picture_write_names(picture, plan, cairo);
    cairo_restore(cairo);
  }
  draw_frame(cairo, plan->field);
  heat_pen *pen = picture->bare ? NULL : heat_pen_create(cairo, plan->em);
  if (pen != NULL) {
    const heat_ticks ticks = heat_ticks_choose(picture->low, picture->high, BAR_TICKS);
    draw_bar(cairo, picture, plan);
    draw_header(cairo, pen, picture, plan, &ticks);
    draw_bar_labels(cairo, pen, picture, plan, &ticks);
    draw_x_axis(cairo, pen, picture, plan);
    draw_y_axis(cairo, pen, picture, plan);
  }
  heat_pen_destroy(pen);
}

heat_status heat_picture_write(const heat_picture *picture, const double *values, heat_picture_format format,
                               const char *path) {
  scene shown = {.picture = picture, .plan = heat_picture_plan(picture), .values = values, .status = heat_ok()};
  const heat_canvas canvas = {
      .width = shown.plan.width, .height = shown.plan.height, .title = picture->title, .format = format};
  const heat_status status = heat_canvas_write(&canvas, paint, &shown, path);
  return heat_first(shown.status, status);
}
