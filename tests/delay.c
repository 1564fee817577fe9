/* Measures how much a slow network costs: steps on one host with delayed messages are timed in turn with steps without
 * delays.
 *
 *     mpirun -n RANKS delay CELLS_X CELLS_Y RANKS_X RANKS_Y MILLISECONDS SECONDS
 *
 * A message of a persistent request, as in the exchange of halos, arrives MILLISECONDS after it was sent; the sender
 * knows after twice that time that it has been sent; and a reduction takes MILLISECONDS for each of its rounds. The MPI
 * functions below replace those of the library, and ranks tell each other in shared memory when they sent a message.
 * The program prints the median of the speed with delays divided by that without, over batches of steps that alternate
 * for SECONDS. It fails if the temperatures are not the same to the bit. */
#define _DEFAULT_SOURCE
#include "app/bench_case.h"

#include "heat2d/numerics/stepper.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANKS = 16, SLOTS = 64, REQUESTS = 4096 };
typedef struct letters {
  _Atomic double sent[RANKS][RANKS][SLOTS]; /* when, from, to, number */
} letters;
static letters *all;
static double delay; /* s; 0 at first */
static int me;

typedef struct request {
  MPI_Request name;
  int peer; /* -1: free */
  int sends;
  int number; /* of the message in transit */
  int active;
} request;
static request known[REQUESTS];
static int sent_to[RANKS], received_from[RANKS];

static void share_memory(void) {
  MPI_Win window;
  int size, unit;
  MPI_Aint bytes;
  PMPI_Comm_rank(MPI_COMM_WORLD, &me);
  PMPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size > RANKS) PMPI_Abort(MPI_COMM_WORLD, 1);
  for (int n = 0; n < REQUESTS; n++) known[n].peer = -1;
  letters *own;
  MPI_Win_allocate_shared(me == 0 ? (MPI_Aint)sizeof *all : 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &own, &window);
  MPI_Win_shared_query(window, 0, &bytes, &unit, &all);
}

static request *find(MPI_Request name) {
  for (int n = 0; n < REQUESTS; n++)
    if (known[n].peer >= 0 && known[n].name == name) return &known[n];
  return NULL;
}

static void note(MPI_Request name, int rank, MPI_Comm comm, int sends) {
  MPI_Group here, world;
  int peer, n = 0;
  PMPI_Comm_group(comm, &here);
  PMPI_Comm_group(MPI_COMM_WORLD, &world);
  PMPI_Group_translate_ranks(here, 1, &rank, world, &peer);
  PMPI_Group_free(&here);
  PMPI_Group_free(&world);
  while (n < REQUESTS && known[n].peer >= 0) n++;
  if (n == REQUESTS) PMPI_Abort(MPI_COMM_WORLD, 1);
  known[n] = (request){.name = name, .peer = peer, .sends = sends};
}

int MPI_Send_init(const void *at, int values, MPI_Datatype type, int rank, int tag, MPI_Comm comm, MPI_Request *name) {
  const int code = PMPI_Send_init(at, values, type, rank, tag, comm, name);
  note(*name, rank, comm, 1);
  return code;
}

int MPI_Recv_init(void *at, int values, MPI_Datatype type, int rank, int tag, MPI_Comm comm, MPI_Request *name) {
  const int code = PMPI_Recv_init(at, values, type, rank, tag, comm, name);
  note(*name, rank, comm, 0);
  return code;
}

int MPI_Request_free(MPI_Request *name) {
  request *r = find(*name);
  if (r != NULL) r->peer = -1;
  return PMPI_Request_free(name);
}

int MPI_Startall(int count, MPI_Request names[]) {
  for (int n = 0; n < count; n++) {
    request *r = find(names[n]);
    if (r == NULL) continue;
    r->number = r->sends ? sent_to[r->peer]++ : received_from[r->peer]++;
    r->active = 1;
    if (r->sends) atomic_store(&all->sent[me][r->peer][r->number % SLOTS], MPI_Wtime());
  }
  return PMPI_Startall(count, names);
}

/* The time at which the last message in transit arrives; 0 if one has not been sent. */
static double due(int count, MPI_Request names[]) {
  double last = 0;
  for (int n = 0; n < count; n++) {
    const request *r = find(names[n]);
    if (r == NULL || !r->active) continue;
    const int slot = r->number % SLOTS;
    const double at = r->sends ? atomic_load(&all->sent[me][r->peer][slot]) + 2 * delay /* until the sender knows it */
                               : atomic_load(&all->sent[r->peer][me][slot]) + delay;
    if (at > last) last = at;
  }
  return last;
}

static void arrive(int count, MPI_Request names[]) {
  for (int n = 0; n < count; n++) {
    request *r = find(names[n]);
    if (r != NULL) r->active = 0;
  }
}

static void wait_until(double time) {
  while (MPI_Wtime() < time) continue;
}

