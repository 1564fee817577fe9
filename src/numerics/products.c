#include "heat2d/numerics/products.h"

#include "heat2d/numerics/solver_loops.h"

#include <assert.h>
#include <math.h>
#include <omp.h>

enum {
  MAX_PLACE = 30,      /* the largest term is scaled to 2^30 */
  SUM_PLACE = 40,      /* the expected sum is scaled to 2^40, so a term may be 2^11 times larger than that */
  LARGEST_SHIFT = 1000 /* the scale is at most 2^1000 */
};

/* Carry from the lower half into the upper one, so that the lower half lies in [0, 2^32). Then the integers are the
 * same in whatever order the sum has been formed. */
static void carry(int64_t half[2]) {
  const int64_t low = half[0] & total_half_mask;
  half[1] += (half[0] - low) / (total_half_mask + 1);
  half[0] = low;
}

static heat_terms terms_of(const heat_product *product, int64_t j, double scale) {
  heat_factors row = {.a = NULL};
  if (product->rows != NULL) {
    row = product->rows(product->context, omp_get_thread_num(), j);
  } else {
    const int64_t first = product->a->owned.lo[HEAT_X];
    row.a = heat_field_at(product->a, first, j);
    if (product->b != NULL) row.b = heat_field_at(product->b, first, j);
  }
  return (heat_terms){.a = row.a, .b = row.b, .over = product->over, .scale = scale};
}

static int threads_of(const heat_product *product) {
  return product->threads > 1 ? product->threads : 1;
}

static double largest(const heat_product *product, heat_box owned) {
  const heat_solver_loops *loops = heat_solver_loops_find();
  double most = 0;
#pragma omp parallel for num_threads(threads_of(product)) reduction(max : most) if (threads_of(product) > 1)
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    most = fmax(most, loops->largest(terms_of(product, j, 1), (ptrdiff_t)heat_box_width(owned, HEAT_X)));
  return most;
}

static heat_total add_up(const heat_product *product, heat_box owned, double scale) {
  const heat_solver_loops *loops = heat_solver_loops_find();
  heat_total all = {.over = 0};
#pragma omp parallel num_threads(threads_of(product)) if (threads_of(product) > 1)
  {
    heat_total own = {.over = 0};
#pragma omp for nowait
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      loops->add(&own, terms_of(product, j, scale), (ptrdiff_t)heat_box_width(owned, HEAT_X));
#pragma omp critical(heat_products_total)
    heat_total_add(&all, &own);
  }
  return all;
}

static double value_of(heat_total *all, double scale) {
  carry(all->high);
  carry(all->low);
  const double half = 0x1p32;
  const double high = (double)all->high[1] * half + (double)all->high[0];
  const double low = (double)all->low[1] * half + (double)all->low[0];
  return (high + ldexp(low, -HEAT_TOTAL_LOW)) / scale;
}

/* The power of two that brings `size` near 2^place. */
static double scale_for(double size, int place) {
  int exponent;
  frexp(size, &exponent);
  const int shift = place - exponent;
  return ldexp(1, shift < LARGEST_SHIFT ? shift : LARGEST_SHIFT);
}

double heat_product_scale(double size) {
  return fabs(size) > 0 && isfinite(size) ? scale_for(size, SUM_PLACE) : 0;
}

/* Find the scales of the sums whose size is not known, from their largest terms. 0: all terms are 0; NAN: a term is not
 * finite. Collective. */
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

/* The sum over this rank's cells. `first` says that the scale is that of the expected size. */
static heat_total own_total(const heat_grid *grid, const heat_product *product, double scale, bool first) {
  heat_total own = {.over = 0};
  if (scale > 0) own = first && product->own != NULL ? *product->own : add_up(product, grid->owned, scale);
  carry(own.high);
  carry(own.low);
  return own;
}

void heat_products(const heat_grid *grid, heat_product *products, int count, int *flag) {
  enum { NUMBERS = sizeof(heat_total) / sizeof(int64_t) };
  double scales[HEAT_PRODUCTS];
  bool expected[HEAT_PRODUCTS];
  assert(count <= HEAT_PRODUCTS);
  for (int k = 0; k < count; k++) {
    scales[k] = heat_product_scale(products[k].size);
    expected[k] = scales[k] > 0;
  }
  for (bool again = true; again;) {
    heat_total all[HEAT_PRODUCTS + 1] = {{.over = 0}};
    find_scales(grid, products, count, scales);
    for (int k = 0; k < count; k++) all[k] = own_total(grid, &products[k], scales[k], expected[k]);
    all[count].over = flag != NULL ? *flag : 0;
    MPI_Allreduce(MPI_IN_PLACE, all, (count + 1) * NUMBERS, MPI_INT64_T, MPI_SUM, grid->comm);
    again = false;
    for (int k = 0; k < count; k++) {
      if (scales[k] > 0 && all[k].over > 0) {
        scales[k] = 0;
        expected[k] = false;
        again = true;
        continue;
      }
      products[k].sum = isnan(scales[k]) ? NAN : scales[k] > 0 ? value_of(&all[k], scales[k]) : 0;
    }
    if (!again && flag != NULL) *flag = (int)all[count].over;
  }
  for (int k = 0; k < count; k++) products[k].size = products[k].sum;
}
