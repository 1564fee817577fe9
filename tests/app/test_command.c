/* The program as a user sees it: commands, options, exit codes, messages and files. A serial process that runs the
 * program. */
#include "runs.h"

static void a_wrong_command_line_is_64(void **state) {
  (void)state;
  static const char *const lines[] = {"",
                                      "walk deck.yaml",
                                      "run",
                                      "run deck.yaml deck.yaml",
                                      "run deck.yaml --fast",
                                      "run deck.yaml -v",
                                      "run deck.yaml --set",
                                      "run deck.yaml --set time.end",
                                      "run deck.yaml --set=",
                                      "run deck.yaml --resume --overwrite",
                                      "run deck.yaml --overwrite=yes",
                                      "run deck.yaml --walltime",
                                      "run deck.yaml --walltime soon",
                                      "run deck.yaml --walltime 0",
                                      "run deck.yaml --walltime=-5",
                                      "run deck.yaml --walltime 1:2:3:4",
                                      "run deck.yaml --walltime 1:",
                                      "run deck.yaml --progress",
                                      "run deck.yaml --progress=fast",
                                      "check",
                                      "check deck.yaml --overwrite",
                                      "check deck.yaml --ranks 0",
                                      "check deck.yaml --ranks=-1",
                                      "check deck.yaml --ranks 1.5",
                                      "check deck.yaml --ranks many",
                                      "run --help extra",
                                      "run deck.yaml --help",
                                      "run -h extra",
                                      "run -V",
                                      "help walk",
                                      "help run extra",
                                      "--help run",
                                      "-h -V",
                                      "--version extra",
                                      "-V extra",
                                      "keys time.edn",
                                      "keys time domain",
                                      "info",
                                      "info --all a.h5",
                                      "compare a.h5",
                                      "compare a.h5 b.h5 c.h5",
                                      "compare a.h5 b.h5 --tolerance",
                                      "compare a.h5 b.h5 --tolerance little",
                                      "compare a.h5 b.h5 --tolerance=-1",
                                      "compare a.h5 b.h5 --tolerance nan"};
  start_with(small_deck);
  for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) {
    assert_code(64, heat2d(n % 12 == 4 ? 3 : 0, "%s", lines[n]));
    assert_one_complaint("heat2d: ", "");
    assert_string_equal(command.out, "");
  }
  assert_false(exists("out"));
}

static void assert_same_words(const char *one, const char *other) {
  assert_code(0, heat2d(0, "%s", one));
  char *words = strdup(command.out);
  assert_non_null(words);
  assert_code(0, heat2d(0, "%s", other));
  assert_string_equal(command.out, words);
  free(words);
}

static void help_and_version_are_0(void **state) {
  (void)state;
  static const char *const names[] = {"run", "check", "keys", "info", "compare"};
  assert_code(0, heat2d(2, "--help"));
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char start[32];
    snprintf(start, sizeof start, "\n  %s ", names[n]);
    assert_int_equal(occurrences(command.out, start), 1);
  }
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    char line[LINE_MOST];
    snprintf(line, sizeof line, "%s --help", names[n]);
    assert_code(0, heat2d(0, "%s", line));
    assert_non_null(strstr(command.out, names[n]));
  }
  assert_code(0, heat2d(0, "run --help"));
  static const char *const options[] = {"--set", "--resume", "--overwrite", "--walltime", "--progress"};
  for (size_t n = 0; n < sizeof options / sizeof *options; n++) assert_non_null(strstr(command.out, options[n]));
  assert_same_words("--help", "-h");
  assert_same_words("--help", "help");
  assert_same_words("run --help", "run -h");
  assert_same_words("run --help", "help run");
  assert_same_words("--version", "-V");
  assert_code(0, heat2d(2, "--version"));
  assert_int_equal(occurrences(command.out, "\n"), 1);
}

static void options_stand_before_or_after_operands(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(0, heat2d(0, "run --set time.end=0.01 --progress=none --set=time.end=0.002 --walltime 1:00 deck.yaml"));
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set time.end=0.002 --progress none"));
  assert_code(0, heat2d(0, "run --resume --set time.end=0.002 -- deck.yaml"));
}

