/* How a program starts MPI: under a launcher (mpirun, srun, ...) as that says, and alone as cheaply as it can. */
#ifndef HEAT2D_LAUNCH_H
#define HEAT2D_LAUNCH_H

#include <stdbool.h>

/* Whether a launcher has started this process as one of its ranks, which its environment tells. Local. */
bool heat_is_launched(void);

/* Call MPI_Init_thread for one thread that communicates (MPI_THREAD_FUNNELED). Without a launcher Open MPI is told
 * before that to start no daemon and to look for no networks; what the user's environment says wins, and afterwards
 * the environment is as it was, for programs that this one starts. Collective over all ranks. */
void heat_launch(int *argc, char ***argv);

#endif
