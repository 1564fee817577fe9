/* See lanes.h. Vectors are as wide as the processor's. A group of rows is updated from right to left, so that each
 * vector is loaded once and serves as the east neighbour, the middle and the west neighbour one after the other. */
#include "heat2d/numerics/lanes.h"

#include "vectors.h"

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE __builtin_shufflevector
#endif
#endif
#ifndef SHUFFLE
typedef long long order __attribute__((vector_size(VECTOR_BYTES)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (order){__VA_ARGS__})
#endif

/* GROUP: rows that are updated together, as many as there are registers for; VARIED: the same where the material
 * varies. A tile fills about two thirds of a first-level cache of 48 KiB (AVX-512) or 32 KiB. Rows are an odd number of
 * cache lines apart, since rows with an even number of lines between them would fall into the same sets of the cache.
 */
#if VECTOR_BYTES == 64
enum { LANES = 8, ROWS = 12, COLUMNS = 32, PITCH = 35, GROUP = 4, VARIED = 6 };
#define LOWER_HALVES(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER_HALVES(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define UP_A_LANE(a) SHUFFLE(a, a, 7, 0, 1, 2, 3, 4, 5, 6)
#elif VECTOR_BYTES == 32
enum { LANES = 4, ROWS = 16, COLUMNS = 32, PITCH = 36, GROUP = 2, VARIED = 2 };
#define LOWER_HALVES(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define UPPER_HALVES(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#define UP_A_LANE(a) SHUFFLE(a, a, 3, 0, 1, 2)
#else
enum { LANES = 2, ROWS = 24, COLUMNS = 32, PITCH = 36, GROUP = 2, VARIED = 2 };
#define LOWER_HALVES(a, b) SHUFFLE(a, b, 0, 2)
#define UPPER_HALVES(a, b) SHUFFLE(a, b, 1, 3)
#define UP_A_LANE(a) SHUFFLE(a, a, 1, 0)
#endif

ALWAYS_INLINE vec load(const double *from) {
  return *(const vec *)from;
}

ALWAYS_INLINE void store(double *to, vec value) {
  *(vec *)to = value;
}

/* The distance from vector (0, 0) to vector (p, c), in doubles. */
ALWAYS_INLINE ptrdiff_t place(ptrdiff_t p, ptrdiff_t c) {
  return (p * PITCH + c) * LANES;
}

/* Rows become columns. Each round interleaves each vector of the first half of the block with the corresponding one of
 * the second half. */
ALWAYS_INLINE void transpose(vec block[LANES]) {
#pragma GCC unroll 4
  for (int round = 1; round < LANES; round *= 2) {
    vec next[LANES];
#pragma GCC unroll 4
    for (int n = 0; n < LANES / 2; n++) {
      next[2 * n] = LOWER_HALVES(block[n], block[n + LANES / 2]);
      next[2 * n + 1] = UPPER_HALVES(block[n], block[n + LANES / 2]);
    }
#pragma GCC unroll 8
    for (int n = 0; n < LANES; n++) block[n] = next[n];
  }
}

static void load_rows(double *tile, int p, const double *const *from, int first, int last) {
  for (int c = first; c < last; c += LANES) {
    vec block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; l++) block[l] = load(from[l] + c);
    transpose(block);
#pragma GCC unroll 8
    for (int l = 0; l < LANES; l++) store(tile + place(p, c + l), block[l]);
  }
}

static void shift_rows(double *tile, int p, int times, const double *const *from) {
  for (int c = 0; c < COLUMNS; c++) {
    vec shifted = load(tile + place(p, c));
    for (int n = 0; n < times; n++) {
      shifted = UP_A_LANE(shifted);
      shifted[0] = from[n][c];
      store(tile + place(p - (n + 1) * ROWS, c), shifted);
    }
  }
}

static void store_rows(const double *tile, int p, double *const *to, int first, int last) {
  for (int c = first; c < last; c += LANES) {
    vec block[LANES];
#pragma GCC unroll 8
    for (int l = 0; l < LANES; l++) block[l] = load(tile + place(p, c + l));
    transpose(block);
#pragma GCC unroll 8
    for (int l = 0; l < LANES; l++) store(to[l] + c, block[l]);
  }
}

