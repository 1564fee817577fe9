/* The jumps in time of what a deck prescribes.
 *
 * The values at many evenly spaced instants are compared. Between two instants at which they differ, bisection goes on
 * in the half in which they differ more. The difference of a continuous function becomes smaller and smaller; that of a
 * jump remains until there is no floating-point number between the two instants. */
#include "problem_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  EVEN = 4096, /* instants */
  PLACES = 3,  /* along each axis, for expressions that depend on space */
  MOST = 512,  /* jumps; if there are more, none are reported */
  CUTS = 1100  /* bisections, enough for any two instants */
};
static const double least = 1e-9; /* smallest jump, relative to the values around it */
/* Relative to the whole time: instants nearer to each other (or to 0) count as equal. */
static const double narrow = 1e-21;

typedef struct search {
  heat_expression *expression;
  double x, y, end;
  heat_jump *jumps;
  int count;
} search;

static double value_at(const search *s, double t) {
  return heat_expression_value(s->expression, s->x, s->y, t);
}

static double change(double a, double b) {
  return isnan(a) || isnan(b) ? (isnan(a) == isnan(b) ? 0 : INFINITY) : fabs(a - b);
}

/* Find the largest jump between two instants, if there is one. */
static void cut(search *s, double low, double high) {
  double at_low = value_at(s, low), at_high = value_at(s, high);
  const double whole = change(at_low, at_high), size = fmax(fabs(at_low), fabs(at_high)), part = 0.1;
  if (!(whole > least * size)) return;
  for (int n = 0; n < CUTS; n++) {
    const double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high) || high - low < narrow * s->end) break;
    const double value = value_at(s, middle);
    if (change(at_low, value) >= change(value, at_high)) {
      high = middle;
      at_high = value;
    } else {
      low = middle;
      at_low = value;
    }
    if (!(change(at_low, at_high) > part * part * whole)) return;
  }
  if (s->count <= MOST) s->jumps[s->count++] = (heat_jump){low, high};
}

static int by_time(const void *a, const void *b) {
  const heat_jump *one = a, *other = b;
  return one->before < other->before ? -1 : one->before > other->before;
}

/* Sort the jumps and remove repetitions; returns how many remain. */
static int tidy(heat_jump *jumps, int count) {
  int kept = 0;
  qsort(jumps, (size_t)count, sizeof *jumps, by_time);
  for (int n = 0; n < count; n++)
    if (kept == 0 || jumps[n].before > jumps[kept - 1].before) jumps[kept++] = jumps[n];
  return kept;
}

/* Select one of PLACES x PLACES places; the first is a corner. */
static void go_to_place(search *s, const heat_problem *problem, int place) {
  const int64_t i = (problem->cells[HEAT_X] - 1) * (place % PLACES) / PLACES;
  const int64_t j = (problem->cells[HEAT_Y] - 1) * (place / PLACES) / PLACES;
  s->x = heat_problem_centre(problem, HEAT_X, i);
  s->y = heat_problem_centre(problem, HEAT_Y, j);
}

static void look_at(search *s, const heat_problem *problem, const heat_quantity *quantity, double end) {
  if (quantity == NULL || quantity->expression == NULL || !heat_expression_in_time(quantity->expression)) return;
  const int places = heat_expression_in_space(quantity->expression) ? PLACES : 1;
  s->expression = quantity->expression;
  for (int p = 0; p < places * places && s->count <= MOST; p++) {
    go_to_place(s, problem, p);
    for (int n = 0; n < EVEN && s->count <= MOST; n++)
      cut(s, end / EVEN * n, n + 1 < EVEN ? end / EVEN * (n + 1) : end);
    s->count = tidy(s->jumps, s->count);
  }
}

heat_status heat_problem_jumps(const heat_problem *problem, double end, heat_jump **jumps, int *count) {
  search s = {.end = end, .jumps = malloc((MOST + 1) * sizeof *s.jumps)};
  *jumps = NULL;
  *count = 0;
  if (s.jumps == NULL) return heat_no_memory("jumps in time", (MOST + 1) * sizeof *s.jumps);
  for (int side = 0; side < HEAT_SIDES; side++) {
    look_at(&s, problem, problem->sides[side].value, end);
    look_at(&s, problem, problem->sides[side].coefficient, end);
  }
  look_at(&s, problem, problem->base[HEAT_SOURCE], end);
  for (int r = 0; r < problem->region_count; r++) look_at(&s, problem, problem->regions[r].set[HEAT_SOURCE], end);
  if (s.count == 0 || s.count > MOST) {
    free(s.jumps);
    return heat_ok();
  }
  *jumps = s.jumps;
  *count = s.count;
  return heat_ok();
}

static int turns_at(search *s, double end) {
  double before = value_at(s, 0), way = 0;
  int count = 0;
  for (int n = 1; n <= EVEN; n++) {
    const double value = value_at(s, end / EVEN * n), change_now = value - before;
    if (change_now * way < 0) count++;
    if (change_now != 0) way = change_now;
    before = value;
  }
  return count;
}

/* The number of turns of one quantity, at the place where there are most. */
static int turns(const heat_problem *problem, const heat_quantity *quantity, double end) {
  if (quantity == NULL || quantity->expression == NULL || !heat_expression_in_time(quantity->expression)) return 0;
  search s = {.expression = quantity->expression};
  const int places = heat_expression_in_space(quantity->expression) ? PLACES : 1;
  int most = 0;
  for (int p = 0; p < places * places; p++) {
    go_to_place(&s, problem, p);
    const int own = turns_at(&s, end);
    if (own > most) most = own;
  }
  return most;
}

int heat_problem_turns(const heat_problem *problem, double end) {
  int most = turns(problem, problem->base[HEAT_SOURCE], end);
  for (int n = 0; n < 2 * HEAT_SIDES + problem->region_count; n++) {
    const heat_side *side = n < 2 * HEAT_SIDES ? &problem->sides[n / 2] : NULL;
    const heat_quantity *quantity = side == NULL ? problem->regions[n - 2 * HEAT_SIDES].set[HEAT_SOURCE]
                                    : n % 2 == 0 ? side->value
                                                 : side->coefficient;
    const int own = turns(problem, quantity, end);
    if (own > most) most = own;
  }
  return most;
}

heat_span heat_problem_wall_span(const heat_problem *problem, double end) {
  enum { INSTANTS = 256 };
  heat_span span = {INFINITY, -INFINITY};
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int along = 1 - side / 2;
    if (problem->sides[side].periodic || !(problem->sides[side].a_scale > 0)) continue;
    for (int n = 0; n < PLACES * (INSTANTS + 1); n++) {
      const int64_t cell = (problem->cells[along] - 1) * (n % PLACES) / (PLACES - 1);
      const double s = heat_problem_centre(problem, along, cell), t = end * (n / PLACES) / INSTANTS;
      double coefficient, value;
      if (heat_problem_side_at(problem, side, s, t, &coefficient, &value).code != HEAT_OK) continue;
      span.low = fmin(span.low, value);
      span.high = fmax(span.high, value);
    }
  }
  return span;
}
