/* The memory and the exchanges of one level. */
#define _DEFAULT_SOURCE /* for madvise */
#include "multigrid_level.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  LINE = 64,            /* bytes of a cache line */
  HUGE_PAGE = 2 << 20,  /* bytes */
  WORK_ROWS = 4 * 4 + 1 /* see multigrid_rows.h */
};

static size_t round_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

/* One allocation for all arrays, each of which begins an odd number of cache lines further, so that the same cell of
 * several arrays is not in the same cache set. Bytes of a row, and of an array. */
typedef struct extents {
  size_t row, each;
} extents;

static extents extents_of(heat_box owned, size_t value) {
  const size_t width = HEAT_LEVEL_MARGIN + (size_t)heat_box_width(owned, HEAT_X) + HEAT_LEVEL_DEPTH;
  const size_t lines = round_up(width * value, LINE) / LINE, row = (lines + (lines % 2 == 0 ? 1 : 0)) * LINE;
  const size_t rows = (size_t)heat_box_width(owned, HEAT_Y) + 2 * HEAT_LEVEL_DEPTH;
  return (extents){.row = row, .each = rows * row + 4 * LINE};
}

/* Whether there are interpolation weights to that direction from a level whose finer one was halved so. */
static bool has_weight(const bool halved[HEAT_AXES], int weight) {
  const bool in_x = weight == HEAT_TO_W || weight == HEAT_TO_E, in_y = weight == HEAT_TO_S || weight == HEAT_TO_N;
  return (halved[HEAT_X] || in_y) && (halved[HEAT_Y] || in_x) && (halved[HEAT_X] || halved[HEAT_Y]);
}

size_t heat_level_bytes(heat_box owned, const bool halved[HEAT_AXES], int links, size_t value) {
  const extents size = extents_of(owned, value);
  size_t count = (size_t)links + 3; /* reaction, b and x */
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++) count += has_weight(halved, weight);
  return count * size.each + WORK_ROWS * size.row;
}

heat_status heat_level_create(heat_level *level, size_t value) {
  const size_t row = extents_of(level->grid.owned, value).row, each = extents_of(level->grid.owned, value).each;
  level->stride = (ptrdiff_t)(row / value);

  void **arrays[HEAT_LINKS + HEAT_WEIGHTS + 3];
  int count = 0;
  for (int link = 0; link < level->links; link++) arrays[count++] = &level->link[link];
  arrays[count++] = &level->reaction;
  arrays[count++] = &level->b;
  arrays[count++] = &level->x;
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++)
    if (has_weight(level->halved, weight)) arrays[count++] = &level->weight[weight];
  level->bytes = heat_level_bytes(level->grid.owned, level->halved, level->links, value);
  const bool large = level->bytes >= 2 * (size_t)HUGE_PAGE;
  heat_status status = heat_ok();
  if (posix_memalign(&level->memory, large ? HUGE_PAGE : LINE, level->bytes) != 0) {
    level->memory = NULL;
    status = heat_no_memory("a level of the multigrid", level->bytes);
  } else {
    if (large) madvise(level->memory, level->bytes, MADV_HUGEPAGE);
    memset(level->memory, 0, level->bytes);
    char *first = (char *)level->memory + HEAT_LEVEL_DEPTH * row + HEAT_LEVEL_MARGIN * value;
    for (int n = 0; n < count; n++) *arrays[n] = first + (size_t)n * each;
    level->rows = (char *)level->memory + (size_t)count * each + HEAT_LEVEL_MARGIN * value;
  }
  status = heat_agree(level->grid.comm, status);
  if (status.code == HEAT_OK) status = heat_halo_create_for(&level->wide, &level->grid, HEAT_LEVEL_DEPTH, 1, value);
  if (status.code == HEAT_OK) status = heat_halo_create_for(&level->narrow, &level->grid, HEAT_COARSE_DEPTH, 1, value);
  return status;
}

void heat_level_destroy(heat_level *level) {
  heat_halo_destroy(level->wide);
  heat_halo_destroy(level->narrow);
  free(level->memory);
  *level = (heat_level){0};
}

void heat_level_refresh(const heat_level *level, heat_halo *halo, void *array, size_t value) {
  heat_halo_refresh(halo, &(heat_rows){array, level->stride * (ptrdiff_t)value});
}
