/* The check of a tree of nodes against the option table, each value by itself. config_rules.c checks the relations
 * between values. */
#include "config_private.h"
#include "heat2d/deck/expression.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Let a message name the place of the key instead of that of the value. The tree is discarded after a failure. */
static heat_place at_name(heat_node *node) {
  return node->place = node->key_place;
}

/* What YAML makes of a comma in place of a decimal point: [0,1, 0,1] is a list of 4, {end: 1,5} has a key 5 without a
 * value, and 1,5 alone is a text. */
static const char decimal_point[] = "decimals are written with a point: 1.5, not 1,5";

static bool is_digits(const char *text) {
  return isdigit((unsigned char)*text) && text[strspn(text, "0123456789eE+-")] == '\0';
}

/* Whether there is nothing but a comma between `node` and the place `after`. */
static bool follows_comma(const heat_node *node, heat_place after) {
  return node->place.set == after.set && node->place.line == after.line && after.line > 0 &&
         node->place.column + (int)strlen(node->text) + 1 == after.column;
}

static bool has_decimal_commas(const heat_node *node) {
  if (node->kind == HEAT_NODE_SCALAR && !node->quoted) {
    const char *comma = strchr(node->text, ',');
    return comma != NULL && comma > node->text && isdigit((unsigned char)comma[-1]) && is_digits(comma + 1);
  }
  if (node->kind != HEAT_NODE_LIST) return false;
  for (int i = 0; i + 1 < node->count; i++) {
    const heat_node *whole = node->entries[i], *digits = node->entries[i + 1];
    const bool plain = whole->kind == HEAT_NODE_SCALAR && digits->kind == HEAT_NODE_SCALAR;
    if (plain && is_digits(digits->text) && follows_comma(whole, digits->place)) return true;
  }
  return false;
}

static heat_status needed(const char *name, heat_node *node, const heat_option *option) {
  char words[HEAT_KEY_TEXT];
  heat_option_describe(option, words, sizeof words);
  if ((option->type == HEAT_REAL || option->type == HEAT_FIELD) && has_decimal_commas(node)) {
    char text[HEAT_KEY_TEXT] = "";
    if (node->kind == HEAT_NODE_LIST) snprintf(text, sizeof text, "a list of %d", node->count);
    if (node->kind == HEAT_NODE_SCALAR) snprintf(text, sizeof text, "'%.60s'", node->text);
    return heat_node_fail(name, node, NULL, "%s is needed, not %s (%s)", words, text, decimal_point);
  }
  if (node->kind == HEAT_NODE_MAP) return heat_node_fail(name, node, NULL, "%s is needed, not a section", words);
  if (node->kind == HEAT_NODE_LIST) {
    return heat_node_fail(name, node, NULL, "%s is needed, not a list of %d", words, node->count);
  }
  if (node->text[0] == '\0' && !node->quoted)
    return heat_node_fail(name, node, NULL, "there is no value here (%s)", words);
  return heat_node_fail(name, node, NULL, "%s is needed, not '%.60s'", words, node->text);
}

typedef enum number_kind { NUMBER, NO_NUMBER, BAD_NUMBER } number_kind;

/* BAD_NUMBER: what C or YAML would take for a number but a deck must not hold: 0x10, nan, .inf, 1e999. */
static number_kind read_number(const char *text, double *value) {
  char *end;
  const char *body = text + (*text == '+' || *text == '-');
  if (!isalnum((unsigned char)*body) && *body != '.') return NO_NUMBER;
  *value = strtod(text, &end) + 0.0; /* turns -0 into 0 */
  if (strcasecmp(body, ".inf") == 0 || strcasecmp(body, ".nan") == 0) return BAD_NUMBER;
  if (*end != '\0') return NO_NUMBER;
  return isfinite(*value) && text[strspn(text, "0123456789+-.eE")] == '\0' ? NUMBER : BAD_NUMBER;
}

void heat_number_write(char text[HEAT_NUMBER_TEXT], double value) {
  int digits = 15;
  do snprintf(text, HEAT_NUMBER_TEXT, "%.*g", digits, value);
  while (strtod(text, NULL) != value && ++digits <= 17);
}

