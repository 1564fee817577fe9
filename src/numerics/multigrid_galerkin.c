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
#include "multigrid_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The links of one cell: [1 + dj][1 + di], and in the middle the sum of them all. */
typedef struct star {
  double link[3][3], c;
} star;

ALWAYS_INLINE star star_at(const heat_level *level, int64_t i, int64_t j) {
  const ptrdiff_t at = (ptrdiff_t)(i - level->grid.owned.lo[HEAT_X]);
  const links l = links_of(level, j);
  star s = {.c = (double)l.c[at]};
  s.link[1][0] = (double)l.w[at];
  s.link[1][2] = (double)l.w[at + 1];
  s.link[0][1] = (double)l.s[at];
  s.link[2][1] = (double)l.s_north[at];
  s.link[1][1] = (s.link[1][0] + s.link[1][2]) + (s.link[0][1] + s.link[2][1]);
  if (level->links == 2) return s;
  s.link[0][0] = (double)l.sw[at];
  s.link[2][2] = (double)l.sw_north[at + 1];
  s.link[0][2] = (double)l.se[at];
  s.link[2][0] = (double)l.se_north[at - 1];
  s.link[1][1] += (s.link[0][0] + s.link[2][2]) + (s.link[0][2] + s.link[2][0]);
  return s;
}

/* The links to one side of an axis, collapsed onto it. */
static double collapsed(const star *s, int axis, int side) {
  double sum = 0;
  for (int along = 0; along < 3; along++) sum += axis == HEAT_X ? s->link[along][2 * side] : s->link[2 * side][along];
  return sum;
}

/* The links of a cell across an axis. */
static double across(const star *s, int axis) {
  return axis == HEAT_X ? s->link[0][1] + s->link[2][1] : s->link[1][0] + s->link[1][2];
}

/* Whether the cell lies in a layer of one cell that conducts much better than what is on both sides of it. */
static bool in_thin_layer(const heat_level *fine, const star *s, int axis, const int64_t at[HEAT_AXES]) {
  const double much = 3, own = across(s, axis);
  if (own <= much * (collapsed(s, axis, 0) + collapsed(s, axis, 1))) return false;
  for (int side = 0; side < 2; side++) {
    if (collapsed(s, axis, side) == 0) continue;
    const int64_t step = 2 * side - 1;
    const star beside =
        star_at(fine, at[HEAT_X] + (axis == HEAT_X ? step : 0), at[HEAT_Y] + (axis == HEAT_Y ? step : 0));
    if (own <= much * across(&beside, axis)) return false;
  }
  return true;
}

/* The weight of the neighbour at `side` in the cell `at` between two of the coarse grid along `axis`. */
static double line_weight(const heat_level *fine, const star *s, int axis, int side, const int64_t at[HEAT_AXES]) {
  const double a = collapsed(s, axis, side), b = collapsed(s, axis, 1 - side), sum = s->link[1][1];
  if (a + b <= 0 || sum <= 0) return 0;
  const bool stronger = a > b || (a == b && side == 0);
  const double share = in_thin_layer(fine, s, axis, at) ? (stronger ? 1 : 0) : a / (a + b);
  return share / (1 + s->c / sum);
}

