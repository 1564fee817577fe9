/* The laws of a run: its bits, its tables and its pictures depend on the deck alone, not on ranks, layout, halo depth
 * or threads, nor on how often it was stopped, killed, extended and resumed. A serial process that runs the program. */
#include "command.h"
#include "formats.h"

/* Every kind of wall, region and value; 52 steps, the last one shortened. */
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

/* No walls; with blocks that are thinner than a deep halo. 40 steps of 1/1024 s exactly. */
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

static void assert_same_file(const char *a, const char *b, const char *name) {
  char paths[2][LINE_MOST];
  snprintf(paths[0], LINE_MOST, "%s/%s", a, name);
  snprintf(paths[1], LINE_MOST, "%s/%s", b, name);
  assert_true(same_bytes(paths[0], paths[1]));
}

/* run.xdmf is XML and lists the snapshots of its directory, each once and in order. */
static void assert_series_of_snapshots(const char *directory) {
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

/* The same last checkpoint, snapshots, tables and pictures; and nothing half-written is left. */
static void assert_same_run(const char *a, const char *b) {
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

/* One row per step, in order, below one header. */
static void assert_rows_in_order(const char *path) {
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

/* The state and the step in status.json, which is JSON whenever somebody looks. */
static long long status_step(const char *directory, const char *state) {
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

/* ---- ranks, layouts, halos, threads ---- */

typedef struct variant {
  int ranks;
  const char *sets;
} variant;

static void assert_all_the_same(const char *deck, const variant *variants, size_t count) {
  shell("rm -rf out whole");
  write_text("deck.yaml", deck);
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=whole"));
  for (size_t n = 0; n < count; n++) {
    print_message("  %d ranks %s\n", variants[n].ranks, variants[n].sets);
    assert_code(0, heat2d(variants[n].ranks, "run deck.yaml --overwrite %s", variants[n].sets));
    assert_same_run("whole", "out");
  }
  char last[2][LINE_MOST];
  assert_true(last_file(last[0], "whole", "checkpoint-", ".h5") && last_file(last[1], "out", "checkpoint-", ".h5"));
  assert_code(0, heat2d(0, "compare %s %s", last[0], last[1]));
  assert_non_null(strstr(command.out, "identical bits"));
}

static void bits_depend_on_the_deck_alone(void **state) {
  (void)state;
  static const variant variants[] = {{1, "--set parallel.halo_depth=2"},
                                     {2, ""},
                                     {2, "--set parallel.threads=2 --set parallel.halo_depth=5"},
                                     {3, ""},
                                     {3, "--set parallel.ranks=[1,3] --set parallel.halo_depth=3"},
                                     {4, ""},
                                     {4, "--set parallel.ranks=[4,1] --set parallel.halo_depth=5"},
                                     {6, "--set parallel.halo_depth=3"},
                                     {6, "--set parallel.ranks=[3,2] --set parallel.halo_depth=2"}};
  assert_all_the_same(walls_deck, variants, sizeof variants / sizeof *variants);
}

static void bits_on_a_torus_depend_on_the_deck_alone(void **state) {
  (void)state;
  static const variant variants[] = {{1, "--set parallel.halo_depth=5 --set parallel.threads=2"},
                                     {2, "--set parallel.ranks=[2,1] --set parallel.halo_depth=2"},
                                     {3, "--set parallel.ranks=[1,3] --set parallel.halo_depth=5"},
                                     {4, "--set parallel.ranks=[2,2] --set parallel.halo_depth=3"},
                                     {6, "--set parallel.ranks=[6,1] --set parallel.halo_depth=5"},
                                     {6, "--set parallel.ranks=[2,3]"}};
  assert_all_the_same(torus_deck, variants, sizeof variants / sizeof *variants);
}

/* ---- stop and resume ---- */

/* Run on 1 rank, without a stop, to that end, into `whole`. */
static void run_whole(const char *sets) {
  shell("rm -rf whole");
  assert_code(0, heat2d(0, "run deck.yaml --set output.directory=whole %s", sets));
}

static void start_with(const char *deck) {
  shell("rm -rf out");
  write_text("deck.yaml", deck);
}

static void a_file_STOP_stops_and_resume_goes_on(void **state) {
  (void)state;
  start_with(walls_deck);
  run_whole("");
  shell("mkdir out && touch out/STOP");
  assert_code(75, heat2d(3, "run deck.yaml"));
  assert_one_complaint("heat2d: ", "STOP");
  const long long step = status_step("out", "stopped");
  assert_true(step > 0 && step < 52);
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_false(exists("out/STOP"));
  assert_code(0, heat2d(2, "run deck.yaml --resume --set parallel.halo_depth=3"));
  assert_same_run("whole", "out");
  assert_int_equal(status_step("out", "done"), 52);
}

/* A walltime of a second is less than what must be left at the end: each job does the least that it can. */
static void a_chain_of_jobs_with_a_walltime_reaches_the_end(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  static const int ranks[] = {3, 0, 4};
  long long before = 0;
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    assert_code(75, heat2d(ranks[n], "run deck.yaml --resume --walltime 00:00:01"));
    assert_one_complaint("heat2d: ", "walltime");
    const long long step = status_step("out", "stopped");
    assert_true(step > before);
    before = step;
  }
  assert_code(0, heat2d(2, "run deck.yaml --resume --walltime 01:00:00"));
  assert_same_run("whole", "out");
}

/* Wait until the table has a row of step `step` or later; what is read on the way must be whole. */
static void await_row(pid_t process, const char *directory, long long step) {
  char path[LINE_MOST];
  snprintf(path, sizeof path, "%s/history.csv", directory);
  const double deadline = now() + command.limit;
  for (;;) {
    size_t length = 0;
    char *text = read_bytes(path, &length), *last = NULL;
    if (length > 0 && text[length - 1] == '\n') {
      text[length - 1] = '\0';
      last = strrchr(text, '\n');
    }
    const bool reached = last != NULL && atoll(last + 1) >= step;
    free(text);
    char status[LINE_MOST];
    snprintf(status, sizeof status, "%s/status.json", directory);
    if (exists(status)) status_step(directory, "running");
    if (reached) return;
    if (now() > deadline) kill_family(process);
    assert_true(now() < deadline);
    pause_briefly();
  }
}

/* An endless run is stopped from outside; then it gets an end a little later, and the run to that end is its measure.
 */
static void assert_resumes_after(int signal_number, int code, int ranks, int ranks_after) {
  static const char endless[] = "--set time.end=1e6 --set output.every.steps=500 --set checkpoint.every.steps=700 "
                                "--set output.max_files=1000000000";
  enum { DUE = 500 };
  start_with(torus_deck);
  const pid_t process = launch(ranks, "run deck.yaml %s", endless);
  char last[LINE_MOST], sets[LINE_MOST];
  for (int rows = 2; rows == 2 || !last_file(last, "out", "checkpoint-", ".h5"); rows++)
    await_row(process, "out", rows * DUE); /* checkpoints are written behind the steps */
  assert_int_equal(signal_ranks(process, signal_number), ranks > 0 ? ranks : 1);
  assert_code(code, finish(process));
  const long long step = status_step("out", code == 75 ? "stopped" : "running");
  if (code == 75) assert_one_complaint("heat2d: ", "signal");
  assert_true(last_file(last, "out", "checkpoint-", ".h5"));
  assert_code(0, heat2d(0, "info %s", last));
  shell("touch out/snapshot-0000000500.h5.partial out/status.json.partial out/mine.partial");
  long long reached = atoll(strrchr(last, '-') + 1);
  if (step > reached) reached = step;
  snprintf(sets, sizeof sets, "%s --set time.end=%.17g", endless, (double)((reached / DUE + 2) * DUE) * 0.0009765625);
  assert_code(0, heat2d(ranks_after, "run deck.yaml --resume %s", sets));
  assert_true(exists("out/mine.partial"));
  shell("rm out/mine.partial");
  run_whole(sets);
  assert_same_run("whole", "out");
}

static void signals_stop_with_a_checkpoint(void **state) {
  (void)state;
  assert_resumes_after(SIGTERM, 75, 3, 2);
  assert_resumes_after(SIGUSR1, 75, 2, 4);
  assert_resumes_after(SIGINT, 75, 0, 3);
}

static void a_killed_run_goes_on_from_its_last_checkpoint(void **state) {
  (void)state;
  assert_resumes_after(SIGKILL, 128 + SIGKILL, 3, 2);
  assert_resumes_after(SIGKILL, 128 + SIGKILL, 0, 6);
}

/* Killed in the middle of writing: the next run goes on, and in the end nothing shows it. */
static void a_kill_in_the_middle_of_writing_leaves_no_trace(void **state) {
  (void)state;
  static const char *const faults[][2] = {{"write:2:KILL:0", "out/checkpoint-0000000020"},
                                          {"sync:1:KILL:0", "out/checkpoint-0000000020"},
                                          {"rename:1:KILL:0", "out/checkpoint-0000000020"},
                                          {"unlink:1:KILL:0", "out/checkpoint-0000000010"},
                                          {"write:9:KILL:0", "out/run.xdmf"},
                                          {"rename:1:KILL:0", "out/grid.hdf5"},
                                          {"write:3:KILL:0", "out/probes.csv"},
                                          {"rename:1:KILL:0", "out/snapshot-0000000030"},
                                          {"open:2:KILL:1", "out/snapshot-0000000020"}};
  static const int ranks[] = {2, 3, 0, 4};
  start_with(torus_deck);
  run_whole("--set checkpoint.keep=1");
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf out");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml --set checkpoint.keep=1");
    inject(NULL, NULL);
    if (code == 0) print_error("%s of %s was not struck\n", faults[n][0], faults[n][1]);
    assert_int_not_equal(code, OUT_OF_TIME);
    assert_true(code != 0 && exists("struck.txt"));
    assert_code(0, heat2d(ranks[n % 4], "run deck.yaml --resume --set checkpoint.keep=1"));
    assert_same_run("whole", "out");
  }
}

static void a_signal_to_one_rank_stops_all(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  inject("open:1:USR1:1", "out/snapshot-0000000010");
  const int code = heat2d(3, "run deck.yaml");
  inject(NULL, NULL);
  assert_code(75, code);
  assert_one_complaint("heat2d: ", "signal");
  const long long step = status_step("out", "stopped");
  assert_true(step >= 10 && step < 40);
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  assert_same_run("whole", "out");
}

/* ---- another end ---- */

static void assert_extends(const char *deck, const char *ends[], size_t count) {
  static const int ranks[] = {2, 3, 1, 4};
  start_with(deck);
  for (size_t n = 0; n < count; n++) {
    print_message("  to %s\n", ends[n]);
    assert_code(0, heat2d(ranks[n % 4], "run deck.yaml --resume --set time.end=%s", ends[n]));
    status_step("out", "done");
  }
  char sets[64];
  snprintf(sets, sizeof sets, "--set time.end=%s", ends[count - 1]);
  run_whole(sets);
  assert_same_run("whole", "out");
}

static void a_later_end_gives_the_bits_of_one_run(void **state) {
  (void)state;
  const char *on_steps[] = {"0.009765625", "0.029296875", "0.0390625"}; /* steps 10, 30, 40 */
  assert_extends(torus_deck, on_steps, 3);
  const char *between_steps[] = {"0.0093", "0.0293", "0.0391"};
  assert_extends(torus_deck, between_steps, 3);
}

static void a_later_end_of_automatic_steps_gives_the_bits_of_one_run(void **state) {
  (void)state;
  const char *ends[] = {"0.0077", "0.011", "0.02"};
  assert_extends(walls_deck, ends, 3);
}

static void a_finished_run_is_left_as_it_is(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml"));
  static const char list[] = "cd out && cksum checkpoint-* snapshot-* *.csv run.xdmf > ../%s";
  shell(list, "before.txt");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_code(0, heat2d(0, "run deck.yaml --resume --set time.end=0.01"));
  shell(list, "after.txt");
  assert_true(same_bytes("before.txt", "after.txt"));
  assert_null(strstr(command.out, "energy      0 ")); /* it was not looked at */
  assert_int_equal(status_step("out", "done"), 40);
}

/* ---- the directory ---- */

static void resume_of_nothing_starts_anew(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_same_run("whole", "out");
}

static void resume_from_a_named_file_goes_on_from_there(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml"));
  shell("cp out/checkpoint-0000000020.h5 here.h5");
  assert_code(0, heat2d(3, "run deck.yaml --resume=here.h5"));
  assert_non_null(strstr(command.out, "from here.h5 at step 20"));
  assert_same_run("whole", "out");
  char *before = fingerprint("out");
  assert_code(74, heat2d(2, "run deck.yaml --resume=nowhere.h5"));
  assert_one_complaint("heat2d: ", "nowhere.h5");
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

/* The later checkpoints of the way that was left must not be what the next run goes on from. */
static void after_a_named_file_and_a_kill_there_is_no_gap(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml --set checkpoint.keep=9"));
  inject("write:1:KILL:0", "out/checkpoint-0000000030");
  const int code = heat2d(2, "run deck.yaml --set checkpoint.keep=9 --resume=out/checkpoint-0000000020.h5");
  inject(NULL, NULL);
  assert_true(code != 0 && exists("struck.txt"));
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 2);
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "at step 20"));
  assert_same_run("whole", "out");
}

