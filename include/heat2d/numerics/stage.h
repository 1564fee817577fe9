/* The one primitive that all explicit methods are lists of:
 *
 *     out = sum_i w_i x_i + c L(u, t)
 *
 * with u, out and the x_i fields of a list that is handed over with the stages. */
#ifndef HEAT2D_STAGE_H
#define HEAT2D_STAGE_H

#include "heat2d/grid/grid.h"
#include "heat2d/numerics/kernel.h"

enum { HEAT_STAGE_FIELDS = 8 }; /* most fields that the stages of a list may name */

typedef struct heat_term {
  int field;
  double weight;
} heat_term;

/* With c = 0 a stage is just the weighted sum. */
typedef struct heat_stage {
  int out, u; /* which of the fields; out may be one of the terms, never u */
  int terms;  /* 1 to HEAT_TERMS */
  heat_term term[HEAT_TERMS];
  double c;             /* s */
  double t;             /* at which walls and sources are taken, s */
  double budget_weight; /* weight of L(u, t) in the step's result, s: what counts towards the heat balance */
} heat_stage;

/* Where `box` lies for a sweep at the first cell of `owned`, of fields of that stride. Local. */
static inline heat_part heat_part_at(heat_box box, heat_box owned, ptrdiff_t stride) {
  return (heat_part){.at = (ptrdiff_t)(box.lo[HEAT_Y] - owned.lo[HEAT_Y]) * stride +
                           (ptrdiff_t)(box.lo[HEAT_X] - owned.lo[HEAT_X]),
                     .columns = (ptrdiff_t)heat_box_width(box, HEAT_X),
                     .rows = (ptrdiff_t)heat_box_width(box, HEAT_Y)};
}

#endif
