/* How a snapshot is appended so that run.xdmf is well-formed at any time. After the closing tags XML allows blanks and
 * processing instructions, <?...?>, which readers ignore:
 *
 *     1. blanks are put at the end              ... last snapshot|closing tags|________________________________
 *     2. an instruction over the last of them   ... last snapshot|closing tags|_______________________<?next ?>
 *     3. one is opened behind the closing tags: ... last snapshot|closing tags|<?next ________________<?next ?>
 *        it ends where the other one does
 *     4. inside of it all but the first bytes   ... last snapshot|closing tags|<?next shot|closing tags|<?next ?>
 *        of the new snapshot are written
 *     5. its first bytes overwrite the closing  ... last snapshot|new snapshot            |closing tags|<?next ?>
 *        tags and the opening
 *     6. the instruction is blanked             ... last snapshot|new snapshot            |closing tags|_________
 *
 * Only the first write needs room on the disk. The writes 2, 3, 5 and 6 change some bytes of one page of memory, which
 * cannot be interrupted by a kill: blanks before the closing tags keep these and what follows on one page. */
#include "heat2d/io/xdmf.h"

#include "heat2d/io/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, ENTRY_TEXT = 2048 };
static const char closing[] = "    </Grid>\n  </Domain>\n</Xdmf>\n", next[] = "<?next ?>", opened[] = "<?next ";
enum { CLOSING = sizeof closing - 1, NEXT = sizeof next - 1, OPENED = sizeof opened - 1, ENDING = CLOSING + NEXT };

static const char file_name[] = "run.xdmf", grid_name[] = "grid.hdf5";

/* The number of corners of cells along an axis. */
static int64_t corners(const heat_problem *problem, int axis) {
  return problem->cells[axis] + 1;
}

static double corner(const heat_problem *problem, int axis, int64_t n) {
  return n == problem->cells[axis] ? problem->origin[axis] + problem->size[axis]
                                   : problem->origin[axis] + (double)n * problem->spacing[axis];
}

static bool has_points(const heat_xdmf *xdmf) {
  const int64_t most = xdmf->most_points > 0 ? xdmf->most_points : HEAT_XDMF_POINTS;
  return corners(xdmf->problem, HEAT_X) <= most / corners(xdmf->problem, HEAT_Y);
}

/* Write a part of a dataset or, if `back` is not NULL, read it into `back` and compare it. */
static bool move_part(hid_t dataset, const hsize_t start[], const hsize_t count[], const double *values, double *back) {
  const hid_t all = H5Dget_space(dataset);
  const int dimensions = H5Sget_simple_extent_ndims(all);
  const hid_t memory = H5Screate_simple(dimensions, count, NULL);
  size_t bytes = sizeof *values;
  for (int d = 0; d < dimensions; d++) bytes *= (size_t)count[d];
  bool good = H5Sselect_hyperslab(all, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
  if (good && back == NULL) good = H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, all, H5P_DEFAULT, values) >= 0;
  if (good && back != NULL)
    good = H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, all, H5P_DEFAULT, back) >= 0 && memcmp(values, back, bytes) == 0;
  H5Sclose(memory);
  H5Sclose(all);
  return good;
}

