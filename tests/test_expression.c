/* Expressions: what parses and to which value, what is refused and in which words. */
#include "heat2d/expression.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const double at_x = 0.5, at_y = -2, at_t = 3;

static void values(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
    bool in_space, in_time;
  } cases[] = {
      {"3", 3, false, false},
      {" 2.5e2 ", 250, false, false},
      {"x", 0.5, true, false},
      {"x + 2*y", -3.5, true, false},
      {"t*x", 1.5, true, true},
      {"t", 3, false, true},
      {"x*x + y*y < 5", 1, true, false},
      {"x > 1 || y > 1", 0, true, false},
      {"x <= 0.5 && y != 1 && t == 3", 1, true, true},
      {"x > 0 ? 10 : 20", 10, true, false},
      {"x > 1 ? 10 : y > 1 ? 20 : 30", 30, true, false},
      {"min(x, y, 7) + max(1, 2)", 0, true, false},
      {"2^3^2", 512, false, false},
      {"-x^2", -0.25, true, false},
      {"abs(y)\n + sqrt(4)", 4, true, false},
      {"sin(pi/2) + cos(_pi)", 0, false, false},
      {"exp(0)*ln(1)", 0, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_expression *e;
    heat_status status = heat_expression_create(&e, cases[i].text, true);
    assert_string_equal(status.text, "");
    assert_int_equal(status.code, HEAT_OK);
    for (int again = 0; again < 2; again++) {
      assert_true(fabs(heat_expression_value(e, at_x, at_y, at_t) - cases[i].value) < 1e-14);
    }
    assert_int_equal(heat_expression_in_space(e), cases[i].in_space);
    assert_int_equal(heat_expression_in_time(e), cases[i].in_time);
    heat_expression_destroy(e);
  }
}

static void no_number_is_nan_not_failure(void **state) {
  (void)state;
  heat_expression *e;
  assert_int_equal(heat_expression_create(&e, "sqrt(x)/y", false).code, HEAT_OK);
  assert_true(isnan(heat_expression_value(e, -1, 1, 0)));
  assert_true(isinf(heat_expression_value(e, 1, 0, 0)));
  assert_true(heat_expression_value(e, 4, 1, 0) == 2);
  heat_expression_destroy(e);
}

static void expressions_are_independent(void **state) {
  (void)state;
  heat_expression *a, *b;
  assert_int_equal(heat_expression_create(&a, "x + t", true).code, HEAT_OK);
  assert_int_equal(heat_expression_create(&b, "x - y", false).code, HEAT_OK);
  assert_true(heat_expression_value(a, 1, 2, 3) == 4);
  assert_true(heat_expression_value(b, 1, 2, 3) == -1);
  assert_true(heat_expression_value(a, 5, 6, 7) == 12);
  heat_expression_destroy(a);
  heat_expression_destroy(b);
  heat_expression_destroy(NULL);
}

static void wrong(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"", "the expression is empty"},
      {" \n\t", "the expression is empty"},
      {"x+z", "unknown name 'z' at character 3"},
      {"sin x", "unknown name 'sin' at character 1"},
      {"foo(3)", "unknown name 'foo' at character 1"},
      {"nan", "unknown name 'nan' at character 1"},
      {"x + t", "t at character 5, but this may depend on x and y only"},
      {"x+", "the expression ends too early"},
      {"2x", "unexpected 'x' at character 2"},
      {"1 2", "unexpected '2' at character 3"},
      {"0x10", "unknown name 'x10' at character 2"},
      {"1e400", "unexpected '1e400' at character 1"},
      {"x # 3", "unexpected '# 3' at character 3"},
      {"sin(x", "a parenthesis is not closed"},
      {"sin(x))", "unexpected ')' at character 7"},
      {"()", "unexpected ')' at character 2"},
      {"sin()", "too few arguments for 'sin' at character 5"},
      {"sin(1,2)", "too many arguments for 'sin' at character 8"},
      {"x ? 1", "a '?' without its ':'"},
      {"x : 1", "a ':' without its '?'"},
      {"x = 3", "an assignment at character 3 (write == to compare)"},
      {"(x=3)*2", "an assignment at character 3 (write == to compare)"},
      {"x === 3", "an assignment at character 5 (write == to compare)"},
      {"1, 2", "2 values separated by commas, but one is needed"},
      {"x < 1 ? 2 : 3, 4", "2 values separated by commas, but one is needed"},
      {"(1, 2)", "a list stands where one value is needed"},
      {"\"text\"", "a text in quotes at character 1 is not a number"},
      {"-", "it does not parse: Internal error"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_expression *e = (heat_expression *)state; /* must be overwritten */
    heat_status status = heat_expression_create(&e, cases[i].text, false);
    assert_string_equal(status.text, cases[i].message);
    assert_int_equal(status.code, HEAT_DECK);
    assert_null(e);
  }
}

/* `count` times `before`, then x, then `count` times `after`. */
static heat_status create_nested(const char *before, const char *after, size_t count) {
  size_t open = strlen(before), close = strlen(after);
  char *text = malloc(count * (open + close) + 2), *end = text;
  assert_non_null(text);
  for (size_t i = 0; i < count; i++, end += open) memcpy(end, before, open);
  *end++ = 'x';
  for (size_t i = 0; i < count; i++, end += close) memcpy(end, after, close);
  *end = '\0';
  heat_expression *e;
  heat_status status = heat_expression_create(&e, text, false);
  heat_expression_destroy(e);
  free(text);
  return status;
}

static void size_is_limited(void **state) {
  (void)state;
  assert_int_equal(create_nested("(", ")", 64).code, HEAT_OK);
  assert_string_equal(create_nested("(", ")", 65).text, "parentheses are nested more than 64 deep at character 65");
  assert_string_equal(create_nested("1+", "", 3000).text, "the expression is longer than 4096 characters");
  assert_int_equal(create_nested("1+", "", 2000).code, HEAT_OK);
  assert_int_equal(create_nested("x?1:", "", 1000).code, HEAT_OK);
  assert_int_equal(create_nested("2^", "", 2000).code, HEAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(no_number_is_nan_not_failure),
      cmocka_unit_test(expressions_are_independent),
      cmocka_unit_test(wrong),
      cmocka_unit_test(size_is_limited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
