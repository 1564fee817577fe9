/* One HDF5 file that all ranks write together. It is written under the name "<path>.partial", read back and verified,
 * and only then given its final name:
 *
 *     create .partial -> write -> close, fsync -> read back, compare digests -> agree -> rename -> fsync directory
 *
 * The cells of a field are redistributed over the ranks as whole rows (h5_rows.h) and hashed (h5_digest.h). A transport
 * (transport.h) writes them into the file, as they are or in compressed chunks (h5_chunks.h). */
#ifndef HEAT2D_H5_FILE_H
#define HEAT2D_H5_FILE_H

#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_verify.h"
#include "heat2d/io/transport.h"

/* All of these functions are Collective over the grid's communicator, unless they are marked as Local. A failure is
 * kept in `out`: further calls do nothing, and heat_h5_commit returns it. */

/* Create the partial file. `way` says which transport is used; NULL: each rank writes its rows by itself (direct). */
void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path, const heat_h5_way *way);

/* Set an attribute `name` of an object, which is "/" or the name of a dataset. The value has to be the same on all
 * ranks. */
void heat_h5_set_text(heat_h5 *out, const char *object, const char *name, const char *value);
void heat_h5_set_real(heat_h5 *out, const char *object, const char *name, double value);
void heat_h5_set_integer(heat_h5 *out, const char *object, const char *name, int64_t value);
void heat_h5_set_integers(heat_h5 *out, const char *object, const char *name, const int64_t *values, int count);
/* Write a field as the dataset `name` of shape [ny][nx]. */
void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage);
/* Write a field in the background, if the transport is able to: the cells are copied at once, and a thread writes the
 * copy while the caller goes on. No other field may be written to this file. `out` must stay at its place in memory
 * until heat_h5_commit, which waits for the thread. */
void heat_h5_write_field_behind(heat_h5 *out, const char *name, const heat_field *field);
/* Whether the thread is still writing, so that heat_h5_commit would have to wait for it. Local. */
bool heat_h5_busy(heat_h5 *out);

/* Write a vector of `length` values as the dataset `name`. This rank provides the `count` values from index `start` on;
 * count may be 0. */
void heat_h5_write_vector(heat_h5 *out, const char *name, int64_t length, int64_t start, int64_t count,
                          const double *values);
/* Attach the vector `scale` to dimension `dimension` of `dataset` as its dimension scale: its coordinate. */
void heat_h5_attach_scale(heat_h5 *out, const char *dataset, const char *scale, int dimension);
/* Make the vector `name` a dimension scale that is not attached to a dataset. */
void heat_h5_make_scale(heat_h5 *out, const char *name);

/* Close, verify and rename the file as described above. On failure the partial file is removed, and a file that was at
 * `path` before is unchanged. HEAT_IO. */
heat_status heat_h5_commit(heat_h5 *out);

/* Stop writing and leave the partial file as it is, for example since this run has lost its lock and the file may
 * belong to another run. Local. */
void heat_h5_abandon(heat_h5 *out);

#endif