/* What cannot be read is neither thrown away nor taken for nothing. */
static void a_directory_or_table_that_cannot_be_read_is_left_alone(void **state) {
  (void)state;
  static const char *const faults[][3] = {{"list:1:EIO:0", "out/", "--resume"},
                                          {"list:4:EIO:0", "out/", "--resume"},
                                          {"list:1:EIO:0", "out/", ""},
                                          {"read:2:EIO:0", "out/history.csv", "--resume"},
                                          {"read:2:EIO:0", "out/probes.csv", "--resume"}};
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.009765625"));
  for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
    shell("rm -rf before; cp -r out before");
    inject(faults[n][0], faults[n][1]);
    const int code = heat2d(2, "run deck.yaml %s", faults[n][2]);
    inject(NULL, NULL);
    assert_true(exists("struck.txt"));
    assert_code(74, code);
    shell("for f in history.csv probes.csv; do cmp before/$f out/$f || exit 1; done");
    assert_int_equal(count_files("out", "checkpoint-", ".h5"), count_files("before", "checkpoint-", ".h5"));
  }
}

static void the_rows_are_durable_before_their_checkpoint(void **state) {
  (void)state;
  static const char *const tables[] = {"out/history.csv", "out/probes.csv"};
  for (size_t n = 0; n < sizeof tables / sizeof *tables; n++) {
    start_with(torus_deck);
    inject("sync:1:EIO:0", tables[n]);
    const int code = heat2d(2, "run deck.yaml");
    inject(NULL, NULL);
    assert_true(exists("struck.txt"));
    assert_code(74, code);
    assert_one_complaint("heat2d: ", tables[n]);
    assert_int_equal(count_files("out", "checkpoint-", ""), 0);
  }
}

