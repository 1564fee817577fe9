#include "heat2d/io/mpio.h"

#include "heat2d/deck/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 2 };
static const int64_t usual_most = (int64_t)1 << 30; /* bytes of a call: well below what fits an int */
static int64_t most_bytes;

heat_h5_way heat_h5_way_create(const heat_config *config) {
  heat_h5_way way = {.mpio = heat_config_choice(config, "output.transport") != HEAT_TRANSPORT_DIRECT,
                     .hints = MPI_INFO_NULL};
  const char *name, *text;
  for (int n = 0; way.mpio && heat_config_hint(config, "output.hints", n, &name, &text); n++) {
    if (way.hints == MPI_INFO_NULL) MPI_Info_create(&way.hints);
    MPI_Info_set(way.hints, name, text);
  }
  return way;
}

void heat_h5_way_destroy(heat_h5_way *way) {
  if (way->mpio && way->hints != MPI_INFO_NULL) MPI_Info_free(&way->hints);
  *way = (heat_h5_way){.hints = MPI_INFO_NULL};
}

bool heat_h5_way_behind(const heat_config *config) {
  return heat_config_choice(config, "output.transport") != HEAT_TRANSPORT_MPIO;
}

void heat_mpio_set_most(int64_t bytes) {
  most_bytes = bytes;
}

#if defined(OPEN_MPI)
/* Read a text parameter of Open MPI and, where it is empty, set it first to `otherwise`, if any. Parameters can be set
 * until the first file is opened; a choice of the user (environment, command line, file) is seen as its value. */
static bool parameter(const char *name, const char *otherwise, char *text, size_t size) {
  enum { NAME = 256 };
  int provided, count = 0, length = 0;
  bool found = false;
  text[0] = '\0';
  if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return false;
  MPI_T_cvar_get_num(&count);
  for (int n = 0; n < count && !found; n++) {
    char own[NAME] = "";
    int name_length = NAME, verbosity, binding, scope;
    MPI_Datatype type;
    MPI_T_enum values;
    MPI_T_cvar_handle handle;
    if (MPI_T_cvar_get_info(n, own, &name_length, &verbosity, &type, &values, NULL, NULL, &binding, &scope) !=
            MPI_SUCCESS ||
        strcmp(own, name) != 0 || type != MPI_CHAR || MPI_T_cvar_handle_alloc(n, NULL, &handle, &length) != MPI_SUCCESS)
      continue;
    char *value = calloc((size_t)length + 1, 1);
    found = value != NULL && MPI_T_cvar_read(handle, value) == MPI_SUCCESS;
    if (found && value[0] == '\0' && otherwise != NULL) {
      snprintf(value, (size_t)length, "%s", otherwise);
      if (MPI_T_cvar_write(handle, value) != MPI_SUCCESS || MPI_T_cvar_read(handle, value) != MPI_SUCCESS)
        value[0] = '\0';
    }
    if (found) snprintf(text, size, "%s", value);
    free(value);
    MPI_T_cvar_handle_free(&handle);
  }
  MPI_T_finalize();
  return found;
}
#endif

/* Keep vulcan away, once. */
static void choose_component(void) {
#if defined(OPEN_MPI)
  static bool chosen;
  char text[256];
  if (!chosen) parameter("fcoll", "individual", text, sizeof text);
  chosen = true;
#endif
}

void heat_mpio_describe(char *text, size_t size) {
#if defined(OPEN_MPI)
  char io[256], fcoll[256];
  choose_component();
  parameter("io", NULL, io, sizeof io);
  parameter("fcoll", NULL, fcoll, sizeof fcoll);
  snprintf(text, size, "Open MPI, io %s, fcoll %s", io[0] != '\0' ? io : "of its choice",
           fcoll[0] != '\0' ? fcoll : "of its choice");
#elif defined(MPICH_VERSION)
  snprintf(text, size, "MPICH %s, ROMIO", MPICH_VERSION);
#else
  char library[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(library, &length);
  library[strcspn(library, "\n,")] = '\0';
  snprintf(text, size, "%s", library);
#endif
}

void heat_mpio_access(hid_t list, MPI_Comm comm, MPI_Info hints) {
  choose_component();
  H5Pset_fapl_mpio(list, comm, hints);
#if H5_VERSION_GE(1, 10, 0)
  H5Pset_all_coll_metadata_ops(list, true);
  H5Pset_coll_metadata_write(list, true);
#endif
}

hid_t heat_mpio_transfer(void) {
  const hid_t list = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_dxpl_mpio(list, H5FD_MPIO_COLLECTIVE);
  return list;
}

/* A rank without values takes part with nothing selected. */
static void select_part(hid_t space, int dimensions, const hsize_t *start, const hsize_t *count) {
  bool empty = false;
  for (int d = 0; d < dimensions; d++) empty = empty || count[d] == 0;
  if (empty)
    H5Sselect_none(space);
  else
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
}

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* A whole number of units that takes at most `bytes`, and one at least. */
static int64_t fitting(int64_t bytes, int64_t one, int64_t unit) {
  const int64_t units = bytes / (one > 0 ? one : 1) / unit;
  return units < 1 ? unit : units * unit;
}

/* All ranks walk over the same pieces of the largest count; a rank selects of each what it has. */
static bool move(hid_t dataset, const heat_mpio_rows *rows, const void *from, void *to) {
  const int64_t most = most_bytes > 0 ? most_bytes : usual_most, value = (int64_t)rows->bytes;
  const int64_t columns = least(rows->width, fitting(most, value, rows->width == 1 ? 1 : rows->unit));
  const int64_t lines = fitting(most, columns * value, rows->unit);
  const hsize_t own[DIMENSIONS] = {(hsize_t)(rows->count > 0 ? rows->count : 1), (hsize_t)rows->width};
  const hid_t list = heat_mpio_transfer(), memory = H5Screate_simple(rows->dimensions, own, NULL);
  const hid_t space = H5Dget_space(dataset);
  bool good = space >= 0 && memory >= 0;
  for (int64_t row = 0; row < rows->most; row += lines) {
    for (int64_t column = 0; column < rows->width; column += columns) {
      const int64_t left = rows->count - row;
      const hsize_t count[DIMENSIONS] = {(hsize_t)(left > 0 ? least(left, lines) : 0),
                                         (hsize_t)least(columns, rows->width - column)};
      const hsize_t place[DIMENSIONS] = {(hsize_t)(rows->first + row), (hsize_t)column};
      const hsize_t start[DIMENSIONS] = {(hsize_t)row, (hsize_t)column};
      select_part(space, rows->dimensions, place, count);
      select_part(memory, rows->dimensions, start, count);
      const herr_t done = from != NULL ? H5Dwrite(dataset, rows->type, memory, space, list, from)
                                       : H5Dread(dataset, rows->type, memory, space, list, to);
      good = done >= 0 && good;
    }
  }
  H5Sclose(space);
  H5Sclose(memory);
  H5Pclose(list);
  return good;
}

bool heat_mpio_write(hid_t dataset, const heat_mpio_rows *rows, const void *values) {
  return move(dataset, rows, values, NULL);
}

bool heat_mpio_read(hid_t dataset, const heat_mpio_rows *rows, void *values) {
  return move(dataset, rows, NULL, values);
}
