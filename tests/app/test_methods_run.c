/* Whole runs of the implicit methods: solves that fail or are given up, the same steps by error control after a stop,
 * the steady state, and the method that a run chooses by itself. A serial process that runs the program. */
#include "endless.h"
#include "runs.h"

#include <math.h>

/* Nothing happens before the left side jumps, within the sixth step. */
static const char late_deck[] =
    "domain: {size: [2, 1], cells: [32, 24]}\n"
    "material: {diffusivity: '1 + 0.5*x'}\n"
    "initial: {temperature: 300}\n"
    "boundary: {left: {type: dirichlet, value: 't < 0.055 ? 300 : 400'}}\n"
    "time: {method: backward-euler, step: 0.01, end: 0.1, solver: {tolerance: 1e-14, iterations: 1}}\n"
    "output: {directory: out, every: {steps: 2}, probes: [{name: a, at: [0.1, 0.5]}]}\n"
    "checkpoint: {every: {steps: 2, minutes: 0}, keep: 2}\n";

static void assert_failed(const char *directory, const char *code) {
  char path[LINE_MOST], value[64];
  snprintf(path, sizeof path, "%s/status.json", directory);
  char *text = read_text(path);
  assert_true(is_json(text) && json_member(text, "code", value, sizeof value));
  assert_string_equal(value, code);
  free(text);
  status_step(directory, "failed");
}

static void a_solve_that_does_not_converge_leaves_the_last_checkpoint(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    char last[LINE_MOST];
    start_with(late_deck);
    assert_code(70, heat2d(ranks, "run deck.yaml --progress none"));
    assert_one_complaint("heat2d: ", "did not converge in step 6 from t = 0.05 s, dt = 0.01 s: relative residual ");
    assert_failed("out", "70");
    assert_int_equal(status_step("out", "failed"), 5);
    assert_true(last_file(last, "out", "checkpoint-", ".h5"));
    assert_string_equal(last, "out/checkpoint-0000000004.h5");
    assert_no_leftovers("out");
    assert_code(0, heat2d(0, "info %s", last));
    assert_non_null(strstr(command.out, "whole"));
    /* With more iterations the run can be resumed from there, with the same result as without the failure. */
    run_whole("--set time.solver.iterations=200");
    assert_code(0, heat2d(2, "run deck.yaml --resume --set time.solver.iterations=200"));
    assert_same_run("whole", "out");
  }
}

/* A jump in time, and outputs that steps have to end at. */
static const char jump_deck[] = "domain: {size: [1, 1], cells: [24, 20]}\n"
                                "material: {diffusivity: 0.1}\n"
                                "initial: {temperature: 'x < 0.5 ? 10 : 0'}\n"
                                "boundary: {left: {type: dirichlet, value: 't < 0.3 ? 0 : 100'}}\n"
                                "time: {method: tr-bdf2, end: 0.5, tolerance: 3e-5}\n"
                                "output: {directory: out, every: 0.125, probes: [{name: a, at: [0.1, 0.5]}]}\n"
                                "checkpoint: {every: {steps: 10, minutes: 0}, keep: 3}\n";

/* A field that is uniform up to rounding, with walls of the same temperature, and a source that begins just after the
 * start: errors smaller than rounding must not make the steps shorter and shorter. */
static void a_uniform_start_takes_no_tiny_steps(void **state) {
  (void)state;
  static const char *const methods[] = {"rkl2", "backward-euler", "crank-nicolson", "tr-bdf2"};
  start_with("domain: {size: [1, 1], cells: [12, 10]}\n"
             "material: {conductivity: [0.7, 0.3], density: 3, heat_capacity: 7}\n"
             "initial: {temperature: 298.15}\n"
             "source: 'sin(2*pi*t) > 0 ? 100 : 0'\n"
             "boundary: {top: {type: robin, coefficient: 1500, ambient: 298.15}}\n"
             "time: {end: 1.2, tolerance: 1e-3}\noutput: {directory: out, every: 1}\n");
  for (size_t n = 0; n < sizeof methods / sizeof *methods; n++) {
    assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time.method=%s", methods[n]));
    assert_true(status_step("out", "done") < 500);
    /* Zeros, and a source that jumps: a step that began before the jump would be wrong however short it is. */
    assert_code(0, heat2d(2,
                          "run deck.yaml --overwrite --set time.method=%s --set initial.temperature=0 "
                          "--set boundary.top.ambient=0 --set 'source=100*step(t-0.6)'",
                          methods[n]));
    assert_true(status_step("out", "done") < 500);
  }
}

/* A daily oscillation is found wherever it occurs in the deck: a run that needs many short steps is not suited to error
 * control. */
