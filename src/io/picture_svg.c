/* cairo makes the identifiers of an SVG with counters of the process (image20, surface16), so that the bytes of a
 * picture would depend on how many pictures were drawn before it, and so on the number of ranks. Here each identifier
 * keeps its word, but gets the number of its first occurrence in the file. */
#include "picture_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct name {
  const char *text; /* where the name is in the input */
  size_t length;
} name;

typedef struct names {
  name *list;
  size_t count, room;
} names;

/* Find the position of a name in the list of known names, and append it if it is new; false when memory is
 * exhausted. */
static bool find(names *known, name sought, size_t *place) {
  for (size_t n = 0; n < known->count; n++) {
    *place = n;
    if (known->list[n].length == sought.length && memcmp(known->list[n].text, sought.text, sought.length) == 0)
      return true;
  }
  if (known->count == known->room) {
    const size_t room = 2 * known->room + 64;
    name *more = realloc(known->list, room * sizeof *more);
    if (more == NULL) return false;
    known->list = more;
    known->room = room;
  }
  *place = known->count;
  known->list[known->count++] = sought;
  return true;
}

/* Find the next name, which begins after id=", "# or (#; NULL if there is none. */
static const char *next_name(const char *at) {
  for (at = strpbrk(at, "\"("); at != NULL; at = strpbrk(at + 1, "\"(")) {
    if (at[1] == '#') return at + 2;
    if (*at == '"' && strncmp(at - 4, " id=", 4) == 0) return at + 1;
  }
  return NULL;
}

char *heat_svg_renumber(const char *text, size_t *length) {
  char *renumbered = NULL;
  names known = {0};
  FILE *out = open_memstream(&renumbered, length);
  if (out == NULL) return NULL;
  bool good = true;
  const char *done = text;
  /* The text begins with <?xml, so that there are always characters before a quotation mark. */
  for (const char *at = next_name(text); at != NULL && good; at = next_name(at)) {
    const name whole = {at, strcspn(at, "\")")};
    size_t word = whole.length, place;
    while (word > 0 && isdigit((unsigned char)at[word - 1])) word--;
    if (word == whole.length) continue; /* the name has no number */
    good = find(&known, whole, &place);
    fwrite(done, 1, (size_t)(at - done) + word, out);
    if (good) fprintf(out, "%zu", place);
    done = at + whole.length;
  }
  fputs(done, out);
  good = ferror(out) == 0 && good;
  good = fclose(out) == 0 && good;
  free(known.list);
  if (good) return renumbered;
  free(renumbered);
  return NULL;
}
