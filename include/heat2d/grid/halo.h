/* The exchange of ghost layers.
 *
 * It is planned once, as a list of block copies. For each other rank these are the boxes of its cells, or of their
 * periodic images, that lie in this rank's box grown by the depth of the halo; they are packed into one message per
 * neighbour. Images of a rank's own cells are copied directly. Depth and sizes of blocks are arbitrary, and corners are
 * included: a halo may reach over several ranks, or several times around a periodic axis. Requests are persistent. If
 * rows are not divided among ranks, a message of one field is received directly into its rows.
 *
 * Messages from beyond some sides can be awaited later than the others: a sweep that goes upwards needs the upper ghost
 * rows last. A rank then lags behind the rank below it by the time of one message, and after the first exchange no rank
 * waits. */
#ifndef HEAT2D_HALO_H
#define HEAT2D_HALO_H

#include "heat2d/grid/field.h"

typedef struct heat_halo heat_halo;

/* Plan exchanges of `depth` layers of up to `fields` fields at once. *halo has to be destroyed unless this fails.
 * HEAT_IO when memory is exhausted, HEAT_DECK when a message would be too long for MPI. Collective over the grid's
 * communicator. */
heat_status heat_halo_create(heat_halo **halo, const heat_grid *grid, int depth, int fields);

/* Return the depth of the halo, at most `most` layers, that is estimated to be fastest: a deeper halo needs fewer
 * messages, but more cells are computed by several ranks. 1 if nothing is exchanged. Local. */
int heat_halo_choose_depth(const heat_layout *layout, int most);

/* Free the halo; NULL is allowed. Local, but it waits until the neighbours have received what was sent. */
void heat_halo_destroy(heat_halo *halo);

/* Plan exchanges of arrays of values of any type with `bytes` bytes each. Errors are those of heat_halo_create.
 * Collective over the grid's communicator. */
heat_status heat_halo_create_for(heat_halo **halo, const heat_grid *grid, int depth, int arrays, size_t bytes);

/* An array in an exchange: the first owned cell, and the bytes from one row to the next. */
typedef struct heat_rows {
  void *corner;
  ptrdiff_t row_bytes;
} heat_rows;

/* Refresh the ghost layers of as many arrays as were planned, and wait until they have arrived. Collective. */
void heat_halo_refresh(heat_halo *halo, const heat_rows *arrays);

/* Start to refresh the ghost layers of as many fields as were planned. The owned cells are copied into messages here,
 * and may be changed as soon as it returns; the ghost cells are undefined until the exchange has ended. Collective. */
void heat_halo_begin(heat_halo *halo, heat_field *const *fields);

/* Do the same for `count` fields, from 1 to as many as were planned. Each neighbour gets one message, whose length
 * depends on `count`. The calls that end the exchange have to be given the same fields. Collective. */
void heat_halo_begin_some(heat_halo *halo, heat_field *const *fields, int count);

/* Do the same for one field whose cells will not be changed before heat_halo_wait_sent. If rows are not divided among
 * ranks, they are sent without a copy. Some ranks may call this function and others heat_halo_begin in the same
 * exchange. Collective. */
void heat_halo_begin_held(heat_halo *halo, heat_field *field);

/* Wait until the owned cells in `cells` have been sent, so that they may be changed. Collective. */
void heat_halo_wait_sent(heat_halo *halo, heat_box cells);

/* Wait for the ghost layers: `valid` of each field becomes its depth. The fields are those of heat_halo_begin.
 * Collective. */
void heat_halo_end(heat_halo *halo, heat_field *const *fields);

/* Wait in several calls: messages whose cells all lie beyond one of the sides `later` (bit s for side s) are not
 * awaited in this call, but in a later one without that side. Returns the sides of `later` for which messages are still
 * missing; 0 means that the exchange has ended. Messages from this rank may still be in transit then. Collective. */
unsigned heat_halo_wait(heat_halo *halo, heat_field *const *fields, unsigned later);

/* Let messages make progress. This has to be called from time to time by the thread that uses MPI, because MPI
 * libraries transfer large messages only within calls. Local. */
void heat_halo_progress(heat_halo *halo);

/* Return the largest number of bytes that a rank allocates for the messages of one field. Local. */
size_t heat_halo_plan_bytes(const heat_layout *layout, int depth);

/* Return how many bytes of cells an exchange of all fields sends from this rank, and to how many other ranks. Local. */
int64_t heat_halo_bytes(const heat_halo *halo);
int heat_halo_neighbours(const heat_halo *halo);

#endif
