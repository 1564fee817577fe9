/* Access to the rows of a level, for the files that are compiled for float and for double: REAL says which. */
#ifndef HEAT2D_MULTIGRID_ROWS_H
#define HEAT2D_MULTIGRID_ROWS_H

#include "multigrid_level.h"
#include "vectors.h"

#ifndef REAL
#define REAL float
#endif
typedef REAL real;

/* Row j of an array, at its first owned column. */
ALWAYS_INLINE real *row_of(const heat_level *level, const void *array, int64_t j) {
  return (real *)array + (ptrdiff_t)(j - level->grid.owned.lo[HEAT_Y]) * level->stride;
}

/* The work space of a thread: rings of four rows each, in which row j is stored at j modulo 4, and a row of zeros. If
 * there are other threads, a ring for rows that belong to those follows, and copies of their rows of x as they were
 * before the sweep. */
typedef enum ring {
  RING_INVERSE,
  RING_FIRST,
  RING_SECOND,
  RING_RESIDUAL,
  RING_CORRECTED = RING_RESIDUAL, /* on the way up */
  RING_THIRD = HEAT_LEVEL_RINGS   /* for rows of another thread */
} ring;
enum { RING_ROWS = HEAT_LEVEL_RING_ROWS, EDGE_ROWS = HEAT_LEVEL_DEPTH, OWN_ROWS = HEAT_LEVEL_OWN_ROWS };

ALWAYS_INLINE real *ring_row(const heat_level *level, ring which, int64_t j) {
  const ptrdiff_t first = which == RING_THIRD ? OWN_ROWS : (ptrdiff_t)which * RING_ROWS;
  return (real *)level->rows + (first + (ptrdiff_t)(j & (RING_ROWS - 1))) * level->stride;
}

ALWAYS_INLINE real *zero_row(const heat_level *level) {
  return (real *)level->rows + (ptrdiff_t)(OWN_ROWS - 1) * level->stride;
}

/* The place for the copy of row j of x, which is one of the EDGE_ROWS rows below or above this thread's own ones. */
ALWAYS_INLINE real *edge_row(const heat_level *level, int64_t j) {
  const ptrdiff_t place = (ptrdiff_t)(j < level->from ? level->from - 1 - j : EDGE_ROWS + j - level->to);
  return (real *)level->rows + (OWN_ROWS + RING_ROWS + place) * level->stride;
}

/* Row j of a ring that holds the rows of `box`, or zeros beyond a wall. */
ALWAYS_INLINE const real *ring_or_zero(const heat_level *level, ring which, heat_box box, int64_t j) {
  return j >= box.lo[HEAT_Y] && j < box.hi[HEAT_Y] ? ring_row(level, which, j) : zero_row(level);
}

/* The links of the cells of one row, and their reaction c. */
typedef struct links {
  const real *w, *s, *s_north, *sw, *sw_north, *se, *se_north, *c;
} links;

ALWAYS_INLINE links links_of(const heat_level *level, int64_t j) {
  const int64_t own = heat_repeats_row(&level->operator_rows, j);
  const int64_t north = heat_repeats_row(&level->operator_rows, j + 1);
  links l = {.w = row_of(level, level->link[HEAT_LINK_W], own),
             .s = row_of(level, level->link[HEAT_LINK_S], own),
             .s_north = row_of(level, level->link[HEAT_LINK_S], north),
             .c = row_of(level, level->reaction, own)};
  if (level->links == 2) return l;
  l.sw = row_of(level, level->link[HEAT_LINK_SW], own);
  l.se = row_of(level, level->link[HEAT_LINK_SE], own);
  l.sw_north = row_of(level, level->link[HEAT_LINK_SW], north);
  l.se_north = row_of(level, level->link[HEAT_LINK_SE], north);
  return l;
}

/* The diagonal of the operator at column i. */
ALWAYS_INLINE real diagonal_at(links l, ptrdiff_t i, bool nine) {
  real sum = (l.w[i] + l.w[i + 1]) + (l.s[i] + l.s_north[i]);
  if (nine) sum += (l.sw[i] + l.sw_north[i + 1]) + (l.se[i] + l.se_north[i - 1]);
  return l.c[i] + sum;
}

/* Row J of a coarse level's weights in one direction, from its first owned column on; NULL if there are none. */
ALWAYS_INLINE const real *weights_of(const heat_level *coarse, int which, int64_t J) {
  if (coarse->weight[which] == NULL) return NULL;
  return row_of(coarse, coarse->weight[which], heat_repeats_row(&coarse->weight_rows, J));
}

/* A row of x, the rows beside it, and the row of b. */
typedef struct unknowns {
  const real *b, *x, *south, *north;
} unknowns;

/* b - A x at column i. */
ALWAYS_INLINE real residual_at(links l, unknowns u, ptrdiff_t i, bool nine) {
  const real x = u.x[i];
  real sum = (l.w[i] * (x - u.x[i - 1]) + l.w[i + 1] * (x - u.x[i + 1])) +
             (l.s[i] * (x - u.south[i]) + l.s_north[i] * (x - u.north[i]));
  if (nine)
    sum += (l.sw[i] * (x - u.south[i - 1]) + l.sw_north[i + 1] * (x - u.north[i + 1])) +
           (l.se[i] * (x - u.south[i + 1]) + l.se_north[i - 1] * (x - u.north[i - 1]));
  return u.b[i] - (l.c[i] * x + sum);
}

/* The fine row (or column) on which a coarse one lies. */
ALWAYS_INLINE int64_t fine_place(const heat_level *coarse, int axis, int64_t at) {
  return coarse->halved[axis] ? 2 * at : at;
}

/* The owned box grown by some layers; `from` and `to` are its columns, counted from the first owned one. */
typedef struct region {
  heat_box box;
  ptrdiff_t from, to;
} region;

ALWAYS_INLINE region region_of(const heat_level *level, int64_t layers) {
  region r = {.box = heat_grid_grown(&level->grid, level->grid.owned, layers)};
  if (r.box.lo[HEAT_Y] < level->from - layers) r.box.lo[HEAT_Y] = level->from - layers;
  if (r.box.hi[HEAT_Y] > level->to + layers) r.box.hi[HEAT_Y] = level->to + layers;
  r.from = (ptrdiff_t)(r.box.lo[HEAT_X] - level->grid.owned.lo[HEAT_X]);
  r.to = (ptrdiff_t)(r.box.hi[HEAT_X] - level->grid.owned.lo[HEAT_X]);
  return r;
}

ALWAYS_INLINE bool has_row(region r, int64_t j) {
  return j >= r.box.lo[HEAT_Y] && j < r.box.hi[HEAT_Y];
}

ALWAYS_INLINE bool is_own(const heat_level *level, int64_t j) {
  return j >= level->from && j < level->to;
}

/* Whether row j is worked on by another thread of this rank. */
ALWAYS_INLINE bool is_of_others(const heat_level *level, int64_t j) {
  return !is_own(level, j) && j >= level->grid.owned.lo[HEAT_Y] && j < level->grid.owned.hi[HEAT_Y];
}

/* Row j of x as it was before the sweep. */
ALWAYS_INLINE const real *given_row(const heat_level *level, int64_t j) {
  return is_of_others(level, j) ? edge_row(level, j) : row_of(level, level->x, j);
}

#endif
