/* Lines in pictures, and the names of regions: isotherms lie where the field has their value, outlines where the
 * material changes. One process. */
static const char scratch[] = "test_picture_lines_scratch.png";

#include "picture_image.h"

/* Find where pixels of two drawings differ along row y of the field: the middle of each run, counted from the left of
 * the field. */
static int differences(const image *a, const image *b, const heat_picture_layout *plan, int y, double found[],
                       int most) {
  int count = 0;
  for (int x = 0, begin = -1; x <= plan->field.width; x++) {
    const bool differs = x < plan->field.width && memcmp(pixel(a, plan->field.x + x, plan->field.y + y),
                                                         pixel(b, plan->field.x + x, plan->field.y + y), RGB) != 0;
    if (differs && begin < 0) begin = x;
    if (differs || begin < 0) continue;
    assert_in_range(count, 0, most - 1);
    found[count++] = (begin + x) / 2.0;
    begin = -1;
  }
  return count;
}

/* With u = x / (1 mm) the isotherms are at round millimetres, and nowhere else; their labels hide some in some rows. */
static void isotherms_lie_where_the_field_has_their_value(void **state) {
  (void)state;
  enum { MOST = 1000, LINES = 7 };
  heat_picture picture = picture_of(640);
  picture.smooth = true;
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0), found[MOST];
  image without = draw(&picture, values);
  picture.isotherms = 10;
  image with = draw(&picture, values);
  int clean = 0;
  for (int y = 0; y < picture.height; y++) {
    const int count = differences(&with, &without, &plan, y, found, MOST);
    if (count != LINES) continue;
    bool all = true;
    for (int n = 0; n < LINES; n++) all = all && fabs(found[n] / picture.width * 40 - 5 * (n + 1)) < 0.15;
    clean += all;
  }
  assert_true(clean > picture.height / 4);
  picture.isotherms = 3; /* 20 alone, then, of 0, 20 and 40 */
  image few = draw(&picture, values);
  assert_int_equal(differences(&few, &without, &plan, 1, found, MOST), 1);
  assert_true(fabs(found[0] / picture.width * 40 - 20) < 0.15);
  free(few.rgb);
  free(with.rgb);
  free(without.rgb);
  free(values);
}

/* There are no isotherms where a field is constant up to rounding. */
static void isotherms_do_not_show_rounding(void **state) {
  (void)state;
  heat_picture picture = picture_of(640);
  picture.low = 0;
  double *values = values_of(&picture, 0), found[1000];
  for (int n = 0; n < 40 * 30; n++)
    if (n % 40 < 35) values[n] = 10 + (n % 7 - 3) * 1e-13;
  const heat_picture_layout plan = heat_picture_plan(&picture);
  image without = draw(&picture, values);
  picture.isotherms = 8;
  image with = draw(&picture, values);
  for (int y = 0; y < picture.height; y++) {
    const int count = differences(&with, &without, &plan, y, found, 1000);
    for (int n = 0; n < count; n++) assert_true(found[n] > 33.0 / 40 * picture.width);
  }
  free(with.rgb);
  free(without.rgb);
  free(values);
}

static const char layers[] = "domain: {size: [0.04, 0.03], cells: [40, 30]}\n"
                             "material: {conductivity: 1, density: 2, heat_capacity: 3}\n"
                             "initial: {temperature: 0}\ntime: {end: 1}\n"
                             "materials: {same: {conductivity: 1, density: 2, heat_capacity: 3}}\n"
                             "regions:\n"
                             "  - {shape: rectangle, min: [0.01, 0], max: [0.02, 0.03], density: 5}\n"
                             "  - {shape: rectangle, min: [0.02, 0], max: [0.025, 0.03], density: 5}\n"
                             "  - {shape: rectangle, min: [0.03, 0], max: [0.035, 0.03], material: same}\n"
                             "  - {shape: rectangle, min: [0, 0.02], max: [0.04, 0.03], temperature: 4}\n";

/* Where the density changes, and not where a region has the same material or only another temperature. */
static void outlines_lie_where_the_material_changes(void **state) {
  (void)state;
  for (int w = 0; w < 2; w++) { /* a sample for every cell, and for every other one */
    heat_config *config;
    heat_problem problem;
    const heat_status parsed = heat_config_parse(&config, "deck", layers, strlen(layers), NULL, 0);
    assert_string_equal(parsed.text, "");
    assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
    heat_picture picture = picture_of(640);
    if (w == 1) picture.samples[HEAT_X] = 20;
    int64_t *materials;
    picture.outlines = true;
    assert_int_equal(heat_picture_materials(&picture, &problem, MPI_COMM_SELF, &materials).code, HEAT_OK);
    assert_non_null(materials);
    const heat_picture_layout plan = heat_picture_plan(&picture);
    double *values = values_of(&picture, 0), found[1000];
    picture.high = 1e9; /* one colour */
    image without = draw(&picture, values);
    picture.materials = materials;
    image with = draw(&picture, values);
    for (int y = 0; y < picture.height; y++) {
      assert_int_equal(differences(&with, &without, &plan, y, found, 1000), 2);
      assert_true(fabs(found[0] / picture.width * 40 - 10) < 0.15);
      assert_true(fabs(found[1] / picture.width * 40 - 25) < (w == 0 ? 0.15 : 1.15));
    }
    free(with.rgb);
    free(without.rgb);
    free(values);
    free(materials);
    heat_problem_destroy(&problem);
    heat_config_destroy(config);
  }
}

