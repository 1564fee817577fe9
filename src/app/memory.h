/* Whether the memory of a node is enough for its ranks, and also for copies of their cells, from which checkpoints are
 * written while the steps go on. */
#ifndef HEAT2D_MEMORY_H
#define HEAT2D_MEMORY_H

#include "heat2d/app/plan.h"

/* Compare what the plan needs with `available`, the bytes that processes of this node can still allocate. *copies tells
 * whether every node has room for copies as well and every rank may have threads; if only threads are missing, a
 * message says so. HEAT_DECK when the plan does not fit on some node. Collective over the runtime's communicator. */
heat_status heat_memory_check(heat_runtime *runtime, const heat_plan *plan, double available, bool *copies);

#endif
