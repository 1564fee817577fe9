/* Ticks of axes, colour bars and isotherms: round numbers in a range, and their labels. */
#ifndef HEAT2D_TICKS_H
#define HEAT2D_TICKS_H

#include <stdint.h>

enum {
  HEAT_TICK_LABEL = 9, /* largest number of characters of a label, the same in all frames of a film */
  HEAT_TICK_TEXT = 48  /* bytes for any label or base */
};

typedef enum heat_tick_form {
  HEAT_TICK_FIXED,      /* 293.15 */
  HEAT_TICK_SCIENTIFIC, /* 2.5e-7 */
  HEAT_TICK_OFFSET      /* +2e-9, to be added to the base */
} heat_tick_form;

/* Round numbers (first + i) mantissa 10^exponent, 0 <= i < count. They are stored as integers so that no label shows a
 * rounding error. */
typedef struct heat_ticks {
  int count;
  int64_t first;
  int mantissa, exponent;
  heat_tick_form form;
} heat_ticks;

/* Choose at least `wanted` and at most 2 wanted - 1 ticks in [low, high], with the largest step of 1, 2 or 5 times a
 * power of ten for which this is possible, or else 2.5 times. There are none if [low, high] is empty, not finite, or
 * too small to be resolved. Local. */
heat_ticks heat_ticks_choose(double low, double high, int wanted);

/* Choose at most `most` >= 1 ticks, with the smallest such step. There are none in the same cases. Local. */
heat_ticks heat_ticks_at_most(double low, double high, int most);

/* Return the value of tick i. Local. */
double heat_ticks_value(const heat_ticks *ticks, int i);

/* Write the label of tick i: at most HEAT_TICK_LABEL characters, different for each tick. Local. */
void heat_ticks_label(const heat_ticks *ticks, int i, char text[HEAT_TICK_TEXT]);

/* Write the number to which labels of the form HEAT_TICK_OFFSET have to be added: the first tick in full. Local. */
void heat_ticks_base(const heat_ticks *ticks, char text[HEAT_TICK_TEXT]);

/* Write any other value in the form of the ticks, such as an end of the range, with up to two digits more than they
 * have: at most HEAT_TICK_LABEL characters. Local. */
void heat_ticks_between(const heat_ticks *ticks, double value, char text[HEAT_TICK_TEXT]);

/* Return the number of characters of the longest label. Local. */
int heat_ticks_length(const heat_ticks *ticks);

#endif
