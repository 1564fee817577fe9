/* sweep.csv: a row for each member, with its values, its state, and its results once it is done. Private. */
#ifndef HEAT2D_SWEEP_TABLE_H
#define HEAT2D_SWEEP_TABLE_H

#include "heat2d/deck/members.h"

/* Write the table from what the members' directories say; of member `only`, and the rest as the table has it, where
 * that fits (-1: of all). The caller holds the lock of output.directory. HEAT_IO. Local. */
heat_status heat_sweep_table_write(const heat_config *sweep, int64_t only);

#endif
