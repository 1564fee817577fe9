/* The plain loops, and the marching loops, which give the same bits. Runs use the marching loops for the Euler step and
 * for a sum of the largest number of terms, as in the stages of RKL2 (where they are 1.3 times as fast as the plain
 * loop).
 *
 * In a marching loop a few vectors side by side go up the rows of a box. The values of the row to the south and of the
 * row itself are still in registers, since they were the row itself and the row to the north in the step before. So
 * each value of u is loaded once as the neighbour to the north, and twice more, unaligned, as the neighbour to the west
 * and to the east (or is taken from the vector beside it). With varying material the heat that flows through a north
 * face is kept for the next row, where it flows through the south face. Boxes are small enough to stay in the
 * first-level cache (see tiles.c).
 *
 * All loops are made from two inlined functions whose flags are constants. `out` may be one of x, but neither u nor
 * another array, so that cells are independent of each other; this is what `simd` says to the compiler. */
#include "heat2d/numerics/kernel.h"

#include "vectors.h"

#include <math.h>

enum { LANES = VECTOR_BYTES / sizeof(double), GROUP = 2 }; /* GROUP: vectors that march side by side */

/* From two vectors that lie side by side: the vector one cell further east than the first, and the one that is one cell
 * further west than the second. Where each vector is a whole cache line an unaligned vector costs two loads, and this
 * costs less. */
#if VECTOR_BYTES == 64 && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHARED true
#define shifted_east(a, b) __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8)
#define shifted_west(a, b) __builtin_shufflevector(a, b, 7, 8, 9, 10, 11, 12, 13, 14)
#endif
#endif
#ifndef SHARED
#define SHARED false
#define shifted_east(a, b) (b)
#define shifted_west(a, b) (a)
#endif

/* sum - n u for an n that is a power of two. n u is exact, so a fused multiply-add rounds once, as the difference does,
 * and gives the same bits. It saves an operation, and additions are what the processor has too few units for. */
ALWAYS_INLINE double less(double sum, double n, double u) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return __builtin_fma(-n, u, sum);
#else
  return sum - n * u;
#endif
}

ALWAYS_INLINE vec vec_less(vec sum, double n, vec u) {
  vec difference;
  for (int lane = 0; lane < LANES; lane++) difference[lane] = less(sum[lane], n, u[lane]);
  return difference;
}

typedef enum material { ISOTROPIC, UNIFORM, VARYING } material;

/* The factors of a sweep, which include c: see kernel.h. */
typedef struct factors {
  double a, b, d, c;
  double w[HEAT_TERMS];
} factors;

static factors factors_of(const heat_sweep *sweep) {
  const double c = sweep->c;
  factors f = {.a = c * sweep->rx, .b = c * sweep->ry, .d = c * sweep->s, .c = c};
  for (int k = 0; k < sweep->terms; k++) f.w[k] = sweep->w[k];
  return f;
}

static material material_of(const heat_sweep *sweep, factors f) {
  return sweep->kx != NULL ? VARYING : f.a == f.b ? ISOTROPIC : UNIFORM;
}

/* The arrays of one row. It is passed by value, so that the compiler knows that nothing which the loop reads is changed
 * by what it writes. */
typedef struct row {
  double *out;
  const double *u, *south, *north;
  const double *x[HEAT_TERMS];
  const double *kx, *ky, *ky_north, *inverse, *q;
} row;

ALWAYS_INLINE row row_at(const heat_sweep *sweep, ptrdiff_t at) {
  row r = {.out = sweep->out == NULL ? NULL : sweep->out + at, .u = sweep->u + at};
  r.south = r.u - sweep->stride;
  r.north = r.u + sweep->stride;
  for (int k = 0; k < sweep->terms; k++) r.x[k] = sweep->x[k] + at;
  if (sweep->kx != NULL) {
    r.kx = sweep->kx + at;
    r.ky = sweep->ky + at;
    r.ky_north = r.ky + sweep->stride;
    r.inverse = sweep->inverse + at;
  }
  if (sweep->q != NULL) r.q = sweep->q + at;
  return r;
}

