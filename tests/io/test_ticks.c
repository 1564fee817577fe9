/* Ticks: few, round and distinct, with labels that show the values. */
#include "heat2d/io/ticks.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The number of the ticks, their values and their labels, for ranges of every size and place. */
static void ticks_are_few_and_distinct(void **state) {
  (void)state;
  enum { CASES = 20000, WANTED = 5 };
  srand(1);
  for (int n = 0; n < CASES; n++) {
    double range = pow(10.0, -15.0 + 30.0 * rand() / RAND_MAX);
    double low = (2.0 * rand() / RAND_MAX - 1.0) * range * pow(10.0, 11.0 * rand() / RAND_MAX);
    double high = low + range;
    heat_ticks ticks = heat_ticks_choose(low, high, WANTED);
    assert_in_range(ticks.count, WANTED, 2 * WANTED - 1);
    assert_true(ticks.mantissa == 1 || ticks.mantissa == 2 || ticks.mantissa == 5 || ticks.mantissa == 25);
    char before[HEAT_TICK_TEXT] = "", text[HEAT_TICK_TEXT];
    for (int i = 0; i < ticks.count; i++) {
      double value = heat_ticks_value(&ticks, i), slack = 1e-5 * range + 4.0 * DBL_EPSILON * fabs(low);
      assert_true(value >= low - slack && value <= high + slack);
      heat_ticks_label(&ticks, i, text);
      assert_in_range(strlen(text), 1, HEAT_TICK_LABEL);
      assert_string_not_equal(text, before);
      double shown = strtod(text, NULL);
      if (ticks.form == HEAT_TICK_OFFSET) {
        heat_ticks_base(&ticks, before);
        shown += strtod(before, NULL);
      }
      assert_true(fabs(shown - value) <= 1e-9 * range + 8.0 * DBL_EPSILON * fabs(value));
      memcpy(before, text, sizeof before);
    }
  }
}

static void assert_labels(double low, double high, const char *first, const char *last) {
  heat_ticks ticks = heat_ticks_choose(low, high, 5);
  char text[HEAT_TICK_TEXT];
  heat_ticks_label(&ticks, 0, text);
  assert_string_equal(text, first);
  heat_ticks_label(&ticks, ticks.count - 1, text);
  assert_string_equal(text, last);
}

static void ticks_are_brief(void **state) {
  (void)state;
  assert_labels(293.15, 373.15, "300", "370");
  assert_labels(293.15, 293.16, "293.150", "293.160");
  assert_labels(-1.0, 1.0, "-1.0", "1.0");
  assert_labels(0.0, 0.3, "0", "0.30");
  assert_labels(0.0, 1e-6, "0", "1e-6");
  assert_labels(-5e9, 2e9, "-5e9", "2e9");
  assert_labels(293.15, 293.15 + 1e-7, "+0", "+1e-7");
  heat_ticks ticks = heat_ticks_choose(293.15, 293.15 + 1e-7, 5);
  char text[HEAT_TICK_TEXT];
  heat_ticks_base(&ticks, text);
  assert_string_equal(text, "293.15");
}

static void ticks_need_a_range(void **state) {
  (void)state;
  const double ranges[][2] = {{1.0, 1.0},
                              {2.0, 1.0},
                              {NAN, 1.0},
                              {0.0, NAN},
                              {-INFINITY, INFINITY},
                              {0.0, INFINITY},
                              {0.0, DBL_MIN},
                              {-DBL_MAX, DBL_MAX},
                              {300.0, 300.0 * (1.0 + DBL_EPSILON)}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    assert_int_equal(heat_ticks_choose(ranges[i][0], ranges[i][1], 5).count, 0);
}

static void no_more_ticks_than_asked_for(void **state) {
  (void)state;
  enum { CASES = 5000, MOST = 12 };
  srand(2);
  for (int n = 0; n < CASES; n++) {
    const double range = pow(10.0, -6.0 + 12.0 * rand() / RAND_MAX), low = (2.0 * rand() / RAND_MAX - 1.0) * 3 * range;
    for (int most = 1; most <= MOST; most++) {
      const heat_ticks ticks = heat_ticks_at_most(low, low + range, most);
      assert_in_range(ticks.count, 0, most);
      assert_true(3 * ticks.count + 3 > most); /* a finer step has at most 2.5 times as many, and one at the end */
    }
  }
  assert_int_equal(heat_ticks_at_most(1, 1, 3).count, 0);
  assert_int_equal(heat_ticks_at_most(0, 10, 11).count, 11);
  assert_int_equal(heat_ticks_at_most(0, 10, 10).count, 6);
}

/* Ends of ranges are written as precisely as a label can, in the form of the ticks. */
static void values_between_ticks_fit(void **state) {
  (void)state;
  enum { CASES = 20000, WANTED = 5 };
  srand(3);
  for (int n = 0; n < CASES; n++) {
    const double range = pow(10.0, -15.0 + 30.0 * rand() / RAND_MAX);
    const double low = (2.0 * rand() / RAND_MAX - 1.0) * range * pow(10.0, 9.0 * rand() / RAND_MAX);
    const heat_ticks ticks = heat_ticks_choose(low, low + range, WANTED);
    const double value = low + range * rand() / RAND_MAX, coarse = 0.2;
    char text[HEAT_TICK_TEXT], base[HEAT_TICK_TEXT] = "0";
    heat_ticks_between(&ticks, value, text);
    assert_in_range(strlen(text), 1, HEAT_TICK_LABEL);
    if (ticks.form == HEAT_TICK_OFFSET) heat_ticks_base(&ticks, base);
    const double shown = strtod(text, NULL) + strtod(base, NULL);
    if (ticks.form != HEAT_TICK_SCIENTIFIC)
      assert_true(fabs(shown - value) <= coarse * range + 1e-14 * fabs(value));
    else
      assert_true(fabs(shown - value) <= 0.01 * fmax(fabs(low), fabs(low + range)));
  }
}

static void ends_are_brief(void **state) {
  (void)state;
  const struct {
    double low, high, value;
    const char *text;
  } cases[] = {{293.15, 373.15, 373.15, "373.15"}, {0, 1, 1, "1"},         {0, 1e-6, 1e-6, "1e-6"},
               {-0.001, 100, -0.001, "0"},         {300, 300, 300, "300"}, {293.15, 293.15 + 1e-7, 293.15, "0"}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    const heat_ticks ticks = heat_ticks_choose(cases[n].low, cases[n].high, 5);
    char text[HEAT_TICK_TEXT];
    heat_ticks_between(&ticks, cases[n].value, text);
    assert_string_equal(text, cases[n].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ticks_are_few_and_distinct), cmocka_unit_test(ticks_are_brief),
      cmocka_unit_test(ticks_need_a_range),         cmocka_unit_test(no_more_ticks_than_asked_for),
      cmocka_unit_test(values_between_ticks_fit),   cmocka_unit_test(ends_are_brief),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
