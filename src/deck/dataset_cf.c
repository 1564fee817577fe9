/* The attributes and coordinates of the CF conventions (netCDF Climate and Forecast 1.10, sections 2.5.1, 5 and 8.1):
 *
 *     value = add_offset + scale_factor * stored
 *
 * _FillValue, missing_value and the valid range are stored numbers. */
#include "dataset_private.h"

#include <ctype.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Read up to `most` numbers of an attribute; *count is 0 if there is no such attribute. */
static heat_status read_numbers(hid_t dataset, const char *name, const char *file, const char *path, int most,
                                double *values, int *count) {
  *count = 0;
  if (H5Aexists(dataset, name) <= 0) return heat_ok();
  const hid_t attribute = H5Aopen(dataset, name, H5P_DEFAULT);
  if (attribute < 0) return heat_fail(HEAT_DECK, "the attribute %s of %s in '%s' cannot be read", name, path, file);
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const H5T_class_t kind = H5Tget_class(type);
  const hssize_t has = H5Sget_simple_extent_npoints(space);
  const bool good = (kind == H5T_FLOAT || kind == H5T_INTEGER) && has >= 1 && has <= most &&
                    H5Aread(attribute, H5T_NATIVE_DOUBLE, values) >= 0;
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  if (good) *count = (int)has;
  return good ? heat_ok()
              : heat_fail(HEAT_DECK, "the attribute %s of %s in '%s' is not %s", name, path, file,
                          most == 1 ? "one number" : "a few numbers");
}

static heat_status read_scaling(heat_packing *packing, hid_t dataset, const char *file, const char *path) {
  const struct {
    const char *name;
    double *value;
  } numbers[] = {{"scale_factor", &packing->scale}, {"add_offset", &packing->offset}};
  for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
    int count;
    heat_status status = read_numbers(dataset, numbers[n].name, file, path, 1, numbers[n].value, &count);
    if (status.code != HEAT_OK) return status;
    packing->packed = packing->packed || count > 0;
    if (!isfinite(*numbers[n].value) || packing->scale == 0)
      return heat_fail(HEAT_DECK, "the attribute %s of %s in '%s' is %g", numbers[n].name, path, file,
                       *numbers[n].value);
  }
  return heat_ok();
}

/* netCDF fills cells that were never written with a default value of their type (netcdf.h, NC_FILL_*), which it stores
 * as HDF5's fill value and not in an attribute. Any other fill value of HDF5 may be a temperature. */
static void add_default_fill(heat_packing *packing, hid_t dataset) {
  static const double defaults[] = {9.9692099683868690e+36, -127, -32767, -2147483647,
                                    -9223372036854775806.0, 255,  65535,  4294967295,
                                    18446744073709551614.0};
  const hid_t list = H5Dget_create_plist(dataset);
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  double fill = 0;
  bool known = H5Pfill_value_defined(list, &defined) >= 0 && defined == H5D_FILL_VALUE_USER_DEFINED &&
               H5Pget_fill_value(list, H5T_NATIVE_DOUBLE, &fill) >= 0;
  H5Pclose(list);
  size_t n = 0;
  while (n < sizeof defaults / sizeof *defaults && fill != defaults[n] && fill != (double)(float)defaults[n]) n++;
  known = known && n < sizeof defaults / sizeof *defaults;
  if (known) packing->missing[packing->missing_count++] = fill;
}

static heat_status read_missing(heat_packing *packing, hid_t dataset, const char *file, const char *path) {
  static const char *const names[] = {"_FillValue", "missing_value"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    int count;
    heat_status status = read_numbers(dataset, names[n], file, path, HEAT_DATASET_MISSING / 2,
                                      packing->missing + packing->missing_count, &count);
    if (status.code != HEAT_OK) return status;
    packing->missing_count += count;
    if (n == 0 && count == 0) add_default_fill(packing, dataset);
  }
  double range[2];
  int count, low, high;
  heat_status status = read_numbers(dataset, "valid_range", file, path, 2, range, &count);
  if (status.code == HEAT_OK && count == 1)
    status = heat_fail(HEAT_DECK, "the attribute valid_range of %s in '%s' is not two numbers", path, file);
  if (status.code == HEAT_OK && count == 2) {
    packing->least = range[0];
    packing->most = range[1];
  }
  if (status.code == HEAT_OK) status = read_numbers(dataset, "valid_min", file, path, 1, &packing->least, &low);
  if (status.code == HEAT_OK) status = read_numbers(dataset, "valid_max", file, path, 1, &packing->most, &high);
  return status;
}