static void one_material_has_no_outlines(void **state) {
  (void)state;
  static const char deck[] = "domain: {size: [0.04, 0.03], cells: [40, 30]}\nmaterial: {diffusivity: 1}\n"
                             "initial: {temperature: 0}\ntime: {end: 1}\n"
                             "regions: [{shape: circle, center: [0, 0], radius: 0.01, temperature: 1}]\n";
  heat_config *config;
  heat_problem problem;
  int64_t *materials;
  assert_int_equal(heat_config_parse(&config, "deck", deck, strlen(deck), NULL, 0).code, HEAT_OK);
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
  heat_picture picture = picture_of(640);
  picture.outlines = true;
  assert_int_equal(heat_picture_materials(&picture, &problem, MPI_COMM_SELF, &materials).code, HEAT_OK);
  assert_null(materials);
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

/* Two named regions, the first partly covered by the second, one that both cover, and one without a name. */
static const char named[] =
    "domain: {size: [0.04, 0.03], cells: [40, 30]}\nmaterial: {diffusivity: 1}\n"
    "initial: {temperature: 0}\ntime: {end: 1}\nregions:\n"
    "  - {shape: rectangle, min: [0.02, 0], max: [0.022, 0.002], temperature: 1, name: behind}\n"
    "  - {shape: rectangle, min: [0, 0], max: [0.03, 0.03], temperature: 1, name: Öl}\n"
    "  - {shape: rectangle, min: [0.016, 0], max: [0.04, 0.012], diffusivity: 2, name: steel}\n"
    "  - {shape: circle, center: [0.03, 0.006], radius: 0.003, temperature: 1}\n";

/* The box around all pixels that differ, relative to the field and counted from its lower left corner. */
typedef struct changed {
  int lo[HEAT_AXES], hi[HEAT_AXES];
} changed;

static changed find_changed(const image *a, const image *b, const heat_picture_layout *plan, int from, int to) {
  changed box = {{1 << 20, 1 << 20}, {-1, -1}};
  for (int y = 0; y < plan->field.height; y++)
    for (int x = from; x < to; x++) {
      const int at[] = {x, plan->field.height - 1 - y};
      if (memcmp(pixel(a, plan->field.x + x, plan->field.y + y), pixel(b, plan->field.x + x, plan->field.y + y), 3) ==
          0)
        continue;
      for (int axis = 0; axis < HEAT_AXES; axis++) {
        if (at[axis] < box.lo[axis]) box.lo[axis] = at[axis];
        if (at[axis] >= box.hi[axis]) box.hi[axis] = at[axis] + 1;
      }
    }
  return box;
}

/* Each name is in the middle of the visible part of its region and has the size of its text, and nothing else
 * changes. */
static void names_stand_within_what_is_to_be_seen_of_regions(void **state) {
  (void)state;
  heat_config *config;
  heat_problem problem;
  heat_picture_names *names;
  const heat_status parsed = heat_config_parse(&config, "deck", named, strlen(named), NULL, 0);
  assert_string_equal(parsed.text, "");
  assert_int_equal(heat_problem_create(&problem, MPI_COMM_SELF, config).code, HEAT_OK);
  heat_picture picture = picture_of(640);
  assert_int_equal(heat_picture_find_names(&picture, &problem, &names).code, HEAT_OK);
  assert_null(names); /* not asked for */
  picture.region_names = true;
  assert_int_equal(heat_picture_find_names(&picture, &problem, &names).code, HEAT_OK);
  assert_int_equal(names->count, 3);
  assert_true(!names->at[0].shown && names->at[1].shown && names->at[2].shown);
  const heat_picture_layout plan = heat_picture_plan(&picture);
  double *values = values_of(&picture, 0);
  picture.high = 1e9; /* one colour */
  image without = draw(&picture, values);
  picture.names = names;
  image with = draw(&picture, values);
  /* Öl: of its L of 0.03 by 0.03, left of 0.016 or above 0.012, the middle; steel: x from 0.016 to 0.04, y up to 0.012
   */
  const int border = (int)(0.024 / 0.04 * picture.width);
  static const double middles[2][HEAT_AXES] = {{0.015, 0.015}, {0.028, 0.006}};
  static const double texts[] = {1.6, 2.7}; /* widths in em */
  for (int n = 0; n < 2; n++) {
    const changed box = find_changed(&with, &without, &plan, n == 0 ? 0 : border, n == 0 ? border : picture.width);
    const double size[] = {0.04, 0.03};
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const double pixels = axis == HEAT_X ? picture.width : picture.height;
      const double middle = (box.lo[axis] + box.hi[axis]) / 2.0 / pixels * size[axis];
      if (!(fabs(middle - middles[n][axis]) < 0.0012)) print_error("name %d, axis %d: %g\n", n, axis, middle);
      assert_true(fabs(middle - middles[n][axis]) < 0.0012); /* a cell */
    }
    const double wide = (box.hi[HEAT_X] - box.lo[HEAT_X]) / (double)plan.em;
    if (!(fabs(wide - texts[n]) < 0.7)) print_error("name %d: %g em wide\n", n, wide);
    assert_true(fabs(wide - texts[n]) < 0.7);
    assert_true(box.hi[HEAT_Y] - box.lo[HEAT_Y] < 2 * plan.em);
  }
  free(with.rgb);
  free(without.rgb);
  free(values);
  free(names);
  heat_problem_destroy(&problem);
  heat_config_destroy(config);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(isotherms_lie_where_the_field_has_their_value),
      cmocka_unit_test(isotherms_do_not_show_rounding),
      cmocka_unit_test(outlines_lie_where_the_material_changes),
      cmocka_unit_test(one_material_has_no_outlines),
      cmocka_unit_test(names_stand_within_what_is_to_be_seen_of_regions),
  };
  heat_launch(&argc, &argv);
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
