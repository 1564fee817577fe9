/* What every implicit method of the table must do: the same bits for every layout and stop; Fourier modes decay by
 * exactly its factor; its order in time for each type of side and material; the heat is balanced to rounding whatever
 * the solver leaves over; rough data decay; a solver that does not converge is told, and changes nothing. */
#include "heat2d/numerics/stepper.h"

#include "harness.h"

#include <math.h>
#include <string.h>

static const double pi = 3.141592653589793;

enum { STEPPING = HEAT_METHOD_STEADY - HEAT_EXPLICIT_METHODS }; /* implicit methods that take steps */

typedef struct rig {
  heat_config *config;
  heat_problem problem;
  heat_grid grid;
  heat_runtime runtime;
  heat_operator op;
  heat_stepper stepper;
} rig;

/* Of a deck without domain, on nx x ny cells of the unit square. */
typedef struct setting {
  MPI_Comm comm;
  int method;
  int64_t nx, ny;
  const int *ranks; /* NULL: chosen */
  const char *deck;
  double tolerance; /* of the solver; 0: 1e-12 */
  int iterations;   /* 0: 2000 */
  int depth;        /* 0: 1 */
  bool timeless;    /* the deck says `time` itself */
} setting;

static void open_rig(rig *r, setting set) {
  char deck[8192];
  static const int chosen[HEAT_AXES] = {0, 0};
  const double tolerance = set.tolerance > 0 ? set.tolerance : 1e-12;
  char time[256] = "";
  if (!set.timeless)
    snprintf(time, sizeof time, "time: {end: 1, solver: {tolerance: %.17g, iterations: %d}}\n", tolerance,
             set.iterations > 0 ? set.iterations : 2000);
  const int length = snprintf(deck, sizeof deck, "domain: {size: [1, 1], cells: [%lld, %lld]}\n%s%s\n",
                              (long long)set.nx, (long long)set.ny, time, set.deck);
  heat_status status = heat_config_parse(&r->config, "deck", deck, (size_t)length, NULL, 0);
  assert_string_equal(status.text, "");
  status = heat_problem_create(&r->problem, set.comm, r->config);
  assert_string_equal(status.text, "");
  status = heat_grid_create(&r->grid, set.comm, &r->problem, set.ranks != NULL ? set.ranks : chosen);
  assert_string_equal(status.text, "");
  heat_runtime_create(&r->runtime, set.comm);
  status = heat_operator_create(&r->op, &(heat_discretisation){&r->problem, &r->grid, set.depth > 0 ? set.depth : 1, 1},
                                &r->runtime);
  assert_string_equal(status.text, "");
  assert_int_equal(heat_stepper_create(&r->stepper, &heat_methods[set.method], &r->op).code, HEAT_OK);
  assert_int_equal(heat_stepper_start(&r->stepper).code, HEAT_OK);
}

static void close_rig(rig *r) {
  heat_stepper_destroy(&r->stepper);
  heat_operator_destroy(&r->op);
  heat_runtime_destroy(&r->runtime);
  heat_problem_destroy(&r->problem);
  heat_config_destroy(r->config);
}

static void advance(rig *r, const heat_clock *clock, int64_t from, int64_t to) {
  const heat_status status = heat_stepper_advance(&r->stepper, clock, from, to);
  assert_string_equal(status.text, "");
  assert_int_equal(r->stepper.done.taken, to - from);
}

/* Up to t = 1. */
static void take_steps(rig *r, double dt, int64_t steps) {
  const heat_clock clock = heat_clock_create(0, 0, dt, dt * (double)steps);
  assert_int_equal(clock.last, steps);
  advance(r, &clock, 0, steps);
}

/* The whole solution on every rank, row by row; to be freed. */
static double *gather(rig *r) {
  const int64_t nx = r->problem.cells[HEAT_X], cells = nx * r->problem.cells[HEAT_Y];
  double *whole = malloc((size_t)cells * sizeof *whole);
  assert_non_null(whole);
  for (int64_t n = 0; n < cells; n++) {
    const heat_box one = {{n % nx, n / nx}, {n % nx + 1, n / nx + 1}};
    const bool own = !heat_box_empty(heat_box_intersect(one, r->grid.owned));
    whole[n] = own ? *heat_field_at(heat_stepper_solution(&r->stepper), n % nx, n / nx) : -INFINITY;
  }
  MPI_Allreduce(MPI_IN_PLACE, whole, (int)cells, MPI_DOUBLE, MPI_MAX, r->grid.comm);
  return whole;
}

