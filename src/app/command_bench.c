/* `heat2d bench`: what this machine can do, and a ladder that shows what makes code fast. Every figure is a ratio to a
 * limit that was measured in the same run. */
#include "command.h"
#include "heat2d/io/checkpoint.h"
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
  BYTES_PLAIN = 16,   /* that a step moves per cell: u read, the result written */
  BYTES_VARYING = 40, /* and three coefficients */
  SIZES = 3,
  ROWS_MOST = 32,
  LINE = 64
};
static const double giga = 1e9;

typedef struct bench_row {
  const char *size, *what;
  int64_t cells[HEAT_AXES];
  double rate, bytes; /* cells per second; per cell and step from memory, if each step went there */
  double in_cache;    /* rate as a part of what the kernels of all ranks did in cache just before and after */
} bench_row;

/* The kernel that runs use, over and over in one box that fits the first-level cache, on all threads of all ranks. */
typedef struct cache_job {
  const heat_kernels *kernels;
  bool varying;
  int threads;
  heat_part box;
} cache_job;

typedef struct bench {
  heat_runtime *runtime;
  bool json;
  int threads;
  double seconds;                    /* of each measurement */
  double copy, copy_non_temporal;    /* bytes per second of all ranks, read and written */
  double in_cache, in_cache_varying; /* cells per second of all ranks */
  cache_job yardstick[2];            /* uniform material, varying */
  bench_row rows[ROWS_MOST];
  int count;
} bench;

static void say(const bench *b, const char *format, ...) HEAT_PRINTF(2, 3);
static void say(const bench *b, const char *format, ...) {
  if (b->json || b->runtime->rank != 0) return;
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  fflush(stdout);
}

static double bandwidth(const bench *b) {
  return b->copy > b->copy_non_temporal ? b->copy : b->copy_non_temporal;
}

/* ---- the machine ---- */

/* Copy past the caches where the processor can; a number of doubles that begins on a cache line. */
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

static heat_status measure_copies(bench *b) {
  const size_t bytes = (size_t)64 << 20;
  void *memory[2] = {NULL, NULL};
  heat_status status = heat_ok();
  for (int n = 0; n < 2; n++)
    if (posix_memalign(&memory[n], LINE, bytes * (size_t)b->threads) != 0)
      status = heat_no_memory("copying", bytes * (size_t)b->threads);
  status = heat_agree(b->runtime->comm, status);
  if (status.code == HEAT_OK) {
    copy_job job = {memory[0], memory[1], (ptrdiff_t)(bytes * (size_t)b->threads / sizeof(double)), b->threads,
                    copy_through};
    memset(memory[0], 0, bytes * (size_t)b->threads);
    const double moved = 2.0 * (double)bytes * b->threads * b->runtime->size;
    b->copy = moved / heat_measure(b->runtime->comm, b->seconds, (heat_work){copy_all, &job}, NULL, NULL);
    job.copy = copy_past;
    b->copy_non_temporal = moved / heat_measure(b->runtime->comm, b->seconds, (heat_work){copy_all, &job}, NULL, NULL);
  }
  free(memory[0]);
  free(memory[1]);
  return status;
}

enum { CACHE_SIZE = 8192, CACHE_TURNS = 2000 };

static void sweep_in_cache(void *context) {
  const cache_job *job = context;
#pragma omp parallel num_threads(job->threads)
  {
    _Alignas(LINE) double memory[CACHE_SIZE];
    for (int n = 0; n < CACHE_SIZE; n++) memory[n] = 1;
    enum { RIM = 8, PAD = 24, PERIOD = 64, APART = 24, ARRAYS = 5 }; /* doubles: rows of an odd number of cache lines */
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
      job->kernels->walk(&sweep, job->box);
    }
  }
}

/* Updates of one thread in one call. */
static double cache_updates(const cache_job *job) {
  return (double)(job->box.columns * job->box.rows) * CACHE_TURNS;
}

