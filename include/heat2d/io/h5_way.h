/* How the files of a run get onto the disk: the table of transports, by the words of output.transport. */
#ifndef HEAT2D_H5_WAY_H
#define HEAT2D_H5_WAY_H

#include "heat2d/deck/names.h"
#include "heat2d/io/transport.h"

/* The way with the transport of a word of output.transport (enum in names.h), without hints and record. Local. */
heat_h5_way heat_h5_way_of(int transport);

/* The way that a deck asks for, with its hints; to be destroyed while MPI is at work. Local. */
heat_h5_way heat_h5_way_create(const heat_config *config);
void heat_h5_way_destroy(heat_h5_way *way);

/* Let one of `apart` ranks write for those behind it where files are written without MPI-IO, or one on each node; 0:
 * one on each node where there are more than a few hundred ranks, and every rank where not. HEAT_IO. Collective. */
heat_status heat_h5_way_thin(heat_h5_way *way, MPI_Comm comm, int apart);

/* How files are written behind the steps: a way without a transport where they are not, since a thread of a rank must
 * not call MPI. Local. */
heat_h5_way heat_h5_way_behind(const heat_h5_way *way);

#endif
