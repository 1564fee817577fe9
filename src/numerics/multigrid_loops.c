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
 * once. Ghost layers are computed as their owners compute them, one layer less with each step, and threads that share
 * the rows of a rank do the same where their parts meet. On the finest level b is made of the residual of conjugate
 * gradients in the same sweep. */
#include "flush.h"
#include "heat2d/numerics/total.h"
#include "multigrid_interpolation.h"

/* The roots of sin(7 t / 2) / sin(t / 2) = 0, as (1 - cos t) / 2: sin^2(pi m / 7). */
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

/* The n-th part of a level that its threads share: whole rows of the coarse level, and a work space of its own. */
static heat_level part_of(const heat_level *fine, const heat_level *coarse, int n) {
  const heat_box owned = coarse->grid.owned;
  const int64_t first = owned.lo[HEAT_Y], rows = heat_box_width(owned, HEAT_Y);
  heat_level part = *fine;
  if (n > 0) part.from = fine_place(coarse, HEAT_Y, first + rows * n / fine->threads);
  if (n < fine->threads - 1) part.to = fine_place(coarse, HEAT_Y, first + rows * (n + 1) / fine->threads);
  part.rows = (char *)fine->rows + (size_t)n * fine->rows_bytes;
  return part;
}

/* Copy the rows of x that threads beside this one will overwrite. */
static void copy_edges(const heat_level *level) {
  const region around = region_of(level, HEAT_LEVEL_DEPTH - 1);
  for (int64_t j = level->from - EDGE_ROWS; j < level->to + EDGE_ROWS; j++) {
    if (j == level->from) j = level->to;
    if (is_of_others(level, j))
      memcpy(edge_row(level, j) + around.from - 1, row_of(level, level->x, j) + around.from - 1,
             (size_t)(around.to - around.from + 2) * sizeof(real));
  }
}

ALWAYS_INLINE void inverse_row(real *restrict out, links l, ptrdiff_t from, ptrdiff_t to, bool nine) {
#pragma omp simd
  for (ptrdiff_t i = from; i < to; i++) out[i] = 1 / diagonal_at(l, i, nine);
}

/* Compute row j of the inverse diagonal into its ring. Where the rows of the operator from four below to this one are
 * the same, the ring holds these values already. */
static void invert(const heat_level *level, region r, int64_t j) {
  if (has_row(r, j - RING_ROWS) && heat_repeats_alike(&level->operator_rows, j - RING_ROWS, j + 1)) return;
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

/* Do one step of the smoother in row j of a region. */
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
  real *restrict x = ring_row(level, RING_FIRST, j);
  const real w = (real)(1 / (roots[0] * level->bound));
#pragma omp simd
  for (ptrdiff_t i = r.from; i < r.to; i++) x[i] = (w * inverse[i]) * b[i];
}

static unknowns as_given(const heat_level *level, int64_t j) {
  return (unknowns){.x = given_row(level, j), .south = given_row(level, j - 1), .north = given_row(level, j + 1)};
}

/* Where row j of x is kept after the smoother on the way down. */
static real *smoothed_row(const heat_level *level, int64_t j) {
  return is_of_others(level, j) ? ring_row(level, RING_THIRD, j) : row_of(level, level->x, j);
}

static unknowns as_smoothed(const heat_level *level, int64_t j) {
  return (unknowns){
      .x = smoothed_row(level, j), .south = smoothed_row(level, j - 1), .north = smoothed_row(level, j + 1)};
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
  unknowns u = as_smoothed(level, j);
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
  for (int w = 0; w < HEAT_WEIGHTS; w++) to[w] = weights_of(coarse, w, J);
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

/* Restrict to that coarse row for which row j of the residual is the last one that is needed, if there is one. */
static void restrict_to(const heat_level *fine, const heat_level *coarse, region r, int64_t j) {
  const heat_box owned = coarse->grid.owned;
  int64_t J = j;
  if (coarse->halved[HEAT_Y]) {
    if (j % 2 == 0 && has_row(r, j + 1)) return;
    J = j % 2 == 0 ? j / 2 : (j - 1) / 2;
  }
  const int64_t at = fine_place(coarse, HEAT_Y, J);
  if (J < owned.lo[HEAT_Y] || J >= owned.hi[HEAT_Y] || !is_own(fine, at)) return;
  restrict_row(fine, coarse, J, ring_or_zero(fine, RING_RESIDUAL, r.box, at - 1), ring_row(fine, RING_RESIDUAL, at),
               ring_or_zero(fine, RING_RESIDUAL, r.box, at + 1), row_of(coarse, coarse->b, J));
}

/* Compute b in some columns of an owned row. `keep`: the new r is stored, too, and its square is summed up. */
ALWAYS_INLINE void enter_cells(const heat_level *level, const heat_level_in *in, int64_t j, const double *q,
                               region columns, bool keep) {
  double *r = heat_field_at(in->r, level->grid.owned.lo[HEAT_X], j);
  const double alpha = in->alpha, scale = in->scale, unit = in->square_scale;
  real *restrict b = row_of(level, level->b, j);
  for (ptrdiff_t from = columns.from, to; from < columns.to; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, columns.to);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t i = from; i < to; i++) {
      const double value = r[i] - alpha * q[i], v = value * value * unit;
      b[i] = (real)(scale * value);
      if (!keep) continue;
      r[i] = value;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    if (keep) enter_run(in->square, high, low, over, to - from);
  }
}

