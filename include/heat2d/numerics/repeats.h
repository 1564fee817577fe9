/* Rows of coefficients that repeat the one below them bit by bit, as nearly all do in layers and rectangles of one
 * material each. Who goes through the rows reads such a one where it was stored first, which is still in cache, and so
 * reads the same numbers without asking the memory for them. */
#ifndef HEAT2D_REPEATS_H
#define HEAT2D_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAT_REPEATED_COLUMNS = 64 }; /* rows of fewer columns are not looked at: a table takes memory for each */

typedef struct heat_repeats {
  int64_t first; /* the row that the table begins with */
  int64_t *like; /* for each row one that has the same numbers; NULL: each stands for itself */
} heat_repeats;

/* The row to read in place of row j, which is one of the table. Local. */
static inline int64_t heat_repeats_row(const heat_repeats *repeats, int64_t j) {
  return repeats->like == NULL ? j : repeats->like[j - repeats->first];
}

/* Whether the rows from `from` to `to` and all between them are known to have the same numbers. Local. */
static inline bool heat_repeats_alike(const heat_repeats *repeats, int64_t from, int64_t to) {
  return repeats->like != NULL && heat_repeats_row(repeats, from) == heat_repeats_row(repeats, to);
}

/* Let each of `count` rows of the table stand for itself. Local. */
void heat_repeats_clear(heat_repeats *repeats, int64_t count);

/* Rows of one array that are to be compared: where the first one begins, from which row to which, and bytes. */
typedef struct heat_compared_rows {
  const void *begin;
  ptrdiff_t stride; /* bytes from one row to the next */
  size_t bytes;     /* of a row */
} heat_compared_rows;

/* Find for the rows [from, to) of the table which ones repeat the row below them in all of `count` arrays, whose first
 * row is `from`. Local. */
void heat_repeats_find(const heat_repeats *repeats, int64_t from, int64_t to, const heat_compared_rows *arrays,
                       int count);

#endif
