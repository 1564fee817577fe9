/* What the files of the datasets share. Every failure is HEAT_DECK and names dataset and file. All Local. */
#ifndef HEAT2D_DATASET_PRIVATE_H
#define HEAT2D_DATASET_PRIVATE_H

#include "heat2d/deck/dataset.h"

#include <hdf5.h>

enum { HEAT_DATASET_RANK = 8, HEAT_DATASET_PATH = 4096, HEAT_DATASET_MISSING = 8 };

/* dataset_cf.c: what the attributes of the CF conventions say of the stored numbers */

typedef struct heat_packing {
  double scale, offset; /* value = offset + scale * stored */
  bool packed, single;  /* whether scale and offset are there; numbers are stored as float32 */
  int missing_count;
  double missing[HEAT_DATASET_MISSING]; /* stored numbers that mean "no value" */
  double least, most;                   /* stored numbers beyond these mean "no value", too */
} heat_packing;

heat_status heat_packing_read(heat_packing *packing, hid_t dataset, const char *file, const char *path);
/* Convert stored numbers to values, NaN for "no value". Returns the position of the first NaN, or -1, and sets *reason
 * to the attribute that marks it. */
int64_t heat_packing_unpack(const heat_packing *packing, double *values, int64_t count, const char **reason);

/* Compare the coordinates of a dimension, if it has any, with the centres of the grid's cells along `axis` (0: y, 1:
 * x). *flip tells whether they are those of the grid in reverse order. */
heat_status heat_dataset_check_scale(hid_t dataset, int dimension, const heat_dataset_want *want, int axis, bool *flip);

/* dataset_storage.c: whether every number of a dataset is stored */

/* Open a file and a dataset in it. Only regular files are opened, also by links in the file. */
heat_status heat_dataset_open_file(hid_t *file, hid_t *dataset, const char *name, const char *path);
/* Refuse datasets with numbers that were never written, that lie in other files which do not exist, or that need a
 * filter which this HDF5 lacks. The time taken depends on what is stored, not on the shape. */
heat_status heat_dataset_check_stored(hid_t dataset, const char *file, const char *path, int depth);

#endif
