#include "heat2d/operator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct heat_source_run {
  int64_t i, j, count; /* in the indices of the grown box */
  int painter;
};

/* Paint a property over every row of the grown box, through periodic seams. */
typedef struct paint_job {
  const heat_problem *problem;
  heat_property property;
  heat_field *field;
  heat_status status;
} paint_job;

static void paint_piece(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  paint_job *job = context;
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y] && job->status.code == HEAT_OK; j++)
    job->status =
        heat_problem_paint_row(job->problem, job->property, j - shift[HEAT_Y], piece.lo[HEAT_X] - shift[HEAT_X],
                               piece.hi[HEAT_X] - shift[HEAT_X], 0, heat_field_at(job->field, piece.lo[HEAT_X], j));
}

static heat_status paint(heat_operator *op, heat_property property, heat_field *field) {
  paint_job job = {op->grid->problem, property, field, heat_ok()};
  heat_layout_images(&op->grid->layout, op->grid->domain, heat_grid_grown(op->grid, op->grid->owned, op->depth),
                     paint_piece, &job);
  return job.status;
}

/* Conductance of a face between cells of conductivity a and b, W/(m3 K) after division by the squared spacing. */
static double face_mean(double a, double b, bool arithmetic) {
  return arithmetic ? (a + b) / 2 : 2 * a * b / (a + b);
}

/* Turn cell conductivities into conductances of the west (or south) faces, in place: from the far end, so that both
 * cells of a face are still there. A face on a wall takes its cell's conductivity; one at the rim of the grown box is
 * never used. */
static void conductances(const heat_operator *op, heat_field *k, int axis) {
  const heat_grid *grid = op->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, op->depth);
  const double h = grid->problem->spacing[axis], scale = 1 / (h * h);
  const ptrdiff_t back = axis == HEAT_X ? 1 : k->stride;
  for (int64_t j = grown.hi[HEAT_Y] - 1; j >= grown.lo[HEAT_Y]; j--) {
    for (int64_t i = grown.hi[HEAT_X] - 1; i >= grown.lo[HEAT_X]; i--) {
      double *here = heat_field_at(k, i, j);
      const int64_t at = axis == HEAT_X ? i : j;
      /* The high wall's face is stored where the next cell would be; where that lies beyond the ghost layers the wall
       * is out of reach. */
      if (heat_grid_wall(grid, 2 * axis) && at == grid->domain.hi[axis] - 1 &&
          at + 1 < grid->owned.hi[axis] + op->depth)
        here[back] = *here * scale;
      const bool rim = at == grown.lo[axis];
      *here = (rim ? *here : face_mean(here[-back], *here, grid->problem->arithmetic)) * scale;
    }
  }
}

/* Gershgorin: every eigenvalue of -L lies below twice the largest sum of a cell's conductances over rho c_p; a wall's
 * face counts like any other, which holds because 0 <= 1 - B <= 2. */
static double varying_bound(const heat_operator *op) {
  const heat_box owned = op->grid->owned;
  double bound = 0;
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++) {
      const double *kx = heat_field_at(&op->kx, i, j), *ky = heat_field_at(&op->ky, i, j);
      const double sum = (kx[0] + kx[1]) + (ky[0] + ky[op->ky.stride]);
      bound = fmax(bound, 2 * *heat_field_at(&op->inverse, i, j) * sum);
    }
  }
  return bound;
}

static heat_status create_uniform(heat_operator *op) {
  const heat_problem *problem = op->grid->problem;
  double kx, ky, density, capacity;
  heat_problem_uniform(problem, HEAT_CONDUCTIVITY_X, &kx);
  heat_problem_uniform(problem, HEAT_CONDUCTIVITY_Y, &ky);
  heat_problem_uniform(problem, HEAT_DENSITY, &density);
  heat_problem_uniform(problem, HEAT_CAPACITY, &capacity);
  const double dx = problem->spacing[HEAT_X], dy = problem->spacing[HEAT_Y];
  op->s = 1 / (density * capacity);
  op->rx = kx * op->s / (dx * dx);
  op->ry = ky * op->s / (dy * dy);
  op->spectral_bound = 4 * (op->rx + op->ry);
  return heat_ok();
}

