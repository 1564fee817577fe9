/* Laws for every explicit method of the table: Fourier modes decay by exactly its amplification factor; it has second
 * order in space for each type of side and material, and its own order in time; heat is conserved and balanced; the
 * maximum principle holds; it is stable up to its limit. test_stepper.c tests its bits on other numbers of ranks. */
#include "harness.h"
#include "steps.h"
#include "thinned.h"

static const double pi = 3.141592653589793;

/* The factor by which one step of a method multiplies a mode with L u = lambda u, computed by its stages on a single
 * number. */
static long double amplification(const heat_method *method, double dt, double bound, long double lambda) {
  heat_stage stages[HEAT_METHOD_STAGES];
  long double part[HEAT_METHOD_FIELDS] = {1};
  int result;
  const int count = method->stages(&(heat_step){.dt = dt}, bound, stages, &result);
  for (int s = 0; s < count; s++) {
    long double sum = (long double)stages[s].c * lambda * part[stages[s].u];
    for (int k = 0; k < stages[s].terms; k++)
      sum += (long double)stages[s].term[k].weight * part[stages[s].term[k].field];
    part[stages[s].out] = sum;
  }
  return part[result];
}

/* A mode, as the shape along each axis: sin or cos of frequency * pi * (i + 1/2) / n. */
typedef struct mode {
  const char *initial, *boundary;
  bool sine[HEAT_AXES];
  int frequency[HEAT_AXES];
} mode;

static void check_mode(const heat_method *method, const mode *m, const char *material, const double alpha[HEAT_AXES],
                       int steps_wanted) {
  enum { NX = 14, NY = 10 };
  char deck[1024];
  snprintf(deck, sizeof deck, "%s\ninitial: {temperature: %s}\nboundary: {%s}\n", material, m->initial, m->boundary);
  rig r;
  open_rig(&r, (rig_setting){.deck = deck, .cells = {NX, NY}, .size = {1, 2}, .method = method});
  const double cells[HEAT_AXES] = {NX, NY};
  long double lambda = 0;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const long double h = r.problem.spacing[axis];
    const long double half = sinl(acosl(-1) * m->frequency[axis] / (2 * cells[axis]));
    lambda -= 4 * alpha[axis] / (h * h) * half * half;
  }
  const double decay = 1.5, longest = 0.95 * heat_stepper_limit(&r.stepper), total = decay / (double)-lambda;
  const int64_t steps = steps_wanted * longest > total ? steps_wanted : (int64_t)ceil(total / longest);
  const double dt = total / (double)steps;
  const long double factor = powl(amplification(method, dt, heat_operator_bounds(&r.op).spectral, lambda), steps);
  assert_true(factor > 0.1L && factor < 0.5L);
  take_steps(&r, dt, steps);
  double worst = 0;
  for (int64_t j = r.grid.owned.lo[HEAT_Y]; j < r.grid.owned.hi[HEAT_Y]; j++) {
    for (int64_t i = r.grid.owned.lo[HEAT_X]; i < r.grid.owned.hi[HEAT_X]; i++) {
      const long double at[HEAT_AXES] = {((long double)i + 0.5L) / NX, ((long double)j + 0.5L) / NY};
      long double exact = factor;
      for (int axis = 0; axis < HEAT_AXES; axis++) {
        const long double angle = acosl(-1) * m->frequency[axis] * at[axis];
        exact *= m->sine[axis] ? sinl(angle) : cosl(angle);
      }
      worst = fmax(worst, fabs((double)(solution_at(&r, i, j) - exact)));
    }
  }
  if (!everywhere(worst <= 1e-13 * (double)factor))
    fail_msg("%s: off by %g in %s", heat_method_name(method), worst, deck);
  close_rig(&r);
}

