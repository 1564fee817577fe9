/* What `heat2d check` finds out about a grid within about a second, whatever its size. Private. */
#ifndef HEAT2D_SURVEY_H
#define HEAT2D_SURVEY_H

#include "heat2d/app/plan.h"
#include "heat2d/app/setup.h"

typedef struct heat_survey {
  heat_bounds bounds;      /* of what limits the steps: of all cells, or of those that were looked at */
  double seen;             /* share of the cells whose values were looked at; 1: all */
  double in_time;          /* share of those whose source depends on time */
  int64_t busy[HEAT_AXES]; /* a cell whose source depends on time, where in_time > 0 */
  double cell_seconds;     /* that looking at one took, on the slowest rank */
} heat_survey;

/* Go through the cells tile by tile, in an order that is spread over the domain: all of them where that takes no longer
 * than about a second, otherwise as many as it takes. Evaluates initial state, material, source and sides as a run does
 * at its start. HEAT_DECK (a value that is not allowed), HEAT_IO (memory). Collective over the grid's communicator. */
heat_status heat_survey_take(heat_survey *survey, const heat_setup *setup);

/* How many cells of a box have a source that depends on time; one of them, where there are any. Local. */
double heat_survey_in_time(const heat_problem *problem, heat_box box, int64_t busy[HEAT_AXES]);

#endif
