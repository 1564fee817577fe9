/* The coarse operators: the Galerkin product A_c = P^T A P, with the interpolation P of multigrid_weights.h.
 *
 * The reaction of a coarse cell is the sum of a row of A_c. Where contrasts are high this is a small difference of
 * large numbers, so it is computed in another way. With d_p = 1 - (P 1)_p, which is c / (S + c) on the lines between
 * coarse cells and (c + sum k_pq d_q) / (S + c) in the middle of four,
 *
 *     c_c = P^T A P 1 = P^T (c - A d).
 *
 * No term of this is larger than c, so a small reaction (a small 1 / dt) keeps its digits even in float.
 *
 * Fine rows that are all the same lead to coarse rows that are the same. Such a coarse row is computed once and copied.
 */
#include "multigrid_weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 5, MIDDLE = 2 };

/* Compute A times the columns of P that belong to some coarse cells: product[2 + dj][2 + di] belongs to the fine cell
 * that is (di, dj) away. */
ALWAYS_INLINE void apply_to_stamp(const places *p, const stamp *own, vec product[WINDOW][WINDOW]) {
  for (int n = 0; n < WINDOW * WINDOW; n++) product[n / WINDOW][n % WINDOW] = (vec){0};
  for (int dj = -1; dj <= 1; dj++) {
    for (int di = -1; di <= 1; di++) {
      const vec weight = own->weight[1 + dj][1 + di];
      const star s = star_of(around(p, di, dj));
      vec *row = &product[MIDDLE + dj][MIDDLE + di];
      row[0] += weight * (s.link[1][1] + s.c);
      row[-1] -= weight * s.link[1][0];
      row[1] -= weight * s.link[1][2];
      row[-WINDOW] -= weight * s.link[0][1];
      row[WINDOW] -= weight * s.link[2][1];
      if (p->fine->links == 2) continue;
      row[-WINDOW - 1] -= weight * s.link[0][0];
      row[-WINDOW + 1] -= weight * s.link[0][2];
      row[WINDOW - 1] -= weight * s.link[2][0];
      row[WINDOW + 1] -= weight * s.link[2][2];
    }
  }
}

/* How many fine cells away the coarse neighbour `step` (-1, 0 or 1) is. */
static int64_t fine_step(const heat_level *fine, const heat_level *coarse, int axis, int64_t at, int step) {
  if (!coarse->halved[axis]) return step;
  const int64_t last = coarse->grid.layout.cells[axis] - 1;
  const bool around = step < 0 ? at == 0 : step > 0 && at == last;
  return around && fine->grid.layout.cells[axis] % 2 != 0 ? step : 2 * step;
}

/* The indices [from, to) of those of three neighbouring cells that are within [-2, 2] when their middle is shifted by
 * `step`. */
typedef struct part {
  int from, to;
} part;

static part overlap(int64_t step) {
  return (part){step < -1 ? 1 : 0, step > 1 ? 2 : 3};
}

/* The entries of P^T A P for some coarse cells and those which are (step_x, step_y) fine cells away, with the sign
 * changed. */
ALWAYS_INLINE vec coarse_link(const stamp *other, int64_t step_x, int64_t step_y, vec product[WINDOW][WINDOW]) {
  const part columns = overlap(step_x), rows = overlap(step_y);
  vec sum = {0};
  for (int n = rows.from; n < rows.to; n++)
    for (int m = columns.from; m < columns.to; m++)
      sum += other->weight[n][m] * product[MIDDLE + step_y + n - 1][MIDDLE + step_x + m - 1];
  return -sum;
}

static const int link_to[HEAT_LINKS][HEAT_AXES] = {
    [HEAT_LINK_W] = {-1, 0}, [HEAT_LINK_S] = {0, -1}, [HEAT_LINK_SW] = {-1, -1}, [HEAT_LINK_SE] = {1, -1}};

/* Compute the links of one coarse cell, which may be anywhere: beside a wall, where there is no link beyond, or at the
 * end of a periodic axis. */
