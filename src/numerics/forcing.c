#include "heat2d/numerics/forcing.h"

#include "paint.h"

#include <math.h>
#include <stdlib.h>

struct heat_source_kind {
  int layer; /* the region whose source this is, or the deck's own source: see heat_problem_layers */
  heat_time_form form;
};

struct heat_source_run {
  int64_t i, j, count; /* first cell, as indices in the grown box, and number of cells */
  int kind;
  int64_t profile; /* index of its first cell in `profile` */
};

/* The search for runs of cells whose source depends on time; those that are found are appended to the list. */
typedef struct run_job {
  heat_forcing *forcing;
  int *kind_of; /* index of the kind of each layer; -1: it has none so far */
  heat_status status;
} run_job;

static heat_status append_run(heat_forcing *forcing, heat_source_run run) {
  const size_t bytes = (size_t)(forcing->run_count + 1) * sizeof *forcing->runs;
  heat_source_run *runs = realloc(forcing->runs, bytes);
  if (runs == NULL) return heat_no_memory("the source", bytes);
  forcing->runs = runs;
  runs[forcing->run_count++] = run;
  const heat_box cells = {{run.i, run.j}, {run.i + run.count, run.j + 1}};
  forcing->busy = forcing->run_count == 1 ? cells : heat_box_around(forcing->busy, cells);
  return heat_ok();
}

static heat_status find_kind(run_job *job, int layer, int *kind) {
  heat_forcing *forcing = job->forcing;
  *kind = job->kind_of[layer];
  if (*kind >= 0) return heat_ok();
  const size_t bytes = (size_t)(forcing->kind_count + 1) * sizeof *forcing->kinds;
  heat_source_kind *kinds = realloc(forcing->kinds, bytes);
  if (kinds == NULL) return heat_no_memory("the source", bytes);
  forcing->kinds = kinds;
  *kind = job->kind_of[layer] = forcing->kind_count++;
  kinds[*kind] = (heat_source_kind){layer, heat_problem_layer_form(forcing->problem, HEAT_SOURCE, layer)};
  return heat_ok();
}

static void find_runs(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  run_job *job = context;
  const heat_problem *problem = job->forcing->problem;
  const size_t columns = (size_t)heat_box_width(piece, HEAT_X);
  int *which = malloc(columns * sizeof *which);
  if (which == NULL) job->status = heat_first(job->status, heat_no_memory("the source", columns * sizeof *which));
  for (int64_t j = piece.lo[HEAT_Y]; j < piece.hi[HEAT_Y] && job->status.code == HEAT_OK; j++) {
    const int64_t lo = piece.lo[HEAT_X], hi = piece.hi[HEAT_X];
    heat_problem_layers(problem, HEAT_SOURCE, j - shift[HEAT_Y], lo - shift[HEAT_X], hi - shift[HEAT_X], which);
    for (int64_t i = lo, end; i < hi && job->status.code == HEAT_OK; i = end) {
      for (end = i + 1; end < hi && which[end - lo] == which[i - lo]; end++) continue;
      if (!heat_problem_layer_in_time(problem, HEAT_SOURCE, which[i - lo])) continue;
      heat_source_run run = {.i = i, .j = j, .count = end - i};
      job->status = find_kind(job, which[i - lo], &run.kind);
      if (job->status.code == HEAT_OK) job->status = append_run(job->forcing, run);
    }
  }
  free(which);
}

static int compare_runs(const void *a, const void *b) {
  const heat_source_run *one = a, *other = b;
  if (one->j != other->j) return one->j < other->j ? -1 : 1;
  return one->i < other->i ? -1 : one->i > other->i;
}