/* c L(u) at column i. */
ALWAYS_INLINE double change_at(row r, factors f, ptrdiff_t i, material kind, bool source) {
  const double u = r.u[i], west = r.u[i - 1], east = r.u[i + 1], south = r.south[i], north = r.north[i];
  if (kind == VARYING) {
    const double along_x = r.kx[i + 1] * (east - u) - r.kx[i] * (u - west);
    const double along_y = r.ky_north[i] * (north - u) - r.ky[i] * (u - south);
    const double conduction = along_x + along_y;
    return (f.c * r.inverse[i]) * (source ? conduction + r.q[i] : conduction);
  }
  const double conduction = kind == ISOTROPIC ? f.a * less((west + east) + (south + north), 4, u)
                                              : f.a * less(west + east, 2, u) + f.b * less(south + north, 2, u);
  return source ? conduction + f.d * r.q[i] : conduction;
}

/* Compute the weighted sum of a row. The number of terms is a constant where this is inlined; without that the compiler
 * makes no vector instructions. The weights are single variables, since an array of them would be put on the stack. */
ALWAYS_INLINE void terms_row(const heat_sweep *sweep, row r, ptrdiff_t columns, int terms) {
  const double w = sweep->w[0], w1 = terms > 1 ? sweep->w[1] : 0, w2 = terms > 2 ? sweep->w[2] : 0;
  const double w3 = terms > 3 ? sweep->w[3] : 0;
#pragma omp simd
  for (ptrdiff_t i = 0; i < columns; i++) {
    double sum = w * r.x[0][i];
    if (terms > 1) sum += w1 * r.x[1][i];
    if (terms > 2) sum += w2 * r.x[2][i];
    if (terms > 3) sum += w3 * r.x[3][i];
    r.out[i] = sum;
  }
}

static void sum_row(const heat_sweep *sweep, row r, ptrdiff_t columns) {
  enum { ONE = 1, TWO, THREE };
  if (sweep->terms == ONE)
    terms_row(sweep, r, columns, ONE);
  else if (sweep->terms == TWO)
    terms_row(sweep, r, columns, TWO);
  else if (sweep->terms == THREE)
    terms_row(sweep, r, columns, THREE);
  else
    terms_row(sweep, r, columns, HEAT_TERMS);
}

/* Add c L(u) to the weighted sum that `out` holds. */
ALWAYS_INLINE void add_row(row r, factors f, ptrdiff_t columns, material kind, bool source) {
#pragma omp simd
  for (ptrdiff_t i = 0; i < columns; i++) r.out[i] = r.out[i] + change_at(r, f, i, kind, source);
}

/* Compute a row of the Euler step, whose only term is u with the weight 1. */
ALWAYS_INLINE void euler_row(row r, factors f, ptrdiff_t columns, material kind, bool source) {
#pragma omp simd
  for (ptrdiff_t i = 0; i < columns; i++) r.out[i] = r.u[i] + change_at(r, f, i, kind, source);
}

static bool is_euler(const heat_sweep *sweep) {
  return sweep->terms == 1 && sweep->x[0] == sweep->u && sweep->w[0] == 1;
}

ALWAYS_INLINE void plain_box(const heat_sweep *sweep, factors f, heat_part part, material kind, bool source) {
  const bool euler = is_euler(sweep);
  for (ptrdiff_t j = 0; j < part.rows; j++) {
    const row r = row_at(sweep, part.at + j * sweep->stride);
    if (euler) {
      euler_row(r, f, part.columns, kind, source);
    } else {
      sum_row(sweep, r, part.columns);
      add_row(r, f, part.columns, kind, source);
    }
  }
}

/* The place in each array of the first lane in a column of vectors. */
typedef struct cursor {
  double *out;
  const double *u, *kx, *ky, *inverse, *q;
  const double *x[HEAT_TERMS]; /* all terms but the first, which is u */
} cursor;

/* The properties for each combination of which there is a marching loop. */
typedef struct marching {
  material kind;
  bool source;
  bool weighted; /* the sum has HEAT_TERMS terms, the first of them u; otherwise the sum is u */
} marching;

ALWAYS_INLINE vec load(const double *from) {
  return *(const vec *)from;
}

ALWAYS_INLINE cursor advance(cursor p, ptrdiff_t step, marching m) {
  p.out += step;
  p.u += step;
  if (m.kind == VARYING) {
    p.kx += step;
    p.ky += step;
    p.inverse += step;
  }
  if (m.source) p.q += step;
  for (int k = 1; k < HEAT_TERMS && m.weighted; k++) p.x[k] += step;
  return p;
}