static hid_t create_dataset(hid_t file, const char *name, int dimensions, const hsize_t *shape, hid_t list) {
  const hid_t space = H5Screate_simple(dimensions, shape, NULL);
  H5Pset_obj_track_times(list, false);
  const hid_t dataset = H5Dcreate(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Sclose(space);
  return dataset;
}

/* Compute the corners of the rows [from, to), each as x, y. */
static void fill_points(const heat_problem *problem, int64_t from, int64_t to, double *at) {
  const int64_t columns = corners(problem, HEAT_X);
  for (int64_t j = from; j < to; j++)
    for (int64_t i = 0; i < columns; i++) {
      *at++ = corner(problem, HEAT_X, i);
      *at++ = corner(problem, HEAT_Y, j);
    }
}

/* Write all corners row by row, in chunks of whole rows, which are similar and so compress to a few bytes; then read
 * all of them back. */
static bool put_points(hid_t file, const heat_problem *problem) {
  enum { CHUNK_BYTES = 1 << 20, LEVEL = 1 };
  const int64_t columns = corners(problem, HEAT_X), rows = corners(problem, HEAT_Y);
  int64_t together = CHUNK_BYTES / (columns * HEAT_AXES * (int64_t)sizeof(double));
  together = together < 1 ? 1 : together > rows ? rows : together;
  const hsize_t shape[HEAT_AXES] = {(hsize_t)(columns * rows), HEAT_AXES};
  const hsize_t chunk[HEAT_AXES] = {(hsize_t)(together * columns), HEAT_AXES};
  double *points = malloc((size_t)chunk[0] * HEAT_AXES * sizeof *points);
  double *back = malloc((size_t)chunk[0] * HEAT_AXES * sizeof *back);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, HEAT_AXES, chunk);
  H5Pset_shuffle(list);
  H5Pset_deflate(list, LEVEL);
  const hid_t dataset = create_dataset(file, "points", HEAT_AXES, shape, list);
  bool good = points != NULL && back != NULL && dataset >= 0;
  for (int reads = 0; reads < 2 && good; reads++) {
    for (int64_t j = 0; j < rows && good; j += together) {
      const int64_t to = j + together < rows ? j + together : rows;
      const hsize_t start[HEAT_AXES] = {(hsize_t)(j * columns), 0};
      const hsize_t count[HEAT_AXES] = {(hsize_t)((to - j) * columns), HEAT_AXES};
      fill_points(problem, j, to, points);
      good = move_part(dataset, start, count, points, reads > 0 ? back : NULL);
    }
    good = good && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
  }
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(list);
  free(points);
  free(back);
  return good;
}

static bool put_edges(hid_t file, const heat_problem *problem) {
  static const char *const names[HEAT_AXES] = {"x_edges", "y_edges"};
  bool good = true;
  for (int axis = 0; axis < HEAT_AXES && good; axis++) {
    const hsize_t count = (hsize_t)corners(problem, axis), start = 0;
    double *edges = malloc((size_t)count * sizeof *edges), *back = malloc((size_t)count * sizeof *back);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t dataset = create_dataset(file, names[axis], 1, &count, list);
    good = edges != NULL && back != NULL && dataset >= 0;
    for (hsize_t n = 0; n < count && good; n++) edges[n] = corner(problem, axis, (int64_t)n);
    good = good && move_part(dataset, &start, &count, edges, NULL) && H5Fflush(file, H5F_SCOPE_LOCAL) >= 0 &&
           move_part(dataset, &start, &count, edges, back);
    if (dataset >= 0) H5Dclose(dataset);
    H5Pclose(list);
    free(edges);
    free(back);
  }
  return good;
}

static heat_status write_grid(const heat_xdmf *xdmf) {
  char path[HEAT_PATH], partial[HEAT_PATH];
  heat_status status = heat_directory_join(path, sizeof path, xdmf->directory, grid_name);
  status = heat_first(status, heat_directory_join(partial, sizeof partial, xdmf->directory, "grid.hdf5.partial"));
  if (status.code != HEAT_OK) return status;
  unlink(partial);
  errno = 0;
  const hid_t file = H5Fcreate(partial, H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT);
  bool good = file >= 0;
  if (good) good = has_points(xdmf) ? put_points(file, xdmf->problem) : put_edges(file, xdmf->problem);
  good = good && H5LTset_attribute_string(file, "/", "written_by", "heat2d") >= 0; /* heat_recognise looks for this */
  if (file >= 0) good = H5Fclose(file) >= 0 && good;
  if (good) status = heat_directory_sync(partial);
  if (good && status.code == HEAT_OK) status = heat_directory_publish(partial, path);
  if (!good) status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno != 0 ? errno : EIO));
  if (status.code != HEAT_OK) unlink(partial);
  return status;
}

/* Write a text as an XML attribute, without U+FFFE and U+FFFF, which XML does not allow. */
static void put_xml(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0) {
      fputc(' ', out);
      text += 2;
      continue;
    }
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

static void put_item(FILE *out, const char *shape, int bytes, const char *place) {
  fprintf(out, "<DataItem Dimensions=\"%s\" NumberType=\"Float\" Precision=\"%d\" Format=\"HDF\">%s</DataItem>", shape,
          bytes, place);
}