/* Order the runs by rows, and store where the runs of each row of the grown box begin. */
static heat_status index_runs(heat_forcing *forcing) {
  const int64_t bottom = forcing->grid->owned.lo[HEAT_Y] - forcing->depth;
  const int64_t rows = heat_box_width(forcing->grid->owned, HEAT_Y) + 2 * (int64_t)forcing->depth;
  if (forcing->run_count > 0) qsort(forcing->runs, (size_t)forcing->run_count, sizeof *forcing->runs, compare_runs);
  forcing->row_runs = malloc((size_t)(rows + 1) * sizeof *forcing->row_runs);
  if (forcing->row_runs == NULL) return heat_no_memory("the source", (size_t)(rows + 1) * sizeof *forcing->row_runs);
  for (int64_t row = 0, r = 0; row <= rows; row++) {
    while (r < forcing->run_count && forcing->runs[r].j < bottom + row) r++;
    forcing->row_runs[row] = r;
  }
  return heat_ok();
}

/* The part `part` of the cells of a run, as a patch of the problem at time t. */
static heat_patch patch_of(const heat_forcing *forcing, const heat_source_run *run, heat_box part, double t) {
  const int64_t i = heat_grid_wrap(forcing->grid, HEAT_X, part.lo[HEAT_X]);
  const int64_t j = heat_grid_wrap(forcing->grid, HEAT_Y, run->j);
  return (heat_patch){{i, j}, {i + heat_box_width(part, HEAT_X), j + 1}, t, 0};
}

static heat_box box_of(const heat_source_run *run) {
  return (heat_box){{run->i, run->j}, {run->i + run->count, run->j + 1}};
}

/* Evaluate g(x, y) of the sources that are products. */
static heat_status paint_profile(heat_forcing *forcing) {
  int64_t cells = 0;
  for (int64_t r = 0; r < forcing->run_count; r++) {
    forcing->runs[r].profile = cells;
    if (forcing->kinds[forcing->runs[r].kind].form == HEAT_TIME_PRODUCT) cells += forcing->runs[r].count;
  }
  if (cells == 0) return heat_ok();
  forcing->profile = malloc((size_t)cells * sizeof *forcing->profile);
  if (forcing->profile == NULL) return heat_no_memory("the source", (size_t)cells * sizeof *forcing->profile);
  for (int64_t r = 0; r < forcing->run_count; r++) {
    const heat_source_run *run = &forcing->runs[r];
    const heat_source_kind *kind = &forcing->kinds[run->kind];
    const heat_patch patch = patch_of(forcing, run, box_of(run), 0);
    if (kind->form == HEAT_TIME_PRODUCT)
      heat_problem_layer_profile(forcing->problem, HEAT_SOURCE, kind->layer, &patch, forcing->profile + run->profile);
  }
  return heat_ok();
}

/* Prepare the evaluation of the cells whose source depends on time: order them and evaluate profiles. */
static heat_status prepare_runs(heat_forcing *forcing) {
  const heat_grid *grid = forcing->grid;
  const int layers = forcing->problem->region_count + 1;
  run_job job = {forcing, malloc((size_t)layers * sizeof(int)), heat_ok()};
  if (job.kind_of == NULL) return heat_no_memory("the source", (size_t)layers * sizeof(int));
  for (int layer = 0; layer < layers; layer++) job.kind_of[layer] = -1;
  heat_layout_images(&grid->layout, grid->domain, heat_grid_grown(grid, grid->owned, forcing->depth), find_runs, &job);
  free(job.kind_of);
  if (job.status.code != HEAT_OK) return job.status;
  const size_t factors = (size_t)(forcing->kind_count + 1) * HEAT_STAGES_MAX * sizeof(double);
  forcing->factors = calloc(1, factors);
  forcing->times = calloc(HEAT_STAGES_MAX, sizeof(double));
  if (forcing->factors == NULL || forcing->times == NULL) return heat_no_memory("the source", factors);
  const heat_status status = index_runs(forcing);
  return status.code == HEAT_OK ? paint_profile(forcing) : status;
}

