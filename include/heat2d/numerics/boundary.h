/* The walls.
 *
 * a u + b k du/dn = g on a wall that lies on the face between an interior cell and a ghost cell a distance h apart:
 * with u = (ghost + interior)/2 and du/dn = (ghost - interior)/h
 *
 *     ghost = A + B interior,   A = g / (a/2 + b k/h),   B = -(a/2 - b k/h) / (a/2 + b k/h)
 *
 * which is second order for all three types. The heat that enters through a face in a time c is
 * c k (ghost - interior)/h times the face's length. */
#ifndef HEAT2D_BOUNDARY_H
#define HEAT2D_BOUNDARY_H

#include "heat2d/grid/field.h"

#include <stddef.h>

enum { HEAT_LEVELS = 72 }; /* instants that walls can hold at once: the stages that are handed over together */

typedef struct heat_wall {
  int64_t lo, hi;             /* cells along the side, of the owned box grown by the halo; lo == hi: not at this wall */
  int64_t owned_lo, owned_hi; /* those whose heat this rank counts */
  bool in_time;
  double *a, *b, *g;      /* hi - lo each: as the deck gives them */
  double *k_over_h;       /* conductivity normal to the wall / spacing, W/(m2 K) */
  double *A, *B;          /* ghost = A + B interior, for each level */
  ptrdiff_t level_stride; /* from one level to the next: 0 where the wall does not change in time */
  double *heat;           /* owned_hi - owned_lo: heat that came in through each face since t = 0, J/m */
} heat_wall;

typedef struct heat_boundary {
  const heat_grid *grid; /* borrowed */
  heat_wall walls[HEAT_SIDES];
} heat_boundary;

/* Walls of the owned box grown by `depth`, evaluated at t = 0, with no heat counted. Errors are those of
 * heat_problem_side and memory. Local. */
heat_status heat_boundary_create(heat_boundary *boundary, const heat_grid *grid, int depth);
void heat_boundary_destroy(heat_boundary *boundary);

/* Bring level n to the time times[n], for n < count <= HEAT_LEVELS. HEAT_DECK as heat_problem_side. Local. */
heat_status heat_boundary_update(heat_boundary *boundary, const double *times, int count);

/* 1 - B of a wall's face: how much of the face's conductance stands in the diagonal of -L, from 0 for an insulated wall
 * to 2 for one that is held at a temperature; 2 also where it changes in time. Local. */
double heat_boundary_weight(const heat_boundary *boundary, int side, int64_t at);

/* The same as the wall was brought to the last of the times, also where it changes. Local. */
double heat_boundary_weight_now(const heat_boundary *boundary, int side, int64_t at);

/* The heat that flows in through the owned face `at` of a side's wall, W/m, as the wall was brought to the last of the
 * times: k (ghost - interior)/h times its length, without the rounding of the difference. Local. */
double heat_boundary_flow(const heat_boundary *boundary, const heat_field *field, int side, int64_t at);

/* Set the ghost cells of `field` along the walls next to `box` as they are at a level, and add c times the heat flux
 * through the owned faces of the walls that `box` touches (c = 0: none). Local. */
void heat_boundary_apply(heat_boundary *boundary, heat_field *field, heat_box box, int level, double c);

#endif