heat_status heat_packing_read(heat_packing *packing, hid_t dataset, const char *file, const char *path) {
  *packing = (heat_packing){.scale = 1, .least = -INFINITY, .most = INFINITY};
  const hid_t type = H5Dget_type(dataset);
  const bool whole = H5Tget_class(type) == H5T_INTEGER;
  packing->single = !whole && H5Tget_size(type) <= sizeof(float);
  H5Tclose(type);
  if (whole && H5Aexists(dataset, "_Unsigned") > 0)
    return heat_fail(HEAT_DECK,
                     "%s in '%s' has the attribute _Unsigned, which is not supported (store an unsigned "
                     "type)",
                     path, file);
  heat_status status = read_scaling(packing, dataset, file, path);
  return status.code == HEAT_OK ? read_missing(packing, dataset, file, path) : status;
}

/* The attribute may be a double although the data are float32. */
static bool same_number(const heat_packing *packing, double stored, double marker) {
  return stored == marker || (isnan(stored) && isnan(marker)) || (packing->single && stored == (double)(float)marker);
}

static const char *why_missing(const heat_packing *packing, double stored) {
  for (int n = 0; n < packing->missing_count; n++)
    if (same_number(packing, stored, packing->missing[n])) return "_FillValue or missing_value";
  if (stored < packing->least && !same_number(packing, stored, packing->least)) return "below the valid range";
  if (stored > packing->most && !same_number(packing, stored, packing->most)) return "above the valid range";
  return NULL;
}

int64_t heat_packing_unpack(const heat_packing *packing, double *values, int64_t count, const char **reason) {
  int64_t first = -1;
  const bool plain = packing->missing_count == 0 && packing->least == -INFINITY && packing->most == INFINITY;
  if (plain && !packing->packed) return first;
  for (int64_t n = 0; n < count; n++) {
    const char *why = plain ? NULL : why_missing(packing, values[n]);
    if (why != NULL && first < 0) {
      first = n;
      *reason = why;
    }
    values[n] = why != NULL ? NAN : packing->packed ? packing->offset + packing->scale * values[n] : values[n];
  }
  return first;
}

/* The coordinates of one dimension, and their name. */
typedef struct scale {
  hid_t dataset;
  int64_t length; /* of the dimension */
  bool corners;   /* they are those of the corners of the cells, length + 1 numbers */
  char path[HEAT_DATASET_PATH];
} scale;

/* The usual names of coordinates along each axis: first names of datasets, then the standard names of CF. */
enum { AXIS_NAMES = 8, DATASET_NAMES = 6 };
static const char *const axis_names[2][AXIS_NAMES] = {
    {"y", "lat", "latitude", "yc", "rlat", "northing", "projection_y_coordinate", "grid_latitude"},
    {"x", "lon", "longitude", "xc", "rlon", "easting", "projection_x_coordinate", "grid_longitude"}};

/* Return the axis that a name means, 0 for y or 1 for x, or -1 for neither. */
static int axis_of_name(const char *name) {
  for (int axis = 0; axis < 2; axis++)
    for (int n = 0; n < AXIS_NAMES; n++)
      if (strcasecmp(name, axis_names[axis][n]) == 0) return axis;
  return -1;
}

