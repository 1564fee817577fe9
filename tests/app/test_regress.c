/* `heat2d regress` reports the same bits or changed figures, deck by deck; references are written without a change to
 * the rest of the list; no files are left; faults of a list are reported with their place. */
#include "runs.h"

static const char list_text[] = "# mine\n"
                                "decks:\n"
                                "  small: {deck: deck.yaml, ranks: [1, 3]} # here as well\n"
                                "  torus:\n"
                                "    deck: torus.yaml\n"
                                "    set: [\"domain.cells=[12,8]\", time.step=auto]\n";

/* A list and its decks in a folder of their own, and a folder for temporary files that is checked. */
static void start(void) {
  shell("rm -rf list tmp && mkdir -p list tmp");
  write_text("list/deck.yaml", small_deck);
  write_text("list/torus.yaml", torus_deck);
  write_text("list/list.yaml", list_text);
  snprintf(command.environment, sizeof command.environment, "TMPDIR='%s/tmp'", command.directory);
}

static void replace_in_list(const char *expression) {
  shell("sed -i '%s' list/list.yaml && ! cmp -s list/list.yaml before.yaml", expression);
}

static void update(int ranks) {
  assert_code(0, heat2d(ranks, "regress list/list.yaml --update"));
  shell("cp list/list.yaml before.yaml");
}

static void references_are_written_below_what_a_person_wrote(void **state) {
  (void)state;
  start();
  assert_code(1, heat2d(0, "regress list/list.yaml --only small"));
  assert_non_null(strstr(command.out, "it has no reference"));
  update(3);
  char *text = read_text("list/list.yaml");
  assert_int_equal(strncmp(text, list_text, strlen(list_text)), 0);
  assert_non_null(strstr(text, "\n  torus:\n    digest: "));
  free(text);
  static const int ranks[] = {0, 2, 3};
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    assert_code(0, heat2d(ranks[n], "regress list/list.yaml"));
    const int runs = ranks[n] == 0 ? 2 : 3; /* on one rank the entry 3 also means 1 rank, which is not run again */
    char said[64];
    assert_int_equal(occurrences(command.out, "same bits"), runs);
    snprintf(said, sizeof said, "%d runs: %d as the reference, 0 different, 0 failed", runs, runs);
    assert_non_null(strstr(command.out, said));
  }
  assert_code(0, heat2d(2, "regress list/list.yaml --update")); /* the same text again */
  shell("cmp list/list.yaml before.yaml");
  assert_int_equal(count_files("tmp", "heat2d-regress", ""), 0);
  assert_false(exists("out") || exists("list/out") || exists("list/list.yaml.partial"));
}

static void what_moved_is_told_by_how_much(void **state) {
  (void)state;
  start();
  update(0);
  replace_in_list("/^references/,${/^  torus/,$s/^    max: .*/    max: 3/}");
  assert_code(1, heat2d(2, "regress list/list.yaml"));
  assert_int_equal(occurrences(command.out, "same bits"), 2);
  assert_int_equal(occurrences(command.out, "DIFFERENT"), 1);
  assert_non_null(strstr(command.out, "\n    max          3 -> "));
  assert_one_complaint("heat2d: 1 of 3 runs", "differ");
  shell("cp before.yaml list/list.yaml");
  replace_in_list("s/^    probes: .[0-9]/    probes: [1/");
  assert_code(1, heat2d(0, "regress list/list.yaml --only torus"));
  assert_non_null(strstr(command.out, "\n    a  "));
  shell(
      "cp before.yaml list/list.yaml && sed -i 's/sin(2\\*pi\\*x) + cos/sin(2*pi*x) + 1.0000001*cos/' list/torus.yaml");
  assert_code(1, heat2d(0, "regress list/list.yaml"));
  assert_int_equal(occurrences(command.out, "same bits"), 1);
  assert_non_null(strstr(command.out, "\n    min  "));
  replace_in_list("s/^    deck: torus.yaml/&\\n    tolerance: 1e-6/");
  assert_code(0, heat2d(0, "regress list/list.yaml"));
  assert_non_null(strstr(command.out, "within the tolerance"));
  replace_in_list("s/tolerance: 1e-6/tolerance: 1e-12/");
  assert_code(1, heat2d(0, "regress list/list.yaml"));
}

/* A deck that fails is reported, the others are run, and the exit code is that of the failure. */
static void a_deck_that_fails_is_told(void **state) {
  (void)state;
  start();
  update(0);
  shell("sed -i 's/diffusivity/diffusifity/' list/deck.yaml");
  assert_code(65, heat2d(2, "regress list/list.yaml"));
  assert_int_equal(occurrences(command.out, "same bits"), 1);
  assert_non_null(strstr(command.out, "list/deck.yaml:3:12: material.diffusifity: unknown key"));
  assert_int_equal(count_files("tmp", "heat2d-regress", ""), 0);
}

static void a_wrong_list_is_told_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } wrong[] = {
      {"", "list.yaml:1:1: YAML: it is empty"},
      {"decks: [a", "list.yaml:2:1: YAML: "},
      {"deck: {a: {deck: b}}", "list.yaml:1:1: deck: unknown key (accepted: tolerance, decks, references)"},
      {"tolerance: 0", "list.yaml:1:1: deck: there must be a section decks with names"},
      {"decks: {a: {}}", "list.yaml:1:9: decks.a: deck is missing"},
      {"decks:\n  a: {deck: x.yaml, set: [time.end]}", "list.yaml:2:27: decks.a.set.0: it must be KEY=VALUE"},
      {"decks:\n  a: {deck: x.yaml, ranks: 0}", "list.yaml:2:28: decks.a.ranks: it must be a number of ranks"},
      {"decks:\n  a: {deck: x.yaml, tolerance: 2}", "list.yaml:2:32: decks.a.tolerance: it must be a number in [0, 1)"},
      {"decks:\n  a b: {deck: x.yaml}", "list.yaml:2:3: decks.a b: a name is made of letters, digits and _ - ."},
      {"decks: {a: {deck: x.yaml}}\nreferences: {b: {digest: 1}}",
       "list.yaml:2:14: references.b: there is no such deck"},
      {"decks: {a: {deck: x.yaml}}\nreferences: {a: {digest: x}}",
       "list.yaml:2:26: references.a.digest: it must be a digest"},
      {"references: {}\ndecks: {a: {deck: x.yaml}}", "list.yaml:2:1: decks: it comes after references"}};
  for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
    write_text("list.yaml", wrong[n].text);
    assert_code(65, heat2d(0, "regress list.yaml"));
    assert_one_complaint(wrong[n].message, "");
  }
  assert_code(65, heat2d(2, "regress nowhere.yaml"));
  assert_one_complaint("nowhere.yaml: there is no such list", "");
  start();
  assert_code(64, heat2d(0, "regress list/list.yaml --only big"));
  assert_one_complaint("heat2d: --only: there is no 'big'", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(references_are_written_below_what_a_person_wrote),
      cmocka_unit_test(what_moved_is_told_by_how_much),
      cmocka_unit_test(a_deck_that_fails_is_told),
      cmocka_unit_test(a_wrong_list_is_told_with_its_place),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
