#include "heat2d/io/h5_file.h"

#include "heat2d/io/directory.h"
#include "heat2d/io/h5_digest.h"
#include "heat2d/io/transport_direct.h"

#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path, const heat_h5_way *way) {
  const heat_h5_way own = way != NULL ? *way : (heat_h5_way){.hints = MPI_INFO_NULL};
  *out = (heat_h5){.grid = grid,
                   .transport = own.transport != NULL ? own.transport : &heat_transport_direct,
                   .way = own,
                   .apart = 1,
                   .file = H5I_INVALID_HID,
                   .raw = -1,
                   .uncached = {.file = -1},
                   .mark = MPI_Wtime()};
  if (!out->transport->together && own.crew != NULL) out->apart = own.crew->apart;
  const int length = snprintf(out->partial, sizeof out->partial, "%s.partial", path);
  if (length < 0 || (size_t)length >= sizeof out->partial) {
    out->status = heat_fail(HEAT_DECK, "the path '%.60s...' is too long", path);
    return;
  }
  snprintf(out->path, sizeof out->path, "%s", path);
  if (out->transport->together)
    heat_stall_begin(&out->guard, grid->rank, out->partial, own.record != NULL ? &own.record->calls : NULL);
  out->transport->create(out);
}

static void set_attribute(heat_h5 *out, const char *object, const char *name, hid_t type, hid_t space,
                          const void *value) {
  if (!heat_h5_usable(out) || out->file < 0) return;
  const hid_t attribute =
      H5Acreate_by_name(out->file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0) {
    char reason[HEAT_MPIO_REASON];
    heat_mpio_reason(reason);
    out->status = heat_fail(HEAT_IO, "cannot write the attribute %s of '%s': %s", name, out->partial, reason);
  }
  if (attribute >= 0) H5Aclose(attribute);
  if (!out->transport->together) return;
  out->broken = out->broken || !heat_h5_usable(out);
  heat_h5_agree_step(out, true, "write");
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

/* Add what the rows that were just written have given to the whole: a failure, their digest, their times. */
static void merge_rows(heat_h5 *out) {
  heat_h5_rows *rows = &out->rows;
  if (rows->error != 0 && heat_h5_usable(out))
    out->status = heat_fail(HEAT_IO, "cannot write '%s': %s", out->partial, strerror(rows->error));
  out->digest += rows->digest;
  out->read_rows.digest = rows->digest;
  for (int phase = 0; phase < HEAT_H5_PHASES; phase++) out->times.seconds[phase] += rows->times.seconds[phase];
  rows->digest = 0;
  rows->times = (heat_h5_times){{0}};
}

/* Write a field's rows in the rounds of `d`, each through one buffer. Where the rows are to be written behind the
 * caller there is one round, and the buffer is the thread's until join_rows. */
static void write_rows(heat_h5 *out, hid_t dataset, const heat_field *field, heat_storage storage, const char *name,
                       const heat_h5_distribution *d) {
  const heat_grid *grid = out->grid;
  heat_h5_rows *rows = &out->rows;
  const int64_t nx = grid->layout.cells[HEAT_X], width = storage.single ? sizeof(float) : sizeof(double);
  const bool writes = grid->rank % d->apart == 0;
  const size_t bytes = writes ? (size_t)(d->strip * nx) * sizeof(double) : 0;
  MPI_Request *requests = malloc(((size_t)heat_h5_rows_requests(grid, d) + 1) * sizeof(MPI_Request));
  heat_h5_packed_chunk *packed = storage.compression > 0 ? malloc(sizeof *packed) : NULL;
  rows->values = heat_h5_rows_memory(bytes + 1);
  if (rows->values == NULL || requests == NULL || (packed == NULL && storage.compression > 0))
    out->status = heat_no_memory("writing a field", bytes);
  bool good = out->transport->begin_field(out, dataset, storage);
  heat_h5_agree_step(out, good, "write");
  const int64_t rounds = heat_h5_usable(out) ? d->rounds : 0; /* all of them: other ranks wait for what this one has */
  for (int64_t round = 0; round < rounds; round++) {
    int64_t lo, hi;
    heat_h5_rows_range(d, grid->rank, round, &lo, &hi);
    heat_h5_mark(out, HEAT_H5_WRITE);
    heat_stall_enter(&out->guard, "the exchange of rows");
    heat_h5_rows_collect(grid, field, d, round, rows->values, requests);
    heat_h5_mark(out, HEAT_H5_PACK);
    rows->count = (hi - lo) * nx;
    rows->width = nx;
    rows->most = d->strip;
    rows->place = heat_h5_name_seed(name) + (uint64_t)lo;
    if (storage.compression > 0) { /* chunks at the edge of the field are whole as well: zeros lie outside of it */
      memset(rows->values + rows->count, 0, bytes - (size_t)rows->count * sizeof(double));
      heat_h5_rows_hash(rows);
      if (storage.single) /* behind the last narrow value */
        memset((char *)rows->values + rows->count * width, 0, bytes - (size_t)(rows->count * width));
      const heat_h5_chunk_row row = {grid, d, round, storage, rows->values};
      good = out->transport->write_chunks(out, dataset, &row, packed) && good;
    } else {
      good = out->transport->write_rows(out, dataset, lo) && good;
    }
  }
  free(packed);
  free(requests);
  if (rows->running) return;
  free(rows->values);
  merge_rows(out);
  if (!rows->behind)
    heat_h5_agree_step(out, good, "write"); /* else other ranks may have their thread: heat_h5_commit agrees */
}

/* Wait for the thread that writes rows, if there is one. */
static void join_rows(heat_h5 *out) {
  heat_h5_rows *rows = &out->rows;
  if (!rows->running) return;
  heat_h5_rows_join(rows);
  free(rows->values);
  merge_rows(out);
}

/* Create a dataset where the file is open, all agreeing; H5I_INVALID_HID elsewhere and on failure. */
static hid_t new_dataset(heat_h5 *out, const char *name, int dimensions, const hsize_t *shape, heat_storage storage) {
  hid_t dataset = H5I_INVALID_HID;
  heat_h5_agree_step(out, true, "write"); /* an attribute may have failed */
  if (!heat_h5_usable(out)) return dataset;
  if (out->file >= 0) dataset = heat_h5_create_dataset(out->file, name, dimensions, shape, storage);
  out->broken = out->broken || (dataset < 0 && out->file >= 0);
  heat_h5_agree_step(out, !out->broken, "write");
  return dataset;
}

static void write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage,
                        int64_t strip_bytes) {
  const int64_t *cells = out->grid->layout.cells;
  const hsize_t shape[HEAT_H5_DIMENSIONS] = {(hsize_t)cells[HEAT_Y], (hsize_t)cells[HEAT_X]};
  const hid_t dataset = new_dataset(out, name, HEAT_H5_DIMENSIONS, shape, storage);
  if (!heat_h5_usable(out)) return;
  const int64_t unit = storage.compression > 0 ? HEAT_H5_CHUNK : 1;
  const heat_h5_distribution d = heat_h5_rows_distribute_among(out->grid, unit, strip_bytes, out->apart);
  out->rows.single = storage.single;
  write_rows(out, dataset, field, storage, name, &d);
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage) {
  out->rows.behind = false;
  write_field(out, name, field, storage, storage.compression > 0 ? 0 : HEAT_H5_STRIP_BYTES); /* 0: one row of chunks */
}

