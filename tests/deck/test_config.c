/* Right decks with their values, and laws of the resolved deck: it reads back to itself, and does not differ from the
 * deck. */
#include "deck/deck_text.h"

static void values_of_the_whole_deck(void **state) {
  (void)state;
  heat_config *c = parse_right(whole_deck, NULL);
  assert_string_equal(heat_config_text(c, "title"), "Hot disc");
  assert_true(heat_config_real(c, "domain.origin.%d", 0) == -1);
  assert_int_equal(heat_config_integer(c, "domain.cells.1"), 128);
  assert_int_equal(heat_config_count(c, "material.conductivity"), 2);
  heat_value value = heat_config_value(c, "material.conductivity.1");
  assert_int_equal(value.kind, HEAT_VALUE_EXPRESSION);
  assert_string_equal(value.expression, "x + 1");
  assert_false(value.time_allowed);
  value = heat_config_value(c, "material.density");
  assert_int_equal(value.kind, HEAT_VALUE_FILE);
  assert_string_equal(value.file, "rho.h5");
  assert_string_equal(value.dataset, "/density");
  value = heat_config_value(c, "material.heat_capacity");
  assert_int_equal(value.kind, HEAT_VALUE_NUMBER);
  assert_true(value.number == 386);
  assert_true(heat_config_value(c, "source").time_allowed);
  assert_int_equal(heat_config_count(c, "regions"), 5);
  assert_string_equal(heat_config_text(c, "regions.%d.shape", 3), "polygon");
  assert_int_equal(heat_config_count(c, "regions.3.points"), 3);
  assert_true(heat_config_real(c, "regions.3.points.%d.%d", 2, 1) == 0.02);
  assert_true(heat_config_real(c, "regions.2.angle") == 0);
  assert_false(heat_config_has(c, "regions.0.source"));
  assert_string_equal(heat_config_text(c, "boundary.%s.type", "right"), "robin");
  assert_string_equal(heat_config_value(c, "boundary.right.ambient").expression, "20 + t");
  assert_false(heat_config_auto(c, "time.step"));
  assert_true(heat_config_real(c, "time.step") == 0.25);
  heat_cadence cadence = heat_config_cadence(c, "output.every");
  assert_true(cadence.seconds == 0 && cadence.steps == 100 && cadence.minutes == 0);
  cadence = heat_config_cadence(c, "output.images.every");
  assert_true(cadence.seconds == 0.5 && cadence.steps == 0);
  cadence = heat_config_cadence(c, "checkpoint.every");
  assert_true(cadence.seconds == 0 && cadence.steps == 10000 && cadence.minutes == 0.5);
  assert_false(heat_config_boolean(c, "checkpoint.final"));
  assert_string_equal(heat_config_text(c, "output.probes.1.name"), "corner_1.a-b");
  assert_true(heat_config_has(c, "output.probes.0.at") && !heat_config_has(c, "output.probes.2.at"));
  assert_true(heat_config_real(c, "output.probes.2.to.0") == -0.9);
  assert_int_equal(heat_config_integer(c, "output.probes.2.count"), 28);
  assert_int_equal(heat_config_integer(c, "parallel.ranks.0"), 2);
  heat_config_destroy(c);
}

static void defaults(void **state) {
  (void)state;
  heat_config *c = parse_right("", NULL);
  char *text = heat_config_write(c);
  assert_string_equal(text, "title: \"\"\n"
                            "domain:\n"
                            "  origin: [0, 0]  # m\n"
                            "  size: [1, 1]  # m\n"
                            "  cells: [8, 8]\n"
                            "material:\n"
                            "  diffusivity: 1  # m2/s\n"
                            "interface: harmonic\n"
                            "initial:\n"
                            "  temperature: 0  # K\n"
                            "source: 0  # W/m3\n"
                            "regions: []\n"
                            "boundary:\n"
                            "  left: {type: neumann, flux: 0}\n"
                            "  right: {type: neumann, flux: 0}\n"
                            "  bottom: {type: neumann, flux: 0}\n"
                            "  top: {type: neumann, flux: 0}\n"
                            "time:\n"
                            "  end: 1  # s\n"
                            "  method: auto\n"
                            "  step: auto  # s\n"
                            "  safety: 0.9\n"
                            "  tolerance: 0.0001\n"
                            "  solver: {tolerance: auto, iterations: 200}\n"
                            "  steady: 0  # K/s\n"
                            "  steady_relative: 0  # 1/s\n"
                            "  steady_after: auto  # s\n"
                            "output:\n"
                            "  directory: out\n"
                            "  every: 0  # s\n"
                            "  max_files: 1000000\n"
                            "  precision: float64\n"
                            "  compression: 0\n"
                            "  transport: auto\n"
                            "  hints: {}\n"
                            "  unit: K\n"
                            "  probes: []\n"
                            "checkpoint:\n"
                            "  every: {steps: 0, minutes: 15}\n"
                            "  keep: 2\n"
                            "  final: true\n"
                            "parallel:\n"
                            "  ranks: auto\n"
                            "  halo_depth: auto\n"
                            "  threads: 1\n"
                            "  tile: auto\n");
  assert_true(heat_config_auto(c, "parallel.ranks"));
  assert_true(heat_config_auto(c, "time.method"));
  assert_int_equal(heat_config_count(c, "regions"), 0);
  assert_int_equal(heat_config_count(c, "output.images.range"), 0);
  assert_false(heat_config_has(c, "output.images"));
  assert_false(heat_config_has(c, "material.conductivity.1"));
  free(text);
  heat_config_destroy(c);
}

