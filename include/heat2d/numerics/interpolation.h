/* The temperature at a point, as the scheme sees it between its cell centres.
 *
 * Each cell is cut into four quadrants. A quadrant has a cell's centre c, the middle x of a face across x, the middle y
 * of a face across y and the corner k where the two faces meet; with the distances from the centre p, q in [0, 1]
 *
 *     u = (1 - p)(1 - q) c + p (1 - q) x + (1 - p) q y + p q k
 *
 * Faces. The heat that flows from one centre to the next through a face meets the resistances of two half cells, so
 * with a harmonic interface the face between the cells 0 and 1 has (k0 u0 + k1 u1) / (k0 + k1), with k normal to it;
 * with an arithmetic one the profile between the centres is straight, and the face has their mean.
 *
 * Corners. The heat that flows to a corner of four cells along their four faces adds up to nothing: it has the mean of
 * the four faces' temperatures, each weighted by how well the two cells beside it conduct along it, sum(k_y) dx/dy for
 * a face across x and sum(k_x) dy/dx for one across y. With an arithmetic interface it is the mean of the four cells.
 *
 * Contact resistances. A face with one has two temperatures, u + q h/(2k) on each of its sides with the heat q that
 * flows through it; a point right on it belongs to the cell above or to the right. A corner where such a face ends has
 * one temperature for all of its cells that touch there without a resistance between them: the mean of x + y - c in
 * each of their quadrants, which is exact where the temperature in each cell is linear.
 *
 * Walls. A wall's own condition gives its temperature at that instant: the value of a Dirichlet side at the point's own
 * coordinate along it; u + flux h/(2k) beside a cell of a Neumann side; and beside a cell of a Robin side the mean of
 * ambient and u, weighted by the coefficient and by 2k/h. On a wall, the corner of two cells has the mean of the two
 * walls' temperatures, weighted as in the face between the cells. In a corner of the domain a Dirichlet side wins; two
 * have their mean there; and where there is none it is the mean of what each wall's condition makes of the other wall.
 *
 * So a solution that is linear in each layer of a wall is met exactly at any point, and what is read never leaves the
 * range of the four cells around the point and of the walls there. */
#ifndef HEAT2D_INTERPOLATION_H
#define HEAT2D_INTERPOLATION_H

#include "heat2d/grid/grid.h"

enum { HEAT_AROUND = 4 }; /* cells around a point: that of its quadrant, the next across x, across y, across both */

/* In which quadrant a point lies, and where. */
typedef struct heat_quadrant {
  int64_t cell[HEAT_AXES];
  int toward[HEAT_AXES];  /* -1: its faces on the low sides, 1: on the high ones */
  double part[HEAT_AXES]; /* 0 at the centre, 1 on the face */
} heat_quadrant;

/* The temperature of a wall beside a cell of temperature u: share[0] fixed + share[1] u + offset. */
typedef struct heat_wall_law {
  double fixed, share[2], offset;
} heat_wall_law;

typedef struct heat_interpolation {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  double point[HEAT_AXES];
  heat_quadrant quadrant;
  bool wall[HEAT_AXES], dirichlet[HEAT_AXES], in_time; /* whether the face across that axis is a wall, and which */
  double share[HEAT_AXES][2];                          /* of this cell and of the next in the face between them */
  double corner[HEAT_AROUND];                          /* weights of the cells in the corner, away from walls */
  double conductance[HEAT_AXES][2]; /* 2k/h towards a wall: of this cell, and of the next along the wall */
  heat_wall_law law[HEAT_AXES][2];  /* the same; see find_walls for what they are in corners of the domain */
} heat_interpolation;

/* The quadrant of a point of the domain. Local. */
heat_quadrant heat_quadrant_at(const heat_problem *problem, const double point[HEAT_AXES]);

/* The cells around a point; beyond a wall a cell stands for itself. Local. */
void heat_quadrant_cells(const heat_grid *grid, const heat_quadrant *quadrant, int64_t cells[HEAT_AROUND][HEAT_AXES]);

/* The weights at a point of the domain, and the walls as they are at t = 0. HEAT_DECK as heat_problem_values and
 * heat_problem_side_at, HEAT_IO. Local: any rank can do it for any point. */
heat_status heat_interpolation_create(heat_interpolation *at, const heat_problem *problem, const heat_grid *grid,
                                      const double point[HEAT_AXES]);

/* Bring the walls to time t. HEAT_DECK as heat_problem_side_at, HEAT_IO. Local. */
heat_status heat_interpolation_update(heat_interpolation *at, double t);

/* The temperature there, from those of the cells around it. Local. */
double heat_interpolation_value(const heat_interpolation *at, const double u[HEAT_AROUND]);

#endif