int MPI_Waitall(int count, MPI_Request names[], MPI_Status states[]) {
  const int code = PMPI_Waitall(count, names, states); /* persistent ones keep their names */
  wait_until(due(count, names));
  arrive(count, names);
  return code;
}

int MPI_Wait(MPI_Request *name, MPI_Status *state) {
  const int code = PMPI_Wait(name, state);
  wait_until(due(1, name));
  arrive(1, name);
  return code;
}

int MPI_Testall(int count, MPI_Request names[], int *done, MPI_Status states[]) {
  int some;
  PMPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &some, MPI_STATUS_IGNORE); /* makes progress */
  *done = 0;
  if (MPI_Wtime() < due(count, names)) return MPI_SUCCESS;
  const int code = PMPI_Testall(count, names, done, states);
  if (*done && MPI_Wtime() < due(count, names)) wait_until(due(count, names));
  if (*done) arrive(count, names);
  return code;
}

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  const int code = PMPI_Allreduce(from, to, count, type, operation, comm);
  int ranks;
  PMPI_Comm_size(comm, &ranks);
  double rounds = 0;
  for (int n = 1; n < ranks; n *= 2) rounds++;
  wait_until(MPI_Wtime() + rounds * delay);
  return code;
}

static void need(heat_status status) {
  if (status.code == HEAT_OK) return;
  fprintf(stderr, "delay: %s\n", status.text);
  MPI_Abort(MPI_COMM_WORLD, (int)status.code);
}

static void begin(heat_bench_case *c, const int64_t cells[HEAT_AXES], const int ranks[HEAT_AXES]) {
  const heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}, .ranks = {ranks[HEAT_X], ranks[HEAT_Y]}};
  need(heat_bench_case_create(c, MPI_COMM_WORLD,
                              (heat_bench_spec){.cells = {cells[HEAT_X], cells[HEAT_Y]},
                                                .ranks = {ranks[HEAT_X], ranks[HEAT_Y]},
                                                .threads = 1,
                                                .depth = heat_halo_choose_depth(&layout, HEAT_BATCH)}));
}

/* The seconds of a few batches on the slowest rank, after one that is not counted. */
static double step(heat_bench_case *c, double late) {
  enum { BATCHES = 8 };
  double start = 0, seconds;
  delay = late;
  for (int batch = -1; batch < BATCHES; batch++) {
    if (batch == 0) {
      MPI_Barrier(MPI_COMM_WORLD);
      start = MPI_Wtime();
    }
    heat_bench_case_steps(c);
  }
  seconds = MPI_Wtime() - start;
  PMPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return seconds;
}

static int same(heat_bench_case *a, heat_bench_case *b) {
  const heat_box owned = a->grid.owned;
  const size_t bytes = (size_t)heat_box_width(owned, HEAT_X) * sizeof(double);
  int equal = 1;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    equal = equal && memcmp(heat_field_at(heat_stepper_solution(&a->stepper), owned.lo[HEAT_X], j),
                            heat_field_at(heat_stepper_solution(&b->stepper), owned.lo[HEAT_X], j), bytes) == 0;
  PMPI_Allreduce(MPI_IN_PLACE, &equal, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return equal;
}

static int compare_ratios(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

int main(int argc, char **argv) {
  enum { ARGUMENTS = 7, MOST = 1000 };
  const double milli = 1e-3;
  double ratios[MOST];
  int count = 0, more = 1;
  heat_bench_case prompt = {.step = 0}, slow = {.step = 0};
  MPI_Init(&argc, &argv);
  if (argc != ARGUMENTS) return fputs("delay CELLS_X CELLS_Y RANKS_X RANKS_Y MILLISECONDS SECONDS\n", stderr), 64;
  share_memory();
  const int64_t cells[HEAT_AXES] = {atol(argv[1]), atol(argv[2])};
  const int ranks[HEAT_AXES] = {atoi(argv[3]), atoi(argv[4])};
  const double late = milli * atof(argv[5]), end = MPI_Wtime() + atof(argv[6]);
  begin(&prompt, cells, ranks);
  begin(&slow, cells, ranks);
  for (; more && count < MOST; count++) {
    const double seconds = step(&prompt, 0);
    ratios[count] = seconds / step(&slow, late);
    more = MPI_Wtime() < end;
    PMPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
  }
  const int equal = same(&prompt, &slow);
  qsort(ratios, (size_t)count, sizeof *ratios, compare_ratios);
  if (me == 0)
    printf("%lld x %lld cells on %d x %d ranks: %.1f %% of the rate with messages %s ms late; the bits are %s\n",
           (long long)cells[HEAT_X], (long long)cells[HEAT_Y], ranks[HEAT_X], ranks[HEAT_Y], 100 * ratios[count / 2],
           argv[5], equal ? "the same" : "different");
  heat_bench_case_destroy(&slow);
  heat_bench_case_destroy(&prompt);
  MPI_Finalize();
  return !equal;
}
