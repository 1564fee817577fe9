/* How a program starts MPI: under a launcher (mpirun, srun, ...) as the launcher asks for, and without one in the
 * shortest time. */
#ifndef HEAT2D_LAUNCH_H
#define HEAT2D_LAUNCH_H

#include <stdbool.h>

/* Tell from environment variables whether a launcher has started this process as one of its ranks. Local. */
bool heat_is_launched(void);

/* Call MPI_Init_thread for one thread that communicates (MPI_THREAD_FUNNELED). Without a launcher, Open MPI is told to
 * start no daemon and to look for no networks. This is done by environment variables, which do not replace those of the
 * user and are removed again, so that programs that this one starts do not inherit them. Collective over all ranks. */
void heat_launch(int *argc, char ***argv);

#endif
