/* The linear, homogeneous part of the equation on one grid: five points for each cell.
 *
 *     rho c_p L_h u = K_e (E - u) - K_w (u - W) + K_n (N - u) - K_s (u - S)
 *
 * with the conductances K = k_face / h^2, W/(m3 K), of the faces between cells; E, W, N and S are the values of the
 * neighbouring cells. On a wall, where ghost = A + B interior (see walls.h), only B belongs to the homogeneous part, so
 * the face contributes - K (1 - B) u. Therefore -rho c_p L_h is symmetric and positive semidefinite. Its diagonal is
 * the sum of the K of a cell's faces, where those on walls are multiplied by 1 - B. On a periodic axis of one cell both
 * sides of a face are the same cell; such a face conducts nothing. */
#ifndef HEAT2D_STENCIL_H
#define HEAT2D_STENCIL_H

#include "heat2d/numerics/kernel.h"
#include "heat2d/numerics/repeats.h"
#include "heat2d/numerics/solver_loops.h"
#include "heat2d/numerics/walls.h"

/* What limits the steps: bounds of -L_h, 1/s. */
typedef struct heat_bounds {
  double spectral;  /* above every eigenvalue, by Gershgorin's theorem; 0: nothing conducts */
  double diagonal;  /* the largest entry of the diagonal */
  double all_faces; /* the spectral one if every face conducted as between two cells: never 0 */
} heat_bounds;

typedef struct heat_stencil {
  const heat_grid *grid;   /* borrowed */
  int depth;               /* ghost layers of the fields */
  bool uniform;            /* one material for all cells: no fields, but the numbers */
  double faces[HEAT_AXES]; /* uniform: conductances of the faces across x and y, W/(m3 K) */
  double rx, ry, s;        /* uniform: see kernel.h */
  heat_field kx, ky;       /* otherwise: of the west and of the south face of each cell, W/(m3 K) */
  heat_field inverse;      /* otherwise: 1 / (rho c_p), m3 K/J */
  heat_repeats repeats;    /* of those three, where they were looked for */
  double
      *walls[HEAT_SIDES]; /* K (1 - B) of each owned cell along the side, W/(m3 K); NULL where this rank has no wall */
  heat_bounds bounds;     /* over the owned box, for all times; of all ranks after heat_bounds_agree */
} heat_stencil;

/* Make the stencil of a problem over the owned box grown by the depth; as yet without walls and bounds. HEAT_DECK (a
 * material that is not positive, a NaN), HEAT_IO (memory). Local. */
heat_status heat_stencil_create(heat_stencil *stencil, const heat_discretisation *from);
void heat_stencil_destroy(heat_stencil *stencil); /* Local. */

/* Give it its walls as they are at t = 0, and bound the spectrum. `walls` are not kept. HEAT_DECK (a spectral bound
 * that is 0 or infinite), HEAT_IO. Local. */
heat_status heat_stencil_set_walls(heat_stencil *stencil, const heat_walls *walls);

/* Take the walls' part of the diagonal from `walls` as they were brought to the last instant: it changes only where a
 * Robin coefficient depends on time. Local. */
void heat_stencil_update_walls(heat_stencil *stencil, const heat_walls *walls);

/* Look for repeated rows of the material, which must not change any more, so that what goes through the rows one by one
 * reads less. HEAT_IO (memory). Local. */
heat_status heat_stencil_find_repeats(heat_stencil *stencil);
size_t heat_stencil_repeats_bytes(const heat_problem *problem, heat_box owned); /* of its table. Local. */

/* Bytes of the fields of a stencil that is made of `problem`. Local. */
size_t heat_stencil_bytes(const heat_problem *problem, heat_box owned, int depth);

/* The bounds over the owned box of `grid` alone, for a grid that is gone through in parts. HEAT_DECK, HEAT_IO. Local.
 */
heat_status heat_stencil_bound(const heat_problem *problem, const heat_grid *grid, heat_bounds *bounds);

/* The larger bounds of all ranks. Collective over comm. */
heat_bounds heat_bounds_agree(heat_bounds own, MPI_Comm comm);

/* What the wall at `side` adds to the diagonal of -rho c_p L_h in the owned cell whose index along the side is `at`,
 * W/(m3 K); 0 where this rank has no wall on that side. Local. */
double heat_stencil_wall(const heat_stencil *stencil, int side, int64_t at);

/* y = rho c_p L_h x over the owned box, W/m3: what flows into each cell, per volume. Reads one ghost layer of x, which
 * must be valid, but no ghosts beyond walls; x and y are different fields. The bits do not depend on the ranks. Local.
 */
void heat_stencil_balance(const heat_stencil *stencil, const heat_field *x, heat_field *y);

/* 1 / (rho c_p) of the owned cells of row j, of a material that varies. Local. */
const double *heat_stencil_inverse_row(const heat_stencil *stencil, int64_t j);

/* Row j of that, to be evaluated by the loops for rows; and after it what is different at the row's ends and beside
 * walls. `y`: of the row, at its first owned cell. Local. */
heat_balance_row heat_stencil_row(const heat_stencil *stencil, const heat_field *x, int64_t j, double *y);
void heat_stencil_row_ends(const heat_stencil *stencil, const heat_balance_row *row, int64_t j);

/* y = L_h x over the owned box, K/s: the balance times 1 / (rho c_p). Local. */
void heat_stencil_apply(const heat_stencil *stencil, const heat_field *x, heat_field *y);

/* d = the diagonal of -rho c_p L_h in the owned cells of row j, W/(m3 K). Local. */
void heat_stencil_diagonal(const heat_stencil *stencil, int64_t j, double *d);

/* The material of a kernel's sweep, at the first owned cell; all else is 0. Local. */
heat_sweep heat_stencil_sweep(const heat_stencil *stencil);

/* 1 / (rho c_p) of a cell, m3 K/J. Local. */
static inline double heat_stencil_inverse(const heat_stencil *stencil, int64_t i, int64_t j) {
  return stencil->uniform ? stencil->s : *heat_field_at(&stencil->inverse, i, j);
}

#endif
