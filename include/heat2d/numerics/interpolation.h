/* The temperature at a point between the cell centres, interpolated in accordance with the scheme.
 *
 * Each cell is divided into four quadrants. The corners of a quadrant are the cell's centre c, the middle x of a face
 * across x, the middle y of a face across y, and the corner k of the cell where the two faces meet. With the distances
 * p, q in [0, 1] from the centre
 *
 *     u = (1 - p)(1 - q) c + p (1 - q) x + (1 - p) q y + p q k
 *
 * Faces. The heat that flows from one centre to the next through a face has to pass two half cells, whose resistances
 * add up. So with a harmonic interface the temperature of the face between the cells 0 and 1 is (k0 u0 + k1 u1) / (k0 +
 * k1), with the conductivity k normal to the face. With an arithmetic interface the temperature is linear between the
 * centres, and the face has the mean of both.
 *
 * Corners. The heat that flows to a corner of four cells along their four faces adds up to zero. So the corner has the
 * mean of the four faces' temperatures, where each face is weighted by how well the two cells beside it conduct along
 * it: sum(k_y) dx/dy for a face across x, and sum(k_x) dy/dx for one across y. With an arithmetic interface it is the
 * mean of the four cells.
 *
 * Contact resistances. A face with a contact resistance has two temperatures, u + q h/(2k) on each of its sides, where
 * q is the heat that flows into the cell through the face. A point exactly on the face belongs to the cell above or to
 * the right. A corner where such a face ends has one temperature for all of its cells that touch there without a
 * resistance between them: the mean of x + y - c in each of their quadrants, which is exact where the temperature in
 * each cell is linear.
 *
 * Walls. The temperature of a wall follows from its condition at that instant. On a Dirichlet side it is the given
 * value at the point's own coordinate along the side. Beside a cell of a Neumann side it is u + flux h/(2k). Beside a
 * cell of a Robin side it is the mean of the ambient temperature and u, weighted by the coefficient and by 2k/h. Where
 * the face between two cells meets a wall, the corner has the mean of the two walls' temperatures, weighted as in that
 * face. In a corner of the domain a Dirichlet side determines the temperature; two Dirichlet sides have their mean
 * there; and where there is none, it is the mean of the temperatures that each wall's condition gives for the
 * temperature of the other wall.
 *
 * So a temperature that is linear in each layer of a layered plate is met exactly at any point. The result never leaves
 * the range of the four cells around the point and of the walls there. */
#ifndef HEAT2D_INTERPOLATION_H
#define HEAT2D_INTERPOLATION_H

#include "heat2d/grid/grid.h"

enum { HEAT_AROUND = 4 }; /* cells around a point: its own, the next across x, across y, across both */

/* The quadrant in which a point lies, and the place of the point within it. */
typedef struct heat_quadrant {
  int64_t cell[HEAT_AXES];
  int toward[HEAT_AXES];  /* -1: the quadrant is at the low side of its cell along this axis; 1: at the high side */
  double part[HEAT_AXES]; /* 0 at the centre, 1 on the face */
} heat_quadrant;

/* The temperature of a wall beside a cell of temperature u as a function of u: share[0] fixed + share[1] u + offset. */
typedef struct heat_wall_law {
  double fixed, share[2], offset;
} heat_wall_law;

typedef struct heat_interpolation {
  const heat_problem *problem; /* borrowed */
  const heat_grid *grid;       /* borrowed */
  double point[HEAT_AXES];
  heat_quadrant quadrant;
  bool wall[HEAT_AXES], dirichlet[HEAT_AXES], in_time; /* of the face across each axis */
  double share[HEAT_AXES][2];       /* weights of this cell and of the next in the face between them */
  double corner[HEAT_AROUND];       /* weights of the cells in the corner, where it is not on a wall */
  double conductance[HEAT_AXES][2]; /* 2k/h towards a wall: of this cell, and of the next one along the wall */
  heat_wall_law law[HEAT_AXES][2];  /* of the same two cells; for corners of the domain see find_walls */
} heat_interpolation;

/* Find the quadrant in which a point of the domain lies, whose coordinates are in m. Local. */
heat_quadrant heat_quadrant_at(const heat_problem *problem, const double point[HEAT_AXES]);

/* The cells around a point, in global indices; a cell beyond a wall is replaced by the one inside. Local. */
void heat_quadrant_cells(const heat_grid *grid, const heat_quadrant *quadrant, int64_t cells[HEAT_AROUND][HEAT_AXES]);

/* Compute the weights at a point of the domain, and the state of the walls at t = 0. HEAT_DECK as heat_problem_values
 * and heat_problem_side_at, HEAT_IO when memory is exhausted. Local: any rank can do it for any point. */
heat_status heat_interpolation_create(heat_interpolation *at, const heat_problem *problem, const heat_grid *grid,
                                      const double point[HEAT_AXES]);

/* Compute the state of the walls at time t, in s. HEAT_DECK as heat_problem_side_at, HEAT_IO when memory is exhausted.
 * Local. */
heat_status heat_interpolation_update(heat_interpolation *at, double t);

/* The temperature at the point in K, from the temperatures u of the cells around it. Local. */
double heat_interpolation_value(const heat_interpolation *at, const double u[HEAT_AROUND]);

#endif
