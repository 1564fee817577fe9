/* The steps of the implicit methods, for the table of methods. Each leaves its result in the part HEAT_PART_NEW. */
#ifndef HEAT2D_METHODS_H
#define HEAT2D_METHODS_H

#include "heat2d/numerics/stepper.h"

heat_status heat_backward_euler_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_crank_nicolson_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_tr_bdf2_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_steady_step(heat_stepper *stepper, const heat_step *step);

#endif
