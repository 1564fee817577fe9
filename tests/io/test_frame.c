/* Frames: the picture put together from all ranks is, byte for byte, the one that is drawn from the whole field. */
#include "heat2d/io/frame.h"

#include "harness.h"
#include "scene.h"

enum { NX = 19, NY = 11 };
static const char deck[] = "domain: {size: [1.9, 1.1], cells: [19, 11]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 0}\ntime: {end: 1}\n";

static heat_frames frames_of(const scene *made, int width) {
  heat_frames frames = {.grid = &made->grid, .directory = ".", .range_auto = true};
  frames.image = (heat_image){.width = width, .colormap = "inferno", .title = "frame"};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    frames.image.origin[axis] = made->problem.origin[axis];
    frames.image.extent[axis] = made->problem.size[axis];
  }
  frames.image.height = heat_image_height(width, frames.image.extent);
  return frames;
}

/* The same, cell by cell: the top row of pixels shows the largest y. */
static heat_status draw_alone(heat_image image, const char *path) {
  unsigned char *levels = malloc((size_t)image.width * (size_t)image.height);
  assert_non_null(levels);
  for (int py = 0; py < image.height; py++) {
    for (int px = 0; px < image.width; px++) {
      const int64_t i = (int64_t)((px + 0.5) / image.width * NX);
      const int64_t j = (int64_t)((image.height - py - 0.5) / image.height * NY);
      levels[py * image.width + px] = heat_image_level(&image, cell_number(i, j));
    }
  }
  heat_status status = heat_image_write(&image, levels, path);
  free(levels);
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
  scene made;
  char expected[64];
  open_scene(&made, MPI_COMM_WORLD, deck, ranks);
  heat_field *field = heat_stepper_solution(&made.stepper);
  number_cells(field);
  heat_frames frames = frames_of(&made, width);
  frames.range_auto = automatic;
  frames.image.low = cell_number(3, 2);
  frames.image.high = cell_number(1, 8);
  const heat_extent extent = heat_field_extent(field, &made.grid);
  for (int64_t step = 0; step < 3; step++)
    assert_true(everywhere(heat_frames_write(&frames, field, extent, step, 0.5).code == HEAT_OK));
  MPI_Barrier(MPI_COMM_WORLD);
  heat_image image = frames.image;
  image.time = 0.5;
  if (automatic) {
    image.low = cell_number(0, 0);
    image.high = cell_number(NX - 1, NY - 1);
  }
  snprintf(expected, sizeof expected, "expected-%d.png", made.grid.rank);
  assert_true(everywhere(draw_alone(image, expected).code == HEAT_OK));
  assert_true(everywhere(same_files("frame-0000000000.png", expected)));
  assert_true(everywhere(same_files("frame-0000000002.png", expected)));
  assert_false(there("frame-0000000000.png.partial"));
  close_scene(&made);
}

static void the_ranks_make_the_picture_of_the_whole_field(void **state) {
  (void)state;
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const int layouts[][HEAT_AXES] = {{0, 0}, {size, 1}, {1, size}};
  static const int widths[] = {16, 19, 64, 101}; /* fewer pixels than cells, as many, more, and no multiple */
  for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
      assert_whole_picture(layouts[l], widths[w], (l + w) % 2 == 0);
}

static void a_picture_that_cannot_be_written_is_told_by_its_writer(void **state) {
  (void)state;
  scene made;
  open_scene(&made, MPI_COMM_WORLD, deck, NULL);
  heat_field *field = heat_stepper_solution(&made.stepper);
  number_cells(field);
  heat_frames frames = frames_of(&made, 16);
  frames.directory = "nowhere";
  const heat_extent extent = heat_field_extent(field, &made.grid);
  for (int frame = 0; frame < made.grid.size; frame++) {
    const heat_status status = heat_frames_write(&frames, field, extent, frame, 0);
    assert_true(everywhere((status.code == HEAT_IO) == (made.grid.rank == frame)));
    assert_int_equal(heat_agree(MPI_COMM_WORLD, status).code, HEAT_IO);
  }
  close_scene(&made);
}

int main(int argc, char **argv) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter_place, leave_place)
  const struct CMUnitTest tests[] = {LAW(the_ranks_make_the_picture_of_the_whole_field),
                                     LAW(a_picture_that_cannot_be_written_is_told_by_its_writer)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
