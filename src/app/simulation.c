/* The time loop, and what surrounds it:
 *
 *     deck -> problem -> grid -> operator -> stepper        nothing is written yet
 *     directory: new, replaced, or resumed from its newest whole checkpoint
 *     loop: advance to the next event; agree; look at the numbers; outputs; checkpoint
 *     the end: last checkpoint, report
 *
 * At one step the outputs come before the checkpoint, and a resumed run starts behind both: so no row is lost or
 * doubled. */
#include "heat2d/app/simulation.h"

#include "heat2d/app/debug.h"
#include "heat2d/deck/regions.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/recognise.h"
#include "heat2d/io/results.h"
#include "outputs.h"
#include "saver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  MOST_STEPS = 4096,  /* between two looks at requests to stop and at the clock */
  LOOK_STEPS = 1000,  /* at least between two looks at the numbers, which read the whole field */
  STEADY_STEPS = 100, /* between two looks at max |du/dt| */
  INPUTS_MOST = 1000  /* files that a deck names */
};
static const double poll_seconds = 0.5;
static const double margin_seconds = 1; /* of the deadline */

typedef struct simulation {
  heat_runtime *runtime;
  const heat_options *options;
  heat_setup setup;
  heat_operator op;
  heat_stepper stepper;
  heat_clock clock;
  char *deck, *old_deck;
  const char *directory;
  char checkpoint[HEAT_PATH]; /* the one that the run goes on from, "": none */
  heat_state state;           /* of the solution at state.step */
  double step_before;         /* s, the last step of the run that this one goes on with; 0: none */
  heat_steady steady;
  heat_outputs outputs;
  heat_progress progress;
  bool progressing; /* status.json is this run's */
  heat_lock lock;
  heat_stop stop;
  heat_stop_reason reason;
  heat_status own;    /* this rank's failure since the last poll, which carries it to the others */
  heat_extent extent; /* of the solution at step `looked` */
  int64_t looked, first;
  int64_t chunk;            /* steps between two polls */
  double slowest_chunk;     /* s */
  bool odd_chunk;           /* the last one took much longer than any before it */
  double read_seconds;      /* of the checkpoint that the run goes on from */
  double output_seconds;    /* of what was written for people since the last poll */
  double slowest_output;    /* s */
  bool sound;               /* what has failed is not the state: its last step is whole on all ranks */
  bool nothing_to_do;       /* the run that is to be resumed ended as steady, and still is */
  bool told_waiting;        /* that the run is slow enough, but not yet steady */
  heat_status step_refused; /* told after what is wrong with the deck as a whole, when a run is resumed */
  bool inputs_unknown;      /* the checkpoint does not say what the field files held */
  bool behind;              /* there is memory to write checkpoints behind the steps */
  heat_saver saver;
} simulation;

/* Refuse a grid that does not fit, and find out whether a copy of it does too. */
static heat_status check_memory(simulation *sim, const heat_plan *plan) {
  MPI_Comm node;
  int sharing;
  MPI_Comm_split_type(sim->runtime->comm, MPI_COMM_TYPE_SHARED, sim->runtime->rank, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &sharing);
  MPI_Comm_free(&node);
  const double gibi = 1073741824, needed = heat_plan_memory(plan) * sharing, share_for_copies = 0.8;
  const double there = heat_node_memory();
  const double copies = heat_plan_copy(plan) * sharing;
  int behind[] = {copies > 0 && needed + copies < share_for_copies * there, sim->runtime->may_thread};
  MPI_Allreduce(MPI_IN_PLACE, behind, 2, MPI_INT, MPI_MIN, sim->runtime->comm);
  sim->behind = behind[0] && behind[1];
  if (behind[0] && !behind[1])
    heat_runtime_say(sim->runtime, "the steps wait for checkpoints: this MPI was started without leave for threads\n");
  heat_status status = heat_ok();
  if (needed > there)
    status =
        heat_config_fail(sim->setup.config, "domain.cells",
                         "%d ranks of this node need %.3g GiB, and %.3g GiB are free (use more nodes or fewer cells)",
                         sharing, needed / gibi, there / gibi);
  return heat_agree(sim->runtime->comm, status);
}