static heat_status create_varying(heat_operator *op) {
  const heat_grid *grid = op->grid;
  const heat_box grown = heat_grid_grown(grid, grid->owned, op->depth);
  heat_status status = heat_field_create(&op->kx, grid, op->depth);
  if (status.code == HEAT_OK) status = heat_field_create(&op->ky, grid, op->depth);
  if (status.code == HEAT_OK) status = heat_field_create(&op->inverse, grid, op->depth);
  if (status.code == HEAT_OK) status = paint(op, HEAT_DENSITY, &op->kx);
  if (status.code == HEAT_OK) status = paint(op, HEAT_CAPACITY, &op->inverse);
  if (status.code != HEAT_OK) return status;
  for (int64_t j = grown.lo[HEAT_Y]; j < grown.hi[HEAT_Y]; j++) {
    for (int64_t i = grown.lo[HEAT_X]; i < grown.hi[HEAT_X]; i++) {
      double *inverse = heat_field_at(&op->inverse, i, j);
      *inverse = 1 / (*heat_field_at(&op->kx, i, j) * *inverse);
    }
  }
  status = paint(op, HEAT_CONDUCTIVITY_X, &op->kx);
  if (status.code == HEAT_OK) status = paint(op, HEAT_CONDUCTIVITY_Y, &op->ky);
  if (status.code != HEAT_OK) return status;
  conductances(op, &op->kx, HEAT_X);
  conductances(op, &op->ky, HEAT_Y);
  op->spectral_bound = varying_bound(op);
  return heat_ok();
}

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
  const double *spacing = op->grid->problem->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
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
  heat_status status = heat_field_create(&op->q, op->grid, op->depth);
  if (status.code == HEAT_OK) status = paint(op, HEAT_SOURCE, &op->q);
  if (status.code != HEAT_OK || !heat_problem_in_time(op->grid->problem, HEAT_SOURCE)) return status;
  run_job job = {op, heat_ok()};
  heat_layout_images(&op->grid->layout, op->grid->domain, heat_grid_grown(op->grid, op->grid->owned, op->depth),
                     find_runs, &job);
  return job.status;
}

static heat_status create_material(heat_operator *op) {
  op->uniform = heat_problem_uniform_material(op->grid->problem);
  heat_status status = op->uniform ? create_uniform(op) : create_varying(op);
  if (status.code == HEAT_OK && !(isfinite(op->spectral_bound) && op->spectral_bound > 0))
    status = heat_config_fail(op->grid->problem->config, "material",
                              "gives a spectral bound of %g 1/s (mind the units)", op->spectral_bound);
  return status;
}

heat_status heat_operator_bound(const heat_grid *grid, double *bound) {
  heat_operator op = {.grid = grid, .depth = 1};
  heat_status status = create_material(&op);
  *bound = op.spectral_bound;
  heat_operator_destroy(&op);
  return status;
}