static void a_fourier_mode_decays_by_exactly_the_amplification_factor(void **state) {
  (void)state;
  static const char torus[] = "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, "
                              "top: {type: periodic}";
  static const char cold[] = "left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, "
                             "bottom: {type: dirichlet, value: 0}, top: {type: dirichlet, value: 0}";
  static const char mixed[] = "left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, "
                              "bottom: {type: periodic}, top: {type: periodic}";
  static const mode modes[] = {
      {"sin(2*pi*x)*cos(2*pi*y)", torus, {true, false}, {2, 4}},
      {"cos(4*pi*x)*sin(pi*y)", torus, {false, true}, {4, 2}},
      {"sin(pi*x)*sin(pi*y)", cold, {true, true}, {1, 2}},
      {"sin(3*pi*x)*sin(0.5*pi*y)", cold, {true, true}, {3, 1}},
      {"cos(pi*x)*cos(1.5*pi*y)", "", {false, false}, {1, 3}},
      {"cos(0*x)*cos(pi*y)", "", {false, false}, {0, 2}},
      {"sin(2*pi*x)*cos(pi*y)", mixed, {true, false}, {2, 2}},
  };
  static const struct {
    const char *text;
    double alpha[HEAT_AXES];
  } materials[] = {{"material: {diffusivity: 0.3}", {0.3, 0.3}},
                   {"material: {conductivity: [3, 1.2], density: 2, heat_capacity: 1.5}", {1, 0.4}},
                   /* the same as expressions: through the kernel for varying material */
                   {"material: {conductivity: [3 + 0*x, 1.2], density: 2, heat_capacity: 1.5}", {1, 0.4}}};
  int number = 0;
  for (int n = 0; n < HEAT_EXPLICIT_METHODS; n++)
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
      for (size_t k = 0; k < sizeof materials / sizeof *materials; k++)
        for (int steps = 5; steps <= 150; steps += 145)
          if (is_taken(number++, 5))
            check_mode(&heat_methods[n], &modes[m], materials[k].text, materials[k].alpha, steps);
}

/* A manufactured solution, u = (1 + t) X(x, y). It is linear in time, so a method of any order has no error in time,
 * and only the error in space is left. X = exp(x/2 - y), or waves where the domain is periodic. */
static double growing(double x, double y, double t) {
  return (1 + t) * exp(0.5 * x - y);
}
static double growing_waves(double x, double y, double t) {
  return (1 + t) * (3 + sin(2 * pi * x)) * (2 + cos(2 * pi * y));
}
static double growing_across(double x, double y, double t) {
  return (1 + t) * (3 + sin(2 * pi * x)) * exp(-y);
}

/* Materials with q from rho c_p X - (1 + t) div(k grad X), for X = exp(x/2 - y), k_x = 1.5 exp(c x + d y),
 * k_y = 0.7 exp(e x + f y): (k_x X_x)_x = (1/2 + c)/2 k_x X and (k_y X_y)_y = (1 - f) k_y X. */
typedef struct stuff {
  const char *text;    /* of the deck */
  const char *kx, *ky; /* as expressions, for the walls */
  const char *source;
} stuff;
static const stuff stuffs[] = {
    {"material: {conductivity: 1.5, density: 2, heat_capacity: 0.5}", "1.5", "1.5",
     "exp(0.5*x - y)*(1 - (1 + t)*(1.5*0.25 + 1.5))"},
    {"material: {conductivity: [1.5, 0.7], density: 2, heat_capacity: 0.5}", "1.5", "0.7",
     "exp(0.5*x - y)*(1 - (1 + t)*(1.5*0.25 + 0.7))"},
    {"material: {conductivity: [1.5*exp(x - 0.5*y), 0.7*exp(0.3*x + 0.8*y)], density: 1 + x, heat_capacity: 2 - y}",
     "1.5*exp(x - 0.5*y)", "0.7*exp(0.3*x + 0.8*y)",
     "exp(0.5*x - y)*((1 + x)*(2 - y) - (1 + t)*(0.75*1.5*exp(x - 0.5*y) + 0.2*0.7*exp(0.3*x + 0.8*y)))"},
};
enum { STUFFS = sizeof stuffs / sizeof *stuffs };

