/* Each iteration goes through the fields three times. Within each pass the loops follow each other row by row, so that
 * rows that one loop has written are still in cache when the next loop reads them:
 *
 *     first half of the cycle:    q = S p,  r -= alpha q,  r r,  down the finest level     see multigrid_loops.c
 *     second half of the cycle:   up the finest level,  which gives z = M r,  and r z
 *     for each row:               x += alpha p,  p = z + beta p,  q = S p of the row below it,  p q,  r q,  q q
 *
 * x += alpha p and r -= alpha q are left for the next iteration, which reads x and r anyway. q is not kept: each row is
 * computed twice, since p, which is a float, is read faster than q would be written and read. z and p are kept in the
 * multigrid, in its precision. M stands for one cycle of the multigrid. */
#include "heat2d/numerics/krylov.h"

#include "flush.h"
#include "heat2d/numerics/products.h"

#include <float.h>
#include <math.h>
#include <omp.h>

/* The state of the iteration. */
typedef struct state {
  const heat_krylov *k;
  const heat_solver_loops *loops;
  heat_krylov_end end;
  double target;  /* |r| has to become as small as this */
  double rz, rr;  /* the products r z and r r, with r of the recurrence, or b - S x after `look` */
  double alpha;   /* alpha p is still to be added to x; 0: nothing */
  double alpha_r; /* alpha q is still to be subtracted from r; 0: nothing */
  bool begun;     /* x has been written; until then it stands for 0 */
  bool thorough;  /* thorough cycles are done, since V cycles reduce the residual too slowly, or sigma is 0 */
} state;

static ptrdiff_t columns_of(const heat_field *field) {
  return (ptrdiff_t)heat_box_width(field->owned, HEAT_X);
}

static heat_reaction reaction_of(const heat_stencil *stencil, double sigma, int64_t j) {
  if (stencil->uniform) return (heat_reaction){.sigma = sigma, .reaction = sigma / stencil->s};
  return (heat_reaction){.sigma = sigma, .inverse = heat_stencil_inverse_row(stencil, j)};
}

/* The scalar products that are computed together with q = S p: the scales of their terms, and the sums over this rank's
 * cells. */
typedef struct local_sums {
  double scales[HEAT_APPLY_SUMS];
  heat_total own[HEAT_APPLY_SUMS];
} local_sums;

/* Row j of u and the rows below and above it, each at its first owned cell. */
typedef struct three_rows {
  const double *south, *here, *north;
} three_rows;

/* The reaction sigma rho c_p in row j. Where rows repeat it is computed for the first of them only. */
static heat_reaction reaction_in(const state *s, int thread, int64_t j) {
  const heat_krylov *k = s->k;
  const heat_stencil *stencil = k->stencil;
  const int64_t like = heat_repeats_row(&stencil->repeats, j);
  heat_reaction reaction = reaction_of(stencil, k->sigma, j);
  if (stencil->uniform || (like == j && !heat_repeats_alike(&stencil->repeats, j, j + 1))) return reaction;
  const heat_kept_row kept = heat_multigrid_kept(k->multigrid, thread);
  if (*kept.number != like) {
    for (ptrdiff_t n = 0; n < columns_of(k->r); n++) kept.values[n] = 1;
    s->loops->multiply(kept.values, reaction, columns_of(k->r));
    *kept.number = like;
  }
  reaction.known = kept.values;
  return reaction;
}

static void forget_reactions(const heat_krylov *k) {
  for (int n = 0; n < heat_multigrid_threads(k->multigrid); n++)
    *heat_multigrid_kept(k->multigrid, n).number = INT64_MIN;
}

/* Compute row j of y = S u, and add its terms to the products u y, r y and y y. */
static void apply_row(const state *s, int thread, three_rows u, int64_t j, double *y, local_sums *sums) {
  const heat_krylov *k = s->k;
  const heat_stencil *stencil = k->stencil;
  heat_balance_row row = heat_stencil_row(stencil, k->r, j, y); /* its rows of u are replaced */
  row.south = row.south == row.u ? u.here : u.south;            /* beside a wall */
  row.north = row.north == row.u ? u.here : u.north;
  row.u = u.here;
  s->loops->balance(&row);
  heat_stencil_row_ends(stencil, &row, j);
  heat_apply_row apply = {.p = u.here,
                          .r = heat_field_at(k->r, k->r->owned.lo[HEAT_X], j),
                          .q = y,
                          .columns = columns_of(k->r),
                          .reaction = reaction_in(s, thread, j)};
  memcpy(apply.scales, sums->scales, sizeof apply.scales);
  s->loops->apply(&apply, sums->own);
}

