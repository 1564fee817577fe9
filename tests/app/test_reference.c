/* The reference cases 1 and 2 of ISO 10211 as the decks of configs/ have them: what the program's tables say at each of
 * the published points, to the 0.1 K and 0.1 W/m that the standard asks for. A serial process that runs the program. */
#include "command.h"

#include <math.h>

/* ---- tables ---- */

/* The last row of a table, under the header in which `column` stands; NAN where there is no such column. */
static double last_entry(const char *path, const char *column) {
  char *text = read_text(path);
  const size_t length = strlen(text);
  assert_true(length > 1 && text[length - 1] == '\n');
  text[length - 1] = '\0';
  char *at = text, *last = strrchr(text, '\n') + 1;
  double value = NAN;
  *strchr(text, '\n') = '\0';
  for (; isnan(value); at++, last++) {
    const size_t width = strcspn(at, ",");
    if (width == strlen(column) && strncmp(at, column, width) == 0) value = strtod(last, NULL);
    at += width;
    last += strcspn(last, ",");
    if (*at == '\0') break;
  }
  free(text);
  return value;
}

static void assert_within(double value, double published, double tolerance, const char *what) {
  if (!(fabs(value - published) <= tolerance)) print_error("%s: %.6f, published %.6f\n", what, value, published);
  assert_true(fabs(value - published) <= tolerance);
}

/* ---- case 1 ---- */

static void case_1_half_a_square_column(void **state) {
  (void)state;
  static const double published[7][4] = {{9.7, 13.4, 14.7, 15.1}, {5.3, 8.6, 10.3, 10.8}, {3.2, 5.6, 7.0, 7.5},
                                         {2.0, 3.6, 4.7, 5.0},    {1.3, 2.3, 3.0, 3.2},   {0.7, 1.4, 1.8, 1.9},
                                         {0.3, 0.6, 0.8, 0.9}};
  assert_code(0,
              heat2d(2, "run '%s/configs/iso-10211-case-1.yaml' --set output.directory=out", getenv("HEAT2D_SOURCE")));
  for (int row = 0; row < 7; row++) {
    for (int n = 0; n < 4; n++) {
      char column[16];
      snprintf(column, sizeof column, "row_%d-%d", row + 1, n + 1);
      assert_within(last_entry("out/probes.csv", column), published[row][n], 0.1, column);
    }
  }
}

/* ---- case 2 ---- */

static void case_2_a_roof_with_an_aluminium_profile(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double published;
  } points[] = {{"A", 7.1},  {"B", 0.8},  {"C", 7.9},  {"D", 6.3}, {"E", 0.8},
                {"F", 16.4}, {"G", 16.3}, {"H", 16.8}, {"I", 18.3}};
  assert_code(0, heat2d(2, "run '%s/configs/iso-10211-case-2.yaml' --overwrite --set output.directory=out",
                        getenv("HEAT2D_SOURCE")));
  for (size_t n = 0; n < sizeof points / sizeof *points; n++)
    assert_within(last_entry("out/probes.csv", points[n].name), points[n].published, 0.1, points[n].name);
  const double in = last_entry("out/history.csv", "flow_bottom"), out = -last_entry("out/history.csv", "flow_top");
  assert_within(in, 9.5, 0.1, "flow_bottom");
  assert_within(out, in, 1e-6, "flow_top");
  assert_true(last_entry("out/history.csv", "flow_left") == 0 && last_entry("out/history.csv", "flow_right") == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(case_1_half_a_square_column),
      cmocka_unit_test(case_2_a_roof_with_an_aluminium_profile),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
