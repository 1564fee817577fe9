#include "heat2d/deck/shape.h"
#include "problem_private.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LENGTH = HEAT_QUANTITY_KEY };

/* The keys of a property in the deck: in its section and in a region, and its position in a pair. */
static const struct {
  const char *base, *region;
  int entry; /* position in a pair such as conductivity: [kx, ky] */
  heat_requirement *require;
} spelling[HEAT_PROPERTIES] = {
    [HEAT_TEMPERATURE] = {"initial.temperature", "temperature", -1, heat_must_be_finite},
    [HEAT_CONDUCTIVITY_X] = {"material.conductivity", "conductivity", 0, heat_must_be_positive},
    [HEAT_CONDUCTIVITY_Y] = {"material.conductivity", "conductivity", 1, heat_must_be_positive},
    [HEAT_DENSITY] = {"material.density", "density", -1, heat_must_be_positive},
    [HEAT_CAPACITY] = {"material.heat_capacity", "heat_capacity", -1, heat_must_be_positive},
    [HEAT_SOURCE] = {"source", "source", -1, heat_must_be_finite},
};

/* Read the quantity of `key`, or of the property's entry if the value is a pair; NULL if the deck does not have the
 * key. */
static heat_status read_property(heat_quantity **quantity, const heat_problem *problem, heat_property property,
                                 const char *key) {
  const heat_config *config = problem->config;
  char entry[KEY_LENGTH];
  snprintf(entry, sizeof entry, "%s.%d", key, spelling[property].entry);
  if (!heat_config_has(config, "%s", key)) return heat_ok();
  const bool pair = spelling[property].entry >= 0 && heat_config_has(config, "%s", entry);
  return heat_quantity_create(quantity, problem, pair ? entry : key, -1);
}

/* A diffusivity is used in place of the conductivity, with rho = c_p = 1. */
static heat_status read_base(heat_problem *problem, bool diffusivity) {
  for (int p = 0; p < HEAT_PROPERTIES; p++) {
    const bool conductivity = p == HEAT_CONDUCTIVITY_X || p == HEAT_CONDUCTIVITY_Y;
    const char *key = diffusivity && conductivity ? "material.diffusivity" : spelling[p].base;
    heat_status status = read_property(&problem->base[p], problem, (heat_property)p, key);
    if (status.code != HEAT_OK) return status;
    if (problem->base[p] == NULL) problem->base[p] = heat_quantity_number(1);
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
      const bool power = p == HEAT_SOURCE && heat_config_has(problem->config, "regions.%d.power", r);
      snprintf(key, sizeof key, "regions.%d.%s", r,
               diffusivity && conductivity ? "diffusivity"
               : power                     ? "power"
                                           : spelling[p].region);
      status = read_property(&problem->regions[r].set[p], problem, (heat_property)p, key);
    }
    if (status.code != HEAT_OK) return status;
    const bool contact = heat_config_has(problem->config, "regions.%d.contact", r);
    problem->regions[r].contact = contact ? heat_config_real(problem->config, "regions.%d.contact.resistance", r) : -1;
  }
  return heat_ok();
}

/* a u + b k du/dn = coefficient * value, with a = a_scale * coefficient. */
static const struct {
  const char *value, *coefficient; /* keys of the side; NULL: 0, and 1 */
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
  const char *keys[] = {side_types[t].value, side_types[t].coefficient};
  heat_quantity **quantities[] = {&side->value, &side->coefficient};
  heat_status status = heat_ok();
  for (int n = 0; n < 2 && status.code == HEAT_OK; n++) {
    char key[KEY_LENGTH];
    if (keys[n] == NULL) continue;
    snprintf(key, sizeof key, "boundary.%s.%s", name, keys[n]);
    status = heat_quantity_create(quantities[n], problem, key, along);
  }
  if (status.code == HEAT_OK && side->value == NULL && (side->value = heat_quantity_number(0)) == NULL)
    status = heat_no_memory("a side", sizeof *side->value);
  return status;
}

/* Check that neighbouring cells have different coordinates in floating point, and that squares of spacings do not
 * overflow or underflow. */
