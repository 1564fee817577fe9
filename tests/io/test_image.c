/* Pictures: the laws of the colour maps, the font and the ticks, and what a reader finds in the files. One process. */
#include "heat2d/io/image.h"

#include "io/image_private.h"

#include <float.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { RGB = 3 };

static const char scratch[] = "test_image_scratch.png";
static const double square[HEAT_AXES] = {1.0, 1.0};

/* CIE 1976 lightness of a colour in sRGB (IEC 61966-2-1). */
static double lightness(const unsigned char rgb[RGB]) {
  const double weight[RGB] = {0.2126, 0.7152, 0.0722};
  double luminance = 0.0;
  for (int i = 0; i < RGB; i++) {
    double v = rgb[i] / 255.0;
    luminance += weight[i] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
  }
  return luminance > pow(6.0 / 29.0, 3) ? 116.0 * cbrt(luminance) - 16.0 : pow(29.0 / 3.0, 3) * luminance;
}

/* Levels first..last lie within 1 of a straight line of lightness, and far enough from level to level to be seen. */
static void assert_even(unsigned char map[HEAT_COLOURS][RGB], int first, int last) {
  double start = lightness(map[first]), step = (lightness(map[last]) - start) / (last - first);
  assert_true(fabs(step) > 0.2);
  for (int i = first; i <= last; i++) assert_true(fabs(lightness(map[i]) - (start + (i - first) * step)) < 1.0);
}

static void maps_are_even(void **state) {
  (void)state;
  for (int i = 0; heat_colormap_names[i] != NULL; i++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(heat_colormap_names[i], map));
    double first = lightness(map[0]), last = lightness(map[HEAT_COLOURS - 1]);
    if (strcmp(heat_colormap_names[i], "coolwarm") != 0) {
      assert_true(first < last);
      assert_even(map, 0, HEAT_COLOURS - 1);
      continue;
    }
    double middle = lightness(map[HEAT_COLOURS / 2]);
    assert_true(fabs(first - last) < 1.0);
    assert_true(middle > first);
    assert_true(fabs(lightness(map[HEAT_COLOURS / 2 - 1]) - middle) < 1.0);
    assert_even(map, 0, HEAT_COLOURS / 2 - 1);
    assert_even(map, HEAT_COLOURS / 2, HEAT_COLOURS - 1);
  }
}

static void maps_have_their_colours(void **state) {
  (void)state;
  unsigned char map[HEAT_COLOURS][RGB];
  assert_true(heat_colormap("gray", map));
  for (int i = 0; i < HEAT_COLOURS; i++) assert_true(map[i][0] == map[i][1] && map[i][1] == map[i][2]);
  assert_int_equal(map[0][0], 0);
  assert_int_equal(map[HEAT_COLOURS - 1][0], 255);

  assert_true(heat_colormap("inferno", map));
  assert_true(map[HEAT_COLOURS / 4][2] > map[HEAT_COLOURS / 4][0] &&
              map[HEAT_COLOURS / 4][0] > 2 * map[HEAT_COLOURS / 4][1]);
  assert_true(map[3 * HEAT_COLOURS / 4][0] > map[3 * HEAT_COLOURS / 4][1] && map[3 * HEAT_COLOURS / 4][2] < 40);
  assert_true(heat_colormap("coolwarm", map));
  assert_true(map[0][2] > 2 * map[0][0]);
  assert_true(map[HEAT_COLOURS - 1][0] > 2 * map[HEAT_COLOURS - 1][2]);
}

static void maps_are_smooth(void **state) {
  (void)state;
  const int jump = 12; /* bytes; neighbouring levels must not show an edge */
  for (int i = 0; heat_colormap_names[i] != NULL; i++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(heat_colormap_names[i], map));
    for (int level = 1; level < HEAT_COLOURS; level++)
      for (int c = 0; c < RGB; c++) assert_true(abs(map[level][c] - map[level - 1][c]) <= jump);
  }
}

static void unknown_map_is_refused(void **state) {
  (void)state;
  unsigned char map[HEAT_COLOURS][RGB];
  assert_false(heat_colormap("jet", map));
  assert_false(heat_colormap("", map));
  assert_false(heat_colormap("Inferno", map));
  const unsigned char level = 0;
  heat_image image = {.width = 1, .height = 1, .colormap = "jet", .title = "", .extent = {1.0, 1.0}};
  assert_int_not_equal(heat_image_write(&image, &level, scratch).code, HEAT_OK);
  assert_int_not_equal(access(scratch, F_OK), 0);
}

