/* The two halves of a cycle on one level, each in one sweep over its rows.
 *
 * Down, from x = 0: three steps of the smoother
 *
 *     x <- x + w_k D^-1 (b - A x),    D = diagonal of A,
 *
 * then the residual b - A x, restricted by the transpose of the interpolation P. Up: x <- x + P x_coarse, and the same
 * three steps again. The w_k are the inverse roots of the fourth-kind Chebyshev polynomial of degree 3 (Lottes 2023,
 * "Optimal polynomial smoothers for multigrid V-cycles", eq. 7), over the eigenvalues of D^-1 A from 0 to their bound
 * by Gershgorin: polynomials in D^-1 A commute, so smoothing before and after is symmetric, and no order of cells
 * enters.
 *
 * The steps follow one another row by row, as a wavefront: when the first step is at row j, the second is at row j - 1,
 * the third at j - 2, the residual at j - 3. Between them only four rows of each are kept, so that the arrays are read
 * once. Ghost layers are computed as their owners compute them, one layer less with each step. */
#include "heat2d/numerics/total.h"
#include "multigrid_rows.h"

/* Roots of sin(7 t / 2) / sin(t / 2) = 0 in (1 - cos t) / 2: sin^2(pi m / 7). */
static const double roots[HEAT_SMOOTHINGS] = {0.95048443395120957, 0.61126046697815725, 0.18825509907063323};

static void put(const heat_level *level, void *array, int64_t j, const double *values, double scale) {
  real *row = row_of(level, array, j);
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(level->grid.owned, HEAT_X);
  for (ptrdiff_t i = 0; i < columns; i++) row[i] = (real)(scale * values[i]);
}

static void take(const heat_level *level, const void *array, int64_t j, double *values) {
  const real *row = row_of(level, array, j);
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(level->grid.owned, HEAT_X);
  for (ptrdiff_t i = 0; i < columns; i++) values[i] = (double)row[i];
}

/* The owned box grown by some layers, and its columns counted from the first owned one. */
typedef struct region {
  heat_box box;
  ptrdiff_t from, to;
} region;

static region region_of(const heat_level *level, int64_t layers) {
  region r = {.box = heat_grid_grown(&level->grid, level->grid.owned, layers)};
  r.from = (ptrdiff_t)(r.box.lo[HEAT_X] - level->grid.owned.lo[HEAT_X]);
  r.to = (ptrdiff_t)(r.box.hi[HEAT_X] - level->grid.owned.lo[HEAT_X]);
  return r;
}

static bool has_row(region r, int64_t j) {
  return j >= r.box.lo[HEAT_Y] && j < r.box.hi[HEAT_Y];
}

ALWAYS_INLINE void inverse_row(real *restrict out, links l, ptrdiff_t from, ptrdiff_t to, bool nine) {
#pragma omp simd
  for (ptrdiff_t i = from; i < to; i++) out[i] = 1 / diagonal_at(l, i, nine);
}

static void invert(const heat_level *level, region r, int64_t j) {
  const links l = links_of(level, j);
  real *out = ring_row(level, RING_INVERSE, j);
  if (level->links == 2)
    inverse_row(out, l, r.from, r.to, false);
  else
    inverse_row(out, l, r.from, r.to, true);
}

ALWAYS_INLINE void relax_row(real *restrict out, links l, unknowns u, const real *inverse, real w, ptrdiff_t from,
                             ptrdiff_t to, bool nine) {
#pragma omp simd
  for (ptrdiff_t i = from; i < to; i++) out[i] = u.x[i] + (w * inverse[i]) * residual_at(l, u, i, nine);
}

/* One step in row j of a region. */
static void relax(const heat_level *level, region r, int64_t j, unknowns u, int step, real *out) {
  const links l = links_of(level, j);
  const real *inverse = ring_row(level, RING_INVERSE, j);
  const real w = (real)(1 / (roots[step] * level->bound));
  u.b = row_of(level, level->b, j);
  if (level->links == 2)
    relax_row(out, l, u, inverse, w, r.from, r.to, false);
  else
    relax_row(out, l, u, inverse, w, r.from, r.to, true);
}

