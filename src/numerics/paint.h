/* Evaluation of a property of the problem in the cells of a field. */
#ifndef HEAT2D_NUMERICS_PAINT_H
#define HEAT2D_NUMERICS_PAINT_H

#include "heat2d/grid/field.h"
#include "heat2d/numerics/discretisation.h"

/* Evaluate `property` at t = 0 in every cell of `field`: the owned box grown by its depth, across periodic sides, but
 * not beyond walls. HEAT_DECK as heat_problem_values. Local. */
heat_status heat_paint_field(const heat_discretisation *from, heat_property property, heat_field *field);

/* Do the same in the owned cells only. HEAT_DECK. Local. */
heat_status heat_paint_owned(const heat_discretisation *from, heat_property property, heat_field *field);

#endif
