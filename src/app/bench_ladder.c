/* The ladder shows what makes the steps fast: it times the same grid with the plain loop on one core, with vectors,
 * with stages fused in cache, and on all ranks with their exchange. Every row has ratios to limits that were measured
 * in the same run. */
#include "bench.h"
#include "bench_case.h"

#include <math.h>
#include <string.h>
#include <time.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The plain loop, compiled without vectors. */
#if defined(__clang__)
#define WITHOUT_VECTORS
#else
#define WITHOUT_VECTORS __attribute__((optimize("no-tree-vectorize")))
#endif
WITHOUT_VECTORS static void scalar_sweep(const heat_sweep *s, heat_part part) {
  const double a = s->c * s->rx;
  for (ptrdiff_t j = 0; j < part.rows; j++) {
    const double *u = s->u + part.at + j * s->stride, *south = u - s->stride, *north = u + s->stride;
    double *out = s->out + part.at + j * s->stride;
#if defined(__clang__)
#pragma clang loop vectorize(disable)
#endif
    for (ptrdiff_t i = 0; i < part.columns; i++)
      out[i] = u[i] + a * (((u[i - 1] + u[i + 1]) + (south[i] + north[i])) - 4 * u[i]);
  }
}

#if defined(__SSE2__)
/* The same with vectors and non-temporal stores, which bypass the caches; NULL if the processor has no such stores. */
static void non_temporal_sweep(const heat_sweep *s, heat_part part) {
  enum { PAIR = 2 };
  const double a = s->c * s->rx;
  const __m128d factor = _mm_set1_pd(a), four = _mm_set1_pd(4);
  for (ptrdiff_t j = 0; j < part.rows; j++) {
    const double *u = s->u + part.at + j * s->stride, *south = u - s->stride, *north = u + s->stride;
    double *out = s->out + part.at + j * s->stride;
    ptrdiff_t i = 0;
    for (; i + PAIR <= part.columns; i += PAIR) {
      const __m128d here = _mm_loadu_pd(u + i), along_x = _mm_add_pd(_mm_loadu_pd(u + i - 1), _mm_loadu_pd(u + i + 1));
      const __m128d sum = _mm_add_pd(along_x, _mm_add_pd(_mm_loadu_pd(south + i), _mm_loadu_pd(north + i)));
      const __m128d change = _mm_mul_pd(factor, _mm_sub_pd(sum, _mm_mul_pd(four, here)));
      _mm_stream_pd(out + i, _mm_add_pd(here, change));
    }
    for (; i < part.columns; i++) out[i] = u[i] + a * (((u[i - 1] + u[i + 1]) + (south[i] + north[i])) - 4 * u[i]);
  }
}
static heat_loop *const past_caches = non_temporal_sweep;
#else
static heat_loop *const past_caches = NULL;
#endif

typedef struct sweep_job {
  heat_bench_case *c;
  heat_loop *sweep;
  int turn;
} sweep_job;

static void sweep_whole(void *context) {
  sweep_job *job = context;
  const heat_bench_case *c = job->c;
  const heat_field *fields = c->stepper.fields;
  const heat_box owned = c->grid.owned;
  heat_sweep sweep = heat_stencil_sweep(&c->op.stencil);
  sweep.stride = fields[0].stride;
  sweep.terms = 1;
  sweep.w[0] = 1;
  sweep.c = c->clock.dt;
  sweep.u = sweep.x[0] = fields[job->turn % 2].corner;
  sweep.out = fields[1 - job->turn % 2].corner;
  job->sweep(&sweep,
             (heat_part){0, (ptrdiff_t)heat_box_width(owned, HEAT_X), (ptrdiff_t)heat_box_width(owned, HEAT_Y)});
  job->turn++;
}

/* Copy the first array with one ghost layer to the second one; sweeps read the two in turn. */
static void copy_state(heat_bench_case *c) {
  const heat_box owned = c->grid.owned;
  for (int64_t j = owned.lo[HEAT_Y] - 1; j <= owned.hi[HEAT_Y]; j++)
    memcpy(heat_field_at(&c->stepper.fields[1], owned.lo[HEAT_X] - 1, j),
           heat_field_at(&c->stepper.fields[0], owned.lo[HEAT_X] - 1, j),
           (size_t)(heat_box_width(owned, HEAT_X) + 2) * sizeof(double));
}

/* One row: what is timed, on which ranks and threads. */
typedef struct rung {
  const char *what;
  MPI_Comm comm;
  int threads;
  /* `varying` and `scattered`: the material, see bench_case.h. `fused`: the steps of a run with their exchange instead
   * of sweeps over whole arrays. */
  bool varying, scattered, fused;
  heat_loop *sweep;
  bool left_out;
} rung;

typedef struct ladder {
  heat_bench *bench;
  const char *size;
  int64_t cells[HEAT_AXES];
  double above[HEAT_BENCH_MATERIALS]; /* rate of the previous row with that material; NaN: there was none */
} ladder;

