/* Measures the time that the loops of the solver take, by a solve with all cells. */
#include "heat2d/numerics/krylov.h"

#include "schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const heat_level_loops *__real_heat_level_loops_find(heat_level_precision precision);
const heat_level_setup *__real_heat_level_setup_find(heat_level_precision precision);
const heat_solver_loops *__real_heat_solver_loops_find(void);

static const heat_level_loops *real;
static double seconds[SCHEDULE_PARTS][SCHEDULE_SIZES], cells[SCHEDULE_PARTS][SCHEDULE_SIZES];
static double level_cells; /* cells of all levels together */

static void note(schedule_part part, const heat_level *level, double start) {
  const int size = schedule_size(level);
  seconds[part][size] += MPI_Wtime() - start;
  cells[part][size] += (double)heat_box_cells(level->grid.owned);
}

static void timed_enter(const heat_level *fine, const heat_level *coarse, const heat_level_in *in) {
  const double start = MPI_Wtime();
  real->enter(fine, coarse, in);
  seconds[SCHEDULE_DOWN][schedule_size(fine)] += MPI_Wtime() - start; /* the cells are counted on the way down */
}

static void timed_down(const heat_level *fine, const heat_level *coarse, bool from_zero, const heat_level_in *in) {
  const double start = MPI_Wtime();
  real->down(fine, coarse, from_zero, in);
  note(SCHEDULE_DOWN, fine, start);
}

static void timed_up(const heat_level *fine, const heat_level *coarse, const heat_level_out *out) {
  const double start = MPI_Wtime();
  real->up(fine, coarse, out);
  note(SCHEDULE_UP, fine, start);
}

static void counted_residual(const heat_level *fine, const heat_level *coarse) {
  level_cells += (double)heat_box_cells(fine->grid.owned);
  real->residual(fine, coarse);
}

static void right_side(void *context, heat_field *r) {
  (void)context;
  for (int64_t j = r->owned.lo[HEAT_Y]; j < r->owned.hi[HEAT_Y]; j++)
    for (int64_t i = r->owned.lo[HEAT_X]; i < r->owned.hi[HEAT_X]; i++)
      *heat_field_at(r, i, j) = sin((double)(7 * i)) * cos((double)(3 * j));
  r->valid = 0;
}

/* Print the sums over all ranks, as nanoseconds for each cell. */
static void print_costs(double setup, double solve, int iterations, const heat_grid *grid) {
  double sums[2] = {setup, solve};
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int part = SCHEDULE_DOWN; part <= SCHEDULE_UP; part++)
    for (int n = 0; n < SCHEDULE_SIZES; n++) sums[1] -= seconds[part][n];
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, seconds, SCHEDULE_PARTS * SCHEDULE_SIZES, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, cells, SCHEDULE_PARTS * SCHEDULE_SIZES, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  if (rank != 0) return;
  printf("setup 0 %.4g\n", 1e9 * sums[0] / size / level_cells);
  printf("rest 0 %.4g\n", 1e9 * sums[1] / size / iterations / (double)heat_box_cells(grid->owned));
  for (int part = SCHEDULE_DOWN; part <= SCHEDULE_UP; part++)
    for (int n = 0; n < SCHEDULE_SIZES; n++)
      if (cells[part][n] > 0)
        printf("%s %d %.4g\n", part == SCHEDULE_DOWN ? "down" : "up", n, 1e9 * seconds[part][n] / cells[part][n]);
}

void schedule_measure_costs(int64_t width) {
  const double sigma = 1e-3, tolerance = 1e-10;
  enum { MOST = 100, SOLVES = 5 };
  const heat_problem problem = {.cells = {width, width}, .spacing = {1, 1}};
  heat_grid grid;
  heat_field x, r;
  heat_sequence sequence = {.halo = NULL};
  real = __real_heat_level_loops_find(HEAT_LEVEL_SINGLE);
  heat_level_loops timed = *real;
  timed.enter = timed_enter;
  timed.down = timed_down;
  timed.up = timed_up;
  timed.residual = counted_residual;
  schedule_level_loops = &timed;
  schedule_level_setup = __real_heat_level_setup_find(HEAT_LEVEL_SINGLE);
  schedule_solver_loops = __real_heat_solver_loops_find();
  schedule_need(heat_grid_create(&grid, MPI_COMM_SELF, &problem, (const int[HEAT_AXES]){1, 1}));
  schedule_need(heat_halo_create(&sequence.halo, &grid, 1, 1));
  for (int n = 0; n < 2; n++) schedule_need(heat_field_create((heat_field *[]){&x, &r}[n], &grid, 1));
  heat_stencil stencil = {.grid = &grid, .depth = 1, .uniform = true, .faces = {1, 1}, .s = 1};
  double *walls = calloc((size_t)width, sizeof *walls);
  if (walls == NULL) schedule_need(heat_no_memory("walls", (size_t)width * sizeof *walls));
  for (int side = 0; side < HEAT_SIDES; side++) stencil.walls[side] = walls;
  heat_krylov krylov = {.stencil = &stencil,
                        .sequence = &sequence,
                        .sigma = sigma,
                        .x = &x,
                        .r = &r,
                        .right_side = right_side,
                        .weight = 1,
                        .tolerance = tolerance,
                        .iterations = MOST};
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  schedule_need(heat_multigrid_create(&krylov.multigrid, &stencil, sigma, 1));
  const double setup = MPI_Wtime() - start;
  heat_krylov_solve(&krylov); /* from the second solve on all pages of memory have been used before */
  for (int part = 0; part < SCHEDULE_PARTS; part++)
    for (int n = 0; n < SCHEDULE_SIZES; n++) seconds[part][n] = cells[part][n] = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  const double begin = MPI_Wtime();
  int iterations = 0;
  for (int n = 0; n < SOLVES; n++) {
    const heat_krylov_end end = heat_krylov_solve(&krylov);
    if (!end.converged) schedule_need(heat_fail(HEAT_NUMERICS, "the solver did not converge"));
    iterations += end.iterations;
  }
  print_costs(setup, MPI_Wtime() - begin, iterations, &grid);
  heat_multigrid_destroy(krylov.multigrid);
  heat_halo_destroy(sequence.halo);
  heat_field_destroy(&x);
  heat_field_destroy(&r);
  free(walls);
}
