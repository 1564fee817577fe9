#include "heat2d/snapshot.h"

#include "heat2d/directory.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "snapshot-", suffix[] = ".h5";

static void snapshot_name(char name[64], int64_t step) {
  snprintf(name, 64, "%s%010lld%s", prefix, (long long)step, suffix);
}

static heat_status append(heat_snapshots *snapshots, int64_t step, double time) {
  const size_t count = (size_t)snapshots->count + 1;
  int64_t *steps = realloc(snapshots->steps, count * sizeof *steps);
  if (steps != NULL) snapshots->steps = steps;
  double *times = realloc(snapshots->times, count * sizeof *times);
  if (times != NULL) snapshots->times = times;
  if (steps == NULL || times == NULL) return heat_no_memory("the list of snapshots", count * sizeof *steps);
  /* A step that is written again stays where it is in the series. */
  if (snapshots->count > 0 && steps[snapshots->count - 1] == step) snapshots->count--;
  steps[snapshots->count] = step;
  times[snapshots->count++] = time;
  return heat_ok();
}

/* Take up the snapshots that a resumed run keeps, and remove those that it will write again. */
static heat_status take_up(heat_snapshots *snapshots, int64_t keep) {
  int64_t *steps;
  int count;
  heat_status status = heat_directory_remove_after(snapshots->directory, prefix, suffix, keep);
  if (status.code != HEAT_OK) return status;
  status = heat_directory_steps(snapshots->directory, prefix, suffix, &steps, &count);
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    char name[64], path[HEAT_PATH];
    snapshot_name(name, steps[n]);
    status = heat_directory_join(path, sizeof path, snapshots->directory, name);
    if (status.code != HEAT_OK) break;
    double time = 0;
    hid_t file;
    heat_status readable = heat_h5_open(&file, path);
    if (readable.code == HEAT_OK) readable = heat_h5_get_real(file, "time", &time);
    if (file >= 0) H5Fclose(file);
    if (readable.code == HEAT_OK) status = append(snapshots, steps[n], time); /* a foreign file is left alone */
  }
  free(steps);
  return status;
}

heat_status heat_snapshots_create(heat_snapshots *snapshots, int64_t keep) {
  heat_status status = heat_ok();
  if (snapshots->grid->rank == 0) status = take_up(snapshots, keep);
  return heat_agree(snapshots->grid->comm, status);
}

void heat_snapshots_destroy(heat_snapshots *snapshots) {
  free(snapshots->steps);
  free(snapshots->times);
}

/* Text as the contents of an XML attribute. */
static void put_xml(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    switch (*text) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    default:
      fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
  }
}

/* XDMF 2: a uniform mesh of nx x ny cells given by its corner points, axes in the order y, x. */
static heat_status write_xdmf(const heat_snapshots *snapshots) {
  const heat_problem *problem = snapshots->grid->problem;
  const long long nx = problem->cells[HEAT_X], ny = problem->cells[HEAT_Y];
  char *text = NULL, path[HEAT_PATH];
  size_t length = 0;
  heat_status status = heat_directory_join(path, sizeof path, snapshots->directory, "run.xdmf");
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return heat_no_memory("run.xdmf", length);
  fprintf(out, "<?xml version=\"1.0\" ?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n    <Grid Name=\"");
  put_xml(out, snapshots->title[0] != '\0' ? snapshots->title : "heat2d");
  fprintf(out, "\" GridType=\"Collection\" CollectionType=\"Temporal\">\n");
  for (int n = 0; n < snapshots->count; n++) {
    char name[64];
    snapshot_name(name, snapshots->steps[n]);
    fprintf(out,
            "      <Grid Name=\"step %lld\" GridType=\"Uniform\">\n        <Time Value=\"%.17g\"/>\n"
            "        <Topology TopologyType=\"2DCORECTMesh\" Dimensions=\"%lld %lld\"/>\n"
            "        <Geometry GeometryType=\"ORIGIN_DXDY\">\n"
            "          <DataItem Dimensions=\"2\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">%.17g "
            "%.17g</DataItem>\n"
            "          <DataItem Dimensions=\"2\" NumberType=\"Float\" Precision=\"8\" Format=\"XML\">%.17g "
            "%.17g</DataItem>\n"
            "        </Geometry>\n        <Attribute Name=\"temperature\" AttributeType=\"Scalar\" Center=\"Cell\">\n"
            "          <DataItem Dimensions=\"%lld %lld\" NumberType=\"Float\" Precision=\"%d\" "
            "Format=\"HDF\">%s:/temperature</DataItem>\n"
            "        </Attribute>\n      </Grid>\n",
            (long long)snapshots->steps[n], snapshots->times[n], ny + 1, nx + 1, problem->origin[HEAT_Y],
            problem->origin[HEAT_X], problem->spacing[HEAT_Y], problem->spacing[HEAT_X], ny, nx,
            snapshots->storage.single ? 4 : 8, name);
  }
  fprintf(out, "    </Grid>\n  </Domain>\n</Xdmf>\n");
  if (fclose(out) != 0) status = heat_no_memory("run.xdmf", length);
  if (status.code == HEAT_OK) status = heat_directory_replace(path, text, false);
  free(text);
  return status;
}

