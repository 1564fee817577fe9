/* Time integration: each method is an entry of one table, a list of operator stages per step.
 *
 * euler: u_{n+1} = u_n + dt L(u_n, t_n), first order, stable for dt <= 2 / spectral bound (Euler 1768; the bound by
 * Gershgorin's theorem), and with weights that are not negative for dt <= 1 / largest diagonal of -L. */
#ifndef HEAT2D_STEPPER_H
#define HEAT2D_STEPPER_H

#include "heat2d/numerics/clock.h"
#include "heat2d/numerics/operator.h"

#include <stddef.h>

enum { HEAT_METHOD_STAGES = 8, HEAT_METHOD_FIELDS = 4 };

typedef struct heat_method {
  int order;
  int fields;       /* arrays of the whole field that it needs, the solution among them */
  double stability; /* largest stable dt times the spectral bound */
  double monotone;  /* largest dt times the largest diagonal for which no weight is negative */
  /* The stages of one step from fields[0] into fields[*result]; returns how many. */
  int (*stages)(double t, double dt, heat_stage stages[HEAT_METHOD_STAGES], int *result);
} heat_method;

extern const heat_method heat_methods[HEAT_METHODS]; /* in the order of heat_method_names, as a deck spells them */

const char *heat_method_name(const heat_method *method); /* of one in the table. Local. */

typedef struct heat_stepper {
  const heat_method *method;
  heat_operator *op;                     /* borrowed */
  heat_field fields[HEAT_METHOD_FIELDS]; /* owned */
  int place[HEAT_METHOD_FIELDS];         /* which of them plays each part; place[0] is the solution */
} heat_stepper;

/* Bytes of the fields of the largest block. Local. */
size_t heat_stepper_bytes(const heat_method *method, const heat_layout *layout, int depth, int threads);

/* Allocate the fields: a whole one for the solution, and bands for the others where the halo is deep enough. HEAT_IO
 * when memory is exhausted. Local. */
heat_status heat_stepper_create(heat_stepper *stepper, const heat_method *method, heat_operator *op);
void heat_stepper_destroy(heat_stepper *stepper);

/* The solution. Local. */
heat_field *heat_stepper_solution(heat_stepper *stepper);

/* Set the solution to the initial field of the problem. HEAT_DECK. Collective. */
heat_status heat_stepper_start(heat_stepper *stepper);

/* How long a step may be, s; INFINITY where nothing conducts. */
typedef struct heat_limits {
  double stable; /* nothing grows that should not */
  /* The maximum principle holds: without sources and fluxes the temperatures stay within those of the field and of the
   * walls, since every new one is a weighted mean of old ones and none of the weights is negative. */
  double monotone;
} heat_limits;
heat_limits heat_method_limits(const heat_method *method, heat_bounds bounds); /* Local. */

/* Largest stable step, s. Local. */
double heat_stepper_limit(const heat_stepper *stepper);

/* Advance from step `from` to step `to` of the clock. Collective, but the status is this rank's own: the caller agrees.
 * HEAT_DECK when an expression in t yields no finite value. */
heat_status heat_stepper_advance(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to);

#endif
