/* The transport `direct`: rank 0 alone writes what belongs to HDF5's own structure, with the serial driver, and each
 * rank writes its rows, one contiguous piece, straight to their place in the dataset. That needs no MPI, so that it can
 * go on in a thread behind the steps. Compressed chunks are made by all ranks and stored by rank 0. */
#ifndef HEAT2D_TRANSPORT_DIRECT_H
#define HEAT2D_TRANSPORT_DIRECT_H

#include "heat2d/io/transport.h"

extern const heat_transport heat_transport_direct;

#endif
