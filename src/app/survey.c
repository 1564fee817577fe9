#include "survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Tiles are small enough for a cache, and for reading the clock after each tile. */
enum { TILE_COLUMNS = 2048, TILE_CELLS = 65536, CORNERS = 4 };
static const double budget = 0.6;               /* s */
static const double always = (double)(1 << 20); /* number of cells of each rank that are examined in any case */

/* The tiles of a domain, numbered row by row. */
typedef struct tiling {
  heat_box domain;
  int64_t size[HEAT_AXES], count[HEAT_AXES], all;
  int64_t stride, at; /* the order in which tiles are examined */
} tiling;

static int64_t common_divisor(int64_t a, int64_t b) {
  return b == 0 ? a : common_divisor(b, a % b);
}

static tiling cut(heat_box domain) {
  const double golden = 0.6180339887498949;
  const int64_t width = heat_box_width(domain, HEAT_X);
  tiling tiles = {.domain = domain, .all = 1};
  tiles.size[HEAT_X] = width < TILE_COLUMNS ? width : TILE_COLUMNS;
  tiles.size[HEAT_Y] = TILE_CELLS / tiles.size[HEAT_X];
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    tiles.count[axis] = (heat_box_width(domain, axis) + tiles.size[axis] - 1) / tiles.size[axis];
    tiles.all *= tiles.count[axis];
  }
  tiles.stride = (int64_t)(golden * (double)tiles.all);
  while (tiles.stride > 1 && common_divisor(tiles.stride, tiles.all) != 1) tiles.stride--;
  if (tiles.stride < 1 || (double)heat_box_cells(domain) <= always) tiles.stride = 1; /* all tiles, row by row */
  tiles.at = tiles.all - tiles.stride;
  return tiles;
}

static heat_box tile_box(const tiling *tiles, int64_t number) {
  const int64_t place[HEAT_AXES] = {number % tiles->count[HEAT_X], number / tiles->count[HEAT_X]};
  heat_box box;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    box.lo[axis] = tiles->domain.lo[axis] + place[axis] * tiles->size[axis];
    box.hi[axis] = box.lo[axis] + tiles->size[axis];
  }
  return heat_box_intersect(box, tiles->domain);
}

/* A cell at a corner, where two walls limit the steps most. */
static heat_box corner_box(const tiling *tiles, int corner) {
  const int64_t columns = tiles->count[HEAT_X],
                numbers[CORNERS] = {0, columns - 1, tiles->all - columns, tiles->all - 1};
  return tile_box(tiles, numbers[corner]);
}

/* The next tile. Successive tiles differ by the golden section of their number, so that any number of tiles is spread
 * over the domain; each tile is visited once. */
static heat_box next_tile(tiling *tiles) {
  tiles->at = (tiles->at + tiles->stride) % tiles->all;
  return tile_box(tiles, tiles->at);
}

/* Whether nothing differs from cell to cell, so that the corners are sufficient. */
static bool is_plain(const heat_problem *problem) {
  double value;
  if (!heat_problem_uniform_material(problem) || !heat_problem_uniform(problem, HEAT_TEMPERATURE, &value) ||
      !heat_problem_uniform(problem, HEAT_SOURCE, &value))
    return false;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (!heat_problem_side_uniform(problem, side)) return false;
  return true;
}

/* Evaluate a property over the rows of a tile to find errors. A single number for all cells was checked with the
 * deck. */
static heat_status evaluate(const heat_problem *problem, heat_property property, heat_box box) {
  double values[TILE_COLUMNS];
  if (heat_problem_uniform(problem, property, values)) return heat_ok();
  heat_status status = heat_ok();
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y] && status.code == HEAT_OK; j++)
    status = heat_problem_values(problem, property, j, box.lo[HEAT_X], box.hi[HEAT_X], 0, values);
  return status;
}

