/* `heat2d check` finds everything that `run` would refuse, and prints the plan. It needs no field of the size of the
 * grid in memory, and about a second: only a sample of the cells of a large grid is examined. */
#include "heat2d/app/check.h"

#include "balance.h"
#include "forecast.h"
#include "heat2d/deck/regions.h"

#include <stdlib.h>
#include <string.h>

enum { CHOICE_TEXT = 512 };

/* Print the resolved deck, and the plan as comments, so that the output is a deck. */
static heat_status print(const heat_setup *setup, const heat_plan *plan) {
  char *deck = heat_config_write(setup->config), *text = heat_plan_text(plan);
  const bool good = deck != NULL && text != NULL;
  if (good) {
    fputs(deck, stdout);
    printf("#\n");
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) printf("# %s\n", line);
    char choice[CHOICE_TEXT];
    heat_setup_describe_choice(setup, choice, sizeof choice);
    if (choice[0] != '\0') printf("# %s\n", choice);
    if (heat_members_count(setup->config) > 0)
      printf("# sweep       %lld members, by `heat2d sweep`\n", (long long)heat_members_count(setup->config));
    if (plan->rate == 0)
      printf("# time        no forecast: how many iterations the solver needs is not known beforehand\n");
  }
  free(deck);
  free(text);
  return good ? heat_ok() : heat_no_memory("the plan", 0);
}

/* Print what is known of the regions, also as comments. */
static heat_status print_regions(const heat_problem *problem, heat_runtime *runtime) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  heat_status status = heat_agree(runtime->comm, out != NULL ? heat_ok() : heat_no_memory("the regions", 0));
  if (status.code == HEAT_OK) status = heat_regions_list(problem, runtime, out);
  if (out != NULL) fclose(out);
  if (status.code == HEAT_OK && text != NULL)
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) printf("# %s\n", line);
  free(text);
  return status;
}

/* Choose the length of a step, and set the clock and the limits of the plan. Collective. */
static heat_status choose_step(heat_setup *setup, const heat_survey *survey, heat_plan *plan) {
  heat_config *config = setup->config;
  const MPI_Comm comm = setup->grid.comm;
  const bool estimated = survey->seen < 1 && heat_config_auto(config, "time.step");
  double dt = 0;
  heat_status status = heat_agree(comm, heat_setup_choose(setup, survey->bounds));
  if (status.code != HEAT_OK) return status;
  plan->limits = heat_method_limits(setup->method, survey->bounds);
  status = heat_agree(comm, heat_setup_step(setup, plan->limits, &dt));
  /* The resolved deck must not contain a step that is only an estimate. */
  if (status.code == HEAT_OK && estimated) status = heat_agree(comm, heat_config_resolve(config, "time.step", "auto"));
  double number;
  /* The heat balance needs the sources of all cells, not only those of a sample. */
  const bool whole = survey->seen >= 1 || heat_problem_uniform(&setup->problem, HEAT_SOURCE, &number);
  if (status.code == HEAT_OK && heat_setup_steady(setup) && whole)
    status = heat_balance_check(&setup->problem, heat_config_real(config, "time.end"), comm);
  if (status.code != HEAT_OK) return status;
  plan->clock = heat_setup_clock(setup, dt);
  return heat_agree(comm, heat_plan_check_files(config, &plan->clock));
}

heat_status heat_check_deck(heat_runtime *runtime, const heat_options *options, int ranks) {
  heat_setup setup;
  heat_survey survey = {.seen = 0};
  heat_plan plan = {.problem = &setup.problem, .grid = &setup.grid, .copies = true};
  heat_status status = heat_setup_create(&setup, runtime, options, ranks);
  if (status.code == HEAT_OK) status = heat_survey_take(&survey, &setup);
  if (status.code == HEAT_OK) status = choose_step(&setup, &survey, &plan);
  if (status.code == HEAT_OK) {
    plan.method = setup.method;
    plan.depth = setup.depth;
    plan.threads = setup.threads;
    plan.ranks = ranks > 0 ? ranks : runtime->size;
    plan.unseen = 1 - survey.seen;
    status = heat_forecast_make(&plan, &setup, &survey, runtime);
    if (status.code == HEAT_OK && runtime->rank == 0) status = print(&setup, &plan);
    status = heat_agree(runtime->comm, status);
  }
  if (status.code == HEAT_OK) status = print_regions(&setup.problem, runtime);
  heat_setup_destroy(&setup);
  return status;
}
