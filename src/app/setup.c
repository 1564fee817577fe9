#include "heat2d/app/setup.h"

#include "heat2d/io/checkpoint.h"
#include "heat2d/io/h5_way.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ranks in the places that parallel.ranks names, or {0, 0}. */
static void asked_ranks(const heat_config *config, int ranks[HEAT_AXES]) {
  const bool chosen = heat_config_auto(config, "parallel.ranks");
  for (int axis = 0; axis < HEAT_AXES; axis++)
    ranks[axis] = chosen ? 0 : (int)heat_config_integer(config, "parallel.ranks.%d", axis);
}

/* Whether `ranks` ranks can be placed on the grid, where the deck has them: said before anything is allocated. */
static heat_status check_placing(const heat_setup *setup, int ranks) {
  heat_layout layout = setup->grid.layout;
  int asked[HEAT_AXES];
  asked_ranks(setup->config, asked);
  if (asked[HEAT_X] > 0 && (int64_t)asked[HEAT_X] * asked[HEAT_Y] != ranks)
    return heat_config_fail(setup->config, "parallel.ranks", "%d x %d ranks are asked for, but the plan is for %d",
                            asked[HEAT_X], asked[HEAT_Y], ranks);
  if (heat_layout_choose(&layout, ranks)) return heat_ok();
  return heat_config_fail(setup->config, "domain.cells", "%lld x %lld cells cannot be distributed over %d ranks",
                          (long long)layout.cells[HEAT_X], (long long)layout.cells[HEAT_Y], ranks);
}

static heat_status check_threads(const heat_setup *setup, const heat_runtime *runtime) {
  if (setup->threads == 1 || runtime->may_thread) return heat_ok();
  return heat_config_fail(
      setup->config, "parallel.threads",
      "this MPI was started without support for threads (1 thread and more ranks do the same work)");
}

/* Whether a run with these options goes on from a checkpoint. */
static heat_status goes_on(heat_runtime *runtime, const heat_options *options, const heat_config *config,
                           bool *resumed) {
  *resumed = options->resume_file != NULL;
  if (!options->resume || *resumed) return heat_ok();
  return heat_checkpoint_any(runtime->comm, heat_config_text(config, "output.directory"), resumed);
}

/* The method of the run that is gone on with, where the deck leaves it to the program: another end or tolerance is no
 * reason to go on with another one. */
static heat_status adopt_method(heat_setup *setup, heat_runtime *runtime, const heat_options *options) {
  heat_config *old = NULL;
  char *text = NULL, path[HEAT_PATH];
  heat_state state;
  heat_status status = heat_ok();
  if (options->resume_file != NULL) {
    status = heat_checkpoint_read_state(runtime->comm, NULL, options->resume_file, &state, &text);
    if (status.code == HEAT_OK) status = heat_config_parse(&old, options->resume_file, text, strlen(text), NULL, 0);
  } else {
    snprintf(path, sizeof path, "%s/deck.yaml", heat_config_text(setup->config, "output.directory"));
    status = heat_config_load(&old, runtime->comm, path, NULL, 0);
  }
  free(text);
  /* What cannot be read is told when the run is resumed. */
  const bool known = status.code == HEAT_OK && !heat_config_auto(old, "time.method");
  status = known ? heat_config_adopt(setup->config, old, "time.method") : heat_ok();
  heat_config_destroy(old);
  return heat_agree(runtime->comm, status);
}

/* Explicit stages are done for as many layers at once as the halo is deep, a solver exchanges one each time. */
static int choose_depth(const heat_setup *setup) {
  if (!heat_config_auto(setup->config, "parallel.halo_depth"))
    return (int)heat_config_integer(setup->config, "parallel.halo_depth");
  if (setup->method->step != NULL) return 1;
  heat_layout layout = setup->grid.layout;
  if (setup->planned_ranks > 0) heat_layout_choose(&layout, setup->planned_ranks);
  return heat_halo_choose_depth(&layout, HEAT_BATCH);
}

