/* The levels of the multigrid, and one V or W cycle over them.
 *
 *     level 0   the grid of the problem, with five points, distributed over the ranks. The blocks of level 1 are the
 *               blocks of level 0 with half as many cells along an axis or both, and so on.
 *     level m   so small that each rank gathers a copy of the whole level. From here on all ranks do the same work.
 *     last      solved directly
 *
 * Coarse levels are visited twice (a W cycle) where the conductivity jumps by more than a factor of 2000, and where it
 * jumps by more than 10 if the caller asks for a thorough cycle.
 *
 * An axis is not halved where the links along the other axis are on average more than three times as strong
 * (semicoarsening). The reason is that a smoother that goes point by point makes the error smooth only along strong
 * links. */
#include "heat2d/numerics/multigrid.h"

#include "flush.h"
#include "heat2d/numerics/products.h"
#include "multigrid_coarse.h"
#include "multigrid_finest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  LEVELS = 140,        /* at most: 63 halvings along each axis, and the copy of a level */
  GATHER_CELLS = 4096, /* a level of so many cells at most is copied to every rank, */
  GATHER_MOST = 65536, /* and so is one of so many cells at most */
  GATHER_BLOCK = 1, /* if its blocks have on average so few cells: copies cost more than messages (scripts/README.md) */
  DIRECT_CELLS = 64 /* cells of the coarsest level, at most */
};

/* The numbers of the rows that the work space of a thread holds: rows of the direction, and the row of
 * heat_multigrid_kept, whose number the caller sets. */
typedef struct held_rows {
  int64_t direction[HEAT_LEVEL_DIRECTION_ROWS], kept;
} held_rows;
static const int64_t no_row = INT64_MIN;

struct heat_multigrid {
  const heat_stencil *stencil;
  const heat_level_loops *loops;
  const heat_level_setup *setup;
  bool singular;
  int threads;
  double scale; /* the levels hold the operator A times this power of two */
  double unit;  /* the last result is z = unit x + shift, with x of the finest level */
  double shift;
  double direction_unit;       /* the direction p is this times the direction that the finest level holds */
  held_rows *held;             /* of each thread */
  int twice_from;              /* the finest level that a W cycle visits twice */
  bool always_twice, thorough; /* W cycles are always done; the caller has asked for one */
  int count, parts;            /* number of levels, and how many of them are distributed over the ranks */
  heat_level level[LEVELS];
  heat_gather gather;
  heat_direct direct;
};

static heat_level_precision precision_for(double contrast, bool steady) {
  const double beyond_float = steady ? 1e5 : 1e10;
  return contrast > beyond_float ? HEAT_LEVEL_DOUBLE : HEAT_LEVEL_SINGLE;
}

/* Choose the precision and the cycle from the contrast of the material, which is the ratio of the strongest to the
 * weakest link. The higher the contrast, the worse a coarse level represents the finer one, and the more often it has
 * to be visited. At a small contrast it is visited twice only when V cycles have proved to bring too little. The
 * precision: inside a part that conducts well, a correction that is rounded to float leaves residuals as large as those
 * of the parts that conduct badly. This costs iterations where such a part is surrounded by a bad conductor and there
 * is no reaction (21 instead of 15 iterations for inclusions of contrast 1e6). */
static void choose_effort(heat_multigrid *mg, double contrast, bool steady) {
  const double weak = 10, strong = 2000;
  enum { NEVER = LEVELS };
  const heat_level_precision precision = precision_for(contrast, steady);
  mg->loops = heat_level_loops_find(precision);
  mg->setup = heat_level_setup_find(precision);
  mg->twice_from = contrast <= weak ? NEVER : contrast <= strong ? 2 : 1;
  mg->always_twice = contrast > strong;
}

static double power_of_two_near(double value) {
  int exponent;
  frexp(value, &exponent);
  return ldexp(1, exponent);
}

static void fill_finest(heat_multigrid *mg, double sigma, heat_finest_row row) {
  const heat_level *finest = &mg->level[0];
  const heat_box owned = finest->grid.owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    heat_finest_read(mg->stencil, sigma, j, row);
    mg->loops->put(finest, finest->link[HEAT_LINK_W], j, row.w, mg->scale);
    mg->loops->put(finest, finest->link[HEAT_LINK_S], j, row.s, mg->scale);
    mg->loops->put(finest, finest->reaction, j, row.c, mg->scale);
  }
}

