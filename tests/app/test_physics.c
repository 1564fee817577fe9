/* What a run reports about its physics: the flow of heat, its balance, the steps that were chosen, their limits, and
 * when the run is steady. A serial process that runs the program. */
#include "command.h"
#include "formats.h"

#include <math.h>

/* Three kinds of wall, a source in time; 52 steps, the last one shortened. */
static const char walls_deck[] =
    "domain: {origin: [-0.1, 0.2], size: [1.3, 0.9], cells: [29, 23]}\n"
    "material: {conductivity: [1.5, '1 + 0.5*x'], density: 2, heat_capacity: 3}\n"
    "initial: {temperature: '300 + 20*sin(3*x)*cos(2*y)'}\n"
    "source: '10*sin(x + t)'\n"
    "regions: [{shape: circle, center: [0.3, 0.6], radius: 0.2, temperature: 350, conductivity: 6}]\n"
    "boundary:\n"
    "  left: {type: dirichlet, value: '300 + 5*sin(20*t) + y'}\n"
    "  right: {type: robin, coefficient: 4, ambient: '290 + y'}\n"
    "  top: {type: neumann, flux: '3*x'}\n"
    "time: {end: 0.0206, step: 0.0004}\n"
    "output: {directory: out, every: {steps: 13}}\n";

static const char torus_deck[] = "domain: {size: [1, 1], cells: [11, 7]}\n"
                                 "material: {diffusivity: '1 + 0.5*sin(2*pi*x)'}\n"
                                 "initial: {temperature: 'sin(2*pi*x) + cos(2*pi*y)'}\n"
                                 "boundary: {left: {type: periodic}, right: {type: periodic},\n"
                                 "  bottom: {type: periodic}, top: {type: periodic}}\n"
                                 "time: {end: 0.0390625, step: 0.0009765625}\n"
                                 "output: {directory: out, every: {steps: 10}}\n";

enum { FLUX_IN = 7, FLOWS = 10, COLUMNS = FLOWS + 4 };

/* Read one row of history.csv, and return the next one; NULL after the last. */
static char *read_history(char *at, double row[COLUMNS]) {
  for (int n = 0; n < COLUMNS; n++) {
    char *end;
    row[n] = strtod(at, &end);
    assert_true(end > at && *end == (n + 1 < COLUMNS ? ',' : '\n'));
    at = end + 1;
  }
  return *at != '\0' ? at : NULL;
}

/* The flows at the times of Euler's steps add up to the heat that has entered through the sides. There is a row for
 * step 0, and the flow through periodic sides is 0. */
