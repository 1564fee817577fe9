#define _DEFAULT_SOURCE /* for madvise */
#include "heat2d/grid/field.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 8, PAGE = 512, HUGE_PAGE = 2 << 20 }; /* doubles; bytes */

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t to) {
  return (n + to - 1) / to * to;
}

/* The number of ghost columns on each side. Where rows are not divided among ranks only the ghost cells of walls lie
 * there. */
static int side_columns(const heat_layout *layout, int depth) {
  return heat_layout_whole_rows(layout) ? 1 : depth;
}

/* The length of a row, so that the first owned cell of each row begins a cache line. Rows that a tile reads together
 * must not fall into the same sets of the cache. Best is a row length of an odd number of eighths of a page, with which
 * eight rows are spread evenly over the sets. Where that would waste too much memory it is an odd number of lines. */
static ptrdiff_t row_stride(heat_box owned, int columns) {
  enum { EIGHTH = PAGE / 8, WASTE = 8 };
  const ptrdiff_t left = round_up(columns, LINE);
  const ptrdiff_t stride = round_up(left + (ptrdiff_t)heat_box_width(owned, HEAT_X) + columns, LINE);
  const ptrdiff_t staggered = round_up(stride - EIGHTH, 2 * EIGHTH) + EIGHTH;
  if (stride > EIGHTH && staggered - stride < stride / WASTE) return staggered;
  return stride / LINE % 2 == 0 ? stride + LINE : stride;
}

ptrdiff_t heat_field_stride(const heat_grid *grid, int depth) {
  return row_stride(grid->owned, side_columns(&grid->layout, depth));
}

static size_t all_rows(heat_box owned, int depth) {
  return (size_t)heat_box_width(owned, HEAT_Y) + 2 * (size_t)depth;
}

/* The number of doubles by which the rows of a field are shifted within a page. Since the stride of rows is an odd
 * number of eighths of a page, every eighth row has the same place in its page. The fields are spread within such an
 * eighth, as far from each other as possible. */
static ptrdiff_t moved(int page_slot) {
  static const int lines[HEAT_FIELD_PAGE_SLOTS] = {0, 4, 2, 6, 1, 5, 3, 7};
  return (ptrdiff_t)lines[page_slot] * LINE;
}

static size_t bytes_of(size_t rows, ptrdiff_t stride) {
  return (rows * (size_t)stride + (size_t)LINE * HEAT_FIELD_PAGE_SLOTS) * sizeof(double);
}

size_t heat_field_form_bytes(const heat_layout *layout, heat_box owned, heat_field_form form) {
  const size_t all = all_rows(owned, form.depth), rows = (size_t)form.rows;
  return bytes_of(rows > 0 && rows < all ? rows : all, row_stride(owned, side_columns(layout, form.depth)));
}

size_t heat_field_bytes(heat_box owned, int depth) {
  return bytes_of(all_rows(owned, depth), row_stride(owned, depth));
}

/* Set `corner` to the cell owned.lo. */
static void place_corner(heat_field *field) {
  field->corner = field->start + (ptrdiff_t)(field->owned.lo[HEAT_Y] - field->window_begin) * field->stride +
                  round_up(field->columns, LINE);
}

/* Write to the pages from all threads in turn. A page is placed in the memory near the thread that is first to write to
 * it, and since threads work on parts of the same rows, pages are best spread evenly. The two ends are left out, see
 * below. */
static void touch(char *memory, size_t bytes, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (size_t piece = 1; piece < bytes / HUGE_PAGE - 1; piece++)
    for (size_t n = 0; n < HUGE_PAGE; n += PAGE * sizeof(double)) memory[piece * HUGE_PAGE + n] = 0;
}

heat_status heat_field_create_as(heat_field *field, const heat_grid *grid, heat_field_form form) {
  const heat_box owned = grid->owned;
  const int depth = form.depth, rows = form.rows, columns = side_columns(&grid->layout, depth);
  *field = (heat_field){.owned = owned,
                        .depth = depth,
                        .columns = columns,
                        .page_slot = form.page_slot,
                        .stride = heat_field_stride(grid, depth),
                        .bytes = heat_field_form_bytes(&grid->layout, owned, form)};
  if (rows > 0 && (size_t)rows < all_rows(owned, depth)) field->window_rows = rows;
  field->window_begin = owned.lo[HEAT_Y] - depth;
  const size_t bytes = field->bytes;
  const bool large = bytes >= 2 * (size_t)HUGE_PAGE;
  void *memory = NULL;
  if (posix_memalign(&memory, large ? HUGE_PAGE : PAGE * sizeof(double), bytes) != 0)
    return heat_no_memory("a field", bytes);
  /* Ask for huge pages, but not at the two ends of the field: ghost rows beyond walls are never written to, and as
   * small pages they take no memory. If the system refuses, small pages are used. */
  const size_t end = field->window_rows > 0 ? 0 : HUGE_PAGE;
  if (large) madvise((char *)memory + end, bytes - 2 * end, MADV_HUGEPAGE);
  /* Nothing is written to a band here, since some runs never use it, and then it takes no memory. */
  if (large && form.threads > 1 && field->window_rows == 0) touch(memory, bytes, form.threads);
  field->memory = memory;
  field->start = field->memory + moved(form.page_slot);
  place_corner(field);
  return heat_ok();
}

