#include "heat2d/io/checkpoint.h"

#include "heat2d/io/directory.h"
#include "heat2d/io/h5_reader.h"
#include "heat2d/io/h5_verify.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "checkpoint-", suffix[] = ".h5", field_name[] = "temperature";

void heat_checkpoint_name(char path[HEAT_PATH], const char *directory, int64_t step) {
  snprintf(path, HEAT_PATH, "%s/%s%010lld%s", directory, prefix, (long long)step, suffix);
}

/* The attributes that hold the state, in the order in which they are written. */
typedef enum kind { INTEGER, REAL, FLAG } kind;
static const struct {
  const char *name;
  kind kind;
  size_t place;  /* offset in heat_state */
  bool optional; /* checkpoints of earlier versions do not have it, see read_state */
} attributes[] = {{"step", INTEGER, offsetof(heat_state, step), false},
                  {"time", REAL, offsetof(heat_state, time), false},
                  {"dt", REAL, offsetof(heat_state, dt), false},
                  {"anchor_step", INTEGER, offsetof(heat_state, anchor_step), false},
                  {"anchor_time", REAL, offsetof(heat_state, anchor_time), false},
                  {"energy_start", REAL, offsetof(heat_state, energy_start), false},
                  {"size_start", REAL, offsetof(heat_state, size_start), true},
                  {"low_start", REAL, offsetof(heat_state, low_start), true},
                  {"control_step", REAL, offsetof(heat_state, control.step), true},
                  {"control_error", REAL, offsetof(heat_state, control.error), true},
                  {"control_low", REAL, offsetof(heat_state, control.low), true},
                  {"control_high", REAL, offsetof(heat_state, control.high), true},
                  {"high_start", REAL, offsetof(heat_state, high_start), true},
                  {"pictures", INTEGER, offsetof(heat_state, pictures), true},
                  {"shown_low", REAL, offsetof(heat_state, shown_low), true},
                  {"shown_high", REAL, offsetof(heat_state, shown_high), true},
                  {"steady", FLAG, offsetof(heat_state, steady), true},
                  {"off_lattice", FLAG, offsetof(heat_state, truncated_step), false},
                  {"outputs_owed", FLAG, offsetof(heat_state, outputs_pending), true}};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static void write_state(heat_h5 *out, const heat_state *state) {
  for (int n = 0; n < ATTRIBUTES; n++) {
    const void *value = (const char *)state + attributes[n].place;
    if (attributes[n].kind == REAL)
      heat_h5_set_real(out, "/", attributes[n].name, *(const double *)value);
    else
      heat_h5_set_integer(out, "/", attributes[n].name,
                          attributes[n].kind == FLAG ? *(const bool *)value : *(const int64_t *)value);
  }
}

/* Whether a run can have such a state: values with which it computes must be finite and in the right order. */
static bool is_possible(const heat_state *state) {
  const int64_t most = INT64_C(1) << 53;
  return state->anchor_step >= 0 && state->anchor_step <= state->step && state->step <= most && isfinite(state->time) &&
         isfinite(state->anchor_time) && state->anchor_time <= state->time && isfinite(state->dt) && state->dt >= 0 &&
         (state->dt > 0 || !state->truncated_step) && isfinite(state->energy_start) && isfinite(state->size_start);
}

static heat_status read_state(hid_t file, heat_state *state) {
  *state = (heat_state){.low_start = NAN, .high_start = NAN};
  heat_status status = heat_ok();
  for (int n = 0; n < ATTRIBUTES && status.code == HEAT_OK; n++) {
    void *value = (char *)state + attributes[n].place;
    int64_t flag = 0;
    if (attributes[n].optional && H5Aexists(file, attributes[n].name) <= 0) continue;
    if (attributes[n].kind == REAL)
      status = heat_h5_get_real(file, attributes[n].name, value);
    else
      status = heat_h5_get_integer(file, attributes[n].name, attributes[n].kind == FLAG ? &flag : value);
    if (attributes[n].kind == FLAG) *(bool *)value = flag != 0;
  }
  if (H5Aexists(file, "size_start") <= 0) state->size_start = fabs(state->energy_start);
  if (status.code == HEAT_OK && !is_possible(state))
    status = heat_fail(
        HEAT_IO, "step %lld at t = %g s with dt = %g s (since step %lld, t = %g s) is not a possible state of a run",
        (long long)state->step, state->time, state->dt, (long long)state->anchor_step, state->anchor_time);
  return status;
}

