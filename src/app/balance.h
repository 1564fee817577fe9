/* Whether a problem has a steady state, computed without a field of the size of the grid. */
#ifndef HEAT2D_BALANCE_H
#define HEAT2D_BALANCE_H

#include "heat2d/deck/problem.h"

/* Return HEAT_DECK, with the heat that is not balanced, when heat_stepper_check_steady would refuse the sides and
 * sources at time t, s. The sources of all cells are evaluated unless they are uniform. Collective over comm. */
heat_status heat_balance_check(const heat_problem *problem, double t, MPI_Comm comm);

#endif
