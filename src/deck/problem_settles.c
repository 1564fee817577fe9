/* The time after which the sources and sides of a problem do not change any more.
 *
 * Their values at many instants are compared with those at the end, from the end backwards. Because a change may last
 * for a short time only, further instants are added at which something may change: the numbers in an expression ("t > 5
 * and t < 5.01"), the values of its constant parts ("2*60*60"), the results of + - * / for any two of these, and the
 * last multiples of each ("mod(t, 10) < 0.01"). Values just before, at, just after and between these instants are
 * compared, too. */
#include "problem_private.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  EVEN_ALONE = 1 << 15, /* evenly spaced instants, for an expression in t alone */
  EVEN_IN_SPACE = 1 << 10,
  PLACES = 1 << 12, /* largest number of places at which an expression in space is evaluated */
  NUMBERS = 24,     /* largest number of numbers in an expression */
  FROM_PAIRS = 5,   /* instants from each pair of numbers */
  MULTIPLES = 2,    /* last multiples of each number before the end, alone and with each of the numbers added */
  MOMENTS = NUMBERS + FROM_PAIRS * (NUMBERS * (NUMBERS + 1) / 2) + MULTIPLES * NUMBERS * (NUMBERS + 1),
  AROUND = 4 /* instants around each of these */
};

typedef struct instants {
  double *times;
  int64_t count;
} instants;

static int compare_times(const void *a, const void *b) {
  const double one = *(const double *)a, other = *(const double *)b;
  return one < other ? -1 : one > other;
}

static void add(instants *list, double time, double end) {
  if (time >= 0 && time <= end) list->times[list->count++] = time;
}

/* The distinct numbers in an expression. */
typedef struct numbers {
  double values[NUMBERS];
  int count;
} numbers;

static void add_number(numbers *list, double value) {
  for (int n = 0; n < list->count; n++)
    if (list->values[n] == value) return;
  if (list->count < NUMBERS && isfinite(value) && value != 0) list->values[list->count++] = value;
}

/* Return the end of the part without variables that begins at `from`, or `from` if there is none. *compound tells
 * whether it is more than one number. */
static const char *constant_end(const char *from, bool *compound) {
  const char *last = from;
  int depth = 0, operands = 0;
  for (const char *at = from; *at != '\0';) {
    char *after = NULL;
    const size_t word = isalpha((unsigned char)*at) ? strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789") : 0;
    const bool named = (word == 1 && *at == 'e') || (word == 2 && strncmp(at, "pi", word) == 0);
    if (word > 0 && at[word] == '(') { /* a function is constant if its arguments are */
      at += word;
      continue;
    }
    if (isdigit((unsigned char)*at) || *at == '.') {
      strtod(at, &after);
      if (after == at) break;
      at = after;
    } else if (named) {
      at += word;
    } else if (*at == ')' && depth > 0) {
      depth--;
      at++;
    } else if (strchr("(+-*/^ ", *at) != NULL || (*at == ',' && depth > 0)) {
      depth += *at++ == '(';
      continue;
    } else {
      break;
    }
    operands++;
    if (depth == 0) last = at;
  }
  *compound = operands > 1 || (last > from && !isdigit((unsigned char)*from) && *from != '.');
  return last;
}

/* List the numbers of an expression, without those that are part of a name, and the values of its constant parts. */
static void read_numbers(const char *text, numbers *list) {
  enum { PART = 256 };
  for (const char *at = text; *at != '\0';) {
    char *after;
    if (isalpha((unsigned char)*at) || *at == '_') {
      while (isalnum((unsigned char)*at) || *at == '_') at++;
    } else if (isdigit((unsigned char)*at) || *at == '.') {
      const double value = strtod(at, &after);
      if (after > at) add_number(list, value);
      at = after > at ? after : at + 1;
    } else {
      at++;
    }
  }
  for (const char *at = text; *at != '\0';) {
    bool compound;
    const char *end = strchr(" +-*/^", *at) == NULL ? constant_end(at, &compound) : at;
    if (end > at && end - at < PART && compound) {
      char part[PART];
      heat_expression *constant;
      snprintf(part, sizeof part, "%.*s", (int)(end - at), at);
      if (heat_expression_create(&constant, part, false).code == HEAT_OK)
        add_number(list, fabs(heat_expression_value(constant, 0, 0, 0)));
      heat_expression_destroy(constant);
    }
    if (end > at)
      at = end;
    else if (isalpha((unsigned char)*at))
      at += strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
    else
      at++;
  }
}