static void ranks_that_were_started_differently_are_64(void **state) {
  (void)state;
  static const char *const others[] = {"run other.yaml", "run deck.yaml --set time.end=1", "run deck.yaml --overwrite",
                                       "check deck.yaml", "--version"};
  start_with(small_deck);
  shell("cp deck.yaml other.yaml");
  for (size_t n = 0; n < sizeof others / sizeof *others; n++) {
    assert_code(64, heat2d(1, "run deck.yaml : -n 2 '%s' %s", getenv("HEAT2D_PROGRAM"), others[n]));
    assert_one_complaint("heat2d: ", "run deck.yaml'");
    assert_non_null(strstr(command.err, others[n]));
    assert_string_equal(command.out, "");
    assert_false(exists("out"));
  }
}

static size_t find_bytes(const char *path, const void *bytes, size_t length) {
  size_t size, at = 0;
  char *all = read_bytes(path, &size);
  assert_non_null(all);
  while (at + length <= size && memcmp(all + at, bytes, length) != 0) at++;
  assert_true(at + length <= size);
  free(all);
  return at;
}

static void info_finds_any_damage(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set output.compression=5"));
  shell("cp out/checkpoint-0000000040.h5 good.h5");
  assert_code(0, heat2d(3, "info good.h5 out/snapshot-0000000040.h5"));
  assert_int_equal(occurrences(command.out, ": whole\n"), 2);
  assert_non_null(strstr(command.out, "11 x 7 cells"));
  const hid_t file = H5Fopen("good.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
  size_t lengths[2] = {0, 0};
  double *cells = h5_dataset(file, "temperature", &lengths[0]), *time = h5_attribute(file, "time", &lengths[1]);
  H5Fclose(file);
  const size_t places[] = {find_bytes("good.h5", cells, lengths[0]),
                           find_bytes("good.h5", cells, lengths[0]) + lengths[0] - 1,
                           find_bytes("good.h5", time, lengths[1]) + 3, find_bytes("good.h5", "cells: [11", 10) + 8, 0};
  free(cells);
  free(time);
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    shell("cp good.h5 bad.h5");
    flip_byte("bad.h5", places[n]);
    assert_code(74, heat2d(n == 0 ? 3 : 0, "info good.h5 bad.h5"));
    assert_one_complaint("heat2d: ", "bad.h5");
    assert_int_equal(occurrences(command.out, "good.h5: whole\n"), 1);
    assert_code(74,
                heat2d(n % 2 == 0 ? 3 : 0, "compare %s", n < 3 ? "good.h5 bad.h5" : "bad.h5 good.h5 --tolerance 1e9"));
    assert_one_complaint("heat2d: ", "bad.h5");
    assert_string_equal(command.out, "");
  }
  shell("cp good.h5 bad.h5 && truncate -s -8 bad.h5");
  assert_code(74, heat2d(0, "info bad.h5"));
  shell("truncate -s 0 bad.h5");
  assert_code(74, heat2d(3, "info bad.h5"));
  assert_code(74, heat2d(0, "info deck.yaml"));
  assert_code(74, heat2d(0, "info nowhere.h5"));
  assert_one_complaint("heat2d: ", "nowhere.h5");
}

