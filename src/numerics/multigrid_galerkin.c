/* Coarse operators: interpolation made of the operator (Dendy 1982, "Black box multigrid", J. Comput. Phys. 48), and
 * Galerkin's product A_c = P^T A P.
 *
 * A coarse cell lies on every second fine one. Between two of them along a line, with a and b the links to the two
 * sides collapsed onto the line, S the sum of all links of the cell and c its reaction, the weights are
 *
 *     a / d and b / d,    d = (a + b) (1 + c / S),
 *
 * and in the middle of four, A e = 0 is solved for e there. The factor 1 + c / S is as Dendy's own diagonal where the
 * reaction is strong, but does not depend on the links across the line, which would make the weights too small where
 * materials jump. In a layer of one cell that conducts much better than what is on both sides of it, the stronger one
 * of a and b takes all: the mean of both sides would tie these together through the layer, with links of the wrong
 * sign.
 *
 * The row sums of A_c, its reaction, are small differences of large numbers where contrasts are high. So they are found
 * apart: with d_p = 1 - (P 1)_p, which is c / (S + c) on lines and (c + sum k_pq d_q) / (S + c) in the middle of four,
 *
 *     c_c = P^T A P 1 = P^T (c - A d).
 *
 * No term of that is larger than c, so that a small 1 / dt survives even in float. */
#include "multigrid_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The links to one side of an axis, collapsed onto it. */
ALWAYS_INLINE vec collapsed(const star *s, int axis, int side) {
  vec sum = {0};
  for (int along = 0; along < 3; along++) sum += axis == HEAT_X ? s->link[along][2 * side] : s->link[2 * side][along];
  return sum;
}

/* The links of a cell across an axis. */
ALWAYS_INLINE vec across(group at, int axis) {
  return axis == HEAT_X ? load(at.s, at.spread) + load(at.s_north, at.spread)
                        : load(at.w, at.spread) + load(at.w_east, at.spread);
}

/* The weight of the neighbour at `side` in a cell between two of the coarse grid along `axis`; `beside`: the links of
 * those two across the axis. A thin layer is one of one cell that conducts much better than what is on both sides. */
ALWAYS_INLINE vec line_weight(const star *s, int axis, int side, const vec beside[2]) {
  const double much = 3;
  const vec zero = {0}, one = zero + 1, sum = s->link[1][1];
  const vec a = collapsed(s, axis, side), b = collapsed(s, axis, 1 - side);
  const vec own = axis == HEAT_X ? s->link[0][1] + s->link[2][1] : s->link[1][0] + s->link[1][2];
  mask thin = own > much * (a + b);
  for (int n = 0; n < 2; n++) thin &= (collapsed(s, axis, n) == zero) | (own > much * beside[n]);
  const mask stronger = side == 0 ? a >= b : a > b;
  const vec share = choose(thin, choose(stronger, one, zero), a / (a + b));
  return choose((a + b > zero) & (sum > zero), share / (1 + s->c / sum), zero);
}

ALWAYS_INLINE vec line_deficit(const star *s, int axis) {
  const vec zero = {0}, sum = s->link[1][1];
  return choose((collapsed(s, axis, 0) + collapsed(s, axis, 1) > zero) & (sum > zero), s->c / (sum + s->c), zero + 1);
}

/* The number of a cell along an axis; nearly all need no division. */
ALWAYS_INLINE int64_t number_of(const heat_level *level, int axis, int64_t at) {
  return at >= 0 && at < level->grid.layout.cells[axis] ? at : heat_grid_wrap(&level->grid, axis, at);
}

/* The number of a fine cell along an axis, of which the even ones of a halved axis are coarse. */
static bool between(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  return coarse->halved[axis] && number_of(fine, axis, at) % 2 != 0;
}

/* Whether there is a cell beside the coarse cell, at `at` on the fine grid, that is interpolated from it: not beyond a
 * wall, nor where the first and the last cell of a periodic axis with an odd number are both coarse. */
