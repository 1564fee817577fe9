/* Pictures: what a reader finds in the files. One process. */
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

static const char scratch[] = "test_picture_scratch.png";

typedef struct image {
  int width, height;
  unsigned char *rgb;
} image;

static image read_image(const char *path) {
  png_image reader = {.version = PNG_IMAGE_VERSION};
  assert_true(png_image_begin_read_from_file(&reader, path));
  reader.format = PNG_FORMAT_RGB;
  image drawn = {.width = (int)reader.width, .height = (int)reader.height, .rgb = malloc(PNG_IMAGE_SIZE(reader))};
  assert_non_null(drawn.rgb);
  assert_true(png_image_finish_read(&reader, NULL, drawn.rgb, 0, NULL));
  return drawn;
}

static const unsigned char *pixel(const image *drawn, int x, int y) {
  assert_in_range(x, 0, drawn->width - 1);
  assert_in_range(y, 0, drawn->height - 1);
  return drawn->rgb + RGB * ((size_t)y * (size_t)drawn->width + (size_t)x);
}

/* A picture of 40 x 30 cells, without lines. */
static heat_picture picture_of(int across) {
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

/* x along each row, and another for every cell: the row's number is added. */
static double *values_of(const heat_picture *picture, double per_row) {
  double *values = malloc((size_t)picture->samples[HEAT_X] * (size_t)picture->samples[HEAT_Y] * sizeof *values);
  assert_non_null(values);
  for (int j = 0; j < picture->samples[HEAT_Y]; j++)
    for (int i = 0; i < picture->samples[HEAT_X]; i++)
      values[j * picture->samples[HEAT_X] + i] =
          (double)heat_picture_cell(picture, HEAT_X, i) + 0.5 + per_row * (double)heat_picture_cell(picture, HEAT_Y, j);
  return values;
}

static image draw(const heat_picture *picture, const double *values) {
  const heat_status status = heat_picture_write(picture, values, HEAT_PICTURE_PNG, scratch);
  assert_string_equal(status.text, "");
  image drawn = read_image(scratch);
  assert_int_equal(heat_recognise(scratch), HEAT_ORIGIN_RUN);
  assert_int_equal(remove(scratch), 0);
  return drawn;
}

static void levels_clip(void **state) {
  (void)state;
  const heat_picture picture = {.low = 300, .high = 556};
  assert_int_equal(heat_picture_level(&picture, 300), 0);
  assert_int_equal(heat_picture_level(&picture, 300.5), 0);
  assert_int_equal(heat_picture_level(&picture, 301.5), 1);
  assert_int_equal(heat_picture_level(&picture, 428.5), HEAT_COLOURS / 2);
  assert_int_equal(heat_picture_level(&picture, 556), HEAT_COLOURS - 1);
  assert_int_equal(heat_picture_level(&picture, -INFINITY), 0);
  assert_int_equal(heat_picture_level(&picture, INFINITY), HEAT_COLOURS - 1);
  assert_int_equal(heat_picture_level(&picture, NAN), HEAT_COLOURS);
  const heat_picture uniform = {.low = 300, .high = 300};
  assert_int_equal(heat_picture_level(&uniform, 300), HEAT_COLOURS / 2);
  assert_int_equal(heat_picture_level(&uniform, 299), 0);
  assert_int_equal(heat_picture_level(&uniform, 301), HEAT_COLOURS - 1);
}

/* Every pixel of the field has the colour of the cell at its centre, in every map; the first row is at the bottom. */
static void cells_have_their_colours(void **state) {
  (void)state;
  const int widths[] = {16, 300, 641};
  for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
    for (int m = 0; heat_colormap_names[m] != NULL; m++) {
      heat_picture picture = picture_of(widths[w]);
      picture.colormap = heat_colormap_names[m];
      picture.high = 340;
      const heat_picture_layout plan = heat_picture_plan(&picture);
      double *values = values_of(&picture, 10);
      unsigned char map[HEAT_COLOURS][RGB];
      assert_true(heat_colormap(picture.colormap, map));
      image drawn = draw(&picture, values);
      assert_true(drawn.width == plan.width && drawn.height == plan.height);
      for (int y = 0; y < picture.height; y++)
        for (int x = 0; x < picture.width; x++) {
          const int i = (int)((x + 0.5) / picture.width * 40), j = (int)((y + 0.5) / picture.height * 30);
          const int level = heat_picture_level(&picture, i + 0.5 + 10 * j);
          assert_memory_equal(pixel(&drawn, plan.field.x + x, plan.field.y + picture.height - 1 - y), map[level], RGB);
        }
      free(drawn.rgb);
      free(values);
    }
}

/* A linear field stays linear between the centres of the outermost cells. */
static void smooth_colours_run_on(void **state) {
  (void)state;
  heat_picture picture = picture_of(640);
  picture.smooth = true;
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0);
  image drawn = draw(&picture, values);
  for (int x = picture.width / 40; x < picture.width - picture.width / 40; x++) {
    const int level = heat_picture_level(&picture, (x + 0.5) / picture.width * 40);
    assert_true(abs(pixel(&drawn, plan.field.x + x, plan.field.y + 7)[0] - level) <= 1);
  }
  free(drawn.rgb);
  free(values);
}

