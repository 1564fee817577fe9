/* A run from its deck to its first step:
 *
 *     deck -> problem -> grid -> operator -> stepper        nothing is written yet
 *     directory: new, replaced, or resumed from its newest whole checkpoint
 *     files, report, outputs of step 0 */
#include "heat2d/deck/regions.h"
#include "heat2d/io/directory.h"
#include "memory.h"
#include "simulation_private.h"

/* The length of a step, and the plan as far as the deck limits it. */
static heat_status choose_step(heat_simulation *sim) {
  heat_setup *setup = &sim->setup;
  const heat_limits limits = heat_method_limits(setup->method, heat_operator_bounds(&sim->op));
  heat_status status = heat_agree(sim->runtime->comm, heat_setup_step(setup, limits, &sim->state.dt));
  if (setup->problem.resumed && status.code == HEAT_DECK) {
    sim->step_refused = status;
    status = heat_ok();
  }
  if (status.code == HEAT_OK && !setup->problem.resumed) status = heat_stepper_start(&sim->stepper);
  if (status.code != HEAT_OK || sim->step_refused.code != HEAT_OK) return status;
  if (heat_setup_steady(setup))
    status = heat_stepper_check_steady(&sim->stepper, heat_config_real(setup->config, "time.end"));
  if (status.code != HEAT_OK) return status;
  const heat_clock clock = heat_setup_clock(setup, sim->state.dt);
  return heat_agree(sim->runtime->comm, heat_plan_check_files(setup->config, &clock));
}

/* Between the iterations of a solve, which may take longer than whoever asks for a stop wants to wait. */
static bool asks_for_stop(void *context) {
  heat_simulation *sim = context;
  return heat_watch_asks_now(&sim->watch, &sim->saver);
}

/* With the method and the depth of the halo as they are in the setup. */
static heat_status check_memory(heat_simulation *sim) {
  const heat_setup *setup = &sim->setup;
  const heat_plan plan = {.problem = &setup->problem,
                          .grid = &setup->grid,
                          .method = setup->method,
                          .depth = setup->depth,
                          .threads = setup->threads,
                          .ranks = sim->runtime->size};
  const heat_member *member = sim->options->member;
  const double available = member != NULL && member->memory > 0 ? member->memory : heat_node_memory();
  const heat_status status = heat_memory_check(sim->runtime, &plan, available, &sim->copies);
  sim->copies = sim->copies && setup->way.behind != NULL;
  return status;
}

static heat_status create_operator(heat_simulation *sim) {
  const heat_setup *setup = &sim->setup;
  const heat_status status = check_memory(sim);
  if (status.code != HEAT_OK) return status;
  const heat_discretisation from = {&setup->problem, &setup->grid, setup->depth, setup->threads};
  return heat_operator_create(&sim->op, &from, sim->runtime);
}

heat_status heat_simulation_set_up(heat_simulation *sim) {
  heat_setup *setup = &sim->setup;
  heat_runtime *runtime = sim->runtime;
  heat_status status = heat_setup_create(setup, runtime, sim->options, 0);
  if (status.code != HEAT_OK) return status;
  const heat_method *first = setup->method;
  status = create_operator(sim);
  if (status.code == HEAT_OK)
    status = heat_agree(runtime->comm, heat_setup_choose(setup, heat_operator_bounds(&sim->op)));
  if (status.code == HEAT_OK && setup->method != first) status = check_memory(sim);
  if (status.code == HEAT_OK && setup->depth != sim->op.stencil.depth) { /* that of the method chosen */
    heat_operator_destroy(&sim->op);
    status = create_operator(sim);
  }
  if (status.code != HEAT_OK) return status;
  if (setup->tile[HEAT_X] > 0)
    heat_sequence_set_tiling(&sim->op.sequence, heat_tiling_fixed(setup->tile[HEAT_X], setup->tile[HEAT_Y]));
  status = heat_agree(runtime->comm, heat_stepper_create(&sim->stepper, setup->method, &sim->op));
  if (status.code == HEAT_OK) status = choose_step(sim);
  if (status.code != HEAT_OK) return status;
  sim->stepper.stop = asks_for_stop;
  sim->stepper.stop_context = sim;
  sim->directory = heat_config_text(setup->config, "output.directory");
  sim->steady = heat_steady_create(setup->config);
  sim->deck = heat_config_write(setup->config);
  sim->outputs = heat_outputs_create(runtime, setup, &sim->op, sim->deck);
  return heat_agree(runtime->comm, sim->deck != NULL ? heat_ok() : heat_no_memory("the deck", 0));
}

/* A run that ended as steady is left as it is, unless the deck asks for another threshold now, or its sides and sources
 * change before another end; and so is the steady state itself, from one solve. */
static heat_status take_steady(heat_simulation *sim) {
  const bool ended = sim->state.steady, solved = heat_setup_steady(&sim->setup) && heat_simulation_finished(sim);
  heat_status status = heat_ok();
  sim->state.steady = false;
  if (ended && heat_steady_asked(&sim->steady)) status = heat_simulation_look_steady(sim);
  sim->nothing_to_do =
      (sim->state.steady || solved) && sim->options->resume_file == NULL && !sim->state.outputs_pending;
  return status;
}