/* Compute row j of q = S p. */
static double *product_row(const state *s, int thread, int64_t j) {
  const heat_multigrid *mg = s->k->multigrid;
  const heat_grid *grid = s->k->stencil->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, 1);
  three_rows p = {.here = heat_multigrid_direction(mg, thread, j)};
  p.south = j > grown.lo[HEAT_Y] ? heat_multigrid_direction(mg, thread, j - 1) : p.here;
  p.north = j + 1 < grown.hi[HEAT_Y] ? heat_multigrid_direction(mg, thread, j + 1) : p.here;
  double *q = heat_multigrid_work(mg, thread);
  local_sums none = {.scales = {0}};
  apply_row(s, thread, p, j, q, &none);
  return q;
}

static const double *product_for_cycle(void *context, int thread, int64_t j) {
  return product_row(context, thread, j);
}

/* The rows of the factors of p q, of r q and of q q. */
static heat_factors factors_of(const state *s, int sum, int thread, int64_t j) {
  const heat_krylov *k = s->k;
  const uint64_t before = heat_flush_begin();
  const double *q = product_row(s, thread, j), *p = heat_multigrid_direction(k->multigrid, thread, j);
  heat_flush_end(before);
  const double *first[HEAT_APPLY_SUMS] = {
      [HEAT_APPLY_PQ] = p, [HEAT_APPLY_RQ] = heat_field_at(k->r, k->r->owned.lo[HEAT_X], j), [HEAT_APPLY_QQ] = q};
  return (heat_factors){.a = first[sum], .b = q};
}

static heat_factors factors_of_pq(void *context, int thread, int64_t j) {
  return factors_of(context, HEAT_APPLY_PQ, thread, j);
}

static heat_factors factors_of_rq(void *context, int thread, int64_t j) {
  return factors_of(context, HEAT_APPLY_RQ, thread, j);
}

static heat_factors factors_of_qq(void *context, int thread, int64_t j) {
  return factors_of(context, HEAT_APPLY_QQ, thread, j);
}

/* The rows of the factors of r z. */
static heat_factors factors_of_rz(void *context, int thread, int64_t j) {
  const heat_krylov *k = ((const state *)context)->k;
  double *z = heat_multigrid_work(k->multigrid, thread);
  const uint64_t before = heat_flush_begin();
  heat_multigrid_read_row(k->multigrid, j, z);
  heat_flush_end(before);
  return (heat_factors){.a = heat_field_at(k->r, k->r->owned.lo[HEAT_X], j), .b = z};
}

/* The rows [from, to) of a thread. */
typedef struct part {
  int64_t from, to;
} part;

static part part_of(heat_box owned, int n, int threads) {
  const int64_t rows = heat_box_width(owned, HEAT_Y);
  return (part){owned.lo[HEAT_Y] + rows * n / threads, owned.lo[HEAT_Y] + rows * (n + 1) / threads};
}

/* Compute row j of p = z + beta p. Before that, alpha p of the iteration before is added to row j of x. */
static void turn_row(const state *s, int64_t j, double beta, bool fresh) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->r->owned;
  if (!fresh && j >= owned.lo[HEAT_Y] && j < owned.hi[HEAT_Y])
    heat_multigrid_advance(k->multigrid, j, s->alpha, heat_field_at(k->x, owned.lo[HEAT_X], j), s->begun);
  heat_multigrid_turn(k->multigrid, j, beta);
}

/* Whether a row of p is also read by other threads, or is a ghost row. Such rows are computed first (turn_shared). */
static bool is_shared(part own, int64_t j) {
  return j <= own.from || j >= own.to - 1;
}

