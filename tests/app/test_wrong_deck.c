/* A wrong deck is refused in one line that names the place, before anything is written. A serial process that runs the
 * program. */
#include "runs.h"

#include <regex.h>

typedef struct wrong_deck {
  const char *section; /* of the deck that is replaced, or added */
  const char *text;    /* by this; NULL: left out */
  const char *key, *part;
} wrong_deck;

static const char *const right_sections[] = {
    "domain: {size: [1, 1], cells: [8, 8]}", "material: {conductivity: 1, density: 1, heat_capacity: 1}",
    "initial: {temperature: 0}", "time: {end: 0.001}", "output: {directory: out}"};

static void write_wrong_deck(const wrong_deck *wrong) {
  FILE *file = fopen("wrong.yaml", "w");
  assert_non_null(file);
  const size_t length = strlen(wrong->section);
  bool replaced = false;
  for (size_t n = 0; n < sizeof right_sections / sizeof *right_sections; n++) {
    const bool here = strncmp(right_sections[n], wrong->section, length) == 0 && right_sections[n][length] == ':';
    if (!here) fprintf(file, "%s\n", right_sections[n]);
    if (here && wrong->text != NULL) fprintf(file, "%s\n", wrong->text);
    replaced = replaced || here;
  }
  if (!replaced) fprintf(file, "%s\n", wrong->text);
  fclose(file);
}

/* One line "wrong.yaml:LINE:COLUMN: key: ...", exit code 65, and nothing is written. */
static void assert_refused(int ranks, const wrong_deck *wrong) {
  char line[LINE_MOST], pattern[256];
  assert_code(65, heat2d(ranks, "run wrong.yaml"));
  assert_one_complaint("wrong.yaml:", wrong->part);
  own_complaints(line);
  snprintf(pattern, sizeof pattern, "^wrong\\.yaml:[1-9][0-9]*:[1-9][0-9]*: %s: .", wrong->key);
  regex_t compiled;
  assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
  const bool matches = regexec(&compiled, line, 0, NULL, 0) == 0;
  regfree(&compiled);
  if (!matches) print_error("'%s' does not match '%s'\n", line, pattern);
  assert_true(matches);
  assert_string_equal(command.out, "");
  assert_false(exists("out"));
}

static const wrong_deck wrong_decks[] = {
    {"domain", "domain: {size: [1, 1], cell: [8, 8]}", "domain\\.cell", "domain.cells"},
    {"tmie", "tmie: {end: 1}", "tmie", "time"},
    {"title", "title: a\ntitle: b", "title", "twice"},
    {"time", "time: {end: soon}", "time\\.end", "number"},
    {"output", "output: {directory: out, compression: 10}", "output\\.compression", "10"},
    {"time", NULL, "time(\\.end)?", ""},
    {"initial", "initial: {temperature: [0", "[^:]+", ""},
    {"initial", "initial: {temperature: 'sin(x'}", "initial\\.temperature", ""},
    {"initial", "initial: {temperature: 'x + z'}", "initial\\.temperature", "z"},
    {"initial", "initial: {temperature: 'x + t'}", "initial\\.temperature", "t"},
    {"material", "material: {conductivity: 1, density: 'sqrt(0.9 - x)', heat_capacity: 1}", "material\\.density", ""},
    {"material", "material: {conductivity: [1, 'x - 0.9'], density: 1, heat_capacity: 1}", "material\\.conductivity.*",
     ""},
    {"material", "material: {conductivity: -1, density: 1, heat_capacity: 1}", "material\\.conductivity", "-1"},
    {"regions", "regions: [{shape: polygon, points: [[0, 0], [1, 1]], source: 1}]", "regions\\.0\\.points", "3"},
    {"source", "source: {file: field.h5, dataset: /temperature}", "source", "8"},
    {"source", "source: {file: none.h5, dataset: /temperature}", "source", "none.h5"},
    {"time", "time: {end: 1, step: 0.5}", "time\\.step", "stable up to"},
    {"time", "time: {end: 1, method: leapfrog}", "time\\.method", "is needed"},
    {"time", "time: {method: staedy}", "time\\.method", "steady"}, /* rather than that time.end is missing */
    {"domain", "domain: {size: [1, 1], cells: [0, 8]}", "domain\\.cells.*", ""},
    {"domain", "domain: {size: [1, 1], cells: [1000000000, 1000000000]}", "domain\\.cells", ""},
    {"boundary", "boundary: {left: {type: dirichlet, value: '1/(y - 0.9375)'}}", "boundary\\.left\\.value", ""},
    {"boundary", "boundary: {top: {type: periodic}}", "boundary\\.top.*", "bottom"},
    {"source", "source: 'x > 0.9 && y > 0.9 ? sqrt(-1) : 0'", "source", ""},
    {"initial", "initial: {temperature: 'x < 0.1 && y > 0.9 ? 0/0 : 0'}", "initial\\.temperature", ""},
    {"sweep", "sweep: {time.end: [1, x]}", "time\\.end", "x"}};

