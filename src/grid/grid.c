#include "heat2d/grid/grid.h"

heat_box heat_box_grow(heat_box box, int64_t layers) {
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    box.lo[axis] -= layers;
    box.hi[axis] += layers;
  }
  return box;
}

heat_box heat_box_around(heat_box a, heat_box b) {
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (b.lo[axis] < a.lo[axis]) a.lo[axis] = b.lo[axis];
    if (b.hi[axis] > a.hi[axis]) a.hi[axis] = b.hi[axis];
  }
  return a;
}

int heat_box_subtract(heat_box outer, heat_box inner, heat_box parts[4]) {
  inner = heat_box_intersect(inner, outer);
  if (heat_box_empty(inner)) {
    parts[0] = outer;
    return heat_box_empty(outer) ? 0 : 1;
  }
  /* The parts below and above have whole rows of `outer`. The parts to the left and right have the rows of `inner`. */
  int count = 0;
  for (int axis = HEAT_Y; axis >= HEAT_X; axis--) {
    heat_box low = outer, high = outer;
    low.hi[axis] = inner.lo[axis];
    high.lo[axis] = inner.hi[axis];
    if (!heat_box_empty(low)) parts[count++] = low;
    if (!heat_box_empty(high)) parts[count++] = high;
    outer.lo[axis] = inner.lo[axis];
    outer.hi[axis] = inner.hi[axis];
  }
  return count;
}

bool heat_layout_choose(heat_layout *layout, int size) {
  double shortest = 0;
  bool found = false;
  for (int px = 1; px <= size; px++) {
    if (size % px != 0) continue;
    const int ranks[HEAT_AXES] = {px, size / px};
    if (ranks[HEAT_X] > layout->cells[HEAT_X] || ranks[HEAT_Y] > layout->cells[HEAT_Y]) continue;
    double cut = 0;
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const int cuts = ranks[axis] - (layout->periodic[axis] && ranks[axis] > 1 ? 0 : 1);
      cut += (double)cuts * (double)layout->cells[1 - axis];
    }
    if (found && cut >= shortest) continue;
    shortest = cut;
    layout->strips = 0;
    found = true;
    for (int axis = 0; axis < HEAT_AXES; axis++) layout->ranks[axis] = ranks[axis];
  }
  return found;
}

int64_t heat_block_start(int64_t cells, int blocks, int block) {
  const int64_t each = cells / blocks, longer = cells % blocks;
  return each * block + (block < longer ? block : longer);
}

/* The number of the block that holds a cell. */
static int block_with(int cells, int blocks, int cell) {
  const int each = cells / blocks, longer = cells % blocks, in_longer = longer * (each + 1);
  return cell < in_longer ? cell / (each + 1) : longer + (cell - in_longer) / each;
}

/* A strip: some rows of blocks, whose ranks are numbered column by column, and before those of the next strip. */
typedef struct strip {
  int number, first, rows;
} strip;

/* The strip that contains the row `row` of blocks. */
static strip strip_with(const heat_layout *layout, int row) {
  const int py = layout->ranks[HEAT_Y], number = block_with(py, layout->strips, row);
  const int first = (int)heat_block_start(py, layout->strips, number);
  return (strip){number, first, (int)heat_block_start(py, layout->strips, number + 1) - first};
}

/* Columns are numbered from left to right in one strip and from right to left in the next. This turns a column of a
 * strip into its number, and a number into its column. */
static int turned(const heat_layout *layout, strip s, int column) {
  return s.number % 2 == 0 ? column : layout->ranks[HEAT_X] - 1 - column;
}

void heat_layout_place(const heat_layout *layout, int rank, int place[HEAT_AXES]) {
  const int px = layout->ranks[HEAT_X];
  place[HEAT_X] = rank % px;
  place[HEAT_Y] = rank / px;
  if (layout->strips == 0) return;
  const strip s = strip_with(layout, rank / px);
  const int within = rank - s.first * px;
  place[HEAT_X] = turned(layout, s, within / s.rows);
  place[HEAT_Y] = s.first + within % s.rows;
}

static int rank_at(const heat_layout *layout, int x, int y) {
  const int px = layout->ranks[HEAT_X];
  if (layout->strips == 0) return y * px + x;
  const strip s = strip_with(layout, y);
  return s.first * px + turned(layout, s, x) * s.rows + (y - s.first);
}

/* Half of the number of faces between the blocks of a node and other blocks, if the node fills columns of `rows` blocks
 * one after the other. The blocks of a node form a rectangle, and the columns that the node does not fill completely
 * add to its outline. A node that fills whole rows has other blocks only above and below. */
