/* What a user types and gets: commands, options, exit codes, messages, and what is left behind when things go wrong. A
 * serial process that runs the program. */
#include "command.h"
#include "formats.h"

#include <regex.h>

enum { FAULT_SECONDS = 20 }; /* within which a failure of one rank must end all */

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

static void start_with(const char *deck) {
  shell("rm -rf out whole");
  write_text("deck.yaml", deck);
}

/* The state in status.json, which is JSON. */
/* What is known of the end of a run: its state, and the exit code that goes with it. */
static void assert_status(const char *directory, const char *state, const char *code) {
  char path[LINE_MOST], value[64], quoted[64];
  snprintf(path, sizeof path, "%s/status.json", directory);
  char *text = read_text(path);
  assert_true(is_json(text));
  assert_true(json_member(text, "state", value, sizeof value));
  snprintf(quoted, sizeof quoted, "\"%s\"", state);
  assert_string_equal(value, quoted);
  assert_true(json_member(text, "code", value, sizeof value));
  assert_string_equal(value, code);
  assert_true(json_member(text, "eta", value, sizeof value));
  assert_string_equal(value, "null");
  free(text);
}

/* ---- 64: the command line ---- */

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

/* ---- 65: the deck ---- */

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
    {"time", "time: {end: 1, method: rkl2}", "time\\.method", "not yet available"},
    {"domain", "domain: {size: [1, 1], cells: [0, 8]}", "domain\\.cells.*", ""},
    {"domain", "domain: {size: [1, 1], cells: [1000000000, 1000000000]}", "domain\\.cells", ""},
    {"boundary", "boundary: {left: {type: dirichlet, value: '1/(y - 0.9375)'}}", "boundary\\.left\\.value", ""},
    {"boundary", "boundary: {top: {type: periodic}}", "boundary\\.top.*", "bottom"},
    {"source", "source: 'x > 0.9 && y > 0.9 ? sqrt(-1) : 0'", "source", ""},
    {"initial", "initial: {temperature: 'x < 0.1 && y > 0.9 ? 0/0 : 0'}", "initial\\.temperature", ""},
    {"sweep", "sweep: {time.end: [1, 2]}", "sweep", "not yet"}};

static void a_wrong_deck_is_65_in_one_line_and_writes_nothing(void **state) {
  (void)state;
  write_text("field.yaml", "domain: {size: [1, 1], cells: [9, 8]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 1}\ntime: {end: 0.001}\noutput: {directory: field}\n");
  shell("rm -rf out field");
  assert_code(0, heat2d(0, "run field.yaml"));
  shell("cp field/snapshot-0000000000.h5 field.h5");
  for (size_t n = 0; n < sizeof wrong_decks / sizeof *wrong_decks; n++) {
    write_wrong_deck(&wrong_decks[n]);
    assert_refused(0, &wrong_decks[n]);
    assert_refused(3, &wrong_decks[n]);
    assert_code(65, heat2d(0, "check wrong.yaml"));
    assert_one_complaint("wrong.yaml:", wrong_decks[n].part);
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

static void a_fault_in_a_set_names_the_set(void **state) {
  (void)state;
  start_with(small_deck);
  assert_code(65, heat2d(3, "run deck.yaml --set time.end=1 --set time.sbep=1"));
  assert_one_complaint("--set:2:", "time.step");
  assert_false(exists("out"));
  assert_code(65, heat2d(3, "run nowhere.yaml"));
  assert_one_complaint("nowhere.yaml", "");
}

/* ---- 70: the numbers ---- */

static const char blow_up_deck[] = "domain: {size: [100, 100], cells: [8, 6]}\n"
                                   "material: {diffusivity: 1}\n"
                                   "initial: {temperature: 300}\n"
                                   "source: 't > 195 && x > 50 ? 1e308 : 0'\n"
                                   "time: {end: 400, step: 10}\n"
                                   "output: {directory: out, every: {steps: 10}, probes: [{name: a, at: [99, 99]}]}\n"
                                   "checkpoint: {every: {steps: 10, minutes: 0}, keep: 1}\n";

static void numbers_that_go_wrong_are_70_and_leave_the_last_good_state(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    start_with(blow_up_deck);
    assert_code(70, heat2d(ranks, "run deck.yaml"));
    assert_one_complaint("heat2d: ", "not finite");
    assert_status("out", "failed", "70");
    assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
    assert_no_leftovers("out");
    assert_code(0, heat2d(0, "info out/checkpoint-0000000020.h5 out/snapshot-*.h5"));
    char *history = read_text("out/history.csv");
    assert_int_equal(occurrences(history, "\n"), 4);
    assert_null(strstr(history, "inf"));
    assert_null(strstr(history, "nan"));
    free(history);
  }
  assert_code(70, heat2d(2, "run deck.yaml --overwrite --set \"initial.temperature='x < 50 ? 1e308 : -1e308'\""));
}

static void an_expression_that_ceases_to_be_finite_is_65(void **state) {
  (void)state;
  start_with(blow_up_deck);
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(65, heat2d(ranks, "run deck.yaml --overwrite --set source=0 "
                                  "--set 'boundary.right={type: dirichlet, value: 300 + sqrt(150 - t)}'"));
    assert_one_complaint("", "boundary.right.value: ");
    assert_status("out", "failed", "65");
    assert_code(0, heat2d(0, "info out/checkpoint-0000000010.h5"));
  }
}

