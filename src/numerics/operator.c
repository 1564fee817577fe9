#include "heat2d/numerics/operator.h"

#include "paint.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNIFORM_ARRAYS = 2, VARYING_ARRAYS = 5 }; /* that a tile holds */

struct heat_source_run {
  int64_t i, j, count; /* in the indices of the grown box */
  int painter;
};

/* The runs of cells of one row whose source depends on time, appended to those there are. */
typedef struct run_job {
  heat_operator *op;
  heat_status status;
} run_job;

static void find_runs(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  run_job *job = context;
  heat_operator *op = job->op;
  const heat_problem *problem = op->grid->problem;
  const size_t columns = (size_t)heat_box_width(piece, HEAT_X);
  int *which = malloc(columns * sizeof *which);
  if (which == NULL) job->status = heat_first(job->status, heat_no_memory("the source", columns * sizeof *which));
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y] && job->status.code == HEAT_OK; j++) {
    const int64_t lo = piece.lo[HEAT_X], hi = piece.hi[HEAT_X];
    heat_problem_painters(problem, HEAT_SOURCE, j - shift[HEAT_Y], lo - shift[HEAT_X], hi - shift[HEAT_X], which);
    for (int64_t i = lo, end; i < hi; i = end) {
      for (end = i + 1; end < hi && which[end - lo] == which[i - lo]; end++) continue;
      if (!heat_problem_painter_in_time(problem, HEAT_SOURCE, which[i - lo])) continue;
      const size_t bytes = (size_t)(op->run_count + 1) * sizeof *op->runs;
      heat_source_run *runs = realloc(op->runs, bytes);
      if (runs == NULL) {
        job->status = heat_no_memory("the source", bytes);
        break;
      }
      op->runs = runs;
      runs[op->run_count++] = (heat_source_run){i, j, end - i, which[i - lo]};
    }
  }
  free(which);
}

static int compare_runs(const void *a, const void *b) {
  const heat_source_run *one = a, *other = b;
  if (one->j != other->j) return one->j < other->j ? -1 : 1;
  return one->i < other->i ? -1 : one->i > other->i;
}

/* Order the runs by rows, and note where each row of the grown box begins. */
static heat_status index_runs(heat_operator *op) {
  const int64_t bottom = op->grid->owned.lo[HEAT_Y] - op->depth;
  const int64_t rows = heat_box_width(op->grid->owned, HEAT_Y) + 2 * (int64_t)op->depth;
  if (op->run_count > 0) qsort(op->runs, (size_t)op->run_count, sizeof *op->runs, compare_runs);
  op->row_runs = malloc((size_t)(rows + 1) * sizeof *op->row_runs);
  if (op->row_runs == NULL) return heat_no_memory("the source", (size_t)(rows + 1) * sizeof *op->row_runs);
  for (int64_t row = 0, r = 0; row <= rows; row++) {
    while (r < op->run_count && op->runs[r].j < bottom + row) r++;
    op->row_runs[row] = r;
  }
  return heat_ok();
}

/* The part of a run that this rank owns, as [lo, hi) in x; empty for a row of the halo. */
static void owned_part(const heat_operator *op, const heat_source_run *run, int64_t *lo, int64_t *hi) {
  const heat_box row = {{run->i, run->j}, {run->i + run->count, run->j + 1}};
  const heat_box part = heat_box_intersect(row, op->grid->owned);
  *lo = part.lo[HEAT_X];
  *hi = heat_box_empty(part) ? part.lo[HEAT_X] : part.hi[HEAT_X];
}

/* Total power of the cells whose source does not depend on time: all of them less those in runs. Collective. */
static double steady_power(heat_operator *op) {
  const heat_box owned = op->grid->owned;
  const double *spacing = op->grid->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  heat_sum sum = {0};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
      heat_sum_add(&sum, *heat_field_at(&op->q, i, j) * area);
  for (int64_t r = 0; r < op->run_count; r++) {
    int64_t lo, hi;
    owned_part(op, &op->runs[r], &lo, &hi);
    for (int64_t i = lo; i < hi; i++) heat_sum_add(&sum, -(*heat_field_at(&op->q, i, op->runs[r].j) * area));
  }
  const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
  return heat_sum_value(&total);
}

