/* The options that `run` and `sweep` have in common. */
#ifndef HEAT2D_COMMAND_RUN_H
#define HEAT2D_COMMAND_RUN_H

#include "heat2d/app/setup.h"
#include "heat2d/base/arguments.h"

/* Read the options of a run; options->sets has to be freed in any case. HEAT_USAGE. Local. */
heat_status heat_run_options(const heat_arguments *arguments, heat_options *options);

#endif
