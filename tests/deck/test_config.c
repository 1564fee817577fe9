/* The deck: right ones with their values, wrong ones with their exact messages, and the laws of the resolved deck:
 * it reads back to itself and differs from nothing. Collective calls run on however many ranks there are. */
#include "deck/config_private.h"
#include "heat2d/deck/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = 4096, MANY = 8 };

/* `text`, and after it whatever of the four required sections it lacks: places count from the beginning of `text`. */
static void complete(char deck[TEXT], const char *text) {
  static const char *const required[] = {"domain: {size: [1, 1], cells: [8, 8]}\n", "material: {diffusivity: 1}\n",
                                         "initial: {temperature: 0}\n", "time: {end: 1}\n"};
  size_t used = (size_t)snprintf(deck, TEXT, "%s", text);
  for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
    char key[16];
    snprintf(key, sizeof key, "\n%.*s", (int)strcspn(required[i], " "), required[i]);
    if (strncmp(text, key + 1, strlen(key) - 1) == 0 || strstr(text, key) != NULL) continue;
    used += (size_t)snprintf(deck + used, TEXT - used, "%s", required[i]);
  }
  assert_true(used < TEXT);
}

static heat_status parse(heat_config **config, const char *text, const char *const *sets) {
  char deck[TEXT];
  int count = 0;
  while (sets != NULL && sets[count] != NULL) count++;
  complete(deck, text);
  return heat_config_parse(config, "deck", deck, strlen(deck), sets, count);
}

static heat_config *parse_right(const char *text, const char *const *sets) {
  heat_config *config;
  heat_status status = parse(&config, text, sets);
  assert_string_equal(status.text, "");
  assert_non_null(config);
  return config;
}

/* Right decks. */

static const char whole_deck[] =
    "title: Hot disc\n"
    "domain: {origin: [-1, 2], size: [0.1, 0.2], cells: [64, 128]}\n"
    "material: {conductivity: [385, 'x + 1'], density: {file: rho.h5, dataset: /density}, heat_capacity: 386}\n"
    "interface: arithmetic\n"
    "initial: {temperature: 'sin(pi*x)'}\n"
    "source: \"t*x\"\n"
    "regions:\n"
    "  - {shape: circle, center: [0.05, 0.05], radius: 0.01, temperature: 373.15}\n"
    "  - {shape: rectangle, min: [0, 0], max: [0.1, 0.02], conductivity: 16, density: 8000, heat_capacity: 500}\n"
    "  - {shape: ellipse, center: [0, 0], radii: [1, 2], conductivity: [1, 2]}\n"
    "  - {shape: polygon, points: [[0, 0], [0.02, 0], [0.01, 0.02]], source: 1e6*t}\n"
    "  - {shape: where, condition: \"x*x + y*y < 0.0004\", conductivity: 0.2}\n"
    "boundary:\n"
    "  left: {type: dirichlet, value: 293.15}\n"
    "  right: {type: robin, coefficient: 25, ambient: 20 + t}\n"
    "  bottom: {type: periodic}\n"
    "  top: {type: periodic}\n"
    "time: {end: 10, step: 0.25, safety: 1, tolerance: 1e-5, steady: 1e-3, method: euler}\n"
    "output:\n"
    "  directory: results/a b\n"
    "  every: {steps: 100}\n"
    "  precision: float32\n"
    "  compression: 9\n"
    "  images: {every: 0.5, colormap: inferno, range: [0, 1], width: 64}\n"
    "  probes:\n"
    "    - {name: centre, at: [-0.95, 2.1]}\n"
    "    - {at: [-1, 2], name: corner_1.a-b}\n"
    "    - {name: line, from: [-1, 2], to: [-0.9, 2.1], count: 28}\n"
    "    - {name: line-29, at: [-1, 2]}\n"
    "    - {name: line-03, at: [-1, 2]}\n"
    "    - {name: line-3-4, at: [-1, 2]}\n"
    "checkpoint: {every: {steps: 10000, minutes: 0.5}, keep: 3, final: false}\n"
    "parallel: {ranks: [2, 1], halo_depth: 4, threads: 2}\n";

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

/* parse(write(c)) writes the same text, and is the same run. */
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

