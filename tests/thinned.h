/* Sanitizers check the code and not the numbers that it computes, and make it several times slower. With them a test
 * that executes the same code in many cases takes only some of the cases. */
#ifndef HEAT2D_TESTS_THINNED_H
#define HEAT2D_TESTS_THINNED_H

#include <stdbool.h>
#include <stdint.h>

#ifdef HEAT2D_SANITIZED /* defined by the build */
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

/* Whether the n-th case is taken: one of `of` cases with sanitizers, otherwise all. If cases combine several choices,
 * `of` should have no factor in common with their numbers, so that each choice occurs. */
static inline bool is_taken(int64_t n, int of) {
  return !IS_SANITIZED || n % of == 0;
}

/* How many of `count` similar cases are taken. */
static inline int64_t fewer(int64_t count, int of) {
  return IS_SANITIZED ? (count + of - 1) / of : count;
}

#endif