static void wall_name(char name[64], int side) {
  snprintf(name, 64, "wall_heat_%s", heat_side_names[side]);
}

static void write_walls(heat_h5 *out, const heat_grid *grid, heat_ledger *ledger) {
  for (int side = 0; side < HEAT_SIDES; side++) {
    char name[64], meaning[128];
    wall_name(name, side);
    const double total = heat_ledger_side_heat(ledger, side);
    heat_h5_set_real(out, "/", name, total);
    if (!heat_grid_wall(grid, side)) continue;
    int64_t lo, hi;
    const double *heat = heat_ledger_faces(ledger, side, &lo, &hi);
    heat_h5_write_vector(out, name, grid->layout.cells[1 - side / 2], lo, hi - lo, heat);
    snprintf(meaning, sizeof meaning, "heat that came in through each cell face of the %s side since t = 0",
             heat_side_names[side]);
    heat_h5_set_text(out, name, "units", "J/m");
    heat_h5_set_text(out, name, "long_name", meaning);
  }
  heat_h5_set_text(out, "/", "wall_heat_units", "J/m");
}

heat_status heat_checkpoint_prune(const char *directory, int64_t step, int64_t keep, int64_t spare) {
  int64_t *steps;
  int count;
  heat_status status = heat_directory_steps(directory, prefix, suffix, &steps, &count);
  int own = 0;
  if (keep < 1) keep = 1;
  while (own < count && steps[own] <= step) own++;
  for (int n = 0; n < count; n++) {
    if (steps[n] == step || steps[n] == spare || (n < own && n >= own - keep)) continue;
    char path[HEAT_PATH];
    heat_checkpoint_name(path, directory, steps[n]);
    heat_directory_remove(path); /* a checkpoint that cannot be removed does no harm */
  }
  free(steps);
  return status;
}

void heat_checkpoint_begin(heat_h5 *out, const heat_checkpoint_place *place, heat_stepper *stepper,
                           const heat_state *state) {
  heat_ledger *ledger = &stepper->op->ledger;
  const heat_grid *grid = ledger->grid;
  char path[HEAT_PATH], created[32];
  heat_checkpoint_name(path, place->directory, state->step);
  heat_timestamp(created);
  MPI_Bcast(created, sizeof created, MPI_CHAR, 0, grid->comm);
  const heat_sum source = heat_ledger_source_sum(ledger);
  heat_h5_begin(out, grid, path, place->way);
  heat_h5_set_text(out, "/", "version", heat_version());
  heat_h5_set_text(out, "/", "created", created);
  heat_h5_set_text(out, "/", "parent", place->parent);
  heat_h5_set_text(out, "/", "job", heat_job());
  heat_h5_set_text(out, "/", "deck", place->deck);
  heat_h5_set_text(out, "/", "inputs", stepper->op->problem->inputs);
  heat_h5_set_integer(out, "/", "ranks", grid->size);
  write_state(out, state);
  heat_h5_set_integers(out, "/", "source_heat", source.digit, HEAT_SUM_DIGITS);
  write_walls(out, grid, ledger);
  if (place->behind)
    heat_h5_write_field_behind(out, field_name, heat_stepper_solution(stepper));
  else
    heat_h5_write_field(out, field_name, heat_stepper_solution(stepper), (heat_storage){0});
  heat_h5_set_text(out, field_name, "units", "K");
  heat_h5_set_text(out, field_name, "long_name", "temperature");
}

heat_status heat_checkpoint_end(heat_h5 *out, const char *directory, int64_t step, int64_t keep, int64_t spare) {
  heat_status status = heat_h5_commit(out);
  if (status.code == HEAT_OK && out->grid->rank == 0) status = heat_checkpoint_prune(directory, step, keep, spare);
  return heat_agree(out->grid->comm, status);
}

heat_status heat_checkpoint_verify(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool *filled) {
  heat_h5_fill fill = {.name = field_name, .grid = stepper->op->grid, .field = heat_stepper_solution(stepper)};
  const heat_status status = heat_h5_verify_filling(path, way, &fill);
  *filled = fill.filled;
  return status;
}