/* One side of the given type, such that u = (1 + t) exp(x/2 - y) obeys it: `flux` is k du/dn. */
static int print_side(char *text, size_t size, int side, const char *type, const stuff *of) {
  static const char u[] = "(1 + t)*exp(0.5*x - y)";
  static const char *const slopes[] = {"(-0.5)", "0.5", "1", "(-1)"}; /* du/dn over u */
  char flux[256];
  snprintf(flux, sizeof flux, "%s*%s*%s", slopes[side], side / 2 == HEAT_X ? of->kx : of->ky, u);
  const char *name = heat_side_names[side];
  if (strcmp(type, "dirichlet") == 0) return snprintf(text, size, "%s: {type: dirichlet, value: '%s'}, ", name, u);
  if (strcmp(type, "neumann") == 0) return snprintf(text, size, "%s: {type: neumann, flux: '%s'}, ", name, flux);
  return snprintf(text, size, "%s: {type: robin, coefficient: '2 + x + y', ambient: '%s + %s/(2 + x + y)'}, ", name, u,
                  flux);
}

/* The error at time `end` with n cells along each axis of [0, 1] x [0, 1]. */
static double error_with(const heat_method *method, int64_t n, const char *deck,
                         double (*exact)(double, double, double), double end) {
  rig r;
  open_rig(&r, (rig_setting){.deck = deck, .cells = {n, n * 5 / 4}, .depth = 12, .method = method});
  /* There are not too few steps, so that the error in space at the start has time to decay. */
  const int64_t fewest = 60, needed = (int64_t)ceil(end / (0.8 * heat_stepper_limit(&r.stepper)));
  const int64_t steps = needed > fewest ? needed : fewest;
  take_steps(&r, end / (double)steps, steps);
  const double error = error_against(&r, exact, end);
  close_rig(&r);
  return error;
}

static void check_second_order(const heat_method *method, const char *deck, double (*exact)(double, double, double)) {
  enum { COARSE = 12, FINE = 24 };
  const double end = 0.05, coarse = error_with(method, COARSE, deck, exact, end);
  const double fine = error_with(method, FINE, deck, exact, end), order = log2(coarse / fine);
  if (!(order > 1.7 && order < 2.3 && fine < 0.02)) fail_msg("order %g (%g, %g) of\n%s", order, coarse, fine, deck);
}

static void space_is_second_order_for_every_type_of_side_and_material(void **state) {
  (void)state;
  static const char *const types[][HEAT_SIDES] = {
      {"dirichlet", "dirichlet", "dirichlet", "dirichlet"},
      {"neumann", "neumann", "neumann", "neumann"},
      {"robin", "robin", "robin", "robin"},
      {"dirichlet", "neumann", "robin", "dirichlet"},
  };
  static const char *const means[] = {"harmonic", "arithmetic"};
  int number = 0;
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
      for (int s = 0; s < STUFFS; s++) {
        char deck[4096];
        if (!is_taken(number++, 5)) continue;
        int used = snprintf(deck, sizeof deck,
                            "%s\ninterface: %s\ninitial: {temperature: exp(0.5*x - y)}\nsource: '%s'\nboundary: {",
                            stuffs[s].text, means[t % 2], stuffs[s].source);
        for (int side = 0; side < HEAT_SIDES; side++)
          used += print_side(deck + used, sizeof deck - (size_t)used, side, types[t][side], &stuffs[s]);
        snprintf(deck + used, sizeof deck - (size_t)used, "}\n");
        check_second_order(&heat_methods[m], deck, growing);
      }
    }
  }
}