static int half_faces(const heat_layout *layout, int node, int rows) {
  const int px = layout->ranks[HEAT_X];
  if (rows > node / px) return rows + node / rows + (node % rows == 0 ? 0 : 2);
  return px + (node % px == 0 ? 0 : 1) + (layout->periodic[HEAT_X] ? node / px : 0);
}

int heat_layout_strips(const heat_layout *layout, int node) {
  const int py = layout->ranks[HEAT_Y];
  int best = 0, least = node > 0 ? half_faces(layout, node, 1) : 0;
  for (int strips = py - 1; strips > 0 && node > 0; strips--) {
    const int low = half_faces(layout, node, py / strips);
    const int high = half_faces(layout, node, (py + strips - 1) / strips);
    const int worse = low > high ? low : high;
    if (worse >= least) continue;
    least = worse;
    best = strips;
  }
  return best;
}

heat_layout heat_layout_coarsen(const heat_layout *fine, const bool halve[HEAT_AXES]) {
  heat_layout coarse = *fine;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (!halve[axis]) continue;
    if (fine->halvings[axis] == 0) coarse.finest[axis] = fine->cells[axis];
    coarse.halvings[axis]++;
    coarse.cells[axis] = (fine->cells[axis] + 1) / 2;
  }
  return coarse;
}

/* The first cell of a block along an axis. Halving and rounding up several times gives the same as dividing by the
 * power of two and rounding up once. */
static int64_t axis_start(const heat_layout *layout, int axis, int block) {
  const int halvings = layout->halvings[axis];
  const int64_t cells = halvings == 0 ? layout->cells[axis] : layout->finest[axis];
  const int64_t first = heat_block_start(cells, layout->ranks[axis], block), rest = (INT64_C(1) << halvings) - 1;
  return (first >> halvings) + ((first & rest) != 0 ? 1 : 0);
}

heat_box heat_layout_block(const heat_layout *layout, int x, int y) {
  const int place[HEAT_AXES] = {x, y};
  heat_box box;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    box.lo[axis] = axis_start(layout, axis, place[axis]);
    box.hi[axis] = axis_start(layout, axis, place[axis] + 1);
  }
  return box;
}

heat_box heat_layout_box(const heat_layout *layout, int rank) {
  int place[HEAT_AXES];
  heat_layout_place(layout, rank, place);
  return heat_layout_block(layout, place[HEAT_X], place[HEAT_Y]);
}

heat_box heat_layout_last(const heat_layout *layout) {
  return heat_layout_block(layout, layout->ranks[HEAT_X] - 1, layout->ranks[HEAT_Y] - 1);
}

static int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/* The same for block numbers below 0 and from the number of blocks on, which are the periodic images of the blocks. */
static int64_t image_start(const heat_layout *layout, int axis, int64_t block) {
  const int64_t blocks = layout->ranks[axis], period = floor_divide(block, blocks);
  return axis_start(layout, axis, (int)(block - period * blocks)) + period * layout->cells[axis];
}

/* The first block of [low, high) that begins at the cell `at` or later (with `behind`: later than `at`); `high` if
 * there is none. */
