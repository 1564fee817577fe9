/* Files that all ranks of a communicator open and move data in together, through HDF5's MPI-IO driver.
 *
 * What goes wrong with MPI-IO elsewhere is kept away here. MPI_File_open hangs on all ranks where one of them cannot
 * open the file (seen in Open MPI 4.1), so that callers try on every rank, and agree, before. Open MPI's collective
 * component vulcan has written wrong data and hung (open-mpi/ompi#12718, HDFGroup/hdf5#1227): where the user names no
 * component `individual` is taken, for which the rows that heat2d hands over, one contiguous piece on each rank, are
 * the best case; with the hint collective_buffering: true it is dynamic_gen2, by which few ranks write for all. Open
 * MPI's components for shared file pointers, which nobody uses here, must stay, although some put files beside each
 * file (see directory_names.h): where none is left, as on several nodes without those, 4.1 opens no file. Pieces of
 * more than 2^31 bytes are moved in several calls. */
#ifndef HEAT2D_MPIO_H
#define HEAT2D_MPIO_H

#include "heat2d/base/stall.h"
#include "heat2d/base/status.h"
#include "heat2d/deck/config.h"

#include <hdf5.h>
#include <stdint.h>

/* What a run has seen of MPI-IO so far. */
typedef struct heat_mpio_record {
  heat_stall_record calls;
  bool noted;       /* a file has been opened, and: */
  char hints[2048]; /* those in force for it, as MPI tells them: "name=value ..." */
  bool told;        /* the user has been told */
} heat_mpio_record;

typedef struct heat_transport heat_transport; /* transport.h */

/* What the ranks of a communicator have to do with files, found out once for a run (made by h5_way.h). */
typedef struct heat_h5_crew {
  int apart;        /* of so many ranks that follow each other the first writes, where each writes for itself; 1: all */
  MPI_Comm writers; /* on these ranks, where apart > 1: they alone; MPI_COMM_NULL elsewhere */
  int share; /* the rank whose share of a file this one reads back, see h5_verify.h; of `writers` where they are */
} heat_h5_crew;

/* How the ranks of a communicator come to a file (made by h5_way.h). */
typedef struct heat_h5_way {
  const heat_transport *transport; /* NULL: direct, each rank for itself */
  const heat_transport *behind;    /* of files that are written behind the steps; NULL: none are */
  MPI_Info hints;                  /* for MPI-IO; MPI_INFO_NULL: none */
  heat_mpio_record *record;        /* of this run; NULL: none is kept */
  heat_h5_crew *crew;              /* of direct; NULL: each rank writes, and the rest is found out when it is needed */
} heat_h5_way;

/* output.hints of a deck, also in ROMIO's words, and ROMIO's data sieving left out unless they name it. To be freed.
 * Local. */
MPI_Info heat_mpio_hints(const heat_config *config);

/* Whether hints say how a new file is to be striped over disks: only who makes it can do so. Local. */
bool heat_mpio_stripes(MPI_Info hints);

/* Let a list of file access properties open files by MPI-IO, metadata collectively too. Collective over comm. */
void heat_mpio_access(hid_t list, MPI_Comm comm, MPI_Info hints);

/* Keep in the record, once, which hints are in force for a file that is open through MPI-IO. Local. */
void heat_mpio_note(heat_mpio_record *record, hid_t file);

/* The properties of a collective transfer; to be closed. Local. */
hid_t heat_mpio_transfer(void);

/* Rows of a dataset [..][width] (dimensions 2) or values of one (dimensions 1, width 1), as they lie packed in memory.
 * `most` is the largest count of any rank: all ranks make the same number of calls. */
typedef struct heat_mpio_rows {
  int dimensions;
  int64_t first, count, width, most;
  int64_t unit; /* rows and columns that must not be cut (of a chunk) */
  size_t bytes; /* of a value */
  hid_t type;   /* of the values in memory */
} heat_mpio_rows;

/* What one call moves of them on a rank, at most: so many rows of so many columns, whose bytes an int can count. Local.
 */
typedef struct heat_mpio_piece {
  int64_t rows, columns;
} heat_mpio_piece;
heat_mpio_piece heat_mpio_cut(const heat_mpio_rows *rows);

/* Write or read them. HEAT_IO with the reason alone where something failed here; this rank has taken part in all calls
 * nevertheless. `values` may be NULL where there are none. Collective over the ranks that have the file open. */
heat_status heat_mpio_write(hid_t dataset, const heat_mpio_rows *rows, const void *values);
heat_status heat_mpio_read(hid_t dataset, const heat_mpio_rows *rows, void *values);

/* Why the last call of HDF5 failed: what errno says, which is to be 0 before that call, as far as it can come from a
 * file system, otherwise MPI's own words. Local. */
enum { HEAT_MPIO_REASON = 256 };
void heat_mpio_reason(char text[HEAT_MPIO_REASON]);

/* Bytes that one call moves at most on a rank; 0: back to the usual. For tests. Local. */
void heat_mpio_set_most(int64_t bytes);

/* Let Open MPI prefer its component `individual` for collective transfers: its first choice, `vulcan`, has written
 * wrong data. A component that the user names (OMPI_MCA_fcoll, mpirun --mca, a parameter file) is taken in any case. To
 * be called before MPI_Init, which reads the environment: to set the same through MPI's tool interface would load every
 * component of the library, for 0.6 s. Local. */
void heat_mpio_prepare(void);

/* Which component opens files in such a way, and which ranks it lets write for the others, as far as can be told.
 * Local.
 */
void heat_mpio_writers(const heat_h5_way *way, char *text, size_t size);

/* What MPI-IO with these hints is made of, as far as the environment tells: "Open MPI, io of its choice, fcoll
 * individual preferred". Local. */
void heat_mpio_describe(MPI_Info hints, char *text, size_t size);

#endif