static heat_status create_source(heat_operator *op) {
  double value;
  if (heat_problem_uniform(op->grid->problem, HEAT_SOURCE, &value) && value == 0) return heat_ok();
  op->has_source = true;
  /* The fields of the stencil have the last three numbers, those of the stages the first ones. */
  enum { SOURCE_NUMBER = HEAT_FIELD_NUMBERS - 4 };
  heat_status status = heat_field_create_as(
      &op->q, op->grid, (heat_field_form){.depth = op->depth, .number = SOURCE_NUMBER, .threads = op->threads});
  if (status.code == HEAT_OK) status = heat_paint_field(op->grid, HEAT_SOURCE, &op->q);
  if (status.code != HEAT_OK || !heat_problem_in_time(op->grid->problem, HEAT_SOURCE)) return status;
  run_job job = {op, heat_ok()};
  heat_layout_images(&op->grid->layout, op->grid->domain, heat_grid_grown(op->grid, op->grid->owned, op->depth),
                     find_runs, &job);
  return job.status.code == HEAT_OK ? index_runs(op) : job.status;
}

heat_status heat_operator_bound(const heat_grid *grid, heat_bounds *bounds) {
  enum { DEPTH = 1, THREADS = 1 };
  heat_boundary walls = {.grid = grid};
  heat_stencil stencil;
  heat_status status = heat_stencil_create(&stencil, grid, DEPTH, THREADS);
  if (status.code == HEAT_OK) status = heat_boundary_create(&walls, grid, DEPTH);
  if (status.code == HEAT_OK) status = heat_stencil_set_walls(&stencil, &walls);
  *bounds = stencil.bounds;
  heat_stencil_destroy(&stencil);
  heat_boundary_destroy(&walls);
  return status;
}

heat_status heat_operator_create(heat_operator *op, const heat_grid *grid, heat_runtime *runtime, int depth,
                                 int threads) {
  *op = (heat_operator){.grid = grid, .runtime = runtime, .depth = depth, .threads = threads};
  const char *isa = getenv("HEAT2D_ISA");
  op->kernels = heat_kernels_find(isa);
  heat_status status = heat_ok();
  if (op->kernels == NULL) status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", isa);
  if (status.code == HEAT_OK) status = heat_stencil_create(&op->stencil, grid, depth, threads);
  if (status.code == HEAT_OK) status = create_source(op);
  if (status.code == HEAT_OK) status = heat_boundary_create(&op->boundary, grid, depth);
  if (status.code == HEAT_OK) status = heat_stencil_set_walls(&op->stencil, &op->boundary);
  status = heat_agree(grid->comm, status);
  if (status.code != HEAT_OK) return status;
  status = heat_halo_create(&op->halo, grid, depth, 1);
  if (status.code != HEAT_OK) return status;
  op->stencil.bounds = heat_bounds_agree(op->stencil.bounds, grid->comm);
  if (op->has_source) op->source_power = steady_power(op);
  const int arrays = (op->stencil.uniform ? UNIFORM_ARRAYS : VARYING_ARRAYS) + (op->has_source ? 1 : 0);
  op->cell_bytes = arrays * (int64_t)sizeof(double);
  op->tiling = heat_tiling_create(grid->owned, (size_t)op->cell_bytes);
  return heat_ok();
}

void heat_operator_destroy(heat_operator *op) {
  heat_halo_destroy(op->halo);
  heat_boundary_destroy(&op->boundary);
  heat_stencil_destroy(&op->stencil);
  heat_field_destroy(&op->q);
  free(op->runs);
  free(op->row_runs);
  *op = (heat_operator){0};
}

size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth) {
  enum { WALL_ARRAYS = 5, LEVEL_ARRAYS = 2 };
  double value;
  const bool source = !(heat_problem_uniform(problem, HEAT_SOURCE, &value) && value == 0);
  int64_t walls = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int levels = heat_problem_side_in_time(problem, side) ? HEAT_LEVELS : 1;
    walls += heat_box_width(owned, 1 - side / 2) * (WALL_ARRAYS + LEVEL_ARRAYS * levels);
  }
  return heat_stencil_bytes(problem, owned, depth) + (source ? heat_field_bytes(owned, depth) : 0) +
         (size_t)walls * sizeof(double);
}