static void turn_shared(const state *s, part own, double beta, bool fresh) {
  const heat_box owned = s->k->r->owned, grown = heat_grid_grown(s->k->stencil->grid, owned, 1);
  if (own.from == owned.lo[HEAT_Y] && grown.lo[HEAT_Y] < own.from) turn_row(s, own.from - 1, beta, fresh);
  if (own.from < own.to) turn_row(s, own.from, beta, fresh);
  if (own.from < own.to - 1) turn_row(s, own.to - 1, beta, fresh);
  if (own.to == owned.hi[HEAT_Y] && grown.hi[HEAT_Y] > own.to) turn_row(s, own.to, beta, fresh);
}

/* Compute the other rows of p, and all rows of q = S p. */
static void turn_part(const state *s, part own, int thread, double beta, bool fresh, local_sums *sums) {
  const heat_krylov *k = s->k;
  const heat_box grown = heat_grid_grown(k->stencil->grid, k->r->owned, 1);
  const int64_t last = own.to < grown.hi[HEAT_Y] ? own.to : own.to - 1;
  three_rows u = {NULL, NULL, NULL};
  for (int64_t j = own.from - 1; j <= own.to && own.from < own.to; j++) {
    const bool exists = j >= grown.lo[HEAT_Y] && j <= last;
    if (exists && !is_shared(own, j)) turn_row(s, j, beta, fresh);
    u = (three_rows){u.here, u.north, exists ? heat_multigrid_direction(k->multigrid, thread, j) : u.north};
    if (j > own.from) apply_row(s, thread, u, j - 1, heat_multigrid_work(k->multigrid, thread), sums);
  }
}

static void enter_sums(local_sums *all, const local_sums *own) {
#pragma omp critical(heat_krylov_sums)
  for (int n = 0; n < HEAT_APPLY_SUMS; n++) heat_total_add(&all->own[n], &own->own[n]);
}

/* Compute x += alpha p of the iteration before, then p = z + beta p and q = S p. */
static void turn(state *s, double beta, bool fresh, local_sums *sums) {
  const heat_krylov *k = s->k;
  const int threads = heat_multigrid_threads(k->multigrid);
  heat_multigrid_refresh(k->multigrid, fresh);
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
  for (int n = 0; n < threads; n++) {
    const uint64_t before = heat_flush_begin();
    turn_shared(s, part_of(k->r->owned, n, threads), beta, fresh);
    heat_flush_end(before);
  }
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
  for (int n = 0; n < threads; n++) {
    const uint64_t before = heat_flush_begin();
    local_sums own = {.scales = {0}};
    memcpy(own.scales, sums->scales, sizeof own.scales);
    turn_part(s, part_of(k->r->owned, n, threads), n, beta, fresh, &own);
    enter_sums(sums, &own);
    heat_flush_end(before);
  }
  s->begun = s->begun || !fresh;
  s->alpha = 0;
  k->x->valid = 0;
}

/* Add alpha p of the last iteration to x, if that is still to be done. */
static void complete(state *s) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->x->owned;
  const int threads = heat_multigrid_threads(k->multigrid);
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    double *x = heat_field_at(k->x, owned.lo[HEAT_X], j);
    if (s->alpha != 0)
      heat_multigrid_advance(k->multigrid, j, s->alpha, x, s->begun);
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

void heat_krylov_weigh(const heat_stencil *stencil, double weight, heat_field *r, int threads) {
  const heat_solver_loops *loops = heat_solver_loops_find();
#pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t j = r->owned.lo[HEAT_Y]; j < r->owned.hi[HEAT_Y]; j++)
    loops->multiply(heat_field_at(r, r->owned.lo[HEAT_X], j), reaction_of(stencil, weight, j), columns_of(r));
  r->valid = 0;
}

/* Set r = b. */
static void set_right(const heat_krylov *k) {
  k->right_side(k->context, k->r);
  heat_krylov_weigh(k->stencil, k->weight, k->r, heat_multigrid_threads(k->multigrid));
  if (heat_multigrid_singular(k->multigrid)) remove_mean(k, k->r);
}

/* Set r = b. True if r still has to be multiplied by weight rho c_p, which the caller then does while it reads r. */
static bool set_unweighed(const heat_krylov *k) {
  const bool at_once = heat_multigrid_singular(k->multigrid);
  if (at_once)
    set_right(k);
  else
    k->right_side(k->context, k->r);
  return !at_once;
}

