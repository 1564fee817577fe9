/* A stage, the one operation of which all explicit methods are made:
 *
 *     out = sum_i w_i x_i + c L(u, t)
 *
 * A method is a list of stages. u, out and the x_i are fields, which a stage names by their indices in an array of
 * fields that is handed over together with the list. */
#ifndef HEAT2D_STAGE_H
#define HEAT2D_STAGE_H

#include "heat2d/grid/grid.h"
#include "heat2d/numerics/kernel.h"

enum { HEAT_STAGE_FIELDS = 8 }; /* fields that the stages of a list may name, at most */

typedef struct heat_term {
  int field;
  double weight;
} heat_term;

/* With c = 0 a stage is the weighted sum alone. */
typedef struct heat_stage {
  int out, u; /* indices of fields; `out` may be the field of a term, but never `u` */
  int terms;  /* number of terms, 1 to HEAT_TERMS */
  heat_term term[HEAT_TERMS];
  double c;             /* s */
  double t;             /* time at which walls and sources are evaluated, s */
  double budget_weight; /* weight of this L(u, t) in the result of the step, s: with it the heat balance is kept */
} heat_stage;

/* The part `box` of the grid, relative to the first cell of `owned`, in arrays whose rows are `stride` cells apart.
 * Local. */
static inline heat_part heat_part_at(heat_box box, heat_box owned, ptrdiff_t stride) {
  return (heat_part){.at = (ptrdiff_t)(box.lo[HEAT_Y] - owned.lo[HEAT_Y]) * stride +
                           (ptrdiff_t)(box.lo[HEAT_X] - owned.lo[HEAT_X]),
                     .columns = (ptrdiff_t)heat_box_width(box, HEAT_X),
                     .rows = (ptrdiff_t)heat_box_width(box, HEAT_Y)};
}

#endif
