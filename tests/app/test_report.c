/* What a run reports about the solver at its end, and `check` before it. A serial process that runs the program. */
#include "command.h"

static const char deck[] = "domain: {size: [1, 1], cells: [120, 100]}\nmaterial: {diffusivity: 1}\n"
                           "initial: {temperature: 'x*y'}\nboundary: {left: {type: dirichlet, value: 1}}\n"
                           "time: {end: 0.1}\noutput: {directory: out}\n";

/* Return the number after a word at the start of a line of the last output; -1 if no line begins with it. */
static double number_behind(const char *word) {
  const size_t length = strlen(word);
  for (const char *line = command.out; line != NULL; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, word, length) == 0) return strtod(line + length, NULL);
  }
  return -1;
}

/* The number of solves of a method is known; their time is not counted as that of explicit stages, or as "other". */
static void implicit_methods_say_what_they_solved(void **state) {
  (void)state;
  static const struct {
    const char *set;
    int steps, solves;
  } cases[] = {{"{method: backward-euler, end: 0.1, step: 0.01}", 10, 10},
               {"{method: crank-nicolson, end: 0.1, step: 0.01}", 10, 2 * 2 + 8}, /* two damped steps */
               {"{method: tr-bdf2, end: 0.1, step: 0.01}", 10, 20},
               {"{method: steady}", -1, 1}};
  write_text("deck.yaml", deck);
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time='%s'", cases[n].set));
    assert_true(number_behind("steps       ") == cases[n].steps);
    assert_true(number_behind("solves      ") == cases[n].solves);
    const char *solves = strstr(command.out, "\nsolves ");
    assert_non_null(solves);
    const double each = strtod(strchr(solves, ',') + 1, NULL);
    assert_true(each >= 2 && each <= 20);
    assert_true(strstr(command.out, "tiles ") == NULL && strstr(command.out, "Gcell/s in stencil") == NULL);
    assert_true(number_behind("solver    ") > 0);
  }
}

/* The table has a line for the time of solves. */
static void the_time_of_the_solver_stands_apart(void **state) {
  (void)state;
  double least, mean;
  assert_code(0, heat2d(1, "run deck.yaml --overwrite --set time='{method: tr-bdf2, end: 0.4, step: 0.01}'"));
  const char *solver = strstr(command.out, "\nsolver     ");
  assert_non_null(solver);
  assert_int_equal(sscanf(solver, " solver %lf %lf", &least, &mean), 2);
  assert_true(least > 0);
  assert_code(0, heat2d(1, "run deck.yaml --overwrite --set time='{method: euler, end: 0.001}'"));
  solver = strstr(command.out, "\nsolver     ");
  assert_non_null(solver);
  assert_int_equal(sscanf(solver, " solver %lf %lf", &least, &mean), 2);
  assert_true(mean == 0);
  assert_true(strstr(command.out, "tiles ") != NULL && strstr(command.out, "\nsolves ") == NULL);
  int columns, rows;
  assert_int_equal(sscanf(strstr(command.out, "tiles "), "tiles %d x %d cells", &columns, &rows), 2);
  assert_true(columns > 0 && columns <= 120 && rows > 0 && rows <= 100); /* no larger than the grid */
}

/* Once a file is open the run reports which ranks write, and which hints MPI-IO uses. */
static void mpi_io_is_told_as_it_is(void **state) {
  (void)state;
  write_text("deck.yaml", deck);
  static const char *const hints[] = {"", "--set output.hints.collective_buffering=true"};
  for (int n = 0; n < 2; n++) {
    assert_code(0,
                heat2d(2, "run deck.yaml --overwrite --set time.end=0.001 --set output.transport=mpio %s", hints[n]));
    assert_int_equal(occurrences(command.out, "\nmpi-io      "), 1);
    const char *line = strstr(command.out, "\nmpi-io      ") + 1;
    if (strncmp(line, "mpi-io      OMPIO", strlen("mpi-io      OMPIO")) == 0)
      assert_non_null(
          strstr(line, n == 0 ? "fcoll individual preferred: each rank" : "fcoll dynamic_gen2 preferred: some ranks"));
    else if (n == 1)
      assert_non_null(strstr(line, "romio_cb_write=enable"));
    assert_int_equal(occurrences(command.out, " (inf MB/s)"), 0);
    assert_int_equal(occurrences(command.out, "MB/s), sync "), 1);
  }
}

/* For explicit steps by error control the run reports both the steps and the speed of the stages. */
static void steps_of_rkl2_are_counted(void **state) {
  (void)state;
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time='{method: rkl2, end: 0.1}'"));
  assert_true(number_behind("steps       ") > 20 && number_behind("throughput  ") > 0);
  assert_true(strstr(command.out, "\nsolves ") == NULL);
}

/* Error control rejects steps where the sides jump unseen: the counts are those of the history. */
static void taken_and_rejected_steps_are_counted(void **state) {
  (void)state;
  assert_code(0, heat2d(1, "run deck.yaml --overwrite --set time='{method: tr-bdf2, end: 1}' --set "
                           "boundary.left.value='tanh(2000*(t - 0.5))'"));
  const double taken = number_behind("steps       ");
  const char *rejected = strstr(command.out, " taken, ");
  assert_true(taken > 20 && rejected != NULL && strtod(rejected + strlen(" taken, "), NULL) > 0);
  char name[64];
  snprintf(name, sizeof name, "out/snapshot-%010d.h5", (int)taken);
  assert_true(exists(name));
}

/* `check` has the work of the alternatives, and a time from that of the method. */
static void check_has_the_alternatives_of_implicit_methods(void **state) {
  (void)state;
  static const char *const by_hand[] = {"# work        predicted, in updates of all cells: euler ", ", rkl2 ",
                                        ", tr-bdf2 "};
  static const char time[] = " for predicted work of ";
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: tr-bdf2, end: 1}'"));
  for (int n = 0; n < 3; n++) assert_non_null(strstr(command.out, by_hand[n]));
  assert_non_null(strstr(command.out, time));
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: backward-euler, end: 1, step: 0.125}'"));
  assert_non_null(strstr(command.out, by_hand[0]));
  assert_true(strstr(command.out, ", backward-euler ") != NULL && strstr(command.out, " (8 steps), tr-bdf2 ") != NULL);
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: rkl2, end: 1}'"));
  assert_non_null(strstr(command.out, time));
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: auto, end: 1000}'"));
  assert_non_null(strstr(command.out, "# auto        tr-bdf2 has the least work, in updates of all cells: euler "));
  assert_non_null(strstr(command.out, time));
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: steady}'"));
  assert_true(strstr(command.out, "in updates of all cells") == NULL && strstr(command.out, time) == NULL);
  assert_non_null(strstr(command.out, "# time        about "));
  assert_code(0, heat2d(1, "check deck.yaml --set time='{method: euler, end: 0.01}'"));
  assert_true(strstr(command.out, "in updates of all cells") == NULL && strstr(command.out, time) == NULL);
  assert_non_null(strstr(command.out, "# time        about "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mpi_io_is_told_as_it_is),
      cmocka_unit_test(implicit_methods_say_what_they_solved),
      cmocka_unit_test(the_time_of_the_solver_stands_apart),
      cmocka_unit_test(steps_of_rkl2_are_counted),
      cmocka_unit_test(taken_and_rejected_steps_are_counted),
      cmocka_unit_test(check_has_the_alternatives_of_implicit_methods),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
