/* Whether all numbers of a dataset are stored. If nothing was written, or a file to which the dataset refers is
 * missing, HDF5 reads 0 or the fill value and reports no error. It also opens any file that a link names; if that is a
 * pipe, it waits for ever. */
#include "dataset_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 4, MOST_SOURCES = 16384 };

/* Rows are read in order, so that the chunks that a row crosses should stay in the cache, decompressed, for the next
 * row. */
static const size_t chunk_cache_bytes = (size_t)64 << 20;
static const size_t chunk_cache_slots = 12421;

/* A link to another file that was refused. */
typedef struct refusal {
  char text[HEAT_STATUS_TEXT];
} refusal;

typedef enum finding { ABSENT, REGULAR, OTHER } finding;

static finding look(const char *path) {
  struct stat info;
  if (stat(path, &info) != 0) return ABSENT;
  return S_ISREG(info.st_mode) ? REGULAR : OTHER;
}

/* Look for a file that another file names, in the same places as HDF5: in the folders of an environment variable,
 * beside the other file, in the working directory, and there also by the last part of its name. `path` becomes the
 * first that exists; one that is not a regular file counts, because HDF5 would open it. */
static finding search(char path[HEAT_DATASET_PATH], const char *beside, const char *name, const char *variable) {
  const char *last = strrchr(name, '/'), *slash = strrchr(beside, '/'), *folders = getenv(variable);
  const char *names[] = {name, last != NULL ? last + 1 : name};
  finding found = ABSENT;
  for (int n = 0; n < 2; n++) {
    const char *from = folders != NULL && names[n][0] != '/' ? folders : "";
    for (int turn = 0; turn < 2 || *from != '\0';) {
      char candidate[HEAT_DATASET_PATH];
      if (*from != '\0') {
        const int length = (int)strcspn(from, ":");
        snprintf(candidate, sizeof candidate, "%.*s/%s", length, from, names[n]);
        from += length + (from[length] == ':');
      } else if (turn++ == 0) {
        const bool whole = names[n][0] == '/' || slash == NULL;
        snprintf(candidate, sizeof candidate, "%.*s%s", whole ? 0 : (int)(slash - beside + 1), beside, names[n]);
      } else {
        snprintf(candidate, sizeof candidate, "%s", names[n]);
      }
      const finding here = look(candidate);
      if (here == ABSENT || found == OTHER || (here == REGULAR && found == REGULAR)) continue;
      snprintf(path, HEAT_DATASET_PATH, "%s", candidate);
      found = here;
    }
  }
  return found;
}

static const char *say(finding found) {
  return found == ABSENT ? "there is no such file" : "it is not a regular file";
}

static herr_t follow_link(const char *file, const char *group, const char *target, const char *object, unsigned *flags,
                          hid_t access, void *context) {
  (void)group;
  (void)flags;
  (void)access;
  refusal *refused = context;
  char path[HEAT_DATASET_PATH];
  const finding found = search(path, file, target, "HDF5_EXT_PREFIX");
  if (found == REGULAR) return 0;
  snprintf(refused->text, sizeof refused->text, "'%.300s' has a link to %.200s in the file '%.300s', but %s", file,
           object, target, say(found));
  return -1;
}

bool heat_dataset_file_opens(const char *name) {
  const hid_t file = look(name) == REGULAR ? H5Fopen(name, H5F_ACC_RDONLY, H5P_DEFAULT) : H5I_INVALID_HID;
  if (file >= 0) H5Fclose(file);
  return file >= 0;
}

