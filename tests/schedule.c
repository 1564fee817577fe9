/* Sends the messages of a run without computing cells. scripts/scale runs it on thousands of ranks of a simulated
 * cluster (SimGrid's SMPI); on a few real ranks its messages are compared with those of the program.
 *
 *     schedule euler NODE CELLS NANOSECONDS ROUNDS      ROUNDS batches of steps with a deep halo
 *     schedule implicit NODE CELLS NANOSECONDS ROUNDS   ROUNDS iterations of a linear solve of a uniform material
 *     schedule startup NODE CELLS SPLITS AGREEMENTS     so many splits of communicators and agreements of all ranks,
 * and the plans of both
 *
 * Each rank has CELLS x CELLS cells, and NODE ranks fill a node; 0: blocks are numbered row by row. Layouts, halos and
 * the gathering of a coarse level are those of the program, and their messages are sent. The loops over cells are left
 * out, but under SMPI the simulated time of a loop is NANOSECONDS for each cell and step, or each cell and iteration.
 * All simulated ranks share one array of values.
 *
 * Rank 0 prints: kind, ranks, CELLS, seconds of a round, seconds of a round of a rank without neighbours. */
#include "heat2d/grid/halo.h"
#include "heat2d/numerics/tiles.h"
#include "heat2d/numerics/total.h"

#include "../src/numerics/multigrid_coarse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *values;    /* from which messages are filled */
static ptrdiff_t width; /* number of doubles from one row of values to the next */
enum { MARGIN = HEAT_BATCH };

#ifdef SCHEDULE_SIMULATED
/* Let the time of `cells` cells pass; a simulated core does an operation in a nanosecond. */
static void work(double cells, double nanoseconds) {
  smpi_execute_flops(nanoseconds * cells);
}

/* The values of cells do not matter. Rows are not copied; the buffers of all messages of all ranks are the same memory,
 * so that SMPI does not copy them; and values have basic types, so that SMPI does not pack them. The linker replaces
 * memcpy, SMPI's malloc and MPI calls by these functions (--wrap). */
void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__wrap_memcpy(void *to, const void *from, size_t bytes);
void *__real_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line);
void *__wrap_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line);

int __wrap_MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type);

int __wrap_MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type) {
  (void)each;
  *type = count == (int)sizeof(double) ? MPI_DOUBLE : MPI_FLOAT;
  return MPI_SUCCESS;
}

int __wrap_MPI_Send_init(const void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request);
int __wrap_MPI_Recv_init(void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request);
int __wrap_MPI_Startall(int count, MPI_Request *requests);

/* For very many ranks only messages between nodes are sent. Messages within a node, of SCHEDULE_NODE ranks, share no
 * resource with others and are sent before them: up to 1,024 ranks the times are the same to all digits. */
static bool is_left_out(int rank, MPI_Comm comm) {
  enum { MANY = 4096 };
  int own, size;
  MPI_Comm_rank(comm, &own);
  MPI_Comm_size(comm, &size);
  return size > MANY && rank / SCHEDULE_NODE == own / SCHEDULE_NODE;
}

int __wrap_MPI_Send_init(const void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request) {
  *request = MPI_REQUEST_NULL;
  return is_left_out(rank, comm) ? MPI_SUCCESS : PMPI_Send_init(at, count, type, rank, tag, comm, request);
}

int __wrap_MPI_Recv_init(void *at, int count, MPI_Datatype type, int rank, int tag, MPI_Comm comm,
                         MPI_Request *request) {
  *request = MPI_REQUEST_NULL;
  return is_left_out(rank, comm) ? MPI_SUCCESS : PMPI_Recv_init(at, count, type, rank, tag, comm, request);
}

int __wrap_MPI_Startall(int count, MPI_Request *requests) {
  for (int n = 0; n < count; n++)
    if (requests[n] != MPI_REQUEST_NULL) MPI_Start(&requests[n]);
  return MPI_SUCCESS;
}

void *__wrap_memcpy(void *to, const void *from, size_t bytes) {
  enum { ROW = 128 };
  return bytes < ROW ? __real_memcpy(to, from, bytes) : to;
}

void *__wrap_smpi_shared_malloc_intercept(size_t bytes, const char *file, int line) {
  enum { LARGE = 1000000, LARGEST = 64 << 20 };
  static void *common;
  if (bytes < LARGE || bytes > LARGEST) return __real_smpi_shared_malloc_intercept(bytes, file, line);
  if (common == NULL) common = __real_smpi_shared_malloc_intercept(LARGEST, file, line);
  return common;
}

