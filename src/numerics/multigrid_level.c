/* The memory and the exchanges of one level. */
#define _DEFAULT_SOURCE /* for madvise */
#include "multigrid_level.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
  LINE = 64,                  /* bytes of a cache line */
  HUGE_PAGE = 2 << 20,        /* bytes */
  WORK_ROWS = 5 * 4 + 1 + 12, /* see multigrid_rows.h */
  THREAD_ROWS = 32,           /* with fewer rows, or cells, for each thread it does not pay */
  THREAD_CELLS = 4096
};

static size_t round_up(size_t n, size_t to) {
  return (n + to - 1) / to * to;
}

/* All arrays of a level are in one allocation. Each array begins an odd number of cache lines after the one before it,
 * so that the same cell of several arrays does not fall into the same set of the cache. */
typedef struct extents {
  size_t row, each; /* bytes of a row, and of an array */
  size_t below;     /* rows below the owned ones */
} extents;

/* The number of rows or columns beyond a side: the ghost layers, or one layer of zeros beyond a wall. */
static size_t beyond(const heat_layout *layout, heat_box owned, int side) {
  const int axis = side / 2;
  const bool last = side % 2 == 0 ? owned.lo[axis] == 0 : owned.hi[axis] == layout->cells[axis];
  return last && !layout->periodic[axis] ? 1 : HEAT_LEVEL_DEPTH;
}

static extents extents_of(const heat_layout *layout, heat_box owned, size_t value) {
  const size_t width = HEAT_LEVEL_MARGIN + (size_t)heat_box_width(owned, HEAT_X) + beyond(layout, owned, HEAT_RIGHT);
  const size_t lines = round_up(width * value, LINE) / LINE, row = (lines + (lines % 2 == 0 ? 1 : 0)) * LINE;
  const size_t below = beyond(layout, owned, HEAT_BOTTOM);
  const size_t rows = below + (size_t)heat_box_width(owned, HEAT_Y) + beyond(layout, owned, HEAT_TOP);
  return (extents){.row = row, .each = rows * row + 4 * LINE, .below = below};
}

/* Whether there are interpolation weights in a direction, from a level that was made by halving these axes. */
static bool has_weight(const bool halved[HEAT_AXES], int weight) {
  const bool in_x = weight == HEAT_TO_W || weight == HEAT_TO_E, in_y = weight == HEAT_TO_S || weight == HEAT_TO_N;
  return (halved[HEAT_X] || in_y) && (halved[HEAT_Y] || in_x) && (halved[HEAT_X] || halved[HEAT_Y]);
}

/* The number of arrays of a level. */
static size_t arrays_of(const bool halved[HEAT_AXES], int links) {
  size_t count = (size_t)links + 3 + (links == 2); /* reaction, b and x, direction */
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++) count += has_weight(halved, weight);
  return count;
}

static int threads_of(heat_box owned, int threads) {
  const int64_t rows = heat_box_width(owned, HEAT_Y), cells = heat_box_cells(owned);
  const int64_t most = rows / THREAD_ROWS < cells / THREAD_CELLS ? rows / THREAD_ROWS : cells / THREAD_CELLS;
  return most < 1 ? 1 : most < threads ? (int)most : threads;
}

size_t heat_level_bytes(const heat_layout *layout, int rank, heat_level_shape shape) {
  const extents size = extents_of(layout, heat_layout_box(layout, rank), shape.value);
  const size_t threads = (size_t)threads_of(heat_layout_box(layout, rank), shape.threads);
  return arrays_of(shape.halved, shape.links) * size.each + threads * WORK_ROWS * size.row;
}

/* Allocate the memory of a level, filled with zeros. It begins at a cache line, or at a huge page where it is large.
 * calloc does not write to pages that are fresh from the system, so each page is placed near the thread that is first
 * to use it. NULL when memory is exhausted. */
static char *allocate(heat_level *level) {
  const bool large = level->bytes >= 2 * (size_t)HUGE_PAGE;
  const size_t align = large ? HUGE_PAGE : LINE;
  level->memory = calloc(1, level->bytes + align);
  if (level->memory == NULL) return NULL;
  char *begin = (char *)level->memory + (align - (uintptr_t)level->memory % align) % align;
  if (large) madvise(begin, level->bytes, MADV_HUGEPAGE);
  return begin;
}

heat_status heat_level_create(heat_level *level, size_t value) {
  const heat_grid *grid = &level->grid;
  const extents size = extents_of(&grid->layout, grid->owned, value);
  level->stride = (ptrdiff_t)(size.row / value);
  level->threads = threads_of(grid->owned, level->threads);
  level->rows_bytes = WORK_ROWS * size.row;
  level->from = grid->owned.lo[HEAT_Y];
  level->to = grid->owned.hi[HEAT_Y];

  void **arrays[HEAT_LINKS + HEAT_WEIGHTS + 4];
  size_t count = 0;
  for (int link = 0; link < level->links; link++) arrays[count++] = &level->link[link];
  arrays[count++] = &level->reaction;
  arrays[count++] = &level->b;
  arrays[count++] = &level->x;
  if (level->links == 2) arrays[count++] = &level->direction;
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++)
    if (has_weight(level->halved, weight)) arrays[count++] = &level->weight[weight];
  level->bytes = count * size.each + (size_t)level->threads * level->rows_bytes;
  char *begin = allocate(level);
  heat_status status = begin != NULL ? heat_ok() : heat_no_memory("a level of the multigrid", level->bytes);
  if (begin != NULL) {
    char *first = begin + size.below * size.row + HEAT_LEVEL_MARGIN * value;
    for (size_t n = 0; n < count; n++) *arrays[n] = first + n * size.each;
    level->rows = begin + count * size.each + HEAT_LEVEL_MARGIN * value;
  }
  status = heat_agree(grid->comm, status);
  if (status.code == HEAT_OK) status = heat_halo_create_for(&level->wide, grid, HEAT_LEVEL_DEPTH, 1, value);
  if (status.code == HEAT_OK) status = heat_halo_create_for(&level->narrow, grid, HEAT_COARSE_DEPTH, 1, value);
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