heat_status heat_forcing_create(heat_forcing *forcing, const heat_discretisation *from) {
  /* The fields of the stencil have the last three numbers, those of the stages the first ones. */
  enum { PAGE_SLOT = HEAT_FIELD_PAGE_SLOTS - 4 };
  const heat_grid *grid = from->grid;
  double value;
  *forcing = (heat_forcing){.problem = from->problem, .grid = grid, .depth = from->depth};
  if (heat_problem_uniform(from->problem, HEAT_SOURCE, &value) && value == 0) return heat_ok();
  forcing->has_source = true;
  heat_status status = heat_field_create_as(
      &forcing->q, grid, (heat_field_form){.depth = from->depth, .page_slot = PAGE_SLOT, .threads = from->threads});
  if (status.code == HEAT_OK) status = heat_paint_field(from, HEAT_SOURCE, &forcing->q);
  if (status.code != HEAT_OK || !heat_problem_in_time(from->problem, HEAT_SOURCE)) return status;
  return prepare_runs(forcing);
}

void heat_forcing_destroy(heat_forcing *forcing) {
  heat_field_destroy(&forcing->q);
  free(forcing->runs);
  free(forcing->row_runs);
  free(forcing->kinds);
  free(forcing->profile);
  free(forcing->factors);
  free(forcing->times);
  *forcing = (heat_forcing){0};
}

size_t heat_forcing_bytes(const heat_problem *problem, heat_box owned, int depth) {
  double value;
  if (heat_problem_uniform(problem, HEAT_SOURCE, &value) && value == 0) return 0;
  bool product = false; /* whether there is a product; it may then be the source of all cells */
  for (int layer = 0; layer <= problem->region_count; layer++)
    product = product || heat_problem_layer_form(problem, HEAT_SOURCE, layer) == HEAT_TIME_PRODUCT;
  return (product ? 2 : 1) * heat_field_bytes(owned, depth);
}

static double cell_area(const heat_grid *grid) {
  return grid->spacing[HEAT_X] * grid->spacing[HEAT_Y];
}

/* The power of all cells, minus that of the cells in runs. */
void heat_forcing_agree(heat_forcing *forcing) {
  if (!forcing->has_source) return;
  enum { SPAN = 256 };
  const heat_box owned = forcing->grid->owned;
  const double area = cell_area(forcing->grid);
  double power[SPAN];
  heat_sum sum = {0};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++) {
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i += SPAN) {
      const int64_t count = owned.hi[HEAT_X] - i < SPAN ? owned.hi[HEAT_X] - i : SPAN;
      const double *q = heat_field_at(&forcing->q, i, j);
      for (int64_t n = 0; n < count; n++) power[n] = q[n] * area;
      heat_sum_add_many(&sum, power, count);
    }
  }
  for (int64_t r = 0; r < forcing->run_count; r++) {
    const heat_box part = heat_box_intersect(box_of(&forcing->runs[r]), owned);
    if (heat_box_empty(part)) continue; /* the run lies in the halo */
    for (int64_t i = part.lo[HEAT_X]; i < part.hi[HEAT_X]; i++)
      heat_sum_add(&sum, -(*heat_field_at(&forcing->q, i, forcing->runs[r].j) * area));
  }
  const heat_sum total = heat_sum_reduce(&sum, forcing->grid->comm);
  forcing->steady_power = heat_sum_value(&total);
}

/* Evaluate the source in some cells of a run, one by one. */
static heat_status evaluate(const heat_forcing *forcing, const heat_source_run *run, heat_box part, double t) {
  const heat_patch patch = patch_of(forcing, run, part, t);
  return heat_problem_layer_values(forcing->problem, HEAT_SOURCE, forcing->kinds[run->kind].layer, &patch,
                                   heat_field_at(&forcing->q, part.lo[HEAT_X], run->j));
}