static void refresh(const heat_multigrid *mg, const heat_level *level, heat_halo *halo, void *array) {
  heat_level_refresh(level, halo, array, mg->loops->value);
}

/* The ghost layers of an operator that is complete, and which of its rows are the same. Collective over its grid. */
static void refresh_operator(const heat_multigrid *mg, const heat_level *level) {
  for (int link = 0; link < level->links; link++) refresh(mg, level, level->wide, level->link[link]);
  refresh(mg, level, level->wide, level->reaction);
  heat_level_find_operator_repeats(level, mg->loops->value);
}

static void refresh_weights(const heat_multigrid *mg, const heat_level *level) {
  for (int weight = 0; weight < HEAT_WEIGHTS; weight++)
    if (level->weight[weight] != NULL) refresh(mg, level, level->narrow, level->weight[weight]);
  heat_level_find_weight_repeats(level, mg->loops->value);
}

/* Compute the bound of the eigenvalues of a level whose operator is complete. Collective over its grid. */
static void bound_level(const heat_multigrid *mg, heat_level *level) {
  level->bound = mg->setup->bound(level);
  MPI_Allreduce(MPI_IN_PLACE, &level->bound, 1, MPI_DOUBLE, MPI_MAX, level->grid.comm);
}

/* Choose which axes of a level to halve, from the sums of its links along each axis. */
static void choose_axes(const int64_t cells[HEAT_AXES], const int64_t sums[HEAT_AXES], bool halve[HEAT_AXES]) {
  const int64_t much = 3;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    halve[axis] = cells[axis] > 1 && (cells[1 - axis] == 1 || sums[1 - axis] / much <= sums[axis]);
}

static void drop_levels(heat_multigrid *mg, int from) {
  for (int n = from; n < LEVELS && mg->level[n].stride != 0; n++) heat_level_destroy(&mg->level[n]);
}

/* Provide the arrays of the next level, which `wanted` describes. If the level has had the same shape before an update
 * its memory and exchanges are used again. Collective over the grid of `wanted`. */
static heat_status provide_level(heat_multigrid *mg, heat_level wanted) {
  const int n = mg->count++;
  heat_level *level = &mg->level[n];
  bool same = level->memory != NULL && level->grid.comm == wanted.grid.comm && level->links == wanted.links;
  for (int axis = 0; axis < HEAT_AXES; axis++)
    same = same && level->halved[axis] == wanted.halved[axis] &&
           level->grid.layout.cells[axis] == wanted.grid.layout.cells[axis];
  heat_status status = heat_ok();
  if (!same) {
    drop_levels(mg, n);
    *level = wanted;
    status = heat_level_create(level, mg->loops->value);
  }
  if (status.code == HEAT_OK) heat_level_forget_repeats(level);
  return status;
}

/* Add a level with half as many cells along one axis or both. Collective over the grid of the last level. */
static heat_status add_coarse_level(heat_multigrid *mg) {
  const heat_level *fine = &mg->level[mg->count - 1];
  heat_level *coarse = &mg->level[mg->count];
  int64_t sums[HEAT_AXES];
  bool halve[HEAT_AXES];
  mg->setup->couplings(fine, sums);
  MPI_Allreduce(MPI_IN_PLACE, sums, HEAT_AXES, MPI_INT64_T, MPI_SUM, fine->grid.comm);
  choose_axes(fine->grid.layout.cells, sums, halve);
  const heat_level wanted = {.grid = heat_grid_coarsen(&fine->grid, halve),
                             .halved = {halve[HEAT_X], halve[HEAT_Y]},
                             .links = HEAT_LINKS,
                             .threads = mg->threads};
  heat_status status = provide_level(mg, wanted);
  if (status.code == HEAT_OK) status = heat_agree(fine->grid.comm, mg->setup->coarsen(fine, coarse));
  if (status.code != HEAT_OK) return status;
  refresh_weights(mg, coarse);
  mg->setup->prepare_reaction(fine, coarse);
  mg->loops->residual(fine, coarse);
  mg->setup->set_reaction(coarse);
  refresh_operator(mg, coarse);
  bound_level(mg, coarse);
  return heat_ok();
}