/* Everything up to the first byte that is written. */
static heat_status set_up(simulation *sim) {
  heat_setup *setup = &sim->setup;
  heat_status status = heat_setup_create(setup, sim->runtime, sim->options, 0);
  if (status.code != HEAT_OK) return status;
  heat_plan plan = {.grid = &setup->grid,
                    .method = setup->method,
                    .depth = setup->depth,
                    .threads = setup->threads,
                    .ranks = sim->runtime->size};
  status = check_memory(sim, &plan);
  if (status.code == HEAT_OK)
    status = heat_operator_create(&sim->op, &setup->grid, sim->runtime, setup->depth, setup->threads);
  if (status.code != HEAT_OK) return status;
  if (setup->tile[HEAT_X] > 0)
    heat_sequence_set_tiling(&sim->op.sequence, heat_tiling_fixed(setup->tile[HEAT_X], setup->tile[HEAT_Y]));
  status = heat_agree(sim->runtime->comm, heat_stepper_create(&sim->stepper, setup->method, &sim->op));
  if (status.code == HEAT_OK)
    status = heat_agree(
        sim->runtime->comm,
        heat_setup_step(setup, heat_method_limits(setup->method, heat_operator_bounds(&sim->op)), &sim->state.dt));
  if (setup->problem.resumed && status.code == HEAT_DECK) {
    sim->step_refused = status;
    status = heat_ok();
  }
  if (status.code == HEAT_OK && !setup->problem.resumed) status = heat_stepper_start(&sim->stepper);
  if (status.code != HEAT_OK) return status;
  const heat_config *config = setup->config;
  if (sim->state.dt > 0) {
    const heat_clock clock = heat_clock_create(0, 0, sim->state.dt, heat_config_real(config, "time.end"));
    status = heat_agree(sim->runtime->comm, heat_plan_check_files(config, &clock));
    if (status.code != HEAT_OK) return status;
  }
  sim->directory = heat_config_text(config, "output.directory");
  sim->steady = heat_steady_create(config);
  sim->deck = heat_config_write(setup->config);
  sim->outputs = heat_outputs_create(sim->runtime, setup, &sim->op, sim->directory, sim->deck);
  return heat_agree(sim->runtime->comm, sim->deck != NULL ? heat_ok() : heat_no_memory("the deck", 0));
}

/* The field files have to hold what they held when the run began. */
static heat_status compare_inputs(simulation *sim, heat_config *old) {
  char *before;
  bool unknown = false;
  heat_status status = heat_checkpoint_read_inputs(sim->runtime->comm, sim->checkpoint, &before);
  if (status.code == HEAT_OK) status = heat_problem_compare_inputs(&sim->setup.problem, before, old, &unknown);
  sim->inputs_unknown = unknown;
  free(before);
  return heat_agree(sim->runtime->comm, status);
}

/* Take over the state in sim->checkpoint, if the deck allows it. */
static heat_status take_over(simulation *sim) {
  heat_state before;
  char difference[256];
  free(sim->old_deck);
  heat_status status = heat_checkpoint_read_state(sim->runtime->comm, sim->checkpoint, &before, &sim->old_deck);
  if (status.code != HEAT_OK) return status;
  heat_config *old = NULL;
  status = heat_config_parse(&old, sim->checkpoint, sim->old_deck, strlen(sim->old_deck), NULL, 0);
  status = heat_agree(sim->runtime->comm, status);
  if (status.code == HEAT_OK) status = compare_inputs(sim, old);
  if (status.code == HEAT_OK && heat_config_differs(sim->setup.config, old, difference, sizeof difference))
    status = heat_fail(HEAT_DECK, "%s: the run in '%s' cannot be resumed with another grid or other physics: %s",
                       sim->options->deck, sim->directory, difference);
  heat_config_destroy(old);
  status = heat_agree(sim->runtime->comm, heat_first(status, sim->step_refused));
  if (status.code != HEAT_OK) return status;
  const double dt = sim->state.dt;
  sim->state = before;
  if (before.off_lattice) {
    const heat_clock old_clock = heat_clock_create(before.anchor_time, before.anchor_step, before.dt, before.time);
    sim->step_before = heat_clock_step(&old_clock, before.step - 1);
  } else {
    sim->step_before = before.dt;
  }
  /* Another step, or a start between the instants of the old run, begins a new sequence of instants. */
  if (before.off_lattice || memcmp(&dt, &before.dt, sizeof dt) != 0) {
    sim->state.anchor_time = before.time;
    sim->state.anchor_step = before.step;
  }
  sim->state.dt = dt;
  return heat_checkpoint_read(sim->checkpoint, &sim->stepper);
}

/* The checkpoint to go on from, "" when there is none. */
static heat_status find_checkpoint(simulation *sim) {
  const heat_options *options = sim->options;
  heat_runtime *runtime = sim->runtime;
  if (options->resume_file != NULL) {
    snprintf(sim->checkpoint, sizeof sim->checkpoint, "%s", options->resume_file);
    return heat_h5_verify(runtime->comm, sim->checkpoint);
  }
  heat_status status = heat_checkpoint_newest(runtime, sim->directory, INT64_MAX, sim->checkpoint);
  if (status.code != HEAT_OK || sim->checkpoint[0] == '\0') return status;
  /* A longer run goes on from before the shortened step, so that it has the bits of one that was never stopped. */
  heat_state newest;
  char older[HEAT_PATH];
  free(sim->old_deck);
  status = heat_checkpoint_read_state(runtime->comm, sim->checkpoint, &newest, &sim->old_deck);
  if (status.code != HEAT_OK || !newest.off_lattice || heat_config_real(sim->setup.config, "time.end") <= newest.time)
    return status;
  if (heat_checkpoint_newest(runtime, sim->directory, newest.step, older).code == HEAT_OK && older[0] != '\0')
    memcpy(sim->checkpoint, older, sizeof older);
  return heat_ok();
}

