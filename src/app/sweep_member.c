#include "sweep_member.h"

#include "heat2d/base/json.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/lock.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

heat_status heat_member_directory(const heat_config *sweep, int64_t index, char path[HEAT_PATH]) {
  char name[HEAT_MEMBER_NAME];
  heat_members_name(sweep, index, name);
  return heat_directory_join(path, HEAT_PATH, heat_config_text(sweep, "output.directory"), name);
}

/* Return a small file of a member as text, which has to be freed; NULL if it cannot be read. */
static char *read_text(const char *directory, const char *name, size_t most) {
  char path[HEAT_PATH];
  if (heat_directory_join(path, sizeof path, directory, name).code != HEAT_OK) return NULL;
  FILE *file = fopen(path, "r");
  char *text = file != NULL ? malloc(most + 1) : NULL;
  if (text != NULL) text[fread(text, 1, most, file)] = '\0';
  if (file != NULL) fclose(file);
  return text;
}

void heat_member_look(const char *directory, heat_member_state *state) {
  enum { STATUS_MOST = 1 << 14, NUMBER = 64 };
  char number[NUMBER];
  *state = (heat_member_state){.state = "waiting", .code = -1};
  char *text = read_text(directory, "status.json", STATUS_MOST);
  if (text == NULL) return;
  heat_json_member(text, "state", state->state, sizeof state->state);
  heat_json_member(text, "message", state->message, sizeof state->message);
  if (heat_json_member(text, "code", number, sizeof number)) state->code = atoi(number);
  if (heat_json_member(text, "step", number, sizeof number)) state->step = strtoll(number, NULL, 10);
  if (heat_json_member(text, "time", number, sizeof number)) state->time = strtod(number, NULL);
  free(text);
}

bool heat_member_done(const heat_config *sweep, int64_t index) {
  enum { DECK_MOST = 16 << 20 };
  char directory[HEAT_PATH];
  heat_member_state state;
  heat_config *now = NULL, *before = NULL;
  bool done = false;
  if (heat_member_directory(sweep, index, directory).code != HEAT_OK) return false;
  heat_member_look(directory, &state);
  if (strcmp(state.state, "done") != 0) return false;
  char *text = read_text(directory, "deck.yaml", DECK_MOST);
  if (text != NULL && heat_config_parse(&before, "deck.yaml", text, strlen(text), NULL, 0).code == HEAT_OK &&
      heat_members_create(&now, sweep, index).code == HEAT_OK)
    done = heat_config_done_by(now, before, &done).code == HEAT_OK && done;
  heat_config_destroy(before);
  heat_config_destroy(now);
  free(text);
  return done;
}

/* Write status.json. The step that an earlier attempt has reached is kept. */
static void write_status(heat_runtime *runtime, const heat_config *deck, const char *path, const heat_status *why,
                         const heat_member_state *before) {
  const double end = heat_config_has(deck, "time.end") ? heat_config_real(deck, "time.end") : 1;
  const heat_progress_subject subject = {
      .runtime = runtime,
      .clock = {.free = true, .end = end > 0 ? end : 1, .anchor_time = before->time, .anchor_step = before->step},
      .step = before->step,
      .path = path,
      .mode = HEAT_PROGRESS_NONE};
  const heat_run_end how = {
      .state = "failed", .reason = "the deck or an input file", .code = why->code, .message = why->text};
  heat_progress progress;
  heat_progress_create(&progress, &subject);
  heat_progress_finish(&progress, before->step, &how);
}

/* Append the message to run.log. */
static void write_log(heat_runtime *runtime, const heat_config *deck, const char *directory, const heat_status *why) {
  char path[HEAT_PATH];
  FILE *log;
  if (heat_directory_join(path, sizeof path, directory, "run.log").code != HEAT_OK ||
      heat_directory_open(&log, path).code != HEAT_OK)
    return;
  fseek(log, 0, SEEK_END);
  heat_runtime_log(runtime, log);
  heat_report_version(runtime, deck);
  fprintf(log, "heat2d: %s\n", why->text);
}

void heat_member_record(heat_runtime *runtime, const heat_config *sweep, int64_t index, const heat_status *why,
                        bool hangs) {
  char directory[HEAT_PATH], path[HEAT_PATH], note[HEAT_STATUS_TEXT];
  heat_lock lock = {.file = -1};
  heat_member_state state;
  if (heat_member_directory(sweep, index, directory).code != HEAT_OK ||
      heat_directory_join(path, sizeof path, directory, "status.json").code != HEAT_OK ||
      heat_directory_make(directory).code != HEAT_OK)
    return;
  heat_member_look(directory, &state);
  if (strcmp(state.state, "failed") == 0 && strcmp(state.message, why->text) == 0) return;
  if (heat_lock_take(&lock, directory, hangs, note, sizeof note).code != HEAT_OK) return;
  write_log(runtime, sweep, directory, why);
  write_status(runtime, sweep, path, why, &state);
  heat_lock_release(&lock);
}

/* The diffusivity along an axis if it is one number for the whole domain; otherwise 1, so that only the number of cells
 * matters. */
static double diffusivity(const heat_config *deck, int axis) {
  const bool whole = heat_config_has(deck, "material.diffusivity");
  const char *name = whole ? "diffusivity" : "conductivity";
  const bool pair = heat_config_count(deck, "material.%s", name) > 0;
  const heat_value value =
      pair ? heat_config_value(deck, "material.%s.%d", name, axis) : heat_config_value(deck, "material.%s", name);
  if (value.kind != HEAT_VALUE_NUMBER) return 1;
  if (whole) return value.number;
  const heat_value density = heat_config_value(deck, "material.density"),
                   capacity = heat_config_value(deck, "material.heat_capacity");
  const bool numbers = density.kind == HEAT_VALUE_NUMBER && capacity.kind == HEAT_VALUE_NUMBER;
  return numbers ? value.number / (density.number * capacity.number) : 1;
}

/* The bounds that limit the steps, without the contribution of walls. */
static heat_bounds bounds_of(const heat_config *deck) {
  double diagonal = 0;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const double width =
        heat_config_real(deck, "domain.size.%d", axis) / (double)heat_config_integer(deck, "domain.cells.%d", axis);
    diagonal += 2 * diffusivity(deck, axis) / (width * width);
  }
  return (heat_bounds){.spectral = 2 * diagonal, .diagonal = diagonal, .all_faces = 2 * diagonal};
}

double heat_member_work(const heat_config *sweep, int64_t index) {
  heat_config *deck;
  if (heat_members_create(&deck, sweep, index).code != HEAT_OK) return 0; /* its run will fail at once */
  double work = heat_choice_foresee(deck, bounds_of(deck));
  for (int axis = 0; axis < HEAT_AXES; axis++) work *= (double)heat_config_integer(deck, "domain.cells.%d", axis);
  heat_config_destroy(deck);
  return work;
}
