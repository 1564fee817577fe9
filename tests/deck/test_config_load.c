/* What is collective: reading a deck's file, and agreeing on what went wrong. */
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
      cmocka_unit_test(agreement_takes_the_worst_of_the_lowest_rank),
      cmocka_unit_test(status_is_one_line),
      cmocka_unit_test_setup_teardown(loading_agrees, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(loading_what_is_no_file, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(all_faults_are_told_in_one_go, make_folder, remove_folder),
  };
  heat_launch(&argc, &argv);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failed;
}