static double largest(const double *values, int64_t count) {
  double most = 0;
  for (int64_t n = 0; n < count; n++) most = fmax(most, fabs(values[n]));
  return most;
}

/* Materials, and sides of each type whose values depend on time; smooth from the start. */
static const char *const materials[] = {
    "material: {diffusivity: [0.3, 0.1]}\n",
    "material: {conductivity: ['0.2 + 0.1*x*y', 0.1], density: '2 - x', heat_capacity: 1.5}\n",
    ("interface: arithmetic\nmaterial: {conductivity: 1, density: 1, heat_capacity: 1}\n"
     "regions: [{shape: rectangle, min: [0, 0], max: [0.5, 0.3], conductivity: 0.001}]\n"),
};
enum { MATERIALS = sizeof materials / sizeof *materials };
static const char *const enclosures[] = {
    "left: {type: dirichlet, value: y*t}, right: {type: dirichlet, value: sin(3*t)}",
    "left: {type: neumann, flux: y*sin(2*t)}, top: {type: neumann, flux: t*t}",
    "left: {type: robin, coefficient: 2, ambient: sin(3*t)}, bottom: {type: robin, coefficient: 1 + t, ambient: x*t}",
    "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}",
};
enum { ENCLOSURES = sizeof enclosures / sizeof *enclosures };
static const char gentle[] = "initial: {temperature: 0}\nsource: 3*x*y*sin(2*t)\n";

static void write_deck(char deck[2048], int material, int enclosure) {
  snprintf(deck, 2048, "%s%sboundary: {%s}\n", materials[material], gentle, enclosures[enclosure]);
}

