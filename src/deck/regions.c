#include "heat2d/deck/regions.h"

#include "heat2d/deck/shape.h"

#include <math.h>
#include <stdlib.h>

/* The largest number of cells examined for all regions together, and the number that each region may have in any
 * case. */
static const double most_cells = (double)(1 << 22), least_cells = (double)(1 << 14);

/* The cells that are examined: of the cells [lo, hi) along each axis every stride-th. */
typedef struct lattice {
  int64_t lo[HEAT_AXES], hi[HEAT_AXES], stride[HEAT_AXES];
} lattice;

/* The first cell whose centre is at or above `at`, or, with `above`, strictly above it. */
static int64_t first_from(const heat_problem *problem, int axis, double at, bool above) {
  const double cells = (double)problem->cells[axis];
  const double guess = floor((at - problem->origin[axis]) / problem->spacing[axis]);
  int64_t n = guess < 0 ? 0 : guess > cells ? problem->cells[axis] : (int64_t)guess;
  while (n > 0 &&
         (above ? heat_problem_centre(problem, axis, n - 1) > at : heat_problem_centre(problem, axis, n - 1) >= at))
    n--;
  while (n < problem->cells[axis] &&
         !(above ? heat_problem_centre(problem, axis, n) > at : heat_problem_centre(problem, axis, n) >= at))
    n++;
  return n;
}

static int64_t count_along(const lattice *l, int axis) {
  return l->hi[axis] > l->lo[axis] ? (l->hi[axis] - l->lo[axis] + l->stride[axis] - 1) / l->stride[axis] : 0;
}

void heat_regions_reach(const heat_problem *problem, int region, int64_t lo[HEAT_AXES], int64_t hi[HEAT_AXES]) {
  double low[HEAT_AXES], high[HEAT_AXES];
  const bool bounded = heat_shape_bounds(problem->regions[region].shape, low, high);
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    lo[axis] = bounded ? first_from(problem, axis, low[axis], false) : 0;
    hi[axis] = bounded ? first_from(problem, axis, high[axis], true) : problem->cells[axis];
  }
}

/* The cells that can lie in a region; if there are more than `most`, every n-th along each axis. */
static lattice reach(const heat_problem *problem, int region, double most) {
  lattice l = {.stride = {1, 1}};
  heat_regions_reach(problem, region, l.lo, l.hi);
  const double columns = (double)count_along(&l, HEAT_X), rows = (double)count_along(&l, HEAT_Y);
  if (columns * rows <= most) return l;
  const double side = sqrt(most); /* along an axis with fewer cells, all are examined */
  const double keep_rows = rows < side ? rows : columns < side ? most / columns : side, keep_columns = most / keep_rows;
  l.stride[HEAT_Y] = (int64_t)ceil(rows / keep_rows);
  l.stride[HEAT_X] = (int64_t)ceil(columns / keep_columns);
  return l;
}

/* Count this rank's part of the cells: ranks take rows in turn. */
static double count_lattice(const heat_problem *problem, const heat_shape *shape, const lattice *l, int rank, int size,
                            bool any) {
  double found = 0;
  const int64_t rows = count_along(l, HEAT_Y), columns = count_along(l, HEAT_X);
  for (int64_t row = rank; row < rows; row += size) {
    const double y = heat_problem_centre(problem, HEAT_Y, l->lo[HEAT_Y] + row * l->stride[HEAT_Y]);
    for (int64_t column = 0; column < columns; column++) {
      const double x = heat_problem_centre(problem, HEAT_X, l->lo[HEAT_X] + column * l->stride[HEAT_X]);
      found += heat_shape_contains(shape, x, y);
      if (any && found > 0) return found;
    }
  }
  return found;
}

