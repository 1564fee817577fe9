/* The collective part of decks: reading the file, and agreement on failures. */
#include "deck/deck_text.h"

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

/* Make the folder for temporary files on rank 0, and tell all ranks. */
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

/* Rank 0 writes `size` bytes that begin with `text`, all ranks load them, and rank 0 removes them. */
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

/* Every fault has its line, and no line only follows from another fault. */
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
  char *text = heat_config_further_faults(path, sets, 1, status.text);
  static const char *const places[] = {"2:25: material.diffusivity: ",
                                       "3:11: initial.temprature: unknown key (nearest: initial.temperature)",
                                       "5:13: regions.0.shape: one of ",
                                       "8:13: regions.1.source: 'nan' is not accepted",
                                       "6:5: regions.1.radius: missing",
                                       "9:12: boundary.left.value: missing",
                                       "9:43: boundary.top.value: not used by type neumann",
                                       "10:27: time.stepp: unknown key (nearest: time.step)",
                                       "10:37: time.end: given twice (first at ",
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

/* A deck, and the beginnings of the lines for its faults; "deck:" means the path of the deck. */
typedef struct faulty_deck {
  const char *deck, *set;
  const char *lines[HEAT_MOST_FAULTS];
} faulty_deck;

static const faulty_deck faulty_decks[] = {
    /* sections that are missing, or of another type */
    {"domain: {size: [1, 1]}\ntime: {end: -1}\n",
     NULL,
     {"deck:1:1: domain.cells: missing", "deck:1:1: material: missing", "deck:1:1: initial: missing",
      "deck:2:13: time.end: -1 is out"}},
    {"domain: [1, 2]\nmaterial: 3\ninitial: {temperature: 0}\nregions: {shape: circle}\nboundary: [1]\n"
     "time: 5\noutput: {every: -1, probes: 7}\n",
     NULL,
     {"deck:2:11: material: ", "deck:1:1: domain: ", "deck:4:1: regions: ", "deck:5:1: boundary: ", "deck:6:7: time: ",
      "deck:7:17: output.every: ", "deck:7:29: output.probes: "}},
    /* a wrong value decides which other keys are used: these are checked, and none is reported as missing */
    {"domain: {size: [1, 1], cells: [8, 8]}\nmaterial: {conductivity: -1, density: 2}\ninitial: {temperature: 0}\n"
     "regions: [3, {shape: cirle, radius: -1, angle: x, source: nan}, {shape: circle, center: [0, 0], radius: 1}]\n"
     "boundary: {left: {type: dirichle, value: 'x +'}, right: {type: robin}}\ntime: {method: staedy, safety: 2}\n",
     NULL,
     {"deck:2:26: material.conductivity: ", "deck:2:1: material.heat_capacity: missing", "deck:4:11: regions.0: ",
      "deck:4:22: regions.1.shape: ", "deck:4:37: regions.1.radius: ", "deck:4:48: regions.1.angle: ",
      "deck:4:59: regions.1.source: ", "deck:4:65: regions.2: at least one of", "deck:5:25: boundary.left.type: ",
      "deck:5:42: boundary.left.value: ", "deck:5:50: boundary.right.coefficient: missing",
      "deck:5:50: boundary.right.ambient: missing", "deck:6:16: time.method: ", "deck:6:32: time.safety: "}},
    /* relations between values */
    {"domain: {origin: [0, 0], size: [1, 1], cells: [1000000000, 1000000000]}\nmaterial: {diffusivity: 1}\n"
     "initial: {temperature: {file: a.h5, dataset: b}}\n"
     "regions: [{shape: rectangle, min: [0, 0], max: [0, 1], source: 1}]\nboundary: {top: {type: periodic}}\n"
     "time: {end: 0}\noutput: {images: {range: [2, 1]}, compression: 99, probes: [{name: a, at: [2, 0]}, "
     "{name: a, at: [0, 3]}, {name: 1, at: [0, 0]}]}\n",
     NULL,
     {"deck:7:48: output.compression: ", "deck:1:40: domain.cells: ", "deck:3:46: initial.temperature.dataset: ",
      "deck:4:49: regions.0.max.0: ", "deck:5:24: boundary.top.type: ", "deck:6:13: time.end: ",
      "deck:7:19: output.images.range: ", "deck:7:91: output.probes.1.name: two probes",
      "deck:7:76: output.probes.0.at.0: ", "deck:7:102: output.probes.1.at.1: ", "deck:7:114: output.probes.2.name: "}},
    /* materials */
    {"domain: {size: [1, 1], cells: [8, 8]}\nmaterial: stel\ninitial: {temperature: 0}\n"
     "materials: {steel: {conductivity: 1, density: -1}, air: 4, air: {diffusivity: 1}}\n"
     "regions: [{shape: circle, center: [0, 0], radius: 1, material: wool}, {shape: circle, center: [0, 0], radius: 2, "
     "material: air}, {shape: circle, center: [0], radius: 2, material: steel}]\ntime: {end: 1, step: -1}\n",
     NULL,
     {"deck:4:47: materials.steel.density: ", "deck:4:13: materials.steel.heat_capacity: missing",
      "deck:4:57: materials.air: ", "deck:4:60: materials.air: given twice",
      "deck:2:11: material: there is no material", "deck:5:64: regions.0.material: there is no material",
      "deck:5:146: regions.2.center: ", "deck:6:22: time.step: "}},
    /* faults of the YAML other than its syntax; a wrong --set */
    {"domain: {size: [1, 1], cells: *cells}\nmaterial: {diffusivity: !!float -1}\n&a initial: {temperature: 0}\n"
     "time: {<<: 3, end: 1}\noutput: &o {images: *o, compression: 10}\n",
     "regions.3.radius=1",
     {"deck:1:31: YAML: an alias", "deck:2:25: YAML: tags", "deck:3:1: YAML: an anchor", "deck:4:21: YAML: << takes",
      "deck:5:21: YAML: an alias", "deck:2:25: material.diffusivity: ", "--set:1:9: regions: a list",
      "deck:5:38: output.compression: "}},
    {"time: {end: *a}\ntitle: [\n", NULL, {"deck:1:13: YAML: an alias", "deck:3:1: YAML: did not find"}},
    /* a sweep */
    {"domain: {size: [1, 1], cells: [8, 8]}\nmaterial: {diffusivity: 1}\ninitial: {temperature: 0}\n"
     "time: {end: 1, safety: 2}\nsweep: {time.end: [1, x, 2, -1], time.emd: [1, 2], output.directory: [a], source: 3, "
     "time.step: {from: 1, to: 2}, title: [a, a], title: [b], sweep.file: [1]}\n",
     NULL,
     {"deck:4:24: time.safety: ", "deck:5:83: sweep.source: a list", "deck:5:86: sweep.time.step.count: missing",
      "deck:5:52: sweep.output.directory: ", "deck:5:130: sweep.title: given twice",
      "deck:5:142: sweep.sweep.file: ", "deck:5:39: time.emd: unknown key", "deck:5:23: time.end: a number",
      "deck:5:29: time.end: -1", "deck:5:126: sweep.title: two members"}},
};

static void assert_faults(const char *path, const faulty_deck *faulty) {
  char place[2 * TEXT], *text;
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(faulty->deck, file);
  fclose(file);
  heat_config *config;
  const heat_status status = heat_config_load(&config, MPI_COMM_SELF, path, &faulty->set, faulty->set != NULL);
  assert_int_equal(status.code, HEAT_DECK);
  char *further = heat_config_further_faults(path, &faulty->set, faulty->set != NULL, status.text);
  assert_non_null(further);
  text = malloc(strlen(status.text) + strlen(further) + 2);
  assert_non_null(text);
  sprintf(text, "%s\n%s", status.text, further);
  char *line = text;
  for (int n = 0; faulty->lines[n] != NULL || *line != '\0'; n++) {
    const char *wanted = faulty->lines[n] != NULL ? faulty->lines[n] : "no more";
    const bool of_deck = strncmp(wanted, "deck", 4) == 0;
    snprintf(place, sizeof place, "%s%s", of_deck ? path : "", wanted + (of_deck ? 4 : 0));
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, place, strlen(place)) != 0) print_error("wanted '%s', have '%s'\n", place, line);
    assert_int_equal(strncmp(line, place, strlen(place)), 0);
    line += strlen(line) + 1;
  }
  free(text);
  free(further);
}

static void no_fault_hides_another_one(void **state) {
  char path[TEXT];
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0) return;
  snprintf(path, sizeof path, "%s/faults.yaml", (char *)*state);
  for (size_t n = 0; n < sizeof faulty_decks / sizeof *faulty_decks; n++) assert_faults(path, &faulty_decks[n]);
  remove(path);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agreement_takes_the_worst_of_the_lowest_rank),
      cmocka_unit_test(status_is_one_line),
      cmocka_unit_test_setup_teardown(loading_agrees, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(loading_what_is_no_file, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(all_faults_are_told_in_one_go, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(no_fault_hides_another_one, make_folder, remove_folder),
  };
  heat_launch(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
