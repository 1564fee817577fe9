/* Boxes, the decomposition of the grid, neighbours and coordinates.
 *
 * An index range is a value: a half-open box of global cell indices, [lo, hi) along each axis (0: x, 1: y). Directions
 * are numbers: side s lies on axis s / 2, is the low side of it where s % 2 == 0, and is opposite to side s ^ 1.
 *
 * The cells of an axis are divided into contiguous blocks whose sizes differ by at most one, and each of the px x py
 * blocks belongs to a rank: row by row, or so that the ranks of a node have blocks that lie close together (see
 * heat_layout_strips). On a periodic axis of n cells an index below 0 or from n on names the same cell as its value
 * modulo n. So a box with its halo is just a larger box. */
#ifndef HEAT2D_GRID_H
#define HEAT2D_GRID_H

#include "heat2d/deck/problem.h"

typedef struct heat_box {
  int64_t lo[HEAT_AXES], hi[HEAT_AXES];
} heat_box;

/* All of these are Local and pure. */
heat_box heat_box_grow(heat_box box, int64_t layers); /* negative layers shrink it */
heat_box heat_box_around(heat_box a, heat_box b);     /* the smallest that holds both */

static inline heat_box heat_box_shift(heat_box box, int64_t dx, int64_t dy) {
  const int64_t shift[HEAT_AXES] = {dx, dy};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    box.lo[axis] += shift[axis];
    box.hi[axis] += shift[axis];
  }
  return box;
}

static inline heat_box heat_box_intersect(heat_box a, heat_box b) {
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (b.lo[axis] > a.lo[axis]) a.lo[axis] = b.lo[axis];
    if (b.hi[axis] < a.hi[axis]) a.hi[axis] = b.hi[axis];
  }
  return a;
}

static inline bool heat_box_empty(heat_box box) {
  return box.lo[HEAT_X] >= box.hi[HEAT_X] || box.lo[HEAT_Y] >= box.hi[HEAT_Y];
}

static inline bool heat_box_within(heat_box box, heat_box other) {
  return box.lo[HEAT_X] >= other.lo[HEAT_X] && box.hi[HEAT_X] <= other.hi[HEAT_X] &&
         box.lo[HEAT_Y] >= other.lo[HEAT_Y] && box.hi[HEAT_Y] <= other.hi[HEAT_Y];
}

static inline int64_t heat_box_width(heat_box box, int axis) {
  return box.hi[axis] - box.lo[axis];
}

/* The number of cells; 0 for an empty box. */
static inline int64_t heat_box_cells(heat_box box) {
  return heat_box_empty(box) ? 0 : heat_box_width(box, HEAT_X) * heat_box_width(box, HEAT_Y);
}

/* The parts of `outer` outside of `inner` as at most four disjoint boxes (rows below, rows above, left, right); returns
 * how many. */
int heat_box_subtract(heat_box outer, heat_box inner, heat_box parts[4]);

/* How a grid is divided among ranks. It is a plain value, so any process can compute with it, also for ranks that do
 * not exist. A coarse grid keeps the size of the grid that it was made from, since its blocks follow from the blocks of
 * the finest grid. */
typedef struct heat_layout {
  int64_t cells[HEAT_AXES];
  int ranks[HEAT_AXES];
  bool periodic[HEAT_AXES];
  int strips;                /* number of strips, see heat_layout_strips; 0: ranks are numbered row by row */
  int halvings[HEAT_AXES];   /* how many times the axis was halved */
  int64_t finest[HEAT_AXES]; /* cells of a halved axis before it was halved */
} heat_layout;

/* Choose layout->ranks for `size` ranks such that the fewest faces lie between blocks. Of layouts that are equally good
 * one that does not divide x is chosen, so that rows stay whole. False when no px x py = size has px <= nx and
 * py <= ny. Local. */
bool heat_layout_choose(heat_layout *layout, int size);

/* The number of strips into which the rows of blocks are divided, so that the blocks of a node have the fewest
 * neighbours on other nodes. A node has `node` ranks with consecutive numbers. Ranks are numbered column by column
 * within a strip, to the right in one strip and to the left in the next. The result 0 means that ranks are numbered row
 * by row: that is as good, or `node` is 0 because it is not known. For example, 4 x 4 blocks for nodes a, b, c and d of
 * 4 ranks, in 2 strips:
 *
 *     15 13 11  9     d d c c     and row by row     d d d d
 *     14 12 10  8     d d c c                        c c c c
 *      1  3  5  7     a a b b                        b b b b
 *      0  2  4  6     a a b b                        a a a a
 *
 * Local. */