static void compare_tells_same_different_and_incomparable(void **state) {
  (void)state;
  start_with(small_deck);
  static const char last[] = "checkpoint-0000000040.h5";
  assert_code(0, heat2d(2, "run deck.yaml --set output.directory=whole"));
  assert_code(0, heat2d(3, "run deck.yaml --set boundary.left.value=300.0625"));
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(0, heat2d(ranks, "compare whole/%s whole/%s", last, last));
    assert_code(1, heat2d(ranks, "compare whole/%s out/%s", last, last));
    assert_non_null(strstr(command.out, "the bits differ"));
  }
  double largest = 0, mean = 0, square = 0;
  assert_int_equal(sscanf(command.out, "max %lf L1 %lf L2 %lf", &largest, &mean, &square), 3);
  assert_true(largest > 0.01 && largest < 0.0625 && mean > 0 && mean < square && square < largest);
  assert_code(0, heat2d(2, "compare --tolerance 0.0625 whole/%s out/%s", last, last));
  assert_code(0, heat2d(0, "compare whole/%s out/%s --tolerance=%.17g", last, last, largest * 1.000001));
  assert_code(1, heat2d(2, "compare whole/%s out/%s --tolerance %.17g", last, last, largest * 0.999999));
  assert_code(0, heat2d(0, "compare whole/%s whole/snapshot-0000000040.h5", last));
  shell("cp whole/%s foreign.h5", last);
  const hid_t foreign = H5Fopen("foreign.h5", H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(foreign, "digest") >= 0);
  H5Fclose(foreign);
  assert_code(0, heat2d(3, "compare foreign.h5 whole/%s", last));
  assert_code(1, heat2d(0, "compare out/%s foreign.h5", last));
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set domain.cells=[12,7] --set time.end=0.002"));
  assert_code(65, heat2d(3, "compare whole/%s out/snapshot-0000000000.h5 --tolerance 1e9", last));
  assert_code(74, heat2d(0, "compare whole/%s nowhere.h5", last));
}

/* The figures themselves depend on the machine. */
static void bench_measures_every_row(void **state) {
  (void)state;
  static const char *const rows[] = {
    "one core: plain loop",
    "one core: vectors\"",
#if defined(__SSE2__)
    "one core: vectors past the caches",
#endif
    "one core: fused in cache",
    "all ranks: fused with exchange",
    "varying material: vectors",
    "varying material: fused",
    "varying in each cell: fused",
    "\"what\": \"euler\"",
    "\"what\": \"rkl2\"",
    "\"what\": \"backward-euler\""
  };
  assert_code(0, heat2d(2, "bench --seconds 0.01 --cells 70,50 --json --disk . --plot bench.png"));
  assert_int_equal(count_files(".", "bench.png", ""), 1);
  const char *arithmetic = strstr(command.out, "\"arithmetic\": ");
  assert_true(arithmetic != NULL && atof(arithmetic + strlen("\"arithmetic\": ")) > 0);
  assert_non_null(strstr(command.out, "\"ranks\": 1, \"threads\": 1, \"gcells\": "));
  assert_non_null(strstr(command.out, "\"speed_up\": 1, \"efficiency\": 1, "));
  assert_non_null(strstr(command.out, "\"ranks\": 2, \"threads\": 1, \"gcells\": "));
  for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
    const char *row = strstr(command.out, rows[n]);
    assert_non_null(row);
    const char *rate = strstr(row, "\"gcells\": ");
    assert_true(rate != NULL && atof(rate + strlen("\"gcells\": ")) > 0);
  }
  assert_non_null(strstr(command.out, "\"depth\": 1"));
  assert_non_null(strstr(command.out, "\"direct\", \"write\": "));
  assert_non_null(strstr(command.out, "\"mpio\", \"write\": "));
  assert_non_null(strstr(command.out, "\"of_above\": null")); /* there is no row above the first */
  assert_null(strstr(command.out, "nan"));
  assert_int_equal(occurrences(command.out, "{"), occurrences(command.out, "}"));
  assert_int_equal(count_files(".", "heat2d-bench", ""), 0);
  assert_code(0, heat2d(1, "bench --seconds 0.01 --cells 1,1 --threads 2"));
  assert_non_null(strstr(command.out, "one rank: fused on its threads"));
  assert_non_null(strstr(command.out, "% of arithmetic"));
  assert_non_null(strstr(command.out, "x above"));
  assert_code(0, heat2d(2, "bench --seconds 0.01 --cells 70,50 --json --method tr-bdf2"));
  assert_non_null(strstr(command.out, "\"what\": \"tr-bdf2\", \"step\": 1000, \"sweeps\": 2, \"iterations\": "));
  const char *set_up = strstr(command.out, "\"set_up\": ");
  assert_true(set_up != NULL && atof(set_up + strlen("\"set_up\": ")) > 0);
  assert_null(strstr(command.out, "rkl2"));
  assert_code(64, heat2d(0, "bench --seconds 0.01 --cells 9,9 --method euler --plot bench.png"));
  assert_one_complaint("heat2d: ", "--plot draws");
  assert_code(64, heat2d(0, "bench --method rk4"));
  assert_one_complaint("heat2d: ", "--method: 'rk4'");
  assert_code(64, heat2d(0, "bench --cells 0,5"));
  assert_one_complaint("heat2d: ", "--cells");
  assert_code(64, heat2d(0, "bench --threads 0"));
  assert_one_complaint("heat2d: ", "--threads");
  assert_code(74, heat2d(0, "bench --seconds 0.01 --cells 9,9 --method euler --disk nowhere"));
  assert_one_complaint("heat2d: ", "nowhere");
}

