/* `heat2d check`: everything that `run` would refuse, and the plan, without a field of the grid's size in memory and
 * within about a second: of a large grid only a part is looked at. */
#include "forecast.h"
#include "heat2d/app/simulation.h"
#include "heat2d/deck/regions.h"

#include <stdlib.h>
#include <string.h>

/* The resolved deck, and the plan as comments, so that the output is a deck. */
static heat_status print(const heat_setup *setup, const heat_plan *plan) {
  char *deck = heat_config_write(setup->config), *text = heat_plan_text(plan);
  const bool good = deck != NULL && text != NULL;
  if (good) {
    fputs(deck, stdout);
    printf("#\n");
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) printf("# %s\n", line);
  }
  free(deck);
  free(text);
  return good ? heat_ok() : heat_no_memory("the plan", 0);
}

/* As comments, too. */
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

heat_status heat_simulation_check(heat_runtime *runtime, const heat_options *options, int ranks) {
  heat_setup setup;
  heat_survey survey = {.seen = 0};
  heat_limits limits = {0};
  double dt = 0;
  heat_status status = heat_setup_create(&setup, runtime, options, ranks);
  if (status.code == HEAT_OK) status = heat_survey_take(&survey, &setup);
  if (status.code == HEAT_OK) limits = heat_method_limits(setup.method, survey.bounds);
  const bool guessed = status.code == HEAT_OK && survey.seen < 1 && heat_config_auto(setup.config, "time.step");
  if (status.code == HEAT_OK) status = heat_agree(runtime->comm, heat_setup_step(&setup, limits, &dt));
  /* A step that is only estimated is no part of the resolved deck. */
  if (status.code == HEAT_OK && guessed)
    status = heat_agree(runtime->comm, heat_config_resolve(setup.config, "time.step", "auto"));
  if (status.code == HEAT_OK) {
    const heat_clock clock = heat_clock_create(0, 0, dt, heat_config_real(setup.config, "time.end"));
    status = heat_agree(runtime->comm, heat_plan_check_files(setup.config, &clock));
  }
  if (status.code == HEAT_OK) {
    heat_plan plan = {.grid = &setup.grid,
                      .method = setup.method,
                      .clock = heat_clock_create(0, 0, dt, heat_config_real(setup.config, "time.end")),
                      .limits = limits,
                      .depth = setup.depth,
                      .threads = setup.threads,
                      .ranks = ranks > 0 ? ranks : runtime->size,
                      .copies = true,
                      .unseen = 1 - survey.seen};
    status = heat_forecast_make(&plan, &setup, &survey, runtime);
    if (status.code == HEAT_OK && runtime->rank == 0) status = print(&setup, &plan);
    status = heat_agree(runtime->comm, status);
    if (status.code == HEAT_OK) status = print_regions(&setup.problem, runtime);
  }
  heat_setup_destroy(&setup);
  return status;
}