static double line_deficit(const star *s, int axis) {
  const double sum = s->link[1][1];
  return collapsed(s, axis, 0) + collapsed(s, axis, 1) > 0 && sum > 0 ? s->c / (sum + s->c) : 1;
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

/* The weights of a coarse cell around its place on the fine grid: [1 + dj][1 + di]. */
typedef struct stamp {
  double weight[3][3];
} stamp;

/* The weights of one coarse cell: along the lines, and from those into the corners. */
static stamp weigh_cell(const heat_level *fine, const heat_level *coarse, int64_t I, int64_t J) {
  const int64_t at[HEAT_AXES] = {place_of(fine, coarse, HEAT_X, I), place_of(fine, coarse, HEAT_Y, J)};
  stamp own = {.weight[1][1] = 1};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    for (int side = 0; side < 2 && coarse->halved[axis]; side++) {
      int64_t beside[HEAT_AXES] = {at[HEAT_X], at[HEAT_Y]};
      beside[axis] += 2 * side - 1;
      if (!reaches(fine, coarse, axis, beside[axis])) continue;
      const star s = star_at(fine, beside[HEAT_X], beside[HEAT_Y]);
      own.weight[axis == HEAT_X ? 1 : 2 * side][axis == HEAT_X ? 2 * side : 1] =
          line_weight(fine, &s, axis, 1 - side, beside);
    }
  }
  if (!coarse->halved[HEAT_X] || !coarse->halved[HEAT_Y]) return own;
  for (int north = 0; north < 2; north++) {
    for (int east = 0; east < 2; east++) {
      const int64_t i = at[HEAT_X] + 2 * east - 1, j = at[HEAT_Y] + 2 * north - 1;
      if (!reaches(fine, coarse, HEAT_X, i) || !reaches(fine, coarse, HEAT_Y, j)) continue;
      const star s = star_at(fine, i, j);
      const int back_x = 2 * (1 - east), back_y = 2 * (1 - north); /* towards the coarse cell */
      const double sum = s.link[back_y][back_x] +
                         (s.link[1][back_x] * own.weight[2 * north][1] + s.link[back_y][1] * own.weight[1][2 * east]);
      own.weight[2 * north][2 * east] = sum / (s.link[1][1] + s.c);
    }
  }
  return own;
}

static void set_weights(const heat_level *coarse, int64_t I, int64_t J, const stamp *own) {
  static const int where[HEAT_WEIGHTS][2] = {
      [HEAT_TO_W] = {1, 0},  [HEAT_TO_E] = {1, 2},  [HEAT_TO_S] = {0, 1},  [HEAT_TO_N] = {2, 1},
      [HEAT_TO_SW] = {0, 0}, [HEAT_TO_SE] = {0, 2}, [HEAT_TO_NW] = {2, 0}, [HEAT_TO_NE] = {2, 2}};
  for (int w = 0; w < HEAT_WEIGHTS; w++)
    if (coarse->weight[w] != NULL)
      row_of(coarse, coarse->weight[w], J)[I - coarse->grid.owned.lo[HEAT_X]] =
          (real)own->weight[where[w][0]][where[w][1]];
}

/* d_p: see above. */
static double deficit_at(const heat_level *fine, const heat_level *coarse, int64_t i, int64_t j) {
  const bool x = between(fine, coarse, HEAT_X, i), y = between(fine, coarse, HEAT_Y, j);
  if (!x && !y) return 0;
  const star s = star_at(fine, i, j);
  if (x != y) return line_deficit(&s, x ? HEAT_X : HEAT_Y);
  double sum = s.c;
  for (int side = 0; side < 2; side++) {
    if (s.link[1][2 * side] != 0) {
      const star beside = star_at(fine, i + 2 * side - 1, j);
      sum += s.link[1][2 * side] * line_deficit(&beside, HEAT_Y);
    }
    if (s.link[2 * side][1] != 0) {
      const star beside = star_at(fine, i, j + 2 * side - 1);
      sum += s.link[2 * side][1] * line_deficit(&beside, HEAT_X);
    }
  }
  return sum / (s.link[1][1] + s.c);
}

/* x = d and b = c, so that P^T (b - A x) is the reaction of the coarse cells. */
static void prepare_reaction(const heat_level *fine, const heat_level *coarse) {
  const heat_box owned = fine->grid.owned;
  if (heat_box_empty(owned)) return;
  const heat_box box = heat_grid_grown(&fine->grid, owned, 2);
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++) {
    real *x = row_of(fine, fine->x, j), *b = row_of(fine, fine->b, j);
    const real *c = row_of(fine, fine->reaction, j);
    for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++) {
      const ptrdiff_t at = (ptrdiff_t)(i - owned.lo[HEAT_X]);
      x[at] = (real)deficit_at(fine, coarse, i, j);
      b[at] = c[at];
    }
  }
}

enum { WINDOW = 5, MIDDLE = 2 };

