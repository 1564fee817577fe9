/* Each iteration goes through the fields three times, and rows that were just written are still in cache when the next
 * loop reads them:
 *
 *     the cycle, z = B r, and r z                                              see multigrid_loops.c
 *     for each row:  x += alpha p,  p = z + beta p,  q = S p of the row below it,  p q,  q q
 *     r -= alpha q, and r r
 *
 * alpha p is added to x in the next iteration, when p is read anyway. q takes the place of z. */
#include "heat2d/numerics/krylov.h"

#include "flush.h"
#include "heat2d/numerics/products.h"

#include <float.h>
#include <math.h>

/* What the iteration knows. */
typedef struct state {
  const heat_krylov *k;
  const heat_solver_loops *loops;
  heat_krylov_end end;
  double target;     /* of |r| */
  double rz, rr;     /* r z, and r r of the recurrence, or of b - S x when that was looked at */
  double alpha;      /* alpha p is still to be added to x; 0: nothing */
  bool begun;        /* x has a value; otherwise it is 0 */
  heat_total own_rr; /* this rank's part of r r by the scale for rr_size; 0: not known */
  double rr_size;
} state;

static ptrdiff_t columns_of(const heat_field *field) {
  return (ptrdiff_t)heat_box_width(field->owned, HEAT_X);
}

static heat_reaction reaction_of(const heat_stencil *stencil, double sigma, int64_t j) {
  if (stencil->uniform) return (heat_reaction){.sigma = sigma, .reaction = sigma / stencil->s};
  return (heat_reaction){.sigma = sigma,
                         .inverse = heat_field_at(&stencil->inverse, stencil->grid->owned.lo[HEAT_X], j)};
}

/* The sums that come with a product by S: this rank's parts, by these scales. */
typedef struct local_sums {
  double scales[HEAT_APPLY_SUMS];
  heat_total own[HEAT_APPLY_SUMS];
} local_sums;

/* Row j of y = S x, and its parts of x y, r y and y y. */
static void apply_row(const state *s, const heat_field *x, int64_t j, double *y, local_sums *sums) {
  const heat_stencil *stencil = s->k->stencil;
  const heat_balance_row row = heat_stencil_row(stencil, x, j, y);
  s->loops->balance(&row);
  heat_stencil_row_ends(stencil, &row, j);
  heat_apply_row apply = {.p = row.u,
                          .r = heat_field_at(s->k->r, x->owned.lo[HEAT_X], j),
                          .q = y,
                          .columns = columns_of(x),
                          .reaction = reaction_of(stencil, s->k->sigma, j)};
  memcpy(apply.scales, sums->scales, sizeof apply.scales);
  s->loops->apply(&apply, sums->own);
}

/* Row j of p, with ghost cells, from that of z, and of x. */
static void turn_row(const state *s, heat_box grown, int64_t j, double beta, bool fresh) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->p->owned;
  double *p = heat_field_at(k->p, grown.lo[HEAT_X], j);
  const double *z = heat_field_at(k->z, grown.lo[HEAT_X], j);
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(grown, HEAT_X);
  if (fresh) {
    memcpy(p, z, (size_t)columns * sizeof *p);
    return;
  }
  if (j >= owned.lo[HEAT_Y] && j < owned.hi[HEAT_Y])
    s->loops->advance(heat_field_at(k->x, owned.lo[HEAT_X], j), s->begun, s->alpha,
                      heat_field_at(k->p, owned.lo[HEAT_X], j), columns_of(k->x));
  s->loops->turn(p, beta, z, columns);
}

/* p = z + beta p and q = S p, in the place of z; x catches up. */
static void turn(state *s, double beta, bool fresh, local_sums *sums) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->p->owned, grown = heat_grid_grown(k->stencil->grid, owned, 1);
  heat_sequence_refresh(k->sequence, k->z);
  for (int64_t j = grown.lo[HEAT_Y]; j <= owned.hi[HEAT_Y]; j++) {
    if (j < grown.hi[HEAT_Y]) turn_row(s, grown, j, beta, fresh);
    if (j > owned.lo[HEAT_Y]) apply_row(s, k->p, j - 1, heat_field_at(k->z, owned.lo[HEAT_X], j - 1), sums);
  }
  s->begun = s->begun || !fresh;
  s->alpha = 0;
  k->z->valid = k->x->valid = 0;
}

