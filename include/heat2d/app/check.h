/* `heat2d check`: finds everything that `run` would refuse, and estimates what the run would cost. */
#ifndef HEAT2D_CHECK_H
#define HEAT2D_CHECK_H

#include "heat2d/app/setup.h"

/* Validate the deck as `run` does, and print the resolved deck and, as comments in it, the plan for `ranks` ranks (0:
 * the ranks that are running). Writes no file. HEAT_DECK, HEAT_USAGE, HEAT_IO. Collective over the runtime's
 * communicator. */
heat_status heat_check_deck(heat_runtime *runtime, const heat_options *options, int ranks);

#endif
