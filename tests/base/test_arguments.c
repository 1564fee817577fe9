/* The command line: options before, between and after operands, with their values, and what is refused. One process. */
#include "heat2d/base/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const heat_command command = {.name = "test",
                                     .operands = "A [B]",
                                     .summary = "",
                                     .options = {{"set", HEAT_ARGUMENT, "K", ""},
                                                 {"settle", HEAT_NO_ARGUMENT, NULL, ""},
                                                 {"resume", HEAT_OPTIONAL_ARGUMENT, "F", ""}},
                                     .least = 1,
                                     .most = 2};

enum { WORDS = 8 };

/* Parse words ended by NULL. */
static heat_status parse(heat_arguments *arguments, const char *const words[WORDS]) {
  static char copies[WORDS][64];
  char *pointers[WORDS];
  int count = 0;
  for (; count < WORDS && words[count] != NULL; count++) {
    snprintf(copies[count], sizeof copies[count], "%s", words[count]);
    pointers[count] = copies[count];
  }
  return heat_arguments_parse(arguments, &command, count, pointers);
}

static void options_stand_anywhere(void **state) {
  (void)state;
  static const char *const lines[][WORDS] = {{"--set", "a=1", "deck", "--settle", "second"},
                                             {"deck", "--set=a=1", "second", "--settle"},
                                             {"--settle", "deck", "second", "--set", "a=1"}};
  for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) {
    heat_arguments arguments;
    assert_int_equal(parse(&arguments, lines[n]).code, HEAT_OK);
    assert_int_equal(arguments.operand_count, 2);
    assert_string_equal(arguments.operands[0], "deck");
    assert_string_equal(arguments.operands[1], "second");
    assert_string_equal(heat_arguments_value(&arguments, "set"), "a=1");
    assert_string_equal(heat_arguments_value(&arguments, "settle"), "");
    assert_null(heat_arguments_value(&arguments, "resume"));
    heat_arguments_destroy(&arguments);
  }
}

static void the_last_value_wins_and_all_stay_in_order(void **state) {
  (void)state;
  heat_arguments arguments;
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--set", "a=1", "deck", "--set", "a=2"}).code, HEAT_OK);
  assert_string_equal(heat_arguments_value(&arguments, "set"), "a=2");
  assert_int_equal(arguments.given_count, 2);
  assert_string_equal(arguments.given[0].value, "a=1");
  heat_arguments_destroy(&arguments);
}

static void an_optional_value_needs_an_equals_sign(void **state) {
  (void)state;
  heat_arguments arguments;
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--resume", "deck"}).code, HEAT_OK);
  assert_string_equal(heat_arguments_value(&arguments, "resume"), "");
  assert_int_equal(arguments.operand_count, 1);
  heat_arguments_destroy(&arguments);
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--resume=file", "deck"}).code, HEAT_OK);
  assert_string_equal(heat_arguments_value(&arguments, "resume"), "file");
  heat_arguments_destroy(&arguments);
}

static void a_value_may_look_like_an_option(void **state) {
  (void)state;
  heat_arguments arguments;
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--set", "--settle", "deck"}).code, HEAT_OK);
  assert_string_equal(heat_arguments_value(&arguments, "set"), "--settle");
  assert_null(heat_arguments_value(&arguments, "settle"));
  heat_arguments_destroy(&arguments);
}

static void behind_two_dashes_everything_is_an_operand(void **state) {
  (void)state;
  heat_arguments arguments;
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--", "--settle", "-x"}).code, HEAT_OK);
  assert_int_equal(arguments.operand_count, 2);
  assert_string_equal(arguments.operands[0], "--settle");
  assert_null(heat_arguments_value(&arguments, "settle"));
  heat_arguments_destroy(&arguments);
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"-"}).code, HEAT_OK);
  heat_arguments_destroy(&arguments);
}

static void help_stands_alone(void **state) {
  (void)state;
  static const char *const alone[][WORDS] = {{"--help"}, {"-h"}}, *const others[][WORDS] = {
                                                                      {"--help", "a"},    {"a", "--help"},
                                                                      {"a", "-h"},        {"-h", "--help"},
                                                                      {"--settle", "-h"}, {"--", "--help", "a", "b"}};
  for (size_t n = 0; n < sizeof alone / sizeof *alone; n++) {
    heat_arguments arguments;
    assert_int_equal(parse(&arguments, alone[n]).code, HEAT_OK);
    assert_true(arguments.help);
    heat_arguments_destroy(&arguments);
  }
  for (size_t n = 0; n < sizeof others / sizeof *others; n++) {
    heat_arguments arguments;
    assert_int_equal(parse(&arguments, others[n]).code, HEAT_USAGE);
    assert_false(arguments.help);
    heat_arguments_destroy(&arguments);
  }
  heat_arguments arguments; /* the value of an option, and an operand */
  assert_int_equal(parse(&arguments, (const char *[WORDS]){"--set", "-h", "--", "--help"}).code, HEAT_OK);
  assert_false(arguments.help);
  heat_arguments_destroy(&arguments);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  static const struct {
    const char *words[WORDS], *part;
  } lines[] = {{{NULL}, "usage: heat2d test A [B]"},
               {{"a", "b", "c"}, "usage: heat2d test A [B]"},
               {{"a", "--se", "b"}, "'--se'"},
               {{"a", "--sett"}, "'--sett'"},
               {{"a", "--settler"}, "'--settler'"},
               {{"a", "-s"}, "'-s'"},
               {{"a", "--set"}, "--set needs a value"},
               {{"a", "--settle=1"}, "--settle takes no value"},
               {{"a", "--=1"}, "'--=1'"}};
  for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) {
    heat_arguments arguments;
    heat_status status = parse(&arguments, lines[n].words);
    assert_int_equal(status.code, HEAT_USAGE);
    if (strstr(status.text, lines[n].part) == NULL) print_error("'%s' lacks '%s'\n", status.text, lines[n].part);
    assert_non_null(strstr(status.text, lines[n].part));
    heat_arguments_destroy(&arguments);
  }
}

static void numbers_fill_the_whole_text(void **state) {
  (void)state;
  static const char *const wrong[] = {"", "x", "1x", "1 ", "-1", "nan", "inf", "1e999", "0x"};
  double number = 0;
  assert_int_equal(heat_arguments_number("ranks", "2.5e-1", &number).code, HEAT_OK);
  assert_true(number == 0.25);
  assert_int_equal(heat_arguments_number("ranks", "0", &number).code, HEAT_OK);
  for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
    heat_status status = heat_arguments_number("ranks", wrong[n], &number);
    assert_int_equal(status.code, HEAT_USAGE);
    assert_non_null(strstr(status.text, "--ranks"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(options_stand_anywhere),
                                     cmocka_unit_test(the_last_value_wins_and_all_stay_in_order),
                                     cmocka_unit_test(an_optional_value_needs_an_equals_sign),
                                     cmocka_unit_test(a_value_may_look_like_an_option),
                                     cmocka_unit_test(behind_two_dashes_everything_is_an_operand),
                                     cmocka_unit_test(help_stands_alone),
                                     cmocka_unit_test(what_is_wrong_is_named),
                                     cmocka_unit_test(numbers_fill_the_whole_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