/* List the instants, in order, at which something may change that depends on these numbers. */
static int list_moments(const numbers *list, double end, double moments[MOMENTS]) {
  int found = 0;
  for (int n = 0; n < list->count; n++) {
    const double a = list->values[n], last = floor(end / a);
    moments[found++] = a;
    for (int m = 0; m <= n; m++) {
      const double b = list->values[m];
      const double made[FROM_PAIRS] = {a * b, a + b, fabs(a - b), a / b, b / a};
      for (int k = 0; k < FROM_PAIRS; k++) moments[found++] = made[k];
    }
    for (int k = 0; k < MULTIPLES; k++) {
      moments[found++] = (last - k) * a;
      for (int m = 0; m < list->count; m++) moments[found++] = (last - k) * a + list->values[m];
    }
  }
  qsort(moments, (size_t)found, sizeof *moments, compare_times);
  return found;
}

/* List all instants at which values are compared, in order; the last one is the end. */
static heat_status list_instants(instants *list, const char *text, bool in_space, double end) {
  numbers all = {.count = 0};
  double moments[MOMENTS];
  const int even = in_space ? EVEN_IN_SPACE : EVEN_ALONE;
  read_numbers(text, &all);
  const int found = list_moments(&all, end, moments);
  const size_t bytes = (size_t)(even + 1 + AROUND * found) * sizeof *list->times;
  *list = (instants){.times = malloc(bytes)};
  if (list->times == NULL) return heat_no_memory("a list of instants", bytes);
  for (int n = 0; n < even; n++) add(list, end / even * n, end);
  for (int n = 0; n < found; n++) {
    add(list, moments[n], end);
    add(list, nextafter(moments[n], -INFINITY), end);
    add(list, nextafter(moments[n], INFINITY), end);
    add(list, n + 1 < found ? moments[n] / 2 + moments[n + 1] / 2 : end, end);
  }
  add(list, end, end);
  qsort(list->times, (size_t)list->count, sizeof *list->times, compare_times);
  return heat_ok();
}

/* The places at which an expression is evaluated: evenly spaced cells along each axis, or along a side. */
typedef struct places {
  const heat_problem *problem;
  int64_t count[HEAT_AXES], cells[HEAT_AXES];
  int side; /* -1: the domain */
} places;

static places spread(const heat_problem *problem, bool in_space, int side) {
  enum { SQUARE = 64 };
  places where = {.problem = problem, .side = side};
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int64_t most = side < 0 ? SQUARE : PLACES;
    where.cells[axis] = problem->cells[axis];
    where.count[axis] = where.cells[axis] < most ? where.cells[axis] : most;
    if (!in_space || (side >= 0 && axis == side / 2)) where.count[axis] = 1;
  }
  return where;
}

static double place(const places *where, int axis, int64_t n) {
  const heat_problem *problem = where->problem;
  if (where->side >= 0 && axis == where->side / 2)
    return problem->origin[axis] + (where->side % 2 == 0 ? 0 : problem->size[axis]);
  const int64_t last = where->count[axis] - 1;
  return heat_problem_centre(problem, axis, last > 0 ? n * (where->cells[axis] - 1) / last : 0);
}

/* Raise *settles to the time after which this quantity does not change. */
static heat_status settle(const heat_problem *problem, const heat_quantity *quantity, int side, double end,
                          double *settles) {
  if (quantity == NULL || quantity->expression == NULL || !heat_expression_in_time(quantity->expression))
    return heat_ok();
  const char *text = heat_config_value(problem->config, "%s", quantity->key).expression;
  const bool in_space = heat_expression_in_space(quantity->expression);
  const places where = spread(problem, in_space, side);
  instants list;
  heat_status status = list_instants(&list, text, in_space, end);
  int64_t settled = 0;
  for (int64_t j = 0; j < where.count[HEAT_Y] && status.code == HEAT_OK; j++) {
    for (int64_t i = 0; i < where.count[HEAT_X]; i++) {
      const double x = place(&where, HEAT_X, i), y = place(&where, HEAT_Y, j);
      const double last = heat_expression_value(quantity->expression, x, y, end);
      for (int64_t n = list.count - 2; n >= settled; n--) {
        const double value = heat_expression_value(quantity->expression, x, y, list.times[n]);
        if (value == last || (isnan(value) && isnan(last))) continue;
        settled = n + 1;
        break;
      }
    }
  }
  if (status.code == HEAT_OK) *settles = fmax(*settles, list.times[settled]);
  free(list.times);
  return status;
}

heat_status heat_problem_settles(const heat_problem *problem, double end, double *settles) {
  heat_status status = heat_ok();
  *settles = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    status = heat_first(status, settle(problem, problem->sides[side].value, side, end, settles));
    status = heat_first(status, settle(problem, problem->sides[side].coefficient, side, end, settles));
  }
  status = heat_first(status, settle(problem, problem->base[HEAT_SOURCE], -1, end, settles));
  for (int r = 0; r < problem->region_count; r++)
    status = heat_first(status, settle(problem, problem->regions[r].set[HEAT_SOURCE], -1, end, settles));
  return status;
}
