/* The transport `mpio`: parallel HDF5. All ranks open the file through the MPI-IO driver, write HDF5's structure
 * together, and their rows as hyperslabs in collective calls; compressed chunks go through HDF5's parallel filters. The
 * rows have been exchanged before, so that each rank's piece is contiguous: nothing is left to MPI-IO's own exchange.
 */
#ifndef HEAT2D_TRANSPORT_MPIO_H
#define HEAT2D_TRANSPORT_MPIO_H

#include "heat2d/io/transport.h"

extern const heat_transport heat_transport_mpio;

#endif
