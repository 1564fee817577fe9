#include "problem_private.h"
#include "shape.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_LENGTH = HEAT_QUANTITY_KEY };

static void quantity_destroy(heat_quantity *quantity) {
  if (quantity == NULL) return;
  heat_expression_destroy(quantity->expression);
  heat_dataset_close(quantity->dataset);
  free(quantity->absent);
  free(quantity);
}

static heat_quantity *quantity_number(double number) {
  heat_quantity *quantity = calloc(1, sizeof *quantity);
  if (quantity == NULL) return NULL;
  quantity->number = number;
  quantity->along = -1;
  return quantity;
}

/* A run that goes on from a checkpoint has its temperatures from there. */
static bool may_be_absent(const heat_problem *problem, const char *key) {
  const char *leaf = strrchr(key, '.');
  return problem->resumed && leaf != NULL && strcmp(leaf, ".temperature") == 0;
}

/* A file must hold a value for each cell, or for a side (`along`, an axis; negative: not a side) for each of its cells.
 */
static heat_status open_file(heat_quantity *quantity, const heat_problem *problem, const heat_value *value, int along) {
  heat_dataset_want want = {.file = value->file, .path = value->dataset, .index = value->index};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int place = axis == HEAT_Y ? 0 : 1; /* slow dimensions first */
    want.cells[place] = along < 0 || along == axis ? problem->cells[axis] : 0;
    want.origin[place] = problem->origin[axis];
    want.spacing[place] = problem->spacing[axis];
  }
  heat_status status = heat_dataset_open(&quantity->dataset, &want);
  if (status.code != HEAT_DECK || !may_be_absent(problem, quantity->key) || access(value->file, R_OK) == 0)
    return status;
  quantity->absent = strdup(status.text);
  return quantity->absent != NULL ? heat_ok() : heat_no_memory("a quantity", sizeof status.text);
}

static heat_status quantity_create(heat_quantity **result, const heat_problem *problem, const char *key, int along) {
  const heat_config *config = problem->config;
  heat_quantity *quantity = quantity_number(0);
  *result = quantity;
  if (quantity == NULL) return heat_no_memory("a quantity", sizeof *quantity);
  snprintf(quantity->key, sizeof quantity->key, "%s", key);
  quantity->along = along;
  const heat_value value = heat_config_value(config, "%s", key);
  quantity->kind = value.kind;
  quantity->number = value.number;
  heat_status status = heat_ok();
  if (value.kind == HEAT_VALUE_EXPRESSION)
    status = heat_expression_create(&quantity->expression, value.expression, value.time_allowed);
  if (value.kind == HEAT_VALUE_FILE) status = open_file(quantity, problem, &value, along);
  return status.code == HEAT_DECK ? heat_config_fail(config, key, "%s", status.text) : status;
}

static bool quantity_in_time(const heat_quantity *quantity) {
  return quantity != NULL && quantity->expression != NULL && heat_expression_in_time(quantity->expression);
}

/* Where the points of a run lie: cells first, first + 1, ... along `axis`, and one coordinate across it. */
typedef struct run {
  int axis;
  int64_t first, count, row;
  double across, t;
} run;

heat_status heat_quantity_fail_missing(const heat_quantity *quantity, const heat_problem *problem, int64_t cell,
                                       int64_t row, const char *reason) {
  const char *path = heat_dataset_path(quantity->dataset), *file = heat_dataset_file(quantity->dataset);
  if (quantity->along >= 0)
    return heat_config_fail(problem->config, quantity->key, "%s in '%s' has no value in cell %lld of the side: %s",
                            path, file, (long long)cell, reason);
  return heat_config_fail(problem->config, quantity->key, "%s in '%s' has no value in cell (%lld, %lld): %s", path,
                          file, (long long)cell, (long long)row, reason);
}

static heat_status quantity_read(const heat_quantity *quantity, const heat_problem *problem, run where, double *out) {
  const char *reason;
  if (quantity->absent != NULL) return heat_config_fail(problem->config, quantity->key, "%s", quantity->absent);
  heat_status status = heat_dataset_read(quantity->dataset, where.row, where.first, where.first + where.count, out);
  const int64_t missing = heat_dataset_missing(quantity->dataset, &reason);
  if (status.code != HEAT_OK || missing < 0) return status;
  return heat_quantity_fail_missing(quantity, problem, missing, where.row, reason);
}

