#define _GNU_SOURCE /* for sync_file_range and madvise */
#include "heat2d/io/h5_rows.h"

#include "heat2d/base/tags.h"
#include "heat2d/io/h5_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 }; /* that are written in one call */

const char *const heat_h5_phase_names[HEAT_H5_PHASES] = {"pack and hash", "write", "sync", "read back"};

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

heat_h5_distribution heat_h5_rows_distribute_among(const heat_grid *grid, int64_t unit, int64_t strip_bytes,
                                                   int apart) {
  const int64_t nx = grid->layout.cells[HEAT_X], ny = grid->layout.cells[HEAT_Y];
  heat_h5_distribution d = {.rows = ny, .unit = unit, .ranks = grid->size, .apart = apart};
  const int64_t writers = (d.ranks + apart - 1) / apart;
  const int64_t units = (ny + d.unit - 1) / d.unit, most = (units + writers - 1) / writers;
  int64_t fit = strip_bytes / (nx * (int64_t)sizeof(double) * d.unit);
  fit = fit < 1 ? 1 : fit > most ? most : fit;
  d.strip = fit * d.unit;
  d.rounds = (most + fit - 1) / fit;
  return d;
}

heat_h5_distribution heat_h5_rows_distribute(const heat_grid *grid, int64_t unit, int64_t strip_bytes) {
  return heat_h5_rows_distribute_among(grid, unit, strip_bytes, 1);
}

/* A rank that does not write has an empty range, which lies where the rows of the writer below it end. */
void heat_h5_rows_range(const heat_h5_distribution *d, int rank, int64_t round, int64_t *lo, int64_t *hi) {
  const int64_t units = (d->rows + d->unit - 1) / d->unit;
  const int writers = (d->ranks + d->apart - 1) / d->apart, writer = rank / d->apart;
  int64_t first = heat_block_start(units, writers, writer) * d->unit;
  int64_t end = heat_block_start(units, writers, writer + 1) * d->unit;
  if (end > d->rows) end = d->rows;
  if (rank % d->apart != 0) first = end;
  *lo = first + round * d->strip < end ? first + round * d->strip : end;
  *hi = *lo + d->strip < end ? *lo + d->strip : end;
}

/* The rows [*lo, *hi) of a rank in all rounds together. */
static void rows_of_rank(const heat_h5_distribution *d, int rank, int64_t *lo, int64_t *hi) {
  heat_h5_distribution whole = *d;
  whole.strip = d->strip * d->rounds;
  heat_h5_rows_range(&whole, rank, 0, lo, hi);
}

/* Consecutive ranks. */
typedef struct rank_span {
  int first, count;
} rank_span;

/* The rows of blocks whose ranks own cells of a range of rows. */
typedef struct owners {
  heat_blocks x, y;
  int count; /* number of ranks in them */
} owners;

/* The ranks that own cells of the rows [lo, hi). */
static owners owners_of(const heat_layout *layout, int64_t lo, int64_t hi) {
  const heat_blocks all = {0, layout->ranks[HEAT_X]}, blocks = heat_layout_blocks(layout, HEAT_Y, lo, hi);
  return (owners){all, blocks, all.count * blocks.count};
}

static int owner(const heat_layout *layout, const owners *some, int n) {
  return heat_layout_rank(layout, some->x, n % some->x.count, some->y, n / some->x.count);
}

