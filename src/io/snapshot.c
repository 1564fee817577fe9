#include "heat2d/io/snapshot.h"

#include "heat2d/io/directory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const char prefix[] = "snapshot-", suffix[] = ".h5";

static void snapshot_name(char name[64], int64_t step) {
  snprintf(name, 64, "%s%010lld%s", prefix, (long long)step, suffix);
}

/* Read what run.xdmf needs to know of the snapshot of a step; false if the file is no snapshot. */
static bool read_entry(const char *directory, int64_t step, heat_xdmf_entry *entry) {
  char name[64], path[HEAT_PATH];
  snapshot_name(name, step);
  hid_t file = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
  *entry = (heat_xdmf_entry){.step = step};
  if (heat_directory_join(path, sizeof path, directory, name).code != HEAT_OK) return false;
  bool good = heat_h5_open(&file, path).code == HEAT_OK && heat_h5_get_real(file, "time", &entry->time).code == HEAT_OK;
  if (good) dataset = H5Dopen(file, "temperature", H5P_DEFAULT);
  good = good && dataset >= 0;
  if (good) {
    const hid_t type = H5Dget_type(dataset);
    entry->single = H5Tget_size(type) == sizeof(float);
    H5Tclose(type);
  }
  if (dataset >= 0) H5Dclose(dataset);
  if (file >= 0) H5Fclose(file);
  return good;
}

/* Begin the series with the snapshots that a resumed run keeps, and then remove those that it will write again. In this
 * order run.xdmf never names a missing file, even if this is interrupted. */
static heat_status take_up(heat_snapshots *snapshots, int64_t keep) {
  int64_t *steps;
  int count, kept = 0;
  heat_status status = heat_directory_steps(snapshots->directory, prefix, suffix, &steps, &count);
  heat_xdmf_entry *entries = calloc((size_t)count + 1, sizeof *entries);
  if (entries == NULL) status = heat_no_memory("the list of snapshots", (size_t)count * sizeof *entries);
  for (int n = 0; n < count && status.code == HEAT_OK && steps[n] <= keep; n++)
    kept += read_entry(snapshots->directory, steps[n], &entries[kept]); /* a file of another origin is not touched */
  snapshots->series =
      (heat_xdmf){.problem = snapshots->problem, .directory = snapshots->directory, .title = snapshots->title};
  if (status.code == HEAT_OK) status = heat_xdmf_open(&snapshots->series, entries, kept);
  if (status.code == HEAT_OK) status = heat_directory_remove_after(snapshots->directory, prefix, suffix, keep);
  free(entries);
  free(steps);
  return status;
}

heat_status heat_snapshots_create(heat_snapshots *snapshots, int64_t keep) {
  heat_status status = heat_ok();
  if (snapshots->grid->rank == 0) status = take_up(snapshots, keep);
  return heat_agree(snapshots->grid->comm, status);
}

void heat_snapshots_destroy(heat_snapshots *snapshots) {
  heat_xdmf_close(&snapshots->series);
}

/* Write the cell centres along an axis; each rank of the first row (or column) of ranks writes its own. */
static void write_axis(heat_h5 *out, const heat_problem *problem, int axis, const char *name) {
  const heat_grid *grid = out->grid;
  const bool gives = grid->owned.lo[1 - axis] == 0;
  const int64_t lo = grid->owned.lo[axis], count = gives ? heat_box_width(grid->owned, axis) : 0;
  double *centres = malloc(((size_t)count + 1) * sizeof *centres);
  if (centres == NULL) out->status = heat_no_memory("the coordinates", (size_t)count * sizeof *centres);
  out->status = heat_agree(grid->comm, out->status);
  for (int64_t n = 0; n < count && centres != NULL; n++) centres[n] = heat_problem_centre(problem, axis, lo + n);
  heat_h5_write_vector(out, name, grid->layout.cells[axis], lo, count, centres);
  heat_h5_set_text(out, name, "units", "m");
  heat_h5_set_text(out, name, "long_name",
                   axis == HEAT_X ? "x coordinate of the cell centre" : "y coordinate of the cell centre");
  heat_h5_set_text(out, name, "axis", axis == HEAT_X ? "X" : "Y");
  free(centres);
}

