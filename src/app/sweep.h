/* Runs of all members of a sweep, distributed over groups of ranks. */
#ifndef HEAT2D_APP_SWEEP_H
#define HEAT2D_APP_SWEEP_H

#include "heat2d/app/setup.h"

/* Load the deck of a sweep. HEAT_DECK when it has no `sweep`; otherwise errors are those of heat_config_load.
 * Collective. */
heat_status heat_sweep_load(heat_config **config, heat_runtime *runtime, const heat_options *options);

/* Run the members of the deck's sweep that are not yet done, each on one of `groups` groups of ranks (0: as many groups
 * as there are ranks or members, whichever is less). If a member fails, this is recorded in its directory and the
 * others go on. HEAT_OK when all members are done; HEAT_STOPPED when some still have to be run or resumed; otherwise
 * the worst failure of a member, or the reason why the sweep did not begin (HEAT_DECK, HEAT_USAGE, HEAT_IO).
 * Collective. */
heat_status heat_sweep_run(heat_runtime *runtime, const heat_options *options, int groups);

/* Run the member `index`, counted from 0, on all ranks. Returns the status of its run. Collective. */
heat_status heat_sweep_run_one(heat_runtime *runtime, const heat_options *options, const heat_config *config,
                               int64_t index);

#endif
