/* What the directory of a member of a sweep says of it, and what is written there when it fails before it has begun.
 * Private. */
#ifndef HEAT2D_SWEEP_MEMBER_H
#define HEAT2D_SWEEP_MEMBER_H

#include "heat2d/app/setup.h"

enum { HEAT_MEMBER_STATE = 16 };

typedef struct heat_member_state {
  char state[HEAT_MEMBER_STATE]; /* as in status.json, or "waiting" */
  int code;                      /* -1: it has not ended */
  int64_t step;
  double time;
  char message[HEAT_STATUS_TEXT];
} heat_member_state;

/* Where member `index` writes. HEAT_DECK when the path is too long. Local. */
heat_status heat_member_directory(const heat_config *sweep, int64_t index, char path[HEAT_PATH]);

/* What status.json says. Local. */
void heat_member_look(const char *directory, heat_member_state *state);

/* Whether the member has been run to its end, as its deck is now. What cannot be read is not done. Local. */
bool heat_member_done(const heat_config *sweep, int64_t index);

/* Write into status.json and run.log why a member failed, unless its run has done so or another one works there, which
 * `hangs` denies. The runtime's log is closed. Rank 0 calls. Local. */
void heat_member_record(heat_runtime *runtime, const heat_config *sweep, int64_t index, const heat_status *why,
                        bool hangs);

/* About how much work it is, in updates of a cell: for the order in which members are begun, and nothing else. Local.
 */
double heat_member_work(const heat_config *sweep, int64_t index);

#endif