static void what_flows_through_each_side_adds_up(void **state) {
  (void)state;
  static const char header[] =
      "step,time,dt,min,max,mean,energy,flux_in,source_in,balance,flow_left,flow_right,flow_bottom,flow_top\n";
  write_text("deck.yaml", walls_deck);
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set output.every.steps=1"));
  char *text = read_text("out/history.csv");
  assert_true(strncmp(text, header, strlen(header)) == 0);
  double before[COLUMNS], row[COLUMNS], came = 0, moved = 0, side[4] = {0};
  int rows = 0;
  char *at = read_history(text + strlen(header), before);
  assert_true(before[0] == 0 && before[FLOWS] != 0);
  for (; at != NULL; rows++) {
    at = read_history(at, row);
    for (int n = 0; n < 4; n++) {
      side[n] += row[2] * before[FLOWS + n];
      came += row[2] * before[FLOWS + n];
      moved += fabs(row[2] * before[FLOWS + n]);
    }
    assert_true(fabs(row[FLUX_IN] - came) <= 1e-12 * moved);
    assert_true(before[FLOWS + 2] == 0); /* the bottom is insulated */
    memcpy(before, row, sizeof row);
  }
  assert_true(rows == 52 && fabs(came) > 0);
  free(text);
  const hid_t file = H5Fopen("out/checkpoint-0000000052.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
  static const char *const names[] = {"wall_heat_left", "wall_heat_right", "wall_heat_bottom", "wall_heat_top"};
  for (int n = 0; n < 4; n++) {
    size_t bytes = 0;
    double *sum = h5_attribute(file, names[n], &bytes);
    assert_non_null(sum);
    assert_true(bytes == sizeof *sum && fabs(*sum - side[n]) <= 1e-12 * moved);
    free(sum);
    const hid_t dataset = H5Dopen(file, names[n], H5P_DEFAULT);
    assert_true(dataset >= 0 && H5Aexists(dataset, "units") > 0 && H5Aexists(dataset, "long_name") > 0);
    H5Dclose(dataset);
  }
  H5Fclose(file);
  write_text("deck.yaml", torus_deck);
  assert_code(0, heat2d(3, "run deck.yaml --overwrite"));
  text = read_text("out/history.csv");
  for (at = text + strlen(header); at != NULL;) {
    at = read_history(at, row);
    for (int n = 0; n < 4; n++) assert_true(row[FLOWS + n] == 0);
  }
  free(text);
}

/* If temperatures are around 0 the energy consists of rounding errors: the balance is compared with the magnitude of
 * the heat in the cells, and the last lines of the output are not alarming. */
static void the_balance_of_a_field_around_zero_is_calm(void **state) {
  (void)state;
  char source[LINE_MOST];
  snprintf(source, sizeof source, "cp '%s/configs/fourier-mode.yaml' deck.yaml", getenv("HEAT2D_SOURCE"));
  for (int n = 0; n < 3; n++) {
    if (n == 0) shell("%s", source);
    if (n == 1) write_text("deck.yaml", torus_deck);
    if (n == 2) write_text("deck.yaml", walls_deck);
    assert_code(0, heat2d(1 + n, "run deck.yaml --overwrite --set output.directory=out %s",
                          n == 0 ? "--set domain.cells=[64,64]" : ""));
    assert_null(strstr(command.out, "unexplained"));
    assert_non_null(strstr(command.out, n < 2 ? "energy      0 J/m up to rounding; " : "account for all changes"));
    char *text = read_text("out/history.csv");
    double row[COLUMNS];
    for (char *at = strchr(text, '\n') + 1; at != NULL;) {
      at = read_history(at, row);
      assert_true(fabs(row[FLUX_IN + 2]) <= 1e-13);
    }
    free(text);
  }
}

/* A hot cell in the corner of two cold walls, with all defaults. */
static const char corner_deck[] =
    "domain: {size: [1, 1], cells: [16, 16]}\n"
    "material: {diffusivity: 1}\n"
    "initial: {temperature: 0}\n"
    "regions: [{shape: rectangle, min: [0, 0], max: [0.0625, 0.0625], temperature: 100}]\n"
    "boundary: {left: {type: dirichlet, value: 0}, bottom: {type: dirichlet, value: 0}}\n"
    "time: {end: 0.02}\n"
    "output: {directory: out, every: {steps: 1}}\n";

static void the_step_that_is_chosen_does_not_overshoot(void **state) {
  (void)state;
  write_text("deck.yaml", corner_deck);
  for (int ranks = 1; ranks <= 3; ranks += 2) {
    assert_code(0, heat2d(ranks, "run deck.yaml --overwrite"));
    assert_null(strstr(command.out, "overshoot"));
    char *text = read_text("out/history.csv");
    double row[COLUMNS], before = 100;
    for (char *at = strchr(text, '\n') + 1; at != NULL;) {
      at = read_history(at, row);
      assert_true(row[3] >= 0 && row[4] <= before);
      before = row[4];
    }
    assert_true(before < 1);
    free(text);
  }
}

/* Return the number after `words` in the output. */
static double said_number(const char *words, char text[64]) {
  const char *at = strstr(command.out, words);
  if (at == NULL) tell_command(0);
  assert_non_null(at);
  at += strlen(words);
  snprintf(text, 64, "%.*s", (int)strspn(at, "0123456789.eE+-"), at);
  return atof(text);
}

/* A step of the deck between both limits is accepted, and check and the log warn of it. Both limits are accepted as
 * they are printed. */
static void a_step_that_may_overshoot_is_taken_and_said(void **state) {
  (void)state;
  char stable[64], monotone[64];
  write_text("deck.yaml", corner_deck);
  assert_code(0, heat2d(0, "check deck.yaml"));
  said_number("stable up to ", stable);
  assert_null(strstr(command.out, "overshoot"));
  assert_code(0, heat2d(2, "check deck.yaml --set time.step=%s", stable));
  assert_non_null(strstr(command.out, "may overshoot"));
  assert_true(said_number("(up to ", monotone) < atof(stable));
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time.step=%s", stable));
  assert_non_null(strstr(command.out, "may overshoot"));
  char *log = read_text("out/run.log");
  assert_non_null(strstr(log, "may overshoot"));
  free(log);
  assert_code(0, heat2d(0, "check deck.yaml --set time.step=%s", monotone));
  assert_null(strstr(command.out, "overshoot"));
  assert_code(65, heat2d(3, "run deck.yaml --overwrite --set time.step=%.17g", atof(stable) * (1 + 1e-7)));
  assert_one_complaint("--set:1:11: time.step: ", stable);
}

/* A rod in a thin sheath takes the steps of the rod. */
static void a_slab_takes_no_more_steps_than_its_length_asks_for(void **state) {
  (void)state;
  static const char rod[] = "domain: {size: [%s], cells: [%s]}\nmaterial: {diffusivity: %s}\n"
                            "initial: {temperature: '%s'}\ntime: {end: 0.001}\noutput: {directory: out}\n";
  static const char *const rods[][4] = {{"1, 0.0005", "200, 1", "1", "x"},
                                        {"0.0005, 1", "1, 200", "1", "y"},
                                        {"1, 1e-6", "200, 1", "'1 + 0*x'", "x"},
                                        {"1, 0.0005", "200, 1", "[1, 1e9]", "x"}};
  for (size_t n = 0; n < sizeof rods / sizeof *rods; n++) {
    char deck[1024];
    snprintf(deck, sizeof deck, rod, rods[n][0], rods[n][1], rods[n][2], rods[n][3]);
    write_text("deck.yaml", deck);
    assert_code(0, heat2d(n == 0 ? 3 : 0, "run deck.yaml --overwrite"));
    assert_non_null(strstr(command.out, ", 89 steps to t"));
    char *text = read_text("out/history.csv");
    double row[COLUMNS];
    for (char *at = strchr(text, '\n') + 1; at != NULL;) at = read_history(at, row);
    assert_true(row[3] > 0.0025 && row[4] < 0.9975 && fabs(row[5] - 0.5) < 1e-14);
    free(text);
  }
}

static const char quiet_deck[] = "domain: {size: [1, 1], cells: [6, 6]}\n"
                                 "material: {diffusivity: 1}\n"
                                 "initial: {temperature: %s}\n"
                                 "source: %s\n"
                                 "boundary: {left: {type: dirichlet, value: %s}, right: {type: dirichlet, value: 0}}\n"
                                 "time: {end: 10, steady: 1e-6}\n"
                                 "output: {directory: out}\n"
                                 "checkpoint: {every: {steps: 300, minutes: 0}}\n";

static void write_quiet(const char *initial, const char *source, const char *wall) {
  char deck[1024];
  snprintf(deck, sizeof deck, quiet_deck, initial, source, wall);
  write_text("deck.yaml", deck);
}

static void last_row(double row[COLUMNS]) {
  char *text = read_text("out/history.csv");
  for (char *at = strchr(text, '\n') + 1; at != NULL;) at = read_history(at, row);
  free(text);
}

static void assert_status(const char *name, const char *expected) {
  char value[256], *text = read_text("out/status.json");
  assert_true(is_json(text) && json_member(text, name, value, sizeof value));
  assert_string_equal(value, expected);
  free(text);
}

/* A run is not steady before the last change: here of a source, of walls, of short pulses. If something changes until
 * the end, it never is. */
static void a_run_is_not_steady_before_what_is_still_to_come(void **state) {
  (void)state;
  static const struct {
    const char *source, *wall;
    double from, until; /* bounds of the time at which the run ends */
    double most;        /* lower bound of the highest temperature then */
  } cases[] = {{"'t > 5 ? 1 : 0'", "0", 5, 9.99, 0.1},
               {"0", "'t < 2 ? 0 : 100'", 2, 9.99, 80},
               {"0", "'t > 6 and t < 6.001 ? 100 : 0'", 6, 9.99, 0},
               {"'t > 2*3 and t < 6.001 ? x : 0'", "0", 6, 9.99, 0},
               {"0", "'abs(t - (2*3*4 - 4)/(2*2)) < 1e-6 ? 100 : 0'", 5, 9.99, 0},
               {"'abs(t - floor(sqrt(37))) < 1e-6 ? 1 : 0'", "0", 6, 9.99, 0},
               {"'mod(t, 4) > 0.5 and mod(t, 4) < 0.50001 ? y : 0'", "0", 8.5, 9.99, 0},
               {"0", "'100*min(t/3, 1)'", 3, 9.99, 80},
               {"0", "'sin(t)'", 10, 10, -1},
               {"1", "3", 0.1, 3, 2}};
  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    double row[COLUMNS];
    write_quiet("0", cases[n].source, cases[n].wall);
    assert_code(0, heat2d(n == 0 ? 3 : 0, "run deck.yaml --overwrite"));
    last_row(row);
    if (!(row[1] >= cases[n].from && row[1] <= cases[n].until && row[4] >= cases[n].most)) {
      print_error("case %d ended at t = %g with a maximum of %g\n", (int)n, row[1], row[4]);
      tell_command(0);
    }
    assert_true(row[1] >= cases[n].from && row[1] <= cases[n].until && row[4] >= cases[n].most);
    assert_int_equal(strstr(command.out, "steady at step") != NULL, row[1] < 10);
    assert_int_equal(strstr(command.out, "slow enough") != NULL, n < 7);
    assert_status("percent", "100.0000");
    assert_status("eta", "null");
    assert_status("state", "\"done\"");
  }
}