/* Assert that parse(write(c)) writes the same text, and describes the same run. */
static void resolved_deck_reads_back(void **state) {
  (void)state;
  static const char *const decks[] = {
      "",
      whole_deck,
      "title: \"quotes \\\" \\\\ tab \\t line \\n bell \\a next \\N \\L \\P \\uFEFF \\uFFFE \\U0010FFFF\"\n",
      "title: W\xc3\xa4rme \xf0\x9f\x94\xa5\n",
      "title: 'true'\n",
      "title: 'auto'\n",
      "title: '# no comment: [1, {2'\n",
      "title: \" leading\"\n",
      "title: |\n  two\n  lines\n",
      "title: 1e3\n",
      "initial: {temperature: 0.1}\nsource: 1e-310\ntime: {end: 1e100}\n",
      "domain: {origin: [-0.0, 123456789.123456789], size: [0.30000000000000004, 1e-5], cells: [1, 1000000000]}\n",
      "initial: {temperature: y}\n",
      "initial: {temperature: \"x\\n+1\"}\n",
      "initial: {temperature: {file: 'a \"b\".h5', dataset: /t}}\n",
      "output: {images: {}}\n",
      "output: {images: {every: {steps: 3}}}\n",
      "\xef\xbb\xbftitle: a byte order mark\r\n",
      "%YAML 1.1\n---\ntitle: marked\n",
      "boundary: {left: {type: periodic}, right: {type: periodic}}\n",
      "material: {diffusivity: [1, 'x+1']}\nregions: [{shape: where, condition: '1', diffusivity: 2}]\n",
      "regions: [{shape: polygon, points: [[0, 0], [1, 0], [1, 1], [0, 1]], temperature: +5}]\n",
  };
  for (size_t i = 0; i < sizeof decks / sizeof *decks; i++) {
    heat_config *first = parse_right(decks[i], NULL), *second;
    char *written = heat_config_write(first), difference[TEXT];
    heat_status status = heat_config_parse(&second, "resolved", written, strlen(written), NULL, 0);
    assert_string_equal(status.text, "");
    char *again = heat_config_write(second);
    assert_string_equal(again, written);
    assert_string_equal(heat_config_text(second, "title"), heat_config_text(first, "title"));
    assert_false(heat_config_differs(first, second, difference, sizeof difference));
    free(written);
    free(again);
    heat_config_destroy(first);
    heat_config_destroy(second);
  }
}