static void start(const heat_level *level, region r, int64_t j) {
  const real *b = row_of(level, level->b, j), *inverse = ring_row(level, RING_INVERSE, j);
  real *x = ring_row(level, RING_FIRST, j);
  const real w = (real)(1 / (roots[0] * level->bound));
  for (ptrdiff_t i = r.from; i < r.to; i++) x[i] = (w * inverse[i]) * b[i];
}

/* Rows of the array x, and of a ring that holds those of a region. */
static unknowns in_array(const heat_level *level, int64_t j) {
  const real *x = row_of(level, level->x, j);
  return (unknowns){.x = x, .south = x - level->stride, .north = x + level->stride};
}

static unknowns in_ring(const heat_level *level, ring which, region r, int64_t j) {
  return (unknowns){.x = ring_row(level, which, j),
                    .south = ring_or_zero(level, which, r.box, j - 1),
                    .north = ring_or_zero(level, which, r.box, j + 1)};
}

ALWAYS_INLINE void residual_row(real *restrict out, links l, unknowns u, ptrdiff_t from, ptrdiff_t to, bool nine) {
#pragma omp simd
  for (ptrdiff_t i = from; i < to; i++) out[i] = residual_at(l, u, i, nine);
}

static void find_residual(const heat_level *level, region r, int64_t j) {
  const links l = links_of(level, j);
  unknowns u = in_array(level, j);
  real *out = ring_row(level, RING_RESIDUAL, j);
  u.b = row_of(level, level->b, j);
  if (level->links == 2)
    residual_row(out, l, u, r.from, r.to, false);
  else
    residual_row(out, l, u, r.from, r.to, true);
}

/* Restrict the fine rows to the owned cells of coarse row J, by the transpose of the interpolation; `south` and `north`
 * are the rows beside the one where the coarse row lies. */
ALWAYS_INLINE void restrict_row(const heat_level *fine, const heat_level *coarse, int64_t J, const real *south,
                                const real *here, const real *north, real *restrict out) {
  const heat_box owned = coarse->grid.owned;
  const ptrdiff_t count = (ptrdiff_t)heat_box_width(owned, HEAT_X);
  const ptrdiff_t first = (ptrdiff_t)(fine_place(coarse, HEAT_X, owned.lo[HEAT_X]) - fine->grid.owned.lo[HEAT_X]);
  const real *to[HEAT_WEIGHTS];
  for (int w = 0; w < HEAT_WEIGHTS; w++)
    to[w] = coarse->weight[w] == NULL ? NULL : row_of(coarse, coarse->weight[w], J);
  const real *w = to[HEAT_TO_W], *e = to[HEAT_TO_E], *s = to[HEAT_TO_S], *n = to[HEAT_TO_N];
  const real *sw = to[HEAT_TO_SW], *se = to[HEAT_TO_SE], *nw = to[HEAT_TO_NW], *ne = to[HEAT_TO_NE];
  south += first;
  here += first;
  north += first;
  if (!coarse->halved[HEAT_X]) {
#pragma omp simd
    for (ptrdiff_t i = 0; i < count; i++) out[i] = here[i] + (s[i] * south[i] + n[i] * north[i]);
  } else if (!coarse->halved[HEAT_Y]) {
#pragma omp simd
    for (ptrdiff_t i = 0; i < count; i++) out[i] = here[2 * i] + (w[i] * here[2 * i - 1] + e[i] * here[2 * i + 1]);
  } else {
#pragma omp simd
    for (ptrdiff_t i = 0; i < count; i++)
      out[i] = (here[2 * i] + (w[i] * here[2 * i - 1] + e[i] * here[2 * i + 1])) +
               ((s[i] * south[2 * i] + (sw[i] * south[2 * i - 1] + se[i] * south[2 * i + 1])) +
                (n[i] * north[2 * i] + (nw[i] * north[2 * i - 1] + ne[i] * north[2 * i + 1])));
  }
}

