/* Expressions: which texts parse, and to which value; the messages for all others; and the same bits for many points at
 * once. */
#include "deck/expression_private.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const double at_x = 0.5, at_y = -2, at_t = 3;

static const struct {
  const char *text;
  double value;
  bool in_space, in_time;
} right_ones[] = {
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
    {"2**3**2", 512, false, false},
    {"-x**2", -0.25, true, false},
    {"2**-1 + 2^-1", 1, false, false},
    {"-2**-2", -0.25, false, false},
    {"e", 2.718281828459045, false, false},
    {"ln(e) + log(e**2) + _e - e", 3, false, false},
    {"1e2 + 1E2 + 2*e - 2*e", 200, false, false},
    {"2*pi", 6.283185307179586, false, false},
    {"mod(-1, 3)", 2, false, false},
    {"mod(5, -3)", -1, false, false},
    {"mod(6, 3) + mod(-6, 3)", 0, false, false},
    {"mod(2.75, 1)", 0.75, false, false},
    {"fmod(-1, 3)", -1, false, false},
    {"fmod(7, 3)", 1, false, false},
    {"floor(-1.5)", -2, false, false},
    {"ceil(-1.5)", -1, false, false},
    {"round(-2.5)", -3, false, false},
    {"trunc(-1.5)", -1, false, false},
    {"hypot(3, -4)", 5, false, false},
    {"erf(0.5)", 0.5204998778130465, false, false},
    {"erf(1) + erfc(1)", 1, false, false},
    {"cbrt(-27)", -3, false, false},
    {"pow(2, 10)", 1024, false, false},
    {"step(0)", 1, false, false},
    {"step(-1e-300)", 0, false, false},
    {"step(x - 0.25)*7", 7, true, false},
    {"clamp(5, 1, 2)", 2, false, false},
    {"clamp(x, 1, 2)", 1, true, false},
    {"clamp(1.5, 1, 2)", 1.5, false, false},
    {"x > 0.2 and x < 0.6", 1, true, false},
    {"x > 0.2 and x < 0.4", 0, true, false},
    {"x>1 or y<0", 1, true, false},
    {"1 or 0 and 0", 1, false, false},
    {"0 and 0 or 1", 1, false, false},
    {"not x < 1", 0, true, false},
    {"not x > 1 and y < 0", 1, true, false},
    {"not not x", 1, true, false},
    {"not 0 or not 0 and 0", 1, false, false},
    {"not(x > 1)", 1, true, false},
    {"not -x", 0, true, false},
    {"not x < 1 ? 2 : not y > 0 ? 3 : 4", 3, true, false},
    {"min(not x, 2) + (not 0)*5", 5, true, false},
    {"!x*2 + 1", 1, true, false},
    {"!(x < 1)", 0, true, false},
    {"!0^2 + 3", 4, false, false},
    {"!!5 + !-x + -!0", 0, true, false},
    {"!sin(0)*2 + !0", 3, false, false},
    {"x > 0 and !(y > 0) and not (y > 0 or x > 1)", 1, true, false},
    {"!0 && !(0 || 0)", 1, false, false},
    {"(x < 1) == (y < 1)", 1, true, false},
    {"(x < 1) + (y < 1) + (t < 1) >= 2", 1, true, true},
    {"x < 1 ? y < 1 : y > 1", 1, true, false},
    {"max(x < 1, y > 1, x == y) < 2", 1, true, false},
    {"max(min(x < 1, y < 1), 0)", 1, true, false},
    {"(x < 1)*2 > 1", 1, true, false},
    {"2 - (x > 1) < 3", 1, true, false},
    {"((x > 1)) != (y < 0 and 1)", 1, true, false},
    {"(x < 1 ? 3 : 1) > 2", 1, true, false},
    {"max(x < 1, 0) <= 1", 1, true, false},
    {"max(1,7,3) + clamp(x, 1,2)", 8, true, false},
};

