/* With colours, each character is a half block whose two colours are two pixels. Characters are about twice as high as
 * wide, so that these pixels are square. Without colours, each character is one pixel, and its darkness shows the
 * temperature.
 *
 *     title    t = 1.25 s    293.15 to 373.15 K
 *     (the field)
 *     x = 0.05 m, y = 0.02 m: 310.2 K   (the keys)         or, where there are no keys:  293.15 [ .:-=+*#%@] 373.15 K
 */
#include "view_page.h"

#include "heat2d/io/ticks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_AROUND = 2, TEXT = 512 };
static const char ramp[] = " .:-=+*#%@"; /* from cold to hot */
enum { RAMP = sizeof ramp - 1 };

void heat_view_fit(heat_picture *picture, heat_colours colours, int columns, int rows) {
  const int lines = rows > LINES_AROUND ? rows - LINES_AROUND : 1;
  const double high = colours == HEAT_COLOURS_NONE ? 2 : 1; /* height of a pixel over its width */
  const int most = colours == HEAT_COLOURS_NONE ? lines : 2 * lines;
  const double aspect = picture->extent[HEAT_Y] / picture->extent[HEAT_X];
  double width = columns, height = width * aspect / high;
  if (height > most) {
    height = most;
    width = height * high / aspect;
  }
  const int least = most < 4 ? most : 4; /* least size of a thin field, so that it is visible */
  picture->samples[HEAT_X] = (int)fmin(columns, fmax(4, round(width)));
  picture->samples[HEAT_Y] = (int)fmin(most, fmax(least, round(height)));
}

static double value_at(const heat_view_page *page, int x, int y) {
  return page->values[(size_t)y * (size_t)page->picture->samples[HEAT_X] + (size_t)x];
}

/* The number of the interval between two isotherms in which a value lies. */
static int band(const heat_ticks *ticks, double value) {
  int below = 0;
  while (below < ticks->count && heat_ticks_value(ticks, below) <= value) below++;
  return below;
}

/* Whether an isotherm passes between this pixel and the next one to the right or above. */
static bool on_isotherm(const heat_view_page *page, const heat_ticks *ticks, int x, int y) {
  const int own = band(ticks, value_at(page, x, y));
  return (x + 1 < page->picture->samples[HEAT_X] && band(ticks, value_at(page, x + 1, y)) != own) ||
         (y + 1 < page->picture->samples[HEAT_Y] && band(ticks, value_at(page, x, y + 1)) != own);
}

typedef struct colour {
  unsigned char rgb[3];
} colour;

typedef struct page_writer {
  const heat_view_page *page;
  FILE *out;
  colour above, below; /* colours of the last block in this line */
  bool coloured;       /* whether there was one */
  heat_ticks ticks;
  unsigned char map[HEAT_COLOURS][3];
} page_writer;

static colour contrast(colour ground) {
  const int light = 384;
  const bool dark = ground.rgb[0] + ground.rgb[1] + ground.rgb[2] < light;
  return dark ? (colour){{255, 255, 255}} : (colour){{0, 0, 0}};
}

static colour pixel(const page_writer *at, int x, int y) {
  const heat_view_page *page = at->page;
  if (y < 0) return (colour){{0, 0, 0}}; /* the lowest block of an odd number of rows has only an upper pixel */
  const int level = heat_picture_level(page->picture, value_at(page, x, y));
  colour shown = {{255, 0, 255}};
  if (level < HEAT_COLOURS) memcpy(shown.rgb, at->map[level], sizeof shown.rgb);
  const bool cursor = page->cursor[HEAT_X] == x && page->cursor[HEAT_Y] == y;
  if (cursor || (page->isotherms && on_isotherm(page, &at->ticks, x, y))) return contrast(shown);
  return shown;
}

/* The nearest of the 216 colours and 24 greys, which have the numbers from 16 on in terminals with 256 colours. */
static int nearest_of_256(colour wanted) {
  static const int steps[] = {0, 95, 135, 175, 215, 255};
  int cube = 0, distance = 0, grey = 0, grey_distance = 1 << 30;
  for (int c = 0; c < 3; c++) {
    int best = 0;
    for (int n = 1; n < 6; n++)
      if (abs(steps[n] - wanted.rgb[c]) < abs(steps[best] - wanted.rgb[c])) best = n;
    cube = 6 * cube + best;
    distance += (steps[best] - wanted.rgb[c]) * (steps[best] - wanted.rgb[c]);
  }
  for (int n = 0; n < 24; n++) {
    int apart = 0;
    for (int c = 0; c < 3; c++) apart += (8 + 10 * n - wanted.rgb[c]) * (8 + 10 * n - wanted.rgb[c]);
    if (apart < grey_distance) grey_distance = apart, grey = n;
  }
  return grey_distance < distance ? 232 + grey : 16 + cube;
}