heat_status heat_operator_source(heat_operator *op, heat_box box, double t, double share) {
  const heat_grid *grid = op->grid;
  const double *spacing = grid->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  const int64_t bottom = grid->owned.lo[HEAT_Y] - op->depth;
  if (op->run_count == 0 || heat_box_empty(box)) return heat_ok();
  const int64_t last = op->row_runs[box.hi[HEAT_Y] - bottom];
  for (int64_t r = op->row_runs[box.lo[HEAT_Y] - bottom]; r < last; r++) {
    const heat_source_run *run = &op->runs[r];
    const heat_box row = {{run->i, run->j}, {run->i + run->count, run->j + 1}};
    const heat_box part = heat_box_intersect(row, box), own = heat_box_intersect(part, grid->owned);
    if (heat_box_empty(part)) continue;
    const int64_t i = heat_grid_wrap(grid, HEAT_X, part.lo[HEAT_X]);
    heat_status status =
        heat_problem_paint_run(grid->problem, HEAT_SOURCE, run->painter, heat_grid_wrap(grid, HEAT_Y, run->j), i,
                               i + heat_box_width(part, HEAT_X), t, heat_field_at(&op->q, part.lo[HEAT_X], run->j));
    if (status.code != HEAT_OK) return status;
    if (share == 0 || heat_box_empty(own)) continue;
    for (int64_t n = own.lo[HEAT_X]; n < own.hi[HEAT_X]; n++)
      heat_sum_add(&op->source_heat, share * (*heat_field_at(&op->q, n, run->j) * area));
  }
  return heat_ok();
}

/* What the sources that do not depend on time give in a time c. */
static void count_steady_source(heat_operator *op, double c) {
  if (op->has_source && op->grid->rank == 0) heat_sum_add(&op->source_heat, c * op->source_power);
}

heat_sweep heat_operator_sweep(const heat_operator *op, const heat_stage *stage, heat_field *const *fields) {
  heat_sweep sweep = {.stride = fields[stage->u]->stride,
                      .u = fields[stage->u]->corner,
                      .out = fields[stage->out]->corner,
                      .terms = stage->terms,
                      .c = stage->c,
                      .rx = op->stencil.rx,
                      .ry = op->stencil.ry,
                      .s = op->stencil.s};
  for (int k = 0; k < stage->terms; k++) {
    sweep.x[k] = fields[stage->term[k].field]->corner;
    sweep.w[k] = stage->term[k].weight;
  }
  if (op->has_source) sweep.q = op->q.corner;
  if (!op->stencil.uniform) {
    sweep.kx = op->stencil.kx.corner;
    sweep.ky = op->stencil.ky.corner;
    sweep.inverse = op->stencil.inverse.corner;
  }
  return sweep;
}

heat_box heat_operator_inner(const heat_operator *op, heat_box box) {
  return op->run_count > 0 ? (heat_box){{0, 0}, {0, 0}} : heat_box_intersect(box, heat_box_grow(op->grid->domain, -1));
}

heat_loop *heat_operator_loop(const heat_operator *op) {
  return op->plain || heat_tiling_current(&op->tiling).plain ? op->kernels->plain : op->kernels->walk;
}

void heat_operator_part(heat_operator *op, const heat_stage *stage, const heat_sweep *sweep, heat_box box, int instant,
                        heat_field *const *fields, heat_status *status) {
  if (stage->c != 0) {
    heat_boundary_apply(&op->boundary, fields[stage->u], box, instant, stage->share);
    if (op->run_count > 0) {
#pragma omp critical(heat_source) /* the expression library is not made for threads */
      *status = heat_first(*status, heat_operator_source(op, box, stage->t, stage->share));
    }
  }
  heat_operator_loop(op)(sweep, heat_operator_place(op, sweep->stride, box));
}

/* All but what comes from above: see heat_operator_land. */
static void exchange(heat_operator *op, heat_field *u) {
  const heat_activity before = heat_runtime_enter(op->runtime, HEAT_HALO);
  heat_halo_begin(op->halo, &u);
  heat_halo_end_below(op->halo, &u);
  op->landing = u;
  u->valid = u->depth;
  heat_runtime_enter(op->runtime, before);
}

void heat_operator_land(heat_operator *op) {
  if (op->landing == NULL) return;
  const heat_activity before = heat_runtime_enter(op->runtime, HEAT_HALO);
  heat_halo_end_above(op->halo, &op->landing);
  op->landing = NULL;
  heat_runtime_enter(op->runtime, before);
}

