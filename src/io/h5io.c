#define _GNU_SOURCE /* for sync_file_range */
#define XXH_INLINE_ALL
#include "heat2d/io/h5io.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum {
  STRIP_BYTES = 4 << 20,      /* of the buffer between a field and a file */
  CHUNK = 256,                /* cells of a compressed chunk along each axis */
  ALIGNMENT = 4096,           /* bytes: large datasets start on a page of the file system */
  ATTRIBUTE_BYTES = 64 << 20, /* of an attribute that is read, at most */
  DIGEST_TEXT = 32,
  DATASET_DIMENSIONS = 2
};
static const char digest_name[] = "digest", digest_kind[] = "xxh3-rows:";

static uint64_t name_seed(const char *name) {
  return XXH3_64bits(name, strlen(name));
}

/* The sum of the hashes of `rows` rows of `width` values, the first at `place` (name_seed plus its index). */
static uint64_t hash_rows(const double *values, int64_t rows, int64_t width, uint64_t place) {
  uint64_t digest = 0;
  for (int64_t row = 0; row < rows; row++)
    digest += XXH3_64bits_withSeed(values + row * width, (size_t)width * sizeof *values, place + (uint64_t)row);
  return digest;
}

static void digest_text(char text[DIGEST_TEXT], uint64_t digest) {
  snprintf(text, DIGEST_TEXT, "%s%016" PRIx64, digest_kind, digest);
}

/* The contents of an attribute as they are stored, ended by a zero byte; to be freed. Text of variable length is
 * refused: it lies in a heap without checksums, where a flipped bit makes HDF5 read anywhere. */
static void *attribute_bytes(hid_t attribute, size_t *length) {
  void *bytes = NULL;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  const bool plain = kind == H5T_FLOAT || kind == H5T_INTEGER || (kind == H5T_STRING && H5Tis_variable_str(type) == 0);
  const size_t size = H5Tget_size(type);
  if (plain && count > 0 && size > 0 && (uint64_t)count <= ATTRIBUTE_BYTES / size) {
    *length = (size_t)count * size;
    bytes = calloc(*length + 1, 1);
  }
  if (bytes != NULL && H5Aread(attribute, type, bytes) < 0) {
    free(bytes);
    bytes = NULL;
  }
  H5Sclose(space);
  H5Tclose(type);
  return bytes;
}

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)info;
  if (strcmp(name, digest_name) == 0) return 0;
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return -1;
  size_t length = 0;
  void *bytes = attribute_bytes(attribute, &length);
  H5Aclose(attribute);
  if (bytes == NULL) return -1;
  *(uint64_t *)context += XXH3_64bits_withSeed(bytes, length, name_seed(name));
  free(bytes);
  return 0;
}

/* The sum of the root attributes' hashes; false when they cannot be read. */
static bool attributes_digest(hid_t file, uint64_t *digest) {
  *digest = 0;
  return H5Aiterate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, add_attribute, digest) >= 0;
}

static heat_status verify(MPI_Comm comm, const char *path, int share);

static bool usable(const heat_h5 *out) {
  return out->status.code == HEAT_OK;
}

/* The time since the last mark was spent on `phase`. */
static void mark(heat_h5 *out, heat_h5_phase phase) {
  const double now = MPI_Wtime();
  out->times.seconds[phase] += now - out->mark;
  out->mark = now;
}

/* After a step that may have failed here: agree, so that all ranks go on or none does. */
static void settle(heat_h5 *out, bool good, const char *what) {
  if (!good && usable(out)) out->status = heat_fail(HEAT_IO, "cannot %s '%s'", what, out->partial);
  out->status = heat_agree(out->grid->comm, out->status);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Open the file that rank 0 has just made. A file system of many hosts may show it a while later: a look at the
 * directory makes this host ask for what is new in it. */
static int open_when_seen(const char *path) {
  const double patience = 15, longest_pause = 0.25; /* s */
  char directory[HEAT_PATH];
  const char *slash = strrchr(path, '/');
  snprintf(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
  const double start = seconds_now();
  for (double pause = 0.001;; pause = 2 * pause < longest_pause ? 2 * pause : longest_pause) {
    const int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0 || (errno != ENOENT && errno != ESTALE) || seconds_now() - start > patience) return file;
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * pause)}, NULL);
    const int look = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (look >= 0) close(look);
  }
}

/* Rank 0 makes the file, then every rank opens it for the cells that it writes. MPI_File_open is not used: in Open MPI
 * 4.1 all ranks hang where one cannot open what the others can. */
static void open_file(heat_h5 *out) {
  enum { HOST_TEXT = 256 };
  FILE *made = NULL;
  if (out->grid->rank == 0) out->status = heat_directory_create(&made, out->partial);
  if (made != NULL) {
    fclose(made);
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    /* Metadata with checksums, which every HDF5 from 1.10 on reads: a newer library's latest format is its own. */
#if H5_VERSION_GE(1, 10, 2)
    H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110);
#else
    H5Pset_libver_bounds(list, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
#endif
    H5Pset_alignment(list, ALIGNMENT, ALIGNMENT);
    out->file = H5Fcreate(out->partial, H5F_ACC_TRUNC, H5P_DEFAULT, list);
    if (out->file < 0) out->status = heat_fail(HEAT_IO, "cannot create '%s': %s", out->partial, strerror(errno));
    H5Pclose(list);
  }
  settle(out, true, "create");
  if (!usable(out)) return;
  out->raw = open_when_seen(out->partial);
  if (out->raw < 0) {
    const int reason = errno;
    char host[HOST_TEXT] = "?";
    gethostname(host, sizeof host - 1);
    out->status = heat_fail(HEAT_IO, "rank %d on the host %s cannot open '%s', which rank 0 has made: %s%s",
                            out->grid->rank, host, out->partial, strerror(reason),
                            reason == ENOENT ? " (all hosts must see output.directory)" : "");
  }
  settle(out, true, "open");
}

