/* Which files a run wrote, known by their content: only those are ever replaced or removed.
 *
 *     *.h5        an HDF5 file with a digest of ours, or one that is too damaged to be opened
 *     grid.hdf5   the same with the attribute written_by
 *     *.png       a picture whose notes name heat2d as its software
 *     *.svg, *.pdf, *.mp4, *.webm, *.gif      the same, in the place that these have for it
 *     *.csv       a table whose first columns are step and time; sweep.csv: whose first column is member
 *     run.xdmf, status.json, run.log      by what they begin with, or by a line that every log has
 *     deck.yaml   a deck in the very form in which resolved decks are written, or the one that a checkpoint holds
 *
 * An empty file, and one of zero bytes, as the crash of a machine leaves it, holds nothing that could be lost. */
#ifndef HEAT2D_RECOGNISE_H
#define HEAT2D_RECOGNISE_H

typedef enum heat_origin {
  HEAT_ORIGIN_NONE,    /* there is no such file */
  HEAT_ORIGIN_RUN,     /* a run wrote it */
  HEAT_ORIGIN_OTHER,   /* somebody else did, or it cannot be opened */
  HEAT_ORIGIN_UNKNOWN, /* looking into it failed: errno */
  HEAT_ORIGIN_NO_FILE  /* a directory, a symbolic link, a pipe: nothing that a run makes */
} heat_origin;

/* Where the file at `path` comes from, whose name is one of a run's files, or of one that is being written (.partial).
 * Symbolic links are not followed. Local. */
heat_origin heat_recognise(const char *path);

/* "is a directory", "was not written by heat2d", ... for messages. Local. */
const char *heat_recognise_text(const char *path);

#endif