/* Read a short text from an attribute of fixed or variable length. */
static bool read_text(hid_t dataset, const char *name, char *text, size_t size) {
  if (H5Aexists(dataset, name) <= 0) return false;
  const hid_t attribute = H5Aopen(dataset, name, H5P_DEFAULT);
  if (attribute < 0) return false;
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  bool good = H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1;
  if (good && H5Tis_variable_str(type) > 0) {
    char *read = NULL;
    good = H5Aread(attribute, type, &read) >= 0 && read != NULL;
    if (good) snprintf(text, size, "%s", read);
    if (read != NULL) H5free_memory(read);
  } else if (good) {
    good = H5Tget_size(type) < size && H5Aread(attribute, type, text) >= 0;
    if (good) text[H5Tget_size(type)] = '\0';
  }
  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  return good;
}

/* Find the axis of coordinates by the attribute axis, the name, or the standard name. */
static int axis_of(const scale *s) {
  enum { TEXT = 64 };
  char text[TEXT];
  const char *slash = strrchr(s->path, '/');
  int axis = read_text(s->dataset, "axis", text, sizeof text) ? axis_of_name(text) : -1;
  if (axis < 0) axis = axis_of_name(slash != NULL ? slash + 1 : s->path);
  if (axis < 0 && read_text(s->dataset, "standard_name", text, sizeof text)) axis = axis_of_name(text);
  return axis;
}

/* Whether a dataset can hold the coordinates of a dimension: it is one-dimensional, of that length or one more,
 * numeric, and not the placeholder of a netCDF dimension without coordinates. */
static bool is_scale(hid_t dataset, int64_t length, bool *corners) {
  static const char bare[] = "This is a netCDF dimension but not a netCDF variable";
  char name[sizeof bare] = "";
  if (H5Iget_type(dataset) != H5I_DATASET) return false;
  if (H5DSis_scale(dataset) > 0) H5DSget_scale_name(dataset, name, sizeof name);
  const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
  const H5T_class_t kind = H5Tget_class(type);
  hsize_t shape = 0;
  const bool one = H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, &shape, NULL) == 1;
  H5Tclose(type);
  H5Sclose(space);
  *corners = (int64_t)shape == length + 1;
  return one && ((int64_t)shape == length || *corners) && (kind == H5T_FLOAT || kind == H5T_INTEGER) &&
         strncmp(name, bare, sizeof bare - 1) != 0;
}

static herr_t take_scale(hid_t dataset, unsigned dimension, hid_t candidate, void *context) {
  (void)dataset;
  (void)dimension;
  scale *found = context;
  if (!is_scale(candidate, found->length, &found->corners)) return 0;
  H5Iinc_ref(candidate);
  found->dataset = candidate;
  H5Iget_name(candidate, found->path, sizeof found->path);
  return 1;
}

/* Take a dataset of that name in the same group. It is not attached to the dimension, but it can hardly mean anything
 * else. */
