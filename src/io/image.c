/* Frames: a field of colour levels becomes a picture with title, time, axes and colour bar.
 *
 *   title                                     Everything around the field is measured in dots of the font, and a dot is
 *  m  t = 1.25 s                K             `scale` pixels, so that a large picture is a small one enlarged. Nothing
 *   +-----------+              +-+ 373        in the layout depends on the time or on the temperatures: all frames of
 *   |           |              | |            a run have one size and make a movie. The axes measure from the lower
 *   +-----------+              +-+ 293        left corner of the domain.
 *   0         0.1 m
 *
 * The file is a PNG (ISO/IEC 15948) with one byte per pixel and a palette: the colour map and then `enum ink`. */
#include "heat2d/io/image.h"

#include "heat2d/io/directory.h"
#include "image_private.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  GREATEST_HEIGHT = 16384,
  BAND_HEIGHT = 16, /* pixels at least, */
  BAND_PARTS = 32,  /* and this part of the width, of a field that would be lower */
  STEEPEST = 16,    /* times as high as wide */
  STEEP_BAND = 4,   /* the same for a field that would be higher */
  BARE_MARGIN = 1   /* pixels: the frame */
};

enum ink { NOT_A_NUMBER = HEAT_COLOURS, PAPER, INK, GREY, PALETTE };

/* Magenta is far from every colour of every map; the greys are for what should stand back behind the field. */
static const png_color inks[PALETTE - HEAT_COLOURS] = {
    [NOT_A_NUMBER - HEAT_COLOURS] = {255, 0, 255},
    [PAPER - HEAT_COLOURS] = {255, 255, 255},
    [INK - HEAT_COLOURS] = {24, 24, 28},
    [GREY - HEAT_COLOURS] = {96, 96, 104},
};

/* Measures in dots of the font. */
enum {
  ADVANCE = HEAT_GLYPH_WIDTH + 1,
  LINE = HEAT_GLYPH_HEIGHT + 3,
  CAPITAL = HEAT_GLYPH_HEIGHT - HEAT_GLYPH_DESCENT,
  MARGIN = 8,
  SPACE = 3,         /* between the field, a tick and its label */
  TICK = 3,          /* length of a tick */
  BAR_DISTANCE = 10, /* from the field to the colour bar */
  BAR_WIDTH = 12,
  TICKS_AND_LABELS = TICK + SPACE + HEAT_TICK_LABEL * ADVANCE
};

enum {
  SIDE_PER_DOT = 512, /* the mean side of a field, in pixels, for each pixel of a dot */
  Y_LABELS = 3,       /* characters at least, so that the unit above them keeps its distance from the time */
  BAR_TICKS = 5,
  BAR_MOST_TICKS = 2 * BAR_TICKS - 1,
  TIME_TEXT = 20, /* characters of the longest time with TIME_DIGITS digits */
  TIME_DIGITS = 8,
  BASE_TEXT = 20, /* characters that the base of offset ticks has room for */
  TEXT_BYTES = 512
};

typedef struct rectangle {
  int x, y, width, height;
} rectangle;

typedef struct point {
  int x, y;
} point;

typedef struct layout {
  int scale, width, height;
  bool stacked; /* too narrow for the time and the unit to share a line */
  rectangle field, bar;
  heat_ticks axes[HEAT_AXES]; /* without ticks where there is no room for them */
} layout;

typedef struct raster {
  int width, height, scale;
  unsigned char *pixels;
} raster;

int heat_image_height(int width, const double extent[HEAT_AXES]) {
  const double height = round(width * (extent[HEAT_Y] / extent[HEAT_X]));
  int lowest = width / BAND_PARTS > BAND_HEIGHT ? width / BAND_PARTS : BAND_HEIGHT;
  if (lowest > width) lowest = width;
  if (!(height > lowest)) return lowest;
  if (height <= fmin((double)STEEPEST * width, GREATEST_HEIGHT)) return (int)height;
  return STEEP_BAND * width < GREATEST_HEIGHT ? STEEP_BAND * width : GREATEST_HEIGHT;
}

double heat_image_stretch(const heat_image *image) {
  return (double)image->height / image->width / (image->extent[HEAT_Y] / image->extent[HEAT_X]);
}

