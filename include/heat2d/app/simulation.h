/* A run: owns everything from the deck to the files, and the time loop. */
#ifndef HEAT2D_SIMULATION_H
#define HEAT2D_SIMULATION_H

#include "heat2d/app/setup.h"

/* Run the deck to its end. HEAT_OK, HEAT_STOPPED (with a checkpoint written), or the failure. Collective over the
 * runtime's communicator. */
heat_status heat_simulation_run(heat_runtime *runtime, const heat_options *options);

#endif