static void not_a_number_is_unlike_every_map(void **state) {
  (void)state;
  heat_picture picture = picture_of(400);
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0);
  values[0] = NAN; /* the lower left cell */
  image drawn = draw(&picture, values);
  const unsigned char *found = pixel(&drawn, plan.field.x, plan.field.y + picture.height - 1);
  const int apart = 80;
  for (int m = 0; heat_colormap_names[m] != NULL; m++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(heat_colormap_names[m], map));
    for (int level = 0; level < HEAT_COLOURS; level++) {
      int most = 0;
      for (int c = 0; c < RGB; c++) most = abs(map[level][c] - found[c]) > most ? abs(map[level][c] - found[c]) : most;
      assert_true(most >= apart);
    }
  }
  free(drawn.rgb);
  free(values);
}

/* Where pixels of two drawings differ along row y of the field: the middle of each run, counted from the field's left.
 */
static int differences(const image *a, const image *b, const heat_picture_layout *plan, int y, double found[],
                       int most) {
  int count = 0;
  for (int x = 0, begin = -1; x <= plan->field.width; x++) {
    const bool differs = x < plan->field.width && memcmp(pixel(a, plan->field.x + x, plan->field.y + y),
                                                         pixel(b, plan->field.x + x, plan->field.y + y), RGB) != 0;
    if (differs && begin < 0) begin = x;
    if (differs || begin < 0) continue;
    assert_in_range(count, 0, most - 1);
    found[count++] = (begin + x) / 2.0;
    begin = -1;
  }
  return count;
}

/* With u = x / (1 mm) the isotherms are at round millimetres, and nowhere else; their labels hide some in some rows. */
static void isotherms_lie_where_the_field_has_their_value(void **state) {
  (void)state;
  enum { MOST = 1000, LINES = 7 };
  heat_picture picture = picture_of(640);
  picture.smooth = true;
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0), found[MOST];
  image without = draw(&picture, values);
  picture.isotherms = 10;
  image with = draw(&picture, values);
  int clean = 0;
  for (int y = 0; y < picture.height; y++) {
    const int count = differences(&with, &without, &plan, y, found, MOST);
    if (count != LINES) continue;
    bool all = true;
    for (int n = 0; n < LINES; n++) all = all && fabs(found[n] / picture.width * 40 - 5 * (n + 1)) < 0.15;
    clean += all;
  }
  assert_true(clean > picture.height / 4);
  picture.isotherms = 3; /* 20 alone, then, of 0, 20 and 40 */
  image few = draw(&picture, values);
  assert_int_equal(differences(&few, &without, &plan, 1, found, MOST), 1);
  assert_true(fabs(found[0] / picture.width * 40 - 20) < 0.15);
  free(few.rgb);
  free(with.rgb);
  free(without.rgb);
  free(values);
}