heat_status heat_setup_load(heat_config **config, heat_runtime *runtime, const heat_options *options) {
  const heat_member *member = options->member;
  if (member != NULL) return heat_agree(runtime->comm, heat_members_create(config, member->config, member->index));
  const heat_status status = heat_config_load(config, runtime->comm, options->deck, options->sets, options->set_count);
  if (status.code == HEAT_DECK && runtime->rank == 0)
    runtime->further = heat_config_further_faults(options->deck, options->sets, options->set_count, status.text);
  return status;
}

heat_status heat_setup_create(heat_setup *setup, heat_runtime *runtime, const heat_options *options, int ranks) {
  *setup = (heat_setup){0};
  heat_status status = heat_setup_load(&setup->config, runtime, options);
  if (status.code != HEAT_OK) return status;
  const heat_config *config = setup->config;
  const char *directory = heat_config_text(config, "output.directory");
  if (directory[0] == '~')
    return heat_config_fail(config, "output.directory",
                            "'%s' begins with ~, which only a shell expands (write the path out)", directory);
  bool resumed;
  status = goes_on(runtime, options, config, &resumed);
  if (status.code != HEAT_OK) return status;
  if (resumed && heat_config_auto(config, "time.method")) status = adopt_method(setup, runtime, options);
  if (status.code != HEAT_OK) return status;
  status = resumed ? heat_problem_create_resumed(&setup->problem, runtime->comm, config)
                   : heat_problem_create(&setup->problem, runtime->comm, config);
  if (status.code != HEAT_OK) return status;
  setup->method = &heat_methods[heat_config_auto(config, "time.method") ? HEAT_METHOD_EULER
                                                                        : heat_config_choice(config, "time.method")];
  setup->way = heat_h5_way_create(config);
  status = heat_h5_way_thin(&setup->way, runtime->comm, 0);
  if (status.code != HEAT_OK) return status;
  setup->threads = (int)heat_config_integer(config, "parallel.threads");
  for (int axis = 0; axis < HEAT_AXES && !heat_config_auto(config, "parallel.tile"); axis++)
    setup->tile[axis] = (int)heat_config_integer(config, "parallel.tile.%d", axis);
  status = heat_agree(runtime->comm, check_threads(setup, runtime));
  if (status.code != HEAT_OK) return status;
  int asked[HEAT_AXES] = {0, 0};
  if (ranks == 0) asked_ranks(config, asked);
  status = heat_grid_create(&setup->grid, runtime->comm, &setup->problem, asked);
  if (status.code == HEAT_OK) heat_grid_number(&setup->grid, heat_node_filling(runtime->comm));
  if (status.code == HEAT_OK && ranks > 0) status = check_placing(setup, ranks);
  setup->planned_ranks = ranks;
  if (status.code == HEAT_OK) setup->depth = choose_depth(setup);
  return status;
}

void heat_setup_destroy(heat_setup *setup) {
  heat_h5_way_destroy(&setup->way);
  heat_problem_destroy(&setup->problem);
  heat_config_destroy(setup->config);
  *setup = (heat_setup){0};
}

/* The instants of the steps must be told apart, and counted: with at most 10^15 of them t + dt is never t. */
static heat_status check_count(const heat_config *config, double dt, bool chosen) {
  enum { DIGITS = 9 };
  const double end = heat_config_real(config, "time.end"), steps = end / dt, most = 1e15, slack = 1e-12;
  if (steps <= most * (1 + slack)) return heat_ok();
  if (chosen)
    return heat_config_fail(config, "time.end", "would take more than 10^15 steps of %.3g s (must be at most %.*g s)",
                            dt, DIGITS, heat_limit_below(most * dt, DIGITS));
  return heat_config_fail(config, "time.step", "%.9g s would take more than 10^15 steps (must be at least %.*g s)", dt,
                          DIGITS, heat_limit_above(end / most, DIGITS));
}