static void a_steady_run_is_left_as_it_is(void **state) {
  (void)state;
  double before[COLUMNS], row[COLUMNS];
  write_quiet("'x*y'", "0", "'t < 20 ? 1 : 2'");
  assert_code(0, heat2d(2, "run deck.yaml --overwrite"));
  assert_non_null(strstr(command.out, "steady at step"));
  last_row(before);
  char *then = fingerprint("out");
  for (int ranks = 0; ranks <= 3; ranks++) {
    assert_code(0, heat2d(ranks, "run deck.yaml --resume%s",
                          ranks == 2 ? " --set time.steady=1e-5 --set output.every=0.3" : ""));
    assert_non_null(strstr(command.out, "already steady at step"));
    char *now_ = fingerprint("out");
    assert_string_equal(then, now_);
    free(now_);
  }
  free(then);
  /* Another threshold, and then another end before which something happens. */
  assert_code(0, heat2d(2, "run deck.yaml --resume --set time.steady=1e-9"));
  last_row(row);
  assert_true(row[0] > before[0] && row[1] < 10);
  assert_non_null(strstr(command.out, "steady at step"));
  assert_code(0, heat2d(3, "run deck.yaml --resume --set time.steady=1e-9 --set time.end=30"));
  last_row(row);
  assert_true(row[1] > 20 && row[1] < 30 && row[4] > 1.5);
  assert_code(0, heat2d(0, "run deck.yaml --resume --set time.steady=0"));
  assert_null(strstr(command.out, "already steady"));
}