ALWAYS_INLINE void hand_rows_over(const heat_lane_tile *tile, int first, int last) {
  enum { LINE = 8, BELOW = 2 * COLUMNS }; /* doubles; what the next stage will read */
  double *below = tile->below, *lowest = tile->cells - place(2, 0);
  const ptrdiff_t up = place(tile->rows, 0);
  for (int n = 0; n < BELOW && last == COLUMNS; n += LINE) __builtin_prefetch(below + BELOW + n, 1, 3);
#pragma GCC unroll 2
  for (int c = first; c < last; c++)
#pragma GCC unroll 2
    for (int p = 0; p < 2; p++) {
      double *from = below + p * COLUMNS + c, *to = lowest + place(p, c);
      vec lower = load(to + up);
      const double top = to[up + LANES - 1];
      lower = UP_A_LANE(lower);
      lower[0] = *from;
      *from = top;
      store(to, lower);
    }
}

ALWAYS_INLINE void copy_column(double *to, ptrdiff_t to_pitch, const double *from, ptrdiff_t from_pitch, int rows) {
  for (int p = 0; p < rows; p++) store(to + p * to_pitch, load(from + p * from_pitch));
}

static void hand_over(const heat_lane_tile *tile, int first, int last) {
  enum { NEXT = PITCH * LANES };
  const int rows = tile->rows + 2;
  double *lowest = tile->cells - place(2, 0);
  hand_rows_over(tile, first, last);
  for (int c = 0; c < 2 && last == COLUMNS; c++)
    copy_column(tile->right + c * rows * LANES, LANES, lowest + place(0, COLUMNS - 2 + c), NEXT, rows);
  for (int c = 0; c < 2 && first == 0 && last > 0; c++)
    copy_column(lowest + place(0, c - 2), NEXT, tile->left + c * rows * LANES, LANES, rows);
}

/* sum - n u, for an n that is a power of two: see kernel.c. */
ALWAYS_INLINE vec less(vec sum, double n, vec u) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  vec difference;
#pragma GCC unroll 8
  for (int lane = 0; lane < LANES; lane++) difference[lane] = __builtin_fma(-n, u[lane], sum[lane]);
  return difference;
#else
  return sum - n * u;
#endif
}

ALWAYS_INLINE void load_column(vec *column, const double *from, ptrdiff_t pitch) {
#pragma GCC unroll 8
  for (int g = 0; g < GROUP + 2; g++) column[g] = load(from + g * pitch);
}

ALWAYS_INLINE void store_column(double *to, const vec *column) {
#pragma GCC unroll 8
  for (int g = 0; g < GROUP + 2; g++) store(to + g * LANES, column[g]);
}

/* Update one column of a group of rows. The three columns that are read have two more rows below the group. */
ALWAYS_INLINE void update_column(double *out, const vec *west, const vec *here, const vec *east, double a, double b,
                                 bool isotropic) {
#pragma GCC unroll 8
  for (int g = 0; g < GROUP; g++) {
    const vec u = here[g + 1], along_x = west[g + 1] + east[g + 1], along_y = here[g] + here[g + 2];
    const vec change =
        isotropic ? a * less(along_x + along_y, 4, u) : a * less(along_x, 2, u) + b * less(along_y, 2, u);
    store(out + place(g, 0), u + change);
  }
}

/* Update columns from the top right to the bottom left, so that a value is overwritten only when it is not needed any
 * more. In a `whole` tile the columns -2 and -1 are read from `left`, and the last two columns are stored in `right`.
 */
