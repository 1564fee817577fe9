#include "heat2d/numerics/operator.h"

#include <math.h>
#include <string.h>

heat_status heat_operator_create(heat_operator *op, const heat_discretisation *from, heat_runtime *runtime) {
  const heat_grid *grid = from->grid;
  *op = (heat_operator){.problem = from->problem, .grid = grid};
  heat_status status = heat_stencil_create(&op->stencil, from);
  if (status.code == HEAT_OK) status = heat_forcing_create(&op->forcing, from);
  if (status.code == HEAT_OK) status = heat_walls_create(&op->walls, from);
  if (status.code == HEAT_OK) status = heat_stencil_set_walls(&op->stencil, &op->walls);
  if (status.code == HEAT_OK) status = heat_ledger_create(&op->ledger, grid);
  status = heat_agree(grid->comm, status);
  if (status.code != HEAT_OK) return status;
  op->stencil.bounds = heat_bounds_agree(op->stencil.bounds, grid->comm);
  heat_forcing_agree(&op->forcing);
  const heat_equation equation = {&op->stencil, &op->walls, &op->forcing, &op->ledger};
  return heat_sequence_create(&op->sequence, equation, runtime, from->threads);
}

void heat_operator_destroy(heat_operator *op) {
  heat_sequence_destroy(&op->sequence);
  heat_ledger_destroy(&op->ledger);
  heat_forcing_destroy(&op->forcing);
  heat_walls_destroy(&op->walls);
  heat_stencil_destroy(&op->stencil);
}

size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth) {
  return heat_stencil_bytes(problem, owned, depth) + heat_forcing_bytes(problem, owned, depth) +
         heat_walls_bytes(problem, owned) + heat_ledger_bytes(owned);
}

heat_field_form heat_operator_form(const heat_operator *op, int n) {
  return (heat_field_form){.depth = op->stencil.depth, .page_slot = n, .threads = op->sequence.threads};
}

bool heat_operator_fuses(const heat_operator *op) {
  return !op->sequence.plain;
}

heat_runtime *heat_operator_runtime(const heat_operator *op) {
  return op->sequence.runtime;
}

heat_status heat_operator_rate(heat_operator *op, heat_field *u, double t, double *rate) {
  const heat_grid *grid = op->grid;
  heat_status status = heat_walls_update(&op->walls, &t, 1);
  if (status.code == HEAT_OK) status = heat_forcing_begin(&op->forcing, &t, 1);
  if (status.code == HEAT_OK) status = heat_forcing_update(&op->forcing, grid->owned, 0, 0, &op->ledger);
  heat_sequence_refresh(&op->sequence, u);
  heat_walls_apply(&op->walls, u, grid->owned, 0);
  *rate = heat_sequence_rate(&op->sequence, u);
  if (isnan(*rate)) *rate = INFINITY; /* MPI_MAX may drop a NaN */
  MPI_Allreduce(MPI_IN_PLACE, rate, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  return heat_agree(grid->comm, status);
}

/* Exact sums over cells, whose bits do not depend on how cells are divided among ranks and threads. Values that are not
 * negative are added once for both the heat and its size. */
typedef struct cell_sums {
  heat_sum temperature;       /* u, if the material varies */
  heat_sum positive;          /* rho c_p u, or u for uniform material, of pieces of rows without a negative value */
  heat_sum mixed, mixed_size; /* the same for all other pieces, and its magnitude */
} cell_sums;

static bool any_negative(const double *values, int64_t count) {
  uint64_t signs = 0;
  for (int64_t n = 0; n < count; n++) {
    uint64_t bits;
    memcpy(&bits, &values[n], sizeof bits);
    signs |= bits;
  }
  return signs >> 63 != 0;
}

static void add_cells(const heat_operator *op, const double *u, int64_t i, int64_t j, int64_t count, cell_sums *sums) {
  enum { SPAN = 256 };
  double heat[SPAN], size[SPAN];
  for (int64_t first = 0; first < count; first += SPAN, u += SPAN) {
    const int64_t span = count - first < SPAN ? count - first : SPAN;
    const double *values = op->stencil.uniform ? u : heat;
    for (int64_t n = 0; n < span && !op->stencil.uniform; n++)
      heat[n] = u[n] / heat_stencil_inverse(&op->stencil, i + first + n, j);
    if (!op->stencil.uniform) heat_sum_add_many(&sums->temperature, u, span);
    if (!any_negative(values, span)) {
      heat_sum_add_many(&sums->positive, values, span);
      continue;
    }
    for (int64_t n = 0; n < span; n++) size[n] = fabs(values[n]);
    heat_sum_add_many(&sums->mixed, values, span);
    heat_sum_add_many(&sums->mixed_size, size, span);
  }
}

static cell_sums add_rows(const heat_operator *op, const heat_field *u) {
  const heat_box owned = op->grid->owned;
  const int threads = op->sequence.threads;
  cell_sums all = {.temperature = {{0}, 0}};
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    cell_sums own = {.temperature = {{0}, 0}};
#pragma omp for nowait
    for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
      add_cells(op, heat_field_at(u, owned.lo[HEAT_X], j), owned.lo[HEAT_X], j, heat_box_width(owned, HEAT_X), &own);
#pragma omp critical(heat_energy)
    {
      heat_sum_merge(&all.temperature, &own.temperature);
      heat_sum_merge(&all.positive, &own.positive);
      heat_sum_merge(&all.mixed, &own.mixed);
      heat_sum_merge(&all.mixed_size, &own.mixed_size);
    }
  }
  return all;
}

heat_energy heat_operator_energy(const heat_operator *op, const heat_field *u) {
  const heat_grid *grid = op->grid;
  const double *spacing = grid->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  cell_sums sums = add_rows(op, u);
  heat_sum_merge(&sums.mixed, &sums.positive);
  heat_sum_merge(&sums.mixed_size, &sums.positive);
  heat_sum heat = heat_sum_reduce(&sums.mixed, grid->comm), all = heat;
  if (!op->stencil.uniform) all = heat_sum_reduce(&sums.temperature, grid->comm);
  const double total = heat_sum_value(&all), scale = op->stencil.uniform ? area / op->stencil.s : area;
  heat_energy energy = {.mean = total / (double)heat_box_cells(grid->domain), .heat = total / op->stencil.s * area};
  if (!op->stencil.uniform) energy.heat = heat_sum_value(&heat) * area;
  all = heat_sum_reduce(&sums.mixed_size, grid->comm);
  energy.size = heat_sum_value(&all) * scale;
  return energy;
}

heat_status heat_operator_flows(heat_operator *op, const heat_field *u, double t, double flows[HEAT_SIDES]) {
  const heat_status status = heat_agree(op->grid->comm, heat_walls_update(&op->walls, &t, 1));
  for (int side = 0; side < HEAT_SIDES; side++) flows[side] = 0;
  for (int side = 0; side < HEAT_SIDES && status.code == HEAT_OK; side++) {
    int64_t lo, hi;
    heat_walls_owned(op->grid, side, &lo, &hi);
    heat_sum sum = {0};
    for (int64_t n = lo; n < hi; n++) heat_sum_add(&sum, heat_walls_flow(&op->walls, u, side, n));
    const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
    flows[side] = heat_sum_value(&total);
  }
  return status;
}
