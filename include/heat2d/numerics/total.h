/* Terms of sums that are exact in any order (see products.c), for files that are compiled for several kinds of
 * processors. A loop adds up high_part, low_part and the bits of no_room of up to HEAT_TOTAL_RUN terms in its own
 * variables, so that it can be vectorised. Then it adds these to a heat_total. */
#ifndef HEAT2D_TOTAL_H
#define HEAT2D_TOTAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The sum of the terms of some cells, each multiplied by a scale. */
typedef struct heat_total {
  int64_t high[2], low[2]; /* each sum is [0] + 2^32 [1] */
  int64_t over;            /* number of runs with a term that is too large for the scale */
} heat_total;

enum {
  HEAT_TOTAL_RUN = 2048, /* terms of a run: the sum of their integers, which are below 2^51, fits into 64 bits */
  HEAT_TOTAL_LOW = 51,   /* bits of the lower integer */
  HEAT_TOTAL_HALF = 32   /* sums of runs are kept in halves */
};

/* If this is added to a number below 2^51, the lower bits of the result are its integer part. */
static const double total_cutter = 0x1.8p52;
static const uint64_t total_cutter_bits = 0x4338000000000000;
static const int64_t total_limit_bits = 0x4320000000000000 - 1; /* just below 2^51 */
static const int64_t total_half_mask = 0xffffffff;

static inline int64_t total_bits(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline uint64_t high_part(double v) {
  return (uint64_t)total_bits(v + total_cutter);
}

static inline uint64_t low_part(double v) {
  const double cut = v + total_cutter, rest = v - (cut - total_cutter);
  return (uint64_t)total_bits(rest * 0x1p51 + total_cutter);
}

/* Negative where a term is too large for the scale; its parts are then meaningless, and may wrap around. */
static inline int64_t no_room(double v) {
  return total_limit_bits - (total_bits(v) & INT64_MAX);
}

static inline void enter_half(int64_t half[2], int64_t sum) {
  half[0] += sum & total_half_mask;
  half[1] += (sum - (sum & total_half_mask)) / (total_half_mask + 1);
}

/* Add the sums of a run of `count` terms to a total. */
static inline void enter_run(heat_total *total, uint64_t high, uint64_t low, int64_t over, ptrdiff_t count) {
  enter_half(total->high, (int64_t)(high - (uint64_t)count * total_cutter_bits));
  enter_half(total->low, (int64_t)(low - (uint64_t)count * total_cutter_bits));
  total->over += over < 0;
}

static inline void heat_total_add(heat_total *all, const heat_total *part) {
  for (int half = 0; half < 2; half++) {
    all->high[half] += part->high[half];
    all->low[half] += part->low[half];
  }
  all->over += part->over;
}

/* The end of the run that begins at a column. */
static inline ptrdiff_t run_end(ptrdiff_t from, ptrdiff_t columns) {
  return from + HEAT_TOTAL_RUN < columns ? from + HEAT_TOTAL_RUN : columns;
}

#endif