static void other_probes_leave_the_old_rows_where_they_can_be_found(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.009765625"));
  shell("cp out/probes.csv before.csv");
  assert_code(0, heat2d(2, "run deck.yaml --resume --set 'output.probes=[{name: other, at: [0.5, 0.5]}]'"));
  char path[LINE_MOST];
  assert_true(last_file(path, "out", "probes-", ".csv"));
  assert_true(same_bytes("before.csv", path));
  assert_non_null(strstr(command.out, path));
  assert_code(0, heat2d(2, "run deck.yaml --overwrite"));
  assert_int_equal(count_files("out", "probes-", ".csv"), 0);
}

static void a_run_is_not_replaced_unasked(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml"));
  char *before = fingerprint("out");
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(64, heat2d(ranks, "run deck.yaml --set time.end=1"));
    assert_one_complaint("heat2d: ", "'out' already holds a run");
  }
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void overwrite_replaces_the_run_and_nothing_else(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  static const char *const foreign[] = {"notes.txt",      "snapshot-1.h5",     "checkpoint-0000000001.h5.bak",
                                        "my-history.csv", "run.xdmf.partial~", "frame-00000000x1.png"};
  assert_code(0, heat2d(2, "run deck.yaml --set 'output.images={width: 16, every: {steps: 20}}'"));
  static const char *const stale[][2] = {{"checkpoint-*40.h5", "checkpoint-9999999999.h5"},
                                         {"snapshot-*10.h5", "snapshot-0000000003.h5"},
                                         {"frame-*20.png", "frame-12345678901.png"},
                                         {"probes.csv", "probes-0000000007.csv"},
                                         {"deck.yaml", "deck.yaml.partial"},
                                         {"snapshot-*10.h5", "snapshot-0000000004.h5.partial"}};
  shell("mkdir -p out/checkpoint-directory && echo 1 > out/checkpoint-directory/file");
  for (size_t n = 0; n < sizeof foreign / sizeof *foreign; n++) shell("echo mine > out/%s", foreign[n]);
  for (size_t n = 0; n < sizeof stale / sizeof *stale; n++) shell("cd out && cp %s %s", stale[n][0], stale[n][1]);
  assert_code(0, heat2d(2, "run deck.yaml --overwrite"));
  for (size_t n = 0; n < sizeof foreign / sizeof *foreign; n++) {
    char path[LINE_MOST];
    snprintf(path, sizeof path, "out/%s", foreign[n]);
    char *text = read_text(path);
    assert_string_equal(text, "mine\n");
    free(text);
    shell("rm out/%s", foreign[n]);
  }
  shell("rm -r out/checkpoint-directory");
  for (size_t n = 0; n < sizeof stale / sizeof *stale; n++) shell("! test -e out/%s", stale[n][1]);
  assert_same_run("whole", "out");
}

