#include "resume.h"

#include "heat2d/io/directory.h"
#include "heat2d/io/results.h"

#include <stdlib.h>
#include <string.h>

void heat_resume_create(heat_resume *resume, const heat_resume_parts *parts) {
  *resume = (heat_resume){.parts = *parts};
}

/* Nothing that this run will replace or remove may be another's, or its own input. Only reads. */
static heat_status check_claim(const heat_resume_parts *parts, int64_t keep, bool all) {
  int files = 0;
  while (heat_config_file(parts->setup->config, files) != NULL) files++;
  const char **inputs = malloc(((size_t)files + 1) * sizeof *inputs);
  if (inputs == NULL) return heat_no_memory("the list of inputs", (size_t)files * sizeof *inputs);
  for (int n = 0; n < files; n++) inputs[n] = heat_config_file(parts->setup->config, n);
  inputs[files] = parts->options->deck;
  const heat_claim claim = {
      .all = all, .keep = keep, .inputs = inputs, .input_count = files + 1, .resumed = parts->options->resume_file};
  const heat_status status = heat_directory_check(parts->directory, &claim);
  free(inputs);
  return status;
}

/* A directory that holds a run is left as it is unless the options say what to do. */
static heat_status check_free(const heat_resume_parts *parts) {
  if (parts->options->resume || parts->options->overwrite) return heat_ok();
  bool found;
  heat_status status = heat_directory_has_run(parts->directory, &found);
  if (status.code == HEAT_OK && found) status = check_claim(parts, -1, true); /* what is no run's is named */
  if (status.code == HEAT_OK && found)
    status = heat_fail(HEAT_USAGE, "'%s' already holds a run: --resume goes on with it, --overwrite replaces it",
                       parts->directory);
  return status;
}

heat_status heat_resume_occupy(heat_resume *resume) {
  const heat_resume_parts *parts = &resume->parts;
  heat_runtime *runtime = parts->runtime;
  char note[HEAT_STATUS_TEXT] = "";
  heat_status status = heat_ok();
  if (runtime->rank == 0) {
    status = check_free(parts);
    if (status.code == HEAT_OK) status = heat_directory_make(parts->directory);
    if (status.code == HEAT_OK)
      status = heat_lock_take(parts->lock, parts->directory, parts->options->force_unlock, note, sizeof note);
    if (status.code == HEAT_OK) status = check_free(parts); /* one may have begun and ended meanwhile */
    if (note[0] != '\0') heat_runtime_say(runtime, "%s\n", note);
  }
  return heat_agree(runtime->comm, status);
}

/* The checkpoint to go on from, "" when there is none. */
static heat_status find_checkpoint(heat_resume *resume) {
  const heat_resume_parts *parts = &resume->parts;
  heat_runtime *runtime = parts->runtime;
  const char *named = parts->options->resume_file;
  if (named != NULL) {
    snprintf(resume->checkpoint, sizeof resume->checkpoint, "%s", named);
    return heat_checkpoint_verify(&parts->setup->way, resume->checkpoint, parts->stepper, &resume->filled);
  }
  heat_checkpoint_search search = {.runtime = runtime,
                                   .way = &parts->setup->way,
                                   .directory = parts->directory,
                                   .before = INT64_MAX,
                                   .stepper = parts->stepper};
  heat_status status = heat_checkpoint_newest(&search, resume->checkpoint, &resume->filled);
  if (status.code != HEAT_OK || resume->checkpoint[0] == '\0') return status;
  /* A longer run goes on from before the shortened step, so that it has the bits of one that was never stopped. */
  heat_state newest;
  char older[HEAT_PATH], *deck;
  status = heat_checkpoint_read_state(runtime->comm, &parts->setup->way, resume->checkpoint, &newest, &deck);
  free(deck);
  const double end = heat_config_real(parts->setup->config, "time.end");
  if (status.code != HEAT_OK || !newest.truncated_step || end <= newest.time) return status;
  search.before = newest.step;
  status = heat_checkpoint_newest(&search, older, &resume->filled);
  if (status.code != HEAT_OK)
    resume->filled = false; /* what was read last is of no use */
  else if (older[0] != '\0')
    memcpy(resume->checkpoint, older, sizeof older);
  return heat_ok();
}