static void coarsen_cell(const heat_level *fine, const heat_level *coarse, stamps rows, int64_t I, int64_t J) {
  const int64_t *all = coarse->grid.layout.cells;
  const places p = {.fine = fine, .at = {fine_place(coarse, HEAT_X, I), fine_place(coarse, HEAT_Y, J)}};
  const heat_box reach = heat_grid_grown(&coarse->grid, coarse->grid.domain, 1);
  const ptrdiff_t column = (ptrdiff_t)(I - coarse->grid.owned.lo[HEAT_X]);
  const stamp own = stamp_at(rows.here, column, true);
  vec product[WINDOW][WINDOW];
  apply_to_stamp(&p, &own, product);
  for (int link = 0; link < HEAT_LINKS; link++) {
    const int di = link_to[link][HEAT_X], dj = link_to[link][HEAT_Y];
    const bool itself = (di == 0 || all[HEAT_X] == 1) && (dj == 0 || all[HEAT_Y] == 1);
    real *out = row_of(coarse, coarse->link[link], J) + column;
    *out = 0;
    if (itself || !heat_box_within((heat_box){{I + di, J + dj}, {I + di + 1, J + dj + 1}}, reach)) continue;
    const stamp other = stamp_at(dj < 0 ? rows.south : rows.here, column + di, true);
    const vec value =
        coarse_link(&other, fine_step(fine, coarse, HEAT_X, I, di), fine_step(fine, coarse, HEAT_Y, J, dj), product);
    *out = (real)value[0];
  }
}

/* Compute the links of `count` coarse cells, LANES at once, from their weights. The cells are those that weigh_inner is
 * for. */
ALWAYS_INLINE void coarsen_inner(const places *first, const heat_level *coarse, stamps rows, ptrdiff_t column,
                                 ptrdiff_t count) {
  const int64_t J = first->at[HEAT_Y] / 2;
  for (ptrdiff_t n = column; n < column + count; n += LANES) {
    places p = *first;
    p.at[HEAT_X] += 2 * (n - column);
    vec product[WINDOW][WINDOW];
    const stamp own = stamp_at(rows.here, n, false);
    apply_to_stamp(&p, &own, product);
    for (int link = 0; link < HEAT_LINKS; link++) {
      const int di = link_to[link][HEAT_X], dj = link_to[link][HEAT_Y];
      const stamp other = stamp_at(dj < 0 ? rows.south : rows.here, n + di, false);
      store(row_of(coarse, coarse->link[link], J) + n, coarse_link(&other, 2 * di, 2 * dj, product), LANES);
    }
  }
}

/* The columns [from, to) of a coarse row that are done LANES cells at once. */
typedef struct span {
  int64_t from, to;
} span;

static span inner_span(const heat_level *coarse, int64_t J) {
  const heat_box owned = coarse->grid.owned, inner = heat_box_intersect(owned, heat_box_grow(coarse->grid.domain, -1));
  const bool whole = coarse->halved[HEAT_X] && coarse->halved[HEAT_Y] && J >= inner.lo[HEAT_Y] && J < inner.hi[HEAT_Y];
  const int64_t count = whole ? inner.hi[HEAT_X] - inner.lo[HEAT_X] : 0;
  if (count < LANES) return (span){owned.hi[HEAT_X], owned.hi[HEAT_X]};
  return (span){inner.lo[HEAT_X], inner.lo[HEAT_X] + count / LANES * LANES};
}

typedef struct workshop {
  const heat_level *fine, *coarse;
  stamps rows;
  cut_rows cut;
  int64_t cut_to; /* the rows below this one have been split already */
} workshop;

/* Split the fine rows around coarse row J, as far as that is not done yet. */
static void cut_around(workshop *w, int64_t J) {
  enum { BEFORE = 2, BEHIND = 3 };
  const span s = inner_span(w->coarse, J);
  if (s.from < s.to && w->cut_to < 2 * J - BEFORE) w->cut_to = 2 * J - BEFORE;
  for (; s.from < s.to && w->cut_to < 2 * J + BEHIND; w->cut_to++)
    cut_up(w->fine, &w->cut, w->cut_to, s.from - 1, s.to + 1);
}

static void weigh_row(workshop *w, int64_t J) {
  const heat_box owned = w->coarse->grid.owned, grown = heat_grid_grown(&w->coarse->grid, owned, 1);
  const span s = inner_span(w->coarse, J);
  stamps inner = w->rows;
  cut_around(w, J);
  for (int n = 0; n < AROUND; n++) inner.here[n] += s.from - owned.lo[HEAT_X];
  for (int64_t I = grown.lo[HEAT_X]; I < s.from; I++) weigh_cell(w->fine, w->coarse, w->rows, I, J);
  weigh_inner(w->fine, &w->cut, inner, (const int64_t[HEAT_AXES]){s.from, J}, (ptrdiff_t)(s.to - s.from));
  for (int64_t I = s.to; I < grown.hi[HEAT_X]; I++) weigh_cell(w->fine, w->coarse, w->rows, I, J);
}

static void coarsen_row(const workshop *w, int64_t J) {
  const heat_box owned = w->coarse->grid.owned;
  const span s = inner_span(w->coarse, J);
  const places first = {.fine = w->fine, .at = {2 * s.from, 2 * J}, .cut = &w->cut};
  for (int64_t I = owned.lo[HEAT_X]; I < s.from; I++) coarsen_cell(w->fine, w->coarse, w->rows, I, J);
  coarsen_inner(&first, w->coarse, w->rows, (ptrdiff_t)(s.from - owned.lo[HEAT_X]), (ptrdiff_t)(s.to - s.from));
  for (int64_t I = s.to; I < owned.hi[HEAT_X]; I++) coarsen_cell(w->fine, w->coarse, w->rows, I, J);
}