static heat_status set_number(heat_node *node, double value, bool is_integer) {
  char text[HEAT_NUMBER_TEXT];
  heat_number_write(text, value);
  if (is_integer) snprintf(text, sizeof text, "%lld", strtoll(node->text, NULL, 10));
  char *copy = strdup(text);
  if (copy == NULL) return heat_no_memory("the deck", sizeof text);
  free(node->text);
  node->text = copy;
  node->number = value;
  node->is_number = true;
  node->quoted = false;
  return heat_ok();
}

/* Whether a value is in a `range` of the option table, such as "> 0", ">= 0" or "in (0, 1]". */
static bool in_range(const char *range, double value) {
  char *end;
  if (strncmp(range, ">= ", 3) == 0) return value >= strtod(range + 3, NULL);
  if (strncmp(range, "> ", 2) == 0) return value > strtod(range + 2, NULL);
  const char *bracket = range + strlen("in ");
  double low = strtod(bracket + 1, &end), high = strtod(end + 1, &end);
  return (*bracket == '(' ? value > low : value >= low) && (*end == ')' ? value < high : value <= high);
}

static heat_status check_number(const char *name, heat_node *node, const heat_option *option) {
  double value;
  bool is_integer = option->type == HEAT_INTEGER;
  number_kind kind = read_number(node->text, &value);
  const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
  if (kind == BAD_NUMBER) {
    return heat_node_fail(name, node, NULL, "'%.60s' is not accepted (a finite decimal number)", node->text);
  }
  if (kind == NO_NUMBER || (is_integer && digits[strspn(digits, "0123456789")] != '\0')) {
    return needed(name, node, option);
  }
  const double most = heat_option_most(option);
  if (option->range != NULL && !in_range(option->range, value)) {
    return heat_node_fail(name, node, NULL, "%.60s is out of range (must be %s)", node->text, option->range);
  }
  if (fabs(value) > most) {
    return heat_node_fail(name, node, NULL, "%.60s is out of range (must be %s%sat most %.16g%s)", node->text,
                          option->range != NULL ? option->range : "", option->range != NULL ? " and " : "", most,
                          option->range != NULL ? "" : " in magnitude");
  }
  return set_number(node, value, is_integer);
}

static heat_status check_expression(const char *name, heat_node *node, const heat_option *option) {
  heat_expression *expression;
  heat_status status = heat_expression_create(&expression, node->text, (option->flags & HEAT_TIME) != 0);
  heat_expression_destroy(expression);
  return status.code == HEAT_DECK ? heat_node_fail(name, node, NULL, "%s", status.text) : status;
}

static bool is_one_of(const char *const *words, const char *text) {
  while (words != NULL && *words != NULL && strcmp(*words, text) != 0) words++;
  return words != NULL && *words != NULL;
}

static heat_status check_word(const char *name, heat_node *node, const heat_option *option) {
  return is_one_of(option->choices, node->text) ? heat_ok() : needed(name, node, option);
}

static heat_status check_section(const char *name, heat_node *root, heat_node *node, const heat_option *option);

/* Check one value: a scalar, or the map that may be given in its place ({file, dataset} or {steps}). */
static heat_status check_value(const char *name, heat_node *root, heat_node *node, const heat_option *option) {
  bool may_be_map = option->type == HEAT_FIELD || option->type == HEAT_REAL;
  if (node->kind == HEAT_NODE_MAP && may_be_map && heat_option_next(heat_option_inside(option), NULL) != NULL) {
    return check_section(name, root, node, option);
  }
  if (node->kind != HEAT_NODE_SCALAR) return needed(name, node, option);
  if ((option->flags & HEAT_AUTO) != 0 && strcmp(node->text, "auto") == 0) return heat_ok();
  bool empty = node->text[0] == '\0', may_be_empty = option->fallback != NULL && strcmp(option->fallback, "\"\"") == 0;
  double number;
  switch (option->type) {
  case HEAT_TEXT:
    return empty && !may_be_empty ? needed(name, node, option) : heat_ok();
  case HEAT_CHOICE:
  case HEAT_BOOLEAN:
    return check_word(name, node, option);
  case HEAT_INTEGER:
  case HEAT_REAL:
    return node->quoted ? needed(name, node, option) : check_number(name, node, option);
  case HEAT_CONDITION:
    return check_expression(name, node, option);
  default:
    break;
  }
  if (empty && !node->quoted) return needed(name, node, option);
  if (read_number(node->text, &number) != NO_NUMBER) return check_number(name, node, option);
  return check_expression(name, node, option);
}

