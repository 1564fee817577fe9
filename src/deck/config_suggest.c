/* Suggestions for unknown keys. */
#include "config_private.h"
#include "heat2d/base/words.h"

#include <string.h>

/* The number of leading segments in which `key` and `path` agree. */
static size_t shared(const char *key, const char *path) {
  size_t segments = 0;
  for (; *path != '\0' && *key == *path; key++, path++) segments += *key == '.';
  return segments + (*path == '\0' && *key == '.');
}

/* The row with the lowest score is the nearest: ten points for each letter that differs, and at most twelve for another
 * section. So a key of the same section with one wrong letter comes before the same word in a distant section. */
void heat_option_suggest(const heat_option *section, const char *path, const char *leaf, char *text, size_t size) {
  enum { PER_LETTER = 10, OTHER_SECTION = 12 };
  const char *inside = heat_option_inside(section), *dot = *path != '\0' ? "." : "";
  const heat_option *nearest = NULL;
  bool nearest_here = false;
  size_t best = (size_t)-1;
  const heat_option *row;
  for (int i = 0; (row = heat_option_row(i)) != NULL; i++) {
    const char *word = heat_option_leaf(row);
    size_t letters = heat_word_distance(leaf, word);
    if (!heat_word_near(leaf, word, letters)) continue;
    bool here = heat_option_is_under(row, inside);
    if (!here && letters > 1 && strlen(word) < 5) continue; /* short words such as `from` are near to almost anything */
    if (!here && (strncmp(row->key, "FIELD.", 6) == 0 || *word == '*')) continue;
    size_t score = PER_LETTER * letters + (here ? 0 : OTHER_SECTION - shared(row->key, path));
    if (score >= best) continue;
    best = score;
    nearest = row;
    nearest_here = here;
  }
  if (nearest != NULL && nearest_here) {
    snprintf(text, size, "nearest: %s%s%s", path, dot, heat_option_leaf(nearest));
  } else if (nearest != NULL) {
    snprintf(text, size, "nearest: %s", nearest->key);
  } else {
    snprintf(text, size, "accepted:");
    const char *separator = " ";
    for (row = NULL; (row = heat_option_next(inside, row)) != NULL; separator = ", ")
      heat_option_join(text, size, separator, heat_option_leaf(row));
  }
}