static int64_t first_from(const heat_layout *layout, int axis, int64_t low, int64_t high, int64_t at, bool behind) {
  while (low < high) {
    const int64_t middle = low + (high - low) / 2, start = image_start(layout, axis, middle);
    if (start < at || (behind && start == at))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

heat_blocks heat_layout_blocks(const heat_layout *layout, int axis, int64_t lo, int64_t hi) {
  const int64_t blocks = layout->ranks[axis], cells = layout->cells[axis];
  const bool periodic = layout->periodic[axis];
  const int64_t low = periodic ? (floor_divide(lo, cells) - 1) * blocks : 0;
  const int64_t high = periodic ? (floor_divide(hi, cells) + 2) * blocks : blocks;
  /* The first block that ends after lo, and the first one that begins at hi or later. */
  const int64_t first = first_from(layout, axis, low + 1, high + 1, lo, true) - 1;
  const int64_t last = first_from(layout, axis, low, high, hi, false);
  if (lo >= hi || last <= first) return (heat_blocks){0, 0};
  if (last - first >= blocks) return (heat_blocks){0, (int)blocks};
  return (heat_blocks){(int)(first - floor_divide(first, blocks) * blocks), (int)(last - first)};
}

int heat_layout_rank(const heat_layout *layout, heat_blocks x, int n, heat_blocks y, int m) {
  const int px = layout->ranks[HEAT_X], py = layout->ranks[HEAT_Y];
  return rank_at(layout, (x.first + n) % px, (y.first + m) % py);
}

bool heat_layout_needs_exchange(const heat_layout *layout) {
  for (int axis = 0; axis < HEAT_AXES; axis++)
    if (layout->ranks[axis] > 1 || layout->periodic[axis]) return true;
  return false;
}

heat_box heat_layout_domain(const heat_layout *layout) {
  return (heat_box){{0, 0}, {layout->cells[HEAT_X], layout->cells[HEAT_Y]}};
}

void heat_layout_images(const heat_layout *layout, heat_box source, heat_box target, heat_image_visitor *visit,
                        void *context) {
  /* The multiples of the period by which the source may be shifted so that it overlaps the target. */
  int64_t first[HEAT_AXES] = {0, 0}, last[HEAT_AXES] = {0, 0};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (!layout->periodic[axis]) continue;
    first[axis] = floor_divide(target.lo[axis] - source.hi[axis], layout->cells[axis]);
    last[axis] = floor_divide(target.hi[axis] - source.lo[axis], layout->cells[axis]) + 1;
  }
  for (int64_t my = first[HEAT_Y]; my <= last[HEAT_Y]; my++) {
    for (int64_t mx = first[HEAT_X]; mx <= last[HEAT_X]; mx++) {
      const int64_t shift[HEAT_AXES] = {mx * layout->cells[HEAT_X], my * layout->cells[HEAT_Y]};
      const heat_box piece = heat_box_intersect(heat_box_shift(source, shift[HEAT_X], shift[HEAT_Y]), target);
      if (!heat_box_empty(piece)) visit(piece, shift, context);
    }
  }
}

heat_status heat_grid_create(heat_grid *grid, MPI_Comm comm, const heat_problem *problem, const int ranks[HEAT_AXES]) {
  *grid = (heat_grid){.comm = comm};
  MPI_Comm_rank(comm, &grid->rank);
  MPI_Comm_size(comm, &grid->size);
  heat_layout *layout = &grid->layout;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    layout->cells[axis] = problem->cells[axis];
    layout->periodic[axis] = problem->sides[2 * axis].periodic;
    layout->ranks[axis] = ranks[axis];
    grid->spacing[axis] = problem->spacing[axis];
  }
  const long long nx = layout->cells[HEAT_X], ny = layout->cells[HEAT_Y];
  if (ranks[HEAT_X] > 0) {
    if (ranks[HEAT_X] > nx || ranks[HEAT_Y] > ny)
      return heat_config_fail(problem->config, "parallel.ranks", "%d x %d ranks do not fit on %lld x %lld cells",
                              ranks[HEAT_X], ranks[HEAT_Y], nx, ny);
    if ((int64_t)ranks[HEAT_X] * ranks[HEAT_Y] != grid->size)
      return heat_config_fail(problem->config, "parallel.ranks",
                              "%d x %d ranks are asked for, but the run has %d (start it with %lld, or say auto)",
                              ranks[HEAT_X], ranks[HEAT_Y], grid->size,
                              (long long)ranks[HEAT_X] * (long long)ranks[HEAT_Y]);
  } else if (!heat_layout_choose(layout, grid->size)) {
    heat_layout smaller = *layout;
    int fits = grid->size;
    while (!heat_layout_choose(&smaller, fits)) fits--;
    return heat_config_fail(problem->config, "domain.cells",
                            "%lld x %lld cells cannot be distributed over %d ranks (the next number that can: %d)", nx,
                            ny, grid->size, fits);
  }
  grid->domain = heat_layout_domain(layout);
  grid->owned = heat_layout_box(layout, grid->rank);
  return heat_ok();
}

void heat_grid_number(heat_grid *grid, int node) {
  grid->layout.strips = heat_layout_strips(&grid->layout, node);
  grid->owned = heat_layout_box(&grid->layout, grid->rank);
}

heat_grid heat_grid_coarsen(const heat_grid *fine, const bool halve[HEAT_AXES]) {
  heat_grid coarse = *fine;
  coarse.layout = heat_layout_coarsen(&fine->layout, halve);
  for (int axis = 0; axis < HEAT_AXES; axis++)
    if (halve[axis]) coarse.spacing[axis] *= 2;
  coarse.domain = heat_layout_domain(&coarse.layout);
  coarse.owned = heat_layout_box(&coarse.layout, coarse.rank);
  return coarse;
}

heat_box heat_grid_grown(const heat_grid *grid, heat_box box, int64_t layers) {
  const heat_box grown = heat_box_grow(box, layers);
  heat_box cut = heat_box_intersect(grown, grid->domain);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (!grid->layout.periodic[axis]) continue;
    cut.lo[axis] = grown.lo[axis];
    cut.hi[axis] = grown.hi[axis];
  }
  return cut;
}

int64_t heat_grid_wrap(const heat_grid *grid, int axis, int64_t index) {
  const int64_t cells = grid->layout.cells[axis], rest = index % cells;
  return rest < 0 ? rest + cells : rest;
}

bool heat_grid_wall(const heat_grid *grid, int side) {
  return !grid->layout.periodic[side / 2];
}