static void levels_clip(void **state) {
  (void)state;
  heat_image image = {.low = 300.0, .high = 540.0};
  assert_int_equal(heat_image_level(&image, 300.0), 0);
  assert_int_equal(heat_image_level(&image, 300.0 + 0.5), 0);
  assert_int_equal(heat_image_level(&image, 300.0 + 1.5), 1);
  assert_int_equal(heat_image_level(&image, 420.5), HEAT_COLOURS / 2);
  assert_int_equal(heat_image_level(&image, 540.0), HEAT_COLOURS - 1);
  assert_int_equal(heat_image_level(&image, 0.0), 0);
  assert_int_equal(heat_image_level(&image, 1e300), HEAT_COLOURS - 1);
  assert_int_equal(heat_image_level(&image, -INFINITY), 0);
  assert_int_equal(heat_image_level(&image, INFINITY), HEAT_COLOURS - 1);
  assert_int_equal(heat_image_level(&image, NAN), HEAT_COLOURS);
}

static void levels_of_a_uniform_field(void **state) {
  (void)state;
  heat_image image = {.low = 300.0, .high = 300.0};
  assert_int_equal(heat_image_level(&image, 300.0), HEAT_COLOURS / 2);
  assert_int_equal(heat_image_level(&image, 299.0), 0);
  assert_int_equal(heat_image_level(&image, 301.0), HEAT_COLOURS - 1);
  assert_int_equal(heat_image_level(&image, NAN), HEAT_COLOURS);
}

static void height_follows_the_domain(void **state) {
  (void)state;
  assert_int_equal(heat_image_height(1024, square), 1024);
  assert_int_equal(heat_image_height(300, (const double[]){0.3, 0.1}), 100);
  assert_int_equal(heat_image_height(640, (const double[]){0.4, 0.02}), 32);
  assert_int_equal(heat_image_height(64, (const double[]){1.0, 16.0}), 1024);
  assert_int_equal(heat_image_height(16, (const double[]){1e6, 1.0}), 16);
  assert_int_equal(heat_image_height(64, (const double[]){1000.0, 1.0}), 16);
  assert_int_equal(heat_image_height(64, (const double[]){1.0, 1000.0}), 256);
  assert_int_equal(heat_image_height(4096, (const double[]){1000.0, 1.0}), 128);
  assert_int_equal(heat_image_height(8192, (const double[]){1.0, 1e300}), 16384);
}

/* The number of the ticks, their values and their labels, for ranges of every size and place. */
static void ticks_are_few_and_distinct(void **state) {
  (void)state;
  enum { CASES = 20000, WANTED = 5 };
  srand(1);
  for (int n = 0; n < CASES; n++) {
    double range = pow(10.0, -15.0 + 30.0 * rand() / RAND_MAX);
    double low = (2.0 * rand() / RAND_MAX - 1.0) * range * pow(10.0, 11.0 * rand() / RAND_MAX);
    double high = low + range;
    heat_ticks ticks = heat_ticks_choose(low, high, WANTED);
    assert_in_range(ticks.count, WANTED, 2 * WANTED - 1);
    assert_true(ticks.mantissa == 1 || ticks.mantissa == 2 || ticks.mantissa == 5 || ticks.mantissa == 25);
    char before[HEAT_TICK_TEXT] = "", text[HEAT_TICK_TEXT];
    for (int i = 0; i < ticks.count; i++) {
      double value = heat_ticks_value(&ticks, i), slack = 1e-5 * range + 4.0 * DBL_EPSILON * fabs(low);
      assert_true(value >= low - slack && value <= high + slack);
      heat_ticks_label(&ticks, i, text);
      assert_in_range(strlen(text), 1, HEAT_TICK_LABEL);
      assert_string_not_equal(text, before);
      double shown = strtod(text, NULL);
      if (ticks.form == HEAT_TICK_OFFSET) {
        heat_ticks_base(&ticks, before);
        shown += strtod(before, NULL);
      }
      assert_true(fabs(shown - value) <= 1e-9 * range + 8.0 * DBL_EPSILON * fabs(value));
      memcpy(before, text, sizeof before);
    }
  }
}

static void assert_labels(double low, double high, const char *first, const char *last) {
  heat_ticks ticks = heat_ticks_choose(low, high, 5);
  char text[HEAT_TICK_TEXT];
  heat_ticks_label(&ticks, 0, text);
  assert_string_equal(text, first);
  heat_ticks_label(&ticks, ticks.count - 1, text);
  assert_string_equal(text, last);
}