static heat_status quantity_evaluate(heat_quantity *quantity, const heat_problem *problem, run where, double *out) {
  if (quantity->kind == HEAT_VALUE_FILE) return quantity_read(quantity, problem, where, out);
  const bool varies = quantity->kind == HEAT_VALUE_EXPRESSION && heat_expression_in_space(quantity->expression);
  double value = quantity->number;
  for (int64_t n = 0; n < where.count; n++) {
    if (quantity->kind == HEAT_VALUE_EXPRESSION && (varies || n == 0)) {
      const double along = heat_problem_centre(problem, where.axis, where.first + n);
      const double x = where.axis == HEAT_X ? along : where.across, y = where.axis == HEAT_X ? where.across : along;
      value = heat_expression_value(quantity->expression, x, y, where.t);
    }
    out[n] = value;
  }
  return heat_ok();
}

/* What a value must be; NULL when it is. */
typedef const char *requirement(double value);

static const char *must_be_finite(double value) {
  return isfinite(value) ? NULL : "a finite number is needed";
}

static const char *must_be_positive(double value) {
  return isfinite(value) && value > 0 ? NULL : "a positive number is needed";
}

static const char *must_not_be_negative(double value) {
  return isfinite(value) && value >= 0 ? NULL : "a number >= 0 is needed";
}

static heat_status quantity_check(const heat_quantity *quantity, const heat_problem *problem, run where,
                                  const double *values, requirement *require) {
  for (int64_t n = 0; n < where.count; n++) {
    const char *need = require(values[n]);
    if (need == NULL) continue;
    const double along = heat_problem_centre(problem, where.axis, where.first + n);
    const double x = where.axis == HEAT_X ? along : where.across, y = where.axis == HEAT_X ? where.across : along;
    return heat_config_fail(problem->config, quantity->key, "is %g at x = %g, y = %g, t = %g (%s)", values[n], x, y,
                            where.t, need);
  }
  return heat_ok();
}

static heat_status evaluate_checked(heat_quantity *quantity, const heat_problem *problem, run where,
                                    requirement *require, double *out) {
  heat_status status = quantity_evaluate(quantity, problem, where, out);
  return status.code == HEAT_OK ? quantity_check(quantity, problem, where, out, require) : status;
}

/* How a property is spelt in the deck: the key of its section and of a region, and its entry of a pair. */
static const struct {
  const char *base, *region;
  int entry; /* of a pair such as conductivity: [kx, ky] */
  requirement *require;
} spelling[HEAT_PROPERTIES] = {
    [HEAT_TEMPERATURE] = {"initial.temperature", "temperature", -1, must_be_finite},
    [HEAT_CONDUCTIVITY_X] = {"material.conductivity", "conductivity", 0, must_be_positive},
    [HEAT_CONDUCTIVITY_Y] = {"material.conductivity", "conductivity", 1, must_be_positive},
    [HEAT_DENSITY] = {"material.density", "density", -1, must_be_positive},
    [HEAT_CAPACITY] = {"material.heat_capacity", "heat_capacity", -1, must_be_positive},
    [HEAT_SOURCE] = {"source", "source", -1, must_be_finite},
};

/* The quantity at `key`, or at its entry where the deck has a pair there; NULL where the deck does not have the key. */
static heat_status read_property(heat_quantity **quantity, const heat_problem *problem, heat_property property,
                                 const char *key) {
  const heat_config *config = problem->config;
  char entry[KEY_LENGTH];
  snprintf(entry, sizeof entry, "%s.%d", key, spelling[property].entry);
  if (!heat_config_has(config, "%s", key)) return heat_ok();
  const bool pair = spelling[property].entry >= 0 && heat_config_has(config, "%s", entry);
  return quantity_create(quantity, problem, pair ? entry : key, -1);
}

/* A deck that names a diffusivity has it in the place of the conductivity, with rho = c_p = 1. */
static heat_status read_base(heat_problem *problem, bool diffusivity) {
  for (int p = 0; p < HEAT_PROPERTIES; p++) {
    const bool conductivity = p == HEAT_CONDUCTIVITY_X || p == HEAT_CONDUCTIVITY_Y;
    const char *key = diffusivity && conductivity ? "material.diffusivity" : spelling[p].base;
    heat_status status = read_property(&problem->base[p], problem, (heat_property)p, key);
    if (status.code != HEAT_OK) return status;
    if (problem->base[p] == NULL) problem->base[p] = quantity_number(1);
    if (problem->base[p] == NULL) return heat_no_memory("the material", sizeof(heat_quantity));
  }
  return heat_ok();
}