void heat_regions_count(const heat_problem *problem, MPI_Comm comm, bool any, heat_coverage *coverage) {
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const double share = most_cells / (problem->region_count > 0 ? problem->region_count : 1);
  for (int r = 0; r < problem->region_count; r++) {
    const heat_shape *shape = problem->regions[r].shape;
    const lattice l = reach(problem, r, share > least_cells ? share : least_cells);
    double found;
    coverage[r] = (heat_coverage){0, 0};
    if (heat_shape_is_rectangle(shape)) {
      const double all = (double)(l.hi[HEAT_X] - l.lo[HEAT_X]) * (double)(l.hi[HEAT_Y] - l.lo[HEAT_Y]);
      coverage[r].cells = l.hi[HEAT_X] > l.lo[HEAT_X] && l.hi[HEAT_Y] > l.lo[HEAT_Y] ? all : 0;
      continue;
    }
    found = count_lattice(problem, shape, &l, rank, size, any);
    MPI_Allreduce(MPI_IN_PLACE, &found, 1, MPI_DOUBLE, MPI_SUM, comm);
    const double thinned = (double)l.stride[HEAT_X] * (double)l.stride[HEAT_Y];
    coverage[r].cells = found * thinned;
    if (thinned > 1) coverage[r].looked = (double)count_along(&l, HEAT_X) * (double)count_along(&l, HEAT_Y);
  }
}

/* Make a message about a region, which begins with its place and key. */
static heat_status tell(const heat_problem *problem, int region, const char *text) {
  char key[32];
  snprintf(key, sizeof key, "regions.%d", region);
  return heat_config_fail(problem->config, key, "%s", text);
}

static void warn(const heat_problem *problem, heat_runtime *runtime, int region, heat_coverage coverage) {
  enum { TEXT = 256 };
  char text[TEXT], looked[TEXT / 4] = "";
  if (coverage.looked > 0) snprintf(looked, sizeof looked, " of the %.0f that were examined", coverage.looked);
  snprintf(text, sizeof text, "it covers no cell centre%s (a cell is %.6g x %.6g m)", looked, problem->spacing[HEAT_X],
           problem->spacing[HEAT_Y]);
  const heat_status status = tell(problem, region, text);
  fprintf(stderr, "warning: %s\n", status.text);
  if (runtime->log != NULL) fprintf(runtime->log, "warning     %s\n", status.text);
}

/* The cells [lo, hi) along each axis that can lie in a region. */
typedef struct surroundings {
  const heat_problem *problem;
  int64_t lo[HEAT_AXES], hi[HEAT_AXES];
} surroundings;

static double wrapped_centre(const heat_problem *problem, int axis, int64_t n) {
  const int64_t cells = problem->cells[axis];
  return heat_problem_centre(problem, axis, (n + cells) % cells);
}

/* Whether there is a face between cell n and the one before it. On a periodic axis the face at the end is the first
 * one, and counts once. */
static bool has_face(const surroundings *at, int axis, int64_t n) {
  const int64_t cells = at->problem->cells[axis];
  if (n == at->hi[axis] && n - at->lo[axis] == cells) return false;
  return at->problem->sides[2 * axis].periodic || (n > 0 && n < cells);
}

/* Count the faces of row j that have their contact resistance from a region. `here` and `below` tell which regions
 * contain the cells of row j and of the row below; they begin one cell before the region and end one cell after it. */
static int64_t count_row(const surroundings *at, int region, int64_t j, const int *here, const int *below) {
  const int count = (int)(at->hi[HEAT_X] - at->lo[HEAT_X]) + 2;
  int64_t found = 0;
  for (int n = 1; n < count && j < at->hi[HEAT_Y]; n++)
    if (has_face(at, HEAT_X, at->lo[HEAT_X] - 1 + n))
      found += heat_problem_contact_between(at->problem, here + n, here + n - 1, count) == region + 1;
  for (int n = 1; n < count - 1 && has_face(at, HEAT_Y, j); n++)
    found += heat_problem_contact_between(at->problem, here + n, below + n, count) == region + 1;
  return found;
}

/* Count the faces that have their contact resistance from a region and not from a later one; negative if memory is
 * exhausted. */
static int64_t count_faces(const heat_problem *problem, int region) {
  surroundings at = {.problem = problem};
  heat_regions_reach(problem, region, at.lo, at.hi);
  if (at.lo[HEAT_X] >= at.hi[HEAT_X]) return 0;
  const int count = (int)(at.hi[HEAT_X] - at.lo[HEAT_X]) + 2;
  const size_t row = (size_t)count * (size_t)heat_problem_contacts(problem);
  double *x = malloc((size_t)count * sizeof *x);
  int *inside = malloc(2 * row * sizeof *inside); /* two rows, used in turn */
  int64_t found = x != NULL && inside != NULL ? 0 : -1;
  for (int n = 0; n < count && found == 0; n++) x[n] = wrapped_centre(problem, HEAT_X, at.lo[HEAT_X] - 1 + n);
  for (int64_t j = at.lo[HEAT_Y] - 1, turn = 0; j <= at.hi[HEAT_Y] && found >= 0; j++, turn = 1 - turn) {
    int *here = inside + (turn == 0 ? 0 : row), *below = inside + (turn == 0 ? row : 0);
    heat_problem_contact_row(problem, x, count, wrapped_centre(problem, HEAT_Y, j), here);
    if (j >= at.lo[HEAT_Y]) found += count_row(&at, region, j, here, below);
  }
  free(x);
  free(inside);
  return found;
}