void heat_h5_write_field_behind(heat_h5 *out, const char *name, const heat_field *field) {
  out->rows.behind = out->transport->behind;
  write_field(out, name, field, (heat_storage){0}, out->rows.behind ? INT64_MAX : HEAT_H5_STRIP_BYTES);
  out->read_rows.name = name;
  out->read_rows.place = out->place;
}

bool heat_h5_busy(heat_h5 *out) {
  return out->rows.running && !atomic_load_explicit(&out->rows.done, memory_order_acquire);
}

void heat_h5_write_vector(heat_h5 *out, const char *name, int64_t length, int64_t start, int64_t count,
                          const double *values) {
  const hsize_t shape = (hsize_t)length;
  const hid_t dataset = new_dataset(out, name, 1, &shape, (heat_storage){0});
  if (!heat_h5_usable(out)) return;
  const heat_h5_part part = {length, start, count, values};
  out->digest += heat_h5_hash_rows(values, count, 1, heat_h5_name_seed(name) + (uint64_t)start);
  heat_h5_agree_step(out, out->transport->write_vector(out, dataset, &part), "write");
  if (dataset >= 0) H5Dclose(dataset);
}

void heat_h5_attach_scale(heat_h5 *out, const char *dataset, const char *scale, int dimension) {
  heat_h5_agree_step(out, true, "write");
  if (!heat_h5_usable(out)) return;
  bool good = true;
  if (out->file >= 0) {
    const hid_t field = H5Dopen(out->file, dataset, H5P_DEFAULT), axis = H5Dopen(out->file, scale, H5P_DEFAULT);
    good = field >= 0 && axis >= 0;
    good = good && (H5DSis_scale(axis) > 0 || H5DSset_scale(axis, scale) >= 0);
    good = good && H5DSattach_scale(field, axis, (unsigned)dimension) >= 0;
    if (axis >= 0) H5Dclose(axis);
    if (field >= 0) H5Dclose(field);
  }
  out->broken = out->broken || !good;
  heat_h5_agree_step(out, good, "attach a scale in");
}

