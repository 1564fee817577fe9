/* JSON as far as heat2d writes and reads it: status.json and what `--json` prints. All Local. */
#ifndef HEAT2D_JSON_H
#define HEAT2D_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Write a text as a JSON string, with its quotes. */
void heat_json_text(FILE *out, const char *text);

/* Write a finite number with `digits` significant digits, and null in place of any other number. */
void heat_json_number(FILE *out, double number, int digits);

/* Copy the value of a member to value[size]: a string loses its quotes and escapes (escapes above \u00ff become '?'),
 * and a value that does not fit is cut. The text has to have each member on a line of its own, as status.json has.
 * Returns false when there is no such member, or when it is null. */
bool heat_json_member(const char *text, const char *name, char *value, size_t size);

#endif
