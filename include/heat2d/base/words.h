/* How near two words are, for the suggestions in messages. */
#ifndef HEAT2D_WORDS_H
#define HEAT2D_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* How many letters must be put in, left out, changed or swapped with their neighbour to make one word the other
 * (optimal string alignment; Damerau 1964). Words of over 48 letters are as far apart as that. Local. */
size_t heat_word_distance(const char *a, const char *b);

/* Whether `word` is a likely correction of `typed`, given that the two are `letters` apart. Local. */
bool heat_word_near(const char *typed, const char *word, size_t letters);

#endif