double heat_survey_in_time(const heat_problem *problem, heat_box box, int64_t busy[HEAT_AXES]) {
  int which[TILE_COLUMNS];
  double count = 0;
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++) {
    for (int64_t first = box.lo[HEAT_X]; first < box.hi[HEAT_X]; first += TILE_COLUMNS) {
      const int64_t last = first + TILE_COLUMNS < box.hi[HEAT_X] ? first + TILE_COLUMNS : box.hi[HEAT_X];
      heat_problem_layers(problem, HEAT_SOURCE, j, first, last, which);
      for (int64_t i = first; i < last; i++) {
        if (!heat_problem_layer_in_time(problem, HEAT_SOURCE, which[i - first])) continue;
        busy[HEAT_X] = i;
        busy[HEAT_Y] = j;
        count++;
      }
    }
  }
  return count;
}

static heat_status look_at(heat_survey *survey, const heat_setup *setup, heat_box box) {
  const heat_problem *problem = &setup->problem;
  heat_grid tile = setup->grid;
  tile.owned = box;
  heat_bounds part = {0};
  heat_status status = heat_stencil_bound(problem, &tile, &part);
  survey->bounds.spectral = fmax(survey->bounds.spectral, part.spectral);
  survey->bounds.diagonal = fmax(survey->bounds.diagonal, part.diagonal);
  survey->bounds.all_faces = fmax(survey->bounds.all_faces, part.all_faces);
  if (status.code == HEAT_OK) status = evaluate(problem, HEAT_TEMPERATURE, box);
  if (status.code == HEAT_OK) status = evaluate(problem, HEAT_SOURCE, box);
  if (status.code == HEAT_OK && heat_problem_in_time(problem, HEAT_SOURCE))
    survey->in_time += heat_survey_in_time(problem, box, survey->busy);
  return status;
}

/* Combine the results of all ranks. Before this, in_time is a number of cells, and so is `cells`. */
static void agree(heat_survey *survey, const heat_grid *grid, double cells, double seconds) {
  enum { CELLS, IN_TIME, SUMS };
  double sums[SUMS] = {[CELLS] = cells, [IN_TIME] = survey->in_time}, pace = cells > 0 ? seconds / cells : 0;
  MPI_Allreduce(MPI_IN_PLACE, sums, SUMS, MPI_DOUBLE, MPI_SUM, grid->comm);
  MPI_Allreduce(MPI_IN_PLACE, &pace, 1, MPI_DOUBLE, MPI_MAX, grid->comm);
  struct {
    double value;
    int rank;
  } most = {survey->in_time, grid->rank};
  MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE_INT, MPI_MAXLOC, grid->comm);
  MPI_Bcast(survey->busy, HEAT_AXES, MPI_INT64_T, most.rank, grid->comm);
  survey->bounds = heat_bounds_agree(survey->bounds, grid->comm);
  survey->in_time = sums[CELLS] > 0 ? sums[IN_TIME] / sums[CELLS] : 0;
  survey->seen = fmin(1, sums[CELLS] / (double)heat_box_cells(grid->domain));
  survey->cell_seconds = pace;
}

heat_status heat_survey_take(heat_survey *survey, const heat_setup *setup) {
  const heat_grid *grid = &setup->grid;
  const double start = MPI_Wtime();
  tiling tiles = cut(grid->domain);
  heat_status status = heat_ok();
  double cells = 0;
  *survey = (heat_survey){.seen = 0};
  for (int corner = 0; corner < CORNERS && status.code == HEAT_OK; corner++)
    status = look_at(survey, setup, corner_box(&tiles, corner));
  const bool plain = is_plain(&setup->problem);
  survey->in_time = 0; /* the corners are examined again as parts of their tiles */
  for (int64_t n = 0; n < tiles.all && status.code == HEAT_OK && !plain; n++) {
    const heat_box box = next_tile(&tiles);
    if (n % grid->size != grid->rank) continue;
    status = look_at(survey, setup, box);
    cells += (double)heat_box_cells(box);
    if (cells >= always && MPI_Wtime() - start > budget) break;
  }
  status = heat_agree(grid->comm, status);
  agree(survey, grid, cells, MPI_Wtime() - start);
  if (plain) survey->seen = 1;
  return status;
}
