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

void heat_mpio_prepare(void) {
  setenv("OMPI_MCA_fcoll_individual_priority", "100", 0);
}

#if defined(OPEN_MPI)
static const char *chosen(const char *variable, const char *otherwise) {
  const char *text = getenv(variable);
  return text != NULL && text[0] != '\0' ? text : otherwise;
}
#endif

void heat_mpio_describe(char *text, size_t size) {
#if defined(OPEN_MPI)
  snprintf(text, size, "Open MPI, io %s, fcoll %s", chosen("OMPI_MCA_io", "of its choice"),
           chosen("OMPI_MCA_fcoll", "individual preferred"));
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