static double *after(int method, const char *deck, int64_t steps) {
  rig r;
  open_rig(&r, (setting){MPI_COMM_SELF, method, 9, 7, .deck = deck});
  take_steps(&r, 1 / (double)steps, steps);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

/* Whether the n-th of many cases is this rank's, each of which goes through its own alone. */
static bool is_mine(int n) {
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return n % size == rank;
}

static void time_has_the_order_of_the_method(void **state) {
  (void)state;
  enum { CELLS = 9 * 7, COARSE = 16 };
  bool good = true;
  for (int n = 0; n < STEPPING * MATERIALS * ENCLOSURES; n++) {
    const int method = HEAT_EXPLICIT_METHODS + n / (MATERIALS * ENCLOSURES);
    char deck[2048];
    write_deck(deck, n % MATERIALS, n / MATERIALS % ENCLOSURES);
    double *u[3];
    if (!is_mine(n)) continue;
    for (int k = 0; k < 3; k++) u[k] = after(method, deck, COARSE << k);
    for (int64_t cell = 0; cell < CELLS; cell++) {
      u[0][cell] -= u[1][cell];
      u[1][cell] -= u[2][cell];
    }
    const double order = log2(largest(u[0], CELLS) / largest(u[1], CELLS));
    if (!(fabs(order - heat_methods[method].order) < 0.25))
      print_error("%s has order %g in:\n%s", heat_method_names[method], order, deck);
    good = good && fabs(order - heat_methods[method].order) < 0.25;
    for (int k = 0; k < 3; k++) free(u[k]);
  }
  assert_true(everywhere(good));
}

/* What one step makes of a mode with dt times its rate of decay = z. */
static double factor(int method, double z, bool damped) {
  const double gamma = 2 - sqrt(2);
  const double middle = (1 - gamma * z / 2) / (1 + gamma * z / 2);
  switch (method) {
  case HEAT_METHOD_BACKWARD_EULER:
    return 1 / (1 + z);
  case HEAT_METHOD_CRANK_NICOLSON:
    return damped ? 1 / ((1 + z / 2) * (1 + z / 2)) : (1 - z / 2) / (1 + z / 2);
  default:
    return (middle - (1 - gamma) * (1 - gamma)) / (gamma * (2 - gamma)) / (1 + (1 - gamma) / (2 - gamma) * z);
  }
}

static void modes_decay_by_exactly_the_factor_of_the_method(void **state) {
  (void)state;
  enum { NX = 12, NY = 9, STEPS = 4 };
  static const char deck[] = "material: {diffusivity: [1, 0.4]}\ninitial: {temperature: sin(3*pi*x)*cos(2*pi*y)}\n"
                             "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}}\n";
  static const double steps[] = {1e-3, 0.1, 30};
  const double kx = 2 * NX * sin(3 * pi / 2 / NX), ky = 2 * NY * sin(2 * pi / 2 / NY);
  const double decay = kx * kx + 0.4 * ky * ky;
  bool good = true;
  for (int method = HEAT_EXPLICIT_METHODS; method < HEAT_METHOD_STEADY; method++)
    for (int n = 0; n < (int)(sizeof steps / sizeof *steps); n++) {
      rig r;
      if (!is_mine(n)) continue;
      open_rig(&r, (setting){MPI_COMM_SELF, method, NX, NY, .deck = deck, .tolerance = 1e-14});
      double *before = gather(&r), expected = 1;
      take_steps(&r, steps[n], STEPS);
      double *now = gather(&r), error = 0;
      for (int step = 0; step < STEPS; step++) expected *= factor(method, steps[n] * decay, step < 2);
      for (int cell = 0; cell < NX * NY; cell++) error = fmax(error, fabs(now[cell] - expected * before[cell]));
      if (!(error < 1e-13)) print_error("%s, dt %g: error %g\n", heat_method_names[method], steps[n], error);
      good = good && error < 1e-13;
      free(before);
      free(now);
      close_rig(&r);
    }
  assert_true(everywhere(good));
}

/* A step that is long beside all that decays: a jump is gone, and what is left lies between the walls. */
static void a_jump_does_not_ring(void **state) {
  (void)state;
  enum { N = 16, STEPS = 3 };
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\n"
                             "boundary: {left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}}\n";
  for (int method = HEAT_EXPLICIT_METHODS; method < HEAT_METHOD_STEADY; method++) {
    rig r;
    open_rig(&r, (setting){MPI_COMM_WORLD, method, N, N, .deck = deck});
    take_steps(&r, 1e4, STEPS);
    double *u = gather(&r);
    assert_true(largest(u, N * N) < 1e-4);
    free(u);
    close_rig(&r);
  }
}

typedef struct totals {
  double energy, walls, sources, moved;
} totals;

static totals totals_of(rig *r) {
  return (totals){.energy = heat_operator_energy(&r->op, heat_stepper_solution(&r->stepper)).heat,
                  .walls = heat_ledger_wall_heat(&r->op.ledger),
                  .sources = heat_ledger_source_heat(&r->op.ledger),
                  .moved = heat_ledger_wall_moved(&r->op.ledger)};
}

static void assert_balanced(rig *r, totals before) {
  const totals now = totals_of(r);
  const double rest = now.energy - before.energy - now.walls - now.sources;
  const double scale = fmax(fabs(now.energy), fmax(now.moved, fabs(now.sources)));
  if (!(fabs(rest) <= 1e-13 * scale))
    print_error("%s: %g of %g unexplained\n", heat_method_name(r->stepper.method), rest, scale);
  assert_true(fabs(rest) <= 1e-13 * scale);
}

/* With a solver that leaves much over, too. */
static void heat_is_balanced_whatever_the_solver_leaves_over(void **state) {
  (void)state;
  static const double tolerances[] = {1e-2, 1e-12};
  for (int n = 0; n < STEPPING * MATERIALS * ENCLOSURES * 2; n++) {
    const int method = HEAT_EXPLICIT_METHODS + n / (MATERIALS * ENCLOSURES * 2);
    char deck[2048];
    write_deck(deck, n % MATERIALS, n / MATERIALS % ENCLOSURES);
    rig r;
    open_rig(&r, (setting){MPI_COMM_WORLD, method, 13, 11, .deck = deck,
                           .tolerance = tolerances[n / (MATERIALS * ENCLOSURES) % 2]});
    const totals before = totals_of(&r);
    take_steps(&r, 0.05, 20);
    assert_balanced(&r, before);
    close_rig(&r);
  }
}

/* All that a run leaves, on one rank and on these. */
static void a_run_has_the_same_bits_on_every_layout_depth_and_stop(void **state) {
  (void)state;
  static const int alone[HEAT_AXES] = {1, 1};
  enum { NX = 9, NY = 7, STEPS = 5 };
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < STEPPING * MATERIALS; n++) {
    char deck[2048];
    write_deck(deck, n % MATERIALS, (n + n / MATERIALS) % ENCLOSURES);
    setting set = {MPI_COMM_SELF, HEAT_EXPLICIT_METHODS + n / MATERIALS, NX, NY, alone, deck, 0, 0, 1, false};
    const heat_clock clock = heat_clock_create(0, 0, 0.1, 0.1 * (STEPS - 0.3));
    rig r;
    open_rig(&r, set);
    advance(&r, &clock, 0, STEPS);
    double *expected = gather(&r);
    const totals all = totals_of(&r);
    close_rig(&r);
    set.comm = MPI_COMM_WORLD;
    for (int px = 1; px <= size; px++) {
      if (size % px != 0 || px > NX || size / px > NY) continue;
      set.ranks = (int[HEAT_AXES]){px, size / px};
      for (set.depth = 1; set.depth <= 2; set.depth++) {
        open_rig(&r, set);
        for (int64_t from = 0; from < STEPS; from += set.depth)
          advance(&r, &clock, from, from + set.depth < STEPS ? from + set.depth : STEPS);
        double *now = gather(&r);
        const totals others = totals_of(&r);
        assert_true(everywhere(memcmp(now, expected, NX * NY * sizeof *now) == 0));
        assert_true(everywhere(memcmp(&others, &all, sizeof all) == 0));
        free(now);
        close_rig(&r);
      }
    }
    free(expected);
  }
}

