#include "heat2d/io/h5_chunks.h"

#include <stddef.h>

static hid_t storage_type(heat_storage storage) {
  return storage.single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
}

static void chunk_shape(const hsize_t *shape, hsize_t *chunk) {
  for (int d = 0; d < HEAT_H5_DIMENSIONS; d++) chunk[d] = shape[d] < HEAT_H5_CHUNK ? shape[d] : HEAT_H5_CHUNK;
}

hid_t heat_h5_create_dataset(hid_t file, const char *name, int dimensions, const hsize_t *shape, heat_storage storage) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(dimensions, shape, NULL);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(list, false);
  if (storage.compression > 0) {
    hsize_t chunk[HEAT_H5_DIMENSIONS];
    chunk_shape(shape, chunk);
    H5Pset_chunk(list, dimensions, chunk);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, (unsigned)storage.compression);
  } else {
    H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
  }
  const hid_t dataset = H5Dcreate(file, name, storage_type(storage), space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Sclose(space);
  H5Pclose(list);
  return dataset;
}

/* One row of chunks, which HDF5 compresses in a file that exists only in memory. */
typedef struct compressed_row {
  hid_t file, dataset;
  hsize_t shape[HEAT_H5_DIMENSIONS], chunk[HEAT_H5_DIMENSIONS];
} compressed_row;

static bool compress(compressed_row *s, const void *values, heat_storage storage) {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  const size_t block = (size_t)1 << 20;
  H5Pset_fapl_core(list, block, false);
  s->file = H5Fcreate("heat2d-chunks", H5F_ACC_TRUNC, H5P_DEFAULT, list);
  H5Pclose(list);
  s->dataset =
      s->file < 0 ? H5I_INVALID_HID : heat_h5_create_dataset(s->file, "chunks", HEAT_H5_DIMENSIONS, s->shape, storage);
  const hid_t type = storage.single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
  return s->dataset >= 0 && H5Dwrite(s->dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
         H5Fflush(s->file, H5F_SCOPE_LOCAL) >= 0;
}

static void compressed_end(compressed_row *s) {
  if (s->dataset >= 0) H5Dclose(s->dataset);
  if (s->file >= 0) H5Fclose(s->file);
}

enum { PACKED_HEAD = offsetof(heat_h5_packed_chunk, bytes), CHUNK_TAG = 1 };

/* Read chunk number `n` of a row as it is stored; returns its length in bytes, or 0 when it cannot be read. */
static size_t fetch_chunk(const compressed_row *s, hsize_t n, heat_h5_packed_chunk *p) {
  const hsize_t at[HEAT_H5_DIMENSIONS] = {0, n * s->chunk[1]};
  hsize_t length = 0;
  if (H5Dget_chunk_storage_size(s->dataset, at, &length) < 0 || length == 0 || length > sizeof p->bytes) return 0;
  return H5Dread_chunk(s->dataset, H5P_DEFAULT, at, &p->filters, p->bytes) < 0 ? 0 : PACKED_HEAD + (size_t)length;
}

/* A message of length 0 stands for a failure on the sending rank, which returns false there. */
bool heat_h5_chunks_write(const heat_h5_chunk_row *row, hid_t dataset, heat_h5_packed_chunk *p) {
  const heat_grid *grid = row->grid;
  compressed_row s = {H5I_INVALID_HID, H5I_INVALID_HID, {0, (hsize_t)grid->layout.cells[HEAT_X]}, {0}};
  const hsize_t whole[HEAT_H5_DIMENSIONS] = {(hsize_t)row->distribution->rows, s.shape[1]};
  chunk_shape(whole, s.chunk);
  s.shape[0] = s.chunk[0];
  const hsize_t chunks = (s.shape[1] + s.chunk[1] - 1) / s.chunk[1];
  bool good = true;
  const int last = grid->rank == 0 ? grid->size - 1 : grid->rank; /* rank 0 takes from all, the others give theirs */
  for (int rank = grid->rank; rank <= last; rank++) {
    int64_t lo, hi;
    heat_h5_rows_range(row->distribution, rank, row->round, &lo, &hi);
    const bool own = rank == grid->rank;
    if (lo == hi) continue;
    if (own) good = compress(&s, row->values, row->storage) && good;
    for (hsize_t n = 0; n < chunks; n++) {
      const hsize_t at[HEAT_H5_DIMENSIONS] = {(hsize_t)lo, n * s.chunk[1]};
      int length = 0;
      if (own) {
        length = good ? (int)fetch_chunk(&s, n, p) : 0;
        good = length > 0 && good;
        if (grid->rank != 0) MPI_Send(p, length, MPI_BYTE, 0, CHUNK_TAG, grid->comm);
      } else {
        MPI_Status got;
        MPI_Recv(p, (int)sizeof *p, MPI_BYTE, rank, CHUNK_TAG, grid->comm, &got);
        MPI_Get_count(&got, MPI_BYTE, &length);
      }
      if (grid->rank == 0 && length > 0)
        good =
            H5Dwrite_chunk(dataset, H5P_DEFAULT, p->filters, at, (size_t)length - PACKED_HEAD, p->bytes) >= 0 && good;
    }
    if (own) compressed_end(&s);
  }
  return good;
}