/* Print the contact resistance of a region, and its number of faces if counting them is fast. */
static void list_contact(const heat_problem *problem, int region, FILE *out) {
  enum { TEXT = 256 };
  char text[TEXT], faces[TEXT / 4] = "";
  const lattice all = reach(problem, region, most_cells);
  if (problem->regions[region].contact < 0) return;
  const int64_t found = all.stride[HEAT_X] == 1 && all.stride[HEAT_Y] == 1 ? count_faces(problem, region) : -1;
  if (found >= 0) snprintf(faces, sizeof faces, ", of %lld faces between cells", (long long)found);
  snprintf(text, sizeof text, "contact resistance %.6g m2 K/W along its outline%s", problem->regions[region].contact,
           faces);
  fprintf(out, "region      %s\n", tell(problem, region, text).text);
}

/* Print the power of a region, and the cells that it heats. */
static void list_power(const heat_problem *problem, int region, FILE *out) {
  enum { TEXT = 320 };
  char text[TEXT], amount[TEXT / 2];
  if (!heat_config_has(problem->config, "regions.%d.power", region)) return;
  const heat_value power = heat_config_value(problem->config, "regions.%d.power", region);
  const double cells = (double)problem->regions[region].power_cells;
  if (power.kind == HEAT_VALUE_NUMBER)
    snprintf(amount, sizeof amount, "%.6g", power.number);
  else
    snprintf(amount, sizeof amount, "'%.100s'", power.expression);
  snprintf(text, sizeof text, "its power, %s W/m, heats %.0f cells, %.6g m2", amount, cells,
           cells * problem->spacing[HEAT_X] * problem->spacing[HEAT_Y]);
  fprintf(out, "region      %s\n", tell(problem, region, text).text);
}

static void list(const heat_problem *problem, int region, heat_coverage coverage, FILE *out) {
  enum { TEXT = 256 };
  char text[TEXT];
  const double percent = 100, all = (double)problem->cells[HEAT_X] * (double)problem->cells[HEAT_Y];
  const bool named = heat_config_has(problem->config, "regions.%d.name", region);
  snprintf(text, sizeof text, "%.100s%s%s, %s%.0f cells, %s%.4g%% of the area",
           named ? heat_config_text(problem->config, "regions.%d.name", region) : "", named ? ", " : "",
           heat_config_text(problem->config, "regions.%d.shape", region), coverage.looked > 0 ? "about " : "",
           coverage.cells, coverage.looked > 0 ? "about " : "", percent * coverage.cells / all);
  fprintf(out, "region      %s\n", tell(problem, region, text).text);
  list_contact(problem, region, out);
  list_power(problem, region, out);
}

static heat_status look(const heat_problem *problem, heat_runtime *runtime, FILE *out) {
  const int count = problem->region_count;
  heat_coverage *coverage = calloc((size_t)count + 1, sizeof *coverage);
  const heat_status status =
      heat_agree(runtime->comm, coverage != NULL ? heat_ok() : heat_no_memory("regions", (size_t)count));
  if (status.code == HEAT_OK) heat_regions_count(problem, runtime->comm, out == NULL, coverage);
  for (int r = 0; r < count && status.code == HEAT_OK && runtime->rank == 0; r++) {
    if (out != NULL) list(problem, r, coverage[r], out);
    if (coverage[r].cells == 0) warn(problem, runtime, r, coverage[r]);
  }
  free(coverage);
  return status;
}

heat_status heat_regions_warn(const heat_problem *problem, heat_runtime *runtime) {
  return look(problem, runtime, NULL);
}

heat_status heat_regions_list(const heat_problem *problem, heat_runtime *runtime, FILE *out) {
  return look(problem, runtime, out);
}
