/* Scalar products of fields. They have the same bits on any number of ranks, and take about as long as plain ones.
 *
 * Each term v is multiplied by a power of two, `scale`, which is the same on all ranks, and cut into two integers,
 *
 *     v = (high + low / 2^51) / scale,   |high| < 2^51.
 *
 * The sums of these integers are exact in any order. What is rounded off each term is below 2^-52 / scale. The scale is
 * chosen from the size that the sum is expected to have, with room for terms that are larger than that; where a term
 * does not fit, the scale is chosen again from the largest term. (Fixed-point sums: Kulisch 1971; cutting a number by
 * adding a large one: Dekker 1971, Demmel and Nguyen 2013.) */
#ifndef HEAT2D_PRODUCTS_H
#define HEAT2D_PRODUCTS_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/total.h"

enum { HEAT_PRODUCTS = 4 }; /* sums that are formed at once, at most */

/* One row of the factors a and b, at its first owned cell; b is NULL where the sum is of a alone. */
typedef struct heat_factors {
  const double *a, *b;
} heat_factors;

/* The sum over all cells of a b, or of a / b where `over` is set, or of a alone where b is NULL. */
typedef struct heat_product {
  const heat_field *a, *b;
  /* If not NULL, takes the place of these fields: it computes row j of both factors when it is asked for it. The rows
   * stay as they are until the same thread asks for others. Local. */
  heat_factors (*rows)(void *context, int thread, int64_t j);
  void *context;
  bool over;
  double size;           /* about how large the sum will be, within some six powers of ten; 0: unknown */
  const heat_total *own; /* the sum of this rank's cells by heat_product_scale(size), if it is known already; or NULL */
  int threads;           /* number of threads that share the work; 0 stands for 1 */
  double sum;            /* the result, which also becomes the next `size`; NAN when a term is not finite */
} heat_product;

/* Form `count` sums over the owned cells of all ranks, and the sum of *flag over the ranks (NULL: not wanted), in one
 * reduction where the sizes are known. The bits depend only on the values of the cells and on the sizes. Collective
 * over the grid's communicator. */
void heat_products(const heat_grid *grid, heat_product *products, int count, int *flag);

/* The power of two by which the terms of a sum of this expected size are multiplied; 0 where the size is not known.
 * Local. */
double heat_product_scale(double size);

#endif
