/* Exact sums of doubles, so that a total has the same bits in whatever order and on however many ranks it is formed.
 *
 * A long accumulator (Kulisch 1971): the whole range of a double laid out as base-2^32 digits in 64-bit integers, so
 * that 2^30 additions fit before carries have to be passed on. */
#ifndef HEAT2D_SUM_H
#define HEAT2D_SUM_H

#include <mpi.h>
#include <stdint.h>

enum { HEAT_SUM_DIGITS = 70 }; /* 2099 bits, room for carries, and the last one counts values that are not finite */

typedef struct heat_sum {
  int64_t digit[HEAT_SUM_DIGITS];
  int64_t pending; /* additions since the carries were passed on */
} heat_sum;

/* sum += value. Local. */
void heat_sum_add(heat_sum *sum, double value);

/* The same for many values, and for one value `count` >= 0 times. Local. */
void heat_sum_add_many(heat_sum *sum, const double *values, int64_t count);
void heat_sum_add_times(heat_sum *sum, double value, int64_t count);

/* sum += other. Local. */
void heat_sum_merge(heat_sum *sum, const heat_sum *other);

/* The total of one accumulator per rank, in canonical form on every rank. Collective over comm. */
heat_sum heat_sum_reduce(const heat_sum *local, MPI_Comm comm);

/* The sum as a double (faithfully rounded; NaN when a value was not finite). Local. */
double heat_sum_value(const heat_sum *sum);

#endif