static bool reaches(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  const bool inside = at >= 0 && at < fine->grid.domain.hi[axis];
  return (inside || fine->grid.layout.periodic[axis]) && between(fine, coarse, axis, at);
}

/* Where the fine cell of a coarse one is, also in an image beyond a periodic side: cells n and up are cells 0 and up
 * again where n is odd as well. */
static int64_t place_of(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  const int64_t number = number_of(coarse, axis, at), cells = coarse->grid.layout.cells[axis];
  return (at - number) / cells * fine->grid.layout.cells[axis] + fine_place(coarse, axis, number);
}

/* Rows of the fine level, cut up into their even and their odd columns: so that every second cell is the next value. */
enum { CUT_ROWS = 8, CUT_ARRAYS = HEAT_LINKS + 1, PARITIES = 2 };
typedef struct cut_rows {
  real *memory;
  ptrdiff_t pitch; /* values of a row of one array and parity */
  int64_t first;   /* coarse column of the first value */
} cut_rows;

ALWAYS_INLINE real *cut_row(const cut_rows *cut, int array, int parity, int64_t j) {
  const ptrdiff_t slot = (ptrdiff_t)(j & (CUT_ROWS - 1));
  return cut->memory + ((slot * CUT_ARRAYS + array) * PARITIES + parity) * cut->pitch;
}

/* Cut up row j for the coarse columns [from, to). */
static void cut_up(const heat_level *fine, const cut_rows *cut, int64_t j, int64_t from, int64_t to) {
  for (int array = 0; array < CUT_ARRAYS; array++) {
    if (array >= fine->links && array < HEAT_LINKS) continue;
    const void *values = array < HEAT_LINKS ? fine->link[array] : fine->reaction;
    const real *restrict row = row_of(fine, values, j) + (2 * from - fine->grid.owned.lo[HEAT_X]);
    real *restrict even = cut_row(cut, array, 0, j) + (from - cut->first);
    real *restrict odd = cut_row(cut, array, 1, j) + (from - cut->first);
    for (ptrdiff_t n = 0; n < to - from; n++) {
      even[n] = row[2 * n];
      odd[n] = row[2 * n + 1];
    }
  }
}

/* Coarse cells, of which there is one at place `at` of the fine grid, or where `cut` is not NULL one after the other.
 */
typedef struct places {
  const heat_level *fine;
  int64_t at[HEAT_AXES];
  const cut_rows *cut;
} places;

/* The cells that lie some columns and rows from those places. */
ALWAYS_INLINE group around(const places *p, int di, int dj) {
  const int64_t i = p->at[HEAT_X] + di, j = p->at[HEAT_Y] + dj;
  if (p->cut == NULL) return cells_at(p->fine, i, j, true);
  const ptrdiff_t n = (ptrdiff_t)(p->at[HEAT_X] / 2 - p->cut->first);
  int parity[3];
  ptrdiff_t place[3]; /* of the columns to the west, of the cell itself, and to the east */
  for (int k = 0; k < 3; k++) {
    parity[k] = (di + k - 1) & 1;
    place[k] = n + (di + k - 1 - parity[k]) / 2;
  }
#define AT(array, k, row) (cut_row(p->cut, array, parity[k], row) + place[k])
  return (group){.w = AT(HEAT_LINK_W, 1, j),
                 .w_east = AT(HEAT_LINK_W, 2, j),
                 .s = AT(HEAT_LINK_S, 1, j),
                 .s_north = AT(HEAT_LINK_S, 1, j + 1),
                 .sw = AT(HEAT_LINK_SW, 1, j),
                 .sw_north_east = AT(HEAT_LINK_SW, 2, j + 1),
                 .se = AT(HEAT_LINK_SE, 1, j),
                 .se_north_west = AT(HEAT_LINK_SE, 0, j + 1),
                 .c = AT(HEAT_LINKS, 1, j),
                 .nine = p->fine->links == HEAT_LINKS};
#undef AT
}

/* The weights of coarse cells around their places on the fine grid: [1 + dj][1 + di]. */
typedef struct stamp {
  vec weight[3][3];
} stamp;