/* The box in which it is fastest, and the updates per second of all ranks there. */
static cache_job measure_in_cache(const bench *b, bool varying, double *rate) {
  static const heat_part boxes[][4] = {{{0, 96, 16}, {0, 128, 8}, {0, 160, 8}, {0, 256, 4}},
                                       {{0, 96, 4}, {0, 128, 4}, {0, 64, 8}, {0, 64, 4}}};
  enum { BOXES = sizeof boxes[0] / sizeof *boxes[0] };
  cache_job best = {.threads = 0};
  *rate = 0;
  for (int n = 0; n < BOXES; n++) {
    cache_job job = {heat_kernels_find(getenv("HEAT2D_ISA")), varying, b->threads, boxes[varying][n]};
    const heat_work work = {sweep_in_cache, &job};
    const double all = cache_updates(&job) * b->threads * b->runtime->size;
    const double reached = all / heat_measure(b->runtime->comm, b->seconds / BOXES, work, NULL, NULL);
    if (reached > *rate) best = job;
    if (reached > *rate) *rate = reached;
  }
  return best;
}

/* Time `work`, which does so many updates, against the in-cache kernel of the same ranks and threads. */
static void measure_row(const bench *b, MPI_Comm comm, heat_work work, double updates, bool varying, int threads,
                        bench_row *row) {
  cache_job job = b->yardstick[varying];
  job.threads = threads;
  const heat_work yardstick = {sweep_in_cache, &job};
  int ranks;
  double ratio;
  MPI_Comm_size(comm, &ranks);
  row->rate = updates / heat_measure(comm, b->seconds, work, &yardstick, &ratio);
  const double part = (double)ranks * threads / ((double)b->runtime->size * b->threads); /* of the whole machine */
  row->in_cache = ratio * updates / (cache_updates(&job) * threads * ranks) * part;
}

/* ---- the ladder ---- */

static void put_row(bench *b, bench_row row) {
  const double limit = bandwidth(b) / row.bytes, above = b->count > 0 ? b->rows[b->count - 1].rate : 0;
  const bool same =
      b->count > 0 && strcmp(b->rows[b->count - 1].size, row.size) == 0 && b->rows[b->count - 1].bytes == row.bytes;
  b->rows[b->count++] = row;
  say(b, "  %-34s %8.3f %8.2f %8.0f%% %9.1f", row.what, row.rate / giga, row.rate / limit, 100 * row.in_cache,
      row.rate * row.bytes / giga);
  if (same) say(b, " %8.2f", row.rate / above);
  say(b, "\n");
}

/* The plain loop as it is without vectors. */
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

static void vector_sweep(const heat_sweep *s, heat_part part) {
  heat_kernels_find(getenv("HEAT2D_ISA"))->plain(s, part);
}

/* The same with results that go past the caches, where the processor can. */
static void non_temporal_sweep(const heat_sweep *s, heat_part part) {
#if defined(__SSE2__)
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
#else
  vector_sweep(s, part);
#endif
}

typedef struct sweep_job {
  heat_rig *rig;
  void (*sweep)(const heat_sweep *sweep, heat_part part);
  int turn;
} sweep_job;

static void sweep_whole(void *context) {
  sweep_job *job = context;
  const heat_rig *rig = job->rig;
  const heat_field *fields = rig->stepper.fields;
  const heat_box owned = rig->grid.owned;
  const heat_operator *op = &rig->op;
  heat_sweep sweep = {.stride = fields[0].stride,
                      .terms = 1,
                      .w = {1},
                      .c = rig->clock.dt,
                      .rx = op->stencil.rx,
                      .ry = op->stencil.ry,
                      .s = op->stencil.s};
  sweep.u = sweep.x[0] = fields[job->turn % 2].corner;
  sweep.out = fields[1 - job->turn % 2].corner;
  if (!op->stencil.uniform) {
    sweep.kx = op->stencil.kx.corner;
    sweep.ky = op->stencil.ky.corner;
    sweep.inverse = op->stencil.inverse.corner;
  }
  job->sweep(&sweep,
             (heat_part){0, (ptrdiff_t)heat_box_width(owned, HEAT_X), (ptrdiff_t)heat_box_width(owned, HEAT_Y)});
  job->turn++;
}

