#include "heat2d/base/sum.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
  SPECIAL = HEAT_SUM_DIGITS - 1, /* counts values that are not finite */
  TOP = HEAT_SUM_DIGITS - 2,     /* the highest digit; it carries the sign */
  DIGIT_BITS = 32,
  LOWEST = 1074, /* the weight of bit 0 is 2^-1074, the smallest double */
  MANTISSA_BITS = 52,
  EXPONENT_MASK = 0x7ff
};
static const int64_t carry_after = INT64_C(1) << 30;
static const uint64_t digit_mask = 0xffffffffu;

/* Propagate the carries, so that all digits but the top one lie in [0, 2^32). In this canonical form equal sums have
 * equal digits. */
static void normalise(heat_sum *sum) {
  for (int k = 0; k < TOP; k++) {
    const int64_t low = (int64_t)((uint64_t)sum->digit[k] & digit_mask);
    sum->digit[k + 1] += (sum->digit[k] - low) / (INT64_C(1) << DIGIT_BITS);
    sum->digit[k] = low;
  }
  sum->pending = 0;
}

void heat_sum_add(heat_sum *sum, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const int exponent = (int)(bits >> MANTISSA_BITS) & EXPONENT_MASK;
  uint64_t mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
  if (exponent == EXPONENT_MASK) {
    sum->digit[SPECIAL]++;
    return;
  }
  if (exponent > 0) mantissa |= UINT64_C(1) << MANTISSA_BITS;
  const int place = exponent > 0 ? exponent - 1 : 0; /* position of bit 0 of the mantissa in the accumulator */
  const int shift = place % DIGIT_BITS;
  const uint64_t low = (mantissa & digit_mask) << shift, high = (mantissa >> DIGIT_BITS) << shift;
  const int64_t sign = (bits >> 63) ? -1 : 1;
  int64_t *digit = sum->digit + place / DIGIT_BITS;
  digit[0] += sign * (int64_t)(low & digit_mask);
  digit[1] += sign * (int64_t)((low >> DIGIT_BITS) + (high & digit_mask));
  digit[2] += sign * (int64_t)(high >> DIGIT_BITS);
  if (++sum->pending >= carry_after) normalise(sum);
}

/* Many values at once, by error-free extraction (Rump, Ogita and Oishi 2008). Let the sum of all |v| be below 2^e, and
 * s = 1.5 2^(e + GROWS). Then high = (s + v) - s is v rounded to a multiple of u = 2^(e + GROWS - 52), computed without
 * an error, and v - high is exact, too. The sum of all high parts is a multiple of u below 2^(e + 1), which a double
 * can hold, so that it is exact in any order of summation. The rest of each value is at most u / 2, and is treated in
 * the same way in the next turn. */
enum { CHUNK = 256, CHUNK_BITS = 8, GROWS = 2, EXTRACTIONS = 3 };
enum { LEAST = -700, MOST = 1000 }; /* bounds of e between which nothing under- or overflows */

static void add_each(heat_sum *sum, const double *values, int count) {
  for (int n = 0; n < count; n++) heat_sum_add(sum, values[n]);
}

/* Return the rounded sum of |v|; it is not finite if a value is not. */
static double sizes(const double *values, int count) {
  double total = 0;
#pragma omp simd reduction(+ : total)
  for (int n = 0; n < count; n++) total += fabs(values[n]);
  return total;
}

/* Subtract the high part from each value. Returns the sum of the high parts; *left tells whether any rest is not
 * zero. */
static double extract(double *rest, int count, double s, bool *left) {
  double total = 0, more = 0;
#pragma omp simd reduction(+ : total) reduction(+ : more)
  for (int n = 0; n < count; n++) {
    const double high = (s + rest[n]) - s, low = rest[n] - high;
    rest[n] = low;
    total += high;
    more += fabs(low);
  }
  *left = more > 0;
  return total;
}

static void add_chunk(heat_sum *sum, const double *values, int count) {
  enum { STEP = MANTISSA_BITS + 1 - GROWS - CHUNK_BITS };
  double rest[CHUNK];
  const double all = sizes(values, count);
  bool left = all > 0;
  int exponent = 0;
  frexp(all, &exponent);
  if (!isfinite(all) || (left && exponent < LEAST) || exponent > MOST) {
    add_each(sum, values, count);
    return;
  }
  memcpy(rest, values, (size_t)count * sizeof *rest);
  exponent++; /* because the sum of the sizes was rounded */
  for (int turn = 0; turn < EXTRACTIONS && left; turn++, exponent -= STEP)
    heat_sum_add(sum, extract(rest, count, ldexp(1.5, exponent + GROWS), &left));
  if (left) add_each(sum, rest, count);
}

void heat_sum_add_many(heat_sum *sum, const double *values, int64_t count) {
  for (int64_t n = 0; n < count; n += CHUNK) add_chunk(sum, values + n, (int)(count - n < CHUNK ? count - n : CHUNK));
}

void heat_sum_add_times(heat_sum *sum, double value, int64_t count) {
  for (int bit = 0; count >> bit > 0; bit++)
    if ((count >> bit & 1) != 0) heat_sum_add(sum, ldexp(value, bit));
}

void heat_sum_merge(heat_sum *sum, const heat_sum *other) {
  heat_sum canonical = *other;
  normalise(&canonical);
  normalise(sum);
  for (int k = 0; k < HEAT_SUM_DIGITS; k++) sum->digit[k] += canonical.digit[k];
  normalise(sum);
}

heat_sum heat_sum_reduce(const heat_sum *local, MPI_Comm comm) {
  heat_sum total = *local;
  normalise(&total);
  MPI_Allreduce(MPI_IN_PLACE, total.digit, HEAT_SUM_DIGITS, MPI_INT64_T, MPI_SUM, comm);
  normalise(&total);
  return total;
}

double heat_sum_value(const heat_sum *sum) {
  if (sum->digit[SPECIAL] != 0) return NAN;
  heat_sum magnitude = *sum;
  normalise(&magnitude);
  const double sign = magnitude.digit[TOP] < 0 ? -1 : 1;
  if (sign < 0) {
    for (int k = 0; k <= TOP; k++) magnitude.digit[k] = -magnitude.digit[k];
    normalise(&magnitude);
  }
  int k = TOP;
  while (k > 2 && magnitude.digit[k] == 0) k--;
  /* The three highest digits hold at least 65 significant bits; lower digits are below the last place of a double. */
  double value = 0;
  for (int below = 0; below < 3; below++)
    value += ldexp((double)magnitude.digit[k - below], (k - below) * DIGIT_BITS - LOWEST);
  return sign * value;
}
