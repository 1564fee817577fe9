/* What the files of the expressions share: the text that a person writes, in the words of the library. */
#ifndef HEAT2D_EXPRESSION_PRIVATE_H
#define HEAT2D_EXPRESSION_PRIVATE_H

#include "heat2d/deck/expression.h"

/* A ! of one character becomes three, "N(" and ")". */
enum { HEAT_EXPRESSION_LONGEST = 4096, HEAT_EXPRESSION_GROWS = 3 };

/* The library's name for `not`: a function, since it gives operators of ours no rank that can be relied on. */
#define HEAT_EXPRESSION_NOT "N"

/* An expression as the library is to read it, and for each of its characters the place (from 1) in the text that it
 * came from. */
typedef struct heat_translation {
  char text[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
  int from[HEAT_EXPRESSION_GROWS * HEAT_EXPRESSION_LONGEST + 1];
} heat_translation;

/* Translate the words and operators that the library does not have, and refuse what it would take but read otherwise
 * than it is meant. HEAT_DECK with the place. Local. */
heat_status heat_expression_translate(heat_translation *out, const char *text, bool time_allowed);

#endif