/* Add a copy of the whole last level on each rank. Collective over its grid. */
static heat_status add_whole_level(heat_multigrid *mg) {
  const heat_level *part = &mg->level[mg->count - 1];
  heat_level *whole = &mg->level[mg->count],
             wanted = {.grid = part->grid, .links = part->links, .threads = mg->threads};
  heat_layout layout = {.ranks = {1, 1}};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    layout.cells[axis] = part->grid.layout.cells[axis];
    layout.periodic[axis] = part->grid.layout.periodic[axis];
  }
  wanted.grid.comm = MPI_COMM_SELF;
  wanted.grid.rank = 0;
  wanted.grid.size = 1;
  wanted.grid.layout = layout;
  wanted.grid.owned = wanted.grid.domain;
  heat_status status = provide_level(mg, wanted);
  whole->bound = part->bound;
  if (status.code == HEAT_OK) status = heat_gather_create(&mg->gather, &part->grid, mg->loops->value);
  status = heat_agree(part->grid.comm, status);
  if (status.code != HEAT_OK) return status;
  for (int link = 0; link < part->links; link++)
    heat_gather_collect(&mg->gather, part, part->link[link], whole, whole->link[link], mg->loops->value);
  heat_gather_collect(&mg->gather, part, part->reaction, whole, whole->reaction, mg->loops->value);
  refresh_operator(mg, whole);
  return heat_ok();
}

static bool small_enough_to_copy(int64_t cells, int ranks) {
  return cells <= GATHER_CELLS || (cells <= GATHER_MOST && cells / ranks <= GATHER_BLOCK);
}

static heat_status add_levels(heat_multigrid *mg) {
  heat_status status = heat_ok();
  const heat_grid *last = &mg->level[0].grid;
  for (mg->parts = 1; status.code == HEAT_OK && !small_enough_to_copy(heat_box_cells(last->domain), last->size);
       mg->parts++) {
    status = add_coarse_level(mg);
    last = &mg->level[mg->count - 1].grid;
  }
  if (status.code == HEAT_OK) status = add_whole_level(mg);
  while (status.code == HEAT_OK && heat_box_cells(mg->level[mg->count - 1].grid.domain) > DIRECT_CELLS)
    status = add_coarse_level(mg);
  if (status.code == HEAT_OK)
    status = heat_direct_create(&mg->direct, &mg->level[mg->count - 1], mg->loops, mg->singular);
  return heat_agree(mg->stencil->grid->comm, status);
}

static heat_status build(heat_multigrid *mg, double sigma, heat_finest_row row) {
  const heat_stencil *stencil = mg->stencil;
  const heat_level_loops *before = mg->loops;
  const heat_finest_range found = heat_finest_find_range(stencil, sigma, row);
  choose_effort(mg, found.contrast, sigma == 0);
  if (mg->loops != before) drop_levels(mg, 0);
  heat_direct_destroy(&mg->direct);
  mg->singular = found.reaction == 0;
  mg->scale = found.largest > 0 ? 1 / power_of_two_near(found.largest) : 1;
  mg->count = 0;
  heat_status status = provide_level(mg, (heat_level){.grid = *stencil->grid, .links = 2, .threads = mg->threads});
  if (status.code != HEAT_OK) return status;
  fill_finest(mg, sigma, row);
  refresh_operator(mg, &mg->level[0]);
  bound_level(mg, &mg->level[0]);
  return add_levels(mg);
}

heat_status heat_multigrid_create(heat_multigrid **result, const heat_stencil *stencil, double sigma, int threads) {
  heat_multigrid *mg = calloc(1, sizeof *mg);
  if (mg != NULL) mg->held = calloc((size_t)threads, sizeof *mg->held);
  const bool good = mg != NULL && mg->held != NULL;
  heat_status status = good ? heat_ok() : heat_no_memory("the multigrid", sizeof *mg);
  *result = mg;
  status = heat_agree(stencil->grid->comm, status);
  if (status.code == HEAT_OK) {
    mg->stencil = stencil;
    mg->threads = threads;
    status = heat_multigrid_update(mg, sigma);
  }
  if (status.code != HEAT_OK) {
    heat_multigrid_destroy(mg);
    *result = NULL;
  }
  return status;
}