static void space_is_second_order_through_periodic_sides(void **state) {
  (void)state;
  static const char waves[] = /* k = 1.5 + sin(2 pi x), in y 1 + cos(2 pi y)/2 */
      "material: {conductivity: ['1.5 + sin(2*pi*x)', '1 + 0.5*cos(2*pi*y)'], density: 2, heat_capacity: 0.5}\n"
      "initial: {temperature: (3 + sin(2*pi*x))*(2 + cos(2*pi*y))}\n"
      "source: '(3 + sin(2*pi*x))*(2 + cos(2*pi*y)) - (1 + t)*4*pi*pi*((cos(2*pi*x)^2 - (1.5 + "
      "sin(2*pi*x))*sin(2*pi*x))"
      "*(2 + cos(2*pi*y)) + (0.5*sin(2*pi*y)^2 - (1 + 0.5*cos(2*pi*y))*cos(2*pi*y))*(3 + sin(2*pi*x)))'\n"
      "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}}\n";
  static const char across[] = "material: {conductivity: [1.5, 0.7], density: 2, heat_capacity: 0.5}\n"
                               "initial: {temperature: (3 + sin(2*pi*x))*exp(-y)}\n"
                               "source: 'exp(-y)*(3 + sin(2*pi*x) - (1 + t)*(-1.5*4*pi*pi*sin(2*pi*x) + "
                               "0.7*(3 + sin(2*pi*x))))'\n"
                               "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: neumann, "
                               "flux: '0.7*(1 + t)*(3 + sin(2*pi*x))'}, top: {type: dirichlet, "
                               "value: '(1 + t)*(3 + sin(2*pi*x))*exp(-1)'}}\n";
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    double coarse = error_with(&heat_methods[m], 12, waves, growing_waves, 0.02);
    double fine = error_with(&heat_methods[m], 24, waves, growing_waves, 0.02);
    assert_true(log2(coarse / fine) > 1.7 && log2(coarse / fine) < 2.4);
    coarse = error_with(&heat_methods[m], 10, across, growing_across, 0.05);
    fine = error_with(&heat_methods[m], 20, across, growing_across, 0.05);
    assert_true(log2(coarse / fine) > 1.7 && log2(coarse / fine) < 2.4);
  }
}

/* A solution that is linear in space, so that differences are exact and only the error in time is left. */
static double swinging(double x, double y, double t) {
  return cos(t) * (1 + x + 2 * y);
}

static void time_has_the_order_of_the_method(void **state) {
  (void)state;
  static const char deck[] =
      "material: {diffusivity: [0.02, 0.01]}\ninitial: {temperature: 1 + x + 2*y}\n"
      "source: -sin(t)*(1 + x + 2*y)\nboundary: {left: {type: dirichlet, value: cos(t)*(1 + 2*y)}, "
      "right: {type: neumann, flux: 0.02*cos(t)}, bottom: {type: robin, coefficient: 1, "
      "ambient: 'cos(t)*(1 + x - 0.02)'}, top: {type: dirichlet, value: cos(t)*(3 + x)}}";
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    double errors[3];
    for (int k = 0; k < 3; k++) {
      const int64_t steps = 20 << k;
      rig r;
      open_rig(&r, (rig_setting){.deck = deck, .cells = {6, 5}, .method = &heat_methods[m]});
      assert_true(1.0 / (double)steps < heat_stepper_limit(&r.stepper));
      take_steps(&r, 1.0 / (double)steps, steps);
      errors[k] = error_against(&r, swinging, 1);
      close_rig(&r);
    }
    for (int k = 0; k < 2; k++) {
      const double order = log2(errors[k] / errors[k + 1]);
      if (!(fabs(order - heat_methods[m].order) < 0.1))
        fail_msg("%s: order %g", heat_method_name(&heat_methods[m]), order);
    }
  }
}

static const char lumps[] = "material: {conductivity: '1.1 + sin(9*x)*cos(5*y)', density: 1 + x, heat_capacity: 3}\n"
                            "regions: [{shape: circle, center: [0.5, 0.5], radius: 0.3, conductivity: [40, 0.02], "
                            "density: 7}]\n";

static void enclosed_heat_is_conserved(void **state) {
  (void)state;
  static const char *const materials[] = {"material: {conductivity: [1.5, 0.2], density: 2, heat_capacity: 3}\n", lumps,
                                          "interface: arithmetic\n"};
  static const char *const enclosures[] = {
      "", "left: {type: periodic}, right: {type: periodic}",
      "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}"};
  for (int n = 0; n < HEAT_EXPLICIT_METHODS * 9; n++) {
    char deck[2048];
    snprintf(deck, sizeof deck, "%s%sinitial: {temperature: 300 + 50*sin(40*x + 23*y)}\nboundary: {%s}",
             materials[n / 3 % 3], n / 3 % 3 == 2 ? lumps : "", enclosures[n % 3]);
    rig r;
    open_rig(&r, (rig_setting){.deck = deck, .cells = {13, 11}, .depth = 3, .method = &heat_methods[n / 9]});
    const outcome before = outcome_of(&r);
    take_steps(&r, 0.9 * heat_stepper_limit(&r.stepper), 300);
    const outcome after = outcome_of(&r);
    /* The accuracy after that many stages. */
    const double bar = heat_methods[n / 9].lasting == 1 ? 1e-13 : 3e-13;
    assert_true(everywhere(fabs(after.energy - before.energy) <= bar * before.energy));
    assert_true(after.wall_heat == 0 && after.source_heat == 0);
    close_rig(&r);
  }
}

