/* cairo names what an SVG refers to by counters of the whole process (image20, surface16), so that a picture would
 * depend on how many were drawn before it, and with that on the number of ranks. Here each name keeps its word and gets
 * the place in which it stands first in the file as its number. */
#include "picture_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct name {
  const char *text; /* in the file that is read */
  size_t length;
} name;

typedef struct names {
  name *list;
  size_t count, room;
} names;

/* The place of a name among those that are known, at whose end it is put; false: there is no memory. */
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

/* Where a name begins next: behind id=", "# and (#; NULL: nowhere. */
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
  /* The first characters are those of <?xml, so that what stands before a quotation mark can be looked at. */
  for (const char *at = next_name(text); at != NULL && good; at = next_name(at)) {
    const name whole = {at, strcspn(at, "\")")};
    size_t word = whole.length, place;
    while (word > 0 && isdigit((unsigned char)at[word - 1])) word--;
    if (word == whole.length) continue; /* without a number */
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
