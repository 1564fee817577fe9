#include "heat2d/numerics/repeats.h"

#include <string.h>

void heat_repeats_clear(heat_repeats *repeats, int64_t count) {
  for (int64_t n = 0; n < count && repeats->like != NULL; n++) repeats->like[n] = repeats->first + n;
}

static bool same(const heat_compared_rows *arrays, int count, ptrdiff_t a, ptrdiff_t b) {
  for (int n = 0; n < count; n++) {
    const char *begin = arrays[n].begin;
    if (memcmp(begin + a * arrays[n].stride, begin + b * arrays[n].stride, arrays[n].bytes) != 0) return false;
  }
  return true;
}

void heat_repeats_find(const heat_repeats *repeats, int64_t from, int64_t to, const heat_compared_rows *arrays,
                       int count) {
  if (repeats->like == NULL) return;
  int64_t *like = repeats->like - repeats->first;
  for (int64_t j = from; j < to; j++) {
    /* The row that the row below is equal to is in cache. */
    like[j] = j;
    if (j > from && same(arrays, count, (ptrdiff_t)(j - from), (ptrdiff_t)(like[j - 1] - from))) like[j] = like[j - 1];
  }
}
