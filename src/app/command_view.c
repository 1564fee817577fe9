/* `heat2d view` shows a field in the terminal. Only rank 0 does something. */
#include "command.h"
#include "screen.h"
#include "source.h"
#include "view_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FOLLOW = 500, ROWS_BELOW_PROMPT = 1 }; /* FOLLOW: time between two searches for new files, ms */
static const char hint[] = "arrows: value, i: isotherms, n p: next, previous, q: quit";

typedef struct view {
  const char *operand;
  heat_source_list files;
  int shown; /* index of the file that is shown */
  heat_source source;
  heat_view_page page;
  double *values;
  int columns, rows;
  double low, high; /* range of all fields shown so far, if the range is automatic */
  bool terminal, seen;
} view;

/* Read the present file for the present size of the window. */
static heat_status read_file(view *at) {
  hid_t file = H5I_INVALID_HID;
  heat_status status = heat_source_open(&at->source, at->files.paths[at->shown], &file);
  heat_picture *picture = &at->source.picture;
  if (status.code == HEAT_OK) {
    heat_view_fit(picture, at->page.colours, at->columns, at->rows);
    const size_t bytes = (size_t)picture->samples[HEAT_X] * (size_t)picture->samples[HEAT_Y] * sizeof *at->values;
    free(at->values);
    at->values = malloc(bytes);
    status =
        at->values != NULL ? heat_source_samples(&at->source, file, at->values) : heat_no_memory("the page", bytes);
  }
  if (status.code == HEAT_OK && picture->range_auto) {
    double low = INFINITY, high = -INFINITY;
    status = heat_source_range(&at->source, file, &low, &high);
    if (!(low <= high)) low = high = 0; /* all values are NaN */
    at->low = at->seen ? fmin(at->low, low) : low;
    at->high = at->seen ? fmax(at->high, high) : high;
    at->seen = true;
    picture->low = at->low;
    picture->high = at->high;
  }
  if (file >= 0) H5Fclose(file);
  at->page.picture = picture;
  at->page.values = at->values;
  at->page.columns = at->columns;
  for (int axis = 0; axis < HEAT_AXES && status.code == HEAT_OK; axis++)
    if (at->page.cursor[axis] >= picture->samples[axis]) at->page.cursor[axis] = picture->samples[axis] - 1;
  return status;
}

static heat_status show(const view *at) {
  size_t length;
  char *text = heat_view_text(&at->page, &length);
  if (text == NULL) return heat_no_memory("the page", 0);
  heat_status status = heat_ok();
  if (at->terminal)
    status = heat_screen_write(text, length);
  else
    fwrite(text, 1, length, stdout); /* main checks whether that failed */
  free(text);
  return status;
}

/* Move the cursor; the first arrow key puts it into the middle. */
static void move(view *at, heat_key key) {
  int *cursor = at->page.cursor;
  const int *samples = at->source.picture.samples;
  if (cursor[HEAT_X] < 0) {
    cursor[HEAT_X] = samples[HEAT_X] / 2;
    cursor[HEAT_Y] = samples[HEAT_Y] / 2;
    return;
  }
  const int axis = key == HEAT_KEY_LEFT || key == HEAT_KEY_RIGHT ? HEAT_X : HEAT_Y;
  cursor[axis] += key == HEAT_KEY_RIGHT || key == HEAT_KEY_UP ? 1 : -1;
  if (cursor[axis] < 0) cursor[axis] = 0;
  if (cursor[axis] >= samples[axis]) cursor[axis] = samples[axis] - 1;
}

/* Look for new files. If the newest file was shown, the new newest one is shown. */
static heat_status look_for_more(view *at, bool *changed) {
  heat_source_list now;
  const heat_status status = heat_source_list_create(&now, MPI_COMM_SELF, &at->operand, 1);
  *changed = false;
  if (status.code != HEAT_OK) return heat_ok(); /* a run that starts anew has no files for a moment */
  const bool newest = at->shown == at->files.count - 1;
  const char *last = at->files.paths[at->files.count - 1], *last_now = now.paths[now.count - 1];
  if (now.count == at->files.count && strcmp(last, last_now) == 0) {
    heat_source_list_destroy(&now);
    return heat_ok();
  }
  heat_source_list_destroy(&at->files);
  at->files = now;
  if (newest || at->shown >= now.count) at->shown = now.count - 1;
  *changed = true;
  return heat_ok();
}

static heat_status react(view *at, heat_key key, bool follow) {
  bool read = false;
  int columns, rows;
  heat_status status = heat_ok();
  switch (key) {
  case HEAT_KEY_UP:
  case HEAT_KEY_DOWN:
  case HEAT_KEY_LEFT:
  case HEAT_KEY_RIGHT:
    move(at, key);
    break;
  case HEAT_KEY_ISOTHERMS:
    at->page.isotherms = !at->page.isotherms;
    break;
  case HEAT_KEY_NEXT:
    read = at->shown + 1 < at->files.count && ++at->shown > 0;
    break;
  case HEAT_KEY_PREVIOUS:
    read = at->shown > 0 && --at->shown >= 0;
    break;
  default:
    break;
  }
  if (key == HEAT_KEY_NONE && follow) status = look_for_more(at, &read);
  heat_screen_size(&columns, &rows);
  const bool resized = columns != at->columns || rows != at->rows;
  at->columns = columns;
  at->rows = rows;
  if (status.code == HEAT_OK && (read || resized)) status = read_file(at);
  if (status.code == HEAT_OK && (read || resized || key != HEAT_KEY_NONE)) status = show(at);
  return status;
}

static heat_status converse(view *at, bool follow) {
  heat_status status = heat_screen_open();
  if (status.code != HEAT_OK) return status;
  status = show(at);
  for (heat_key key = HEAT_KEY_NONE; status.code == HEAT_OK && key != HEAT_KEY_QUIT;) {
    key = heat_screen_key(follow ? FOLLOW : -1);
    if (key != HEAT_KEY_QUIT) status = react(at, key, follow);
  }
  heat_screen_close();
  return status;
}

static heat_status look(const heat_arguments *arguments) {
  const bool follow = heat_arguments_value(arguments, "follow") != NULL;
  view at = {.operand = arguments->operands[0], .terminal = heat_screen_is_terminal()};
  at.page = (heat_view_page){.colours = at.terminal ? heat_screen_colours() : HEAT_COLOURS_NONE,
                             .placed = at.terminal,
                             .cursor = {-1, -1},
                             .hint = at.terminal ? hint : NULL};
  heat_screen_size(&at.columns, &at.rows);
  heat_status status = heat_source_list_create(&at.files, MPI_COMM_SELF, &at.operand, 1);
  if (status.code == HEAT_OK && follow && at.files.directory == NULL)
    status = heat_fail(HEAT_USAGE, "--follow needs the directory of a run");
  at.shown = at.files.count - 1;
  if (status.code == HEAT_OK) status = read_file(&at);
  if (status.code == HEAT_OK) status = at.terminal ? converse(&at, follow) : show(&at);
  free(at.values);
  heat_source_destroy(&at.source);
  heat_source_list_destroy(&at.files);
  return status;
}

static heat_status view_field(heat_runtime *runtime, const heat_arguments *arguments) {
  return heat_agree(runtime->comm, runtime->rank == 0 ? look(arguments) : heat_ok());
}

const heat_command heat_command_view = {
    .name = "view",
    .operands = "FILE.h5|DIR",
    .summary = "show the field in the terminal",
    .options = {{"follow", HEAT_NO_ARGUMENT, NULL, "show new snapshots as a run writes them; q ends it"}},
    .least = 1,
    .most = 1,
    .run = view_field};