static heat_status check_geometry(const heat_problem *problem) {
  /* APART: the least spacing, as a multiple of the distance between floating-point numbers. */
  enum { KEY = 32, DIGITS = 9, APART = 4 };
  const double *spacing = problem->spacing;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const double low = problem->origin[axis], high = low + problem->size[axis], h = spacing[axis];
    const double far = fmax(fabs(low), fabs(high)), most = h / (APART * DBL_EPSILON) - problem->size[axis];
    char key[KEY];
    snprintf(key, sizeof key, "domain.size.%d", axis);
    if (!isnormal(h * h) || !isnormal(1 / (h * h)) || !isnormal(spacing[HEAT_X] * spacing[HEAT_Y]))
      return heat_config_fail(problem->config, key,
                              "cells of %.3g m are too large or too small: their square overflows or underflows", h);
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
  if (status.code == HEAT_OK) status = heat_problem_spread_powers(problem, comm);
  return status.code == HEAT_OK ? heat_problem_read_inputs(problem, comm) : status;
}

heat_status heat_problem_create(heat_problem *problem, MPI_Comm comm, const heat_config *config) {
  return create(problem, comm, config, false);
}

heat_status heat_problem_create_resumed(heat_problem *problem, MPI_Comm comm, const heat_config *config) {
  return create(problem, comm, config, true);
}

void heat_problem_destroy(heat_problem *problem) {
  for (int p = 0; p < HEAT_PROPERTIES; p++) heat_quantity_destroy(problem->base[p]);
  for (int r = 0; r < problem->region_count; r++) {
    heat_shape_destroy(problem->regions[r].shape);
    for (int p = 0; p < HEAT_PROPERTIES; p++) heat_quantity_destroy(problem->regions[r].set[p]);
  }
  free(problem->regions);
  for (int side = 0; side < HEAT_SIDES; side++) {
    heat_quantity_destroy(problem->sides[side].coefficient);
    heat_quantity_destroy(problem->sides[side].value);
  }
  free(problem->inputs);
  *problem = (heat_problem){0};
}

double heat_problem_centre(const heat_problem *problem, int axis, int64_t index) {
  return problem->origin[axis] + ((double)index + 0.5) * problem->spacing[axis];
}

void heat_problem_layers(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                         int *which) {
  enum { SPAN = 256 };
  const double y = heat_problem_centre(problem, HEAT_Y, j);
  for (int64_t n = 0; n < hi - lo; n++) which[n] = 0;
  for (int r = 0; r < problem->region_count; r++) {
    if (problem->regions[r].set[property] == NULL) continue;
    double x[SPAN];
    for (int64_t first = lo; first < hi; first += SPAN) {
      const int64_t count = hi - first < SPAN ? hi - first : SPAN;
      for (int64_t n = 0; n < count; n++) x[n] = heat_problem_centre(problem, HEAT_X, first + n);
      heat_shape_cover(problem->regions[r].shape, x, (int)count, y, r + 1, which + (first - lo));
    }
  }
}

static heat_quantity *layer_quantity(const heat_problem *problem, heat_property property, int layer) {
  return layer == 0 ? problem->base[property] : problem->regions[layer - 1].set[property];
}

bool heat_problem_layer_in_time(const heat_problem *problem, heat_property property, int layer) {
  return heat_quantity_in_time(layer_quantity(problem, property, layer));
}

bool heat_problem_from_file(const heat_problem *problem, heat_property property) {
  for (int layer = 0; layer <= problem->region_count; layer++) {
    const heat_quantity *quantity = layer_quantity(problem, property, layer);
    if (quantity != NULL && quantity->kind == HEAT_VALUE_FILE) return true;
  }
  return false;
}

heat_time_form heat_problem_layer_form(const heat_problem *problem, heat_property property, int layer) {
  const heat_quantity *quantity = layer_quantity(problem, property, layer);
  if (!heat_quantity_in_time(quantity)) return HEAT_TIME_NONE;
  if (!heat_expression_in_space(quantity->expression)) return HEAT_TIME_ALONE;
  return quantity->scale == 1 && heat_expression_is_product(quantity->expression) ? HEAT_TIME_PRODUCT : HEAT_TIME_MIXED;
}

double heat_problem_layer_factor(const heat_problem *problem, heat_property property, int layer, double t) {
  const heat_quantity *quantity = layer_quantity(problem, property, layer);
  if (heat_expression_in_space(quantity->expression)) return heat_expression_time_factor(quantity->expression, t);
  return quantity->scale * heat_expression_value(quantity->expression, 0, 0, t);
}

