#include "heat2d/io/h5_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTRIBUTE_BYTES = 64 << 20 /* of an attribute that is read, at most */ };

void *heat_h5_attribute_bytes(hid_t attribute, size_t *length) {
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

heat_status heat_h5_look(const char *path) {
  struct stat info;
  const int handle = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (handle < 0) return heat_fail(HEAT_IO, "cannot read '%s': %s", path, strerror(errno));
  const bool known = fstat(handle, &info) == 0;
  close(handle);
  if (known && S_ISDIR(info.st_mode)) return heat_fail(HEAT_IO, "'%s' is a directory", path);
  if (!known || !S_ISREG(info.st_mode)) return heat_fail(HEAT_IO, "'%s' is not a regular file", path);
  return info.st_size > 0 ? heat_ok() : heat_fail(HEAT_IO, "'%s' is empty", path);
}

heat_status heat_h5_open_by(hid_t *file, const char *path, hid_t access) {
  *file = H5Fopen(path, H5F_ACC_RDONLY, access);
  if (*file >= 0) return heat_ok();
  if (H5Fis_hdf5(path) <= 0) return heat_fail(HEAT_IO, "'%s' is not an HDF5 file", path);
  return heat_fail(HEAT_IO, "'%s' is an HDF5 file that is truncated or damaged", path);
}

heat_status heat_h5_about(heat_status status, const char *path) {
  if (status.code == HEAT_OK || strstr(status.text, path) != NULL) return status;
  return heat_fail(status.code, "'%s': %.800s", path, status.text);
}

heat_status heat_h5_open(hid_t *file, const char *path) {
  *file = H5I_INVALID_HID;
  const heat_status status = heat_h5_look(path);
  return status.code == HEAT_OK ? heat_h5_open_by(file, path, H5P_DEFAULT) : status;
}

/* How many bytes of a file of that length can hold something. What was never written takes no blocks of the file
 * system, so that a sparse file is long and holds little; a file system that compresses makes many bytes of one. */
static hsize_t filled(hid_t file, hsize_t length) {
  enum { BLOCK = 512, COMPRESSED_MOST = 64 };
  char path[HEAT_PATH];
  struct stat info;
  if (H5Fget_name(file, path, sizeof path) < 0 || stat(path, &info) != 0) return 0;
  const hsize_t blocks = (hsize_t)info.st_blocks;
  /* Some file systems keep small files elsewhere, or do not count. */
  return blocks == 0 || blocks > length / BLOCK / COMPRESSED_MOST ? length : blocks * BLOCK * COMPRESSED_MOST;
}

/* Whether the file can hold what a dataset of that shape claims, so that sizes may be multiplied and memory be asked
 * for. Data in other files, and places where none were ever written, are not read as if they were there. */
static bool is_held(hid_t dataset, const hsize_t *shape, int dimensions, size_t width) {
  enum { DEFLATE_MOST = 1032, CAUTION = 64 }; /* bytes that deflate makes of one, at most; no value is wider */
  const hsize_t most_chunk = (hsize_t)256 << 20;
  hsize_t cells = 1, length = 0, chunk[HEAT_H5_DIMENSIONS] = {0, 0}, in_chunk = 1, chunks = 1;
  hsize_t most[HEAT_H5_DIMENSIONS] = {0, 0}; /* to which it may grow: HDF5 has places for that many chunks */
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
           H5Pget_chunk(list, HEAT_H5_DIMENSIONS, chunk) == dimensions;
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

heat_status heat_h5_open_dataset(hid_t file, const char *name, hid_t *dataset, int64_t *rows, int64_t *columns) {
  const size_t widest = 16;
  *dataset = is_here(file, name) ? H5Dopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
  if (*dataset < 0) return heat_fail(HEAT_IO, "there is no dataset %s", name);
  const hid_t space = H5Dget_space(*dataset), type = H5Dget_type(*dataset);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  const size_t width = H5Tget_size(type);
  hsize_t shape[HEAT_H5_DIMENSIONS] = {0, 0};
  const bool numbers = H5Tget_class(type) == H5T_FLOAT && width > 0 && width <= widest && dimensions >= 1 &&
                       dimensions <= HEAT_H5_DIMENSIONS;
  if (numbers) H5Sget_simple_extent_dims(space, shape, NULL);
  const bool held = numbers && is_held(*dataset, shape, dimensions, width);
  H5Tclose(type);
  H5Sclose(space);
  *rows = held && dimensions == HEAT_H5_DIMENSIONS ? (int64_t)shape[0] : 0;
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
  heat_status status = heat_h5_open_dataset(file, name, &dataset, rows, columns);
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

int64_t heat_h5_chunk_rows(hid_t dataset, int64_t width) {
  const int64_t most_bytes = (int64_t)256 << 20;
  hsize_t chunk[HEAT_H5_DIMENSIONS] = {1, 1};
  const hid_t list = H5Dget_create_plist(dataset);
  const bool chunked =
      list >= 0 && H5Pget_layout(list) == H5D_CHUNKED && H5Pget_chunk(list, HEAT_H5_DIMENSIONS, chunk) > 0;
  if (list >= 0) H5Pclose(list);
  const bool fits = chunked && chunk[0] <= (hsize_t)(most_bytes / (int64_t)sizeof(double) / (width > 0 ? width : 1));
  return fits ? (int64_t)chunk[0] : 1;
}

bool heat_h5_read_part(hid_t dataset, int dimensions, const hsize_t *start, const hsize_t *count, double *out) {
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
  heat_status status = heat_h5_open_dataset(file, name, &dataset, &rows, &columns);
  if (status.code != HEAT_OK) return status;
  const hsize_t start[HEAT_H5_DIMENSIONS] = {(hsize_t)box.lo[HEAT_Y], (hsize_t)box.lo[HEAT_X]};
  const hsize_t count[HEAT_H5_DIMENSIONS] = {(hsize_t)heat_box_width(box, HEAT_Y),
                                             (hsize_t)heat_box_width(box, HEAT_X)};
  if (rows < box.hi[HEAT_Y] || columns < box.hi[HEAT_X] ||
      !heat_h5_read_part(dataset, HEAT_H5_DIMENSIONS, start, count, out))
    status = heat_fail(HEAT_IO, "the dataset %s cannot be read", name);
  H5Dclose(dataset);
  return status;
}

heat_status heat_h5_read_vector(hid_t file, const char *name, int64_t start, int64_t count, double *out) {
  hid_t dataset;
  int64_t rows, columns;
  heat_status status = heat_h5_open_dataset(file, name, &dataset, &rows, &columns);
  if (status.code != HEAT_OK) return status;
  const hsize_t first = (hsize_t)start, part = (hsize_t)count;
  if (rows != 0 || columns < start + count || (count > 0 && !heat_h5_read_part(dataset, 1, &first, &part, out)))
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
  *value = attribute >= 0 ? heat_h5_attribute_bytes(attribute, &length) : NULL;
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
