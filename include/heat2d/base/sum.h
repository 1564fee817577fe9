/* Exact sums of doubles, so that a total has the same bits in whatever order and on however many ranks it is formed.
 *
 * The sum is kept in a long accumulator (Kulisch 1971): a fixed-point number that covers the whole range of a double,
 * stored as digits of base 2^32 in 64-bit integers. The spare bits of each integer hold the carries of 2^30 additions
 * before they have to be propagated. */
#ifndef HEAT2D_SUM_H
#define HEAT2D_SUM_H

#include <mpi.h>
#include <stdint.h>

/* 2099 bits, room for carries, and a last entry that counts values that are not finite. */
enum { HEAT_SUM_DIGITS = 70 };

typedef struct heat_sum {
  int64_t digit[HEAT_SUM_DIGITS];
  int64_t pending; /* additions since the carries were propagated */
} heat_sum;

/* Add a value: sum += value. Local. */
void heat_sum_add(heat_sum *sum, double value);

/* Add `count` values, or add one value `count` >= 0 times. Local. */
void heat_sum_add_many(heat_sum *sum, const double *values, int64_t count);
void heat_sum_add_times(heat_sum *sum, double value, int64_t count);

/* Add another sum: sum += other. Local. */
void heat_sum_merge(heat_sum *sum, const heat_sum *other);

/* Return the total of one accumulator per rank, the same digits on every rank. Collective over comm. */
heat_sum heat_sum_reduce(const heat_sum *local, MPI_Comm comm);

/* Return the sum as a double, faithfully rounded; NaN when any added value was not finite. Local. */
double heat_sum_value(const heat_sum *sum);

#endif
