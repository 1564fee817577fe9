/* The memory and the exchanges of one level. */
#define _DEFAULT_SOURCE /* for madvise */
#include "multigrid_level.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
  LINE = 64,           /* bytes of a cache line */
  HUGE_PAGE = 2 << 20, /* bytes */
  THREAD_ROWS = 32,    /* with fewer rows, or cells, for each thread several threads do not pay */
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

/* The number of arrays of a level with all ghost layers. */
static size_t arrays_of(const bool halved[HEAT_AXES], int links) {
  size_t count = (size_t)links + 3; /* reaction, b and x */
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++) count += has_weight(halved, weight);
  return count;
}

/* The number of rows for which the tables of repeated rows have an entry: all that a loop may ask for. */
static int64_t table_rows(heat_box owned) {
  if (heat_box_width(owned, HEAT_X) < HEAT_REPEATED_COLUMNS) return 0;
  return heat_box_width(owned, HEAT_Y) + 2 * HEAT_LEVEL_DEPTH + 1;
}

static size_t tables_bytes(heat_box owned) {
  return 2 * (size_t)table_rows(owned) * sizeof(int64_t);
}

static int threads_of(heat_box owned, int threads) {
  const int64_t rows = heat_box_width(owned, HEAT_Y), cells = heat_box_cells(owned);
  const int64_t most = rows / THREAD_ROWS < cells / THREAD_CELLS ? rows / THREAD_ROWS : cells / THREAD_CELLS;
  return most < 1 ? 1 : most < threads ? (int)most : threads;
}

/* The bytes of the direction, which the finest level has: with one row more below and above the owned ones. */
static size_t direction_bytes(heat_box owned, extents size, int links) {
  return links == 2 ? ((size_t)heat_box_width(owned, HEAT_Y) + 2) * size.row + 4 * LINE : 0;
}

/* The bytes of the work space of each thread. */
static size_t work_bytes(int threads, heat_level_shape shape, extents size) {
  const size_t rows = threads > 1 ? HEAT_LEVEL_SHARING_ROWS : HEAT_LEVEL_OWN_ROWS;
  return (rows + (shape.links == 2 ? HEAT_LEVEL_DOUBLE_ROWS * sizeof(double) / shape.value : 0)) * size.row;
}

size_t heat_level_bytes(const heat_layout *layout, int rank, heat_level_shape shape) {
  const heat_box owned = heat_layout_box(layout, rank);
  const extents size = extents_of(layout, owned, shape.value);
  const int threads = threads_of(owned, shape.threads);
  return arrays_of(shape.halved, shape.links) * size.each + direction_bytes(owned, size, shape.links) +
         (size_t)threads * work_bytes(threads, shape, size) + tables_bytes(owned);
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

/* Place the tables of repeated rows at `at`, where a cache line begins. */
static void place_tables(heat_level *level, char *at) {
  const int64_t rows = table_rows(level->grid.owned), first = level->grid.owned.lo[HEAT_Y] - HEAT_LEVEL_DEPTH;
  int64_t *table = rows > 0 ? (int64_t *)(void *)at : NULL;
  level->operator_rows = (heat_repeats){.first = first, .like = table};
  level->weight_rows = (heat_repeats){.first = first, .like = rows > 0 ? table + rows : NULL};
}

heat_status heat_level_create(heat_level *level, size_t value) {
  const heat_grid *grid = &level->grid;
  const extents size = extents_of(&grid->layout, grid->owned, value);
  level->stride = (ptrdiff_t)(size.row / value);
  level->threads = threads_of(grid->owned, level->threads);
  level->rows_bytes = work_bytes(level->threads, (heat_level_shape){.links = level->links, .value = value}, size);
  level->from = grid->owned.lo[HEAT_Y];
  level->to = grid->owned.hi[HEAT_Y];

  void **arrays[HEAT_LINKS + HEAT_WEIGHTS + 3];
  size_t count = 0;
  for (int link = 0; link < level->links; link++) arrays[count++] = &level->link[link];
  arrays[count++] = &level->reaction;
  arrays[count++] = &level->b;
  arrays[count++] = &level->x;
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++)
    if (has_weight(level->halved, weight)) arrays[count++] = &level->weight[weight];
  const size_t rows_at = count * size.each + direction_bytes(grid->owned, size, level->links);
  const size_t tables_at = rows_at + (size_t)level->threads * level->rows_bytes;
  level->bytes = tables_at + tables_bytes(grid->owned);
  char *begin = allocate(level);
  heat_status status = begin != NULL ? heat_ok() : heat_no_memory("a level of the multigrid", level->bytes);
  if (begin != NULL) {
    char *first = begin + size.below * size.row + HEAT_LEVEL_MARGIN * value;
    for (size_t n = 0; n < count; n++) *arrays[n] = first + n * size.each;
    if (level->links == 2) level->direction = begin + count * size.each + size.row + HEAT_LEVEL_MARGIN * value;
    level->rows = begin + rows_at + HEAT_LEVEL_MARGIN * value;
    place_tables(level, begin + tables_at);
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

void heat_level_forget_repeats(heat_level *level) {
  heat_repeats_clear(&level->operator_rows, table_rows(level->grid.owned));
  heat_repeats_clear(&level->weight_rows, table_rows(level->grid.owned));
}

/* Row j of an array with its ghost columns. */
static heat_compared_rows whole_rows(const heat_level *level, const void *array, int64_t j, size_t value) {
  const heat_layout *layout = &level->grid.layout;
  const heat_box owned = level->grid.owned;
  const size_t before = beyond(layout, owned, HEAT_LEFT), behind = beyond(layout, owned, HEAT_RIGHT);
  const ptrdiff_t stride = level->stride * (ptrdiff_t)value;
  return (heat_compared_rows){.begin =
                                  (const char *)array + (ptrdiff_t)(j - owned.lo[HEAT_Y]) * stride - before * value,
                              .stride = stride,
                              .bytes = (before + (size_t)heat_box_width(owned, HEAT_X) + behind) * value};
}

static void find_repeats(const heat_level *level, const heat_repeats *repeats, void *const *arrays, int count,
                         size_t value) {
  const heat_layout *layout = &level->grid.layout;
  const heat_box owned = level->grid.owned;
  const int64_t from = owned.lo[HEAT_Y] - (int64_t)beyond(layout, owned, HEAT_BOTTOM);
  const int64_t to = owned.hi[HEAT_Y] + (int64_t)beyond(layout, owned, HEAT_TOP);
  heat_compared_rows rows[HEAT_WEIGHTS];
  int given = 0;
  for (int n = 0; n < count; n++)
    if (arrays[n] != NULL) rows[given++] = whole_rows(level, arrays[n], from, value);
  heat_repeats_find(repeats, from, to, rows, given);
}

void heat_level_find_operator_repeats(const heat_level *level, size_t value) {
  void *arrays[HEAT_LINKS + 1] = {level->reaction};
  memcpy(arrays + 1, level->link, sizeof level->link);
  find_repeats(level, &level->operator_rows, arrays, HEAT_LINKS + 1, value);
}

void heat_level_find_weight_repeats(const heat_level *level, size_t value) {
  find_repeats(level, &level->weight_rows, level->weight, HEAT_WEIGHTS, value);
}

void heat_level_refresh(const heat_level *level, heat_halo *halo, void *array, size_t value) {
  heat_halo_refresh(halo, &(heat_rows){array, level->stride * (ptrdiff_t)value});
}