/* A field that is constant but for rounding has no isotherms there. */
static void isotherms_do_not_show_rounding(void **state) {
  (void)state;
  heat_picture picture = picture_of(640);
  picture.low = 0;
  double *values = values_of(&picture, 0), found[1000];
  for (int n = 0; n < 40 * 30; n++)
    if (n % 40 < 35) values[n] = 10 + (n % 7 - 3) * 1e-13;
  const heat_picture_layout plan = heat_picture_plan(&picture);
  image without = draw(&picture, values);
  picture.isotherms = 8;
  image with = draw(&picture, values);
  for (int y = 0; y < picture.height; y++) {
    const int count = differences(&with, &without, &plan, y, found, 1000);
    for (int n = 0; n < count; n++) assert_true(found[n] > 33.0 / 40 * picture.width);
  }
  free(with.rgb);
  free(without.rgb);
  free(values);
}

static const char layers[] = "domain: {size: [0.04, 0.03], cells: [40, 30]}\n"
                             "material: {conductivity: 1, density: 2, heat_capacity: 3}\n"
                             "initial: {temperature: 0}\ntime: {end: 1}\n"
                             "materials: {same: {conductivity: 1, density: 2, heat_capacity: 3}}\n"
                             "regions:\n"
                             "  - {shape: rectangle, min: [0.01, 0], max: [0.02, 0.03], density: 5}\n"
                             "  - {shape: rectangle, min: [0.02, 0], max: [0.025, 0.03], density: 5}\n"
                             "  - {shape: rectangle, min: [0.03, 0], max: [0.035, 0.03], material: same}\n"
                             "  - {shape: rectangle, min: [0, 0.02], max: [0.04, 0.03], temperature: 4}\n";

/* Where the density changes, and not where a region has the same material or only another temperature. */
static void outlines_lie_where_the_material_changes(void **state) {
  (void)state;
  for (int w = 0; w < 2; w++) { /* a sample for every cell, and for every other one */
    heat_config *config;
    heat_problem problem;
    const heat_status parsed = heat_config_parse(&config, "deck", layers, strlen(layers), NULL, 0);
    assert_string_equal(parsed.text, "");
    assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
    heat_picture picture = picture_of(640);
    if (w == 1) picture.samples[HEAT_X] = 20;
    int64_t *materials;
    picture.outlines = true;
    assert_int_equal(heat_picture_materials(&picture, &problem, MPI_COMM_SELF, &materials).code, HEAT_OK);
    assert_non_null(materials);
    const heat_picture_layout plan = heat_picture_plan(&picture);
    double *values = values_of(&picture, 0), found[1000];
    picture.high = 1e9; /* one colour */
    image without = draw(&picture, values);
    picture.materials = materials;
    image with = draw(&picture, values);
    for (int y = 0; y < picture.height; y++) {
      assert_int_equal(differences(&with, &without, &plan, y, found, 1000), 2);
      assert_true(fabs(found[0] / picture.width * 40 - 10) < 0.15);
      assert_true(fabs(found[1] / picture.width * 40 - 25) < (w == 0 ? 0.15 : 1.15));
    }
    free(with.rgb);
    free(without.rgb);
    free(values);
    free(materials);
    heat_problem_destroy(&problem);
    heat_config_destroy(config);
  }
}

