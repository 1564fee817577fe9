/* Colour maps: the published colours. */
#include "heat2d/base/colormap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RGB = 3 };

/* Known colours, as their publications and matplotlib's own tables give them. */
static void maps_have_the_published_colours(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int level;
    unsigned char rgb[RGB];
  } known[] = {{"viridis", 0, {68, 1, 84}},    {"viridis", 128, {33, 145, 140}},   {"viridis", 255, {253, 231, 37}},
               {"inferno", 0, {0, 0, 4}},      {"inferno", 128, {188, 55, 84}},    {"inferno", 255, {252, 255, 164}},
               {"magma", 0, {0, 0, 4}},        {"magma", 128, {183, 55, 121}},     {"magma", 255, {252, 253, 191}},
               {"plasma", 0, {13, 8, 135}},    {"plasma", 128, {204, 71, 120}},    {"plasma", 255, {240, 249, 33}},
               {"cividis", 0, {0, 34, 78}},    {"cividis", 128, {125, 124, 120}},  {"cividis", 255, {254, 232, 56}},
               {"turbo", 0, {48, 18, 59}},     {"turbo", 128, {164, 252, 60}},     {"turbo", 255, {122, 4, 3}},
               {"coolwarm", 0, {59, 76, 192}}, {"coolwarm", 128, {221, 220, 220}}, {"coolwarm", 255, {180, 4, 38}},
               {"gray", 0, {0, 0, 0}},         {"gray", 128, {128, 128, 128}},     {"gray", 255, {255, 255, 255}}};
  unsigned char map[HEAT_COLOURS][RGB];
  for (size_t n = 0; n < sizeof known / sizeof *known; n++) {
    assert_true(heat_colormap(known[n].name, map));
    assert_memory_equal(map[known[n].level], known[n].rgb, RGB);
  }
}

/* Neighbouring colours differ little; a wrong digit would show. */
static void maps_are_smooth(void **state) {
  (void)state;
  const int jump = 12;
  for (int n = 0; heat_colormap_names[n] != NULL; n++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(heat_colormap_names[n], map));
    for (int level = 1; level < HEAT_COLOURS; level++)
      for (int c = 0; c < RGB; c++) assert_true(abs(map[level][c] - map[level - 1][c]) <= jump);
  }
}

/* In second differences even a small error of a digit shows. */
static void perceptual_maps_do_not_jitter(void **state) {
  (void)state;
  static const char *const names[] = {"viridis", "inferno", "magma", "plasma", "cividis", "gray"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    unsigned char map[HEAT_COLOURS][RGB];
    assert_true(heat_colormap(names[n], map));
    for (int level = 1; level < HEAT_COLOURS - 1; level++)
      for (int c = 0; c < RGB; c++) assert_true(abs(map[level + 1][c] - 2 * map[level][c] + map[level - 1][c]) <= 5);
  }
}

static void unknown_map_is_refused(void **state) {
  (void)state;
  unsigned char map[HEAT_COLOURS][RGB];
  assert_false(heat_colormap("jet", map));
  assert_false(heat_colormap("", map));
  assert_false(heat_colormap("Inferno", map));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_have_the_published_colours),
      cmocka_unit_test(maps_are_smooth),
      cmocka_unit_test(perceptual_maps_do_not_jitter),
      cmocka_unit_test(unknown_map_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