/* Restrict to the coarse row that row j of the residual, the region's rows being done up to there, completes. */
static void restrict_to(const heat_level *fine, const heat_level *coarse, region r, int64_t j) {
  const heat_box owned = coarse->grid.owned;
  int64_t J = j;
  if (coarse->halved[HEAT_Y]) {
    if (j % 2 == 0 && has_row(r, j + 1)) return;
    J = j % 2 == 0 ? j / 2 : (j - 1) / 2;
  }
  if (J < owned.lo[HEAT_Y] || J >= owned.hi[HEAT_Y]) return;
  const int64_t at = fine_place(coarse, HEAT_Y, J);
  restrict_row(fine, coarse, J, ring_or_zero(fine, RING_RESIDUAL, r.box, at - 1), ring_row(fine, RING_RESIDUAL, at),
               ring_or_zero(fine, RING_RESIDUAL, r.box, at + 1), row_of(coarse, coarse->b, J));
}

static void down(const heat_level *fine, const heat_level *coarse, bool from_zero) {
  if (heat_box_empty(fine->grid.owned)) return;
  const region first = region_of(fine, HEAT_SMOOTHINGS + 2), second = region_of(fine, HEAT_SMOOTHINGS + 1);
  const region third = region_of(fine, HEAT_SMOOTHINGS), last = region_of(fine, 1);
  for (int64_t j = first.box.lo[HEAT_Y]; j < first.box.hi[HEAT_Y] + HEAT_SMOOTHINGS; j++) {
    if (has_row(first, j)) {
      invert(fine, first, j);
      if (from_zero)
        start(fine, first, j);
      else
        relax(fine, first, j, in_array(fine, j), 0, ring_row(fine, RING_FIRST, j));
    }
    if (has_row(second, j - 1))
      relax(fine, second, j - 1, in_ring(fine, RING_FIRST, first, j - 1), 1, ring_row(fine, RING_SECOND, j - 1));
    if (has_row(third, j - 2))
      relax(fine, third, j - 2, in_ring(fine, RING_SECOND, second, j - 2), 2, row_of(fine, fine->x, j - 2));
    if (has_row(last, j - 3)) {
      find_residual(fine, last, j - 3);
      restrict_to(fine, coarse, last, j - 3);
    }
  }
}

static void residual(const heat_level *fine, const heat_level *coarse) {
  if (heat_box_empty(fine->grid.owned)) return;
  const region around = region_of(fine, 1);
  for (int64_t j = around.box.lo[HEAT_Y]; j < around.box.hi[HEAT_Y]; j++) {
    find_residual(fine, around, j);
    restrict_to(fine, coarse, around, j);
  }
}

/* A row of the coarse correction or of its weights, from which columns count; `upper`: the next one. */
typedef struct correction {
  const real *x, *upper;
  const real *w, *e, *n, *nw, *ne;
  const real *w_upper, *e_upper, *s_upper, *sw_upper, *se_upper;
} correction;

/* What interpolation adds at a fine column that lies on coarse column I, and at the one to its east. */
ALWAYS_INLINE real at_even(const correction *c, ptrdiff_t I, bool between_rows) {
  return between_rows ? c->n[I] * c->x[I] + c->s_upper[I] * c->upper[I] : c->x[I];
}

ALWAYS_INLINE real at_odd(const correction *c, ptrdiff_t I, bool between_rows) {
  if (!between_rows) return c->e[I] * c->x[I] + c->w[I + 1] * c->x[I + 1];
  return (c->ne[I] * c->x[I] + c->nw[I + 1] * c->x[I + 1]) +
         (c->se_upper[I] * c->upper[I] + c->sw_upper[I + 1] * c->upper[I + 1]);
}

