/* Several cells of a level at once, one in each lane of a vector. They are neighbours in a row, or every second cell of
 * a row, or, beside walls and at the ends of periodic axes, one cell in all lanes. Lanes do not influence each other,
 * so the bits do not depend on how many there are. */
#ifndef HEAT2D_MULTIGRID_GROUP_H
#define HEAT2D_MULTIGRID_GROUP_H

#include "multigrid_rows.h"

/* gcc 12 misaligns variables of 64 bytes under the address sanitizer (its bug 110027). */
#if defined(__AVX512F__) && !defined(__SANITIZE_ADDRESS__)
enum { LANES = 8 };
#elif defined(__AVX__)
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif
typedef double vec __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t mask __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(sizeof(int64_t)), may_alias));
typedef real reals __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));

ALWAYS_INLINE vec choose(mask where, vec yes, vec no) {
  return (vec)((where & (mask)yes) | (~where & (mask)no));
}

ALWAYS_INLINE vec magnitude(vec value) {
  return (vec)((mask)value & INT64_MAX);
}

/* Load one value into all lanes if `spread` is set, and consecutive values otherwise. */
ALWAYS_INLINE vec load(const real *from, bool spread) {
  if (spread) return (vec){0} + (double)*from;
  return __builtin_convertvector(*(const reals *)from, vec);
}

ALWAYS_INLINE void store(real *to, vec value, ptrdiff_t count) {
  if (count >= LANES) {
    *(reals *)to = __builtin_convertvector(value, reals);
    return;
  }
  for (ptrdiff_t lane = 0; lane < count; lane++) to[lane] = (real)value[lane];
}

/* The links of cells to their eight neighbours, [1 + dj][1 + di], in the middle their sum; and the reaction c. */
typedef struct star {
  vec link[3][3], c;
} star;

/* Where the links of some cells are stored, each at the cell to which the link belongs. `east` and `west` in a name
 * stand for the cell to the east or west of that. */
typedef struct group {
  const real *w, *w_east, *s, *s_north, *sw, *sw_north_east, *se, *se_north_west, *c;
  bool spread, nine;
} group;

ALWAYS_INLINE star star_of(group at) {
  star s = {.c = load(at.c, at.spread)};
  s.link[1][0] = load(at.w, at.spread);
  s.link[1][2] = load(at.w_east, at.spread);
  s.link[0][1] = load(at.s, at.spread);
  s.link[2][1] = load(at.s_north, at.spread);
  s.link[1][1] = (s.link[1][0] + s.link[1][2]) + (s.link[0][1] + s.link[2][1]);
  if (!at.nine) return s;
  s.link[0][0] = load(at.sw, at.spread);
  s.link[2][2] = load(at.sw_north_east, at.spread);
  s.link[0][2] = load(at.se, at.spread);
  s.link[2][0] = load(at.se_north_west, at.spread);
  s.link[1][1] += (s.link[0][0] + s.link[2][2]) + (s.link[0][2] + s.link[2][0]);
  return s;
}

/* The places for cell (i, j), and for the cells behind it in its row unless `spread` is set. */
ALWAYS_INLINE group cells_at(const heat_level *level, int64_t i, int64_t j, bool spread) {
  const ptrdiff_t at = (ptrdiff_t)(i - level->grid.owned.lo[HEAT_X]);
  const links l = links_of(level, j);
  group found = {.w = l.w + at,
                 .w_east = l.w + at + 1,
                 .s = l.s + at,
                 .s_north = l.s_north + at,
                 .c = l.c + at,
                 .spread = spread,
                 .nine = level->links == HEAT_LINKS};
  if (!found.nine) return found;
  found.sw = l.sw + at;
  found.sw_north_east = l.sw_north + at + 1;
  found.se = l.se + at;
  found.se_north_west = l.se_north + at - 1;
  return found;
}

#endif