heat_status heat_checkpoint_newest(const heat_checkpoint_search *search, char path[HEAT_PATH], bool *filled) {
  heat_runtime *runtime = search->runtime;
  const char *directory = search->directory;
  int64_t *steps = NULL;
  int count = 0;
  heat_status status = heat_ok();
  if (runtime->rank == 0) status = heat_directory_steps(directory, prefix, suffix, &steps, &count);
  while (count > 0 && steps[count - 1] >= search->before) count--;
  MPI_Bcast(&count, 1, MPI_INT, 0, runtime->comm);
  path[0] = '\0';
  status = heat_agree(runtime->comm, status);
  for (int n = count - 1; n >= 0 && status.code == HEAT_OK && path[0] == '\0'; n--) {
    char candidate[HEAT_PATH];
    if (runtime->rank == 0) heat_checkpoint_name(candidate, directory, steps[n]);
    MPI_Bcast(candidate, sizeof candidate, MPI_CHAR, 0, runtime->comm);
    const heat_status good = heat_checkpoint_verify(search->way, candidate, search->stepper, filled);
    if (good.code == HEAT_OK)
      memcpy(path, candidate, sizeof candidate);
    else
      heat_runtime_say(runtime, "passed over: %s\n", good.text);
  }
  if (status.code == HEAT_OK && count > 0 && path[0] == '\0')
    status =
        heat_fail(HEAT_IO, "none of the %d checkpoints in '%s' is whole (see above); to start anew use --overwrite",
                  count, directory);
  free(steps);
  return status;
}

heat_status heat_checkpoint_read_state(MPI_Comm comm, const heat_h5_way *way, const char *path, heat_state *state,
                                       char **deck) {
  heat_h5_reader reader;
  *deck = NULL;
  heat_h5_reader_open(&reader, comm, path, way);
  if (reader.status.code == HEAT_OK) reader.status = read_state(reader.file, state);
  if (reader.status.code == HEAT_OK) reader.status = heat_h5_get_text(reader.file, "deck", deck);
  return heat_h5_reader_close(&reader);
}

heat_status heat_checkpoint_read_inputs(MPI_Comm comm, const heat_h5_way *way, const char *path, char **inputs) {
  heat_h5_reader reader;
  *inputs = NULL;
  heat_h5_reader_open(&reader, comm, path, way);
  if (reader.status.code == HEAT_OK && H5Aexists(reader.file, "inputs") > 0)
    reader.status = heat_h5_get_text(reader.file, "inputs", inputs);
  return heat_h5_reader_close(&reader);
}

heat_status heat_checkpoint_any(MPI_Comm comm, const char *directory, bool *any) {
  int64_t *steps = NULL;
  int rank, count = 0;
  MPI_Comm_rank(comm, &rank);
  heat_status status = heat_ok();
  if (rank == 0 && access(directory, F_OK) == 0)
    status = heat_directory_steps(directory, prefix, suffix, &steps, &count);
  free(steps);
  MPI_Bcast(&count, 1, MPI_INT, 0, comm);
  *any = count > 0;
  return heat_agree(comm, status);
}

heat_status heat_checkpoint_read(const heat_h5_way *way, const char *path, heat_stepper *stepper, bool filled) {
  heat_ledger *ledger = &stepper->op->ledger;
  const heat_grid *grid = ledger->grid;
  heat_h5_reader reader;
  heat_h5_reader_open(&reader, grid->comm, path, way);
  if (heat_h5_reader_agree(&reader) && !filled)
    heat_h5_reader_field(&reader, field_name, grid, heat_stepper_solution(stepper));
  for (int side = 0; side < HEAT_SIDES && reader.status.code == HEAT_OK; side++) {
    if (!heat_grid_wall(grid, side)) continue;
    int64_t lo, hi;
    double *heat = heat_ledger_faces(ledger, side, &lo, &hi);
    char name[64];
    wall_name(name, side);
    heat_h5_reader_vector(&reader, name, lo, hi - lo, heat);
  }
  heat_sum source = {0};
  if (reader.status.code == HEAT_OK)
    reader.status = heat_h5_get_integers(reader.file, "source_heat", source.digit, HEAT_SUM_DIGITS);
  if (grid->rank != 0) source = (heat_sum){0};
  heat_ledger_restore_source(ledger, &source);
  return heat_h5_reader_close(&reader);
}