static bool asks_to_stop(void *context) {
  int *left = context;
  return (*left)-- <= 0;
}

/* Neither the solution nor the heat counts have changed. */
static void assert_as_before(rig *r, const double *before, totals counts) {
  double *now = gather(r);
  const totals others = totals_of(r);
  assert_true(everywhere(memcmp(now, before, (size_t)heat_box_cells(r->grid.domain) * sizeof *now) == 0));
  assert_true(everywhere(memcmp(&others, &counts, sizeof counts) == 0));
  free(now);
}

static void a_step_that_fails_or_is_given_up_changes_nothing(void **state) {
  (void)state;
  for (int n = 0; n < STEPPING * MATERIALS; n++) {
    char deck[2048], expected[64];
    write_deck(deck, n % MATERIALS, n % ENCLOSURES);
    rig r;
    open_rig(&r, (setting){MPI_COMM_WORLD, HEAT_EXPLICIT_METHODS + n / MATERIALS, 9, 7, .deck = deck, .iterations = 1});
    const heat_clock clock = heat_clock_create(1, 10, 1, 10); /* where heat flows from the first instant */
    double *before = gather(&r);
    const totals counts = totals_of(&r);
    heat_status status = heat_stepper_advance(&r.stepper, &clock, 10, 12);
    assert_true(everywhere(status.code == HEAT_NUMERICS && r.stepper.done.taken == 0));
    snprintf(expected, sizeof expected, "did not converge in step 11 from t = 1 s");
    assert_true(strstr(status.text, expected) != NULL);
    assert_as_before(&r, before, counts);
    int left = r.grid.rank == r.grid.size - 1 ? 0 : 1000000; /* one rank asks */
    r.stepper.stop = asks_to_stop;
    r.stepper.stop_context = &left;
    status = heat_stepper_advance(&r.stepper, &clock, 10, 12);
    assert_true(everywhere(status.code == HEAT_OK && r.stepper.done.taken == 0));
    assert_as_before(&r, before, counts);
    free(before);
    close_rig(&r);
  }
}

/* To the last digit; what is smooth has none. */
static void jumps_in_time_are_found(void **state) {
  (void)state;
  static const double expected[] = {0.1, 0.25, 0.35, 0.5, 0.6, 0.7, 0.75, 0.85, 1};
  enum { EXPECTED = sizeof expected / sizeof *expected };
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 0}\nsource: 'x*(t > 0.7 ? 3 : 0)'\n"
                             "boundary: {left: {type: dirichlet, value: 'mod(t, 0.25) < 0.1'}, "
                             "top: {type: dirichlet, value: sin(40*t)}}";
  rig r;
  open_rig(&r, (setting){MPI_COMM_SELF, HEAT_METHOD_TR_BDF2, 5, 5, .deck = deck});
  assert_int_equal(r.stepper.jump_count, EXPECTED);
  for (int n = 0; n < EXPECTED; n++) {
    const heat_jump jump = r.stepper.jumps[n];
    assert_true(fabs(jump.behind - expected[n]) < 1e-15 && jump.behind == nextafter(jump.before, 1));
  }
  close_rig(&r);
}

