/* Which method a run takes where the deck leaves it to the program: the one with the least work, in units of one
 * explicit update of all cells.
 *
 *     euler:    end / dt steps of one update
 *     rkl2:     N steps by error control of s + 2 stages each, and of what looks at their error; s as the mean step,
 * end / N, needs, and N no less than the longest stable steps give tr-bdf2:  N steps by error control, each with two
 * solves of a number of iterations that goes with the digits that the solver is asked for, and of what looks at their
 * error
 *
 *     N = (FIRST + FOR_A_JUMP jumps + FOR_A_TURN turns) sqrt(1e-4 / tolerance) + outputs
 *
 * with the jumps in time of sides and sources and how often these turn round. The constants are means of measurements
 * on two cores with AVX-512, on grids from 64^2 to 1024^2 cells; where two methods are near each other in work, they
 * are so in time. */
#include "heat2d/app/plan.h"
#include "heat2d/app/setup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 100, FOR_A_JUMP = 20, FOR_A_TURN = 15 };          /* steps at a tolerance of 1e-4 */
static const double usual_tolerance = 1e-4, of_first_order = 10; /* times as many then */
static const double stage_work = 2.6, look_work = 15; /* of rkl2: a stage, and what looks at a step's error and range */
static const double iteration_work = 65;              /* of conjugate gradients with a cycle of the multigrid */
static const double solve_work = 70;                  /* of a solve beside its iterations: the levels, and both ends */
static const double digits_of_an_iteration = 1.6;

/* What is known of a run before its steps. */
typedef struct outlook {
  const heat_config *config;
  heat_bounds bounds;
  double end;
  int jumps, turns;
} outlook;

static double controlled_steps(const outlook *o, int order) {
  const double tolerance = heat_config_real(o->config, "time.tolerance");
  const heat_clock clock = heat_clock_create_free(0, 0, 0, o->end);
  const double outputs = heat_plan_occurrences(&clock, heat_config_cadence(o->config, "output.every")) +
                         heat_plan_occurrences(&clock, heat_plan_images(o->config));
  const double steps = FIRST + FOR_A_JUMP * (double)o->jumps + FOR_A_TURN * (double)o->turns;
  return steps * (order == 1 ? of_first_order * usual_tolerance / tolerance : sqrt(usual_tolerance / tolerance)) +
         outputs;
}

/* Of one step of a method. */
static double step_work(const outlook *o, const heat_method *method, double dt, bool looks) {
  const double tolerance = heat_method_solver_tolerance(method, o->config);
  heat_stage stages[HEAT_METHOD_STAGES];
  int result;
  if (method->step == NULL)
    return (looks ? look_work : 0) +
           stage_work * method->stages(&(heat_step){.dt = dt, .estimated = looks}, o->bounds.spectral, stages, &result);
  const double solve = solve_work - log10(tolerance) / digits_of_an_iteration * iteration_work;
  return solve * (method == &heat_methods[HEAT_METHOD_TR_BDF2] ? 2 : 1);
}

/* With steps of the length that the deck gives, or by error control. */
static void add(heat_choice *choice, const outlook *o, int index, bool looks) {
  const heat_method *method = &heat_methods[index];
  const double longest = heat_method_limits(method, o->bounds).stable;
  const double steps = looks ? fmax(controlled_steps(o, method->order), o->end / longest)
                             : ceil(o->end / heat_config_real(o->config, "time.step"));
  choice->steps[index] = ceil(steps);
  choice->work[index] = choice->steps[index] * step_work(o, method, o->end / steps, looks);
}

static void add_euler(heat_choice *choice, const outlook *o) {
  const heat_limits limits = heat_method_limits(&heat_methods[HEAT_METHOD_EULER], o->bounds);
  const double dt = fmin(heat_config_real(o->config, "time.safety") * limits.stable, limits.monotone);
  choice->steps[HEAT_METHOD_EULER] = choice->work[HEAT_METHOD_EULER] = ceil(o->end / dt);
}

/* Of the methods that were looked at. */
static int least_work(const heat_choice *choice) {
  int best = -1;
  for (int m = 0; m < HEAT_METHODS; m++)
    if (choice->work[m] > 0 && (best < 0 || choice->work[m] < choice->work[best])) best = m;
  return best;
}

double heat_choice_foresee(const heat_config *config, heat_bounds bounds) {
  heat_choice choice = {0};
  outlook o = {.config = config, .bounds = bounds};
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
  /* To those who chose another method than euler it is said, too, what others would take. */
  if (!asked && (own == HEAT_METHOD_EULER || heat_setup_steady(setup))) return heat_ok();
  outlook o = {.config = config, .bounds = bounds, .end = heat_config_real(config, "time.end")};
  heat_jump *jumps;
  const heat_status status = heat_problem_jumps(&setup->problem, o.end, &jumps, &o.jumps);
  free(jumps);
  o.turns = heat_problem_turns(&setup->problem, o.end);
  choice->asked = asked;
  add_euler(choice, &o);
  add(choice, &o, HEAT_METHOD_RKL2, true);
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
                             : snprintf(text, limit, "work        foreseen, in updates of all cells:");
  for (int m = 0; m < HEAT_METHODS && length < (int)limit; m++)
    if (choice->work[m] > 0)
      length += snprintf(text + length, limit - (size_t)length, "%s %s %.2g (%.2g steps)",
                         m == HEAT_METHOD_EULER ? "" : ",", heat_method_names[m], choice->work[m], choice->steps[m]);
}
