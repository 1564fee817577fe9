/* What the tests of whole runs share: decks, and a comparison of the files of two runs. */
#ifndef HEAT2D_TESTS_RUNS_H
#define HEAT2D_TESTS_RUNS_H

#include "command.h"
#include "formats.h"

/* 40 steps of 1/1024 s, with every kind of file. */
static const char small_deck[] = "title: small\n"
                                 "domain: {size: [1, 1], cells: [11, 7]}\n"
                                 "material: {diffusivity: '1 + 0.5*x'}\n"
                                 "initial: {temperature: '300 + sin(3*x) + cos(2*y)'}\n"
                                 "boundary: {left: {type: dirichlet, value: 300}}\n"
                                 "time: {end: 0.0390625, step: 0.0009765625}\n"
                                 "output: {directory: out, every: {steps: 20}, images: {every: {steps: 40}, width: "
                                 "16}, probes: [{name: a, at: [0, 0.99]}]}\n"
                                 "checkpoint: {every: {steps: 10, minutes: 0}, keep: 3}\n";

/* Every kind of wall, region and value. 52 steps, of which the last is shortened. */
static const char walls_deck[] =
    "title: Walls & \"regions\" <of> every kind\n"
    "domain: {origin: [-0.1, 0.2], size: [1.3, 0.9], cells: [29, 23]}\n"
    "material: {conductivity: [1.5, '1 + 0.5*x'], density: 2, heat_capacity: 3}\n"
    "initial: {temperature: '300 + 20*sin(3*x)*cos(2*y)'}\n"
    "source: '10*sin(x + t)'\n"
    "regions:\n"
    "  - {shape: circle, center: [0.3, 0.6], radius: 0.2, temperature: 350, conductivity: 6}\n"
    "  - {shape: polygon, points: [[0.8, 0.3], [1.1, 0.4], [0.9, 0.9]], density: 4, source: 100}\n"
    "boundary:\n"
    "  left: {type: dirichlet, value: '300 + 5*sin(20*t) + y'}\n"
    "  right: {type: robin, coefficient: 4, ambient: '290 + y'}\n"
    "  top: {type: neumann, flux: '3*x'}\n"
    "time: {end: 0.02}\n"
    "output:\n"
    "  directory: out\n"
    "  every: {steps: 13}\n"
    "  images: {every: {steps: 26}, width: 64}\n"
    "  probes: [{name: a, at: [0, 0.3]}, {name: b, at: [1.19, 1.09]}]\n"
    "checkpoint: {every: {steps: 20, minutes: 0}, keep: 3}\n";

/* Periodic on all sides, with blocks that are thinner than a deep halo. Exactly 40 steps of 1/1024 s. */
static const char torus_deck[] = "domain: {size: [1, 1], cells: [11, 7]}\n"
                                 "material: {diffusivity: '1 + 0.5*sin(2*pi*x)'}\n"
                                 "initial: {temperature: 'sin(2*pi*x) + cos(2*pi*y)'}\n"
                                 "boundary:\n"
                                 "  left: {type: periodic}\n"
                                 "  right: {type: periodic}\n"
                                 "  bottom: {type: periodic}\n"
                                 "  top: {type: periodic}\n"
                                 "time: {end: 0.0390625, step: 0.0009765625}\n"
                                 "output: {directory: out, every: {steps: 10}, probes: [{name: a, at: [0, 0.99]}]}\n"
                                 "checkpoint: {every: {steps: 10, minutes: 0}, keep: 9}\n";

static inline void assert_same_file(const char *a, const char *b, const char *name) {
  char paths[2][LINE_MOST];
  snprintf(paths[0], LINE_MOST, "%s/%s", a, name);
  snprintf(paths[1], LINE_MOST, "%s/%s", b, name);
  assert_true(same_bytes(paths[0], paths[1]));
}

