/* A quantity of the deck: a number, an expression or a field file, and its values in a row of cells or along a side. */
#include "problem_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void heat_quantity_destroy(heat_quantity *quantity) {
  if (quantity == NULL) return;
  heat_expression_destroy(quantity->expression);
  heat_dataset_close(quantity->dataset);
  free(quantity->absent);
  free(quantity);
}

heat_quantity *heat_quantity_number(double number) {
  heat_quantity *quantity = calloc(1, sizeof *quantity);
  if (quantity == NULL) return NULL;
  quantity->number = number;
  quantity->scale = 1;
  quantity->along = -1;
  return quantity;
}

/* A resumed run takes its temperatures from the checkpoint. */
static bool may_be_absent(const heat_problem *problem, const char *key) {
  const char *leaf = strrchr(key, '.');
  return problem->resumed && leaf != NULL && strcmp(leaf, ".temperature") == 0;
}

/* Open the file of a quantity. It must have a value for each cell of the grid (`along` < 0), or of a side along the
 * axis `along`. */
static heat_status open_file(heat_quantity *quantity, const heat_problem *problem, const heat_value *value, int along) {
  heat_dataset_want want = {.file = value->file, .path = value->dataset, .index = value->index};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int place = axis == HEAT_Y ? 0 : 1; /* the slowest dimension comes first */
    want.cells[place] = along < 0 || along == axis ? problem->cells[axis] : 0;
    want.origin[place] = problem->origin[axis];
    want.spacing[place] = problem->spacing[axis];
  }
  heat_status status = heat_dataset_open(&quantity->dataset, &want);
  if (status.code != HEAT_DECK || !may_be_absent(problem, quantity->key) || heat_dataset_file_opens(value->file))
    return status;
  quantity->absent = strdup(status.text);
  return quantity->absent != NULL ? heat_ok() : heat_no_memory("a quantity", sizeof status.text);
}

