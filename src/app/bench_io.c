/* The speed of the network and of the disk: the exchange of the halo, and checkpoints compared with plain writes and
 * reads. */
#include "bench.h"
#include "bench_case.h"
#include "heat2d/io/checkpoint.h"
#include "heat2d/io/h5_reader.h"
#include "heat2d/io/h5_way.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

typedef struct halo_job {
  heat_halo *halo;
  heat_field *field;
} halo_job;

static void exchange(void *context) {
  const halo_job *job = context;
  heat_halo_begin(job->halo, &job->field);
  heat_halo_end(job->halo, &job->field);
}

heat_status heat_bench_halo(heat_bench *b, const char *size, const int64_t cells[HEAT_AXES]) {
  const MPI_Comm comm = b->runtime->comm;
  const int depths[] = {1, heat_bench_depth(cells, b->runtime->size)};
  heat_status status = heat_ok();
  for (int n = 0; n < 2 && b->runtime->size > 1 && status.code == HEAT_OK; n++) {
    heat_bench_case c;
    const heat_bench_spec spec = {{cells[HEAT_X], cells[HEAT_Y]}, .plain = true, .threads = 1, .depth = depths[n]};
    status = heat_bench_case_create(&c, comm, spec);
    halo_job job = {NULL, heat_stepper_solution(&c.stepper)};
    if (status.code == HEAT_OK) status = heat_halo_create(&job.halo, &c.grid, depths[n], 1);
    if (status.code == HEAT_OK) {
      const double seconds = heat_measure(comm, b->seconds, (heat_work){exchange, &job}, NULL, NULL);
      double bytes = (double)heat_halo_bytes(job.halo);
      MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MAX, comm);
      heat_bench_add(&b->report, HEAT_BENCH_HALO,
                     (heat_bench_row){.size = size,
                                      .what = n == 0 ? "exchange of one layer" : "exchange as deep as in a run",
                                      .cells = {cells[HEAT_X], cells[HEAT_Y]},
                                      .figures = {depths[n], seconds, seconds / depths[n], bytes, bytes / seconds}});
    }
    heat_halo_destroy(job.halo);
    heat_bench_case_destroy(&c);
  }
  return status;
}

/* Remove the pages of a file from the memory of this host, so that it is read from the disk. */
static void let_go(const MPI_Comm comm, const char *path) {
  MPI_Barrier(comm);
#ifdef POSIX_FADV_DONTNEED
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  if (file >= 0) close(file);
#endif
  MPI_Barrier(comm);
}

/* Write or read one file, each rank its own contiguous part, as fast as the disk can; writes are made durable.
 * Collective. */
static heat_status move_raw(const heat_runtime *runtime, const char *path, double *values, size_t bytes, bool writes) {
  heat_status status = heat_ok();
  const int file = open(path, writes ? O_RDWR | O_CREAT : O_RDONLY, S_IRUSR | S_IWUSR);
  const off_t place = (off_t)bytes * runtime->rank;
  bool good = file >= 0;
  for (size_t done = 0; good && done < bytes;) {
    char *at = (char *)values + done;
    const ssize_t moved = writes ? pwrite(file, at, bytes - done, place + (off_t)done)
                                 : pread(file, at, bytes - done, place + (off_t)done);
    good = moved > 0;
    done += good ? (size_t)moved : 0;
  }
  if (!good || (writes && fsync(file) != 0))
    status = heat_fail(HEAT_IO, "cannot %s '%s': %s", writes ? "write" : "read", path, strerror(errno));
  if (file >= 0) close(file);
  return heat_agree(runtime->comm, status);
}

/* The shortest times of several turns, s. */
typedef struct disk_times {
  double write, verify, read;
} disk_times;

static void keep_best(double *best, double start) {
  *best = fmin(*best, MPI_Wtime() - start);
}

static heat_status time_raw(heat_bench_case *c, const heat_runtime *runtime, const char *path, disk_times *best) {
  const size_t bytes = (size_t)heat_box_cells(c->grid.domain) / (size_t)runtime->size * sizeof(double);
  double *values = c->stepper.fields[0].memory;
  MPI_Barrier(runtime->comm);
  double start = MPI_Wtime();
  heat_status status = move_raw(runtime, path, values, bytes, true);
  keep_best(&best->write, start);
  let_go(runtime->comm, path);
  start = MPI_Wtime();
  if (status.code == HEAT_OK) status = move_raw(runtime, path, values, bytes, false);
  keep_best(&best->read, start);
  return status;
}

