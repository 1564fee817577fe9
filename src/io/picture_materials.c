#include "heat2d/deck/shape.h"
#include "heat2d/io/picture.h"

#include <stdlib.h>
#include <string.h>

static const heat_property conducting[] = {HEAT_CONDUCTIVITY_X, HEAT_CONDUCTIVITY_Y, HEAT_DENSITY, HEAT_CAPACITY};
enum { CONDUCTING = sizeof conducting / sizeof *conducting };

/* Whether some region has another material, or a contact resistance along its outline. */
static bool has_materials(const heat_problem *problem) {
  if (heat_problem_has_contact(problem)) return true;
  for (int r = 0; r < problem->region_count; r++)
    for (int p = 0; p < CONDUCTING; p++)
      if (problem->regions[r].set[conducting[p]] != NULL) return true;
  return false;
}

/* Find for each layer the first one with the same number for the property, so that a material that is used twice counts
 * once. */
static void read_classes(const heat_problem *problem, heat_property property, int *classes) {
  for (int layer = 0; layer <= problem->region_count; layer++)
    classes[layer] = heat_problem_layer_first(problem, property, layer);
}

/* The last region with a contact resistance that contains the cell, counted from 1; 0: none. */
static int parted_by(const heat_problem *problem, int64_t i, int64_t j) {
  const double x = heat_problem_centre(problem, HEAT_X, i), y = heat_problem_centre(problem, HEAT_Y, j);
  for (int r = problem->region_count; r > 0; r--)
    if (problem->regions[r - 1].contact >= 0 && heat_shape_contains(problem->regions[r - 1].shape, x, y)) return r;
  return 0;
}

/* Find the material of each sample of a row. `layers` has room for a row of cells. */
static void read_row(const heat_picture *picture, const heat_problem *problem, int64_t row, int *const *classes,
                     int *layers, int64_t *materials) {
  const int columns = picture->samples[HEAT_X];
  const int64_t j = heat_picture_cell(picture, HEAT_Y, row), base = problem->region_count + 1;
  memset(materials, 0, (size_t)columns * sizeof *materials);
  for (int p = 0; p < CONDUCTING; p++) {
    if (columns == picture->cells[HEAT_X])
      heat_problem_layers(problem, conducting[p], j, 0, columns, layers);
    else
      for (int n = 0; n < columns; n++) {
        const int64_t i = heat_picture_cell(picture, HEAT_X, n);
        heat_problem_layers(problem, conducting[p], j, i, i + 1, &layers[n]);
      }
    for (int n = 0; n < columns; n++) materials[n] = materials[n] * base + classes[p][layers[n]];
  }
  if (!heat_problem_has_contact(problem)) return;
  for (int n = 0; n < columns; n++)
    materials[n] = materials[n] * base + parted_by(problem, heat_picture_cell(picture, HEAT_X, n), j);
}

/* Find the materials of this rank's rows. */
static heat_status read_rows(const heat_picture *picture, const heat_problem *problem, int64_t from, int64_t to,
                             int64_t *materials) {
  const size_t columns = (size_t)picture->samples[HEAT_X], layers = (size_t)problem->region_count + 1;
  int *row = malloc(columns * sizeof *row), *classes[CONDUCTING];
  heat_status status = row != NULL ? heat_ok() : heat_no_memory("outlines", columns * sizeof *row);
  for (int p = 0; p < CONDUCTING; p++) {
    classes[p] = malloc(layers * sizeof **classes);
    if (classes[p] == NULL)
      status = heat_no_memory("outlines", layers * sizeof **classes);
    else
      read_classes(problem, conducting[p], classes[p]);
  }
  for (int64_t n = from; n < to && status.code == HEAT_OK; n++)
    read_row(picture, problem, n, classes, row, materials + (size_t)n * columns);
  for (int p = 0; p < CONDUCTING; p++) free(classes[p]);
  free(row);
  return status;
}

heat_status heat_picture_materials(const heat_picture *picture, const heat_problem *problem, MPI_Comm comm,
                                   int64_t **materials) {
  *materials = NULL;
  if (picture->bare || !picture->outlines || !has_materials(problem)) return heat_ok();
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const int columns = picture->samples[HEAT_X], rows = picture->samples[HEAT_Y];
  const size_t samples = (size_t)columns * (size_t)rows;
  int64_t *found = calloc(samples, sizeof *found); /* 0 in the rows of other ranks */
  heat_status status = found != NULL ? heat_ok() : heat_no_memory("outlines", samples * sizeof *found);
  if (status.code == HEAT_OK)
    status =
        read_rows(picture, problem, heat_block_start(rows, size, rank), heat_block_start(rows, size, rank + 1), found);
  status = heat_agree(comm, status);
  if (status.code == HEAT_OK) MPI_Allreduce(MPI_IN_PLACE, found, (int)samples, MPI_INT64_T, MPI_SUM, comm);
  if (status.code == HEAT_OK)
    *materials = found;
  else
    free(found);
  return status;
}