/* How many of the next stages the halo lasts for, at most `most`, and how far beyond the owned box each one goes. What
 * a band holds does not outlast a pass, so one ends behind a stage that writes to a whole field. */
static int reach(const heat_operator *op, const heat_stage *stages, int most, heat_field *const *fields,
                 int64_t *grow) {
  enum { FAR = INT32_MAX / 2 };
  const bool seams = heat_layout_has_seams(&op->grid->layout);
  int valid[HEAT_STAGE_FIELDS], last = 0;
  bool known[HEAT_STAGE_FIELDS] = {false};
  for (int k = 0; k < most; k++) {
    const heat_stage *stage = &stages[k];
    int64_t layers = FAR;
    for (int n = -1; n < stage->terms; n++) {
      const int field = n < 0 ? stage->u : stage->term[n].field;
      if (!known[field]) valid[field] = seams ? fields[field]->valid : FAR;
      known[field] = true;
      const int64_t has = n < 0 && stage->c != 0 ? valid[field] - 1 : n < 0 ? FAR : valid[field];
      if (has < layers) layers = has;
    }
    if (layers < 0) break;
    grow[k] = seams ? layers : 0;
    valid[stage->out] = (int)layers;
    known[stage->out] = true;
    if (fields[stage->out]->band == 0) last = k + 1;
  }
  return last;
}

/* Stages that need no message between them, in passes of as many as a tile is carried through. Each pass ends behind a
 * stage that writes to a whole field. */
static void passes(heat_operator *op, const heat_stage *stages, const int64_t *grow, int count, int instant,
                   heat_field *const *fields, heat_status *status) {
  const int longest = op->plain ? 1 : heat_tiling_current(&op->tiling).stages;
  const double start = MPI_Wtime() - op->runtime->spent[HEAT_HALO]; /* waiting for messages is not the tiles' time */
  double updates = 0;
  for (int s = 0, done; s < count; s += done) {
    const int rest = count - s, turns = (rest + longest - 1) / longest, most = rest < longest ? rest : longest;
    done = (rest + turns - 1) / turns;
    while (done < most && fields[stages[s + done - 1].out]->band > 0) done++;
    while (fields[stages[s + done - 1].out]->band > 0) done--;
    for (int k = s; k < s + done; k++)
      updates += (double)heat_box_cells(heat_grid_grown(op->grid, op->grid->owned, grow[k]));
    if (op->plain) {
      heat_operator_land(op);
      const heat_sweep sweep = heat_operator_sweep(op, &stages[s], fields);
      const heat_box box = heat_grid_grown(op->grid, op->grid->owned, grow[s]);
      heat_operator_part(op, &stages[s], &sweep, box, instant + s, fields, status);
    } else {
      heat_tiles_pass(op, stages + s, grow + s, done, instant + s, fields, status);
    }
  }
  heat_tiling_learn(&op->tiling, count, updates, MPI_Wtime() - op->runtime->spent[HEAT_HALO] - start);
}

heat_status heat_operator_apply(heat_operator *op, const heat_stage *stages, int count, heat_field *const *fields) {
  const heat_activity before = heat_runtime_enter(op->runtime, HEAT_STENCIL);
  double times[HEAT_LEVELS];
  int64_t grow[HEAT_LEVELS];
  assert(count <= HEAT_LEVELS);
  for (int s = 0; s < count; s++) times[s] = stages[s].t;
  /* A failure is local (an expression at one rank's cells): the exchanges go on, the caller agrees. */
  heat_status status = heat_boundary_update(&op->boundary, times, count);
  for (int s = 0, done; s < count; s += done) {
    /* When to exchange follows from what all ranks have in common: not from the shape of the tiles. */
    heat_field *u = fields[stages[s].u];
    done = reach(op, stages + s, count - s, fields, grow);
    if (done < count - s && u->valid < u->depth) {
      exchange(op, u);
      done = reach(op, stages + s, count - s, fields, grow);
    }
    assert(done > 0);
    for (int k = 0; k < done; k++) count_steady_source(op, stages[s + k].share);
    passes(op, stages + s, grow, done, s, fields, &status);
    for (int k = 0; k < done; k++) fields[stages[s + k].out]->valid = (int)grow[k];
  }
  heat_runtime_enter(op->runtime, before);
  return status;
}