static double square(const heat_krylov *k, const heat_field *field, double size) {
  heat_product product = {.a = field, .b = field, .size = size, .threads = heat_multigrid_threads(k->multigrid)};
  heat_products(k->stencil->grid, &product, 1, NULL);
  return product.sum;
}

/* Compute r = b - S x, where r holds b, or b / (weight rho c_p) where `unweighed` is set. Returns the sum of r r over
 * this rank's cells. */
static heat_total subtract_product(const state *s, bool unweighed, double scale) {
  const heat_krylov *k = s->k;
  const heat_box owned = k->r->owned;
  const int threads = heat_multigrid_threads(k->multigrid);
  heat_total all = {.over = 0};
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    heat_total own = {.over = 0};
    local_sums none = {.scales = {0}};
    const int thread = omp_get_thread_num();
    double *product = heat_multigrid_work(k->multigrid, thread);
#pragma omp for
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
      const double *u = heat_field_at(k->x, owned.lo[HEAT_X], j);
      double *r = heat_field_at(k->r, owned.lo[HEAT_X], j);
      apply_row(s, thread, (three_rows){u - k->x->stride, u, u + k->x->stride}, j, product, &none);
      if (unweighed) s->loops->multiply(r, reaction_of(k->stencil, k->weight, j), columns_of(k->r));
      s->loops->reduce(r, 1, product, columns_of(k->r), &own, scale);
    }
#pragma omp critical(heat_krylov_sums)
    heat_total_add(&all, &own);
  }
  return all;
}

/* Compute the true residual r = b - S x; returns whether it is small enough. */
static bool look(state *s) {
  const heat_krylov *k = s->k;
  complete(s);
  const bool unweighed = set_unweighed(k);
  s->alpha_r = 0;
  heat_sequence_refresh(k->sequence, k->x);
  const heat_total own = subtract_product(s, unweighed, heat_product_scale(s->rr));
  k->r->valid = 0;
  heat_product product = {.a = k->r, .b = k->r, .size = s->rr, .own = &own};
  heat_products(k->stencil->grid, &product, 1, NULL);
  s->rr = product.sum;
  const double size = sqrt(s->rr), reference = fmax(s->end.right, k->reference);
  s->end.residual = reference > 0 ? size / reference : size; /* which is NAN where numbers are not finite */
  s->end.converged = size <= s->target;
  return s->end.converged;
}

/* The largest sum of magnitudes in a row of S. Collective. */
static double largest_row(const heat_krylov *k) {
  const heat_stencil *stencil = k->stencil;
  const heat_box owned = stencil->grid->owned;
  double most = 0, *d = heat_multigrid_work(k->multigrid, 0);
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    heat_stencil_diagonal(stencil, j, d);
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
      most = fmax(most, 2 * d[i - owned.lo[HEAT_X]] + k->sigma / heat_stencil_inverse(stencil, i, j));
  }
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, stencil->grid->comm);
  return most;
}

/* Whether a new start from the true residual has not reduced it, and the residual is so small that it is due to
 * rounding: then x is the exact solution of a system whose coefficients differ from those of S in the last digits. */
static bool is_rounding(const state *s, double before) {
  const double few = 4, no_better = 0.5, size = sqrt(s->rr);
  if (!(size > no_better * before)) return false;
  return size <= few * DBL_EPSILON * largest_row(s->k) * sqrt(square(s->k, s->k->x, 0));
}

/* Compute r -= alpha q and z = M r, and the products r z and r r. */
static void precondition(state *s, double *rz) {
  enum { RZ, RR, COUNT };
  const heat_krylov *k = s->k;
  const heat_grid *grid = k->stencil->grid;
  const bool pending = s->alpha_r != 0, known = heat_product_scale(s->rz) > 0;
  heat_total own_rz, own_rr;
  const heat_cycle cycle = {.r = k->r,
                            .q = pending ? product_for_cycle : NULL,
                            .context = s,
                            .alpha = s->alpha_r,
                            .size = fmax(sqrt(s->rr), s->target) / sqrt((double)heat_box_cells(grid->domain)),
                            .thorough = s->thorough,
                            .product_scale = heat_product_scale(s->rz),
                            .product = &own_rz,
                            .square_scale = heat_product_scale(s->rr),
                            .square = &own_rr};
  heat_multigrid_cycle(k->multigrid, &cycle);
  s->alpha_r = 0;
  heat_product products[COUNT] = {
      [RZ] = {.rows = factors_of_rz, .context = s, .size = s->rz, .own = known ? &own_rz : NULL},
      [RR] = {.a = k->r, .b = k->r, .size = s->rr, .own = &own_rr}};
  heat_products(grid, products, pending ? COUNT : 1, NULL);
  *rz = products[RZ].sum;
  if (pending) s->rr = products[RR].sum;
}

