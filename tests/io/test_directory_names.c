/* The names of the files of a run: which names these are, to which step they belong, and that a directory lists them
 * all. One process. */
#include "heat2d/io/directory_names.h"

#include <errno.h>
#include <sys/stat.h>

#include "place.h"

static void a_name_and_its_step_lead_to_each_other(void **state) {
  (void)state;
  static const int64_t steps[] = {0, 7, 9999999999, 10000000000, INT64_MAX};
  for (size_t n = 0; n < sizeof steps / sizeof *steps; n++) {
    char name[64];
    bool checkpoint;
    heat_directory_step_name(name, sizeof name, "frame-", steps[n], ".png");
    assert_true(heat_directory_step(name, "frame-", ".png") == steps[n]);
    assert_true(heat_directory_numbered(name, &checkpoint) == steps[n] && !checkpoint);
    heat_directory_step_name(name, sizeof name, "checkpoint-", steps[n], ".h5");
    assert_true(heat_directory_numbered(name, &checkpoint) == steps[n] && checkpoint);
    assert_true(heat_directory_is_run_file(name) && !heat_directory_is_partial(name));
    strcat(name, heat_partial_suffix);
    assert_true(heat_directory_is_partial(name) && !heat_directory_is_run_file(name));
  }
}

static void other_names_have_no_step(void **state) {
  (void)state;
  static const char *const names[] = {"checkpoint-7.h5",
                                      "checkpoint-00000000007.h5",
                                      "checkpoint-0000000007.h5x",
                                      "xcheckpoint-0000000007.h5",
                                      "checkpoint-.h5",
                                      "checkpoint-00000000-7.h5",
                                      "frame-0000000007.h5",
                                      "checkpoint-99999999999999999999.h5"};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    bool checkpoint;
    assert_true(heat_directory_numbered(names[n], &checkpoint) == -1);
    assert_false(checkpoint);
    assert_false(heat_directory_is_run_file(names[n]));
  }
  assert_false(heat_directory_is_partial(".partial") || heat_directory_is_partial("notes.partial"));
  assert_true(heat_directory_is_partial("deck.yaml.partial"));
  static const char *const beside[] = {".locktest.3", ".lockedfile", ".data.12", ".metadata.0", "_cid-4-1234.lock"};
  for (size_t n = 0; n < sizeof beside / sizeof *beside; n++) {
    char name[128];
    snprintf(name, sizeof name, "checkpoint-0000000012.h5.partial%s", beside[n]);
    assert_true(heat_directory_is_partial(name));
    snprintf(name, sizeof name, "checkpoint-0000000012.h5%s", beside[n]);
    assert_false(heat_directory_is_partial(name));
    snprintf(name, sizeof name, "checkpoint-0000000012.h5.partial%s.mine", beside[n]);
    assert_false(heat_directory_is_partial(name));
  }
}

static void a_list_has_every_name_once(void **state) {
  (void)state;
  touch("a");
  touch("b");
  int seen = 0, others = 0;
  heat_directory_list list = heat_directory_list_open(".");
  for (const char *name = heat_directory_list_next(&list); name != NULL; name = heat_directory_list_next(&list)) {
    seen += strcmp(name, "a") == 0 || strcmp(name, "b") == 0;
    others += name[0] != '.' && name[1] != '\0';
  }
  assert_int_equal(heat_directory_list_close(&list).code, HEAT_OK);
  assert_int_equal(seen, 2);
  assert_int_equal(others, 0);
  list = heat_directory_list_open("nowhere"); /* it is like an empty directory */
  assert_null(heat_directory_list_next(&list));
  assert_int_equal(heat_directory_list_close(&list).code, HEAT_OK);
  list = heat_directory_list_open("a");
  assert_null(heat_directory_list_next(&list));
  assert_int_equal(heat_directory_list_close(&list).code, HEAT_IO);
}

static void what_stands_in_the_way_is_named(void **state) {
  (void)state;
  assert_int_equal(symlink("nowhere", "link"), 0);
  touch("file");
  heat_status status = heat_directory_explain("link/below", ENOENT);
  assert_string_equal(status.text, "'link' is a symbolic link to 'nowhere', which does not exist");
  status = heat_directory_explain("file/below", ENOTDIR);
  assert_string_equal(status.text, "'file' is not a directory");
  status = heat_directory_explain("nothing", EACCES);
  assert_string_equal(status.text, "cannot make the directory 'nothing': Permission denied");
}

static void a_path_that_is_too_long_is_refused(void **state) {
  (void)state;
  char path[16];
  assert_int_equal(heat_directory_join(path, sizeof path, "directory", "name1").code, HEAT_OK);
  assert_string_equal(path, "directory/name1");
  assert_int_equal(heat_directory_join(path, sizeof path, "directory", "name12").code, HEAT_DECK);
}

static void steps_come_in_ascending_order(void **state) {
  (void)state;
  static const char *const names[] = {"snapshot-0000000100.h5", "snapshot-0000000007.h5", "snapshot-12345678901.h5",
                                      "snapshot-0000000000.h5", "snapshot-7.h5",          "checkpoint-0000000001.h5",
                                      "snapshot-00000000300.h5"};
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

int main(void) {
#define LAW(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {LAW(a_name_and_its_step_lead_to_each_other),
                                     LAW(other_names_have_no_step),
                                     LAW(a_list_has_every_name_once),
                                     LAW(steps_come_in_ascending_order),
                                     LAW(what_stands_in_the_way_is_named),
                                     LAW(a_path_that_is_too_long_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
