/* All members of a sweep, spread over groups of ranks. Private. */
#ifndef HEAT2D_APP_SWEEP_H
#define HEAT2D_APP_SWEEP_H

#include "heat2d/app/setup.h"

/* The deck of a sweep. HEAT_DECK where it has none, and as heat_config_load. Collective. */
heat_status heat_sweep_load(heat_config **config, heat_runtime *runtime, const heat_options *options);

/* Run the members of the deck's sweep that are not yet done, each on one of `groups` groups of ranks (0: as many as
 * there are ranks, or members). A member that fails is written down, and the others go on. HEAT_OK: all are done;
 * HEAT_STOPPED: members wait to be gone on with; otherwise the worst failure of a member, or what kept the sweep from
 * beginning (HEAT_DECK, HEAT_USAGE, HEAT_IO). Collective. */
heat_status heat_sweep_run(heat_runtime *runtime, const heat_options *options, int groups);

/* Run one member on all ranks, counted from 0. Collective. */
heat_status heat_sweep_run_one(heat_runtime *runtime, const heat_options *options, const heat_config *config,
                               int64_t index);

#endif
