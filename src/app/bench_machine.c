/* The limits of the machine: how fast all ranks and threads copy memory, how fast the kernel is when all its data are
 * in the first-level caches, and how fast its arithmetic is without loads and stores. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LINE = 64 }; /* bytes of a cache line */

const double heat_bench_bytes[HEAT_BENCH_MATERIALS] = {[HEAT_BENCH_UNIFORM] = 16, [HEAT_BENCH_VARYING] = 40};

/* Copy doubles, beginning on a cache line, with non-temporal stores if the processor has them. */
static void copy_past(double *to, const double *from, ptrdiff_t count) {
#if defined(__SSE2__)
  enum { PAIR = 2 };
  ptrdiff_t n = 0;
  for (; n + PAIR <= count; n += PAIR) _mm_stream_pd(to + n, _mm_loadu_pd(from + n));
  for (; n < count; n++) to[n] = from[n];
#else
  memcpy(to, from, (size_t)count * sizeof *to);
#endif
}

static void copy_through(double *to, const double *from, ptrdiff_t count) {
#pragma omp simd
  for (ptrdiff_t n = 0; n < count; n++) to[n] = from[n];
}

typedef struct copy_job {
  double *from, *to;
  ptrdiff_t count;
  int threads;
  void (*copy)(double *to, const double *from, ptrdiff_t count);
} copy_job;

static void copy_all(void *context) {
  const copy_job *job = context;
  enum { PIECE = 4096 };
#pragma omp parallel for num_threads(job->threads) schedule(static)
  for (ptrdiff_t n = 0; n < job->count; n += PIECE)
    job->copy(job->to + n, job->from + n, n + PIECE < job->count ? PIECE : job->count - n);
}

/* Measure the bytes per second, reads and writes counted, of copies through the caches and of copies with non-temporal
 * stores. */
static heat_status measure_copies(const heat_bench *b, double *through, double *past) {
  const size_t bytes = ((size_t)64 << 20) * (size_t)b->threads;
  const MPI_Comm comm = b->runtime->comm;
  void *memory[2] = {NULL, NULL};
  heat_status status = heat_ok();
  for (int n = 0; n < 2; n++)
    if (posix_memalign(&memory[n], LINE, bytes) != 0) status = heat_no_memory("copying", bytes);
  status = heat_agree(comm, status);
  if (status.code == HEAT_OK) {
    copy_job job = {memory[0], memory[1], (ptrdiff_t)(bytes / sizeof(double)), b->threads, copy_through};
    memset(memory[0], 0, bytes);
    const double moved = 2.0 * (double)bytes * b->runtime->size;
    *through = moved / heat_measure(comm, b->seconds, (heat_work){copy_all, &job}, NULL, NULL);
    job.copy = copy_past;
    *past = moved / heat_measure(comm, b->seconds, (heat_work){copy_all, &job}, NULL, NULL);
  }
  free(memory[0]);
  free(memory[1]);
  return status;
}

enum { CACHE_SIZE = 8192, CACHE_TURNS = 2000 };

void heat_bench_compute_in_cache(void *context) {
  const heat_bench_cache_job *job = context;
#pragma omp parallel num_threads(job->threads)
  {
    _Alignas(LINE) double memory[CACHE_SIZE];
    for (int n = 0; n < CACHE_SIZE; n++) memory[n] = 1;
    /* In doubles; rows have an odd number of cache lines. */
    enum { RIM = 8, PAD = 24, PERIOD = 64, APART = 24, ARRAYS = 5 };
    const ptrdiff_t stride = job->box.columns + PAD, size = (job->box.rows + 2) * stride + RIM;
    double *first[ARRAYS];
    for (int a = 0; a < (job->varying ? ARRAYS : 2); a++)
      first[a] = memory + stride + RIM + a * ((size + PERIOD - 1) / PERIOD * PERIOD + APART);
    heat_sweep sweep = {.stride = stride, .terms = 1, .w = {1}, .c = 1e-1, .rx = 1, .ry = 1, .s = 1};
    if (job->varying) {
      sweep.kx = first[2];
      sweep.ky = first[3];
      sweep.inverse = first[4];
    }
    for (int turn = 0; turn < CACHE_TURNS; turn++) {
      sweep.u = sweep.x[0] = first[turn % 2];
      sweep.out = first[1 - turn % 2];
      job->kernels->march(&sweep, job->box);
    }
  }
}

double heat_bench_cache_updates(const heat_bench_cache_job *job) {
  return (double)(job->box.columns * job->box.rows) * CACHE_TURNS;
}

/* Find the box on which the kernel is fastest; returns the updates per second of all ranks there. */
static double measure_in_cache(heat_bench *b, bool varying) {
  static const heat_part boxes[][4] = {{{0, 96, 16}, {0, 128, 8}, {0, 160, 8}, {0, 256, 4}},
                                       {{0, 96, 4}, {0, 128, 4}, {0, 64, 8}, {0, 64, 4}}};
  enum { BOXES = sizeof boxes[0] / sizeof *boxes[0] };
  double best = 0;
  for (int n = 0; n < BOXES; n++) {
    heat_bench_cache_job job = {b->kernels, varying, b->threads, boxes[varying][n]};
    const heat_work work = {heat_bench_compute_in_cache, &job};
    const double all = heat_bench_cache_updates(&job) * b->threads * b->runtime->size;
    const double reached = all / heat_measure(b->runtime->comm, b->seconds / BOXES, work, NULL, NULL);
    if (reached > best) b->reference[varying] = job;
    if (reached > best) best = reached;
  }
  return best;
}

/* The arithmetic of the same kernel alone. The number of rounds makes it take about as long as one call of the
 * kernel. */
enum { ARITHMETIC_ROUNDS = 1 << 14 };

typedef struct arithmetic_job {
  const heat_lanes *lanes;
  int threads;
  double result; /* sum over all threads, so that the compiler cannot remove the work */
} arithmetic_job;

static void compute_on_registers(void *context) {
  arithmetic_job *job = context;
  const double a = 0.1;
  double sum = 0;
#pragma omp parallel num_threads(job->threads) reduction(+ : sum)
  sum += job->lanes->arithmetic(ARITHMETIC_ROUNDS, a);
  job->result = sum;
}

/* Measure the kernel in cache and its arithmetic in turn, and return the ratio of their speeds. */
static double measure_arithmetic(const heat_bench *b) {
  arithmetic_job job = {b->kernels->lanes, b->threads, 0};
  const double updates =
      (double)ARITHMETIC_ROUNDS * HEAT_LANES_AT_ONCE * job.lanes->lanes * b->threads * b->runtime->size;
  double rate;
  return 1 / heat_bench_compare(b, b->runtime->comm, b->threads, false, (heat_work){compute_on_registers, &job},
                                updates, &rate);
}

heat_status heat_bench_machine(heat_bench *b) {
  double through = 0, past = 0;
  heat_status status = measure_copies(b, &through, &past);
  if (status.code != HEAT_OK) return status;
  b->bandwidth = fmax(through, past);
  const double uniform = measure_in_cache(b, false), varying = measure_in_cache(b, true);
  b->of_arithmetic = measure_arithmetic(b);
  heat_bench_row row = {.size = "machine",
                        .what = "all ranks",
                        .figures = {through, past, b->bandwidth / heat_bench_bytes[false],
                                    b->bandwidth / heat_bench_bytes[true], uniform, varying,
                                    uniform / b->of_arithmetic}};
  heat_bench_add(&b->report, HEAT_BENCH_MACHINE, row);
  return heat_ok();
}
