/* The steps of methods, for the table of methods. Each implicit one leaves its result in the part HEAT_PART_NEW. */
#ifndef HEAT2D_METHODS_H
#define HEAT2D_METHODS_H

#include "heat2d/numerics/stepper.h"

enum { HEAT_RKL2_MOST = HEAT_METHOD_STAGES - 1 }; /* stages: an odd number */
int heat_rkl2_stages(const heat_step *step, double bound, heat_stage stages[HEAT_METHOD_STAGES], int *result);

heat_status heat_backward_euler_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_crank_nicolson_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_tr_bdf2_step(heat_stepper *stepper, const heat_step *step);
heat_status heat_steady_step(heat_stepper *stepper, const heat_step *step);

#endif