static void put_mesh(FILE *out, const heat_xdmf *xdmf) {
  enum { SHAPE = 64 };
  const long long columns = corners(xdmf->problem, HEAT_X), rows = corners(xdmf->problem, HEAT_Y);
  const bool points = has_points(xdmf);
  char shape[SHAPE];
  fprintf(out,
          "        <Topology TopologyType=\"%s\" Dimensions=\"%lld %lld\"/>\n        <Geometry GeometryType=\"%s\">\n"
          "          ",
          points ? "2DSMesh" : "2DRectMesh", rows, columns, points ? "XY" : "VXVY");
  if (points) {
    snprintf(shape, sizeof shape, "%lld 2", rows * columns);
    put_item(out, shape, 8, "grid.hdf5:/points");
  } else {
    snprintf(shape, sizeof shape, "%lld", columns);
    put_item(out, shape, 8, "grid.hdf5:/x_edges");
    snprintf(shape, sizeof shape, "%lld", rows);
    fputs("\n          ", out);
    put_item(out, shape, 8, "grid.hdf5:/y_edges");
  }
  fputs("\n        </Geometry>\n", out);
}

static void put_entry(FILE *out, const heat_xdmf *xdmf, const heat_xdmf_entry *entry) {
  const int64_t *cells = xdmf->problem->cells;
  char shape[64], place[64];
  fprintf(out, "      <Grid Name=\"step %lld\" GridType=\"Uniform\">\n        <Time Value=\"%.17g\"/>\n",
          (long long)entry->step, entry->time);
  put_mesh(out, xdmf);
  fputs("        <Attribute Name=\"temperature\" AttributeType=\"Scalar\" Center=\"Cell\">\n          ", out);
  snprintf(shape, sizeof shape, "%lld %lld", (long long)cells[HEAT_Y], (long long)cells[HEAT_X]);
  snprintf(place, sizeof place, "snapshot-%010lld.h5:/temperature", (long long)entry->step);
  put_item(out, shape, entry->single ? 4 : 8, place);
  fputs("\n        </Attribute>\n      </Grid>\n", out);
}

/* The number of blanks after byte `at` that bring what follows onto one page. */
static int64_t blanks_at(int64_t at) {
  return at % PAGE + ENDING > PAGE ? PAGE - at % PAGE : 0;
}

/* Write the whole file, in place of any existing one. */
static heat_status write_whole(heat_xdmf *xdmf) {
  char *text = NULL, path[HEAT_PATH];
  size_t length = 0;
  heat_status status = heat_directory_join(path, sizeof path, xdmf->directory, file_name);
  if (status.code != HEAT_OK) return status;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return heat_no_memory(file_name, length);
  fputs("<?xml version=\"1.0\" ?>\n<Xdmf Version=\"3.0\">\n  <Domain>\n    <Grid Name=\"", out);
  put_xml(out, xdmf->title[0] != '\0' ? xdmf->title : "heat2d");
  fputs("\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", out);
  for (int64_t n = 0; n < xdmf->count; n++) put_entry(out, xdmf, &xdmf->entries[n]);
  fflush(out);
  xdmf->end = (int64_t)length + blanks_at((int64_t)length);
  fprintf(out, "%*s%s%*s", (int)(xdmf->end - (int64_t)length), "", closing, NEXT, "");
  status = fclose(out) == 0 ? heat_directory_replace(path, text, false) : heat_no_memory(file_name, length);
  if (status.code != HEAT_OK) xdmf->end = 0;
  free(text);
  return status;
}

/* Write all of `count` bytes at a position of the file; false, with errno, on failure. */
static bool put(int file, const char *bytes, int64_t count, int64_t at) {
  while (count > 0) {
    const ssize_t done = pwrite(file, bytes, (size_t)count, (off_t)at);
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = ENOSPC;
    if (done <= 0) return false;
    bytes += done;
    at += done;
    count -= done;
  }
  return true;
}

/* Whether the open file ends as this run has left it, with the closing tags and as many blanks as an instruction has
 * characters. */
static bool is_untouched(const heat_xdmf *xdmf, int file) {
  struct stat info;
  char found[ENDING + 1] = "";
  return fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == (off_t)(xdmf->end + ENDING) &&
         pread(file, found, ENDING, (off_t)xdmf->end) == ENDING && memcmp(found, closing, CLOSING) == 0 &&
         strspn(found + CLOSING, " ") == NEXT;
}