unsigned char heat_image_level(const heat_image *image, double value) {
  if (isnan(value)) return NOT_A_NUMBER;
  if (image->low == image->high && value == image->low) return HEAT_COLOURS / 2;
  if (value >= image->high) return HEAT_COLOURS - 1;
  double level = HEAT_COLOURS * ((value - image->low) / (image->high - image->low));
  return level > 0.0 ? (unsigned char)fmin(level, HEAT_COLOURS - 1) : 0;
}

/* value / (mantissa 10^exponent), with a power that is exact wherever a label can show the difference. */
static double steps_in(double value, int mantissa, int exponent) {
  return exponent < 0 ? value * pow(10.0, -exponent) / mantissa : value / (mantissa * pow(10.0, exponent));
}

/* The multiples of mantissa 10^exponent within low..high. */
static heat_ticks ticks_within(double low, double high, int mantissa, int exponent) {
  const double slack = 1e-6; /* of a step: 0.3 counts as three times 0.1 */
  double first = ceil(steps_in(low, mantissa, exponent) - slack);
  double last = floor(steps_in(high, mantissa, exponent) + slack);
  return (heat_ticks){.count = (int)(last - first) + 1,
                      .first = (int64_t)first,
                      .mantissa = mantissa,
                      .exponent = exponent,
                      .form = HEAT_TICK_FIXED};
}

/* k 10^exponent, correctly rounded for every exponent that a label shows. */
static double number_value(int64_t k, int exponent) {
  return exponent < 0 ? (double)k / pow(10.0, -exponent) : (double)k * pow(10.0, exponent);
}

/* The number as 0.125; cut off where it does not fit, so that it is seen to be too long. */
static void number_fixed(int64_t k, int exponent, char text[], size_t bytes) {
  snprintf(text, bytes, "%.*f", exponent < 0 ? -exponent : 0, number_value(k, exponent));
}

/* The number as 1.25e-7, with the digits that it has and no more. */
static void number_scientific(int64_t k, int exponent, char text[], size_t bytes) {
  for (; k != 0 && k % 10 == 0; k /= 10) exponent++;
  char digits[sizeof "-9223372036854775808"];
  int length = snprintf(digits, sizeof digits, "%lld", llabs((long long)k));
  snprintf(text, bytes, "%s%c%s%se%d", k < 0 ? "-" : "", digits[0], length > 1 ? "." : "", digits + 1,
           exponent + length - 1);
}

double heat_ticks_value(const heat_ticks *ticks, int i) {
  return number_value((ticks->first + i) * ticks->mantissa, ticks->exponent);
}

void heat_ticks_base(const heat_ticks *ticks, char text[HEAT_TICK_TEXT]) {
  int64_t k = ticks->first * ticks->mantissa;
  int exponent = ticks->exponent;
  for (; k % 10 == 0 && exponent < 0; k /= 10) exponent++;
  number_fixed(k, exponent, text, HEAT_TICK_TEXT);
  if (strlen(text) > BASE_TEXT) number_scientific(k, exponent, text, HEAT_TICK_TEXT);
}

void heat_ticks_label(const heat_ticks *ticks, int i, char text[HEAT_TICK_TEXT]) {
  bool offset = ticks->form == HEAT_TICK_OFFSET;
  int64_t k = (offset ? i : ticks->first + i) * ticks->mantissa;
  size_t sign = offset ? 1 : 0, bytes = HEAT_TICK_TEXT - sign;
  memcpy(text, "+", sign);
  if (k == 0)
    snprintf(text + sign, bytes, "0");
  else if (ticks->form == HEAT_TICK_FIXED)
    number_fixed(k, ticks->exponent, text + sign, bytes);
  else
    number_scientific(k, ticks->exponent, text + sign, bytes);
}

/* Characters of the longest label. */
static int ticks_label_length(const heat_ticks *ticks) {
  int longest = 0;
  for (int i = 0; i < ticks->count; i++) {
    char text[HEAT_TICK_TEXT];
    heat_ticks_label(ticks, i, text);
    int length = (int)strlen(text);
    if (length > longest) longest = length;
  }
  return longest;
}

/* The form in which the labels are read most easily: without an exponent unless that is much shorter. */
static heat_tick_form ticks_form(heat_ticks ticks) {
  const int saving = 4;
  ticks.form = HEAT_TICK_FIXED;
  int fixed = ticks_label_length(&ticks);
  ticks.form = HEAT_TICK_SCIENTIFIC;
  int scientific = ticks_label_length(&ticks);
  if (fixed <= HEAT_TICK_LABEL && fixed < scientific + saving) return HEAT_TICK_FIXED;
  return scientific <= HEAT_TICK_LABEL ? HEAT_TICK_SCIENTIFIC : HEAT_TICK_OFFSET;
}

