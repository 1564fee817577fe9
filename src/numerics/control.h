/* The lengths of steps by error control. Private to numerics. */
#ifndef HEAT2D_CONTROL_H
#define HEAT2D_CONTROL_H

#include "heat2d/numerics/stepper.h"

/* Take one step of a free clock, see heat_stepper_advance. Collective. */
heat_status heat_control_step(heat_stepper *stepper, const heat_clock *clock);

/* The jump that a time lies at, or NULL. Local. */
const heat_jump *heat_control_jump(const heat_stepper *stepper, double t);

#endif