static void values(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof right_ones / sizeof *right_ones; i++) {
    heat_expression *e;
    heat_status status = heat_expression_create(&e, right_ones[i].text, true);
    assert_string_equal(status.text, "");
    assert_int_equal(status.code, HEAT_OK);
    for (int again = 0; again < 2; again++) {
      const double value = heat_expression_value(e, at_x, at_y, at_t), tolerance = 1e-14;
      const bool right = fabs(value - right_ones[i].value) < tolerance;
      if (!right) print_error("%s is %.17g, not %.17g\n", right_ones[i].text, value, right_ones[i].value);
      assert_true(right);
    }
    assert_int_equal(heat_expression_in_space(e), right_ones[i].in_space);
    assert_int_equal(heat_expression_in_time(e), right_ones[i].in_time);
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

/* Compare values at many points along either axis with those of the library, one by one. */
static void check_many(const char *text, bool compiles) {
  enum { POINTS = 300, LINES = 3, STRIDE = POINTS + 5 };
  static double along[POINTS], out[LINES * STRIDE];
  static const double across[LINES] = {-1.75, 0, 0.3125};
  static heat_translation translation;
  static heat_program program;
  heat_expression *e;
  assert_string_equal(heat_expression_create(&e, text, true).text, "");
  assert_int_equal(heat_expression_translate(&translation, text, true).code, HEAT_OK);
  heat_program_compile(&program, translation.text);
  if ((program.count > 0) != compiles) print_error("%s\n", text);
  assert_int_equal(program.count > 0, compiles);
  for (int n = 0; n < POINTS; n++) along[n] = (n - 150) / 70.0 + (n % 7) * 1e-9;
  along[150] = 0;
  for (int axis = 0; axis < 2; axis++) {
    const heat_points at = {axis, along, across, POINTS, LINES, at_t};
    if (compiles)
      heat_program_run(&program, program.count - 1, &at, out, STRIDE);
    else
      heat_expression_values(e, &at, out, STRIDE);
    for (int line = 0; line < LINES; line++) {
      for (int n = 0; n < POINTS; n++) {
        const double x = axis == 0 ? along[n] : across[line], y = axis == 0 ? across[line] : along[n];
        const double one = heat_expression_value(e, x, y, at_t), many = out[line * STRIDE + n];
        const bool same = memcmp(&one, &many, sizeof one) == 0 || (isnan(one) && isnan(many));
        if (!same) print_error("%s at x = %.17g, y = %.17g: %.17g, not %.17g\n", text, x, y, many, one);
        assert_true(same);
      }
    }
  }
  heat_expression_destroy(e);
}

/* All cases in which the library combines constants. */
static const char *const folded[] = {
    "3",
    "x",
    "y",
    "t",
    "-x",
    "+x",
    "x + y",
    "x - y*t",
    "x/3",
    "y/7 + 1",
    "x*0.1",
    "0.1*x/3",
    "pi*y/0.3",
    "2*pi*x/7 + 1",
    "3*(0.1*x + 0.7)",
    "(0.1*x + 0.7)*3",
    "(0.1*x + 0.7)/3",
    "(x - 0.05)/0 + 1",
    "x + x",
    "x + 0.1*x",
    "0.1*x + x",
    "0.1*x - 0.3*x",
    "x - x",
    "0.7 - x",
    "0.1 - 0.3*x",
    "x - 0.1",
    "x*x",
    "x*x*x",
    "x^0",
    "x^1",
    "x^2",
    "x^3",
    "y^4",
    "x^5",
    "x^0.5",
    "x^-1",
    "x^y",
    "2^x",
    "(x - 0.05)^2",
    "-x^2",
    "-x*3",
    "2*-x^2",
    "2^-x*3",
    "2^3^x",
    "-2^2*x",
    "x*-1",
    "x - -1",
    "+x*3",
    "x*y*3",
    "3*x*y",
    "x*(y*3)",
    "(x + 1)*(y - 1)",
    "x/y/t",
    "x/(y*t)",
    "x - (y - t)",
    "x < y",
    "x > 0.25",
    "x <= y",
    "x >= y",
    "x == y",
    "x != 0",
    "x < 1 and y > -1",
    "x or y",
    "0.5 and 1",
    "0.5 or 0",
    "not x < 0",
    "!x*2 + 1",
    "x < 0 ? -1 : x > 1 ? 2 : y",
    "x < 0 ? y < 0 ? 1 : 2 : 3",
    "1 ? x : y",
    "x < 0 ? 2 : 3 + 4",
    "x/0 > 0 ? 1 : 2",
    "(x < 0 ? 1 : 2)*3",
    "min(x)",
    "min(x, y, 0.1)",
    "max(0, x, y)",
    "min(sqrt(x), y)",
    "max(y, sqrt(x))",
    "sum(x)",
    "sum(x, y, 0.1, t)",
    "avg(x, y, 1)",
    "sum(1, 2)*x",
    "avg(-0*x)",
    "e*x + pi",
    "sin(pi/2)*x",
    "293.15 + 80*exp(-((x - 0.05)^2 + (y - 0.05)^2)/0.01)",
    "sin(pi*x)*sin(pi*y)*(1 + 0.1*t)",
    "1e6*exp(-((x - 0.5 - 0.1*t)^2 + y^2)/0.01)",
    "1e-3*x + .5",
    "x*1E2",
    "((x))*((2))",
};

static void many_points_have_the_same_bits(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof folded / sizeof *folded; i++) check_many(folded[i], true);
  char names[1024], text[64];
  snprintf(names, sizeof names, "%s", heat_expression_functions());
  for (char *name = strtok(names, ", "); name != NULL; name = strtok(NULL, ", ")) {
    static const char *const arguments[] = {"x, y, 0.5", "0.5, 0.25, 1", "x, 0.25", "0.5, 0.25", "x", "0.5*y", "0.3"};
    for (size_t n = 0; n < sizeof arguments / sizeof *arguments; n++) {
      heat_expression *e;
      snprintf(text, sizeof text, "%s(%s) + x", name, arguments[n]);
      const bool right = heat_expression_create(&e, text, true).code == HEAT_OK;
      if (right) heat_expression_destroy(e);
      if (right) check_many(text, true);
    }
  }
  check_many("_pi*x + _e", false); /* constants of the library, which only the library knows */
}

