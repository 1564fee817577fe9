/* See solver_loops.h. Each loop can be vectorised without any effect on the bits: cells are independent of each other,
 * and the sums are sums of integers. */
#include "heat2d/numerics/solver_loops.h"

#include "vectors.h"

#include <math.h>

ALWAYS_INLINE double term_at(heat_terms t, ptrdiff_t n, bool product) {
  if (!product) return t.a[n];
  return t.over ? t.a[n] / t.b[n] : t.a[n] * t.b[n];
}

ALWAYS_INLINE void add_kind(heat_total *total, heat_terms t, ptrdiff_t columns, bool product) {
  for (ptrdiff_t from = 0, to; from < columns; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, columns);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t n = from; n < to; n++) {
      const double v = term_at(t, n, product) * t.scale;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    enter_run(total, high, low, over, to - from);
  }
}

static void add(heat_total *total, heat_terms t, ptrdiff_t columns) {
  if (t.b == NULL)
    add_kind(total, t, columns, false);
  else if (t.over)
    add_kind(total, (heat_terms){t.a, t.b, true, t.scale}, columns, true);
  else
    add_kind(total, (heat_terms){t.a, t.b, false, t.scale}, columns, true);
}

/* The bits of positive numbers, taken as integers, are in the order of the numbers, and those of what is not a number
 * are larger than all others. */
ALWAYS_INLINE double largest_kind(heat_terms t, ptrdiff_t columns, bool product) {
  int64_t most = 0;
  double value;
#pragma omp simd reduction(max : most)
  for (ptrdiff_t n = 0; n < columns; n++) {
    const int64_t bits = total_bits(term_at(t, n, product)) & INT64_MAX;
    most = bits > most ? bits : most;
  }
  memcpy(&value, &most, sizeof value);
  return isnan(value) ? INFINITY : value;
}

static double largest(heat_terms t, ptrdiff_t columns) {
  if (t.b == NULL) return largest_kind(t, columns, false);
  return t.over ? largest_kind((heat_terms){t.a, t.b, true, 1}, columns, true)
                : largest_kind((heat_terms){t.a, t.b, false, 1}, columns, true);
}

static void multiply(double *r, heat_reaction reaction, ptrdiff_t columns) {
  if (reaction.inverse == NULL) {
#pragma omp simd
    for (ptrdiff_t n = 0; n < columns; n++) r[n] *= reaction.reaction;
  } else {
#pragma omp simd
    for (ptrdiff_t n = 0; n < columns; n++) r[n] *= reaction.sigma / reaction.inverse[n];
  }
}

static void advance(double *x, bool add_to, double a, const double *p, ptrdiff_t columns) {
  if (add_to) {
#pragma omp simd
    for (ptrdiff_t n = 0; n < columns; n++) x[n] += a * p[n];
  } else {
#pragma omp simd
    for (ptrdiff_t n = 0; n < columns; n++) x[n] = a * p[n];
  }
}

static void turn(double *p, double b, const double *z, ptrdiff_t columns) {
#pragma omp simd
  for (ptrdiff_t n = 0; n < columns; n++) p[n] = z[n] + b * p[n];
}

static void balance(const heat_balance_row *row) {
  const double *u = row->u, *south = row->south, *north = row->north;
  const double *kx = row->kx, *ky = row->ky, *ky_north = row->ky_north;
  const double fx = row->fx, fy = row->fy;
  const ptrdiff_t first = row->first, last = row->last;
  double *y = row->y;
  if (kx == NULL) {
#pragma omp simd
    for (ptrdiff_t i = first; i < last; i++)
      y[i] = fx * ((u[i + 1] - u[i]) - (u[i] - u[i - 1])) + fy * ((north[i] - u[i]) - (u[i] - south[i]));
  } else {
#pragma omp simd
    for (ptrdiff_t i = first; i < last; i++)
      y[i] = (kx[i + 1] * (u[i + 1] - u[i]) - kx[i] * (u[i] - u[i - 1])) +
             (ky_north[i] * (north[i] - u[i]) - ky[i] * (u[i] - south[i]));
  }
}

typedef enum reaction_kind { UNIFORM, INVERSE, KNOWN } reaction_kind;

static reaction_kind kind_of(heat_reaction reaction) {
  if (reaction.known != NULL) return KNOWN;
  return reaction.inverse != NULL ? INVERSE : UNIFORM;
}

ALWAYS_INLINE double reaction_at(heat_reaction reaction, ptrdiff_t n, reaction_kind kind) {
  if (kind == KNOWN) return reaction.known[n];
  return kind == UNIFORM ? reaction.reaction : reaction.sigma / reaction.inverse[n];
}

