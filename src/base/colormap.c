#include "heat2d/base/colormap.h"

#include "colormap_tables.h"

#include <string.h>

/* In the order of heat_colormap_tables, so that one index serves for both. */
const char *const heat_colormap_names[] = {"inferno", "viridis",  "magma", "plasma", "cividis",
                                           "turbo",   "coolwarm", "gray",  NULL};

static unsigned char hexadecimal(char digit) {
  return (unsigned char)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

bool heat_colormap(const char *name, unsigned char rgb[HEAT_COLOURS][3]) {
  enum { BASE = 16 };
  for (int map = 0; heat_colormap_names[map] != NULL; map++) {
    if (strcmp(name, heat_colormap_names[map]) != 0) continue;
    const char *digits = heat_colormap_tables[map].digits;
    for (int byte = 0; byte < 3 * HEAT_COLOURS; byte++, digits += 2)
      rgb[byte / 3][byte % 3] = (unsigned char)(BASE * hexadecimal(digits[0]) + hexadecimal(digits[1]));
    return true;
  }
  return false;
}
