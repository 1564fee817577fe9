#include "heat2d/io/frame.h"

#include "heat2d/io/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The cell that a pixel shows: the one at the pixel's centre. Pixel rows count from the top. */
static int64_t cell_of(int64_t pixel, int64_t pixels, int64_t cells) {
  return (int64_t)(((double)pixel + 0.5) / (double)pixels * (double)cells);
}

/* The pixels [*lo, *hi) whose cells are [from, to). */
static void pixels_of(int64_t pixels, int64_t cells, int64_t from, int64_t to, int64_t *lo, int64_t *hi) {
  int64_t p = (int64_t)((double)from / (double)cells * (double)pixels) - 1;
  for (p = p < 0 ? 0 : p; p < pixels && cell_of(p, pixels, cells) < from; p++) continue;
  for (*lo = p; p < pixels && cell_of(p, pixels, cells) < to; p++) continue;
  *hi = p;
}

/* A rank's part of the picture, with rows counted upwards from y = 0. */
static heat_box pixel_box(const heat_frames *frames, int rank) {
  const heat_layout *layout = &frames->grid->layout;
  const heat_box cells = heat_layout_box(layout, rank);
  const int64_t pixels[HEAT_AXES] = {frames->image.width, frames->image.height};
  heat_box box;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    pixels_of(pixels[axis], layout->cells[axis], cells.lo[axis], cells.hi[axis], &box.lo[axis], &box.hi[axis]);
  return box;
}

static void draw(const heat_frames *frames, const heat_field *field, heat_box box, unsigned char *levels) {
  const heat_image *image = &frames->image;
  const int64_t *cells = frames->grid->layout.cells;
  for (int64_t py = box.lo[HEAT_Y]; py < box.hi[HEAT_Y]; py++) {
    const int64_t j = cell_of(py, image->height, cells[HEAT_Y]);
    for (int64_t px = box.lo[HEAT_X]; px < box.hi[HEAT_X]; px++)
      *levels++ = heat_image_level(image, *heat_field_at(field, cell_of(px, image->width, cells[HEAT_X]), j));
  }
}

/* Write the whole picture, put together from the ranks' parts, on the rank that has it. */
static heat_status write_picture(const heat_frames *frames, const unsigned char *parts, const int *starts,
                                 int64_t step) {
  const heat_image *image = &frames->image;
  const size_t bytes = (size_t)image->width * (size_t)image->height;
  unsigned char *levels = malloc(bytes);
  if (levels == NULL) return heat_no_memory("a picture", bytes);
  for (int rank = 0; rank < frames->grid->size; rank++) {
    const heat_box box = pixel_box(frames, rank);
    const unsigned char *part = parts + starts[rank];
    const int64_t columns = heat_box_empty(box) ? 0 : heat_box_width(box, HEAT_X);
    for (int64_t py = box.lo[HEAT_Y]; py < box.hi[HEAT_Y] && columns > 0; py++, part += columns)
      memcpy(levels + (image->height - 1 - py) * image->width + box.lo[HEAT_X], part, (size_t)columns);
  }
  char name[64], path[HEAT_PATH], partial[HEAT_PATH];
  snprintf(name, sizeof name, "frame-%010lld.png", (long long)step);
  heat_status status = heat_directory_join(path, sizeof path, frames->directory, name);
  snprintf(name, sizeof name, "frame-%010lld.png.partial", (long long)step);
  status = heat_first(status, heat_directory_join(partial, sizeof partial, frames->directory, name));
  if (status.code == HEAT_OK) status = heat_image_write(image, levels, partial);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) remove(partial);
  free(levels);
  return status;
}

heat_status heat_frames_write(heat_frames *frames, const heat_field *field, heat_extent extent, int64_t step,
                              double time) {
  const heat_grid *grid = frames->grid;
  const int writer = (int)(frames->written++ % grid->size);
  heat_image *image = &frames->image;
  image->time = time;
  if (frames->range_auto) {
    image->low = extent.min;
    image->high = extent.max;
  }
  const size_t pixels = (size_t)image->width * (size_t)image->height, ranks = (size_t)grid->size;
  const heat_box box = pixel_box(frames, grid->rank);
  const size_t own = (size_t)heat_box_cells(box);
  unsigned char *part = malloc(own + 1), *parts = grid->rank == writer ? malloc(pixels) : NULL;
  int *counts = malloc(ranks * sizeof *counts), *starts = malloc(ranks * sizeof *starts);
  heat_status status = heat_ok();
  if (part == NULL || counts == NULL || starts == NULL || (grid->rank == writer && parts == NULL))
    status = heat_no_memory("a picture", pixels);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) {
    for (int rank = 0, next = 0; rank < grid->size; rank++) {
      starts[rank] = next;
      counts[rank] = (int)heat_box_cells(pixel_box(frames, rank));
      next += counts[rank];
    }
    draw(frames, field, box, part);
    MPI_Gatherv(part, (int)own, MPI_UNSIGNED_CHAR, parts, counts, starts, MPI_UNSIGNED_CHAR, writer, grid->comm);
    if (grid->rank == writer) status = write_picture(frames, parts, starts, step);
  }
  free(part);
  free(parts);
  free(counts);
  free(starts);
  return status;
}
