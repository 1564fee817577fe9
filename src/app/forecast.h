/* How long a run will take: a part of `heat2d check`. Private. */
#ifndef HEAT2D_FORECAST_H
#define HEAT2D_FORECAST_H

#include "heat2d/numerics/steady.h"
#include "survey.h"

/* Fill in the plan's rate and times: steps of this very deck are timed, with its sources and sides, on its grid where
 * that is small and there are as many ranks as the plan is for, otherwise on a part of the grid. What files take is
 * estimated from their number and size. Steps by error control and solves are not timed: what they are worth in updates
 * of all cells is foreseen (see choice.c), and such an update is timed. Takes about half a second, and at most some 100
 * MiB on each rank, whatever the grid. HEAT_IO when memory is exhausted, HEAT_DECK (a value that is not allowed).
 * Collective over the grid's communicator. */
heat_status heat_forecast_make(heat_plan *plan, const heat_setup *setup, const heat_survey *survey,
                               heat_runtime *runtime);

/* The time at which time.steady will end the run, s: infinite where it will not, or where that cannot be told
 * beforehand (sides or sources that change in time, fields in files). Takes at most about 0.3 s. Collective. */
double heat_forecast_steady(const heat_setup *setup);

/* Seconds that the writing of all files will take. Local. */
double heat_forecast_files(const heat_plan *plan);

#endif