int heat_layout_strips(const heat_layout *layout, int node);

/* The first cell of block number `block` when `cells` cells are divided into `blocks` blocks; `cells` for
 * block == blocks. Local. */
int64_t heat_block_start(int64_t cells, int blocks, int block);

/* The layout in which the axes of `halve` have half as many cells. Coarse cell I lies where the fine cell 2 I lies, and
 * belongs to the same rank. So n cells become (n + 1) / 2 cells, and a block that begins at `first` begins at
 * ceil(first / 2). A block may become empty. Local. */
heat_layout heat_layout_coarsen(const heat_layout *fine, const bool halve[HEAT_AXES]);

/* The cells of the x-th block in the y-th row of blocks; and those of the last block, which is the smallest. Local. */
heat_box heat_layout_block(const heat_layout *layout, int x, int y);
heat_box heat_layout_last(const heat_layout *layout);

/* The column and the row of the block of `rank` among the px x py blocks; and its cells. Local. */
void heat_layout_place(const heat_layout *layout, int rank, int place[HEAT_AXES]);
heat_box heat_layout_box(const heat_layout *layout, int rank);

/* Consecutive blocks of an axis: first, first + 1, ..., modulo the number of blocks on a periodic axis. */
typedef struct heat_blocks {
  int first, count;
} heat_blocks;

/* The blocks of an axis that have cells in [lo, hi), which may reach beyond the domain on a periodic axis. Empty blocks
 * that begin within the range are included. Takes O(log ranks) steps. Local. */
heat_blocks heat_layout_blocks(const heat_layout *layout, int axis, int64_t lo, int64_t hi);

/* The rank of the n-th of the blocks x along x and the m-th of the blocks y along y. Local. */
int heat_layout_rank(const heat_layout *layout, heat_blocks x, int n, heat_blocks y, int m);

/* Whether halos have to be exchanged: a block has other blocks as neighbours, or itself across a periodic side. Local.
 */
bool heat_layout_needs_exchange(const heat_layout *layout);

/* Whether rows are whole: not divided among blocks, and not periodic. Local. */
static inline bool heat_layout_whole_rows(const heat_layout *layout) {
  return layout->ranks[HEAT_X] == 1 && !layout->periodic[HEAT_X];
}

/* The whole domain as a box. Local. */
heat_box heat_layout_domain(const heat_layout *layout);

/* Find the periodic images of `source` that overlap `target`, and call visit(piece, shift, context) for each overlap.
 * The piece is given in the indices of `target`; its cell i is the cell i - shift of `source`. Local. */
typedef void heat_image_visitor(heat_box piece, const int64_t shift[HEAT_AXES], void *context);
void heat_layout_images(const heat_layout *layout, heat_box source, heat_box target, heat_image_visitor *visit,
                        void *context);

/* A grid as one rank sees it. */
typedef struct heat_grid {
  MPI_Comm comm; /* borrowed */
  int rank, size;
  heat_layout layout;
  double spacing[HEAT_AXES]; /* of the cells, m */
  heat_box domain, owned;
} heat_grid;

/* Divide the grid of `problem` among the ranks of comm, as ranks[0] x ranks[1] blocks where ranks[0] > 0, and otherwise
 * as heat_layout_choose does. The problem is only read. HEAT_DECK at domain.cells or parallel.ranks when there is no
 * such layout. Local: all ranks compute the same grid without communication. */
heat_status heat_grid_create(heat_grid *grid, MPI_Comm comm, const heat_problem *problem, const int ranks[HEAT_AXES]);

/* Number the blocks for nodes of `node` consecutive ranks (0: row by row), see heat_layout_strips. To be called before
 * anything else is made from the grid. Local: all ranks compute the same. */
void heat_grid_number(heat_grid *grid, int node);

/* The grid of the same ranks with its layout coarsened, and the spacing of the axes of `halve` doubled. Local. */
heat_grid heat_grid_coarsen(const heat_grid *fine, const bool halve[HEAT_AXES]);

/* The box grown by `layers`, cut at the sides that are not periodic. Local. */
heat_box heat_grid_grown(const heat_grid *grid, heat_box box, int64_t layers);

/* The index of a cell within the domain: `index` modulo the number of cells on a periodic axis. Local. */
int64_t heat_grid_wrap(const heat_grid *grid, int axis, int64_t index);

/* Whether `side` is a wall of the domain: it is not periodic. Local. */
bool heat_grid_wall(const heat_grid *grid, int side);

#endif
