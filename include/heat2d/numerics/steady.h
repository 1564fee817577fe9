/* Decides when a run is steady: no temperature changes faster than the deck's threshold any more, and nothing that
 * depends on time will change later on. */
#ifndef HEAT2D_STEADY_H
#define HEAT2D_STEADY_H

#include "heat2d/numerics/operator.h"

typedef struct heat_steady {
  double absolute;        /* threshold of max |du/dt|, K/s; 0: none */
  double relative;        /* threshold of max |du/dt| divided by the range of the temperatures, 1/s; 0: none */
  double end;             /* of the run, s */
  double after;           /* the time from which on a run may be called steady, s; NAN: not known yet */
  bool waits;             /* the field changes slowly enough, but that time has not come */
  double rate, threshold; /* when it was last checked, K/s */
} heat_steady;

/* Read the thresholds from the deck. Local. */
heat_steady heat_steady_create(const heat_config *config);

/* Whether the deck asks for any threshold. Local. */
bool heat_steady_asked(const heat_steady *steady);

/* Check whether the field u at time t, in s, is steady. `low` and `high` are the smallest and the largest temperature
 * at the start, in K; this range is taken into account beside that of the field (NAN: unknown). The result is the same
 * on all ranks. HEAT_DECK where the deck's expressions have no value, HEAT_IO when memory is exhausted. Collective. */
heat_status heat_steady_look(heat_steady *steady, heat_operator *op, heat_field *u, double t, double low, double high,
                             bool *is_steady);

#endif
