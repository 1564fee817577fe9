/* Expressions in x, y and t, evaluated by muParser; no other room knows that library. */
#ifndef HEAT2D_EXPRESSION_H
#define HEAT2D_EXPRESSION_H

#include "heat2d/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct heat_expression heat_expression;

/* Compile `text`. Known names: x, y (m), t (s, only when `time_allowed`), pi, e; + - * / ^ (or **, from right to left,
 * above a sign), comparisons, and or not (or && || !), a ? b : c; abs acos acosh asin asinh atan atan2 atanh avg cbrt
 * ceil clamp cos cosh erf erfc exp floor fmod hypot ln log (natural) log10 log2 max min mod pow rint round sign sin
 * sinh sqrt step sum tan tanh trunc. step(x) is 1 from 0 on, else 0; clamp(x, low, high) the nearest value between the
 * two; mod(a, b) has the sign of b, fmod(a, b) that of a. `not` applies to a whole comparison, ! to what follows it.
 * Assignments, lists and a comparison of a comparison (a < b < c) are refused.
 * HEAT_DECK with a message such as "unknown name 'z' at character 4 (...)" when it does not parse. Local. */
heat_status heat_expression_create(heat_expression **expression, const char *text, bool time_allowed);

void heat_expression_destroy(heat_expression *expression); /* NULL is allowed. Local. */

/* The value at a point and a time; NaN where the library reports an error. Local. */
double heat_expression_value(heat_expression *expression, double x, double y, double t);

/* Points on straight lines: `count` of them along `axis` (0: x, 1: y), on each of `lines` lines. */
typedef struct heat_points {
  int axis;
  const double *along;  /* `count` coordinates on a line, m */
  const double *across; /* of each line, m */
  int64_t count, lines;
  double t; /* s */
} heat_points;

/* The values at all those points, out[line stride + point], with the bits of heat_expression_value. Several threads may
 * ask for values of one expression at once. Local. */
void heat_expression_values(heat_expression *expression, const heat_points *at, double *out, ptrdiff_t stride);

/* Whether it is the product of a factor in t alone and one in x and y alone, as it is written: f(t)*g(x, y) or the
 * other way round. The product of both has the bits of heat_expression_value. Local. */
bool heat_expression_is_product(const heat_expression *expression);
double heat_expression_time_factor(heat_expression *expression, double t);
void heat_expression_space_factor(heat_expression *expression, const heat_points *at, double *out, ptrdiff_t stride);

/* Whether the expression names x or y; whether it names t. Local. */
bool heat_expression_in_space(const heat_expression *expression);
bool heat_expression_in_time(const heat_expression *expression);

/* The names of all functions, with commas between them. Local. */
const char *heat_expression_functions(void);

#endif