/* Whether there are cells to interpolate to at each side of each axis. */
typedef struct reached {
  bool side[HEAT_AXES][2];
} reached;

/* The weights: along the lines, and from those into the corners. */
ALWAYS_INLINE stamp weigh(const places *p, const reached *to) {
  const vec zero = {0};
  stamp own = {.weight[1][1] = zero + 1};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    for (int side = 0; side < 2; side++) {
      if (!to->side[axis][side]) continue;
      const int step = 2 * side - 1, di = axis == HEAT_X ? step : 0, dj = axis == HEAT_Y ? step : 0;
      const star s = star_of(around(p, di, dj));
      vec beside[2];
      beside[1 - side] = across(around(p, 0, 0), axis);
      beside[side] = across(around(p, 2 * di, 2 * dj), axis);
      own.weight[1 + dj][1 + di] = line_weight(&s, axis, 1 - side, beside);
    }
  }
  for (int north = 0; north < 2; north++) {
    for (int east = 0; east < 2; east++) {
      if (!to->side[HEAT_X][east] || !to->side[HEAT_Y][north]) continue;
      const star s = star_of(around(p, 2 * east - 1, 2 * north - 1));
      const int back_x = 2 * (1 - east), back_y = 2 * (1 - north); /* towards the coarse cell */
      const vec sum = s.link[back_y][back_x] +
                      (s.link[1][back_x] * own.weight[2 * north][1] + s.link[back_y][1] * own.weight[1][2 * east]);
      own.weight[2 * north][2 * east] = sum / (s.link[1][1] + s.c);
    }
  }
  return own;
}

/* The weights of the coarse cells of a row, and of the row to its south, with one cell more at both ends: arrays of
 * doubles, as they are before they are rounded to what the level holds, at the first owned column. */
enum { AROUND = 9 };
typedef struct stamps {
  double *south[AROUND], *here[AROUND];
} stamps;

ALWAYS_INLINE stamp stamp_at(double *const rows[AROUND], ptrdiff_t column, bool spread) {
  stamp found;
  for (int n = 0; n < AROUND; n++)
    if (spread)
      found.weight[n / 3][n % 3] = (vec){0} + rows[n][column];
    else
      found.weight[n / 3][n % 3] = *(const vec *)(rows[n] + column);
  return found;
}

/* One cell of any place. */
static void weigh_cell(const heat_level *fine, const heat_level *coarse, stamps rows, int64_t I, int64_t J) {
  const places p = {.fine = fine, .at = {place_of(fine, coarse, HEAT_X, I), place_of(fine, coarse, HEAT_Y, J)}};
  reached to;
  for (int n = 0; n < 2 * HEAT_AXES; n++) {
    const int axis = n / 2, side = n % 2;
    to.side[axis][side] = coarse->halved[axis] && reaches(fine, coarse, axis, p.at[axis] + 2 * side - 1);
  }
  const stamp own = weigh(&p, &to);
  for (int n = 0; n < AROUND; n++) rows.here[n][I - coarse->grid.owned.lo[HEAT_X]] = own.weight[n / 3][n % 3][0];
}

/* Columns [from, to) of a row, a multiple of LANES of them, that are near to no side of the domain, of a grid halved
 * along both axes. */
static void weigh_inner(const heat_level *fine, const cut_rows *cut, stamps rows, const int64_t at[HEAT_AXES],
                        ptrdiff_t count) {
  static const reached all = {{{true, true}, {true, true}}};
  for (ptrdiff_t done = 0; done < count; done += LANES) {
    const places p = {.fine = fine, .at = {2 * (at[HEAT_X] + done), 2 * at[HEAT_Y]}, .cut = cut};
    const stamp own = weigh(&p, &all);
    for (int n = 0; n < AROUND; n++) *(vec *)(rows.here[n] + done) = own.weight[n / 3][n % 3];
  }
}

