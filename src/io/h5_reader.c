#include "heat2d/io/h5_reader.h"

#include "heat2d/io/h5_digest.h"
#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_rows.h"
#include "heat2d/io/transport.h"

#include <stdlib.h>

/* That every rank can open the file is tried before MPI_File_open, which would hang. */
static void open_together(heat_h5_reader *reader, const heat_h5_way *way) {
  reader->status = heat_h5_look(reader->path);
  if (!heat_h5_reader_agree(reader)) return;
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  heat_mpio_access(list, reader->comm, way->hints);
  heat_stall_enter(&reader->guard, "MPI_File_open");
  reader->status = heat_h5_open_by(&reader->file, reader->path, list);
  H5Pclose(list);
  if (reader->file >= 0) heat_mpio_note(way->record, reader->file);
  heat_h5_reader_agree(reader);
}

void heat_h5_reader_open(heat_h5_reader *reader, MPI_Comm comm, const char *path, const heat_h5_way *way) {
  *reader = (heat_h5_reader){.comm = comm,
                             .path = path,
                             .together = way != NULL && way->transport != NULL && way->transport->together,
                             .file = H5I_INVALID_HID,
                             .status = heat_ok()};
  MPI_Comm_rank(comm, &reader->rank);
  MPI_Comm_size(comm, &reader->size);
  if (!reader->together) {
    reader->status = heat_h5_open(&reader->file, path);
    return;
  }
  heat_stall_begin(&reader->guard, reader->rank, path, way->record != NULL ? &way->record->calls : NULL);
  open_together(reader, way);
}

bool heat_h5_reader_agree(heat_h5_reader *reader) {
  heat_stall_enter(&reader->guard, "the agreement of the ranks");
  reader->status = heat_agree(reader->comm, reader->status);
  heat_stall_enter(&reader->guard, "HDF5");
  return reader->status.code == HEAT_OK;
}

bool heat_h5_reader_rows(heat_h5_reader *reader, hid_t dataset, const heat_mpio_rows *rows, double *values) {
  heat_stall_enter(&reader->guard, "H5Dread");
  if (reader->together) return heat_mpio_read(dataset, rows, values).code == HEAT_OK;
  const hsize_t start[HEAT_H5_DIMENSIONS] = {(hsize_t)rows->first, 0};
  const hsize_t part[HEAT_H5_DIMENSIONS] = {(hsize_t)rows->count, (hsize_t)rows->width};
  return rows->count == 0 || heat_h5_read_part(dataset, rows->dimensions, start, part, values);
}

/* Open a dataset of that shape (rows 0: a vector of at least so many columns). */
static hid_t open_dataset(heat_h5_reader *reader, const char *name, int64_t rows, int64_t columns) {
  hid_t dataset;
  int64_t own_rows, own_columns;
  reader->status = heat_h5_open_dataset(reader->file, name, &dataset, &own_rows, &own_columns);
  if (reader->status.code == HEAT_OK &&
      (own_rows != rows || (rows > 0 ? own_columns != columns : own_columns < columns)))
    reader->status =
        heat_fail(HEAT_IO, "'%s' holds %lld x %lld cells as %s, not the %lld x %lld of its deck", reader->path,
                  (long long)own_columns, (long long)own_rows, name, (long long)columns, (long long)rows);
  return dataset;
}

/* Each rank reads whole rows, hashes them while they are in its cache, and sends the other ranks their parts: with 4
 * MiB at a time hashing takes half of the time that it does with 16, and reading as long. */
static bool read_rounds(heat_h5_reader *reader, hid_t dataset, uint64_t seed, const heat_grid *grid,
                        heat_field *field) {
  enum { STRIP_BYTES = 4 << 20 };
  const int64_t nx = grid->layout.cells[HEAT_X], unit = heat_h5_chunk_rows(dataset, nx);
  const heat_h5_distribution rows = heat_h5_rows_distribute(grid, unit, STRIP_BYTES), *d = &rows;
  const size_t bytes = (size_t)(d->strip * nx) * sizeof(double);
  double *slab = malloc(bytes);
  MPI_Request *requests = malloc(((size_t)heat_h5_rows_requests(grid, d) + 1) * sizeof(MPI_Request));
  if (slab == NULL || requests == NULL) reader->status = heat_no_memory("reading a field", bytes);
  bool good = heat_h5_reader_agree(reader);
  const int64_t rounds = good ? d->rounds : 0;
  for (int64_t round = 0; round < rounds; round++) { /* all of them, since other ranks wait for what this one has */
    int64_t lo, hi;
    heat_h5_rows_range(d, grid->rank, round, &lo, &hi);
    const heat_mpio_rows part = {.dimensions = HEAT_H5_DIMENSIONS,
                                 .first = lo,
                                 .count = hi - lo,
                                 .width = nx,
                                 .most = d->strip,
                                 .unit = unit,
                                 .bytes = sizeof(double),
                                 .type = H5T_NATIVE_DOUBLE};
    good = heat_h5_reader_rows(reader, dataset, &part, slab) && good;
    if (good) reader->digest += heat_h5_hash_rows(slab, part.count, nx, seed + (uint64_t)lo);
    heat_stall_enter(&reader->guard, "the exchange of rows");
    heat_h5_rows_deliver(grid, field, d, round, slab, requests);
  }
  free(requests);
  free(slab);
  return good;
}

void heat_h5_reader_field(heat_h5_reader *reader, const char *name, const heat_grid *grid, heat_field *field) {
  const int64_t *cells = grid->layout.cells;
  const hid_t dataset = open_dataset(reader, name, cells[HEAT_Y], cells[HEAT_X]);
  if (heat_h5_reader_agree(reader) && !read_rounds(reader, dataset, heat_h5_name_seed(name), grid, field) &&
      reader->status.code == HEAT_OK)
    reader->status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  field->valid = 0;
  if (dataset >= 0) H5Dclose(dataset);
  heat_h5_reader_agree(reader);
}

void heat_h5_reader_vector(heat_h5_reader *reader, const char *name, int64_t start, int64_t count, double *values) {
  const hid_t dataset = open_dataset(reader, name, 0, start + count);
  if (heat_h5_reader_agree(reader)) {
    heat_mpio_rows part = {.dimensions = 1,
                           .first = start,
                           .count = count,
                           .width = 1,
                           .most = count,
                           .unit = 1,
                           .bytes = sizeof(double),
                           .type = H5T_NATIVE_DOUBLE};
    MPI_Allreduce(MPI_IN_PLACE, &part.most, 1, MPI_INT64_T, MPI_MAX, reader->comm);
    if (!heat_h5_reader_rows(reader, dataset, &part, values))
      reader->status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  }
  if (dataset >= 0) H5Dclose(dataset);
  heat_h5_reader_agree(reader);
}

heat_status heat_h5_reader_close(heat_h5_reader *reader) {
  heat_stall_enter(&reader->guard, "H5Fclose");
  if (reader->file >= 0) H5Fclose(reader->file);
  reader->file = H5I_INVALID_HID;
  heat_stall_end(&reader->guard);
  reader->status = heat_agree(reader->comm, reader->status);
  return reader->status;
}