heat_ticks heat_ticks_choose(double low, double high, int wanted) {
  const double resolved = 1e-12; /* of the values: below it a range is rounding error */
  const double least = 1e-100, greatest = 1e100;
  double range = high - low, magnitude = fmax(fabs(low), fabs(high));
  if (!(range > resolved * magnitude && range > least && magnitude < greatest)) return (heat_ticks){.count = 0};

  static const int mantissas[] = {5, 2, 1};
  const int steps = sizeof mantissas / sizeof *mantissas;
  int decade = (int)floor(log10(range));
  heat_ticks ticks = {.count = 0};
  for (int i = 0; ticks.count < wanted; i++) ticks = ticks_within(low, high, mantissas[i % steps], decade - i / steps);
  if (ticks.count >= 2 * wanted) ticks = ticks_within(low, high, 25, ticks.exponent - 1);

  ticks.form = ticks_form(ticks);
  return ticks;
}

/* The ticks of an axis of that many pixels: the more the better, while their labels stay apart. */
static heat_ticks axis_ticks(const heat_image *image, int axis, int pixels, int scale) {
  enum { MOST_WANTED = 5, LEAST_WANTED = 2 };
  for (int wanted = MOST_WANTED; wanted >= LEAST_WANTED; wanted--) {
    heat_ticks ticks = heat_ticks_choose(image->origin[axis], image->origin[axis] + image->extent[axis], wanted);
    if (ticks.count == 0 || ticks.form == HEAT_TICK_OFFSET) break; /* too small a domain to be told by short labels */
    double step = pixels * (number_value(ticks.mantissa, ticks.exponent) / image->extent[axis]);
    int across = (ticks_label_length(&ticks) + 1) * ADVANCE;
    if (step >= scale * (axis == HEAT_X ? across : 2 * LINE)) return ticks;
  }
  return (heat_ticks){.count = 0};
}

static int larger(int a, int b) {
  return a > b ? a : b;
}

static layout layout_bare(const heat_image *image) {
  layout plan = {.scale = 1, .field = {BARE_MARGIN, BARE_MARGIN, image->width, image->height}};
  plan.width = larger(image->across, image->width + 2 * BARE_MARGIN);
  plan.height = image->height + 2 * BARE_MARGIN;
  plan.height += plan.height % 2;
  return plan;
}

/* Where everything goes. */
static layout layout_plan(const heat_image *image) {
  if (image->bare) return layout_bare(image);
  const int high = image->height < 2 * image->width ? image->height : 2 * image->width;
  int scale = larger(1, (image->width + high + SIDE_PER_DOT) / (2 * SIDE_PER_DOT));
  layout plan = {.scale = scale, .field = {.width = image->width, .height = image->height}};
  plan.axes[HEAT_X] = axis_ticks(image, HEAT_X, image->width, scale);
  plan.axes[HEAT_Y] = axis_ticks(image, HEAT_Y, image->height, scale);

  int y_labels = larger(Y_LABELS, ticks_label_length(&plan.axes[HEAT_Y])) * ADVANCE;
  plan.field.x = scale * (MARGIN + (plan.axes[HEAT_Y].count > 0 ? y_labels + SPACE + TICK : 0));
  plan.bar.x = plan.field.x + image->width + scale * BAR_DISTANCE;
  plan.bar.width = scale * BAR_WIDTH;
  plan.width = larger(image->across, plan.bar.x + plan.bar.width + scale * (TICKS_AND_LABELS + MARGIN));

  int room = (plan.width - plan.field.x) / scale - MARGIN;
  plan.stacked = room < (TIME_TEXT + 1 + BASE_TEXT) * ADVANCE;
  int lines = (image->title[0] != '\0') + (plan.stacked ? 2 : 1);
  int top = scale * (MARGIN + lines * LINE + SPACE);

  plan.bar.height = larger(image->height, scale * BAR_MOST_TICKS * LINE);
  plan.bar.y = top;
  plan.field.y = top + plan.bar.height - image->height; /* at the foot of the bar: labels of x pass below it */
  int x_labels = plan.axes[HEAT_X].count > 0 ? TICK + SPACE + CAPITAL : 0;
  plan.height = top + plan.bar.height + scale * (x_labels + MARGIN);

  /* Video encoders want even sides. */
  plan.width += plan.width % 2;
  plan.height += plan.height % 2;
  return plan;
}