void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path) {
  *out = (heat_h5){.grid = grid, .file = H5I_INVALID_HID, .raw = -1, .mark = MPI_Wtime()};
  const int length = snprintf(out->partial, sizeof out->partial, "%s.partial", path);
  if (length < 0 || (size_t)length >= sizeof out->partial) {
    out->status = heat_fail(HEAT_DECK, "the path '%.60s...' is too long", path);
    return;
  }
  snprintf(out->path, sizeof out->path, "%s", path);
  open_file(out);
}

static void set_attribute(heat_h5 *out, const char *object, const char *name, hid_t type, hid_t space,
                          const void *value) {
  if (!usable(out) || out->grid->rank != 0) return;
  const hid_t attribute =
      H5Acreate_by_name(out->file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0)
    out->status = heat_fail(HEAT_IO, "cannot write the attribute %s of '%s'", name, out->partial);
  if (attribute >= 0) H5Aclose(attribute);
}

void heat_h5_set_text(heat_h5 *out, const char *object, const char *name, const char *value) {
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, strlen(value) + 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  set_attribute(out, object, name, type, space, value);
  H5Sclose(space);
  H5Tclose(type);
}

void heat_h5_set_real(heat_h5 *out, const char *object, const char *name, double value) {
  const hid_t space = H5Screate(H5S_SCALAR);
  set_attribute(out, object, name, H5T_NATIVE_DOUBLE, space, &value);
  H5Sclose(space);
}

void heat_h5_set_integer(heat_h5 *out, const char *object, const char *name, int64_t value) {
  const hid_t space = H5Screate(H5S_SCALAR);
  set_attribute(out, object, name, H5T_NATIVE_INT64, space, &value);
  H5Sclose(space);
}

void heat_h5_set_integers(heat_h5 *out, const char *object, const char *name, const int64_t *values, int count) {
  const hsize_t length = (hsize_t)count;
  const hid_t space = H5Screate_simple(1, &length, NULL);
  set_attribute(out, object, name, H5T_NATIVE_INT64, space, values);
  H5Sclose(space);
}

static hid_t storage_type(heat_storage storage) {
  return storage.single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
}

static void chunk_shape(const hsize_t *shape, hsize_t *chunk) {
  for (int d = 0; d < DATASET_DIMENSIONS; d++) chunk[d] = shape[d] < CHUNK ? shape[d] : CHUNK;
}

