/* Time integration: each method is an entry of one table.
 *
 * Explicit methods are lists of operator stages per step, which are handed over for many steps at once:
 *
 * euler: u_{n+1} = u_n + dt L(u_n, t_n), first order, stable for dt <= 2 / spectral bound (Euler 1768; the bound by
 * Gershgorin's theorem), and with weights that are not negative for dt <= 1 / largest diagonal of -L.
 *
 * rkl2: of second order, with as many stages as a step needs to be stable: s of them allow for dt up to (s^2 + s - 2)/2
 * over the spectral bound, some s/4 times as much as s steps of Euler (Meyer, Balsara, Aslam 2014; see method_rkl2.c).
 * With error control, too, a step is never longer than most stages allow for.
 *
 * Implicit methods solve linear systems in each step, and are stable for any dt:
 *
 * backward-euler: u_{n+1} = u_n + dt L(u_{n+1}, t_{n+1}), first order, L-stable, keeps the maximum principle.
 * crank-nicolson: u_{n+1} = u_n + dt/2 (L(u_n, t_n) + L(u_{n+1}, t_{n+1})) (Crank and Nicolson 1947), second order.
 * What is rough hardly decays by it, so the first two steps, and those after a jump in time of sides or sources, are
 * two half steps of backward Euler each (Rannacher 1984). tr-bdf2: the trapezoidal rule to t + gamma dt, then the
 * second backward difference formula, gamma = 2 - sqrt(2), so that both solve with the same matrix (Bank et al. 1985),
 * second order, L-stable.
 *
 * Error control (all but euler, whose steps follow from its stability): the error of a step is estimated by what is
 * there in any case,
 *
 *     rkl2:            0.8 (u_n - u_{n+1}) + 0.4 dt (L_n + L_{n+1}) (Sommeijer, Shampine, Verwer 1997, for their RKC)
 *     backward-euler:  half the difference of dt L at both ends
 *     crank-nicolson:  the difference to Simpson's rule along the cubic through both ends (see method_implicit.c)
 *     tr-bdf2:         an embedded formula of third order (Hosea and Shampine 1996)
 *
 * and multiplied by the inverse of the matrix of an implicit step, so that it is bounded for stiff parts. Its root mean
 * square over the cells, as a part of the range of temperatures so far and of the walls in the whole run, must not
 * exceed c tolerance^((order + 1) / order), with c found by trial (error_scale), nor the tolerance: so the error that
 * has added up goes with the tolerance, and not with a lower power of it (Shampine 1994 on tolerance proportionality).
 * The next step follows by a PI controller (Gustafsson 1991). Steps end at jumps in time of sides and sources, as far
 * as the deck shows them.
 *
 * steady: no step, but the state that sides and sources lead to, div(k grad u) + q = 0 at the end of the one step. The
 *   heat counts are then what flows in within one second.
 *
 * A linear system is solved only so well. What is left of it would be missed in the heat balance: so the temperatures
 * are shifted by what is left on the mean, weighted by rho c_p. (To take u_n + dt L(u*) of the solution u* for u_{n+1}
 * keeps the balance, too, but leaves the whole residual in the result, which the solution has damped.) */
#ifndef HEAT2D_STEPPER_H
#define HEAT2D_STEPPER_H

#include "heat2d/numerics/clock.h"
#include "heat2d/numerics/operator.h"

#include <stddef.h>

enum { HEAT_METHOD_STAGES = 33, HEAT_METHOD_FIELDS = 8 };

typedef struct heat_stepper heat_stepper;
typedef struct heat_implicit heat_implicit;

/* One step of a method. */
typedef struct heat_step {
  int64_t number;    /* of the step that it leads to */
  double t, dt;      /* s */
  double begin, end; /* when sides and sources are taken for its two ends: at a jump, just behind and just before it */
  bool damped;       /* rough data are to be damped */
  bool estimated;    /* its error is to be estimated */
} heat_step;

typedef struct heat_method {
  int order;
  int fields;         /* that it needs: the solution, and the others that its stages name */
  int lasting;        /* of them, the first ones, which hold the solution in turn; others may be bands */
  double stability;   /* largest stable dt times the spectral bound */
  double monotone;    /* largest dt times the largest diagonal for which no weight is negative */
  double error_scale; /* c of error control, see above; 0: without */
  /* Explicit: the stages of one step from fields[0] into fields[*result], as many as the spectral bound asks for where
   * the method can choose; returns how many. Where the error is to be estimated the last stage gives it. */
  int (*stages)(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result);
  /* Implicit: one step, with its result as heat_implicit_result; the solution stays as it is. Collective, and the
   * status is that of all ranks. */
  heat_status (*step)(heat_stepper *stepper, const heat_step *step);
} heat_method;