static void one_material_has_no_outlines(void **state) {
  (void)state;
  static const char deck[] = "domain: {size: [0.04, 0.03], cells: [40, 30]}\nmaterial: {diffusivity: 1}\n"
                             "initial: {temperature: 0}\ntime: {end: 1}\n"
                             "regions: [{shape: circle, center: [0, 0], radius: 0.01, temperature: 1}]\n";
  heat_config *config;
  heat_problem problem;
  int64_t *materials;
  assert_int_equal(heat_config_parse(&config, "deck", deck, strlen(deck), NULL, 0).code, HEAT_OK);
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
  heat_picture picture = picture_of(640);
  picture.outlines = true;
  assert_int_equal(heat_picture_materials(&picture, &problem, MPI_COMM_SELF, &materials).code, HEAT_OK);
  assert_null(materials);
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* Two named regions, the first in part behind the second, one behind both, and one that bears no name. */
static const char named[] =
    "domain: {size: [0.04, 0.03], cells: [40, 30]}\nmaterial: {diffusivity: 1}\n"
    "initial: {temperature: 0}\ntime: {end: 1}\nregions:\n"
    "  - {shape: rectangle, min: [0.02, 0], max: [0.022, 0.002], temperature: 1, name: behind}\n"
    "  - {shape: rectangle, min: [0, 0], max: [0.03, 0.03], temperature: 1, name: Öl}\n"
    "  - {shape: rectangle, min: [0.016, 0], max: [0.04, 0.012], diffusivity: 2, name: steel}\n"
    "  - {shape: circle, center: [0.03, 0.006], radius: 0.003, temperature: 1}\n";

/* The box around all pixels that differ, relative to the field and counted from its lower left corner. */
typedef struct changed {
  int lo[HEAT_AXES], hi[HEAT_AXES];
} changed;

static changed find_changed(const image *a, const image *b, const heat_picture_layout *plan, int from, int to) {
  changed box = {{1 << 20, 1 << 20}, {-1, -1}};
  for (int y = 0; y < plan->field.height; y++)
    for (int x = from; x < to; x++) {
      const int at[] = {x, plan->field.height - 1 - y};
      if (memcmp(pixel(a, plan->field.x + x, plan->field.y + y), pixel(b, plan->field.x + x, plan->field.y + y), 3) ==
          0)
        continue;
      for (int axis = 0; axis < HEAT_AXES; axis++) {
        if (at[axis] < box.lo[axis]) box.lo[axis] = at[axis];
        if (at[axis] >= box.hi[axis]) box.hi[axis] = at[axis] + 1;
      }
    }
  return box;
}

/* Each name is in the middle of what is to be seen of its region, of the size of its text, and nothing else changes. */
static void names_stand_within_what_is_to_be_seen_of_regions(void **state) {
  (void)state;
  heat_config *config;
  heat_problem problem;
  heat_picture_names *names;
  const heat_status parsed = heat_config_parse(&config, "deck", named, strlen(named), NULL, 0);
  assert_string_equal(parsed.text, "");
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
  heat_picture picture = picture_of(640);
  assert_int_equal(heat_picture_find_names(&picture, &problem, &names).code, HEAT_OK);
  assert_null(names); /* not asked for */
  picture.region_names = true;
  assert_int_equal(heat_picture_find_names(&picture, &problem, &names).code, HEAT_OK);
  assert_int_equal(names->count, 3);
  assert_true(!names->at[0].shown && names->at[1].shown && names->at[2].shown);
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0);
  picture.high = 1e9; /* one colour */
  image without = draw(&picture, values);
  picture.names = names;
  image with = draw(&picture, values);
  /* Öl: of its L of 0.03 by 0.03, left of 0.016 or above 0.012, the middle; steel: x from 0.016 to 0.04, y up to 0.012
   */
  const int border = (int)(0.024 / 0.04 * picture.width);
  static const double middles[2][HEAT_AXES] = {{0.015, 0.015}, {0.028, 0.006}};
  static const double texts[] = {1.6, 2.7}; /* widths in em */
  for (int n = 0; n < 2; n++) {
    const changed box = find_changed(&with, &without, &plan, n == 0 ? 0 : border, n == 0 ? border : picture.width);
    const double size[] = {0.04, 0.03};
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const double pixels = axis == HEAT_X ? picture.width : picture.height;
      const double middle = (box.lo[axis] + box.hi[axis]) / 2.0 / pixels * size[axis];
      if (!(fabs(middle - middles[n][axis]) < 0.0012)) print_error("name %d, axis %d: %g\n", n, axis, middle);
      assert_true(fabs(middle - middles[n][axis]) < 0.0012); /* a cell */
    }
    const double wide = (box.hi[HEAT_X] - box.lo[HEAT_X]) / (double)plan.em;
    if (!(fabs(wide - texts[n]) < 0.7)) print_error("name %d: %g em wide\n", n, wide);
    assert_true(fabs(wide - texts[n]) < 0.7);
    assert_true(box.hi[HEAT_Y] - box.lo[HEAT_Y] < 2 * plan.em);
  }
  free(with.rgb);
  free(without.rgb);
  free(values);
  free(names);
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* The key is the width of the whole picture, whatever the domain's shape; there is enough of the field to see; and what
 * is written stays off the picture's edge, and so is not cut. */
