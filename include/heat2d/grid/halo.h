/* The exchange of ghost layers.
 *
 * It is planned once, as a list of block copies: for each other rank the boxes of its cells that lie in this rank's box
 * grown by the depth of the halo, across periodic sides as shifted images, packed into one message per neighbour.
 * Images of a rank's own cells are copied directly. Any depth, any block sizes, corners included: a halo may reach over
 * several ranks, or several times around a periodic axis. Requests are persistent. Where rows are not divided, and the
 * message is of one field, it is received into its rows.
 *
 * What lies beyond some sides can be waited for later than the rest: a sweep from below to above needs the ghost rows
 * above last. A rank then runs behind the one below it by the time of one message; after the first exchange none waits.
 */
#ifndef HEAT2D_HALO_H
#define HEAT2D_HALO_H

#include "heat2d/grid/field.h"

typedef struct heat_halo heat_halo;

/* Plan exchanges of `depth` layers of up to `fields` fields at once. HEAT_IO when memory is exhausted, HEAT_DECK when a
 * message would be too long for MPI. Collective over the grid's communicator. */
heat_status heat_halo_create(heat_halo **halo, const heat_grid *grid, int depth, int fields);

/* How deep a halo pays, at most `most` layers: deeper ones mean fewer messages, and more cells that neighbours compute
 * as well. 1 where nothing is exchanged. Local. */
int heat_halo_choose_depth(const heat_layout *layout, int most);

/* NULL is allowed. Local, but it waits until the neighbours have received what was sent. */
void heat_halo_destroy(heat_halo *halo);

/* The same for arrays of values of any type with `bytes` bytes each. Collective over the grid's communicator. */
heat_status heat_halo_create_for(heat_halo **halo, const heat_grid *grid, int depth, int arrays, size_t bytes);

/* An array as its exchange sees it: the first owned cell, and the bytes from one row to the next. */
typedef struct heat_rows {
  void *corner;
  ptrdiff_t row_bytes;
} heat_rows;

/* Refresh the ghost layers of as many arrays as were planned, and wait for it. Collective. */
void heat_halo_refresh(heat_halo *halo, const heat_rows *arrays);

/* Start to refresh the ghost layers of as many fields as were planned. The owned cells are copied into messages here,
 * and may be changed as soon as it returns; the ghost cells are undefined until the exchange has ended. Collective. */
void heat_halo_begin(heat_halo *halo, heat_field *const *fields);

/* The same for the first `count` of them, from 1 to as many as were planned: one message per neighbour, as long as
 * that. What finishes is given the same ones. Collective. */
void heat_halo_begin_some(heat_halo *halo, heat_field *const *fields, int count);

/* The same for one field whose cells are not changed before heat_halo_wait_sent: where rows are not divided they are
 * sent from where they lie, and no copy of them takes memory. Which one a rank calls is its own affair. Collective. */
void heat_halo_begin_held(heat_halo *halo, heat_field *field);

/* Wait until the owned cells in `cells` have been sent, and may be changed. Collective. */
void heat_halo_wait_sent(heat_halo *halo, heat_box cells);

/* Wait for the ghost layers: `valid` of each field becomes its depth. The fields are those of heat_halo_begin.
 * Collective. */
void heat_halo_end(heat_halo *halo, heat_field *const *fields);

/* The same in several calls: messages that only bring cells beyond one of the sides `later` (bit s for side s) may stay
 * away until a call in which that is not among them. Returns those of these sides of which some do; 0: the exchange has
 * ended. What was sent may still be under way. Collective. */
unsigned heat_halo_wait(heat_halo *halo, heat_field *const *fields, unsigned later);

/* Let messages make progress, to be called now and then: MPI libraries move large ones only within calls. To be called
 * by the thread that uses MPI. Local. */
void heat_halo_progress(heat_halo *halo);

/* Bytes of the messages of one field that a rank holds, at most. Local. */
size_t heat_halo_plan_bytes(const heat_layout *layout, int depth);

/* Bytes of the cells that an exchange of all fields sends from this rank, and to how many other ranks. Local. */
int64_t heat_halo_bytes(const heat_halo *halo);
int heat_halo_neighbours(const heat_halo *halo);

#endif