/* Write a half block with `above` as its foreground and `below` as its background colour. Colours are sent only when
 * they change. */
static void put_block(page_writer *at, colour above, colour below) {
  const bool same =
      at->coloured && memcmp(&at->above, &above, sizeof above) == 0 && memcmp(&at->below, &below, sizeof below) == 0;
  if (!same && at->page->colours == HEAT_COLOURS_TRUE)
    fprintf(at->out, "\033[38;2;%d;%d;%d;48;2;%d;%d;%dm", above.rgb[0], above.rgb[1], above.rgb[2], below.rgb[0],
            below.rgb[1], below.rgb[2]);
  else if (!same)
    fprintf(at->out, "\033[38;5;%d;48;5;%dm", nearest_of_256(above), nearest_of_256(below));
  fputs("▀", at->out);
  at->above = above;
  at->below = below;
  at->coloured = true;
}

static char plain_character(const page_writer *at, int x, int y) {
  const heat_view_page *page = at->page;
  if (page->cursor[HEAT_X] == x && page->cursor[HEAT_Y] == y) return 'X';
  const int level = heat_picture_level(page->picture, value_at(page, x, y));
  if (level == HEAT_COLOURS) return '?';
  if (page->isotherms && on_isotherm(page, &at->ticks, x, y)) return 'o';
  return ramp[level * RAMP / HEAT_COLOURS];
}

static void end_line(page_writer *at) {
  at->coloured = false;
  if (at->page->colours != HEAT_COLOURS_NONE) fputs("\033[0m", at->out);
  fputs(at->page->placed ? "\033[K\r\n" : "\n", at->out);
}

static void put_field(page_writer *at) {
  const int width = at->page->picture->samples[HEAT_X], height = at->page->picture->samples[HEAT_Y];
  const int step = at->page->colours == HEAT_COLOURS_NONE ? 1 : 2;
  for (int y = height - 1; y >= 0; y -= step) {
    for (int x = 0; x < width; x++) {
      if (step == 2)
        put_block(at, pixel(at, x, y), pixel(at, x, y - 1));
      else
        fputc(plain_character(at, x, y), at->out);
    }
    end_line(at);
  }
}

/* Write as many whole characters of a UTF-8 text as there are columns, without control characters. */
static void put_text(const page_writer *at, const char *text) {
  int column = 0;
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
    const bool begins = (*c & 0xC0) != 0x80;
    if (begins && column++ == at->page->columns) break;
    if (*c >= ' ' && *c != 0x7F) fputc(*c, at->out);
  }
}

static void put_head(page_writer *at) {
  const heat_picture *picture = at->page->picture;
  char text[TEXT], time[TEXT / 4];
  heat_picture_when(picture, time, sizeof time);
  snprintf(text, sizeof text, "%.200s%s%s   %.6g to %.6g %.40s", picture->title, picture->title[0] != '\0' ? "   " : "",
           time, picture->low, picture->high, picture->unit);
  put_text(at, text);
  end_line(at);
}

static void put_foot(const page_writer *at) {
  const heat_view_page *page = at->page;
  const heat_picture *picture = page->picture;
  char text[TEXT];
  if (page->cursor[HEAT_X] >= 0) {
    double place[HEAT_AXES];
    for (int axis = 0; axis < HEAT_AXES; axis++)
      place[axis] = picture->origin[axis] + ((double)heat_picture_cell(picture, axis, page->cursor[axis]) + 0.5) *
                                                picture->extent[axis] / (double)picture->cells[axis];
    snprintf(text, sizeof text, "x = %.5g m, y = %.5g m: %.8g %.40s   %s", place[HEAT_X], place[HEAT_Y],
             value_at(page, page->cursor[HEAT_X], page->cursor[HEAT_Y]), picture->unit,
             page->hint != NULL ? "q: quit" : "");
  } else if (page->hint == NULL) {
    snprintf(text, sizeof text, "%.6g [%s] %.6g %.40s", picture->low, ramp, picture->high, picture->unit);
  } else {
    snprintf(text, sizeof text, "%s", page->hint);
  }
  put_text(at, text);
  if (page->colours != HEAT_COLOURS_NONE) fputs("\033[0m", at->out);
  fputs(page->placed ? "\033[K\033[J" : "\n", at->out);
}

char *heat_view_text(const heat_view_page *page, size_t *length) {
  enum { ISOTHERMS = 10 };
  char *text = NULL;
  page_writer at = {.page = page, .out = open_memstream(&text, length)};
  if (at.out == NULL) return NULL;
  at.ticks = heat_ticks_at_most(page->picture->low, page->picture->high, ISOTHERMS);
  heat_colormap(page->picture->colormap, at.map);
  if (page->placed) fputs("\033[H", at.out);
  put_head(&at);
  put_field(&at);
  put_foot(&at);
  if (fclose(at.out) == 0) return text;
  free(text);
  return NULL;
}
