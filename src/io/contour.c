/* Nodes are the centres of the raster's cells and, around them, one layer on the raster's edges. Between four nodes
 * lies a square; a line enters and leaves it through its edges:
 *
 *     node (a, b+1) --- top ---- node (a+1, b+1)     Each edge belongs to two squares at most, so sorting the ends of
 *          |                          |              all pieces by their edges shows which pieces go on in each other.
 *        left                       right
 *          |                          |
 *     node (a, b) --- bottom --- node (a+1, b)  */
#include "heat2d/io/contour.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { BOTTOM, RIGHT, TOP, LEFT };
enum { BLOCK = 16 }; /* squares along a side of a block; blocks without a level are skipped */

/* An end of a piece of a line. Piece n has the ends 2 n and 2 n + 1. */
typedef struct end {
  int64_t edge;
  int64_t number;
} end;

/* The lowest and highest value of the nodes of a block. */
typedef struct extent {
  double low, high;
} extent;

typedef struct pieces {
  const heat_raster *raster;
  const extent *blocks; /* row by row */
  double level;
  end *ends; /* in the order of their numbers */
  int64_t count, capacity;
  bool failed;
} pieces;

static int clamp(int n, int most) {
  return n < 0 ? 0 : n > most ? most : n;
}

/* Node (a, b), counted from 0 at the lower left edge of the raster. */
static double node_value(const heat_raster *raster, int a, int b) {
  const size_t row = (size_t)clamp(b - 1, raster->height - 1);
  return raster->values[row * (size_t)raster->width + (size_t)clamp(a - 1, raster->width - 1)];
}

static double node_place(int a, int count) {
  return a == 0 ? 0 : a > count ? count : a - 0.5;
}

/* The number of an edge of the square whose lower left node is (a, b). Each node has two edges, to its right and above
 * it. */
static int64_t edge_number(const heat_raster *raster, int a, int b, int side) {
  const int64_t nodes = raster->width + 2;
  const int64_t node = (b + (side == TOP)) * nodes + a + (side == RIGHT);
  return 2 * node + (side == LEFT || side == RIGHT);
}

/* The point of an edge at which it has the level. */
static heat_point edge_point(const heat_raster *raster, double level, int64_t edge) {
  const int64_t nodes = raster->width + 2, node = edge / 2;
  const int a = (int)(node % nodes), b = (int)(node / nodes), up = (int)(edge % 2);
  const double from = node_value(raster, a, b), to = node_value(raster, a + 1 - up, b + up);
  const double part = from == to ? 0 : (level - from) / (to - from);
  const heat_point start = {node_place(a, raster->width), node_place(b, raster->height)};
  return (heat_point){start.x + part * (node_place(a + 1 - up, raster->width) - start.x),
                      start.y + part * (node_place(b + up, raster->height) - start.y)};
}

static void add_piece(pieces *found, int a, int b, int from, int to) {
  if (found->count + 2 > found->capacity) {
    enum { FIRST = 1024 };
    const int64_t capacity = found->capacity > 0 ? 2 * found->capacity : FIRST;
    end *more = realloc(found->ends, (size_t)capacity * sizeof *more);
    found->failed = found->failed || more == NULL;
    if (more == NULL) return;
    found->ends = more;
    found->capacity = capacity;
  }
  const int sides[] = {from, to};
  for (int n = 0; n < 2; n++, found->count++)
    found->ends[found->count] = (end){edge_number(found->raster, a, b, sides[n]), found->count};
}

static void cut_square(pieces *found, int a, int b) {
  const heat_raster *raster = found->raster;
  const double corner[] = {node_value(raster, a, b), node_value(raster, a + 1, b), node_value(raster, a + 1, b + 1),
                           node_value(raster, a, b + 1)};
  unsigned inside = 0;
  for (unsigned n = 0; n < 4; n++) {
    if (!isfinite(corner[n])) return;
    inside |= (corner[n] >= found->level ? 1u : 0u) << n;
  }
  enum { NONE = -1 };
  /* The edges that a line crosses, for each set of corners that are not below the level. Bit n of the index is corner
   * n, counter-clockwise from the lower left. */
  static const signed char crossed[16][2] = {{NONE, NONE},  {LEFT, BOTTOM},  {BOTTOM, RIGHT}, {LEFT, RIGHT},
                                             {RIGHT, TOP},  {NONE, NONE},    {BOTTOM, TOP},   {LEFT, TOP},
                                             {LEFT, TOP},   {BOTTOM, TOP},   {NONE, NONE},    {RIGHT, TOP},
                                             {LEFT, RIGHT}, {BOTTOM, RIGHT}, {LEFT, BOTTOM},  {NONE, NONE}};
  enum { RISING = 5, FALLING = 10 }; /* saddles: only two opposite corners are not below the level */
  if (inside == RISING || inside == FALLING) {
    const bool middle = (corner[0] + corner[1] + corner[2] + corner[3]) / 4 >= found->level;
    const bool cut_off_lower_right = (inside == RISING) == middle;
    add_piece(found, a, b, cut_off_lower_right ? BOTTOM : LEFT, cut_off_lower_right ? RIGHT : BOTTOM);
    add_piece(found, a, b, cut_off_lower_right ? LEFT : RIGHT, TOP);
  } else if (crossed[inside][0] != NONE) {
    add_piece(found, a, b, crossed[inside][0], crossed[inside][1]);
  }
}

