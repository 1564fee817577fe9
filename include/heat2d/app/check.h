/* `heat2d check`: everything that `run` would refuse, and what the run would cost. */
#ifndef HEAT2D_CHECK_H
#define HEAT2D_CHECK_H

#include "heat2d/app/setup.h"

/* Validate the deck as `run` would, print the resolved deck and, as comments, the plan for `ranks` ranks (0: those that
 * there are). Writes no file. HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective. */
heat_status heat_check_deck(heat_runtime *runtime, const heat_options *options, int ranks);

#endif
