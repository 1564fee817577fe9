/* The commands of the program. */
#ifndef HEAT2D_COMMAND_H
#define HEAT2D_COMMAND_H

#include "heat2d/base/arguments.h"

extern const heat_command heat_command_run, heat_command_check, heat_command_keys, heat_command_info,
    heat_command_compare, heat_command_bench, heat_command_render, heat_command_view, heat_command_status,
    heat_command_regress, heat_command_sweep;

#endif