extern const heat_method heat_methods[HEAT_METHODS]; /* in the order of heat_method_names, as a deck spells them */

const char *heat_method_name(const heat_method *method); /* of one in the table. Local. */

/* Error control: what decides on the length of the next step, beside the solution. A run that goes on with the same
 * numbers takes the same steps. */
typedef struct heat_control {
  double step;      /* s, that is proposed; 0: none yet */
  double error;     /* of the latest step, over what is allowed; 0: none */
  double low, high; /* the temperatures that have been, and those of the walls, K */
} heat_control;

/* What an advance came to. */
typedef struct heat_advance {
  double time;                /* s, at the end of the latest step of a free clock */
  int64_t rejected;           /* steps whose error was too large */
  int64_t taken;              /* steps; fewer than asked for where a solve was given up on request */
  int64_t stages;             /* of explicit steps, rejected ones included */
  int64_t solves, iterations; /* of linear systems */
} heat_advance;

struct heat_stepper {
  const heat_method *method;
  heat_operator *op;                     /* borrowed */
  heat_field fields[HEAT_METHOD_FIELDS]; /* owned */
  int role_to_field[HEAT_METHOD_FIELDS]; /* which of them has each role in a step; role 0 is the solution */
  heat_implicit *implicit;               /* owned; NULL for explicit methods */
  heat_control control;
  double estimate;  /* of the error of the latest step by error control, K: the root mean square over the cells */
  heat_jump *jumps; /* of sides and sources in time, in order; owned */
  int jump_count;
  heat_advance done; /* by the last advance */
  /* Whether this rank wants a long solve to be given up; NULL: never. Local. */
  bool (*stop)(void *context);
  void *stop_context;
};

/* What its memory depends on. */
typedef struct heat_stepper_spec {
  const heat_method *method;
  const heat_layout *layout;
  int depth, threads;
  int coefficients; /* arrays of them that stages read; 0: one material, and no source */
} heat_stepper_spec;

/* Bytes that steps take for the largest block: fields, what their tiles leave for each other, messages. What a run may
 * never touch is not counted. Local. */
size_t heat_stepper_bytes(const heat_stepper_spec *spec);

/* Allocate the fields: a whole one for the solution, and bands for the others of an explicit method where the halo is
 * deep enough. HEAT_IO when memory is exhausted. Collective. */
heat_status heat_stepper_create(heat_stepper *stepper, const heat_method *method, heat_operator *op);
void heat_stepper_destroy(heat_stepper *stepper); /* Collective where it has solved linear systems, else Local. */

/* The solution. Local. */
heat_field *heat_stepper_solution(heat_stepper *stepper);

/* Set the solution to the initial field of the problem. HEAT_DECK. Collective. */
heat_status heat_stepper_start(heat_stepper *stepper);

/* Whether sides and sources at time t lead to a steady state: HEAT_DECK where none of the sides takes heat by its
 * temperature, and the heat that flows in does not add up to nothing. Collective. */
heat_status heat_stepper_check_steady(heat_stepper *stepper, double t);

/* HEAT_DECK, with the figure, where no side takes heat by its temperature, and the heat `net` that flows in does not
 * add up to nothing beside the sum `size` of what flows in or out of each face and cell, W/m. Local. */
heat_status heat_steady_balanced(const heat_config *config, double net, double size);

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

/* Whether the method can choose its steps by error control. Local. */
bool heat_method_adapts(const heat_method *method);

/* The relative residual to which a run of the deck solves its systems: time.solver.tolerance, or where that is left
 * open 1e-10, and with error control a hundredth of the error that a step may have, but no less than 1e-13. Local. */
double heat_method_solver_tolerance(const heat_method *method, const heat_config *config);

/* Advance from step `from` to step `to` of the clock; `done` says how far it came. Where a step fails or is given up,
 * the solution and the heat counts are those of the step before. With a free clock one step is taken, to the clock's
 * target or less far, whose estimated error is within time.tolerance: done.time says where it ends. Collective, but the
 * status is this rank's own: the caller agrees. HEAT_DECK when an expression in t yields no finite value, HEAT_NUMERICS
 * when a linear solver does not converge, or when no step is short enough for the tolerance. */
heat_status heat_stepper_advance(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to);

#endif