/* Contiguous datasets get their place at once, and nothing is written there: the ranks do that themselves. */
static hid_t create_dataset(hid_t file, const char *name, int dimensions, const hsize_t *shape, heat_storage storage) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(dimensions, shape, NULL);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(list, false);
  if (storage.compression > 0) {
    hsize_t chunk[DATASET_DIMENSIONS];
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

/* How the rows of a field are dealt out anew for writing: whole rows, so that each rank has one contiguous piece of the
 * dataset, in as many rounds as the buffer asks for. */
typedef struct deal {
  int64_t rows, unit; /* of the field; the rows of a chunk stay together */
  int64_t strip;      /* rows of a rank in one round, a multiple of unit */
  int64_t rounds;
  int ranks;
} deal;

/* With rounds of about `strip_bytes` on a rank, at least one unit. */
static deal deal_rows(const heat_grid *grid, heat_storage storage, int64_t strip_bytes) {
  const int64_t nx = grid->layout.cells[HEAT_X], ny = grid->layout.cells[HEAT_Y];
  deal d = {.rows = ny, .unit = storage.compression > 0 ? CHUNK : 1, .ranks = grid->size};
  const int64_t units = (ny + d.unit - 1) / d.unit, most = (units + d.ranks - 1) / d.ranks;
  int64_t fit = strip_bytes / (nx * (int64_t)sizeof(double) * d.unit);
  fit = fit < 1 ? 1 : fit > most ? most : fit;
  d.strip = fit * d.unit;
  d.rounds = (most + fit - 1) / fit;
  return d;
}

/* The rows that `rank` writes in a round; lo == hi: none. */
static void rows_of(const deal *d, int rank, int64_t round, int64_t *lo, int64_t *hi) {
  const int64_t units = (d->rows + d->unit - 1) / d->unit;
  const int64_t first = heat_block_start(units, d->ranks, rank) * d->unit;
  int64_t end = heat_block_start(units, d->ranks, rank + 1) * d->unit;
  if (end > d->rows) end = d->rows;
  *lo = first + round * d->strip < end ? first + round * d->strip : end;
  *hi = *lo + d->strip < end ? *lo + d->strip : end;
}

/* The rows [lo, hi) of a block. */
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

/* Bring the rows of this round together in `slab` [hi - lo][nx], from all ranks that own a part of them. `requests`
 * has room for two of each rank. Collective. */
static void collect_rows(const heat_grid *grid, const heat_field *field, const deal *d, int64_t round, double *slab,
                         MPI_Request *requests) {
  const int64_t nx = grid->layout.cells[HEAT_X];
  int count = 0;
  int64_t lo, hi;
  rows_of(d, grid->rank, round, &lo, &hi);
  for (int turn = 0; turn < grid->size; turn++) {
    const int rank = (grid->rank + turn) % grid->size;
    const heat_box mine = rows_of_block(heat_layout_box(&grid->layout, rank), lo, hi);
    if (!heat_box_empty(mine)) {
      double *to = slab + (mine.lo[HEAT_Y] - lo) * nx + mine.lo[HEAT_X];
      const size_t bytes = (size_t)heat_box_width(mine, HEAT_X) * sizeof(double);
      if (rank == grid->rank) {
        for (int64_t j = mine.lo[HEAT_Y]; j < mine.hi[HEAT_Y]; j++, to += nx)
          memcpy(to, heat_field_at(field, mine.lo[HEAT_X], j), bytes);
      } else {
        MPI_Datatype type = box_type(mine, (ptrdiff_t)nx);
        MPI_Irecv(to, 1, type, rank, 0, grid->comm, &requests[count++]);
        MPI_Type_free(&type);
      }
    }
    if (rank == grid->rank) continue;
    int64_t their_lo, their_hi;
    rows_of(d, rank, round, &their_lo, &their_hi);
    const heat_box theirs = rows_of_block(grid->owned, their_lo, their_hi);
    if (heat_box_empty(theirs)) continue;
    MPI_Datatype type = box_type(theirs, field->stride);
    MPI_Isend(heat_field_at(field, theirs.lo[HEAT_X], theirs.lo[HEAT_Y]), 1, type, rank, 0, grid->comm,
              &requests[count++]);
    MPI_Type_free(&type);
  }
  MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
}

/* Hash the rows, and narrow them in place where floats are stored: the hash is that of the values as they are read. */
static void hash(heat_h5_rows *rows) {
  double *values = rows->values;
  for (int64_t n = 0; n < rows->count && rows->single; n++) values[n] = (double)(float)values[n];
  rows->digest += hash_rows(values, rows->count / rows->width, rows->width, rows->place);
  for (int64_t n = 0; n < rows->count && rows->single; n++) {
    const float narrow = (float)values[n];
    memcpy((char *)values + n * (int64_t)sizeof narrow, &narrow, sizeof narrow);
  }
}

/* Write all of `bytes` at a place of the file; false with errno. */
static bool put(int file, const void *data, size_t bytes, off_t at) {
  const char *from = data;
  while (bytes > 0) {
    const ssize_t done = pwrite(file, from, bytes, at);
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = ENOSPC;
    if (done <= 0) return false;
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(file, at, done, SYNC_FILE_RANGE_WRITE); /* the disk begins now, not at the fsync */
#endif
    from += done;
    at += done;
    bytes -= (size_t)done;
  }
  return true;
}

/* A rank's rows on their way into the file. No call to MPI or HDF5: it may run in a thread. */
static void put_rows(heat_h5_rows *rows) {
  const double start = seconds_now();
  const size_t width = rows->single ? sizeof(float) : sizeof(double);
  hash(rows);
  const double hashed = seconds_now();
  if (rows->error == 0 && !put(rows->file, rows->values, (size_t)rows->count * width, rows->at)) rows->error = errno;
  const double written = seconds_now();
  if (rows->behind && rows->error == 0 && fsync(rows->file) != 0) rows->error = errno;
  rows->times.seconds[HEAT_H5_PACK] += hashed - start;
  rows->times.seconds[HEAT_H5_WRITE] += written - hashed;
  rows->times.seconds[HEAT_H5_SYNC] += seconds_now() - written;
}

/* One row of chunks, compressed by HDF5 in a file that lives in memory alone. */
typedef struct squeezed {
  hid_t file, dataset;
  hsize_t shape[DATASET_DIMENSIONS], chunk[DATASET_DIMENSIONS];
} squeezed;

static bool squeeze(squeezed *s, const void *values, heat_storage storage) {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  const size_t block = (size_t)1 << 20;
  H5Pset_fapl_core(list, block, false);
  s->file = H5Fcreate("heat2d-chunks", H5F_ACC_TRUNC, H5P_DEFAULT, list);
  H5Pclose(list);
  s->dataset = s->file < 0 ? H5I_INVALID_HID : create_dataset(s->file, "chunks", DATASET_DIMENSIONS, s->shape, storage);
  const hid_t type = storage.single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
  return s->dataset >= 0 && H5Dwrite(s->dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0 &&
         H5Fflush(s->file, H5F_SCOPE_LOCAL) >= 0;
}

static void squeeze_end(squeezed *s) {
  if (s->dataset >= 0) H5Dclose(s->dataset);
  if (s->file >= 0) H5Fclose(s->file);
}

/* A chunk as it travels: the mask of filters that were left out, then its bytes. */
typedef struct parcel {
  uint32_t filters;
  char bytes[CHUNK * CHUNK * sizeof(double)];
} parcel;
enum { PARCEL_HEAD = offsetof(parcel, bytes), CHUNK_TAG = 1 };

/* The length of chunk `n` of a row as a parcel; 0 when it cannot be read. */
static size_t fetch_chunk(const squeezed *s, hsize_t n, parcel *p) {
  const hsize_t at[DATASET_DIMENSIONS] = {0, n * s->chunk[1]};
  hsize_t length = 0;
  if (H5Dget_chunk_storage_size(s->dataset, at, &length) < 0 || length == 0 || length > sizeof p->bytes) return 0;
  return H5Dread_chunk(s->dataset, H5P_DEFAULT, at, &p->filters, p->bytes) < 0 ? 0 : PARCEL_HEAD + (size_t)length;
}

/* Every rank compresses its row of chunks, and rank 0 stores what it is sent: HDF5 places chunks as they come. A length
 * of 0 stands for a failure, which its rank reports by itself. */
static bool write_chunks(const heat_h5 *out, hid_t dataset, const deal *d, int64_t round, heat_storage storage,
                         void *values, parcel *p) {
  const heat_grid *grid = out->grid;
  squeezed s = {H5I_INVALID_HID, H5I_INVALID_HID, {0, (hsize_t)grid->layout.cells[HEAT_X]}, {0}};
  const hsize_t whole[DATASET_DIMENSIONS] = {(hsize_t)d->rows, s.shape[1]};
  chunk_shape(whole, s.chunk);
  s.shape[0] = s.chunk[0];
  const hsize_t chunks = (s.shape[1] + s.chunk[1] - 1) / s.chunk[1];
  bool good = true;
  for (int rank = 0; rank < grid->size; rank++) {
    int64_t lo, hi;
    rows_of(d, rank, round, &lo, &hi);
    const bool own = rank == grid->rank;
    if (lo == hi || (!own && grid->rank != 0)) continue;
    if (own) good = squeeze(&s, values, storage) && good;
    for (hsize_t n = 0; n < chunks; n++) {
      const hsize_t at[DATASET_DIMENSIONS] = {(hsize_t)lo, n * s.chunk[1]};
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
            H5Dwrite_chunk(dataset, H5P_DEFAULT, p->filters, at, (size_t)length - PARCEL_HEAD, p->bytes) >= 0 && good;
    }
    if (own) squeeze_end(&s);
  }
  return good;
}

/* The place of a contiguous dataset in the file, from rank 0, which alone has it open. */
static off_t place_of(const heat_h5 *out, hid_t dataset) {
  int64_t place = out->grid->rank == 0 ? (int64_t)H5Dget_offset(dataset) : 0;
  MPI_Bcast(&place, 1, MPI_INT64_T, 0, out->grid->comm);
  return (off_t)place;
}

static void take_rows(heat_h5 *out) {
  heat_h5_rows *rows = &out->rows;
  if (rows->error != 0 && usable(out))
    out->status = heat_fail(HEAT_IO, "cannot write '%s': %s", out->partial, strerror(rows->error));
  out->digest += rows->digest;
  for (int phase = 0; phase < HEAT_H5_PHASES; phase++) out->times.seconds[phase] += rows->times.seconds[phase];
  rows->digest = 0;
  rows->times = (heat_h5_times){{0}};
}

static void *run_rows(void *context) {
  heat_h5_rows *rows = context;
  put_rows(rows);
  atomic_store_explicit(&rows->done, true, memory_order_release);
  return NULL;
}

/* Signals stay with the main thread, which knows what to do with them. */
static bool start_thread(heat_h5_rows *rows) {
  if (!rows->behind) return false;
  sigset_t all, before;
  sigfillset(&all);
  atomic_init(&rows->done, false);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  rows->running = pthread_create(&rows->thread, NULL, run_rows, rows) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return rows->running;
}

/* The rows in rounds through a buffer of strip_bytes. Where `behind` is asked for there is one round, and its rows go
 * on in a thread. */
static void write_rows(heat_h5 *out, hid_t dataset, const heat_field *field, heat_storage storage, uint64_t seed,
                       const deal *d) {
  const heat_grid *grid = out->grid;
  heat_h5_rows *rows = &out->rows;
  const int64_t nx = grid->layout.cells[HEAT_X], width = storage.single ? sizeof(float) : sizeof(double);
  const size_t bytes = (size_t)(d->strip * nx) * sizeof(double);
  MPI_Request *requests = malloc(2 * (size_t)grid->size * sizeof(MPI_Request));
  parcel *p = storage.compression > 0 ? malloc(sizeof *p) : NULL;
  rows->values = malloc(bytes);
  if (rows->values == NULL || requests == NULL || (p == NULL && storage.compression > 0))
    out->status = heat_no_memory("writing a field", bytes);
  const off_t place = storage.compression > 0 ? 0 : place_of(out, dataset);
  settle(out, place >= 0, "write");
  bool good = true;
  for (int64_t round = 0; round < d->rounds && usable(out); round++) {
    int64_t lo, hi;
    rows_of(d, grid->rank, round, &lo, &hi);
    mark(out, HEAT_H5_WRITE);
    collect_rows(grid, field, d, round, rows->values, requests);
    mark(out, HEAT_H5_PACK);
    rows->count = (hi - lo) * nx;
    rows->width = nx;
    rows->place = seed + (uint64_t)lo;
    rows->at = place + lo * nx * width;
    if (storage.compression > 0) {
      memset(rows->values + rows->count, 0, bytes - (size_t)rows->count * sizeof(double));
      hash(rows);
      if (storage.single) /* behind the last narrow value */
        memset((char *)rows->values + rows->count * width, 0, bytes - (size_t)(rows->count * width));
      good = write_chunks(out, dataset, d, round, storage, rows->values, p) && good;
    } else if (!start_thread(rows)) {
      put_rows(rows);
      out->mark = MPI_Wtime(); /* it has measured itself */
    }
  }
  free(p);
  free(requests);
  if (rows->running) return;
  free(rows->values);
  take_rows(out);
  if (!rows->behind) settle(out, good, "write"); /* else other ranks may have their thread: heat_h5_commit agrees */
}

/* Wait for the rows that are being written behind the steps. */
static void join_rows(heat_h5 *out) {
  heat_h5_rows *rows = &out->rows;
  if (!rows->running) return;
  pthread_join(rows->thread, NULL);
  rows->running = false;
  free(rows->values);
  take_rows(out);
}

/* Create a dataset on rank 0, the others agreeing; H5I_INVALID_HID on them and on failure. */
static hid_t new_dataset(heat_h5 *out, const char *name, int dimensions, const hsize_t *shape, heat_storage storage) {
  hid_t dataset = H5I_INVALID_HID;
  settle(out, true, "write"); /* an attribute may have failed */
  if (!usable(out)) return dataset;
  if (out->grid->rank == 0) dataset = create_dataset(out->file, name, dimensions, shape, storage);
  settle(out, dataset >= 0 || out->grid->rank != 0, "write");
  return dataset;
}

static void write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage,
                        int64_t strip_bytes) {
  const int64_t *cells = out->grid->layout.cells;
  const hsize_t shape[DATASET_DIMENSIONS] = {(hsize_t)cells[HEAT_Y], (hsize_t)cells[HEAT_X]};
  const hid_t dataset = new_dataset(out, name, DATASET_DIMENSIONS, shape, storage);
  if (!usable(out)) return;
  const deal d = deal_rows(out->grid, storage, strip_bytes);
  out->rows.single = storage.single;
  out->rows.file = out->raw;
  write_rows(out, dataset, field, storage, name_seed(name), &d);
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage) {
  out->rows.behind = false;
  write_field(out, name, field, storage, storage.compression > 0 ? 0 : STRIP_BYTES); /* 0: one row of chunks */
}

void heat_h5_write_field_behind(heat_h5 *out, const char *name, const heat_field *field) {
  out->rows.behind = true;
  write_field(out, name, field, (heat_storage){0}, INT64_MAX);
}

bool heat_h5_busy(heat_h5 *out) {
  return out->rows.running && !atomic_load_explicit(&out->rows.done, memory_order_acquire);
}

void heat_h5_write_vector(heat_h5 *out, const char *name, int64_t length, int64_t start, int64_t count,
                          const double *values) {
  const heat_grid *grid = out->grid;
  const hsize_t shape = (hsize_t)length;
  const hid_t dataset = new_dataset(out, name, 1, &shape, (heat_storage){0});
  if (!usable(out)) return;
  const bool gathers = grid->rank == 0;
  const int part[2] = {(int)start, (int)count};
  int *parts = gathers ? malloc(4 * (size_t)grid->size * sizeof *parts) : NULL;
  double *whole = gathers ? malloc((size_t)length * sizeof *whole) : NULL;
  if (gathers && (parts == NULL || whole == NULL)) out->status = heat_no_memory("a vector", (size_t)length);
  settle(out, true, "write");
  if (usable(out)) {
    int *starts = gathers ? parts + 2 * grid->size : NULL, *counts = gathers ? starts + grid->size : NULL;
    MPI_Gather(part, 2, MPI_INT, parts, 2, MPI_INT, 0, grid->comm);
    for (int rank = 0; rank < grid->size && gathers; rank++) {
      starts[rank] = parts[2 * rank];
      counts[rank] = parts[2 * rank + 1];
    }
    MPI_Gatherv(values, part[1], MPI_DOUBLE, whole, counts, starts, MPI_DOUBLE, 0, grid->comm);
    const bool good = !gathers || H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, whole) >= 0;
    out->digest += hash_rows(values, count, 1, name_seed(name) + (uint64_t)start);
    settle(out, good, "write");
  }
  free(parts);
  free(whole);
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_attach_scale(heat_h5 *out, const char *dataset, const char *scale, int dimension) {
  settle(out, true, "write");
  if (!usable(out)) return;
  bool good = true;
  if (out->grid->rank == 0) {
    const hid_t field = H5Dopen(out->file, dataset, H5P_DEFAULT), axis = H5Dopen(out->file, scale, H5P_DEFAULT);
    good = field >= 0 && axis >= 0;
    good = good && (H5DSis_scale(axis) > 0 || H5DSset_scale(axis, scale) >= 0);
    good = good && H5DSattach_scale(field, axis, (unsigned)dimension) >= 0;
    if (axis >= 0) H5Dclose(axis);
    if (field >= 0) H5Dclose(field);
  }
  settle(out, good, "attach a scale in");
}

void heat_h5_make_scale(heat_h5 *out, const char *name) {
  settle(out, true, "write");
  if (!usable(out)) return;
  bool good = true;
  if (out->grid->rank == 0) {
    const hid_t axis = H5Dopen(out->file, name, H5P_DEFAULT);
    good = axis >= 0 && H5DSset_scale(axis, name) >= 0;
    if (axis >= 0) H5Dclose(axis);
  }
  settle(out, good, "make a scale in");
}

heat_status heat_sync(const char *path) {
  const int file = open(path, O_RDONLY);
  const bool good = file >= 0 && fsync(file) == 0;
  heat_status status = good ? heat_ok() : heat_fail(HEAT_IO, "cannot sync '%s': %s", path, strerror(errno));
  if (file >= 0) close(file);
  return status;
}

static void write_digest(heat_h5 *out) {
  uint64_t state = 0;
  const bool good = out->grid->rank != 0 || attributes_digest(out->file, &state);
  out->digest += state;
  MPI_Allreduce(MPI_IN_PLACE, &out->digest, 1, MPI_UINT64_T, MPI_SUM, out->grid->comm);
  char text[DIGEST_TEXT];
  digest_text(text, out->digest);
  settle(out, good, "read back");
  heat_h5_set_text(out, "/", digest_name, text);
  settle(out, true, "write");
}

/* Rename, and make the new name durable. */
static heat_status publish(const heat_h5 *out) {
  const heat_status renamed = heat_directory_publish(out->partial, out->path);
  if (renamed.code != HEAT_OK) return renamed;
  char directory[HEAT_PATH];
  snprintf(directory, sizeof directory, "%s", out->path);
  char *slash = strrchr(directory, '/');
  if (slash != NULL) *slash = '\0';
  return heat_sync(slash == NULL ? "." : slash == directory ? "/" : directory);
}

/* What this rank wrote, to the disk. */
static bool sync_and_close(heat_h5 *out) {
  if (out->raw < 0) return true;
  const bool synced = !usable(out) || fsync(out->raw) == 0;
  const int error = errno;
  const bool closed = close(out->raw) == 0;
  if (!synced) errno = error;
  out->raw = -1;
  return synced && closed;
}

heat_status heat_h5_commit(heat_h5 *out) {
  MPI_Comm comm = out->grid->comm;
  out->mark = MPI_Wtime();
  join_rows(out);
  mark(out, HEAT_H5_WRITE);
  out->status = heat_agree(comm, out->status);
  if (usable(out)) write_digest(out);
  if (out->file >= 0 && H5Fclose(out->file) < 0 && usable(out))
    out->status = heat_fail(HEAT_IO, "cannot close '%s': %s", out->partial, strerror(errno));
  out->file = H5I_INVALID_HID;
  mark(out, HEAT_H5_WRITE);
  if (!sync_and_close(out) && usable(out))
    out->status = heat_fail(HEAT_IO, "cannot sync '%s': %s", out->partial, strerror(errno));
  out->status = heat_agree(comm, out->status);
  mark(out, HEAT_H5_SYNC);
  if (usable(out)) {
    const heat_status read = verify(comm, out->partial, heat_h5_share(comm));
    if (read.code != HEAT_OK)
      out->status =
          heat_fail(HEAT_IO, "cannot write '%s': what was written does not read back (is the disk full?): %.300s",
                    out->path, read.text);
  }
  mark(out, HEAT_H5_VERIFY);
  if (usable(out) && out->grid->rank == 0) out->status = publish(out);
  out->status = heat_agree(comm, out->status);
  if (!usable(out) && out->grid->rank == 0) unlink(out->partial);
  mark(out, HEAT_H5_SYNC);
  return out->status;
}

void heat_h5_abandon(heat_h5 *out) {
  join_rows(out);
  if (out->file >= 0) H5Fclose(out->file);
  if (out->raw >= 0) close(out->raw);
  out->file = H5I_INVALID_HID;
  out->raw = -1;
}

heat_status heat_h5_open(hid_t *file, const char *path) {
  *file = H5I_INVALID_HID;
  struct stat info;
  const int handle = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer is no reason to wait */
  if (handle < 0) return heat_fail(HEAT_IO, "cannot read '%s': %s", path, strerror(errno));
  const bool regular = fstat(handle, &info) == 0 && S_ISREG(info.st_mode);
  close(handle);
  if (!regular) return heat_fail(HEAT_IO, "'%s' is not a regular file", path);
  *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  return *file >= 0 ? heat_ok() : heat_fail(HEAT_IO, "'%s' is not a readable HDF5 file (truncated or damaged?)", path);
}

/* How many bytes of a file of that length can hold something. What was never written takes no blocks of the file
 * system, so that a sparse file is long and holds little; a file system that compresses makes many bytes of one. */
static hsize_t filled(hid_t file, hsize_t length) {
  enum { BLOCK = 512, COMPRESSED_MOST = 64 };
  void *handle;
  struct stat info;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || fstat(*(int *)handle, &info) != 0) return 0;
  const hsize_t blocks = (hsize_t)info.st_blocks;
  /* Some file systems keep small files elsewhere, or do not count. */
  return blocks == 0 || blocks > length / BLOCK / COMPRESSED_MOST ? length : blocks * BLOCK * COMPRESSED_MOST;
}

