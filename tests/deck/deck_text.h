/* Decks as texts, for the tests of the deck. */
#ifndef HEAT2D_DECK_TEXT_H
#define HEAT2D_DECK_TEXT_H

#include "deck/config_private.h"
#include "heat2d/base/launch.h"
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

/* Complete `text` with those of the four required sections that it lacks. They follow it, so that places are counted
 * from its beginning. */
static inline void complete(char deck[TEXT], const char *text) {
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

static inline heat_status parse(heat_config **config, const char *text, const char *const *sets) {
  char deck[TEXT];
  int count = 0;
  while (sets != NULL && sets[count] != NULL) count++;
  complete(deck, text);
  return heat_config_parse(config, "deck", deck, strlen(deck), sets, count);
}

static inline heat_config *parse_right(const char *text, const char *const *sets) {
  heat_config *config;
  heat_status status = parse(&config, text, sets);
  assert_string_equal(status.text, "");
  assert_non_null(config);
  return config;
}

/* A deck of many keys. */
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

#endif
