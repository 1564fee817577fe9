#include "heat2d/io/transport.h"

enum { ALIGNMENT = 4096 }; /* bytes: large datasets start on a page of the file system */

bool heat_h5_usable(const heat_h5 *out) {
  return out->status.code == HEAT_OK;
}

void heat_h5_mark(heat_h5 *out, heat_h5_phase phase) {
  const double now = MPI_Wtime();
  out->times.seconds[phase] += now - out->mark;
  out->mark = now;
}

void heat_h5_agree_step(heat_h5 *out, bool good, const char *what) {
  if (!good && heat_h5_usable(out)) out->status = heat_fail(HEAT_IO, "cannot %s '%s'", what, out->partial);
  out->status = heat_agree(out->grid->comm, out->status);
}

hid_t heat_h5_access(void) {
  const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
  /* Metadata with checksums, which every HDF5 from 1.10 on reads: a newer library's latest format is its own. */
#if H5_VERSION_GE(1, 10, 2)
  H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110);
#else
  H5Pset_libver_bounds(list, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
#endif
  H5Pset_alignment(list, ALIGNMENT, ALIGNMENT);
  return list;
}