/* Do the six writes above. `text` is the entry, followed by the blanks and closing tags that then end the file.
 * `length` is the length of these and of an instruction. */
static bool append(const heat_xdmf *xdmf, int file, const char *text, int64_t length) {
  enum { HEAD = CLOSING + OPENED };
  const int64_t end = xdmf->end, size = end + ENDING, longer = end + length;
  char blanks[PAGE];
  memset(blanks, ' ', sizeof blanks);
  for (int64_t at = size; at < longer; at += PAGE) {
    if (put(file, blanks, longer - at < PAGE ? longer - at : PAGE, at)) continue;
    const int reason = errno;
    (void)!ftruncate(file, (off_t)size); /* blanks that cannot be removed do no harm */
    errno = reason;
    return false;
  }
  return put(file, next, NEXT, longer - NEXT) && put(file, opened, OPENED, end + CLOSING) &&
         put(file, text + HEAD, length - HEAD - NEXT, end + HEAD) && put(file, text, HEAD, end) &&
         put(file, blanks, NEXT, longer - NEXT);
}

static heat_status append_last(heat_xdmf *xdmf) {
  char path[HEAT_PATH], text[ENTRY_TEXT + PAGE + ENDING];
  heat_status status = heat_directory_join(path, sizeof path, xdmf->directory, file_name);
  if (status.code != HEAT_OK) return status;
  const int file = xdmf->end > 0 ? open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (file < 0 || !is_untouched(xdmf, file)) {
    if (file >= 0) close(file);
    return write_whole(xdmf);
  }
  FILE *out = fmemopen(text, ENTRY_TEXT, "w");
  if (out == NULL) status = heat_no_memory(file_name, ENTRY_TEXT);
  if (out != NULL) {
    put_entry(out, xdmf, &xdmf->entries[xdmf->count - 1]);
    const int64_t entry = ftell(out), blanks = blanks_at(xdmf->end + entry);
    fclose(out);
    snprintf(text + entry, sizeof text - (size_t)entry, "%*s%s", (int)blanks, "", closing);
    if (append(xdmf, file, text, entry + blanks + ENDING))
      xdmf->end += entry + blanks;
    else
      status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno));
  }
  if (close(file) != 0 && status.code == HEAT_OK)
    status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno));
  if (status.code != HEAT_OK) xdmf->end = 0;
  return status;
}

static bool make_room(heat_xdmf *xdmf, int64_t count) {
  enum { FIRST = 64 };
  if (count <= xdmf->room) return true;
  int64_t room = xdmf->room > 0 ? 2 * xdmf->room : FIRST;
  if (room < count) room = count;
  heat_xdmf_entry *entries = realloc(xdmf->entries, (size_t)room * sizeof *entries);
  if (entries == NULL) return false;
  xdmf->entries = entries;
  xdmf->room = room;
  return true;
}

heat_status heat_xdmf_open(heat_xdmf *xdmf, const heat_xdmf_entry *entries, int64_t count) {
  char path[HEAT_PATH];
  if (!make_room(xdmf, count)) return heat_no_memory("the list of snapshots", (size_t)count * sizeof *entries);
  if (count > 0) memcpy(xdmf->entries, entries, (size_t)count * sizeof *entries);
  xdmf->count = count;
  xdmf->end = 0;
  heat_status status = heat_directory_join(path, sizeof path, xdmf->directory, file_name);
  if (status.code == HEAT_OK) status = write_grid(xdmf);
  if (status.code == HEAT_OK && count > 0) status = write_whole(xdmf);
  if (status.code == HEAT_OK && count == 0) status = heat_directory_remove(path);
  return status;
}

void heat_xdmf_close(heat_xdmf *xdmf) {
  free(xdmf->entries);
  xdmf->entries = NULL;
  xdmf->count = xdmf->room = 0;
}

heat_status heat_xdmf_add(heat_xdmf *xdmf, heat_xdmf_entry entry) {
  if (!make_room(xdmf, xdmf->count + 1)) return heat_no_memory("the list of snapshots", sizeof entry);
  const bool again = xdmf->count > 0 && xdmf->entries[xdmf->count - 1].step == entry.step;
  if (!again) xdmf->count++;
  xdmf->entries[xdmf->count - 1] = entry;
  return again ? write_whole(xdmf) : append_last(xdmf);
}
