/* The time loop. Where outputs and a checkpoint are due at the same step the outputs are written first. A run that is
 * resumed from this checkpoint begins after both, so no row of a table is lost or written twice. */
#include "heat2d/app/simulation.h"

#include "heat2d/app/debug.h"
#include "simulation_private.h"

#include <math.h>
#include <stdlib.h>

enum {
  LOOK_STEPS =
      1000, /* after so many steps the field, which is read for this, is checked for values that are not finite */
  STEADY_STEPS = 100 /* after so many steps max |du/dt| is computed */
};

/* The length of the step that led to the present state; at the start of a resumed run it is that of the run before. */
static double last_step(const heat_simulation *sim) {
  const int64_t step = sim->state.step;
  const double before = heat_resume_step_before(&sim->resume);
  if (step == 0) return sim->clock.dt;
  return step == sim->first && before > 0 ? before : heat_clock_step(&sim->clock, step - 1);
}

heat_moment heat_simulation_moment(heat_simulation *sim) {
  return (heat_moment){.u = heat_stepper_solution(&sim->stepper),
                       .extent = sim->look.extent,
                       .state = &sim->state,
                       .clock = &sim->clock,
                       .dt = last_step(sim),
                       .reserve = heat_saver_reserve(&sim->saver, sim->state.step < sim->clock.last)};
}

heat_status heat_simulation_look(heat_simulation *sim) {
  sim->look.extent = heat_field_extent(heat_stepper_solution(&sim->stepper), &sim->setup.grid);
  sim->look.step = sim->state.step;
  const heat_moment now = heat_simulation_moment(sim);
  return sim->look.extent.not_finite == 0 ? heat_ok() : heat_outputs_crash(&sim->outputs, &now);
}

heat_status heat_simulation_write(heat_simulation *sim) {
  const heat_moment now = heat_simulation_moment(sim);
  return heat_outputs_write(&sim->outputs, &now);
}

heat_status heat_simulation_look_steady(heat_simulation *sim) {
  heat_state *state = &sim->state;
  return heat_steady_look(&sim->steady, &sim->op, heat_stepper_solution(&sim->stepper), state->time, state->low_start,
                          state->high_start, &state->steady);
}

static heat_status check_steady(heat_simulation *sim) {
  const bool each = sim->clock.free || sim->stepper.method->step != NULL; /* these methods take few and long steps */
  const int64_t every = each ? 1 : STEADY_STEPS;
  if (!heat_steady_asked(&sim->steady) || sim->state.step % every != 0) return heat_ok();
  const heat_status status = heat_simulation_look_steady(sim);
  if (status.code == HEAT_OK && sim->steady.waits && !sim->told_waiting) {
    sim->told_waiting = true;
    heat_runtime_say(sim->runtime,
                     "slow enough to be steady at step %lld, but a side or source changes up to t = %.9g s\n",
                     (long long)sim->state.step, sim->steady.after);
  }
  return status;
}

heat_status heat_simulation_show(heat_simulation *sim, double stepped) {
  const heat_progress_times times = {.read = heat_resume_seconds(&sim->resume),
                                     .stepped = stepped,
                                     .slowest = fmax(heat_watch_slowest(&sim->watch), heat_saver_slowest(&sim->saver))};
  heat_progress_set_times(&sim->progress, &times);
  return heat_progress_update(&sim->progress, sim->state.step);
}

bool heat_simulation_finished(const heat_simulation *sim) {
  return sim->state.steady || sim->state.step >= sim->clock.last;
}

static bool is_asked_to_stop(const heat_simulation *sim) {
  return heat_watch_reason(&sim->watch) != HEAT_STOP_NONE;
}

static bool saves_due(const heat_simulation *sim) {
  return is_asked_to_stop(sim) || heat_watch_requested(&sim->watch, HEAT_REQUEST_CHECKPOINT) ||
         heat_saver_due(&sim->saver, &sim->clock, sim->state.step);
}