static void ticks_are_brief(void **state) {
  (void)state;
  assert_labels(293.15, 373.15, "300", "370");
  assert_labels(293.15, 293.16, "293.150", "293.160");
  assert_labels(-1.0, 1.0, "-1.0", "1.0");
  assert_labels(0.0, 0.3, "0", "0.30");
  assert_labels(0.0, 1e-6, "0", "1e-6");
  assert_labels(-5e9, 2e9, "-5e9", "2e9");
  assert_labels(293.15, 293.15 + 1e-7, "+0", "+1e-7");
  heat_ticks ticks = heat_ticks_choose(293.15, 293.15 + 1e-7, 5);
  char text[HEAT_TICK_TEXT];
  heat_ticks_base(&ticks, text);
  assert_string_equal(text, "293.15");
}

static void ticks_need_a_range(void **state) {
  (void)state;
  const double ranges[][2] = {{1.0, 1.0},
                              {2.0, 1.0},
                              {NAN, 1.0},
                              {0.0, NAN},
                              {-INFINITY, INFINITY},
                              {0.0, INFINITY},
                              {0.0, DBL_MIN},
                              {-DBL_MAX, DBL_MAX},
                              {300.0, 300.0 * (1.0 + DBL_EPSILON)}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    assert_int_equal(heat_ticks_choose(ranges[i][0], ranges[i][1], 5).count, 0);
}

static void glyphs_are_distinct(void **state) {
  (void)state;
  enum { DOTS = HEAT_GLYPH_WIDTH * HEAT_GLYPH_HEIGHT, FIRST = ' ', LAST = '~' };
  static bool dots[LAST + 1][DOTS];
  for (int c = FIRST; c <= LAST; c++) {
    int inked = 0;
    for (int i = 0; i < DOTS; i++) {
      dots[c][i] = heat_glyph_dot((char)c, i / HEAT_GLYPH_WIDTH, i % HEAT_GLYPH_WIDTH);
      inked += dots[c][i];
    }
    assert_true((inked > 0) == (c != ' '));
    for (int other = FIRST; other < c; other++) assert_memory_not_equal(dots[c], dots[other], sizeof dots[c]);
  }
  const char strange[] = {'\0', '\n', 127, (char)0xC3};
  for (size_t n = 0; n < sizeof strange; n++)
    for (int i = 0; i < DOTS; i++)
      assert_true(heat_glyph_dot(strange[n], i / HEAT_GLYPH_WIDTH, i % HEAT_GLYPH_WIDTH) == dots['?'][i]);
}

typedef struct picture {
  int width, height;
  unsigned char *rgb;
} picture;

static picture picture_read(const char *path) {
  png_image reader = {.version = PNG_IMAGE_VERSION};
  assert_true(png_image_begin_read_from_file(&reader, path));
  reader.format = PNG_FORMAT_RGB;
  picture drawn = {.width = (int)reader.width, .height = (int)reader.height, .rgb = malloc(PNG_IMAGE_SIZE(reader))};
  assert_non_null(drawn.rgb);
  assert_true(png_image_finish_read(&reader, NULL, drawn.rgb, 0, NULL));
  return drawn;
}

static const unsigned char *picture_pixel(const picture *drawn, int x, int y) {
  assert_in_range(x, 0, drawn->width - 1);
  assert_in_range(y, 0, drawn->height - 1);
  return drawn->rgb + RGB * ((size_t)y * (size_t)drawn->width + (size_t)x);
}

/* The colour of NaN. */
static bool pixel_is_nan(const unsigned char rgb[RGB]) {
  return rgb[0] == 255 && rgb[1] == 0 && rgb[2] == 255;
}

/* Write the picture with a NaN in its upper left cell and read it; *x, *y: where that pixel was found. */
static picture picture_round_trip(const heat_image *image, unsigned char *levels, int *x, int *y) {
  levels[0] = HEAT_COLOURS;
  heat_status status = heat_image_write(image, levels, scratch);
  assert_string_equal(status.text, "");
  assert_int_equal(status.code, HEAT_OK);
  picture drawn = picture_read(scratch);
  assert_int_equal(remove(scratch), 0);
  int found = 0;
  for (int j = 0; j < drawn.height; j++)
    for (int i = 0; i < drawn.width; i++)
      if (pixel_is_nan(picture_pixel(&drawn, i, j))) {
        *x = i;
        *y = j;
        found++;
      }
  assert_int_equal(found, 1);
  assert_true(*x + image->width < drawn.width && *y + image->height < drawn.height);
  return drawn;
}

static heat_image image_of(int width, const double extent[HEAT_AXES]) {
  return (heat_image){.width = width,
                      .height = heat_image_height(width, extent),
                      .colormap = "inferno",
                      .title = "Hot disc",
                      .time = 1.25,
                      .low = 293.15,
                      .high = 373.15,
                      .extent = {extent[HEAT_X], extent[HEAT_Y]}};
}

static unsigned char *levels_of(const heat_image *image) {
  size_t cells = (size_t)image->width * (size_t)image->height;
  unsigned char *levels = malloc(cells);
  assert_non_null(levels);
  for (size_t i = 0; i < cells; i++) levels[i] = (unsigned char)(i * HEAT_COLOURS / cells);
  return levels;
}

/* Every pixel of the field has its level's colour; the first row is at the top. */
static void field_is_drawn(void **state) {
  (void)state;
  const int widths[] = {16, 64, 300, 1024};
  for (size_t n = 0; n < sizeof widths / sizeof *widths; n++)
    for (int m = 0; heat_colormap_names[m] != NULL; m++) {
      heat_image image = image_of(widths[n], (const double[]){2.0, 1.0});
      image.colormap = heat_colormap_names[m];
      unsigned char map[HEAT_COLOURS][RGB], *levels = levels_of(&image);
      assert_true(heat_colormap(image.colormap, map));
      int x = 0, y = 0;
      picture drawn = picture_round_trip(&image, levels, &x, &y);
      for (int j = 0; j < image.height; j++)
        for (int i = j == 0; i < image.width; i++)
          assert_memory_equal(picture_pixel(&drawn, x + i, y + j), map[levels[j * image.width + i]], RGB);
      free(drawn.rgb);
      free(levels);
    }
}

/* The key is the width of the whole picture, whatever the domain's shape; and there is enough of the field to see. */
static void the_picture_is_as_wide_as_asked_for(void **state) {
  (void)state;
  static const double extents[][HEAT_AXES] = {{1, 1}, {1000, 1}, {1, 1000}, {1, 16}, {4, 1}, {1e6, 1e-6}, {3e-9, 1e-9}};
  static const int widths[] = {16, 17, 64, 150, 199, 256, 640, 1023, 2048};
  for (size_t e = 0; e < sizeof extents / sizeof *extents; e++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      heat_image image = image_of(widths[w], extents[e]);
      heat_image_fit(&image, widths[w]);
      unsigned char *levels = levels_of(&image);
      levels[0] = HEAT_COLOURS;
      assert_int_equal(heat_image_write(&image, levels, scratch).code, HEAT_OK);
      picture drawn = picture_read(scratch);
      assert_int_equal(remove(scratch), 0);
      assert_int_equal(drawn.width, widths[w] + widths[w] % 2);
      assert_in_range(drawn.height, 16, 18000);
      assert_true(2 * image.width >= widths[w] && image.height >= 14);
      const double stretch = heat_image_stretch(&image), aspect = extents[e][HEAT_X] / extents[e][HEAT_Y];
      if (widths[w] >= 256 && aspect <= 4 && aspect >= 1.0 / 16 && widths[w] <= 16384 * aspect)
        assert_true(fabs(stretch - 1) < 0.1);
      free(drawn.rgb);
      free(levels);
    }
}

static void nan_is_unlike_every_map(void **state) {
  (void)state;
  const int apart = 80; /* bytes, in at least one component */
  heat_image image = image_of(16, square);
  unsigned char *levels = levels_of(&image);
  int x = 0, y = 0;
  picture drawn = picture_round_trip(&image, levels, &x, &y);
  const unsigned char *nan = picture_pixel(&drawn, x, y);
  for (int i = 0; heat_colormap_names[i] != NULL; i++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(heat_colormap_names[i], map));
    for (int level = 0; level < HEAT_COLOURS; level++) {
      int most = 0;
      for (int c = 0; c < RGB; c++) most = abs(map[level][c] - nan[c]) > most ? abs(map[level][c] - nan[c]) : most;
      assert_true(most >= apart);
    }
  }
  free(drawn.rgb);
  free(levels);
}