/* A run is steady at the same step and in the same state, however often it is stopped; the outputs of the end are
 * written there. */
static void a_run_that_is_stopped_becomes_steady_as_if_it_had_not_been(void **state) {
  (void)state;
  double row[COLUMNS];
  char whole[LINE_MOST], path[LINE_MOST], expected[LINE_MOST];
  write_quiet("'x*y'", "0", "1");
  assert_code(0, heat2d(2, "run deck.yaml --overwrite"));
  last_row(row);
  assert_true(row[0] > 100 && row[1] < 10);
  snprintf(expected, sizeof expected, "out/checkpoint-%010.0f.h5", row[0]);
  assert_true(last_file(path, "out", "checkpoint-", ".h5"));
  assert_string_equal(path, expected);
  snprintf(expected, sizeof expected, "out/snapshot-%010.0f.h5", row[0]);
  assert_true(last_file(path, "out", "snapshot-", ".h5"));
  assert_string_equal(path, expected);
  assert_status("reason", "\"steady\"");
  shell("rm -rf whole && mv out whole && mkdir out");
  assert_true(last_file(whole, "whole", "checkpoint-", ".h5"));
  static const int ranks[] = {0, 3, 2};
  for (size_t n = 0; n < sizeof ranks / sizeof *ranks; n++) {
    write_text("out/STOP", "");
    assert_code(75, heat2d(ranks[n], "run deck.yaml --resume"));
    assert_status("state", "\"stopped\"");
  }
  assert_code(0, heat2d(2, "run deck.yaml --resume"));
  assert_status("reason", "\"steady\"");
  assert_true(last_file(path, "out", "checkpoint-", ".h5") && same_state(whole, path));
}

