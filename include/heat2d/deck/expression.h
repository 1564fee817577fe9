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
 * sinh sqrt step sum tan tanh trunc. step(x) is 1 for x >= 0, else 0; clamp(x, low, high) is the value of [low, high]
 * that is nearest to x; mod(a, b) has the sign of b, fmod(a, b) that of a. `not` negates a whole comparison, ! only the
 * operand that follows it. Assignments, lists and a comparison of a comparison (a < b < c) are refused. HEAT_DECK with
 * a message such as "unknown name 'z' at character 4 (...)" when the text does not parse. Local. */
heat_status heat_expression_create(heat_expression **expression, const char *text, bool time_allowed);

void heat_expression_destroy(heat_expression *expression); /* NULL is allowed. Local. */

/* Return the value at a point and a time; NaN when the library reports an error. Local. */
double heat_expression_value(heat_expression *expression, double x, double y, double t);

/* Points on parallel lines: `lines` lines along `axis` (0: x, 1: y), each with the same `count` points. */
typedef struct heat_points {
  int axis;
  const double *along;  /* `count` coordinates on a line, m */
  const double *across; /* the other coordinate of each line, m */
  int64_t count, lines;
  double t; /* s */
} heat_points;

/* Evaluate at all these points: out[line * stride + point] gets the same bits as heat_expression_value. Several threads
 * may evaluate one expression at the same time. Local. */
void heat_expression_values(heat_expression *expression, const heat_points *at, double *out, ptrdiff_t stride);

/* Tell whether the expression is written as the product of a factor in t alone and a factor in x and y alone, f(t)*g(x,
 * y) or g(x, y)*f(t), and evaluate either factor. The product of both has the bits of heat_expression_value. Local. */
bool heat_expression_is_product(const heat_expression *expression);
double heat_expression_time_factor(heat_expression *expression, double t);
void heat_expression_space_factor(heat_expression *expression, const heat_points *at, double *out, ptrdiff_t stride);

/* Tell whether the expression contains x or y; whether it contains t. Local. */
bool heat_expression_in_space(const heat_expression *expression);
bool heat_expression_in_time(const heat_expression *expression);

/* Return the names of all functions, separated by commas. Local. */
const char *heat_expression_functions(void);

#endif