/* The mode in which a checkpoint has to be written. */
static heat_save_mode save_mode(const heat_simulation *sim) {
  const heat_stop_reason reason = heat_watch_reason(&sim->watch);
  if (reason == HEAT_STOP_NONE) return HEAT_SAVE_BEHIND;
  return reason == HEAT_STOP_DEADLINE ? HEAT_SAVE_AT_DEADLINE : HEAT_SAVE_FOR_STOP;
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* The step up to which the field can be advanced in one go: the next one at which something is due. */
static int64_t next_event(const heat_simulation *sim) {
  const int64_t step = sim->state.step;
  int64_t next = earlier(sim->clock.last, step + (sim->clock.free ? 1 : heat_watch_interval(&sim->watch)));
  next = earlier(next, heat_outputs_next(&sim->outputs, &sim->clock, step));
  next = earlier(next, heat_saver_next(&sim->saver, &sim->clock, step));
  if (heat_steady_asked(&sim->steady)) next = earlier(next, (step / STEADY_STEPS + 1) * STEADY_STEPS);
  return next;
}

/* Take note of a step whose length was chosen by error control, and which has been done. */
static void reach(heat_simulation *sim, double time) {
  heat_state *state = &sim->state;
  heat_clock_reach(&sim->clock, time);
  heat_progress_set_clock(&sim->progress, &sim->clock);
  state->dt = sim->clock.dt;
  state->anchor_time = sim->clock.anchor_time;
  state->anchor_step = sim->clock.anchor_step;
  state->control = sim->stepper.control;
}

/* Advance the solution up to the step `to`, or less far if a solve is given up since the run is asked to stop. The
 * status is that of this rank. */
static heat_status advance(heat_simulation *sim, int64_t to, heat_interval *interval) {
  heat_state *state = &sim->state;
  const heat_advance *done = &sim->stepper.done;
  const double start = MPI_Wtime();
  heat_outputs_aim(&sim->outputs, &sim->clock);
  const heat_status status = heat_stepper_advance(&sim->stepper, &sim->clock, state->step, to);
  *interval = (heat_interval){.steps = done->taken, .seconds = MPI_Wtime() - start, .whole = status.code == HEAT_OK};
  sim->runtime->step = state->step += done->taken;
  sim->total.taken += done->taken;
  sim->total.rejected += done->rejected;
  sim->total.stages += done->stages;
  sim->total.solves += done->solves;
  sim->total.iterations += done->iterations;
  if (sim->clock.free && done->taken > 0) reach(sim, done->time);
  state->time = heat_clock_time(&sim->clock, state->step);
  state->truncated_step = state->step == sim->clock.last && heat_clock_short(&sim->clock);
  return heat_first(sim->pending, status);
}

/* Check that all temperatures are finite, and write the outputs that are due. */
static heat_status write_due(heat_simulation *sim) {
  const bool writes =
      saves_due(sim) || heat_simulation_finished(sim) || heat_outputs_due(&sim->outputs, &sim->clock, &sim->state);
  const double start = MPI_Wtime();
  heat_status status = heat_ok();
  if (writes || sim->state.step - sim->look.step >= LOOK_STEPS) status = heat_simulation_look(sim);
  if (status.code == HEAT_OK && writes) status = heat_simulation_write(sim);
  heat_watch_count_outputs(&sim->watch, MPI_Wtime() - start);
  return status;
}

/* After a file could not be written, try to save the state, which is complete, in a checkpoint. `outputs_pending` says
 * that the outputs of this step have not been written; the run that is resumed from the checkpoint writes them. */
static heat_status rescue(heat_simulation *sim, heat_status why, bool outputs_pending) {
  heat_saver *saver = &sim->saver;
  const int64_t step = sim->state.step;
  const bool saves =
      why.code == HEAT_IO && heat_saver_last(saver) != step && heat_lock_agree(&sim->lock, sim->runtime->comm);
  heat_status status = saves && sim->look.step != step ? heat_simulation_look(sim) : heat_ok();
  if (!saves || status.code != HEAT_OK) return heat_first(heat_first(status, why), heat_saver_finish(saver));
  sim->state.outputs_pending = outputs_pending;
  status = heat_saver_save(saver, &sim->state, is_asked_to_stop(sim) ? save_mode(sim) : HEAT_SAVE_AT_ONCE);
  if (status.code != HEAT_OK || heat_saver_last(saver) != step) return why;
  return heat_fail(HEAT_IO, "%.800s (a checkpoint was written at step %lld: make room and go on with --resume)",
                   why.text, (long long)step);
}

static heat_status run_loop(heat_simulation *sim) {
  heat_status status = heat_ok();
  while (status.code == HEAT_OK && !heat_simulation_finished(sim) && !is_asked_to_stop(sim)) {
    heat_interval interval;
    status = advance(sim, next_event(sim), &interval);
    const bool advanced = interval.steps > 0; /* if there was no step, the outputs of this step were written before */
    status = heat_watch_poll(&sim->watch, &sim->saver, status, &interval);
    if (status.code != HEAT_OK && interval.whole) return rescue(sim, status, true);
    if (status.code == HEAT_OK) status = check_steady(sim);
    if (status.code != HEAT_OK) break;
    if (advanced) status = write_due(sim);
    if (status.code != HEAT_OK) return rescue(sim, status, true);
    status = heat_simulation_obey(sim);
    if (status.code != HEAT_OK) break;
    const double stepped = MPI_Wtime();
    if (saves_due(sim)) status = heat_saver_save(&sim->saver, &sim->state, save_mode(sim));
    if (status.code == HEAT_OK) sim->pending = heat_simulation_show(sim, stepped);
  }
  const heat_status before = status;
  status = heat_agree(sim->runtime->comm, heat_first(status, sim->pending));
  if (before.code == HEAT_OK && status.code != HEAT_OK) return rescue(sim, status, false);
  return heat_first(status, heat_saver_finish(&sim->saver));
}

static void destroy(heat_simulation *sim) {
  heat_outputs_destroy(&sim->outputs);
  heat_lock_release(&sim->lock);
  heat_stepper_destroy(&sim->stepper);
  heat_operator_destroy(&sim->op);
  heat_setup_destroy(&sim->setup);
  free(sim->deck);
}

heat_status heat_simulation_run(heat_runtime *runtime, const heat_options *options) {
  heat_simulation sim = {.runtime = runtime, .options = options, .lock = {.file = -1}};
  heat_watch_create(&sim.watch, runtime, &sim.lock, options);
  heat_debug_answer(runtime);
  heat_status status = heat_simulation_set_up(&sim);
  if (status.code == HEAT_OK) status = heat_simulation_begin(&sim);
  if (status.code == HEAT_OK && sim.nothing_to_do) {
    heat_runtime_say(runtime, "'%s' is already steady at step %lld, t = %.9g s: nothing is done\n", sim.directory,
                     (long long)sim.state.step, sim.state.time);
  } else {
    if (status.code == HEAT_OK) status = run_loop(&sim);
    if (status.code == HEAT_OK) status = heat_simulation_end(&sim);
  }
  if (status.code == HEAT_STOPPED && runtime->rank == 0) heat_watch_obeyed(&sim.watch);
  if (options->member != NULL) options->member->reason = heat_watch_reason(&sim.watch);
  if (status.code != HEAT_OK && status.code != HEAT_STOPPED) heat_simulation_fail(&sim, &status);
  destroy(&sim);
  return status;
}