void heat_image_fit(heat_image *image, int across) {
  const int even = across + across % 2;
  image->width = even;
  image->across = 0;
  image->bare = false;
  /* The largest field that leaves room for what is around it, whose size follows from the field's. */
  do {
    image->width--;
    image->height = heat_image_height(image->width, image->extent);
    image->bare = image->width < even / 2;
  } while (!image->bare && layout_plan(image).width > even);
  image->across = even;
  if (!image->bare) return;
  image->width = even - 2 * BARE_MARGIN;
  image->height = heat_image_height(image->width, image->extent);
}

/* Fill the part of the rectangle that lies on the canvas. */
static void canvas_fill(raster *canvas, rectangle area, int ink) {
  int left = larger(area.x, 0), right = area.x + area.width;
  if (right > canvas->width) right = canvas->width;
  for (int y = larger(area.y, 0); y < area.y + area.height && y < canvas->height && left < right; y++)
    memset(canvas->pixels + (size_t)y * (size_t)canvas->width + left, ink, (size_t)(right - left));
}

/* Draw a frame around the rectangle, outside of it. */
static void canvas_frame(raster *canvas, rectangle area) {
  int thick = larger(1, canvas->scale / 2);
  rectangle across = {area.x - thick, area.y - thick, area.width + 2 * thick, thick};
  rectangle down = {area.x - thick, area.y, thick, area.height};
  canvas_fill(canvas, across, GREY);
  canvas_fill(canvas, down, GREY);
  across.y = area.y + area.height;
  down.x = area.x + area.width;
  canvas_fill(canvas, across, GREY);
  canvas_fill(canvas, down, GREY);
}

/* Pixels across the text without the space after its last character. */
static int text_width(const raster *canvas, const char *text) {
  return canvas->scale * (larger(1, (int)strlen(text)) * ADVANCE - 1);
}

/* Write plain text with the upper left corner of its first capital at `at`. */
static void canvas_write(raster *canvas, point at, const char *text, int ink) {
  int dot = canvas->scale;
  for (; *text != '\0'; text++, at.x += ADVANCE * dot)
    for (int row = 0; row < HEAT_GLYPH_HEIGHT; row++)
      for (int column = 0; column < HEAT_GLYPH_WIDTH; column++)
        if (heat_glyph_dot(*text, row, column))
          canvas_fill(canvas, (rectangle){at.x + column * dot, at.y + row * dot, dot, dot}, ink);
}

/* UTF-8 as what the font can show, one sign for each character, with an ellipsis where it is longer than `most`. */
static void text_plain(const char *utf8, int most, char plain[TEXT_BYTES]) {
  static const char ellipsis[] = "...";
  const int continuation_mask = 0xC0, continuation = 0x80;
  const int dots = sizeof ellipsis - 1;
  if (most > TEXT_BYTES - 1) most = TEXT_BYTES - 1;
  int length = 0;
  for (; *utf8 != '\0'; utf8++) {
    if (((unsigned char)*utf8 & continuation_mask) == continuation) continue;
    if (length == most) break;
    plain[length++] = *utf8 >= ' ' && *utf8 <= '~' ? *utf8 : '?';
  }
  plain[length] = '\0';
  if (*utf8 != '\0' && most >= dots) memcpy(plain + most - dots, ellipsis, sizeof ellipsis);
}

static void draw_field(raster *canvas, const layout *plan, const unsigned char *levels) {
  size_t width = (size_t)plan->field.width, pitch = (size_t)plan->width;
  unsigned char *corner = canvas->pixels + (size_t)plan->field.y * pitch + plan->field.x;
  for (size_t row = 0; row < (size_t)plan->field.height; row++)
    memcpy(corner + row * pitch, levels + row * width, width);
  canvas_frame(canvas, plan->field);
}