/* ---- 74: files ---- */

static void a_directory_that_cannot_be_is_74(void **state) {
  (void)state;
  static const char *const places[] = {"taken", "taken/below", "/dev/null", "/proc/heat2d-test"};
  start_with(small_deck);
  write_text("taken", "mine\n");
  for (size_t n = 0; n < sizeof places / sizeof *places; n++) {
    assert_code(74, heat2d(n == 0 ? 3 : 0, "run deck.yaml --set output.directory=%s", places[n]));
    assert_one_complaint("heat2d: ", "");
  }
  char *text = read_text("taken");
  assert_string_equal(text, "mine\n");
  free(text);
}

static void a_full_standard_output_is_74(void **state) {
  (void)state;
  start_with(small_deck);
  static const char *const lines[] = {"keys", "check deck.yaml", "--help", "run deck.yaml"};
  for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) assert_code(74, heat2d(0, "%s > /dev/full", lines[n]));
}

static void assert_whole(const char *directory) {
  assert_no_leftovers(directory);
  if (count_files(directory, "checkpoint-", ".h5") + count_files(directory, "snapshot-", ".h5") == 0) return;
  assert_code(0, heat2d(0, "info %s/*.h5", directory));
}

/* Files may not grow any more in the middle of an endless run. */
static void a_full_disk_is_74_and_leaves_the_last_checkpoint_whole(void **state) {
  (void)state;
  start_with(small_deck);
  const pid_t process = launch(3, "run deck.yaml --set time.end=1e6 --set output.every.steps=1000000 "
                                  "--set output.max_files=1000000000");
  const double deadline = now() + command.limit;
  while (now() < deadline && (!exists("out") || count_files("out", "checkpoint-", ".h5") < 2)) pause_briefly();
  pid_t ranks[RANKS_MOST];
  const int count = find_ranks(process, ranks);
  for (int n = 0; n < count; n++) kill(ranks[n], SIGSTOP); /* the limit comes to all at the same instant */
  for (int n = 0; n < count; n++) shell("prlimit --pid %ld --fsize=4096:4096", (long)ranks[n]);
  for (int n = 0; n < count; n++) kill(ranks[n], SIGCONT);
  assert_code(74, finish(process));
  assert_int_equal(count, 3);
  assert_one_complaint("heat2d: ", "out/");
  assert_true(count_files("out", "checkpoint-", ".h5") >= 2);
  assert_whole("out");
}

/* ---- one rank fails ---- */

/* Run on 3 ranks with that fault; the exit code, which must come in time. */
static int run_with(const char *fault, const char *path, const char *options) {
  start_with(small_deck);
  inject(fault, path);
  const double usual = command.limit;
  command.limit = FAULT_SECONDS;
  const int code = heat2d(3, "run deck.yaml %s", options);
  command.limit = usual;
  inject(NULL, NULL);
  return code;
}