/* Write the time as a vector of one value, so that it is a coordinate along which files can be joined. */
static void write_time(heat_h5 *out, double time) {
  heat_h5_write_vector(out, "time", 1, 0, out->grid->rank == 0, &time);
  heat_h5_set_text(out, "time", "units", "s");
  heat_h5_set_text(out, "time", "long_name", "simulated time");
  heat_h5_set_text(out, "time", "axis", "T");
  heat_h5_make_scale(out, "time");
}

typedef struct moment {
  int64_t step;
  double time, dt;
} moment;

static heat_status write_file(const heat_snapshots *snapshots, const heat_field *field, moment when, const char *name,
                              heat_storage storage) {
  const heat_grid *grid = snapshots->grid;
  char path[HEAT_PATH], created[32];
  heat_status status = heat_directory_join(path, sizeof path, snapshots->directory, name);
  if (status.code != HEAT_OK) return status;
  heat_timestamp(created);
  MPI_Bcast(created, sizeof created, MPI_CHAR, 0, grid->comm);
  heat_h5 out;
  heat_h5_begin(&out, grid, path, snapshots->way);
  heat_h5_set_text(&out, "/", "Conventions", "CF-1.8");
  heat_h5_set_text(&out, "/", "title", snapshots->title);
  heat_h5_set_text(&out, "/", "version", heat_version());
  heat_h5_set_text(&out, "/", "created", created);
  heat_h5_set_text(&out, "/", "job", heat_job());
  heat_h5_set_text(&out, "/", "parent", "");
  heat_h5_set_text(&out, "/", "deck", snapshots->deck);
  heat_h5_set_integer(&out, "/", "ranks", grid->size);
  heat_h5_set_integer(&out, "/", "step", when.step);
  heat_h5_set_real(&out, "/", "time", when.time);
  heat_h5_set_real(&out, "/", "dt", when.dt);
  heat_h5_write_field(&out, "temperature", field, storage);
  heat_h5_set_text(&out, "temperature", "units", "K");
  heat_h5_set_text(&out, "temperature", "long_name", "temperature");
  heat_h5_set_text(&out, "temperature", "coordinates", "time");
  write_time(&out, when.time);
  write_axis(&out, snapshots->problem, HEAT_X, "x");
  write_axis(&out, snapshots->problem, HEAT_Y, "y");
  heat_h5_attach_scale(&out, "temperature", "y", 0);
  heat_h5_attach_scale(&out, "temperature", "x", 1);
  return heat_h5_commit(&out);
}

/* Whether float32 can hold a field: no value is too large for it, and not all values are too small. */
static bool fits_single(heat_extent extent) {
  const double largest = fmax(fabs(extent.min), fabs(extent.max));
  return largest == 0 || (largest >= FLT_MIN && largest <= FLT_MAX);
}

heat_status heat_snapshots_write(heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt) {
  char name[64];
  heat_storage storage = snapshots->storage;
  snapshot_name(name, step);
  if (storage.single && !fits_single(heat_field_extent(field, snapshots->grid))) {
    storage.single = false;
    snapshots->widened++;
  }
  heat_status status = write_file(snapshots, field, (moment){step, time, dt}, name, storage);
  if (status.code != HEAT_OK || snapshots->grid->rank != 0) return status;
  return heat_xdmf_add(&snapshots->series, (heat_xdmf_entry){step, time, storage.single});
}

heat_status heat_snapshots_crash(const heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt) {
  char name[64];
  snprintf(name, sizeof name, "crash-%010lld.h5", (long long)step);
  return write_file(snapshots, field, (moment){step, time, dt}, name,
                    (heat_storage){.compression = snapshots->storage.compression});
}
