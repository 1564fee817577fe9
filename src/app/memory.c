#include "memory.h"

heat_status heat_memory_check(heat_runtime *runtime, const heat_plan *plan, double available, bool *copies) {
  const double gibi = 1073741824, most_with_copies = 0.8; /* fraction of the available memory */
  const int ranks = heat_node_ranks(runtime->comm);
  const double needed = heat_plan_memory(plan) * ranks, copied = heat_plan_copy(plan) * ranks;
  int possible[] = {copied > 0 && needed + copied < most_with_copies * available, runtime->may_thread};
  MPI_Allreduce(MPI_IN_PLACE, possible, 2, MPI_INT, MPI_MIN, runtime->comm);
  *copies = possible[0] && possible[1];
  if (possible[0] && !possible[1])
    heat_runtime_say(runtime, "the steps wait for checkpoints: this MPI was started without support for threads\n");
  heat_status status = heat_ok();
  if (needed > available)
    status =
        heat_config_fail(plan->problem->config, "domain.cells",
                         "%d ranks of this node need %.3g GiB, and %.3g GiB are free (use more nodes or fewer cells)",
                         ranks, needed / gibi, available / gibi);
  return heat_agree(runtime->comm, status);
}