static void text_fits_inside_the_picture(void **state) {
  (void)state;
  static const double extents[][HEAT_AXES] = {{1, 1},  {1000, 1},   {1, 1000},    {1, 16},           {4, 1},
                                              {16, 1}, {1e6, 1e-6}, {3e-9, 1e-9}, {123.456, 98.7654}};
  static const int widths[] = {16, 17, 200, 256, 640, 1023, 2048};
  static const char *const titles[] = {
      "", "Wärmeleitung in einer Platte aus Kupfer mit einer heißen Scheibe, µ = 0,1 °C, 温度"};
  for (size_t e = 0; e < sizeof extents / sizeof *extents; e++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      heat_picture picture = {.title = titles[(e + w) % 2],
                              .unit = "°C",
                              .colormap = "viridis",
                              .extent = {extents[e][HEAT_X], extents[e][HEAT_Y]},
                              .origin = {-extents[e][HEAT_X], 1e-9},
                              .cells = {20, 20},
                              .low = -1.234567e-5,
                              .high = 1e-5,
                              .time = 1.0 / 3,
                              .latest = 1e7};
      heat_picture_fit(&picture, widths[w]);
      if (e % 2 == 1) {
        picture.low = 293.15;
        picture.high = 293.15 + 1e-8;
      }
      double *values = values_of(&picture, 0);
      image drawn = draw(&picture, values);
      assert_int_equal(drawn.width, widths[w] + widths[w] % 2);
      assert_int_equal(drawn.height % 2, 0);
      assert_true(2 * picture.width >= widths[w] && picture.height >= 14 && drawn.height < 18000);
      for (int x = 0; x < drawn.width && !picture.bare; x++) {
        assert_int_equal(pixel(&drawn, x, 0)[0], 255);
        assert_int_equal(pixel(&drawn, x, drawn.height - 1)[0], 255);
      }
      for (int y = 0; y < drawn.height && !picture.bare; y++) {
        assert_int_equal(pixel(&drawn, 0, y)[0], 255);
        assert_int_equal(pixel(&drawn, drawn.width - 1, y)[0], 255);
      }
      assert_true(picture.bare == (widths[w] < 200) || widths[w] == 200 || widths[w] == 256);
      free(drawn.rgb);
      free(values);
    }
}

/* All frames of a film have one size, and the field in one place. */
static void size_is_the_same_at_all_times(void **state) {
  (void)state;
  heat_picture picture = picture_of(300);
  double *values = values_of(&picture, 0);
  image first = draw(&picture, values);
  const heat_picture others[] = {{.time = 0, .low = 293.15, .high = 293.15},
                                 {.time = 1.2345678e-300, .low = -1.5e-9, .high = 1e9},
                                 {.time = 86400.125, .low = 293.15, .high = 293.15 + 1e-9},
                                 {.time = 1e300, .low = -INFINITY, .high = NAN}};
  const heat_rectangle field = heat_picture_plan(&picture).field;
  for (size_t n = 0; n < sizeof others / sizeof *others; n++) {
    picture.time = others[n].time;
    picture.low = others[n].low;
    picture.high = others[n].high;
    picture.isotherms = 10;
    const heat_rectangle place = heat_picture_plan(&picture).field;
    image next = draw(&picture, values);
    assert_true(next.width == first.width && next.height == first.height);
    assert_memory_equal(&place, &field, sizeof field);
    free(next.rgb);
  }
  free(first.rgb);
  free(values);
}