static heat_status check_pair(const char *name, heat_node *root, heat_node *node, const heat_option *option) {
  heat_option one = *option;
  one.arity = HEAT_ONE;
  one.flags &= ~(unsigned)HEAT_AUTO;
  node->option = option;
  if (node->kind != HEAT_NODE_LIST || node->count != 2) {
    one.arity = HEAT_PAIR;
    return needed(name, node, option->arity == HEAT_POINTS ? &one : option);
  }
  heat_status status = heat_ok();
  for (int i = 0; i < 2 && status.code == HEAT_OK; i++) {
    node->entries[i]->option = option;
    status = check_value(name, root, node->entries[i], &one);
  }
  return status;
}

static heat_status check_list(const char *name, heat_node *root, heat_node *node, const heat_option *option) {
  enum { FEWEST_POINTS = 3 };
  bool points = option->arity == HEAT_POINTS;
  if (node->kind != HEAT_NODE_LIST || (points && node->count < FEWEST_POINTS)) return needed(name, node, option);
  heat_status status = heat_ok();
  const heat_option *entry = heat_option_next(option->key, NULL);
  for (int i = 0; i < node->count && status.code == HEAT_OK; i++) {
    status = points ? check_pair(name, root, node->entries[i], option)
                    : heat_check_node(name, root, node->entries[i], entry);
  }
  return status;
}

static const heat_node *look_up(const heat_node *root, const heat_node *section, const char *key) {
  return strchr(key, '.') != NULL ? heat_node_find(root, key) : heat_node_entry(section, key, strlen(key));
}

static bool is_used(const heat_node *root, const heat_node *section, const heat_option *row) {
  if (row->unless != NULL && look_up(root, section, row->unless) != NULL) return false;
  if (row->when == NULL) return true;
  const heat_node *other = look_up(root, section, row->when);
  return other != NULL && (row->is == NULL || heat_option_has_word(row->is, other->text));
}

/* Whether it cannot be decided if a row is used, because the value that decides it is wrong or missing. This happens
 * only while further faults are looked for, see config_faults.c. */
static bool is_open(const heat_node *root, const heat_node *section, const heat_option *row) {
  const char *const keys[] = {row->when, row->unless};
  for (int n = 0; n < 2; n++) {
    if (keys[n] == NULL) continue;
    const heat_node *other = look_up(root, section, keys[n]);
    if (other != NULL && other->passed && row->is != NULL) return true;
    const char *dot = strchr(keys[n], '.');
    const heat_node *above = dot != NULL ? heat_node_entry(root, keys[n], (size_t)(dot - keys[n])) : NULL;
    if (above != NULL && above->passed) return true;
  }
  return row->unless != NULL && heat_material_unknown(section); /* the material may give it */
}

static heat_status fail_unused(const char *name, const heat_node *root, heat_node *node, const heat_option *row) {
  const heat_node *section = node->parent;
  at_name(node);
  if (row->unless != NULL && look_up(root, section, row->unless) != NULL) {
    return heat_node_fail(name, node, NULL, "not used beside %s", row->unless);
  }
  if (row->is == NULL) return heat_node_fail(name, node, NULL, "not used without %s", row->when);
  const char *word = look_up(root, section, row->when)->text, *separator = "";
  char takes[HEAT_KEY_TEXT] = "";
  for (const heat_option *other = NULL;
       (other = heat_option_next(heat_option_inside(section->option), other)) != NULL;) {
    if (other->is == NULL || !heat_option_has_word(other->is, word)) continue;
    heat_option_join(takes, sizeof takes, separator, heat_option_leaf(other));
    separator = ", ";
  }
  return heat_node_fail(name, node, NULL, "not used by %s %s (it takes %s)", row->when, word,
                        takes[0] != '\0' ? takes : "nothing more");
}