static heat_status read_regions(heat_problem *problem, bool diffusivity) {
  const int count = heat_config_count(problem->config, "regions");
  problem->regions = calloc((size_t)count + 1, sizeof *problem->regions);
  if (problem->regions == NULL) return heat_no_memory("the regions", (size_t)count * sizeof *problem->regions);
  problem->region_count = count;
  for (int r = 0; r < count; r++) {
    heat_status status = heat_shape_create(&problem->regions[r].shape, problem->config, r);
    for (int p = 0; p < HEAT_PROPERTIES && status.code == HEAT_OK; p++) {
      const bool conductivity = p == HEAT_CONDUCTIVITY_X || p == HEAT_CONDUCTIVITY_Y;
      char key[KEY_LENGTH];
      snprintf(key, sizeof key, "regions.%d.%s", r, diffusivity && conductivity ? "diffusivity" : spelling[p].region);
      status = read_property(&problem->regions[r].set[p], problem, (heat_property)p, key);
    }
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

/* a u + b k du/dn = coefficient * value, with a = a_scale * coefficient. */
static const struct {
  const char *value, *coefficient;
  double a_scale, b;
} side_types[] = {[HEAT_SIDE_DIRICHLET] = {"value", NULL, 1, 0},
                  [HEAT_SIDE_NEUMANN] = {"flux", NULL, 0, 1},
                  [HEAT_SIDE_ROBIN] = {"ambient", "coefficient", 1, 1},
                  [HEAT_SIDE_PERIODIC] = {NULL, NULL, 0, 0}};
static_assert(sizeof side_types / sizeof *side_types == HEAT_SIDE_TYPES, "a row for each type of side");

static heat_status read_side(heat_problem *problem, int number) {
  heat_side *side = &problem->sides[number];
  const char *name = heat_side_names[number];
  const int t = heat_config_choice(problem->config, "boundary.%s.type", name);
  side->periodic = t == HEAT_SIDE_PERIODIC;
  side->a_scale = side_types[t].a_scale;
  side->b = side_types[t].b;
  if (side->periodic) return heat_ok();
  const int along = 1 - number / 2;
  char key[KEY_LENGTH];
  snprintf(key, sizeof key, "boundary.%s.%s", name, side_types[t].value);
  heat_status status = quantity_create(&side->value, problem, key, along);
  if (status.code == HEAT_OK && side_types[t].coefficient != NULL) {
    snprintf(key, sizeof key, "boundary.%s.%s", name, side_types[t].coefficient);
    status = quantity_create(&side->coefficient, problem, key, along);
  }
  return status;
}

/* Cells whose coordinates are different numbers, and whose spacings have squares and a product that are numbers. */
static heat_status check_geometry(const heat_problem *problem) {
  enum { KEY = 32, DIGITS = 9, APART = 4 /* at least, of the spacing of numbers: centres and faces then differ */ };
  const double *spacing = problem->spacing;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const double low = problem->origin[axis], high = low + problem->size[axis], h = spacing[axis];
    const double far = fmax(fabs(low), fabs(high)), most = h / (APART * DBL_EPSILON) - problem->size[axis];
    char key[KEY];
    snprintf(key, sizeof key, "domain.size.%d", axis);
    if (!isnormal(h * h) || !isnormal(1 / (h * h)) || !isnormal(spacing[HEAT_X] * spacing[HEAT_Y]))
      return heat_config_fail(problem->config, key,
                              "cells of %.3g m cannot be computed with: their square is no number", h);
    snprintf(key, sizeof key, "domain.origin.%d", axis);
    if (APART * DBL_EPSILON * far > h)
      return heat_config_fail(
          problem->config, key, "cells of %.3g m cannot be told apart so far from 0 (must be within -%.*g and %.*g)", h,
          DIGITS, heat_limit_below(most * (1 - 1e-9), DIGITS), DIGITS, heat_limit_below(most * (1 - 1e-9), DIGITS));
  }
  return heat_ok();
}

static heat_status create(heat_problem *problem, MPI_Comm comm, const heat_config *config, bool resumed) {
  *problem = (heat_problem){.config = config, .resumed = resumed};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    problem->origin[axis] = heat_config_real(config, "domain.origin.%d", axis);
    problem->size[axis] = heat_config_real(config, "domain.size.%d", axis);
    problem->cells[axis] = heat_config_integer(config, "domain.cells.%d", axis);
    problem->spacing[axis] = problem->size[axis] / (double)problem->cells[axis];
  }
  problem->arithmetic = heat_config_choice(config, "interface") == HEAT_MEAN_ARITHMETIC;
  const bool diffusivity = heat_config_has(config, "material.diffusivity");
  heat_status status = check_geometry(problem);
  if (status.code == HEAT_OK) status = read_base(problem, diffusivity);
  if (status.code == HEAT_OK) status = read_regions(problem, diffusivity);
  for (int side = 0; side < HEAT_SIDES && status.code == HEAT_OK; side++) status = read_side(problem, side);
  status = heat_agree(comm, status);
  return status.code == HEAT_OK ? heat_problem_read_inputs(problem, comm) : status;
}