static const char *const contract[] = {"title",
                                       "domain.origin",
                                       "domain.size",
                                       "domain.cells",
                                       "material.conductivity",
                                       "material.density",
                                       "material.heat_capacity",
                                       "material.diffusivity",
                                       "interface",
                                       "initial.temperature",
                                       "source",
                                       "regions",
                                       "regions.*.shape",
                                       "regions.*.center",
                                       "regions.*.radius",
                                       "regions.*.min",
                                       "regions.*.max",
                                       "regions.*.points",
                                       "regions.*.condition",
                                       "regions.*.temperature",
                                       "regions.*.conductivity",
                                       "regions.*.density",
                                       "regions.*.heat_capacity",
                                       "regions.*.source",
                                       "boundary.left",
                                       "boundary.right",
                                       "boundary.bottom",
                                       "boundary.top",
                                       "boundary.*.type",
                                       "boundary.*.value",
                                       "boundary.*.flux",
                                       "boundary.*.coefficient",
                                       "boundary.*.ambient",
                                       "time.end",
                                       "time.method",
                                       "time.step",
                                       "time.safety",
                                       "time.tolerance",
                                       "time.solver.tolerance",
                                       "time.solver.iterations",
                                       "time.steady",
                                       "time.steady_relative",
                                       "time.steady_after",
                                       "output.directory",
                                       "output.every",
                                       "output.every.steps",
                                       "output.precision",
                                       "output.compression",
                                       "output.images.every",
                                       "output.images.colormap",
                                       "output.images.range",
                                       "output.images.width",
                                       "output.probes.*.name",
                                       "output.probes.*.at",
                                       "output.probes.*.from",
                                       "output.probes.*.to",
                                       "output.probes.*.count",
                                       "checkpoint.every.steps",
                                       "checkpoint.every.minutes",
                                       "checkpoint.keep",
                                       "checkpoint.final",
                                       "parallel.ranks",
                                       "parallel.halo_depth",
                                       "parallel.threads",
                                       "parallel.tile",
                                       "sweep"};

static void keys_lists_the_contract(void **state) {
  (void)state;
  assert_code(0, heat2d(3, "keys"));
  for (size_t n = 0; n < sizeof contract / sizeof *contract; n++) {
    char row[128];
    snprintf(row, sizeof row, "\n%s ", contract[n]);
    if (occurrences(command.out, row) != 1) print_error("%s is not there once\n", contract[n]);
    assert_int_equal(occurrences(command.out, row), 1);
  }
  assert_code(0, heat2d(0, "keys material.conductivity"));
  assert_non_null(strstr(command.out, "W/(m K)"));
  assert_code(0, heat2d(0, "keys boundary.left.value"));
}

