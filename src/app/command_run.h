/* What `run` and `sweep` have in common on the command line. Private. */
#ifndef HEAT2D_COMMAND_RUN_H
#define HEAT2D_COMMAND_RUN_H

#include "heat2d/app/setup.h"
#include "heat2d/base/arguments.h"

/* The options of a run; options->sets is to be freed in any case. HEAT_USAGE. Local. */
heat_status heat_run_options(const heat_arguments *arguments, heat_options *options);

#endif