int heat_problem_layer_first(const heat_problem *problem, heat_property property, int layer) {
  const heat_quantity *own = layer_quantity(problem, property, layer);
  if (own == NULL || own->kind != HEAT_VALUE_NUMBER) return layer;
  for (int other = 0; other < layer; other++) {
    const heat_quantity *earlier = layer_quantity(problem, property, other);
    if (earlier != NULL && earlier->kind == HEAT_VALUE_NUMBER && earlier->number == own->number) return other;
  }
  return layer;
}

static heat_run run_of(const heat_problem *problem, const heat_patch *patch) {
  return (heat_run){.axis = HEAT_X,
                    .first = patch->lo[HEAT_X],
                    .count = patch->hi[HEAT_X] - patch->lo[HEAT_X],
                    .row = patch->lo[HEAT_Y],
                    .rows = patch->hi[HEAT_Y] - patch->lo[HEAT_Y],
                    .across = heat_problem_centre(problem, HEAT_Y, patch->lo[HEAT_Y]),
                    .t = patch->t,
                    .stride = patch->stride};
}

heat_status heat_problem_layer_values(const heat_problem *problem, heat_property property, int layer,
                                      const heat_patch *patch, double *out) {
  return heat_quantity_evaluate(layer_quantity(problem, property, layer), problem, run_of(problem, patch),
                                spelling[property].require, out);
}

void heat_problem_layer_profile(const heat_problem *problem, heat_property property, int layer, const heat_patch *patch,
                                double *out) {
  heat_quantity_profile(layer_quantity(problem, property, layer), problem, run_of(problem, patch), out);
}

/* Evaluate each run of cells with one layer, in rows that all have the layers `which`. */
static heat_status paint_rows(const heat_problem *problem, heat_property property, const heat_patch *rows,
                              const int *which, double *out) {
  const int64_t count = rows->hi[HEAT_X] - rows->lo[HEAT_X];
  heat_status status = heat_problem_check_conditions(problem);
  for (int64_t begin = 0, end; begin < count && status.code == HEAT_OK; begin = end) {
    for (end = begin + 1; end < count && which[end] == which[begin]; end++) continue;
    heat_patch run = *rows;
    run.lo[HEAT_X] = rows->lo[HEAT_X] + begin;
    run.hi[HEAT_X] = rows->lo[HEAT_X] + end;
    status = heat_problem_layer_values(problem, property, which[begin], &run, out + begin);
  }
  return status;
}

/* Evaluate some columns at a time, and consecutive rows with the same layers together. */
static heat_status paint(const heat_problem *problem, heat_property property, const heat_patch *patch, double *out) {
  enum { SPAN = 512 };
  int layers[2][SPAN];
  heat_status status = heat_ok();
  for (int64_t first = patch->lo[HEAT_X]; first < patch->hi[HEAT_X]; first += SPAN) {
    heat_patch rows = *patch;
    rows.lo[HEAT_X] = first;
    rows.hi[HEAT_X] = first + SPAN < patch->hi[HEAT_X] ? first + SPAN : patch->hi[HEAT_X];
    int *which = layers[0], *next = layers[1];
    heat_problem_layers(problem, property, patch->lo[HEAT_Y], first, rows.hi[HEAT_X], which);
    for (int64_t j = patch->lo[HEAT_Y], end; j < patch->hi[HEAT_Y]; j = end) {
      for (end = j + 1; end < patch->hi[HEAT_Y]; end++) {
        heat_problem_layers(problem, property, end, first, rows.hi[HEAT_X], next);
        if (memcmp(which, next, (size_t)(rows.hi[HEAT_X] - first) * sizeof *which) != 0) break;
      }
      rows.lo[HEAT_Y] = j;
      rows.hi[HEAT_Y] = end;
      status = paint_rows(problem, property, &rows, which,
                          out + (j - patch->lo[HEAT_Y]) * patch->stride + (first - patch->lo[HEAT_X]));
      if (status.code != HEAT_OK) return status;
      int *swap = which;
      which = next;
      next = swap;
    }
  }
  return status;
}

heat_status heat_problem_patch(const heat_problem *problem, heat_property property, const heat_patch *patch,
                               double *out) {
  heat_status status = paint(problem, property, patch, out);
  for (int64_t j = patch->lo[HEAT_Y]; j < patch->hi[HEAT_Y] && status.code == HEAT_DECK; j++) {
    heat_patch row = *patch; /* row by row once more, to name the first wrong cell */
    row.lo[HEAT_Y] = j;
    row.hi[HEAT_Y] = j + 1;
    const heat_status first = paint(problem, property, &row, out + (j - patch->lo[HEAT_Y]) * patch->stride);
    if (first.code != HEAT_OK) return first;
  }
  return status;
}

