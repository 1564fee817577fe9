/* One shared HDF5 file: written by all ranks in parallel under "<path>.partial", verified, and only then given its
 * name.
 *
 *     create .partial -> write -> close, fsync -> read back, compare digests -> agree -> rename -> fsync directory
 *
 * The cells of a field are redistributed over the ranks as whole rows (h5_rows.h), hashed (h5_digest.h), and brought
 * into the file by a transport (transport.h), as they are or in compressed chunks (h5_chunks.h). */
#ifndef HEAT2D_H5_FILE_H
#define HEAT2D_H5_FILE_H

#include "heat2d/io/h5_read.h"
#include "heat2d/io/h5_verify.h"
#include "heat2d/io/transport.h"

/* All Collective over the grid's communicator, the values of attributes the same on every rank. A failure is kept in
 * `out`: the calls after it do nothing, and heat_h5_commit returns it.
 *
 * Make the partial file. `way`: how the bytes of all ranks get into it; NULL: each rank writes its rows by itself. */
void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path, const heat_h5_way *way);
void heat_h5_set_text(heat_h5 *out, const char *object, const char *name, const char *value);
void heat_h5_set_real(heat_h5 *out, const char *object, const char *name, double value);
void heat_h5_set_integer(heat_h5 *out, const char *object, const char *name, int64_t value);
void heat_h5_set_integers(heat_h5 *out, const char *object, const char *name, const int64_t *values, int count);
/* A field as the dataset [ny][nx] `name`. */
void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage);
/* The same in the background where the transport can: the cells are copied now, and a thread writes them while the
 * caller goes on. No other field may be written to this file, and `out` must stay where it is in memory until
 * heat_h5_commit, which waits for the thread. */
void heat_h5_write_field_behind(heat_h5 *out, const char *name, const heat_field *field);
/* Whether heat_h5_commit would have to wait for the thread. Local. */
bool heat_h5_busy(heat_h5 *out);
/* A vector of `length`, of which this rank gives `count` values from `start` on (0: none). */
void heat_h5_write_vector(heat_h5 *out, const char *name, int64_t length, int64_t start, int64_t count,
                          const double *values);
/* Make the vector `scale` the dimension scale of dimension `dimension` of `dataset`. */
void heat_h5_attach_scale(heat_h5 *out, const char *dataset, const char *scale, int dimension);
/* Make the vector `name` a dimension scale of no dataset yet: a coordinate of its own. */
void heat_h5_make_scale(heat_h5 *out, const char *name);
/* Finish as described above. On failure the partial file is removed and what stood at `path` is untouched. HEAT_IO. */
heat_status heat_h5_commit(heat_h5 *out);

/* Stop writing and leave the partial file as it is: it may be another run's by now. Local. */
void heat_h5_abandon(heat_h5 *out);

#endif