/* Sweeps of whole arrays; comm: those who take part. */
static heat_status plain_rate(const bench *b, MPI_Comm comm, bool varying,
                              void (*sweep)(const heat_sweep *sweep, heat_part part), bench_row *row) {
  heat_rig rig;
  heat_status status = heat_rig_create(
      &rig, comm, (heat_trial){{row->cells[0], row->cells[1]}, varying, .plain = true, .threads = 1, .depth = 1});
  if (status.code == HEAT_OK) {
    for (int64_t j = rig.grid.owned.lo[HEAT_Y] - 1; j <= rig.grid.owned.hi[HEAT_Y]; j++) /* the other array */
      memcpy(heat_field_at(&rig.stepper.fields[1], rig.grid.owned.lo[HEAT_X] - 1, j),
             heat_field_at(&rig.stepper.fields[0], rig.grid.owned.lo[HEAT_X] - 1, j),
             (size_t)(heat_box_width(rig.grid.owned, HEAT_X) + 2) * sizeof(double));
    sweep_job job = {&rig, sweep, 0};
    measure_row(b, comm, (heat_work){sweep_whole, &job}, (double)heat_box_cells(rig.grid.domain), varying, 1, row);
  }
  heat_rig_destroy(&rig);
  return status;
}

static int depth_for(const int64_t cells[HEAT_AXES], int ranks) {
  heat_layout layout = {.cells = {cells[0], cells[1]}};
  return heat_layout_choose(&layout, ranks) ? heat_halo_choose_depth(&layout, HEAT_CHAIN) : 1;
}

/* The steps of a run, halo exchange included. */
static heat_status fused_rate(const bench *b, MPI_Comm comm, bool varying, int threads, bench_row *row) {
  int ranks;
  heat_rig rig;
  MPI_Comm_size(comm, &ranks);
  heat_status status = heat_rig_create(
      &rig, comm,
      (heat_trial){{row->cells[0], row->cells[1]}, varying, .threads = threads, .depth = depth_for(row->cells, ranks)});
  if (status.code == HEAT_OK) {
    heat_rig_warm(&rig);
    const double updates = (double)heat_box_cells(rig.grid.domain) * HEAT_RIG_STEPS;
    measure_row(b, comm, (heat_work){heat_rig_steps, &rig}, updates, varying, threads, row);
  }
  heat_rig_destroy(&rig);
  return status;
}

/* Rows of one core: rank 0 alone, the others wait without using their processors. */
static void wait_for_root(MPI_Comm comm) {
  enum { NAP_NANOSECONDS = 1000000 };
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(comm, &request);
  while (!done) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (!done) nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
  }
}