/* With all sources and sides, the heat that has entered is the increase of the energy. */
static void heat_is_balanced_against_walls_and_sources(void **state) {
  (void)state;
  static const char *const rest[] = {
      "source: 50 + 100*x\nboundary: {left: {type: dirichlet, value: 10 + 3*y}, right: {type: robin, coefficient: 9, "
      "ambient: 20*t}, bottom: {type: neumann, flux: 7}, top: {type: neumann, flux: sin(50*t) - x}}",
      "source: x*cos(40*t)\nboundary: {bottom: {type: periodic}, top: {type: periodic}, left: {type: robin, "
      "coefficient: 1 + y + t, ambient: 30}, right: {type: dirichlet, value: 40*y}}",
      "source: 5\nboundary: {}"};
  for (int n = 0; n < HEAT_EXPLICIT_METHODS * 6; n++) {
    char deck[2048];
    snprintf(deck, sizeof deck, "%sinitial: {temperature: 10 + sin(40*x + 23*y)}\n%s",
             n % 2 == 0 ? lumps : "material: {conductivity: [1.5, 0.2], density: 2, heat_capacity: 3}\n",
             rest[n / 2 % 3]);
    rig r;
    open_rig(&r, (rig_setting){.deck = deck, .cells = {13, 11}, .depth = 3, .method = &heat_methods[n / 6]});
    const outcome before = outcome_of(&r);
    take_steps(&r, 0.6 * heat_stepper_limit(&r.stepper), 300);
    const outcome after = outcome_of(&r);
    const double came = after.wall_heat + after.source_heat;
    const double scale = fabs(before.energy) + fabs(after.wall_heat) + fabs(after.source_heat);
    assert_true(everywhere(fabs(after.energy - before.energy - came) <= 1e-12 * scale));
    assert_true(fabs(came) > 1e-4 * scale); /* there was some heat to balance */
    close_rig(&r);
  }
}

/* The heat of a steady uniform source and flux is compared with what can be computed by hand. */
static void the_heat_of_known_sources_and_fluxes_is_that(void **state) {
  (void)state;
  static const char deck[] = "material: {conductivity: 2, density: 3, heat_capacity: 5}\ninitial: {temperature: 1}\n"
                             "source: 4\nregions: [{shape: where, condition: x < 1, source: 10*t}]\n"
                             "boundary: {left: {type: neumann, flux: 6}, top: {type: neumann, flux: -1}}";
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    rig r;
    open_rig(&r, (rig_setting){.deck = deck, .cells = {8, 7}, .size = {2, 3}, .method = &heat_methods[m]});
    const double dt = 0.5 * heat_stepper_limit(&r.stepper), time = 40 * dt;
    take_steps(&r, dt, 40);
    const outcome out = outcome_of(&r);
    const double ramp = heat_methods[m].order == 1 ? dt * dt * 40 * 39 / 2 : time * time / 2; /* sum or integral of t */
    assert_true(fabs(out.wall_heat - time * (6 * 3 - 1 * 2)) <= 1e-12 * time * 20);
    assert_true(fabs(out.source_heat - (4 * 3 * time + 10 * 3 * ramp)) <= 1e-12 * (12 * time + 30 * ramp));
    assert_true(fabs(out.mean * 2 * 3 * 3 * 5 - out.energy) <= 1e-12 * out.energy);
    close_rig(&r);
  }
}

static uint64_t draw(uint64_t *seed, uint64_t below) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (*seed >> 33) % below;
}

/* For any grid, material and sides, with steps up to the monotone limit, no temperature leaves the range of the start
 * and of the walls, which is [-1, 1]. In an insulated domain the range can only become smaller. */