static void products_have_factors(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool is_product;
  } cases[] = {{"sin(2*t)*exp(-x*x - y*y)", true},
               {"1e6*exp(-x*x - y*y)*(t < 1 ? t : 1)", true},
               {"t*x", true},
               {"2*t*3", false},
               {"x*y", false},
               {"x + t*y", false},
               {"t*(x + t)", false},
               {"sin(t)*x*y", false},
               {"x*y*sin(t)", true},
               {"x/t", false}};
  const double x = -0.7, y = 1.1, t = 0.37;
  const heat_points at = {.along = &x, .across = &y, .count = 1, .lines = 1, .t = NAN};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_expression *e;
    assert_int_equal(heat_expression_create(&e, cases[i].text, true).code, HEAT_OK);
    assert_int_equal(heat_expression_is_product(e), cases[i].is_product);
    if (cases[i].is_product) {
      double space;
      heat_expression_space_factor(e, &at, &space, 1);
      assert_true(heat_expression_time_factor(e, t) * space == heat_expression_value(e, x, y, t));
    }
    heat_expression_destroy(e);
  }
}

#define EVERY_NAME                                                                                                     \
  "x, y, pi, e, and, or, not, abs, acos, acosh, asin, asinh, atan, atan2, atanh, avg, cbrt, ceil, clamp, cos, cosh, "  \
  "erf, erfc, exp, floor, fmod, hypot, ln, log, log10, log2, max, min, mod, pow, rint, round, sign, sin, sinh, sqrt, " \
  "step, sum, tan, tanh, trunc"

