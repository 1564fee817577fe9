/* Rows of coefficients with the same bits as the row below them, as nearly all rows are in layers and rectangles of one
 * material each. A loop over rows reads the first of such rows again, which is still in cache, and so gets the same
 * numbers without memory traffic. */
#ifndef HEAT2D_REPEATS_H
#define HEAT2D_REPEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAT_REPEATED_COLUMNS = 64 }; /* shorter rows are not compared, because the table needs memory for each row */

typedef struct heat_repeats {
  int64_t first; /* the first row of the table */
  int64_t *like; /* for each row, a row with the same numbers; NULL: each row itself */
} heat_repeats;

/* Return the row to read in place of row j of the table. Local. */
static inline int64_t heat_repeats_row(const heat_repeats *repeats, int64_t j) {
  return repeats->like == NULL ? j : repeats->like[j - repeats->first];
}

/* Whether the rows from `from` to `to` and all between them are known to have the same numbers. Local. */
static inline bool heat_repeats_alike(const heat_repeats *repeats, int64_t from, int64_t to) {
  return repeats->like != NULL && heat_repeats_row(repeats, from) == heat_repeats_row(repeats, to);
}

/* Reset `count` rows of the table, so that each is read itself. Local. */
void heat_repeats_clear(heat_repeats *repeats, int64_t count);

/* Rows of one array that are compared, beginning with the first one. */
typedef struct heat_compared_rows {
  const void *begin;
  ptrdiff_t stride; /* bytes from one row to the next */
  size_t bytes;     /* of a row */
} heat_compared_rows;

/* Find which of the rows [from, to) of the table are equal to the row below them in all of `count` arrays, whose first
 * row is row `from`. Local. */
void heat_repeats_find(const heat_repeats *repeats, int64_t from, int64_t to, const heat_compared_rows *arrays,
                       int count);

#endif
