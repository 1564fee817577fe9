/* Scalar products of fields that have the same bits on any ranks, at the cost of plain ones.
 *
 * Each term v is scaled by a power of two that all ranks have in common and cut into two integers,
 *
 *     v = (high + low / 2^51) / scale,   |high| < 2^51,
 *
 * whose sums are exact in any order; what is rounded off each term is below 2^-52 / scale. The scale follows from the
 * size that the sum had before, which leaves room for terms that have grown; where one has grown out of it the scale is
 * found anew from the largest term. (The idea of fixed-point sums: Kulisch 1971; of cutting by adding a large number:
 * Dekker 1971, Demmel and Nguyen 2013.) */
#ifndef HEAT2D_PRODUCTS_H
#define HEAT2D_PRODUCTS_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/total.h"

enum { HEAT_PRODUCTS = 4 }; /* sums that are formed at once, at most */

/* One row of the factors a and b, at its first owned cell; b is NULL where the sum is of a alone. */
typedef struct heat_factors {
  const double *a, *b;
} heat_factors;

/* The sum of a b over all cells, of a / b where `over`, of a alone where b is NULL. */
typedef struct heat_product {
  const heat_field *a, *b;
  /* In place of these fields: computes row j of both when it is asked for. The rows stay as they are until the same
   * thread asks for others. NULL: there are fields. Local. */
  heat_factors (*rows)(void *context, int thread, int64_t j);
  void *context;
  bool over;
  double size;           /* what the sum is expected to be, at least to some six digits before the point; 0: unknown */
  const heat_total *own; /* of this rank's cells by heat_product_scale(size), where that is known already; or NULL */
  int threads;           /* that share the work, 0: 1 */
  double sum;            /* the result, which is the next `size`; NAN when a term is not finite */
} heat_product;

/* Form `count` sums over the owned cells of all ranks, and the sum of *flag (NULL: none), in one reduction where the
 * sizes are known. The bits follow from the cells and from the sizes, and from nothing else. Collective over the grid's
 * communicator. */
void heat_products(const heat_grid *grid, heat_product *products, int count, int *flag);

/* The power of two that terms are multiplied with where the sum is expected to be of that size; 0: not known. Local. */
double heat_product_scale(double size);

#endif
