/* Expressions in x, y and t: the one place that knows the expression library. */
#ifndef HEAT2D_EXPRESSION_H
#define HEAT2D_EXPRESSION_H

#include "heat2d/status.h"

typedef struct heat_expression heat_expression;

/* Compile `text`. Known names: x, y (m), t (s, only when `time_allowed`), pi, the functions and operators of the
 * library (sin, exp, min, ...; comparison, && and ||, the conditional a ? b : c). Assignments and lists are refused.
 * HEAT_DECK with a message such as "unknown name 'z' at character 4" when it does not parse. Local. */
heat_status heat_expression_create(heat_expression **expression, const char *text, bool time_allowed);

void heat_expression_destroy(heat_expression *expression); /* NULL is allowed. Local. */

/* The value at a point and a time; NaN where the library reports an error. Local. */
double heat_expression_value(heat_expression *expression, double x, double y, double t);

/* Whether the expression names x or y; whether it names t. Local. */
bool heat_expression_in_space(const heat_expression *expression);
bool heat_expression_in_time(const heat_expression *expression);

#endif