/* Title, time, and the units of the colour bar and of the y axis. */
static void draw_header(raster *canvas, const layout *plan, const heat_image *image, const heat_ticks *bar) {
  int scale = plan->scale, right = plan->width - scale * MARGIN;
  point at = {plan->field.x, scale * MARGIN};
  char text[TEXT_BYTES];
  if (image->title[0] != '\0') {
    text_plain(image->title, (right - at.x) / (scale * ADVANCE), text);
    canvas_write(canvas, at, text, INK);
    at.y += scale * LINE;
  }
  snprintf(text, sizeof text, "t = %.*g s", TIME_DIGITS, image->time);
  canvas_write(canvas, at, text, GREY);
  if (plan->stacked) at.y += scale * LINE;

  snprintf(text, sizeof text, "K");
  at.x = plan->bar.x;
  if (bar->form == HEAT_TICK_OFFSET) {
    heat_ticks_base(bar, text);
    strcat(text, " K");
    at.x = right - text_width(canvas, text);
  }
  canvas_write(canvas, at, text, INK);
  if (plan->axes[HEAT_Y].count > 0) {
    at = (point){scale * MARGIN, plan->field.y - scale * (SPACE + LINE)};
    canvas_write(canvas, at, "m", GREY);
  }
}

/* A tick and its label at the right of the colour bar, `fraction` of its height up. */
static void draw_bar_label(raster *canvas, const layout *plan, double fraction, const char *text) {
  int scale = plan->scale, thick = larger(1, scale / 2);
  rectangle bar = plan->bar;
  int y = bar.y + (int)lround((1.0 - fraction) * (bar.height - 1));
  rectangle tick = {bar.x + bar.width, y - thick / 2, scale * TICK, thick};
  canvas_fill(canvas, tick, GREY);
  canvas_write(canvas, (point){tick.x + tick.width + scale * SPACE, y - scale * CAPITAL / 2}, text, INK);
}

static void draw_bar(raster *canvas, const layout *plan, const heat_image *image, const heat_ticks *ticks) {
  rectangle bar = plan->bar;
  for (int row = 0; row < bar.height; row++) {
    int level = (bar.height - 1 - row) * HEAT_COLOURS / bar.height;
    canvas_fill(canvas, (rectangle){bar.x, bar.y + row, bar.width, 1}, level);
  }
  canvas_frame(canvas, bar);

  char text[HEAT_TICK_TEXT];
  for (int i = 0; i < ticks->count; i++) {
    heat_ticks_label(ticks, i, text);
    double fraction = (heat_ticks_value(ticks, i) - image->low) / (image->high - image->low);
    draw_bar_label(canvas, plan, fmin(fmax(fraction, 0.0), 1.0), text);
  }
  if (ticks->count > 0) return;

  /* A uniform field has one value, which sits in the middle as its colour does. */
  int digits = DBL_DIG;
  do snprintf(text, sizeof text, "%.*g", digits, image->low);
  while (strlen(text) > HEAT_TICK_LABEL && --digits > 0);
  draw_bar_label(canvas, plan, 0.5, text);
}

static void draw_axes(raster *canvas, const layout *plan, const heat_image *image) {
  int scale = plan->scale, thick = larger(1, scale / 2);
  rectangle field = plan->field;
  const heat_ticks *x = &plan->axes[HEAT_X], *y = &plan->axes[HEAT_Y];
  char text[HEAT_TICK_TEXT];
  for (int i = 0; i < x->count; i++) {
    heat_ticks_label(x, i, text);
    double fraction = (heat_ticks_value(x, i) - image->origin[HEAT_X]) / image->extent[HEAT_X];
    int at = field.x + (int)lround(fraction * (field.width - 1));
    canvas_fill(canvas, (rectangle){at - thick / 2, field.y + field.height, thick, scale * TICK}, GREY);
    point start = {at - text_width(canvas, text) / 2, field.y + field.height + scale * (TICK + SPACE)};
    if (i == x->count - 1) strcat(text, " m");
    canvas_write(canvas, start, text, GREY);
  }
  for (int i = 0; i < y->count; i++) {
    heat_ticks_label(y, i, text);
    double fraction = (heat_ticks_value(y, i) - image->origin[HEAT_Y]) / image->extent[HEAT_Y];
    int at = field.y + (int)lround((1.0 - fraction) * (field.height - 1));
    rectangle tick = {field.x - scale * TICK, at - thick / 2, scale * TICK, thick};
    canvas_fill(canvas, tick, GREY);
    point start = {tick.x - scale * SPACE - text_width(canvas, text), at - scale * CAPITAL / 2};
    canvas_write(canvas, start, text, GREY);
  }
}

/* An open file and the first thing that went wrong with it. */
typedef struct png_sink {
  FILE *file;
  const char *path;
  heat_status status;
} png_sink;