/* The field files have to hold what they held when the run began. */
static heat_status compare_inputs(heat_resume *resume, heat_config *old) {
  const MPI_Comm comm = resume->parts.runtime->comm;
  char *before;
  bool unknown = false;
  heat_status status = heat_checkpoint_read_inputs(comm, &resume->parts.setup->way, resume->checkpoint, &before);
  if (status.code == HEAT_OK)
    status = heat_problem_compare_inputs(&resume->parts.setup->problem, before, old, &unknown);
  resume->inputs_unknown = unknown;
  free(before);
  return heat_agree(comm, status);
}

/* What the messages call the run that is to be gone on with. */
static const char *source_of(const heat_resume_parts *parts) {
  return parts->options->resume_file != NULL ? parts->options->resume_file : parts->directory;
}

/* A steady state is solved for one instant. `old` has the same method, which belongs to the physics. */
static heat_status compare_instant(const heat_resume *resume, const heat_config *old) {
  const heat_config *config = resume->parts.setup->config;
  const double end = heat_config_real(config, "time.end"), before = heat_config_real(old, "time.end");
  if (!heat_setup_steady(resume->parts.setup) || (end <= before && end >= before)) return heat_ok();
  return heat_config_fail(config, "time.end",
                          "the run in '%s' is the steady state at t = %.9g s, and cannot be resumed",
                          source_of(&resume->parts), before);
}

/* Whether the checkpoint, whose resolved deck is `text`, is of the same grid and physics. Collective. */
static heat_status compare_decks(heat_resume *resume, const char *text) {
  const heat_resume_parts *parts = &resume->parts;
  char difference[256];
  heat_config *old = NULL;
  heat_status status = heat_config_parse(&old, resume->checkpoint, text, strlen(text), NULL, 0);
  status = heat_agree(parts->runtime->comm, status);
  if (status.code == HEAT_OK) status = compare_inputs(resume, old);
  if (status.code == HEAT_OK && heat_config_differs(parts->setup->config, old, difference, sizeof difference))
    status = heat_fail(HEAT_DECK, "%s: the run in '%s' cannot be resumed with another grid or other physics: %s",
                       parts->options->deck, source_of(parts), difference);
  if (status.code == HEAT_OK) status = compare_instant(resume, old);
  heat_config_destroy(old);
  return heat_agree(parts->runtime->comm, heat_first(status, parts->step_refused));
}

/* Take over the state in the checkpoint, if the deck allows it. */
static heat_status take_over(heat_resume *resume, heat_state *state) {
  heat_state before;
  char *deck;
  heat_status status = heat_checkpoint_read_state(resume->parts.runtime->comm, &resume->parts.setup->way,
                                                  resume->checkpoint, &before, &deck);
  if (status.code == HEAT_OK) status = compare_decks(resume, deck);
  free(deck);
  if (status.code != HEAT_OK) return status;
  const double dt = state->dt;
  *state = before;
  if (before.truncated_step) {
    const heat_clock old_clock = heat_clock_create(before.anchor_time, before.anchor_step, before.dt, before.time);
    resume->step_before = heat_clock_step(&old_clock, before.step - 1);
  } else {
    resume->step_before = before.dt;
  }
  /* Another step, or a start between the instants of the old run, begins a new sequence of instants. */
  if (before.truncated_step || memcmp(&dt, &before.dt, sizeof dt) != 0) {
    state->anchor_time = before.time;
    state->anchor_step = before.step;
  }
  if (!resume->parts.setup->adapts) state->dt = dt;
  return heat_checkpoint_read(&resume->parts.setup->way, resume->checkpoint, resume->parts.stepper, resume->filled);
}