/* Whether the residual is so large that the one after the next step cannot be small enough. Then |r| of the next step
 * need not be predicted. */
static bool is_far(const state *s) {
  const double many = 1e4;
  return sqrt(s->rr) > many * s->target;
}

/* Do one step along the next direction. The |r| after the step is predicted from r r, r q and q q. False where the
 * iteration breaks down, because S is not positive definite or numbers are not finite. */
static bool step_along(state *s, bool fresh) {
  const heat_krylov *k = s->k;
  double rz;
  precondition(s, &rz);
  if (sqrt(s->rr) <= s->target) return true;
  /* Since M is near the inverse of S, p q is about as large as r z, and r q and q q are about as large as r r. */
  heat_product products[HEAT_APPLY_SUMS] = {[HEAT_APPLY_PQ] = {.rows = factors_of_pq, .context = s, .size = rz},
                                            [HEAT_APPLY_RQ] = {.rows = factors_of_rq, .context = s, .size = s->rr},
                                            [HEAT_APPLY_QQ] = {.rows = factors_of_qq, .context = s, .size = s->rr}};
  local_sums sums = {.scales = {0}};
  const int wanted = is_far(s) ? 1 : HEAT_APPLY_SUMS;
  for (int n = 0; n < wanted; n++) {
    sums.scales[n] = heat_product_scale(products[n].size);
    products[n].own = &sums.own[n];
  }
  turn(s, fresh ? 0 : rz / s->rz, fresh, &sums);
  s->rz = rz;
  int stops = k->stop != NULL && k->stop(k->context);
  heat_products(k->stencil->grid, products, wanted, &stops);
  s->end.stopped = stops > 0;
  const double pq = products[HEAT_APPLY_PQ].sum, alpha = rz / pq;
  if (!(rz > 0 && pq > 0 && isfinite(alpha))) return false;
  const double rq = products[HEAT_APPLY_RQ].sum, qq = products[HEAT_APPLY_QQ].sum;
  if (wanted > 1) s->rr = fmax(s->rr - 2 * alpha * rq + alpha * alpha * qq, DBL_EPSILON * s->rr);
  s->alpha = s->alpha_r = alpha;
  s->end.iterations++;
  return true;
}

static bool iterate(state *s, bool fresh) {
  const uint64_t before = heat_flush_begin();
  const bool whole = step_along(s, fresh);
  heat_flush_end(before);
  return whole;
}

/* Whether the residual has fallen so slowly that from now on thorough cycles are done, beginning with a new direction.
 * The last known residual may be that of the iteration before. */
static bool is_slow(state *s) {
  enum { FIRST = 3 };
  const double enough = 0.08;
  if (s->thorough || s->end.iterations < FIRST || sqrt(s->rr) <= s->target) return false;
  s->thorough = sqrt(s->rr) > pow(enough, s->end.iterations - 1) * s->end.right;
  if (s->thorough) complete(s);
  return s->thorough;
}

heat_krylov_end heat_krylov_solve(const heat_krylov *k) {
  state s = {.k = k, .loops = heat_solver_loops_find(), .thorough = k->sigma == 0};
  forget_reactions(k);
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
    fresh = is_slow(&s);
    if (whole && !(sqrt(s.rr) <= s.target) && s.end.iterations < k->iterations) continue;
    if (s.end.stopped || look(&s)) break;
    if (is_rounding(&s, before)) s.end.converged = true;
    if (!whole) break;
    before = sqrt(s.rr);
    fresh = true;
  }
  return s.end;
}