static void a_wrong_deck_is_65_in_one_line_and_writes_nothing(void **state) {
  (void)state;
  write_text("field.yaml", "domain: {size: [1, 1], cells: [9, 8]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 1}\ntime: {end: 0.001}\noutput: {directory: field}\n");
  shell("rm -rf out field");
  assert_code(0, heat2d(0, "run field.yaml"));
  shell("cp field/snapshot-0000000000.h5 field.h5");
  for (size_t n = 0; n < sizeof wrong_decks / sizeof *wrong_decks; n++) {
    write_wrong_deck(&wrong_decks[n]);
    assert_refused(3, &wrong_decks[n]);
    assert_code(65, heat2d(0, "check wrong.yaml"));
    assert_one_complaint("wrong.yaml:", wrong_decks[n].part);
  }
}

static void every_fault_of_a_deck_has_a_line(void **state) {
  (void)state;
  write_text("wrong.yaml", "foo: 3\ntime: {end: soon}\ndomain: {size: [1, 1], cells: [16, -1]}\n"
                           "material: {diffusivity: 1}\ninitial: {temperature: 0}\n");
  for (int ranks = 0; ranks <= 2; ranks += 2) {
    assert_code(65, heat2d(ranks, "check wrong.yaml"));
    static const char *const places[] = {
        "wrong.yaml:1:1: foo: ", "wrong.yaml:2:13: time.end: ", "wrong.yaml:3:36: domain.cells.1: "};
    for (size_t n = 0; n < sizeof places / sizeof *places; n++)
      assert_int_equal(occurrences(command.err, places[n]), 1);
  }
}

static void a_grid_that_the_ranks_do_not_fit_is_65(void **state) {
  (void)state;
  shell("rm -rf out");
  const wrong_deck thin = {"domain", "domain: {size: [1, 1], cells: [1, 2]}", "domain\\.cells", "3"};
  write_wrong_deck(&thin);
  assert_refused(3, &thin);
  const wrong_deck asked = {"parallel", "parallel: {ranks: [2, 2]}", "parallel\\.ranks", "3"};
  write_wrong_deck(&asked);
  assert_refused(3, &asked);
}

/* A ~ that no shell has expanded would be a folder called ~, and an empty name the working directory. */
static void a_directory_that_is_none_is_65(void **state) {
  (void)state;
  static const char *const names[][2] = {{"\"~\"", "'~' begins with ~"},
                                         {"\"~/run\"", "'~/run' begins with ~"},
                                         {"\"~somebody/run\"", "'~somebody/run' begins with ~"},
                                         {"\"\"", "a text is needed, not ''"}};
  static const char *const commands[] = {"run", "check", "run --resume", "run --overwrite"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char text[128];
    snprintf(text, sizeof text, "output: {directory: %s}", names[n][0]);
    const wrong_deck named = {"output", text, "output\\.directory", names[n][1]};
    write_wrong_deck(&named);
    shell("rm -rf here && mkdir here && cp wrong.yaml here");
    assert_int_equal(chdir("here"), 0);
    assert_refused(n == 1 ? 2 : 0, &named);
    assert_code(65, heat2d(0, "%s wrong.yaml", commands[n % 4]));
    assert_int_equal(count_files(".", "", ""), 3); /* the deck, and the two files with what was said */
    assert_int_equal(chdir(".."), 0);
  }
  write_wrong_deck(&(wrong_deck){"output", "output: {directory: a~b}", "", ""});
  assert_code(0, heat2d(0, "run wrong.yaml --set 'output.directory=./~'"));
  assert_true(exists("~/history.csv"));
}

static void a_grid_beyond_the_memory_of_the_node_is_65(void **state) {
  (void)state;
  shell("rm -rf out");
  const wrong_deck large = {"domain", "domain: {size: [1, 1], cells: [1000000, 1000000]}", "domain\\.cells",
                            "ranks of this node need 7.4"};
  write_wrong_deck(&large);
  assert_refused(0, &large);
  assert_refused(3, &large);
}

static void a_fault_in_a_set_names_the_set(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(65, heat2d(3, "run deck.yaml --set time.end=1 --set time.sbep=1"));
  assert_one_complaint("--set:2:", "time.step");
  assert_false(exists("out"));
  assert_code(65, heat2d(3, "run nowhere.yaml"));
  assert_one_complaint("nowhere.yaml", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wrong_deck_is_65_in_one_line_and_writes_nothing),
      cmocka_unit_test(every_fault_of_a_deck_has_a_line),
      cmocka_unit_test(a_grid_that_the_ranks_do_not_fit_is_65),
      cmocka_unit_test(a_directory_that_is_none_is_65),
      cmocka_unit_test(a_grid_beyond_the_memory_of_the_node_is_65),
      cmocka_unit_test(a_fault_in_a_set_names_the_set),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
