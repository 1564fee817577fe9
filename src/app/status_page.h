/* How `heat2d status` shows runs: one as a block, several as a table, lines for a log, JSON for scripts. All Local. */
#ifndef HEAT2D_STATUS_PAGE_H
#define HEAT2D_STATUS_PAGE_H

#include "run_state.h"

#include <stdio.h>

/* Print everything that is known of one run. */
void heat_status_block(FILE *out, const heat_run_state *state);

/* Print a heading, a line for each run, and a line that counts them. */
void heat_status_table(FILE *out, const heat_run_state *states, int count);

/* Print one run in one line that can be understood alone. */
void heat_status_line(FILE *out, const heat_run_state *state);

/* Print a JSON list with an object for each run, each on its own line; what is not known is null. */
void heat_status_json(FILE *out, const heat_run_state *states, int count);

#endif