/* A times the column of P that belongs to a coarse cell: [2 + dj][2 + di] around its place. */
ALWAYS_INLINE void apply_to_stamp(const heat_level *fine, const stamp *own, const int64_t at[HEAT_AXES], bool nine,
                                  double product[WINDOW][WINDOW]) {
  for (int n = 0; n < WINDOW * WINDOW; n++) product[n / WINDOW][n % WINDOW] = 0;
  for (int dj = -1; dj <= 1; dj++) {
    for (int di = -1; di <= 1; di++) {
      const double weight = own->weight[1 + dj][1 + di];
      if (weight == 0) continue;
      const star s = star_at(fine, at[HEAT_X] + di, at[HEAT_Y] + dj);
      double *row = &product[MIDDLE + dj][MIDDLE + di];
      row[0] += weight * (s.link[1][1] + s.c);
      row[-1] -= weight * s.link[1][0];
      row[1] -= weight * s.link[1][2];
      row[-WINDOW] -= weight * s.link[0][1];
      row[WINDOW] -= weight * s.link[2][1];
      if (!nine) continue;
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

/* The entry of P^T A P that belongs to a coarse cell and one that is some steps further on the fine grid, with its sign
 * changed. */
ALWAYS_INLINE double coarse_link(const stamp *other, int64_t step_x, int64_t step_y, double product[WINDOW][WINDOW]) {
  const part columns = overlap(step_x), rows = overlap(step_y);
  double sum = 0;
  for (int n = rows.from; n < rows.to; n++)
    for (int m = columns.from; m < columns.to; m++)
      sum += other->weight[n][m] * product[MIDDLE + step_y + n - 1][MIDDLE + step_x + m - 1];
  return -sum;
}

static const int link_to[HEAT_LINKS][HEAT_AXES] = {
    [HEAT_LINK_W] = {-1, 0}, [HEAT_LINK_S] = {0, -1}, [HEAT_LINK_SW] = {-1, -1}, [HEAT_LINK_SE] = {1, -1}};

/* The weights of the coarse cells of a row, and of the row to its south, with one cell more at both ends. */
typedef struct stamps {
  stamp *south, *here; /* at the first owned column */
} stamps;

/* A cell of any place: beside walls, where there is no link beyond, and round a periodic axis. */
static void coarsen_cell(const heat_level *fine, const heat_level *coarse, stamps rows, int64_t I, int64_t J) {
  const int64_t *cells = coarse->grid.layout.cells;
  const int64_t at[HEAT_AXES] = {fine_place(coarse, HEAT_X, I), fine_place(coarse, HEAT_Y, J)};
  const heat_box reach = heat_grid_grown(&coarse->grid, coarse->grid.domain, 1);
  const ptrdiff_t column = (ptrdiff_t)(I - coarse->grid.owned.lo[HEAT_X]);
  double product[WINDOW][WINDOW];
  apply_to_stamp(fine, &rows.here[column], at, fine->links == HEAT_LINKS, product);
  for (int link = 0; link < HEAT_LINKS; link++) {
    const int di = link_to[link][HEAT_X], dj = link_to[link][HEAT_Y];
    const bool itself = (di == 0 || cells[HEAT_X] == 1) && (dj == 0 || cells[HEAT_Y] == 1);
    real *out = row_of(coarse, coarse->link[link], J) + column;
    *out = 0;
    if (itself || !heat_box_within((heat_box){{I + di, J + dj}, {I + di + 1, J + dj + 1}}, reach)) continue;
    *out = (real)coarse_link(&(dj < 0 ? rows.south : rows.here)[column + di], fine_step(fine, coarse, HEAT_X, I, di),
                             fine_step(fine, coarse, HEAT_Y, J, dj), product);
  }
}

/* The same for columns [from, to) of a row that are near to no side of the domain, of a grid halved along both axes. */
ALWAYS_INLINE void coarsen_inner(const heat_level *fine, const heat_level *coarse, stamps rows, int64_t J, int64_t from,
                                 int64_t to, bool nine) {
  const int64_t first = coarse->grid.owned.lo[HEAT_X];
  real *out[HEAT_LINKS];
  for (int link = 0; link < HEAT_LINKS; link++) out[link] = row_of(coarse, coarse->link[link], J);
  for (int64_t I = from; I < to; I++) {
    const ptrdiff_t n = (ptrdiff_t)(I - first);
    double product[WINDOW][WINDOW];
    apply_to_stamp(fine, &rows.here[n], (const int64_t[HEAT_AXES]){2 * I, 2 * J}, nine, product);
    out[HEAT_LINK_W][n] = (real)coarse_link(&rows.here[n - 1], -2, 0, product);
    out[HEAT_LINK_S][n] = (real)coarse_link(&rows.south[n], 0, -2, product);
    out[HEAT_LINK_SW][n] = (real)coarse_link(&rows.south[n - 1], -2, -2, product);
    out[HEAT_LINK_SE][n] = (real)coarse_link(&rows.south[n + 1], 2, -2, product);
  }
}

static void coarsen_row(const heat_level *fine, const heat_level *coarse, stamps rows, int64_t J) {
  const heat_box owned = coarse->grid.owned;
  const heat_box inner = heat_box_intersect(owned, heat_box_grow(coarse->grid.domain, -1));
  int64_t from = owned.hi[HEAT_X], to = from; /* of the inner part */
  if (coarse->halved[HEAT_X] && coarse->halved[HEAT_Y] && J >= inner.lo[HEAT_Y] && J < inner.hi[HEAT_Y] &&
      inner.lo[HEAT_X] < inner.hi[HEAT_X]) {
    from = inner.lo[HEAT_X];
    to = inner.hi[HEAT_X];
  }
  for (int64_t I = owned.lo[HEAT_X]; I < from; I++) coarsen_cell(fine, coarse, rows, I, J);
  if (fine->links == HEAT_LINKS)
    coarsen_inner(fine, coarse, rows, J, from, to, true);
  else
    coarsen_inner(fine, coarse, rows, J, from, to, false);
  for (int64_t I = to; I < owned.hi[HEAT_X]; I++) coarsen_cell(fine, coarse, rows, I, J);
}

/* Weights and links, row after row. Each rank finds the weights of the cells around its own by itself, as they are
 * before they are rounded to what the level holds. */
static heat_status coarsen(const heat_level *fine, const heat_level *coarse) {
  const heat_box owned = coarse->grid.owned, grown = heat_grid_grown(&coarse->grid, owned, 1);
  if (heat_box_empty(owned)) return heat_ok();
  const size_t columns = (size_t)heat_box_width(owned, HEAT_X) + 2;
  stamp *memory = calloc(2 * columns, sizeof *memory);
  if (memory == NULL) return heat_no_memory("the coarse levels of the multigrid", 2 * columns * sizeof *memory);
  stamps rows = {.south = memory + 1, .here = memory + columns + 1};
  for (int64_t J = grown.lo[HEAT_Y]; J < owned.hi[HEAT_Y]; J++) {
    stamp *before = rows.south;
    rows.south = rows.here;
    rows.here = before;
    for (int64_t I = grown.lo[HEAT_X]; I < grown.hi[HEAT_X]; I++)
      rows.here[I - owned.lo[HEAT_X]] = weigh_cell(fine, coarse, I, J);
    if (J < owned.lo[HEAT_Y]) continue;
    for (int64_t I = owned.lo[HEAT_X]; I < owned.hi[HEAT_X]; I++)
      set_weights(coarse, I, J, &rows.here[I - owned.lo[HEAT_X]]);
    coarsen_row(fine, coarse, rows, J);
  }
  free(memory);
  return heat_ok();
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
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      const star s = star_at(level, i, j);
      double sum = 0;
      for (int n = 0; n < 9; n++) sum += n == 4 ? 0 : fabs(s.link[n / 3][n % 3]);
      const double own = 1 + sum / (s.link[1][1] + s.c);
      most = own > most ? own : most;
    }
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
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      const star s = star_at(level, i, j);
      const double scale = unit / (s.link[1][1] + s.c);
      sums[HEAT_X] += (int64_t)(scale * fabs(s.link[1][0]));
      sums[HEAT_Y] += (int64_t)(scale * fabs(s.link[0][1]));
    }
  }
}

#ifndef SETUP_NAME
#define SETUP_NAME heat_level_setup_float
#endif
extern const heat_level_setup SETUP_NAME;
const heat_level_setup SETUP_NAME = {coarsen, prepare_reaction, set_reaction, bound, couplings};