static void turns_at_the_walls_count_for_the_choice(void **state) {
  (void)state;
  start_with("domain: {origin: [-1, 0], size: [2, 1], cells: [40, 20]}\n"
             "material: {diffusivity: 1}\n"
             "initial: {temperature: 0}\n"
             "boundary: {top: {type: dirichlet, value: 'abs(x) < 0.5 ? 1 : sin(2*pi*t/0.01)'}}\n"
             "time: {end: 5}\noutput: {directory: out, every: 1}\n");
  assert_code(0, heat2d(0, "check deck.yaml"));
  assert_non_null(strstr(command.out, "# auto        euler has the least work"));
  assert_code(0, heat2d(0, "check deck.yaml --set boundary.top.value=1"));
  assert_true(strstr(command.out, "# auto        ") != NULL && strstr(command.out, "# auto        euler") == NULL);
}

/* Stopped in the first solve, and killed while it writes checkpoints before and behind the jump. */
static void steps_by_error_control_are_the_same_after_stops(void **state) {
  (void)state;
  static const char *const struck[] = {"out/checkpoint-0000000030", "out/checkpoint-0000000100"};
  char found[LINE_MOST];
  start_with(jump_deck);
  run_whole("");
  assert_true(last_file(found, "whole", "checkpoint-", ".h5"));
  assert_true(strcmp(found, "whole/checkpoint-0000000110.h5") > 0);
  shell("mkdir out && touch out/STOP");
  assert_code(75, heat2d(1, "run deck.yaml"));
  assert_non_null(strstr(command.out, "at step 0, t = 0 s of 0.5 s;")); /* how many there will be is not known */
  assert_int_equal(status_step("out", "stopped"), 0);
  for (int n = 0; n < 2; n++) {
    inject("write:1:KILL:0", struck[n]);
    const int code = heat2d(3 - n, "run deck.yaml --resume");
    inject(NULL, NULL);
    assert_true(code != 0 && exists("struck.txt"));
  }
  assert_code(0, heat2d(3, "run deck.yaml --resume"));
  assert_non_null(strstr(command.out, "at step 90"));
  assert_same_run("whole", "out");
  assert_rows_in_order("out/history.csv");
}

/* The temperatures of the last checkpoint, to be freed. */
static double *last_temperatures(const char *directory, size_t cells) {
  char path[LINE_MOST];
  size_t bytes = 0;
  assert_true(last_file(path, directory, "checkpoint-", ".h5"));
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  assert_true(file >= 0);
  double *values = h5_dataset(file, "temperature", &bytes);
  H5Fclose(file);
  assert_non_null(values);
  assert_int_equal(bytes, cells * sizeof *values);
  return values;
}

static const char slab_deck[] =
    "domain: {size: [2, 1], cells: [32, 24]}\n"
    "material: {diffusivity: 3}\n"
    "initial: {temperature: 'sin(9*x*y)'}\n"
    "boundary: {left: {type: dirichlet, value: 300}, right: {type: dirichlet, value: 400}}\n"
    "time: {method: steady}\n"
    "output: {directory: out, probes: [{name: a, at: [0.1, 0.5]}], images: {width: 200}}\n";

static void the_steady_state_of_a_slab_is_linear_and_stays_as_it_is(void **state) {
  (void)state;
  enum { NX = 32, NY = 24 };
  start_with(slab_deck);
  assert_code(0, heat2d(2, "run deck.yaml"));
  /* There is none for the start, which has the same time. */
  assert_int_equal(count_files("out", "snapshot-", ".h5"), 1);
  assert_int_equal(count_files("out", "frame-", ".png"), 1);
  double *u = last_temperatures("out", NX * NY);
  for (int n = 0; n < NX * NY; n++) {
    const double exact = 300 + 100 * (n % NX + 0.5) / NX;
    if (!(fabs(u[n] - exact) <= 1e-9 * exact)) print_error("cell %d: %.17g, not %.17g\n", n, u[n], exact);
    assert_true(fabs(u[n] - exact) <= 1e-9 * exact);
  }
  free(u);
  char *before = fingerprint("out");
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(0, heat2d(ranks, "run deck.yaml --resume"));
    assert_non_null(strstr(command.out, "'out' is already steady at step 1"));
  }
  assert_code(65, heat2d(2, "run deck.yaml --resume --set time.end=3"));
  assert_one_complaint("", "time.end");
  assert_code(65, heat2d(2, "run deck.yaml --resume --set time.method=euler --set time.end=3"));
  assert_one_complaint("", "time.method");
  char *after = fingerprint("out");
  assert_string_equal(before, after);
  free(before);
  free(after);
}

