#define XXH_INLINE_ALL
#include "heat2d/h5io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum {
  STRIP_BYTES = 16 << 20, /* of the buffer between a field and a file */
  CHUNK = 256,            /* cells of a compressed chunk along each axis */
  ALIGNMENT = 4096,       /* bytes: large datasets start on a page of the file system */
  DIGEST_TEXT = 32,
  DATASET_DIMENSIONS = 2
};
static const char digest_name[] = "digest";

static uint64_t name_seed(const char *name) {
  return XXH3_64bits(name, strlen(name));
}

static inline uint64_t value_hash(double value, uint64_t place) {
  return XXH3_64bits_withSeed(&value, sizeof value, place);
}

static void digest_text(char text[DIGEST_TEXT], uint64_t digest) {
  snprintf(text, DIGEST_TEXT, "xxh3-sum:%016" PRIx64, digest);
}

/* The contents of an attribute as they are stored, ended by a zero byte; to be freed. Text of variable length is
 * refused: it lies in a heap without checksums, where a flipped bit makes HDF5 read anywhere. */
static void *attribute_bytes(hid_t attribute, size_t *length) {
  void *bytes = NULL;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const H5T_class_t kind = H5Tget_class(type);
  const bool plain = kind == H5T_FLOAT || kind == H5T_INTEGER || (kind == H5T_STRING && H5Tis_variable_str(type) == 0);
  if (plain && count > 0) {
    *length = (size_t)count * H5Tget_size(type);
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

static hid_t parallel_access(MPI_Comm comm) {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_mpio(list, comm, MPI_INFO_NULL);
  H5Pset_libver_bounds(list, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST); /* metadata with checksums */
  H5Pset_alignment(list, ALIGNMENT, ALIGNMENT);
  H5Pset_coll_metadata_write(list, true);
  return list;
}

/* MPI_File_open of Open MPI 4.1 hangs where one rank cannot open what the others can: so each rank tries by itself. */
static void try_to_open(heat_h5 *out) {
  const int mode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH; /* less the umask */
  for (int turn = 0; turn < 2 && usable(out); turn++) { /* rank 0 makes the file, then the others find it */
    if ((turn == 0) == (out->grid->rank == 0)) {
      const int file = open(out->partial, turn == 0 ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR, mode);
      if (file < 0) out->status = heat_fail(HEAT_IO, "cannot create '%s': %s", out->partial, strerror(errno));
      if (file >= 0) close(file);
    }
    out->status = heat_agree(out->grid->comm, out->status);
  }
}

void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path) {
  *out = (heat_h5){.grid = grid, .file = H5I_INVALID_HID, .mark = MPI_Wtime()};
  const int length = snprintf(out->partial, sizeof out->partial, "%s.partial", path);
  if (length < 0 || (size_t)length >= sizeof out->partial) {
    out->status = heat_fail(HEAT_DECK, "the path '%.60s...' is too long", path);
    return;
  }
  snprintf(out->path, sizeof out->path, "%s", path);
  try_to_open(out);
  if (!usable(out)) return;
  const hid_t list = parallel_access(grid->comm);
  out->file = H5Fcreate(out->partial, H5F_ACC_TRUNC, H5P_DEFAULT, list);
  H5Pclose(list);
  settle(out, out->file >= 0, "create");
}

static void set_attribute(heat_h5 *out, const char *object, const char *name, hid_t type, hid_t space,
                          const void *value) {
  if (!usable(out)) return;
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

static hid_t create_dataset(heat_h5 *out, const char *name, int dimensions, const hsize_t *shape,
                            heat_storage storage) {
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(dimensions, shape, NULL);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  H5Pset_obj_track_times(list, false);
  if (storage.compression > 0) {
    hsize_t chunk[DATASET_DIMENSIONS];
    for (int d = 0; d < dimensions; d++) chunk[d] = shape[d] < CHUNK ? shape[d] : CHUNK;
    H5Pset_chunk(list, dimensions, chunk);
    H5Pset_shuffle(list);
    H5Pset_deflate(list, (unsigned)storage.compression);
  }
  const hid_t type = storage.single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
  const hid_t dataset = H5Dcreate(out->file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Sclose(space);
  H5Pclose(list);
  return dataset;
}

/* Collective write of the rows [first, first + rows) of the block `box` from a packed buffer; no rows take part with an
 * empty selection. */
static bool write_block(hid_t dataset, heat_box box, int64_t first, int64_t rows, bool single, const void *buffer) {
  const hsize_t start[DATASET_DIMENSIONS] = {(hsize_t)(box.lo[HEAT_Y] + first), (hsize_t)box.lo[HEAT_X]};
  const hsize_t count[DATASET_DIMENSIONS] = {(hsize_t)rows, (hsize_t)heat_box_width(box, HEAT_X)};
  const hid_t space = H5Dget_space(dataset), memory = H5Screate_simple(DATASET_DIMENSIONS, count, NULL);
  const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  if (rows > 0) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
  } else {
    H5Sselect_none(space);
    H5Sselect_none(memory);
  }
  const bool good =
      H5Dwrite(dataset, single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, memory, space, transfer, buffer) >= 0;
  H5Pclose(transfer);
  H5Sclose(memory);
  H5Sclose(space);
  return good;
}

/* Pack rows of a field, as doubles or narrowed in place to floats, and add their hashes to the digest. */
static uint64_t pack_rows(const heat_grid *grid, const heat_field *field, int64_t first, int64_t rows, bool single,
                          uint64_t seed, void *buffer) {
  const heat_box owned = field->owned;
  const int64_t columns = heat_box_width(owned, HEAT_X);
  uint64_t digest = 0;
  double *doubles = buffer;
  float *floats = buffer;
  for (int64_t row = 0; row < rows; row++) {
    const int64_t j = owned.lo[HEAT_Y] + first + row;
    const double *from = heat_field_at(field, owned.lo[HEAT_X], j);
    const uint64_t place = seed + (uint64_t)(j * grid->layout.cells[HEAT_X] + owned.lo[HEAT_X]);
    for (int64_t i = 0; i < columns; i++) {
      double value = from[i];
      if (single) {
        floats[row * columns + i] = (float)value;
        value = (double)(float)value;
      } else {
        doubles[row * columns + i] = value;
      }
      digest += value_hash(value, place + (uint64_t)i);
    }
  }
  return digest;
}

static void write_strips(heat_h5 *out, hid_t dataset, const heat_field *field, heat_storage storage, uint64_t seed) {
  const heat_box owned = field->owned;
  const int64_t rows = heat_box_width(owned, HEAT_Y);
  const size_t row_bytes = (size_t)heat_box_width(owned, HEAT_X) * (storage.single ? sizeof(float) : sizeof(double));
  /* Chunks are compressed whole, so a compressed field is written in one piece. */
  int64_t strip = storage.compression > 0 ? rows : (int64_t)(STRIP_BYTES / row_bytes);
  strip = strip < 1 ? 1 : strip > rows ? rows : strip;
  int64_t strips = (rows + strip - 1) / strip;
  MPI_Allreduce(MPI_IN_PLACE, &strips, 1, MPI_INT64_T, MPI_MAX, out->grid->comm);
  void *buffer = malloc((size_t)strip * row_bytes);
  if (buffer == NULL) out->status = heat_no_memory("writing a field", (size_t)strip * row_bytes);
  settle(out, true, "write");
  bool good = true;
  for (int64_t s = 0; s < strips && usable(out); s++) {
    const int64_t first = s * strip < rows ? s * strip : rows;
    const int64_t count = first + strip < rows ? strip : rows - first;
    mark(out, HEAT_H5_WRITE);
    out->digest += pack_rows(out->grid, field, first, count, storage.single, seed, buffer);
    mark(out, HEAT_H5_PACK);
    good = write_block(dataset, owned, first, count, storage.single, buffer) && good;
  }
  free(buffer);
  settle(out, good, "write");
}

void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage) {
  settle(out, true, "write"); /* an attribute may have failed on one rank */
  if (!usable(out)) return;
  const int64_t *cells = out->grid->layout.cells;
  const hsize_t shape[DATASET_DIMENSIONS] = {(hsize_t)cells[HEAT_Y], (hsize_t)cells[HEAT_X]};
  const hid_t dataset = create_dataset(out, name, DATASET_DIMENSIONS, shape, storage);
  settle(out, dataset >= 0, "write");
  if (usable(out)) write_strips(out, dataset, field, storage, name_seed(name));
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_write_vector(heat_h5 *out, const char *name, int64_t length, int64_t start, int64_t count,
                          const double *values) {
  settle(out, true, "write");
  if (!usable(out)) return;
  const hsize_t shape = (hsize_t)length, first = (hsize_t)start, part = (hsize_t)count;
  const hid_t dataset = create_dataset(out, name, 1, &shape, (heat_storage){0});
  settle(out, dataset >= 0, "write");
  if (usable(out)) {
    const hid_t space = H5Dget_space(dataset), memory = H5Screate_simple(1, &part, NULL);
    if (count > 0)
      H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &part, NULL);
    else
      H5Sselect_none(space);
    const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
    const double nothing = 0;
    const bool good = H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, transfer, count > 0 ? values : &nothing) >= 0;
    H5Pclose(transfer);
    H5Sclose(memory);
    H5Sclose(space);
    const uint64_t place = name_seed(name) + (uint64_t)start;
    for (int64_t n = 0; n < count; n++) out->digest += value_hash(values[n], place + (uint64_t)n);
    settle(out, good, "write");
  }
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_attach_scale(heat_h5 *out, const char *dataset, const char *scale, int dimension) {
  settle(out, true, "write");
  if (!usable(out)) return;
  const hid_t field = H5Dopen(out->file, dataset, H5P_DEFAULT), axis = H5Dopen(out->file, scale, H5P_DEFAULT);
  bool good = field >= 0 && axis >= 0;
  good = good && (H5DSis_scale(axis) > 0 || H5DSset_scale(axis, scale) >= 0);
  good = good && H5DSattach_scale(field, axis, (unsigned)dimension) >= 0;
  if (axis >= 0) H5Dclose(axis);
  if (field >= 0) H5Dclose(field);
  settle(out, good, "attach a scale in");
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
  const bool good = attributes_digest(out->file, &state);
  MPI_Allreduce(MPI_IN_PLACE, &out->digest, 1, MPI_UINT64_T, MPI_SUM, out->grid->comm);
  out->digest += state;
  char text[DIGEST_TEXT];
  digest_text(text, out->digest);
  settle(out, good, "read back");
  heat_h5_set_text(out, "/", digest_name, text);
  settle(out, true, "write");
}

/* Rename, and make the new name durable. */
static heat_status publish(const heat_h5 *out) {
  if (rename(out->partial, out->path) != 0)
    return heat_fail(HEAT_IO, "cannot rename '%s': %s", out->partial, strerror(errno));
  char directory[HEAT_PATH];
  snprintf(directory, sizeof directory, "%s", out->path);
  char *slash = strrchr(directory, '/');
  if (slash != NULL) *slash = '\0';
  return heat_sync(slash == NULL ? "." : slash == directory ? "/" : directory);
}

heat_status heat_h5_commit(heat_h5 *out) {
  MPI_Comm comm = out->grid->comm;
  out->status = heat_agree(comm, out->status);
  if (usable(out)) write_digest(out);
  mark(out, HEAT_H5_WRITE);
  if (usable(out)) settle(out, H5Fflush(out->file, H5F_SCOPE_GLOBAL) >= 0, "write"); /* to the disk, on every node */
  mark(out, HEAT_H5_SYNC);
  if (out->file >= 0) settle(out, H5Fclose(out->file) >= 0, "close");
  out->file = H5I_INVALID_HID;
  mark(out, HEAT_H5_WRITE);
  if (usable(out) && out->grid->rank == 0) out->status = heat_sync(out->partial);
  out->status = heat_agree(comm, out->status);
  mark(out, HEAT_H5_SYNC);
  if (usable(out)) {
    const heat_status read = heat_h5_verify(comm, out->partial);
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

heat_status heat_h5_open(hid_t *file, const char *path) {
  *file = H5I_INVALID_HID;
  if (access(path, R_OK) != 0) return heat_fail(HEAT_IO, "cannot read '%s': %s", path, strerror(errno));
  *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  return *file >= 0 ? heat_ok() : heat_fail(HEAT_IO, "'%s' is not a readable HDF5 file (truncated or damaged?)", path);
}

/* Open a dataset of one or two dimensions of numbers. */
static heat_status open_dataset(hid_t file, const char *name, hid_t *dataset, int64_t *rows, int64_t *columns) {
  *dataset = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Dopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
  if (*dataset < 0) return heat_fail(HEAT_IO, "there is no dataset %s", name);
  const hid_t space = H5Dget_space(*dataset), type = H5Dget_type(*dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  hsize_t shape[DATASET_DIMENSIONS] = {0, 0};
  const bool good = H5Tget_class(type) == H5T_FLOAT && dimensions >= 1 && dimensions <= DATASET_DIMENSIONS;
  if (good) H5Sget_simple_extent_dims(space, shape, NULL);
  H5Tclose(type);
  H5Sclose(space);
  *rows = dimensions == DATASET_DIMENSIONS ? (int64_t)shape[0] : 0;
  *columns = good ? (int64_t)shape[dimensions - 1] : 0;
  if (good) return heat_ok();
  H5Dclose(*dataset);
  *dataset = H5I_INVALID_HID;
  return heat_fail(HEAT_IO, "the dataset %s does not hold floating-point numbers in 1 or 2 dimensions", name);
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

/* This rank's share of the digest of a file's datasets: whole rows, or a part of a vector. */
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
    const uint64_t place = name_seed(name) + (uint64_t)(first * width);
    for (int64_t n = 0; n < count * width; n++) job->digest += value_hash(buffer[n], place + (uint64_t)n);
  }
  free(buffer);
  H5Dclose(dataset);
  return job->status.code == HEAT_OK ? 0 : -1;
}

heat_status heat_h5_verify(MPI_Comm comm, const char *path) {
  verify_job job = {0};
  MPI_Comm_rank(comm, &job.rank);
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
  if (job.status.code == HEAT_OK && strcmp(have, want) != 0)
    job.status = heat_fail(HEAT_IO, "its data do not agree with its digest (%s, computed %s)", want, have);
  free(want);
  heat_status status = heat_agree(comm, job.status);
  if (status.code == HEAT_OK || strstr(status.text, path) != NULL) return status;
  return heat_fail(HEAT_IO, "'%s' is damaged: %.800s", path, status.text);
}