heat_status heat_dataset_open_file(hid_t *file, hid_t *dataset, const char *name, const char *path) {
  if (access(name, R_OK) != 0) return heat_fail(HEAT_DECK, "cannot read the file '%s': %s", name, strerror(errno));
  if (look(name) != REGULAR) return heat_fail(HEAT_DECK, "'%s' is not a regular file", name);
  *file = H5Fopen(name, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (*file < 0) return heat_fail(HEAT_DECK, "'%s' is not an HDF5 file", name);
  refusal refused = {{0}};
  const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
  H5Pset_chunk_cache(list, chunk_cache_slots, chunk_cache_bytes, 1);
  H5Pset_elink_cb(list, follow_link, &refused);
  *dataset = H5Dopen(*file, path, list);
  H5Pclose(list);
  if (*dataset >= 0) return heat_ok();
  if (refused.text[0] != '\0') return heat_fail(HEAT_DECK, "%s", refused.text);
  return heat_fail(HEAT_DECK, "there is no dataset %s in '%s'", path, name);
}

static heat_status check_filters(hid_t list, const char *file, const char *path) {
  enum { NAME = 64 };
  const int count = H5Pget_nfilters(list);
  for (int n = 0; n < count; n++) {
    char name[NAME] = "";
    unsigned flags, config;
    size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)n, &flags, &values, NULL, sizeof name, name, &config);
    if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
    name[NAME - 1] = '\0';
    return heat_fail(HEAT_DECK,
                     "%s in '%s' is compressed by the filter %s (%d), which this HDF5 does not have (repack "
                     "it: h5repack -f GZIP=4)",
                     path, file, name[0] != '\0' ? name : "without a name", (int)filter);
  }
  return heat_ok();
}

static heat_status never_written(const char *file, const char *path) {
  return heat_fail(HEAT_DECK, "%s in '%s' was never written: its numbers are not in the file", path, file);
}

/* Check numbers that are stored one after the other. Where the number of bytes of a shape passes 2^64, HDF5 1.10 stores
 * fewer, and reads from memory that it does not have. */
static heat_status check_plain(hid_t dataset, hid_t list, const hsize_t *shape, int dimensions, const char *file,
                               const char *path) {
  if (H5Pget_layout(list) == H5D_CONTIGUOUS && H5Dget_offset(dataset) == HADDR_UNDEF) return never_written(file, path);
  const hid_t type = H5Dget_type(dataset);
  double needed = (double)H5Tget_size(type);
  H5Tclose(type);
  for (int d = 0; d < dimensions; d++) needed *= (double)shape[d];
  if ((double)H5Dget_storage_size(dataset) >= needed) return heat_ok();
  return heat_fail(HEAT_DECK, "%s in '%s' has fewer numbers than its shape says", path, file);
}

/* Look for a chunk that is not stored. The search ends at the first one, so that its time depends on what is stored and
 * not on the shape that the file claims. */
static heat_status check_chunks(hid_t dataset, hid_t list, const hsize_t *shape, int dimensions, const char *file,
                                const char *path) {
  hsize_t chunk[HEAT_DATASET_RANK], at[HEAT_DATASET_RANK] = {0}, stored = 0;
  if (H5Pget_chunk(list, dimensions, chunk) != dimensions) return never_written(file, path);
  double needed = 1;
  for (int d = 0; d < dimensions; d++) needed *= (double)((shape[d] + chunk[d] - 1) / chunk[d]);
#if H5_VERSION_GE(1, 10, 5)
  const hid_t space = H5Dget_space(dataset);
  const bool counted = H5Dget_num_chunks(dataset, space, &stored) >= 0;
  H5Sclose(space);
  if (counted && (double)stored == needed) return heat_ok();
  if (!counted || stored == 0) return never_written(file, path);
  for (;;) {
    unsigned mask;
    haddr_t address = HADDR_UNDEF;
    hsize_t size = 0;
    if (H5Dget_chunk_info_by_coord(dataset, at, &mask, &address, &size) < 0 || address == HADDR_UNDEF) break;
    int d = dimensions - 1;
    for (; d >= 0 && (at[d] += chunk[d]) >= shape[d]; d--) at[d] = 0;
    if (d < 0) return heat_ok();
  }
  char place[HEAT_DATASET_RANK * 24] = "";
  for (int d = 0; d < dimensions; d++)
    snprintf(place + strlen(place), sizeof place - strlen(place), "[%llu]", (unsigned long long)at[d]);
  return heat_fail(HEAT_DECK, "%s in '%s' was written in part only: the numbers from %s on are not in the file", path,
                   file, place);
#else
  stored = H5Dget_storage_size(dataset);
  return stored > 0 && needed > 0 && at[0] == 0 ? heat_ok() : never_written(file, path);
#endif
}

