/* When the stages of a list need an exchange, and where a pass may end: from what all ranks have in common, so that all
 * ranks come to the same schedule without a message.
 *
 * A stage that reads L(u) works on the owned box grown by one layer less than the ghost layers of u that are valid, and
 * by no more than those of its other operands; so the layers run out. An exchange then refreshes every field whose
 * present value later stages still read (it is live): after that all of them are valid to the full depth. As few
 * exchanges as possible are made, and of those the ones with the fewest fields.
 *
 * A band (see field.h) holds its values within one pass only. A pass may end, and there may be an exchange, only where
 * no band is live. Where that leaves no way through the list a band has to become a whole field. */
#ifndef HEAT2D_NUMERICS_SCHEDULE_H
#define HEAT2D_NUMERICS_SCHEDULE_H

#include "heat2d/numerics/stage.h"
#include "heat2d/numerics/walls.h"

/* What is known before the first stage. */
typedef struct heat_schedule_input {
  const heat_stage *stages;
  int count;                    /* <= HEAT_STAGES_MAX */
  int depth;                    /* ghost layers of all fields */
  bool needs_exchange;          /* blocks meet others, or themselves across a periodic side */
  int valid[HEAT_STAGE_FIELDS]; /* ghost layers of each field that are valid */
  int rows[HEAT_STAGE_FIELDS];  /* of a band; 0: a whole field */
  unsigned passing;             /* whole fields whose values after the list are of no use: bit f for field f */
} heat_schedule_input;

typedef struct heat_schedule {
  int64_t grow[HEAT_STAGES_MAX];     /* layers beyond the owned box on which each stage works */
  unsigned refresh[HEAT_STAGES_MAX]; /* fields of which an exchange comes before that stage: bit f for field f */
  unsigned
      needed[HEAT_STAGES_MAX + 1];   /* fields whose value before that stage is read by it, later, or after the list */
  bool may_end[HEAT_STAGES_MAX + 1]; /* whether a pass may end before that stage, or at the end of the list */
  unsigned widen;                    /* bands that have to become whole fields first */
  int longest;                       /* stages that fit into one pass */
} heat_schedule;

/* Make the schedule of a list, as it holds once the bands in `widen` are whole fields. Local, and the same wherever the
 * input is the same. */
heat_schedule heat_schedule_make(const heat_schedule_input *input);

#endif
