/* Files that all ranks of a communicator open, write and read together, through HDF5's MPI-IO driver.
 *
 * Known faults of MPI-IO are avoided here. MPI_File_open hangs on all ranks if one of them cannot open the file (seen
 * in Open MPI 4.1). So callers first try to open the file on every rank, and agree. Open MPI's collective component
 * vulcan has written wrong data and hung (open-mpi/ompi#12718, HDFGroup/hdf5#1227). If the user names no component,
 * `individual` is used; the rows of heat2d, one contiguous piece on each rank, are the best case for it. With the hint
 * collective_buffering: true it is dynamic_gen2, with which a few ranks write for all. heat2d does not use shared file
 * pointers. Nevertheless Open MPI's components for these must not be disabled, although some put extra files beside
 * each file (see directory_names.h): on several nodes Open MPI 4.1 opens no file without them. Pieces of more than 2^31
 * bytes are moved in several calls. */
#ifndef HEAT2D_MPIO_H
#define HEAT2D_MPIO_H

#include "heat2d/base/stall.h"
#include "heat2d/base/status.h"
#include "heat2d/deck/config.h"

#include <hdf5.h>
#include <stdint.h>

/* What a run knows of its use of MPI-IO. */
typedef struct heat_mpio_record {
  heat_stall_record calls;
  bool noted;       /* a file has been opened, and `hints` is set */
  char hints[2048]; /* the hints in force for that file, as MPI reports them: "name=value ..." */
  bool told;        /* run.log has them */
} heat_mpio_record;

typedef struct heat_transport heat_transport; /* transport.h */

/* With more ranks than so many, not every rank opens a file for itself. */
enum { HEAT_H5_MANY = 256 };

/* Which ranks write a file without MPI-IO, and which part each reads back; made once for a run (h5_way.h). */
typedef struct heat_h5_crew {
  int apart;        /* the ranks 0, apart, 2 apart, ... write; 1: all ranks */
  MPI_Comm writers; /* on the ranks that write, where apart > 1: a communicator of them; otherwise MPI_COMM_NULL */
  int share;        /* the rank (of `writers`) whose part of a file this rank reads back, see h5_verify.h */
} heat_h5_crew;

/* The way in which the ranks of a communicator write and read files (made by h5_way.h). */
typedef struct heat_h5_way {
  const heat_transport *transport; /* for files that the run waits for; NULL: direct, each rank by itself */
  const heat_transport *behind;    /* for files that are written behind the steps; NULL: no file is written so */
  MPI_Info hints;                  /* for MPI-IO; MPI_INFO_NULL: none */
  heat_mpio_record *record;        /* of this run; NULL: no record is kept */
  heat_h5_crew *crew;              /* for the transport direct; NULL: all ranks write */
} heat_h5_way;

/* The hints of a deck (output.hints). Hints of the MPI standard are also translated into ROMIO's names, and ROMIO's
 * data sieving is switched off unless the deck names it. The caller frees them. Local. */
MPI_Info heat_mpio_hints(const heat_config *config);

/* Whether hints ask for a striping over disks. It takes effect only if MPI-IO itself creates the file. Local. */
bool heat_mpio_stripes(MPI_Info hints);

/* Set file access properties so that files are opened through MPI-IO, and metadata are read and written collectively.
 * Collective over comm. */
void heat_mpio_access(hid_t list, MPI_Comm comm, MPI_Info hints);

/* Store the hints that are in force for a file that is open through MPI-IO in the record, once for a run. Local. */
void heat_mpio_note(heat_mpio_record *record, hid_t file);

/* The properties of a collective transfer; the caller closes them. Local. */
hid_t heat_mpio_transfer(void);

/* The rows [first, first + count) of a dataset [..][width] (dimensions 2), or values of a vector (dimensions 1, width
 * 1). In memory they are packed. `most` is the largest count of any rank, from which all ranks derive the same number
 * of calls. */
typedef struct heat_mpio_rows {
  int dimensions;
  int64_t first, count, width, most;
  int64_t unit; /* pieces have a multiple of so many rows and columns (those of a chunk) */
  size_t bytes; /* of a value */
  hid_t type;   /* of the values in memory */
} heat_mpio_rows;

/* The largest piece that one call moves on a rank, as rows and columns; its number of bytes fits into an int. Local. */
typedef struct heat_mpio_piece {
  int64_t rows, columns;
} heat_mpio_piece;
heat_mpio_piece heat_mpio_cut(const heat_mpio_rows *rows);

/* Write or read these rows. HEAT_IO, with the reason as its text, when something failed on this rank, which has
 * nevertheless taken part in all calls. `values` may be NULL where count is 0. Collective over the ranks that have the
 * file open. */
heat_status heat_mpio_write(hid_t dataset, const heat_mpio_rows *rows, const void *values);
heat_status heat_mpio_read(hid_t dataset, const heat_mpio_rows *rows, void *values);

/* The reason why the last call of HDF5 failed: the text of errno if it can come from a file system (the caller sets
 * errno = 0 before that call), and otherwise MPI's own message. Local. */
enum { HEAT_MPIO_REASON = 256 };
void heat_mpio_reason(char text[HEAT_MPIO_REASON]);

/* For tests: set the number of bytes that one call moves on a rank, at most; 0: the usual number. Local. */
void heat_mpio_set_most(int64_t bytes);

/* Let Open MPI prefer its component `individual` for collective transfers: its first choice, `vulcan`, has written
 * wrong data. A component that the user names (OMPI_MCA_fcoll, mpirun --mca, a parameter file) is taken in any case. To
 * be called before MPI_Init, which reads the environment: to set the same through MPI's tool interface would load every
 * component of the library, for 0.6 s. Local. */
void heat_mpio_prepare(void);

/* Describe which MPI-IO component opens files in this way, and which ranks write for the others, as far as that can be
 * found out. Local. */
void heat_mpio_writers(const heat_h5_way *way, char *text, size_t size);

/* Describe MPI-IO with these hints, as far as the environment tells, for example "Open MPI, io of its choice, fcoll
 * individual preferred". Local. */
void heat_mpio_describe(MPI_Info hints, char *text, size_t size);

#endif
