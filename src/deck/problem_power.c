/* A source given as the power P of a region: q = P / (N dx dy) in each of the N cells of the whole grid that have their
 * source from this region, that is, without the cells of later regions. N is a count, so that q has the same bits on
 * any number of ranks, and the total is P up to rounding. */
#include "heat2d/deck/regions.h"
#include "problem_private.h"

/* Count this rank's part of the cells: ranks take rows in turn. */
static int64_t count_own(const heat_problem *problem, int region, int rank, int size) {
  enum { SPAN = 512 };
  int64_t lo[HEAT_AXES], hi[HEAT_AXES], found = 0;
  int which[SPAN];
  heat_regions_reach(problem, region, lo, hi);
  for (int64_t j = lo[HEAT_Y] + rank; j < hi[HEAT_Y]; j += size)
    for (int64_t first = lo[HEAT_X]; first < hi[HEAT_X]; first += SPAN) {
      const int64_t last = first + SPAN < hi[HEAT_X] ? first + SPAN : hi[HEAT_X];
      heat_problem_layers(problem, HEAT_SOURCE, j, first, last, which);
      for (int64_t n = 0; n < last - first; n++) found += which[n] == region + 1;
    }
  return found;
}

static heat_status spread(const heat_problem *problem, int region) {
  const int64_t cells = problem->regions[region].power_cells;
  heat_quantity *source = problem->regions[region].set[HEAT_SOURCE];
  const bool in_space = source->expression != NULL && heat_expression_in_space(source->expression);
  if (in_space || source->kind == HEAT_VALUE_FILE)
    return heat_config_fail(
        problem->config, source->key,
        "it has one value for the whole region: a number, or an expression in t (use source for a field)");
  if (cells == 0)
    return heat_config_fail(
        problem->config, source->key,
        "it heats no cell: the region covers no cell centre, or later regions cover all of its cells");
  const double area = (double)cells * problem->spacing[HEAT_X] * problem->spacing[HEAT_Y];
  source->number /= area;
  source->scale = 1 / area;
  return heat_ok();
}

heat_status heat_problem_spread_powers(heat_problem *problem, MPI_Comm comm) {
  int rank, size;
  heat_status status = heat_ok();
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  for (int r = 0; r < problem->region_count && status.code == HEAT_OK; r++) {
    if (!heat_config_has(problem->config, "regions.%d.power", r)) continue;
    int64_t cells = count_own(problem, r, rank, size);
    MPI_Allreduce(MPI_IN_PLACE, &cells, 1, MPI_INT64_T, MPI_SUM, comm);
    problem->regions[r].power_cells = cells;
    status = spread(problem, r);
  }
  return status;
}