/* Check numbers that are stored in plain files outside the HDF5 file. */
static heat_status check_external(hid_t list, const char *file, const char *path) {
  const int count = H5Pget_external_count(list);
  for (int n = 0; n < count; n++) {
    char name[HEAT_DATASET_PATH] = "";
    off_t offset = 0;
    hsize_t size = 0;
    struct stat info;
    H5Pget_external(list, (unsigned)n, sizeof name - 1, name, &offset, &size);
    const bool regular = stat(name, &info) == 0 && S_ISREG(info.st_mode);
    if (regular && size != H5F_UNLIMITED && (hsize_t)offset + size <= (hsize_t)info.st_size) continue;
    return heat_fail(HEAT_DECK, "%s in '%s' has its numbers in the file '%s', which %s", path, file, name,
                     regular ? "is too short" : "is not a regular file that is there");
  }
  return heat_ok();
}

/* Find the box around a selection, and whether the selection fills it. */
static bool bounds(hid_t space, hsize_t *low, hsize_t *high, double *points, bool *full) {
  const int dimensions = H5Sget_simple_extent_ndims(space);
  const hssize_t count = H5Sget_select_npoints(space);
  if (dimensions < 1 || dimensions > HEAT_DATASET_RANK || count <= 0 || H5Sget_select_bounds(space, low, high) < 0)
    return false;
  double box = 1;
  for (int d = 0; d < dimensions; d++) box *= (double)(high[d] - low[d] + 1);
  *points = (double)count;
  *full = box == *points;
  return true;
}

/* A regular selection of numbers: along each dimension, blocks of length `block` at a distance `stride`. */
typedef struct box {
  hsize_t low[HEAT_DATASET_RANK], high[HEAT_DATASET_RANK], stride[HEAT_DATASET_RANK], block[HEAT_DATASET_RANK];
  bool full, regular;
} box;

static bool take_box(hid_t space, box *made, double *points) {
  hsize_t count[HEAT_DATASET_RANK];
  if (!bounds(space, made->low, made->high, points, &made->full)) return false;
  made->regular = H5Sget_select_type(space) == H5S_SEL_HYPERSLABS && H5Sis_regular_hyperslab(space) > 0 &&
                  H5Sget_regular_hyperslab(space, made->low, made->stride, count, made->block) >= 0;
  return true;
}

/* Whether two selections certainly have no number in common because of dimension d: one ends before the other begins,
 * or both have the same stride and blocks that do not overlap within it. */
static bool apart(const box *a, const box *b, int d) {
  if (a->low[d] > b->high[d] || b->low[d] > a->high[d]) return true;
  if (!a->regular || !b->regular || a->stride[d] != b->stride[d]) return false;
  const hsize_t stride = a->stride[d], from = (b->low[d] % stride + stride - a->low[d] % stride) % stride;
  return from >= a->block[d] && from + b->block[d] <= stride;
}

static bool overlap(const box *a, const box *b, int dimensions) {
  for (int d = 0; d < dimensions; d++)
    if (apart(a, b, d)) return false;
  return true;
}

/* Whether a dataset has all the numbers that a selection of it names. HDF5 does not store the shape of a selection of
 * everything; the dataset then has to have as many numbers as are taken. */