/* ---- what the run did not write ---- */

static const char *const run_files[] = {"run.xdmf",
                                        "grid.hdf5",
                                        "run.log",
                                        "probes.csv",
                                        "history.csv",
                                        "status.json",
                                        "deck.yaml",
                                        "frame-0000000000.png",
                                        "snapshot-0000000010.h5",
                                        "checkpoint-0000000040.h5",
                                        "crash-0000000010.h5",
                                        "probes-0000000010.csv",
                                        "snapshot-0000000010.h5.partial",
                                        "checkpoint-0000000020.h5.partial",
                                        "status.json.partial",
                                        "deck.yaml.partial"};
enum { RUN_FILES = sizeof run_files / sizeof *run_files };
static const char *const modes[] = {"--overwrite", "", "--resume"};
enum { MODES = 3 };

static void assert_text(const char *path, const char *expected) {
  char *text = read_text(path);
  assert_string_equal(text, expected);
  free(text);
}

static void files_of_others_are_never_touched(void **state) {
  (void)state;
  start_with(torus_deck);
  for (int n = 0; n < RUN_FILES; n++) {
    char path[LINE_MOST];
    snprintf(path, sizeof path, "out/%s", run_files[n]);
    for (int m = n % 2; m < MODES; m += 2) { /* --overwrite and --resume, or neither */
      shell("rm -rf out && mkdir out && echo mine > '%s'", path);
      const int code = heat2d(0, "run deck.yaml %s", modes[m]);
      const bool checkpoint = strcmp(run_files[n], "checkpoint-0000000040.h5") == 0 && m == 2;
      assert_code(checkpoint ? 74 : 64, code);
      assert_one_complaint("heat2d: ", m == 2 ? "'out" : path);
      assert_text(path, "mine\n");
      assert_int_equal(count_files("out", "", ""), 1);
    }
  }
}