heat_status heat_multigrid_update(heat_multigrid *mg, double sigma) {
  const heat_grid *grid = mg->stencil->grid;
  const size_t columns = (size_t)heat_box_width(grid->owned, HEAT_X), bytes = 3 * columns * sizeof(double);
  double *rows = malloc(bytes);
  heat_status status = heat_agree(grid->comm, rows != NULL ? heat_ok() : heat_no_memory("the multigrid", bytes));
  if (status.code == HEAT_OK) status = build(mg, sigma, (heat_finest_row){rows, rows + columns, rows + 2 * columns});
  free(rows);
  return status;
}

void heat_multigrid_destroy(heat_multigrid *mg) {
  if (mg == NULL) return;
  drop_levels(mg, 0);
  heat_gather_destroy(&mg->gather);
  heat_direct_destroy(&mg->direct);
  free(mg->held);
  free(mg);
}

/* The part of a cycle from a level down to the next coarser one. `in` says how b of the finest level is made, and is
 * NULL on the others. Collective over the level's grid. */
static void descend(heat_multigrid *mg, int n, bool from_zero, const heat_level_in *in) {
  const heat_level *level = &mg->level[n], *next = &mg->level[n + 1];
  if (in != NULL) mg->loops->enter(level, next, in);
  if (n + 1 == mg->parts) {
    heat_gather_collect(&mg->gather, level, level->b, next, next->b, mg->loops->value);
    return;
  }
  if (from_zero)
    refresh(mg, level, level->wide, level->b);
  else
    refresh(mg, level, level->wide, level->x);
  mg->loops->down(level, next, from_zero, in);
}

/* The part of a cycle from the next coarser level up to level n. */
static void ascend(heat_multigrid *mg, int n, const heat_level_out *out) {
  const heat_level *level = &mg->level[n], *next = &mg->level[n + 1];
  refresh(mg, next, next->narrow, next->x);
  if (n + 1 < mg->parts || n >= mg->parts) {
    mg->loops->up(level, next, out);
    return;
  }
  heat_gather_hand_back(level, next, mg->loops->value);
  if (out != NULL) mg->loops->multiply(level, out);
}

/* Whether a level is visited twice in each visit of the finer level. This is done only if it has a quarter of the finer
 * level's cells, so that all visits together cost little. For the level that is copied to all ranks the copy is visited
 * twice. */
static bool twice(const heat_multigrid *mg, int n) {
  const heat_level *made = &mg->level[n == mg->parts ? n - 1 : n];
  if (!mg->always_twice && !mg->thorough) return false;
  return n >= mg->twice_from && n != mg->parts - 1 && n < mg->count - 1 && made->halved[HEAT_X] && made->halved[HEAT_Y];
}

/* Improve x on level n for its right-hand side b, beginning with 0 where `from_zero` is set, by a cycle over this level
 * and the coarser ones. Collective over the grid. */
static void visit(heat_multigrid *mg, int n, bool from_zero, const heat_level_in *in, const heat_level_out *out) {
  if (n == mg->count - 1) {
    heat_direct_solve(&mg->direct, &mg->level[n], mg->loops);
    return;
  }
  descend(mg, n, from_zero, in);
  visit(mg, n + 1, true, NULL, NULL);
  if (twice(mg, n + 1)) visit(mg, n + 1, false, NULL, NULL);
  ascend(mg, n, out);
}

void heat_multigrid_read_row(const heat_multigrid *mg, int64_t j, double *z) {
  const heat_level *finest = &mg->level[0];
  const ptrdiff_t columns = (ptrdiff_t)heat_box_width(finest->grid.owned, HEAT_X);
  mg->loops->take(finest, finest->x, j, z);
  for (ptrdiff_t i = 0; i < columns; i++) z[i] = mg->unit * z[i] + mg->shift;
}

void heat_multigrid_read(const heat_multigrid *mg, heat_field *z) {
  const heat_box owned = z->owned;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    heat_multigrid_read_row(mg, j, heat_field_at(z, owned.lo[HEAT_X], j));
  z->valid = 0;
}

