/* Whether a file is whole: all that it holds is read, and compared with its digest (h5_digest.h). */
#ifndef HEAT2D_H5_VERIFY_H
#define HEAT2D_H5_VERIFY_H

#include "heat2d/base/status.h"
#include "heat2d/io/mpio.h"

/* Read the whole file at `path`, shared out over the ranks of comm, and compare with its digest; through MPI-IO where
 * `way` says so (NULL: each rank for itself). HEAT_IO with the reason (not an HDF5 file, truncated, digest differs).
 * Collective over comm. */
heat_status heat_h5_verify(MPI_Comm comm, const char *path, const heat_h5_way *way);

/* The rank whose share of a file this rank reads back: not its own, and one of another node where there are several, so
 * that what is read does not come from the memory of the host that wrote it. Each rank's share is read by one rank.
 * Collective over comm. */
int heat_h5_share(MPI_Comm comm);

/* heat_h5_verify, in which this rank reads the share of the rank `share`. HEAT_IO. Collective over comm. */
heat_status heat_h5_verify_share(MPI_Comm comm, const char *path, const heat_h5_way *way, int share);

#endif
