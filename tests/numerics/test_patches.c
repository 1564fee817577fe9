/* The coefficients that patches report for a box are those of all of its cells, and large boxes of one material are
 * found. */
#include "heat2d/numerics/patches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NX = 100, NY = 70, STRIDE = NX + 3, SIZE = STRIDE * NY };

static double values[3][SIZE];
static const heat_box cells = {{-5, 7}, {NX - 5, NY + 7}};

static uint64_t seed = 1;
static int draw(int below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (int)((seed >> 33) % (uint64_t)below);
}

static heat_arrays all_arrays(void) {
  return (heat_arrays){.count = 3,
                       .at = {values[0], values[1], values[2]},
                       .origin = {cells.lo[HEAT_X], cells.lo[HEAT_Y]},
                       .stride = STRIDE,
                       .cells = cells};
}

static void fill(int number, heat_box box, double value) {
  const heat_arrays arrays = all_arrays();
  for (int64_t j = box.lo[HEAT_Y]; j < box.hi[HEAT_Y]; j++)
    for (int64_t i = box.lo[HEAT_X]; i < box.hi[HEAT_X]; i++)
      values[number][heat_arrays_at(&arrays, number, i, j) - values[number]] = value;
}

/* Whether all cells of the box that belong to the patches have the coefficients `common`. */
static bool all_have(const double *common, heat_box box) {
  const heat_arrays arrays = all_arrays();
  const heat_box part = heat_box_intersect(box, cells);
  for (int a = 0; a < arrays.count; a++)
    for (int64_t j = part.lo[HEAT_Y]; j < part.hi[HEAT_Y]; j++)
      for (int64_t i = part.lo[HEAT_X]; i < part.hi[HEAT_X]; i++)
        if (memcmp(heat_arrays_at(&arrays, a, i, j), &common[a], sizeof *common) != 0) return false;
  return true;
}

static heat_box random_box(int widest) {
  const int64_t i = cells.lo[HEAT_X] - 9 + draw(NX + 9), j = cells.lo[HEAT_Y] - 9 + draw(NY + 9);
  return (heat_box){{i, j}, {i + 1 + draw(widest), j + 1 + draw(widest)}};
}

static void common_values_are_those_of_every_cell(void **state) {
  (void)state;
  enum { TRIALS = 100, BOXES = 50 };
  int found = 0;
  for (int n = 0; n < TRIALS; n++) {
    for (int a = 0; a < 3; a++) fill(a, cells, a);
    for (int r = draw(4); r > 0; r--) {
      const int number = draw(3);
      fill(number, heat_box_intersect(random_box(40), cells), 5 + draw(3));
    }
    const heat_arrays arrays = all_arrays();
    heat_patches *patches;
    assert_int_equal(heat_patches_create(&patches, &arrays, cells, 0).code, HEAT_OK);
    for (int b = 0; b < BOXES; b++) {
      const heat_box box = random_box(60);
      const double *common = heat_patches_common(patches, box);
      if (common == NULL) continue;
      found++;
      assert_true(all_have(common, box));
      assert_true(box.hi[HEAT_X] <= cells.hi[HEAT_X] && box.hi[HEAT_Y] <= cells.hi[HEAT_Y]);
    }
    heat_patches_destroy(patches);
  }
  assert_true(found > TRIALS);
}

/* As many materials as there is room for in the list, and two more, each in a patch of its own. */
static void every_material_has_its_patch(void **state) {
  (void)state;
  enum { MOST = HEAT_PATCH_KINDS + 2, WIDE = HEAT_PATCH * MOST };
  static double wide[WIDE];
  for (int n = 0; n < WIDE; n++) wide[n] = n / HEAT_PATCH;
  const heat_box row = {{0, 0}, {WIDE, 1}};
  const heat_arrays arrays = {.count = 1, .at = {wide}, .stride = WIDE, .cells = row};
  heat_patches *patches;
  assert_int_equal(heat_patches_create(&patches, &arrays, row, 0).code, HEAT_OK);
  for (int n = 0; n < MOST; n++) {
    const double *common = heat_patches_common(patches, (heat_box){{n * HEAT_PATCH, 0}, {(n + 1) * HEAT_PATCH, 1}});
    if (n < HEAT_PATCH_KINDS)
      assert_true(common != NULL && common[0] == n);
    else
      assert_null(common);
    if (n > 0) assert_null(heat_patches_common(patches, (heat_box){{n * HEAT_PATCH - 1, 0}, {n * HEAT_PATCH + 1, 1}}));
  }
  heat_patches_destroy(patches);
}

/* A cell that differs is found at the ends of rows and within them. Cells that do not belong to the patches have no
 * influence. */
static void an_array_of_one_value_is_found(void **state) {
  (void)state;
  const int64_t west = cells.lo[HEAT_X] + 1, east = cells.hi[HEAT_X] - 1, low = cells.lo[HEAT_Y],
                high = cells.hi[HEAT_Y];
  const heat_arrays arrays = all_arrays();
  const heat_box part = {{west, low}, {east, high}};
  const int64_t places[][HEAT_AXES] = {{west - 1, low},  {west, low},          {east - 1, low},
                                       {west, high - 1}, {east - 1, high - 1}, {west + 9, low + 30}};
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    for (int a = 0; a < 3; a++) fill(a, cells, a);
    fill(1, (heat_box){{places[n][0], places[n][1]}, {places[n][0] + 1, places[n][1] + 1}}, 9);
    for (int a = 0; a < 2; a++) {
      heat_patches *patches;
      assert_int_equal(heat_patches_create(&patches, &arrays, part, a).code, HEAT_OK);
      const bool is_one = a == 0 || n == 0;
      assert_true(is_one ? patches->one != NULL && *patches->one == a : patches->one == NULL);
      heat_patches_destroy(patches);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_array_of_one_value_is_found),
      cmocka_unit_test(common_values_are_those_of_every_cell),
      cmocka_unit_test(every_material_has_its_patch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
