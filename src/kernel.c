/* The plain loops: one per combination of {uniform or varying material} x {source or none} x {Euler or a weighted sum},
 * made from one inlined body whose flags are constants, so that each loop is straight-line code that vectorises.
 * out may be one of x, never u, and no other array: cells are independent, which is what `simd` states. */
#include "heat2d/kernel.h"

#include <math.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* One row, all by value: nothing that the loop reads can then be taken for something that it writes. */
typedef struct row {
  double *out;
  const double *u, *south, *north;
  const double *x[HEAT_TERMS];
  const double *kx, *ky, *ky_north, *inverse, *q;
  double rx, ry, s;
} row;

ALWAYS_INLINE row row_at(const heat_sweep *sweep, ptrdiff_t j) {
  const ptrdiff_t at = j * sweep->stride;
  row r = {.out = sweep->out == NULL ? NULL : sweep->out + at,
           .u = sweep->u + at,
           .rx = sweep->rx,
           .ry = sweep->ry,
           .s = sweep->s};
  r.south = r.u - sweep->stride;
  r.north = r.u + sweep->stride;
  for (int k = 0; k < sweep->terms; k++) r.x[k] = sweep->x[k] + at;
  if (sweep->kx != NULL) {
    r.kx = sweep->kx + at;
    r.ky = sweep->ky + at;
    r.ky_north = r.ky + sweep->stride;
    r.inverse = sweep->inverse + at;
  }
  if (sweep->q != NULL) r.q = sweep->q + at;
  return r;
}

/* L(u) at column i. */
ALWAYS_INLINE double rate_at(row r, ptrdiff_t i, bool uniform, bool source) {
  const double u = r.u[i], west = r.u[i - 1], east = r.u[i + 1], south = r.south[i], north = r.north[i];
  if (uniform) {
    const double twice = u + u;
    const double conduction = r.rx * ((west + east) - twice) + r.ry * ((south + north) - twice);
    return source ? conduction + r.s * r.q[i] : conduction;
  }
  const double along_x = r.kx[i + 1] * (east - u) - r.kx[i] * (u - west);
  const double along_y = r.ky_north[i] * (north - u) - r.ky[i] * (u - south);
  const double conduction = along_x + along_y;
  return r.inverse[i] * (source ? conduction + r.q[i] : conduction);
}

ALWAYS_INLINE void sweep_row(const heat_sweep *sweep, row r, bool uniform, bool source, bool euler) {
  const ptrdiff_t columns = sweep->columns;
  const double c = sweep->c;
  if (euler) {
#pragma omp simd
    for (ptrdiff_t i = 0; i < columns; i++) r.out[i] = r.u[i] + c * rate_at(r, i, uniform, source);
    return;
  }
  const int terms = sweep->terms;
  double w[HEAT_TERMS];
  for (int k = 0; k < terms; k++) w[k] = sweep->w[k];
#pragma omp simd
  for (ptrdiff_t i = 0; i < columns; i++) {
    double sum = w[0] * r.x[0][i];
    for (int k = 1; k < terms; k++) sum += w[k] * r.x[k][i];
    r.out[i] = sum + c * rate_at(r, i, uniform, source);
  }
}

ALWAYS_INLINE void sweep_rows(const heat_sweep *sweep, bool uniform, bool source, bool euler) {
  const ptrdiff_t rows = sweep->rows;
  if (sweep->threads <= 1) {
    for (ptrdiff_t j = 0; j < rows; j++) sweep_row(sweep, row_at(sweep, j), uniform, source, euler);
    return;
  }
#pragma omp parallel for num_threads(sweep->threads) schedule(static)
  for (ptrdiff_t j = 0; j < rows; j++) sweep_row(sweep, row_at(sweep, j), uniform, source, euler);
}

static void sweep_uniform(const heat_sweep *sweep) {
  sweep_rows(sweep, true, false, false);
}
static void sweep_uniform_euler(const heat_sweep *sweep) {
  sweep_rows(sweep, true, false, true);
}
static void sweep_uniform_source(const heat_sweep *sweep) {
  sweep_rows(sweep, true, true, false);
}
static void sweep_uniform_source_euler(const heat_sweep *sweep) {
  sweep_rows(sweep, true, true, true);
}
static void sweep_varying(const heat_sweep *sweep) {
  sweep_rows(sweep, false, false, false);
}
static void sweep_varying_euler(const heat_sweep *sweep) {
  sweep_rows(sweep, false, false, true);
}
static void sweep_varying_source(const heat_sweep *sweep) {
  sweep_rows(sweep, false, true, false);
}
static void sweep_varying_source_euler(const heat_sweep *sweep) {
  sweep_rows(sweep, false, true, true);
}

void heat_kernel_sweep(const heat_sweep *sweep) {
  static void (*const sweeps[2][2][2])(const heat_sweep *) = {
      {{sweep_varying, sweep_varying_euler}, {sweep_varying_source, sweep_varying_source_euler}},
      {{sweep_uniform, sweep_uniform_euler}, {sweep_uniform_source, sweep_uniform_source_euler}}};
  const bool euler = sweep->terms == 1 && sweep->x[0] == sweep->u && sweep->w[0] == 1;
  sweeps[sweep->kx == NULL][sweep->q != NULL][euler](sweep);
}

double heat_kernel_rate(const heat_sweep *sweep) {
  double largest = 0;
  for (ptrdiff_t j = 0; j < sweep->rows; j++) {
    const row r = row_at(sweep, j);
    for (ptrdiff_t i = 0; i < sweep->columns; i++) {
      const double rate = fabs(rate_at(r, i, sweep->kx == NULL, sweep->q != NULL));
      if (isnan(rate)) return rate;
      if (rate > largest) largest = rate;
    }
  }
  return largest;
}
