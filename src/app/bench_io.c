/* What the network and the disk do: the exchange of the halo, and a checkpoint beside plain writes. */
#include "bench.h"
#include "bench_case.h"
#include "heat2d/io/checkpoint.h"

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
    const heat_bench_spec spec = {{cells[HEAT_X], cells[HEAT_Y]}, false, true, 1, depths[n]};
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

/* Every rank writes its part of one file, sequentially, and makes it durable: what a disk can do at best. Collective.
 */
static heat_status write_raw(const heat_runtime *runtime, const char *path, const double *from, size_t bytes) {
  heat_status status = heat_ok();
  const int file = open(path, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
  const off_t place = (off_t)bytes * runtime->rank;
  for (size_t done = 0; file >= 0 && done < bytes;) {
    const ssize_t put = pwrite(file, (const char *)from + done, bytes - done, place + (off_t)done);
    if (put <= 0) break;
    done += (size_t)put;
  }
  if (file < 0 || fsync(file) != 0) status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno));
  if (file >= 0) close(file);
  return heat_agree(runtime->comm, status);
}

/* Seconds that each took, the best of several turns. */
typedef struct disk_times {
  double raw, write, verify;
} disk_times;

/* One turn: a raw file, then a checkpoint, which is read back. Nothing of it stays. Collective. */
static heat_status write_once(heat_bench_case *c, const heat_runtime *runtime, const char *directory,
                              disk_times *best) {
  const MPI_Comm comm = runtime->comm;
  char path[HEAT_PATH];
  const size_t bytes = (size_t)heat_box_cells(c->grid.domain) / (size_t)runtime->size * sizeof(double);
  snprintf(path, sizeof path, "%s/heat2d-bench.raw", directory);
  MPI_Barrier(comm);
  double start = MPI_Wtime();
  heat_status status = write_raw(runtime, path, c->stepper.fields[0].memory, bytes);
  best->raw = fmin(best->raw, MPI_Wtime() - start);
  if (runtime->rank == 0) unlink(path);
  if (status.code != HEAT_OK) return status;
  snprintf(path, sizeof path, "%s/heat2d-bench.h5", directory);
  heat_h5 out;
  start = MPI_Wtime();
  heat_h5_begin(&out, &c->grid, path, NULL);
  heat_h5_write_field(&out, "temperature", heat_stepper_solution(&c->stepper), (heat_storage){0});
  status = heat_h5_commit(&out);
  best->write = fmin(best->write, MPI_Wtime() - start);
  start = MPI_Wtime();
  if (status.code == HEAT_OK) status = heat_h5_verify(comm, path, NULL);
  best->verify = fmin(best->verify, MPI_Wtime() - start);
  if (runtime->rank == 0) unlink(path);
  return status;
}

heat_status heat_bench_disk(heat_bench *b, const char *directory, const int64_t cells[HEAT_AXES]) {
  enum { TURNS = 3 };
  heat_bench_case c;
  disk_times best = {INFINITY, INFINITY, INFINITY};
  const heat_bench_spec spec = {{cells[HEAT_X], cells[HEAT_Y]}, .plain = true, .threads = 1, .depth = 1};
  heat_status status = heat_bench_case_create(&c, b->runtime->comm, spec);
  const double bytes = (double)cells[HEAT_X] * (double)cells[HEAT_Y] * (double)sizeof(double);
  for (int turn = 0; turn < TURNS && status.code == HEAT_OK; turn++)
    status = write_once(&c, b->runtime, directory, &best);
  heat_bench_case_destroy(&c);
  if (status.code != HEAT_OK) return status;
  heat_bench_add(
      &b->report, HEAT_BENCH_DISK,
      (heat_bench_row){.size = "disk",
                       .what = "one field",
                       .cells = {cells[HEAT_X], cells[HEAT_Y]},
                       .figures = {bytes / best.raw, bytes / best.write, best.raw / best.write, bytes / best.verify}});
  return heat_ok();
}
