/* The walls.
 *
 * a u + b k du/dn = g on a wall that lies on the face between an interior cell and a ghost cell a distance h apart:
 * with u = (ghost + interior)/2 and du/dn = (ghost - interior)/h
 *
 *     ghost = A + B interior,   A = g / (a/2 + b k/h),   B = -(a/2 - b k/h) / (a/2 + b k/h)
 *
 * which is second order for all three types. The heat that enters through a face in a time c is
 * c k (ghost - interior)/h times the face's length. */
#ifndef HEAT2D_WALLS_H
#define HEAT2D_WALLS_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/discretisation.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEAT_STAGES_MAX = 72 }; /* instants that walls can hold at once: the stages that are handed over together */

typedef struct heat_wall {
  int64_t lo, hi; /* cells along the side, of the owned box grown by the halo; lo == hi: not at this wall */
  bool in_time;
  double *a, *b, *g;                    /* hi - lo each: as the deck gives them */
  double *k_over_h;                     /* conductivity normal to the wall / spacing, W/(m2 K) */
  double *ghost_constant, *ghost_slope; /* A and B, for each instant */
  ptrdiff_t instant_stride;             /* from one instant to the next: 0 where the wall does not change in time */
} heat_wall;

typedef struct heat_walls {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  heat_wall sides[HEAT_SIDES];
} heat_walls;

/* The walls of the owned box grown by the depth, evaluated at t = 0. Errors are those of heat_problem_side and memory.
 * Local.
 */
heat_status heat_walls_create(heat_walls *walls, const heat_discretisation *from);
void heat_walls_destroy(heat_walls *walls); /* Local. */

/* Bytes of the walls of a block. Local. */
size_t heat_walls_bytes(const heat_problem *problem, heat_box owned);

/* Bring instant n to the time times[n], for n < count <= HEAT_STAGES_MAX. HEAT_DECK as heat_problem_side. Local. */
heat_status heat_walls_update(heat_walls *walls, const double *times, int count);

/* The faces of the wall at `side` that belong to owned cells, as [*lo, *hi) along the side; none for a periodic side
 * and for a wall beside which this rank owns no cell. Local. */
void heat_walls_owned(const heat_grid *grid, int side, int64_t *lo, int64_t *hi);

/* 1 - B of a wall's face: how much of the face's conductance stands in the diagonal of -L, from 0 for an insulated wall
 * to 2 for one that is held at a temperature; 2 also where it changes in time. Local. */
double heat_walls_weight(const heat_walls *walls, int side, int64_t at);

/* The same as the wall was brought to the last of the times, also where it changes. Local. */
double heat_walls_weight_now(const heat_walls *walls, int side, int64_t at);

/* The heat that flows in through the owned face `at` of a side's wall, W/m, as the wall was brought to the last of the
 * times: k (ghost - interior)/h times its length, without the rounding of the difference. Local. */
double heat_walls_flow(const heat_walls *walls, const heat_field *field, int side, int64_t at);

/* Cells beside a wall, wherever they are in memory. */
typedef struct heat_wall_line {
  int side;
  int64_t from, count;  /* along the side */
  double *cell;         /* the first one */
  ptrdiff_t along, out; /* from a cell to the next one, and to its ghost */
} heat_wall_line;

/* Those of `field` in `box` at `side`; false where the box does not touch this wall. Local. */
bool heat_walls_line(const heat_walls *walls, const heat_field *field, heat_box box, int side, heat_wall_line *line);

/* Set the ghost cells of `field` along the walls next to `box` as they are at an instant. Local. */
void heat_walls_apply(const heat_walls *walls, heat_field *field, heat_box box, int instant);
void heat_walls_apply_line(const heat_walls *walls, const heat_wall_line *line, int instant); /* the same for a line */

/* Add c times the heat that flows in through each owned face of a line, J/m, to heat[at - lo] with the range of
 * heat_walls_owned; the ghost cells are as heat_walls_apply has left them. Local. */
void heat_walls_add_heat(const heat_walls *walls, const heat_wall_line *line, double c, double *heat);

#endif
