/* One shared HDF5 file: written by all ranks in parallel under "<path>.partial", verified, and only then given its
 * name.
 *
 *     create .partial -> write -> close, fsync -> read back, compare digests -> agree -> rename -> fsync directory
 *
 * Rank 0 alone writes what belongs to HDF5's own structure. The cells of a field are dealt out over the ranks as whole
 * rows, and each rank writes its rows, one contiguous piece, straight to their place in the dataset; where memory
 * allows from a copy, in a thread, while the steps go on. Compressed chunks are made by all ranks and stored by rank 0.
 *
 * The digest is the sum modulo 2^64 of one XXH3 hash per row of a field and per value of a vector, seeded with its
 * place (dataset and index), and one per root attribute: it covers every bit of every dataset and of the state, and is
 * the same for any number of ranks. The hashes of float32 data are those of the stored values widened to doubles. */
#ifndef HEAT2D_H5IO_H
#define HEAT2D_H5IO_H

#include "heat2d/grid/field.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the writing of a file spends its time on, s. */
typedef enum heat_h5_phase { HEAT_H5_PACK, HEAT_H5_WRITE, HEAT_H5_SYNC, HEAT_H5_VERIFY, HEAT_H5_PHASES } heat_h5_phase;
typedef struct heat_h5_times {
  double seconds[HEAT_H5_PHASES]; /* pack and hash; create, write, close; make durable; read back */
} heat_h5_times;

/* The rows that this rank writes, and the thread that does it where they are written behind the steps. */
typedef struct heat_h5_rows {
  int file;
  double *values;
  int64_t count;  /* of values; 0: none in this round */
  int64_t width;  /* values of a row */
  uint64_t place; /* of the first row, for its hash */
  off_t at;       /* of the first, in the file */
  bool single, behind, running;
  atomic_bool done;
  pthread_t thread;
  uint64_t digest;
  heat_h5_times times;
  int error; /* errno of a failure */
} heat_h5_rows;

/* A file being written. After a failure every further call does nothing, on all ranks, until heat_h5_commit. */
typedef struct heat_h5 {
  const heat_grid *grid; /* borrowed */
  hid_t file;            /* on rank 0, elsewhere negative */
  int raw;               /* the same file, for the cells */
  heat_h5_rows rows;
  char path[HEAT_PATH], partial[HEAT_PATH];
  uint64_t digest; /* of this rank's data */
  heat_h5_times times;
  double mark; /* when the current phase began, MPI_Wtime */
  heat_status status;
} heat_h5;

/* How a field is stored. */
typedef struct heat_storage {
  bool single;     /* float32 instead of float64 */
  int compression; /* deflate level; 0: contiguous */
} heat_storage;

/* All Collective over the grid's communicator, the values of attributes the same on every rank. */
void heat_h5_begin(heat_h5 *out, const heat_grid *grid, const char *path);
void heat_h5_set_text(heat_h5 *out, const char *object, const char *name, const char *value);
void heat_h5_set_real(heat_h5 *out, const char *object, const char *name, double value);
void heat_h5_set_integer(heat_h5 *out, const char *object, const char *name, int64_t value);
void heat_h5_set_integers(heat_h5 *out, const char *object, const char *name, const int64_t *values, int count);
/* A field as the dataset [ny][nx] `name`. */
void heat_h5_write_field(heat_h5 *out, const char *name, const heat_field *field, heat_storage storage);
/* The same with the cells copied at once and written by a thread while the caller goes on: no other field may be
 * written to this file, and `out` stays where it is until heat_h5_commit, which waits for the thread. */
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

/* Whether a digest is of the kind that is written here. Local. */
bool heat_h5_digest_known(const char *digest);

/* Reading: each rank opens the file for itself. `file` is negative on failure. */
heat_status heat_h5_open(hid_t *file, const char *path);
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

/* Read the whole file at `path`, shared out over the ranks of comm, and compare with its digest. HEAT_IO with the
 * reason (not an HDF5 file, truncated, digest differs). Collective over comm. */
heat_status heat_h5_verify(MPI_Comm comm, const char *path);

/* The rank whose share of a file this rank reads back: not its own, and one of another node where there are several, so
 * that what is read does not come from the memory of the host that wrote it. Each rank's share is read by one rank.
 * Collective over comm. */
int heat_h5_share(MPI_Comm comm);

/* Make a file's data, or a directory's entries, durable. Local. */
heat_status heat_sync(const char *path);

#endif