/* A deck with names of materials and aliases is the same as one without them. */
/* Hints have names that are in no table. They are returned as given, also from the resolved deck. */
static void hints_have_names_of_their_own(void **state) {
  (void)state;
  static const char *const sets[] = {"output.hints.cb_nodes=4", NULL};
  static const struct {
    const char *hints, *message;
  } wrong[] = {{"{a-b: 1}", "output.hints.a-b: is not the name of a hint (letters, digits and _)"},
               {"{a: 1, a: 2}", "output.hints.a: given twice"},
               {"{a: [1]}", "output.hints.a: a text is needed, not a list of 1"},
               {"7", "output.hints: a section of named texts {name: text, ...} is needed, not '7'"}};
  const char *name, *text;
  heat_config *c = parse_right("output: {hints: {romio_cb_write: enable}}\n", sets);
  char *written = heat_config_write(c);
  heat_config *again;
  assert_int_equal(heat_config_parse(&again, "deck", written, strlen(written), NULL, 0).code, HEAT_OK);
  assert_true(heat_config_hint(again, "output.hints", 0, &name, &text));
  assert_string_equal(name, "romio_cb_write");
  assert_string_equal(text, "enable");
  assert_true(heat_config_hint(again, "output.hints", 1, &name, &text));
  assert_string_equal(name, "cb_nodes");
  assert_string_equal(text, "4");
  assert_false(heat_config_hint(again, "output.hints", 2, &name, &text));
  heat_config_destroy(again);
  heat_config_destroy(c);
  free(written);
  for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++) {
    char deck[128];
    snprintf(deck, sizeof deck, "output: {hints: %s}\n", wrong[n].hints);
    const heat_status status = parse(&c, deck, NULL);
    assert_int_equal(status.code, HEAT_DECK);
    assert_non_null(strstr(status.text, wrong[n].message));
  }
}

static void names_and_aliases_stand_for_what_they_name(void **state) {
  (void)state;
  static const struct {
    const char *shorter, *longer;
    const char *sets[4]; /* and NULL */
  } cases[] = {
      {"boundary:\n  left: &wall {type: dirichlet, value: &v 20 + t}\n  right: *wall\n"
       "  top: {<<: *wall, value: 3}\n  bottom: {type: robin, coefficient: 2, ambient: *v}\n",
       "boundary:\n  left: {type: dirichlet, value: 20 + t}\n  right: {type: dirichlet, value: 20 + t}\n"
       "  top: {type: dirichlet, value: 3}\n  bottom: {type: robin, coefficient: 2, ambient: 20 + t}\n",
       {0}},
      {"regions:\n  - &r {shape: circle, center: &c [1, 2], radius: 3, source: 1}\n"
       "  - {<<: [{radius: 4}, *r], center: *c}\n",
       "regions:\n  - {shape: circle, center: [1, 2], radius: 3, source: 1}\n"
       "  - {shape: circle, center: [1, 2], radius: 4, source: 1}\n",
       {0}},
      {"material: copper\nmaterials:\n  copper: {conductivity: [385, x + 1], density: 8960, heat_capacity: 386}\n"
       "  steel: {conductivity: 16, density: {file: a.h5, dataset: /d}, heat_capacity: 500}\n"
       "regions:\n  - {shape: where, condition: x, material: steel}\n"
       "  - {shape: where, condition: y, material: copper, density: 7, temperature: 1}\n",
       "material: {conductivity: [385, x + 1], density: 8960, heat_capacity: 386}\n"
       "regions:\n  - {shape: where, condition: x, conductivity: 16, density: {file: a.h5, dataset: /d}, "
       "heat_capacity: 500, name: steel}\n"
       "  - {shape: where, condition: y, conductivity: [385, x + 1], density: 7, heat_capacity: 386, temperature: 1, "
       "name: copper}\n",
       {0}},
      {"material: wood\nmaterials: {wood: {diffusivity: 1}, iron: &i {diffusivity: 2}, ore: *i}\n",
       "material: {diffusivity: 5}\n",
       {"materials.iron.diffusivity=5", "material=iron"}},
      {"material: steel\nmaterials: {steel: {conductivity: 16, density: 8000, heat_capacity: 500}}\n",
       "material: {conductivity: [5, 6], density: 8000, heat_capacity: 500}\n",
       {"material.conductivity=[5, 6]"}},
      {"material: steel\nmaterials: {steel: {conductivity: 16, density: 8000, heat_capacity: 500}, wood: "
       "{conductivity: 1, density: 600, heat_capacity: 2000}}\n",
       "material: {conductivity: 5, density: 600, heat_capacity: 2}\n",
       {"material=wood", "material.heat_capacity=2", "material.conductivity=5"}},
      {"material: {material: steel, density: 7}\nmaterials: {steel: {conductivity: 16, density: 8000, heat_capacity: "
       "500}}\n",
       "material: {conductivity: 16, density: 7, heat_capacity: 500}\n",
       {0}},
  };
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    heat_config *a = parse_right(cases[n].shorter, cases[n].sets), *b = parse_right(cases[n].longer, NULL);
    char *first = heat_config_write(a), *second = heat_config_write(b), difference[TEXT];
    assert_string_equal(first, second);
    assert_false(heat_config_differs(a, b, difference, sizeof difference));
    free(first);
    free(second);
    heat_config_destroy(a);
    heat_config_destroy(b);
  }
}

