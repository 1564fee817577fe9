/* Which files a run wrote, recognised by their contents. Only those are ever replaced or removed.
 *
 *     *.h5        an HDF5 file with a digest of ours, or one that is too damaged to be opened
 *     grid.hdf5   the same with the attribute written_by
 *     *.png       a picture whose notes name heat2d as its software
 *     *.svg, *.pdf, *.mp4, *.webm, *.gif      the same, in the place that these have for it
 *     *.csv       a table whose first columns are step and time; sweep.csv: whose first column is member
 *     run.xdmf, status.json, run.log      by what they begin with, or by a line that every log has
 *     deck.yaml   a deck in the very form in which resolved decks are written, or the one that a checkpoint holds
 *
 * A file that is empty or consists of zero bytes, as a crash of the machine can leave it, also counts as written by a
 * run, because nothing can be lost with it. */
#ifndef HEAT2D_RECOGNISE_H
#define HEAT2D_RECOGNISE_H

typedef enum heat_origin {
  HEAT_ORIGIN_NONE,    /* there is no such file */
  HEAT_ORIGIN_RUN,     /* a run wrote it */
  HEAT_ORIGIN_OTHER,   /* no run wrote it, or it may not be opened */
  HEAT_ORIGIN_UNKNOWN, /* opening or reading it failed, see errno */
  HEAT_ORIGIN_NO_FILE  /* a directory, a symbolic link or a pipe, which no run makes */
} heat_origin;

/* Find the origin of the file at `path`, whose name is that of a file of a run, with or without .partial. Symbolic
 * links are not followed. Local. */
heat_origin heat_recognise(const char *path);

/* Return a text for messages: "is a directory", "was not written by heat2d", ... Local. */
const char *heat_recognise_text(const char *path);

#endif