/* Whether the fine rows from a few below row `from` to a few above row `to` are all the same, and none of them is
 * beyond the domain. */
static bool is_even(const heat_level *fine, int64_t from, int64_t to) {
  enum { AROUND_ROWS = 4 };
  const bool inside = from - AROUND_ROWS >= 0 && to + AROUND_ROWS < fine->grid.domain.hi[HEAT_Y];
  return inside && heat_repeats_alike(&fine->operator_rows, from - AROUND_ROWS, to + AROUND_ROWS);
}

/* Copy a coarse row from the one below it. */
static void repeat_row(const heat_level *coarse, void *array, int64_t J) {
  const size_t columns = (size_t)heat_box_width(coarse->grid.owned, HEAT_X);
  if (array != NULL) memcpy(row_of(coarse, array, J), row_of(coarse, array, J - 1), columns * sizeof(real));
}

static void repeat_weights_and_links(const heat_level *coarse, int64_t J) {
  for (int n = 0; n < HEAT_WEIGHTS; n++) repeat_row(coarse, coarse->weight[n], J);
  for (int n = 0; n < HEAT_LINKS; n++) repeat_row(coarse, coarse->link[n], J);
}

/* Compute the weights and links row by row. Each rank computes the weights of the cells beside its own ones, too: it
 * needs them as they are before they are rounded to the precision of the level. */
static heat_status coarsen(const heat_level *fine, const heat_level *coarse) {
  const heat_box owned = coarse->grid.owned, grown = heat_grid_grown(&coarse->grid, owned, 1);
  if (heat_box_empty(owned)) return heat_ok();
  const size_t columns = (size_t)heat_box_width(owned, HEAT_X) + 2;
  const size_t pitch = columns + 2, cut = CUT_ROWS * CUT_ARRAYS * PARITIES * pitch;
  const size_t bytes = 2 * AROUND * columns * sizeof(double) + cut * sizeof(real);
  double *memory = calloc(1, bytes);
  if (memory == NULL) return heat_no_memory("the coarse levels of the multigrid", bytes);
  workshop w = {.fine = fine,
                .coarse = coarse,
                .cut = {.memory = (real *)(memory + 2 * AROUND * columns),
                        .pitch = (ptrdiff_t)pitch,
                        .first = owned.lo[HEAT_X] - 2},
                .cut_to = INT64_MIN};
  for (size_t n = 0; n < AROUND; n++) {
    w.rows.south[n] = memory + n * columns + 1;
    w.rows.here[n] = memory + (AROUND + n) * columns + 1;
  }
  for (int64_t J = grown.lo[HEAT_Y]; J < owned.hi[HEAT_Y]; J++) {
    if (J > owned.lo[HEAT_Y] && is_even(fine, fine_place(coarse, HEAT_Y, J - 1), fine_place(coarse, HEAT_Y, J))) {
      repeat_weights_and_links(coarse, J);
      continue; /* the weights of both rows in `rows` are the same as well */
    }
    const stamps before = w.rows;
    memcpy(w.rows.south, before.here, sizeof before.here);
    memcpy(w.rows.here, before.south, sizeof before.south);
    weigh_row(&w, J);
    if (J < owned.lo[HEAT_Y]) continue;
    set_weights(coarse, w.rows, J);
    coarsen_row(&w, J);
  }
  free(memory);
  return heat_ok();
}

/* d_p (see above) of neighbouring cells in a row. x says which of them lie between coarse cells along x, and y whether
 * the row lies between coarse rows. */
ALWAYS_INLINE vec deficit(const heat_level *fine, int64_t i, int64_t j, mask x, bool y) {
  const vec zero = {0};
  const star s = star_of(cells_at(fine, i, j, false));
  if (!y) return choose(x, line_deficit(&s, HEAT_X), zero);
  vec sum = s.c;
  for (int side = 0; side < 2; side++) {
    const vec link_x = s.link[1][2 * side], link_y = s.link[2 * side][1];
    const star beside_x = star_of(cells_at(fine, i + 2 * side - 1, j, false));
    const star beside_y = star_of(cells_at(fine, i, j + 2 * side - 1, false));
    sum += choose(link_x != zero, link_x * line_deficit(&beside_x, HEAT_Y), zero);
    sum += choose(link_y != zero, link_y * line_deficit(&beside_y, HEAT_X), zero);
  }
  return choose(x, sum / (s.link[1][1] + s.c), line_deficit(&s, HEAT_Y));
}