static void numbers_keep_their_bits(void **state) {
  (void)state;
  static const char *const numbers[] = {"0.1", "1e23", "5e-324", "0.30000000000000004",    "123456789012345678",
                                        "+.5", "5.",   "1E+2",   "2.2250738585072014e-308"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    char set[64];
    snprintf(set, sizeof set, "time.end=%s", numbers[i]);
    heat_config *first = parse_right("", (const char *const[]){set, NULL});
    char *written = heat_config_write(first);
    heat_config *second = parse_right(written, NULL);
    assert_true(heat_config_real(first, "time.end") == strtod(numbers[i], NULL));
    assert_true(heat_config_real(second, "time.end") == strtod(numbers[i], NULL));
    free(written);
    heat_config_destroy(first);
    heat_config_destroy(second);
  }
}

static void sets_win_over_the_deck(void **state) {
  (void)state;
  const char *const sets[] = {"domain.cells=[16, 32]",
                              "regions.0.radius=0.02",
                              "regions.5={shape: where, condition: x < 0, source: 1}",
                              "boundary.left.value=sin(t)",
                              "output.images={width: 256}",
                              "output.every=0.5",
                              "checkpoint.every.steps=7",
                              "material.conductivity.0=16",
                              "title=",
                              "time.end=1",
                              "time.end=2",
                              NULL};
  heat_config *c = parse_right(whole_deck, sets);
  assert_int_equal(heat_config_integer(c, "domain.cells.0"), 16);
  assert_true(heat_config_real(c, "regions.0.radius") == 0.02);
  assert_int_equal(heat_config_count(c, "regions"), 6);
  assert_string_equal(heat_config_text(c, "regions.5.condition"), "x < 0");
  assert_string_equal(heat_config_value(c, "boundary.left.value").expression, "sin(t)");
  assert_int_equal(heat_config_integer(c, "output.images.width"), 256);
  assert_false(heat_config_has(c, "output.images.every"));
  assert_true(heat_config_auto(c, "output.images.range"));
  assert_true(heat_config_cadence(c, "output.every").seconds == 0.5);
  assert_int_equal(heat_config_cadence(c, "checkpoint.every").steps, 7);
  assert_true(heat_config_cadence(c, "checkpoint.every").minutes == 0.5);
  assert_true(heat_config_value(c, "material.conductivity.0").number == 16);
  assert_string_equal(heat_config_text(c, "title"), "");
  assert_true(heat_config_real(c, "time.end") == 2);
  heat_config_destroy(c);
}

static void sets_make_what_is_not_there(void **state) {
  (void)state;
  const char *const sets[] = {"output.probes.0.name=a", "output.probes.0.at=[0, 1]", "output.every.steps=5",
                              "source.file=q.h5",       "source.dataset=/q",         NULL};
  heat_config *c = parse_right("output: {every: 3}\n", sets);
  assert_string_equal(heat_config_text(c, "output.probes.0.name"), "a");
  assert_int_equal(heat_config_cadence(c, "output.every").steps, 5);
  assert_string_equal(heat_config_value(c, "source").dataset, "/q");
  heat_config_destroy(c);
}

static void set_without_value_is_usage(void **state) {
  (void)state;
  static const char *const sets[] = {"time.end", "=3", ""};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    heat_config *config;
    heat_status status = parse(&config, "", (const char *const[]){sets[i], NULL});
    assert_int_equal(status.code, HEAT_USAGE);
    assert_non_null(strstr(status.text, "--set"));
  }
}

/* Messages about the deck, and values that the program replaces. */

static void fail_names_the_place(void **state) {
  (void)state;
  static const struct {
    const char *key, *message;
  } cases[] = {
      {"time.end", "deck:1:13: time.end: bad 7"},
      {"time.step", "deck:1:1: time.step: bad 7"}, /* a default has the place of its section */
      {"boundary.top.flux", "deck:1:1: boundary.top.flux: bad 7"},
      {"output.probes.0.at", "deck:2:29: output.probes.0.at: bad 7"},
      {"output.images.width", "deck:2:1: output.images.width: bad 7"},
      {"title", "--set:1:7: title: bad 7"},
  };
  heat_config *c = parse_right("time: {end: 1}\noutput: {probes: [{name: a, at: [0, 0]}]}\n",
                               (const char *const[]){"title=x", NULL});
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_status status = heat_config_fail(c, cases[i].key, "bad %d", 7);
    assert_string_equal(status.text, cases[i].message);
    assert_int_equal(status.code, HEAT_DECK);
  }
  heat_config_destroy(c);
}