void heat_setup_set_method(heat_setup *setup, int method) {
  setup->method = &heat_methods[method];
  setup->depth = choose_depth(setup);
}

bool heat_setup_steady(const heat_setup *setup) {
  return setup->method == &heat_methods[HEAT_METHOD_STEADY];
}

heat_clock heat_setup_clock_from(const heat_setup *setup, heat_start start) {
  const double end = heat_config_real(setup->config, "time.end");
  if (heat_setup_steady(setup)) return (heat_clock){.dt = end, .end = end, .last = 1};
  if (setup->adapts) return heat_clock_create_free(start.time, start.step, start.dt, end);
  heat_clock clock = heat_clock_create(start.anchor_time, start.anchor_step, start.dt, end);
  if (!(clock.last > start.step && clock.end > start.time)) { /* nothing is left to do */
    clock.last = start.step;
    clock.end = start.time;
  }
  return clock;
}

heat_clock heat_setup_clock(const heat_setup *setup, double dt) {
  return heat_setup_clock_from(setup, (heat_start){.dt = setup->adapts ? 0 : dt});
}

/* Steps by error control: time.step stays `auto`. */
static heat_status adapt(heat_setup *setup) {
  setup->adapts = true;
  return heat_config_resolve(setup->config, "time.method", heat_method_name(setup->method));
}

/* How well systems are to be solved, where the deck leaves that open. */
static heat_status resolve_solver(heat_setup *setup) {
  enum { NUMBER = 64 };
  char number[NUMBER];
  if (setup->method->step == NULL) return heat_ok();
  snprintf(number, sizeof number, "%.17g", heat_method_solver_tolerance(setup->method, setup->config));
  return heat_config_resolve(setup->config, "time.solver.tolerance", number);
}

static heat_status one_solve(heat_setup *setup, double *dt) {
  *dt = heat_config_real(setup->config, "time.end");
  if (heat_config_auto(setup->config, "time.step")) return heat_ok();
  return heat_config_fail(setup->config, "time.step", "not used by time.method steady, which takes no steps");
}

heat_status heat_setup_step(heat_setup *setup, heat_limits limits, double *dt) {
  heat_config *config = setup->config;
  *dt = 0;
  const heat_status resolved = resolve_solver(setup);
  if (resolved.code != HEAT_OK) return resolved;
  if (heat_setup_steady(setup)) return one_solve(setup, dt);
  if (heat_method_adapts(setup->method) && heat_config_auto(config, "time.step")) return adapt(setup);
  enum { NUMBER = 64, DIGITS = 9, STEPS_OF_ONE_CELL = 1000 };
  char number[NUMBER];
  const bool chosen = heat_config_auto(config, "time.step");
  if (chosen) {
    const double end = heat_config_real(config, "time.end");
    *dt = fmin(heat_config_real(config, "time.safety") * limits.stable, limits.monotone);
    if (isinf(*dt)) *dt = end / STEPS_OF_ONE_CELL; /* nothing conducts: only what changes in time matters */
    if (*dt > end) *dt = end;
  } else {
    *dt = heat_config_real(config, "time.step");
    if (*dt > limits.stable)
      return heat_config_fail(config, "time.step",
                              "%.9g s is unstable on this grid (method %s is stable up to %.*g s, and cannot overshoot "
                              "up to %.*g s)",
                              *dt, heat_method_name(setup->method), DIGITS, heat_limit_below(limits.stable, DIGITS),
                              DIGITS, heat_limit_below(limits.monotone, DIGITS));
  }
  snprintf(number, sizeof number, "%.17g", *dt);
  heat_status status = check_count(config, *dt, chosen);
  if (status.code == HEAT_OK) status = heat_config_resolve(config, "time.step", number);
  return heat_first(status, heat_config_resolve(config, "time.method", heat_method_name(setup->method)));
}
