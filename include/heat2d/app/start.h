/* Whether all ranks were started alike: the first thing that they agree on, since ranks of another deck, other options
 * or another build would mix their physics, or wait for each other for ever. */
#ifndef HEAT2D_START_H
#define HEAT2D_START_H

#include "heat2d/base/status.h"

/* Compare `version` (with whatever else tells builds apart) and the `count` arguments with those of rank 0. HEAT_USAGE
 * with both where a rank differs. Collective over comm. */
heat_status heat_start_agree(MPI_Comm comm, const char *version, int count, char *const *words);

/* The version with the commit, and the linker's identification of this very binary where there is one: two builds of
 * one commit differ in it. Local. */
enum { HEAT_BUILD = 256 };
void heat_start_build(char text[HEAT_BUILD]);

#endif
