/* Boxes, decomposition, neighbours and coordinates.
 *
 * An index range is a value: a half-open box of global cell indices [lo, hi) for each axis (0: x, 1: y). Directions are
 * data: side s lies on axis s / 2, is the low one where s % 2 == 0, and is opposite to s ^ 1.
 *
 * The cells of an axis are divided into contiguous blocks whose sizes differ by at most one, and each of the px x py
 * blocks belongs to a rank: row by row, or so that the ranks of a node have blocks that lie close together (see
 * heat_layout_strips). On a periodic axis indices below 0 and from n up name the same cells as their value modulo n,
 * so that a halo is just a larger box. */
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

/* 0 when empty. */
static inline int64_t heat_box_cells(heat_box box) {
  return heat_box_empty(box) ? 0 : heat_box_width(box, HEAT_X) * heat_box_width(box, HEAT_Y);
}

/* The parts of `outer` outside of `inner` as at most four disjoint boxes (rows below, rows above, left, right); returns
 * how many. */
int heat_box_subtract(heat_box outer, heat_box inner, heat_box parts[4]);

/* How a grid is divided among ranks: a plain value, with which any process can compute, also for ranks that do not run.
 * A coarse grid remembers what it was made from, since its blocks follow from those of the finest one. */
typedef struct heat_layout {
  int64_t cells[HEAT_AXES];
  int ranks[HEAT_AXES];
  bool periodic[HEAT_AXES];
  int strips;                /* of rows of blocks, in which ranks are numbered column by column; 0: row by row */
  int halvings[HEAT_AXES];   /* how often the axis was halved, 0: not at all */
  int64_t finest[HEAT_AXES]; /* of a halved axis: its cells before that */
} heat_layout;

/* Choose layout->ranks for `size` ranks such that blocks share the fewest faces; of layouts that are equally good, one
 * that leaves x undivided, so that rows stay whole. False when no px x py = size has px <= nx and py <= ny. Local. */
bool heat_layout_choose(heat_layout *layout, int size);

/* In how many strips the rows of blocks are divided, so that the blocks of `node` ranks that follow each other, as
 * those of a node do, have the fewest neighbours elsewhere: ranks go through a strip column by column, to the right in
 * one and to the left in the next. 0: they go row by row, which is as good, or `node` is 0 as that is not known. 4 x 4
 * blocks for nodes a, b, c and d of 4 ranks, in 2 strips:
 *
 *     15 13 11  9     d d c c     and row by row     d d d d
 *     14 12 10  8     d d c c                        c c c c
 *      1  3  5  7     a a b b                        b b b b
 *      0  2  4  6     a a b b                        a a a a
 *
 * Local. */
int heat_layout_strips(const heat_layout *layout, int node);

/* First cell of block `block` of `blocks` over `cells` cells; block == blocks gives `cells`. Local. */
int64_t heat_block_start(int64_t cells, int blocks, int block);

/* The layout with the cells of each axis of `halve` halved: coarse cell I lies where the fine cell 2 I does, and
 * belongs to the same rank, so that (n + 1) / 2 of n cells stay, and blocks begin at ceil(first / 2). A block may
 * become empty. Local. */
heat_layout heat_layout_coarsen(const heat_layout *fine, const bool halve[HEAT_AXES]);

/* The cells of the x-th block of the y-th row of blocks; of the last one, which is the smallest. Local. */
heat_box heat_layout_block(const heat_layout *layout, int x, int y);
heat_box heat_layout_last(const heat_layout *layout);

/* Which of the px x py blocks `rank` has, and its cells. Local. */
void heat_layout_place(const heat_layout *layout, int rank, int place[HEAT_AXES]);
heat_box heat_layout_box(const heat_layout *layout, int rank);

/* Blocks of an axis that follow each other: first, first + 1, ..., on a periodic axis modulo their number. */
typedef struct heat_blocks {
  int first, count;
} heat_blocks;

/* The blocks of an axis that have cells in [lo, hi), which on a periodic axis may reach beyond the domain; empty blocks
 * that begin inside of it are among them. O(log ranks). Local. */
heat_blocks heat_layout_blocks(const heat_layout *layout, int axis, int64_t lo, int64_t hi);

/* The rank of the n-th of the blocks x along x and the m-th of the blocks y along y. Local. */
int heat_layout_rank(const heat_layout *layout, heat_blocks x, int n, heat_blocks y, int m);

/* Whether there are halos to exchange: blocks meet other blocks, or themselves across a periodic side. Local. */
bool heat_layout_needs_exchange(const heat_layout *layout);

/* Whether rows are whole: not divided among blocks, and not periodic. Local. */
static inline bool heat_layout_whole_rows(const heat_layout *layout) {
  return layout->ranks[HEAT_X] == 1 && !layout->periodic[HEAT_X];
}

/* The whole domain as a box. Local. */
heat_box heat_layout_domain(const heat_layout *layout);

/* The periodic images of `source` that meet `target`: calls visit(piece, shift, context) with each piece in the indices
 * of `target`; the cell i of a piece is the cell i - shift of `source`. Local. */
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

/* Divide the grid of `problem` among the ranks of comm: ranks[0] x ranks[1] where ranks[0] > 0, otherwise as
 * heat_layout_choose; the problem is not kept. HEAT_DECK at domain.cells or parallel.ranks when the ranks cannot be
 * placed. Replicated: the same on every rank without communication. */
heat_status heat_grid_create(heat_grid *grid, MPI_Comm comm, const heat_problem *problem, const int ranks[HEAT_AXES]);

/* Number the blocks for nodes of `node` ranks that follow each other (0: row by row), as heat_layout_strips says:
 * before anything is made of the grid. Replicated. */
void heat_grid_number(heat_grid *grid, int node);

/* The grid of the same ranks with its layout coarsened, and the spacing of the axes of `halve` doubled. Local. */
heat_grid heat_grid_coarsen(const heat_grid *fine, const bool halve[HEAT_AXES]);

/* The box grown by `layers`, cut at the sides that are not periodic. Local. */
heat_box heat_grid_grown(const heat_grid *grid, heat_box box, int64_t layers);

/* The index of the cell that `index` names: wrapped on a periodic axis. Local. */
int64_t heat_grid_wrap(const heat_grid *grid, int axis, int64_t index);

/* Whether `side` is a wall of the domain: it is not periodic. Local. */
bool heat_grid_wall(const heat_grid *grid, int side);

#endif