/* Keep `error`, an errno, unless something has failed before. */
static void sink_fail(png_sink *sink, int error) {
  if (sink->status.code == HEAT_OK)
    sink->status = heat_fail(HEAT_IO, "%s: cannot write the picture: %s", sink->path, strerror(error));
}

static void sink_write(png_structp png, png_bytep bytes, size_t count) {
  png_sink *sink = png_get_io_ptr(png);
  errno = 0;
  if (fwrite(bytes, 1, count, sink->file) == count) return;
  sink_fail(sink, errno);
  png_error(png, "write");
}

/* The file is flushed once, when it is complete. */
static void sink_flush(png_structp png) {
  (void)png;
}

static void sink_error(png_structp png, png_const_charp message) {
  png_sink *sink = png_get_error_ptr(png);
  if (sink->status.code == HEAT_OK)
    sink->status = heat_fail(HEAT_IO, "%s: cannot encode the picture: %s", sink->path, message);
  png_longjmp(png, 1);
}

static void sink_warn(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* Encode the canvas. Errors of the library jump back to here, so nothing is allocated here and no local changes. */
static void png_encode(png_structp png, png_infop info, const raster *canvas, const heat_image *image,
                       const png_color palette[PALETTE]) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  const int bits = 8;
  png_text notes[] = {
      {.compression = PNG_TEXT_COMPRESSION_NONE, .key = (char[]){"Software"}, .text = (char[]){"heat2d"}},
      {.compression = PNG_ITXT_COMPRESSION_NONE, .key = (char[]){"Title"}, .text = (char *)image->title},
  };
  png_set_IHDR(png, info, (png_uint_32)canvas->width, (png_uint_32)canvas->height, bits, PNG_COLOR_TYPE_PALETTE,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_PLTE(png, info, palette, PALETTE);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_set_text(png, info, notes, image->title[0] != '\0' ? 2 : 1);
  png_write_info(png, info);
  for (int row = 0; row < canvas->height; row++)
    png_write_row(png, canvas->pixels + (size_t)row * (size_t)canvas->width);
  png_write_end(png, info);
}

/* The canvas as a file that has reached the disk. */
static heat_status canvas_save(const raster *canvas, const heat_image *image, const png_color palette[PALETTE],
                               const char *path) {
  png_sink sink = {.path = path, .status = heat_ok()};
  const heat_status made = heat_directory_create(&sink.file, path);
  if (made.code != HEAT_OK) return made;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, sink_error, sink_warn);
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  if (info != NULL) {
    png_set_write_fn(png, &sink, sink_write, sink_flush);
    png_encode(png, info, canvas, image, palette);
  } else {
    sink_fail(&sink, ENOMEM);
  }
  png_destroy_write_struct(&png, &info);

  if (fflush(sink.file) != 0) sink_fail(&sink, errno);
  if (sink.status.code == HEAT_OK && fsync(fileno(sink.file)) != 0) sink_fail(&sink, errno);
  if (fclose(sink.file) != 0) sink_fail(&sink, errno);
  return sink.status;
}

heat_status heat_image_write(const heat_image *image, const unsigned char *levels, const char *path) {
  unsigned char map[HEAT_COLOURS][3];
  if (!heat_colormap(image->colormap, map)) return heat_fail(HEAT_DECK, "no colour map is named '%s'", image->colormap);
  png_color palette[PALETTE];
  for (int i = 0; i < HEAT_COLOURS; i++) palette[i] = (png_color){map[i][0], map[i][1], map[i][2]};
  memcpy(palette + HEAT_COLOURS, inks, sizeof inks);

  layout plan = layout_plan(image);
  heat_ticks bar = heat_ticks_choose(image->low, image->high, BAR_TICKS);
  size_t bytes = (size_t)plan.width * (size_t)plan.height;
  raster canvas = {.width = plan.width, .height = plan.height, .scale = plan.scale, .pixels = malloc(bytes)};
  if (canvas.pixels == NULL) return heat_no_memory("a picture", bytes);
  memset(canvas.pixels, PAPER, bytes);
  draw_field(&canvas, &plan, levels);
  if (!image->bare) {
    draw_header(&canvas, &plan, image, &bar);
    draw_bar(&canvas, &plan, image, &bar);
    draw_axes(&canvas, &plan, image);
  }
  heat_status status = canvas_save(&canvas, image, palette, path);
  free(canvas.pixels);
  return status;
}