/* Nothing is written outside of the directory, whatever lies in it: a law for each of the files. */
static void links_are_never_followed(void **state) {
  (void)state;
  static const char *const more[] = {".heat2d.lock", "status.json.partial", "frame-0000000020.png.partial"};
  start_with(torus_deck);
  assert_code(0, heat2d(0, "run deck.yaml --set time.end=0.009765625")); /* 10 steps */
  shell("rm -rf begun && mv out begun");
  for (int n = 0; n < RUN_FILES + 3; n++) {
    const char *name = n < RUN_FILES ? run_files[n] : more[n - RUN_FILES];
    const char *const places[] = {"outside.txt", "nowhere.txt"};
    write_text("outside.txt", "theirs\n");
    shell("rm -rf out && cp -r begun out && ln -sf ../%s out/%s", places[n % 2], name);
    const int code = heat2d(n % 3 == 0 ? 2 : 0, "run deck.yaml %s", modes[n % 2 == 0 ? 2 : 0]);
    if (code != 64 && code != 74) print_error("with a link %s\n", name);
    assert_true(code == 64 || code == 74);
    assert_one_complaint("heat2d: ", name);
    assert_non_null(strstr(command.err, "link"));
    assert_text("outside.txt", "theirs\n");
    assert_false(exists("nowhere.txt"));
    shell("cd out && rm %s && for f in *; do case $f in %s*) ;; *) cmp $f ../begun/$f || exit 1 ;; esac; done", name,
          name);
  }
}

