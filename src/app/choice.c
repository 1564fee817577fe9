/* Which method a run takes where the deck leaves it to the program: the one with the least work, in units of one
 * explicit update of all cells.
 *
 *     euler:    end / dt steps of one update
 *     tr-bdf2:  N steps by error control, each with two solves to 1e-10 of work_of_a_solve updates,
 *               N = (FIRST + FOR_A_JUMP jumps + FOR_A_TURN turns) sqrt(1e-4 / tolerance) + outputs
 *
 * with the jumps in time of sides and sources and how often these turn round. */
#include "heat2d/app/plan.h"
#include "heat2d/app/setup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 100, FOR_A_JUMP = 20, FOR_A_TURN = 15 };           /* steps at a tolerance of 1e-4 */
static const double work_of_a_solve = 65, solves_of_a_step = 2.2; /* the estimate of the error included */
static const double usual_tolerance = 1e-4;

static double implicit_steps(const heat_setup *setup, int jumps, int turns) {
  const heat_config *config = setup->config;
  const double tolerance = heat_config_real(config, "time.tolerance");
  const heat_clock clock = heat_clock_create_free(0, 0, 0, heat_config_real(config, "time.end"));
  const double outputs = heat_plan_occurrences(&clock, heat_config_cadence(config, "output.every")) +
                         heat_plan_occurrences(&clock, heat_plan_images(config));
  return (FIRST + FOR_A_JUMP * (double)jumps + FOR_A_TURN * (double)turns) * sqrt(usual_tolerance / tolerance) +
         outputs;
}

/* Of the implicit method that the deck names, with steps of a given length. */
static void add_own(heat_setup *setup, double end) {
  const ptrdiff_t method = setup->method - heat_methods;
  if (heat_config_auto(setup->config, "time.step")) return;
  const double steps = ceil(end / heat_config_real(setup->config, "time.step"));
  setup->choice.steps[method] = steps;
  setup->choice.work[method] = steps * (method == HEAT_METHOD_TR_BDF2 ? 2 : 1) * work_of_a_solve;
}

heat_status heat_setup_choose(heat_setup *setup, heat_bounds bounds) {
  const heat_config *config = setup->config;
  heat_choice *choice = &setup->choice;
  const bool asked = heat_config_auto(config, "time.method") && heat_config_auto(config, "time.step");
  /* To those who chose an implicit method, too, it is said what others would take. */
  if (!asked && (setup->method->step == NULL || heat_setup_steady(setup))) return heat_ok();
  const double end = heat_config_real(config, "time.end");
  heat_jump *jumps;
  int count;
  const heat_status status = heat_problem_jumps(&setup->problem, end, &jumps, &count);
  free(jumps);
  const heat_limits limits = heat_method_limits(&heat_methods[HEAT_METHOD_EULER], bounds);
  const double dt = fmin(heat_config_real(config, "time.safety") * limits.stable, limits.monotone);
  const int turns = heat_problem_turns(&setup->problem, end);
  choice->asked = asked;
  choice->steps[HEAT_METHOD_EULER] = choice->work[HEAT_METHOD_EULER] = ceil(end / dt);
  choice->steps[HEAT_METHOD_TR_BDF2] = implicit_steps(setup, count, turns);
  choice->work[HEAT_METHOD_TR_BDF2] = choice->steps[HEAT_METHOD_TR_BDF2] * solves_of_a_step * work_of_a_solve;
  if (!asked) {
    add_own(setup, end);
    return status;
  }
  int best = HEAT_METHOD_EULER;
  if (choice->work[HEAT_METHOD_TR_BDF2] < choice->work[HEAT_METHOD_EULER]) best = HEAT_METHOD_TR_BDF2;
  heat_setup_set_method(setup, best);
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
