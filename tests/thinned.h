/* The sanitizers look at the code and not at the numbers that it computes, and make it several times as slow: with them
 * a test that goes through the same code again and again takes only some of its cases. */
#ifndef HEAT2D_TESTS_THINNED_H
#define HEAT2D_TESTS_THINNED_H

#include <stdbool.h>
#include <stdint.h>

#ifdef HEAT2D_SANITIZED /* by the build */
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

/* Whether the n-th case is taken: one of `of`, or all. Where cases combine several choices, a number that has no factor
 * in common with theirs meets each of these. */
static inline bool is_taken(int64_t n, int of) {
  return !IS_SANITIZED || n % of == 0;
}

/* How many are taken of so many that are alike. */
static inline int64_t fewer(int64_t count, int of) {
  return IS_SANITIZED ? (count + of - 1) / of : count;
}

#endif
