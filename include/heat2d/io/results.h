/* Whether a directory without a checkpoint has results that a new start would delete. */
#ifndef HEAT2D_RESULTS_H
#define HEAT2D_RESULTS_H

#include "heat2d/base/status.h"

/* Return HEAT_USAGE, with a message that says what can be done, if the directory has a run that is done or was stopped
 * according to status.json, a run whose results were staged out (moved to other storage after a job), or results of
 * unknown origin. HEAT_OK for an empty directory, and for a run that was killed or failed before its first checkpoint.
 * Local. */
heat_status heat_results_check(const char *directory);

#endif