static const double *product_row(const heat_level_in *in, int64_t j) {
  return in->q == NULL ? NULL : in->q(in->context, in->thread, j);
}

static void enter_columns(const heat_level *level, const heat_level_in *in, int64_t j, const double *q, region columns,
                          bool keep) {
  if (q == NULL) {
    const double *r = heat_field_at(in->r, level->grid.owned.lo[HEAT_X], j), scale = in->scale;
    real *restrict b = row_of(level, level->b, j);
#pragma omp simd
    for (ptrdiff_t i = columns.from; i < columns.to; i++) b[i] = (real)(scale * r[i]);
  } else if (keep) {
    enter_cells(level, in, j, q, columns, true);
  } else {
    enter_cells(level, in, j, q, columns, false);
  }
}

/* Whether other ranks or threads need row j of b before the sweep comes there. */
static bool is_edge(const heat_level *level, int64_t j) {
  return j < level->from + HEAT_LEVEL_DEPTH || j >= level->to - HEAT_LEVEL_DEPTH;
}

static void enter_part(const heat_level *level, const heat_level_in *in) {
  const region all = region_of(level, 0);
  region west = all, east = all;
  if (west.to > HEAT_LEVEL_DEPTH) west.to = HEAT_LEVEL_DEPTH;
  if (east.from < east.to - HEAT_LEVEL_DEPTH) east.from = east.to - HEAT_LEVEL_DEPTH;
  const bool beside = level->grid.layout.periodic[HEAT_X] || level->grid.layout.ranks[HEAT_X] > 1;
  for (int64_t j = level->from; j < level->to; j++) {
    if (in->whole || is_edge(level, j)) {
      enter_columns(level, in, j, product_row(in, j), all, true);
    } else if (beside) {
      const double *q = product_row(in, j);
      enter_columns(level, in, j, q, west, false);
      enter_columns(level, in, j, q, east, false);
    }
  }
}

static void add_total(heat_total *all, const heat_total *own) {
#pragma omp critical(heat_level_total)
  heat_total_add(all, own);
}

static void enter(const heat_level *fine, const heat_level *coarse, const heat_level_in *in) {
  if (heat_box_empty(fine->grid.owned)) return;
#pragma omp parallel for num_threads(fine->threads) schedule(static, 1) if (fine->threads > 1)
  for (int n = 0; n < fine->threads; n++) {
    const heat_level part = part_of(fine, coarse, n);
    heat_total square = {.over = 0};
    heat_level_in own = *in;
    own.square = &square;
    own.thread = n;
    const uint64_t before = heat_flush_begin();
    enter_part(&part, &own);
    heat_flush_end(before);
    if (in->q != NULL) add_total(in->square, &square);
  }
}

static void down_part(const heat_level *fine, const heat_level *coarse, bool from_zero, const heat_level_in *in) {
  const region first = region_of(fine, HEAT_SMOOTHINGS + 2), second = region_of(fine, HEAT_SMOOTHINGS + 1);
  const region third = region_of(fine, HEAT_SMOOTHINGS), last = region_of(fine, 1);
  for (int64_t j = first.box.lo[HEAT_Y]; j < first.box.hi[HEAT_Y] + HEAT_SMOOTHINGS; j++) {
    if (in != NULL && is_own(fine, j) && !is_edge(fine, j))
      enter_columns(fine, in, j, product_row(in, j), region_of(fine, 0), true);
    if (has_row(first, j)) {
      invert(fine, first, j);
      if (from_zero)
        start(fine, first, j);
      else
        relax(fine, first, j, as_given(fine, j), 0, ring_row(fine, RING_FIRST, j));
    }
    if (has_row(second, j - 1))
      relax(fine, second, j - 1, in_ring(fine, RING_FIRST, first, j - 1), 1, ring_row(fine, RING_SECOND, j - 1));
    if (has_row(third, j - 2))
      relax(fine, third, j - 2, in_ring(fine, RING_SECOND, second, j - 2), 2, smoothed_row(fine, j - 2));
    if (has_row(last, j - 3)) {
      find_residual(fine, last, j - 3);
      restrict_to(fine, coarse, last, j - 3);
    }
  }
}

