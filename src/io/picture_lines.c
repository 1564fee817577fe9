/* Draws isotherms with their labels, and the outlines of the materials, over the field.
 *
 * Along an isotherm the field has one colour. The line is black or white, depending on the lightness of that colour,
 * and its label is written on a background of that colour. Labels are placed where a line crosses the diagonal of the
 * field, or at the nearest place at which the line is straight and free, so that they move little from frame to
 * frame. */
#include "picture_private.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LABELS = 256, MOST_ISOTHERMS = 100, NAME = -1 };
static const double thinning = 0.7; /* least distance between points of a line that are kept, pixels */
static const double full_turn = 6.283185307179586;

/* A label, which is written after all lines have been drawn. */
typedef struct label {
  heat_point middle;
  double angle;
  double radius; /* of a circle around it */
  int level;     /* level of its line; NAME: this is the name of a region, which labels must not overlap */
} label;

typedef struct drawing {
  const heat_picture *picture;
  const heat_picture_layout *plan;
  cairo_t *cairo;
  heat_pen *pen;
  heat_ticks ticks;
  int skipped; /* number of ticks before the first isotherm */
  unsigned char colours[HEAT_COLOURS][3];
  heat_point *points; /* points of the present line, pixels */
  double *lengths;    /* length of the line up to each point */
  int count, capacity;
  label labels[MOST_LABELS];
  int label_count;
  bool failed;
} drawing;

static heat_point to_pixel(const drawing *at, heat_point sample) {
  const heat_rectangle field = at->plan->field;
  return (heat_point){field.x + sample.x / at->picture->samples[HEAT_X] * field.width,
                      field.y + field.height - sample.y / at->picture->samples[HEAT_Y] * field.height};
}

/* Convert a line to pixels, drop points that are too close together, and compute the lengths along it. */
static bool take_line(drawing *at, const heat_point *points, int count) {
  if (count > at->capacity) {
    heat_point *more_points = realloc(at->points, (size_t)count * sizeof *more_points);
    if (more_points != NULL) at->points = more_points;
    double *more_lengths = realloc(at->lengths, (size_t)count * sizeof *more_lengths);
    if (more_lengths != NULL) at->lengths = more_lengths;
    at->failed = at->failed || more_points == NULL || more_lengths == NULL;
    if (at->failed) return false;
    at->capacity = count;
  }
  at->count = 0;
  for (int n = 0; n < count; n++) {
    const heat_point p = to_pixel(at, points[n]);
    const heat_point before = at->count > 0 ? at->points[at->count - 1] : p;
    const double step = hypot(p.x - before.x, p.y - before.y);
    if (n > 0 && n < count - 1 && step < thinning) continue;
    at->lengths[at->count] = at->count > 0 ? at->lengths[at->count - 1] + step : 0;
    at->points[at->count++] = p;
  }
  return true;
}

/* Choose white on dark colours and black on light ones (with the weights of the luminance of sRGB). */
static double ink_on(const unsigned char colour[3]) {
  const double most = 255, half = 0.45;
  const double lightness = (0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]) / most;
  return lightness < half ? 1 : 0;
}

/* A penalty for placing a label of that length in the middle of the points from..to: the lower the better, infinite if
 * it is impossible. */
static double misfit(const drawing *at, int from, int to, double length, double height) {
  const heat_rectangle field = at->plan->field;
  const heat_point a = at->points[from], b = at->points[to], middle = {(a.x + b.x) / 2, (a.y + b.y) / 2};
  const double straight = hypot(b.x - a.x, b.y - a.y) / (at->lengths[to] - at->lengths[from]), least_straight = 0.97;
  if (straight < least_straight) return INFINITY;
  const double along_x = fabs(b.x - a.x) / 2 + height, along_y = fabs(b.y - a.y) / 2 + height;
  if (middle.x - along_x < field.x || middle.x + along_x > field.x + field.width) return INFINITY;
  if (middle.y - along_y < field.y || middle.y + along_y > field.y + field.height) return INFINITY;
  for (int n = 0; n < at->label_count; n++) {
    const label *other = &at->labels[n];
    if (hypot(other->middle.x - middle.x, other->middle.y - middle.y) < other->radius + length / 2 + height)
      return INFINITY;
  }
  const double u = (middle.x - field.x) / field.width, v = (field.y + field.height - middle.y) / field.height;
  const double upwards = 0.1; /* weight that prefers the higher of two places on the diagonal */
  return fabs(u - v) - upwards * (u + v);
}