static heat_status fail_missing(const char *name, const heat_node *root, heat_node *section, const heat_option *row) {
  char words[HEAT_KEY_TEXT];
  const char *leaf = heat_option_leaf(row);
  heat_option_describe(row, words, sizeof words);
  if (row->is != NULL) {
    return heat_node_fail(name, section, leaf, "missing (%s %s needs it: %s)", row->when,
                          look_up(root, section, row->when)->text, words);
  }
  if (row->when != NULL) return heat_node_fail(name, section, leaf, "missing (%s needs it: %s)", row->when, words);
  if (row->unless != NULL) {
    return heat_node_fail(name, section, leaf, "missing (required unless %s is given: %s)", row->unless, words);
  }
  return heat_node_fail(name, section, leaf, "missing (required: %s)", words);
}

/* Whether `node` is like the 5 of {end: 1,5}. */
static bool is_stray_decimals(const heat_node *before, const heat_node *node) {
  const bool empty = node->kind == HEAT_NODE_SCALAR && node->text[0] == '\0' && !node->quoted;
  return empty && is_digits(node->key) && before->kind == HEAT_NODE_SCALAR && !before->quoted &&
         is_digits(before->text + (before->text[0] == '-' || before->text[0] == '+'));
}

/* Check that every key is known and given once. The check ends at the first unknown or repeated key, so that few pairs
 * have to be compared. */
static heat_status check_keys(const char *name, const heat_node *section, const heat_option *option) {
  char text[HEAT_STATUS_TEXT], path[HEAT_KEY_TEXT];
  for (int i = 0; i < section->count; i++) {
    heat_node *node = section->entries[i];
    const heat_option *row = NULL;
    if (node->passed) continue;
    do row = heat_option_next(heat_option_inside(option), row);
    while (row != NULL && strcmp(heat_option_leaf(row), node->key) != 0);
    if (row == NULL && i > 0 && is_stray_decimals(section->entries[i - 1], node)) {
      return heat_node_fail(name, section->entries[i - 1], NULL, "%.60s,%.60s is not one number (%s)",
                            section->entries[i - 1]->text, node->key, decimal_point);
    }
    if (row == NULL) {
      heat_node_path(section, path);
      heat_option_suggest(option, path, node->key, text, sizeof text);
      at_name(node);
      return heat_node_fail(name, node, NULL, "unknown key (%s)", text);
    }
    const heat_node *first = heat_node_entry(section, node->key, strlen(node->key));
    if (first == node) continue;
    heat_place_write(text, sizeof text, name, first->key_place);
    at_name(node);
    return heat_node_fail(name, node, NULL, "given twice (first at %s)", text);
  }
  return heat_ok();
}

/* Whether a choice elsewhere in the deck allows this key to be left out. */
static bool is_spared(const heat_node *root, const heat_option *row) {
  const heat_node *other = row->spared != NULL ? heat_node_find(root, row->spared) : NULL;
  return other != NULL &&
         (other->passed || (other->kind == HEAT_NODE_SCALAR && strcmp(other->text, row->spared_by) == 0));
}

static heat_status add_default(heat_node *section, const heat_option *row, const char *fallback) {
  const char *leaf = heat_option_leaf(row);
  heat_node *node, *value;
  heat_status status = heat_node_create(&node, section, leaf, strlen(leaf));
  if (status.code != HEAT_OK) return status;
  status = heat_tree_parse(&value, &(heat_source){.is_default = true}, fallback, strlen(fallback));
  if (status.code == HEAT_OK) heat_node_replace(node, value);
  return status;
}

static heat_status check_any_of(const char *name, const heat_node *root, heat_node *section) {
  char words[HEAT_KEY_TEXT] = "";
  const char *separator = "", *first = NULL;
  const char *inside = heat_option_inside(section->option);
  if (heat_material_unknown(section)) return heat_ok();
  for (const heat_option *row = NULL; (row = heat_option_next(inside, row)) != NULL;) {
    const char *leaf = heat_option_leaf(row);
    if ((row->flags & HEAT_ANY_OF) == 0 || (!is_open(root, section, row) && !is_used(root, section, row))) continue;
    if (look_up(root, section, leaf) != NULL) return heat_ok();
    heat_option_join(words, sizeof words, separator, leaf);
    separator = ", ";
    if (first == NULL) first = leaf;
  }
  if (words[0] == '\0') return heat_ok();
  const heat_status status = heat_node_fail(name, section, NULL, "at least one of %s is needed", words);
  section->missing = first;
  return status;
}