static void copy_all_edges(const heat_level *fine, const heat_level *coarse) {
#pragma omp parallel for num_threads(fine->threads) schedule(static, 1) if (fine->threads > 1)
  for (int n = 0; n < fine->threads; n++) {
    const heat_level part = part_of(fine, coarse, n);
    copy_edges(&part);
  }
}

static void down(const heat_level *fine, const heat_level *coarse, bool from_zero, const heat_level_in *in) {
  if (heat_box_empty(fine->grid.owned)) return;
  if (!from_zero) copy_all_edges(fine, coarse);
#pragma omp parallel for num_threads(fine->threads) schedule(static, 1) if (fine->threads > 1)
  for (int n = 0; n < fine->threads; n++) {
    const uint64_t before = heat_flush_begin();
    const heat_level part = part_of(fine, coarse, n);
    heat_total square = {.over = 0};
    heat_level_in own = {.square = NULL};
    if (in != NULL) own = *in;
    own.square = &square;
    own.thread = n;
    down_part(&part, coarse, from_zero, in == NULL ? NULL : &own);
    if (in != NULL && in->q != NULL) add_total(in->square, &square);
    heat_flush_end(before);
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

/* Add the scalar product of row j of b and of x to a total. */
static void multiply_row(const heat_level *level, int64_t j, double scale, heat_total *total) {
  const real *b = row_of(level, level->b, j), *x = row_of(level, level->x, j);
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(level->grid.owned, HEAT_X);
  for (ptrdiff_t from = 0, to; from < columns; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, columns);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t i = from; i < to; i++) {
      const double v = (double)b[i] * (double)x[i] * scale;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    enter_run(total, high, low, over, to - from);
  }
}

static void multiply(const heat_level *level, const heat_level_out *out) {
  for (int64_t j = level->grid.owned.lo[HEAT_Y]; j < level->grid.owned.hi[HEAT_Y]; j++)
    multiply_row(level, j, out->scale, out->product);
}

static void up_part(const heat_level *fine, const heat_level *coarse, const heat_level_out *out) {
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
      relax(fine, owned, j - 3, in_ring(fine, RING_SECOND, second, j - 3), 0, row_of(fine, fine->x, j - 3));
      if (out != NULL) multiply_row(fine, j - 3, out->scale, out->product);
    }
  }
}

static void up(const heat_level *fine, const heat_level *coarse, const heat_level_out *out) {
  if (heat_box_empty(fine->grid.owned)) return;
  copy_all_edges(fine, coarse);
#pragma omp parallel for num_threads(fine->threads) schedule(static, 1) if (fine->threads > 1)
  for (int n = 0; n < fine->threads; n++) {
    const uint64_t before = heat_flush_begin();
    const heat_level part = part_of(fine, coarse, n);
    heat_total product = {.over = 0};
    const heat_level_out own = {.scale = out == NULL ? 0 : out->scale, .product = &product};
    up_part(&part, coarse, out == NULL ? NULL : &own);
    if (out != NULL) add_total(out->product, &product);
    heat_flush_end(before);
  }
}

static void advance(const heat_level *level, int64_t j, double step, double *x, bool add) {
  const real *p = row_of(level, level->direction, j);
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(level->grid.owned, HEAT_X);
  if (add) {
#pragma omp simd
    for (ptrdiff_t i = 0; i < columns; i++) x[i] += step * (double)p[i];
  } else {
#pragma omp simd
    for (ptrdiff_t i = 0; i < columns; i++) x[i] = step * (double)p[i];
  }
}

static void turn(const heat_level *level, int64_t j, const heat_level_turn *given) {
  const region grown = region_of(level, 1);
  real *p = row_of(level, level->direction, j);
  const real *z = row_of(level, level->x, j);
  const double scale = given->scale, shift = given->shift, beta = given->beta;
  if (beta != 0) {
#pragma omp simd
    for (ptrdiff_t i = grown.from; i < grown.to; i++)
      p[i] = (real)((scale * (double)z[i] + shift) + beta * (double)p[i]);
  } else {
#pragma omp simd
    for (ptrdiff_t i = grown.from; i < grown.to; i++) p[i] = (real)(scale * (double)z[i] + shift);
  }
}

static void read_direction(const heat_level *level, int64_t j, double unit, double *values) {
  const region grown = region_of(level, 1);
  const real *p = row_of(level, level->direction, j);
#pragma omp simd
  for (ptrdiff_t i = grown.from; i < grown.to; i++) values[i] = unit * (double)p[i];
}

#ifndef LOOPS_NAME
#define LOOPS_NAME heat_level_loops_float
#endif
extern const heat_level_loops LOOPS_NAME;
const heat_level_loops LOOPS_NAME = {sizeof(real), put,      take,    enter, down,          residual,
                                     up,           multiply, advance, turn,  read_direction};
