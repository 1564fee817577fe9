#include "outputs.h"

#include "heat2d/app/plan.h"
#include "heat2d/io/directory.h"

#include <math.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

enum { BYTES_BESIDE = 1 << 16 }; /* size of a file without its field */

static const char history_columns[] =
    "step,time,dt,min,max,mean,energy,flux_in,source_in,balance,flow_left,flow_right,flow_bottom,flow_top";

/* One kind of output. Its functions return the status of this rank; heat_outputs_open and heat_outputs_write agree. */
typedef struct output {
  const char *key; /* key of the deck that asks for it; NULL: it is always written */
  heat_cadence (*cadence)(const heat_config *config);
  heat_status (*open)(heat_outputs *outputs, int64_t keep);
  double (*bytes)(const heat_outputs *outputs); /* size of one file, at most; NULL: negligible */
  heat_status (*write)(heat_outputs *outputs, const heat_moment *moment);
  heat_series *(*series)(heat_outputs *outputs); /* the table to which it writes rows; NULL: none */
  const char *other_columns;                     /* message for when the rows of an earlier run have other columns */
} output;

static heat_cadence output_every(const heat_config *config) {
  return heat_config_cadence(config, "output.every");
}

static double cells_of(const heat_outputs *outputs) {
  return (double)heat_box_cells(outputs->setup->grid.domain);
}

static heat_series *history_series(heat_outputs *outputs) {
  return &outputs->history;
}

static heat_status open_history(heat_outputs *outputs, int64_t keep) {
  char path[HEAT_PATH];
  if (outputs->runtime->rank != 0) return heat_ok();
  const heat_status status = heat_directory_join(path, sizeof path, outputs->directory, "history.csv");
  return status.code == HEAT_OK ? heat_series_open(&outputs->history, path, history_columns, keep) : status;
}

/* Write a row of history.csv. `balance` is the part of the energy that neither walls nor sources explain, divided by
 * the heat in the cells or the heat that moved, whichever is larger. Both are sums of magnitudes: where temperatures
 * lie around 0 the energy itself may consist of rounding errors only. */
static heat_status write_history(heat_outputs *outputs, const heat_moment *moment) {
  double flows[HEAT_SIDES];
  heat_state *state = moment->state;
  const heat_extent extent = moment->extent;
  const heat_status status = heat_operator_flows(outputs->op, moment->u, state->time, flows);
  if (status.code != HEAT_OK) return status;
  const heat_energy energy = heat_operator_energy(outputs->op, moment->u);
  const double walls = heat_ledger_wall_heat(&outputs->op->ledger),
               sources = heat_ledger_source_heat(&outputs->op->ledger);
  if (!isfinite(energy.heat))
    return heat_fail(HEAT_NUMERICS, "the energy at step %lld is not finite", (long long)state->step);
  if (state->step == 0) {
    state->low_start = extent.min;
    state->high_start = extent.max;
    state->energy_start = energy.heat;
    state->size_start = energy.size;
  }
  const double moved = fmax(heat_ledger_wall_moved(&outputs->op->ledger), fabs(sources));
  const bool steady = heat_setup_steady(outputs->setup); /* the heat entered is that of one second, and adds up to 0 */
  const double scale = fmax(fmax(energy.size, state->size_start), moved);
  const double rest = steady ? -walls - sources : ((energy.heat - state->energy_start) - walls) - sources;
  outputs->energy = energy;
  outputs->balance = scale > 0 ? rest / scale : 0;
  return heat_series_row(
      &outputs->history, "%lld,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g",
      (long long)state->step, state->time, moment->dt, extent.min, extent.max, energy.mean, energy.heat, walls, sources,
      outputs->balance, flows[HEAT_LEFT], flows[HEAT_RIGHT], flows[HEAT_BOTTOM], flows[HEAT_TOP]);
}

static heat_series *probes_series(heat_outputs *outputs) {
  return &outputs->probes.series;
}

