/* The kernels: one sweep of  out = sum_i w_i x_i + c L(u)  over a box.
 *
 * Uniform material, with r_x = k_x / (rho c_p dx^2), r_y alike, s = 1 / (rho c_p):
 *
 *     L(u) = r_x ((W + E) - (u + u)) + r_y ((S + N) - (u + u))  [+ s q]
 *
 * Varying material, with face conductances K = k_face / h^2 on the west and south face of each cell:
 *
 *     L(u) = s (((K_e (E - u)) - (K_w (u - W))) + ((K_n (N - u)) - (K_s (u - S))) [+ q])
 *
 * evaluated in exactly this order and without contraction into fused multiply-adds, so that the bits depend on neither
 * compiler nor processor. Both are in difference form: a constant field stays constant to the bit. */
#ifndef HEAT2D_KERNEL_H
#define HEAT2D_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum { HEAT_TERMS = 4 };

typedef struct heat_sweep {
  ptrdiff_t columns, rows, stride; /* the box; all arrays have this stride */
  double *out;                     /* first cell of the box in each array */
  const double *u;
  int terms; /* of the weighted sum, at least 1 */
  const double *x[HEAT_TERMS];
  double w[HEAT_TERMS];
  double c;
  double rx, ry, s;                /* uniform material (kx NULL) */
  const double *kx, *ky, *inverse; /* varying material: west faces, south faces, 1 / (rho c_p) */
  const double *q;                 /* source, or NULL */
  int threads;
} heat_sweep;

/* Compiled for the processor that the whole program is compiled for. Local. */
void heat_kernel_sweep(const heat_sweep *sweep);

/* The largest |L(u)| over the box, NaN where one is; out, x, w and c are not used. Local. */
double heat_kernel_rate(const heat_sweep *sweep);

/* The same two, compiled for one kind of processor. */
typedef struct heat_kernels {
  const char *name;
  void (*sweep)(const heat_sweep *sweep);
  double (*rate)(const heat_sweep *sweep);
} heat_kernels;

/* The best that this processor has, or those of that name (x86-64-v4, x86-64-v3, x86-64-v2, base); NULL when it does
 * not have them. Local. */
const heat_kernels *heat_kernels_find(const char *name);

#endif