/* The relative threshold does not depend on the units. A run is not steady before time.steady_after. */
static void steady_may_be_relative_and_have_its_time(void **state) {
  (void)state;
  double row[COLUMNS], steps[2];
  for (int n = 0; n < 2; n++) {
    write_quiet(n == 0 ? "'x*y'" : "'1e6*x*y'", "0", "0");
    assert_code(0, heat2d(1 + n, "run deck.yaml --overwrite --set time.steady=0 --set time.steady_relative=1e-6"));
    assert_non_null(strstr(command.out, "steady at step"));
    last_row(row);
    steps[n] = row[0];
  }
  assert_true(steps[0] == steps[1] && row[1] < 3);
  write_quiet("0", "'1e-3*sin(t)'", "0");
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time.steady=0.1 --set time.steady_after=4"));
  last_row(row);
  assert_true(row[1] >= 4 && row[1] < 5);
  write_quiet("0", "0", "1"); /* steps by error control are few and long */
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set time.method=rkl2 --set time.steady=1e-2"));
  assert_non_null(strstr(command.out, "steady at step"));
  write_quiet("7", "0", "7");
  assert_code(0, heat2d(0, "run deck.yaml --overwrite --set boundary.right.value=7 --set time.steady=0 "
                           "--set time.steady_relative=1e-6"));
  last_row(row);
  assert_true(row[0] == 100); /* a constant that nothing moves */
}

/* Layers of 0.15, 0.05 and 0.1 m, the middle one a poor conductor with a contact resistance on both of its faces: on 2
 * ranks one of them lies between two blocks, on 3 the other one. The flux is 265 K / (0.15/2 + R + 0.05/0.5 + R +
 * 0.1/2), 1000 W/m2, from right to left. */
static const char contact_deck[] =
    "domain: {size: [0.3, 0.1], cells: [12, 4]}\n"
    "material: {conductivity: 2, density: 1, heat_capacity: 1}\n"
    "initial: {temperature: '300 + 500*min(x, 0.15) + (x > 0.15)*(20 + 2000*(min(x, 0.2) - 0.15))'}\n"
    "regions:\n"
    "  - {shape: rectangle, min: [0.15, 0], max: [0.2, 0.1], conductivity: 0.5, contact: {resistance: 0.02}}\n"
    "  - {shape: rectangle, min: [0.2, 0], max: [0.3, 0.1], temperature: '515 + 500*(x - 0.2)'}\n"
    "boundary: {left: {type: dirichlet, value: 300}, right: {type: dirichlet, value: 565}}\n"
    "time: {end: 0.02, solver: {tolerance: 1e-13}}\n"
    "output: {directory: out, probes: [{name: below, at: [0.149999, 0.05]},\n"
    "  {name: first, at: [0.15, 0.03]}, {name: last, at: [0.199999, 0.05]}, {name: above, at: [0.2, 0.01]}]}\n"
    "parallel: {ranks: auto}\n";

/* The steady state of a slab follows from its resistances in series: explicit steps do not change it, and the solver
 * finds it from any other state. The bits are the same if a contact lies between two blocks. */
static void contact_resistances_stand_in_a_row_with_the_layers(void **state) {
  (void)state;
  static const double exact[] = {374.9995, 395, 494.998, 515};
  static const char steady[] = "time.method=steady --set initial.temperature=400 --set regions.1.temperature=1";
  static const struct {
    const char *sets;
    int ranks;
  } runs[] = {{"time.method=euler", 1}, {"time.method=euler", 2}, {steady, 1}, {steady, 3}};
  write_text("deck.yaml", contact_deck);
  for (size_t n = 0; n < sizeof runs / sizeof *runs; n++) {
    const int ranks = runs[n].ranks;
    const double flows[] = {-100, 100, 0, 0}, tolerance = 1e-9;
    double row[COLUMNS], u[4], steps, time;
    assert_code(0,
                heat2d(ranks, "run deck.yaml --overwrite --set parallel.ranks=[%d,1] --set %s", ranks, runs[n].sets));
    last_row(row);
    for (int side = 0; side < 4; side++) assert_true(fabs(row[FLOWS + side] - flows[side]) <= 100 * tolerance);
    char *rows = read_text("out/probes.csv");
    const char *at = rows;
    for (const char *next = rows; *next != '\0' && strchr(next, '\n') != NULL; next = strchr(next, '\n') + 1) at = next;
    assert_int_equal(sscanf(at, "%lf,%lf,%lf,%lf,%lf,%lf", &steps, &time, &u[0], &u[1], &u[2], &u[3]), 6);
    for (int probe = 0; probe < 4; probe++) {
      if (!(fabs(u[probe] - exact[probe]) <= tolerance * exact[probe]))
        print_error("%s, probe %d: %.17g, not %.17g\n", runs[n].sets, probe, u[probe], exact[probe]);
      assert_true(fabs(u[probe] - exact[probe]) <= tolerance * exact[probe]);
    }
    free(rows);
    if (ranks == 1)
      shell("rm -rf one && mv out one");
    else
      shell("cmp one/history.csv out/history.csv && cmp one/probes.csv out/probes.csv");
  }
}

