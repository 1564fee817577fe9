/* The names of a run's files, and the directory that holds them as a list: known by name alone, nothing is opened
 * (which of them a run wrote says recognise.h). All Local. */
#ifndef HEAT2D_DIRECTORY_NAMES_H
#define HEAT2D_DIRECTORY_NAMES_H

#include "heat2d/base/status.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The suffix of a file that is still being written. */
extern const char heat_partial_suffix[];

/* Write directory/name to path[size]. HEAT_DECK when it is too long. */
heat_status heat_directory_join(char *path, size_t size, const char *directory, const char *name);

/* Why there is no directory `path` or none can be made: a symbolic link or a file in its place, or in that of one above
 * it; otherwise `error`, an errno. HEAT_IO always. */
heat_status heat_directory_explain(const char *path, int error);

/* The step in the name "<prefix><step as at least 10 digits><suffix>"; -1 for every other name, also for one with more
 * digits than the step needs. */
int64_t heat_directory_step(const char *name, const char *prefix, const char *suffix);

/* Write the name of the file of a step to name[size]. */
void heat_directory_step_name(char *name, size_t size, const char *prefix, int64_t step, const char *suffix);

/* The step of a run's numbered file, and whether that is a checkpoint; -1 for every other name. */
int64_t heat_directory_numbered(const char *name, bool *checkpoint);

/* Whether this is the name of a file of a run; whether it is the name of a file that is being written, or of an
 * auxiliary file that MPI-IO makes beside one. */
bool heat_directory_is_run_file(const char *name);
bool heat_directory_is_partial(const char *name);

/* A directory that is read entry by entry. A directory that does not exist has no entries. */
typedef struct heat_directory_list {
  const char *path; /* borrowed */
  DIR *entries;
  heat_status status; /* HEAT_IO when reading has failed */
} heat_directory_list;
heat_directory_list heat_directory_list_open(const char *path);
/* The next name; NULL after the last one, and after a failure. */
const char *heat_directory_list_next(heat_directory_list *list);
heat_status heat_directory_list_close(heat_directory_list *list);

/* Find the steps of the files "<prefix><step><suffix>" in ascending order; *steps, with *count entries, has to be
 * freed. HEAT_IO. */
heat_status heat_directory_steps(const char *directory, const char *prefix, const char *suffix, int64_t **steps,
                                 int *count);

#endif
