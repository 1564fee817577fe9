/* The schedule of a list of stages: before which stages there is an exchange of halos, and where a pass may end. It is
 * computed from data that all ranks have in common, so all ranks find the same schedule without a message.
 *
 * A stage that reads L(u) works on the owned box, grown by one layer less than the number of valid ghost layers of u,
 * and by no more than the number of valid layers of its other operands. So the valid layers become fewer from stage to
 * stage. An exchange refreshes every field whose present value is still read by a later stage (such a field is live);
 * after it all of these are valid to the full depth. The schedule has as few exchanges as possible, and of all
 * schedules with that number one whose exchanges have the fewest fields.
 *
 * A band (see field.h) keeps its values within one pass only. So a pass may end, and an exchange may be made, only
 * where no band is live. Where no such schedule exists a band has to become a whole field. */
#ifndef HEAT2D_NUMERICS_SCHEDULE_H
#define HEAT2D_NUMERICS_SCHEDULE_H

#include "heat2d/numerics/stage.h"
#include "heat2d/numerics/walls.h"

/* What is known before the first stage. */
typedef struct heat_schedule_input {
  const heat_stage *stages;
  int count;                    /* <= HEAT_STAGES_MAX */
  int depth;                    /* ghost layers of all fields */
  bool needs_exchange;          /* there are neighbours: other ranks, or the block itself across a periodic side */
  int valid[HEAT_STAGE_FIELDS]; /* ghost layers of each field that are valid */
  int rows[HEAT_STAGE_FIELDS];  /* rows of each field that is a band; 0: a whole field */
  unsigned passing;             /* bit f is set where field f is whole, and its values are not used after the list */
} heat_schedule_input;

typedef struct heat_schedule {
  int64_t grow[HEAT_STAGES_MAX];        /* layers around the owned box that each stage computes as well */
  unsigned refresh[HEAT_STAGES_MAX];    /* bit f is set where an exchange of field f comes before that stage */
  unsigned needed[HEAT_STAGES_MAX + 1]; /* bit f: the value of field f before that stage is read by it or afterwards */
  bool may_end[HEAT_STAGES_MAX + 1];    /* whether a pass may end before that stage, or at the end of the list */
  unsigned widen;                       /* bit f is set where the band f has to become a whole field first */
  int longest;                          /* number of stages of a pass, at most */
} heat_schedule;

/* Make the schedule of a list, on the condition that the bands in `widen` are made whole fields first. Local; all ranks
 * with the same input get the same schedule. */
heat_schedule heat_schedule_make(const heat_schedule_input *input);

#endif
