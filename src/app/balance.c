#include "balance.h"

#include "heat2d/base/sum.h"
#include "heat2d/numerics/stepper.h"

#include <math.h>

enum { PIECE = 1024 }; /* number of values that are evaluated at once */

/* The heat that sides and sources put in, W/m: its sum, and the sum of its magnitudes. */
typedef struct powers {
  heat_sum net, size;
  bool held; /* a Dirichlet or Robin side takes any heat that is left */
} powers;

static void add(powers *p, double heat) {
  heat_sum_add(&p->net, heat);
  heat_sum_add(&p->size, fabs(heat));
}

static heat_status add_side(const heat_problem *problem, int side, double t, powers *p) {
  const int along = 1 - side / 2;
  const int64_t faces = problem->cells[along];
  double a[PIECE], b[PIECE], g[PIECE];
  heat_status status = heat_ok();
  if (problem->sides[side].periodic) return status;
  for (int64_t lo = 0; lo < faces && status.code == HEAT_OK; lo += PIECE) {
    const int64_t hi = lo + PIECE < faces ? lo + PIECE : faces;
    status = heat_problem_side(problem, side, lo, hi, t, a, b, g);
    for (int64_t n = 0; n < hi - lo && status.code == HEAT_OK; n++) {
      p->held = p->held || a[n] > 0;
      add(p, g[n] * problem->spacing[along]);
    }
  }
  return status;
}

static heat_status add_row(const heat_problem *problem, int64_t j, double t, powers *p) {
  const double area = problem->spacing[HEAT_X] * problem->spacing[HEAT_Y];
  const int64_t nx = problem->cells[HEAT_X];
  double q[PIECE];
  heat_status status = heat_ok();
  for (int64_t lo = 0; lo < nx && status.code == HEAT_OK; lo += PIECE) {
    const int64_t hi = lo + PIECE < nx ? lo + PIECE : nx;
    status = heat_problem_values(problem, HEAT_SOURCE, j, lo, hi, t, q);
    for (int64_t n = 0; n < hi - lo && status.code == HEAT_OK; n++) add(p, q[n] * area);
  }
  return status;
}

/* Add the sources of this rank's rows, or all of them on rank 0. */
static heat_status add_sources(const heat_problem *problem, double t, MPI_Comm comm, powers *p) {
  int rank, ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  heat_status status = heat_ok();
  double q;
  if (heat_problem_uniform(problem, HEAT_SOURCE, &q)) {
    if (rank == 0) add(p, q * problem->size[HEAT_X] * problem->size[HEAT_Y]);
    return status;
  }
  for (int64_t j = rank; j < problem->cells[HEAT_Y] && status.code == HEAT_OK; j += ranks)
    status = add_row(problem, j, t, p);
  return status;
}

heat_status heat_balance_check(const heat_problem *problem, double t, MPI_Comm comm) {
  powers sides = {.held = false}, sources = {.held = false};
  heat_status status = heat_ok();
  for (int side = 0; side < HEAT_SIDES && status.code == HEAT_OK; side++) status = add_side(problem, side, t, &sides);
  if (status.code != HEAT_OK || sides.held) return status; /* all ranks know all sides */
  status = heat_agree(comm, add_sources(problem, t, comm, &sources));
  if (status.code != HEAT_OK) return status;
  heat_sum net = heat_sum_reduce(&sources.net, comm), size = heat_sum_reduce(&sources.size, comm);
  heat_sum_merge(&net, &sides.net);
  heat_sum_merge(&size, &sides.size);
  return heat_steady_balanced(problem->config, heat_sum_value(&net), heat_sum_value(&size));
}