static heat_factors result_row(void *context, int thread, int64_t j) {
  const heat_multigrid *mg = context;
  double *row = heat_multigrid_work(mg, thread);
  const uint64_t before = heat_flush_begin();
  heat_multigrid_read_row(mg, j, row);
  heat_flush_end(before);
  return (heat_factors){.a = row};
}

/* The constant that has to be added to z so that its mean is 0. Collective. */
static double find_shift(heat_multigrid *mg) {
  const heat_grid *grid = &mg->level[0].grid;
  heat_product sum = {.rows = result_row, .context = mg, .threads = heat_multigrid_threads(mg)};
  heat_products(grid, &sum, 1, NULL);
  return -sum.sum / (double)heat_box_cells(grid->domain);
}

void heat_multigrid_cycle(heat_multigrid *mg, const heat_cycle *cycle) {
  const double size = cycle->size, scale = 1 / power_of_two_near(size > 0 && isfinite(size) ? size : 1);
  heat_total none[2] = {{.over = 0}, {.over = 0}}, *product = cycle->product != NULL ? cycle->product : &none[0];
  heat_total *square = cycle->square != NULL ? cycle->square : &none[1];
  *product = *square = none[0];
  mg->unit = mg->scale / scale;
  mg->shift = 0;
  mg->thorough = cycle->thorough;
  const heat_level_in in = {.r = cycle->r,
                            .q = cycle->q,
                            .context = cycle->context,
                            .alpha = cycle->alpha,
                            .scale = scale,
                            .square_scale = cycle->square_scale,
                            .square = square,
                            .whole = mg->parts == 1};
  const heat_level_out out = {.scale = mg->unit / scale * cycle->product_scale, .product = product};
  const uint64_t before = heat_flush_begin();
  visit(mg, 0, true, &in, &out);
  if (mg->singular) mg->shift = find_shift(mg);
  heat_flush_end(before);
}

void heat_multigrid_refresh(heat_multigrid *mg, bool fresh) {
  refresh(mg, &mg->level[0], mg->level[0].narrow, mg->level[0].x);
  if (fresh) mg->direction_unit = mg->unit;
  for (int thread = 0; thread < mg->threads; thread++)
    for (int row = 0; row < HEAT_LEVEL_DIRECTION_ROWS; row++) mg->held[thread].direction[row] = no_row;
}

void heat_multigrid_turn(heat_multigrid *mg, int64_t j, double beta) {
  const heat_level_turn turn = {
      .scale = mg->unit / mg->direction_unit, .shift = mg->shift / mg->direction_unit, .beta = beta};
  mg->loops->turn(&mg->level[0], j, &turn);
}

void heat_multigrid_advance(const heat_multigrid *mg, int64_t j, double alpha, double *x, bool add) {
  mg->loops->advance(&mg->level[0], j, alpha * mg->direction_unit, x, add);
}

/* One of the rows of doubles in the work space of a thread. */
static double *double_row(const heat_level *finest, int thread, int64_t row) {
  const size_t row_bytes = (size_t)finest->stride * sizeof(double);
  const size_t from_end = (size_t)(HEAT_LEVEL_DOUBLE_ROWS - row) * row_bytes;
  return (double *)(void *)((char *)finest->rows + ((size_t)thread + 1) * finest->rows_bytes - from_end);
}

const double *heat_multigrid_direction(const heat_multigrid *mg, int thread, int64_t j) {
  const heat_level *finest = &mg->level[0];
  const int64_t row = j & (HEAT_LEVEL_DIRECTION_ROWS - 1);
  double *values = double_row(finest, thread, row);
  if (mg->held[thread].direction[row] != j) mg->loops->read(finest, j, mg->direction_unit, values);
  mg->held[thread].direction[row] = j;
  return values;
}

double *heat_multigrid_work(const heat_multigrid *mg, int thread) {
  return double_row(&mg->level[0], thread, HEAT_LEVEL_WORK_ROW);
}

heat_kept_row heat_multigrid_kept(const heat_multigrid *mg, int thread) {
  return (heat_kept_row){double_row(&mg->level[0], thread, HEAT_LEVEL_KEPT_ROW), &mg->held[thread].kept};
}

