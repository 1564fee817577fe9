/* Wrong decks with their exact messages, and the bounds and words of every key. */
#include "deck/deck_text.h"
#include "deck/wrong_decks.h"

static void wrong(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof wrong_decks / sizeof *wrong_decks; i++) {
    heat_config *config = (heat_config *)state; /* must be overwritten */
    heat_status status = parse(&config, wrong_decks[i].deck, wrong_decks[i].sets);
    assert_string_equal(status.text, wrong_decks[i].message);
    assert_int_equal(status.code, HEAT_DECK);
    assert_null(config);
  }
}

/* Check one number against one row of the table, as an entry of a list. */
static heat_status check_number(const heat_option *row, const char *text, bool *is_number) {
  heat_option one = *row;
  heat_node *node;
  one.arity = HEAT_ONE;
  const heat_source source = {.name = "deck"};
  assert_int_equal(heat_tree_parse(&node, &source, text, strlen(text)).code, HEAT_OK);
  heat_status status = heat_check_node("deck", node, node, &one);
  *is_number = node->is_number;
  heat_node_destroy(node);
  return status;
}

/* Find the two ends of the range that a row accepts, and whether they belong to it. */
typedef struct ends {
  double low, high;
  bool low_in, high_in;
} ends;

static ends ends_of(const heat_option *row) {
  const double most = heat_option_most(row);
  ends e = {-most, most, true, true};
  char *end;
  const char *range = row->range;
  if (range == NULL) return e;
  if (strncmp(range, "in ", 3) == 0) {
    e.low = strtod(range + 4, &end);
    e.high = strtod(end + 1, &end);
    e.low_in = range[3] == '[';
    e.high_in = *end == ']';
  } else {
    e.low_in = range[1] == '=';
    e.low = strtod(range + 1 + e.low_in, NULL);
  }
  return e;
}

/* Every key that takes a number has a range with two finite ends, and a number just beyond an end is refused in one
 * line. */
static void numbers_are_bounded(void **state) {
  (void)state;
  const heat_option *row;
  int rows = 0;
  for (int i = 0; (row = heat_option_row(i)) != NULL; i++) {
    if (row->type != HEAT_INTEGER && row->type != HEAT_REAL && row->type != HEAT_FIELD) continue;
    const bool integer = row->type == HEAT_INTEGER;
    const ends e = ends_of(row);
    rows++;
    for (int side = 0; side < 2; side++) {
      const double at = side == 0 ? e.low : e.high, beyond = side == 0 ? -INFINITY : INFINITY;
      const double past = integer ? at + (side == 0 ? -1 : 1) : nextafter(at, beyond);
      const double inside = integer ? at - (side == 0 ? -1 : 1) : nextafter(at, -beyond);
      const struct {
        double value;
        bool right;
      } cases[] = {{at, side == 0 ? e.low_in : e.high_in}, {past, false}, {inside, true}};
      assert_true(isfinite(at));
      for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char text[64];
        bool is_number;
        snprintf(text, sizeof text, integer ? "%.0f" : "%.17g", cases[c].value);
        const heat_status status = check_number(row, text, &is_number);
        const bool right = (status.code == HEAT_OK) == cases[c].right && (status.code == HEAT_OK || !is_number);
        if (!right) print_error("%s: %s: %s\n", row->key, text, status.text);
        assert_true(right);
        if (!cases[c].right) assert_non_null(strstr(status.text, "out of range (must be"));
      }
    }
    static const char *const never[] = {".nan", ".inf", "-.inf", "nan", "1e999", "4294967296000000000000000"};
    for (size_t n = 0; n < sizeof never / sizeof *never; n++) {
      bool is_number;
      if (n == 5 && !integer) continue;
      assert_int_equal(check_number(row, never[n], &is_number).code, HEAT_DECK);
    }
  }
  assert_true(rows > 30);
}

static void words_have_their_numbers(void **state) {
  (void)state;
  static const struct {
    const char *const *names;
    int count;
    const char *key;
  } lists[] = {
      {heat_mean_names, HEAT_MEANS, "interface"},
      {heat_method_names, HEAT_METHODS, "time.method"},
      {heat_precision_names, HEAT_PRECISIONS, "output.precision"},
  };
  for (size_t n = 0; n < sizeof lists / sizeof *lists; n++) {
    assert_null(lists[n].names[lists[n].count]);
    for (int word = 0; word < lists[n].count; word++) {
      char set[TEXT];
      assert_non_null(lists[n].names[word]);
      snprintf(set, sizeof set, "%s=%s", lists[n].key, lists[n].names[word]);
      heat_config *config = parse_right("", (const char *[]){set, NULL});
      assert_int_equal(heat_config_choice(config, "%s", lists[n].key), word);
      heat_config_destroy(config);
    }
  }
}

