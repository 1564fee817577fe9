/* The rows of a field between the ranks that own them and a file.
 *
 * To write a field its cells are redistributed over the ranks as whole rows, so that each rank has one contiguous piece
 * of the dataset. The rank receives the parts of its rows from the ranks that own these cells, hashes the rows, and
 * writes them to their place in the file; a thread can do this while the time steps go on. When a file is read the same
 * is done in the opposite direction. */
#ifndef HEAT2D_H5_ROWS_H
#define HEAT2D_H5_ROWS_H

#include "heat2d/grid/field.h"
#include "heat2d/io/h5_uncached.h"

#include <pthread.h>
#include <stdatomic.h>

/* The size of the buffer through which values are written and read, in bytes. Larger buffers mean fewer collective
 * calls. */
enum { HEAT_H5_STRIP_BYTES = 4 << 20 };

/* The phases of writing a file, and the time that each of them took, in s. */
typedef enum heat_h5_phase { HEAT_H5_PACK, HEAT_H5_WRITE, HEAT_H5_SYNC, HEAT_H5_VERIFY, HEAT_H5_PHASES } heat_h5_phase;
extern const char *const heat_h5_phase_names[HEAT_H5_PHASES];
typedef struct heat_h5_times {
  double seconds[HEAT_H5_PHASES]; /* pack and hash; create, write, close; make durable; read back */
} heat_h5_times;

/* The distribution of the rows of a field over the ranks that write them. A rank whose rows do not fit into its buffer
 * writes them in several rounds. */
typedef struct heat_h5_distribution {
  int64_t rows, unit; /* rows of the field; the rows of a unit, for example of a chunk, stay on one rank */
  int64_t strip;      /* rows of a rank in one round, a multiple of `unit` */
  int64_t rounds;
  int ranks;
  int apart; /* only the ranks 0, apart, 2 apart, ... write rows */
} heat_h5_distribution;

/* Distribute the rows of the grid's fields over all ranks, with at most about `strip_bytes` bytes, but at least one
 * unit of rows, for a rank and round. Local. */
heat_h5_distribution heat_h5_rows_distribute(const heat_grid *grid, int64_t unit, int64_t strip_bytes);

/* The same over the ranks 0, apart, 2 apart, ... only. Local. */
heat_h5_distribution heat_h5_rows_distribute_among(const heat_grid *grid, int64_t unit, int64_t strip_bytes, int apart);

/* The rows [*lo, *hi) that `rank` writes in a round; none where *lo == *hi. Local. */
void heat_h5_rows_range(const heat_h5_distribution *d, int rank, int64_t round, int64_t *lo, int64_t *hi);

/* The number of messages, at most, that this rank sends and receives in a round: about px of px x py ranks. Local. */
int heat_h5_rows_requests(const heat_grid *grid, const heat_h5_distribution *d);

/* Collect the rows that this rank writes in a round, from all ranks that own a part of them, into `slab`, an array
 * [hi - lo][nx]. `requests` has room for heat_h5_rows_requests entries. Collective over the grid's communicator. */
void heat_h5_rows_collect(const heat_grid *grid, const heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests);

/* Send the rows that this rank has read in a round, which are in `slab`, to all ranks that own a part of them. `slab`
 * is only read. Collective over the grid's communicator. */
void heat_h5_rows_deliver(const heat_grid *grid, heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests);

/* The rows that this rank writes in a round, and the thread that writes them where that is done behind the steps. */
typedef struct heat_h5_rows {
  int file; /* a file descriptor */
  double *values;
  int64_t count;  /* number of values; 0: no rows in this round */
  int64_t width;  /* values of a row */
  int64_t most;   /* largest number of rows of any rank in a round */
  uint64_t place; /* the seed of the first row's hash, see h5_digest.h */
  off_t at;       /* offset of the first row in the file */
  bool single, behind, running;
  heat_h5_uncached *uncached; /* behind the steps: through it the rows are read back once they are durable, or NULL */
  bool read_back;             /* they have been, and are as they were written */
  atomic_bool done;
  pthread_t thread;
  uint64_t digest; /* sum of the hashes of these rows, to be added to that of the file */
  heat_h5_times times;
  int error; /* errno of a failure */
} heat_h5_rows;

/* Rows of a contiguous dataset that this rank has read back already. */
typedef struct heat_h5_read_rows {
  const char *name; /* of the dataset; NULL: none has been read */
  off_t place;      /* its offset in the file */
  uint64_t digest;  /* sum of the hashes of these rows */
} heat_h5_read_rows;

/* Memory for the rows of a round, to be freed; NULL when there is none. Large ones have huge pages where the system
 * allows it: a field is then copied about twice as fast. Local. */
void *heat_h5_rows_memory(size_t bytes);

/* Hash the rows, and convert them to float in place where float32 is stored. The hash is that of the values as they
 * will be read from the file. Local. */
void heat_h5_rows_hash(heat_h5_rows *rows);

/* Ask the system to begin writing a part of the file to the disk now instead of at the fsync. Local. */
void heat_h5_rows_hurry(int file, off_t at, size_t bytes);

/* Hash the rows and write them to their place in the file; behind the steps also make them durable and read them back.
 * It makes no call of MPI or HDF5, so it may run in a thread. Local. */
void heat_h5_rows_put(heat_h5_rows *rows);

/* Do the same in a new thread; false if no thread can be made. `rows` and its values must stay at their place until
 * heat_h5_rows_join, which waits for the thread. Local. */
bool heat_h5_rows_start(heat_h5_rows *rows);
void heat_h5_rows_join(heat_h5_rows *rows);

#endif
