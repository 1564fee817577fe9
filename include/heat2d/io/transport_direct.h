/* The transport `direct`. Rank 0 alone writes HDF5's own structure (superblock, headers, attributes), with the serial
 * driver. Each rank writes its rows, which are one contiguous piece, directly to their place in the dataset. This needs
 * no MPI, so a thread can do it behind the steps. Compressed chunks are made by all ranks and stored by rank 0. */
#ifndef HEAT2D_TRANSPORT_DIRECT_H
#define HEAT2D_TRANSPORT_DIRECT_H

#include "heat2d/io/transport.h"

extern const heat_transport heat_transport_direct;

#endif
