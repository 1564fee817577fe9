/* The kernels: one sweep of  out = sum_i w_i x_i + c L(u)  over a box.
 *
 * Uniform material, with r_x = k_x / (rho c_p dx^2), r_y alike, s = 1 / (rho c_p), a = c r_x, b = c r_y, d = c s:
 *
 *     c L(u) = (a ((W + E) - 2 u) + b ((S + N) - 2 u))  [+ d q]        and where a = b
 *     c L(u) = a (((W + E) + (S + N)) - 4 u)  [+ d q]
 *
 * Varying material, with face conductances K = k_face / h^2 on the west and south face of each cell:
 *
 *     c L(u) = (c s) (((K_e (E - u)) - (K_w (u - W))) + ((K_n (N - u)) - (K_s (u - S))) [+ q])
 *
 * evaluated in exactly this order and without contraction into fused multiply-adds, but for 2 u and 4 u, which are
 * exact (up to 4e307): so the bits depend on neither compiler nor processor. All are in difference form: a constant
 * field stays constant to the bit. With c = 0, L is not evaluated. */
#ifndef HEAT2D_KERNEL_H
#define HEAT2D_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum { HEAT_TERMS = 4 };

/* What a sweep works with: one cell in each array, the same one. */
typedef struct heat_sweep {
  ptrdiff_t stride; /* of all arrays */
  double *out;
  const double *u;
  int terms; /* of the weighted sum, at least 1 */
  const double *x[HEAT_TERMS];
  double w[HEAT_TERMS];
  double c;
  double rx, ry, s;                /* uniform material (kx NULL) */
  const double *kx, *ky, *inverse; /* varying material: west faces, south faces, 1 / (rho c_p) */
  const double *q;                 /* source, or NULL */
} heat_sweep;

/* Where it works: a box whose first cell lies `at` doubles behind the cell of the sweep. */
typedef struct heat_part {
  ptrdiff_t at, columns, rows;
} heat_part;

/* The plain loop. Local. */
void heat_kernel_plain(const heat_sweep *sweep, heat_part part);

/* The same bits, fast in small boxes: see kernel.c. Local. */
void heat_kernel_walk(const heat_sweep *sweep, heat_part part);

/* The largest |L(u)| over the box, NaN where one is; out, x, w and c are not used. Local. */
double heat_kernel_rate(const heat_sweep *sweep, heat_part part);

/* The same three, compiled for one kind of processor. */
typedef struct heat_kernels {
  const char *name;
  void (*plain)(const heat_sweep *sweep, heat_part part);
  void (*walk)(const heat_sweep *sweep, heat_part part);
  double (*rate)(const heat_sweep *sweep, heat_part part);
} heat_kernels;

/* The best that this processor has, or those of that name (x86-64-v4, x86-64-v3, x86-64-v2, base); NULL when it does
 * not have them. Local. */
const heat_kernels *heat_kernels_find(const char *name);

#endif
