#define _GNU_SOURCE /* for fallocate */
#include "heat2d/io/transport_mpio.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Remove the file with which it was tried whether all ranks can open it, so that MPI-IO creates a new one with the
 * stripes that the hints ask for. */
static void leave_to_mpi(heat_h5 *out) {
  if (out->raw >= 0) close(out->raw);
  out->raw = -1;
  if (out->grid->rank == 0 && unlink(out->partial) != 0)
    out->status = heat_fail(HEAT_IO, "cannot remove '%s': %s", out->partial, strerror(errno));
  heat_h5_agree_step(out, true, "create");
}

/* Rank 0 creates the file. Before MPI_File_open all ranks try to open it, since MPI_File_open would hang if one of them
 * could not. */
static void create(heat_h5 *out) {
  const bool striped = heat_mpio_stripes(out->way.hints);
  FILE *made = NULL;
  if (out->grid->rank == 0) out->status = heat_directory_create(&made, out->partial);
  if (made != NULL) fclose(made);
  heat_h5_agree_step(out, true, "create");
  if (heat_h5_usable(out)) heat_h5_open_raw(out);
  if (heat_h5_usable(out) && striped) leave_to_mpi(out);
  if (!heat_h5_usable(out)) return;
  const hid_t list = heat_h5_access();
  heat_mpio_access(list, out->grid->comm, out->way.hints);
  heat_stall_enter(&out->guard, "MPI_File_open");
  out->file = H5Fcreate(out->partial, H5F_ACC_TRUNC, H5P_DEFAULT, list);
  out->broken = out->file < 0;
  if (out->broken) heat_h5_fail(out, "create");
  H5Pclose(list);
  if (out->file >= 0) heat_mpio_note(out->way.record, out->file);
  heat_h5_agree_step(out, !out->broken, "create");
  if (heat_h5_usable(out) && striped) heat_h5_open_raw(out);
}

/* Reserve disk space for everything that HDF5 has allocated in the file so far, before it is written. The reason: if
 * HDF5 writes metadata by itself and this fails on one rank, the other ranks wait for it for ever. On file systems that
 * cannot reserve space nothing is done. */
static bool reserve(heat_h5 *out) {
#if defined(__linux__) && H5_VERSION_GE(1, 10, 2)
  haddr_t length = 0;
  if (out->grid->rank == 0 && H5Fget_eoa(out->file, &length) >= 0 && length > 0 &&
      fallocate(out->raw, 0, 0, (off_t)length) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) {
    if (heat_h5_usable(out)) out->status = heat_fail(HEAT_IO, "cannot write '%s': %s", out->partial, strerror(errno));
    out->broken = true;
    return false;
  }
#endif
  return true;
}

static bool begin_field(heat_h5 *out, hid_t dataset, heat_storage storage) {
  out->place = storage.compression > 0 ? -1 : (off_t)H5Dget_offset(dataset);
  return reserve(out);
}

static bool write_part(heat_h5 *out, hid_t dataset, const heat_mpio_rows *rows, const void *values) {
  heat_stall_enter(&out->guard, "H5Dwrite");
  const heat_status wrote = heat_mpio_write(dataset, rows, values);
  if (wrote.code == HEAT_OK) return true;
  if (heat_h5_usable(out)) out->status = heat_fail(HEAT_IO, "cannot write '%s': %.200s", out->partial, wrote.text);
  out->broken = true;
  return false;
}

static bool write_round(heat_h5 *out, hid_t dataset, int64_t first_row, int64_t unit) {
  const heat_h5_rows *rows = &out->rows;
  const heat_mpio_rows part = {.dimensions = HEAT_H5_DIMENSIONS,
                               .first = first_row,
                               .count = rows->count / rows->width,
                               .width = rows->width,
                               .most = rows->most,
                               .unit = unit,
                               .bytes = rows->single ? sizeof(float) : sizeof(double),
                               .type = rows->single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE};
  return write_part(out, dataset, &part, rows->values);
}

static bool write_rows(heat_h5 *out, hid_t dataset, int64_t first_row) {
  const heat_h5_rows *rows = &out->rows;
  const int64_t bytes = rows->single ? sizeof(float) : sizeof(double);
  heat_h5_rows_hash(&out->rows);
  heat_h5_mark(out, HEAT_H5_PACK);
  const bool good = write_round(out, dataset, first_row, 1);
  heat_h5_rows_hurry(out->raw, out->place + first_row * rows->width * bytes, (size_t)(rows->count * bytes));
  return good;
}

static bool write_chunks(heat_h5 *out, hid_t dataset, const heat_h5_chunk_row *row, heat_h5_packed_chunk *packed) {
  int64_t lo, hi;
  (void)packed;
  heat_h5_rows_range(row->distribution, out->grid->rank, row->round, &lo, &hi);
  return write_round(out, dataset, lo, HEAT_H5_CHUNK);
}

static bool write_vector(heat_h5 *out, hid_t dataset, const heat_h5_part *own) {
  const heat_mpio_rows part = {.dimensions = 1,
                               .first = own->start,
                               .count = own->count,
                               .width = 1,
                               .most = own->length,
                               .unit = 1,
                               .bytes = sizeof(double),
                               .type = H5T_NATIVE_DOUBLE};
  return write_part(out, dataset, &part, own->values);
}

/* Close the file. After a failure it is left open, since closing it would write again, and could hang or crash. The
 * program then ends without MPI_Finalize (see main.c). */
static void close_file(heat_h5 *out) {
  if (heat_h5_usable(out)) reserve(out);
  int broken = out->broken;
  heat_stall_enter(&out->guard, "the agreement of the ranks");
  MPI_Allreduce(MPI_IN_PLACE, &broken, 1, MPI_INT, MPI_MAX, out->grid->comm);
  heat_stall_enter(&out->guard, "H5Fclose");
  errno = 0;
  if (out->file >= 0 && !broken && H5Fclose(out->file) < 0 && heat_h5_usable(out)) heat_h5_fail(out, "close");
  out->file = H5I_INVALID_HID;
  heat_stall_enter(&out->guard, NULL); /* a disk may take its time */
  heat_h5_mark(out, HEAT_H5_WRITE);
  if (!heat_h5_sync_raw(out) && heat_h5_usable(out))
    out->status = heat_fail(HEAT_IO, "cannot sync '%s': %s", out->partial, strerror(errno));
}

const heat_transport heat_transport_mpio = {.name = "mpio",
                                            .together = true,
                                            .create = create,
                                            .begin_field = begin_field,
                                            .write_rows = write_rows,
                                            .write_chunks = write_chunks,
                                            .write_vector = write_vector,
                                            .close = close_file};
