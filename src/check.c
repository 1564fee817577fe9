/* `heat2d check`: everything that `run` would refuse, and the plan, without a field of the grid's size in memory: the
 * grid is gone through in strips of rows. */
#include "setup.h"

#include <stdlib.h>
#include <string.h>

enum { STRIP_ROWS = 64 };

/* Evaluate a property over the rows of `box`, for its errors. */
static heat_status evaluate_rows(const heat_problem *problem, heat_property property, heat_box box) {
  const size_t bytes = (size_t)heat_box_width(box, HEAT_X) * sizeof(double);
  double *row = malloc(bytes);
  if (row == NULL) return heat_no_memory("a row", bytes);
  heat_status status = heat_ok();
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y] && status.code == HEAT_OK; j++)
    status = heat_problem_paint_row(problem, property, j, box.lo[HEAT_X], box.hi[HEAT_X], 0, row);
  free(row);
  return status;
}

/* The bounds of the whole operator, each rank taking strips in turn. */
static heat_status bound_by_strips(const heat_setup *setup, heat_bounds *bounds) {
  const heat_grid *grid = &setup->grid;
  heat_status status = heat_ok();
  *bounds = (heat_bounds){0};
  for (int64_t j = grid->rank * (int64_t)STRIP_ROWS; j < grid->domain.hi[HEAT_Y] && status.code == HEAT_OK;
       j += grid->size * (int64_t)STRIP_ROWS) {
    heat_grid strip = *grid;
    strip.owned = grid->domain;
    strip.owned.lo[HEAT_Y] = j;
    if (j + STRIP_ROWS < grid->domain.hi[HEAT_Y]) strip.owned.hi[HEAT_Y] = j + STRIP_ROWS;
    heat_bounds part = {0};
    status = heat_operator_bound(&strip, &part);
    if (part.spectral > bounds->spectral) bounds->spectral = part.spectral;
    if (part.diagonal > bounds->diagonal) bounds->diagonal = part.diagonal;
    if (part.all_faces > bounds->all_faces) bounds->all_faces = part.all_faces;
    if (status.code == HEAT_OK) status = evaluate_rows(&setup->problem, HEAT_TEMPERATURE, strip.owned);
    if (status.code == HEAT_OK) status = evaluate_rows(&setup->problem, HEAT_SOURCE, strip.owned);
  }
  *bounds = heat_bounds_agree(*bounds, grid->comm);
  return heat_agree(grid->comm, status);
}

static heat_status check_walls(const heat_setup *setup) {
  heat_grid whole = setup->grid;
  whole.owned = whole.domain;
  heat_boundary boundary;
  heat_status status = heat_boundary_create(&boundary, &whole, 1);
  heat_boundary_destroy(&boundary);
  return status;
}

/* The resolved deck, and the plan as comments, so that the output is a deck. */
static heat_status print(const heat_setup *setup, const heat_plan *plan) {
  char *deck = heat_config_write(setup->config), *text = heat_plan_text(plan);
  const bool good = deck != NULL && text != NULL;
  if (good) {
    fputs(deck, stdout);
    printf("#\n");
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) printf("# %s\n", line);
  }
  free(deck);
  free(text);
  return good ? heat_ok() : heat_no_memory("the plan", 0);
}

heat_status heat_simulation_check(heat_runtime *runtime, const heat_options *options, int ranks) {
  heat_setup setup;
  heat_bounds bounds = {0};
  heat_limits limits = {0};
  double dt = 0;
  heat_status status = heat_setup_create(&setup, runtime, options, ranks);
  if (status.code == HEAT_OK) status = bound_by_strips(&setup, &bounds);
  if (status.code == HEAT_OK) status = heat_agree(runtime->comm, check_walls(&setup));
  if (status.code == HEAT_OK) limits = heat_method_limits(setup.method, bounds);
  if (status.code == HEAT_OK) status = heat_agree(runtime->comm, heat_setup_step(&setup, limits, &dt));
  if (status.code == HEAT_OK) {
    heat_plan plan = {.grid = &setup.grid,
                      .method = setup.method,
                      .clock = heat_clock_create(0, 0, dt, heat_config_real(setup.config, "time.end")),
                      .limits = limits,
                      .depth = setup.depth,
                      .threads = setup.threads,
                      .ranks = ranks > 0 ? ranks : runtime->size,
                      .copies = true};
    status = heat_plan_measure(&plan);
    if (status.code == HEAT_OK && runtime->rank == 0) status = print(&setup, &plan);
    status = heat_agree(runtime->comm, status);
  }
  heat_setup_destroy(&setup);
  return status;
}