static void the_maximum_principle_holds(void **state) {
  (void)state;
  static const char *const materials[] = {"material: {diffusivity: 1}\n",
                                          "material: {conductivity: [1.5, 0.2], density: 2, heat_capacity: 3}\n", lumps,
                                          "interface: arithmetic\n"};
  static const char *const walls[] = {"",
                                      "type: dirichlet, value: 1",
                                      "type: dirichlet, value: 'sin(99*t + 7*x + 5*y)'",
                                      "type: robin, coefficient: 3, ambient: 1",
                                      "type: robin, coefficient: '1 + 1e3*x', ambient: -1",
                                      "type: robin, coefficient: '1e6*t*t', ambient: 'cos(80*t)'",
                                      "type: robin, coefficient: 1e12, ambient: -1"};
  enum { DECKS = 80, STEPS = 40, WALLS = sizeof walls / sizeof *walls, MOST_CELLS = 11 };
  uint64_t seed = 20261125;
  int size, run = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int n = 0; n < fewer(DECKS, 8); n++) {
    char deck[2048];
    const int material = (int)draw(&seed, 4);
    int used =
        snprintf(deck, sizeof deck, "%s%sinitial: {temperature: 'sin(400*x + 230*y + %d) > 0 ? 1 : -1'}\nboundary: {",
                 materials[material], material == 3 ? lumps : "", n);
    bool enclosed = true;
    for (int axis = 0; axis < HEAT_AXES; axis++) {
      const bool periodic = draw(&seed, 4) == 0;
      for (int side = 2 * axis; side < 2 * axis + 2; side++) {
        const int which = (int)draw(&seed, WALLS);
        const char *wall = periodic ? "type: periodic" : n % 5 == 0 ? "" : walls[which];
        used += snprintf(deck + used, sizeof deck - (size_t)used, "%s: {%s}, ", heat_side_names[side], wall);
        enclosed = enclosed && (periodic || wall[0] == '\0');
      }
    }
    snprintf(deck + used, sizeof deck - (size_t)used, "}\n");
    const int64_t nx = 1 + (int64_t)draw(&seed, MOST_CELLS), ny = 1 + (int64_t)draw(&seed, MOST_CELLS);
    heat_layout layout = {.cells = {nx, ny}};
    if (!heat_layout_choose(&layout, size)) continue;
    run++;
    rig r;
    open_rig(&r,
             (rig_setting){.deck = deck, .cells = {nx, ny}, .depth = 3, .method = &heat_methods[HEAT_METHOD_EULER]});
    double dt = heat_method_limits(r.stepper.method, heat_operator_bounds(&r.op)).monotone;
    if (isinf(dt)) dt = 1;
    assert_true(dt <= heat_stepper_limit(&r.stepper));
    const heat_clock clock = heat_clock_create(0, 0, dt, STEPS * dt);
    heat_extent before = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
    for (int64_t step = 0; step < STEPS; step++) {
      advance(&r, &clock, step, step + 1);
      const heat_extent now = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
      if (!(now.not_finite == 0 && now.max <= 1 + 1e-14 && now.min >= -1 - 1e-14))
        fail_msg("%g .. %g after step %d with %lld x %lld cells of\n%s", now.min, now.max, (int)step + 1, (long long)nx,
                 (long long)ny, deck);
      if (enclosed) assert_true(now.max <= before.max + 1e-15 && now.min >= before.min - 1e-15);
      before = now;
    }
    close_rig(&r);
  }
  assert_true(run >= fewer(DECKS, 8) / 2);
}

static void a_constant_stays_constant_to_the_bit(void **state) {
  (void)state;
  static const char *const materials[] = {"material: {conductivity: [1.5, 0.2], density: 2, heat_capacity: 3}\n",
                                          lumps};
  static const char *const walls[] = {
      "", "left: {type: dirichlet, value: 293.15}, top: {type: dirichlet, value: 293.15}",
      "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: 293.15}",
      "left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}"};
  for (int n = 0; n < 8 * HEAT_EXPLICIT_METHODS; n++) {
    char deck[2048];
    if (!is_taken(n, 3)) continue;
    snprintf(deck, sizeof deck, "%sinitial: {temperature: 293.15}\nboundary: {%s}", materials[n % 2], walls[n / 2 % 4]);
    const heat_method *method = &heat_methods[n / 8];
    rig r;
    open_rig(&r, (rig_setting){.deck = deck, .cells = {13, 11}, .depth = 3, .method = method});
    take_steps(&r, 0.9 * heat_stepper_limit(&r.stepper), 70);
    const heat_extent extent = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
    /* If weights add up to one only up to rounding, a constant is kept only up to rounding. */
    const double slack = method == &heat_methods[HEAT_METHOD_EULER] ? 0 : 1e-12 * 293.15;
    assert_true(everywhere(fabs(extent.min - 293.15) <= slack && fabs(extent.max - 293.15) <= slack));
    assert_true(outcome_of(&r).wall_heat == 0 || slack > 0);
    close_rig(&r);
  }
}