static void hard_links_keep_what_they_have(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(0, "run deck.yaml --set time.end=0.009765625"));
  shell("rm -rf backup before && cp -al out backup && cp -r out before");
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  shell("diff -r before backup");
  assert_same_run("whole", "out");
}

static void directories_in_the_way_are_told_before_anything_goes(void **state) {
  (void)state;
  static const char *const names[] = {"checkpoint-0000000100.h5", "snapshot-0000000100.h5", "history.csv.partial"};
  start_with(torus_deck);
  assert_code(0, heat2d(0, "run deck.yaml --set time.end=0.009765625"));
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    for (int m = 0; m < MODES; m += 2) {
      shell("mkdir out/%s && touch out/%s/file", names[n], names[n]);
      char *before = fingerprint("out");
      assert_code(64, heat2d(0, "run deck.yaml %s", modes[m]));
      assert_one_complaint("heat2d: ", names[n]);
      char *after = fingerprint("out");
      assert_string_equal(before, after);
      free(before);
      free(after);
      shell("rm -r out/%s", names[n]);
    }
  }
  /* one called STOP asks for nothing */
  shell("mkdir out/STOP");
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  assert_non_null(strstr(command.out, "STOP' is a directory"));
  shell("rmdir out/STOP && ln -s ../deck.yaml out/STOP");
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  assert_non_null(strstr(command.out, "STOP' is a symbolic link"));
  assert_true(exists("out/STOP"));
}

/* The deck and the files that it names, where they lie in the directory under a name of the run's. */
static void inputs_are_never_replaced(void **state) {
  (void)state;
  start_with(torus_deck);
  shell("rm -rf folder && mkdir folder && (sed 's/directory: out/directory: ./' deck.yaml; echo '# mine') > "
        "folder/deck.yaml");
  char *deck = read_text("folder/deck.yaml");
  assert_int_equal(chdir("folder"), 0);
  for (int m = 0; m < MODES; m++) {
    const int code = heat2d(0, "run deck.yaml %s", modes[m]);
    assert_code(64, code);
    assert_one_complaint("heat2d: ", "deck.yaml' is what this run reads");
    assert_text("deck.yaml", deck);
  }
  shell("mv deck.yaml plate.yaml");
  assert_code(0, heat2d(0, "run plate.yaml"));
  assert_code(0, heat2d(0, "run plate.yaml --overwrite"));
  assert_text("plate.yaml", deck);
  free(deck);
  assert_int_equal(chdir(".."), 0);
  /* the resolved deck may be run where it stands, until somebody has changed it */
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  shell("cp out/deck.yaml resolved.yaml");
  assert_code(0, heat2d(0, "run out/deck.yaml --overwrite"));
  assert_true(same_bytes("resolved.yaml", "out/deck.yaml"));
  shell("echo '# mine' >> out/deck.yaml && cp out/deck.yaml resolved.yaml");
  for (int m = 0; m < MODES; m += 2) {
    assert_code(64, heat2d(0, "run deck.yaml %s", modes[m]));
    assert_true(same_bytes("resolved.yaml", "out/deck.yaml"));
  }
  /* a field of the deck */
  shell("rm -rf out");
  assert_code(0, heat2d(0, "run deck.yaml"));
  shell("cp out/snapshot-0000000010.h5 field.h5");
  assert_code(64, heat2d(0, "run deck.yaml --overwrite --set 'initial.temperature={file: "
                            "out/snapshot-0000000010.h5, dataset: /temperature}'"));
  assert_one_complaint("heat2d: ", "snapshot-0000000010.h5' is what this run reads");
  assert_true(same_bytes("field.h5", "out/snapshot-0000000010.h5"));
  /* and a checkpoint that is named stays as it is, beside those that are kept */
  shell("rm -rf out");
  assert_code(0, heat2d(0, "run deck.yaml --set checkpoint.keep=9"));
  shell("cp out/checkpoint-0000000010.h5 first.h5");
  assert_code(0, heat2d(0, "run deck.yaml --resume=out/checkpoint-0000000010.h5 --set checkpoint.keep=1"));
  assert_true(same_bytes("first.h5", "out/checkpoint-0000000010.h5"));
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 2);
}