heat_status heat_operator_rate(heat_operator *op, heat_field *u, double t, double *rate) {
  const heat_grid *grid = op->grid;
  heat_status status = heat_boundary_update(&op->boundary, &t, 1);
  if (status.code == HEAT_OK) status = heat_operator_source(op, grid->owned, t, 0);
  if (u->valid == 0 && heat_layout_has_seams(&grid->layout)) exchange(op, u);
  heat_operator_land(op);
  heat_boundary_apply(&op->boundary, u, grid->owned, 0, 0);
  const heat_stage stage = {.terms = 0, .c = 1};
  const heat_sweep sweep = heat_operator_sweep(op, &stage, &u);
  *rate = op->kernels->rate(&sweep, heat_operator_place(op, sweep.stride, grid->owned));
  if (isnan(*rate)) *rate = INFINITY; /* MPI_MAX need not keep a NaN */
  MPI_Allreduce(MPI_IN_PLACE, rate, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  return heat_agree(grid->comm, status);
}

heat_energy heat_operator_energy(const heat_operator *op, const heat_field *u) {
  const heat_grid *grid = op->grid;
  const double *spacing = grid->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  heat_sum heat = {0}, temperature = {0}, size = {0};
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++) {
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++) {
      const double value = *heat_field_at(u, i, j);
      heat_sum_add(&temperature, value);
      if (!op->stencil.uniform) heat_sum_add(&heat, value / *heat_field_at(&op->stencil.inverse, i, j));
      heat_sum_add(&size, fabs(op->stencil.uniform ? value : value / *heat_field_at(&op->stencil.inverse, i, j)));
    }
  }
  heat_sum all = heat_sum_reduce(&temperature, grid->comm);
  const double total = heat_sum_value(&all), scale = op->stencil.uniform ? area / op->stencil.s : area;
  heat_energy energy = {.mean = total / (double)heat_box_cells(grid->domain), .heat = total / op->stencil.s * area};
  all = heat_sum_reduce(&size, grid->comm);
  energy.size = heat_sum_value(&all) * scale;
  if (op->stencil.uniform) return energy;
  all = heat_sum_reduce(&heat, grid->comm);
  energy.heat = heat_sum_value(&all) * area;
  return energy;
}

heat_status heat_operator_flows(heat_operator *op, const heat_field *u, double t, double flows[HEAT_SIDES]) {
  const heat_status status = heat_agree(op->grid->comm, heat_boundary_update(&op->boundary, &t, 1));
  for (int side = 0; side < HEAT_SIDES; side++) flows[side] = 0;
  for (int side = 0; side < HEAT_SIDES && status.code == HEAT_OK; side++) {
    const heat_wall *wall = &op->boundary.walls[side];
    heat_sum sum = {0};
    for (int64_t n = wall->owned_lo; n < wall->owned_hi; n++)
      heat_sum_add(&sum, heat_boundary_flow(&op->boundary, u, side, n));
    const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
    flows[side] = heat_sum_value(&total);
  }
  return status;
}

double heat_operator_side_heat(const heat_operator *op, int side) {
  const heat_wall *wall = &op->boundary.walls[side];
  heat_sum sum = {0};
  for (int64_t n = 0; n < wall->owned_hi - wall->owned_lo; n++) heat_sum_add(&sum, wall->heat[n]);
  const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
  return heat_sum_value(&total);
}

static double sum_walls(const heat_operator *op, double (*of)(double)) {
  heat_sum sum = {0};
  for (int side = 0; side < HEAT_SIDES; side++) {
    const heat_wall *wall = &op->boundary.walls[side];
    for (int64_t n = 0; n < wall->owned_hi - wall->owned_lo; n++) heat_sum_add(&sum, of(wall->heat[n]));
  }
  const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
  return heat_sum_value(&total);
}

static double as_it_is(double value) {
  return value;
}

double heat_operator_wall_heat(const heat_operator *op) {
  return sum_walls(op, as_it_is);
}

double heat_operator_wall_moved(const heat_operator *op) {
  return sum_walls(op, fabs);
}

double heat_operator_source_heat(const heat_operator *op) {
  const heat_sum total = heat_sum_reduce(&op->source_heat, op->grid->comm);
  return heat_sum_value(&total);
}
