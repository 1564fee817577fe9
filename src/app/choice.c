/* The choice of the method for `time.method: auto`: the one with the least work, in units of one explicit update of all
 * cells.
 *
 *     euler:    end / dt steps of one update
 *     rkl2:     N steps by error control of s + 2 stages each, and of what looks at their error; s as the mean step,
 *               end / N, needs, and N no less than the longest stable steps give
 *     tr-bdf2:  N steps by error control, each with two solves of a number of iterations that goes with the digits that
 *               the solver is asked for
 *
 *     N = (first + for_a_jump jumps + for_a_turn turns) (1e-4 / tolerance)^0.4 + outputs
 *
 * where jumps is the number of jumps in time of sides and sources, and turns is how often these change between rising
 * and falling. If sides or sources depend on time, the evaluation of their expressions is added: once for every update
 * and stage, and several times for a solve.
 *
 * The constants were measured on one and two cores with AVX-512, on grids from 64^2 to 8192^2 cells. In nanoseconds per
 * cell on two cores, in tiles and on large grids, where updates are done in the lane frame (see lane_frame.h):
 *
 *                          uniform material    varying material
 *     an update               0.2     0.16        0.5     0.25
 *     a stage of rkl2         0.4     0.35        0.48    0.48
 *     an iteration            6.8     6.4         6.5     6.5
 *     a solve beside them    20      19          19      19
 *
 * The faster an update is, the more updates everything else is worth. The time of a solve includes what steps by error
 * control do in addition: multigrid levels for another length of the step, and the estimate of the error. */
#include "heat2d/app/plan.h"
#include "heat2d/app/setup.h"
#include "heat2d/numerics/steady.h"
#include "survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* of_first_order is the factor on the number of steps of a first-order method. */
static const double usual_tolerance = 1e-4, of_tolerance = 0.4, of_first_order = 10;
static const double digits_of_an_iteration = 1.5;

/* Numbers of steps at a tolerance of 1e-4. */
typedef struct pace {
  double first, for_a_jump, for_a_turn;
} pace;
static const pace explicit_pace = {.first = 100, .for_a_jump = 80, .for_a_turn = 25};
static const pace implicit_pace = {.first = 70, .for_a_jump = 32, .for_a_turn = 13};

/* The cost per cell, in updates of a cell. */
typedef struct price {
  double stage, look;      /* rkl2: a stage; the estimate of a step's error */
  double solve, iteration; /* a solve without its iterations; an iteration */
} price;
/* Cells of the whole grid, since the choice must not depend on the number of ranks. */
static const double large_cells = 1 << 19;
static const price varying_prices[] = {{.stage = 0.95, .look = 1, .solve = 38, .iteration = 13},
                                       {.stage = 1.9, .look = 2, .solve = 76, .iteration = 26}};
static const price uniform_prices[] = {{.stage = 2, .look = 1, .solve = 100, .iteration = 34},
                                       {.stage = 2.2, .look = 1.5, .solve = 120, .iteration = 40}};
/* Costs that do not depend on the size of the grid, in updates of a cell: to begin an update or a stage; for a solve,
 * its coarse levels. */
static const double begin_work = 1500, coarse_work = 5e5;
/* The cost of an expression in t, and the number of evaluations in a solve. */
static const double evaluation = 5, evaluations_solve = 5;

/* What is known about a run before its steps. */
typedef struct outlook {
  const heat_config *config;
  heat_bounds bounds;
  double end, cells;
  int jumps, turns;
  price price;
  double beside; /* further cost of an update per cell: evaluations of expressions, and its beginning */
} outlook;

static price price_of(bool uniform, double cells) {
  const int large = cells >= large_cells;
  return uniform ? uniform_prices[large] : varying_prices[large];
}