/* Nothing that this run will replace or remove may be another's, or its own input. Only reads. */
static heat_status check_claim(const simulation *sim, int64_t keep, bool all) {
  const char *inputs[INPUTS_MOST];
  int count = 0;
  inputs[count++] = sim->options->deck;
  for (const char *file; count < INPUTS_MOST && (file = heat_config_file(sim->setup.config, count - 1)) != NULL;)
    inputs[count++] = file;
  const heat_claim claim = {
      .all = all, .keep = keep, .inputs = inputs, .input_count = count, .resumed = sim->options->resume_file};
  return heat_directory_check(sim->directory, &claim);
}

/* A directory that holds a run is left as it is unless the options say what to do. */
static heat_status check_free(const simulation *sim) {
  if (sim->options->resume || sim->options->overwrite) return heat_ok();
  bool found;
  heat_status status = heat_directory_has_run(sim->directory, &found);
  if (status.code == HEAT_OK && found) status = check_claim(sim, -1, true); /* what is no run's is named */
  if (status.code == HEAT_OK && found)
    status = heat_fail(HEAT_USAGE, "'%s' already holds a run: --resume goes on with it, --overwrite replaces it",
                       sim->directory);
  return status;
}

/* The directory for this run alone. */
static heat_status occupy(simulation *sim) {
  heat_runtime *runtime = sim->runtime;
  char note[HEAT_STATUS_TEXT] = "";
  heat_status status = heat_ok();
  if (runtime->rank == 0) {
    status = check_free(sim);
    if (status.code == HEAT_OK) status = heat_directory_make(sim->directory);
    if (status.code == HEAT_OK)
      status = heat_lock_take(&sim->lock, sim->directory, sim->options->force_unlock, note, sizeof note);
    if (status.code == HEAT_OK) status = check_free(sim); /* one may have begun and ended meanwhile */
    if (note[0] != '\0') heat_runtime_say(runtime, "%s\n", note);
  }
  return heat_agree(runtime->comm, status);
}

/* The checkpoints that were there when the run was set up are gone. */
static heat_status start_after_all(simulation *sim) {
  heat_status status = heat_first(heat_problem_check_start(&sim->setup.problem), sim->step_refused);
  return status.code == HEAT_OK ? heat_stepper_start(&sim->stepper) : status;
}

static heat_status look_steady(simulation *sim) {
  const heat_state *state = &sim->state;
  return heat_steady_look(&sim->steady, &sim->op, heat_stepper_solution(&sim->stepper), state->time, state->low_start,
                          state->high_start, &sim->state.steady);
}

/* A run that ended as steady is left as it is, unless the deck asks for another threshold now, or its sides and sources
 * change before another end. */
static heat_status take_steady(simulation *sim) {
  const bool ended = sim->state.steady;
  sim->state.steady = false;
  if (!ended || !heat_steady_asked(&sim->steady)) return heat_ok();
  const heat_status status = look_steady(sim);
  sim->nothing_to_do = sim->state.steady && sim->options->resume_file == NULL && !sim->state.owed;
  return status;
}

/* Whether the step that led here was a shortened last one. */
static bool is_truncated(const simulation *sim) {
  return sim->state.step == sim->clock.last && heat_clock_short(&sim->clock);
}

/* Decide between a new run and an old one. Only reads. */
static heat_status choose_start(simulation *sim) {
  const double start = MPI_Wtime();
  heat_status status = sim->options->resume ? find_checkpoint(sim) : heat_ok();
  if (status.code == HEAT_OK && sim->checkpoint[0] != '\0') status = take_over(sim);
  if (status.code == HEAT_OK && sim->options->resume && sim->checkpoint[0] == '\0')
    status = heat_agree(sim->runtime->comm, sim->runtime->rank == 0 ? heat_results_check(sim->directory) : heat_ok());
  if (status.code == HEAT_OK && sim->checkpoint[0] == '\0' && sim->setup.problem.resumed) status = start_after_all(sim);
  sim->read_seconds = MPI_Wtime() - start;
  if (status.code != HEAT_OK) return status;
  sim->clock = heat_clock_create(sim->state.anchor_time, sim->state.anchor_step, sim->state.dt,
                                 heat_config_real(sim->setup.config, "time.end"));
  if (!(sim->clock.last > sim->state.step && sim->clock.end > sim->state.time)) {
    sim->clock.last = sim->state.step; /* nothing is left to do */
    sim->clock.end = sim->state.time;
  }
  sim->state.off_lattice = is_truncated(sim);
  return sim->checkpoint[0] != '\0' ? take_steady(sim) : heat_ok();
}