/* This is only used for messages about a deck that asks for too much, which does not happen here. */
heat_status heat_config_fail(const heat_config *config, const char *key, const char *format, ...) {
  (void)config;
  (void)format;
  return heat_fail(HEAT_DECK, "%s", key);
}

/* Arrays are exchanged here, not fields. */
ptrdiff_t heat_field_stride(const heat_grid *grid, int depth) {
  (void)grid;
  (void)depth;
  return 0;
}
#else
static void work(double cells, double nanoseconds) {
  (void)cells;
  (void)nanoseconds;
}
#endif

static double *corner(void) {
  return (double *)values + MARGIN * width + MARGIN;
}

static void refresh(heat_halo *halo, size_t value) {
  heat_halo_refresh(halo, &(heat_rows){corner(), width * (ptrdiff_t)value});
}

static void reduce(const heat_grid *grid, int numbers) {
  enum { MOST = 64 };
  int64_t all[MOST] = {0};
  MPI_Allreduce(MPI_IN_PLACE, all, numbers, MPI_INT64_T, MPI_SUM, grid->comm);
}

static void need(heat_status status) {
  if (status.code == HEAT_OK) return;
  fprintf(stderr, "schedule: %s\n", status.text);
  MPI_Abort(MPI_COMM_WORLD, (int)status.code);
}

/* A batch: as many steps as the halo has layers, each on one layer less, in one pass upwards (see tiles.h), which waits
 * for the rows above only when it comes to them. */
static void step_round(const heat_grid *grid, heat_halo *halo, int depth, double nanoseconds) {
  const int64_t rows = heat_box_width(grid->owned, HEAT_Y);
  heat_field field = {.owned = grid->owned, .depth = depth, .stride = width, .corner = corner()};
  heat_field *fields[] = {&field};
  double cells = 0;
  for (int left = depth - 1; left >= 0; left--)
    cells += (double)heat_box_cells(heat_grid_grown(grid, grid->owned, left));
  const double before = (double)rows / (double)(rows + 2 * (depth - 1));
  heat_halo_begin(halo, fields);
  heat_halo_wait(halo, fields, 1u << HEAT_TOP);
  work(before * cells, nanoseconds);
  heat_halo_end(halo, fields);
  work((1 - before) * cells, nanoseconds);
}

enum { LEVELS = 40 };

/* What multigrid.c has of each level that is distributed. */
typedef struct levels {
  int count;
  heat_grid grid[LEVELS];
  heat_halo *wide[LEVELS], *narrow[LEVELS];
  heat_halo *finest; /* exchange of temperatures between solves */
  heat_gather gather;
} levels;

/* As in multigrid.c: the level that is copied to every rank. */
static bool small_enough_to_copy(int64_t cells, int ranks) {
  enum { FEW = 4096, MOST = 65536, BLOCK = 256 };
  return cells <= FEW || (cells <= MOST && cells / ranks <= BLOCK);
}

static void make_levels(levels *l, const heat_grid *grid) {
  const bool both[HEAT_AXES] = {true, true};
  l->grid[0] = *grid;
  need(heat_halo_create(&l->finest, grid, 1, 1));
  for (int n = 0;; n++) {
    const heat_grid *at = &l->grid[n];
    need(heat_halo_create_for(&l->wide[n], at, HEAT_LEVEL_DEPTH, 1, sizeof(float)));
    need(heat_halo_create_for(&l->narrow[n], at, HEAT_COARSE_DEPTH, 1, sizeof(float)));
    l->count = n + 1;
    if (small_enough_to_copy(heat_box_cells(at->domain), at->size)) break;
    l->grid[n + 1] = heat_grid_coarsen(at, both);
  }
  need(heat_gather_create(&l->gather, &l->grid[l->count - 1], sizeof(float)));
}

static void gather(levels *l) {
  const heat_grid *last = &l->grid[l->count - 1];
  const heat_level part = {.grid = *last, .stride = width, .b = corner()};
  heat_level whole = {.grid = *last, .stride = (ptrdiff_t)last->layout.cells[HEAT_X]};
  whole.grid.owned = last->domain;
  heat_gather_collect(&l->gather, &part, part.b, &whole, values, sizeof(float));
}

/* An iteration of conjugate gradients: a V cycle, two reductions, and one product with the matrix. A third of its time
 * is that of the coarser levels, each of which has a quarter of the cells of the finer one. Smoothing also computes
 * ghost cells, about half as deep as the halo. */
