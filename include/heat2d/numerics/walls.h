/* The walls, which are the sides of the domain that are not periodic.
 *
 * On each wall a u + b k du/dn = g holds. The wall lies on the face between an interior cell and a ghost cell, whose
 * centres are a distance h apart. With u = (ghost + interior)/2 and du/dn = (ghost - interior)/h it follows that
 *
 *     ghost = A + B interior,   A = g / (a/2 + b k/h),   B = -(a/2 - b k/h) / (a/2 + b k/h)
 *
 * which is of second order for Dirichlet, Neumann and Robin walls alike. The heat that enters through a face in a time
 * c is c k (ghost - interior)/h times the length of the face.
 *
 * An instant is a time for which the walls hold A and B; a list of stages needs one instant for each stage. */
#ifndef HEAT2D_WALLS_H
#define HEAT2D_WALLS_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/discretisation.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEAT_STAGES_MAX = 72 }; /* most stages that are handed over together, and so most instants of the walls */

typedef struct heat_wall {
  int64_t lo, hi;    /* range of the grown owned box along the side; lo == hi: this rank is not at the wall */
  bool in_time;      /* it changes in time */
  bool insulated;    /* everywhere and at all times: each ghost is as its cell, and no heat flows in */
  double *a, *b, *g; /* the coefficients of the formula above, hi - lo values each */
  double *k_over_h;  /* conductivity normal to the wall / spacing, W/(m2 K) */
  double *ghost_constant, *ghost_slope; /* A and B, for each instant */
  ptrdiff_t instant_stride;             /* from one instant to the next: 0 where the wall does not change in time */
} heat_wall;

typedef struct heat_walls {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  heat_wall sides[HEAT_SIDES];
} heat_walls;

/* Make the walls of the owned box grown by the depth of the halo, evaluated at t = 0. HEAT_DECK as heat_problem_side,
 * HEAT_IO when memory is exhausted. Local. */
heat_status heat_walls_create(heat_walls *walls, const heat_discretisation *from);
void heat_walls_destroy(heat_walls *walls); /* Local. */

/* The memory of the walls of a block, in bytes. Local. */
size_t heat_walls_bytes(const heat_problem *problem, heat_box owned);

/* Evaluate A and B of instant n at the time times[n], in s, for n < count <= HEAT_STAGES_MAX. HEAT_DECK as
 * heat_problem_side. Local. */
heat_status heat_walls_update(heat_walls *walls, const double *times, int count);

/* The faces of the wall at `side` that belong to owned cells, as [*lo, *hi) along the side; none for a periodic side
 * and for a wall beside which this rank owns no cell. Local. */
void heat_walls_owned(const heat_grid *grid, int side, int64_t *lo, int64_t *hi);

/* 1 - B of the face `at` of a wall: the factor with which the conductance of the face enters the diagonal of -L. It is
 * 0 for an insulated wall and 2 for a wall of given temperature. For a wall that changes in time it is taken to be 2,
 * the largest value that is possible. Local. */
double heat_walls_weight(const heat_walls *walls, int side, int64_t at);

/* 1 - B of the face `at` of a wall at the last instant. Local. */
double heat_walls_weight_now(const heat_walls *walls, int side, int64_t at);

/* The heat that flows in through the owned face `at` of a wall at the last instant, W/m: k (ghost - interior)/h times
 * the length of the face, computed without the rounding error of that difference. Local. */
double heat_walls_flow(const heat_walls *walls, const heat_field *field, int side, int64_t at);

/* A line of cells beside a wall, at any place in memory. */
typedef struct heat_wall_line {
  int side;
  int64_t from, count;  /* the cells [from, from + count) along the side */
  double *cell;         /* the first of them */
  ptrdiff_t along, out; /* distance in memory from a cell to the next one, and from a cell to its ghost cell */
  /* In the lane frame the cells lie in several runs: the first has `first_run` cells, each of the others `run`, and
   * `jump` is the distance in memory from the end of a run to the next one. `run` = 0: all cells lie in one run. */
  int64_t first_run, run;
  ptrdiff_t jump;
} heat_wall_line;

/* Find the cells of `field` in `box` that lie beside the wall at `side`; false where the box does not touch it. Local.
 */
bool heat_walls_line(const heat_walls *walls, const heat_field *field, heat_box box, int side, heat_wall_line *line);

/* Set the ghost cells of `field` along the walls that `box` touches, ghost = A + B interior, with the A and B of an
 * instant. Local. */
void heat_walls_apply(const heat_walls *walls, heat_field *field, heat_box box, int instant);
void heat_walls_apply_line(const heat_walls *walls, const heat_wall_line *line, int instant); /* the same for a line */

/* Add the heat that flows in through each owned face of a line in a time c (s), J/m, to heat[at - lo], where lo is that
 * of heat_walls_owned. The ghost cells must have been set by heat_walls_apply or heat_walls_apply_line. Local. */
void heat_walls_add_heat(const heat_walls *walls, const heat_wall_line *line, double c, double *heat);

#endif
