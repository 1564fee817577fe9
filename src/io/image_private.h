/* What the files of the picture room share with each other and with its test: the font and the tick values. */
#ifndef HEAT2D_IMAGE_PRIVATE_H
#define HEAT2D_IMAGE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

/* A character is HEAT_GLYPH_WIDTH dots wide and HEAT_GLYPH_HEIGHT high, of which the last rows hang below the line. */
enum { HEAT_GLYPH_WIDTH = 5, HEAT_GLYPH_HEIGHT = 9, HEAT_GLYPH_DESCENT = 2 };

/* Whether the dot of `character` at `row` from the top and `column` from the left is inked; what is not printable ASCII
 * looks like '?'. Local. */
bool heat_glyph_dot(char character, int row, int column);

enum {
  HEAT_TICK_LABEL = 9, /* characters that a label has room for, the same in every frame of a movie */
  HEAT_TICK_TEXT = 48  /* bytes that hold any label or base */
};

typedef enum heat_tick_form {
  HEAT_TICK_FIXED,      /* 293.15 */
  HEAT_TICK_SCIENTIFIC, /* 2.5e-7 */
  HEAT_TICK_OFFSET      /* +2e-9, to be added to the base */
} heat_tick_form;

/* Round numbers (first + i) mantissa 10^exponent, 0 <= i < count; integers, so that no label shows a rounding error. */
typedef struct heat_ticks {
  int count;
  int64_t first;
  int mantissa, exponent;
  heat_tick_form form;
} heat_ticks;

/* Ticks within low..high: at least `wanted` and at most 2 wanted - 1, in the largest step of 1, 2 or 5 times a power of
 * ten that does so, or else of 2.5. None when low..high is empty, not finite, or too small to be resolved. Local. */
heat_ticks heat_ticks_choose(double low, double high, int wanted);

/* The value of tick i. Local. */
double heat_ticks_value(const heat_ticks *ticks, int i);

/* The label of tick i: at most HEAT_TICK_LABEL characters, different for each tick. Local. */
void heat_ticks_label(const heat_ticks *ticks, int i, char text[HEAT_TICK_TEXT]);

/* What the labels of the form HEAT_TICK_OFFSET are to be added to: the first tick in full. Local. */
void heat_ticks_base(const heat_ticks *ticks, char text[HEAT_TICK_TEXT]);

#endif
