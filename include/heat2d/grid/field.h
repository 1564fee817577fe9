/* A field: a distributed array of doubles. Each rank has its owned box with ghost layers around it.
 *
 * There are `depth` ghost layers. The inner `valid` of them hold the present values of the ranks that own these cells,
 * and may be used. Rows are padded so that each row begins on a cache line, and so that neighbouring rows do not fall
 * into the same sets of the cache. All fields of a grid with the same depth have the same shape and stride. Fields that
 * a kernel uses together begin at different places within a page, their page slots. The reason is that a processor that
 * loads from an address whose lowest 12 bits are those of a recent store takes both for the same address, and waits.
 * Where rows are not divided among ranks and not periodic, there is only one ghost column on each side.
 *
 * A band is a field for which memory exists only for a window of rows, which can be moved upwards. */
#ifndef HEAT2D_FIELD_H
#define HEAT2D_FIELD_H

#include "heat2d/grid/grid.h"

#include <stddef.h>

typedef struct heat_field {
  heat_box owned;
  int window_rows;      /* number of rows of a band that exist; 0: not a band, all rows exist */
  int64_t window_begin; /* the lowest row that exists */
  int depth, valid;
  int columns;      /* ghost columns on each side */
  bool passing;     /* its values after the next list of stages are not needed, see sequence.h */
  int page_slot;    /* see heat_field_form */
  ptrdiff_t stride; /* doubles from one row to the next */
  double *memory;   /* the allocation, of `bytes` bytes */
  size_t bytes;
  double *start;  /* the beginning of the rows that exist */
  double *corner; /* the cell owned.lo */
} heat_field;

/* Allocate a field with `depth` >= 1 ghost layers, none of which is valid. The values are not initialised. HEAT_IO when
 * memory is exhausted. Local. */
heat_status heat_field_create(heat_field *field, const heat_grid *grid, int depth);
void heat_field_destroy(heat_field *field); /* Local. */

enum { HEAT_FIELD_PAGE_SLOTS = 8 };

typedef struct heat_field_form {
  int depth;
  int rows;      /* of a band; 0, or more than the field has: a whole field */
  int page_slot; /* the place within a page, below HEAT_FIELD_PAGE_SLOTS */
  int threads;   /* number of threads that will work with it; 0 stands for 1 */
} heat_field_form;

/* Allocate a field of that form: a band, or one in another page slot. HEAT_IO when memory is exhausted. Local. */
heat_status heat_field_create_as(heat_field *field, const heat_grid *grid, heat_field_form form);

/* Make a band a whole field, whose values are undefined and whose ghost layers are not valid. HEAT_IO when memory is
 * exhausted; then it remains a band. Local. */
heat_status heat_field_widen(heat_field *field, const heat_grid *grid, int threads);

/* The number of doubles from one row of a field to the next. Local. */
ptrdiff_t heat_field_stride(const heat_grid *grid, int depth);

/* The memory that heat_field_create_as allocates, in bytes, and the most that heat_field_create allocates for any
 * layout. Local. */
size_t heat_field_form_bytes(const heat_layout *layout, heat_box owned, heat_field_form form);
size_t heat_field_bytes(heat_box owned, int depth);

/* Move the window of a band upwards, so that it begins at the row `first`, which is not below its present begin. With
 * `keep` the rows that exist before and after keep their values, otherwise all are undefined. Local. */
void heat_field_slide(heat_field *field, int64_t first, bool keep);

/* The cell (i, j), global indices, up to `depth` layers outside of the owned box. Local. */
static inline double *heat_field_at(const heat_field *field, int64_t i, int64_t j) {
  return field->corner + (ptrdiff_t)(j - field->owned.lo[HEAT_Y]) * field->stride +
         (ptrdiff_t)(i - field->owned.lo[HEAT_X]);
}

/* Copy the owned cells row after row into `out`, or set them from `in`. Both arrays have one value for each owned cell
 * and do not overlap the field. Local. */
void heat_field_pack(const heat_field *field, double *out);
void heat_field_unpack(heat_field *field, const double *in);

/* The smallest and the largest value of the owned cells over all ranks, and the number of values that are not finite.
 * `first` is the lowest global index j nx + i of a cell whose value is not finite, or -1. Collective over the grid's
 * communicator. */
typedef struct heat_extent {
  double min, max;
  int64_t not_finite, first;
} heat_extent;
heat_extent heat_field_extent(const heat_field *field, const heat_grid *grid);

#endif
