/* A distributed array of doubles: the owned box of a rank with ghost layers around it.
 *
 * `depth` layers exist, of which the inner `valid` hold what their owners hold and may be used. Rows are padded so that
 * each starts on a cache line, and so that neighbouring rows do not map to the same cache set. All fields of a grid
 * with the same depth have the same shape and stride. Fields that a kernel uses together begin at different places
 * within a page, in different page slots: a processor that loads from an address whose lowest 12 bits are those of a
 * recent store takes the two for the same address, and waits. Where the layout does not divide rows, and they are not
 * periodic, one ghost column on each side is all there is.
 *
 * A band is a field of which only a window of rows exists at a time. */
#ifndef HEAT2D_FIELD_H
#define HEAT2D_FIELD_H

#include "heat2d/grid/grid.h"

#include <stddef.h>

typedef struct heat_field {
  heat_box owned;
  int window_rows;      /* rows of a band that exist; 0: it is no band, and all exist */
  int64_t window_begin; /* the lowest row that exists */
  int depth, valid;
  int columns;      /* ghost columns on each side */
  bool passing;     /* what it holds after the next list of stages is of no use: see sequence.h */
  int page_slot;    /* see heat_field_form */
  ptrdiff_t stride; /* doubles from one row to the next */
  double *memory;   /* the allocation, of so many bytes */
  size_t bytes;
  double *start;  /* of the rows that exist */
  double *corner; /* cell owned.lo */
} heat_field;

/* Allocate (not initialised) with `depth` >= 1 ghost layers and none of them valid. HEAT_IO when memory is exhausted.
 * Local. */
heat_status heat_field_create(heat_field *field, const heat_grid *grid, int depth);
void heat_field_destroy(heat_field *field); /* Local. */

enum { HEAT_FIELD_PAGE_SLOTS = 8 };

typedef struct heat_field_form {
  int depth;
  int rows;      /* of a band; 0, or more than there are: all */
  int page_slot; /* below HEAT_FIELD_PAGE_SLOTS */
  int threads;   /* that will work with it, 0: 1 */
} heat_field_form;

/* The same in that form: with only some of the rows, or at another place within a page. HEAT_IO. Local. */
heat_status heat_field_create_as(heat_field *field, const heat_grid *grid, heat_field_form form);

/* Make a band a whole field, of which no value is defined and no ghost layer valid, for as many threads. HEAT_IO: it is
 * a band still. Local. */
heat_status heat_field_widen(heat_field *field, const heat_grid *grid, int threads);

/* Doubles from one row of a field to the next. Local. */
ptrdiff_t heat_field_stride(const heat_grid *grid, int depth);

/* Bytes that heat_field_create_as allocates; and that heat_field_create does at most, whatever the layout. Local. */
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

/* Copy the owned cells row after row into `out`, or from `in` into them; `out` and `in` have a value for each owned
 * cell and do not overlap the field. Local. */
void heat_field_pack(const heat_field *field, double *out);
void heat_field_unpack(heat_field *field, const double *in);

/* Smallest and largest owned value over all ranks, and the number of owned values that are not finite; `first` is the
 * lowest global cell (j nx + i) among those, -1 when there is none. Collective over the grid's communicator. */
typedef struct heat_extent {
  double min, max;
  int64_t not_finite, first;
} heat_extent;
heat_extent heat_field_extent(const heat_field *field, const heat_grid *grid);

#endif