/* Rank 0's part of the directory: cleaned, the resolved deck written. */
static heat_status open_directory(simulation *sim, int64_t keep) {
  char path[HEAT_PATH];
  heat_status status = sim->options->overwrite ? heat_directory_remove_run(sim->directory) : heat_ok();
  if (status.code == HEAT_OK) status = heat_directory_remove_partial(sim->directory);
  if (status.code == HEAT_OK) status = heat_directory_remove_after(sim->directory, "frame-", ".png", keep);
  if (status.code == HEAT_OK) status = heat_directory_join(path, sizeof path, sim->directory, "deck.yaml");
  if (status.code == HEAT_OK) status = heat_directory_replace(path, sim->deck, true);
  return status;
}

static void say_version(simulation *sim) {
  char stamp[32];
  heat_timestamp(stamp);
  const char *title = heat_config_text(sim->setup.config, "title");
  heat_runtime_say(sim->runtime, "heat2d %s, %s%s%s\n", heat_version(), stamp, title[0] != '\0' ? ": " : "", title);
}

/* Append what is said to run.log. Rank 0 acts, the caller agrees. */
static heat_status open_log(simulation *sim) {
  char path[HEAT_PATH];
  FILE *log = NULL;
  heat_status status = heat_directory_join(path, sizeof path, sim->directory, "run.log");
  if (status.code == HEAT_OK) status = heat_directory_open(&log, path);
  if (status.code == HEAT_OK && fseek(log, 0, SEEK_END) != 0) {
    fclose(log);
    status = heat_fail(HEAT_IO, "cannot write '%s'", path);
  }
  if (status.code == HEAT_OK) heat_runtime_log(sim->runtime, log);
  return status;
}

static heat_status open_files(simulation *sim) {
  heat_runtime *runtime = sim->runtime;
  const bool resumed = sim->checkpoint[0] != '\0';
  const int64_t keep = resumed ? sim->state.step - sim->state.owed : -1;
  heat_status status = runtime->rank == 0 ? open_directory(sim, keep) : heat_ok();
  say_version(sim); /* by which a log is known */
  if (status.code == HEAT_OK && runtime->rank == 0) status = open_log(sim);
  status = heat_agree(runtime->comm, status);
  if (status.code != HEAT_OK) return status;
  return heat_outputs_open(&sim->outputs, keep);
}

/* From here on the directory is changed, and however the run ends, status.json says so. */
static heat_status open_progress(simulation *sim) {
  char path[HEAT_PATH];
  heat_status status = heat_directory_join(path, sizeof path, sim->directory, "status.json");
  if (status.code != HEAT_OK) return status;
  heat_progress_create(&sim->progress, sim->runtime, &sim->clock, (double)heat_box_cells(sim->setup.grid.domain),
                       sim->options->progress, path, sim->state.step);
  sim->progress.read = sim->read_seconds;
  sim->progressing = true;
  return status;
}

/* The length of the step that led here: at the start of a resumed run, that of the run before. */
static double last_step(const simulation *sim) {
  const int64_t step = sim->state.step;
  if (step == 0) return sim->clock.dt;
  return step == sim->first && sim->step_before > 0 ? sim->step_before : heat_clock_step(&sim->clock, step - 1);
}

static heat_moment moment(simulation *sim) {
  return (heat_moment){.u = heat_stepper_solution(&sim->stepper),
                       .extent = sim->extent,
                       .state = &sim->state,
                       .clock = &sim->clock,
                       .dt = last_step(sim),
                       .reserve = heat_saver_reserve(&sim->saver, sim->state.step < sim->clock.last)};
}

static heat_status look(simulation *sim) {
  sim->extent = heat_field_extent(heat_stepper_solution(&sim->stepper), &sim->setup.grid);
  sim->looked = sim->state.step;
  const heat_moment now = moment(sim);
  return sim->extent.not_finite == 0 ? heat_ok() : heat_outputs_crash(&sim->outputs, &now);
}

/* What is due at this step, for people. The numbers have been looked at. */
static heat_status write_outputs(simulation *sim) {
  const heat_moment now = moment(sim);
  return heat_outputs_write(&sim->outputs, &now);
}

