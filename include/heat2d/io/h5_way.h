/* Which transport writes the files of a run, and how: the table of transports, by the words of output.transport. */
#ifndef HEAT2D_H5_WAY_H
#define HEAT2D_H5_WAY_H

#include "heat2d/deck/names.h"
#include "heat2d/io/transport.h"

/* The way for a word of output.transport, given by its number in names.h, without hints and record. Local. */
heat_h5_way heat_h5_way_of(int transport);

/* The way that a deck asks for, with its hints. It has to be destroyed before MPI_Finalize. Local. */
heat_h5_way heat_h5_way_create(const heat_config *config);
void heat_h5_way_destroy(heat_h5_way *way);

/* Reduce the number of ranks that write files without MPI-IO: only the ranks 0, apart, 2 apart, ... write, each also
 * the rows of the ranks between. With apart = 0 the number is chosen: one rank of each node where there are more than a
 * few hundred ranks, and otherwise every rank. HEAT_IO when memory is exhausted. Collective over comm. */
heat_status heat_h5_way_thin(heat_h5_way *way, MPI_Comm comm, int apart);

/* The way for files that are written behind the steps. Its transport is NULL where files cannot be written so, since a
 * thread must not call MPI. Local. */
heat_h5_way heat_h5_way_behind(const heat_h5_way *way);

#endif
