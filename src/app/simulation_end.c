/* The end of a run: its last checkpoint, status.json, the report, and the message that the command ends with. */
#include "simulation_private.h"

/* How the run ended, in one line; "" when it reached its end. How many steps there would have been is not known where
 * error control finds them. */
static void name_end(const heat_simulation *sim, char *message, size_t size) {
  const heat_clock *clock = &sim->clock;
  const long long step = sim->state.step;
  char all[64];
  message[0] = '\0';
  if (clock->last < INT64_MAX)
    snprintf(all, sizeof all, " of %lld", (long long)clock->last);
  else
    snprintf(all, sizeof all, ", t = %.9g s of %.9g s", sim->state.time, clock->end);
  if (!heat_simulation_finished(sim))
    snprintf(message, size, "stopped by %s at step %lld%s%s", heat_stop_text(heat_watch_reason(&sim->watch)), step, all,
             heat_saver_last(&sim->saver) < step ? " (checkpoint just before)" : "");
  else if (sim->state.steady)
    snprintf(message, size, "steady at step %lld", step);
}

static heat_status take_outcome(heat_simulation *sim) {
  const heat_outcome_parts parts = {.op = &sim->op,
                                    .u = heat_stepper_solution(&sim->stepper),
                                    .probes = &sim->outputs.probes,
                                    .step = sim->state.step,
                                    .time = sim->state.time};
  return heat_outcome_take(sim->options->outcome, &parts);
}

heat_status heat_simulation_end(heat_simulation *sim) {
  const bool stopped = !heat_simulation_finished(sim);
  char message[128];
  heat_status status = heat_ok();
  if (!stopped && heat_saver_saves_end(&sim->saver))
    status = heat_saver_save(&sim->saver, &sim->state, HEAT_SAVE_AT_ONCE);
  if (status.code == HEAT_OK && !stopped && sim->options->outcome != NULL) status = take_outcome(sim);
  if (status.code != HEAT_OK) return status;
  heat_simulation_obey_last(sim);
  name_end(sim, message, sizeof message);
  const heat_saver_totals saves = heat_saver_spent(&sim->saver);
  if (saves.count > 0) heat_progress_set_saved(&sim->progress, saves.at);
  const heat_run_end how = {.state = stopped ? "stopped" : "done",
                            .reason = stopped             ? heat_stop_text(heat_watch_reason(&sim->watch))
                                      : sim->state.steady ? "steady"
                                                          : "the end",
                            .code = stopped ? HEAT_STOPPED : HEAT_OK,
                            .message = message};
  status = heat_progress_finish(&sim->progress, sim->state.step, &how);
  const heat_report report = heat_simulation_report(sim);
  heat_report_end(&report);
  if (message[0] != '\0') heat_runtime_say(sim->runtime, stopped ? "%s; go on with --resume\n" : "%s\n", message);
  status = heat_agree(sim->runtime->comm, heat_first(status, heat_outputs_close(&sim->outputs)));
  return status.code == HEAT_OK && stopped ? heat_fail(HEAT_STOPPED, "%s", message) : status;
}

void heat_simulation_fail(heat_simulation *sim, const heat_status *status) {
  heat_runtime *runtime = sim->runtime;
  if (!sim->progressing || !heat_lock_held(&sim->lock)) return;
  const char *reason = status->code == HEAT_NUMERICS ? "the numbers"
                       : status->code == HEAT_IO     ? "input or output"
                                                     : "the deck or the command line";
  const heat_run_end how = {.state = "failed", .reason = reason, .code = status->code, .message = status->text};
  heat_progress_finish(&sim->progress, sim->state.step, &how);
  if (runtime->log != NULL) fprintf(runtime->log, "heat2d: %s\n", status->text);
}

void heat_simulation_stalled(void *simulation, const char *why) {
  heat_simulation *sim = simulation;
  const heat_run_end how = {.state = "failed", .reason = "input or output", .code = HEAT_IO, .message = why};
  if (!sim->progressing || !heat_lock_held(&sim->lock)) return;
  heat_progress_abort(&sim->progress, sim->state.step, &how);
  if (sim->runtime->log != NULL) fprintf(sim->runtime->log, "heat2d: %s\n", why);
}