static int by_row(const void *a, const void *b) {
  const heat_node *left = *(heat_node *const *)a, *right = *(heat_node *const *)b;
  return (left->option > right->option) - (left->option < right->option);
}

/* A key that the chosen word does not use is reported before a missing key, because it shows what the author meant. So
 * is a fault in the word that would allow a missing key to be left out. */
static heat_status check_section(const char *name, heat_node *root, heat_node *node, const heat_option *option) {
  if (node->kind != HEAT_NODE_MAP) return needed(name, node, option);
  heat_status status = check_keys(name, node, option);
  const heat_option *row = NULL, *missing = NULL;
  while (status.code == HEAT_OK && (row = heat_option_next(heat_option_inside(option), row)) != NULL) {
    const char *leaf = heat_option_leaf(row);
    heat_node *entry = heat_node_entry(node, leaf, strlen(leaf));
    const bool open = is_open(root, node, row);
    if (open && entry == NULL) continue;
    if (!open && !is_used(root, node, row)) {
      if (entry != NULL) status = fail_unused(name, root, entry, row);
      continue;
    }
    const char *fallback = row->fallback == NULL && is_spared(root, row) ? "0" : row->fallback;
    if (entry == NULL && fallback != NULL) {
      status = add_default(node, row, fallback);
      if (status.code != HEAT_OK) return status;
      entry = heat_node_entry(node, leaf, strlen(leaf));
    }
    if (entry != NULL) {
      status = heat_check_node(name, root, entry, row);
    } else if ((row->flags & HEAT_REQUIRED) != 0) {
      if (missing == NULL) missing = row;
      if (row->when == NULL && row->unless == NULL && row->spared == NULL) break;
    }
  }
  if (status.code == HEAT_OK && missing != NULL) status = fail_missing(name, root, node, missing);
  if (status.code != HEAT_OK) return status;
  qsort(node->entries, (size_t)node->count, sizeof *node->entries, by_row);
  return check_any_of(name, root, node);
}

/* Check hints for MPI-IO. There is no list of all names, but MPI ignores those that it does not know. */
static heat_status check_hints(const char *name, heat_node *node, const heat_option *option) {
  enum { LONGEST_NAME = 63, LONGEST_VALUE = 127 };
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  static const heat_option hint = {.key = "output.hints.*", .type = HEAT_TEXT};
  if (node->kind != HEAT_NODE_MAP) return needed(name, node, option);
  for (int i = 0; i < node->count; i++) {
    heat_node *entry = node->entries[i];
    const size_t length = strlen(entry->key);
    entry->option = &hint;
    if (length == 0 || length > LONGEST_NAME || entry->key[strspn(entry->key, letters)] != '\0') {
      at_name(entry);
      return heat_node_fail(name, entry, NULL, "is not the name of a hint (letters, digits and _)");
    }
    if (heat_node_entry(node, entry->key, length) != entry) {
      at_name(entry);
      return heat_node_fail(name, entry, NULL, "given twice");
    }
    if (entry->kind != HEAT_NODE_SCALAR || entry->text[0] == '\0') return needed(name, entry, &hint);
    if (strlen(entry->text) > LONGEST_VALUE)
      return heat_node_fail(name, entry, NULL, "is too long for a hint (at most %d characters)", LONGEST_VALUE);
  }
  return heat_ok();
}

heat_status heat_check_node(const char *name, heat_node *root, heat_node *node, const heat_option *option) {
  node->option = option;
  if (node->passed) return heat_ok();
  if (option->type == HEAT_SECTION) return check_section(name, root, node, option);
  if (option->type == HEAT_HINTS) return check_hints(name, node, option);
  if (option->type == HEAT_LIST || option->arity == HEAT_POINTS) return check_list(name, root, node, option);
  bool is_auto = (option->flags & HEAT_AUTO) != 0 && node->kind == HEAT_NODE_SCALAR && strcmp(node->text, "auto") == 0;
  bool is_pair =
      (option->arity == HEAT_PAIR && !is_auto) || (option->arity == HEAT_ONE_OR_PAIR && node->kind == HEAT_NODE_LIST);
  return is_pair ? check_pair(name, root, node, option) : check_value(name, root, node, option);
}
