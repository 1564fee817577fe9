/* What `heat2d check` finds out about a grid in about a second, whatever its size. */
#ifndef HEAT2D_SURVEY_H
#define HEAT2D_SURVEY_H

#include "heat2d/app/plan.h"
#include "heat2d/app/setup.h"

typedef struct heat_survey {
  heat_bounds bounds;      /* of the material, which limit the steps, over all cells that were examined */
  double seen;             /* fraction of the cells that were examined; 1: all */
  double in_time;          /* fraction of these whose source depends on time */
  int64_t busy[HEAT_AXES]; /* a cell whose source depends on time, if in_time > 0 */
  double cell_seconds;     /* time to examine one cell, on the slowest rank */
} heat_survey;

/* Examine the cells tile by tile, in an order that is spread over the domain: all of them if that takes at most about a
 * second, otherwise as many as fit into that time. Initial state, material, source and sides are evaluated as at the
 * start of a run. HEAT_DECK when a value is not allowed, HEAT_IO when memory is exhausted. Collective over the grid's
 * communicator. */
heat_status heat_survey_take(heat_survey *survey, const heat_setup *setup);

/* Count the cells of a box whose source depends on time, and set `busy` to one of them if there are any. Local. */
double heat_survey_in_time(const heat_problem *problem, heat_box box, int64_t busy[HEAT_AXES]);

#endif