static bool has_part(hid_t dataset, hid_t part, double taken) {
  const hid_t space = H5Dget_space(dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  hsize_t shape[HEAT_DATASET_RANK] = {0};
  bool inside = dimensions >= 1 && dimensions <= HEAT_DATASET_RANK;
  if (inside) H5Sget_simple_extent_dims(space, shape, NULL);
  H5Sclose(space);
  if (inside && H5Sget_select_type(part) == H5S_SEL_ALL) {
    double all = 1;
    for (int d = 0; d < dimensions; d++) all *= (double)shape[d];
    return all == taken;
  }
  box used;
  double points = 0;
  inside = inside && dimensions == H5Sget_simple_extent_ndims(part) &&
           bounds(part, used.low, used.high, &points, &used.full) && points == taken;
  for (int d = 0; d < dimensions && inside; d++) inside = used.high[d] < shape[d];
  return inside;
}

/* Check one source of a virtual dataset: its file, the dataset in it, and the selection whose `taken` numbers are
 * used. */
static heat_status check_source(hid_t list, size_t n, double taken, const char *file, const char *path, int depth) {
  char name[HEAT_DATASET_PATH] = "", object[HEAT_DATASET_PATH] = "", found_at[HEAT_DATASET_PATH] = "";
  H5Pget_virtual_filename(list, n, name, sizeof name - 1);
  H5Pget_virtual_dsetname(list, n, object, sizeof object - 1);
  const bool same = strcmp(name, ".") == 0;
  const finding found = same ? REGULAR : search(found_at, file, name, "HDF5_VDS_PREFIX");
  if (found != REGULAR)
    return heat_fail(HEAT_DECK, "%s in '%s' takes numbers from the file '%s', but %s", path, file, name, say(found));
  const char *source = same ? file : found_at;
  hid_t other = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
  heat_status status = heat_dataset_open_file(&other, &dataset, source, object);
  if (status.code == HEAT_OK) {
    const hid_t part = H5Pget_virtual_srcspace(list, n);
    if (!has_part(dataset, part, taken))
      status = heat_fail(HEAT_DECK, "%s in '%s' takes numbers from %s in '%s' that are not there", path, file, object,
                         source);
    H5Sclose(part);
  }
  if (status.code == HEAT_OK) status = heat_dataset_check_stored(dataset, source, object, depth + 1);
  if (dataset >= 0) H5Dclose(dataset);
  if (other >= 0) H5Fclose(other);
  return status;
}

/* Check that all sources of a virtual dataset exist, and that every cell has one. */
static heat_status check_virtual(hid_t list, const hsize_t *shape, int dimensions, const char *file, const char *path,
                                 int depth) {
  size_t count = 0;
  H5Pget_virtual_count(list, &count);
  if (depth >= DEEPEST || count > MOST_SOURCES)
    return heat_fail(HEAT_DECK, "%s in '%s' is a virtual dataset of too many sources", path, file);
  box *boxes = calloc(count + 1, sizeof *boxes);
  if (boxes == NULL) return heat_no_memory("a virtual dataset", count * sizeof *boxes);
  heat_status status = heat_ok();
  double covered = 0, needed = 1;
  bool twice = false;
  for (int d = 0; d < dimensions; d++) needed *= (double)shape[d];
  for (size_t n = 0; n < count && status.code == HEAT_OK; n++) {
    const hid_t space = H5Pget_virtual_vspace(list, n);
    double points = 0;
    if (!take_box(space, &boxes[n], &points))
      status = heat_fail(HEAT_DECK, "%s in '%s' is a virtual dataset of unlimited sources, which is not supported",
                         path, file);
    H5Sclose(space);
    covered += points;
    for (size_t m = 0; m < n && !twice; m++) twice = overlap(&boxes[m], &boxes[n], dimensions);
    if (status.code == HEAT_OK) status = check_source(list, n, points, file, path, depth);
  }
  free(boxes);
  if (status.code == HEAT_OK && (covered != needed || twice))
    status =
        heat_fail(HEAT_DECK, "%s in '%s' is a virtual dataset whose sources do not give each number once", path, file);
  return status;
}

heat_status heat_dataset_check_stored(hid_t dataset, const char *file, const char *path, int depth) {
  const hid_t list = H5Dget_create_plist(dataset), space = H5Dget_space(dataset);
  hsize_t shape[HEAT_DATASET_RANK] = {0};
  const int dimensions = H5Sget_simple_extent_ndims(space);
  heat_status status = heat_ok();
  if (dimensions < 1 || dimensions > HEAT_DATASET_RANK || H5Sget_simple_extent_dims(space, shape, NULL) < 0)
    status = heat_fail(HEAT_DECK, "%s in '%s' is not an array of 1 to %d dimensions", path, file, HEAT_DATASET_RANK);
  else if (H5Pget_external_count(list) > 0)
    status = check_external(list, file, path);
  else if (H5Pget_layout(list) == H5D_VIRTUAL)
    status = check_virtual(list, shape, dimensions, file, path, depth);
  else if (H5Pget_layout(list) != H5D_CHUNKED)
    status = check_plain(dataset, list, shape, dimensions, file, path);
  else {
    status = check_filters(list, file, path);
    if (status.code == HEAT_OK) status = check_chunks(dataset, list, shape, dimensions, file, path);
  }
  H5Sclose(space);
  H5Pclose(list);
  return status;
}