static heat_status open_probes(heat_outputs *outputs, int64_t keep) {
  const heat_setup *setup = outputs->setup;
  outputs->probes = (heat_probes){.problem = &setup->problem, .grid = &setup->grid, .directory = outputs->directory};
  return heat_probes_create(&outputs->probes, keep);
}

static heat_status write_probes(heat_outputs *outputs, const heat_moment *moment) {
  return heat_probes_write(&outputs->probes, moment->u, moment->state->step, moment->state->time);
}

static heat_status open_snapshots(heat_outputs *outputs, int64_t keep) {
  const heat_config *config = outputs->setup->config;
  outputs->snapshots =
      (heat_snapshots){.problem = &outputs->setup->problem,
                       .grid = &outputs->setup->grid,
                       .directory = outputs->directory,
                       .title = heat_config_text(config, "title"),
                       .deck = outputs->deck,
                       .way = &outputs->setup->way,
                       .storage = {.single = heat_config_choice(config, "output.precision") == HEAT_PRECISION_FLOAT32,
                                   .compression = (int)heat_config_integer(config, "output.compression")}};
  return heat_snapshots_create(&outputs->snapshots, keep);
}

static double snapshot_bytes(const heat_outputs *outputs) {
  const heat_storage storage = outputs->snapshots.storage;
  const int64_t *cells = outputs->setup->grid.layout.cells;
  const double edges = (double)(cells[HEAT_X] + cells[HEAT_Y]) * sizeof(double);
  const double field = cells_of(outputs) * (storage.single ? sizeof(float) : sizeof(double));
  return BYTES_BESIDE + edges + (storage.compression == 0 ? field : 0);
}