static void take_sibling(scale *found, hid_t dataset, const heat_dataset_want *want, const char *name) {
  const char *slash = strrchr(want->path, '/');
  snprintf(found->path, sizeof found->path, "%.*s/%s", (int)(slash - want->path), want->path, name);
  if (strcmp(found->path, want->path) == 0) return;
  const hid_t file = H5Iget_file_id(dataset);
  H5L_info_t info;
  const bool here = H5Lget_info(file, found->path, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
  const hid_t sibling = here ? H5Oopen(file, found->path, H5P_DEFAULT) : H5I_INVALID_HID;
  H5Fclose(file);
  if (sibling < 0) return;
  if (is_scale(sibling, found->length, &found->corners))
    found->dataset = sibling;
  else
    H5Oclose(sibling);
}

/* Look for the names in small letters, with a capital first letter, and in capitals. */
static void find_sibling(scale *found, hid_t dataset, const heat_dataset_want *want, int axis) {
  enum { NAME = 32, SPELLINGS = 3 };
  for (int n = 0; n < DATASET_NAMES * SPELLINGS && found->dataset < 0; n++) {
    char name[NAME];
    snprintf(name, sizeof name, "%s", axis_names[axis][n / SPELLINGS]);
    const int capitals = n % SPELLINGS == 0 ? 0 : n % SPELLINGS == 1 ? 1 : NAME;
    for (int c = 0; c < capitals && name[c] != '\0'; c++) name[c] = (char)toupper((unsigned char)name[c]);
    take_sibling(found, dataset, want, name);
  }
}

/* Compare coordinates with the centres of the cells. Those in single precision agree only to their own last digits. */
static heat_status compare(const scale *s, const double *at, bool single, const heat_dataset_want *want, int axis,
                           bool *flip) {
  static const char *const lines[] = {"row", "column"};
  const double slack = 1e-3, float_digits = 2.4e-7;
  const int64_t n = s->length;
  const bool down = n > 1 && at[n - 1] < at[0];
  for (int64_t i = 0; i < n; i++) {
    const int64_t from = down ? n - 1 - i : i;
    const double centre = want->origin[axis] + ((double)i + 0.5) * want->spacing[axis];
    const double near = slack * want->spacing[axis] + (single ? float_digits * fabs(centre) : 0);
    if (fabs(at[from] - centre) <= near) continue;
    return heat_fail(HEAT_DECK,
                     "%s in '%s': its coordinate %s is %.9g in %s %lld, but the centre of that cell is at "
                     "%.9g in this grid",
                     want->path, want->file, s->path, at[from], lines[axis], (long long)from, centre);
  }
  *flip = down;
  return heat_ok();
}

static heat_status read_scale(const scale *s, const heat_dataset_want *want, int axis, bool *flip) {
  const int64_t count = s->length + (s->corners ? 1 : 0);
  const size_t bytes = (size_t)count * sizeof(double);
  double *at = malloc(bytes);
  if (at == NULL) return heat_no_memory("coordinates", bytes);
  heat_packing packing;
  const char *reason;
  heat_status status = heat_dataset_check_stored(s->dataset, want->file, s->path, 0);
  if (status.code == HEAT_OK) status = heat_packing_read(&packing, s->dataset, want->file, s->path);
  if (status.code == HEAT_OK && H5Dread(s->dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, at) < 0)
    status = heat_fail(HEAT_IO, "%s in '%s' cannot be read", s->path, want->file);
  if (status.code == HEAT_OK) {
    heat_packing_unpack(&packing, at, count, &reason);
    for (int64_t n = 0; n < s->length && s->corners; n++) at[n] = at[n] / 2 + at[n + 1] / 2;
    status = compare(s, at, packing.single, want, axis, flip);
  }
  free(at);
  return status;
}

/* Refuse a field that is stored as [x][y]. On a square grid the shape alone does not show it. */
static heat_status check_axis(hid_t dataset, int dimension, const scale *s, const heat_dataset_want *want, int axis) {
  enum { LABEL = 64 };
  static const char *const lines[] = {"rows", "columns"};
  char label[LABEL] = "";
  if (s->dataset >= 0 && axis_of(s) == 1 - axis)
    return heat_fail(HEAT_DECK, "%s in '%s' has its coordinate %s along its %s: it is needed as [y][x]", want->path,
                     want->file, s->path, lines[axis]);
  if (H5DSget_label(dataset, (unsigned)dimension, label, sizeof label) > 0 && axis_of_name(label) == 1 - axis)
    return heat_fail(HEAT_DECK, "%s in '%s' has the label %s at its %s: it is needed as [y][x]", want->path, want->file,
                     label, lines[axis]);
  return heat_ok();
}

heat_status heat_dataset_check_scale(hid_t dataset, int dimension, const heat_dataset_want *want, int axis,
                                     bool *flip) {
  scale *s = malloc(sizeof *s);
  if (s == NULL) return heat_no_memory("coordinates", sizeof *s);
  *s = (scale){.dataset = H5I_INVALID_HID, .length = want->cells[axis]};
  if (H5DSget_num_scales(dataset, (unsigned)dimension) > 0)
    H5DSiterate_scales(dataset, (unsigned)dimension, NULL, take_scale, s);
  if (s->dataset < 0) find_sibling(s, dataset, want, axis);
  heat_status status = check_axis(dataset, dimension, s, want, axis);
  if (status.code == HEAT_OK && s->dataset >= 0) status = read_scale(s, want, axis, flip);
  if (s->dataset >= 0) H5Idec_ref(s->dataset);
  free(s);
  return status;
}