/* The checkpoints that were there when the run was set up are gone. */
static heat_status start_after_all(const heat_resume_parts *parts) {
  const heat_status status = heat_first(heat_problem_check_start(&parts->setup->problem), parts->step_refused);
  return status.code == HEAT_OK ? heat_stepper_start(parts->stepper) : status;
}

heat_status heat_resume_choose(heat_resume *resume, heat_state *state) {
  const heat_resume_parts *parts = &resume->parts;
  const heat_runtime *runtime = parts->runtime;
  const bool asked = parts->options->resume;
  const double start = MPI_Wtime();
  heat_status status = asked ? find_checkpoint(resume) : heat_ok();
  const bool found = heat_resume_found(resume);
  if (status.code == HEAT_OK && found) status = take_over(resume, state);
  if (status.code == HEAT_OK && asked && !found)
    status = heat_agree(runtime->comm, runtime->rank == 0 ? heat_results_check(parts->directory) : heat_ok());
  if (status.code == HEAT_OK && !found && parts->setup->problem.resumed) status = start_after_all(parts);
  resume->read_seconds = MPI_Wtime() - start;
  return status;
}

heat_status heat_resume_check(const heat_resume *resume, const heat_state *state) {
  const heat_resume_parts *parts = &resume->parts;
  heat_status status = heat_ok();
  if (parts->runtime->rank == 0)
    status = check_claim(parts, heat_resume_found(resume) ? state->step : -1, parts->options->overwrite);
  return heat_agree(parts->runtime->comm, status);
}

/* Rank 0's part of the directory: cleaned, the resolved deck written. */
static heat_status clean(const heat_resume_parts *parts, int64_t keep, const char *deck) {
  const char *directory = parts->directory;
  char path[HEAT_PATH];
  heat_status status = parts->options->overwrite ? heat_directory_remove_run(directory) : heat_ok();
  if (status.code == HEAT_OK) status = heat_directory_remove_partial(directory);
  if (status.code == HEAT_OK) status = heat_directory_remove_after(directory, "frame-", ".png", keep);
  if (status.code == HEAT_OK) status = heat_directory_join(path, sizeof path, directory, "deck.yaml");
  if (status.code == HEAT_OK) status = heat_directory_replace(path, deck, true);
  return status;
}

/* Append what is said to run.log. Rank 0 acts, the caller agrees. */
static heat_status open_log(const heat_resume_parts *parts) {
  char path[HEAT_PATH];
  FILE *log = NULL;
  heat_status status = heat_directory_join(path, sizeof path, parts->directory, "run.log");
  if (status.code == HEAT_OK) status = heat_directory_open(&log, path);
  if (status.code == HEAT_OK && fseek(log, 0, SEEK_END) != 0) {
    fclose(log);
    status = heat_fail(HEAT_IO, "cannot write '%s'", path);
  }
  if (status.code == HEAT_OK) heat_runtime_log(parts->runtime, log);
  return status;
}

heat_status heat_resume_prepare(const heat_resume *resume, const heat_state *state, const char *deck) {
  const heat_resume_parts *parts = &resume->parts;
  heat_status status = heat_ok();
  if (parts->runtime->rank == 0) {
    status = clean(parts, heat_resume_kept(resume, state), deck);
    if (status.code == HEAT_OK) status = open_log(parts);
  }
  return heat_agree(parts->runtime->comm, status);
}

int64_t heat_resume_kept(const heat_resume *resume, const heat_state *state) {
  return heat_resume_found(resume) ? state->step - state->outputs_pending
                                   : -1; /* the rows of that step are still to be written */
}

bool heat_resume_found(const heat_resume *resume) {
  return resume->checkpoint[0] != '\0';
}

const char *heat_resume_path(const heat_resume *resume) {
  return resume->checkpoint;
}

bool heat_resume_inputs_unknown(const heat_resume *resume) {
  return resume->inputs_unknown;
}

double heat_resume_step_before(const heat_resume *resume) {
  return resume->step_before;
}

double heat_resume_seconds(const heat_resume *resume) {
  return resume->read_seconds;
}