static void check_prints_a_deck_and_its_plan_and_writes_nothing(void **state) {
  (void)state;
  start_with(small_deck);
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(0, heat2d(ranks, "check deck.yaml --set time.step=auto"));
    write_text("resolved.yaml", command.out);
    static const char *const rows[] = {"# grid ", "# ranks ", "# method ", "# memory ", "# files ", "# time "};
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) assert_int_equal(occurrences(command.out, rows[n]), 1);
    char *first = strdup(command.out);
    assert_non_null(first);
    assert_code(0, heat2d(ranks, "check resolved.yaml"));
    *strstr(first, "#\n") = '\0';
    *strstr(command.out, "#\n") = '\0';
    assert_string_equal(first, command.out);
    free(first);
  }
  assert_code(0, heat2d(0, "check deck.yaml --ranks 6"));
  assert_non_null(strstr(command.out, "# ranks       6 as "));
  assert_code(65, heat2d(0, "check deck.yaml --ranks 1000"));
  assert_false(exists("out"));
}

/* `check` answers for 10^12 cells without examining all of them. */
static void check_answers_at_once_whatever_the_grid(void **state) {
  (void)state;
  static const char *const grids[] = {"--set 'domain.cells=[1000000,1000000]'",
                                      "--set 'domain.cells=[1000000,1000000]' --set source='x + t' --ranks 4096",
                                      "--set 'domain.cells=[1000000000,3]' --set initial.temperature=1"};
  start_with(small_deck);
  for (size_t n = 0; n < sizeof grids / sizeof *grids; n++) {
    const double start = now(), most = 50; /* s, with sanitizers on a busy machine; all cells would take hours */
    assert_code(0, heat2d(n == 1 ? 2 : 0,
                          "check deck.yaml --set time.end=1e-15 --set time.step=auto --set time.method=euler %s",
                          grids[n]));
    assert_true(now() - start < most);
    assert_int_equal(occurrences(command.out, "# estimate "), 1);
    /* It does not print a step that a run might refuse. */
    assert_int_equal(occurrences(command.out, "\n  step: auto"), 1);
    assert_non_null(strstr(command.out, "# time "));
  }
}

/* Seconds in a line such as "# time        about 1.5 min ...". */
static double forecast(void) {
  char unit[8];
  double number = 0;
  const char *at = strstr(command.out, "# time ");
  assert_non_null(at);
  assert_int_equal(sscanf(at, "# time about %lf %7s", &number, unit), 2);
  return number * (strcmp(unit, "h") == 0 ? 3600 : strcmp(unit, "min") == 0 ? 60 : 1);
}

static void a_run_takes_about_as_long_as_was_forecast(void **state) {
  (void)state;
  /* The number of steps with error control is not known in advance, so that the deck names a method. */
  static const char *const decks[] = {"chip-and-heat-sink.yaml --set time.end=0.5 --set time.method=euler",
                                      "every-key.yaml --set time.end=900 --set time.method=euler", "slow.yaml"};
  enum { ATTEMPTS = 4 }; /* because the machine may be busy for a moment */
  const double most = 4;
  write_text("slow.yaml",
             "domain: {size: [1, 1], cells: [200, 100]}\nmaterial: {diffusivity: 1}\n"
             "initial: {temperature: 1}\nsource: 'sin(3*x + t)*cos(y)*exp(-t)'\ntime: {end: 0.02, method: euler}\n"
             "output: {directory: out}\n");
  for (size_t n = 0; n < sizeof decks / sizeof *decks; n++) {
    const int ranks = n == 1 ? 2 : 1;
    const char *deck = decks[n];
    char line[LINE_MOST];
    double ratio = 0;
    snprintf(line, sizeof line, "%s/configs/%s", getenv("HEAT2D_SOURCE"), deck);
    for (int attempt = 0; attempt < ATTEMPTS && !(ratio < most && ratio > 1 / most); attempt++) {
      shell("rm -rf out");
      assert_code(0, heat2d(ranks, "check %s", n == 2 ? deck : line));
      const double seconds = forecast(), start = now();
      assert_code(0, heat2d(ranks, "run %s --set output.directory=out", n == 2 ? deck : line));
      ratio = (now() - start) / seconds;
    }
    if (!(ratio < most && ratio > 1 / most)) print_error("%s: %g times the forecast\n", deck, ratio);
    assert_true(ratio < most && ratio > 1 / most);
  }
}