typedef struct count {
  int64_t taken, rejected;
} count;

/* Up to `end` by error control: steps end at all jumps on the way, and those that were rejected leave no heat. */
static count adapt(rig *r, double end) {
  heat_clock clock = heat_clock_create_free(0, 0, 0, end);
  const totals before = totals_of(r);
  const heat_stepper *stepper = &r->stepper;
  count steps = {0, 0};
  int landed = 0, jumps = 0;
  while (clock.last > clock.anchor_step) {
    const heat_status status = heat_stepper_advance(&r->stepper, &clock, clock.anchor_step, clock.anchor_step + 1);
    assert_string_equal(status.text, "");
    assert_int_equal(stepper->done.taken, 1);
    heat_clock_reach(&clock, stepper->done.time);
    steps.taken++;
    steps.rejected += stepper->done.rejected;
    for (int n = 0; n < stepper->jump_count; n++)
      landed += stepper->jumps[n].behind >= clock.anchor_time && stepper->jumps[n].behind <= clock.anchor_time;
  }
  assert_true(clock.anchor_time == end);
  for (int n = 0; n < stepper->jump_count; n++) jumps += stepper->jumps[n].behind <= end;
  assert_int_equal(landed, jumps);
  assert_balanced(r, before);
  return steps;
}

static double *adapted(int method, const char *problem, double tolerance, count *steps) {
  char deck[2048];
  rig r;
  snprintf(deck, sizeof deck, "time: {end: 1, tolerance: %g, solver: {tolerance: 1e-10}}\n%s", tolerance, problem);
  open_rig(&r, (setting){MPI_COMM_SELF, method, 16, 16, .deck = deck, .timeless = true});
  *steps = adapt(&r, 1);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

/* Of problems with a jump in the start, in a side and in a source, with layers, and with what swings. */
static void the_error_is_about_the_tolerance(void **state) {
  (void)state;
  enum { CELLS = 16 * 16, PROBLEMS = 2, TOLERANCES = 3 };
  static const char *const problems[PROBLEMS] = {
      "material: {diffusivity: 1}\ninitial: {temperature: 'x < 0.5 ? 1 : 0'}\nsource: 't > 0.7 ? 3 : 0'\n"
      "boundary: {left: {type: dirichlet, value: sin(9*t)}, "
      "right: {type: robin, coefficient: 3, ambient: 't < 0.8 ? 0 : 1'}}\n",
      "material: {diffusivity: 1}\ninitial: {temperature: 0}\n"
      "regions: [{shape: rectangle, min: [0.3, 0], max: [0.5, 1], diffusivity: 0.001}]\n"
      "boundary: {left: {type: dirichlet, value: 1}, top: {type: robin, coefficient: 0.1, ambient: 0.3}}\n"};
  static const int methods[] = {HEAT_METHOD_BACKWARD_EULER, HEAT_METHOD_TR_BDF2};
  bool good = true, rejected = false;
  for (int n = 0; n < 2 * PROBLEMS; n++) {
    if (!is_mine(n)) continue;
    const bool first = n < PROBLEMS;
    const char *problem = problems[n % PROBLEMS];
    count steps;
    double *reference = adapted(HEAT_METHOD_TR_BDF2, problem, 1e-6, &steps);
    rejected = rejected || steps.rejected > 0;
    for (int k = 1; k <= (first ? 2 : TOLERANCES + 1); k++) {
      const double tolerance = pow(10, first ? -0.5 * k - 1 : -k - 1);
      double *u = adapted(methods[!first], problem, tolerance, &steps);
      for (int64_t cell = 0; cell < CELLS; cell++) u[cell] -= reference[cell];
      const double error = largest(u, CELLS);
      if (!(error < 10 * tolerance && error > tolerance / 20))
        print_error("%s: error %g for a tolerance of %g in:\n%s", heat_method_names[methods[!first]], error, tolerance,
                    problem);
      good = good && error < 10 * tolerance && error > tolerance / 20;
      free(u);
    }
    free(reference);
  }
  assert_true(everywhere(good));
  assert_false(everywhere(!rejected)); /* so that it is seen what those leave */
}

/* The estimate is of the order of the error of one step: for a tolerance of a hundredth, a method of second order takes
 * ten times as many steps where all is smooth. */
static void steps_go_with_the_root_of_the_tolerance(void **state) {
  (void)state;
  char deck[2048];
  bool good = true;
  for (int n = 0; n < ENCLOSURES; n++) {
    count rough, fine;
    if (!is_mine(n)) continue;
    write_deck(deck, 0, n);
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-3, &rough));
    free(adapted(HEAT_METHOD_TR_BDF2, deck, 1e-5, &fine));
    const double ratio = (double)fine.taken / (double)rough.taken;
    if (!(ratio > 5 && ratio < 15)) print_error("%g times as many steps in:\n%s", ratio, deck);
    good = good && ratio > 5 && ratio < 15;
  }
  assert_true(everywhere(good));
}