heat_status heat_field_create(heat_field *field, const heat_grid *grid, int depth) {
  return heat_field_create_as(field, grid, (heat_field_form){.depth = depth});
}

heat_status heat_field_widen(heat_field *field, const heat_grid *grid, int threads) {
  heat_field whole;
  const heat_field_form form = {.depth = field->depth, .page_slot = field->page_slot, .threads = threads};
  const heat_status status = heat_field_create_as(&whole, grid, form);
  if (status.code != HEAT_OK) return status;
  heat_field_destroy(field);
  *field = whole;
  return status;
}

void heat_field_slide(heat_field *field, int64_t first, bool keep) {
  const int64_t step = first - field->window_begin;
  const ptrdiff_t gone = (ptrdiff_t)step * field->stride;
  if (keep && step > 0 && step < field->window_rows)
    memmove(field->start, field->start + gone,
            (size_t)(field->window_rows - step) * (size_t)field->stride * sizeof(double));
  field->window_begin = first;
  place_corner(field);
}

void heat_field_destroy(heat_field *field) {
  free(field->memory);
  *field = (heat_field){0};
}

void heat_field_pack(const heat_field *field, double *out) {
  const size_t columns = (size_t)heat_box_width(field->owned, HEAT_X);
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++, out += columns)
    memcpy(out, heat_field_at(field, field->owned.lo[HEAT_X], j), columns * sizeof(double));
}

void heat_field_unpack(heat_field *field, const double *in) {
  const size_t columns = (size_t)heat_box_width(field->owned, HEAT_X);
  for (int64_t j = field->owned.lo[HEAT_Y]; j < field->owned.hi[HEAT_Y]; j++, in += columns)
    memcpy(heat_field_at(field, field->owned.lo[HEAT_X], j), in, columns * sizeof(double));
  field->valid = 0;
}

/* Widen the range [*low, *high] by a row. *not_finite stays 0 if all values are finite; only then the range is right.
 * Four values are compared at a time, since each comparison has to wait for the one before it. */
static void look_at_row(const double *row, ptrdiff_t columns, double *low, double *high, double *not_finite) {
  enum { LANES = 4 };
  double least[LANES], most[LANES], check[LANES] = {0};
  const ptrdiff_t whole = columns / LANES * LANES;
  for (int l = 0; l < LANES; l++) least[l] = most[l] = row[0];
  for (ptrdiff_t i = 0; i < whole; i += LANES) {
    for (int l = 0; l < LANES; l++) {
      least[l] = row[i + l] < least[l] ? row[i + l] : least[l];
      most[l] = row[i + l] > most[l] ? row[i + l] : most[l];
      check[l] += row[i + l] * 0.0;
    }
  }
  for (ptrdiff_t i = whole; i < columns; i++) {
    least[0] = row[i] < least[0] ? row[i] : least[0];
    most[0] = row[i] > most[0] ? row[i] : most[0];
    check[0] += row[i] * 0.0;
  }
  *low = *high = row[0];
  *not_finite = 0;
  for (int l = 0; l < LANES; l++) {
    *low = least[l] < *low ? least[l] : *low;
    *high = most[l] > *high ? most[l] : *high;
    *not_finite += check[l];
  }
}

heat_extent heat_field_extent(const heat_field *field, const heat_grid *grid) {
  const heat_box owned = field->owned;
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  double low = INFINITY, high = -INFINITY;
  int64_t bad = 0, first = INT64_MAX;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    const double *row = heat_field_at(field, owned.lo[HEAT_X], j);
    double row_low, row_high, not_finite;
    look_at_row(row, columns, &row_low, &row_high, &not_finite);
    if (not_finite == 0) {
      low = row_low < low ? row_low : low;
      high = row_high > high ? row_high : high;
      continue;
    }
    for (ptrdiff_t i = 0; i < columns; i++) {
      if (isfinite(row[i])) {
        low = fmin(low, row[i]);
        high = fmax(high, row[i]);
        continue;
      }
      bad++;
      const int64_t cell = j * grid->layout.cells[HEAT_X] + owned.lo[HEAT_X] + i;
      if (cell < first) first = cell;
    }
  }
  double ends[2] = {-low, high};
  MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, grid->comm);
  MPI_Allreduce(MPI_IN_PLACE, &bad, 1, MPI_INT64_T, MPI_SUM, grid->comm);
  if (bad > 0) MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT64_T, MPI_MIN, grid->comm);
  return (heat_extent){.min = -ends[0], .max = ends[1], .not_finite = bad, .first = bad > 0 ? first : -1};
}