static int64_t earlier(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* The step up to which the field can be advanced at once. */
static int64_t next_event(const simulation *sim) {
  const int64_t step = sim->state.step;
  int64_t next = earlier(sim->clock.last, step + sim->chunk);
  next = earlier(next, heat_outputs_next(&sim->outputs, &sim->clock, step));
  next = earlier(next, heat_saver_next(&sim->saver, &sim->clock, step));
  if (heat_steady_asked(&sim->steady)) next = earlier(next, (step / STEADY_STEPS + 1) * STEADY_STEPS);
  return next;
}

/* How long the last chunk took on the slowest rank. One in which the job was suspended says nothing about the next
 * one; one that took so much longer than any before it is taken for an accident the first time. */
static void count_chunk(simulation *sim, double seconds, int64_t steps, bool continued) {
  const double odd_seconds = 3, odd_ratio = 5;
  if (continued) return;
  const bool odd = sim->slowest_chunk > 0 && seconds > fmax(odd_seconds, odd_ratio * sim->slowest_chunk);
  if (seconds > sim->slowest_chunk && (!odd || sim->odd_chunk)) sim->slowest_chunk = seconds;
  sim->odd_chunk = odd;
  if (steps == 0 || seconds <= 0) return;
  const double fit = poll_seconds / (seconds / (double)steps), most = 2.0 * (double)sim->chunk;
  sim->chunk = (int64_t)fmax(1, fmin(fmin(fit, most), MOST_STEPS));
  if (sim->chunk > HEAT_CHAIN) sim->chunk -= sim->chunk % HEAT_CHAIN; /* as many as are fused best */
}

/* The small reductions: how long it took; then failures, requests to stop, and the clock, agreed on by all ranks. */
static heat_status poll(simulation *sim, heat_status status, double chunk_seconds, int64_t steps) {
  enum { CHUNK, OUTPUT, CONTINUED, PACES };
  enum { CODE, REASON, SAVE, BUSY, UNSOUND, ITEMS };
  const heat_runtime *runtime = sim->runtime;
  double pace[] = {[CHUNK] = chunk_seconds, [OUTPUT] = sim->output_seconds, [CONTINUED] = heat_stop_continued()};
  MPI_Allreduce(MPI_IN_PLACE, pace, PACES, MPI_DOUBLE, MPI_MAX, runtime->comm);
  const bool continued = pace[CONTINUED] > 0;
  count_chunk(sim, pace[CHUNK], steps, continued);
  if (continued) heat_stop_ask_again(&sim->stop, runtime->rank);
  if (continued) heat_saver_disturb(&sim->saver);
  if (!continued) sim->slowest_output = fmax(sim->slowest_output, pace[OUTPUT]);
  sim->output_seconds = 0;
  status = heat_first(status, heat_lock_beat(&sim->lock));
  /* One save and one output may be due before the next look, and again with the stop. */
  const double needed =
      2 * (heat_saver_expected(&sim->saver) + sim->slowest_output) + sim->slowest_chunk + margin_seconds;
  double items[ITEMS] = {[CODE] = status.code, [UNSOUND] = !sim->sound};
  items[REASON] = heat_stop_asked(&sim->stop, runtime->rank, needed);
  items[SAVE] = runtime->rank == 0 && heat_saver_minutes_passed(&sim->saver);
  items[BUSY] = heat_saver_busy(&sim->saver);
  MPI_Allreduce(MPI_IN_PLACE, items, ITEMS, MPI_DOUBLE, MPI_MAX, runtime->comm);
  if (items[CODE] > HEAT_OK) {
    sim->sound = items[UNSOUND] == 0 && heat_lock_agree(&sim->lock, runtime->comm);
    return heat_agree(runtime->comm, status);
  }
  sim->reason = (heat_stop_reason)items[REASON];
  heat_saver_set_due(&sim->saver, items[SAVE] > 0);
  sim->sound = false; /* a checkpoint that fails is not tried once more */
  return items[BUSY] > 0 ? heat_ok() : heat_saver_finish(&sim->saver);
}

static heat_status check_steady(simulation *sim) {
  if (!heat_steady_asked(&sim->steady) || sim->state.step % STEADY_STEPS != 0) return heat_ok();
  const heat_status status = look_steady(sim);
  if (status.code == HEAT_OK && sim->steady.waits && !sim->told_waiting) {
    sim->told_waiting = true;
    heat_runtime_say(sim->runtime,
                     "slow enough to be steady at step %lld, but a side or source changes up to t = %.9g s\n",
                     (long long)sim->state.step, sim->steady.after);
  }
  return status;
}

/* How soon a checkpoint has to be whole. */
static heat_save_mode save_mode(const simulation *sim) {
  if (sim->reason == HEAT_STOP_NONE) return HEAT_SAVE_BEHIND;
  return sim->reason == HEAT_STOP_DEADLINE ? HEAT_SAVE_AT_ONCE : HEAT_SAVE_FOR_STOP;
}

static bool saves_due(const simulation *sim) {
  return sim->reason != HEAT_STOP_NONE || heat_saver_due(&sim->saver, &sim->clock, sim->state.step);
}

/* Make the state the one at `step`. */
static void reach(simulation *sim, int64_t step) {
  sim->runtime->step = sim->state.step = step;
  sim->state.time = heat_clock_time(&sim->clock, step);
  sim->state.off_lattice = is_truncated(sim);
}

static bool finished(const simulation *sim) {
  return sim->state.steady || sim->state.step >= sim->clock.last;
}

/* Something could not be written, and the state is whole: save it, if that can be written. `owed`: what is due at this
 * step for people is not there yet; who goes on from the checkpoint writes it. */
static heat_status rescue(simulation *sim, heat_status why, bool owed) {
  heat_saver *saver = &sim->saver;
  const bool saves = why.code == HEAT_IO && heat_saver_last(saver) != sim->state.step &&
                     heat_lock_agree(&sim->lock, sim->runtime->comm);
  heat_status status = saves && sim->looked != sim->state.step ? look(sim) : heat_ok();
  if (!saves || status.code != HEAT_OK) return heat_first(heat_first(status, why), heat_saver_finish(saver));
  sim->state.owed = owed;
  status = heat_saver_save(saver, &sim->state, sim->reason == HEAT_STOP_NONE ? HEAT_SAVE_AT_ONCE : save_mode(sim));
  if (status.code != HEAT_OK || heat_saver_last(saver) != sim->state.step) return why;
  return heat_fail(HEAT_IO, "%.800s (a checkpoint was written at step %lld: make room and go on with --resume)",
                   why.text, (long long)heat_saver_last(saver));
}

static heat_status run_loop(simulation *sim) {
  heat_status status = heat_ok();
  while (status.code == HEAT_OK && !finished(sim) && sim->reason == HEAT_STOP_NONE) {
    const int64_t from = sim->state.step, to = next_event(sim);
    const double start = MPI_Wtime();
    status = heat_stepper_advance(&sim->stepper, &sim->clock, from, to);
    sim->sound = status.code == HEAT_OK;
    status = heat_first(sim->own, status);
    reach(sim, to);
    status = poll(sim, status, MPI_Wtime() - start, to - from);
    if (status.code != HEAT_OK && sim->sound) return rescue(sim, status, true);
    if (status.code == HEAT_OK) status = check_steady(sim);
    const bool writes = saves_due(sim) || finished(sim) || heat_outputs_due(&sim->outputs, &sim->clock, &sim->state);
    const double written = MPI_Wtime();
    if (status.code == HEAT_OK && (writes || to - sim->looked >= LOOK_STEPS)) status = look(sim);
    if (status.code == HEAT_OK && writes) {
      status = write_outputs(sim);
      if (status.code != HEAT_OK) return rescue(sim, status, true);
    }
    sim->progress.stepped = MPI_Wtime();
    sim->output_seconds = sim->progress.stepped - written;
    if (status.code == HEAT_OK && saves_due(sim)) status = heat_saver_save(&sim->saver, &sim->state, save_mode(sim));
    sim->progress.slowest = fmax(fmax(sim->slowest_chunk, heat_saver_slowest(&sim->saver)), sim->slowest_output);
    if (status.code == HEAT_OK) sim->own = heat_progress_update(&sim->progress, to);
  }
  const heat_status before = status;
  status = heat_agree(sim->runtime->comm, heat_first(status, sim->own));
  if (before.code == HEAT_OK && status.code != HEAT_OK) return rescue(sim, status, false);
  return heat_first(status, heat_saver_finish(&sim->saver));
}

static void say_start(simulation *sim) {
  const heat_setup *setup = &sim->setup;
  const heat_plan plan = {.grid = &setup->grid,
                          .method = setup->method,
                          .clock = sim->clock,
                          .limits = heat_method_limits(setup->method, heat_operator_bounds(&sim->op)),
                          .depth = setup->depth,
                          .threads = setup->threads,
                          .ranks = sim->runtime->size,
                          .copies = sim->behind};
  char *text = heat_plan_text(&plan);
  if (text != NULL) heat_runtime_say(sim->runtime, "%s", text);
  const heat_outputs_summary written = heat_outputs_summarize(&sim->outputs);
  const double stretch = written.stretch, shown = 1.1;
  if (stretch > shown || stretch < 1 / shown)
    heat_runtime_say(
        sim->runtime,
        "pictures    %d x %d pixels of field, drawn %.4g times as high as its shape asks for, so that it can be seen\n",
        written.pixels[HEAT_X], written.pixels[HEAT_Y], stretch);
  if (sim->checkpoint[0] != '\0') {
    const char *named = sim->options->resume_file;
    heat_runtime_say(sim->runtime, "resumed     from %s at step %lld, t = %.6g s\n",
                     named != NULL ? named : sim->checkpoint, (long long)sim->state.step, sim->state.time);
    if (sim->inputs_unknown)
      heat_runtime_say(sim->runtime, "warning     that checkpoint is of an older version and keeps no digests of the "
                                     "field files: whether they still hold the same numbers is not known\n");
  }
  free(text);
}

static void say_energy(heat_runtime *runtime, heat_energy energy, double balance) {
  const double rounding = 1e-12, conspicuous = 1e-9;
  char heat[64] = "0 J/m but for rounding";
  if (fabs(energy.heat) > rounding * energy.size) snprintf(heat, sizeof heat, "%.9g J/m", energy.heat);
  if (fabs(balance) <= conspicuous)
    heat_runtime_say(runtime, "energy      %s; sides and sources account for all changes\n", heat);
  else
    heat_runtime_say(runtime, "energy      %s, of which sides and sources leave unexplained %.2g\n", heat, balance);
}

static void say_end(simulation *sim) {
  heat_runtime *runtime = sim->runtime;
  const heat_setup *setup = &sim->setup;
  const heat_grid *grid = &setup->grid;
  const double cells = (double)heat_box_cells(grid->domain), mega = 1e6, giga = 1e9;
  const double updates = cells * (double)(sim->state.step - sim->first);
  double stencil = runtime->spent[HEAT_STENCIL] + runtime->spent[HEAT_HALO];
  heat_runtime_report(runtime);
  MPI_Allreduce(MPI_IN_PLACE, &stencil, 1, MPI_DOUBLE, MPI_MAX, runtime->comm);
  if (stencil > 0 && updates > 0)
    heat_runtime_say(runtime, "throughput  %.4g Gcell/s in stencil and halo\n", updates / stencil / giga);
  bool chosen;
  const heat_tile tile = heat_sequence_tile(&sim->op.sequence, &chosen);
  heat_runtime_say(runtime, "tiles       %d x %d cells through %d stages%s\n", tile.columns, tile.rows, tile.stages,
                   setup->tile[HEAT_X] > 0 ? " (as the deck says)"
                   : chosen                ? " (the fastest that were tried)"
                                           : " (too few steps to try others)");
  const heat_saver_totals saves = heat_saver_spent(&sim->saver);
  if (saves.count > 0) {
    const double *seconds = saves.times.seconds;
    heat_runtime_say(
        runtime,
        "checkpoints %d, %.4g MB/s each: pack and hash %.3g s, write %.3g s, sync %.3g s, read back %.3g s; the steps "
        "waited %.3g s\n",
        saves.count, saves.count * cells * sizeof(double) / mega / saves.seconds, seconds[HEAT_H5_PACK],
        seconds[HEAT_H5_WRITE], seconds[HEAT_H5_SYNC], seconds[HEAT_H5_VERIFY], saves.waited);
  }
  const heat_outputs_summary written = heat_outputs_summarize(&sim->outputs);
  if (isfinite(written.energy.heat)) /* none is known where nothing was left to do */
    say_energy(runtime, written.energy, written.balance);
  const char *newest = heat_saver_path(&sim->saver);
  heat_runtime_say(runtime, "files       %s\n", newest[0] != '\0' ? newest : sim->directory);
  if (written.snapshots > 0)
    heat_runtime_say(runtime, "            %s/run.xdmf (%lld snapshots)\n", sim->directory,
                     (long long)written.snapshots);
  if (written.frames > 0)
    heat_runtime_say(runtime, "            %s/frame-*.png (%lld new)\n", sim->directory, (long long)written.frames);
}

/* Where files of this run stand in the way of others, it ends before it changes anything. A directory or a link that is
 * called STOP asks for nothing. */
static heat_status look_around(simulation *sim) {
  heat_status status = heat_ok();
  if (sim->runtime->rank == 0) {
    status = check_claim(sim, sim->checkpoint[0] != '\0' ? sim->state.step : -1, sim->options->overwrite);
    if (status.code == HEAT_OK)
      status = heat_directory_join(sim->stop.file, sizeof sim->stop.file, sim->directory, "STOP");
    if (status.code == HEAT_OK && heat_recognise(sim->stop.file) == HEAT_ORIGIN_NO_FILE)
      heat_runtime_say(sim->runtime, "'%s' %s: not taken for a request to stop\n", sim->stop.file,
                       heat_recognise_text(sim->stop.file));
  }
  return heat_agree(sim->runtime->comm, status);
}

static void create_saver(simulation *sim) {
  const heat_saver_parts parts = {.runtime = sim->runtime,
                                  .config = sim->setup.config,
                                  .grid = &sim->setup.grid,
                                  .stepper = &sim->stepper,
                                  .outputs = &sim->outputs,
                                  .lock = &sim->lock,
                                  .directory = sim->directory,
                                  .deck = sim->deck,
                                  .behind = sim->behind};
  const bool own = sim->checkpoint[0] != '\0' && sim->options->resume_file == NULL;
  heat_saver_create(&sim->saver, &parts, sim->checkpoint, own ? sim->state.step : -1);
}

static heat_status begin(simulation *sim) {
  heat_status status = occupy(sim);
  if (status.code == HEAT_OK) status = choose_start(sim);
  if (sim->nothing_to_do) return status;
  if (status.code == HEAT_OK) status = look_around(sim);
  create_saver(sim);
  if (status.code == HEAT_OK) status = open_progress(sim);
  const char *named = sim->options->resume_file;
  if (status.code == HEAT_OK && named != NULL) status = heat_saver_take_place(&sim->saver, &sim->state, named);
  if (status.code == HEAT_OK) status = open_files(sim);
  if (status.code != HEAT_OK) return status;
  sim->chunk = 1;
  sim->first = sim->state.step;
  say_start(sim);
  status = heat_regions_warn(&sim->setup.problem, sim->runtime);
  if (status.code != HEAT_OK) return status;
  const double start = MPI_Wtime();
  status = look(sim);
  if (status.code == HEAT_OK && (sim->state.step == 0 || sim->state.owed)) status = write_outputs(sim);
  sim->state.owed = false;
  sim->output_seconds = MPI_Wtime() - start;
  if (status.code == HEAT_OK) heat_stop_install(); /* who sees status.json may ask for a stop */
  if (status.code == HEAT_OK) status = heat_progress_update(&sim->progress, sim->state.step);
  return heat_agree(sim->runtime->comm, status);
}

/* The end of a run that began: the last checkpoint, the report, and the word for whoever waits. */
static heat_status end(simulation *sim) {
  heat_status status = heat_ok();
  if (finished(sim) && heat_saver_saves_end(&sim->saver))
    status = heat_saver_save(&sim->saver, &sim->state, HEAT_SAVE_AT_ONCE);
  if (status.code != HEAT_OK) return status;
  const bool stopped = !finished(sim);
  char message[128] = "";
  if (stopped)
    snprintf(message, sizeof message, "stopped by %s at step %lld of %lld%s", heat_stop_text(sim->reason),
             (long long)sim->state.step, (long long)sim->clock.last,
             heat_saver_last(&sim->saver) < sim->state.step ? " (checkpoint just before)" : "");
  else if (sim->state.steady)
    snprintf(message, sizeof message, "steady at step %lld", (long long)sim->state.step);
  const heat_saver_totals saves = heat_saver_spent(&sim->saver);
  if (saves.count > 0) sim->progress.saved = saves.at;
  const heat_run_end how = {.state = stopped ? "stopped" : "done",
                            .reason = stopped             ? heat_stop_text(sim->reason)
                                      : sim->state.steady ? "steady"
                                                          : "the end",
                            .code = stopped ? HEAT_STOPPED : HEAT_OK,
                            .message = message};
  status = heat_progress_finish(&sim->progress, sim->state.step, &how);
  say_end(sim);
  if (stopped) heat_runtime_say(sim->runtime, "%s; go on with --resume\n", message);
  if (!stopped && sim->state.steady) heat_runtime_say(sim->runtime, "%s\n", message);
  status = heat_first(status, heat_outputs_close(&sim->outputs));
  status = heat_agree(sim->runtime->comm, status);
  return status.code == HEAT_OK && stopped ? heat_fail(HEAT_STOPPED, "%s", message) : status;
}

static const char *failure_reason(heat_code code) {
  return code == HEAT_NUMERICS ? "the numbers" : code == HEAT_IO ? "input or output" : "the deck or the command line";
}

heat_status heat_simulation_run(heat_runtime *runtime, const heat_options *options) {
  simulation sim = {.runtime = runtime, .options = options};
  sim.lock.file = -1;
  heat_stop_set_deadline(&sim.stop, runtime->rank, runtime->started, options->walltime);
  heat_stop_prepare();
  heat_debug_answer(runtime);
  heat_status status = set_up(&sim);
  if (status.code == HEAT_OK) status = begin(&sim);
  if (status.code == HEAT_OK && sim.nothing_to_do)
    heat_runtime_say(runtime, "'%s' is already steady at step %lld, t = %.9g s: nothing is done\n", sim.directory,
                     (long long)sim.state.step, sim.state.time);
  if (status.code == HEAT_OK && !sim.nothing_to_do) status = run_loop(&sim);
  if (status.code == HEAT_OK && !sim.nothing_to_do) status = end(&sim);
  if (status.code != HEAT_OK && status.code != HEAT_STOPPED && sim.progressing && heat_lock_held(&sim.lock)) {
    const heat_run_end how = {
        .state = "failed", .reason = failure_reason(status.code), .code = status.code, .message = status.text};
    heat_progress_finish(&sim.progress, sim.state.step, &how);
    if (runtime->log != NULL) fprintf(runtime->log, "heat2d: %s\n", status.text);
  }
  heat_outputs_destroy(&sim.outputs);
  if (status.code == HEAT_STOPPED && runtime->rank == 0) heat_stop_obeyed(&sim.stop);
  heat_lock_release(&sim.lock);
  heat_stepper_destroy(&sim.stepper);
  heat_operator_destroy(&sim.op);
  heat_setup_destroy(&sim.setup);
  free(sim.deck);
  free(sim.old_deck);
  return status;
}