static double checkerboard_after(const heat_method *method, double part_of_limit) {
  static const char deck[] =
      "material: {diffusivity: [1, 0.3]}\ninitial: {temperature: 'cos(pi*(x*12 - 0.5))*cos(pi*(y*8 - 0.5))'}\n"
      "boundary: {left: {type: periodic}, right: {type: periodic}, bottom: {type: periodic}, top: {type: periodic}}";
  rig r;
  open_rig(&r, (rig_setting){.deck = deck, .cells = {12, 8}, .depth = 3, .method = method});
  take_steps(&r, part_of_limit * heat_stepper_limit(&r.stepper), 400);
  const heat_extent extent = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
  close_rig(&r);
  return extent.not_finite > 0 ? INFINITY : fmax(extent.max, -extent.min);
}

static void the_limit_of_the_step_is_sharp_for_the_checkerboard(void **state) {
  (void)state;
  for (int m = 0; m < HEAT_EXPLICIT_METHODS; m++) {
    assert_true(checkerboard_after(&heat_methods[m], 1) <= 1 + 1e-10);
    assert_true(checkerboard_after(&heat_methods[m], 1.02) > 100);
  }
}

static void at_the_limit_every_problem_is_stable(void **state) {
  (void)state;
  static const char *const walls[] = {
      "",
      ("left: {type: dirichlet, value: 0}, right: {type: dirichlet, value: 0}, bottom: {type: dirichlet, value: 0}, "
       "top: {type: dirichlet, value: 0}"),
      "left: {type: robin, coefficient: 3, ambient: 0}, top: {type: robin, coefficient: 1e6, ambient: 0}",
      "left: {type: periodic}, right: {type: periodic}, bottom: {type: dirichlet, value: 0}"};
  for (int n = 0; n < 4 * HEAT_EXPLICIT_METHODS; n++) {
    char deck[2048];
    if (!is_taken(n, 3)) continue;
    snprintf(deck, sizeof deck, "%sinitial: {temperature: sin(400*x + 230*y)}\nboundary: {%s}", lumps, walls[n % 4]);
    rig r;
    open_rig(&r, (rig_setting){.deck = deck, .cells = {13, 11}, .depth = 5, .method = &heat_methods[n / 4]});
    take_steps(&r, heat_stepper_limit(&r.stepper), 1000);
    const heat_extent extent = heat_field_extent(heat_stepper_solution(&r.stepper), &r.grid);
    assert_true(everywhere(extent.not_finite == 0 && extent.max < 10 && extent.min > -10));
    close_rig(&r);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fourier_mode_decays_by_exactly_the_amplification_factor),
      cmocka_unit_test(space_is_second_order_for_every_type_of_side_and_material),
      cmocka_unit_test(space_is_second_order_through_periodic_sides),
      cmocka_unit_test(time_has_the_order_of_the_method),
      cmocka_unit_test(enclosed_heat_is_conserved),
      cmocka_unit_test(heat_is_balanced_against_walls_and_sources),
      cmocka_unit_test(the_heat_of_known_sources_and_fluxes_is_that),
      cmocka_unit_test(the_maximum_principle_holds),
      cmocka_unit_test(a_constant_stays_constant_to_the_bit),
      cmocka_unit_test(the_limit_of_the_step_is_sharp_for_the_checkerboard),
      cmocka_unit_test(at_the_limit_every_problem_is_stable),
  };
  return run_mpi_tests(&argc, &argv, tests, sizeof tests / sizeof *tests);
}
