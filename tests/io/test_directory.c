/* The output directory: which files belong to a run, and that no others are changed. One process. */
#include "heat2d/io/directory.h"

#include <hdf5.h>
#include <sys/stat.h>

#include "place.h"

static bool has_run(const char *directory) {
  bool found = false;
  assert_int_equal(heat_directory_has_run(directory, &found).code, HEAT_OK);
  return found;
}

static int there(const char *name) {
  return access(name, F_OK) == 0;
}

static const char *const run_files[] = {"run.xdmf",
                                        "probes.csv",
                                        "history.csv",
                                        "run.log",
                                        "deck.yaml",
                                        "status.json",
                                        "checkpoint-0000000000.h5",
                                        "checkpoint-9999999999.h5",
                                        "snapshot-0000000012.h5",
                                        "snapshot-12345678901.h5",
                                        "frame-0000000012.png"};
static const char *const foreign_files[] = {"notes.txt",
                                            "STOP",
                                            "run.xdmf~",
                                            "my-run.log",
                                            "checkpoint-12.h5",
                                            "checkpoint-00000000x2.h5",
                                            "checkpoint-0000000001.h5.old",
                                            "snapshot-0000000001.png",
                                            "frame-0000000001.h5",
                                            "notes.partial",
                                            ".partial",
                                            "snapshot-00000000012.h5",
                                            "snapshot-99999999999999999999.h5",
                                            "checkpoint-good.h5",
                                            "checkpoint-0+1.h5",
                                            "checkpoint-12.h5.partial",
                                            "checkpoint-0000000001.h5.locktest.1",
                                            "checkpoint-0000000001.h5.partial.locktest.1.mine",
                                            "Deck.yaml"};
enum { RUN_FILES = sizeof run_files / sizeof *run_files, FOREIGN_FILES = sizeof foreign_files / sizeof *foreign_files };

static void fill(void) {
  char name[128];
  for (int n = 0; n < FOREIGN_FILES; n++) touch(foreign_files[n]);
  for (int n = 0; n < RUN_FILES; n++) {
    touch(run_files[n]);
    snprintf(name, sizeof name, "%s.partial", run_files[n]);
    touch(name);
  }
}

static void assert_left(int runs, int partials) {
  char name[128];
  for (int n = 0; n < FOREIGN_FILES; n++) assert_true(there(foreign_files[n]));
  for (int n = 0; n < RUN_FILES; n++) {
    snprintf(name, sizeof name, "%s.partial", run_files[n]);
    assert_int_equal(there(run_files[n]), runs);
    assert_int_equal(there(name), partials);
  }
}

static void each_file_of_a_run_makes_the_directory_one_that_holds_a_run(void **state) {
  (void)state;
  assert_false(has_run("nowhere"));
  for (int n = 0; n < FOREIGN_FILES; n++) touch(foreign_files[n]);
  assert_false(has_run("."));
  for (int n = 0; n < RUN_FILES; n++) {
    touch(run_files[n]);
    assert_true(has_run("."));
    unlink(run_files[n]);
  }
}

static void removing_the_partial_leaves_the_rest(void **state) {
  (void)state;
  static const char *const beside[] = {"snapshot-0000000012.h5.partial.locktest.1", "run.xdmf.partial.lockedfile"};
  fill();
  for (int n = 0; n < 2; n++) touch(beside[n]);
  assert_int_equal(heat_directory_remove_partial(".").code, HEAT_OK);
  assert_left(1, 0);
  for (int n = 0; n < 2; n++) assert_false(there(beside[n]));
  assert_int_equal(heat_directory_remove_partial("nowhere").code, HEAT_OK);
}

static void removing_a_run_leaves_foreign_files(void **state) {
  (void)state;
  fill();
  assert_int_equal(heat_directory_remove_run(".").code, HEAT_OK);
  assert_left(0, 0);
  assert_int_equal(heat_directory_remove_run("nowhere").code, HEAT_OK);
}