/* Assert that run.xdmf is well-formed and lists the snapshots of its directory, each once and in order. */
static inline void assert_series_of_snapshots(const char *directory) {
  char path[LINE_MOST];
  snprintf(path, sizeof path, "%s/run.xdmf", directory);
  char *text = read_text(path), *at = text;
  if (!is_xml(text)) print_error("%s is not XML:\n%s\n", path, text);
  assert_true(is_xml(text));
  const int count = count_files(directory, "snapshot-", ".h5");
  assert_true(count > 0);
  assert_int_equal(occurrences(text, ".h5:/temperature"), count);
  assert_int_equal(occurrences(text, "<Time "), count);
  double before = -1;
  long long step_before = -1;
  for (int n = 0; n < count; n++) {
    double time;
    long long step;
    at = strstr(at, "<Time Value=\"");
    assert_int_equal(sscanf(at, "<Time Value=\"%lf\"", &time), 1);
    at = strstr(at, "snapshot-");
    assert_int_equal(sscanf(at, "snapshot-%lld.h5", &step), 1);
    assert_true(time > before && step > step_before);
    snprintf(path, sizeof path, "%s/snapshot-%010lld.h5", directory, step);
    assert_true(exists(path));
    before = time;
    step_before = step;
  }
  free(text);
}

/* Assert that two runs have the same last checkpoint, snapshots, tables and pictures, and that no unfinished file is
 * left. */
static inline void assert_same_run(const char *a, const char *b) {
  char last[2][LINE_MOST];
  assert_true(last_file(last[0], a, "checkpoint-", ".h5") && last_file(last[1], b, "checkpoint-", ".h5"));
  assert_string_equal(strrchr(last[0], '/'), strrchr(last[1], '/'));
  assert_true(same_state(last[0], last[1]));
  assert_same_file(a, b, "history.csv");
  assert_same_file(a, b, "probes.csv");
  assert_no_leftovers(a);
  assert_no_leftovers(b);
  DIR *entries = opendir(a);
  assert_non_null(entries);
  for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
    char paths[2][LINE_MOST];
    snprintf(paths[0], LINE_MOST, "%s/%s", a, entry->d_name);
    snprintf(paths[1], LINE_MOST, "%s/%s", b, entry->d_name);
    if (strncmp(entry->d_name, "frame-", 6) == 0) assert_true(same_bytes(paths[0], paths[1]));
    if (strncmp(entry->d_name, "snapshot-", 9) == 0) assert_true(same_state(paths[0], paths[1]));
  }
  closedir(entries);
  assert_int_equal(count_files(a, "frame-", ".png"), count_files(b, "frame-", ".png"));
  assert_int_equal(count_files(a, "snapshot-", ".h5"), count_files(b, "snapshot-", ".h5"));
  assert_series_of_snapshots(b);
}

/* Assert that a table has one header and one row per step, in order. */
static inline void assert_rows_in_order(const char *path) {
  char *text = read_text(path), *at = strchr(text, '\n');
  assert_true(strncmp(text, "step,time,", 10) == 0);
  assert_int_equal(occurrences(text, "step,"), 1);
  long long before = -1;
  for (at++; *at != '\0'; at = strchr(at, '\n') + 1) {
    char *end;
    const long long step = strtoll(at, &end, 10);
    assert_true(*end == ',' && step > before);
    assert_non_null(strchr(at, '\n'));
    before = step;
  }
  free(text);
}

/* Read the state and the step in status.json, which has to be valid JSON at any time. */
static inline long long status_step(const char *directory, const char *state) {
  char path[LINE_MOST], value[64], quoted[64];
  snprintf(path, sizeof path, "%s/status.json", directory);
  char *text = read_text(path);
  if (!is_json(text)) print_error("not JSON: %s\n", text);
  assert_true(is_json(text));
  snprintf(quoted, sizeof quoted, "\"%s\"", state);
  assert_true(json_member(text, "state", value, sizeof value));
  assert_string_equal(value, quoted);
  assert_true(json_member(text, "step", value, sizeof value));
  free(text);
  return atoll(value);
}

/* Run on 1 rank, without a stop, to that end time, with output in the directory `whole`. */
static inline void run_whole(const char *sets) {
  shell("rm -rf whole");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=whole %s", sets));
}

static inline void start_with(const char *deck) {
  shell("rm -rf out whole");
  write_text("deck.yaml", deck);
}

#endif