static heat_status climb(bench *b, const char *size, const int64_t cells[HEAT_AXES]) {
  static const struct {
    const char *what;
    void (*sweep)(const heat_sweep *sweep, heat_part part);
  } plain[] = {{"one core: plain loop", scalar_sweep},
               {"one core: vectors", vector_sweep},
               {"one core: vectors past the caches", non_temporal_sweep}};
  MPI_Comm comm = b->runtime->comm;
  const bool root = b->runtime->rank == 0;
  bench_row row = {.size = size, .cells = {cells[0], cells[1]}, .bytes = BYTES_PLAIN};
  heat_status status = heat_ok();
  for (size_t n = 0; n < sizeof plain / sizeof *plain && root && status.code == HEAT_OK; n++) {
    row.what = plain[n].what;
    status = plain_rate(b, MPI_COMM_SELF, false, plain[n].sweep, &row);
    if (status.code == HEAT_OK) put_row(b, row);
  }
  for (int threads = 1; threads <= b->threads && root && status.code == HEAT_OK; threads += b->threads - 1) {
    row.what = threads == 1 ? "one core: fused in cache" : "one rank: fused on its threads";
    status = fused_rate(b, MPI_COMM_SELF, false, threads, &row);
    if (status.code == HEAT_OK) put_row(b, row);
    if (b->threads == 1) break;
  }
  wait_for_root(comm);
  status = heat_agree(comm, status);
  if (status.code == HEAT_OK && b->runtime->size > 1) {
    row.what = "all ranks: fused with exchange";
    status = fused_rate(b, comm, false, b->threads, &row);
    if (status.code == HEAT_OK) put_row(b, row);
  }
  row.bytes = BYTES_VARYING;
  row.what = "varying material: vectors";
  if (status.code == HEAT_OK) status = plain_rate(b, comm, true, vector_sweep, &row);
  if (status.code == HEAT_OK) put_row(b, row);
  row.what = "varying material: fused";
  if (status.code == HEAT_OK) status = fused_rate(b, comm, true, b->threads, &row);
  if (status.code == HEAT_OK) put_row(b, row);
  return status;
}

/* ---- halo ---- */

typedef struct halo_job {
  heat_halo *halo;
  heat_field *field;
} halo_job;

static void exchange(void *context) {
  const halo_job *job = context;
  heat_halo_begin(job->halo, &job->field);
  heat_halo_end(job->halo, &job->field);
}

static heat_status measure_halo(const bench *b, const int64_t cells[HEAT_AXES], int depth, double *seconds,
                                double *bytes) {
  heat_rig rig;
  heat_status status = heat_rig_create(
      &rig, b->runtime->comm, (heat_trial){{cells[0], cells[1]}, false, .plain = true, .threads = 1, .depth = depth});
  if (status.code == HEAT_OK) {
    halo_job job = {rig.op.halo, &rig.stepper.fields[0]};
    *seconds = heat_measure(b->runtime->comm, b->seconds, (heat_work){exchange, &job}, NULL, NULL);
    *bytes = (double)heat_halo_bytes(rig.op.halo);
    MPI_Allreduce(MPI_IN_PLACE, bytes, 1, MPI_DOUBLE, MPI_MAX, b->runtime->comm);
  }
  heat_rig_destroy(&rig);
  return status;
}

/* ---- disk ---- */

typedef struct disk_speed {
  double raw, write, read; /* bytes per second */
} disk_speed;

/* Every rank writes its share of one file, sequentially, and makes it durable: what a disk can do at best. */
static heat_status write_raw(const bench *b, const char *path, const double *from, size_t bytes, double *seconds) {
  MPI_Comm comm = b->runtime->comm;
  MPI_Barrier(comm);
  const double start = MPI_Wtime();
  heat_status status = heat_ok();
  const int file = open(path, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
  const off_t place = (off_t)bytes * b->runtime->rank;
  for (size_t done = 0; file >= 0 && done < bytes;) {
    const ssize_t put = pwrite(file, (const char *)from + done, bytes - done, place + (off_t)done);
    if (put <= 0) break;
    done += (size_t)put;
  }
  if (file < 0 || fsync(file) != 0) status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno));
  if (file >= 0) close(file);
  status = heat_agree(comm, status);
  *seconds = MPI_Wtime() - start;
  if (b->runtime->rank == 0) unlink(path);
  return status;
}

