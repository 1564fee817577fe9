#include "heat2d/numerics/patches.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int64_t patches_along(heat_box cells, int axis) {
  return (heat_box_width(cells, axis) + HEAT_PATCH - 1) / HEAT_PATCH;
}

size_t heat_patches_bytes(heat_box cells) {
  return sizeof(heat_patches) + 2 * (size_t)patches_along(cells, HEAT_X) * (size_t)patches_along(cells, HEAT_Y);
}

/* Whether all cells of a patch have the same bits in array a. */
static bool is_common(const heat_arrays *from, int a, heat_box patch) {
  const double *first = heat_arrays_at(from, a, patch.lo[HEAT_X], patch.lo[HEAT_Y]);
  const size_t columns = (size_t)heat_box_width(patch, HEAT_X), bytes = columns * sizeof(double);
  if (memcmp(first, first + 1, bytes - sizeof(double)) != 0) return false;
  for (int64_t j = 1; j < heat_box_width(patch, HEAT_Y); j++)
    if (memcmp(first, first + j * from->stride, bytes) != 0) return false;
  return true;
}

/* The number of this combination of coefficients, from 1 on; 0 where the list has no room for it. */
static int number_of(heat_patches *patches, const double value[HEAT_ARRAYS]) {
  for (int n = 0; n < patches->kinds; n++)
    if (memcmp(patches->value[n], value, sizeof patches->value[n]) == 0) return n + 1;
  if (patches->kinds == HEAT_PATCH_KINDS) return 0;
  memcpy(patches->value[patches->kinds], value, sizeof patches->value[0]);
  return ++patches->kinds;
}

static heat_box patch_at(heat_box cells, int64_t column, int64_t row) {
  const int64_t i = cells.lo[HEAT_X] + column * HEAT_PATCH, j = cells.lo[HEAT_Y] + row * HEAT_PATCH;
  return heat_box_intersect((heat_box){{i, j}, {i + HEAT_PATCH, j + HEAT_PATCH}}, cells);
}

/* The kind of a patch: the number of its combination of coefficients, or 0 where its cells differ. */
static int look_at(heat_patches *patches, const heat_arrays *from, heat_box patch) {
  double value[HEAT_ARRAYS] = {0};
  for (int a = 0; a < from->count; a++) {
    if (!is_common(from, a, patch)) return 0;
    value[a] = *heat_arrays_at(from, a, patch.lo[HEAT_X], patch.lo[HEAT_Y]);
  }
  return number_of(patches, value);
}

/* The value that all cells have in array a; NULL: they differ. */
static const double *one_of(const heat_arrays *from, heat_box cells, int a) {
  const double *first = heat_arrays_at(from, a, cells.lo[HEAT_X], cells.lo[HEAT_Y]);
  for (int64_t j = cells.lo[HEAT_Y]; j < cells.hi[HEAT_Y]; j++)
    if (!is_common(from, a, (heat_box){{cells.lo[HEAT_X], j}, {cells.hi[HEAT_X], j + 1}}) ||
        memcmp(first, heat_arrays_at(from, a, cells.lo[HEAT_X], j), sizeof *first) != 0)
      return NULL;
  return first;
}

heat_status heat_patches_create(heat_patches **created, const heat_arrays *from, heat_box cells, int asked) {
  const size_t bytes = heat_patches_bytes(cells);
  const int64_t columns = patches_along(cells, HEAT_X), rows = patches_along(cells, HEAT_Y);
  heat_patches *patches = malloc(bytes);
  *created = patches;
  if (patches == NULL) return heat_no_memory("patches of one material", bytes);
  patches->cells = cells;
  patches->columns = columns;
  patches->kind = (unsigned char *)(patches + 1);
  patches->up = patches->kind + columns * rows;
  patches->kinds = 0;
  patches->mixed = 0;
  patches->one = one_of(from, cells, asked);
  for (int64_t row = rows - 1; row >= 0; row--) {
    for (int64_t column = 0; column < columns; column++) {
      const int64_t n = row * columns + column, above = n + columns;
      const int kind = look_at(patches, from, patch_at(cells, column, row));
      const bool same = row < rows - 1 && patches->kind[above] == kind;
      patches->mixed += kind == 0;
      patches->kind[n] = (unsigned char)kind;
      patches->up[n] = (unsigned char)(!same ? 1 : patches->up[above] < UCHAR_MAX ? patches->up[above] + 1 : UCHAR_MAX);
    }
  }
  return heat_ok();
}

void heat_patches_destroy(heat_patches *patches) {
  free(patches);
}

double heat_patches_mixed(const heat_patches *patches) {
  return (double)patches->mixed / (double)(patches->columns * patches_along(patches->cells, HEAT_Y));
}

const double *heat_patches_common(const heat_patches *patches, heat_box box) {
  if (patches->kinds == 0) return NULL;
  const heat_box part = heat_box_intersect(box, patches->cells);
  if (heat_box_empty(part) || part.hi[HEAT_X] < box.hi[HEAT_X] || part.hi[HEAT_Y] < box.hi[HEAT_Y]) return NULL;
  int64_t lo[HEAT_AXES], hi[HEAT_AXES];          /* patches of the box, along each axis */
  for (int axis = 0; axis < HEAT_AXES; axis++) { /* unsigned divisions are faster, and the numbers are not negative */
    lo[axis] = (int64_t)((uint64_t)(part.lo[axis] - patches->cells.lo[axis]) / HEAT_PATCH);
    hi[axis] = (int64_t)((uint64_t)(part.hi[axis] - 1 - patches->cells.lo[axis]) / HEAT_PATCH);
  }
  const int64_t n = lo[HEAT_Y] * patches->columns, rows = hi[HEAT_Y] + 1 - lo[HEAT_Y];
  const int kind = patches->kind[n + lo[HEAT_X]];
  if (kind == 0) return NULL;
  for (int64_t x = lo[HEAT_X]; x <= hi[HEAT_X]; x++)
    if (patches->kind[n + x] != kind || patches->up[n + x] < rows) return NULL;
  return patches->value[kind - 1];
}