/* The first rank whose rows end after `row`; with `begin`, the first rank whose rows begin at `row` or later. */
static int first_rank(const heat_h5_distribution *d, int64_t row, bool begin) {
  int low = 0, high = d->ranks;
  while (low < high) {
    const int middle = low + (high - low) / 2;
    int64_t lo, hi;
    rows_of_rank(d, middle, &lo, &hi);
    if (begin ? lo >= row : hi > row)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* The ranks that write rows of [lo, hi) in any round. */
static rank_span holders_of(const heat_h5_distribution *d, int64_t lo, int64_t hi) {
  const int first = first_rank(d, lo, false), last = first_rank(d, hi, true);
  return (rank_span){first, last > first && lo < hi ? last - first : 0};
}

int heat_h5_rows_requests(const heat_grid *grid, const heat_h5_distribution *d) {
  int64_t lo, hi;
  rows_of_rank(d, grid->rank, &lo, &hi);
  return owners_of(&grid->layout, lo, hi).count + holders_of(d, grid->owned.lo[HEAT_Y], grid->owned.hi[HEAT_Y]).count;
}

/* The part of a block that lies in the rows [lo, hi). */
static heat_box rows_of_block(heat_box block, int64_t lo, int64_t hi) {
  const heat_box rows = {{block.lo[HEAT_X], lo}, {block.hi[HEAT_X], hi}};
  return heat_box_intersect(block, rows);
}

static MPI_Datatype box_type(heat_box box, ptrdiff_t stride) {
  MPI_Datatype type;
  MPI_Type_create_hvector((int)heat_box_width(box, HEAT_Y), (int)heat_box_width(box, HEAT_X),
                          (MPI_Aint)stride * (MPI_Aint)sizeof(double), MPI_DOUBLE, &type);
  MPI_Type_commit(&type);
  return type;
}

/* Copy the cells that this rank both owns and writes into `slab` (`collect`), or back from it. */
static void copy_own(const heat_field *field, heat_box mine, double *slab, int64_t nx, bool collect) {
  const size_t bytes = (size_t)heat_box_width(mine, HEAT_X) * sizeof(double);
  for (int64_t j = mine.lo[HEAT_Y]; j < mine.hi[HEAT_Y]; j++, slab += nx) {
    double *cells = heat_field_at(field, mine.lo[HEAT_X], j);
    memcpy(collect ? slab : cells, collect ? cells : slab, bytes);
  }
}

/* Begin to receive or to send the values of a box, the first of which is at `at`. */
static MPI_Request start_transfer(double *at, heat_box box, ptrdiff_t stride, int rank, MPI_Comm comm, bool receive) {
  MPI_Request request;
  MPI_Datatype type = box_type(box, stride);
  if (receive)
    MPI_Irecv(at, 1, type, rank, HEAT_TAG_ROWS, comm, &request);
  else
    MPI_Isend(at, 1, type, rank, HEAT_TAG_ROWS, comm, &request);
  MPI_Type_free(&type);
  return request;
}

/* Send the rows of a round from the ranks that own their cells to the ranks that write them (`collect`), or back. Each
 * rank begins with a different partner, so that they do not all send to the same rank first. */
static void exchange(const heat_grid *grid, const heat_field *field, const heat_h5_distribution *d, int64_t round,
                     double *slab, MPI_Request *requests, bool collect) {
  const int64_t nx = grid->layout.cells[HEAT_X];
  int count = 0;
  int64_t lo, hi;
  heat_h5_rows_range(d, grid->rank, round, &lo, &hi);
  const owners from = owners_of(&grid->layout, lo, hi);
  for (int n = 0; n < from.count; n++) {
    const int rank = owner(&grid->layout, &from, (grid->rank + n) % from.count);
    const heat_box mine = rows_of_block(heat_layout_box(&grid->layout, rank), lo, hi);
    if (heat_box_empty(mine)) continue;
    double *rows = slab + (mine.lo[HEAT_Y] - lo) * nx + mine.lo[HEAT_X];
    if (rank == grid->rank)
      copy_own(field, mine, rows, nx, collect);
    else
      requests[count++] = start_transfer(rows, mine, (ptrdiff_t)nx, rank, grid->comm, collect);
  }
  const rank_span holders = holders_of(d, grid->owned.lo[HEAT_Y], grid->owned.hi[HEAT_Y]);
  for (int n = 0; n < holders.count; n++) {
    const int rank = holders.first + (grid->rank + n) % holders.count;
    if (rank == grid->rank) continue;
    heat_h5_rows_range(d, rank, round, &lo, &hi);
    const heat_box theirs = rows_of_block(grid->owned, lo, hi);
    if (heat_box_empty(theirs)) continue;
    double *cells = heat_field_at(field, theirs.lo[HEAT_X], theirs.lo[HEAT_Y]);
    requests[count++] = start_transfer(cells, theirs, field->stride, rank, grid->comm, !collect);
  }
  MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
}

void heat_h5_rows_collect(const heat_grid *grid, const heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests) {
  exchange(grid, field, d, round, slab, requests, true);
}

void heat_h5_rows_deliver(const heat_grid *grid, heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests) {
  exchange(grid, field, d, round, slab, requests, false);
}

void *heat_h5_rows_memory(size_t bytes) {
  const size_t huge_page = (size_t)2 << 20;
  void *memory = NULL;
  if (bytes < 4 * huge_page) return malloc(bytes);
  if (posix_memalign(&memory, huge_page, bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void heat_h5_rows_hash(heat_h5_rows *rows) {
  double *values = rows->values;
  for (int64_t n = 0; n < rows->count && rows->single; n++) values[n] = (double)(float)values[n];
  rows->digest += heat_h5_hash_rows(values, rows->count / rows->width, rows->width, rows->place);
  for (int64_t n = 0; n < rows->count && rows->single; n++) {
    const float narrow = (float)values[n];
    memcpy((char *)values + n * (int64_t)sizeof narrow, &narrow, sizeof narrow);
  }
}

void heat_h5_rows_hurry(int file, off_t at, size_t bytes) {
#ifdef SYNC_FILE_RANGE_WRITE
  sync_file_range(file, at, (off_t)bytes, SYNC_FILE_RANGE_WRITE);
#else
  (void)file;
  (void)at;
  (void)bytes;
#endif
}

/* Write `bytes` bytes at the offset `at` of the file; false, with errno set, on failure. In pieces, so that the disk
 * begins with the first while the next is copied, and ranks that write to the same file take turns. */
static bool put(int file, const void *data, size_t bytes, off_t at) {
  const char *from = data;
  while (bytes > 0) {
    const ssize_t done = pwrite(file, from, bytes < PIECE_BYTES ? bytes : PIECE_BYTES, at);
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = ENOSPC;
    if (done <= 0) return false;
    heat_h5_rows_hurry(file, at, (size_t)done);
    from += done;
    at += done;
    bytes -= (size_t)done;
  }
  return true;
}

/* Hash and write the rows: those of a piece while they are in the cache, and the disk is busy with the one before. Rows
 * that are converted are one piece. */
static void hash_and_write(heat_h5_rows *rows) {
  const int64_t all = rows->count / rows->width, row_bytes = rows->width * (int64_t)sizeof(double);
  const int64_t fitting = rows->single ? all : PIECE_BYTES / row_bytes, most = fitting > 1 ? fitting : 1;
  const double begin = seconds_now();
  if (rows->single) heat_h5_rows_hash(rows);
  rows->times.seconds[HEAT_H5_PACK] += seconds_now() - begin;
  for (int64_t row = 0; row < all; row += most) {
    const int64_t count = all - row < most ? all - row : most;
    const size_t bytes = (size_t)(count * rows->width) * (rows->single ? sizeof(float) : sizeof(double));
    const double *from = rows->values + row * rows->width, start = seconds_now();
    if (!rows->single) rows->digest += heat_h5_hash_rows(from, count, rows->width, rows->place + (uint64_t)row);
    const double hashed = seconds_now();
    if (rows->error == 0 && !put(rows->file, from, bytes, rows->at + (off_t)(row * row_bytes))) rows->error = errno;
    rows->times.seconds[HEAT_H5_PACK] += hashed - start;
    rows->times.seconds[HEAT_H5_WRITE] += seconds_now() - hashed;
  }
}

/* Whether the rows of this round, which are durable, come back from the file. Where they do not, for whatever reason,
 * the whole file is read back later, and tells why. */
static void read_back(heat_h5_rows *rows) {
  const heat_h5_stored_rows stored = {rows->at, rows->count / rows->width, rows->width, rows->single, rows->place};
  uint64_t found = 0;
#ifdef POSIX_FADV_DONTNEED
  /* Some file systems take O_DIRECT and read through the page cache all the same. */
  const size_t value = rows->single ? sizeof(float) : sizeof(double);
  if (rows->uncached != NULL && rows->count > 0)
    posix_fadvise(rows->file, rows->at, (off_t)rows->count * (off_t)value, POSIX_FADV_DONTNEED);
#endif
  rows->read_back = rows->uncached != NULL && rows->error == 0 &&
                    heat_h5_uncached_hash(rows->uncached, &stored, &found) && found == rows->digest;
}

void heat_h5_rows_put(heat_h5_rows *rows) {
  hash_and_write(rows);
  const double written = seconds_now();
  if (rows->behind && rows->error == 0 && fsync(rows->file) != 0) rows->error = errno;
  const double synced = seconds_now();
  if (rows->behind) read_back(rows);
  rows->times.seconds[HEAT_H5_SYNC] += synced - written;
  rows->times.seconds[HEAT_H5_VERIFY] += seconds_now() - synced;
}

static void *run_rows(void *context) {
  heat_h5_rows *rows = context;
  heat_h5_rows_put(rows);
  atomic_store_explicit(&rows->done, true, memory_order_release);
  return NULL;
}

/* All signals are blocked in the new thread, so that the main thread receives them. */
bool heat_h5_rows_start(heat_h5_rows *rows) {
  sigset_t all, before;
  sigfillset(&all);
  atomic_init(&rows->done, false);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  rows->running = pthread_create(&rows->thread, NULL, run_rows, rows) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return rows->running;
}

void heat_h5_rows_join(heat_h5_rows *rows) {
  pthread_join(rows->thread, NULL);
  rows->running = false;
}
