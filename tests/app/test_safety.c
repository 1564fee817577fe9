/* What a run does not change: existing runs, files that no run wrote, targets of links, its own inputs. A serial
 * process that runs the program. */
#include "runs.h"

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

/* Nothing is written outside of the directory, whatever is in it. This is tested for each of the files. */
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
  /* a link called STOP is no request */
  shell("mkdir out/STOP");
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  assert_non_null(strstr(command.out, "STOP' is a directory"));
  shell("rmdir out/STOP && ln -s ../deck.yaml out/STOP");
  assert_code(0, heat2d(0, "run deck.yaml --overwrite"));
  assert_non_null(strstr(command.out, "STOP' is a symbolic link"));
  assert_true(exists("out/STOP"));
}

/* The deck and the files that it names, if they are in the directory and have the name of a run's file. */
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
    assert_one_complaint("heat2d: ", "deck.yaml' is an input of this run");
    assert_text("deck.yaml", deck);
  }
  shell("mv deck.yaml plate.yaml");
  assert_code(0, heat2d(0, "run plate.yaml"));
  assert_code(0, heat2d(0, "run plate.yaml --overwrite"));
  assert_text("plate.yaml", deck);
  free(deck);
  assert_int_equal(chdir(".."), 0);
  /* the resolved deck may be run in its place until it is changed */
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
  assert_one_complaint("heat2d: ", "snapshot-0000000010.h5' is an input of this run");
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

/* A deck from another person cannot write arbitrary characters to the terminal. */
static void a_title_is_no_command_for_the_terminal(void **state) {
  (void)state;
  start_with(torus_deck);
  assert_code(0, heat2d(2, "run deck.yaml --set 'title=\"a\\e]0;b\\a\\x7f\\u009b31m\\u00e9\"'"));
  assert_non_null(strstr(command.out, ": a ]0;b    31m\xc3\xa9\n"));
  for (const char *c = command.out; *c != '\0'; c++) assert_true((unsigned char)*c >= ' ' || *c == '\n' || *c == '\r');
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_is_not_replaced_unasked),
      cmocka_unit_test(overwrite_replaces_the_run_and_nothing_else),
      cmocka_unit_test(files_of_others_are_never_touched),
      cmocka_unit_test(links_are_never_followed),
      cmocka_unit_test(hard_links_keep_what_they_have),
      cmocka_unit_test(directories_in_the_way_are_told_before_anything_goes),
      cmocka_unit_test(inputs_are_never_replaced),
      cmocka_unit_test(results_without_a_checkpoint_are_not_wiped_by_resume),
      cmocka_unit_test(stray_names_are_left_alone),
      cmocka_unit_test(a_title_is_no_command_for_the_terminal),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
