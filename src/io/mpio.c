#include "heat2d/io/mpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIMENSIONS = 2 };
static const int64_t usual_most = (int64_t)1 << 30; /* bytes of a call: well below what fits an int */
static int64_t most_bytes;
static const char collective_buffering[] = "collective_buffering"; /* a hint that the standard names */

/* Translate the standard's hint collective_buffering into the names that ROMIO has for it. */
static void translate(MPI_Info hints) {
  static const char *const names[] = {"romio_cb_write", "romio_cb_read"};
  char asked[MPI_MAX_INFO_VAL + 1], own[MPI_MAX_INFO_VAL + 1];
  int given = 0, there = 0;
  MPI_Info_get(hints, collective_buffering, MPI_MAX_INFO_VAL, asked, &given);
  for (size_t n = 0; n < sizeof names / sizeof *names && given; n++) {
    MPI_Info_get(hints, names[n], MPI_MAX_INFO_VAL, own, &there);
    if (!there) MPI_Info_set(hints, names[n], strcmp(asked, "true") == 0 ? "enable" : "disable");
  }
}

/* Switch ROMIO's data sieving off. It reads and writes back the bytes between the pieces of a rank, for which it needs
 * locks; without locks ROMIO aborts. Since a rank's rows are one piece, nothing is lost. */
static void leave_out_sieving(MPI_Info hints) {
  MPI_Info_set(hints, "romio_ds_read", "disable");
  MPI_Info_set(hints, "romio_ds_write", "disable");
}

MPI_Info heat_mpio_hints(const heat_config *config) {
  MPI_Info hints;
  const char *name, *text;
  MPI_Info_create(&hints);
  leave_out_sieving(hints);
  for (int n = 0; heat_config_hint(config, "output.hints", n, &name, &text); n++) MPI_Info_set(hints, name, text);
  translate(hints);
  return hints;
}

