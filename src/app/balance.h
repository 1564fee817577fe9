/* Whether a problem has a steady state, found out without a field of the grid's size in memory. Private. */
#ifndef HEAT2D_BALANCE_H
#define HEAT2D_BALANCE_H

#include "heat2d/deck/problem.h"

/* HEAT_DECK, with the figure, where heat_stepper_check_steady would refuse sides and sources at time t. Goes through
 * the sources of all cells where they differ. Collective over comm. */
heat_status heat_balance_check(const heat_problem *problem, double t, MPI_Comm comm);

#endif