static void assert_ends_all_ranks(const char *fault, const char *path, const char *options) {
  const int code = run_with(fault, path, options);
  if (code != 74 || !exists("struck.txt")) print_error("with the fault %s (struck: %d)\n", fault, exists("struck.txt"));
  assert_code(74, code);
  assert_true(exists("struck.txt"));
  assert_one_complaint("heat2d: ", "");
  if (exists("out")) assert_whole("out");
  if (exists("out/history.csv")) assert_status("out", "failed", "74"); /* whichever rank it was that failed */
}

static void a_file_fault_on_one_rank_ends_all_with_74(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"rename:1:EIO:0", "out/deck.yaml"},      {"open:1:EACCES:0", "out/history.csv"},
      {"open:1:EACCES:0", "out/probes.csv"},    {"write:2:ENOSPC:0", "out/history.csv"},
      {"write:2:ENOSPC:0", "out/probes.csv"},   {"write:1+:ENOSPC:0", "out/snapshot-"},
      {"write:3:EIO:0", "out/run.xdmf"},        {"open:1:EACCES:1", "out/frame-"},
      {"write:1:ENOSPC:1", "out/frame-"},       {"open:1+:EACCES:0", "out/checkpoint-"},
      {"write:2+:ENOSPC:0", "out/checkpoint-"}, {"sync:1:EIO:0", "out/checkpoint-"},
      {"rename:2:EIO:0", "out/checkpoint-"},    {"write:1:EIO:1", "out/"},
      {"write:2:EDQUOT:2", "out/checkpoint-"},  {"sync:1:EIO:1", "out/checkpoint-"},
      {"sync:4:EIO:2", "out/checkpoint-"},      {"open:2:EACCES:1", "out/checkpoint-"},
      {"read:30:EIO:2", "out/checkpoint-"}};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) assert_ends_all_ranks(faults[n][0], faults[n][1], "");
}

static void a_lost_status_file_in_the_loop_ends_all_with_74(void **state) {
  (void)state;
  assert_ends_all_ranks("rename:2:EIO:0", "out/status.json",
                        "--set time.end=1e6 --set output.every.steps=1000000 --set checkpoint.every.steps=1000000 "
                        "--set output.max_files=1000000000");
}

static void a_directory_that_cannot_be_one_is_named_with_its_reason(void **state) {
  (void)state;
  start_with(small_deck);
  shell("ln -s nowhere dangling && ln -s loop loop && echo >file && ln -s file filed && mkdir -p deep && "
        "ln -s ../gone/far deep/link");
  static const char *const cases[][2] = {
      {"dangling", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"dangling/", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"dangling/out", "'dangling' is a symbolic link to 'nowhere', which does not exist"},
      {"deep/link/a/b", "'deep/link' is a symbolic link to '../gone/far', which does not exist"},
      {"loop", "'loop' is a symbolic link to 'loop', which cannot be followed: "},
      {"filed", "'filed' is a symbolic link to 'file', which is not a directory"},
      {"filed/out", "'filed' is a symbolic link to 'file', which is not a directory"},
      {"file/out", "'file' is not a directory"},
      {"file", "'file' is not a directory"}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
    for (int resume = 0; resume < 2; resume++) {
      assert_code(74, heat2d(n == 0 ? 2 : 0, "run deck.yaml %s --set output.directory=%s", resume ? "--resume" : "",
                             cases[n][0]));
      assert_one_complaint("heat2d: ", cases[n][1]);
    }
  assert_false(exists("nowhere"));
  shell("mkdir real && ln -s real linked");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=linked"));
  assert_true(exists("real/history.csv"));
}

/* An MPI that was started with MPI_THREAD_SINGLE on one rank. */
static void without_leave_for_threads_none_is_used(void **state) {
  (void)state;
  start_with(small_deck);
  inject("mpi-threads:1+:EACCES:1", "/");
  assert_code(65, heat2d(2, "run deck.yaml --set parallel.threads=2"));
  assert_one_complaint("--set:1:", "parallel.threads: this MPI");
  assert_false(exists("out"));
  assert_code(65, heat2d(2, "check deck.yaml --set parallel.threads=2"));
  assert_code(64, heat2d(2, "bench --cells 64,64 --threads 2"));
  assert_code(0, heat2d(2, "run deck.yaml"));
  inject(NULL, NULL);
  assert_int_equal(occurrences(command.out, "the steps wait for checkpoints"), 1);
  assert_whole("out");
}

/* A file system of many hosts: what rank 0 has made is seen a while later elsewhere. */
static void a_file_that_is_seen_later_is_waited_for(void **state) {
  (void)state;
  static const char *const files[] = {"out/checkpoint-0000000010.h5.partial", "out/snapshot-0000000020.h5.partial"};
  for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
    const int code = run_with("open:1:ENOENT:1", files[n], "");
    assert_true(exists("struck.txt"));
    assert_code(0, code);
  }
}