heat_status heat_quantity_create(heat_quantity **result, const heat_problem *problem, const char *key, int along) {
  const heat_config *config = problem->config;
  heat_quantity *quantity = heat_quantity_number(0);
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

bool heat_quantity_in_time(const heat_quantity *quantity) {
  return quantity != NULL && quantity->expression != NULL && heat_expression_in_time(quantity->expression);
}

heat_status heat_quantity_fail_missing(const heat_quantity *quantity, const heat_problem *problem, int64_t cell,
                                       int64_t row, const char *reason) {
  const char *path = heat_dataset_path(quantity->dataset), *file = heat_dataset_file(quantity->dataset);
  if (quantity->along >= 0)
    return heat_config_fail(problem->config, quantity->key, "%s in '%s' has no value in cell %lld of the side: %s",
                            path, file, (long long)cell, reason);
  return heat_config_fail(problem->config, quantity->key, "%s in '%s' has no value in cell (%lld, %lld): %s", path,
                          file, (long long)cell, (long long)row, reason);
}

static heat_status read_file(const heat_quantity *quantity, const heat_problem *problem, heat_run where, double *out) {
  const char *reason;
  if (quantity->absent != NULL) return heat_config_fail(problem->config, quantity->key, "%s", quantity->absent);
  for (int64_t row = where.row; row < where.row + where.rows; row++, out += where.stride) {
    heat_status status = heat_dataset_read(quantity->dataset, row, where.first, where.first + where.count, out);
    const int64_t missing = heat_dataset_missing(quantity->dataset, &reason);
    if (status.code != HEAT_OK) return status;
    if (missing >= 0) return heat_quantity_fail_missing(quantity, problem, missing, row, reason);
  }
  return heat_ok();
}

static void fill(heat_run where, double value, double *out) {
  for (int64_t row = 0; row < where.rows; row++)
    for (int64_t n = 0; n < where.count; n++) out[row * where.stride + n] = value;
}

/* The coordinate of a row in the direction across it, m. */
static double across_row(const heat_problem *problem, const heat_run *where, int64_t row) {
  return row == 0 ? where->across : heat_problem_centre(problem, 1 - where->axis, where->row + row);
}

typedef void evaluation(heat_expression *expression, const heat_points *at, double *out, ptrdiff_t stride);

/* Evaluate blocks of some rows and columns, for which a compiled expression is fast: see heat_expression_values. */
static void evaluate_expression(const heat_quantity *quantity, const heat_problem *problem, heat_run where,
                                evaluation *values, double *out) {
  enum { COLUMNS = 256, ROWS = 64 };
  double along[COLUMNS], across[ROWS];
  for (int64_t row = 0; row < where.rows; row += ROWS) {
    heat_points at = {where.axis, along, across, .lines = where.rows - row < ROWS ? where.rows - row : ROWS,
                      .t = where.t};
    for (int64_t line = 0; line < at.lines; line++) across[line] = across_row(problem, &where, row + line);
    for (int64_t column = 0; column < where.count; column += COLUMNS) {
      at.count = where.count - column < COLUMNS ? where.count - column : COLUMNS;
      for (int64_t n = 0; n < at.count; n++)
        along[n] = heat_problem_centre(problem, where.axis, where.first + column + n);
      values(quantity->expression, &at, out + row * where.stride + column, where.stride);
    }
  }
}

void heat_quantity_profile(const heat_quantity *quantity, const heat_problem *problem, heat_run where, double *out) {
  evaluate_expression(quantity, problem, where, heat_expression_space_factor, out);
}

static heat_status evaluate(const heat_quantity *quantity, const heat_problem *problem, heat_run where, double *out) {
  if (quantity->kind == HEAT_VALUE_FILE) return read_file(quantity, problem, where, out);
  if (quantity->kind == HEAT_VALUE_EXPRESSION && heat_expression_in_space(quantity->expression)) {
    evaluate_expression(quantity, problem, where, heat_expression_values, out);
    for (int64_t row = 0; row < where.rows && quantity->scale != 1; row++)
      for (int64_t n = 0; n < where.count; n++) out[row * where.stride + n] *= quantity->scale;
    return heat_ok();
  }
  double value = quantity->number;
  if (quantity->kind == HEAT_VALUE_EXPRESSION) {
    const double place[2] = {heat_problem_centre(problem, where.axis, where.first), where.across};
    heat_expression_values(quantity->expression, &(heat_points){where.axis, &place[0], &place[1], 1, 1, where.t},
                           &value, 1);
    value *= quantity->scale;
  }
  fill(where, value, out);
  return heat_ok();
}

const char *heat_must_be_finite(double value) {
  return isfinite(value) ? NULL : "a finite number is needed";
}

const char *heat_must_be_positive(double value) {
  return isfinite(value) && value > 0 ? NULL : "a positive number is needed";
}

const char *heat_must_not_be_negative(double value) {
  return isfinite(value) && value >= 0 ? NULL : "a number >= 0 is needed";
}

static heat_status check_values(const heat_quantity *quantity, const heat_problem *problem, heat_run where,
                                const double *values, heat_requirement *require) {
  for (int64_t row = 0; row < where.rows; row++, values += where.stride) {
    for (int64_t n = 0; n < where.count; n++) {
      const char *need = require(values[n]);
      if (need == NULL) continue;
      const double along = heat_problem_centre(problem, where.axis, where.first + n);
      const double across = across_row(problem, &where, row);
      return heat_config_fail(problem->config, quantity->key, "is %g at x = %g, y = %g, t = %g (%s)",
                              isnan(values[n]) ? fabs(values[n]) : values[n], /* print nan, never -nan */
                              where.axis == HEAT_X ? along : across, where.axis == HEAT_X ? across : along, where.t,
                              need);
    }
  }
  return heat_ok();
}

heat_status heat_quantity_evaluate(const heat_quantity *quantity, const heat_problem *problem, heat_run where,
                                   heat_requirement *require, double *out) {
  heat_status status = evaluate(quantity, problem, where, out);
  return status.code == HEAT_OK ? check_values(quantity, problem, where, out, require) : status;
}

/* Interpolate a dataset along a side linearly between the centres of its cells; on a periodic axis the first cell
 * follows the last. */
static heat_status read_between(const heat_quantity *quantity, const heat_problem *problem, double s, double *value) {
  const int along = quantity->along;
  const int64_t count = problem->cells[along];
  const bool periodic = problem->sides[2 * along].periodic;
  const double place = (s - problem->origin[along]) / problem->spacing[along] - 0.5, first = floor(place);
  const int64_t ends[2] = {(int64_t)first, (int64_t)first + 1};
  double values[2];
  for (int n = 0; n < 2; n++) {
    int64_t cell = ends[n] < 0 ? (periodic ? count - 1 : 0) : ends[n];
    if (cell >= count) cell = periodic ? 0 : count - 1;
    heat_status status = heat_dataset_read(quantity->dataset, 0, cell, cell + 1, &values[n]);
    if (status.code != HEAT_OK) return status;
  }
  const double between = values[0] + (place - first) * (values[1] - values[0]);
  *value = fmin(fmax(between, fmin(values[0], values[1])), fmax(values[0], values[1]));
  return heat_ok();
}

heat_status heat_quantity_at(const heat_quantity *quantity, const heat_problem *problem, heat_run centre, double s,
                             heat_requirement *require, double *value) {
  heat_status status = heat_ok();
  *value = quantity->number;
  if (quantity->kind == HEAT_VALUE_FILE) status = read_between(quantity, problem, s, value);
  if (quantity->kind == HEAT_VALUE_EXPRESSION)
    *value = heat_expression_value(quantity->expression, centre.axis == HEAT_X ? s : centre.across,
                                   centre.axis == HEAT_X ? centre.across : s, centre.t);
  if (status.code != HEAT_OK || require(*value) == NULL) return status;
  return heat_quantity_evaluate(quantity, problem, centre, require, value);
}
