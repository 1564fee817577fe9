/* A shared HDF5 file that is being written, and the interface of a transport: the method by which the bytes of all
 * ranks are written into it. h5_way.c has the table of transports. */
#ifndef HEAT2D_TRANSPORT_H
#define HEAT2D_TRANSPORT_H

#include "heat2d/base/stall.h"
#include "heat2d/io/h5_chunks.h"
#include "heat2d/io/mpio.h"

/* A file that is being written. After a failure all further calls do nothing, on all ranks, until heat_h5_commit. */
typedef struct heat_h5 {
  const heat_grid *grid; /* borrowed */
  const heat_transport *transport;
  heat_h5_way way;
  int apart;   /* the ranks 0, apart, 2 apart, ... write rows and have the file open */
  hid_t file;  /* on the ranks that write HDF5's own structure (superblock, headers, attributes), elsewhere negative */
  int raw;     /* a file descriptor of the same file, used without HDF5; -1: not open */
  off_t place; /* offset in the file of the field that is being written */
  heat_h5_rows rows;
  heat_h5_uncached uncached;   /* the same file, for what is written behind the steps */
  heat_h5_read_rows read_rows; /* of the field that was written behind the steps */
  char path[HEAT_PATH], partial[HEAT_PATH];
  uint64_t digest; /* sum of the hashes of this rank's data */
  heat_h5_times times;
  double mark;      /* when the current phase began, MPI_Wtime */
  heat_stall guard; /* ends the run if a collective call of the transport hangs */
  bool broken;      /* a call of HDF5 or MPI-IO has failed on this rank: closing the file might hang or crash */
  heat_status status;
} heat_h5;

/* This rank's part of a vector of `length` values: `count` values from index `start` on; count may be 0. */
typedef struct heat_h5_part {
  int64_t length, start, count;
  const double *values;
} heat_h5_part;

/* A transport. All functions are Collective over the grid's communicator. They return whether all went well on this
 * rank, and the caller agrees with the other ranks. */
struct heat_transport {
  const char *name;    /* the word of output.transport */
  const char *meaning; /* a description for run.log; NULL: that of heat_mpio_describe */
  bool together;       /* all ranks write HDF5's structure together, and so have to agree after each part of it */
  bool behind;         /* rows can be written by a thread, behind the steps */
  /* Create the file out->partial and open it. */
  void (*create)(heat_h5 *out);
  /* Called before the first round of rows of a field; `dataset` is open where out->file is open. */
  bool (*begin_field)(heat_h5 *out, hid_t dataset, heat_storage storage);
  /* Hash and write the rows of a round, which are in out->rows. Where out->rows.running is set afterwards, a thread is
   * still writing them. */
  bool (*write_rows)(heat_h5 *out, hid_t dataset, int64_t first_row);
  /* Write a row of chunks, whose values have been hashed and converted to float where that is stored. */
  bool (*write_chunks)(heat_h5 *out, hid_t dataset, const heat_h5_chunk_row *row, heat_h5_packed_chunk *packed);
  bool (*write_vector)(heat_h5 *out, hid_t dataset, const heat_h5_part *part);
  /* Close the file and make durable what this rank has written. Failures are kept in out->status. */
  void (*close)(heat_h5 *out);
};

/* Whether nothing has failed so far. Local. */
bool heat_h5_usable(const heat_h5 *out);

/* Add the time since the last call to that of `phase`. Local. */
void heat_h5_mark(heat_h5 *out, heat_h5_phase phase);

/* Keep the failure of a call of HDF5 on this rank as "cannot <what> '<file>': <reason>", unless there was a failure
 * before. Local. */
void heat_h5_fail(heat_h5 *out, const char *what);

/* Agree after a step that may have failed on this rank (`good` is false), so that all ranks go on or none does. `what`
 * is that of heat_h5_fail. Collective over the grid's communicator. */
void heat_h5_agree_step(heat_h5 *out, bool good, const char *what);

/* Open the file that rank 0 has created, without HDF5, on every rank that writes, and agree. Collective. */
void heat_h5_open_raw(heat_h5 *out);

/* Make durable what this rank has written, drop it from this host's page cache, and close the file that
 * heat_h5_open_raw has opened. False, with errno set, on failure. Local. */
bool heat_h5_sync_raw(heat_h5 *out);

/* The file access properties with which the files of a run are created; the caller closes them. Local. */
hid_t heat_h5_access(void);

#endif