static void resolve_replaces_auto(void **state) {
  (void)state;
  heat_config *c = parse_right("", NULL);
  assert_int_equal(heat_config_resolve(c, "time.step", "0.25").code, HEAT_OK);
  assert_int_equal(heat_config_resolve(c, "parallel.ranks", "[3, 2]").code, HEAT_OK);
  assert_int_equal(heat_config_resolve(c, "time.method", "euler").code, HEAT_OK);
  assert_false(heat_config_auto(c, "time.step"));
  assert_true(heat_config_real(c, "time.step") == 0.25);
  assert_int_equal(heat_config_integer(c, "parallel.ranks.1"), 2);
  char *text = heat_config_write(c);
  assert_non_null(strstr(text, "  step: 0.25  # s\n"));
  assert_non_null(strstr(text, "  ranks: [3, 2]\n"));
  free(text);
  heat_config_destroy(c);
}

/* Resuming. */

static void differs_in_grid_and_physics_only(void **state) {
  (void)state;
  static const struct {
    const char *set, *difference; /* NULL: none */
  } cases[] = {
      {"title=other", NULL},
      {"time.end=20", NULL},
      {"time.step=auto", NULL},
      {"time.safety=0.5", NULL},
      {"time.tolerance=0.5", NULL},
      {"time.solver.tolerance=1e-6", NULL},
      {"time.steady=0.5", NULL},
      {"output={}", NULL},
      {"checkpoint={}", NULL},
      {"parallel={}", NULL},
      {"material.heat_capacity=3.86e2", NULL}, /* the same number */
      {"domain.cells=[64, 129]", "domain.cells.1: 129 here, 128 there"},
      {"domain.size=[0.1, 0.20000000000000004]", "domain.size.1: 0.20000000000000004 here, 0.2 there"},
      {"material.conductivity=5", "material.conductivity: 5 here, [385, \"x + 1\"] there"},
      {"material.conductivity.1=x+1", "material.conductivity.1: \"x+1\" here, \"x + 1\" there"},
      {"material.density.dataset=/d", "material.density.dataset: /d here, /density there"},
      {"interface=harmonic", "interface: harmonic here, arithmetic there"},
      {"initial.temperature=0", "initial.temperature: 0 here, \"sin(pi*x)\" there"},
      {"source=0", "source: 0 here, \"t*x\" there"},
      {"regions.0.radius=1", "regions.0.radius: 1 here, 0.01 there"},
      {"regions.0.source=1", "regions.0.source: 1 here, nothing there"},
      {"regions.5={shape: where, condition: x, source: 1}",
       "regions.5: {shape: where, condition: \"x\", source: 1} here, nothing there"},
      {"regions=[]",
       "regions.0: nothing here, {shape: circle, center: [0.05, 0.05], radius: 0.01, temperature: 373.15} there"},
      {"boundary.left={type: neumann}", "boundary.left.type: neumann here, dirichlet there"},
      {"time.method=auto", "time.method: auto here, euler there"},
  };
  heat_config *before = parse_right(whole_deck, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_config *now = parse_right(whole_deck, (const char *const[]){cases[i].set, NULL});
    char text[TEXT] = "";
    bool differs = heat_config_differs(now, before, text, sizeof text);
    assert_string_equal(text, cases[i].difference != NULL ? cases[i].difference : "");
    assert_int_equal(differs, cases[i].difference != NULL);
    heat_config_destroy(now);
  }
  heat_config_destroy(before);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_the_whole_deck),
      cmocka_unit_test(defaults),
      cmocka_unit_test(resolved_deck_reads_back),
      cmocka_unit_test(hints_have_names_of_their_own),
      cmocka_unit_test(names_and_aliases_stand_for_what_they_name),
      cmocka_unit_test(numbers_keep_their_bits),
      cmocka_unit_test(sets_win_over_the_deck),
      cmocka_unit_test(sets_make_what_is_not_there),
      cmocka_unit_test(set_without_value_is_usage),
      cmocka_unit_test(fail_names_the_place),
      cmocka_unit_test(resolve_replaces_auto),
      cmocka_unit_test(differs_in_grid_and_physics_only),
  };
  heat_launch(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