/* out = x and its correction in columns [from, to) of a fine row, counted as the pointers are. */
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

/* The image of the domain in which a cell of the halo lies, as what has to be subtracted of its index: on a periodic
 * axis cells n and up are cells 0 and up again, also where n is odd and so the coarse grid does not simply go on. */
typedef struct image {
  int64_t fine, coarse; /* where the image begins */
  int64_t end;          /* of the fine one */
} image;

static image image_of(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  if (!fine->grid.layout.periodic[axis]) return (image){0, 0, INT64_MAX};
  const int64_t cells = fine->grid.layout.cells[axis], inside = heat_grid_wrap(&fine->grid, axis, at);
  const int64_t number = (at - inside) / cells;
  return (image){at - inside, number * coarse->grid.layout.cells[axis], at - inside + cells};
}

static const real *weight_row(const heat_level *coarse, heat_weight which, int64_t J, ptrdiff_t column) {
  return coarse->weight[which] == NULL ? NULL : row_of(coarse, coarse->weight[which], J) + column;
}

/* Row j of x with its correction, into a ring: the array itself stays as it is. */
static void add_correction(const heat_level *fine, const heat_level *coarse, region r, int64_t j) {
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
    const real *x = row_of(fine, fine->x, j) + begin;
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

/* A row of the result on its way out, and its share of the product with r. */
ALWAYS_INLINE void hand_out_row(const real *x, const double *r, double *z, ptrdiff_t columns,
                                const heat_level_out *out) {
  const double scale = out->scale, product_scale = out->product_scale;
  for (ptrdiff_t from = 0, to; from < columns; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, columns);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t i = from; i < to; i++) {
      const double value = scale * (double)x[i], v = r[i] * value * product_scale;
      z[i] = value;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    enter_run(out->product, high, low, over, to - from);
  }
}

static void hand_out(const heat_level *level, int64_t j, const real *x, const heat_level_out *out) {
  const int64_t first = level->grid.owned.lo[HEAT_X];
  hand_out_row(x, heat_field_at(out->r, first, j), heat_field_at(out->z, first, j),
               (ptrdiff_t)heat_box_width(level->grid.owned, HEAT_X), out);
}

static void up(const heat_level *fine, const heat_level *coarse, const heat_level_out *out) {
  if (heat_box_empty(fine->grid.owned)) return;
  const region base = region_of(fine, HEAT_SMOOTHINGS), first = region_of(fine, 2), second = region_of(fine, 1);
  const region owned = region_of(fine, 0);
  for (int64_t j = base.box.lo[HEAT_Y]; j < base.box.hi[HEAT_Y] + HEAT_SMOOTHINGS; j++) {
    if (has_row(base, j)) add_correction(fine, coarse, base, j);
    if (has_row(first, j - 1)) {
      invert(fine, first, j - 1);
      relax(fine, first, j - 1, in_ring(fine, RING_CORRECTED, base, j - 1), 2, ring_row(fine, RING_FIRST, j - 1));
    }
    if (has_row(second, j - 2))
      relax(fine, second, j - 2, in_ring(fine, RING_FIRST, first, j - 2), 1, ring_row(fine, RING_SECOND, j - 2));
    if (has_row(owned, j - 3)) {
      /* Nobody needs the first step's row any more. */
      real *result = out == NULL ? row_of(fine, fine->x, j - 3) : ring_row(fine, RING_FIRST, j - 3);
      relax(fine, owned, j - 3, in_ring(fine, RING_SECOND, second, j - 3), 0, result);
      if (out != NULL) hand_out(fine, j - 3, result, out);
    }
  }
}

#ifndef LOOPS_NAME
#define LOOPS_NAME heat_level_loops_float
#endif
extern const heat_level_loops LOOPS_NAME;
const heat_level_loops LOOPS_NAME = {sizeof(real), put, take, down, residual, up};
