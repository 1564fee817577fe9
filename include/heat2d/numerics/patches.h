/* Where the coefficients of a block of cells are the same all over a patch of them, as within one material: there the
 * kernels need not read them. Kept are patches of HEAT_PATCH x HEAT_PATCH cells, and the coefficients that such patches
 * have, of which most decks have few. */
#ifndef HEAT2D_PATCHES_H
#define HEAT2D_PATCHES_H

#include "heat2d/grid/grid.h"

#include <stddef.h>

enum {
  HEAT_PATCH = 8,        /* cells */
  HEAT_ARRAYS = 4,       /* most */
  HEAT_PATCH_KINDS = 255 /* most combinations of coefficients; patches with further ones count as mixed */
};

/* Arrays of the same shape. */
typedef struct heat_arrays {
  int count;
  const double *at[HEAT_ARRAYS]; /* cell `origin` of each */
  int64_t origin[HEAT_AXES];
  ptrdiff_t stride;
  heat_box cells; /* that have values */
} heat_arrays;

typedef struct heat_patches {
  heat_box cells;
  int64_t columns, mixed; /* patches in a row; of all, those whose cells differ */
  unsigned char *kind;    /* of each patch, row by row; 0: its cells differ */
  unsigned char *up;      /* how many from it upwards have its kind */
  const double *one;      /* what all cells have in the array that was asked about, in it; NULL: they differ */
  int kinds;
  double value[HEAT_PATCH_KINDS][HEAT_ARRAYS];
} heat_patches;

/* Look at all of `cells`, and whether they all have the same in the array `asked`. HEAT_IO (memory). Local. */
heat_status heat_patches_create(heat_patches **patches, const heat_arrays *from, heat_box cells, int asked);
void heat_patches_destroy(heat_patches *patches); /* Local. */

/* The part of all patches in which cells differ. Local. */
double heat_patches_mixed(const heat_patches *patches);

/* Bytes that it takes for so many cells. Local. */
size_t heat_patches_bytes(heat_box cells);

/* The coefficients that the cells of `box` have in common; NULL where they differ, or may. Cells that were not looked
 * at count as others do where they lie to the left or below, and as mixed elsewhere: a wall's face may be stored there.
 * Local. */
const double *heat_patches_common(const heat_patches *patches, heat_box box);

/* The cell (i, j), global indices, of array a. Local. */
static inline const double *heat_arrays_at(const heat_arrays *arrays, int a, int64_t i, int64_t j) {
  return arrays->at[a] + (ptrdiff_t)(j - arrays->origin[HEAT_Y]) * arrays->stride +
         (ptrdiff_t)(i - arrays->origin[HEAT_X]);
}

#endif
