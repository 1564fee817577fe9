/* Checkpoints and snapshots as sources of pictures: which files are asked for, and what one of them holds. Private. */
#ifndef HEAT2D_SOURCE_H
#define HEAT2D_SOURCE_H

#include "heat2d/base/runtime.h"
#include "heat2d/io/h5_read.h"
#include "heat2d/io/picture.h"

/* The files in their order. */
typedef struct heat_source_list {
  char **paths;
  int count;
  const char *directory; /* of a run that was asked for as a whole, borrowed; NULL: files were named */
} heat_source_list;

/* The named files, or where the only operand is a directory its snapshots by their step, or checkpoints where it has no
 * snapshots. HEAT_DECK when there are none. Collective over comm. */
heat_status heat_source_list_create(heat_source_list *list, MPI_Comm comm, const char *const *operands, int count);
void heat_source_list_destroy(heat_source_list *list); /* Local. */

/* What a file says: how its field is to be drawn, by its own deck, and which materials it has. Kept from one file to
 * the next, as long as the deck is the same. */
typedef struct heat_source {
  const char *const *sets; /* borrowed: KEY=VALUE laid over the deck */
  int set_count;
  char *deck; /* text of the file at hand */
  heat_config *config;
  heat_picture picture;
  int64_t *materials;
  heat_picture_names *names;
  int64_t step;
  char without[HEAT_STATUS_TEXT]; /* why there are no outlines and names; "": there are, or none were asked for */
} heat_source;

/* Open a file, and read what is not its field. HEAT_IO (no such file, damaged), HEAT_DECK (not of heat2d, or a wrong
 * set). Local. */
heat_status heat_source_open(heat_source *source, const char *path, hid_t *file);
void heat_source_destroy(heat_source *source); /* Local. */

/* The temperatures of the picture's samples, samples[HEAT_Y] rows of samples[HEAT_X]. HEAT_IO. Local. */
heat_status heat_source_samples(const heat_source *source, hid_t file, double *values);

/* Widen low..high by all temperatures of a file but NaN. HEAT_IO. Local. */
heat_status heat_source_range(const heat_source *source, hid_t file, double *low, double *high);

#endif