/* Sides of each type that is not in time at the end, layers and a source. */
static const char varied_deck[] =
    "domain: {size: [1, 1], cells: [16, 14]}\n"
    "material: {conductivity: ['1 + x', 2], density: 2, heat_capacity: 0.5}\n"
    "regions: [{shape: rectangle, min: [0.3, 0.2], max: [0.6, 0.7], conductivity: 0.2}]\n"
    "source: '50*x*y'\n"
    "initial: {temperature: 0}\n"
    "boundary: {left: {type: dirichlet, value: 't < 1 ? 0 : 100 + y'}, bottom: {type: neumann, flux: 10},\n"
    "  right: {type: robin, coefficient: 4, ambient: 20}}\n"
    "time: {method: steady, end: 30}\n"
    "output: {directory: out}\n";

static void the_steady_state_is_the_end_of_a_long_run_on_any_number_of_ranks(void **state) {
  (void)state;
  enum { CELLS = 16 * 14 };
  start_with(varied_deck);
  run_whole("");
  for (int ranks = 1; ranks <= 3; ranks++) {
    assert_code(0, heat2d(ranks, "run deck.yaml --overwrite"));
    assert_same_file("whole", "out", "history.csv");
    char paths[2][LINE_MOST];
    assert_true(last_file(paths[0], "whole", "checkpoint-", ".h5") && last_file(paths[1], "out", "checkpoint-", ".h5"));
    assert_true(same_state(paths[0], paths[1]));
  }
  double *u = last_temperatures("out", CELLS);
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set time.method=euler"));
  double *limit = last_temperatures("out", CELLS);
  for (int n = 0; n < CELLS; n++) {
    if (!(fabs(u[n] - limit[n]) <= 1e-8 * fabs(limit[n]))) print_error("%.17g, not %.17g\n", u[n], limit[n]);
    assert_true(fabs(u[n] - limit[n]) <= 1e-8 * fabs(limit[n]));
  }
  free(u);
  free(limit);
  assert_code(65, heat2d(2, "run deck.yaml --resume")); /* the end of a run with steps is not a steady state */
  assert_one_complaint("", "time.method");
}

static void heat_that_does_not_balance_is_an_error_before_anything_is_written(void **state) {
  (void)state;
  start_with("domain: {size: [2, 1], cells: [32, 24]}\n"
             "material: {diffusivity: 1}\n"
             "initial: {temperature: 300}\n"
             "source: 't < 1 ? 1 : 3'\n"
             "boundary: {left: {type: neumann, flux: -2}, bottom: {type: robin, coefficient: 1 - t/2, ambient: 3}}\n"
             "time: {method: steady, end: 2}\n"
             "output: {directory: out}\n");
  for (int ranks = 1; ranks <= 3; ranks++) {
    assert_code(65, heat2d(ranks, "run deck.yaml"));
    assert_one_complaint("deck.yaml:", "and 4 W/m flow in");
    assert_false(exists("out"));
    assert_code(65, heat2d(ranks, "check deck.yaml")); /* the same, with sources that differ from cell to cell, too */
    assert_one_complaint("deck.yaml:", "and 4 W/m flow in");
    assert_code(65, heat2d(ranks, "check deck.yaml --set 'source=3 + x - 1'"));
    assert_one_complaint("deck.yaml:", "and 4 W/m flow in");
  }
  assert_code(0, heat2d(3, "check deck.yaml --set 'source=x'"));
  assert_code(0, heat2d(0, "check deck.yaml --set boundary.bottom.coefficient=1"));
  assert_code(0, heat2d(2, "run deck.yaml --set source=2*t-3"));
}

/* The matrix varies so much from cell to cell that the solve takes a second or more. */
static const char hard_deck[] =
    "domain: {size: [1, 1], cells: [1100, 1000]}\n"
    "material: {diffusivity: 'exp(9*sin(67*x)*sin(71*y + 13*x))'}\n"
    "initial: {temperature: 300}\n"
    "boundary: {left: {type: dirichlet, value: 300}, right: {type: dirichlet, value: 400}}\n"
    "time: {method: steady, solver: {tolerance: 1e-15, iterations: 100000}}\n"
    "output: {directory: out}\n";

static void a_long_solve_is_given_up_on_request(void **state) {
  (void)state;
  static const double seconds = 10; /* a checkpoint included, on a busy machine */
  start_with(hard_deck);
  const pid_t process = launch(2, "run deck.yaml");
  await_file(process, "out/status.json");
  const double asked = now();
  assert_int_equal(signal_ranks(process, SIGUSR1), 2);
  assert_code(75, finish(process));
  assert_true(now() - asked < seconds);
  assert_int_equal(status_step("out", "stopped"), 0);
  assert_code(0, heat2d(0, "info out/checkpoint-0000000000.h5"));
}