/* Whether the file can hold what a dataset of that shape claims, so that sizes may be multiplied and memory be asked
 * for. Data in other files, and places where none were ever written, are not read as if they were there. */
static bool is_held(hid_t dataset, const hsize_t *shape, int dimensions, size_t width) {
  enum { DEFLATE_MOST = 1032, CAUTION = 64 }; /* bytes that deflate makes of one, at most; no value is wider */
  const hsize_t most_chunk = (hsize_t)256 << 20;
  hsize_t cells = 1, length = 0, chunk[DATASET_DIMENSIONS] = {0, 0}, in_chunk = 1, chunks = 1;
  hsize_t most[DATASET_DIMENSIONS] = {0, 0}; /* to which it may grow: HDF5 has places for that many chunks */
  for (int d = 0; d < dimensions; d++) {
    if (shape[d] > 0 && cells > (hsize_t)INT64_MAX / CAUTION / shape[d]) return false;
    cells *= shape[d];
  }
  if (cells == 0) return false; /* no dataset of a run is empty, and rows of nothing can be very many */
  const hid_t file = H5Iget_file_id(dataset), list = H5Dget_create_plist(dataset);
  bool good = file >= 0 && list >= 0 && H5Fget_filesize(file, &length) >= 0;
  const hsize_t bytes = cells * width;
  const H5D_layout_t layout = good ? H5Pget_layout(list) : H5D_LAYOUT_ERROR;
  if (layout == H5D_COMPACT) {
    good = H5Dget_storage_size(dataset) == bytes;
  } else if (layout == H5D_CONTIGUOUS) {
    const haddr_t at = H5Dget_offset(dataset);
    good = H5Pget_external_count(list) == 0 &&
           (bytes == 0 ||
            (at != HADDR_UNDEF && H5Dget_storage_size(dataset) == bytes && bytes <= length && at <= length - bytes));
  } else if (layout == H5D_CHUNKED) {
    const hid_t space = H5Dget_space(dataset);
    good = H5Sget_simple_extent_dims(space, NULL, most) == dimensions &&
           H5Pget_chunk(list, DATASET_DIMENSIONS, chunk) == dimensions;
    H5Sclose(space);
    for (int d = 0; d < dimensions && good; d++) {
      const hsize_t places = most[d] == H5S_UNLIMITED || most[d] < shape[d] ? shape[d] : most[d];
      good = chunk[d] > 0 && chunk[d] <= most_chunk / width / in_chunk;
      if (!good) break;
      in_chunk *= chunk[d];
      const hsize_t along = places / chunk[d] + (places % chunk[d] > 0);
      good = along == 0 || chunks <= (hsize_t)INT64_MAX / along;
      chunks *= along;
    }
    /* First what costs nothing: HDF5 looks at each chunk to tell how much is stored, and at those of no block as well.
     */
    good = good && chunks <= filled(file, length) && bytes / DEFLATE_MOST <= length;
    const hsize_t stored = good ? H5Dget_storage_size(dataset) : 0;
    good = good && stored <= length && bytes / DEFLATE_MOST <= stored;
  } else {
    good = false;
  }
  if (list >= 0) H5Pclose(list);
  if (file >= 0) H5Fclose(file);
  return good;
}

