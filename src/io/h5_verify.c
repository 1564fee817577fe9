#include "heat2d/io/h5_verify.h"

#include "heat2d/base/tags.h"
#include "heat2d/io/h5_digest.h"
#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_reader.h"
#include "heat2d/io/h5_uncached.h"

#include <stdlib.h>
#include <string.h>

/* A rank's share of the digest of a file's datasets: whole rows, or a part of a vector. */
typedef struct verify_job {
  heat_h5_reader reader;
  heat_h5_back back;
  heat_h5_fill *fill;         /* NULL: only verify */
  heat_h5_uncached *uncached; /* the file past the page cache; NULL: it is not read so */
  uint64_t digest;
} verify_job;

/* Ranks that have the file open together go on together, or none does. */
static bool goes_on(heat_h5_reader *reader) {
  return reader->together ? heat_h5_reader_agree(reader) : reader->status.code == HEAT_OK;
}

/* Find where the rows from `first` on lie in the file, whose count and width are given; false unless the dataset is
 * stored as a run stores it when it does not compress. */
static bool find_stored(hid_t dataset, const char *name, int64_t first, heat_h5_stored_rows *stored) {
  const hid_t list = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
  const bool single = H5Tequal(type, H5T_IEEE_F32LE) > 0;
  const hid_t native = single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
  const haddr_t place = H5Dget_offset(dataset);
  const bool good = H5Pget_layout(list) == H5D_CONTIGUOUS && place != HADDR_UNDEF && H5Tequal(type, native) > 0;
  H5Tclose(type);
  H5Pclose(list);
  const int64_t bytes = single ? sizeof(float) : sizeof(double);
  stored->at = (off_t)place + (off_t)(first * stored->width * bytes);
  stored->single = single;
  stored->place = heat_h5_name_seed(name) + (uint64_t)first;
  return good;
}

/* Hash this rank's share of a field past the page cache, `strip` rows at a time. Where one of the ranks that go on
 * together cannot, none has done it; false then, and the caller reads in the usual way, which tells what is wrong. */
static bool hash_uncached(verify_job *job, const heat_h5_stored_rows *stored, int64_t strip) {
  heat_h5_reader *reader = &job->reader;
  uint64_t digest = 0;
  int good = true;
  for (int64_t done = 0; done < stored->count && good; done += strip) {
    const int64_t bytes = stored->single ? sizeof(float) : sizeof(double);
    heat_h5_stored_rows part = *stored;
    part.count = stored->count - done < strip ? stored->count - done : strip;
    part.at += (off_t)(done * stored->width * bytes);
    part.place += (uint64_t)done;
    heat_stall_enter(&reader->guard, "pread");
    good = heat_h5_uncached_hash(job->uncached, &part, &digest);
  }
  heat_stall_enter(&reader->guard, NULL); /* the slowest rank reads its whole share, and watches itself */
  if (reader->together) MPI_Allreduce(MPI_IN_PLACE, &good, 1, MPI_INT, MPI_MIN, reader->comm);
  if (good) job->digest += digest;
  return good;
}

static void hash_dataset(hid_t dataset, const char *name, int64_t rows, int64_t columns, verify_job *job) {
  heat_h5_reader *reader = &job->reader;
  const int64_t values = rows > 0 ? rows : columns, width = rows > 0 ? columns : 1;
  const int64_t unit = heat_h5_chunk_rows(dataset, width), units = (values + unit - 1) / unit;
  const int64_t begin = heat_block_start(units, reader->size, job->back.share) * unit;
  const int64_t next = heat_block_start(units, reader->size, job->back.share + 1) * unit,
                end = next < values ? next : values;
  const int64_t most = (units + reader->size - 1) / reader->size * unit;
  int64_t strip = HEAT_H5_STRIP_BYTES / (int64_t)sizeof(double) / (width > 0 ? width : 1) / unit * unit;
  if (strip > most) strip = most;
  if (strip < unit) strip = unit;
  heat_h5_stored_rows stored = {.count = end - begin, .width = width};
  if (job->uncached != NULL && rows > 0 && find_stored(dataset, name, begin, &stored) &&
      hash_uncached(job, &stored, strip))
    return;
  const size_t bytes = (size_t)strip * (size_t)width * sizeof(double);
  double *buffer = malloc(bytes + 1);
  if (buffer == NULL) reader->status = heat_no_memory("reading back", bytes);
  bool good = goes_on(reader);
  for (int64_t done = good ? 0 : most; done < most && (good || reader->together); done += strip) {
    const int64_t left = end - begin - done;
    const heat_mpio_rows part = {.dimensions = rows > 0 ? HEAT_H5_DIMENSIONS : 1,
                                 .first = begin + done,
                                 .count = left < 0       ? 0
                                          : left < strip ? left
                                                         : strip,
                                 .width = width,
                                 .most = strip,
                                 .unit = unit,
                                 .bytes = sizeof(double),
                                 .type = H5T_NATIVE_DOUBLE};
    good = heat_h5_reader_rows(reader, dataset, &part, buffer) && good;
    job->digest += heat_h5_hash_rows(buffer, part.count, width, heat_h5_name_seed(name) + (uint64_t)part.first);
  }
  if (!good && reader->status.code == HEAT_OK)
    reader->status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  free(buffer);
}