/* The file STOP is there before the first iteration of any solve. */
static void a_solve_that_was_given_up_is_done_again_to_the_same_bits(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    start_with(slab_deck);
    run_whole("--set time.end=1");
    shell("mkdir out && touch out/STOP");
    assert_code(75, heat2d(ranks, "run deck.yaml --set time.end=1"));
    assert_false(exists("out/STOP"));
    assert_int_equal(status_step("out", "stopped"), 0);
    assert_code(0, heat2d(4 - ranks, "run deck.yaml --resume --set time.end=1"));
    assert_same_run("whole", "out");
  }
}

/* Runs that are short compared with an explicit step, and runs of thousands of such steps. */
static const char auto_deck[] = "domain: {size: [1, 1], cells: [32, 24]}\n"
                                "material: {diffusivity: 1}\n"
                                "regions: [{shape: rectangle, min: [0.2, 0], max: [0.4, 1], diffusivity: 300}]\n"
                                "initial: {temperature: sin(3*x)}\n"
                                "boundary: {left: {type: dirichlet, value: 1}}\n"
                                "time: {end: 0.0005}\n"
                                "output: {directory: out, probes: [{name: a, at: [0.5, 0.5]}]}\n";

static void the_method_that_a_run_chooses_is_said_and_does_the_same_again(void **state) {
  (void)state;
  static const char *const ends[] = {"0.0005", "1"}, *const methods[] = {"euler", "tr-bdf2"};
  for (int n = 0; n < 2; n++) {
    char line[LINE_MOST], sets[64];
    start_with(auto_deck);
    snprintf(sets, sizeof sets, "--set time.end=%s", ends[n]);
    run_whole(sets);
    char *log = read_text("whole/run.log"), *deck = read_text("whole/deck.yaml");
    snprintf(line, sizeof line, "\nauto        %s has the least work", methods[n]);
    assert_int_equal(occurrences(log, "\nauto "), 1);
    assert_non_null(strstr(log, line));
    snprintf(line, sizeof line, "\n  method: %s\n", methods[n]);
    assert_non_null(strstr(deck, line));
    free(log);
    free(deck);
    assert_code(0, heat2d(2, "run whole/deck.yaml --set output.directory=out"));
    assert_same_run("whole", "out");
    log = read_text("out/run.log");
    assert_null(strstr(log, "\nauto "));
    free(log);
  }
}

/* A source that jumps, with explicit and implicit methods. */
static void the_steps_that_are_foreseen_are_about_those_taken(void **state) {
  (void)state;
  static const char *const methods[] = {"rkl2", "tr-bdf2"}, *const ends[] = {"0.004", "0.01"};
  const double much = 1.6;
  for (int n = 0; n < 4; n++) {
    char label[64];
    double work = 0, steps = 0;
    start_with(auto_deck);
    assert_code(0, heat2d(0, "check deck.yaml --set time.end=%s --set 'source=1e5*step(t-0.005)'", ends[n / 2]));
    snprintf(label, sizeof label, ", %s ", methods[n % 2]);
    const char *at = strstr(command.out, label);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(label), "%lf (%lf steps)", &work, &steps), 2);
    assert_code(0, heat2d(1, "run deck.yaml --set time.end=%s --set 'source=1e5*step(t-0.005)' --set time.method=%s",
                          ends[n / 2], methods[n % 2]));
    const double taken = (double)status_step("out", "done");
    if (!(steps < much * taken && taken < much * steps))
      fail_msg("%s to %s s: %g steps were foreseen, %g taken", methods[n % 2], ends[n / 2], steps, taken);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_steps_that_are_foreseen_are_about_those_taken),
      cmocka_unit_test(a_solve_that_does_not_converge_leaves_the_last_checkpoint),
      cmocka_unit_test(a_uniform_start_takes_no_tiny_steps),
      cmocka_unit_test(turns_at_the_walls_count_for_the_choice),
      cmocka_unit_test(steps_by_error_control_are_the_same_after_stops),
      cmocka_unit_test(the_steady_state_of_a_slab_is_linear_and_stays_as_it_is),
      cmocka_unit_test(the_steady_state_is_the_end_of_a_long_run_on_any_number_of_ranks),
      cmocka_unit_test(heat_that_does_not_balance_is_an_error_before_anything_is_written),
      cmocka_unit_test(a_long_solve_is_given_up_on_request),
      cmocka_unit_test(a_solve_that_was_given_up_is_done_again_to_the_same_bits),
      cmocka_unit_test(the_method_that_a_run_chooses_is_said_and_does_the_same_again),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
