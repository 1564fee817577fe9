/* What the tests of one process that write files share: a directory of its own for each test, and small files in it.
 * Tests of several ranks have scene.h for that, those that run the program command.h. */
#ifndef HEAT2D_TESTS_PLACE_H
#define HEAT2D_TESTS_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "written.h"

static char place[64];

/* Setup and teardown of a test: change to a new directory, and back. */
static inline int enter(void **state) {
  (void)state;
  snprintf(place, sizeof place, "/tmp/heat2d-place-XXXXXX");
  return mkdtemp(place) != NULL && chdir(place) == 0 ? 0 : -1;
}

static inline int leave(void **state) {
  (void)state;
  char line[128];
  snprintf(line, sizeof line, "rm -rf '%s'", place);
  return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

static inline void touch(const char *name) {
  write_text(name, "");
}

#endif
