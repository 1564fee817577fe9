#include "heat2d/io/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ALIGNMENT = 4096 }; /* bytes: large datasets start on a page of the file system */

bool heat_h5_usable(const heat_h5 *out) {
  return out->status.code == HEAT_OK;
}

void heat_h5_mark(heat_h5 *out, heat_h5_phase phase) {
  const double now = MPI_Wtime();
  out->times.seconds[phase] += now - out->mark;
  out->mark = now;
}

void heat_h5_fail(heat_h5 *out, const char *what) {
  char reason[HEAT_MPIO_REASON];
  heat_mpio_reason(reason);
  if (heat_h5_usable(out)) out->status = heat_fail(HEAT_IO, "cannot %s '%s': %s", what, out->partial, reason);
}

void heat_h5_agree_step(heat_h5 *out, bool good, const char *what) {
  if (!good) heat_h5_fail(out, what);
  heat_stall_enter(&out->guard, "the agreement of the ranks");
  out->status = heat_agree(out->grid->comm, out->status);
  heat_stall_enter(&out->guard, "HDF5");
  errno = 0;
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

/* Open the file that rank 0 has just made. A file system of many hosts may show it a while later: a look at the
 * directory makes this host ask for what is new in it. */
static int open_when_seen(const char *path) {
  const double patience = 15, longest_pause = 0.25; /* s */
  char directory[HEAT_PATH];
  const char *slash = strrchr(path, '/');
  snprintf(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
  const double start = MPI_Wtime();
  for (double pause = 0.001;; pause = 2 * pause < longest_pause ? 2 * pause : longest_pause) {
    const int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0 || (errno != ENOENT && errno != ESTALE) || MPI_Wtime() - start > patience) return file;
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * pause)}, NULL);
    const int look = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (look >= 0) close(look);
  }
}

void heat_h5_open_raw(heat_h5 *out) {
  enum { HOST_TEXT = 256 };
  const bool writes = out->grid->rank % out->apart == 0;
  if (writes) out->raw = open_when_seen(out->partial);
  if (writes && out->raw < 0) {
    const int reason = errno;
    char host[HOST_TEXT] = "?";
    gethostname(host, sizeof host - 1);
    out->status = heat_fail(HEAT_IO, "rank %d on the host %s cannot open '%s', which rank 0 has made: %s%s",
                            out->grid->rank, host, out->partial, strerror(reason),
                            reason == ENOENT ? " (all hosts must see output.directory)" : "");
  }
  heat_h5_agree_step(out, true, "open");
}

bool heat_h5_sync_raw(heat_h5 *out) {
  if (out->raw < 0) return true;
  const bool synced = !heat_h5_usable(out) || fsync(out->raw) == 0;
  const int error = errno;
#ifdef POSIX_FADV_DONTNEED
  if (synced) posix_fadvise(out->raw, 0, 0, POSIX_FADV_DONTNEED); /* so that what is read back comes from the disk */
#endif
  const bool closed = close(out->raw) == 0;
  if (!synced) errno = error;
  out->raw = -1;
  return synced && closed;
}
