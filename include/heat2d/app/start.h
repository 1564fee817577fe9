/* Whether all ranks were started in the same way. Ranks agree on this before anything else, because ranks with
 * different decks, options or builds would compute wrong results or wait for each other for ever. */
#ifndef HEAT2D_START_H
#define HEAT2D_START_H

#include "heat2d/base/status.h"

/* Compare `version`, which has to identify the build, and the `count` arguments with those of rank 0. HEAT_USAGE, with
 * a message that shows both, when a rank differs. Collective over comm. */
heat_status heat_start_agree(MPI_Comm comm, const char *version, int count, char *const *words);

/* Write the version with the commit, and the build id that the linker has put into the program, if there is one; it
 * differs between two builds of one commit. Local. */
enum { HEAT_BUILD = 256 };
void heat_start_build(char text[HEAT_BUILD]);

#endif