static void the_resolved_deck_reproduces_the_run(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.step=auto --set source='3*x+t' --set output.directory=whole"));
  shell("cp whole/deck.yaml resolved.yaml");
  assert_code(0, heat2d(3, "run resolved.yaml --set output.directory=out"));
  char last[2][LINE_MOST];
  assert_true(last_file(last[0], "whole", "checkpoint-", ".h5") && last_file(last[1], "out", "checkpoint-", ".h5"));
  assert_true(same_state(last[0], last[1]));
  assert_true(same_bytes("whole/history.csv", "out/history.csv"));
  assert_true(same_bytes("whole/probes.csv", "out/probes.csv"));
  /* and the output is its own resolved deck */
  shell("sed s/whole/out/ whole/deck.yaml > expected.yaml");
  assert_true(same_bytes("expected.yaml", "out/deck.yaml"));
}

static void the_log_holds_what_the_terminal_said(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(0, heat2d(0, "run deck.yaml --progress plain"));
  char *log = read_text("out/run.log");
  assert_string_equal(log, command.out);
  free(log);
  shell("echo nonsense > out/checkpoint-0000000099.h5");
  assert_code(0, heat2d(0, "run deck.yaml --resume --progress plain"));
  assert_non_null(strstr(command.out, "passed over"));
  log = read_text("out/run.log");
  const bool there = strstr(log, "passed over") != NULL;
  free(log);
  assert_true(there);
}

static void pictures_without_a_cadence_come_with_the_snapshots(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set 'output.images={width: 16}'"));
  assert_int_equal(count_files("out", "frame-", ".png"), count_files("out", "snapshot-", ".h5"));
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set output.every=0.01 --set 'output.images={width: 16}'"));
  assert_int_equal(count_files("out", "frame-", ".png"), count_files("out", "snapshot-", ".h5"));
}

static void nothing_is_written_outside_of_the_directory(void **state) {
  (void)state;
  shell("rm -rf clean && mkdir clean");
  char path[LINE_MOST];
  snprintf(path, sizeof path, "%s/clean", command.directory);
  write_text("clean/deck.yaml", small_deck);
  assert_int_equal(chdir(path), 0);
  const int code = heat2d(2, "run deck.yaml --set output.directory=a/b/out");
  assert_int_equal(chdir(command.directory), 0);
  assert_code(0, code);
  assert_int_equal(count_files("clean", "", ""), 4); /* the deck, a, and the two files with what was said */
  assert_int_equal(count_files("clean/a", "", ""), 1);
  assert_no_leftovers("clean/a/b/out");
  static const char *const files[] = {"run.xdmf", "probes.csv", "history.csv", "run.log", "status.json", "deck.yaml"};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    snprintf(path, sizeof path, "clean/a/b/out/%s", files[n]);
    assert_true(exists(path));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wrong_command_line_is_64),
      cmocka_unit_test(help_and_version_are_0),
      cmocka_unit_test(options_stand_before_or_after_operands),
      cmocka_unit_test(ranks_that_were_started_differently_are_64),
      cmocka_unit_test(info_finds_any_damage),
      cmocka_unit_test(compare_tells_same_different_and_incomparable),
      cmocka_unit_test(keys_lists_the_contract),
      cmocka_unit_test(bench_measures_every_row),
      cmocka_unit_test(check_prints_a_deck_and_its_plan_and_writes_nothing),
      cmocka_unit_test(check_answers_at_once_whatever_the_grid),
      cmocka_unit_test(a_run_takes_about_as_long_as_was_forecast),
      cmocka_unit_test(the_resolved_deck_reproduces_the_run),
      cmocka_unit_test(the_log_holds_what_the_terminal_said),
      cmocka_unit_test(pictures_without_a_cadence_come_with_the_snapshots),
      cmocka_unit_test(nothing_is_written_outside_of_the_directory),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
