/*   title, wrapped                            Everything around the field is measured in `em`, the size of the letters,
 *                                             which follows from the width of the picture. The colour bar has room for
 *     t = 1.25 s                  K           labels of HEAT_TICK_LABEL digits, whatever the temperatures are. A field
 *  y  +-----------+              +-+ 373      that is lower than the bar is at its lower end.
 *  in |           |              | |
 *  m  +-----------+              +-+ 293
 *     0         0.1
 *        x in m */
#include "picture_private.h"

#include <math.h>
#include <string.h>

enum {
  GREATEST_HEIGHT = 16384,
  BAND_HEIGHT = 16, /* least height of a field, pixels, */
  BAND_PARTS = 32,  /* and as a fraction 1/32 of the width */
  STEEPEST = 16,    /* largest ratio of height to width */
  STEEP_BAND = 4,   /* ratio at which a field is drawn that would exceed it */
  BARE_MARGIN = 1,  /* width of the frame, pixels */
  LEAST_EM = 10,    /* pixels of the letters, and how they grow with the width of a picture: */
  FIRST_EM = 6,     /* 13 of 640, 17 of 1024, 28 of 2048 */
  EM_PARTS = 90,
  BAR_LINES = 7 /* least height of a colour bar, in lines of text */
};

/* The same in em. */
static const double margin = 0.8, line = 1.4, tick = 0.35, space = 0.3, bar_distance = 1.1, bar_width = 1.2;

static int larger(int a, int b) {
  return a > b ? a : b;
}

static int pixels(double ems, int em) {
  return (int)lround(ems * em);
}

static int field_height(int width, const double extent[HEAT_AXES]) {
  const double height = round(width * (extent[HEAT_Y] / extent[HEAT_X]));
  int lowest = larger(width / BAND_PARTS, BAND_HEIGHT);
  if (lowest > width) lowest = width;
  if (!(height > lowest)) return lowest;
  if (height <= fmin((double)STEEPEST * width, GREATEST_HEIGHT)) return (int)height;
  return STEEP_BAND * width < GREATEST_HEIGHT ? STEEP_BAND * width : GREATEST_HEIGHT;
}

double heat_picture_stretch(const heat_picture *picture) {
  return (double)picture->height / picture->width / (picture->extent[HEAT_Y] / picture->extent[HEAT_X]);
}

/* Choose the unit in which the coordinates of the domain are short numbers. */
static void choose_length_unit(heat_picture_layout *plan, const heat_picture *picture) {
  static const struct {
    double from; /* m */
    const char *name;
    double factor;
  } units[] = {{1e4, "km", 1e-3}, {0.1, "m", 1}, {1e-4, "mm", 1e3}, {1e-7, "µm", 1e6}, {0, "nm", 1e9}};
  double largest = 0;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    largest = fmax(largest, fmax(fabs(picture->origin[axis]), fabs(picture->origin[axis] + picture->extent[axis])));
  size_t n = 0;
  while (largest < units[n].from) n++;
  plan->length_unit = units[n].name;
  plan->length_factor = units[n].factor;
}

static int widest_label(heat_pen *pen, const heat_ticks *ticks) {
  int widest = 0;
  for (int i = 0; i < ticks->count; i++) {
    char text[HEAT_TICK_TEXT];
    heat_ticks_label(ticks, i, text);
    widest = larger(widest, heat_pen_width(pen, text));
  }
  return widest;
}

/* Choose as many ticks for an axis of `length` pixels as possible without overlapping labels. */
static heat_ticks axis_ticks(const heat_picture *picture, const heat_picture_layout *plan, heat_pen *pen, int axis,
                             int length) {
  enum { MOST_WANTED = 6, LEAST_WANTED = 2 };
  const double low = picture->origin[axis] * plan->length_factor, across = picture->extent[axis] * plan->length_factor;
  for (int wanted = MOST_WANTED; wanted >= LEAST_WANTED; wanted--) {
    const heat_ticks ticks = heat_ticks_choose(low, low + across, wanted);
    if (ticks.count < 2 || ticks.form == HEAT_TICK_OFFSET)
      break; /* short labels cannot show the coordinates of a very small domain */
    const double step = length * ((heat_ticks_value(&ticks, 1) - heat_ticks_value(&ticks, 0)) / across);
    const double needed = axis == HEAT_X ? widest_label(pen, &ticks) + plan->em : 1.5 * line * plan->em;
    if (step >= needed) return ticks;
  }
  return (heat_ticks){.count = 0};
}

