/* How similar two words are, for the suggestions in messages. */
#ifndef HEAT2D_WORDS_H
#define HEAT2D_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Return how many letters have to be inserted, deleted, changed or swapped with their neighbour to turn one word into
 * the other (optimal string alignment distance; Damerau 1964). The distance of words of more than 48 letters is taken
 * to be 48. Local. */
size_t heat_word_distance(const char *a, const char *b);

/* Tell whether `word` is a likely correction of `typed`, given their distance `letters`. Local. */
bool heat_word_near(const char *typed, const char *word, size_t letters);

#endif
