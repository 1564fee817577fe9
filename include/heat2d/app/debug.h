/* Help for those who look into a run from outside. */
#ifndef HEAT2D_DEBUG_H
#define HEAT2D_DEBUG_H

#include "heat2d/base/runtime.h"

/* Where HEAT2D_WAIT_FOR_DEBUGGER names this rank: say host and process, and wait until a debugger has set the variable
 * heat_debugger_wait to 0. HEAT_USAGE when it names no rank. Local. */
heat_status heat_debug_wait(const heat_runtime *runtime);

/* From now on SIGQUIT makes this rank say on its standard error at which step it is and in what, and go on: also a rank
 * that hangs. Local. */
void heat_debug_answer(heat_runtime *runtime);

#endif