static void removing_after_a_step_keeps_it_and_those_before(void **state) {
  (void)state;
  fill();
  touch("frame-0000000013.png");
  touch("frame-0000000014.png");
  assert_int_equal(heat_directory_remove_after(".", "frame-", ".png", 12).code, HEAT_OK);
  assert_false(there("frame-0000000013.png") || there("frame-0000000014.png"));
  assert_left(1, 1);
  assert_int_equal(heat_directory_remove_after(".", "snapshot-", ".h5", -1).code, HEAT_OK);
  assert_false(there("snapshot-0000000012.h5") || there("snapshot-12345678901.h5"));
  assert_true(there("frame-0000000012.png"));
}

static void a_replaced_file_is_the_new_one_and_leaves_no_partial(void **state) {
  (void)state;
  char text[32] = "";
  for (int durable = 0; durable < 2; durable++) {
    const char *text_of[] = {"{\n  \"state\": \"old, and longer\"", "{\n  \"state\": \"new\""};
    assert_int_equal(heat_directory_replace("status.json", text_of[durable], durable).code, HEAT_OK);
    assert_false(there("status.json.partial"));
  }
  FILE *file = fopen("status.json", "r");
  assert_non_null(file);
  assert_int_equal(fread(text, 1, sizeof text - 1, file), 18);
  fclose(file);
  assert_string_equal(text, "{\n  \"state\": \"new\"");
}

static void a_file_that_cannot_be_replaced_stays(void **state) {
  (void)state;
  assert_int_equal(mkdir("taken", 0777), 0);
  touch("taken/inside");
  heat_status status = heat_directory_replace("taken", "text", true);
  assert_int_equal(status.code, HEAT_IO);
  assert_non_null(strstr(status.text, "taken"));
  assert_true(there("taken/inside"));
  assert_false(there("taken.partial"));
  assert_int_equal(heat_directory_replace("nowhere/file", "text", false).code, HEAT_IO);
}

static void directories_are_made_with_those_above(void **state) {
  (void)state;
  assert_int_equal(heat_directory_make("a/b/c").code, HEAT_OK);
  assert_int_equal(heat_directory_make("a/b/c").code, HEAT_OK);
  assert_int_equal(heat_directory_make("a/d/").code, HEAT_OK);
  assert_true(there("a/b/c") && there("a/d"));
  touch("a/file");
  assert_int_equal(heat_directory_make("a/file").code, HEAT_IO);
  assert_int_equal(heat_directory_make("a/file/below").code, HEAT_IO);
}

static void a_path_that_is_too_long_is_refused(void **state) {
  (void)state;
  char huge[2 * HEAT_PATH];
  memset(huge, 'a', sizeof huge - 1);
  huge[sizeof huge - 1] = '\0';
  assert_int_equal(heat_directory_make(huge).code, HEAT_DECK);
  assert_int_equal(heat_directory_replace(huge, "text", false).code, HEAT_DECK);
}

static void put(const char *name, const char *text) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_holds(const char *name, const char *text) {
  char have[64] = "";
  FILE *file = fopen(name, "r");
  assert_non_null(file);
  have[fread(have, 1, sizeof have - 1, file)] = '\0';
  fclose(file);
  assert_string_equal(have, text);
}

/* Files that no run wrote are neither removed nor replaced by any function, and no function follows a link. */
static void what_no_run_wrote_stays(void **state) {
  (void)state;
  FILE *file;
  for (int n = 0; n < RUN_FILES; n++) put(run_files[n], "mine");
  for (int n = 0; n < RUN_FILES; n++) {
    assert_int_equal(heat_directory_remove(run_files[n]).code, HEAT_IO);
    assert_holds(run_files[n], "mine");
  }
  assert_int_equal(heat_directory_remove_run(".").code, HEAT_IO);
  assert_int_equal(heat_directory_remove_after(".", "snapshot-", ".h5", 0).code, HEAT_IO);
  assert_int_equal(heat_directory_replace("deck.yaml", "other", true).code, HEAT_IO);
  assert_false(there("deck.yaml.partial"));
  for (int n = 0; n < RUN_FILES; n++) assert_holds(run_files[n], "mine");
  put("outside", "theirs");
  for (int n = 0; n < RUN_FILES; n++) {
    unlink(run_files[n]);
    assert_int_equal(symlink("outside", run_files[n]), 0);
    assert_int_equal(heat_directory_create(&file, run_files[n]).code, HEAT_IO);
    assert_int_equal(heat_directory_open(&file, run_files[n]).code, HEAT_IO);
    assert_int_equal(heat_directory_replace(run_files[n], "other", false).code, HEAT_IO);
    assert_int_equal(heat_directory_remove(run_files[n]).code, HEAT_IO);
    assert_holds("outside", "theirs");
  }
}