heat_status heat_problem_create(heat_problem *problem, MPI_Comm comm, const heat_config *config) {
  return create(problem, comm, config, false);
}

heat_status heat_problem_create_resumed(heat_problem *problem, MPI_Comm comm, const heat_config *config) {
  return create(problem, comm, config, true);
}

void heat_problem_destroy(heat_problem *problem) {
  for (int p = 0; p < HEAT_PROPERTIES; p++) quantity_destroy(problem->base[p]);
  for (int r = 0; r < problem->region_count; r++) {
    heat_shape_destroy(problem->regions[r].shape);
    for (int p = 0; p < HEAT_PROPERTIES; p++) quantity_destroy(problem->regions[r].set[p]);
  }
  free(problem->regions);
  for (int side = 0; side < HEAT_SIDES; side++) {
    quantity_destroy(problem->sides[side].coefficient);
    quantity_destroy(problem->sides[side].value);
  }
  free(problem->inputs);
  *problem = (heat_problem){0};
}

double heat_problem_centre(const heat_problem *problem, int axis, int64_t index) {
  return problem->origin[axis] + ((double)index + 0.5) * problem->spacing[axis];
}

void heat_problem_painters(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                           int *which) {
  const double y = heat_problem_centre(problem, HEAT_Y, j);
  for (int64_t n = 0; n < hi - lo; n++) which[n] = 0;
  for (int r = 0; r < problem->region_count; r++) {
    if (problem->regions[r].set[property] == NULL) continue;
    for (int64_t n = 0; n < hi - lo; n++)
      if (heat_shape_contains(problem->regions[r].shape, heat_problem_centre(problem, HEAT_X, lo + n), y))
        which[n] = r + 1;
  }
}

static heat_quantity *painter_quantity(const heat_problem *problem, heat_property property, int painter) {
  return painter == 0 ? problem->base[property] : problem->regions[painter - 1].set[property];
}

bool heat_problem_painter_in_time(const heat_problem *problem, heat_property property, int painter) {
  return quantity_in_time(painter_quantity(problem, property, painter));
}

heat_status heat_problem_paint_run(const heat_problem *problem, heat_property property, int painter, int64_t j,
                                   int64_t lo, int64_t hi, double t, double *out) {
  const run where = {HEAT_X, lo, hi - lo, j, heat_problem_centre(problem, HEAT_Y, j), t};
  return evaluate_checked(painter_quantity(problem, property, painter), problem, where, spelling[property].require,
                          out);
}

/* A condition that is no number says neither yes nor no. */
static heat_status check_conditions(const heat_problem *problem) {
  for (int r = 0; r < problem->region_count; r++) {
    double x, y;
    if (!heat_shape_undefined(problem->regions[r].shape, &x, &y)) continue;
    char key[KEY_LENGTH];
    snprintf(key, sizeof key, "regions.%d.condition", r);
    return heat_config_fail(problem->config, key, "is not a number at x = %g, y = %g", x, y);
  }
  return heat_ok();
}

heat_status heat_problem_paint_row(const heat_problem *problem, heat_property property, int64_t j, int64_t lo,
                                   int64_t hi, double t, double *out) {
  enum { SPAN = 512 };
  int which[SPAN];
  for (int64_t first = lo; first < hi; first += SPAN) {
    const int64_t last = first + SPAN < hi ? first + SPAN : hi;
    heat_problem_painters(problem, property, j, first, last, which);
    heat_status undefined = check_conditions(problem);
    if (undefined.code != HEAT_OK) return undefined;
    for (int64_t begin = first, end; begin < last; begin = end) {
      end = begin + 1;
      while (end < last && which[end - first] == which[begin - first]) end++;
      heat_status status =
          heat_problem_paint_run(problem, property, which[begin - first], j, begin, end, t, out + (begin - lo));
      if (status.code != HEAT_OK) return status;
    }
  }
  return heat_ok();
}

bool heat_problem_uniform(const heat_problem *problem, heat_property property, double *value) {
  if (problem->base[property]->kind != HEAT_VALUE_NUMBER) return false;
  for (int r = 0; r < problem->region_count; r++)
    if (problem->regions[r].set[property] != NULL) return false;
  *value = problem->base[property]->number;
  return true;
}

