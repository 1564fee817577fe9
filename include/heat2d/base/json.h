/* JSON as far as heat2d writes and reads it: status.json and what `--json` prints. All Local. */
#ifndef HEAT2D_JSON_H
#define HEAT2D_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Text as a JSON string, with its quotes. */
void heat_json_text(FILE *out, const char *text);

/* A finite number with so many digits, null in place of any other. */
void heat_json_number(FILE *out, double number, int digits);

/* The value of a member into value[size], a string without its quotes and escapes (those above \u00ff become '?'), cut
 * where it does not fit. The text has each member on a line of its own, as status.json. False when there is none, or
 * when it is null. */
bool heat_json_member(const char *text, const char *name, char *value, size_t size);

#endif