static int by_edge(const void *a, const void *b) {
  const end *one = a, *two = b;
  if (one->edge != two->edge) return one->edge < two->edge ? -1 : 1;
  return one->number < two->number ? -1 : one->number > two->number;
}

/* Find partner[n], the end that lies on the same edge as end n; -1: none. */
static void find_partners(const pieces *found, end *sorted, int64_t *partner) {
  for (int64_t n = 0; n < found->count; n++) sorted[n] = found->ends[n];
  qsort(sorted, (size_t)found->count, sizeof *sorted, by_edge);
  for (int64_t n = 0; n < found->count; n++) partner[n] = -1;
  for (int64_t n = 0; n + 1 < found->count; n++) {
    if (sorted[n].edge != sorted[n + 1].edge) continue;
    partner[sorted[n].number] = sorted[n + 1].number;
    partner[sorted[n + 1].number] = sorted[n].number;
  }
}

/* Follow a line from the end `start`, and mark its pieces as used; returns the number of points. */
static int follow(const pieces *found, const int64_t *partner, bool *used, int64_t start, heat_point *points) {
  int count = 0;
  int64_t at = start;
  points[count++] = edge_point(found->raster, found->level, found->ends[at].edge);
  while (at >= 0 && !used[at / 2]) {
    used[at / 2] = true;
    const int64_t other = at ^ 1;
    points[count++] = edge_point(found->raster, found->level, found->ends[other].edge);
    at = partner[other];
  }
  return count;
}

static int blocks_along(int cells) {
  return cells / BLOCK + 1; /* there is one square more than cells */
}

static extent block_extent(const heat_raster *raster, int column, int row) {
  extent found = {INFINITY, -INFINITY};
  for (int b = row * BLOCK; b <= (row + 1) * BLOCK && b <= raster->height + 1; b++)
    for (int a = column * BLOCK; a <= (column + 1) * BLOCK && a <= raster->width + 1; a++) {
      const double value = node_value(raster, a, b);
      if (value < found.low) found.low = value;
      if (value > found.high) found.high = value;
    }
  return found;
}

/* Find all pieces of the level. */
static void cut_squares(pieces *found) {
  const heat_raster *raster = found->raster;
  const int columns = blocks_along(raster->width), rows = blocks_along(raster->height);
  for (int n = 0; n < columns * rows; n++) {
    if (!(found->blocks[n].low < found->level && found->blocks[n].high >= found->level)) continue;
    const int left = n % columns * BLOCK, low = n / columns * BLOCK;
    for (int b = low; b < low + BLOCK && b <= raster->height; b++)
      for (int a = left; a < left + BLOCK && a <= raster->width; a++) cut_square(found, a, b);
  }
}

/* Join the pieces of one level to lines, and call `visit` for each line. */
static heat_status trace(pieces *found, int number, heat_contour_visitor *visit, void *context) {
  found->count = 0;
  cut_squares(found);
  const size_t count = (size_t)found->count;
  end *sorted = malloc((count + 1) * sizeof *sorted);
  int64_t *partner = malloc((count + 1) * sizeof *partner);
  bool *used = calloc(count / 2 + 1, sizeof *used);
  heat_point *points = malloc((count / 2 + 2) * sizeof *points);
  heat_status status = heat_ok();
  if (found->failed || sorted == NULL || partner == NULL || used == NULL || points == NULL) {
    status = heat_no_memory("isotherms", (count + 1) * sizeof *sorted);
  } else {
    find_partners(found, sorted, partner);
    for (int open = 1; open >= 0; open--) /* first open lines, from their ends, then closed lines */
      for (int64_t n = 0; n < found->count; n++)
        if (!used[n / 2] && (!open || partner[n] < 0))
          visit(number, points, follow(found, partner, used, n, points), context);
  }
  free(sorted);
  free(partner);
  free(used);
  free(points);
  return status;
}

heat_status heat_contour(const heat_raster *raster, const double *levels, int count, heat_contour_visitor *visit,
                         void *context) {
  const int columns = blocks_along(raster->width), rows = blocks_along(raster->height);
  extent *blocks = malloc((size_t)columns * (size_t)rows * sizeof *blocks);
  if (blocks == NULL) return heat_no_memory("isotherms", (size_t)columns * (size_t)rows * sizeof *blocks);
  for (int n = 0; n < columns * rows; n++) blocks[n] = block_extent(raster, n % columns, n / columns);
  pieces found = {.raster = raster, .blocks = blocks};
  heat_status status = heat_ok();
  for (int n = 0; n < count && status.code == HEAT_OK; n++) {
    found.level = levels[n];
    status = trace(&found, n, visit, context);
  }
  free(found.ends);
  free(blocks);
  return status;
}