/* A title of any length is wrapped: a longer one makes a higher picture, up to some lines; broken text is no fault. */
static void titles_are_wrapped(void **state) {
  (void)state;
  char endless[4000];
  memset(endless, 'W', sizeof endless);
  endless[sizeof endless - 1] = '\0';
  const char *const titles[] = {"x", "one two three four five six seven eight nine ten eleven twelve thirteen", endless,
                                "W\xC3\xA4rme\n\t\x7F", "\xC3"};
  int heights[5];
  for (size_t n = 0; n < sizeof titles / sizeof *titles; n++) {
    heat_picture picture = picture_of(300);
    picture.title = titles[n];
    double *values = values_of(&picture, 0);
    image drawn = draw(&picture, values);
    heights[n] = drawn.height;
    free(drawn.rgb);
    free(values);
  }
  assert_true(heights[0] < heights[1] && heights[1] < heights[2] && heights[2] < heights[0] + 300);
  assert_true(heights[3] == heights[0]);
}

static void times_have_the_unit_that_they_ask_for(void **state) {
  (void)state;
  const struct {
    double time, latest;
    const char *text;
  } cases[] = {{1.25, 2, "1.25 s"},  {150, 180, "150 s"},      {90, 3600, "1.5 min"}, {0, 7200, "0 min"},
               {7200, 86400, "2 h"}, {864000, 864000, "10 d"}, {1e-9, 1e-8, "1e-9 s"}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    char text[64];
    heat_picture_time(text, sizeof text, cases[n].time, cases[n].latest);
    assert_string_equal(text, cases[n].text);
  }
}

static bool begins_with(const char *path, const char *start) {
  char bytes[64] = "";
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_true(fread(bytes, 1, sizeof bytes - 1, file) > 0);
  fclose(file);
  return strncmp(bytes, start, strlen(start)) == 0;
}

static void vectors_are_written_and_recognised(void **state) {
  (void)state;
  heat_picture picture = picture_of(400);
  picture.isotherms = 5;
  double *values = values_of(&picture, 1);
  assert_int_equal(heat_picture_write(&picture, values, HEAT_PICTURE_SVG, "test_picture.svg").code, HEAT_OK);
  assert_int_equal(heat_picture_write(&picture, values, HEAT_PICTURE_PDF, "test_picture.pdf").code, HEAT_OK);
  assert_true(begins_with("test_picture.svg", "<?xml") && begins_with("test_picture.pdf", "%PDF"));
  assert_int_equal(heat_recognise("test_picture.svg"), HEAT_ORIGIN_RUN);
  assert_int_equal(heat_recognise("test_picture.pdf"), HEAT_ORIGIN_RUN);
  free(values);
  unlink("test_picture.svg");
  unlink("test_picture.pdf");
}

static void assert_write_fails(int across, const char *path, const char *reason) {
  heat_picture picture = picture_of(across);
  double *values = values_of(&picture, 1);
  for (int format = HEAT_PICTURE_PNG; format <= HEAT_PICTURE_PDF; format++) {
    const heat_status status = heat_picture_write(&picture, values, (heat_picture_format)format, path);
    assert_int_equal(status.code, HEAT_IO);
    assert_non_null(strstr(status.text, path));
    assert_non_null(strstr(status.text, reason));
  }
  free(values);
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
  for (int across = 16; across <= 1024; across *= 64) {
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_write_fails(across, "full.png", "too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  }
  signal(SIGXFSZ, SIG_DFL);
  unlink("full.png");
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_clip),
      cmocka_unit_test(cells_have_their_colours),
      cmocka_unit_test(smooth_colours_run_on),
      cmocka_unit_test(not_a_number_is_unlike_every_map),
      cmocka_unit_test(isotherms_lie_where_the_field_has_their_value),
      cmocka_unit_test(isotherms_do_not_show_rounding),
      cmocka_unit_test(outlines_lie_where_the_material_changes),
      cmocka_unit_test(one_material_has_no_outlines),
      cmocka_unit_test(names_stand_within_what_is_to_be_seen_of_regions),
      cmocka_unit_test(text_fits_inside_the_picture),
      cmocka_unit_test(size_is_the_same_at_all_times),
      cmocka_unit_test(titles_are_wrapped),
      cmocka_unit_test(times_have_the_unit_that_they_ask_for),
      cmocka_unit_test(vectors_are_written_and_recognised),
      cmocka_unit_test(failing_writes_are_reported),
  };
  heat_launch(&argc, &argv);
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
