/* Patches of cells within which the coefficients are the same, as inside of one material: there the kernels need not
 * read the coefficients of each cell. The patches have HEAT_PATCH x HEAT_PATCH cells. The combinations of coefficients
 * that occur in such patches are stored in a list, which is short for most decks. */
#ifndef HEAT2D_PATCHES_H
#define HEAT2D_PATCHES_H

#include "heat2d/grid/grid.h"

#include <stddef.h>

enum {
  HEAT_PATCH = 8,        /* cells along each axis */
  HEAT_ARRAYS = 4,       /* arrays of coefficients, at most */
  HEAT_PATCH_KINDS = 255 /* combinations of coefficients, at most; patches with further ones count as mixed */
};

/* Arrays of the same shape. */
typedef struct heat_arrays {
  int count;
  const double *at[HEAT_ARRAYS]; /* the address of cell `origin` in each */
  int64_t origin[HEAT_AXES];
  ptrdiff_t stride;
  heat_box cells; /* the cells that have values */
} heat_arrays;

typedef struct heat_patches {
  heat_box cells;
  int64_t columns, mixed; /* number of patches in a row, and of all patches whose cells differ */
  unsigned char *kind;    /* of each patch, row by row: the number of its combination, from 1 on; 0: its cells differ */
  unsigned char *up;      /* of each patch: how many patches from it upwards, itself included, have its kind */
  const double *one;      /* the value that all cells have in the array `asked`; NULL: they differ */
  int kinds;
  double value[HEAT_PATCH_KINDS][HEAT_ARRAYS];
} heat_patches;

/* Find the patches of `cells`, and whether all cells have the same value in the array number `asked`. HEAT_IO when
 * memory is exhausted. Local. */
heat_status heat_patches_create(heat_patches **patches, const heat_arrays *from, heat_box cells, int asked);
void heat_patches_destroy(heat_patches *patches); /* Local. */

/* The fraction of all patches in which cells differ, from 0 to 1. Local. */
double heat_patches_mixed(const heat_patches *patches);

/* The memory that the patches of these cells take, in bytes. Local. */
size_t heat_patches_bytes(heat_box cells);

/* The coefficients that all cells of `box` share, one of each array; NULL where they differ or may differ. The box may
 * reach beyond the cells of the patches: to the left or below, where such cells are taken to be like the others, but
 * not to the right or above, where the result is NULL, since the faces of a wall may be stored there. Local. */
const double *heat_patches_common(const heat_patches *patches, heat_box box);

/* The address of cell (i, j), in global indices, in array a. Local. */
static inline const double *heat_arrays_at(const heat_arrays *arrays, int a, int64_t i, int64_t j) {
  return arrays->at[a] + (ptrdiff_t)(j - arrays->origin[HEAT_Y]) * arrays->stride +
         (ptrdiff_t)(i - arrays->origin[HEAT_X]);
}

#endif
