/* Ranks that were started differently end at once, all with the same message. */
#include "heat2d/app/start.h"

#include <string.h>

#include "harness.h"

static int rank, size;

static heat_status agree(const char *version, const char *first, const char *second) {
  char *words[] = {(char *)first, (char *)second};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return heat_start_agree(MPI_COMM_WORLD, version, second != NULL ? 2 : 1, words);
}

static bool last(void) {
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return rank == size - 1;
}

static void assert_told(heat_status status, const char *mine, const char *theirs) {
  char name[32], *text = strdup(status.text);
  assert_int_equal(everywhere(status.code == HEAT_USAGE), 1);
  MPI_Bcast(status.text, sizeof status.text, MPI_CHAR, 0, MPI_COMM_WORLD);
  assert_true(everywhere(strcmp(text, status.text) == 0)); /* the same on every rank */
  snprintf(name, sizeof name, "rank %d ", size - 1);
  assert_non_null(strstr(text, mine));
  assert_non_null(strstr(text, theirs));
  assert_non_null(strstr(text, name));
  free(text);
}

static void the_same_start_is_accepted(void **state) {
  (void)state;
  assert_int_equal(agree("1.0", "run", "deck.yaml").code, HEAT_OK);
  assert_int_equal(heat_start_agree(MPI_COMM_WORLD, "1.0", 0, NULL).code, HEAT_OK);
}

static void another_argument_is_told_with_both(void **state) {
  (void)state;
  assert_told(agree("1.0", "run", last() ? "b.yaml" : "a.yaml"), "run b.yaml", "run a.yaml");
  assert_told(agree("1.0", "run", last() ? NULL : "a.yaml"), "1.0: run'", "run a.yaml");
  assert_told(agree("1.0", last() ? "run a" : "run", last() ? "b" : "a b"), "run a b", "run a b"); /* cut elsewhere */
}

static void another_version_is_told_with_both(void **state) {
  (void)state;
  assert_told(agree(last() ? "1.1 (abc)" : "1.0 (def)", "run", "a.yaml"), "'1.1 (abc): run", "'1.0 (def): run");
}

static void a_difference_at_the_end_of_a_long_line_is_shown(void **state) {
  (void)state;
  enum { LONG = 5000 };
  char line[LONG];
  memset(line, 'x', sizeof line);
  line[LONG - 1] = '\0';
  line[LONG - 2] = last() ? '2' : '1';
  assert_told(agree("1.0", "run", line), "xx2'", "xx1'");
}

static void a_build_is_told_from_others(void **state) {
  (void)state;
  char build[HEAT_BUILD];
  heat_start_build(build);
  assert_non_null(strstr(build, "heat2d "));
  assert_int_equal(heat_start_agree(MPI_COMM_WORLD, build, 0, NULL).code, HEAT_OK);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_start_is_accepted), cmocka_unit_test(another_argument_is_told_with_both),
      cmocka_unit_test(another_version_is_told_with_both),
      cmocka_unit_test(a_difference_at_the_end_of_a_long_line_is_shown), cmocka_unit_test(a_build_is_told_from_others)};
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