static heat_status measure_disk(const bench *b, const char *directory, const int64_t cells[HEAT_AXES], disk_speed *d) {
  enum { TURNS = 3 };
  heat_rig rig;
  MPI_Comm comm = b->runtime->comm;
  heat_status status =
      heat_rig_create(&rig, comm, (heat_trial){{cells[0], cells[1]}, false, .threads = 1, .depth = 1, .plain = true});
  const double bytes = (double)cells[0] * (double)cells[1] * (double)sizeof(double);
  double raw[TURNS] = {0}, whole[TURNS] = {0}, read[TURNS] = {0};
  char path[HEAT_PATH];
  for (int turn = 0; turn < TURNS && status.code == HEAT_OK; turn++) {
    snprintf(path, sizeof path, "%s/heat2d-bench.raw", directory);
    const size_t share = (size_t)(bytes / b->runtime->size) / sizeof(double) * sizeof(double);
    status = write_raw(b, path, rig.stepper.fields[0].memory, share, &raw[turn]);
    if (status.code != HEAT_OK) break;
    snprintf(path, sizeof path, "%s/heat2d-bench.h5", directory);
    heat_h5 out;
    double start = MPI_Wtime();
    heat_h5_begin(&out, &rig.grid, path);
    heat_h5_write_field(&out, "temperature", heat_stepper_solution(&rig.stepper), (heat_storage){0});
    status = heat_h5_commit(&out);
    whole[turn] = MPI_Wtime() - start;
    start = MPI_Wtime();
    if (status.code == HEAT_OK) status = heat_h5_verify(comm, path);
    read[turn] = MPI_Wtime() - start;
    if (b->runtime->rank == 0) unlink(path);
  }
  for (int turn = 1; turn < TURNS; turn++) { /* the best of each */
    if (raw[turn] < raw[0]) raw[0] = raw[turn];
    if (whole[turn] < whole[0]) whole[0] = whole[turn];
    if (read[turn] < read[0]) read[0] = read[turn];
  }
  *d = (disk_speed){.raw = bytes / raw[0], .write = bytes / whole[0], .read = bytes / read[0]};
  heat_rig_destroy(&rig);
  return status;
}

/* ---- the command ---- */

/* Square grids of all ranks together whose arrays fit half of the second-level caches, half of the last-level cache,
 * and neither. */
static void choose_sizes(const bench *b, int64_t cells[SIZES][HEAT_AXES]) {
  enum { GRAIN = 8, MEMORY = 4096 };
  long level2 = 0, level3 = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
  level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  level3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  if (level2 <= 0) level2 = (long)1 << 20;
  if (level3 <= 0) level3 = (long)16 << 20;
  const double bytes[] = {(double)level2 * b->threads * b->runtime->size / 2, (double)level3 / 2};
  for (int n = 0; n < SIZES - 1; n++) {
    int64_t side = GRAIN;
    while ((double)((side + GRAIN) * (side + GRAIN)) * BYTES_PLAIN <= bytes[n]) side += GRAIN;
    cells[n][HEAT_X] = cells[n][HEAT_Y] = side;
  }
  cells[SIZES - 1][HEAT_X] = cells[SIZES - 1][HEAT_Y] = MEMORY;
}

static heat_status parse_cells(const char *text, int64_t cells[HEAT_AXES]) {
  char *end;
  cells[HEAT_X] = strtoll(text, &end, 10);
  if (*end == ',' || *end == 'x') cells[HEAT_Y] = strtoll(end + 1, &end, 10);
  const int64_t most = 1000000;
  if (*end != '\0' || cells[HEAT_X] < 1 || cells[HEAT_Y] < 1 || cells[HEAT_X] > most || cells[HEAT_Y] > most)
    return heat_fail(HEAT_USAGE, "--cells: '%s' is not two numbers of cells like 4096,4096", text);
  return heat_ok();
}

static void print_json_rows(const bench *b) {
  for (int n = 0; n < b->count; n++) {
    const bench_row *row = &b->rows[n];
    printf("%s\n    {\"size\": \"%s\", \"cells\": [%lld, %lld], \"what\": \"%s\", \"gcells\": %.6g, "
           "\"of_streaming\": %.6g, \"of_in_cache\": %.6g, \"gbytes_needed\": %.6g}",
           n > 0 ? "," : "", row->size, (long long)row->cells[HEAT_X], (long long)row->cells[HEAT_Y], row->what,
           row->rate / giga, row->rate / (bandwidth(b) / row->bytes), row->in_cache, row->rate * row->bytes / giga);
  }
}