/* The weighted sum, added up in the order of terms_row. */
ALWAYS_INLINE vec sum_of(cursor p, ptrdiff_t i, factors f, vec u, marching m) {
  if (!m.weighted) return u;
  vec sum = f.w[0] * u;
#pragma GCC unroll 4
  for (int k = 1; k < HEAT_TERMS; k++) sum = sum + f.w[k] * load(p.x[k] + i);
  return sum;
}

/* Find the neighbours to the east of `group` vectors that lie side by side at `from`. */
ALWAYS_INLINE void load_east(int group, const double *from, const vec *here, vec *east) {
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) {
    if (SHARED && v + 1 < group)
      east[v] = shifted_east(here[v], here[v + 1]);
    else
      east[v] = load(from + v * LANES + 1);
  }
}

ALWAYS_INLINE void load_west(int group, const double *from, const vec *here, vec *west) {
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) {
    if (SHARED && v > 0)
      west[v] = shifted_west(here[v - 1], here[v]);
    else
      west[v] = load(from + v * LANES - 1);
  }
}

/* Compute the heat that flows in through the east faces, and the heat that flows out through the west ones, which
 * replaces the values to the west. */
ALWAYS_INLINE void heat_along_x(int group, cursor p, const vec *here, vec *west, vec *east) {
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) west[v] = load(p.kx + v * LANES) * (here[v] - west[v]);
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) {
    const ptrdiff_t i = v * LANES + 1;
    if (SHARED && v + 1 < group)
      east[v] = shifted_east(west[v], west[v + 1]);
    else
      east[v] = load(p.kx + i) * (load(p.u + i) - here[v]);
  }
}

/* Update one row of `group` vectors. u in this row and in the row to the south is given; the row to the north is loaded
 * and kept for the next row. `flux` is the heat that flows in through the south faces; afterwards it is the heat that
 * flows out through the north faces, which is what comes in through the next row's south faces. */
ALWAYS_INLINE void march_row(int group, cursor p, ptrdiff_t stride, factors f, marching m, const vec *south,
                             const vec *here, vec *north, vec *flux) {
  const material kind = m.kind;
  const bool source = m.source;
  vec west[GROUP], east[GROUP];
  load_west(group, p.u, here, west);
  if (kind == VARYING)
    heat_along_x(group, p, here, west, east);
  else
    load_east(group, p.u, here, east);
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) {
    const ptrdiff_t i = v * LANES;
    const vec u = here[v];
    north[v] = load(p.u + stride + i);
    vec change;
    if (kind == VARYING) {
      const vec up = load(p.ky + stride + i) * (north[v] - u);
      change = (east[v] - west[v]) + (up - flux[v]);
      if (source) change = change + load(p.q + i);
      change = (f.c * load(p.inverse + i)) * change;
      flux[v] = up;
    } else {
      if (kind == ISOTROPIC)
        change = f.a * vec_less((west[v] + east[v]) + (south[v] + north[v]), 4, u);
      else
        change = f.a * vec_less(west[v] + east[v], 2, u) + f.b * vec_less(south[v] + north[v], 2, u);
      if (source) change = change + f.d * load(p.q + i);
    }
    *(vec *)(p.out + i) = sum_of(p, i, f, u, m) + change;
  }
}

ALWAYS_INLINE void march(int group, cursor p, ptrdiff_t rows, ptrdiff_t stride, factors f, marching m) {
  vec x[GROUP], y[GROUP], z[GROUP], flux[GROUP];
#pragma GCC unroll 4
  for (int v = 0; v < group; v++) {
    x[v] = load(p.u - stride + v * LANES);
    y[v] = load(p.u + v * LANES);
    flux[v] = y[v];
    if (m.kind == VARYING) flux[v] = load(p.ky + v * LANES) * (y[v] - x[v]);
  }
  for (; rows >= 3; rows -= 3) { /* the three arrays take turns as south, here and north, so that nothing is moved */
    march_row(group, p, stride, f, m, x, y, z, flux);
    p = advance(p, stride, m);
    march_row(group, p, stride, f, m, y, z, x, flux);
    p = advance(p, stride, m);
    march_row(group, p, stride, f, m, z, x, y, flux);
    p = advance(p, stride, m);
  }
  if (rows > 0) march_row(group, p, stride, f, m, x, y, z, flux);
  p = advance(p, stride, m);
  if (rows > 1) march_row(group, p, stride, f, m, y, z, x, flux);
}

typedef void box_loop(const heat_sweep *sweep, factors f, heat_part part);

