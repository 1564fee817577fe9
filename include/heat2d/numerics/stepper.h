/* Time integration: each method is an entry of one table.
 *
 * A step of an explicit method is a list of stages, and the stages of many steps are carried out as one list:
 *
 * euler: u_{n+1} = u_n + dt L(u_n, t_n), first order, stable for dt <= 2 / spectral bound (Euler 1768; the bound by
 * Gershgorin's theorem), and without negative weights for dt <= 1 / largest diagonal of -L.
 *
 * rkl2: second order, with as many stages as a step needs for stability: s stages are stable for dt up to (s^2 + s -
 * 2)/2 divided by the spectral bound, about s/4 times as much as s steps of Euler (Meyer, Balsara, Aslam 2014; see
 * method_rkl2.c). Also with error control a step is never longer than the largest number of stages allows.
 *
 * Implicit methods solve linear systems in each step, and are stable for any dt:
 *
 * backward-euler: u_{n+1} = u_n + dt L(u_{n+1}, t_{n+1}), first order, L-stable, keeps the maximum principle.
 * crank-nicolson: u_{n+1} = u_n + dt/2 (L(u_n, t_n) + L(u_{n+1}, t_{n+1})) (Crank and Nicolson 1947), second order. It
 * hardly damps rough components, so that the first two steps, and those at jumps in time of sides or sources, are two
 * half steps of backward Euler each (Rannacher 1984). tr-bdf2: the trapezoidal rule to t + gamma dt, then the second
 * backward difference formula, gamma = 2 - sqrt(2), so that both solve with the same matrix (Bank et al. 1985), second
 * order, L-stable.
 *
 * Error control (all methods but euler, whose steps follow from its stability): the error of a step is estimated from
 * values that are computed in any case,
 *
 *     rkl2:            0.8 (u_n - u_{n+1}) + 0.4 dt (L_n + L_{n+1}) (Sommeijer, Shampine, Verwer 1997, for their RKC)
 *     backward-euler:  half the difference of dt L at both ends
 *     crank-nicolson:  the difference to Simpson's rule along the cubic through both ends (see method_implicit.c)
 *     tr-bdf2:         an embedded formula of third order (Hosea and Shampine 1996)
 *
 * and multiplied by the inverse of the matrix of an implicit step, so that it is bounded for stiff components. Its root
 * mean square over the cells, divided by the range of the temperatures so far and of the walls in the whole run, must
 * not exceed c tolerance^((order + 1) / order), with an empirical c (error_scale), nor the tolerance. So the
 * accumulated error is proportional to the tolerance and not to a lower power of it (Shampine 1994 on tolerance
 * proportionality). The length of the next step is chosen by a PI controller (Gustafsson 1991). Steps end at jumps in
 * time of sides and sources, if these can be found in the deck.
 *
 * steady: no time step, but the steady state div(k grad u) + q = 0 with sides and sources at the end of the one step.
 * The heat that is counted is then that of one second.
 *
 * A linear system is solved up to a residual, whose heat would be missing in the heat balance. So the temperatures are
 * shifted by the mean of the residual, weighted by rho c_p. (The balance would also be exact if u_n + dt L(u*) with the
 * solution u* were taken for u_{n+1}, but then the whole residual would be in the result, while the solution has damped
 * it.) */
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
  int64_t number; /* number of the step at whose end it arrives */
  double t, dt;   /* s */
  /* Times at which sides and sources are evaluated for its two ends: just after and just before a jump, if there is
   * one. */
  double begin, end;
  bool damped;    /* rough data have to be damped */
  bool estimated; /* its error has to be estimated */
} heat_step;

typedef struct heat_method {
  int order;
  int fields;         /* number of fields that it needs: the solution, and the others of its stages */
  int lasting;        /* the first fields, which contain the solution in turn; the others may be bands */
  double stability;   /* largest stable dt times the spectral bound */
  double monotone;    /* largest dt without negative weights, times the largest diagonal */
  double error_scale; /* c of error control, see above; 0: no error control */
  /* Explicit: make the stages of one step from fields[0] to fields[*result]; if the method can choose, as many as the
   * spectral bound demands. Returns their number. If the error has to be estimated, the last stage computes it. */
  int (*stages)(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result);
  /* Implicit: compute the result of one step in the field of the role HEAT_ROLE_NEW; the solution is not changed.
   * Returns the agreed status. Collective. */
  heat_status (*step)(heat_stepper *stepper, const heat_step *step);
} heat_method;

extern const heat_method heat_methods[HEAT_METHODS]; /* in the order of heat_method_names */

const char *heat_method_name(const heat_method *method); /* its name in decks. Local. */

/* The state of error control, which determines the length of the next step together with the solution. A run that is
 * resumed with the same numbers takes the same steps. */
