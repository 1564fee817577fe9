/* The program's own solver (krylov.c, multigrid.c and what they use) with all of its levels, messages and sums, but
 * without cells. The linker replaces the loops over cells by the functions in this file (--wrap). They let the time
 * pass that the real loops took where they were measured (solver_costs.c), and set the scalar products to values with
 * which the residual falls by a factor of 16 or more in each iteration. All decisions of the solver are made as in the
 * program. */
#include "heat2d/numerics/krylov.h"

#include "schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[SCHEDULE_PARTS] = {"down", "up", "rest", "setup"};
static double costs[SCHEDULE_PARTS][SCHEDULE_SIZES]; /* ns for a cell; the same for all simulated ranks */
static int ranks;                                    /* number of ranks that share a sum */
static int64_t rows;                                 /* number of rows that each of these ranks has */

void schedule_read_costs(const char *path) {
  char name[16];
  int size;
  double each;
  FILE *file = path == NULL ? NULL : fopen(path, "r");
  while (file != NULL && fscanf(file, "%15s %d %lf", name, &size, &each) == 3)
    for (int part = 0; part < SCHEDULE_PARTS; part++)
      if (strcmp(name, names[part]) == 0 && size >= 0 && size < SCHEDULE_SIZES) costs[part][size] = each;
  if (file != NULL) fclose(file);
}

int schedule_size(const heat_level *level) {
  const double cells = (double)heat_box_cells(level->grid.owned);
  const long size = cells > 0 ? lround(log(cells) / log(4)) : 0;
  return size < SCHEDULE_SIZES ? (int)size : SCHEDULE_SIZES - 1;
}

/* Let the time of a loop over a level's cells pass. The costs of a loop whose time does not depend on the size are
 * listed at size 0. */
static void pass(schedule_part part, const heat_level *level) {
  const bool by_size = part == SCHEDULE_DOWN || part == SCHEDULE_UP;
  const double cells = (double)heat_box_cells(level->grid.owned),
               each = costs[part][by_size ? schedule_size(level) : 0];
  if (cells > 0 && each > 0) schedule_work(each * cells);
}

/* The contribution of a rank, or of a row of it, to the high integer of a sum. The whole sum is then about `part` of
 * the size for which heat_product_scale was asked, since that size is scaled to at most 2^40. */
static int64_t share(double part) {
  return (int64_t)ldexp(part, 39) / ranks;
}

/* The loops of a level. */

static void put(const heat_level *level, void *array, int64_t j, const double *values, double scale) {
  (void)level, (void)array, (void)j, (void)values, (void)scale;
}

/* Numbers with which the direct solve can be done: all are 1. */
static void take(const heat_level *level, const void *array, int64_t j, double *values) {
  (void)array, (void)j;
  for (int64_t i = 0; i < heat_box_width(level->grid.owned, HEAT_X); i++) values[i] = 1;
}

static void enter(const heat_level *fine, const heat_level *coarse, const heat_level_in *in) {
  (void)fine, (void)coarse, (void)in;
}

static void down(const heat_level *fine, const heat_level *coarse, bool from_zero, const heat_level_in *in) {
  const double falls = 0x1p-8; /* factor by which r r falls */
  (void)coarse, (void)from_zero;
  pass(SCHEDULE_DOWN, fine);
  if (in != NULL && in->q != NULL) in->square->high[0] += share(falls);
}

static void residual(const heat_level *fine, const heat_level *coarse) {
  (void)fine, (void)coarse;
}

static void multiply(const heat_level *level, const heat_level_out *out) {
  (void)level;
  out->product->high[0] += share(1);
}

static void up(const heat_level *fine, const heat_level *coarse, const heat_level_out *out) {
  (void)coarse;
  pass(SCHEDULE_UP, fine);
  if (out != NULL) multiply(fine, out);
}

static void advance_level(const heat_level *level, int64_t j, double step, double *x, bool add) {
  (void)level, (void)j, (void)step, (void)x, (void)add;
}

/* The rows follow each other without a message, so the time of all rows passes with the first one. */
static void turn_level(const heat_level *level, int64_t j, const heat_level_turn *turn) {
  (void)turn;
  if (j == level->grid.owned.lo[HEAT_Y]) pass(SCHEDULE_REST, level);
}

static void read_direction(const heat_level *level, int64_t j, double unit, double *values) {
  (void)level, (void)j, (void)unit, (void)values;
}

static const heat_level_loops level_loops = {
    sizeof(float), put, take, enter, down, residual, up, multiply, advance_level, turn_level, read_direction};

/* The loops of the set-up. */

static heat_status coarsen(const heat_level *fine, const heat_level *coarse) {
  (void)coarse;
  pass(SCHEDULE_SETUP, fine);
  return heat_ok();
}

static void prepare_reaction(const heat_level *fine, const heat_level *coarse) {
  (void)fine, (void)coarse;
}

static void set_reaction(const heat_level *coarse) {
  (void)coarse;
}

static double bound(const heat_level *level) {
  (void)level;
  return 2;
}

/* The couplings are the same along both axes, as in square cells of one material, so both axes are halved. */
static void couplings(const heat_level *level, int64_t sums[HEAT_AXES]) {
  sums[HEAT_X] = sums[HEAT_Y] = heat_box_cells(level->grid.owned);
}