static void results_without_a_checkpoint_are_not_wiped_by_resume(void **state) {
  (void)state;
  start_with(torus_deck);
  static const char never[] = "--set checkpoint.final=false --set checkpoint.every.steps=1000";
  assert_code(0, heat2d(0, "run deck.yaml %s", never));
  char *before = fingerprint("out");
  assert_code(64, heat2d(0, "run deck.yaml --resume %s", never));
  assert_one_complaint("heat2d: ", "--overwrite");
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
  /* staged out */
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  shell("rm out/checkpoint-* && echo there > out/staged-out");
  assert_code(64, heat2d(3, "run deck.yaml --resume"));
  assert_one_complaint("heat2d: ", "staged-out");
  /* but one that was killed before its first checkpoint starts anew */
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  shell("rm -rf whole && cp -r out whole && rm -rf out");
  inject("write:1:KILL:0", "out/checkpoint-0000000010");
  assert_int_not_equal(heat2d(0, "run deck.yaml --resume"), 0);
  inject(NULL, NULL);
  assert_true(exists("out/history.csv"));
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  assert_same_run("whole", "out");
}

static void stray_names_are_left_alone(void **state) {
  (void)state;
  static const char *const names[] = {"snapshot-00000000030.h5", "checkpoint-00000000040.h5",
                                      "frame-00000000020.png",   "checkpoint-99999999999999999999.h5",
                                      "checkpoint-good.h5",      "checkpoint-0+HOME[$(touch PWNED)0].h5"};
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(0, "run deck.yaml --set time.end=0.009765625"));
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) shell("cp out/snapshot-0000000000.h5 'out/%s'", names[n]);
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  for (size_t n = 0; n < sizeof names / sizeof *names; n++)
    shell("cmp out/snapshot-0000000000.h5 'out/%s' && rm 'out/%s'", names[n], names[n]);
  assert_same_run("whole", "out");
}

static void other_physics_is_refused_by_name(void **state) {
  (void)state;
  static const char *const changes[][2] = {{"material.density=2.5", "material.density"},
                                           {"domain.cells=[29,24]", "domain.cells"},
                                           {"domain.origin=[0,0.2]", "domain.origin"},
                                           {"initial.temperature=300", "initial.temperature"},
                                           {"boundary.top.flux=1", "boundary.top.flux"},
                                           {"boundary.bottom={type: dirichlet, value: 3}", "boundary.bottom"},
                                           {"source=3", "source"},
                                           {"interface=arithmetic", "interface"},
                                           {"regions.0.radius=0.3", "regions.0.radius"},
                                           {"regions=[]", "regions"}};
  start_with(walls_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.01"));
  char *before = fingerprint("out");
  for (size_t n = 0; n < sizeof changes / sizeof *changes; n++) {
    assert_code(65, heat2d(n == 0 ? 3 : 0, "run deck.yaml --resume --set '%s'", changes[n][0]));
    assert_one_complaint("deck.yaml", changes[n][1]);
  }
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

static void what_may_change_in_a_resume_may_change(void **state) {
  (void)state;
  start_with(walls_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.01"));
  assert_code(0, heat2d(3, "run deck.yaml --resume --set time.step=0.0003 --set output.every.steps=5 "
                           "--set output.precision=float32 --set output.compression=4 --set checkpoint.keep=1 "
                           "--set output.images.width=32 --set title=other --set parallel.halo_depth=2"));
  status_step("out", "done");
  assert_int_equal(count_files("out", "checkpoint-", ".h5"), 1);
  assert_rows_in_order("out/history.csv");
  assert_rows_in_order("out/probes.csv");
  assert_series_of_snapshots("out");
  char *history = read_text("out/history.csv");
  history[strlen(history) - 1] = '\0';
  double time = 0;
  assert_int_equal(sscanf(strrchr(history, '\n'), "\n%*d,%lf", &time), 1);
  assert_true(time == 0.02);
  free(history);
}

/* ---- damaged checkpoints ---- */

static void damage(const char *path) {
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), data = H5Dopen(file, "temperature", H5P_DEFAULT);
  const haddr_t at = H5Dget_offset(data);
  H5Dclose(data);
  H5Fclose(file);
  assert_true(at != HADDR_UNDEF);
  flip_byte(path, (size_t)at + 11);
}

static void a_damaged_checkpoint_is_passed_over(void **state) {
  (void)state;
  start_with(torus_deck);
  run_whole("");
  assert_code(0, heat2d(2, "run deck.yaml --set time.end=0.029296875"));
  damage("out/checkpoint-0000000030.h5");
  shell("echo nonsense > out/checkpoint-0000000035.h5");
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "checkpoint-0000000035.h5"));
  assert_non_null(strstr(command.out, "passed over: 'out/checkpoint-0000000030.h5' is damaged"));
  assert_non_null(strstr(command.out, "from out/checkpoint-0000000020.h5 at step 20"));
  assert_same_run("whole", "out");
}

