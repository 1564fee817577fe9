#include "heat2d/base/words.h"

#include <string.h>

enum { LONGEST_WORD = 48 };

size_t heat_word_distance(const char *a, const char *b) {
  size_t rows = strlen(a), columns = strlen(b), d[LONGEST_WORD + 1][LONGEST_WORD + 1];
  if (rows > LONGEST_WORD || columns > LONGEST_WORD) return LONGEST_WORD;
  for (size_t i = 0; i <= rows; i++) {
    for (size_t j = 0; j <= columns; j++) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best) {
        best = d[i - 2][j - 2] + 1;
      }
      d[i][j] = best;
    }
  }
  return d[rows][columns];
}

bool heat_word_near(const char *typed, const char *word, size_t letters) {
  enum { SHORT = 4 };
  return letters <= (strlen(typed) < SHORT ? 1 : 2) && letters < strlen(word);
}