/* Add to x what it still lacks. */
static void complete(state *s) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->x->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    double *x = heat_field_at(k->x, owned.lo[HEAT_X], j);
    if (s->alpha != 0)
      s->loops->advance(x, s->begun, s->alpha, heat_field_at(k->p, owned.lo[HEAT_X], j), columns_of(k->x));
    else if (!s->begun)
      memset(x, 0, (size_t)columns_of(k->x) * sizeof *x);
  }
  s->begun = true;
  s->alpha = 0;
  k->x->valid = 0;
}

static void remove_mean(const heat_krylov *k, heat_field *r) {
  const heat_grid *grid = k->stencil->grid;
  heat_product sum = {.a = r};
  heat_products(grid, &sum, 1, NULL);
  const double mean = sum.sum / (double)heat_box_cells(grid->domain);
  for (int64_t j = r->owned.lo[HEAT_Y]; j < r->owned.hi[HEAT_Y]; j++)
    for (int64_t i = r->owned.lo[HEAT_X]; i < r->owned.hi[HEAT_X]; i++) *heat_field_at(r, i, j) -= mean;
}

void heat_krylov_weigh(const heat_stencil *stencil, double weight, heat_field *r) {
  const heat_solver_loops *loops = heat_solver_loops_find();
  for (int64_t j = r->owned.lo[HEAT_Y]; j < r->owned.hi[HEAT_Y]; j++)
    loops->multiply(heat_field_at(r, r->owned.lo[HEAT_X], j), reaction_of(stencil, weight, j), columns_of(r));
  r->valid = 0;
}

/* r = b */
static void set_right(const heat_krylov *k) {
  k->right_side(k->context, k->r);
  heat_krylov_weigh(k->stencil, k->weight, k->r);
  if (heat_multigrid_singular(k->multigrid)) remove_mean(k, k->r);
}

static double square(const heat_krylov *k, const heat_field *field, double size) {
  heat_product product = {.a = field, .b = field, .size = size};
  heat_products(k->stencil->grid, &product, 1, NULL);
  return product.sum;
}

/* r = b - S x as it is, and whether that is good enough. */
static bool look(state *s) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->r->owned;
  const double scale = heat_product_scale(s->rr);
  heat_total own = {.over = 0};
  local_sums none = {.scales = {0}};
  complete(s);
  set_right(k);
  heat_sequence_refresh(k->sequence, k->x);
  double *row = heat_field_at(k->z, owned.lo[HEAT_X], owned.lo[HEAT_Y]);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    apply_row(s, k->x, j, row, &none);
    s->loops->reduce(heat_field_at(k->r, owned.lo[HEAT_X], j), 1, row, columns_of(k->r), &own, scale);
  }
  k->z->valid = 0;
  heat_product product = {.a = k->r, .b = k->r, .size = s->rr, .own = &own};
  heat_products(k->stencil->grid, &product, 1, NULL);
  s->rr = product.sum;
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
  return size <= few * DBL_EPSILON * largest_row(s->k) * sqrt(square(s->k, s->k->x, 0));
}

/* z = B r; what r z and r r are. */
static void precondition(state *s, double *rz) {
  enum { RZ, RR, COUNT };
  const heat_krylov *k = s->k;
  const heat_grid *grid = k->stencil->grid;
  heat_total own_rz;
  const heat_cycle cycle = {.r = k->r,
                            .size = fmax(sqrt(s->rr), s->target) / sqrt((double)heat_box_cells(grid->domain)),
                            .z = k->z,
                            .product_scale = heat_product_scale(s->rz),
                            .product = &own_rz};
  const bool formed = heat_multigrid_cycle(k->multigrid, &cycle);
  heat_product products[COUNT] = {
      [RZ] = {.a = k->r, .b = k->z, .size = s->rz, .own = formed ? &own_rz : NULL},
      [RR] = {.a = k->r, .b = k->r, .size = s->rr_size, .own = s->rr_size > 0 ? &s->own_rr : NULL}};
  heat_products(grid, products, s->rr_size > 0 ? COUNT : 1, NULL);
  *rz = products[RZ].sum;
  if (s->rr_size > 0) s->rr = products[RR].sum;
}