/* Every function that a message lists exists. */
static void every_name_is_known(void **state) {
  (void)state;
  static const char *const two[] = {"atan2", "fmod", "hypot", "mod", "pow"};
  char names[] = EVERY_NAME;
  assert_non_null(strstr(names, "not, abs"));
  assert_string_equal(strstr(names, "abs"), heat_expression_functions());
  for (char *name = strtok(names, ", "); name != NULL; name = strtok(NULL, ", ")) {
    char text[64];
    bool pair = false, word = strlen(name) <= 2 || strcmp(name, "and") == 0 || strcmp(name, "not") == 0;
    for (size_t i = 0; i < sizeof two / sizeof *two; i++) pair = pair || strcmp(name, two[i]) == 0;
    if (word && strcmp(name, "ln") != 0) continue;
    snprintf(text, sizeof text, "%s(%s)", name, strcmp(name, "clamp") == 0 ? "x, y, 2" : pair ? "x, y" : "x");
    heat_expression *e;
    assert_string_equal(heat_expression_create(&e, text, false).text, "");
    heat_expression_destroy(e);
  }
}

static const struct {
  const char *text, *message;
} wrong_ones[] = {
    {"", "the expression is empty"},
    {" \n\t", "the expression is empty"},
    {"x+z", "unknown name 'z' at character 3 (known: " EVERY_NAME ")"},
    {"sin x", "sin at character 1 needs parentheses: sin(...)"},
    {"foo(3)", "unknown name 'foo' at character 1 (known: " EVERY_NAME ")"},
    {"nan", "unknown name 'nan' at character 1 (nearest: tan)"},
    {"x + t", "t at character 5, but this may depend on x and y only"},
    {"x+", "the expression ends too early"},
    {"2x", "unexpected 'x' at character 2"},
    {"1 2", "unexpected '2' at character 3"},
    {"0x10", "unknown name 'x10' at character 2 (known: " EVERY_NAME ")"},
    {"1e400", "unexpected '1e400' at character 1"},
    {"x # 3", "unexpected '# 3' at character 3"},
    {"sin(x", "a parenthesis is not closed"},
    {"sin(x))", "unexpected ')' at character 7"},
    {"()", "unexpected ')' at character 2"},
    {"sin()", "too few arguments for 'sin' at character 5"},
    {"sin(1,2)", "too many arguments for 'sin' at character 8 (decimals are written with a point: 1.5, not 1,5)"},
    {"x ? 1", "a '?' without its ':'"},
    {"x : 1", "a ':' without its '?'"},
    {"x = 3", "an assignment at character 3 (write == to compare)"},
    {"(x=3)*2", "an assignment at character 3 (write == to compare)"},
    {"x === 3", "an assignment at character 5 (write == to compare)"},
    {"1, 2", "2 values separated by commas, but one is needed"},
    {"x < 1 ? 2 : 3, 4", "2 values separated by commas, but one is needed"},
    {"(0.2 < x) < 0.4", "a comparison of a comparison at character 11 (write a < b and b < c)"},
    {"0.2 < (x < 0.4)", "a comparison of a comparison at character 5 (write a < b and b < c)"},
    {"y + 1 >= ((x == 0.4) or y) and x", "a comparison of a comparison at character 7 (write a < b and b < c)"},
    {"max(((x < 1)) > y, 2)", "a comparison of a comparison at character 15 (write a < b and b < c)"},
    {"y > 0 ? 1 : (not x) < 1", "a comparison of a comparison at character 21 (write a < b and b < c)"},
    {"max(20,5, x)", "'0,5' at character 6 may be one number or two (write 0.5 or 0, 5)"},
    {"1 + min(x, y, (3), 20,5)", "'0,5' at character 21 may be one number or two (write 0.5 or 0, 5)"},
    {"pow(x, 0,5)", "too many arguments for 'pow' at character 11 (decimals are written with a point: 1.5, not 1,5)"},
    {"if(x < 1, 2, 3)", "unknown name 'if' at character 1 (write condition ? a : b)"},
    {"Heaviside(x)", "unknown name 'Heaviside' at character 1 (write step(...))"},
    {"(1, 2)", "a list stands where one value is needed"},
    {"\"text\"", "a text in quotes at character 1 is not a number"},
    {"-", "the expression ends too early"},
    {"x and", "the expression ends too early"},
    {"not", "the expression ends too early"},
    {"0.2 < x < 0.4", "a comparison of a comparison at character 9 (write x > 0.2 and x < 0.4)"},
    {"0.6 > y > 0.3", "a comparison of a comparison at character 9 (write y < 0.6 and y > 0.3)"},
    {"0.2<=x<0.4 and y>0", "a comparison of a comparison at character 7 (write x >= 0.2 and x < 0.4)"},
    {"y>0 || 1<x+y<=(x<y) or x", "a comparison of a comparison at character 13 (write x+y > 1 and x+y <= (x<y))"},
    {"min(x, 1 > x > y)", "a comparison of a comparison at character 14 (write x < 1 and x > y)"},
    {"x < y == 1", "a comparison of a comparison at character 7 (write y > x and y == 1)"},
    {"x == y == 1 ? 2 : 3", "a comparison of a comparison at character 8 (write y == x and y == 1)"},
    {"x < 1 ? 1 < y < 2 : 3", "a comparison of a comparison at character 15 (write y > 1 and y < 2)"},
    {"not 1 < x < 2", "a comparison of a comparison at character 11 (write x > 1 and x < 2)"},
    {"(0 < x < (1))", "a comparison of a comparison at character 8 (write x > 0 and x < (1))"},
    {"1 != x\n < 2 < 3", "a comparison of a comparison at character 9 (write x != 1 and x < 2)"},
    {"!x < 1", "the ! at character 1 belongs to what follows it, not to the comparison (write not)"},
    {"2 + not x", "not at character 5 needs parentheses around it: (not ...)"},
    {"x and and y", "unexpected 'and' at character 7"},
    {"x ** ** y", "unexpected '**' at character 6"},
    {"not x)", "unexpected ')' at character 6"},
    {"x & y", "unexpected '&' at character 3 (write and)"},
    {"x | y", "unexpected '|' at character 3 (write or)"},
    {"x % 2", "unexpected '%' at character 3 (write mod(a, b) for a remainder)"},
    {"x <> 2", "unexpected '<>' at character 3 (write != for not equal)"},
    {"x => 2", "unexpected '=>' at character 3 (write >=)"},
    {"x // 2", "unexpected '//' at character 3 (write floor(a / b))"},
    {"snh(x)", "unknown name 'snh' at character 1 (nearest: sinh)"},
    {"1 + Sin(x)", "unknown name 'Sin' at character 5 (nearest: sin)"},
    {"arctan(x)", "unknown name 'arctan' at character 1 (nearest: atan)"},
    {"X + 1", "unknown name 'X' at character 1 (nearest: x)"},
    {"T", "unknown name 'T' at character 1 (known: " EVERY_NAME ")"},
    {"x AND y", "unknown name 'AND' at character 3 (nearest: and)"},
    {"1,5", "2 values separated by commas, but one is needed (decimals are written with a point: 1.5, not 1,5)"},
};

static void wrong(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof wrong_ones / sizeof *wrong_ones; i++) {
    heat_expression *e = (heat_expression *)state; /* must be overwritten */
    heat_status status = heat_expression_create(&e, wrong_ones[i].text, false);
    assert_string_equal(status.text, wrong_ones[i].message);
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
  assert_int_equal(create_nested("not ", "", 1000).code, HEAT_OK);
  assert_int_equal(create_nested("not(", ")", 64).code, HEAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),
      cmocka_unit_test(no_number_is_nan_not_failure),
      cmocka_unit_test(expressions_are_independent),
      cmocka_unit_test(many_points_have_the_same_bits),
      cmocka_unit_test(products_have_factors),
      cmocka_unit_test(every_name_is_known),
      cmocka_unit_test(wrong),
      cmocka_unit_test(size_is_limited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
