/* sweep.csv: a row for each member, with its values, its state, and its results once it is done. */
#ifndef HEAT2D_SWEEP_TABLE_H
#define HEAT2D_SWEEP_TABLE_H

#include "heat2d/deck/members.h"

/* Write the table from the directories of the members. With `only` >= 0, only the row of that member is updated, if the
 * existing table fits the sweep; -1 means all rows. The caller holds the lock of output.directory. HEAT_IO. Local. */
heat_status heat_sweep_table_write(const heat_config *sweep, int64_t only);

#endif
