/* The exchange of ghost layers.
 *
 * A small program of block copies, made once: for each other rank the boxes of its cells that lie in this rank's grown
 * box (through periodic seams as shifted images), packed into one message per neighbour; images of a rank's own cells
 * are copied in place. Any depth, any block sizes, corners included: a halo may reach over several ranks, or several
 * times around a periodic axis. Requests are persistent.
 *
 * What comes from above the owned box can be waited for later than the rest: a sweep that goes upwards needs it last.
 * Ranks that lie above each other then fall behind one another by the time that a message takes, once, and from there
 * on none waits. */
#ifndef HEAT2D_HALO_H
#define HEAT2D_HALO_H

#include "heat2d/grid/field.h"

typedef struct heat_halo heat_halo;

/* Plan the exchange of `fields` fields at once with `depth` layers. Collective over the grid's communicator. */
heat_status heat_halo_create(heat_halo **halo, const heat_grid *grid, int depth, int fields);
/* How deep a halo pays, at most `most` layers: deeper ones mean fewer messages, and more cells that neighbours compute
 * as well. 1 without seams. Local. */
int heat_halo_choose_depth(const heat_layout *layout, int most);
void heat_halo_destroy(heat_halo *halo); /* NULL is allowed. */

/* The same for arrays of values of any type with `bytes` bytes each. Collective over the grid's communicator. */
heat_status heat_halo_create_for(heat_halo **halo, const heat_grid *grid, int depth, int arrays, size_t bytes);

/* An array as its exchange sees it: the first owned cell, and the bytes from one row to the next. */
typedef struct heat_rows {
  void *corner;
  ptrdiff_t row_bytes;
} heat_rows;

/* Refresh the ghost layers of as many arrays as were planned, and wait for it. Collective. */
void heat_halo_refresh(heat_halo *halo, const heat_rows *arrays);

/* Start to refresh the ghost layers: what is sent is read at once. `fields` points to as many fields as were planned.
 * Collective. */
void heat_halo_begin(heat_halo *halo, heat_field *const *fields);

/* Finish: valid becomes depth. Collective. */
void heat_halo_end(heat_halo *halo, heat_field *const *fields);

/* The same in two calls, of which the first one leaves out messages that only bring rows above the owned box.
 * Collective; what was sent may still be under way after either. */
void heat_halo_end_below(heat_halo *halo, heat_field *const *fields);
void heat_halo_end_above(heat_halo *halo, heat_field *const *fields);

/* Let messages make progress, to be called now and then: MPI moves large ones only while it is being called. By the
 * thread that uses MPI. Local. */
void heat_halo_help(heat_halo *halo);

/* Bytes that one exchange sends from this rank, and to how many other ranks. Local. */
int64_t heat_halo_bytes(const heat_halo *halo);
int heat_halo_neighbours(const heat_halo *halo);

#endif
