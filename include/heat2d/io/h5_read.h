/* Reading HDF5 files that may be damaged, or somebody else's: what a file claims to hold is compared with its length
 * before memory is asked for, and only what this program itself writes is read (numbers, text of fixed length). */
#ifndef HEAT2D_H5_READ_H
#define HEAT2D_H5_READ_H

#include "heat2d/base/status.h"
#include "heat2d/grid/grid.h"

#include <hdf5.h>

enum { HEAT_H5_DIMENSIONS = 2 }; /* of a dataset, at most */

/* Open a file on this rank; `file` is negative on failure. HEAT_IO. Local. */
heat_status heat_h5_open(hid_t *file, const char *path);
/* Its two steps: whether `path` is a regular file that can be read (a pipe without a writer is no reason to wait), and
 * opening it with these access properties. HEAT_IO. Local; the second as collective as its properties. */
heat_status heat_h5_look(const char *path);

/* The status with the path before its message, where that does not name the file yet. Local. */
heat_status heat_h5_about(heat_status status, const char *path);
heat_status heat_h5_open_by(hid_t *file, const char *path, hid_t access);
/* Rows and columns of a dataset of two dimensions (rows 0: of one). HEAT_IO. Local. */
heat_status heat_h5_shape(hid_t file, const char *name, int64_t *rows, int64_t *columns);
/* The part `box` (rows and columns as global cell indices) of a dataset; rows packed. HEAT_IO. Local. */
heat_status heat_h5_read_box(hid_t file, const char *name, heat_box box, double *out);
/* Values [start, start + count) of a vector. HEAT_IO. Local. */
heat_status heat_h5_read_vector(hid_t file, const char *name, int64_t start, int64_t count, double *out);
/* Root attributes. HEAT_IO when there is none of that name. Local. The text is to be freed. */
heat_status heat_h5_get_text(hid_t file, const char *name, char **value);
heat_status heat_h5_get_real(hid_t file, const char *name, double *value);
heat_status heat_h5_get_integer(hid_t file, const char *name, int64_t *value);
heat_status heat_h5_get_integers(hid_t file, const char *name, int64_t *values, int count);

/* Open a dataset of one or two dimensions of numbers, whose rows and columns (rows 0: one dimension) the file really
 * holds; `dataset` is negative on failure. HEAT_IO. Local. */
heat_status heat_h5_open_dataset(hid_t file, const char *name, hid_t *dataset, int64_t *rows, int64_t *columns);

/* Rows of a chunk of a dataset `width` values wide, which are best read together: what is read in parts is decompressed
 * for each of them. 1: it is in no chunks, or in ones too large for that. Local. */
int64_t heat_h5_chunk_rows(hid_t dataset, int64_t width);

/* The part of a dataset that begins at start[dimensions] and has count[dimensions] values, as doubles. Local. */
bool heat_h5_read_part(hid_t dataset, int dimensions, const hsize_t *start, const hsize_t *count, double *out);

/* The contents of an attribute as they are stored, ended by a zero byte, and their length; to be freed. NULL on
 * failure. Text of variable length is refused: it lies in a heap without checksums, where a flipped bit makes HDF5 read
 * anywhere. Local. */
void *heat_h5_attribute_bytes(hid_t attribute, size_t *length);

#endif