heat_status heat_problem_values(const heat_problem *problem, heat_property property, int64_t j, int64_t lo, int64_t hi,
                                double t, double *out) {
  return heat_problem_patch(problem, property, &(heat_patch){{lo, j}, {hi, j + 1}, t, hi - lo}, out);
}

bool heat_problem_uniform(const heat_problem *problem, heat_property property, double *value) {
  if (problem->base[property]->kind != HEAT_VALUE_NUMBER) return false;
  for (int r = 0; r < problem->region_count; r++)
    if (problem->regions[r].set[property] != NULL) return false;
  *value = problem->base[property]->number;
  return true;
}

bool heat_problem_in_time(const heat_problem *problem, heat_property property) {
  for (int layer = 0; layer <= problem->region_count; layer++)
    if (heat_problem_layer_in_time(problem, property, layer)) return true;
  return false;
}

bool heat_problem_uniform_material(const heat_problem *problem) {
  static const heat_property material[] = {HEAT_CONDUCTIVITY_X, HEAT_CONDUCTIVITY_Y, HEAT_DENSITY, HEAT_CAPACITY};
  double value;
  for (size_t m = 0; m < sizeof material / sizeof *material; m++)
    if (!heat_problem_uniform(problem, material[m], &value)) return false;
  return !heat_problem_has_contact(problem);
}

bool heat_problem_side_uniform(const heat_problem *problem, int side) {
  const heat_quantity *value = problem->sides[side].value, *coefficient = problem->sides[side].coefficient;
  return (value == NULL || value->kind == HEAT_VALUE_NUMBER) &&
         (coefficient == NULL || coefficient->kind == HEAT_VALUE_NUMBER);
}

bool heat_problem_side_in_time(const heat_problem *problem, int side) {
  return heat_quantity_in_time(problem->sides[side].coefficient) || heat_quantity_in_time(problem->sides[side].value);
}

bool heat_problem_coefficient_in_time(const heat_problem *problem, int side) {
  return heat_quantity_in_time(problem->sides[side].coefficient);
}

heat_status heat_problem_side(const heat_problem *problem, int number, int64_t lo, int64_t hi, double t, double *a,
                              double *b, double *g) {
  const heat_side *side = &problem->sides[number];
  const int across = number / 2;
  const double wall = problem->origin[across] + (number % 2 == 0 ? 0 : problem->size[across]);
  const heat_run where = {.axis = 1 - across, .first = lo, .count = hi - lo, .rows = 1, .across = wall, .t = t};
  heat_status status = heat_quantity_evaluate(side->value, problem, where, heat_must_be_finite, g);
  for (int64_t n = 0; n < hi - lo; n++) a[n] = 1;
  if (status.code == HEAT_OK && side->coefficient != NULL)
    status = heat_quantity_evaluate(side->coefficient, problem, where, heat_must_not_be_negative, a);
  if (status.code != HEAT_OK) return status;
  for (int64_t n = 0; n < hi - lo; n++) {
    g[n] *= a[n];
    a[n] *= side->a_scale;
    b[n] = side->b;
  }
  return heat_ok();
}

heat_status heat_problem_side_at(const heat_problem *problem, int number, double s, double t, double *coefficient,
                                 double *value) {
  const heat_side *side = &problem->sides[number];
  const int across = number / 2, along = 1 - across;
  const double wall = problem->origin[across] + (number % 2 == 0 ? 0 : problem->size[across]);
  int64_t cell = (int64_t)((s - problem->origin[along]) / problem->spacing[along]);
  if (cell >= problem->cells[along]) cell = problem->cells[along] - 1;
  const heat_run centre = {.axis = along, .first = cell, .count = 1, .rows = 1, .across = wall, .t = t};
  heat_status status = heat_ok();
  *coefficient = 1;
  if (side->coefficient != NULL)
    status = heat_quantity_at(side->coefficient, problem, centre, s, heat_must_not_be_negative, coefficient);
  if (status.code == HEAT_OK) status = heat_quantity_at(side->value, problem, centre, s, heat_must_be_finite, value);
  return status;
}
