/* Sends the messages of a run without computing cells. scripts/scale runs it on thousands of ranks of a simulated
 * cluster (SimGrid's SMPI); on a few real ranks its messages are compared with those of the program.
 *
 *     schedule euler NODE CELLS NANOSECONDS ROUNDS    ROUNDS batches of steps with a deep halo
 *     schedule implicit NODE CELLS COSTS ROUNDS       the levels of a uniform plate, and a solve of ROUNDS iterations
 *     schedule startup NODE CELLS SPLITS AGREEMENTS   so many splits of communicators and agreements of all ranks,
 *                                                     then the plans of the exchanges, and the levels
 *     schedule costs 0 CELLS 0 0                      prints COSTS, measured with all cells, on as many cores as ranks
 *
 * Each rank has CELLS x CELLS cells, and NODE ranks fill a node; 0: blocks are numbered row by row. Layouts, halos and
 * the linear solver are those of the program, and their messages are sent. The loops over cells are left out, but under
 * SMPI the simulated time of a loop is NANOSECONDS for each cell and step, or what the file COSTS says. All simulated
 * ranks share one array of values.
 *
 * Rank 0 prints: kind, ranks, CELLS, seconds of a round, and seconds of a round of a rank without neighbours (0 where
 * this has to be taken from a run on one rank). */
#include "schedule.h"

#include "heat2d/grid/halo.h"
#include "heat2d/numerics/tiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *values;    /* from which messages are filled */
static ptrdiff_t width; /* number of doubles from one row of values to the next */
enum { MARGIN = HEAT_BATCH };

#ifndef SCHEDULE_SIMULATED
void schedule_work(double nanoseconds) {
  (void)nanoseconds;
}
#endif

double *schedule_row(void) {
  return (double *)values + MARGIN * width + MARGIN;
}

void schedule_need(heat_status status) {
  if (status.code == HEAT_OK) return;
  fprintf(stderr, "schedule: %s\n", status.text);
  MPI_Abort(MPI_COMM_WORLD, (int)status.code);
}

/* Do a batch: as many steps as the halo has layers, each on one layer less than the one before, in one pass upwards
 * (see tiles.h). The pass waits for the rows above only when it comes to them. */
static void step_round(const heat_grid *grid, heat_halo *halo, int depth, double nanoseconds) {
  const int64_t rows = heat_box_width(grid->owned, HEAT_Y);
  heat_field field = {.owned = grid->owned, .depth = depth, .stride = width, .corner = schedule_row()};
  heat_field *fields[] = {&field};
  double cells = 0;
  for (int left = depth - 1; left >= 0; left--)
    cells += (double)heat_box_cells(heat_grid_grown(grid, grid->owned, left));
  const double before = (double)rows / (double)(rows + 2 * (depth - 1));
  heat_halo_begin(halo, fields);
  heat_halo_wait(halo, fields, 1u << HEAT_TOP);
  schedule_work(before * cells * nanoseconds);
  heat_halo_end(halo, fields);
  schedule_work((1 - before) * cells * nanoseconds);
}

/* Arrange the blocks of CELLS x CELLS cells as nearly in a square as the number of ranks allows. */
static heat_grid make_grid(int64_t cells, int node) {
  int size, px = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 1; n * n <= size; n++)
    if (size % n == 0) px = n;
  const heat_problem problem = {.cells = {cells * px, cells * (size / px)}, .spacing = {1, 1}};
  heat_grid grid;
  schedule_need(heat_grid_create(&grid, MPI_COMM_WORLD, &problem, (const int[HEAT_AXES]){px, size / px}));
  heat_grid_number(&grid, node);
  return grid;
}

static double start_up(const heat_grid *grid, int splits, int agreements) {
  const double start = MPI_Wtime();
  heat_halo *halo;
  for (int n = 0; n < splits; n++) {
    MPI_Comm node;
    MPI_Comm_split_type(grid->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_free(&node);
  }
  for (int n = 0; n < agreements; n++) schedule_need(heat_agree(grid->comm, heat_ok()));
  schedule_need(heat_halo_create(&halo, grid, heat_halo_choose_depth(&grid->layout, HEAT_BATCH), 1));
  const double before = MPI_Wtime() - start;
  return before + schedule_solve(grid, 0).setup;
}

static double step(const heat_grid *grid, double nanoseconds, int rounds) {
  enum { POLL = 8 }; /* numbers on which the ranks agree from time to time */
  int64_t poll[POLL] = {0};
  heat_halo *halo = NULL;
  const int depth = heat_halo_choose_depth(&grid->layout, HEAT_BATCH);
  schedule_need(heat_halo_create(&halo, grid, depth, 1));
  MPI_Barrier(grid->comm);
  const double start = MPI_Wtime();
  for (int n = 0; n < rounds; n++) step_round(grid, halo, depth, nanoseconds);
  MPI_Allreduce(MPI_IN_PLACE, poll, POLL, MPI_INT64_T, MPI_SUM, grid->comm);
  return (MPI_Wtime() - start) / rounds;
}

static void print_row(const char *kind, const heat_grid *grid, int64_t cells, double seconds, double alone) {
  if (grid->rank == 0) printf("%s,%d,%lld,%.6g,%.6g\n", kind, grid->size, (long long)cells, seconds, alone);
}

/* On a simulated cluster this is the function that each rank runs. */
#ifndef SCHEDULE_MAIN
#define SCHEDULE_MAIN main
#endif
int SCHEDULE_MAIN(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  if (argc != 6) {
    fprintf(stderr,
            "usage: schedule euler|implicit|startup|costs NODE CELLS NANOSECONDS|COSTS|SPLITS ROUNDS|AGREEMENTS\n");
    MPI_Abort(MPI_COMM_WORLD, HEAT_USAGE);
  }
  const char *kind = argv[1];
  const int64_t cells = atoll(argv[3]);
  const int rounds = atoi(argv[5]);
  const heat_grid grid = make_grid(cells, atoi(argv[2]));
  if (values == NULL) {
    width = (ptrdiff_t)cells + 2 * MARGIN;
    values = calloc((size_t)width * (size_t)width, sizeof(double));
    if (values == NULL) schedule_need(heat_no_memory("values", (size_t)width * (size_t)width));
  }
  if (strcmp(kind, "startup") == 0) {
    print_row(kind, &grid, cells, start_up(&grid, atoi(argv[4]), rounds), 0);
  } else if (strcmp(kind, "implicit") == 0) {
    schedule_read_costs(argv[4]);
    const schedule_seconds seconds = schedule_solve(&grid, rounds);
    print_row(kind, &grid, cells, seconds.solve / rounds, 0);
    print_row("setup", &grid, cells, seconds.setup, 0);
#ifndef SCHEDULE_SIMULATED
  } else if (strcmp(kind, "costs") == 0) {
    schedule_measure_costs(cells);
#endif
  } else {
    const double nanoseconds = atof(argv[4]), seconds = step(&grid, nanoseconds, rounds);
    const int depth = heat_halo_choose_depth(&grid.layout, HEAT_BATCH);
    print_row(kind, &grid, cells, seconds, 1e-9 * nanoseconds * (double)(cells * cells) * depth);
  }
  MPI_Finalize();
  return 0;
}