/* Write the value of a line in the form of the ticks, and return the colour of the field along it. */
static const unsigned char *describe(const drawing *at, int level, char text[HEAT_TICK_TEXT]) {
  heat_ticks_label(&at->ticks, at->skipped + level, text);
  return at->colours[heat_picture_level(at->picture, heat_ticks_value(&at->ticks, at->skipped + level))];
}

static void write_label(const drawing *at, const label *shown) {
  const double most = 255, halo = 0.45;
  char text[HEAT_TICK_TEXT];
  const unsigned char *ground = describe(at, shown->level, text);
  const double ink = ink_on(ground);
  cairo_save(at->cairo);
  cairo_translate(at->cairo, shown->middle.x, shown->middle.y);
  cairo_rotate(at->cairo, shown->angle);
  heat_pen_outline(at->pen, text);
  cairo_set_source_rgb(at->cairo, ground[0] / most, ground[1] / most, ground[2] / most);
  cairo_set_line_width(at->cairo, halo * at->plan->em);
  cairo_set_line_join(at->cairo, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke_preserve(at->cairo);
  cairo_set_source_rgb(at->cairo, ink, ink, ink);
  cairo_fill(at->cairo);
  cairo_restore(at->cairo);
}

/* Find a place for a label on the present line, if there is one. */
static void place_label(drawing *at, int level, const char *text) {
  const double length = heat_pen_width(at->pen, text) + 0.6 * at->plan->em, height = 0.6 * at->plan->em;
  const double shortest = 2.5; /* shortest line that gets a label, in lengths of the label */
  if (at->label_count == MOST_LABELS || at->lengths[at->count - 1] < shortest * length) return;
  double best = INFINITY;
  int best_from = 0, best_to = 0;
  for (int from = 0, to = 0; from < at->count; from++) {
    while (to < at->count && at->lengths[to] - at->lengths[from] < length) to++;
    if (to == at->count) break;
    const double found = misfit(at, from, to, length, height);
    if (!(found < best)) continue;
    best = found;
    best_from = from;
    best_to = to;
  }
  if (isinf(best)) return;
  const heat_point a = at->points[best_from], b = at->points[best_to];
  double angle = atan2(b.y - a.y, b.x - a.x);
  if (angle > full_turn / 4) angle -= full_turn / 2;
  if (angle <= -full_turn / 4) angle += full_turn / 2;
  at->labels[at->label_count++] = (label){{(a.x + b.x) / 2, (a.y + b.y) / 2}, angle, length / 2, level};
}

static void draw_isotherm(int level, const heat_point *points, int count, void *context) {
  drawing *at = context;
  if (!take_line(at, points, count)) return;
  const double opacity = 0.75, width = 0.08;
  char text[HEAT_TICK_TEXT];
  const double ink = ink_on(describe(at, level, text));
  cairo_move_to(at->cairo, at->points[0].x, at->points[0].y);
  for (int n = 1; n < at->count; n++) cairo_line_to(at->cairo, at->points[n].x, at->points[n].y);
  cairo_set_source_rgba(at->cairo, ink, ink, ink, opacity);
  cairo_set_line_width(at->cairo, fmax(1, width * at->plan->em));
  cairo_stroke(at->cairo);
  place_label(at, level, text);
}

/* Reserve the places of the names of regions, so that labels do not overlap them. */
static void keep_clear_of_names(drawing *at) {
  const heat_picture_names *names = at->picture->names;
  heat_pen *pen = names != NULL ? heat_picture_name_pen(at->plan, at->cairo) : NULL;
  for (int n = 0; pen != NULL && n < names->count && at->label_count < MOST_LABELS / 2; n++) {
    const int width = heat_pen_width(pen, names->at[n].text);
    if (names->at[n].shown)
      at->labels[at->label_count++] =
          (label){heat_picture_name_place(&names->at[n], at->plan, width), 0, width / 2.0, NAME};
  }
  heat_pen_destroy(pen);
}

/* Choose the temperatures of the isotherms: the ticks that are not at the ends of the range, because a field often has
 * large areas there that are constant up to rounding errors. For the same reason each level is moved by a tiny
 * amount. */
static int choose_levels(drawing *at, double levels[MOST_ISOTHERMS]) {
  const heat_picture *picture = at->picture;
  const double range = picture->high - picture->low, clear = 1e-3 * range, beside = 1e-7 * range;
  int count = 0;
  at->ticks = heat_ticks_at_most(picture->low, picture->high, picture->isotherms);
  for (int n = 0; n < at->ticks.count && count < MOST_ISOTHERMS; n++) {
    const double value = heat_ticks_value(&at->ticks, n);
    if (value < picture->low + clear) at->skipped = n + 1;
    if (value >= picture->low + clear && value <= picture->high - clear) levels[count++] = value + beside;
  }
  return count;
}

heat_status heat_picture_isotherms(const heat_picture *picture, const heat_picture_layout *plan, const double *values,
                                   cairo_t *cairo) {
  const double letters = 0.85; /* size of the letters, relative to those around the field */
  drawing *at = calloc(1, sizeof *at);
  if (at == NULL) return heat_no_memory("isotherms", sizeof *at);
  double levels[MOST_ISOTHERMS];
  at->picture = picture;
  at->plan = plan;
  at->cairo = cairo;
  at->pen = heat_pen_create(cairo, letters * plan->em);
  heat_colormap(picture->colormap, at->colours);
  const int count = choose_levels(at, levels);
  keep_clear_of_names(at);
  const heat_raster raster = {.width = picture->samples[HEAT_X], .height = picture->samples[HEAT_Y], .values = values};
  heat_status status = heat_ok();
  if (at->pen != NULL) status = heat_contour(&raster, levels, count, draw_isotherm, at);
  for (int n = 0; n < at->label_count && status.code == HEAT_OK; n++)
    if (at->labels[n].level != NAME) write_label(at, &at->labels[n]);
  if (at->pen == NULL || at->failed) status = heat_no_memory("isotherms", 0);
  heat_pen_destroy(at->pen);
  free(at->points);
  free(at->lengths);
  free(at);
  return status;
}

/* Add the edges between samples of different materials that lie side by side along `axis` to the path. Consecutive
 * edges become one piece. */
static void trace_edges(const heat_picture *picture, const heat_rectangle field, int axis, cairo_t *cairo) {
  const int other = 1 - axis;
  const ptrdiff_t step[HEAT_AXES] = {1, picture->samples[HEAT_X]};
  const double size[HEAT_AXES] = {(double)field.width / picture->samples[HEAT_X],
                                  (double)field.height / picture->samples[HEAT_Y]};
  for (int n = 1; n < picture->samples[axis]; n++)
    for (int m = 0, begin = -1; m <= picture->samples[other]; m++) {
      const int64_t *here = picture->materials + n * step[axis] + m * step[other];
      const bool edge = m < picture->samples[other] && here[0] != here[-step[axis]];
      if (edge && begin < 0) begin = m;
      if (edge || begin < 0) continue;
      const double at = n * size[axis], from = begin * size[other], to = m * size[other];
      begin = -1;
      if (axis == HEAT_X) {
        cairo_move_to(cairo, field.x + at, field.y + field.height - from);
        cairo_line_to(cairo, field.x + at, field.y + field.height - to);
      } else {
        cairo_move_to(cairo, field.x + from, field.y + field.height - at);
        cairo_line_to(cairo, field.x + to, field.y + field.height - at);
      }
    }
}

void heat_picture_outlines(const heat_picture *picture, const heat_picture_layout *plan, cairo_t *cairo) {
  if (picture->materials == NULL) return;
  const double halo = 0.6, wide = fmax(2.5, 0.2 * plan->em), thin = fmax(1, 0.08 * plan->em);
  for (int axis = 0; axis < HEAT_AXES; axis++) trace_edges(picture, plan->field, axis, cairo);
  cairo_set_line_cap(cairo, CAIRO_LINE_CAP_SQUARE);
  cairo_set_source_rgba(cairo, 1, 1, 1, halo);
  cairo_set_line_width(cairo, wide);
  cairo_stroke_preserve(cairo);
  cairo_set_source_rgb(cairo, 0, 0, 0);
  cairo_set_line_width(cairo, thin);
  cairo_stroke(cairo);
}