/* A run that is resumed on other ranks has the same contact resistances; other ones are refused. */
static void contacts_are_those_of_the_run_that_is_gone_on_with(void **state) {
  (void)state;
  static const char euler[] = "--set time.method=euler --set initial.temperature=400 --set regions.1.temperature=1";
  char whole[LINE_MOST], resumed[LINE_MOST];
  shell("rm -rf one out");
  write_text("deck.yaml", contact_deck);
  assert_code(0, heat2d(0, "run deck.yaml %s --set output.directory=one", euler));
  assert_code(0, heat2d(2, "run deck.yaml %s --set time.end=0.01", euler));
  assert_code(65, heat2d(0, "run deck.yaml %s --resume --set regions.0.contact.resistance=0.03", euler));
  assert_one_complaint("deck.yaml: ", "regions.0.contact.resistance: 0.03 here, 0.02 there");
  assert_code(0, heat2d(3, "run deck.yaml %s --resume", euler));
  assert_true(last_file(whole, "one", "checkpoint-", ".h5") && last_file(resumed, "out", "checkpoint-", ".h5"));
  assert_code(0, heat2d(0, "compare %s %s", whole, resumed));
}

static void check_lists_contact_and_power(void **state) {
  (void)state;
  write_text("deck.yaml", contact_deck);
  assert_code(0, heat2d(2, "check deck.yaml --set regions.1.power=7"));
  assert_non_null(strstr(command.out, "regions.0: contact resistance 0.02 m2 K/W along its outline, of 8 faces"));
  assert_non_null(strstr(command.out, "regions.1: its power, 7 W/m, heats 16 cells, 0.01 m2"));
  double row[COLUMNS];
  assert_code(0, heat2d(2, "run deck.yaml --overwrite --set regions.1.power=\"'7*(1 + t)'\" --set time.step=5e-5 "
                           "--set time.method=euler --set output.every.steps=50"));
  last_row(row);
  /* the rate at the start of each step: 7 (t + t (t - dt) / 2) */
  const double t = row[1], came = 7 * (t + t * (t - 5e-5) / 2);
  assert_true(t > 0.0199 && fabs(row[FLUX_IN + 1] - came) <= 1e-9 * came);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contact_resistances_stand_in_a_row_with_the_layers),
      cmocka_unit_test(contacts_are_those_of_the_run_that_is_gone_on_with),
      cmocka_unit_test(check_lists_contact_and_power),
      cmocka_unit_test(what_flows_through_each_side_adds_up),
      cmocka_unit_test(the_balance_of_a_field_around_zero_is_calm),
      cmocka_unit_test(the_step_that_is_chosen_does_not_overshoot),
      cmocka_unit_test(a_step_that_may_overshoot_is_taken_and_said),
      cmocka_unit_test(a_slab_takes_no_more_steps_than_its_length_asks_for),
      cmocka_unit_test(a_run_is_not_steady_before_what_is_still_to_come),
      cmocka_unit_test(a_steady_run_is_left_as_it_is),
      cmocka_unit_test(a_run_that_is_stopped_becomes_steady_as_if_it_had_not_been),
      cmocka_unit_test(steady_may_be_relative_and_have_its_time),
  };
  begin_commands();
  return end_commands(cmocka_run_group_tests(tests, NULL, NULL));
}
