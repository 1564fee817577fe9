/* What the tests of pictures share: a picture that is drawn to the file `scratch`, and a reader of it. Each test
 * defines the name of this file, because tests run at the same time. */
#ifndef HEAT2D_TESTS_PICTURE_IMAGE_H
#define HEAT2D_TESTS_PICTURE_IMAGE_H

#include "heat2d/base/launch.h"
#include "heat2d/io/picture.h"

#include "io/picture_private.h"

#include "heat2d/io/recognise.h"

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

typedef struct image {
  int width, height;
  unsigned char *rgb;
} image;

static inline image read_image(const char *path) {
  png_image reader = {.version = PNG_IMAGE_VERSION};
  assert_true(png_image_begin_read_from_file(&reader, path));
  reader.format = PNG_FORMAT_RGB;
  image drawn = {.width = (int)reader.width, .height = (int)reader.height, .rgb = malloc(PNG_IMAGE_SIZE(reader))};
  assert_non_null(drawn.rgb);
  assert_true(png_image_finish_read(&reader, NULL, drawn.rgb, 0, NULL));
  return drawn;
}

static inline const unsigned char *pixel(const image *drawn, int x, int y) {
  assert_in_range(x, 0, drawn->width - 1);
  assert_in_range(y, 0, drawn->height - 1);
  return drawn->rgb + RGB * ((size_t)y * (size_t)drawn->width + (size_t)x);
}

/* A picture of 40 x 30 cells, without lines. */
static inline heat_picture picture_of(int across) {
  heat_picture picture = {.title = "Hot disc",
                          .unit = "K",
                          .colormap = "gray",
                          .extent = {0.04, 0.03},
                          .cells = {40, 30},
                          .low = 0,
                          .high = 40,
                          .time = 1.25,
                          .latest = 10};
  heat_picture_fit(&picture, across);
  return picture;
}

/* The number of the column plus `per_row` times that of the row, so that every cell can have another value. */
static inline double *values_of(const heat_picture *picture, double per_row) {
  double *values = malloc((size_t)picture->samples[HEAT_X] * (size_t)picture->samples[HEAT_Y] * sizeof *values);
  assert_non_null(values);
  for (int j = 0; j < picture->samples[HEAT_Y]; j++)
    for (int i = 0; i < picture->samples[HEAT_X]; i++)
      values[j * picture->samples[HEAT_X] + i] =
          (double)heat_picture_cell(picture, HEAT_X, i) + 0.5 + per_row * (double)heat_picture_cell(picture, HEAT_Y, j);
  return values;
}

static inline image draw(const heat_picture *picture, const double *values) {
  const heat_status status = heat_picture_write(picture, values, HEAT_PICTURE_PNG, scratch);
  assert_string_equal(status.text, "");
  image drawn = read_image(scratch);
  assert_int_equal(heat_recognise(scratch), HEAT_ORIGIN_RUN);
  assert_int_equal(remove(scratch), 0);
  return drawn;
}

#endif
