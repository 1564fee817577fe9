/* Checkpoints and snapshots as sources of pictures: which files are to be drawn, and what a file contains. */
#ifndef HEAT2D_SOURCE_H
#define HEAT2D_SOURCE_H

#include "heat2d/base/runtime.h"
#include "heat2d/io/h5_read.h"
#include "heat2d/io/picture.h"

/* The files in their order. */
typedef struct heat_source_list {
  char **paths;
  int count;
  const char *directory; /* of a run of which all files are drawn, borrowed; NULL: files were named */
} heat_source_list;

/* List the named files or, if the only operand is a directory, its snapshots in the order of their steps; its
 * checkpoints if it has no snapshots. HEAT_DECK when there are none. Collective over comm. */
heat_status heat_source_list_create(heat_source_list *list, MPI_Comm comm, const char *const *operands, int count);
void heat_source_list_destroy(heat_source_list *list); /* Local. */

/* What a file contains beside its field: how to draw the field, according to the file's own deck, and its materials. It
 * is kept from one file to the next as long as the deck is the same. */
typedef struct heat_source {
  const char *const *sets; /* borrowed: KEY=VALUE, which replace values of the deck */
  int set_count;
  char *deck; /* the deck of the present file */
  heat_config *config;
  heat_picture picture;
  int64_t *materials;
  heat_picture_names *names;
  int64_t step;
  char without[HEAT_STATUS_TEXT]; /* why outlines and names are missing; "": they are not, or were not asked for */
} heat_source;

/* Open a file, and read everything but its field. HEAT_IO when there is no such file or it is damaged, HEAT_DECK when
 * it is not a file of heat2d or a value of `sets` is wrong. Local. */
heat_status heat_source_open(heat_source *source, const char *path, hid_t *file);
void heat_source_destroy(heat_source *source); /* Local. */

/* Read the temperatures, K, at the samples of the picture: samples[HEAT_Y] rows of samples[HEAT_X]. HEAT_IO. Local. */
heat_status heat_source_samples(const heat_source *source, hid_t file, double *values);

/* Extend the range [*low, *high] by all temperatures of a file that are not NaN. HEAT_IO. Local. */
heat_status heat_source_range(const heat_source *source, hid_t file, double *low, double *high);

#endif
