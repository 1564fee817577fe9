/* How much faster the steps of a run on one grid are with more ranks, and with more threads of one rank. */
#include "bench.h"
#include "bench_case.h"

#include <math.h>

typedef struct scaling {
  heat_bench *bench;
  const char *size;
  int64_t cells[HEAT_AXES];
  double one_core; /* rate of one rank with one thread; NaN: not known yet */
} scaling;

/* Time the steps on all ranks of a communicator. */
static heat_status time_steps(scaling *s, MPI_Comm comm, int threads) {
  heat_bench *b = s->bench;
  const double giga = 1e9;
  int ranks;
  heat_bench_case c;
  MPI_Comm_size(comm, &ranks);
  const heat_bench_spec spec = {
      .cells = {s->cells[HEAT_X], s->cells[HEAT_Y]}, .threads = threads, .depth = heat_bench_depth(s->cells, ranks)};
  heat_status status = heat_bench_case_create(&c, comm, spec);
  if (status.code == HEAT_OK) {
    const double updates = (double)heat_box_cells(c.grid.domain) * HEAT_BENCH_CASE_STEPS;
    double rate;
    heat_bench_case_warm(&c);
    const double in_cache =
        heat_bench_compare(b, comm, threads, false, (heat_work){heat_bench_case_steps, &c}, updates, &rate);
    if (isnan(s->one_core)) s->one_core = rate;
    const double speed_up = rate / s->one_core;
    heat_bench_add(&b->report, HEAT_BENCH_SCALING,
                   (heat_bench_row){.size = s->size,
                                    .what = "scaling: steps of a run",
                                    .cells = {s->cells[HEAT_X], s->cells[HEAT_Y]},
                                    .figures = {ranks, threads, rate / giga, speed_up,
                                                speed_up / ((double)ranks * threads), in_cache}});
  }
  heat_bench_case_destroy(&c);
  return status;
}

/* The next number of ranks or threads: twice as many, and finally all. */
static int next(int count, int all) {
  return count < all && 2 * count > all ? all : 2 * count;
}

heat_status heat_bench_scaling(heat_bench *b, const char *size, const int64_t cells[HEAT_AXES]) {
  const MPI_Comm all = b->runtime->comm;
  scaling s = {b, size, {cells[HEAT_X], cells[HEAT_Y]}, NAN};
  heat_status status = heat_ok();
  for (int ranks = 1; ranks <= b->runtime->size && status.code == HEAT_OK; ranks = next(ranks, b->runtime->size)) {
    const bool takes_part = b->runtime->rank < ranks;
    MPI_Comm some;
    MPI_Comm_split(all, takes_part ? 0 : MPI_UNDEFINED, b->runtime->rank, &some);
    for (int threads = 1; threads <= b->threads && takes_part && status.code == HEAT_OK;
         threads = next(threads, b->threads))
      status = time_steps(&s, some, threads);
    if (takes_part) MPI_Comm_free(&some);
    heat_bench_wait(all);
    status = heat_agree(all, status);
  }
  return status;
}