ALWAYS_INLINE void update_columns(const heat_lane_tile *tile, int first, int last, double a, double b, bool isotropic,
                                  bool whole) {
  enum { NEXT = PITCH * LANES };
  const double *left = tile->left;
  double *right = tile->right;
  const ptrdiff_t second = (tile->rows + 2) * (ptrdiff_t)LANES; /* where the second of the two columns begins */
  for (int p = tile->rows - GROUP; p >= 0; p -= GROUP) {
    vec x[GROUP + 2], y[GROUP + 2], z[GROUP + 2];
    const double *in = tile->cells + place(p - 2, last - 1);
    double *out = tile->cells + place(p, last - 1);
    int rest = whole ? COLUMNS - 2 : last - first;
    load_column(x, in, NEXT);
    load_column(y, in - LANES, NEXT);
    if (whole) {
      store_column(right + p * LANES, y);
      store_column(right + second + p * LANES, x);
    }
    in -= 2 * (ptrdiff_t)LANES;
    for (; rest >= 3; rest -= 3) { /* the three arrays take turns as east, here and west, so that nothing is moved */
      load_column(z, in, NEXT);
      update_column(out, z, y, x, a, b, isotropic);
      load_column(x, in - LANES, NEXT);
      update_column(out - LANES, x, z, y, a, b, isotropic);
      load_column(y, in - 2 * (ptrdiff_t)LANES, NEXT);
      update_column(out - 2 * (ptrdiff_t)LANES, y, x, z, a, b, isotropic);
      in -= 3 * (ptrdiff_t)LANES;
      out -= 3 * (ptrdiff_t)LANES;
    }
    if (whole) {
      load_column(z, left + second + p * LANES, LANES);
      update_column(out, z, y, x, a, b, isotropic);
      load_column(x, left + p * LANES, LANES);
      update_column(out - LANES, x, z, y, a, b, isotropic);
      continue;
    }
    if (rest == 0) continue;
    load_column(z, in, NEXT);
    update_column(out, z, y, x, a, b, isotropic);
    if (rest == 1) continue;
    load_column(x, in - LANES, NEXT);
    update_column(out - LANES, x, z, y, a, b, isotropic);
  }
}

static void update(const heat_lane_tile *tile, int first, int last, double a, double b) {
  if (a == b)
    update_columns(tile, first, last, a, b, true, false);
  else
    update_columns(tile, first, last, a, b, false, false);
}

static void update_whole(const heat_lane_tile *tile, double a, double b) {
  enum { LINE = 8 };
  const int room = 2 * (tile->rows + 2) * LANES; /* doubles; what the next stage will read */
  for (int n = 0; n < room; n += LINE) __builtin_prefetch(tile->left + room + n, 0, 3);
  hand_rows_over(tile, 0, COLUMNS);
  if (a == b)
    update_columns(tile, 0, COLUMNS, a, b, true, true);
  else
    update_columns(tile, 0, COLUMNS, a, b, false, true);
}

ALWAYS_INLINE void load_varied(vec *column, const double *from) {
#pragma GCC unroll 8
  for (int g = 0; g < VARIED + 2; g++) column[g] = load(from + place(g, 0));
}

/* The properties of varying material for each combination of which there is a loop. */
typedef struct varied {
  bool same, one_inverse, source; /* see heat_lane_material */
} varied;

/* The coefficients of a column of a group: rows of vectors, or one number for all. */
typedef struct factors {
  const double *kx, *ky, *inverse, *q;
  double c, one_kx, one_ky, one_factor, one_q;
} factors;

/* Update one column of a group of rows of varying material. `flux` is the heat that flows in through the east faces of
 * the cells; afterwards it is the heat that flows out through their west faces. */
ALWAYS_INLINE void vary_column(double *out, const vec *west, const vec *here, vec *flux, factors f, varied v) {
  const bool same = v.same, one_factor = v.same || v.one_inverse;
  vec south = here[1] - here[0];
  south = same ? f.one_ky * south : load(f.ky) * south;
#pragma GCC unroll 8
  for (int g = 0; g < VARIED; g++) {
    const ptrdiff_t at = place(g, 0);
    const vec u = here[g + 1], x = u - west[g + 1], y = here[g + 2] - u;
    const vec along_x = same ? f.one_kx * x : load(f.kx + at) * x;
    const vec north = same ? f.one_ky * y : load(f.ky + at + place(1, 0)) * y;
    vec change = (flux[g] - along_x) + (north - south);
    if (v.source) change = same ? change + f.one_q : change + load(f.q + at);
    change = one_factor ? f.one_factor * change : (f.c * load(f.inverse + at)) * change;
    store(out + at, u + change);
    flux[g] = along_x;
    south = north;
  }
}

ALWAYS_INLINE factors factors_left(factors f, varied v) {
  if (v.same) return f;
  f.kx -= LANES;
  f.ky -= LANES;
  if (!v.one_inverse) f.inverse -= LANES;
  if (v.source) f.q -= LANES;
  return f;
}