heat_status heat_forcing_begin(heat_forcing *forcing, const double *times, int count) {
  if (forcing->run_count == 0) return heat_ok();
  for (int n = 0; n < count; n++) {
    forcing->times[n] = times[n];
    for (int k = 0; k < forcing->kind_count; k++) {
      const heat_source_kind *kind = &forcing->kinds[k];
      double *factor = &forcing->factors[n * forcing->kind_count + k];
      *factor = 0;
      if (kind->form == HEAT_TIME_MIXED) continue;
      *factor = heat_problem_layer_factor(forcing->problem, HEAT_SOURCE, kind->layer, times[n]);
      if (kind->form == HEAT_TIME_PRODUCT || isfinite(*factor)) continue;
      const heat_source_run *run = forcing->runs; /* it says where */
      while (run->kind != k) run++;
      return evaluate(forcing, run, box_of(run), times[n]);
    }
  }
  return heat_ok();
}

/* Set q to the product of both factors; false if it is not finite in some cell. */
static bool multiply(double factor, const double *profile, double *q, int64_t count) {
  double check = 0;
  for (int64_t n = 0; n < count; n++) {
    q[n] = factor * profile[n];
    check += 0 * q[n];
  }
  return check == 0;
}

static heat_status update_run(heat_forcing *forcing, const heat_source_run *run, heat_box part, int instant) {
  const heat_time_form form = forcing->kinds[run->kind].form;
  const double factor = forcing->factors[instant * forcing->kind_count + run->kind];
  double *q = heat_field_at(&forcing->q, part.lo[HEAT_X], run->j);
  const int64_t count = heat_box_width(part, HEAT_X);
  if (form == HEAT_TIME_ALONE) {
    for (int64_t n = 0; n < count; n++) q[n] = factor;
    return heat_ok();
  }
  if (form == HEAT_TIME_PRODUCT &&
      multiply(factor, forcing->profile + run->profile + (part.lo[HEAT_X] - run->i), q, count))
    return heat_ok();
  return evaluate(forcing, run, part, forcing->times[instant]);
}

/* Enter the heat that a part of a run gives off into the ledger. */
static void count_run(const heat_forcing *forcing, const heat_source_run *run, heat_box part, double budget_weight,
                      heat_ledger *ledger) {
  enum { SPAN = 256 };
  const double area = cell_area(forcing->grid), *q = heat_field_at(&forcing->q, part.lo[HEAT_X], run->j);
  const int64_t count = heat_box_width(part, HEAT_X);
  double heat[SPAN];
  if (forcing->kinds[run->kind].form == HEAT_TIME_ALONE) {
    heat_ledger_count_alike(ledger, budget_weight * (*q * area), count);
    return;
  }
  for (int64_t first = 0; first < count; first += SPAN) {
    const int64_t span = count - first < SPAN ? count - first : SPAN;
    for (int64_t n = 0; n < span; n++) heat[n] = budget_weight * (q[first + n] * area);
    heat_ledger_count_cells(ledger, heat, span);
  }
}

heat_status heat_forcing_update(heat_forcing *forcing, heat_box box, int instant, double budget_weight,
                                heat_ledger *ledger) {
  const heat_grid *grid = forcing->grid;
  const int64_t bottom = grid->owned.lo[HEAT_Y] - forcing->depth;
  if (forcing->run_count == 0 || heat_box_empty(box)) return heat_ok();
  const int64_t last = forcing->row_runs[box.hi[HEAT_Y] - bottom];
  for (int64_t r = forcing->row_runs[box.lo[HEAT_Y] - bottom]; r < last; r++) {
    const heat_source_run *run = &forcing->runs[r];
    const heat_box part = heat_box_intersect(box_of(run), box), own = heat_box_intersect(part, grid->owned);
    if (heat_box_empty(part)) continue;
    const heat_status status = update_run(forcing, run, part, instant);
    if (status.code != HEAT_OK) return status;
    if (budget_weight != 0 && !heat_box_empty(own)) count_run(forcing, run, own, budget_weight, ledger);
  }
  return heat_ok();
}

void heat_forcing_count_steady(const heat_forcing *forcing, double budget_weight, heat_ledger *ledger) {
  if (forcing->has_source && forcing->grid->rank == 0)
    heat_ledger_count_source(ledger, budget_weight * forcing->steady_power);
}
