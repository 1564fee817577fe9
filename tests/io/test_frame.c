/* Frames: the picture that is assembled from all ranks is, byte for byte, the one that is drawn from the whole
 * field. */
#include "heat2d/io/frame.h"

#include "harness.h"
#include "scene.h"

enum { NX = 19, NY = 11 };
static const char deck[] = "domain: {size: [1.9, 1.1], cells: [19, 11]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n"
                           "regions:\n  - {shape: circle, center: [0.9, 0.5], radius: 0.3, diffusivity: 2}\n"
                           "  - {shape: where, condition: \"x > 1.2 && y > 0.4\", diffusivity: 3}\n";

static heat_frames frames_of(const rig *made) {
  heat_frames frames;
  assert_int_equal(heat_frames_create(&frames, &made->problem, &made->grid, ".").code, HEAT_OK);
  assert_true((frames.materials == NULL) == frames.picture.bare);
  return frames;
}

/* Draw the same picture from the whole field on one rank. */
static heat_status draw_alone(const heat_picture *picture, const char *path) {
  const int columns = picture->samples[HEAT_X], rows = picture->samples[HEAT_Y];
  double *values = malloc((size_t)columns * (size_t)rows * sizeof *values);
  assert_non_null(values);
  for (int n = 0; n < columns * rows; n++) {
    const int64_t i = (int64_t)((n % columns + 0.5) / columns * NX), j = (int64_t)((n / columns + 0.5) / rows * NY);
    values[n] = cell_number(i, j);
  }
  heat_status status = heat_picture_write(picture, values, HEAT_PICTURE_PNG, path);
  free(values);
  return status;
}

static bool same_files(const char *a, const char *b) {
  static char bytes[2][1 << 20];
  const char *const paths[] = {a, b};
  size_t lengths[2] = {0, 1};
  for (int f = 0; f < 2; f++) {
    FILE *file = fopen(paths[f], "rb");
    if (file == NULL) return false;
    lengths[f] = fread(bytes[f], 1, sizeof bytes[f], file);
    fclose(file);
  }
  return lengths[0] > 0 && lengths[0] == lengths[1] && memcmp(bytes[0], bytes[1], lengths[0]) == 0;
}

/* Write with that layout and width; every rank compares with its own drawing. */
static void assert_whole_picture(const int ranks[HEAT_AXES], int width, bool automatic) {
  rig made;
  char expected[64], text[sizeof deck + 128];
  snprintf(text, sizeof text, "%soutput: {images: {width: %d, range: %s}}\n", deck, width,
           automatic ? "auto" : "[2000, 8000]");
  open_rig(&made, (rig_setting){.deck = text, .ranks = ranks});
  heat_field *field = heat_stepper_solution(&made.stepper);
  number_cells(field);
  heat_frames frames = frames_of(&made);
  const heat_extent extent = heat_field_extent(field, &made.grid);
  for (int64_t step = 0; step < 3; step++)
    assert_true(everywhere(heat_frames_write(&frames, field, extent, step, 0.5).code == HEAT_OK));
  MPI_Barrier(MPI_COMM_WORLD);
  heat_picture picture = frames.picture;
  int64_t *materials;
  assert_int_equal(heat_picture_materials(&picture, &made.problem, MPI_COMM_SELF, &materials).code, HEAT_OK);
  picture.materials = materials;
  assert_true(picture.time == 0.5 && picture.low == (automatic ? cell_number(0, 0) : 2000));
  assert_true(picture.high == (automatic ? cell_number(NX - 1, NY - 1) : 8000));
  snprintf(expected, sizeof expected, "expected-%d.png", made.grid.rank);
  assert_true(everywhere(draw_alone(&picture, expected).code == HEAT_OK));
  assert_true(everywhere(same_files("frame-0000000000.png", expected)));
  assert_true(everywhere(same_files("frame-0000000002.png", expected)));
  assert_false(there("frame-0000000000.png.partial"));
  free(materials);
  heat_frames_destroy(&frames);
  close_rig(&made);
}

static void the_ranks_make_the_picture_of_the_whole_field(void **state) {
  (void)state;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  static const int widths[] = {16, 300, 341}; /* fewer pixels than cells, more pixels, and not a multiple */
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
      assert_whole_picture(layouts[l], widths[w], (l + w) % 2 == 0);
}

/* The range never becomes narrower, so that a film does not flicker; and a resumed run has the range of the earlier
 * pictures. */
static void an_automatic_range_only_grows(void **state) {
  (void)state;
  rig made;
  char text[sizeof deck + 128];
  snprintf(text, sizeof text, "%soutput: {images: {width: 200}}\n", deck);
  open_rig(&made, (rig_setting){.deck = text});
  heat_field *field = heat_stepper_solution(&made.stepper);
  heat_frames frames = frames_of(&made);
  static const heat_extent extents[] = {{.min = 3, .max = 5}, {.min = 4, .max = 4}, {.min = 2, .max = 4}};
  static const double ranges[][2] = {{3, 5}, {3, 5}, {2, 5}};
  for (int n = 0; n < 3; n++) {
    assert_int_equal(heat_agree(MPI_COMM_WORLD, heat_frames_write(&frames, field, extents[n], n, n)).code, HEAT_OK);
    assert_true(frames.picture.low == ranges[n][0] && frames.picture.high == ranges[n][1]);
  }
  const heat_shown shown = frames.shown;
  assert_true(shown.pictures == 3 && shown.low == 2 && shown.high == 5);
  heat_frames_destroy(&frames);
  frames = frames_of(&made);
  frames.shown = shown;
  assert_int_equal(heat_agree(MPI_COMM_WORLD, heat_frames_write(&frames, field, extents[1], 3, 3)).code, HEAT_OK);
  assert_true(frames.picture.low == 2 && frames.picture.high == 5);
  heat_frames_destroy(&frames);
  close_rig(&made);
}

static void a_picture_that_cannot_be_written_is_told_by_its_writer(void **state) {
  (void)state;
  rig made;
  char text[sizeof deck + 128];
  snprintf(text, sizeof text, "%soutput: {images: {width: 200}}\n", deck);
  open_rig(&made, (rig_setting){.deck = text});
  heat_field *field = heat_stepper_solution(&made.stepper);
  number_cells(field);
  heat_frames frames = frames_of(&made);
  frames.directory = "nowhere";
  const heat_extent extent = heat_field_extent(field, &made.grid);
  for (int frame = 0; frame < made.grid.size; frame++) {
    const heat_status status = heat_frames_write(&frames, field, extent, frame, 0);
    assert_true(everywhere((status.code == HEAT_IO) == (made.grid.rank == frame)));
    assert_int_equal(heat_agree(MPI_COMM_WORLD, status).code, HEAT_IO);
  }
  heat_frames_destroy(&frames);
  close_rig(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(the_ranks_make_the_picture_of_the_whole_field),
                                     LAW(an_automatic_range_only_grows),
                                     LAW(a_picture_that_cannot_be_written_is_told_by_its_writer)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