/* Return freed memory to the system. Otherwise the buffers of files, some megabytes, would stay in the heap. */
static void give_back(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

static heat_status write_snapshot(heat_outputs *outputs, const heat_moment *moment) {
  const int64_t widened = outputs->snapshots.widened;
  const heat_state *state = moment->state;
  const heat_status status = heat_snapshots_write(&outputs->snapshots, moment->u, state->step, state->time, state->dt);
  if (widened == 0 && outputs->snapshots.widened > 0)
    heat_runtime_say(
        outputs->runtime,
        "the temperature at step %lld, in [%.6g, %.6g], is outside of the range of float32: this snapshot, "
        "and others like it, are written as float64\n",
        (long long)state->step, moment->extent.min, moment->extent.max);
  give_back();
  return status;
}

static heat_status open_frames(heat_outputs *outputs, int64_t keep) {
  (void)keep; /* later pictures were removed by heat_resume_prepare, also if this run draws none */
  const heat_status status =
      heat_frames_create(&outputs->frames, &outputs->setup->problem, &outputs->setup->grid, outputs->directory);
  if (outputs->frames.picture.without_font)
    heat_runtime_say(outputs->runtime, "warning     no font is installed here: pictures have no text\n");
  return status;
}

static double frame_bytes(const heat_outputs *outputs) {
  return heat_frames_bytes(&outputs->frames);
}

/* Draw a picture. The range of the colours is part of the state, so that a film keeps it after a resume. */
static heat_status write_frame(heat_outputs *outputs, const heat_moment *moment) {
  heat_frames *frames = &outputs->frames;
  heat_state *state = moment->state;
  frames->shown = (heat_shown){state->pictures, state->shown_low, state->shown_high};
  const heat_status status = heat_frames_write(frames, moment->u, moment->extent, state->step, state->time);
  state->pictures = frames->shown.pictures;
  state->shown_low = frames->shown.low;
  state->shown_high = frames->shown.high;
  return status;
}

/* The table of outputs, in the order in which they are opened and written. */
static const output table[HEAT_OUTPUTS] = {
    [HEAT_OUTPUT_HISTORY] = {.cadence = output_every,
                             .open = open_history,
                             .write = write_history,
                             .series = history_series,
                             .other_columns = "other columns than before"},
    [HEAT_OUTPUT_PROBES] = {.cadence = output_every,
                            .open = open_probes,
                            .write = write_probes,
                            .series = probes_series,
                            .other_columns = "other probes than before"},
    [HEAT_OUTPUT_SNAPSHOTS] = {.cadence = output_every,
                               .open = open_snapshots,
                               .bytes = snapshot_bytes,
                               .write = write_snapshot},
    [HEAT_OUTPUT_IMAGES] = {.key = "output.images",
                            .cadence = heat_plan_images,
                            .open = open_frames,
                            .bytes = frame_bytes,
                            .write = write_frame},
};

heat_outputs heat_outputs_create(heat_runtime *runtime, const heat_setup *setup, heat_operator *op, const char *deck) {
  heat_outputs outputs = {.runtime = runtime,
                          .setup = setup,
                          .op = op,
                          .directory = heat_config_text(setup->config, "output.directory"),
                          .deck = deck,
                          .energy = {.heat = NAN}};
  for (int n = 0; n < HEAT_OUTPUTS; n++) {
    outputs.asked[n] = table[n].key == NULL || heat_config_has(setup->config, "%s", table[n].key);
    if (outputs.asked[n]) outputs.every[n] = table[n].cadence(setup->config);
  }
  return outputs;
}

heat_status heat_outputs_open(heat_outputs *outputs, int64_t keep) {
  for (int n = 0; n < HEAT_OUTPUTS; n++) {
    if (!outputs->asked[n]) continue;
    const heat_status status = heat_agree(outputs->runtime->comm, table[n].open(outputs, keep));
    if (status.code != HEAT_OK) return status;
    const heat_series *series = table[n].series != NULL ? table[n].series(outputs) : NULL;
    if (series != NULL && series->aside[0] != '\0')
      heat_runtime_say(outputs->runtime, "%s: the old rows are in %s\n", table[n].other_columns, series->aside);
  }
  return heat_ok();
}

void heat_outputs_destroy(heat_outputs *outputs) {
  heat_outputs_close(outputs);
  heat_probes_destroy(&outputs->probes);
  heat_snapshots_destroy(&outputs->snapshots);
  heat_frames_destroy(&outputs->frames);
}

/* Whether an output is due. A steady solve has only one instant: its start is a guess, and only its result is written.
 */
static bool is_due(const heat_outputs *outputs, int n, const heat_clock *clock, const heat_state *state) {
  const bool guess = table[n].bytes != NULL && heat_clock_stands(clock) && state->step < clock->last;
  return outputs->asked[n] && !guess && (state->steady || heat_clock_due(clock, outputs->every[n], state->step));
}

bool heat_outputs_due(const heat_outputs *outputs, const heat_clock *clock, const heat_state *state) {
  bool due = false;
  for (int n = 0; n < HEAT_OUTPUTS; n++) due = due || is_due(outputs, n, clock, state);
  return due;
}

int64_t heat_outputs_next(const heat_outputs *outputs, const heat_clock *clock, int64_t step) {
  int64_t next = INT64_MAX;
  for (int n = 0; n < HEAT_OUTPUTS; n++) {
    if (!outputs->asked[n]) continue;
    const int64_t own = heat_clock_next(clock, outputs->every[n], step);
    if (own < next) next = own;
  }
  return next;
}

void heat_outputs_aim(const heat_outputs *outputs, heat_clock *clock) {
  for (int n = 0; n < HEAT_OUTPUTS; n++)
    if (outputs->asked[n]) heat_clock_aim(clock, outputs->every[n]);
}

/* Check that the disk has room for `bytes` and for the reserve, so that a run on a disk that fills up can still save
 * its state. Collective. */
static heat_status check_room(const heat_outputs *outputs, const heat_moment *moment, double bytes) {
  const double mebi = 1048576, needed = moment->reserve + bytes;
  const heat_state *state = moment->state;
  heat_status status = heat_ok();
  if (outputs->runtime->rank == 0 && state->step > 0) {
    const heat_room room = heat_directory_room(outputs->directory);
    if (room.bytes >= 0 && room.bytes < needed)
      status = heat_fail(HEAT_IO,
                         "the file system of '%s' is nearly full: %.3g MiB are left, and what is to be written at step "
                         "%lld, with a checkpoint, may take %.3g MiB",
                         outputs->directory, room.bytes / mebi, (long long)state->step, needed / mebi);
  }
  return heat_agree(outputs->runtime->comm, status);
}

heat_status heat_outputs_write(heat_outputs *outputs, const heat_moment *moment) {
  if (!heat_outputs_due(outputs, moment->clock, moment->state)) return heat_ok();
  const heat_activity before = heat_runtime_enter(outputs->runtime, HEAT_FILES);
  double bytes = 0;
  for (int n = 0; n < HEAT_OUTPUTS; n++)
    if (table[n].bytes != NULL && is_due(outputs, n, moment->clock, moment->state)) bytes += table[n].bytes(outputs);
  heat_status status = check_room(outputs, moment, bytes);
  if (status.code == HEAT_OK) { /* so on all ranks; the functions below may fail on some of them */
    for (int n = 0; n < HEAT_OUTPUTS; n++)
      if (is_due(outputs, n, moment->clock, moment->state))
        status = heat_first(status, table[n].write(outputs, moment));
  }
  heat_runtime_enter(outputs->runtime, before);
  return heat_agree(outputs->runtime->comm, status);
}

heat_status heat_outputs_write_one(heat_outputs *outputs, heat_output which, const heat_moment *moment) {
  if (!outputs->asked[which]) return heat_fail(HEAT_USAGE, "the deck has no %s", table[which].key);
  if (is_due(outputs, (int)which, moment->clock, moment->state)) return heat_ok();
  const heat_activity before = heat_runtime_enter(outputs->runtime, HEAT_FILES);
  heat_status status = check_room(outputs, moment, table[which].bytes(outputs));
  if (status.code == HEAT_OK) status = heat_agree(outputs->runtime->comm, table[which].write(outputs, moment));
  heat_runtime_enter(outputs->runtime, before);
  return status;
}

heat_status heat_outputs_crash(heat_outputs *outputs, const heat_moment *moment) {
  const heat_grid *grid = &outputs->setup->grid;
  const heat_state *state = moment->state;
  const int64_t nx = grid->layout.cells[HEAT_X], i = moment->extent.first % nx, j = moment->extent.first / nx;
  const heat_blocks x = heat_layout_blocks(&grid->layout, HEAT_X, i, i + 1);
  const heat_blocks y = heat_layout_blocks(&grid->layout, HEAT_Y, j, j + 1);
  const int owner = heat_layout_rank(&grid->layout, x, 0, y, 0);
  heat_snapshots_crash(&outputs->snapshots, moment->u, state->step, state->time, state->dt);
  return heat_fail(HEAT_NUMERICS,
                   "the temperature is not finite in %lld cells at step %lld, first in cell (%lld, %lld) of rank %d",
                   (long long)moment->extent.not_finite, (long long)state->step, (long long)i, (long long)j, owner);
}

heat_status heat_outputs_sync(heat_outputs *outputs) {
  heat_status status = heat_ok();
  for (int n = 0; n < HEAT_OUTPUTS; n++)
    if (table[n].series != NULL) status = heat_first(status, heat_series_sync(table[n].series(outputs)));
  return status;
}

heat_status heat_outputs_close(heat_outputs *outputs) {
  heat_status status = heat_ok();
  for (int n = 0; n < HEAT_OUTPUTS; n++)
    if (table[n].series != NULL) status = heat_first(status, heat_series_close(table[n].series(outputs)));
  return status;
}

heat_outputs_summary heat_outputs_summarize(const heat_outputs *outputs) {
  const heat_picture *picture = &outputs->frames.picture;
  const bool pictures = outputs->frames.grid != NULL;
  return (heat_outputs_summary){.balance = outputs->balance,
                                .energy = outputs->energy,
                                .snapshots = outputs->snapshots.series.count,
                                .frames = outputs->frames.written,
                                .pixels = {pictures ? picture->width : 0, pictures ? picture->height : 0},
                                .stretch = pictures ? heat_picture_stretch(picture) : 1};
}
