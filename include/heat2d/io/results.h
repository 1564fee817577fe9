/* Whether a directory without a checkpoint holds results that a new start would wipe. */
#ifndef HEAT2D_RESULTS_H
#define HEAT2D_RESULTS_H

#include "heat2d/base/status.h"

/* HEAT_USAGE with what can be done: for a run that is done or was stopped (status.json says so), one whose results were
 * staged out, and results of which nothing is known. HEAT_OK for an empty directory and for a run that was killed or
 * failed before its first checkpoint. Local. */
heat_status heat_results_check(const char *directory);

#endif
