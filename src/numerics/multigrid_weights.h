/* The weights of the interpolation, made from the operator (Dendy 1982, "Black box multigrid", J. Comput. Phys. 48).
 *
 * Every second fine cell is a coarse cell. For a cell between two coarse cells on a line, let a and b be its links to
 * the two sides, each added up over the three neighbours on that side, S the sum of all links of the cell and c its
 * reaction. The weights of the two coarse cells are
 *
 *     a / d and b / d,    d = (a + b) (1 + c / S).
 *
 * In the middle of four coarse cells A e = 0 is solved for e at that cell. The factor 1 + c / S has the effect of
 * Dendy's own diagonal where the reaction is strong. Unlike that it does not depend on the links across the line, which
 * would make the weights too small where materials jump. In a layer of one cell that conducts much better than what is
 * on both sides of it, the larger one of a and b gets the whole weight: with the mean of both sides the coarse operator
 * would link these two through the layer, with links of the wrong sign. Private to the file of the coarse operators. */
#ifndef HEAT2D_MULTIGRID_WEIGHTS_H
#define HEAT2D_MULTIGRID_WEIGHTS_H

#include "multigrid_group.h"

/* The links to one side of an axis, added up over the three neighbours on that side. */
ALWAYS_INLINE vec collapsed(const star *s, int axis, int side) {
  vec sum = {0};
  for (int along = 0; along < 3; along++) sum += axis == HEAT_X ? s->link[along][2 * side] : s->link[2 * side][along];
  return sum;
}

/* The sum of the links of a cell across an axis. */
ALWAYS_INLINE vec across(group at, int axis) {
  return axis == HEAT_X ? load(at.s, at.spread) + load(at.s_north, at.spread)
                        : load(at.w, at.spread) + load(at.w_east, at.spread);
}

/* The weight of the coarse neighbour at `side` in a cell between two coarse cells along `axis`. `beside` is the sum of
 * the links of those two across the axis. A layer is thin if it is one cell wide and conducts much better than what is
 * on both sides. */
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

/* The index of a cell along an axis, within the domain. Nearly all cells need no division for that. */
ALWAYS_INLINE int64_t number_of(const heat_level *level, int axis, int64_t at) {
  return at >= 0 && at < level->grid.layout.cells[axis] ? at : heat_grid_wrap(&level->grid, axis, at);
}

/* Whether a fine cell lies between coarse ones along an axis: the even cells of a halved axis are coarse. */
static bool between(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  return coarse->halved[axis] && number_of(fine, axis, at) % 2 != 0;
}

/* Whether there is a cell at `at` on the fine grid, beside a coarse cell, that is interpolated from it. There is none
 * beyond a wall, nor between the last and the first cell of a periodic axis with an odd number of cells, both of which
 * are coarse. */
static bool reaches(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  const bool inside = at >= 0 && at < fine->grid.domain.hi[axis];
  return (inside || fine->grid.layout.periodic[axis]) && between(fine, coarse, axis, at);
}

/* The index of the fine cell on which a coarse one lies, also of one in a periodic image of the domain: with n cells,
 * cell n is cell 0 again, even where n is odd. */
static int64_t place_of(const heat_level *fine, const heat_level *coarse, int axis, int64_t at) {
  const int64_t number = number_of(coarse, axis, at), cells = coarse->grid.layout.cells[axis];
  return (at - number) / cells * fine->grid.layout.cells[axis] + fine_place(coarse, axis, number);
}

/* Rows of the fine level, split into their even and their odd columns, so that every second cell is the next value in
 * memory. */
enum { CUT_ROWS = 8, CUT_ARRAYS = HEAT_LINKS + 1, PARITIES = 2 };
typedef struct cut_rows {
  real *memory;
  ptrdiff_t pitch; /* number of values from one row to the next, of one array and parity */
  int64_t first;   /* coarse column of the first value */
} cut_rows;

ALWAYS_INLINE real *cut_row(const cut_rows *cut, int array, int parity, int64_t j) {
  const ptrdiff_t slot = (ptrdiff_t)(j & (CUT_ROWS - 1));
  return cut->memory + ((slot * CUT_ARRAYS + array) * PARITIES + parity) * cut->pitch;
}

/* Split row j for the coarse columns [from, to). */
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

/* The places of some coarse cells on the fine grid: the first is `at`. Where `cut` is NULL there is only this one;
 * otherwise one follows the other in the row. */
typedef struct places {
  const heat_level *fine;
  int64_t at[HEAT_AXES];
  const cut_rows *cut;
} places;

/* The fine cells that are (di, dj) away from those places. */
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

/* The weights of some coarse cells in the fine cells around them: [1 + dj][1 + di]. */
typedef struct stamp {
  vec weight[3][3];
} stamp;

/* Whether there are cells to interpolate to on each side of each axis. */
typedef struct reached {
  bool side[HEAT_AXES][2];
} reached;

/* Compute the weights of some coarse cells: first those along the lines, and from them those in the corners. */
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

/* The weights of the coarse cells of a row and of the row to its south, with one more cell at both ends. They are
 * arrays of doubles, not yet rounded to the precision of the level; each pointer is to the first owned column. */
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

/* Compute the weights of one coarse cell, which may be anywhere. */
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

/* Compute the weights of `count` coarse cells of a row from column at[HEAT_X] on. `count` is a multiple of LANES, none
 * of the cells is near a side of the domain, and both axes are halved. */
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

#endif