static void a_rank_that_cannot_open_the_shared_file_ends_all_with_74(void **state) {
  (void)state;
  char host[256] = "", who[300];
  gethostname(host, sizeof host - 1);
  snprintf(who, sizeof who, "rank 1 on the host %s cannot open 'out/checkpoint-", host);
  assert_code(74, run_with("open:1+:EACCES:1", "out/checkpoint-", ""));
  assert_non_null(strstr(command.err, who));
  assert_ends_all_ranks("open:1+:EACCES:1", "out/checkpoint-", "");
  assert_ends_all_ranks("open:1+:EACCES:2", "out/snapshot-", "");
}

static void a_thread_that_cannot_be_started_on_one_rank_does_not_matter(void **state) {
  (void)state;
  static const char *const faults[] = {"thread:1:EAGAIN:1", "thread:1+:EAGAIN:0", "thread:1+:EAGAIN:*"};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    assert_code(0, run_with(faults[n], "out/", ""));
    assert_true(exists("struck.txt"));
    assert_whole("out");
  }
}

#ifndef __SANITIZE_ADDRESS__
static void exhausted_memory_on_one_rank_ends_all_with_74(void **state) {
  (void)state;
  static const char *const faults[] = {"malloc:2:ENOMEM:0",   "malloc:2:ENOMEM:1",   "malloc:60:ENOMEM:2",
                                       "malloc:200:ENOMEM:1", "malloc:400:ENOMEM:0", "malloc:300:ENOMEM:2",
                                       "malloc:600:ENOMEM:0"};
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) assert_ends_all_ranks(faults[n], "out/", "");
}
#endif

/* ---- info and compare ---- */

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
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set domain.cells=[12,7] --set time.end=0.002"));
  assert_code(65, heat2d(3, "compare whole/%s out/snapshot-0000000000.h5 --tolerance 1e9", last));
  assert_code(74, heat2d(0, "compare whole/%s nowhere.h5", last));
}

/* ---- keys and check ---- */

/* The figures themselves depend on the machine. */
static void bench_measures_every_row(void **state) {
  (void)state;
  static const char *const rows[] = {"one core: plain loop",
                                     "one core: vectors\"",
                                     "one core: vectors past the caches",
                                     "one core: fused in cache",
                                     "all ranks: fused with exchange",
                                     "varying material: vectors",
                                     "varying material: fused"};
  assert_code(0, heat2d(2, "bench --seconds 0.01 --cells 70,50 --json --disk ."));
  for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
    const char *row = strstr(command.out, rows[n]);
    assert_non_null(row);
    const char *rate = strstr(row, "\"gcells\": ");
    assert_true(rate != NULL && atof(rate + strlen("\"gcells\": ")) > 0);
  }
  assert_non_null(strstr(command.out, "\"depth\": 1"));
  assert_non_null(strstr(command.out, "\"checkpoint\": "));
  assert_int_equal(occurrences(command.out, "{"), occurrences(command.out, "}"));
  assert_int_equal(count_files(".", "heat2d-bench", ""), 0);
  assert_code(0, heat2d(1, "bench --seconds 0.01 --cells 1,1 --threads 2"));
  assert_non_null(strstr(command.out, "one rank: fused on its threads"));
  assert_code(64, heat2d(0, "bench --cells 0,5"));
  assert_one_complaint("heat2d: ", "--cells");
  assert_code(64, heat2d(0, "bench --threads 0"));
  assert_one_complaint("heat2d: ", "--threads");
  assert_code(74, heat2d(0, "bench --seconds 0.01 --cells 9,9 --disk nowhere"));
  assert_one_complaint("heat2d: ", "nowhere");
}