static const heat_level_setup level_setup = {coarsen, prepare_reaction, set_reaction, bound, couplings};

/* The loops of conjugate gradients, row by row. */

static void add(heat_total *total, heat_terms terms, ptrdiff_t columns) {
  (void)terms, (void)columns;
  total->high[0] += share(1) / rows;
}

static double largest(heat_terms terms, ptrdiff_t columns) {
  (void)terms, (void)columns;
  return 1;
}

static void multiply_row(double *r, heat_reaction reaction, ptrdiff_t columns) {
  (void)r, (void)reaction, (void)columns;
}

static void advance_row(double *x, bool more, double a, const double *p, ptrdiff_t columns) {
  (void)x, (void)more, (void)a, (void)p, (void)columns;
}

static void turn_row(double *p, double b, const double *z, ptrdiff_t columns) {
  (void)p, (void)b, (void)z, (void)columns;
}

static void balance(const heat_balance_row *row) {
  (void)row;
}

static void apply(const heat_apply_row *row, heat_total totals[HEAT_APPLY_SUMS]) {
  if (row->scales[HEAT_APPLY_PQ] > 0) totals[HEAT_APPLY_PQ].high[0] += share(1) / rows;
}

static void reduce(double *r, double a, const double *q, ptrdiff_t columns, heat_total *total, double scale) {
  (void)r, (void)a, (void)q, (void)columns, (void)scale;
  total->high[0] += share(1) / rows;
}

static const heat_solver_loops solver_loops = {add,      largest, multiply_row, advance_row,
                                               turn_row, balance, apply,        reduce};

const heat_level_loops *schedule_level_loops = &level_loops;
const heat_level_setup *schedule_level_setup = &level_setup;
const heat_solver_loops *schedule_solver_loops = &solver_loops;

const heat_level_loops *__wrap_heat_level_loops_find(heat_level_precision precision);
const heat_level_setup *__wrap_heat_level_setup_find(heat_level_precision precision);
const heat_solver_loops *__wrap_heat_solver_loops_find(void);
void __wrap_heat_sequence_refresh(heat_sequence *sequence, heat_field *field);

const heat_level_loops *__wrap_heat_level_loops_find(heat_level_precision precision) {
  (void)precision;
  return schedule_level_loops;
}

const heat_level_setup *__wrap_heat_level_setup_find(heat_level_precision precision) {
  (void)precision;
  return schedule_level_setup;
}

const heat_solver_loops *__wrap_heat_solver_loops_find(void) {
  return schedule_solver_loops;
}

/* A sequence has only its halo here. */
void __wrap_heat_sequence_refresh(heat_sequence *sequence, heat_field *field) {
  heat_halo_begin(sequence->halo, &field);
  heat_halo_end(sequence->halo, &field);
}

/* Computing the right side is a stage, before which temperatures are exchanged. */
static void right_side(void *context, heat_field *r) {
  __wrap_heat_sequence_refresh(context, r);
}

/* Make all walls insulated. */
static void set_walls(heat_stencil *stencil) {
  const heat_grid *grid = stencil->grid;
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int axis = side / 2;
    const bool here = side % 2 == 0 ? grid->owned.lo[axis] == 0 : grid->owned.hi[axis] == grid->layout.cells[axis];
    const size_t along = (size_t)heat_box_width(grid->owned, 1 - axis);
    if (!here || !heat_grid_wall(grid, side)) continue;
    stencil->walls[side] = calloc(along, sizeof(double));
    if (stencil->walls[side] == NULL) schedule_need(heat_no_memory("walls", along * sizeof(double)));
  }
}

schedule_seconds schedule_solve(const heat_grid *grid, int iterations) {
  const double sigma = 1e-3;
  heat_stencil stencil = {.grid = grid, .depth = 1, .uniform = true, .faces = {1, 1}, .s = 1};
  /* The rows of the fields are all the same memory. */
  heat_field field = {.owned = grid->owned, .depth = 1, .stride = 0, .corner = schedule_row()}, x = field, r = field;
  heat_sequence sequence = {.halo = NULL};
  schedule_seconds seconds = {0, 0};
  ranks = grid->size;
  rows = heat_box_width(grid->owned, HEAT_Y);
  set_walls(&stencil);
  schedule_need(heat_halo_create_for(&sequence.halo, grid, 1, 1, sizeof(double)));
  MPI_Barrier(grid->comm);
  const double start = MPI_Wtime();
  heat_krylov krylov = {.stencil = &stencil,
                        .sequence = &sequence,
                        .sigma = sigma,
                        .x = &x,
                        .r = &r,
                        .right_side = right_side,
                        .weight = sigma,
                        .context = &sequence,
                        .tolerance = 0,
                        .iterations = iterations};
  schedule_need(heat_multigrid_create(&krylov.multigrid, &stencil, sigma, 1));
  MPI_Barrier(grid->comm);
  seconds.setup = MPI_Wtime() - start;
  if (iterations > 0) {
    const int done = heat_krylov_solve(&krylov).iterations;
    if (done != iterations) schedule_need(heat_fail(HEAT_NUMERICS, "%d of %d iterations", done, iterations));
    seconds.solve = MPI_Wtime() - start - seconds.setup;
  }
  return seconds;
}