static double *steady(MPI_Comm comm, const char *deck) {
  rig r;
  open_rig(&r, (setting){comm, HEAT_METHOD_STEADY, 13, 11, .deck = deck});
  take_steps(&r, 1, 1);
  const totals now = totals_of(&r);
  assert_true(fabs(now.walls + now.sources) <= 1e-9 * now.moved);
  double *solution = gather(&r);
  close_rig(&r);
  return solution;
}

/* Also where it is not unique: then the energy of the start is kept. */
static void the_steady_state_is_the_limit_of_steps(void **state) {
  (void)state;
  enum { CELLS = 13 * 11 };
  static const char *const sides[] = {
      "left: {type: dirichlet, value: y}, top: {type: robin, coefficient: 2, ambient: 3}",
      "left: {type: neumann, flux: 2}, right: {type: neumann, flux: -2}"};
  for (int n = 0; n < 2 * MATERIALS; n++) {
    char deck[2048];
    rig r;
    snprintf(deck, sizeof deck, "%sinitial: {temperature: sin(5*x) + y}\nboundary: {%s}\n", materials[n % MATERIALS],
             sides[n / MATERIALS]);
    open_rig(&r, (setting){MPI_COMM_WORLD, HEAT_METHOD_BACKWARD_EULER, 13, 11, .deck = deck});
    take_steps(&r, 1e5, 4);
    double *limit = gather(&r), *u = steady(MPI_COMM_WORLD, deck), *alone = steady(MPI_COMM_SELF, deck);
    close_rig(&r);
    assert_true(everywhere(memcmp(u, alone, CELLS * sizeof *u) == 0));
    for (int64_t cell = 0; cell < CELLS; cell++) u[cell] -= limit[cell];
    if (!(largest(u, CELLS) < 1e-7)) print_error("differs by %g in:\n%s", largest(u, CELLS), deck);
    assert_true(everywhere(largest(u, CELLS) < 1e-7));
    free(limit);
    free(u);
    free(alone);
  }
}

static void heat_that_does_not_balance_has_no_steady_state(void **state) {
  (void)state;
  static const char deck[] = "material: {diffusivity: 1}\ninitial: {temperature: 1}\nsource: 3\n"
                             "boundary: {left: {type: neumann, flux: -2}}";
  const heat_clock clock = heat_clock_create(0, 0, 1, 1);
  rig r;
  open_rig(&r, (setting){MPI_COMM_WORLD, HEAT_METHOD_STEADY, 13, 11, .deck = deck});
  const heat_status status = heat_stepper_advance(&r.stepper, &clock, 0, 1);
  assert_true(everywhere(status.code == HEAT_DECK && strstr(status.text, "and 1 W/m flow in") != NULL));
  close_rig(&r);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(time_has_the_order_of_the_method),
      cmocka_unit_test(modes_decay_by_exactly_the_factor_of_the_method),
      cmocka_unit_test(a_jump_does_not_ring),
      cmocka_unit_test(heat_is_balanced_whatever_the_solver_leaves_over),
      cmocka_unit_test(a_run_has_the_same_bits_on_every_layout_depth_and_stop),
      cmocka_unit_test(jumps_in_time_are_found),
      cmocka_unit_test(the_error_is_about_the_tolerance),
      cmocka_unit_test(steps_go_with_the_root_of_the_tolerance),
      cmocka_unit_test(the_steady_state_is_the_limit_of_steps),
      cmocka_unit_test(heat_that_does_not_balance_has_no_steady_state),
      cmocka_unit_test(a_step_that_fails_or_is_given_up_changes_nothing),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