static void keys_lists_the_contract(void **state) {
  (void)state;
  static const char *const keys[] = {"title",
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
  assert_code(0, heat2d(3, "keys"));
  for (size_t n = 0; n < sizeof keys / sizeof *keys; n++) {
    char row[128];
    snprintf(row, sizeof row, "\n%s ", keys[n]);
    if (occurrences(command.out, row) != 1) print_error("%s is not there once\n", keys[n]);
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

/* Before 10^12 cells are gone through, what is known of them is said. */
static void check_answers_at_once_whatever_the_grid(void **state) {
  (void)state;
  static const char *const grids[] = {"--set 'domain.cells=[1000000,1000000]'",
                                      "--set 'domain.cells=[1000000,1000000]' --set source='x + t' --ranks 4096",
                                      "--set 'domain.cells=[1000000000,3]' --set initial.temperature=1"};
  start_with(small_deck);
  for (size_t n = 0; n < sizeof grids / sizeof *grids; n++) {
    const double start = now(), most = 50; /* s, with sanitizers on a busy machine; all cells would take hours */
    assert_code(0, heat2d(n == 1 ? 2 : 0, "check deck.yaml --set time.end=1e-15 --set time.step=auto %s", grids[n]));
    assert_true(now() - start < most);
    assert_int_equal(occurrences(command.out, "# estimate "), 1);
    assert_int_equal(occurrences(command.out, "\n  step: auto"), 1); /* no step that a run might refuse */
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
  static const char *const decks[] = {"chip-and-heat-sink.yaml --set time.end=0.5", "every-key.yaml --set time.end=900",
                                      "slow.yaml"};
  enum { ATTEMPTS = 4 }; /* a machine that is busy only now is no fault */
  const double most = 4;
  write_text("slow.yaml", "domain: {size: [1, 1], cells: [200, 100]}\nmaterial: {diffusivity: 1}\n"
                          "initial: {temperature: 1}\nsource: 'sin(3*x + t)*cos(y)*exp(-t)'\ntime: {end: 0.02}\n"
                          "output: {directory: out}\n");
  for (size_t n = 0; n < 2 * sizeof decks / sizeof *decks; n++) {
    const int ranks = n % 2 == 0 ? 1 : 2;
    const char *deck = decks[n / 2];
    char line[LINE_MOST];
    double ratio = 0;
    snprintf(line, sizeof line, "%s/configs/%s", getenv("HEAT2D_SOURCE"), deck);
    for (int attempt = 0; attempt < ATTEMPTS && !(ratio < most && ratio > 1 / most); attempt++) {
      shell("rm -rf out");
      assert_code(0, heat2d(ranks, "check %s", n / 2 == 2 ? deck : line));
      const double seconds = forecast(), start = now();
      assert_code(0, heat2d(ranks, "run %s --set output.directory=out", n / 2 == 2 ? deck : line));
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
  /* and is its own resolved deck */
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
      cmocka_unit_test(a_wrong_deck_is_65_in_one_line_and_writes_nothing),
      cmocka_unit_test(a_grid_that_the_ranks_do_not_fit_is_65),
      cmocka_unit_test(a_fault_in_a_set_names_the_set),
      cmocka_unit_test(numbers_that_go_wrong_are_70_and_leave_the_last_good_state),
      cmocka_unit_test(an_expression_that_ceases_to_be_finite_is_65),
      cmocka_unit_test(a_directory_that_cannot_be_is_74),
      cmocka_unit_test(a_full_standard_output_is_74),
      cmocka_unit_test(a_full_disk_is_74_and_leaves_the_last_checkpoint_whole),
      cmocka_unit_test(a_file_fault_on_one_rank_ends_all_with_74),
      cmocka_unit_test(a_lost_status_file_in_the_loop_ends_all_with_74),
      cmocka_unit_test(a_directory_that_cannot_be_one_is_named_with_its_reason),
      cmocka_unit_test(a_thread_that_cannot_be_started_on_one_rank_does_not_matter),
      cmocka_unit_test(without_leave_for_threads_none_is_used),
      cmocka_unit_test(a_file_that_is_seen_later_is_waited_for),
      cmocka_unit_test(a_rank_that_cannot_open_the_shared_file_ends_all_with_74),
#ifndef __SANITIZE_ADDRESS__ /* which brings a malloc of its own */
      cmocka_unit_test(exhausted_memory_on_one_rank_ends_all_with_74),
#endif
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
