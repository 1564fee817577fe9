/* The output directory: which of its files belong to a run, and how they are made, replaced and removed. Files of a run
 * are opened for writing only here: never through a symbolic link, and never in place of a file that no run wrote (see
 * recognise.h). All functions are Local and called by rank 0. */
#ifndef HEAT2D_DIRECTORY_H
#define HEAT2D_DIRECTORY_H

#include "heat2d/io/directory_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Make the directory and those above it. HEAT_IO. */
heat_status heat_directory_make(const char *directory);

/* Find out whether a directory has a run. HEAT_IO. */
heat_status heat_directory_has_run(const char *directory, bool *found);

/* The files that a run is about to replace or to remove. */
typedef struct heat_claim {
  bool all;     /* all files that a run wrote; otherwise the numbered files of steps after `keep`, except checkpoints */
  int64_t keep; /* -1: none is kept */
  const char *const *inputs; /* paths of files that this run reads; they are compared by device and inode */
  int input_count;
  const char *resumed; /* the checkpoint from which the run is resumed, which is not changed; NULL: none was named */
} heat_claim;

/* Check a claim before anything is changed: HEAT_USAGE, with a message that names the first file in question, when one
 * of the files was not written by a run, is an input of this run, cannot be removed, or is not a regular file.
 * HEAT_IO. */
heat_status heat_directory_check(const char *directory, const heat_claim *claim);

/* Whether two paths lead to the same file. */
bool heat_directory_same(const char *a, const char *b);

/* Remove the .partial files that an interrupted run has left. HEAT_IO. */
heat_status heat_directory_remove_partial(const char *directory);

/* Remove the files of a run, and no other files. HEAT_IO. */
heat_status heat_directory_remove_run(const char *directory);

/* Remove the files "<prefix><step><suffix>" of a run whose step is later than `keep`. HEAT_IO. */
heat_status heat_directory_remove_after(const char *directory, const char *prefix, const char *suffix, int64_t keep);

/* The free space and the free number of files on the file system of a directory, or of the nearest directory above it
 * that exists; negative: not known. A quota of a user or a project may allow less, and cannot be found out portably. */
typedef struct heat_room {
  double bytes, files;
} heat_room;
heat_room heat_directory_room(const char *directory);

/* Return the bytes that the files of a run take in a directory. */
double heat_directory_used(const char *directory);

/* Make a new file, in place of an existing one. HEAT_IO. */
heat_status heat_directory_create(FILE **file, const char *path);

/* Open a file for reading and writing, or make it if it does not exist. A file with several names (hard links) is
 * copied first, so that the file with the other names is not changed. HEAT_IO. */
heat_status heat_directory_open(FILE **file, const char *path);

/* Rename the complete file `partial` to `path`, in place of an older file that a run wrote. An older checkpoint that
 * cannot be recognised is kept as "<path>.damaged". HEAT_IO. */
heat_status heat_directory_publish(const char *partial, const char *path);

/* Remove a file if a run wrote it. HEAT_IO when it cannot be removed, or when no run wrote it. */
heat_status heat_directory_remove(const char *path);

/* Replace the contents of the file at `path` by `text`: a new file is written, made durable if `durable` is true, and
 * renamed. Nothing is done if the file has that text already. HEAT_IO. */
heat_status heat_directory_replace(const char *path, const char *text, bool durable);

/* Make the data of a file, or the entries of a directory, durable (fsync). HEAT_IO. */
heat_status heat_directory_sync(const char *path);

#endif
