/* When a run is steady: nothing changes faster than the deck's threshold any more, and nothing that depends on time
 * will change later on. */
#ifndef HEAT2D_STEADY_H
#define HEAT2D_STEADY_H

#include "heat2d/numerics/operator.h"

typedef struct heat_steady {
  double absolute;        /* max |du/dt|, K/s; 0: none */
  double relative;        /* the same over the range of the temperatures, 1/s; 0: none */
  double end;             /* of the run, s */
  double after;           /* from when on it may be said, s; NAN: not known yet */
  bool waits;             /* the field changes slowly enough, but it is too early */
  double rate, threshold; /* of the last look, K/s */
} heat_steady;

/* What the deck says. Local. */
heat_steady heat_steady_create(const heat_config *config);

/* Whether anything is asked for. Local. */
bool heat_steady_asked(const heat_steady *steady);

/* Whether the field u at time t is steady; `low` and `high` are the temperatures of the start, whose range counts
 * beside that of the field (NAN: unknown). The same on all ranks. HEAT_DECK, HEAT_IO. Collective. */
heat_status heat_steady_look(heat_steady *steady, heat_operator *op, heat_field *u, double t, double low, double high,
                             bool *is_steady);

#endif