/* Whether a name stands for an object of this file itself, and not for one elsewhere. */
static bool is_here(hid_t file, const char *name) {
  H5L_info_t info;
  return H5Lexists(file, name, H5P_DEFAULT) > 0 && H5Lget_info(file, name, &info, H5P_DEFAULT) >= 0 &&
         info.type == H5L_TYPE_HARD;
}

/* Open a dataset of one or two dimensions of numbers. */
static heat_status open_dataset(hid_t file, const char *name, hid_t *dataset, int64_t *rows, int64_t *columns) {
  const size_t widest = 16;
  *dataset = is_here(file, name) ? H5Dopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
  if (*dataset < 0) return heat_fail(HEAT_IO, "there is no dataset %s", name);
  const hid_t space = H5Dget_space(*dataset), type = H5Dget_type(*dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  const size_t width = H5Tget_size(type);
  hsize_t shape[DATASET_DIMENSIONS] = {0, 0};
  const bool numbers = H5Tget_class(type) == H5T_FLOAT && width > 0 && width <= widest && dimensions >= 1 &&
                       dimensions <= DATASET_DIMENSIONS;
  if (numbers) H5Sget_simple_extent_dims(space, shape, NULL);
  const bool held = numbers && is_held(*dataset, shape, dimensions, width);
  H5Tclose(type);
  H5Sclose(space);
  *rows = held && dimensions == DATASET_DIMENSIONS ? (int64_t)shape[0] : 0;
  *columns = held ? (int64_t)shape[dimensions - 1] : 0;
  if (held) return heat_ok();
  H5Dclose(*dataset);
  *dataset = H5I_INVALID_HID;
  if (!numbers)
    return heat_fail(HEAT_IO, "the dataset %s does not hold floating-point numbers in 1 or 2 dimensions", name);
  return heat_fail(HEAT_IO, "the dataset %s claims %llu x %llu values, which the file does not hold", name,
                   (unsigned long long)shape[0], (unsigned long long)(dimensions == 1 ? 1 : shape[1]));
}

heat_status heat_h5_shape(hid_t file, const char *name, int64_t *rows, int64_t *columns) {
  hid_t dataset;
  heat_status status = open_dataset(file, name, &dataset, rows, columns);
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

static bool read_part(hid_t dataset, int dimensions, const hsize_t *start, const hsize_t *count, double *out) {
  const hid_t space = H5Dget_space(dataset), memory = H5Screate_simple(dimensions, count, NULL);
  const bool good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                    H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) >= 0;
  H5Sclose(memory);
  H5Sclose(space);
  return good;
}

heat_status heat_h5_read_box(hid_t file, const char *name, heat_box box, double *out) {
  hid_t dataset;
  int64_t rows, columns;
  heat_status status = open_dataset(file, name, &dataset, &rows, &columns);
  if (status.code != HEAT_OK) return status;
  const hsize_t start[DATASET_DIMENSIONS] = {(hsize_t)box.lo[HEAT_Y], (hsize_t)box.lo[HEAT_X]};
  const hsize_t count[DATASET_DIMENSIONS] = {(hsize_t)heat_box_width(box, HEAT_Y),
                                             (hsize_t)heat_box_width(box, HEAT_X)};
  if (rows < box.hi[HEAT_Y] || columns < box.hi[HEAT_X] || !read_part(dataset, DATASET_DIMENSIONS, start, count, out))
    status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  H5Dclose(dataset);
  return status;
}

heat_status heat_h5_read_vector(hid_t file, const char *name, int64_t start, int64_t count, double *out) {
  hid_t dataset;
  int64_t rows, columns;
  heat_status status = open_dataset(file, name, &dataset, &rows, &columns);
  if (status.code != HEAT_OK) return status;
  const hsize_t first = (hsize_t)start, part = (hsize_t)count;
  if (rows != 0 || columns < start + count || (count > 0 && !read_part(dataset, 1, &first, &part, out)))
    status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  H5Dclose(dataset);
  return status;
}

/* Open a root attribute of the class and number of elements that are expected. */
static hid_t open_attribute(hid_t file, const char *name, H5T_class_t kind, hssize_t count) {
  const hid_t attribute = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
  if (attribute < 0) return attribute;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const bool good = H5Tget_class(type) == kind && H5Sget_simple_extent_npoints(space) == count;
  H5Sclose(space);
  H5Tclose(type);
  if (good) return attribute;
  H5Aclose(attribute);
  return H5I_INVALID_HID;
}

static heat_status get_numbers(hid_t file, const char *name, H5T_class_t kind, hid_t type, int count, void *values) {
  const hid_t attribute = open_attribute(file, name, kind, count);
  const bool good = attribute >= 0 && H5Aread(attribute, type, values) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  return good ? heat_ok() : heat_fail(HEAT_IO, "the attribute %s is missing or not as it should be", name);
}

heat_status heat_h5_get_text(hid_t file, const char *name, char **value) {
  const hid_t attribute = open_attribute(file, name, H5T_STRING, 1);
  size_t length;
  *value = attribute >= 0 ? attribute_bytes(attribute, &length) : NULL;
  if (attribute >= 0) H5Aclose(attribute);
  return *value != NULL ? heat_ok() : heat_fail(HEAT_IO, "the attribute %s is missing or not as it should be", name);
}

heat_status heat_h5_get_real(hid_t file, const char *name, double *value) {
  return get_numbers(file, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, 1, value);
}

heat_status heat_h5_get_integer(hid_t file, const char *name, int64_t *value) {
  return get_numbers(file, name, H5T_INTEGER, H5T_NATIVE_INT64, 1, value);
}

heat_status heat_h5_get_integers(hid_t file, const char *name, int64_t *values, int count) {
  return get_numbers(file, name, H5T_INTEGER, H5T_NATIVE_INT64, count, values);
}

bool heat_h5_digest_known(const char *digest) {
  return strncmp(digest, digest_kind, strlen(digest_kind)) == 0;
}

/* A rank's share of the digest of a file's datasets: whole rows, or a part of a vector. */
typedef struct verify_job {
  int rank, size;
  uint64_t digest;
  heat_status status;
} verify_job;

static herr_t verify_dataset(hid_t group, const char *name, const H5L_info_t *info, void *context) {
  (void)info;
  verify_job *job = context;
  hid_t dataset;
  int64_t rows, columns;
  job->status = open_dataset(group, name, &dataset, &rows, &columns);
  if (job->status.code != HEAT_OK) return -1;
  const int dimensions = rows > 0 ? DATASET_DIMENSIONS : 1;
  const int64_t units = rows > 0 ? rows : columns, width = rows > 0 ? columns : 1;
  const int64_t begin = heat_block_start(units, job->size, job->rank);
  const int64_t end = heat_block_start(units, job->size, job->rank + 1);
  int64_t strip = STRIP_BYTES / (int64_t)sizeof(double) / (width > 0 ? width : 1);
  if (strip > end - begin) strip = end - begin;
  if (strip < 1) strip = 1;
  const size_t bytes = (size_t)strip * (size_t)width * sizeof(double);
  double *buffer = malloc(bytes + 1);
  if (buffer == NULL) job->status = heat_no_memory("reading back", bytes);
  for (int64_t first = begin; first < end && job->status.code == HEAT_OK; first += strip) {
    const int64_t count = first + strip < end ? strip : end - first;
    const hsize_t start[DATASET_DIMENSIONS] = {(hsize_t)first, 0};
    const hsize_t part[DATASET_DIMENSIONS] = {(hsize_t)count, (hsize_t)width};
    if (!read_part(dataset, dimensions, start, part, buffer)) {
      job->status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
      break;
    }
    job->digest += hash_rows(buffer, count, width, name_seed(name) + (uint64_t)first);
  }
  free(buffer);
  H5Dclose(dataset);
  return job->status.code == HEAT_OK ? 0 : -1;
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
    MPI_Sendrecv(&leader, 1, MPI_INT, to, 0, &other, 1, MPI_INT, from, 0, comm, MPI_STATUS_IGNORE);
    crossing[n] = other != leader;
  }
  MPI_Allreduce(MPI_IN_PLACE, crossing, SHIFTS, MPI_INT, MPI_SUM, comm);
  for (int n = 1; n < SHIFTS; n++)
    if (crossing[n] > crossing[best]) best = n;
  return (rank + shifts[best]) % size;
}