/* Update columns of varying material, in the order of update_columns. */
ALWAYS_INLINE void vary_columns(double *tile, int first, int last, const heat_lane_material *m, varied v) {
  for (int p = ROWS - VARIED; p >= 0; p -= VARIED) {
    const ptrdiff_t at = place(p, last - 1 - first);
    factors f = {.c = m->c};
    if (v.same || v.one_inverse) f.one_factor = m->c * *m->inverse;
    if (v.same) {
      f.one_kx = *m->kx;
      f.one_ky = *m->ky;
      if (v.source) f.one_q = *m->q;
    } else {
      f.kx = m->kx + at;
      f.ky = m->ky + at;
      if (!v.one_inverse) f.inverse = m->inverse + at;
      if (v.source) f.q = m->q + at;
    }
    vec x[VARIED + 2], y[VARIED + 2], flux[VARIED];
    const double *in = tile + place(p - 2, last - 1);
    double *out = tile + place(p, last - 1);
    int rest = last - first;
    load_varied(y, in);
    load_varied(x, in - LANES);
#pragma GCC unroll 8
    for (int g = 0; g < VARIED; g++) {
      const vec difference = y[g + 1] - x[g + 1];
      flux[g] = v.same ? f.one_kx * difference : load(m->kx_east + place(p + g, 0)) * difference;
    }
    in -= 2 * (ptrdiff_t)LANES;
    for (; rest >= 2; rest -= 2) { /* the two arrays take turns, so that nothing is moved */
      load_varied(y, in);
      vary_column(out, y, x, flux, f, v);
      f = factors_left(f, v);
      load_varied(x, in - LANES);
      vary_column(out - LANES, x, y, flux, f, v);
      f = factors_left(f, v);
      in -= 2 * (ptrdiff_t)LANES;
      out -= 2 * (ptrdiff_t)LANES;
    }
    if (rest == 0) continue;
    load_varied(y, in);
    vary_column(out, y, x, flux, f, v);
  }
}

static void update_varying(double *tile, int first, int last, const heat_lane_material *material) {
  const bool source = material->q != NULL;
  if (material->same && !source)
    vary_columns(tile, first, last, material, (varied){.same = true});
  else if (material->same)
    vary_columns(tile, first, last, material, (varied){.same = true, .source = true});
  else if (material->one_inverse && !source)
    vary_columns(tile, first, last, material, (varied){.one_inverse = true});
  else if (material->one_inverse)
    vary_columns(tile, first, last, material, (varied){.one_inverse = true, .source = true});
  else if (!source)
    vary_columns(tile, first, last, material, (varied){.source = false});
  else
    vary_columns(tile, first, last, material, (varied){.source = true});
}

static double arithmetic(int64_t rounds, double a) {
  enum { MANY = HEAT_LANES_AT_ONCE };
  vec u[MANY];
  double sum = 0;
  for (int n = 0; n < MANY; n++)
    for (int lane = 0; lane < LANES; lane++) u[n][lane] = 1 + n;
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
    for (int n = 0; n < MANY; n++) {
      const vec along_x = u[(n + 1) % MANY] + u[(n + 2) % MANY], along_y = u[(n + 3) % MANY] + u[(n + 5) % MANY];
      u[n] = u[n] + a * less(along_x + along_y, 4, u[n]);
    }
  }
  for (int n = 0; n < MANY; n++)
    for (int lane = 0; lane < LANES; lane++) sum += u[n][lane];
  return sum;
}

_Static_assert(ROWS % GROUP == 0 && ROWS % VARIED == 0 && COLUMNS % LANES == 0 && COLUMNS % 3 == 2,
               "as the loops take them");

#ifndef LANES_NAME
#define LANES_NAME heat_lanes_base
#endif
extern const heat_lanes LANES_NAME;
const heat_lanes LANES_NAME = {.lanes = LANES,
                               .rows = ROWS,
                               .step = GROUP,
                               .columns = COLUMNS,
                               .pitch = PITCH,
                               .load = load_rows,
                               .shift = shift_rows,
                               .store = store_rows,
                               .hand_over = hand_over,
                               .update = update,
                               .update_varying = update_varying,
                               .update_whole = update_whole,
                               .arithmetic = arithmetic};
