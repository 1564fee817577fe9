/* How `heat2d status` shows runs: one as a block, several as a table, lines for a log, JSON for scripts. All Local. */
#ifndef HEAT2D_STATUS_PAGE_H
#define HEAT2D_STATUS_PAGE_H

#include "run_state.h"

#include <stdio.h>

/* All there is to say of one run. */
void heat_status_block(FILE *out, const heat_run_state *state);

/* A line for each of several, below a heading, and one that counts them. */
void heat_status_table(FILE *out, const heat_run_state *states, int count);

/* One run in a line that makes sense by itself. */
void heat_status_line(FILE *out, const heat_run_state *state);

/* A JSON list with an object for each, on a line of its own; what is not known is null. */
void heat_status_json(FILE *out, const heat_run_state *states, int count);

#endif
