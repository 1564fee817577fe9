/* How long work takes. Private. */
#ifndef HEAT2D_MEASURE_H
#define HEAT2D_MEASURE_H

#include <mpi.h>

typedef struct heat_work {
  void (*call)(void *context);
  void *context;
} heat_work;

/* Work that is timed: it is called again and again, for about `seconds`, after a first time that is not counted.
 * Returns the median of what one call took on the slowest rank, s. With a `reference` (NULL: none), other work that is
 * called before and after each, *ratio becomes the median of the time that the reference took divided by the time of
 * the work: processors change their speed from one second to the next, and the ratio less so. Collective over comm. */
double heat_measure(MPI_Comm comm, double seconds, heat_work work, const heat_work *reference, double *ratio);

#endif