static herr_t verify_dataset(hid_t group, const char *name, const H5L_info_t *info, void *context) {
  (void)info;
  verify_job *job = context;
  if (job->fill != NULL && job->fill->filled && strcmp(name, job->fill->name) == 0) return 0;
  hid_t dataset;
  int64_t rows, columns;
  job->reader.status = heat_h5_open_dataset(group, name, &dataset, &rows, &columns);
  if (!goes_on(&job->reader)) {
    if (dataset >= 0) H5Dclose(dataset);
    return -1;
  }
  const heat_h5_read_rows *known = &job->back.rows;
  if (known->name != NULL && strcmp(name, known->name) == 0 && (off_t)H5Dget_offset(dataset) == known->place)
    job->digest += known->digest;
  else
    hash_dataset(dataset, name, rows, columns, job);
  H5Dclose(dataset);
  return goes_on(&job->reader) ? 0 : -1;
}

int heat_h5_share(MPI_Comm comm) {
  int rank, size, leader, sharing;
  MPI_Comm node;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &sharing);
  leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, node);
  MPI_Comm_free(&node);
  MPI_Bcast(&sharing, 1, MPI_INT, 0, comm);
  /* Which of a few shifts leads to other nodes most often. */
  enum { SHIFTS = 3 };
  const int shifts[SHIFTS] = {1, sharing, size / 2};
  int crossing[SHIFTS] = {0}, best = 0;
  for (int n = 0; n < SHIFTS; n++) {
    const int to = (rank + size - shifts[n] % size) % size, from = (rank + shifts[n]) % size;
    int other = leader;
    MPI_Sendrecv(&leader, 1, MPI_INT, to, HEAT_TAG_NODE, &other, 1, MPI_INT, from, HEAT_TAG_NODE, comm,
                 MPI_STATUS_IGNORE);
    crossing[n] = other != leader;
  }
  MPI_Allreduce(MPI_IN_PLACE, crossing, SHIFTS, MPI_INT, MPI_SUM, comm);
  for (int n = 1; n < SHIFTS; n++)
    if (crossing[n] > crossing[best]) best = n;
  return (rank + shifts[best]) % size;
}

/* Read the field that is wanted, where all ranks see it: the rows that this one would have hashed otherwise. */
static void fill_field(verify_job *job) {
  heat_h5_fill *fill = job->fill;
  heat_h5_reader *reader = &job->reader;
  const int64_t *cells = fill->grid->layout.cells;
  int64_t rows = 0, columns = 0;
  if (goes_on(reader)) heat_h5_shape(reader->file, fill->name, &rows, &columns);
  int fits = rows == cells[HEAT_Y] && columns == cells[HEAT_X];
  MPI_Allreduce(MPI_IN_PLACE, &fits, 1, MPI_INT, MPI_MIN, reader->comm);
  if (!fits) return;
  heat_h5_reader_field(reader, fill->name, fill->grid, fill->field);
  job->digest += reader->digest;
  fill->filled = reader->status.code == HEAT_OK;
}

static heat_status verify(verify_job *job, MPI_Comm comm, const char *path, const heat_h5_way *way) {
  heat_h5_reader *reader = &job->reader;
  char *want = NULL, have[HEAT_H5_DIGEST_TEXT];
  uint64_t state = 0;
  heat_h5_reader_open(reader, comm, path, way);
  if (reader->status.code == HEAT_OK) reader->status = heat_h5_get_text(reader->file, heat_h5_digest_name, &want);
  if (reader->status.code == HEAT_OK && !heat_h5_attributes_digest(reader->file, &state))
    reader->status = heat_fail(HEAT_IO, "its attributes cannot be read");
  if (job->fill != NULL) fill_field(job);
  if (goes_on(reader) && H5Literate(reader->file, H5_INDEX_NAME, H5_ITER_INC, NULL, verify_dataset, job) < 0)
    reader->status = heat_first(reader->status, heat_fail(HEAT_IO, "its datasets cannot be listed"));
  heat_status status = heat_h5_reader_close(reader);
  MPI_Allreduce(MPI_IN_PLACE, &job->digest, 1, MPI_UINT64_T, MPI_SUM, comm);
  heat_h5_digest_text(have, job->digest + state);
  if (status.code == HEAT_OK && !heat_h5_digest_known(want))
    status = heat_fail(HEAT_IO, "its digest '%.40s' is of a kind that this version does not know", want);
  if (status.code == HEAT_OK && strcmp(have, want) != 0)
    status = heat_fail(HEAT_IO, "its data do not agree with its digest (%s, computed %s)", want, have);
  free(want);
  status = heat_agree(comm, status);
  if (job->fill != NULL) job->fill->filled = job->fill->filled && status.code == HEAT_OK;
  if (status.code == HEAT_OK || strstr(status.text, path) != NULL) return status;
  return heat_fail(HEAT_IO, "'%s' is damaged: %.800s", path, status.text);
}

heat_status heat_h5_verify_back(MPI_Comm comm, const char *path, const heat_h5_way *way, const heat_h5_back *back) {
  heat_h5_uncached uncached = {.file = -1};
  int size;
  MPI_Comm_size(comm, &size);
  const bool tries = back->rows.name == NULL && size <= HEAT_H5_MANY;
  int possible = tries && heat_h5_uncached_open(&uncached, path);
  if (tries) MPI_Allreduce(MPI_IN_PLACE, &possible, 1, MPI_INT, MPI_MIN, comm);
  const heat_status status =
      verify(&(verify_job){.back = *back, .uncached = possible ? &uncached : NULL}, comm, path, way);
  heat_h5_uncached_close(&uncached);
  return status;
}

heat_status heat_h5_verify_filling(const char *path, const heat_h5_way *way, heat_h5_fill *fill) {
  fill->filled = false;
  return verify(&(verify_job){.back = {.share = fill->grid->rank}, .fill = fill}, fill->grid->comm, path, way);
}

heat_status heat_h5_verify(MPI_Comm comm, const char *path, const heat_h5_way *way) {
  int rank;
  MPI_Comm_rank(comm, &rank);
  return verify(&(verify_job){.back = {.share = rank}}, comm, path, way);
}