/* Place the columns of the layout: the labels at the left of the field, the field, the bar and its labels. */
static void place_columns(heat_picture_layout *plan, const heat_picture *picture, heat_pen *pen) {
  const int em = plan->em;
  plan->axes[HEAT_X] = axis_ticks(picture, plan, pen, HEAT_X, picture->width);
  plan->axes[HEAT_Y] = axis_ticks(picture, plan, pen, HEAT_Y, picture->height);
  plan->named[HEAT_X] = plan->axes[HEAT_X].count > 0;
  plan->named[HEAT_Y] = plan->axes[HEAT_Y].count > 0 && picture->height > 4 * em;
  int left = pixels(margin, em);
  if (plan->named[HEAT_Y]) left += pixels(line, em);
  if (plan->axes[HEAT_Y].count > 0) left += widest_label(pen, &plan->axes[HEAT_Y]) + pixels(tick + space, em);
  left = larger(left, widest_label(pen, &plan->axes[HEAT_X]) / 2 + pixels(space, em));
  plan->field.x = left;
  plan->bar.x = left + picture->width + pixels(bar_distance, em);
  plan->bar.width = pixels(bar_width, em);
  char digits[HEAT_TICK_LABEL + 1];
  memset(digits, '0', HEAT_TICK_LABEL);
  digits[HEAT_TICK_LABEL] = '\0';
  plan->width = plan->bar.x + plan->bar.width + pixels(tick + space + margin / 2, em) + heat_pen_width(pen, digits);
}

static void place_rows(heat_picture_layout *plan, const heat_picture *picture, heat_pen *pen) {
  const int em = plan->em, edge = pixels(margin, em), step = pixels(line, em);
  int top = edge;
  if (picture->title[0] != '\0')
    top += heat_pen_paragraph(pen, 0, 0, plan->width - plan->field.x - edge, picture->title, false) + edge / 2;
  /* Time and unit are on one line if the longest of both fit. */
  static const char longest_time[] = "t = 8.88889e+888 min", longest_unit[] = "8888888888888888888 K";
  const int room = plan->width - plan->field.x - edge;
  const bool stacked = heat_pen_width(pen, longest_time) + em + heat_pen_width(pen, longest_unit) > room;
  top += stacked ? 2 * step : step;
  plan->bar.height = larger(picture->height, pixels(BAR_LINES * line, em));
  plan->bar.y = top;
  plan->field.y = top + plan->bar.height - picture->height;
  plan->unit_baseline = plan->bar.y - pixels(space + 0.15, em);
  plan->time_baseline = stacked ? plan->unit_baseline - step : plan->field.y - pixels(space + 0.15, em);
  int bottom = edge;
  if (plan->axes[HEAT_X].count > 0) bottom += pixels(tick + space + 1, em);
  if (plan->named[HEAT_X]) bottom += step;
  plan->height = top + plan->bar.height + bottom;
}

heat_picture_layout heat_picture_plan(const heat_picture *picture) {
  heat_picture_layout plan = {.field = {.width = picture->width, .height = picture->height}};
  plan.em = larger(LEAST_EM, FIRST_EM + picture->across / EM_PARTS);
  choose_length_unit(&plan, picture);
  if (picture->bare) {
    plan.field.x = plan.field.y = BARE_MARGIN;
    plan.width = picture->width + 2 * BARE_MARGIN;
    plan.height = picture->height + 2 * BARE_MARGIN;
  } else {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    cairo_t *cairo = cairo_create(surface);
    heat_pen *pen = heat_pen_create(cairo, plan.em);
    if (pen != NULL) {
      place_columns(&plan, picture, pen);
      place_rows(&plan, picture, pen);
    }
    heat_pen_destroy(pen);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
  }
  plan.width = larger(plan.width, picture->across);
  plan.width += plan.width % 2;
  plan.height += plan.height % 2;
  return plan;
}

void heat_picture_fit(heat_picture *picture, int across) {
  enum { ROUNDS = 8 };
  const int even = across + across % 2;
  picture->across = even;
  picture->without_font = !heat_pen_has_font();
  picture->bare = picture->without_font;
  picture->width = even;
  /* The ticks depend on the size of the field, and the room for the field depends on the ticks, so that the layout is
   * repeated until it fits. */
  for (int round = 0, excess = 1; round < ROUNDS && !picture->bare && excess > 0; round++) {
    picture->height = field_height(picture->width, picture->extent);
    excess = heat_picture_plan(picture).width - even;
    picture->width -= excess;
    picture->bare = picture->width < even / 2;
  }
  if (picture->bare) picture->width = even - 2 * BARE_MARGIN;
  picture->height = field_height(picture->width, picture->extent);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int length = axis == HEAT_X ? picture->width : picture->height;
    picture->samples[axis] = picture->cells[axis] < length ? (int)picture->cells[axis] : length;
  }
}
