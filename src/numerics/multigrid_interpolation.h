/* The correction of a level by the next coarser one, row by row. Private to the loops of a cycle. */
#ifndef HEAT2D_MULTIGRID_INTERPOLATION_H
#define HEAT2D_MULTIGRID_INTERPOLATION_H

#include "multigrid_rows.h"

/* A row of the coarse correction x and of its weights. `upper` is the next row. */
typedef struct correction {
  const real *x, *upper;
  const real *w, *e, *n, *nw, *ne;
  const real *w_upper, *e_upper, *s_upper, *sw_upper, *se_upper;
} correction;

/* The interpolated correction at the fine column that lies on coarse column I (at_even), and at the one to the east of
 * it (at_odd). */
ALWAYS_INLINE real at_even(const correction *c, ptrdiff_t I, bool between_rows) {
  return between_rows ? c->n[I] * c->x[I] + c->s_upper[I] * c->upper[I] : c->x[I];
}

ALWAYS_INLINE real at_odd(const correction *c, ptrdiff_t I, bool between_rows) {
  if (!between_rows) return c->e[I] * c->x[I] + c->w[I + 1] * c->x[I + 1];
  return (c->ne[I] * c->x[I] + c->nw[I + 1] * c->x[I + 1]) +
         (c->se_upper[I] * c->upper[I] + c->sw_upper[I + 1] * c->upper[I + 1]);
}

/* Compute out = x plus the correction in the columns [from, to) of a fine row. Columns are counted from where the
 * pointers are. */
ALWAYS_INLINE void add_halved(real *restrict out, const real *x, const correction *given, ptrdiff_t from, ptrdiff_t to,
                              bool between_rows) {
  const correction c = *given;
  if (from % 2 != 0 && from < to) {
    out[from] = x[from] + at_odd(&c, (from - 1) / 2, between_rows);
    from++;
  }
  const ptrdiff_t pairs = to / 2;
#pragma omp simd
  for (ptrdiff_t I = from / 2; I < pairs; I++) {
    out[2 * I] = x[2 * I] + at_even(&c, I, between_rows);
    out[2 * I + 1] = x[2 * I + 1] + at_odd(&c, I, between_rows);
  }
  if (to % 2 != 0 && from < to) out[to - 1] = x[to - 1] + at_even(&c, (to - 1) / 2, between_rows);
}

ALWAYS_INLINE void add_whole(real *restrict out, const real *x, const correction *given, ptrdiff_t from, ptrdiff_t to,
                             bool between_rows) {
  const correction c = *given;
#pragma omp simd
  for (ptrdiff_t i = from; i < to; i++) out[i] = x[i] + at_even(&c, i, between_rows);
}

/* The periodic image of the domain in which a cell of the halo lies. On a periodic axis with n cells, cell n is cell 0
 * again. Where n is odd, both cell n - 1 and cell n are coarse, so there coarse cells are not simply every second one;
 * therefore cells are counted within the image. */
typedef struct image {
  int64_t fine, coarse; /* index of the first cell of the image, on both levels */
  int64_t end;          /* index behind its last fine cell */
} image;

ALWAYS_INLINE image image_of(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  if (!fine->grid.layout.periodic[axis]) return (image){0, 0, INT64_MAX};
  const int64_t cells = fine->grid.layout.cells[axis], inside = heat_grid_wrap(&fine->grid, axis, at);
  const int64_t number = (at - inside) / cells;
  return (image){at - inside, number * coarse->grid.layout.cells[axis], at - inside + cells};
}

ALWAYS_INLINE const real *weight_row(const heat_level *coarse, int which, int64_t J, ptrdiff_t column) {
  const real *row = weights_of(coarse, which, J);
  return row == NULL ? NULL : row + column;
}

/* Write row j of x plus its correction into a ring of rows; x itself is not changed. */
ALWAYS_INLINE void add_correction(const heat_level *fine, const heat_level *coarse, region r, int64_t j) {
  const image rows = image_of(fine, coarse, HEAT_Y, j);
  const int64_t inside = j - rows.fine, J = rows.coarse + (coarse->halved[HEAT_Y] ? inside / 2 : inside);
  const bool between = coarse->halved[HEAT_Y] && inside % 2 != 0;
  const int64_t corner = fine->grid.owned.lo[HEAT_X];
  for (int64_t i = r.box.lo[HEAT_X]; i < r.box.hi[HEAT_X];) {
    const image columns = image_of(fine, coarse, HEAT_X, i);
    const int64_t end = columns.end < r.box.hi[HEAT_X] ? columns.end : r.box.hi[HEAT_X];
    const ptrdiff_t column = (ptrdiff_t)(columns.coarse - coarse->grid.owned.lo[HEAT_X]);
    correction c = {.x = row_of(coarse, coarse->x, J) + column,
                    .w = weight_row(coarse, HEAT_TO_W, J, column),
                    .e = weight_row(coarse, HEAT_TO_E, J, column),
                    .n = weight_row(coarse, HEAT_TO_N, J, column),
                    .nw = weight_row(coarse, HEAT_TO_NW, J, column),
                    .ne = weight_row(coarse, HEAT_TO_NE, J, column),
                    .s_upper = weight_row(coarse, HEAT_TO_S, J + 1, column),
                    .sw_upper = weight_row(coarse, HEAT_TO_SW, J + 1, column),
                    .se_upper = weight_row(coarse, HEAT_TO_SE, J + 1, column)};
    c.upper = c.x + coarse->stride;
    const ptrdiff_t begin = (ptrdiff_t)(columns.fine - corner);
    const real *x = given_row(fine, j) + begin;
    real *out = ring_row(fine, RING_CORRECTED, j) + begin;
    const ptrdiff_t from = (ptrdiff_t)(i - columns.fine), to = (ptrdiff_t)(end - columns.fine);
    if (!coarse->halved[HEAT_X])
      add_whole(out, x, &c, from, to, between);
    else if (between)
      add_halved(out, x, &c, from, to, true);
    else
      add_halved(out, x, &c, from, to, false);
    i = end;
  }
}

#endif