bool heat_problem_in_time(const heat_problem *problem, heat_property property) {
  for (int painter = 0; painter <= problem->region_count; painter++)
    if (heat_problem_painter_in_time(problem, property, painter)) return true;
  return false;
}

bool heat_problem_uniform_material(const heat_problem *problem) {
  static const heat_property material[] = {HEAT_CONDUCTIVITY_X, HEAT_CONDUCTIVITY_Y, HEAT_DENSITY, HEAT_CAPACITY};
  double value;
  for (size_t m = 0; m < sizeof material / sizeof *material; m++)
    if (!heat_problem_uniform(problem, material[m], &value)) return false;
  return true;
}

bool heat_problem_side_in_time(const heat_problem *problem, int side) {
  return quantity_in_time(problem->sides[side].coefficient) || quantity_in_time(problem->sides[side].value);
}

bool heat_problem_coefficient_in_time(const heat_problem *problem, int side) {
  return quantity_in_time(problem->sides[side].coefficient);
}

heat_status heat_problem_side(const heat_problem *problem, int number, int64_t lo, int64_t hi, double t, double *a,
                              double *b, double *g) {
  const heat_side *side = &problem->sides[number];
  const int across = number / 2;
  const double wall = problem->origin[across] + (number % 2 == 0 ? 0 : problem->size[across]);
  const run where = {1 - across, lo, hi - lo, 0, wall, t};
  heat_status status = evaluate_checked(side->value, problem, where, must_be_finite, g);
  for (int64_t n = 0; n < hi - lo; n++) a[n] = 1;
  if (status.code == HEAT_OK && side->coefficient != NULL)
    status = evaluate_checked(side->coefficient, problem, where, must_not_be_negative, a);
  if (status.code != HEAT_OK) return status;
  for (int64_t n = 0; n < hi - lo; n++) {
    g[n] *= a[n];
    a[n] *= side->a_scale;
    b[n] = side->b;
  }
  return heat_ok();
}

/* A dataset along a side between the centres of its cells; at a seam the first cell follows the last. */
static heat_status read_between(const heat_problem *problem, heat_quantity *quantity, int along, double s,
                                double *value) {
  const int64_t count = problem->cells[along];
  const bool seam = problem->sides[2 * along].periodic;
  const double place = (s - problem->origin[along]) / problem->spacing[along] - 0.5, first = floor(place);
  const int64_t ends[2] = {(int64_t)first, (int64_t)first + 1};
  double values[2];
  for (int n = 0; n < 2; n++) {
    int64_t cell = ends[n] < 0 ? (seam ? count - 1 : 0) : ends[n];
    if (cell >= count) cell = seam ? 0 : count - 1;
    heat_status status = heat_dataset_read(quantity->dataset, 0, cell, cell + 1, &values[n]);
    if (status.code != HEAT_OK) return status;
  }
  const double between = values[0] + (place - first) * (values[1] - values[0]);
  *value = fmin(fmax(between, fmin(values[0], values[1])), fmax(values[0], values[1]));
  return heat_ok();
}

heat_status heat_problem_side_at(const heat_problem *problem, int number, double s, double t, double *coefficient,
                                 double *value) {
  const heat_side *side = &problem->sides[number];
  const int across = number / 2, along = 1 - across;
  const double wall = problem->origin[across] + (number % 2 == 0 ? 0 : problem->size[across]);
  int64_t cell = (int64_t)((s - problem->origin[along]) / problem->spacing[along]);
  if (cell >= problem->cells[along]) cell = problem->cells[along] - 1;
  const run centre = {along, cell, 1, 0, wall, t};
  heat_quantity *quantities[] = {side->coefficient, side->value};
  double *out[] = {coefficient, value};
  requirement *requirements[] = {must_not_be_negative, must_be_finite};
  *coefficient = 1;
  for (int n = 0; n < 2; n++) {
    heat_quantity *quantity = quantities[n];
    heat_status status = heat_ok();
    if (quantity == NULL) continue;
    if (quantity->kind == HEAT_VALUE_FILE) {
      status = read_between(problem, quantity, along, s, out[n]);
    } else if (quantity->kind == HEAT_VALUE_EXPRESSION) {
      const double x = along == HEAT_X ? s : wall, y = along == HEAT_X ? wall : s;
      *out[n] = heat_expression_value(quantity->expression, x, y, t);
    } else {
      *out[n] = quantity->number;
    }
    if (status.code == HEAT_OK && requirements[n](*out[n]) != NULL)
      status = evaluate_checked(quantity, problem, centre, requirements[n], out[n]);
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}