static void solve_round(levels *l, double nanoseconds) {
  enum { NUMBERS = sizeof(heat_total) / sizeof(int64_t), LAST_CELLS = 64 };
  const double finest = 2.0 / 3, coarse = 1;
  const heat_grid *grid = &l->grid[0];
  for (int n = 0; n + 1 < l->count; n++) {
    refresh(l->wide[n], sizeof(float));
    const heat_box reach = heat_grid_grown(&l->grid[n], l->grid[n].owned, HEAT_LEVEL_DEPTH / 2);
    work((double)heat_box_cells(reach) * (n == 0 ? finest : coarse), nanoseconds);
  }
  gather(l);
  const double whole = (double)heat_box_cells(l->grid[l->count - 1].domain);
  work(whole / (1 - 1.0 / 4) + LAST_CELLS * LAST_CELLS, nanoseconds);
  for (int n = l->count - 1; n > 0; n--) refresh(l->narrow[n], sizeof(float));
  reduce(grid, 3 * NUMBERS);
  refresh(l->narrow[0], sizeof(float));
  reduce(grid, 4 * NUMBERS);
}

/* Arrange the blocks of CELLS x CELLS cells as nearly in a square as the number of ranks allows. */
static heat_grid make_grid(int64_t cells, int node) {
  int size, px = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 1; n * n <= size; n++)
    if (size % n == 0) px = n;
  const heat_problem problem = {.cells = {cells * px, cells * (size / px)}, .spacing = {1, 1}};
  heat_grid grid;
  need(heat_grid_create(&grid, MPI_COMM_WORLD, &problem, (const int[HEAT_AXES]){px, size / px}));
  heat_grid_number(&grid, node);
  return grid;
}

static double start_up(const heat_grid *grid, int splits, int agreements) {
  const double start = MPI_Wtime();
  levels l = {0};
  heat_halo *halo;
  for (int n = 0; n < splits; n++) {
    MPI_Comm node;
    MPI_Comm_split_type(grid->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_free(&node);
  }
  for (int n = 0; n < agreements; n++) need(heat_agree(grid->comm, heat_ok()));
  need(heat_halo_create(&halo, grid, heat_halo_choose_depth(&grid->layout, HEAT_BATCH), 1));
  make_levels(&l, grid);
  MPI_Barrier(grid->comm);
  return MPI_Wtime() - start;
}

static double go_on(const heat_grid *grid, bool implicit, double nanoseconds, int rounds) {
  enum { POLL = 8 }; /* numbers on which the ranks agree from time to time */
  levels l = {0};
  heat_halo *halo = NULL;
  const int depth = heat_halo_choose_depth(&grid->layout, HEAT_BATCH);
  if (implicit)
    make_levels(&l, grid);
  else
    need(heat_halo_create(&halo, grid, depth, 1));
  MPI_Barrier(grid->comm);
  const double start = MPI_Wtime();
  for (int n = 0; n < rounds; n++) {
    if (implicit)
      solve_round(&l, nanoseconds);
    else
      step_round(grid, halo, depth, nanoseconds);
  }
  reduce(grid, POLL);
  return (MPI_Wtime() - start) / rounds;
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  if (argc != 6) {
    fprintf(stderr, "usage: schedule euler|implicit|startup NODE CELLS NANOSECONDS|SPLITS ROUNDS|AGREEMENTS\n");
    MPI_Abort(MPI_COMM_WORLD, HEAT_USAGE);
  }
  const char *kind = argv[1];
  const bool implicit = strcmp(kind, "implicit") == 0;
  const int64_t cells = atoll(argv[3]);
  const double nanoseconds = atof(argv[4]);
  const heat_grid grid = make_grid(cells, atoi(argv[2]));
  if (values == NULL) {
    width = (ptrdiff_t)cells + 2 * MARGIN;
    values = calloc((size_t)width * (size_t)width, sizeof(double));
    if (values == NULL) need(heat_no_memory("values", (size_t)width * (size_t)width));
  }
  double seconds, alone = 0;
  if (strcmp(kind, "startup") == 0) {
    seconds = start_up(&grid, atoi(argv[4]), atoi(argv[5]));
  } else {
    seconds = go_on(&grid, implicit, nanoseconds, atoi(argv[5]));
    alone = 1e-9 * nanoseconds * (double)(cells * cells) *
            (implicit ? 1 : heat_halo_choose_depth(&grid.layout, HEAT_BATCH));
  }
  if (grid.rank == 0) printf("%s,%d,%lld,%.6g,%.6g\n", kind, grid.size, (long long)cells, seconds, alone);
  MPI_Finalize();
  return 0;
}
