/* `heat2d keys`: prints the option table. */
#include "config_private.h"
#include "heat2d/deck/expression.h"

#include <string.h>

enum { WIDTH = 120, KEY_WIDTH = 29, TYPE_WIDTH = 14, UNIT_WIDTH = 10, DEFAULT_WIDTH = 11, LINE_TEXT = 1024 };

/* Print `text` from `column` on, where the cursor is, and continue on further lines at the same column when the page is
 * full. */
static void print_wrapped(FILE *out, int column, const char *text) {
  int at = column;
  while (*text != '\0') {
    int length = (int)strcspn(text, " ");
    if (at > column && at + 1 + length > WIDTH) {
      fprintf(out, "\n%*s", column, "");
      at = column;
    }
    at += fprintf(out, "%s%.*s", at > column ? " " : "", length, text);
    text += length;
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

/* Append the conditions on a value beyond its type. */
static void describe_limits(const heat_option *option, char *text, size_t size) {
  if (option->range != NULL) heat_option_join(text, size, "; ", option->range);
  if (option->most > 0) {
    char most[HEAT_KEY_TEXT];
    snprintf(most, sizeof most, "at most %.16g", option->most);
    heat_option_join(text, size, option->range != NULL ? " and " : "; ", most);
  }
  if (option->rule != HEAT_NO_RULE) heat_option_join(text, size, "; ", heat_rule_text(option->rule));
}

/* Append when the key is used, such as "required when shape is circle". */
static void describe_use(const heat_option *option, char *text, size_t size) {
  bool required = (option->flags & HEAT_REQUIRED) != 0;
  text[0] = '\0';
  if (required) heat_option_join(text, size, "", "required");
  if (option->when != NULL) {
    heat_option_join(text, size, " ", required ? "when" : "only when");
    heat_option_join(text, size, " ", option->when);
    heat_option_join(text, size, " ", option->is != NULL ? "is" : "is given");
    for (const char *word = option->is; word != NULL && *word != '\0'; word += strspn(word, " ")) {
      char one[HEAT_KEY_TEXT];
      size_t length = strcspn(word, " ");
      snprintf(one, sizeof one, "%.*s", (int)length, word);
      heat_option_join(text, size, word == option->is ? " " : " or ", one);
      word += length;
    }
  }
  if (option->unless != NULL) {
    heat_option_join(text, size, " ", required ? "unless" : "not beside");
    heat_option_join(text, size, " ", option->unless);
    if (required) heat_option_join(text, size, " ", "is given");
  }
}

/* The type in one or two words. They do not mention `auto`, which the default shows. */
static const char *short_type(const heat_option *option) {
  static const char *const words[] = {
      [HEAT_SECTION] = "section",      [HEAT_LIST] = "list",       [HEAT_TEXT] = "text",   [HEAT_CHOICE] = "word",
      [HEAT_BOOLEAN] = "switch",       [HEAT_INTEGER] = "integer", [HEAT_REAL] = "number", [HEAT_FIELD] = "field",
      [HEAT_CONDITION] = "expression", [HEAT_HINTS] = "names"};
  if (option->arity == HEAT_POINTS) return "points";
  if (option->arity == HEAT_ONE_OR_PAIR) return "field or pair";
  if (option->arity == HEAT_PAIR) return option->type == HEAT_INTEGER ? "2 integers" : "2 numbers";
  return words[option->type];
}

static void print_line(FILE *out, const heat_option *option) {
  char text[LINE_TEXT] = "", use[HEAT_KEY_TEXT];
  const char *fallback = option->fallback, *unit = option->unit;
  bool no_default = fallback == NULL || strcmp(fallback, "{}") == 0;
  if (no_default) fallback = (option->flags & HEAT_REQUIRED) != 0 ? "required" : "-";
  describe_use(option, use, sizeof use);
  heat_option_join(text, sizeof text, "", option->help);
  for (int i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
    heat_option_join(text, sizeof text, i == 0 ? ": " : ", ", option->choices[i]);
  }
  describe_limits(option, text, sizeof text);
  if (option->when != NULL || option->unless != NULL) heat_option_join(text, sizeof text, "; ", use);
  fprintf(out, "%-*s%-*s%-*s%-*s", KEY_WIDTH, option->key, TYPE_WIDTH, short_type(option), UNIT_WIDTH,
          unit != NULL ? unit : "-", DEFAULT_WIDTH, fallback);
  print_wrapped(out, KEY_WIDTH + TYPE_WIDTH + UNIT_WIDTH + DEFAULT_WIDTH, text);
}

static void print_row(FILE *out, const char *title, const char *text) {
  enum { TITLE_WIDTH = 12 };
  if (text == NULL || *text == '\0') return;
  fprintf(out, "  %-*s", TITLE_WIDTH - 2, title);
  print_wrapped(out, TITLE_WIDTH, text);
}

static void print_detail(FILE *out, const heat_option *option) {
  char words[HEAT_KEY_TEXT], limits[LINE_TEXT] = "";
  fprintf(out, "%s\n", option->key);
  print_row(out, "meaning", option->help);
  heat_option_describe(option, words, sizeof words);
  print_row(out, "type", words);
  print_row(out, "unit", option->unit);
  print_row(out, "default", option->fallback);
  describe_limits(option, limits, sizeof limits);
  print_row(out, "accepted", strncmp(limits, "; ", 2) == 0 ? limits + 2 : limits);
  describe_use(option, words, sizeof words);
  print_row(out, "use", words);
  if (option->type == HEAT_FIELD || option->type == HEAT_CONDITION) {
    print_row(out, "variables", (option->flags & HEAT_TIME) != 0 ? "x, y (m), t (s), pi, e" : "x, y (m), pi, e");
    print_row(out, "operators", "+ - * / ^ (or **), < <= > >= == !=, and or not (or && || !), a ? b : c");
    print_row(out, "functions", heat_expression_functions());
  }
  print_row(out, "resume", heat_option_physics(option) ? "must stay as it was" : "may change");
}

static heat_status fail_unknown(const char *key) {
  char section[HEAT_KEY_TEXT], text[LINE_TEXT];
  const char *dot = strrchr(key, '.'), *leaf = dot != NULL ? dot + 1 : key;
  snprintf(section, sizeof section, "%.*s", (int)(dot != NULL ? dot - key : 0), key);
  const heat_option *option = heat_option_find(section);
  heat_option_suggest(option != NULL ? option : &heat_option_root, option != NULL ? section : "", leaf, text,
                      sizeof text);
  return heat_fail(HEAT_USAGE, "%s: unknown key (%s)", key, text);
}

heat_status heat_config_print_keys(FILE *out, const char *key) {
  const heat_option *exact = key != NULL && *key != '\0' ? heat_option_find(key) : NULL, *row;
  bool found = exact != NULL;
  if (exact != NULL) print_detail(out, exact);
  if (exact != NULL && exact->type != HEAT_SECTION && exact->type != HEAT_LIST) return heat_ok();
  for (int i = 0; (row = heat_option_row(i)) != NULL; i++) {
    if (row == exact || (key != NULL && !heat_option_begins(row, key))) continue;
    if (!found || (exact != NULL && i > 0 && heat_option_row(i - 1) == exact)) {
      fprintf(out, "%s%-*s%-*s%-*s%-*s%s\n", found ? "\n" : "", KEY_WIDTH, "key", TYPE_WIDTH, "type", UNIT_WIDTH,
              "unit", DEFAULT_WIDTH, "default", "meaning; what is accepted");
    }
    found = true;
    print_line(out, row);
  }
  if (!found) return fail_unknown(key);
  fprintf(out, "\nfield: a number, an expression in quotes, or {file: F.h5, dataset: /NAME}\n");
  return heat_ok();
}
