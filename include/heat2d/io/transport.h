/* A shared HDF5 file that is being written, and what is to be known of a transport: a way in which the bytes of all
 * ranks get into it. h5_way.c has the table of them. */
#ifndef HEAT2D_TRANSPORT_H
#define HEAT2D_TRANSPORT_H

#include "heat2d/base/stall.h"
#include "heat2d/io/h5_chunks.h"
#include "heat2d/io/mpio.h"

/* A file being written. After a failure every further call does nothing, on all ranks, until heat_h5_commit. */
typedef struct heat_h5 {
  const heat_grid *grid; /* borrowed */
  const heat_transport *transport;
  heat_h5_way way;
  int apart;   /* the ranks 0, apart, 2 apart ... have rows to write, and the file open */
  hid_t file;  /* on the ranks that write what belongs to HDF5's own structure, elsewhere negative */
  int raw;     /* the same file, without HDF5; -1: not open */
  off_t place; /* of the field that is being written, in the file */
  heat_h5_rows rows;
  char path[HEAT_PATH], partial[HEAT_PATH];
  uint64_t digest; /* of this rank's data */
  heat_h5_times times;
  double mark;      /* when the current phase began, MPI_Wtime */
  heat_stall guard; /* of the collective calls, where the transport has such */
  bool broken;      /* a call of HDF5 or MPI-IO failed here: closing might hang or crash */
  heat_status status;
} heat_h5;

/* A part of a vector: `count` values from `start` on (0: none). */
typedef struct heat_h5_part {
  int64_t length, start, count; /* of the whole vector; of this rank's part */
  const double *values;
} heat_h5_part;

/* All Collective over the grid's communicator. They return whether all went well on this rank, and leave it to the
 * caller to agree. */
struct heat_transport {
  const char *name;    /* the word of output.transport */
  const char *meaning; /* for run.log; NULL: what mpio.h says of MPI-IO */
  bool together;       /* all ranks write HDF5's structure, and so must agree after each part of it */
  bool behind;         /* rows can be written by a thread, behind the steps */
  /* Make the file out->partial and open it. */
  void (*create)(heat_h5 *out);
  /* Before the first round of rows of a field; `dataset` is open where out->file is. */
  bool (*begin_field)(heat_h5 *out, hid_t dataset, heat_storage storage);
  /* Hash and write the rows of a round, which stand in out->rows; out->rows.running: a thread is at it. */
  bool (*write_rows)(heat_h5 *out, hid_t dataset, int64_t first_row);
  /* The same for a row of chunks; the values have been hashed and narrowed. */
  bool (*write_chunks)(heat_h5 *out, hid_t dataset, const heat_h5_chunk_row *row, heat_h5_packed_chunk *packed);
  bool (*write_vector)(heat_h5 *out, hid_t dataset, const heat_h5_part *part);
  /* Close the file and make what this rank wrote durable; failures are kept in out->status. */
  void (*close)(heat_h5 *out);
};

/* Whether nothing has failed so far. Local. */
bool heat_h5_usable(const heat_h5 *out);

/* The time since the last mark was spent on `phase`. Local. */
void heat_h5_mark(heat_h5 *out, heat_h5_phase phase);

/* HDF5 has just failed here: "cannot <what> '<file>': <reason>", if nothing has failed before. Local. */
void heat_h5_fail(heat_h5 *out, const char *what);

/* After a step that may have failed here (heat_h5_fail): agree, so that all ranks go on or none does.
 * Collective over the grid's communicator. */
void heat_h5_agree_step(heat_h5 *out, bool good, const char *what);

/* Open the file that rank 0 has made without HDF5, on every rank that writes, and agree. Collective. */
void heat_h5_open_raw(heat_h5 *out);

/* Make what this rank wrote durable, let go of what this host keeps of it in memory, and close the file that
 * heat_h5_open_raw opened; false with errno. Local. */
bool heat_h5_sync_raw(heat_h5 *out);

/* The properties with which the files of a run are created; to be closed. Local. */
hid_t heat_h5_access(void);

#endif