bool heat_mpio_stripes(MPI_Info hints) {
  static const char *const names[] = {"striping_factor", "striping_unit"}; /* as the standard names them */
  char text[MPI_MAX_INFO_VAL + 1];
  int given = 0;
  for (size_t n = 0; n < sizeof names / sizeof *names && !given && hints != MPI_INFO_NULL; n++)
    MPI_Info_get(hints, names[n], MPI_MAX_INFO_VAL, text, &given);
  return given;
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

/* Whether the hints ask for collective buffering, with which a few ranks write for all. */
static bool is_buffered(MPI_Info hints) {
  char asked[MPI_MAX_INFO_VAL + 1] = "";
  int given = 0;
  if (hints != MPI_INFO_NULL) MPI_Info_get(hints, collective_buffering, MPI_MAX_INFO_VAL, asked, &given);
  return given && strcmp(asked, "true") == 0;
}

static void fcoll_of(MPI_Info hints, char *text, size_t size) {
  const char *preferred = is_buffered(hints) ? "dynamic_gen2 preferred" : "individual preferred";
  snprintf(text, size, "%s", chosen("OMPI_MCA_fcoll", preferred));
}
#endif

/* Open MPI reads the priorities of its collective components when it opens the first file. */
static void prefer_writers(MPI_Info hints) {
#if defined(OPEN_MPI)
  if (is_buffered(hints)) setenv("OMPI_MCA_fcoll_dynamic_gen2_priority", "200", 0);
#else
  (void)hints;
#endif
}

void heat_mpio_describe(MPI_Info hints, char *text, size_t size) {
#if defined(OPEN_MPI)
  char fcoll[64];
  fcoll_of(hints, fcoll, sizeof fcoll);
  snprintf(text, size, "Open MPI, io %s, fcoll %s", chosen("OMPI_MCA_io", "of its choice"), fcoll);
#elif defined(MPICH_VERSION)
  (void)hints;
  snprintf(text, size, "MPICH %s, ROMIO", MPICH_VERSION);
#else
  (void)hints;
  char library[MPI_MAX_LIBRARY_VERSION_STRING];
  int length;
  MPI_Get_library_version(library, &length);
  library[strcspn(library, "\n,")] = '\0';
  snprintf(text, size, "%s", library);
#endif
}

void heat_mpio_writers(const heat_h5_way *way, char *text, size_t size) {
  static const char romio[] = "ROMIO, writers as romio_cb_write and cb_nodes say";
#if defined(OPEN_MPI)
  char fcoll[64];
  fcoll_of(way->hints, fcoll, sizeof fcoll);
  const bool each = strncmp(fcoll, "individual", strlen("individual")) == 0;
  if (strncmp(chosen("OMPI_MCA_io", ""), "romio", strlen("romio")) == 0)
    snprintf(text, size, "%s", romio);
  else
    snprintf(text, size, "OMPIO, fcoll %s: %s", fcoll, each ? "each rank writes its rows" : "some ranks write for all");
#else
  const bool is_romio = way->record != NULL && strstr(way->record->hints, "romio_") != NULL;
  snprintf(text, size, "%s", is_romio ? romio : "writers as MPI chooses");
#endif
}

void heat_mpio_note(heat_mpio_record *record, hid_t file) {
  void *handle = NULL;
  MPI_Info info = MPI_INFO_NULL;
  int count = 0;
  if (record == NULL || record->noted || H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || handle == NULL) return;
  record->noted = true;
  if (MPI_File_get_info(*(MPI_File *)handle, &info) != MPI_SUCCESS || info == MPI_INFO_NULL) return;
  MPI_Info_get_nkeys(info, &count);
  for (int n = 0; n < count; n++) {
    char key[MPI_MAX_INFO_KEY + 1], value[MPI_MAX_INFO_VAL + 1] = "";
    int given = 0;
    MPI_Info_get_nthkey(info, n, key);
    MPI_Info_get(info, key, MPI_MAX_INFO_VAL, value, &given);
    const size_t used = strlen(record->hints);
    if (given) snprintf(record->hints + used, sizeof record->hints - used, "%s%s=%s", used > 0 ? " " : "", key, value);
  }
  MPI_Info_free(&info);
}

void heat_mpio_access(hid_t list, MPI_Comm comm, MPI_Info hints) {
  prefer_writers(hints);
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

/* Select a rank's part of a dataset. A rank without values takes part in the call with an empty selection. */
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

/* The largest multiple of `unit` that takes at most `bytes` bytes, but at least one unit. */
static int64_t fitting(int64_t bytes, int64_t one, int64_t unit) {
  const int64_t units = bytes / (one > 0 ? one : 1) / unit;
  return units < 1 ? unit : units * unit;
}

heat_mpio_piece heat_mpio_cut(const heat_mpio_rows *rows) {
  const int64_t most = most_bytes > 0 ? most_bytes : usual_most, value = (int64_t)rows->bytes;
  const int64_t columns = least(rows->width, fitting(most, value * rows->unit, rows->width == 1 ? 1 : rows->unit));
  return (heat_mpio_piece){.rows = fitting(most, columns * value, rows->unit), .columns = columns};
}

/* Find the first entry of HDF5's error stack that has a message of MPI. */
static herr_t find_words(unsigned n, const H5E_error2_t *entry, void *context) {
  (void)n;
  if (entry->min_num != H5E_MPIERRSTR || entry->desc == NULL) return 0;
  snprintf(context, HEAT_MPIO_REASON, "%s", entry->desc);
  return 1;
}

void heat_mpio_reason(char text[HEAT_MPIO_REASON]) {
  static const int telling[] = {ENOSPC, EDQUOT, EROFS, EFBIG, EIO, EACCES, EPERM, ESTALE};
  const int error = errno;
  snprintf(text, HEAT_MPIO_REASON, "the file system gives no reason");
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, find_words, text);
  for (size_t n = 0; n < sizeof telling / sizeof *telling; n++)
    if (error == telling[n]) snprintf(text, HEAT_MPIO_REASON, "%s", strerror(error));
}

/* Write the values at `from`, or read values to `to`. All ranks go through the same pieces, whose number follows from
 * the largest count of any rank, and each rank selects its part of a piece. */
static heat_status move(hid_t dataset, const heat_mpio_rows *rows, const void *from, void *to) {
  const heat_mpio_piece piece = heat_mpio_cut(rows);
  const hsize_t own[DIMENSIONS] = {(hsize_t)(rows->count > 0 ? rows->count : 1), (hsize_t)rows->width};
  const hid_t list = heat_mpio_transfer(), memory = H5Screate_simple(rows->dimensions, own, NULL);
  const hid_t space = H5Dget_space(dataset);
  heat_status status = space >= 0 && memory >= 0 ? heat_ok() : heat_fail(HEAT_IO, "HDF5 has no memory");
  for (int64_t row = 0; row < rows->most; row += piece.rows) {
    for (int64_t column = 0; column < rows->width; column += piece.columns) {
      const int64_t left = rows->count - row;
      const hsize_t count[DIMENSIONS] = {(hsize_t)(left > 0 ? least(left, piece.rows) : 0),
                                         (hsize_t)least(piece.columns, rows->width - column)};
      const hsize_t place[DIMENSIONS] = {(hsize_t)(rows->first + row), (hsize_t)column};
      const hsize_t start[DIMENSIONS] = {(hsize_t)row, (hsize_t)column};
      select_part(space, rows->dimensions, place, count);
      select_part(memory, rows->dimensions, start, count);
      errno = 0;
      const herr_t done = from != NULL ? H5Dwrite(dataset, rows->type, memory, space, list, from)
                                       : H5Dread(dataset, rows->type, memory, space, list, to);
      if (done >= 0 || status.code != HEAT_OK) continue;
      char reason[HEAT_MPIO_REASON];
      heat_mpio_reason(reason);
      status = heat_fail(HEAT_IO, "%s", reason);
    }
  }
  H5Sclose(space);
  H5Sclose(memory);
  H5Pclose(list);
  return status;
}

/* A rank without rows may pass NULL; it makes the same calls as the others. */
heat_status heat_mpio_write(hid_t dataset, const heat_mpio_rows *rows, const void *values) {
  const double nothing = 0;
  return move(dataset, rows, values != NULL ? values : &nothing, NULL);
}

heat_status heat_mpio_read(hid_t dataset, const heat_mpio_rows *rows, void *values) {
  double nothing = 0;
  return move(dataset, rows, NULL, values != NULL ? values : &nothing);
}
