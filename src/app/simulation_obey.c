/* Requests to a run in progress. A request that is made twice before it is obeyed counts once. */
#include "heat2d/io/directory.h"
#include "simulation_private.h"

/* What is written between two instants of the deck. */
static const struct {
  heat_request request;
  heat_output output;
  const char *prefix, *suffix; /* of its file */
} written[] = {{HEAT_REQUEST_SNAPSHOT, HEAT_OUTPUT_SNAPSHOTS, "snapshot-", ".h5"},
               {HEAT_REQUEST_IMAGE, HEAT_OUTPUT_IMAGES, "frame-", ".png"}};
enum { WRITTEN = sizeof written / sizeof *written };

/* The state that the output may change is a copy: a picture must not widen the range of those that follow. */
static void write_one(heat_simulation *sim, int n) {
  heat_state state = sim->state;
  heat_moment now = heat_simulation_moment(sim);
  now.state = &state;
  const char *word = heat_request_words[written[n].request];
  const heat_status status = heat_outputs_write_one(&sim->outputs, written[n].output, &now);
  if (status.code != HEAT_OK) {
    heat_runtime_say(sim->runtime, "request     %s: not obeyed, %s\n", word, status.text);
    return;
  }
  char name[64];
  heat_directory_step_name(name, sizeof name, written[n].prefix, state.step, written[n].suffix);
  heat_runtime_say(sim->runtime, "request     %s: %s/%s at t = %.6g s\n", word, sim->directory, name, state.time);
}

/* The checkpoint that was asked for may be written behind the steps. */
static void say_saved(heat_simulation *sim) {
  if (sim->watch.asked_for < 0 || heat_saver_last(&sim->saver) < sim->watch.asked_for) return;
  heat_runtime_say(sim->runtime, "request     %s: %s\n", heat_request_words[HEAT_REQUEST_CHECKPOINT],
                   heat_saver_path(&sim->saver));
  sim->watch.asked_for = -1;
}

heat_status heat_simulation_obey(heat_simulation *sim) {
  const heat_watch *watch = &sim->watch;
  const double start = MPI_Wtime();
  heat_status status = heat_ok();
  say_saved(sim);
  if (watch->requests != 0 && sim->look.step != sim->state.step) status = heat_simulation_look(sim);
  for (int n = 0; n < WRITTEN && status.code == HEAT_OK; n++)
    if (heat_watch_requested(watch, written[n].request)) write_one(sim, n);
  heat_watch_count_outputs(&sim->watch, MPI_Wtime() - start);
  if (heat_watch_requested(watch, HEAT_REQUEST_CHECKPOINT)) sim->watch.asked_for = sim->state.step;
  return status;
}

void heat_simulation_obey_last(heat_simulation *sim) {
  say_saved(sim);
  heat_watch_refuse(&sim->watch, "the run has ended");
}
