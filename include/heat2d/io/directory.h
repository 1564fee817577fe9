/* The output directory: which of its files belong to a run, and how they are made, replaced and removed. This is the
 * one place where files of a run are opened for writing: never through a symbolic link, never over what no run wrote
 * (see recognise.h). All Local; rank 0 calls. */
#ifndef HEAT2D_DIRECTORY_H
#define HEAT2D_DIRECTORY_H

#include "heat2d/io/directory_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Make the directory and those above it. HEAT_IO. */
heat_status heat_directory_make(const char *directory);

/* Whether it holds a run. HEAT_IO. */
heat_status heat_directory_has_run(const char *directory, bool *found);

/* What a run is about to replace or to remove. */
typedef struct heat_claim {
  bool all;                  /* all that a run wrote; else the numbered files of steps after `keep` but checkpoints */
  int64_t keep;              /* -1: none is kept */
  const char *const *inputs; /* paths of files that this run reads, known by device and inode */
  int input_count;
  const char *resumed; /* the checkpoint that the run goes on from, which stays as it is; NULL: none was named */
} heat_claim;

/* HEAT_USAGE, naming the first of them, when some of what is claimed was not written by a run, is an input of this one,
 * cannot be removed, or is no file: before anything is changed. HEAT_IO. */
heat_status heat_directory_check(const char *directory, const heat_claim *claim);

/* Whether two paths lead to one file. */
bool heat_directory_same(const char *a, const char *b);

/* Remove what an interrupted write left behind (the .partial files of a run). HEAT_IO. */
heat_status heat_directory_remove_partial(const char *directory);

/* Remove the files of a run, and no others. HEAT_IO. */
heat_status heat_directory_remove_run(const char *directory);

/* Remove those of these files whose step is later than `keep`. HEAT_IO. */
heat_status heat_directory_remove_after(const char *directory, const char *prefix, const char *suffix, int64_t keep);

/* What is free on the file system of a directory, or of the nearest one above it that is there; negative: unknown. A
 * quota of a user or a project may allow less, which cannot be asked for portably. */
typedef struct heat_room {
  double bytes, files;
} heat_room;
heat_room heat_directory_room(const char *directory);

/* Bytes that the files of a run take there. */
double heat_directory_used(const char *directory);

/* Make a new file, in place of a file that is there. HEAT_IO. */
heat_status heat_directory_create(FILE **file, const char *path);

/* Open a file to go on with it, or make it where there is none. One that has other names as well (hard links) is copied
 * first, so that they keep what they have. HEAT_IO. */
heat_status heat_directory_open(FILE **file, const char *path);

/* Give the finished file `partial` its name `path`, in place of an older one that a run wrote. A checkpoint that cannot
 * be recognised is set aside as "<path>.damaged". HEAT_IO. */
heat_status heat_directory_publish(const char *partial, const char *path);

/* Remove a file if a run wrote it. HEAT_IO when it is there and stays. */
heat_status heat_directory_remove(const char *path);

/* Replace the file at `path` by `text`: written beside it, made durable where `durable`, renamed. Nothing is done where
 * it holds that text already. HEAT_IO. */
heat_status heat_directory_replace(const char *path, const char *text, bool durable);

/* Make a file's data, or a directory's entries, durable. HEAT_IO. */
heat_status heat_directory_sync(const char *path);

#endif
