/* The output directory: which files are a run's, and that no others are touched. One process. */
#include "heat2d/directory.h"
#include "heat2d/h5io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char place[64];

static int enter(void **state) {
  (void)state;
  snprintf(place, sizeof place, "/tmp/heat2d-directory-XXXXXX");
  return mkdtemp(place) != NULL && chdir(place) == 0 ? 0 : -1;
}

static int leave(void **state) {
  (void)state;
  char line[128];
  snprintf(line, sizeof line, "rm -rf '%s'", place);
  return chdir("/") == 0 && system(line) == 0 ? 0 : -1;
}

static void touch(const char *name) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fclose(file);
}

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
                                            "checkpoint-12.h5.partial",
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
  fill();
  assert_int_equal(heat_directory_remove_partial(".").code, HEAT_OK);
  assert_left(1, 0);
  assert_int_equal(heat_directory_remove_partial("nowhere").code, HEAT_OK);
}

static void removing_a_run_leaves_foreign_files(void **state) {
  (void)state;
  fill();
  assert_int_equal(heat_directory_remove_run(".").code, HEAT_OK);
  assert_left(0, 0);
  assert_int_equal(heat_directory_remove_run("nowhere").code, HEAT_OK);
}

static void steps_come_in_ascending_order(void **state) {
  (void)state;
  static const char *const names[] = {"snapshot-0000000100.h5", "snapshot-0000000007.h5", "snapshot-12345678901.h5",
                                      "snapshot-0000000000.h5", "snapshot-7.h5",          "checkpoint-0000000001.h5"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) touch(names[n]);
  int64_t *steps;
  int count;
  assert_int_equal(heat_directory_steps(".", "snapshot-", ".h5", &steps, &count).code, HEAT_OK);
  static const int64_t expected[] = {0, 7, 100, 12345678901};
  assert_int_equal(count, 4);
  for (int n = 0; n < count; n++) assert_true(steps[n] == expected[n]);
  free(steps);
  assert_int_equal(heat_directory_steps("nowhere", "snapshot-", ".h5", &steps, &count).code, HEAT_OK);
  assert_int_equal(count, 0);
  free(steps);
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
    assert_int_equal(heat_directory_replace("file", durable ? "new\n" : "old, and longer\n", durable).code, HEAT_OK);
    assert_false(there("file.partial"));
  }
  FILE *file = fopen("file", "r");
  assert_non_null(file);
  assert_int_equal(fread(text, 1, sizeof text - 1, file), 4);
  fclose(file);
  assert_string_equal(text, "new\n");
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
  char path[16], huge[2 * HEAT_PATH];
  assert_int_equal(heat_directory_join(path, sizeof path, "directory", "name1").code, HEAT_OK);
  assert_string_equal(path, "directory/name1");
  assert_int_equal(heat_directory_join(path, sizeof path, "directory", "name12").code, HEAT_DECK);
  memset(huge, 'a', sizeof huge - 1);
  huge[sizeof huge - 1] = '\0';
  assert_int_equal(heat_directory_make(huge).code, HEAT_DECK);
  assert_int_equal(heat_directory_replace(huge, "text", false).code, HEAT_DECK);
}

int main(void) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(each_file_of_a_run_makes_the_directory_one_that_holds_a_run),
                                     LAW(removing_the_partial_leaves_the_rest),
                                     LAW(removing_a_run_leaves_foreign_files),
                                     LAW(steps_come_in_ascending_order),
                                     LAW(removing_after_a_step_keeps_it_and_those_before),
                                     LAW(a_replaced_file_is_the_new_one_and_leaves_no_partial),
                                     LAW(a_file_that_cannot_be_replaced_stays),
                                     LAW(directories_are_made_with_those_above),
                                     LAW(a_path_that_is_too_long_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