/* The directory for this run alone, the state that it starts from, and the instants of its steps. */
static heat_status choose_start(heat_simulation *sim) {
  const heat_resume_parts parts = {.runtime = sim->runtime,
                                   .options = sim->options,
                                   .setup = &sim->setup,
                                   .stepper = &sim->stepper,
                                   .lock = &sim->lock,
                                   .directory = sim->directory,
                                   .step_refused = sim->step_refused};
  heat_state *state = &sim->state;
  /* A checkpoint that --resume names may be refused, and then no directory is made; the newest one of the directory is
   * looked for once nobody else can change that. */
  const bool named = sim->options->resume_file != NULL;
  heat_resume_create(&sim->resume, &parts);
  heat_status status = named ? heat_resume_choose(&sim->resume, state) : heat_ok();
  if (status.code == HEAT_OK) status = heat_resume_occupy(&sim->resume);
  if (status.code == HEAT_OK && !named) status = heat_resume_choose(&sim->resume, state);
  if (status.code != HEAT_OK) return status;
  sim->stepper.control = state->control;
  sim->clock = heat_setup_clock_from(&sim->setup, (heat_start){.step = state->step,
                                                               .time = state->time,
                                                               .dt = state->dt,
                                                               .anchor_step = state->anchor_step,
                                                               .anchor_time = state->anchor_time});
  sim->first = state->step;
  state->truncated_step = state->step == sim->clock.last && heat_clock_short(&sim->clock);
  return heat_resume_found(&sim->resume) ? take_steady(sim) : heat_ok();
}

static void create_saver(heat_simulation *sim) {
  const heat_saver_parts parts = {.runtime = sim->runtime,
                                  .config = sim->setup.config,
                                  .grid = &sim->setup.grid,
                                  .stepper = &sim->stepper,
                                  .outputs = &sim->outputs,
                                  .lock = &sim->lock,
                                  .directory = sim->directory,
                                  .deck = sim->deck,
                                  .way = &sim->setup.way,
                                  .behind = sim->copies};
  const bool own = heat_resume_found(&sim->resume) && sim->options->resume_file == NULL;
  heat_saver_create(&sim->saver, &parts, heat_resume_path(&sim->resume), own ? sim->state.step : -1);
}

/* From here on the directory is changed, and however the run ends, status.json says so. */
static heat_status open_progress(heat_simulation *sim) {
  char path[HEAT_PATH];
  const heat_status status = heat_directory_join(path, sizeof path, sim->directory, "status.json");
  if (status.code != HEAT_OK) return status;
  const heat_progress_subject subject = {.runtime = sim->runtime,
                                         .clock = sim->clock,
                                         .cells = (double)heat_box_cells(sim->setup.grid.domain),
                                         .step = sim->state.step,
                                         .path = path,
                                         .mode = sim->options->progress};
  heat_progress_create(&sim->progress, &subject);
  sim->progressing = true;
  heat_mpio_record *record = sim->setup.way.record;
  if (record != NULL) {
    record->calls.context = sim;
    record->calls.last_word = heat_simulation_stalled;
  }
  return status;
}

/* Where files of this run stand in the way of others, it ends before it changes anything. */
static heat_status open_files(heat_simulation *sim) {
  const heat_state *state = &sim->state;
  const char *named = sim->options->resume_file;
  heat_status status = heat_resume_check(&sim->resume, state);
  if (status.code == HEAT_OK)
    status = heat_agree(sim->runtime->comm, heat_watch_directory(&sim->watch, sim->directory));
  create_saver(sim);
  if (status.code == HEAT_OK) status = open_progress(sim);
  if (status.code == HEAT_OK && named != NULL) status = heat_saver_take_place(&sim->saver, state, named);
  if (status.code != HEAT_OK) return status;
  heat_report_version(sim->runtime, sim->setup.config);
  status = heat_resume_prepare(&sim->resume, state, sim->deck);
  if (status.code == HEAT_OK) status = heat_outputs_open(&sim->outputs, heat_resume_kept(&sim->resume, state));
  return status;
}

/* What is due before the first step, and was not written by a run that was stopped in it. */
static heat_status write_first(heat_simulation *sim) {
  const double start = MPI_Wtime();
  heat_status status = heat_simulation_look(sim);
  if (status.code == HEAT_OK && (!heat_resume_found(&sim->resume) || sim->state.outputs_pending))
    status = heat_simulation_write(sim);
  sim->state.outputs_pending = false;
  heat_watch_count_outputs(&sim->watch, MPI_Wtime() - start);
  return status;
}

heat_report heat_simulation_report(const heat_simulation *sim) {
  return (heat_report){.runtime = sim->runtime,
                       .setup = &sim->setup,
                       .op = &sim->op,
                       .resume = &sim->resume,
                       .outputs = &sim->outputs,
                       .saver = &sim->saver,
                       .total = sim->total,
                       .directory = sim->directory,
                       .copies = sim->copies};
}

heat_status heat_simulation_begin(heat_simulation *sim) {
  heat_status status = choose_start(sim);
  if (sim->nothing_to_do) return status;
  if (status.code == HEAT_OK) status = open_files(sim);
  if (status.code != HEAT_OK) return status;
  const heat_report report = heat_simulation_report(sim);
  heat_report_start(&report, &sim->clock, &sim->state);
  status = heat_regions_warn(&sim->setup.problem, sim->runtime);
  if (status.code == HEAT_OK) status = write_first(sim);
  heat_report_hints(&report);
  /* Who sees status.json may send all ranks a signal: so all have come here before it is written. */
  if (status.code == HEAT_OK) heat_stop_install();
  status = heat_agree(sim->runtime->comm, status);
  if (status.code == HEAT_OK) status = heat_simulation_show(sim, 0);
  return heat_agree(sim->runtime->comm, status);
}