/* Compute q without any sum. */
ALWAYS_INLINE void apply_alone(heat_apply_row row, reaction_kind kind) {
  const double *p = row.p;
  double *q = row.q;
#pragma omp simd
  for (ptrdiff_t n = 0; n < row.columns; n++) q[n] = reaction_at(row.reaction, n, kind) * p[n] - q[n];
}

/* Compute q and the sum of p q only. */
ALWAYS_INLINE void apply_short(heat_apply_row row, heat_total *total, reaction_kind kind) {
  const double *p = row.p, scale = row.scales[HEAT_APPLY_PQ];
  double *q = row.q;
  for (ptrdiff_t from = 0, to; from < row.columns; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, row.columns);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t n = from; n < to; n++) {
      const double value = reaction_at(row.reaction, n, kind) * p[n] - q[n], v = p[n] * value * scale;
      q[n] = value;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    enter_run(total, high, low, over, to - from);
  }
}

ALWAYS_INLINE void apply_all(heat_apply_row row, heat_total totals[HEAT_APPLY_SUMS], reaction_kind kind) {
  const double *p = row.p, *r = row.r;
  const double scale_pq = row.scales[HEAT_APPLY_PQ], scale_rq = row.scales[HEAT_APPLY_RQ];
  const double scale_qq = row.scales[HEAT_APPLY_QQ];
  double *q = row.q;
  for (ptrdiff_t from = 0, to; from < row.columns; from = to) {
    uint64_t high_pq = 0, low_pq = 0, high_rq = 0, low_rq = 0, high_qq = 0, low_qq = 0;
    int64_t over_pq = 0, over_rq = 0, over_qq = 0;
    to = run_end(from, row.columns);
#pragma omp simd reduction(+ : high_pq, low_pq, high_rq, low_rq, high_qq, low_qq) reduction(| : over_pq, over_rq, over_qq)
    for (ptrdiff_t n = from; n < to; n++) {
      const double value = reaction_at(row.reaction, n, kind) * p[n] - q[n];
      const double pq = p[n] * value * scale_pq, rq = r[n] * value * scale_rq, qq = value * value * scale_qq;
      q[n] = value;
      high_pq += high_part(pq);
      low_pq += low_part(pq);
      over_pq |= no_room(pq);
      high_rq += high_part(rq);
      low_rq += low_part(rq);
      over_rq |= no_room(rq);
      high_qq += high_part(qq);
      low_qq += low_part(qq);
      over_qq |= no_room(qq);
    }
    enter_run(&totals[HEAT_APPLY_PQ], high_pq, low_pq, over_pq, to - from);
    enter_run(&totals[HEAT_APPLY_RQ], high_rq, low_rq, over_rq, to - from);
    enter_run(&totals[HEAT_APPLY_QQ], high_qq, low_qq, over_qq, to - from);
  }
}

/* `kind` is a constant in each call, so that the compiler makes a loop for each kind. */
ALWAYS_INLINE void apply_kind(const heat_apply_row *row, heat_total totals[HEAT_APPLY_SUMS], reaction_kind kind) {
  if (!(row->scales[HEAT_APPLY_PQ] > 0))
    apply_alone(*row, kind);
  else if (!(row->scales[HEAT_APPLY_RQ] > 0) && !(row->scales[HEAT_APPLY_QQ] > 0))
    apply_short(*row, &totals[HEAT_APPLY_PQ], kind);
  else
    apply_all(*row, totals, kind);
}

static void apply(const heat_apply_row *row, heat_total totals[HEAT_APPLY_SUMS]) {
  const reaction_kind kind = kind_of(row->reaction);
  if (kind == UNIFORM)
    apply_kind(row, totals, UNIFORM);
  else if (kind == INVERSE)
    apply_kind(row, totals, INVERSE);
  else
    apply_kind(row, totals, KNOWN);
}

static void reduce(double *r, double a, const double *q, ptrdiff_t columns, heat_total *total, double scale) {
  for (ptrdiff_t from = 0, to; from < columns; from = to) {
    uint64_t high = 0, low = 0;
    int64_t over = 0;
    to = run_end(from, columns);
#pragma omp simd reduction(+ : high, low) reduction(| : over)
    for (ptrdiff_t n = from; n < to; n++) {
      const double value = r[n] - a * q[n], v = value * value * scale;
      r[n] = value;
      high += high_part(v);
      low += low_part(v);
      over |= no_room(v);
    }
    enter_run(total, high, low, over, to - from);
  }
}

#ifndef SOLVER_LOOPS_NAME
#define SOLVER_LOOPS_NAME heat_solver_loops_base
#endif
extern const heat_solver_loops SOLVER_LOOPS_NAME;
const heat_solver_loops SOLVER_LOOPS_NAME = {add, largest, multiply, advance, turn, balance, apply, reduce};