/* March through a box; `rest` does the columns that do not fill a vector. */
ALWAYS_INLINE void march_box(const heat_sweep *sweep, factors f, heat_part part, marching m, box_loop *rest) {
  const ptrdiff_t stride = sweep->stride;
  ptrdiff_t i = 0;
  cursor p = {.out = sweep->out + part.at, .u = sweep->u + part.at};
  for (int k = 1; k < HEAT_TERMS && m.weighted; k++) p.x[k] = sweep->x[k] + part.at;
  if (m.kind == VARYING) {
    p.kx = sweep->kx + part.at;
    p.ky = sweep->ky + part.at;
    p.inverse = sweep->inverse + part.at;
  }
  if (m.source) p.q = sweep->q + part.at;
  for (; i + GROUP * LANES <= part.columns; i += GROUP * LANES) march(GROUP, advance(p, i, m), part.rows, stride, f, m);
  for (; i + LANES <= part.columns; i += LANES) march(1, advance(p, i, m), part.rows, stride, f, m);
  if (i < part.columns) rest(sweep, f, (heat_part){part.at + i, part.columns - i, part.rows});
}

#define LOOPS(kind, source, name)                                                                                      \
  static void plain_##name(const heat_sweep *sweep, factors f, heat_part part) {                                       \
    plain_box(sweep, f, part, kind, source);                                                                           \
  }                                                                                                                    \
  static void march_##name(const heat_sweep *sweep, factors f, heat_part part) {                                       \
    march_box(sweep, f, part, (marching){kind, source, false}, plain_##name);                                          \
  }                                                                                                                    \
  static void sum_##name(const heat_sweep *sweep, factors f, heat_part part) {                                         \
    march_box(sweep, f, part, (marching){kind, source, true}, plain_##name);                                           \
  }
LOOPS(ISOTROPIC, false, isotropic)
LOOPS(ISOTROPIC, true, isotropic_source)
LOOPS(UNIFORM, false, uniform)
LOOPS(UNIFORM, true, uniform_source)
LOOPS(VARYING, false, varying)
LOOPS(VARYING, true, varying_source)

void heat_kernel_plain(const heat_sweep *sweep, heat_part part) {
  static box_loop *const loops[][2] = {[ISOTROPIC] = {plain_isotropic, plain_isotropic_source},
                                       [UNIFORM] = {plain_uniform, plain_uniform_source},
                                       [VARYING] = {plain_varying, plain_varying_source}};
  if (sweep->c == 0) {
    for (ptrdiff_t j = 0; j < part.rows; j++) sum_row(sweep, row_at(sweep, part.at + j * sweep->stride), part.columns);
    return;
  }
  const factors f = factors_of(sweep);
  loops[material_of(sweep, f)][sweep->q != NULL](sweep, f, part);
}

void heat_kernel_march(const heat_sweep *sweep, heat_part part) {
  static box_loop *const loops[][2] = {[ISOTROPIC] = {march_isotropic, march_isotropic_source},
                                       [UNIFORM] = {march_uniform, march_uniform_source},
                                       [VARYING] = {march_varying, march_varying_source}};
  static box_loop *const sums[][2] = {[ISOTROPIC] = {sum_isotropic, sum_isotropic_source},
                                      [UNIFORM] = {sum_uniform, sum_uniform_source},
                                      [VARYING] = {sum_varying, sum_varying_source}};
  const bool weighted = sweep->terms == HEAT_TERMS && sweep->x[0] == sweep->u;
  if (sweep->c == 0 || !(weighted || is_euler(sweep))) {
    heat_kernel_plain(sweep, part);
    return;
  }
  const factors f = factors_of(sweep);
  (weighted ? sums : loops)[material_of(sweep, f)][sweep->q != NULL](sweep, f, part);
}

double heat_kernel_rate(const heat_sweep *sweep, heat_part part) {
  heat_sweep unit = *sweep;
  unit.c = 1;
  const factors f = factors_of(&unit);
  const material kind = material_of(&unit, f);
  double largest = 0;
  for (ptrdiff_t j = 0; j < part.rows; j++) {
    const row r = row_at(sweep, part.at + j * sweep->stride);
    for (ptrdiff_t i = 0; i < part.columns; i++) {
      const double rate = fabs(change_at(r, f, i, kind, sweep->q != NULL));
      if (isnan(rate)) return rate;
      if (rate > largest) largest = rate;
    }
  }
  return largest;
}
