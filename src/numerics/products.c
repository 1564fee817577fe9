#include "heat2d/numerics/products.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
  RUN = 2048,          /* cells whose integers fit into 64 bits: 2^51 each */
  LOW_BITS = 51,       /* of the lower integer */
  MAX_PLACE = 30,      /* the largest term is scaled to 2^30 */
  SUM_PLACE = 40,      /* the sum that is expected is scaled to 2^40, so terms may grow by 2^11 beyond it */
  HALF_BITS = 32,      /* sums of runs are kept in halves */
  LARGEST_SHIFT = 1000 /* of the scale, as a power of two */
};
/* Added to a number below 2^51 it leaves its integer part in the lower bits. */
static const double cutter = 0x1.8p52;
static const int64_t cutter_bits = 0x4338000000000000, limit_bits = 0x4320000000000000 - 1; /* just below 2^51 */
static const int64_t half_mask = 0xffffffff;

static int64_t bits_of(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* What the ranks add up. */
typedef struct totals {
  int64_t high[2], low[2]; /* the sums as [0] + 2^32 [1] */
  int64_t over;            /* runs with a term that the scale has no room for */
} totals;

static void take(int64_t half[2], int64_t sum) {
  half[0] += sum & half_mask;
  half[1] += (sum - (sum & half_mask)) / (half_mask + 1);
}

/* So that the lower half lies in [0, 2^32): the same integers however the sum was formed. */
static void carry(int64_t half[2]) {
  const int64_t low = half[0] & half_mask;
  half[1] += (half[0] - low) / (half_mask + 1);
  half[0] = low;
}

static void add_run(totals *all, const double *values, ptrdiff_t count, double scale) {
  uint64_t high = 0, low = 0;
  int64_t over = 0;
  for (ptrdiff_t n = 0; n < count; n++) {
    const double v = values[n] * scale, cut = v + cutter, rest = v - (cut - cutter);
    over |= limit_bits - (bits_of(v) & INT64_MAX);
    /* Of a term that there is no room for these are meaningless, and may wrap around. */
    high += (uint64_t)bits_of(cut) - (uint64_t)cutter_bits;
    low += (uint64_t)bits_of(rest * 0x1p51 + cutter) - (uint64_t)cutter_bits;
  }
  take(all->high, (int64_t)high);
  take(all->low, (int64_t)low);
  all->over += over < 0;
}

/* The terms of a run of cells of one row. */
static const double *terms(const heat_product *product, int64_t i, int64_t j, ptrdiff_t count, double *room) {
  const double *a = heat_field_at(product->a, i, j);
  if (product->b == NULL) return a;
  const double *b = heat_field_at(product->b, i, j);
  if (product->over)
    for (ptrdiff_t n = 0; n < count; n++) room[n] = a[n] / b[n];
  else
    for (ptrdiff_t n = 0; n < count; n++) room[n] = a[n] * b[n];
  return room;
}

static double largest(const heat_product *product, heat_box owned) {
  double room[RUN], most = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X], end; i < owned.hi[HEAT_X]; i = end) {
      end = i + RUN < owned.hi[HEAT_X] ? i + RUN : owned.hi[HEAT_X];
      const double *values = terms(product, i, j, end - i, room);
      for (ptrdiff_t n = 0; n < end - i; n++) {
        const double size = fabs(values[n]);
        if (!(size <= most)) most = isnan(size) ? INFINITY : size;
      }
    }
  }
  return most;
}

static totals add_up(const heat_product *product, heat_box owned, double scale) {
  double room[RUN];
  totals all = {.over = 0};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X], end; i < owned.hi[HEAT_X]; i = end) {
      end = i + RUN < owned.hi[HEAT_X] ? i + RUN : owned.hi[HEAT_X];
      add_run(&all, terms(product, i, j, end - i, room), end - i, scale);
    }
  }
  carry(all.high);
  carry(all.low);
  return all;
}

static double value_of(totals *all, double scale) {
  carry(all->high);
  carry(all->low);
  const double half = 0x1p32;
  const double high = (double)all->high[1] * half + (double)all->high[0];
  const double low = (double)all->low[1] * half + (double)all->low[0];
  return (high + ldexp(low, -LOW_BITS)) / scale;
}

/* The power of two that brings `size` to 2^place. */
static double scale_for(double size, int place) {
  int exponent;
  frexp(size, &exponent);
  const int shift = place - exponent;
  return ldexp(1, shift < LARGEST_SHIFT ? shift : LARGEST_SHIFT);
}

/* Scales for the sums whose size is not known, from their largest terms. 0: all terms are 0; NAN: not all finite. */
static void find_scales(const heat_grid *grid, const heat_product *products, int count, double *scales) {
  double most[HEAT_PRODUCTS] = {0};
  bool unknown = false;
  for (int k = 0; k < count; k++) {
    if (scales[k] > 0) continue;
    most[k] = largest(&products[k], grid->owned);
    unknown = true;
  }
  if (!unknown) return;
  MPI_Allreduce(MPI_IN_PLACE, most, count, MPI_DOUBLE, MPI_MAX, grid->comm);
  for (int k = 0; k < count; k++) {
    if (scales[k] > 0) continue;
    scales[k] = isinf(most[k]) ? NAN : most[k] > 0 ? scale_for(most[k], MAX_PLACE) : 0;
  }
}

void heat_products(const heat_grid *grid, heat_product *products, int count, int *flag) {
  enum { NUMBERS = sizeof(totals) / sizeof(int64_t) };
  double scales[HEAT_PRODUCTS];
  assert(count <= HEAT_PRODUCTS);
  for (int k = 0; k < count; k++) {
    const double size = fabs(products[k].size);
    scales[k] = size > 0 && isfinite(size) ? scale_for(size, SUM_PLACE) : 0;
  }
  for (bool again = true; again;) {
    totals all[HEAT_PRODUCTS + 1] = {{.over = 0}};
    find_scales(grid, products, count, scales);
    for (int k = 0; k < count; k++)
      if (scales[k] > 0) all[k] = add_up(&products[k], grid->owned, scales[k]);
    all[count].over = flag != NULL ? *flag : 0;
    MPI_Allreduce(MPI_IN_PLACE, all, (count + 1) * NUMBERS, MPI_INT64_T, MPI_SUM, grid->comm);
    again = false;
    for (int k = 0; k < count; k++) {
      if (scales[k] > 0 && all[k].over > 0) {
        scales[k] = 0;
        again = true;
        continue;
      }
      products[k].sum = isnan(scales[k]) ? NAN : scales[k] > 0 ? value_of(&all[k], scales[k]) : 0;
    }
    if (!again && flag != NULL) *flag = (int)all[count].over;
  }
  for (int k = 0; k < count; k++) products[k].size = products[k].sum;
}