static void set_weights(const heat_level *coarse, stamps rows, int64_t J) {
  static const int where[HEAT_WEIGHTS][2] = {
      [HEAT_TO_W] = {1, 0},  [HEAT_TO_E] = {1, 2},  [HEAT_TO_S] = {0, 1},  [HEAT_TO_N] = {2, 1},
      [HEAT_TO_SW] = {0, 0}, [HEAT_TO_SE] = {0, 2}, [HEAT_TO_NW] = {2, 0}, [HEAT_TO_NE] = {2, 2}};
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(coarse->grid.owned, HEAT_X);
  for (int w = 0; w < HEAT_WEIGHTS; w++) {
    if (coarse->weight[w] == NULL) continue;
    const double *values = rows.here[3 * where[w][0] + where[w][1]];
    real *out = row_of(coarse, coarse->weight[w], J);
    for (ptrdiff_t n = 0; n < columns; n++) out[n] = (real)values[n];
  }
}

enum { WINDOW = 5, MIDDLE = 2 };

/* A times the columns of P that belong to coarse cells: [2 + dj][2 + di] around their places. */
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

/* How far the coarse neighbour `step` further is on the fine grid. */
static int64_t fine_step(const heat_level *fine, const heat_level *coarse, int axis, int64_t at, int step) {
  if (!coarse->halved[axis]) return step;
  const int64_t last = coarse->grid.layout.cells[axis] - 1;
  const bool around = step < 0 ? at == 0 : step > 0 && at == last;
  return around && fine->grid.layout.cells[axis] % 2 != 0 ? step : 2 * step;
}

/* The part of a window of three cells, shifted by some steps, that lies within [-2, 2]. */
typedef struct part {
  int from, to;
} part;

static part overlap(int64_t step) {
  return (part){step < -1 ? 1 : 0, step > 1 ? 2 : 3};
}

/* The entries of P^T A P that belong to coarse cells and those that are some steps further on the fine grid, with their
 * sign changed. */
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

/* A cell of any place: beside walls, where there is no link beyond, and round a periodic axis. */
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

/* As weigh_inner, from the weights. */
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

/* The part of a coarse row that is worked on LANES cells at once. */
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
  int64_t cut_to; /* rows up to there are cut up */
} workshop;

/* Have the rows around coarse row J cut up. */
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

/* Weights and links, row after row. Each rank finds the weights of the cells around its own by itself, as they are
 * before they are rounded to what the level holds. */
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

/* d_p (see above) of cells in a row, in which there are cells between coarse ones along x where `x` says so, and along
 * y everywhere or nowhere. */
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

/* x = d and b = c, so that P^T (b - A x) is the reaction of the coarse cells. */
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
    for (ptrdiff_t n = 0; n < width; n += LANES) {
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

/* Gershgorin's bound of the eigenvalues of D^-1 A over the owned cells. */
static double bound(const heat_level *level) {
  const heat_box owned = level->grid.owned;
  double most = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
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

/* Sums over the owned cells of the share that the links along each axis have in the diagonal, in whole numbers, which
 * add up to the same on any ranks. */
static void couplings(const heat_level *level, int64_t sums[HEAT_AXES]) {
  const double unit = 1 << 24;
  const heat_box owned = level->grid.owned;
  sums[HEAT_X] = sums[HEAT_Y] = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i += LANES) {
      const star s = star_of(cells_at(level, i, j, false));
      const vec scale = unit / (s.link[1][1] + s.c);
      const vec x = scale * magnitude(s.link[1][0]), y = scale * magnitude(s.link[0][1]);
      for (ptrdiff_t lane = 0; lane < LANES && lane < owned.hi[HEAT_X] - i; lane++) {
        sums[HEAT_X] += (int64_t)x[lane];
        sums[HEAT_Y] += (int64_t)y[lane];
      }
    }
  }
}

#ifndef SETUP_NAME
#define SETUP_NAME heat_level_setup_float
#endif
extern const heat_level_setup SETUP_NAME;
const heat_level_setup SETUP_NAME = {coarsen, prepare_reaction, set_reaction, bound, couplings};
