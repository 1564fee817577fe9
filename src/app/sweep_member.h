/* What the directory of a member of a sweep tells about it, and what is written there when the member fails before its
 * run has begun. */
#ifndef HEAT2D_SWEEP_MEMBER_H
#define HEAT2D_SWEEP_MEMBER_H

#include "heat2d/app/setup.h"

enum { HEAT_MEMBER_STATE = 16 };

typedef struct heat_member_state {
  char state[HEAT_MEMBER_STATE]; /* as in status.json, or "waiting" */
  int code;                      /* exit code; -1: it has not ended */
  int64_t step;
  double time;
  char message[HEAT_STATUS_TEXT];
} heat_member_state;

/* Write the path of the directory of member `index`. HEAT_DECK when the path is too long. Local. */
heat_status heat_member_directory(const heat_config *sweep, int64_t index, char path[HEAT_PATH]);

/* Read status.json of a directory; without it the member is waiting. Local. */
void heat_member_look(const char *directory, heat_member_state *state);

/* Whether the member has been run to its end with its present deck. A member whose files cannot be read is not done.
 * Local. */
bool heat_member_done(const heat_config *sweep, int64_t index);

/* Write to status.json and run.log why a member failed, unless its run has done so or another process holds the lock of
 * the directory. With `hangs` that lock is ignored, because the process that holds it is known to hang. The runtime's
 * log is closed. Rank 0 calls this. Local. */
void heat_member_record(heat_runtime *runtime, const heat_config *sweep, int64_t index, const heat_status *why,
                        bool hangs);

/* Estimate the work of a member as a number of updates of cells. It only determines the order in which members are
 * begun. Local. */
double heat_member_work(const heat_config *sweep, int64_t index);

#endif