/* All frames of a run must have one size. */
static void size_is_the_same_at_all_times(void **state) {
  (void)state;
  heat_image image = image_of(200, square);
  unsigned char *levels = levels_of(&image);
  int x = 0, y = 0;
  picture first = picture_round_trip(&image, levels, &x, &y);
  const heat_image others[] = {{.time = 0.0, .low = 293.15, .high = 293.15},
                               {.time = 1.2345678e-300, .low = -1.5e-9, .high = 1e9},
                               {.time = 86400.125, .low = 293.15, .high = 293.15 + 1e-9},
                               {.time = 1e300, .low = -INFINITY, .high = NAN}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    image.time = others[i].time;
    image.low = others[i].low;
    image.high = others[i].high;
    int u = 0, v = 0;
    picture next = picture_round_trip(&image, levels, &u, &v);
    assert_true(next.width == first.width && next.height == first.height && u == x && v == y);
    free(next.rgb);
  }
  assert_true(first.width % 2 == 0 && first.height % 2 == 0);
  free(first.rgb);
  free(levels);
}

static void extreme_shapes_are_drawn(void **state) {
  (void)state;
  const struct {
    int width;
    double extent[HEAT_AXES];
  } shapes[] = {{16, {1.0, 1.0}},    {16, {1e9, 1.0}},   {16, {1.0, 1e9}}, {8192, {1.0, 1e-9}},  {8192, {1e4, 1.0}},
                {8192, {1.0, 0.05}}, {17, {1e-9, 1e-9}}, {1, {1.0, 1.0}},  {100, {1e200, 1e200}}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    heat_image image = image_of(shapes[i].width, shapes[i].extent);
    unsigned char *levels = levels_of(&image);
    int x = 0, y = 0;
    picture drawn = picture_round_trip(&image, levels, &x, &y);
    free(drawn.rgb);
    free(levels);
  }
}