/* Time a file with the field of a checkpoint: writing it completely, then verifying it and reading it, both from the
 * disk. */
static heat_status time_file(heat_bench_case *c, const char *path, int transport, disk_times *best) {
  const MPI_Comm comm = c->grid.comm;
  const heat_h5_way way = heat_h5_way_of(transport);
  heat_field *field = heat_stepper_solution(&c->stepper);
  heat_h5 out;
  MPI_Barrier(comm);
  double start = MPI_Wtime();
  heat_h5_begin(&out, &c->grid, path, &way);
  heat_h5_write_field(&out, "temperature", field, (heat_storage){0});
  heat_status status = heat_h5_commit(&out);
  keep_best(&best->write, start);
  if (status.code != HEAT_OK) return status;
  let_go(comm, path);
  start = MPI_Wtime();
  status = heat_h5_verify(comm, path, &way);
  keep_best(&best->verify, start);
  let_go(comm, path);
  heat_h5_reader reader;
  start = MPI_Wtime();
  heat_h5_reader_open(&reader, comm, path, &way);
  if (heat_h5_reader_agree(&reader)) heat_h5_reader_field(&reader, "temperature", &c->grid, field);
  status = heat_first(status, heat_h5_reader_close(&reader));
  keep_best(&best->read, start);
  return status;
}

/* The rows of the table: plain writes and reads without HDF5, which take the number of `auto`, and one row for each
 * transport. */
enum { RAW = HEAT_TRANSPORT_AUTO, DISK_ROWS = HEAT_TRANSPORTS };

/* Do one turn of each row. The files are removed. Collective. */
static heat_status write_once(heat_bench_case *c, const heat_runtime *runtime, const char *directory,
                              disk_times best[DISK_ROWS]) {
  char path[HEAT_PATH];
  snprintf(path, sizeof path, "%s/heat2d-bench.raw", directory);
  heat_status status = time_raw(c, runtime, path, &best[RAW]);
  if (runtime->rank == 0) unlink(path);
  snprintf(path, sizeof path, "%s/heat2d-bench.h5", directory);
  for (int row = RAW + 1; row < DISK_ROWS && status.code == HEAT_OK; row++) {
    status = time_file(c, path, row, &best[row]);
    if (runtime->rank == 0) unlink(path);
  }
  return heat_agree(runtime->comm, status);
}

heat_status heat_bench_disk(heat_bench *b, const char *directory, const int64_t cells[HEAT_AXES]) {
  enum { TURNS = 3 };
  heat_bench_case c;
  disk_times best[DISK_ROWS];
  for (int row = 0; row < DISK_ROWS; row++) best[row] = (disk_times){INFINITY, INFINITY, INFINITY};
  const heat_bench_spec spec = {{cells[HEAT_X], cells[HEAT_Y]}, .plain = true, .threads = 1, .depth = 1};
  heat_status status = heat_bench_case_create(&c, b->runtime->comm, spec);
  const double bytes = (double)cells[HEAT_X] * (double)cells[HEAT_Y] * (double)sizeof(double);
  for (int turn = 0; turn < TURNS && status.code == HEAT_OK; turn++)
    status = write_once(&c, b->runtime, directory, best);
  heat_bench_case_destroy(&c);
  for (int row = 0; row < DISK_ROWS && status.code == HEAT_OK; row++) {
    const disk_times *t = &best[row];
    heat_bench_add(&b->report, HEAT_BENCH_DISK,
                   (heat_bench_row){.size = "disk",
                                    .what = row == RAW ? "raw" : heat_transport_names[row],
                                    .cells = {cells[HEAT_X], cells[HEAT_Y]},
                                    .figures = {bytes / t->write, best[RAW].write / t->write, bytes / t->read,
                                                best[RAW].read / t->read, row == RAW ? NAN : bytes / t->verify}});
  }
  return status;
}
