#include "measure.h"

#include <stdlib.h>

static int compare_times(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

static double timed(MPI_Comm comm, heat_work work) {
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  work.call(work.context);
  double seconds = MPI_Wtime() - start;
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm);
  return seconds;
}

static double median(double *values, int count) {
  qsort(values, (size_t)count, sizeof *values, compare_times);
  return values[count / 2];
}

double heat_measure(MPI_Comm comm, double seconds, heat_work work, const heat_work *reference, double *ratio) {
  enum { MOST = 1000, LEAST = 5 };
  double times[MOST], ratios[MOST], spent = 0;
  int count = 0;
  work.call(work.context);
  double before = reference != NULL ? timed(comm, *reference) : 0;
  for (; count < MOST && (count < LEAST || spent < seconds); count++) {
    times[count] = timed(comm, work);
    spent += times[count];
    if (reference == NULL) continue;
    const double after = timed(comm, *reference);
    ratios[count] = (before + after) / 2 / times[count];
    before = after;
  }
  if (reference != NULL) *ratio = median(ratios, count);
  return median(times, count);
}
