/* The cells of a field on their way into a file: redistributed over the ranks as whole rows, so that each rank has one
 * contiguous piece of the dataset, brought together from the ranks that own them, hashed, and written to their place;
 * where memory allows in a thread, while the steps go on. And the same way back when a file is read. */
#ifndef HEAT2D_H5_ROWS_H
#define HEAT2D_H5_ROWS_H

#include "heat2d/grid/field.h"

#include <pthread.h>
#include <stdatomic.h>

/* Bytes of the buffer between a file and what is done with its values: collective calls are to be few. */
enum { HEAT_H5_STRIP_BYTES = 4 << 20 };

/* What the writing of a file spends its time on, s. */
typedef enum heat_h5_phase { HEAT_H5_PACK, HEAT_H5_WRITE, HEAT_H5_SYNC, HEAT_H5_VERIFY, HEAT_H5_PHASES } heat_h5_phase;
extern const char *const heat_h5_phase_names[HEAT_H5_PHASES];
typedef struct heat_h5_times {
  double seconds[HEAT_H5_PHASES]; /* pack and hash; create, write, close; make durable; read back */
} heat_h5_times;

/* Which rows each rank writes, in as many rounds as its buffer asks for. */
typedef struct heat_h5_distribution {
  int64_t rows, unit; /* of the field; the rows of a unit (of a chunk) stay together */
  int64_t strip;      /* rows of a rank in one round, a multiple of unit */
  int64_t rounds;
  int ranks;
  int apart; /* the ranks 0, apart, 2 apart ... write them */
} heat_h5_distribution;

/* With rounds of about `strip_bytes` on a rank, at least one unit. Local. */
heat_h5_distribution heat_h5_rows_distribute(const heat_grid *grid, int64_t unit, int64_t strip_bytes);

/* The same among every apart-th rank. Local. */
heat_h5_distribution heat_h5_rows_distribute_among(const heat_grid *grid, int64_t unit, int64_t strip_bytes, int apart);

/* The rows [lo, hi) that `rank` writes in a round; lo == hi: none. Local. */
void heat_h5_rows_range(const heat_h5_distribution *d, int rank, int64_t round, int64_t *lo, int64_t *hi);

/* How many other ranks this one exchanges rows with, at most, in a round: some px of px x py ranks. Local. */
int heat_h5_rows_requests(const heat_grid *grid, const heat_h5_distribution *d);

/* Bring the rows of this round together in `slab` [hi - lo][nx], from all ranks that own a part of them. `requests`
 * has room for heat_h5_rows_requests. Collective over the grid's communicator. */
void heat_h5_rows_collect(const heat_grid *grid, const heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests);

/* The way back, for a file that is read: from the rows of this round in `slab`, which stays as it is, to all ranks that
 * own a part of them. Collective over the grid's communicator. */
void heat_h5_rows_deliver(const heat_grid *grid, heat_field *field, const heat_h5_distribution *d, int64_t round,
                          double *slab, MPI_Request *requests);

/* The rows that this rank writes in a round, and the thread that does it where they are written behind the steps. */
typedef struct heat_h5_rows {
  int file;
  double *values;
  int64_t count;  /* of values; 0: none in this round */
  int64_t width;  /* values of a row */
  int64_t most;   /* rows of the rank that has most in a round */
  uint64_t place; /* of the first row, for its hash */
  off_t at;       /* of the first, in the file */
  bool single, behind, running;
  atomic_bool done;
  pthread_t thread;
  uint64_t digest; /* of what was hashed, to be added to the file's */
  heat_h5_times times;
  int error; /* errno of a failure */
} heat_h5_rows;

/* Hash the rows, and narrow them in place where floats are stored: the hash is that of the values as they are read.
 * Local. */
void heat_h5_rows_hash(heat_h5_rows *rows);

/* Let the disk begin with what was written there, and not only at the fsync, where the system can. Local. */
void heat_h5_rows_hurry(int file, off_t at, size_t bytes);

/* Hash the rows and write them to their place in the file. No call to MPI or HDF5: it may run in a thread. Local. */
void heat_h5_rows_put(heat_h5_rows *rows);

/* The same in a thread; false where none can be had. `rows` and its values stay where they are until
 * heat_h5_rows_join, which waits for it. Local. */
bool heat_h5_rows_start(heat_h5_rows *rows);
void heat_h5_rows_join(heat_h5_rows *rows);

#endif