/* What is written with names and aliases is the deck in which everything is written out. */
/* Hints have names that no table knows; they come back as they were given, also from the resolved deck. */
static void hints_have_names_of_their_own(void **state) {
  (void)state;
  static const char *const sets[] = {"output.hints.cb_nodes=4", NULL};
  static const struct {
    const char *hints, *message;
  } wrong[] = {{"{a-b: 1}", "output.hints.a-b: is no name of a hint (letters, digits and _)"},
               {"{a: 1, a: 2}", "output.hints.a: stands twice"},
               {"{a: [1]}", "output.hints.a: a text is needed, not a list of 1"},
               {"7", "output.hints: texts with their names {name: text, ...} is needed, not '7'"}};
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
       "heat_capacity: 500}\n"
       "  - {shape: where, condition: y, conductivity: [385, x + 1], density: 7, heat_capacity: 386, temperature: 1}\n",
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

/* Wrong decks. */

#define MILLION(name) "{name: " name ", from: [0, 0], to: [1, 1], count: 1000000}, "
static const struct {
  const char *deck, *message;
  const char *sets[3];
} wrong_decks[] = {
    /* not YAML, or not the part of it that a deck is */
    {"a: [1\n", "deck:2:7: YAML: did not find expected ',' or ']' (while parsing a flow sequence)", {0}},
    {"a: b: c\n", "deck:1:5: YAML: mapping values are not allowed in this context", {0}},
    {"title: a\n\tb\n",
     "deck:2:1: YAML: found a tab character that violates indentation (while scanning a plain scalar)",
     {0}},
    {"title: a\xff\n", "deck:1:9: YAML: invalid leading UTF-8 octet", {0}},
    {"# \xc3\xa4\n\ntitle: \xc3\xa4\x01\n", "deck:3:9: YAML: control characters are not allowed", {0}},
    {"title: \"a\\0b\"\n", "deck:1:8: YAML: a NUL character", {0}},
    {"title: *a\n", "deck:1:8: YAML: an alias of an anchor that does not stand before it", {0}},
    {"&a title: x\n", "deck:1:1: YAML: an anchor belongs to a value, not to a key", {0}},
    {"title: &a x\n*a : y\n", "deck:2:1: YAML: a key has to be a word", {0}},
    {"output: &a {images: *a}\n", "deck:1:21: YAML: an alias of what it stands in", {0}},
    {"a: &a [[[[[[[[1]]]]]]]]\nb: [[[[[[[[*a]]]]]]]]\n", "deck:2:12: YAML: nested too deeply", {0}},
    {"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
     "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
     "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
     "deck:6:8: YAML: the aliases stand for more than 100000 entries",
     {0}},
    {"time: {<<: 3, end: 1}\n", "deck:1:21: YAML: << takes a section, or a list of sections", {0}},
    {"boundary:\n  left: &w {type: robin}\n  right: *w\n",
     "deck:2:3: boundary.left.coefficient: missing (type robin needs it: a number, an expression or {file, dataset})",
     {0}},
    /* materials by name */
    {"material: stel\nmaterials: {steel: {diffusivity: 1}}\n",
     "deck:1:11: material: there is no material 'stel' (nearest: steel)",
     {0}},
    {"material: stel\nmaterials: {steel: {conductivity: 1, density: 1, heat_capacity: 1}}\n",
     "deck:1:11: material.material: there is no material 'stel' (nearest: steel)",
     {"material.density=2"}},
    {"material: {material: a, material: b}\nmaterials: {a: {diffusivity: 1}, b: {diffusivity: 2}}\n",
     "deck:1:25: material.material: stands twice",
     {0}},
    {"material: wood\nmaterials: {steel: {diffusivity: 1}, air: {diffusivity: 2}}\n",
     "deck:1:11: material: there is no material 'wood' (known: steel, air)",
     {0}},
    {"material: steel\n",
     "deck:1:11: material: there is no material 'steel' (materials: {NAME: {...}} names none)",
     {0}},
    {"materials: {steel: {diffusivity: -1}}\n",
     "deck:1:34: materials.steel.diffusivity: -1 is out of range (must be > 0)",
     {0}},
    {"materials: {steel: {conductivity: 1, density: 1}}\n",
     "deck:1:13: materials.steel.heat_capacity: missing (required unless diffusivity is given: a number, an expression "
     "or {file, dataset})",
     {0}},
    {"materials: {steel: {diffusivity: 1}, steel: {diffusivity: 2}}\n",
     "deck:1:38: materials.steel: stands twice",
     {0}},
    {"materials: [1]\n",
     "deck:1:1: materials: materials with their names are needed: {NAME: {conductivity: ...}}",
     {0}},
    {"materials: {steel: {colour: red}}\n",
     "deck:1:21: materials.steel.colour: unknown key (accepted: conductivity, density, heat_capacity, diffusivity)",
     {0}},
    {"regions:\n  - {shape: where, condition: x, material: gold}\n",
     "deck:2:44: regions.0.material: there is no material 'gold' (materials: {NAME: {...}} names none)",
     {0}},
    {"materials: {a: {diffusivity: 1}}\nregions:\n  - {shape: where, condition: x, material: a, material: a}\n",
     "deck:3:47: regions.0.material: stands twice",
     {0}},
    {"title: !!str x\n", "deck:1:8: YAML: tags are not supported (write the value without it)", {0}},
    {"[a]: x\n", "deck:1:1: YAML: a key has to be a word", {0}},
    {"---\n---\n", "deck:2:1: YAML: a second document begins here (a deck is one document)", {0}},
    {"title: [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "deck:1:23: YAML: nested too deeply", {0}},
    /* keys */
    {"tilte: x\n", "deck:1:1: tilte: unknown key (nearest: title)", {0}},
    {"end: 3\n", "deck:1:1: end: unknown key (nearest: time.end)", {0}},
    {"output: {evry: 3}\n", "deck:1:10: output.evry: unknown key (nearest: output.every)", {0}},
    {"output: {images: {steps: 3}}\n",
     "deck:1:19: output.images.steps: unknown key (nearest: output.images.every.steps)",
     {0}},
    {"output: {every: {minutes: 3}}\n",
     "deck:1:18: output.every.minutes: unknown key (nearest: checkpoint.every.minutes)",
     {0}},
    {"checkpoint: {zzzzz: 3}\n", "deck:1:14: checkpoint.zzzzz: unknown key (accepted: every, keep, final)", {0}},
    {"boundary:\n  front: {}\n", "deck:2:3: boundary.front: unknown key (accepted: left, right, bottom, top)", {0}},
    {"\"a\\nb\": 1\n",
     "deck:1:1: a b: unknown key (accepted: title, domain, material, materials, interface, initial, source, regions, "
     "boundary, "
     "time, output, checkpoint, parallel, sweep)",
     {0}},
    {"title: x\ninterface: harmonic\ntitle: y\n", "deck:3:1: title: stands twice (first at deck:1:1)", {0}},
    {"material: {conductivity: 1, density: 1}\n",
     "deck:1:1: material.heat_capacity: missing (required unless diffusivity is given: a number, an expression or "
     "{file, dataset})",
     {0}},
    {"time:\n  step: 1\n", "deck:1:1: time.end: missing (required: a number)", {0}},
    {"output:\n  every: {}\n", "deck:2:3: output.every.steps: missing (required: an integer)", {0}},
    {"material: {diffusivity: 1, density: 1}\n", "deck:1:28: material.density: not used beside diffusivity", {0}},
    /* types */
    {"title: [1]\n", "deck:1:1: title: a text is needed, not a list of 1", {0}},
    {"output: out\n", "deck:1:9: output: a section {key: value, ...} is needed, not 'out'", {0}},
    {"output:\n", "deck:1:8: output: nothing stands here (a section {key: value, ...})", {0}},
    {"output: {directory: ''}\n", "deck:1:21: output.directory: a text is needed, not ''", {0}},
    {"regions: {shape: circle}\n", "deck:1:1: regions: a list [...] is needed, not a section", {0}},
    {"regions: [3]\n", "deck:1:11: regions.0: a section {key: value, ...} is needed, not '3'", {0}},
    {"domain: {size: 1, cells: [8, 8]}\n", "deck:1:16: domain.size: a pair of numbers is needed, not '1'", {0}},
    {"domain: {size: [1, 2, 3], cells: [8, 8]}\n",
     "deck:1:10: domain.size: a pair of numbers is needed, not a list of 3",
     {0}},
    {"domain: {size: [1, wide], cells: [8, 8]}\n", "deck:1:20: domain.size.1: a number is needed, not 'wide'", {0}},
    {"domain: {size: [1, 1], cells: [8, 8.5]}\n", "deck:1:35: domain.cells.1: an integer is needed, not '8.5'", {0}},
    {"domain: {size: [1, 1], cells: [8, 1e3]}\n", "deck:1:35: domain.cells.1: an integer is needed, not '1e3'", {0}},
    {"time: {end: 0}\n", "deck:1:13: time.end: 0 is out of range (must be > 0)", {0}},
    {"time: {end: \"1\"}\n", "deck:1:13: time.end: a number is needed, not '1'", {0}},
    {"time: {end: {steps: 1}}\n", "deck:1:8: time.end: a number is needed, not a section", {0}},
    {"checkpoint: {final: yes}\n", "deck:1:21: checkpoint.final: true or false is needed, not 'yes'", {0}},
    {"interface: geometric\n", "deck:1:12: interface: one of harmonic, arithmetic is needed, not 'geometric'", {0}},
    {"time: {end: 1, method: leapfrog}\n",
     "deck:1:24: time.method: auto or one of euler, rkl2, backward-euler, crank-nicolson, tr-bdf2, steady is needed, "
     "not 'leapfrog'",
     {0}},
    {"parallel: {ranks: 4}\n", "deck:1:19: parallel.ranks: auto or a pair of integers is needed, not '4'", {0}},
    {"parallel: {ranks: [auto, 1]}\n", "deck:1:20: parallel.ranks.0: an integer is needed, not 'auto'", {0}},
    {"initial: {temperature: [1, 2]}\n",
     "deck:1:11: initial.temperature: a number, an expression or {file, dataset} is needed, not a list of 2",
     {0}},
    {"output: {every: often}\n", "deck:1:17: output.every: a number or {steps: N} is needed, not 'often'", {0}},
    /* numbers */
    {"", "--set:1:10: time.end: 'nan' is not accepted (a finite decimal number)", {"time.end=nan"}},
    {"", "--set:1:10: time.end: '.inf' is not accepted (a finite decimal number)", {"time.end=.inf"}},
    {"", "--set:1:10: time.end: '0x10' is not accepted (a finite decimal number)", {"time.end=0x10"}},
    {"", "--set:1:10: time.end: '1e999' is not accepted (a finite decimal number)", {"time.end=1e999"}},
    {"", "--set:1:8: source: '-.Inf' is not accepted (a finite decimal number)", {"source=-.Inf"}},
    {"",
     "--set:1:17: checkpoint.keep: 99999999999999999999 is out of range (must be >= 1 and at most 1000000)",
     {"checkpoint.keep=99999999999999999999"}},
    {"", "--set:1:10: time.end: 0 is out of range (must be > 0)", {"time.end=0"}},
    {"", "--set:1:13: time.safety: 1.01 is out of range (must be in (0, 1])", {"time.safety=1.01"}},
    {"", "--set:1:13: time.safety: 0 is out of range (must be in (0, 1])", {"time.safety=0"}},
    {"", "--set:1:21: parallel.halo_depth: 65 is out of range (must be in [1, 64])", {"parallel.halo_depth=65"}},
    {"", "--set:1:15: domain.cells.0: 0 is out of range (must be in [1, 1000000000])", {"domain.cells=[0, 1]"}},
    {"",
     "--set:1:8: domain.cells: 1000000000 x 1000001 cells are too many (at most 10^15 in all)",
     {"domain.cells=[1000000000, 1000001]"}},
    {"", "--set:1:22: material.diffusivity: 0 is out of range (must be > 0)", {"material.diffusivity=0"}},
    {"", "--set:1:26: material.diffusivity.1: -1 is out of range (must be > 0)", {"material.diffusivity=[1, -1]"}},
    {"",
     "--set:1:54: boundary.left.coefficient: -1 is out of range (must be >= 0)",
     {"boundary.left={type: robin, ambient: 1, coefficient: -1}"}},
    {"output: {images: {range: [1, 1]}}\n",
     "deck:1:19: output.images.range: 1 is not above 1 (must be [low, high])",
     {0}},
    /* a decimal comma */
    {"time: {end: 1,5}\n",
     "deck:1:13: time.end: 1,5 is not one number (decimals are set off by a point: 1.5, not 1,5)",
     {0}},
    {"time: {step: -1,5e-3, end: 1}\n",
     "deck:1:14: time.step: -1,5e-3 is not one number (decimals are set off by a point: 1.5, not 1,5)",
     {0}},
    {"time:\n  end: 1,5\n",
     "deck:2:8: time.end: a number is needed, not '1,5' (decimals are set off by a point: 1.5, not 1,5)",
     {0}},
    {"",
     "--set:1:10: time.end: a number is needed, not '1,5' (decimals are set off by a point: 1.5, not 1,5)",
     {"time.end=1,5"}},
    {"domain: {size: [0,1, 0,1], cells: [8, 8]}\n",
     "deck:1:10: domain.size: a pair of numbers is needed, not a list of 4 (decimals are set off by a point: 1.5, not "
     "1,5)",
     {0}},
    {"domain: {size: [0,1, 1], cells: [8, 8]}\n",
     "deck:1:10: domain.size: a pair of numbers is needed, not a list of 3 (decimals are set off by a point: 1.5, not "
     "1,5)",
     {0}},
    {"regions: [{shape: circle, center: [0, 0], radius: 0,25, source: 1}]\n",
     "deck:1:51: regions.0.radius: 0,25 is not one number (decimals are set off by a point: 1.5, not 1,5)",
     {0}},
    {"source: 1,5\n",
     "deck:1:9: source: 2 values separated by commas, but one is needed (decimals are set off by a point: 1.5, not "
     "1,5)",
     {0}},
    {"output: {images: {range: [0,5, 1,5]}}\n",
     "deck:1:19: output.images.range: auto or a pair of numbers is needed, not a list of 4 (decimals are set off by a "
     "point: 1.5, not 1,5)",
     {0}},
    /* fields */
    {"initial: {temperature: sin(X)}\n",
     "deck:1:24: initial.temperature: unknown name 'X' at character 5 (nearest: x)",
     {0}},
    {"initial: {temperature: x + t}\n",
     "deck:1:24: initial.temperature: t at character 5, but this may depend on x and y only",
     {0}},
    {"source: ''\n", "deck:1:9: source: the expression is empty", {0}},
    {"source: x = 3\n", "deck:1:9: source: an assignment at character 3 (write == to compare)", {0}},
    {"source: {file: a.h5}\n", "deck:1:1: source.dataset: missing (required: a text)", {0}},
    {"source: {file: a.h5, dataset: q}\n",
     "deck:1:31: source.dataset: 'q' is no path in the file (it begins with /)",
     {0}},
    {"source: {fiel: a.h5, dataset: /q}\n", "deck:1:10: source.fiel: unknown key (nearest: source.file)", {0}},
    {"material: {diffusivity: [1, {file: a.h5, dataset: q}]}\n",
     "deck:1:51: material.diffusivity.1.dataset: 'q' is no path in the file (it begins with /)",
     {0}},
    /* regions */
    {"regions:\n  - {radius: 1, source: 1}\n",
     "deck:2:5: regions.0.shape: missing (required: one of rectangle, circle, ellipse, polygon, where)",
     {0}},
    {"regions:\n  - {shape: rectangle, min: [0, 0], max: [1, 1], radius: 1, source: 1}\n",
     "deck:2:50: regions.0.radius: not used by shape rectangle (it takes min, max)",
     {0}},
    {"regions:\n  - {shape: circle, center: [0, 0], source: 1}\n",
     "deck:2:5: regions.0.radius: missing (shape circle needs it: a number)",
     {0}},
    {"regions:\n  - {shape: rectangle, min: [0, 0], max: [1, 0], source: 1}\n",
     "deck:2:46: regions.0.max.1: 0 is not above min, 0",
     {0}},
    {"regions:\n  - {shape: circle, center: [0, 0], radius: 1}\n",
     "deck:2:5: regions.0: at least one of temperature, diffusivity, source, power is needed",
     {0}},
    {"regions:\n  - {shape: where, condition: x, density: 1}\n",
     "deck:2:34: regions.0.density: not used beside material.diffusivity",
     {0}},
    {"material: {conductivity: 1, density: 1, heat_capacity: 1}\n"
     "regions:\n  - {shape: where, condition: x, diffusivity: 1}\n",
     "deck:3:34: regions.0.diffusivity: not used without material.diffusivity",
     {0}},
    {"regions:\n  - {shape: where, condition: x <, source: 1}\n",
     "deck:2:31: regions.0.condition: the expression ends too early",
     {0}},
    {"regions:\n  - {shape: polygon, points: [[0, 0], [1, 1]], source: 1}\n",
     "deck:2:22: regions.0.points: a list of at least 3 points [x, y] is needed, not a list of 2",
     {0}},
    {"regions:\n  - {shape: polygon, points: [[0, 0], [1, 1], [1]], source: 1}\n",
     "deck:2:47: regions.0.points.2: a pair of numbers is needed, not a list of 1",
     {0}},
    /* sides */
    {"boundary:\n  left: {type: periodic}\n", "deck:2:16: boundary.left.type: right must be periodic, too", {0}},
    {"boundary:\n  top: {type: periodic}\n  bottom: {type: robin, coefficient: 1, ambient: 1}\n",
     "deck:2:15: boundary.top.type: bottom must be periodic, too",
     {0}},
    {"boundary:\n  left: {type: dirichlet}\n",
     "deck:2:3: boundary.left.value: missing (type dirichlet needs it: a number, an expression or {file, dataset})",
     {0}},
    {"boundary:\n  left: {type: dirichlet, flux: 1}\n",
     "deck:2:27: boundary.left.flux: not used by type dirichlet (it takes value)",
     {0}},
    {"boundary:\n  left: {type: periodic, flux: 1}\n",
     "deck:2:26: boundary.left.flux: not used by type periodic (it takes nothing more)",
     {0}},
    {"boundary:\n  left: {type: robin, coefficient: 1}\n",
     "deck:2:3: boundary.left.ambient: missing (type robin needs it: a number, an expression or {file, dataset})",
     {0}},
    /* probes */
    {"output: {probes: [{name: a, at: [0, 0]}, {name: b, at: [0, 0]}, {name: a, at: [1, 1]}]}\n",
     "deck:1:72: output.probes.2.name: two probes have the name a",
     {0}},
    {"output: {probes: [{name: time, at: [0, 0]}]}\n",
     "deck:1:26: output.probes.0.name: 'time' cannot be a name (letters, digits and _ . - after a letter or _; not "
     "step "
     "or time)",
     {0}},
    {"output: {probes: [{name: 'a,b', at: [0, 0]}]}\n",
     "deck:1:26: output.probes.0.name: 'a,b' cannot be a name (letters, digits and _ . - after a letter or _; not step "
     "or time)",
     {0}},
    {"output: {probes: [{name: a, at: [0, 2]}]}\n",
     "deck:1:37: output.probes.0.at.1: 2 is outside the domain (must be in [0, 1])",
     {0}},
    {"output: {probes: [{name: a}]}\n",
     "deck:1:19: output.probes.0.at: missing (required unless from is given: a pair of numbers)",
     {0}},
    {"output: {probes: [{name: a, at: [0, 0], from: [0, 0], to: [1, 1], count: 3}]}\n",
     "deck:1:29: output.probes.0.at: not used beside from",
     {0}},
    {"output: {probes: [{name: a, to: [1, 1], count: 3}]}\n",
     "deck:1:29: output.probes.0.to: not used without from",
     {0}},
    {"output: {probes: [{name: a, at: [1, 1], count: 3}]}\n",
     "deck:1:41: output.probes.0.count: not used without from",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], count: 3}]}\n",
     "deck:1:19: output.probes.0.to: missing (from needs it: a pair of numbers)",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 0]}]}\n",
     "deck:1:19: output.probes.0.count: missing (from needs it: an integer)",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 1.5], count: 3}]}\n",
     "deck:1:51: output.probes.0.to.1: 1.5 is outside the domain (must be in [0, 1])",
     {0}},
    {"output: {probes: [{name: a, from: [-1, 1], to: [0, 1], count: 3}]}\n",
     "deck:1:36: output.probes.0.from.0: -1 is outside the domain (must be in [0, 1])",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 0], count: 0}]}\n",
     "deck:1:62: output.probes.0.count: 0 is out of range (must be in [1, 1000000])",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 0], count: 1000001}]}\n",
     "deck:1:62: output.probes.0.count: 1000001 is out of range (must be in [1, 1000000])",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 0], count: 2.5}]}\n",
     "deck:1:62: output.probes.0.count: an integer is needed, not '2.5'",
     {0}},
    {"output: {probes: [{name: a-3, at: [0, 0]}, {name: a, from: [1, 1], to: [0, 0], count: 3}]}\n",
     "deck:1:26: output.probes.0.name: a point of the line a has the name a-3, too",
     {0}},
    {"output: {probes: [{name: a, from: [1, 1], to: [0, 0], count: 3}, {name: a, at: [0, 0]}]}\n",
     "deck:1:73: output.probes.1.name: two probes have the name a",
     {0}},
    {"output: {probes: [" MILLION("a") MILLION("b") MILLION("c") MILLION("d") MILLION("e") MILLION("f") MILLION("g")
         MILLION("h") MILLION("i") MILLION("j") "{name: k, at: [0, 0]}]}\n",
     "deck:1:556: output.probes.10.name: with this one there are 10000001 points (at most 10000000 in all)",
     {0}},
    /* --set */
    {"", "--set:2:6: time.edn: unknown key (nearest: time.end)", {"title=x", "time.edn=1"}},
    {"", "--set:1:8: YAML: did not find expected ',' or ']' (while parsing a flow sequence)", {"a=[1, 2"}},
    {"", "--set:1:13: domain.size.3: no such entry (0 to 2 can be set)", {"domain.size.3=1"}},
    {"", "--set:1:7: title: a text is needed, not a section", {"title.a=1"}},
    {"", "--set:1:33: a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q: nested too deeply", {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1"}},
    {"", "--set:1:9: YAML: a second document begins here (a deck is one document)", {"title=a\n---\nb"}},
};

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

/* One number against one row of the table, as an entry of a list that is checked by itself. */
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

/* The two ends of what a row accepts, and whether they are accepted themselves. */
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

/* Every key that takes a number has two finite ends, and one line refuses what lies just beyond. */
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

/* `.is` names words of the choice at `.when`. */
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

/* Every beginning of a deck, and every deck with one character gone wrong, ends in a deck or in one clear line. */
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

/* Messages and values of the program. */

static void fail_names_the_place(void **state) {
  (void)state;
  static const struct {
    const char *key, *message;
  } cases[] = {
      {"time.end", "deck:1:13: time.end: bad 7"},
      {"time.step", "deck:1:1: time.step: bad 7"}, /* a default: the section that it belongs to */
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

/* Heat2d keys. */

static char *print_keys(const char *key, heat_status *status) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  *status = heat_config_print_keys(out, key);
  fclose(out);
  return text;
}

static void keys_show_every_key_of_the_resolved_deck(void **state) {
  (void)state;
  heat_status status;
  char *keys = print_keys(NULL, &status);
  assert_int_equal(status.code, HEAT_OK);
  size_t width = 0;
  for (const char *line = keys; *line != '\0'; line += width + 1) {
    width = strcspn(line, "\n");
    assert_true(width <= 120);
  }
  heat_config *c = parse_right(whole_deck, NULL);
  char *deck = heat_config_write(c), section[64] = "";
  for (const char *line = deck; *line != '\0'; line += strcspn(line, "\n") + 1) {
    char key[128];
    size_t indent = strspn(line, " ");
    int length = (int)strcspn(line + indent, ":");
    if (line[indent] == '-') continue;
    if (indent == 0) snprintf(section, sizeof section, "%.*s", length, line);
    snprintf(key, sizeof key, "\n%s%s%.*s ", indent > 0 ? section : "", indent > 0 ? "." : "", length, line + indent);
    assert_non_null(strstr(keys, key));
  }
  free(deck);
  free(keys);
  heat_config_destroy(c);
}

static void keys_of_one_section_and_one_key(void **state) {
  (void)state;
  static const struct {
    const char *key, *shown, *not_shown;
  } cases[] = {
      {"time", "time.safety", "output.every"},
      {"time.s", "time.steady", "time.end"},
      {"regions.0", "regions.*.radius", "boundary"},
      {"regions.0.radius", "required when shape is circle", "center"},
      {"boundary.left.value", "x, y (m), t (s), pi", "flux"},
      {"time.step", "auto or a number", "time.end"},
      {"domain.size.1", "must stay as it was", "cells"},
      {"output.probes", "output.probes.*.at", "compression"},
      {"output.probes.0.count", "required when from is given", "at"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    heat_status status;
    char *text = print_keys(cases[i].key, &status);
    assert_int_equal(status.code, HEAT_OK);
    assert_non_null(strstr(text, cases[i].shown));
    assert_null(strstr(text, cases[i].not_shown));
    free(text);
  }
  static const struct {
    const char *key, *message;
  } unknown[] = {
      {"time.stpe", "time.stpe: unknown key (nearest: time.step)"},
      {"raduis", "raduis: unknown key (nearest: regions.*.radius)"},
      {"boundary.front.type", "boundary.front.type: unknown key (nearest: boundary.*.type)"},
  };
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    heat_status status;
    char *text = print_keys(unknown[i].key, &status);
    assert_string_equal(text, "");
    assert_string_equal(status.text, unknown[i].message);
    assert_int_equal(status.code, HEAT_USAGE);
    free(text);
  }
}

/* Collective. */

static int rank_of(void) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

static void agreement_takes_the_worst_of_the_lowest_rank(void **state) {
  (void)state;
  int size, rank = rank_of();
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  assert_int_equal(heat_agree(MPI_COMM_WORLD, heat_ok()).code, HEAT_OK);
  for (int first = 0; first < size; first++) {
    heat_status local = heat_ok();
    if (rank < first) local = heat_fail(HEAT_DECK, "a deck on %d", rank);
    if (rank >= first) local = heat_fail(HEAT_IO, "a disk on %d", rank);
    heat_status agreed = heat_agree(MPI_COMM_WORLD, local);
    char expected[64];
    snprintf(expected, sizeof expected, "a disk on %d", first);
    assert_int_equal(agreed.code, HEAT_IO);
    assert_string_equal(agreed.text, expected);
  }
}

static void status_is_one_line(void **state) {
  (void)state;
  char text[2 * HEAT_STATUS_TEXT];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  heat_status status = heat_fail(HEAT_IO, "a\nb\x1b[31m %s", text);
  assert_int_equal(strncmp(status.text, "a b [31m xxx", 12), 0);
  assert_string_equal(status.text + HEAT_STATUS_TEXT - 4, "...");
  assert_int_equal(heat_first(heat_ok(), status).code, HEAT_IO);
  assert_int_equal(heat_first(heat_fail(HEAT_DECK, "a"), status).code, HEAT_DECK);
  assert_int_equal(heat_first(heat_ok(), heat_ok()).code, HEAT_OK);
}

/* The folder of the temporary files: made by rank 0, known to all. */
static int make_folder(void **state) {
  static char folder[32];
  strcpy(folder, "/tmp/test_config.XXXXXX");
  int made = rank_of() != 0 || mkdtemp(folder) != NULL;
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  *state = folder;
  return made ? 0 : -1;
}

static int remove_folder(void **state) {
  MPI_Barrier(MPI_COMM_WORLD);
  return rank_of() != 0 || rmdir(*state) == 0 ? 0 : -1;
}

/* Rank 0 writes `size` bytes beginning with `text`, all load them, rank 0 removes them. */
static heat_status load(heat_config **config, const char *folder, const char *text, long size) {
  char path[TEXT];
  snprintf(path, sizeof path, "%s/deck.yaml", folder);
  if (rank_of() == 0) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    for (long i = (long)strlen(text); i < size; i++) fputc(i % 100 == 99 ? '\n' : '#', file);
    fclose(file);
  }
  heat_status status = heat_config_load(config, MPI_COMM_WORLD, path, (const char *const[]){"time.end=3"}, 1);
  if (rank_of() == 0) remove(path);
  return status;
}

static void loading_agrees(void **state) {
  const long limit = 16L << 20;
  heat_config *config;
  char deck[TEXT], path[TEXT], expected[2 * TEXT];
  complete(deck, "title: loaded\n");
  heat_status status = load(&config, *state, deck, 0);
  assert_string_equal(status.text, "");
  assert_string_equal(heat_config_text(config, "title"), "loaded");
  assert_true(heat_config_real(config, "time.end") == 3);
  heat_config_destroy(config);

  snprintf(path, sizeof path, "%s/deck.yaml", (char *)*state);
  status = load(&config, *state, "tilte: wrong\n", 0);
  snprintf(expected, sizeof expected, "%s:1:1: tilte: unknown key (nearest: title)", path);
  assert_string_equal(status.text, expected);
  assert_int_equal(status.code, HEAT_DECK);
  assert_null(config);

  status = load(&config, *state, "", 0);
  assert_int_equal(status.code, HEAT_DECK);
  assert_int_equal(load(&config, *state, deck, limit).code, HEAT_OK);
  heat_config_destroy(config);
  status = load(&config, *state, deck, limit + 1);
  snprintf(expected, sizeof expected, "%s:1:1: deck: longer than 16 MiB", path);
  assert_string_equal(status.text, expected);
}

static void loading_what_is_no_file(void **state) {
  heat_config *config;
  char path[TEXT], expected[2 * TEXT];
  snprintf(path, sizeof path, "%s/none.yaml", (char *)*state);
  heat_status status = heat_config_load(&config, MPI_COMM_WORLD, path, NULL, 0);
  snprintf(expected, sizeof expected, "%s: there is no such deck", path);
  assert_string_equal(status.text, expected);
  assert_int_equal(status.code, HEAT_DECK);
  status = heat_config_load(&config, MPI_COMM_WORLD, *state, NULL, 0);
  snprintf(expected, sizeof expected, "%s: Is a directory", (char *)*state);
  assert_string_equal(status.text, expected);
  assert_int_equal(status.code, HEAT_IO);
}

/* Every fault has its line, and none is told that only follows from another one. */
static void all_faults_are_told_in_one_go(void **state) {
  char path[TEXT], expected[2 * TEXT];
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0) return;
  snprintf(path, sizeof path, "%s/faults.yaml", (char *)*state);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("domain: {size: [1, -1], cells: [8, 8]}\n"
        "material: {diffusivity: 'x +'}\n"
        "initial: {temprature: 0}\n"
        "regions:\n"
        "  - {shape: cirle, center: [0, 0], radius: 1, source: 1}\n"
        "  - shape: circle\n"
        "    center: [0, 0]\n"
        "    source: nan\n"
        "boundary: {left: {type: dirichlet}, top: {value: 3}}\n"
        "time: {end: 1, safety: 7, stepp: 3, end: 2}\n",
        file);
  fclose(file);
  heat_config *config;
  const char *sets[] = {"output.compression=11"};
  const heat_status status = heat_config_load(&config, MPI_COMM_SELF, path, sets, 1);
  snprintf(expected, sizeof expected, "%s:1:20: domain.size.1: -1 is out of range (must be > 0)", path);
  assert_string_equal(status.text, expected);
  char *text = heat_config_further_faults(path, sets, 1);
  static const char *const places[] = {"2:25: material.diffusivity: ",
                                       "3:11: initial.temprature: unknown key (nearest: initial.temperature)",
                                       "5:13: regions.0.shape: one of ",
                                       "8:13: regions.1.source: 'nan' is not accepted",
                                       "6:5: regions.1.radius: missing",
                                       "9:12: boundary.left.value: missing",
                                       "9:43: boundary.top.value: not used by type neumann",
                                       "10:27: time.stepp: unknown key (nearest: time.step)",
                                       "10:37: time.end: stands twice (first at ",
                                       "10:24: time.safety: 7 is out of range"};
  const char *at = text;
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    snprintf(expected, sizeof expected, "%s:%s", path, places[n]);
    if (strncmp(at, expected, strlen(expected)) != 0) print_error("wanted %s, have %s\n", expected, at);
    assert_int_equal(strncmp(at, expected, strlen(expected)), 0);
    at = strchr(at, '\n') + 1;
  }
  assert_string_equal(at, "--set:1:20: output.compression: 11 is out of range (must be in [0, 9])\n");
  free(text);
  remove(path);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_the_whole_deck),
      cmocka_unit_test(defaults),
      cmocka_unit_test(resolved_deck_reads_back),
      cmocka_unit_test(hints_have_names_of_their_own),
      cmocka_unit_test(names_and_aliases_stand_for_what_they_name),
      cmocka_unit_test(numbers_keep_their_bits),
      cmocka_unit_test(wrong),
      cmocka_unit_test(numbers_are_bounded),
      cmocka_unit_test(words_have_their_numbers),
      cmocka_unit_test(rows_depend_on_words_that_there_are),
      cmocka_unit_test(each_side_is_a_section),
      cmocka_unit_test(wrong_as_a_whole),
      cmocka_unit_test(broken_decks_never_crash),
      cmocka_unit_test(sets_win_over_the_deck),
      cmocka_unit_test(sets_make_what_is_not_there),
      cmocka_unit_test(set_without_value_is_usage),
      cmocka_unit_test(fail_names_the_place),
      cmocka_unit_test(resolve_replaces_auto),
      cmocka_unit_test(differs_in_grid_and_physics_only),
      cmocka_unit_test(keys_show_every_key_of_the_resolved_deck),
      cmocka_unit_test(keys_of_one_section_and_one_key),
      cmocka_unit_test(agreement_takes_the_worst_of_the_lowest_rank),
      cmocka_unit_test(status_is_one_line),
      cmocka_unit_test_setup_teardown(all_faults_are_told_in_one_go, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(loading_agrees, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(loading_what_is_no_file, make_folder, remove_folder),
  };
  MPI_Init(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