static heat_status verify(MPI_Comm comm, const char *path, int share) {
  verify_job job = {.rank = share};
  MPI_Comm_size(comm, &job.size);
  char *want = NULL;
  uint64_t state = 0;
  hid_t file;
  job.status = heat_h5_open(&file, path);
  if (job.status.code == HEAT_OK) job.status = heat_h5_get_text(file, digest_name, &want);
  if (job.status.code == HEAT_OK && !attributes_digest(file, &state))
    job.status = heat_fail(HEAT_IO, "its attributes cannot be read");
  if (job.status.code == HEAT_OK && H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, NULL, verify_dataset, &job) < 0)
    job.status = heat_first(job.status, heat_fail(HEAT_IO, "its datasets cannot be listed"));
  if (file >= 0) H5Fclose(file);
  MPI_Allreduce(MPI_IN_PLACE, &job.digest, 1, MPI_UINT64_T, MPI_SUM, comm);
  job.status = heat_agree(comm, job.status);
  char have[DIGEST_TEXT];
  digest_text(have, job.digest + state);
  if (job.status.code == HEAT_OK && !heat_h5_digest_known(want))
    job.status = heat_fail(HEAT_IO, "its digest '%.40s' is of a kind that this version does not know", want);
  if (job.status.code == HEAT_OK && strcmp(have, want) != 0)
    job.status = heat_fail(HEAT_IO, "its data do not agree with its digest (%s, computed %s)", want, have);
  free(want);
  heat_status status = heat_agree(comm, job.status);
  if (status.code == HEAT_OK || strstr(status.text, path) != NULL) return status;
  return heat_fail(HEAT_IO, "'%s' is damaged: %.800s", path, status.text);
}

heat_status heat_h5_verify(MPI_Comm comm, const char *path) {
  int rank;
  MPI_Comm_rank(comm, &rank);
  return verify(comm, path, rank);
}