static heat_status measure_machine(bench *b) {
  const heat_runtime *runtime = b->runtime;
  heat_status status = measure_copies(b);
  if (status.code != HEAT_OK) return status;
  b->yardstick[false] = measure_in_cache(b, false, &b->in_cache);
  b->yardstick[true] = measure_in_cache(b, true, &b->in_cache_varying);
  say(b, "heat2d %s, %d ranks of %d threads, kernels for %s\n\n", heat_version(), runtime->size, b->threads,
      heat_kernels_find(getenv("HEAT2D_ISA"))->name);
  say(b, "copy        %.1f GB/s, past the caches %.1f GB/s (read and written)\n", b->copy / giga,
      b->copy_non_temporal / giga);
  say(b, "streaming   %.3f Gcell/s at %d bytes per cell and step, %.3f at %d (varying material)\n",
      bandwidth(b) / BYTES_PLAIN / giga, BYTES_PLAIN, bandwidth(b) / BYTES_VARYING / giga, BYTES_VARYING);
  say(b, "in cache    %.3f Gcell/s: the kernel in the first-level caches, %.3f (varying material)\n",
      b->in_cache / giga, b->in_cache_varying / giga);
  return status;
}

static heat_status report_halo(const bench *b, const int64_t cells[HEAT_AXES]) {
  if (b->runtime->size == 1) return heat_ok();
  const int depths[] = {1, depth_for(cells, b->runtime->size)};
  heat_status status = heat_ok();
  if (b->json && b->runtime->rank == 0) printf("\n  ],\n  \"halo\": [");
  say(b, "\nhalo of %lld x %lld cells\n", (long long)cells[HEAT_X], (long long)cells[HEAT_Y]);
  for (int n = 0; n < 2 && status.code == HEAT_OK; n++) {
    double seconds = 0, bytes = 0;
    status = measure_halo(b, cells, depths[n], &seconds, &bytes);
    if (status.code != HEAT_OK) break;
    say(b, "  depth %-3d %8.1f us an exchange, %8.1f us a step, %8.1f KB, %.2f GB/s\n", depths[n], seconds * 1e6,
        seconds * 1e6 / depths[n], bytes / 1e3, bytes / seconds / giga);
    if (b->json && b->runtime->rank == 0)
      printf("%s\n    {\"depth\": %d, \"seconds\": %.6g, \"bytes\": %.6g}", n > 0 ? "," : "", depths[n], seconds,
             bytes);
  }
  return status;
}

static heat_status report_disk(const bench *b, const char *directory, const int64_t cells[HEAT_AXES]) {
  disk_speed d = {0};
  heat_status status = measure_disk(b, directory, cells, &d);
  if (status.code != HEAT_OK) return status;
  const double mega = 1e6;
  say(b,
      "\ndisk (%lld x %lld cells)\n  raw sequential write and sync %.0f MB/s; checkpoint, synced and read back %.0f "
      "MB/s "
      "(%.0f%%); read and verify %.0f MB/s\n",
      (long long)cells[HEAT_X], (long long)cells[HEAT_Y], d.raw / mega, d.write / mega, 100 * d.write / d.raw,
      d.read / mega);
  if (b->json && b->runtime->rank == 0)
    printf("\n  ],\n  \"disk\": [{\"raw\": %.6g, \"checkpoint\": %.6g, \"verify\": %.6g}", d.raw, d.write, d.read);
  return heat_ok();
}