void heat_h5_make_scale(heat_h5 *out, const char *name) {
  heat_h5_agree_step(out, true, "write");
  if (!heat_h5_usable(out)) return;
  bool good = true;
  if (out->file >= 0) {
    const hid_t axis = H5Dopen(out->file, name, H5P_DEFAULT);
    good = axis >= 0 && H5DSset_scale(axis, name) >= 0;
    if (axis >= 0) H5Dclose(axis);
  }
  out->broken = out->broken || !good;
  heat_h5_agree_step(out, good, "make a scale in");
}

static void write_digest(heat_h5 *out) {
  uint64_t state = 0;
  const bool good = out->file < 0 || heat_h5_attributes_digest(out->file, &state);
  if (out->grid->rank == 0) out->digest += state;
  MPI_Allreduce(MPI_IN_PLACE, &out->digest, 1, MPI_UINT64_T, MPI_SUM, out->grid->comm);
  char text[HEAT_H5_DIGEST_TEXT];
  heat_h5_digest_text(text, out->digest);
  heat_h5_agree_step(out, good, "read back");
  heat_h5_set_text(out, "/", heat_h5_digest_name, text);
  heat_h5_agree_step(out, true, "write");
}

/* Rename, and make the new name durable. */
static heat_status publish(const heat_h5 *out) {
  const heat_status renamed = heat_directory_publish(out->partial, out->path);
  if (renamed.code != HEAT_OK) return renamed;
  char directory[HEAT_PATH];
  snprintf(directory, sizeof directory, "%s", out->path);
  char *slash = strrchr(directory, '/');
  if (slash != NULL) *slash = '\0';
  return heat_directory_sync(slash == NULL ? "." : slash == directory ? "/" : directory);
}

/* Whether every rank has already read back the rows that it wrote behind the steps. Collective. */
static bool have_read_rows(const heat_h5 *out) {
  const heat_h5_rows *rows = &out->rows;
  int all = rows->file < 0 || rows->read_back; /* for a rank without rows another one writes */
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, out->grid->comm);
  return all;
}

/* Read the file back, each rank what another one wrote, except for rows that are known to be right. Where only some
 * ranks write, only these read. */
static heat_status read_back(const heat_h5 *out) {
  const heat_h5_crew *crew = out->way.crew;
  heat_h5_back back = {.share = 0};
  if (out->rows.behind && have_read_rows(out)) back.rows = out->read_rows;
  if (out->apart == 1) {
    back.share = heat_h5_share(out->grid->comm);
    return heat_h5_verify_back(out->grid->comm, out->partial, &out->way, &back);
  }
  heat_status own = heat_ok();
  if (crew->writers != MPI_COMM_NULL) {
    back.share = crew->share;
    own = heat_h5_verify_back(crew->writers, out->partial, &out->way, &back);
  }
  return heat_agree(out->grid->comm, own);
}

heat_status heat_h5_commit(heat_h5 *out) {
  MPI_Comm comm = out->grid->comm;
  out->mark = MPI_Wtime();
  join_rows(out);
  heat_h5_mark(out, HEAT_H5_WRITE);
  out->status = heat_agree(comm, out->status);
  if (heat_h5_usable(out)) write_digest(out);
  out->transport->close(out);
  heat_h5_uncached_close(&out->uncached);
  heat_stall_end(&out->guard);
  out->status = heat_agree(comm, out->status);
  heat_h5_mark(out, HEAT_H5_SYNC);
  if (heat_h5_usable(out)) {
    const heat_status read = read_back(out);
    if (read.code != HEAT_OK)
      out->status =
          heat_fail(HEAT_IO, "cannot write '%s': what was written does not read back (is the disk full?): %.300s",
                    out->path, read.text);
  }
  heat_h5_mark(out, HEAT_H5_VERIFY);
  if (heat_h5_usable(out) && out->grid->rank == 0) out->status = publish(out);
  out->status = heat_agree(comm, out->status);
  if (!heat_h5_usable(out) && out->grid->rank == 0) unlink(out->partial);
  heat_h5_mark(out, HEAT_H5_SYNC);
  return out->status;
}

void heat_h5_abandon(heat_h5 *out) {
  join_rows(out);
  heat_stall_end(&out->guard);
  if (out->file >= 0 && !out->transport->together) H5Fclose(out->file);
  if (out->raw >= 0) close(out->raw);
  heat_h5_uncached_close(&out->uncached);
  out->file = H5I_INVALID_HID;
  out->raw = -1;
}