/* The cell centres along an axis; each rank of the first row (or column) of ranks gives its own. */
static void write_axis(heat_h5 *out, int axis, const char *name, const char *long_name) {
  const heat_grid *grid = out->grid;
  const bool gives = grid->owned.lo[1 - axis] == 0;
  const int64_t lo = grid->owned.lo[axis], count = gives ? heat_box_width(grid->owned, axis) : 0;
  double *centres = malloc(((size_t)count + 1) * sizeof *centres);
  if (centres == NULL) out->status = heat_no_memory("the coordinates", (size_t)count * sizeof *centres);
  out->status = heat_agree(grid->comm, out->status);
  for (int64_t n = 0; n < count && centres != NULL; n++) centres[n] = heat_problem_centre(grid->problem, axis, lo + n);
  heat_h5_write_vector(out, name, grid->layout.cells[axis], lo, count, centres);
  heat_h5_set_text(out, name, "units", "m");
  heat_h5_set_text(out, name, "long_name", long_name);
  heat_h5_set_text(out, name, "axis", axis == HEAT_X ? "X" : "Y");
  free(centres);
}

typedef struct moment {
  int64_t step;
  double time, dt;
} moment;

static heat_status write_file(const heat_snapshots *snapshots, const heat_field *field, moment when, const char *name) {
  const heat_grid *grid = snapshots->grid;
  char path[HEAT_PATH], created[32];
  heat_status status = heat_directory_join(path, sizeof path, snapshots->directory, name);
  if (status.code != HEAT_OK) return status;
  heat_timestamp(created);
  MPI_Bcast(created, sizeof created, MPI_CHAR, 0, grid->comm);
  heat_h5 out;
  heat_h5_begin(&out, grid, path);
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
  heat_h5_write_field(&out, "temperature", field, snapshots->storage);
  heat_h5_set_text(&out, "temperature", "units", "K");
  heat_h5_set_text(&out, "temperature", "long_name", "temperature");
  write_axis(&out, HEAT_X, "x", "x coordinate of the cell centre");
  write_axis(&out, HEAT_Y, "y", "y coordinate of the cell centre");
  heat_h5_attach_scale(&out, "temperature", "y", 0);
  heat_h5_attach_scale(&out, "temperature", "x", 1);
  return heat_h5_commit(&out);
}

heat_status heat_snapshots_write(heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt) {
  char name[64];
  snapshot_name(name, step);
  heat_status status = write_file(snapshots, field, (moment){step, time, dt}, name);
  if (status.code != HEAT_OK || snapshots->grid->rank != 0) return status;
  status = append(snapshots, step, time);
  if (status.code == HEAT_OK) status = write_xdmf(snapshots);
  return status;
}

heat_status heat_snapshots_crash(const heat_snapshots *snapshots, const heat_field *field, int64_t step, double time,
                                 double dt) {
  char name[64];
  snprintf(name, sizeof name, "crash-%010lld.h5", (long long)step);
  return write_file(snapshots, field, (moment){step, time, dt}, name);
}