static heat_status run(heat_runtime *runtime, const heat_arguments *arguments) {
  static const char *const names[SIZES] = {"L2", "L3", "memory"};
  const char *given = heat_arguments_value(arguments, "cells"), *threads = heat_arguments_value(arguments, "threads");
  const char *seconds = heat_arguments_value(arguments, "seconds"), *disk = heat_arguments_value(arguments, "disk");
  bench b = {.runtime = runtime, .json = heat_arguments_value(arguments, "json") != NULL, .threads = 1, .seconds = 0.5};
  int64_t cells[SIZES][HEAT_AXES];
  double number = 1;
  heat_status status = heat_ok();
  choose_sizes(&b, cells);
  if (given != NULL) status = parse_cells(given, cells[SIZES - 1]);
  if (status.code == HEAT_OK && threads != NULL) status = heat_arguments_number("threads", threads, &number);
  if (status.code == HEAT_OK && !(number >= 1 && number <= 1024 && number == (double)(int)number))
    status = heat_fail(HEAT_USAGE, "--threads: '%s' is not a number of threads", threads);
  b.threads = (int)number;
  if (status.code == HEAT_OK && b.threads > 1 && !runtime->may_thread)
    status = heat_fail(HEAT_USAGE, "--threads: this MPI was started without leave for threads");
  if (status.code == HEAT_OK && seconds != NULL) status = heat_arguments_number("seconds", seconds, &b.seconds);
  if (status.code == HEAT_OK && heat_kernels_find(getenv("HEAT2D_ISA")) == NULL)
    status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", getenv("HEAT2D_ISA"));
  status = heat_agree(runtime->comm, status);
  if (status.code != HEAT_OK) return status;
  choose_sizes(&b, cells);
  if (given != NULL) parse_cells(given, cells[SIZES - 1]);
  status = measure_machine(&b);
  for (int n = given != NULL ? SIZES - 1 : 0; n < SIZES && status.code == HEAT_OK; n++) {
    const char *name = given != NULL ? "cells" : names[n];
    say(&b, "\n%s: %lld x %lld cells%*s Gcell/s  x stream  in-cache  GB/s need   x above\n", name,
        (long long)cells[n][HEAT_X], (long long)cells[n][HEAT_Y], (int)(17 - strlen(name)), "");
    status = climb(&b, name, cells[n]);
  }
  if (b.json && runtime->rank == 0 && status.code == HEAT_OK) {
    printf("{\n  \"version\": \"%s\",\n  \"ranks\": %d,\n  \"threads\": %d,\n  \"kernels\": \"%s\",\n"
           "  \"copy\": %.6g,\n  \"copy_non_temporal\": %.6g,\n  \"in_cache_gcells\": %.6g,\n"
           "  \"in_cache_varying_gcells\": %.6g,\n  \"rows\": [",
           heat_version(), runtime->size, b.threads, heat_kernels_find(getenv("HEAT2D_ISA"))->name, b.copy,
           b.copy_non_temporal, b.in_cache / giga, b.in_cache_varying / giga);
    print_json_rows(&b);
  }
  if (status.code == HEAT_OK) status = report_halo(&b, cells[SIZES - 1]);
  if (status.code == HEAT_OK && disk != NULL) status = report_disk(&b, disk, cells[SIZES - 1]);
  if (b.json && runtime->rank == 0 && status.code == HEAT_OK) printf("\n  ]\n}\n");
  return heat_agree(runtime->comm, status);
}

const heat_command heat_command_bench = {
    .name = "bench",
    .operands = "",
    .summary = "throughput against the machine's own limit, and what makes it fast",
    .options = {{"cells", HEAT_ARGUMENT, "NX,NY", "one grid of this size instead of one for each level of memory"},
                {"threads", HEAT_ARGUMENT, "N", "threads of each rank (1)"},
                {"seconds", HEAT_ARGUMENT, "S", "of each measurement (0.5)"},
                {"disk", HEAT_ARGUMENT, "DIR", "also write and read a checkpoint there, beside raw writes"},
                {"json", HEAT_NO_ARGUMENT, NULL, "as JSON"}},
    .least = 0,
    .most = 0,
    .run = run};
