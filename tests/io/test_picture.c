/* Pictures: what a reader finds in the files. One process. */
static const char scratch[] = "test_picture_scratch.png";

#include "picture_image.h"

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

/* output.images.width is the width of the whole picture, whatever the shape of the domain. Enough of the field is
 * visible, and no text touches the edge of the picture, so that none is cut. */
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

/* All frames of a film have the same size, with the field at the same place. */
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

/* A title of any length is wrapped. A longer title makes a higher picture, up to some lines; invalid UTF-8 does no
 * harm. */
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
  static const struct {
    bool steady;
    double time;
    const char *text;
  } whens[] = {
      {false, 0, "t = 0 min"}, {false, 300, "t = 5 min"}, {true, 0, "steady state"}, {true, 300, "steady, t = 5 min"}};
  for (size_t n = 0; n < sizeof whens / sizeof *whens; n++) {
    const heat_picture shown = {.steady = whens[n].steady, .time = whens[n].time, .latest = 600};
    char text[64];
    heat_picture_when(&shown, text, sizeof text);
    assert_string_equal(text, whens[n].text);
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
  /* The same bytes, however many pictures this process has drawn before. */
  assert_int_equal(heat_picture_write(&picture, values, HEAT_PICTURE_SVG, "test_again.svg").code, HEAT_OK);
  assert_int_equal(heat_picture_write(&picture, values, HEAT_PICTURE_PDF, "test_again.pdf").code, HEAT_OK);
  assert_int_equal(system("cmp test_picture.svg test_again.svg && cmp test_picture.pdf test_again.pdf"), 0);
  free(values);
  unlink("test_picture.svg");
  unlink("test_picture.pdf");
  unlink("test_again.svg");
  unlink("test_again.pdf");
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
  assert_write_fails(16, "/dev/full", "not a regular file");
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