double heat_bench_compare(const heat_bench *b, MPI_Comm comm, int threads, bool varying, heat_work work, double updates,
                          double *rate) {
  heat_bench_cache_job job = b->reference[varying];
  job.threads = threads;
  const heat_work reference = {heat_bench_compute_in_cache, &job};
  int ranks;
  double ratio;
  MPI_Comm_size(comm, &ranks);
  *rate = updates / heat_measure(comm, b->seconds, work, &reference, &ratio);
  return ratio * updates / (heat_bench_cache_updates(&job) * threads * ranks);
}

/* Time `work`, which does `updates` updates of cells, compare it with the kernel in cache on the same ranks and
 * threads, and add its row. */
static void add_row(ladder *l, const rung *r, heat_work work, double updates) {
  heat_bench *b = l->bench;
  int ranks;
  double rate;
  MPI_Comm_size(r->comm, &ranks);
  /* Fraction of the machine that is used. */
  const double part = (double)ranks * r->threads / ((double)b->runtime->size * b->threads);
  const double in_cache = part * heat_bench_compare(b, r->comm, r->threads, r->varying, work, updates, &rate);
  const double giga = 1e9, bytes = heat_bench_bytes[r->varying];
  heat_bench_add(&b->report, HEAT_BENCH_LADDER,
                 (heat_bench_row){.size = l->size,
                                  .what = r->what,
                                  .cells = {l->cells[HEAT_X], l->cells[HEAT_Y]},
                                  .figures = {rate / giga, rate * bytes / b->bandwidth, in_cache,
                                              r->varying ? NAN : in_cache * b->of_arithmetic, rate * bytes / giga,
                                              rate / l->above[r->varying]}});
  l->above[r->varying] = rate;
}

int heat_bench_depth(const int64_t cells[HEAT_AXES], int ranks) {
  heat_layout layout = {.cells = {cells[HEAT_X], cells[HEAT_Y]}};
  return heat_layout_choose(&layout, ranks) ? heat_halo_choose_depth(&layout, HEAT_BATCH) : 1;
}

static heat_status climb(ladder *l, const rung *r) {
  int ranks;
  heat_bench_case c;
  MPI_Comm_size(r->comm, &ranks);
  const int depth = r->fused ? heat_bench_depth(l->cells, ranks) : 1;
  const heat_bench_spec spec = {.cells = {l->cells[HEAT_X], l->cells[HEAT_Y]},
                                .varying = r->varying,
                                .scattered = r->scattered,
                                .plain = !r->fused,
                                .threads = r->threads,
                                .depth = depth};
  heat_status status = heat_bench_case_create(&c, r->comm, spec);
  if (status.code == HEAT_OK) {
    const double cells = (double)heat_box_cells(c.grid.domain);
    sweep_job job = {&c, r->sweep, 0};
    if (r->fused)
      heat_bench_case_warm(&c);
    else
      copy_state(&c);
    add_row(l, r, r->fused ? (heat_work){heat_bench_case_steps, &c} : (heat_work){sweep_whole, &job},
            r->fused ? cells * HEAT_BENCH_CASE_STEPS : cells);
  }
  heat_bench_case_destroy(&c);
  return status;
}

void heat_bench_wait(MPI_Comm comm) {
  enum { NAP_NANOSECONDS = 1000000 };
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(comm, &request);
  while (!done) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
  }
}

heat_status heat_bench_ladder(heat_bench *b, const char *size, const int64_t cells[HEAT_AXES]) {
  const MPI_Comm comm = b->runtime->comm, self = MPI_COMM_SELF;
  heat_loop *vectors = b->kernels->plain;
  const rung rungs[] = {
      {"one core: plain loop", self, 1, .sweep = scalar_sweep},
      {"one core: vectors", self, 1, .sweep = vectors},
      {"one core: vectors past the caches", self, 1, .sweep = past_caches, .left_out = past_caches == NULL},
      {"one core: fused in cache", self, 1, .fused = true},
      {"one rank: fused on its threads", self, b->threads, .fused = true, .left_out = b->threads == 1},
      {"all ranks: fused with exchange", comm, b->threads, .fused = true, .left_out = b->runtime->size == 1},
      {"varying material: vectors", comm, 1, .varying = true, .sweep = vectors},
      {"varying material: fused", comm, b->threads, .varying = true, .fused = true},
      {"varying in each cell: fused", comm, b->threads, .varying = true, .scattered = true, .fused = true},
  };
  enum { RUNGS = sizeof rungs / sizeof *rungs };
  ladder l = {b, size, {cells[HEAT_X], cells[HEAT_Y]}, {NAN, NAN}};
  heat_status status = heat_ok();
  int n = 0;
  for (; rungs[n].comm == self; n++)
    if (b->runtime->rank == 0 && !rungs[n].left_out && status.code == HEAT_OK) status = climb(&l, &rungs[n]);
  heat_bench_wait(comm);
  status = heat_agree(comm, status);
  for (; n < RUNGS; n++)
    if (!rungs[n].left_out && status.code == HEAT_OK) status = climb(&l, &rungs[n]);
  return status;
}