static double controlled_steps(const outlook *o, const heat_method *method) {
  const double tolerance = heat_config_real(o->config, "time.tolerance");
  const heat_clock clock = heat_clock_create_free(0, 0, 0, o->end);
  const double outputs = heat_plan_occurrences(&clock, heat_config_cadence(o->config, "output.every")) +
                         heat_plan_occurrences(&clock, heat_plan_images(o->config));
  const pace known = method->step == NULL ? explicit_pace : implicit_pace;
  const double steps = known.first + known.for_a_jump * (double)o->jumps + known.for_a_turn * (double)o->turns;
  const double finer = usual_tolerance / tolerance;
  return steps * (method->order == 1 ? of_first_order * finer : pow(finer, of_tolerance)) + outputs;
}

/* The work of one step of a method, in updates of euler in this run. */
static double step_work(const outlook *o, const heat_method *method, double dt, bool looks) {
  const double tolerance = heat_method_solver_tolerance(method, o->config), update = 1 + o->beside;
  heat_stage stages[HEAT_METHOD_STAGES];
  int result;
  if (method->step == NULL) {
    const heat_step step = {.dt = dt, .estimated = looks};
    const double count = method->stages(&step, o->bounds.spectral, stages, &result);
    return (count * (o->price.stage + o->beside) + (looks ? o->price.look : 0)) / update;
  }
  const double iterations = -log10(tolerance) / digits_of_an_iteration;
  const double solve = o->price.solve + iterations * o->price.iteration + coarse_work / o->cells;
  return (solve + evaluations_solve * o->beside) * (method == &heat_methods[HEAT_METHOD_TR_BDF2] ? 2 : 1) / update;
}

/* The fraction of the cells whose source depends on time, estimated from some rows. */
static double share_in_time(const heat_problem *problem) {
  enum { ROWS = 64 };
  const int64_t rows = problem->cells[HEAT_Y], count = rows < ROWS ? rows : ROWS;
  double found = 0;
  if (!heat_problem_in_time(problem, HEAT_SOURCE)) return 0;
  for (int64_t n = 0; n < count; n++) {
    const int64_t j = (2 * n + 1) * rows / (2 * count);
    int64_t somewhere[HEAT_AXES];
    found += heat_survey_in_time(problem, (heat_box){{0, j}, {problem->cells[HEAT_X], j + 1}}, somewhere);
  }
  return found / ((double)count * (double)problem->cells[HEAT_X]);
}

/* The cost of evaluating sides and sources at one instant, per cell, in updates of a cell. */
static double work_in_time(const heat_problem *problem, double cells) {
  double sides = 0;
  for (int side = 0; side < HEAT_SIDES; side++)
    if (heat_problem_side_in_time(problem, side)) sides += (double)problem->cells[1 - side / 2];
  return evaluation * (sides / cells + share_in_time(problem));
}

/* Add a method, with steps of the length that the deck gives or by error control. */
static void add(heat_choice *choice, const outlook *o, int index, bool looks) {
  const heat_method *method = &heat_methods[index];
  const double longest = heat_method_limits(method, o->bounds).stable;
  const double steps = looks ? fmax(controlled_steps(o, method), o->end / longest)
                             : ceil(o->end / heat_config_real(o->config, "time.step"));
  choice->steps[index] = ceil(steps);
  choice->work[index] = choice->steps[index] * step_work(o, method, o->end / steps, looks);
}

static void add_euler(heat_choice *choice, const outlook *o) {
  const heat_limits limits = heat_method_limits(&heat_methods[HEAT_METHOD_EULER], o->bounds);
  const double dt = fmin(heat_config_real(o->config, "time.safety") * limits.stable, limits.monotone);
  choice->steps[HEAT_METHOD_EULER] = choice->work[HEAT_METHOD_EULER] = ceil(o->end / dt);
}

/* The method with the least work of those that were estimated. */
static int least_work(const heat_choice *choice) {
  int best = -1;
  for (int m = 0; m < HEAT_METHODS; m++)
    if (choice->work[m] > 0 && (best < 0 || choice->work[m] < choice->work[best])) best = m;
  return best;
}

