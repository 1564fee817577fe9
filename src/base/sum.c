#include "heat2d/base/sum.h"

#include <math.h>
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

/* Pass carries on, so that all digits but the top one lie in [0, 2^32): the canonical form. */
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
  const int place = exponent > 0 ? exponent - 1 : 0; /* of bit 0 of the mantissa */
  const int shift = place % DIGIT_BITS;
  const uint64_t low = (mantissa & digit_mask) << shift, high = (mantissa >> DIGIT_BITS) << shift;
  const int64_t sign = (bits >> 63) ? -1 : 1;
  int64_t *digit = sum->digit + place / DIGIT_BITS;
  digit[0] += sign * (int64_t)(low & digit_mask);
  digit[1] += sign * (int64_t)((low >> DIGIT_BITS) + (high & digit_mask));
  digit[2] += sign * (int64_t)(high >> DIGIT_BITS);
  if (++sum->pending >= carry_after) normalise(sum);
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
  /* Three digits hold at least 65 significant bits; the rest is below the last place of a double. */
  double value = 0;
  for (int below = 0; below < 3; below++)
    value += ldexp((double)magnitude.digit[k - below], (k - below) * DIGIT_BITS - LOWEST);
  return sign * value;
}