heat_status heat_operator_create(heat_operator *op, const heat_grid *grid, heat_runtime *runtime, int depth,
                                 int threads) {
  *op = (heat_operator){.grid = grid, .runtime = runtime, .depth = depth, .threads = threads};
  const char *isa = getenv("HEAT2D_ISA");
  op->kernels = heat_kernels_find(isa);
  heat_status status = heat_ok();
  if (op->kernels == NULL) status = heat_fail(HEAT_USAGE, "HEAT2D_ISA=%s: not known, or not on this processor", isa);
  if (status.code == HEAT_OK) status = create_material(op);
  if (status.code == HEAT_OK) status = create_source(op);
  if (status.code == HEAT_OK) status = heat_boundary_create(&op->boundary, grid, depth);
  status = heat_agree(grid->comm, status);
  if (status.code != HEAT_OK) return status;
  status = heat_halo_create(&op->halo, grid, depth, 1);
  if (status.code != HEAT_OK) return status;
  MPI_Allreduce(MPI_IN_PLACE, &op->spectral_bound, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  if (op->has_source) op->source_power = steady_power(op);
  return heat_ok();
}

void heat_operator_destroy(heat_operator *op) {
  heat_halo_destroy(op->halo);
  heat_boundary_destroy(&op->boundary);
  heat_field_destroy(&op->kx);
  heat_field_destroy(&op->ky);
  heat_field_destroy(&op->inverse);
  heat_field_destroy(&op->q);
  free(op->runs);
  *op = (heat_operator){0};
}

size_t heat_operator_bytes(const heat_problem *problem, heat_box owned, int depth) {
  enum { VARYING_FIELDS = 3, WALL_ARRAYS = 7 };
  double value;
  const bool source = !(heat_problem_uniform(problem, HEAT_SOURCE, &value) && value == 0);
  const size_t fields = (size_t)(heat_problem_uniform_material(problem) ? 0 : VARYING_FIELDS) + (source ? 1 : 0);
  const int64_t rim = 2 * (heat_box_width(owned, HEAT_X) + heat_box_width(owned, HEAT_Y));
  return fields * heat_field_bytes(owned, depth) + (size_t)(rim * WALL_ARRAYS) * sizeof(double);
}

/* Bring the source to time t. */
static heat_status update_source(heat_operator *op, double t) {
  const heat_grid *grid = op->grid;
  for (int64_t r = 0; r < op->run_count; r++) {
    const heat_source_run *run = &op->runs[r];
    const int64_t i = heat_grid_wrap(grid, HEAT_X, run->i);
    heat_status status =
        heat_problem_paint_run(grid->problem, HEAT_SOURCE, run->painter, heat_grid_wrap(grid, HEAT_Y, run->j), i,
                               i + run->count, t, heat_field_at(&op->q, run->i, run->j));
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

/* What the sources give in a time c. */
static void count_source(heat_operator *op, double c) {
  const double *spacing = op->grid->problem->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  if (op->grid->rank == 0) heat_sum_add(&op->source_heat, c * op->source_power);
  for (int64_t r = 0; r < op->run_count; r++) {
    int64_t lo, hi;
    owned_part(op, &op->runs[r], &lo, &hi);
    for (int64_t i = lo; i < hi; i++)
      heat_sum_add(&op->source_heat, c * (*heat_field_at(&op->q, i, op->runs[r].j) * area));
  }
}

static heat_sweep sweep_of(const heat_operator *op, heat_field *u, heat_box box) {
  const int64_t i = box.lo[HEAT_X], j = box.lo[HEAT_Y];
  heat_sweep sweep = {.columns = (ptrdiff_t)heat_box_width(box, HEAT_X),
                      .rows = (ptrdiff_t)heat_box_width(box, HEAT_Y),
                      .stride = u->stride,
                      .u = heat_field_at(u, i, j),
                      .rx = op->rx,
                      .ry = op->ry,
                      .s = op->s,
                      .threads = op->threads};
  if (op->has_source) sweep.q = heat_field_at(&op->q, i, j);
  if (!op->uniform) {
    sweep.kx = heat_field_at(&op->kx, i, j);
    sweep.ky = heat_field_at(&op->ky, i, j);
    sweep.inverse = heat_field_at(&op->inverse, i, j);
  }
  return sweep;
}

static void sweep_box(const heat_operator *op, const heat_stage *stage, heat_field *const *fields, heat_box box) {
  if (heat_box_empty(box)) return;
  const int64_t i = box.lo[HEAT_X], j = box.lo[HEAT_Y];
  heat_sweep sweep = sweep_of(op, fields[stage->u], box);
  sweep.out = heat_field_at(fields[stage->out], i, j);
  sweep.terms = stage->terms;
  sweep.c = stage->c;
  for (int k = 0; k < stage->terms; k++) {
    sweep.x[k] = heat_field_at(fields[stage->term[k].field], i, j);
    sweep.w[k] = stage->term[k].weight;
  }
  op->kernels->sweep(&sweep);
}

/* Cells of the owned box whose stencil needs no ghost cell that an exchange brings. */
static heat_box inner_box(const heat_grid *grid) {
  heat_box inner = grid->owned;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const bool seam = !heat_grid_wall(grid, 2 * axis);
    if (seam || inner.lo[axis] > grid->domain.lo[axis]) inner.lo[axis]++;
    if (seam || inner.hi[axis] < grid->domain.hi[axis]) inner.hi[axis]--;
  }
  return inner;
}

/* Sweep the inner box in a few strips, so that messages move on in between. */
static void sweep_inner(heat_operator *op, const heat_stage *stage, heat_field *const *fields, heat_box inner) {
  enum { STRIPS = 4 };
  const int64_t rows = heat_box_width(inner, HEAT_Y);
  for (int strip = 0; strip < STRIPS; strip++) {
    heat_box part = inner;
    part.lo[HEAT_Y] = inner.lo[HEAT_Y] + heat_block_start(rows, STRIPS, strip);
    part.hi[HEAT_Y] = inner.lo[HEAT_Y] + heat_block_start(rows, STRIPS, strip + 1);
    sweep_box(op, stage, fields, part);
    if (heat_halo_neighbours(op->halo) > 0) heat_halo_progress(op->halo);
  }
}

static int least_valid(const heat_stage *stage, heat_field *const *fields) {
  int valid = fields[stage->u]->valid;
  for (int k = 0; k < stage->terms; k++) {
    /* An operand is read at the cell itself: it can have one layer less. */
    const int own = fields[stage->term[k].field]->valid + 1;
    if (own < valid) valid = own;
  }
  return valid;
}

/* One stage by itself, with an exchange where no ghost layer is left. */
static void apply_stage(heat_operator *op, const heat_stage *stage, int level, heat_field *const *fields) {
  const heat_grid *grid = op->grid;
  heat_field *u = fields[stage->u], *out = fields[stage->out];
  heat_boundary_apply(&op->boundary, u, grid->owned, level, stage->share);
  heat_box inner = {{0, 0}, {0, 0}};
  int valid = least_valid(stage, fields);
  if (valid == 0) {
    inner = inner_box(grid);
    heat_runtime_enter(op->runtime, HEAT_HALO);
    heat_halo_begin(op->halo, &u);
    heat_runtime_enter(op->runtime, HEAT_STENCIL);
    sweep_inner(op, stage, fields, inner);
    heat_runtime_enter(op->runtime, HEAT_HALO);
    heat_halo_end(op->halo, &u);
    heat_runtime_enter(op->runtime, HEAT_STENCIL);
    valid = least_valid(stage, fields);
  }
  const heat_box box = heat_grid_grown(grid, grid->owned, valid - 1);
  if (valid > 1) heat_boundary_apply(&op->boundary, u, box, level, 0);
  heat_box parts[4];
  const int count = heat_box_subtract(box, inner, parts);
  for (int part = 0; part < count; part++) sweep_box(op, stage, fields, parts[part]);
  out->valid = valid - 1;
}

/* Whether this rank's block has a side that is no wall. */
static bool has_seams(const heat_operator *op) {
  return heat_halo_neighbours(op->halo) > 0 || !heat_grid_wall(op->grid, HEAT_LEFT) ||
         !heat_grid_wall(op->grid, HEAT_BOTTOM);
}

/* Stages fused in cache, by time skewing (Wolf and Lam 1991; McCalpin and Wonnacott 1999). A tile of the grid is
 * carried through all stages before the next tile is begun; from stage to stage it moves down by one row and left by a
 * vector, so that what its stencils read at the stage before has been computed: in the tile itself, or in one to the
 * left or below that is done. No cell is computed twice, and each one by the very sweep of the plain loop: same bits.
 * Nothing that a stage overwrites is still needed, because a stage comes after all earlier ones in the cells around.
 *
 * Stage k works on the owned box grown by what is then left of the halo. */
static void apply_fused(heat_operator *op, const heat_stage *stages, int count, int first_level,
                        heat_field *const *fields) {
  enum { ROWS = 32, COLUMNS = 512, LEFT = 8 };
  const heat_grid *grid = op->grid;
  const int valid = has_seams(op) ? least_valid(&stages[0], fields) : count;
  const heat_box whole = heat_grid_grown(grid, grid->owned, valid - 1);
  for (int64_t j = whole.lo[HEAT_Y]; j < whole.hi[HEAT_Y] + count - 1; j += ROWS) {
    for (int64_t i = whole.lo[HEAT_X]; i < whole.hi[HEAT_X] + (count - 1) * LEFT; i += COLUMNS) {
      const heat_box tile = {{i, j}, {i + COLUMNS, j + ROWS}};
      for (int k = 0; k < count; k++) {
        const heat_box left = heat_grid_grown(grid, grid->owned, valid - 1 - k);
        const heat_box part = heat_box_intersect(heat_box_shift(tile, -k * (int64_t)LEFT, -k), left);
        if (heat_box_empty(part)) continue;
        heat_boundary_apply(&op->boundary, fields[stages[k].u], part, first_level + k, stages[k].share);
        sweep_box(op, &stages[k], fields, part);
      }
    }
  }
  for (int k = 0; k < count; k++) fields[stages[k].out]->valid = has_seams(op) ? valid - 1 - k : 0;
}

/* How many of the next stages can be fused: those that the halo lasts for. What a stage reads was written by an earlier
 * one of them, which had more of the halo left, or must be valid as far by itself. Sources in time change between stages;
 * threads share the rows of one stage. */
static int fusable(const heat_operator *op, const heat_stage *stages, int count, heat_field *const *fields) {
  if (op->plain || op->threads > 1 || op->run_count > 0) return 1;
  if (!has_seams(op)) return count;
  const int valid = least_valid(stages, fields);
  unsigned written = 0; /* a bit for each field */
  int fused = 0;
  for (; fused < count && fused < valid; fused++) {
    const heat_stage *stage = &stages[fused];
    bool reaches = (written >> stage->u & 1) || fields[stage->u]->valid >= valid - fused;
    for (int k = 0; k < stage->terms; k++) {
      const int field = stage->term[k].field;
      reaches = reaches && ((written >> field & 1) || fields[field]->valid >= valid - fused - 1);
    }
    if (!reaches) break;
    written |= 1u << stage->out;
  }
  return fused;
}

heat_status heat_operator_apply(heat_operator *op, const heat_stage *stages, int count, heat_field *const *fields) {
  const heat_activity before = heat_runtime_enter(op->runtime, HEAT_STENCIL);
  double times[HEAT_LEVELS];
  assert(count <= HEAT_LEVELS);
  for (int s = 0; s < count; s++) times[s] = stages[s].t;
  /* A failure is local (an expression at one rank's cells): the exchanges go on, the caller agrees. */
  heat_status status = heat_boundary_update(&op->boundary, times, count);
  for (int s = 0, done; s < count; s += done) {
    const int fused = fusable(op, stages + s, count - s, fields);
    done = fused > 1 ? fused : 1;
    for (int k = s; k < s + done && op->has_source; k++) {
      if (done == 1) status = heat_first(status, update_source(op, stages[k].t));
      if (stages[k].share != 0) count_source(op, stages[k].share);
    }
    if (done > 1)
      apply_fused(op, stages + s, done, s, fields);
    else
      apply_stage(op, &stages[s], s, fields);
  }
  heat_runtime_enter(op->runtime, before);
  return status;
}

heat_status heat_operator_rate(heat_operator *op, heat_field *u, double t, double *rate) {
  const heat_grid *grid = op->grid;
  heat_status status = heat_boundary_update(&op->boundary, &t, 1);
  if (status.code == HEAT_OK) status = update_source(op, t);
  if (u->valid == 0) {
    heat_halo_begin(op->halo, &u);
    heat_halo_end(op->halo, &u);
  }
  heat_boundary_apply(&op->boundary, u, grid->owned, 0, 0);
  const heat_sweep sweep = sweep_of(op, u, grid->owned);
  *rate = op->kernels->rate(&sweep);
  if (isnan(*rate)) *rate = INFINITY; /* MPI_MAX need not keep a NaN */
  MPI_Allreduce(MPI_IN_PLACE, rate, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  return heat_agree(grid->comm, status);
}

void heat_operator_energy(const heat_operator *op, const heat_field *u, double *energy, double *mean) {
  const heat_grid *grid = op->grid;
  const double *spacing = grid->problem->spacing, area = spacing[HEAT_X] * spacing[HEAT_Y];
  heat_sum heat = {0}, temperature = {0};
  for (int64_t j = grid->owned.lo[HEAT_Y]; j < grid->owned.hi[HEAT_Y]; j++) {
    for (int64_t i = grid->owned.lo[HEAT_X]; i < grid->owned.hi[HEAT_X]; i++) {
      const double value = *heat_field_at(u, i, j);
      heat_sum_add(&temperature, value);
      if (!op->uniform) heat_sum_add(&heat, value / *heat_field_at(&op->inverse, i, j));
    }
  }
  const heat_sum all = heat_sum_reduce(&temperature, grid->comm);
  const double total = heat_sum_value(&all);
  *mean = total / (double)heat_box_cells(grid->domain);
  *energy = total / op->s * area;
  if (op->uniform) return;
  const heat_sum weighted = heat_sum_reduce(&heat, grid->comm);
  *energy = heat_sum_value(&weighted) * area;
}

double heat_operator_wall_heat(const heat_operator *op) {
  heat_sum sum = {0};
  for (int side = 0; side < HEAT_SIDES; side++) {
    const heat_wall *wall = &op->boundary.walls[side];
    for (int64_t n = 0; n < wall->owned_hi - wall->owned_lo; n++) heat_sum_add(&sum, wall->heat[n]);
  }
  const heat_sum total = heat_sum_reduce(&sum, op->grid->comm);
  return heat_sum_value(&total);
}

double heat_operator_source_heat(const heat_operator *op) {
  const heat_sum total = heat_sum_reduce(&op->source_heat, op->grid->comm);
  return heat_sum_value(&total);
}