/* `.is` contains words of the choice `.when`. */
static void rows_depend_on_words_that_there_are(void **state) {
  (void)state;
  const heat_option *row;
  int words = 0;
  for (int i = 0; (row = heat_option_row(i)) != NULL; i++) {
    char is[TEXT], key[TEXT], *rest = is;
    if (row->is == NULL) continue;
    const int section = (int)(heat_option_leaf(row) - row->key);
    snprintf(key, sizeof key, "%.*s%s", strchr(row->when, '.') == NULL ? section : 0, row->key, row->when);
    const heat_option *choice = heat_option_find(key);
    assert_non_null(choice);
    snprintf(is, sizeof is, "%s", row->is);
    for (const char *word; (word = strtok_r(rest, " ", &rest)) != NULL; words++) {
      int chosen = 0;
      while (choice->choices[chosen] != NULL && strcmp(choice->choices[chosen], word) != 0) chosen++;
      if (choice->choices[chosen] == NULL) fail_msg("%s: %s is no word of %s", row->key, word, key);
    }
  }
  assert_true(words > 5);
}

static void each_side_is_a_section(void **state) {
  (void)state;
  const heat_option *row = NULL;
  for (int side = 0; side < HEAT_SIDES; side++) {
    row = heat_option_next("boundary", row);
    assert_non_null(row);
    assert_string_equal(heat_option_leaf(row), heat_side_names[side]);
  }
  row = heat_option_next("boundary", row);
  assert_true(row == NULL || *heat_option_leaf(row) == '*');
  assert_null(heat_side_names[HEAT_SIDES]);
}

static void wrong_as_a_whole(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
    size_t length;
  } cases[] = {
      {"", "deck:1:1: deck: it is empty", 0},
      {"# nothing\n---\n", "deck:1:1: deck: it is empty", 14},
      {"# nothing\n", "deck:1:1: deck: it is empty", 10},
      {"- 1\n", "deck:1:1: deck: it must consist of sections (key: value)", 4},
      {"word", "deck:1:1: deck: it must consist of sections (key: value)", 4},
      {"{}", "deck:1:1: domain: missing (required: a section {key: value, ...})", 2},
      {"title: a\0b", "deck:1:9: YAML: control characters are not allowed", 10},
      {"\xff\xfe\0\0", "deck:1:1: YAML: invalid leading UTF-8 octet", 4},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_config *config;
    heat_status status = heat_config_parse(&config, "deck", cases[i].text, cases[i].length, NULL, 0);
    assert_string_equal(status.text, cases[i].message);
    assert_int_equal(status.code, HEAT_DECK);
  }
}

/* Every beginning of a deck, and every deck with one wrong character, is accepted or refused in one line. */
static void broken_decks_never_crash(void **state) {
  (void)state;
  char deck[TEXT];
  complete(deck, whole_deck);
  size_t length = strlen(deck);
  for (size_t i = 0; i < 2 * length; i++) {
    char broken[TEXT];
    memcpy(broken, deck, length + 1);
    if (i >= length) broken[i - length] = "{[\"':,&*#\n\xff\0 x"[i % 14];
    heat_config *config;
    heat_status status = heat_config_parse(&config, "deck", broken, i < length ? i : length, NULL, 0);
    assert_true((status.code == HEAT_OK) == (config != NULL));
    assert_true((status.code == HEAT_OK) != (strncmp(status.text, "deck:", 5) == 0));
    assert_null(strchr(status.text, '\n'));
    heat_config_destroy(config);
  }
}

/* Overrides. */

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wrong),
      cmocka_unit_test(numbers_are_bounded),
      cmocka_unit_test(words_have_their_numbers),
      cmocka_unit_test(rows_depend_on_words_that_there_are),
      cmocka_unit_test(each_side_is_a_section),
      cmocka_unit_test(wrong_as_a_whole),
      cmocka_unit_test(broken_decks_never_crash),
  };
  heat_launch(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
