/* Measurements of how long work takes. */
#ifndef HEAT2D_MEASURE_H
#define HEAT2D_MEASURE_H

#include <mpi.h>

typedef struct heat_work {
  void (*call)(void *context);
  void *context;
} heat_work;

/* Time `work`: it is called again and again for about `seconds` seconds, after a first call that is not counted.
 * Returns the median of the time of one call on the slowest rank, s. `reference`, if it is not NULL, is other work,
 * which is called before and after each call of `work`; *ratio becomes the median of the time of the reference divided
 * by that of the work. The speed of a processor changes from second to second; the ratio is less sensitive to that.
 * Collective over comm. */
double heat_measure(MPI_Comm comm, double seconds, heat_work work, const heat_work *reference, double *ratio);

#endif