/* r = r - alpha q, whose r r will be about rr. */
static void reduce(state *s, double alpha, double rr) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->r->owned;
  s->rr = s->rr_size = rr;
  s->own_rr = (heat_total){.over = 0};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    s->loops->reduce(heat_field_at(k->r, owned.lo[HEAT_X], j), alpha, heat_field_at(k->z, owned.lo[HEAT_X], j),
                     columns_of(k->r), &s->own_rr, heat_product_scale(rr));
  s->alpha = alpha;
}

/* One step along the next direction. What the new |r| will be follows from r r, r S p and (S p) (S p). False where the
 * iteration breaks down: S is not positive, or numbers are not finite. */
static bool step_along(state *s, bool fresh) {
  const heat_krylov *k = s->k;
  double rz;
  precondition(s, &rz);
  /* With B near the inverse of S p q is about r z, and r q and q q about r r. */
  heat_product products[HEAT_APPLY_SUMS] = {[HEAT_APPLY_PQ] = {.a = k->p, .b = k->z, .size = rz},
                                            [HEAT_APPLY_RQ] = {.a = k->r, .b = k->z, .size = s->rr},
                                            [HEAT_APPLY_QQ] = {.a = k->z, .b = k->z, .size = s->rr}};
  local_sums sums = {.scales = {0}};
  for (int n = 0; n < HEAT_APPLY_SUMS; n++) {
    sums.scales[n] = heat_product_scale(products[n].size);
    products[n].own = &sums.own[n];
  }
  turn(s, fresh ? 0 : rz / s->rz, fresh, &sums);
  s->rz = rz;
  int stops = k->stop != NULL && k->stop(k->context);
  heat_products(k->stencil->grid, products, HEAT_APPLY_SUMS, &stops);
  s->end.stopped = stops > 0;
  const double pq = products[HEAT_APPLY_PQ].sum, alpha = rz / pq;
  if (!(rz > 0 && pq > 0 && isfinite(alpha))) return false;
  const double rq = products[HEAT_APPLY_RQ].sum, qq = products[HEAT_APPLY_QQ].sum;
  reduce(s, alpha, fmax(s->rr - 2 * alpha * rq + alpha * alpha * qq, DBL_EPSILON * s->rr));
  s->end.iterations++;
  return true;
}

static bool iterate(state *s, bool fresh) {
  const uint64_t before = heat_flush_begin();
  const bool whole = step_along(s, fresh);
  heat_flush_end(before);
  return whole;
}

heat_krylov_end heat_krylov_solve(const heat_krylov *k) {
  state s = {.k = k, .loops = heat_solver_loops_find()};
  set_right(k);
  s.rr = square(k, k->r, 0);
  s.end.right = s.end.residual = sqrt(s.rr);
  s.target = k->tolerance * fmax(s.end.right, k->reference);
  s.end.converged = s.end.right <= s.target; /* also where there is nothing to do */
  if (s.end.converged) complete(&s);
  double before = s.end.right;
  bool fresh = true;
  while (!s.end.converged && !s.end.stopped && s.end.iterations < k->iterations) {
    const bool whole = iterate(&s, fresh);
    fresh = false;
    if (whole && !(sqrt(s.rr) <= s.target) && s.end.iterations < k->iterations) continue;
    if (s.end.stopped || look(&s)) break;
    s.rr_size = 0;
    if (is_rounding(&s, before)) s.end.converged = true;
    if (!whole) break;
    before = sqrt(s.rr);
    fresh = true;
  }
  return s.end;
}