/* Set x = d and b = c, so that P^T (b - A x) is the reaction of the coarse cells. */
static void prepare_reaction(const heat_level *fine, const heat_level *coarse) {
  const heat_box owned = fine->grid.owned;
  if (heat_box_empty(owned)) return;
  const heat_box box = heat_grid_grown(&fine->grid, owned, 2);
  const ptrdiff_t from = (ptrdiff_t)(box.lo[HEAT_X] - owned.lo[HEAT_X]), width = (ptrdiff_t)heat_box_width(box, HEAT_X);
  real *odd = ring_row(fine, RING_FIRST, 0) + from;
  for (ptrdiff_t n = 0; n < width; n++) odd[n] = between(fine, coarse, HEAT_X, box.lo[HEAT_X] + n) ? 1 : 0;
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++) {
    const bool y = between(fine, coarse, HEAT_Y, j);
    real *x = row_of(fine, fine->x, j) + from;
    const bool repeated = j >= owned.lo[HEAT_Y] && is_even(fine, j - 2, j);
    if (repeated) memcpy(x, x - 2 * fine->stride, (size_t)width * sizeof(real));
    for (ptrdiff_t n = 0; n < width && !repeated; n += LANES) {
      const mask between_x = load(odd + n, false) != (vec){0};
      const int64_t i = box.lo[HEAT_X] + n;
      store(x + n, y ? deficit(fine, i, j, between_x, true) : deficit(fine, i, j, between_x, false), width - n);
    }
    memcpy(row_of(fine, fine->b, j) + from, row_of(fine, fine->reaction, j) + from, (size_t)width * sizeof(real));
  }
}

static void set_reaction(const heat_level *coarse) {
  const heat_box owned = coarse->grid.owned;
  for (int64_t J = owned.lo[HEAT_Y]; J < owned.hi[HEAT_Y]; J++)
    memcpy(row_of(coarse, coarse->reaction, J), row_of(coarse, coarse->b, J),
           (size_t)heat_box_width(owned, HEAT_X) * sizeof(real));
}

/* Whether row j of the links is the same as the row below it. */
static bool is_repeated(const heat_level *level, int64_t j) {
  return j > level->grid.owned.lo[HEAT_Y] && heat_repeats_alike(&level->operator_rows, j - 1, j + 1);
}

/* Gershgorin's bound of the eigenvalues of D^-1 A over the owned cells. */
static double bound(const heat_level *level) {
  const heat_box owned = level->grid.owned;
  double most = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    if (is_repeated(level, j)) continue;
    vec row = {0};
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i += LANES) {
      const star s = star_of(cells_at(level, i, j, false));
      vec sum = {0};
      for (int n = 0; n < AROUND; n++)
        if (n != AROUND / 2) sum += magnitude(s.link[n / 3][n % 3]);
      vec own = 1 + sum / (s.link[1][1] + s.c);
      for (ptrdiff_t lane = owned.hi[HEAT_X] - i; lane < LANES; lane++) own[lane] = 0; /* beyond the row */
      row = choose(own > row, own, row);
    }
    for (int lane = 0; lane < LANES; lane++) most = row[lane] > most ? row[lane] : most;
  }
  return most;
}

/* Compute the share that the links along each axis have in the diagonal, summed over the owned cells. The sums are
 * integers, so that they are the same in any order and on any number of ranks. */
static void couplings(const heat_level *level, int64_t sums[HEAT_AXES]) {
  const double unit = 1 << 24;
  const heat_box owned = level->grid.owned;
  int64_t row[HEAT_AXES] = {0, 0};
  sums[HEAT_X] = sums[HEAT_Y] = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    const bool repeated = is_repeated(level, j);
    if (!repeated) row[HEAT_X] = row[HEAT_Y] = 0;
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X] && !repeated; i += LANES) {
      const star s = star_of(cells_at(level, i, j, false));
      const vec scale = unit / (s.link[1][1] + s.c);
      const vec x = scale * magnitude(s.link[1][0]), y = scale * magnitude(s.link[0][1]);
      for (ptrdiff_t lane = 0; lane < LANES && lane < owned.hi[HEAT_X] - i; lane++) {
        row[HEAT_X] += (int64_t)x[lane];
        row[HEAT_Y] += (int64_t)y[lane];
      }
    }
    for (int axis = 0; axis < HEAT_AXES; axis++) sums[axis] += row[axis];
  }
}

#ifndef SETUP_NAME
#define SETUP_NAME heat_level_setup_float
#endif
extern const heat_level_setup SETUP_NAME;
const heat_level_setup SETUP_NAME = {coarsen, prepare_reaction, set_reaction, bound, couplings};