double heat_choice_foresee(const heat_config *config, heat_bounds bounds) {
  heat_choice choice = {0};
  outlook o = {.config = config, .bounds = bounds, .cells = 1};
  for (int axis = 0; axis < HEAT_AXES; axis++) o.cells *= (double)heat_config_integer(config, "domain.cells.%d", axis);
  o.price = price_of(false, o.cells);
  const bool open = heat_config_auto(config, "time.method"), controlled = heat_config_auto(config, "time.step");
  const int method = open ? HEAT_METHOD_EULER : heat_config_choice(config, "time.method");
  if (method == HEAT_METHOD_STEADY) return step_work(&o, &heat_methods[method], 0, false);
  o.end = heat_config_real(config, "time.end");
  if (!controlled) {
    add(&choice, &o, method, false);
  } else if (method == HEAT_METHOD_EULER) {
    add_euler(&choice, &o);
  } else {
    add(&choice, &o, method, true);
  }
  if (open && controlled) {
    add(&choice, &o, HEAT_METHOD_RKL2, true);
    add(&choice, &o, HEAT_METHOD_TR_BDF2, true);
  }
  return choice.work[least_work(&choice)];
}

heat_status heat_setup_choose(heat_setup *setup, heat_bounds bounds) {
  const heat_config *config = setup->config;
  heat_choice *choice = &setup->choice;
  const bool controlled = heat_config_auto(config, "time.step");
  const bool asked = heat_config_auto(config, "time.method") && controlled;
  const ptrdiff_t own = setup->method - heat_methods;
  /* If the deck names another method than euler, the report also shows the work of the other methods. */
  if (!asked && (own == HEAT_METHOD_EULER || heat_setup_steady(setup))) return heat_ok();
  const heat_problem *problem = &setup->problem;
  outlook o = {.config = config,
               .bounds = bounds,
               .end = heat_config_real(config, "time.end"),
               .cells = (double)problem->cells[HEAT_X] * (double)problem->cells[HEAT_Y]};
  o.price = price_of(heat_problem_uniform_material(problem), o.cells);
  o.beside = work_in_time(problem, o.cells) + begin_work / o.cells;
  heat_jump *jumps;
  const heat_status status = heat_problem_jumps(problem, o.end, &jumps, &o.jumps);
  free(jumps);
  o.turns = heat_problem_turns(problem, o.end);
  choice->asked = asked;
  add_euler(choice, &o);
  /* rkl2 is not chosen for a run that ends as steady, because its stages leave noise in du/dt that hides the steady
   * state. */
  const heat_steady steady = heat_steady_create(config);
  if (!heat_steady_asked(&steady)) add(choice, &o, HEAT_METHOD_RKL2, true);
  add(choice, &o, HEAT_METHOD_TR_BDF2, true);
  if (own != HEAT_METHOD_EULER) add(choice, &o, (int)own, controlled);
  if (!asked) return status;
  heat_setup_set_method(setup, least_work(choice));
  return status;
}

void heat_setup_describe_choice(const heat_setup *setup, char *text, size_t limit) {
  const heat_choice *choice = &setup->choice;
  text[0] = '\0';
  if (!choice->asked && !(choice->work[HEAT_METHOD_EULER] > 0)) return;
  int length = choice->asked ? snprintf(text, limit, "auto        %s has the least work, in updates of all cells:",
                                        heat_method_name(setup->method))
                             : snprintf(text, limit, "work        predicted, in updates of all cells:");
  for (int m = 0; m < HEAT_METHODS && length < (int)limit; m++)
    if (choice->work[m] > 0)
      length += snprintf(text + length, limit - (size_t)length, "%s %s %.2g (%.2g steps)",
                         m == HEAT_METHOD_EULER ? "" : ",", heat_method_names[m], choice->work[m], choice->steps[m]);
}
