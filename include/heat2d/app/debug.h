/* Help for examining a running program from outside, with a debugger or by a signal. */
#ifndef HEAT2D_DEBUG_H
#define HEAT2D_DEBUG_H

#include "heat2d/base/runtime.h"

/* If the environment variable HEAT2D_WAIT_FOR_DEBUGGER is this rank's number, print host and process id, and wait until
 * a debugger has set the variable heat_debugger_wait to 0. HEAT_USAGE when it is not the number of a rank. Local. */
heat_status heat_debug_wait(const heat_runtime *runtime);

/* From now on, SIGQUIT makes this rank print its step and its activity on the standard error and go on. This works also
 * for a rank that hangs. Local. */
void heat_debug_answer(heat_runtime *runtime);

#endif
