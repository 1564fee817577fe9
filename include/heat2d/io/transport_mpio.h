/* The transport `mpio`, which is parallel HDF5. All ranks open the file through the MPI-IO driver, write HDF5's
 * structure together, and write their rows as hyperslabs in collective calls. Compressed chunks go through HDF5's
 * parallel filters. Since the rows have been exchanged before, each rank's piece is contiguous, and MPI-IO has nothing
 * to exchange by itself. */
#ifndef HEAT2D_TRANSPORT_MPIO_H
#define HEAT2D_TRANSPORT_MPIO_H

#include "heat2d/io/transport.h"

extern const heat_transport heat_transport_mpio;

#endif
