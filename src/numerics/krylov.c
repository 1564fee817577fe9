#include "heat2d/numerics/krylov.h"

#include "heat2d/numerics/products.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What the iteration knows. */
typedef struct state {
  const heat_krylov *k;
  heat_krylov_end end;
  double target;             /* of |r| */
  double rz, pz, rq, qq, xx; /* r z; with q = S p: p q, r q, q q; x x: each the size of the next one */
  double rr;                 /* of the recurrence, and of b - S x when that was looked at */
} state;

static void zero(heat_field *field) {
  const heat_box owned = field->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    memset(heat_field_at(field, owned.lo[HEAT_X], j), 0, (size_t)heat_box_width(owned, HEAT_X) * sizeof(double));
  field->valid = 0;
}

/* y = a x + b y */
static void combine(heat_field *y, double b, double a, const heat_field *x) {
  const heat_box owned = y->owned;
  const int64_t count = heat_box_width(owned, HEAT_X);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    double *to = heat_field_at(y, owned.lo[HEAT_X], j);
    const double *from = heat_field_at(x, owned.lo[HEAT_X], j);
    for (int64_t n = 0; n < count; n++) to[n] = a * from[n] + b * to[n];
  }
  y->valid = 0;
}

/* y = S x */
static void apply(const heat_krylov *k, heat_field *x, heat_field *y) {
  const heat_stencil *stencil = k->stencil;
  const heat_box owned = x->owned;
  const int64_t count = heat_box_width(owned, HEAT_X);
  heat_sequence_refresh(k->sequence, x);
  heat_stencil_balance(stencil, x, y);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    const double *from = heat_field_at(x, owned.lo[HEAT_X], j);
    double *to = heat_field_at(y, owned.lo[HEAT_X], j);
    const double *inverse = stencil->uniform ? NULL : heat_field_at(&stencil->inverse, owned.lo[HEAT_X], j);
    if (inverse == NULL)
      for (int64_t n = 0; n < count; n++) to[n] = k->sigma / stencil->s * from[n] - to[n];
    else
      for (int64_t n = 0; n < count; n++) to[n] = k->sigma / inverse[n] * from[n] - to[n];
  }
  y->valid = 0;
}

/* r = b - S x as it is, and whether that is good enough. */
static bool look(state *s) {
  enum { RR, XX, COUNT };
  const heat_krylov *k = s->k;
  apply(k, k->x, k->z);
  k->right_side(k->context, k->r);
  combine(k->r, 1, -1, k->z);
  heat_product products[COUNT] = {
      [RR] = {.a = k->r, .b = k->r, .size = s->rr}, [XX] = {.a = k->x, .b = k->x, .size = s->xx}};
  heat_products(k->stencil->grid, products, COUNT, NULL);
  s->rr = products[RR].sum;
  s->xx = products[XX].sum;
  const double size = sqrt(s->rr), reference = fmax(s->end.right, k->reference);
  s->end.residual = reference > 0 ? size / reference : 0;
  s->end.converged = size <= s->target;
  return s->end.converged;
}

/* The largest sum of magnitudes in a row of S. Uses p. Collective. */
static double largest_row(const heat_krylov *k) {
  const heat_stencil *stencil = k->stencil;
  const heat_box owned = k->p->owned;
  double most = 0;
  heat_stencil_diagonal(stencil, k->p);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
      most = fmax(most, 2 * *heat_field_at(k->p, i, j) + k->sigma / heat_stencil_inverse(stencil, i, j));
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, stencil->grid->comm);
  k->p->valid = 0;
  return most;
}

/* Whether a new start from the true residual has brought nothing, and what is left is due to rounding: x solves a
 * system whose coefficients differ in their last digits. */
static bool is_rounding(const state *s, double before) {
  const double few = 4, no_better = 0.5, size = sqrt(s->rr);
  if (!(size > no_better * before)) return false;
  return size <= few * DBL_EPSILON * largest_row(s->k) * sqrt(s->xx);
}

/* One step along the next direction. What the new |r| will be follows from r r, r S p and (S p) (S p). False where the
 * iteration breaks down: S is not positive, or numbers are not finite. */
static bool iterate(state *s, bool fresh) {
  enum { RZ, RR, BEFORE };
  enum { PZ, RQ, QQ, BEHIND };
  const heat_krylov *k = s->k;
  const heat_grid *grid = k->stencil->grid;
  const double size = fmax(sqrt(s->rr), s->target) / sqrt((double)heat_box_cells(grid->domain));
  k->precondition(k->context, k->r, size, k->z);
  heat_product first[BEFORE] = {
      [RZ] = {.a = k->r, .b = k->z, .size = s->rz}, [RR] = {.a = k->r, .b = k->r, .size = s->rr}};
  heat_products(grid, first, BEFORE, NULL);
  combine(k->p, fresh ? 0 : first[RZ].sum / s->rz, 1, k->z);
  s->rz = first[RZ].sum;
  s->rr = first[RR].sum;
  apply(k, k->p, k->z);
  heat_product products[BEHIND] = {[PZ] = {.a = k->p, .b = k->z, .size = s->pz},
                                   [RQ] = {.a = k->r, .b = k->z, .size = s->rq},
                                   [QQ] = {.a = k->z, .b = k->z, .size = s->qq}};
  int stops = k->stop != NULL && k->stop(k->context);
  heat_products(grid, products, BEHIND, &stops);
  s->end.stopped = stops > 0;
  s->pz = products[PZ].sum;
  s->rq = products[RQ].sum;
  s->qq = products[QQ].sum;
  const double step = s->rz / s->pz;
  if (!(s->rz > 0 && s->pz > 0 && isfinite(step))) return false;
  combine(k->x, 1, step, k->p);
  combine(k->r, 1, -step, k->z);
  s->rr = fmax(0, s->rr - 2 * step * s->rq + step * step * s->qq);
  s->end.iterations++;
  return true;
}

heat_krylov_end heat_krylov_solve(const heat_krylov *k) {
  state s = {.k = k};
  k->right_side(k->context, k->r);
  heat_product right = {.a = k->r, .b = k->r};
  heat_products(k->stencil->grid, &right, 1, NULL);
  s.rr = right.sum;
  s.end.right = s.end.residual = sqrt(s.rr);
  zero(k->x);
  zero(k->p);
  s.target = k->tolerance * fmax(s.end.right, k->reference);
  s.end.converged = s.end.right <= s.target; /* also where there is nothing to do */
  double before = s.end.right;
  bool fresh = true;
  while (!s.end.converged && !s.end.stopped && s.end.iterations < k->iterations) {
    const bool whole = iterate(&s, fresh);
    fresh = false;
    if (whole && !(sqrt(s.rr) <= s.target) && s.end.iterations < k->iterations) continue;
    if (s.end.stopped || look(&s)) break;
    if (is_rounding(&s, before)) s.end.converged = true;
    if (!whole) break;
    before = sqrt(s.rr);
    fresh = true;
  }
  return s.end;
}