int heat_multigrid_threads(const heat_multigrid *mg) {
  return mg->level[0].threads;
}

bool heat_multigrid_singular(const heat_multigrid *mg) {
  return mg->singular;
}

size_t heat_multigrid_bytes(const heat_multigrid *mg) {
  size_t bytes = sizeof *mg + (size_t)mg->threads * sizeof *mg->held + mg->gather.bytes;
  for (int n = 0; n < mg->count; n++) bytes += mg->level[n].bytes;
  return bytes + heat_direct_bytes(mg->direct.cells);
}

/* A level whose memory is only computed, for a uniform operator. On coarse levels the operator is a sum of tensor
 * products of a second difference K along one axis and a mean M along the other: links[X] K_x M_y + links[Y] M_x K_y,
 * with K = (-1, 2, -1) and M = (m, 1 - 2m, m). */
typedef struct planned_level {
  heat_layout layout;
  size_t value; /* bytes of a value */
  int threads;
  double links[HEAT_AXES], m[HEAT_AXES];
} planned_level;

static int64_t planned_cells(const planned_level *level) {
  return level->layout.cells[HEAT_X] * level->layout.cells[HEAT_Y];
}

/* The memory of a level on rank 0, in bytes. */
static size_t planned_bytes(const planned_level *level, const bool halved[HEAT_AXES], int links) {
  const heat_level_shape shape = {{halved[HEAT_X], halved[HEAT_Y]}, links, level->value, level->threads};
  return heat_level_bytes(&level->layout, 0, shape);
}

/* Replace the level by the next coarser one; returns the memory of that on rank 0, in bytes. With linear interpolation
 * along a halved axis K becomes four times smaller relative to M, and m becomes 1/8 + m/4. */
static size_t plan_coarse_level(planned_level *level) {
  const double parts = 0x1p40, most = fmax(level->links[HEAT_X], level->links[HEAT_Y]), eighth = 0.125;
  int64_t sums[HEAT_AXES];
  bool halve[HEAT_AXES];
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int other = 1 - axis;
    const double link = level->links[axis] * (1 - 2 * level->m[other]) - 2 * level->links[other] * level->m[axis];
    sums[axis] = (int64_t)(parts * fabs(link / most));
  }
  choose_axes(level->layout.cells, sums, halve);
  level->layout = heat_layout_coarsen(&level->layout, halve);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (!halve[axis]) continue;
    level->links[axis] /= 4;
    level->m[axis] = eighth + level->m[axis] / 4;
  }
  return planned_bytes(level, halve, HEAT_LINKS);
}

size_t heat_multigrid_plan_bytes(const heat_layout *layout, const double links[HEAT_AXES], double contrast, bool steady,
                                 int threads) {
  static const bool none[HEAT_AXES] = {false, false};
  planned_level level = {.layout = *layout,
                         .value = precision_for(contrast, steady) == HEAT_LEVEL_DOUBLE ? sizeof(double) : sizeof(float),
                         .threads = threads,
                         .links = {links[HEAT_X], links[HEAT_Y]}};
  const int ranks = layout->ranks[HEAT_X] * layout->ranks[HEAT_Y];
  int count = 2; /* links of each cell of the level */
  size_t bytes = sizeof(heat_multigrid) + (size_t)threads * sizeof(held_rows) + planned_bytes(&level, none, count);
  for (; !small_enough_to_copy(planned_cells(&level), ranks); count = HEAT_LINKS) bytes += plan_coarse_level(&level);
  bytes += (size_t)planned_cells(&level) * level.value; /* a buffer, with which the level is gathered */
  level.layout = (heat_layout){.cells = {level.layout.cells[HEAT_X], level.layout.cells[HEAT_Y]},
                               .ranks = {1, 1},
                               .periodic = {layout->periodic[HEAT_X], layout->periodic[HEAT_Y]}};
  bytes += planned_bytes(&level, none, count);
  while (planned_cells(&level) > DIRECT_CELLS) bytes += plan_coarse_level(&level);
  return bytes + heat_direct_bytes((int)planned_cells(&level));
}