static void a_checkpoint_that_is_none_is_set_aside(void **state) {
  (void)state;
  for (int n = 1; n <= 3; n++) {
    put("checkpoint-0000000001.h5", "mine");
    put("new", "");
    assert_int_equal(heat_directory_publish("new", "checkpoint-0000000001.h5").code, HEAT_OK);
    assert_holds("checkpoint-0000000001.h5", "");
  }
  assert_holds("checkpoint-0000000001.h5.damaged", "mine");
  assert_holds("checkpoint-0000000001.h5.damaged-2", "mine");
  assert_holds("checkpoint-0000000001.h5.damaged-3", "mine");
}

static void a_file_with_other_names_is_copied_before_it_is_changed(void **state) {
  (void)state;
  FILE *file;
  put("outside", "step,time\n");
  assert_int_equal(link("outside", "history.csv"), 0);
  assert_int_equal(heat_directory_open(&file, "history.csv").code, HEAT_OK);
  fseek(file, 0, SEEK_END);
  fputs("1,2\n", file);
  fclose(file);
  assert_holds("outside", "step,time\n");
  assert_holds("history.csv", "step,time\n1,2\n");
  assert_false(there("history.csv.partial"));
}

static int checked(const heat_claim *claim, const char *named) {
  const heat_status status = heat_directory_check(".", claim);
  if (status.code != HEAT_OK) assert_non_null(strstr(status.text, named));
  return (int)status.code;
}

static void a_claim_is_checked_before_anything_is_changed(void **state) {
  (void)state;
  fill();
  put("field.h5", "");
  assert_int_equal(link("field.h5", "snapshot-0000000020.h5"), 0);
  const char *const inputs[] = {"field.h5"};
  heat_claim claim = {.all = true, .keep = -1};
  assert_int_equal(checked(&claim, ""), HEAT_OK);
  claim.inputs = inputs;
  claim.input_count = 1;
  assert_int_equal(checked(&claim, "snapshot-0000000020.h5"), HEAT_USAGE);
  claim.all = false;
  assert_int_equal(checked(&claim, "snapshot-0000000020.h5"), HEAT_USAGE);
  claim.keep = 20;
  assert_int_equal(checked(&claim, ""), HEAT_OK); /* it is an input, and is kept */
  assert_int_equal(mkdir("checkpoint-0000000100.h5", 0777), 0);
  assert_int_equal(checked(&claim, "checkpoint-0000000100.h5' is a directory"), HEAT_USAGE);
  rmdir("checkpoint-0000000100.h5");
  put("checkpoint-0000000100.h5", "nonsense");
  /* A damaged checkpoint is skipped, and renamed when its name is needed. */
  assert_int_equal(checked(&claim, ""), HEAT_OK);
  claim.all = true;
  claim.input_count = 0;
  assert_int_equal(checked(&claim, "checkpoint-0000000100.h5"), HEAT_USAGE);
  claim.resumed = "checkpoint-0000000100.h5";
  claim.all = false;
  assert_int_equal(checked(&claim, ""), HEAT_OK);
}

int main(void) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(each_file_of_a_run_makes_the_directory_one_that_holds_a_run),
                                     LAW(removing_the_partial_leaves_the_rest),
                                     LAW(removing_a_run_leaves_foreign_files),
                                     LAW(removing_after_a_step_keeps_it_and_those_before),
                                     LAW(a_replaced_file_is_the_new_one_and_leaves_no_partial),
                                     LAW(a_file_that_cannot_be_replaced_stays),
                                     LAW(directories_are_made_with_those_above),
                                     LAW(a_path_that_is_too_long_is_refused),
                                     LAW(what_no_run_wrote_stays),
                                     LAW(a_checkpoint_that_is_none_is_set_aside),
                                     LAW(a_file_with_other_names_is_copied_before_it_is_changed),
                                     LAW(a_claim_is_checked_before_anything_is_changed)};
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
