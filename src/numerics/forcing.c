#include "heat2d/numerics/forcing.h"

#include "paint.h"

#include <stdlib.h>

struct heat_source_run {
  int64_t i, j, count; /* in the indices of the grown box */
  int layer;           /* the region that gives the source there, or the base: see heat_problem_layers */
};

/* The runs of cells of one row whose source depends on time, appended to those there are. */
typedef struct run_job {
  heat_forcing *forcing;
  heat_status status;
} run_job;

static heat_status append_run(heat_forcing *forcing, heat_source_run run) {
  const size_t bytes = (size_t)(forcing->run_count + 1) * sizeof *forcing->runs;
  heat_source_run *runs = realloc(forcing->runs, bytes);
  if (runs == NULL) return heat_no_memory("the source", bytes);
  forcing->runs = runs;
  runs[forcing->run_count++] = run;
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
      if (heat_problem_layer_in_time(problem, HEAT_SOURCE, which[i - lo]))
        job->status = append_run(job->forcing, (heat_source_run){i, j, end - i, which[i - lo]});
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
  run_job job = {forcing, heat_ok()};
  heat_layout_images(&grid->layout, grid->domain, heat_grid_grown(grid, grid->owned, from->depth), find_runs, &job);
  return job.status.code == HEAT_OK ? index_runs(forcing) : job.status;
}

void heat_forcing_destroy(heat_forcing *forcing) {
  heat_field_destroy(&forcing->q);
  free(forcing->runs);
  free(forcing->row_runs);
  *forcing = (heat_forcing){0};
}

size_t heat_forcing_bytes(const heat_problem *problem, heat_box owned, int depth) {
  double value;
  return heat_problem_uniform(problem, HEAT_SOURCE, &value) && value == 0 ? 0 : heat_field_bytes(owned, depth);
}

static double cell_area(const heat_grid *grid) {
  return grid->spacing[HEAT_X] * grid->spacing[HEAT_Y];
}

/* The part of a run that lies in `box`. */
static heat_box part_of(const heat_source_run *run, heat_box box) {
  const heat_box row = {{run->i, run->j}, {run->i + run->count, run->j + 1}};
  return heat_box_intersect(row, box);
}

/* All of the cells less those in runs. */
void heat_forcing_agree(heat_forcing *forcing) {
  if (!forcing->has_source) return;
  const heat_box owned = forcing->grid->owned;
  const double area = cell_area(forcing->grid);
  heat_sum sum = {0};
  for (int64_t j = owned.lo[HEAT_Y]; j < owned.hi[HEAT_Y]; j++)
    for (int64_t i = owned.lo[HEAT_X]; i < owned.hi[HEAT_X]; i++)
      heat_sum_add(&sum, *heat_field_at(&forcing->q, i, j) * area);
  for (int64_t r = 0; r < forcing->run_count; r++) {
    const heat_box part = part_of(&forcing->runs[r], owned);
    if (heat_box_empty(part)) continue; /* of a row of the halo */
    for (int64_t i = part.lo[HEAT_X]; i < part.hi[HEAT_X]; i++)
      heat_sum_add(&sum, -(*heat_field_at(&forcing->q, i, forcing->runs[r].j) * area));
  }
  const heat_sum total = heat_sum_reduce(&sum, forcing->grid->comm);
  forcing->steady_power = heat_sum_value(&total);
}

heat_status heat_forcing_update(heat_forcing *forcing, heat_box box, double t, double budget_weight,
                                heat_ledger *ledger) {
  const heat_grid *grid = forcing->grid;
  const double area = cell_area(grid);
  const int64_t bottom = grid->owned.lo[HEAT_Y] - forcing->depth;
  if (forcing->run_count == 0 || heat_box_empty(box)) return heat_ok();
  const int64_t last = forcing->row_runs[box.hi[HEAT_Y] - bottom];
  for (int64_t r = forcing->row_runs[box.lo[HEAT_Y] - bottom]; r < last; r++) {
    const heat_source_run *run = &forcing->runs[r];
    const heat_box part = part_of(run, box), own = heat_box_intersect(part, grid->owned);
    if (heat_box_empty(part)) continue;
    const int64_t i = heat_grid_wrap(grid, HEAT_X, part.lo[HEAT_X]);
    heat_status status = heat_problem_layer_values(
        forcing->problem, HEAT_SOURCE, run->layer, heat_grid_wrap(grid, HEAT_Y, run->j), i,
        i + heat_box_width(part, HEAT_X), t, heat_field_at(&forcing->q, part.lo[HEAT_X], run->j));
    if (status.code != HEAT_OK) return status;
    if (budget_weight == 0 || heat_box_empty(own)) continue;
    for (int64_t n = own.lo[HEAT_X]; n < own.hi[HEAT_X]; n++)
      heat_ledger_count_source(ledger, budget_weight * (*heat_field_at(&forcing->q, n, run->j) * area));
  }
  return heat_ok();
}

void heat_forcing_count_steady(const heat_forcing *forcing, double budget_weight, heat_ledger *ledger) {
  if (forcing->has_source && forcing->grid->rank == 0)
    heat_ledger_count_source(ledger, budget_weight * forcing->steady_power);
}
