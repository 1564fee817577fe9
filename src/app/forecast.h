/* How long a run will take, for `heat2d check`. */
#ifndef HEAT2D_FORECAST_H
#define HEAT2D_FORECAST_H

#include "heat2d/numerics/steady.h"
#include "survey.h"

/* Set the plan's rate and times. Steps of this deck are timed, with its sources and sides: on its own grid if that is
 * small and the plan is for as many ranks as there are, otherwise on a part of the grid. The time for files is
 * estimated from their number and size. With error control, and for a solve, the work is predicted as a number of
 * updates of all cells (see choice.c), and such an update is timed. This takes about half a second and at most some 100
 * MiB on each rank, whatever the grid. HEAT_IO when memory is exhausted, HEAT_DECK when a value is not allowed.
 * Collective over the grid's communicator. */
heat_status heat_forecast_make(heat_plan *plan, const heat_setup *setup, const heat_survey *survey,
                               heat_runtime *runtime);

/* Return the time, s, at which time.steady will end the run; infinite if it will not, or if that cannot be predicted
 * (sides or sources that change in time, fields in files). This takes at most about 0.3 s. Collective. */
double heat_forecast_steady(const heat_setup *setup);

/* Return the seconds that the writing of all files will take. Local. */
double heat_forecast_files(const heat_plan *plan);

#endif
