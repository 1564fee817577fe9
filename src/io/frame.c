#include "heat2d/io/frame.h"

#include "heat2d/io/directory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

heat_status heat_frames_create(heat_frames *frames, const heat_problem *problem, const heat_grid *grid,
                               const char *directory) {
  const heat_config *config = problem->config;
  *frames = (heat_frames){.grid = grid, .directory = directory, .picture = heat_picture_of(config)};
  heat_picture *picture = &frames->picture;
  heat_picture_fit(picture, (int)heat_config_integer(config, "output.images.width"));
  heat_status status = heat_picture_materials(picture, problem, grid->comm, &frames->materials);
  if (status.code == HEAT_OK)
    status = heat_agree(grid->comm, heat_picture_find_names(picture, problem, &frames->names));
  picture->materials = frames->materials;
  picture->names = frames->names;
  return status;
}

void heat_frames_destroy(heat_frames *frames) {
  free(frames->materials);
  free(frames->names);
  *frames = (heat_frames){0};
}

double heat_frames_bytes(const heat_frames *frames) {
  enum { BYTES_PER_PIXEL = 3, BESIDE = 1 << 16 };
  const heat_picture *picture = &frames->picture;
  return (double)BYTES_PER_PIXEL * picture->across * picture->height + BESIDE;
}

/* The samples in the block of a rank. */
static heat_box sample_box(const heat_frames *frames, int rank) {
  const heat_box cells = heat_layout_box(&frames->grid->layout, rank);
  heat_box box;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    heat_picture_samples(&frames->picture, axis, cells.lo[axis], cells.hi[axis], &box.lo[axis], &box.hi[axis]);
  return box;
}

static void take_samples(const heat_frames *frames, const heat_field *field, heat_box box, double *values) {
  const heat_picture *picture = &frames->picture;
  for (int64_t row = box.lo[HEAT_Y]; row < box.hi[HEAT_Y]; row++)
    for (int64_t column = box.lo[HEAT_X]; column < box.hi[HEAT_X]; column++)
      *values++ =
          *heat_field_at(field, heat_picture_cell(picture, HEAT_X, column), heat_picture_cell(picture, HEAT_Y, row));
}

/* Assemble the picture from the parts of all ranks, and write it; called on the rank that has them. */
static heat_status write_picture(const heat_frames *frames, const double *parts, const int *starts, int64_t step) {
  const heat_picture *picture = &frames->picture;
  const int columns = picture->samples[HEAT_X];
  const size_t bytes = (size_t)columns * (size_t)picture->samples[HEAT_Y] * sizeof(double);
  double *values = malloc(bytes);
  if (values == NULL) return heat_no_memory("a picture", bytes);
  for (int rank = 0; rank < frames->grid->size; rank++) {
    const heat_box box = sample_box(frames, rank);
    const double *part = parts + starts[rank];
    const int64_t width = heat_box_empty(box) ? 0 : heat_box_width(box, HEAT_X);
    for (int64_t row = box.lo[HEAT_Y]; row < box.hi[HEAT_Y] && width > 0; row++, part += width)
      memcpy(values + row * columns + box.lo[HEAT_X], part, (size_t)width * sizeof *values);
  }
  char name[64], path[HEAT_PATH], partial[HEAT_PATH];
  snprintf(name, sizeof name, "frame-%010lld.png", (long long)step);
  heat_status status = heat_directory_join(path, sizeof path, frames->directory, name);
  snprintf(name, sizeof name, "frame-%010lld.png.partial", (long long)step);
  status = heat_first(status, heat_directory_join(partial, sizeof partial, frames->directory, name));
  if (status.code == HEAT_OK) status = heat_picture_write(picture, values, HEAT_PICTURE_PNG, partial);
  if (status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (status.code != HEAT_OK) remove(partial);
  free(values);
  return status;
}

static void widen_range(heat_frames *frames, heat_extent extent) {
  heat_shown *shown = &frames->shown;
  const bool first = shown->pictures++ == 0;
  shown->low = first ? extent.min : fmin(shown->low, extent.min);
  shown->high = first ? extent.max : fmax(shown->high, extent.max);
  if (!frames->picture.range_auto) return;
  frames->picture.low = shown->low;
  frames->picture.high = shown->high;
}

/* Gather the parts of all ranks on the rank `writer`, which writes the picture. */
static heat_status gather(const heat_frames *frames, const double *part, size_t own, int writer, int64_t step) {
  const heat_grid *grid = frames->grid;
  const size_t ranks = (size_t)grid->size;
  const size_t whole = (size_t)frames->picture.samples[HEAT_X] * (size_t)frames->picture.samples[HEAT_Y];
  const bool writes = grid->rank == writer;
  double *parts = writes ? malloc(whole * sizeof *parts) : NULL;
  int *counts = writes ? malloc(ranks * sizeof *counts) : NULL,
      *starts = writes ? malloc(ranks * sizeof *starts) : NULL;
  heat_status status = heat_ok();
  if (part == NULL || (writes && (parts == NULL || counts == NULL || starts == NULL)))
    status = heat_no_memory("a picture", whole * sizeof *parts);
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) {
    for (int rank = 0, next = 0; writes && rank < grid->size; rank++) {
      starts[rank] = next;
      counts[rank] = (int)heat_box_cells(sample_box(frames, rank));
      next += counts[rank];
    }
    MPI_Gatherv(part, (int)own, MPI_DOUBLE, parts, counts, starts, MPI_DOUBLE, writer, grid->comm);
    if (writes) status = write_picture(frames, parts, starts, step);
  }
  free(parts);
  free(counts);
  free(starts);
  return status;
}

heat_status heat_frames_write(heat_frames *frames, const heat_field *field, heat_extent extent, int64_t step,
                              double time) {
  const int writer = (int)(frames->written++ % frames->grid->size);
  frames->picture.time = time;
  widen_range(frames, extent);
  const heat_box box = sample_box(frames, frames->grid->rank);
  const size_t own = (size_t)heat_box_cells(box);
  double *part = malloc((own + 1) * sizeof *part);
  if (part != NULL) take_samples(frames, field, box, part);
  const heat_status status = gather(frames, part, own, writer, step);
  free(part);
  return status;
}
