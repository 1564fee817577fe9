/* The output directory: which of its files belong to a run, and how they are replaced. All Local; rank 0 calls. */
#ifndef HEAT2D_DIRECTORY_H
#define HEAT2D_DIRECTORY_H

#include "heat2d/status.h"

#include <stdint.h>

/* directory/name into path[size]; HEAT_DECK when it is too long. */
heat_status heat_directory_join(char *path, size_t size, const char *directory, const char *name);

/* Make the directory and those above it. HEAT_IO. */
heat_status heat_directory_make(const char *directory);

/* Whether it holds a run. HEAT_IO. */
heat_status heat_directory_has_run(const char *directory, bool *found);

/* Remove what an interrupted write left behind (the .partial files of a run). HEAT_IO. */
heat_status heat_directory_remove_partial(const char *directory);

/* Remove the files of a run, and no others. HEAT_IO. */
heat_status heat_directory_remove_run(const char *directory);

/* The steps of the files "<prefix><10 or more digits><suffix>", ascending, to be freed; *count of them. HEAT_IO. */
heat_status heat_directory_steps(const char *directory, const char *prefix, const char *suffix, int64_t **steps,
                                 int *count);

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

/* Replace the file at `path` by `text`: written beside it, made durable where `durable`, renamed. HEAT_IO. */
heat_status heat_directory_replace(const char *path, const char *text, bool durable);

#endif