typedef struct heat_control {
  double step;      /* proposed length of the next step, s; 0: none yet */
  double error;     /* error of the last step, divided by the allowed error; 0: none */
  double low, high; /* range of the temperatures so far, and of the walls, K */
} heat_control;

/* The result of heat_stepper_advance. */
typedef struct heat_advance {
  double time;                /* the time at the end of the last step of a free clock, s */
  int64_t rejected;           /* number of steps whose error was too large */
  int64_t taken;              /* number of steps; fewer than requested if a solve was given up */
  int64_t stages;             /* number of explicit stages, those of rejected steps included */
  int64_t solves, iterations; /* number of linear systems solved, and of all their iterations */
} heat_advance;

struct heat_stepper {
  const heat_method *method;
  heat_operator *op;                     /* borrowed */
  heat_field fields[HEAT_METHOD_FIELDS]; /* owned */
  int role_to_field[HEAT_METHOD_FIELDS]; /* the field of each role in a step; role 0 is the solution */
  heat_implicit *implicit;               /* owned; NULL for explicit methods */
  heat_control control;
  double estimate;  /* with error control: estimated error of the last step, root mean square over the cells, K */
  heat_jump *jumps; /* jumps in time of sides and sources, in order; owned */
  int jump_count;
  heat_advance done; /* result of the last advance */
  /* Whether this rank asks that a long solve is given up; NULL: never. Local. */
  bool (*stop)(void *context);
  void *stop_context;
};

/* What the memory of a stepper depends on. */
typedef struct heat_stepper_spec {
  const heat_method *method;
  const heat_layout *layout;
  int depth, threads;
  int coefficients; /* number of arrays of coefficients that stages read; 0: uniform material without sources */
} heat_stepper_spec;

/* Bytes that steps take for the largest block: fields, what their tiles leave for each other, messages. What a run may
 * never touch is not counted. Local. */
size_t heat_stepper_bytes(const heat_stepper_spec *spec);

/* Allocate the fields: a whole one for the solution, and bands for the others of an explicit method if the halo is deep
 * enough. The operator is borrowed; *stepper has to be destroyed in any case. HEAT_IO when memory is exhausted.
 * Collective. */
heat_status heat_stepper_create(heat_stepper *stepper, const heat_method *method, heat_operator *op);
/* Free what the stepper owns. Collective if it has solved linear systems, otherwise Local. */
void heat_stepper_destroy(heat_stepper *stepper);

/* Return the solution, which the stepper owns. Local. */
heat_field *heat_stepper_solution(heat_stepper *stepper);

/* Set the solution to the initial field of the problem. HEAT_DECK. Collective. */
heat_status heat_stepper_start(heat_stepper *stepper);

/* Check that sides and sources at time t, s, have a steady state: HEAT_DECK when there is no Dirichlet or Robin side
 * and the heat that flows in does not add up to zero. Collective. */
heat_status heat_stepper_check_steady(heat_stepper *stepper, double t);

/* Return HEAT_DECK, with a message that shows `net`, unless the heat `net` that flows in is zero up to rounding,
 * compared with the sum `size` of the magnitudes of what flows in or out of each face and cell, W/m. It is called if
 * there is no Dirichlet or Robin side. Local. */
heat_status heat_steady_balanced(const heat_config *config, double net, double size);

/* The limits of the length of a step, s; INFINITY if nothing conducts. */
typedef struct heat_limits {
  double stable; /* no mode grows */
  /* The maximum principle holds: without sources and fluxes the temperatures stay within the range of the field and of
   * the walls, because every new temperature is a weighted mean of old ones without negative weights. */
  double monotone;
} heat_limits;
heat_limits heat_method_limits(const heat_method *method, heat_bounds bounds); /* Local. */

/* Return the largest stable step, s. Local. */
double heat_stepper_limit(const heat_stepper *stepper);

/* Whether the method can choose its steps by error control. Local. */
bool heat_method_adapts(const heat_method *method);

/* Return the relative residual to which a run of the deck solves its systems: time.solver.tolerance or, if that is
 * `auto`, 1e-10, and with error control a hundredth of the error that a step may have, but at least 1e-13. Local. */
double heat_method_solver_tolerance(const heat_method *method, const heat_config *config);

/* Advance from step `from` to step `to` of the clock; stepper->done tells how far it got. If a step fails or is given
 * up, the solution and the counted heat are those of the step before. With a free clock one step is taken, to the
 * clock's target or less far, whose estimated error is within time.tolerance; done.time is its end. Collective, but the
 * status is that of this rank: the caller agrees on it. HEAT_DECK when an expression in t yields no finite value,
 * HEAT_NUMERICS when a linear solver does not converge, or when no step is short enough for the tolerance. */
heat_status heat_stepper_advance(heat_stepper *stepper, const heat_clock *clock, int64_t from, int64_t to);

#endif
