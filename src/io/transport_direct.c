#include "heat2d/io/transport_direct.h"

#include "heat2d/base/runtime.h"
#include "heat2d/io/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rank 0 makes the file, then every rank that writes opens it. */
static void create(heat_h5 *out) {
  FILE *made = NULL;
  if (out->grid->rank == 0) out->status = heat_directory_create(&made, out->partial);
  if (made != NULL) {
    fclose(made);
    const hid_t list = heat_h5_access();
    out->file = H5Fcreate(out->partial, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    if (out->file < 0) out->status = heat_fail(HEAT_IO, "cannot create '%s': %s", out->partial, strerror(errno));
    H5Pclose(list);
  }
  heat_h5_agree_step(out, true, "create");
  if (!heat_h5_usable(out)) return;
  heat_h5_open_raw(out);
}

/* The place of a contiguous dataset in the file, from rank 0, which alone has it open. */
static off_t place_of(const heat_h5 *out, hid_t dataset) {
  int64_t place = out->grid->rank == 0 ? (int64_t)H5Dget_offset(dataset) : 0;
  MPI_Bcast(&place, 1, MPI_INT64_T, 0, out->grid->comm);
  return (off_t)place;
}

static bool begin_field(heat_h5 *out, hid_t dataset, heat_storage storage) {
  out->rows.file = out->raw;
  out->place = storage.compression > 0 ? 0 : place_of(out, dataset);
  return out->place >= 0;
}

/* A failure is told by rows->error, since a thread may meet it later. */
static bool write_rows(heat_h5 *out, hid_t dataset, int64_t first_row) {
  (void)dataset;
  heat_h5_rows *rows = &out->rows;
  const bool one_node = rows->behind && heat_node_ranks(out->grid->comm) == out->grid->size;
  if (rows->file < 0) return true; /* another rank writes for this one */
  const int64_t width = rows->single ? sizeof(float) : sizeof(double);
  rows->at = out->place + first_row * rows->width * width;
  /* On several nodes each row is read back by a rank of another one, when all have written theirs. */
  if (one_node && heat_h5_uncached_open(&out->uncached, out->partial)) rows->uncached = &out->uncached;
  if (rows->behind && heat_h5_rows_start(rows)) return true;
  heat_h5_rows_put(rows);
  out->mark = MPI_Wtime(); /* it has measured itself */
  return true;
}

static bool write_chunks(heat_h5 *out, hid_t dataset, const heat_h5_chunk_row *row, heat_h5_packed_chunk *packed) {
  (void)out;
  return heat_h5_chunks_write(row, dataset, packed);
}

/* Rank 0 gathers the parts. */
static bool write_vector(heat_h5 *out, hid_t dataset, const heat_h5_part *own) {
  const heat_grid *grid = out->grid;
  const bool gathers = grid->rank == 0;
  const int part[2] = {(int)own->start, (int)own->count};
  bool good = true;
  int *parts = gathers ? malloc(4 * (size_t)grid->size * sizeof *parts) : NULL;
  double *whole = gathers ? malloc((size_t)own->length * sizeof *whole) : NULL;
  if (gathers && (parts == NULL || whole == NULL)) out->status = heat_no_memory("a vector", (size_t)own->length);
  heat_h5_agree_step(out, true, "write");
  if (heat_h5_usable(out)) {
    int *starts = gathers ? parts + 2 * grid->size : NULL, *counts = gathers ? starts + grid->size : NULL;
    MPI_Gather(part, 2, MPI_INT, parts, 2, MPI_INT, 0, grid->comm);
    for (int rank = 0; rank < grid->size && gathers; rank++) {
      starts[rank] = parts[2 * rank];
      counts[rank] = parts[2 * rank + 1];
    }
    MPI_Gatherv(own->values, part[1], MPI_DOUBLE, whole, counts, starts, MPI_DOUBLE, 0, grid->comm);
    good = !gathers || H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, whole) >= 0;
  }
  free(parts);
  free(whole);
  return good;
}

static void close_file(heat_h5 *out) {
  if (out->file >= 0 && H5Fclose(out->file) < 0 && heat_h5_usable(out))
    out->status = heat_fail(HEAT_IO, "cannot close '%s': %s", out->partial, strerror(errno));
  out->file = H5I_INVALID_HID;
  heat_h5_mark(out, HEAT_H5_WRITE);
  if (!heat_h5_sync_raw(out) && heat_h5_usable(out))
    out->status = heat_fail(HEAT_IO, "cannot sync '%s': %s", out->partial, strerror(errno));
}

const heat_transport heat_transport_direct = {.name = "direct",
                                              .meaning = "each rank writes its rows",
                                              .behind = true,
                                              .create = create,
                                              .begin_field = begin_field,
                                              .write_rows = write_rows,
                                              .write_chunks = write_chunks,
                                              .write_vector = write_vector,
                                              .close = close_file};