static void without_any_whole_checkpoint_nothing_is_touched(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set checkpoint.keep=2"));
  damage("out/checkpoint-0000000040.h5");
  shell("truncate -s -100 out/checkpoint-0000000030.h5");
  char *before = fingerprint("out");
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(74, heat2d(ranks, "run deck.yaml --resume"));
    assert_one_complaint("heat2d: ", "none of the 2 checkpoints");
  }
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bits_depend_on_the_deck_alone),
      cmocka_unit_test(bits_on_a_torus_depend_on_the_deck_alone),
      cmocka_unit_test(a_file_STOP_stops_and_resume_goes_on),
      cmocka_unit_test(a_chain_of_jobs_with_a_walltime_reaches_the_end),
      cmocka_unit_test(signals_stop_with_a_checkpoint),
      cmocka_unit_test(a_killed_run_goes_on_from_its_last_checkpoint),
      cmocka_unit_test(a_kill_in_the_middle_of_writing_leaves_no_trace),
      cmocka_unit_test(a_signal_to_one_rank_stops_all),
      cmocka_unit_test(a_later_end_gives_the_bits_of_one_run),
      cmocka_unit_test(a_later_end_of_automatic_steps_gives_the_bits_of_one_run),
      cmocka_unit_test(a_finished_run_is_left_as_it_is),
      cmocka_unit_test(resume_of_nothing_starts_anew),
      cmocka_unit_test(resume_from_a_named_file_goes_on_from_there),
      cmocka_unit_test(after_a_named_file_and_a_kill_there_is_no_gap),
      cmocka_unit_test(a_directory_or_table_that_cannot_be_read_is_left_alone),
      cmocka_unit_test(the_rows_are_durable_before_their_checkpoint),
      cmocka_unit_test(other_probes_leave_the_old_rows_where_they_can_be_found),
      cmocka_unit_test(a_run_is_not_replaced_unasked),
      cmocka_unit_test(overwrite_replaces_the_run_and_nothing_else),
      cmocka_unit_test(files_of_others_are_never_touched),
      cmocka_unit_test(links_are_never_followed),
      cmocka_unit_test(hard_links_keep_what_they_have),
      cmocka_unit_test(directories_in_the_way_are_told_before_anything_goes),
      cmocka_unit_test(inputs_are_never_replaced),
      cmocka_unit_test(results_without_a_checkpoint_are_not_wiped_by_resume),
      cmocka_unit_test(stray_names_are_left_alone),
      cmocka_unit_test(other_physics_is_refused_by_name),
      cmocka_unit_test(what_may_change_in_a_resume_may_change),
      cmocka_unit_test(a_damaged_checkpoint_is_passed_over),
      cmocka_unit_test(without_any_whole_checkpoint_nothing_is_touched),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