/* Titles of any length and content leave the size alone, and stay whole in the file. */
static void titles_are_cut(void **state) {
  (void)state;
  char endless[4000];
  memset(endless, 'W', sizeof endless);
  endless[sizeof endless - 1] = '\0';
  const char *const titles[] = {"x", endless, "W\xC3\xA4rme\n\t\x7F", "\xC3"};
  int width = 0, height = 0;
  for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
    heat_image image = image_of(64, square);
    image.title = titles[i];
    unsigned char *levels = levels_of(&image);
    int x = 0, y = 0;
    picture drawn = picture_round_trip(&image, levels, &x, &y);
    assert_true(i == 0 || (drawn.width == width && drawn.height == height));
    width = drawn.width;
    height = drawn.height;
    free(drawn.rgb);
    free(levels);
  }
}

static void assert_write_fails(int width, const char *path, const char *reason) {
  heat_image image = image_of(width, square);
  unsigned char *levels = levels_of(&image);
  for (size_t i = 0; i < (size_t)width * (size_t)width; i++) levels[i] = (unsigned char)(rand() % HEAT_COLOURS);
  heat_status status = heat_image_write(&image, levels, path);
  free(levels);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, path));
  assert_non_null(strstr(status.text, reason));
}

/* A small picture fails when it is flushed, a large one while it is encoded. */
static void failing_writes_are_reported(void **state) {
  (void)state;
  assert_write_fails(16, "no-such-directory/frame.png", "No such file");
  assert_write_fails(16, ".", "directory");
  assert_write_fails(16, "/dev/full", "no regular file");
  struct rlimit before, none = {0};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  none.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  for (int width = 16; width <= 512; width *= 32) {
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_write_fails(width, "full.png", "too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  }
  signal(SIGXFSZ, SIG_DFL);
  unlink("full.png");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_are_even),
      cmocka_unit_test(maps_have_their_colours),
      cmocka_unit_test(maps_are_smooth),
      cmocka_unit_test(unknown_map_is_refused),
      cmocka_unit_test(levels_clip),
      cmocka_unit_test(levels_of_a_uniform_field),
      cmocka_unit_test(height_follows_the_domain),
      cmocka_unit_test(ticks_are_few_and_distinct),
      cmocka_unit_test(ticks_are_brief),
      cmocka_unit_test(ticks_need_a_range),
      cmocka_unit_test(glyphs_are_distinct),
      cmocka_unit_test(field_is_drawn),
      cmocka_unit_test(the_picture_is_as_wide_as_asked_for),
      cmocka_unit_test(nan_is_unlike_every_map),
      cmocka_unit_test(size_is_the_same_at_all_times),
      cmocka_unit_test(extreme_shapes_are_drawn),
      cmocka_unit_test(titles_are_cut),
      cmocka_unit_test(failing_writes_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
