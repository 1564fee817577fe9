/* `heat2d status` shows from another terminal how far runs are, and makes requests to them. Only rank 0 does
 * something. */
#include "command.h"
#include "heat2d/io/directory_names.h"
#include "request.h"
#include "run_state.h"
#include "screen.h"
#include "status_page.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double first_pace = 2, slowest_pace = 60, pace_growth = 1.3; /* times between two lines, s */
static const double patience = 10;                                        /* longest wait for an answer, s */

/* The runs on the command line, in the state in which they were last found. */
typedef struct runs {
  char **directories;
  heat_run_state *states;
  int count, capacity;
  heat_run_jobs jobs;
} runs;

static void forget(runs *all) {
  for (int n = 0; n < all->count; n++) free(all->directories[n]);
  all->count = 0;
}

static void destroy(runs *all) {
  forget(all);
  free(all->directories);
  free(all->states);
  heat_run_jobs_destroy(&all->jobs);
}

static heat_status add(runs *all, const char *directory) {
  if (all->count == all->capacity) {
    const int capacity = all->capacity > 0 ? 2 * all->capacity : 16;
    char **directories = realloc(all->directories, (size_t)capacity * sizeof *directories);
    if (directories != NULL) all->directories = directories;
    heat_run_state *states = realloc(all->states, (size_t)capacity * sizeof *states);
    if (states != NULL) all->states = states;
    if (directories == NULL || states == NULL) return heat_no_memory("a list of runs", (size_t)capacity);
    all->capacity = capacity;
  }
  char *copy = strdup(directory);
  if (copy == NULL) return heat_no_memory("a list of runs", strlen(directory));
  all->directories[all->count] = copy;
  all->states[all->count++] = heat_run_look(copy, &all->jobs);
  return heat_ok();
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add the subdirectories of `directory` that have a run, in the order of their names: the members of a sweep. */
static heat_status add_members(runs *all, const char *directory, int *found) {
  heat_directory_list list = heat_directory_list_open(directory);
  char **names = NULL, path[HEAT_PATH];
  struct stat info;
  int count = 0;
  heat_status status = heat_ok();
  for (const char *name = heat_directory_list_next(&list); name != NULL && status.code == HEAT_OK;
       name = heat_directory_list_next(&list)) {
    if (name[0] == '.' || heat_directory_join(path, sizeof path, directory, name).code != HEAT_OK) continue;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    char **grown = realloc(names, (size_t)(count + 1) * sizeof *names);
    if (grown != NULL) names = grown;
    if (grown == NULL || (names[count] = strdup(path)) == NULL)
      status = heat_no_memory("a list of runs", (size_t)count);
    else
      count++;
  }
  heat_directory_list_close(&list);
  if (count > 0) qsort(names, (size_t)count, sizeof *names, compare_names);
  for (int n = 0; n < count; n++) {
    if (status.code == HEAT_OK) status = add(all, names[n]);
    const int last = all->count - 1;
    if (status.code == HEAT_OK && all->states[last].kind == HEAT_RUN_NONE) {
      free(all->directories[last]);
      all->count--;
    } else if (status.code == HEAT_OK) {
      ++*found;
    }
    free(names[n]);
  }
  free(names);
  return status;
}

static heat_status look(runs *all, const heat_arguments *arguments) {
  heat_status status = heat_ok();
  forget(all);
  for (int n = 0; n < arguments->operand_count && status.code == HEAT_OK; n++) {
    const char *directory = arguments->operands[n];
    status = add(all, directory);
    if (status.code != HEAT_OK || all->states[all->count - 1].kind != HEAT_RUN_NONE) continue;
    const heat_run_state none = all->states[all->count - 1];
    char *copy = all->directories[--all->count];
    int members = 0;
    status = add_members(all, directory, &members);
    if (status.code == HEAT_OK && members == 0) { /* it stays in the list, and is shown as a directory without a run */
      all->directories[all->count] = copy;
      all->states[all->count++] = none;
    } else {
      free(copy);
    }
  }
  return status;
}

/* Return the exit code for all runs, which is the highest. The message names a directory without a run; the other runs
 * have been shown. */
static heat_status judge(const runs *all) {
  heat_code code = HEAT_OK;
  const char *text = "";
  for (int n = 0; n < all->count; n++) {
    const heat_code own = heat_run_code(&all->states[n]);
    if (own > code) code = own;
    if (all->states[n].kind == HEAT_RUN_NONE && text[0] == '\0') text = all->states[n].message;
  }
  return code == HEAT_OK ? heat_ok() : heat_fail(code, "%s", text);
}

static void show(FILE *out, const runs *all, bool json) {
  if (json)
    heat_status_json(out, all->states, all->count);
  else if (all->count > 1)
    heat_status_table(out, all->states, all->count);
  else if (all->count == 1 && all->states[0].kind != HEAT_RUN_NONE)
    heat_status_block(out, &all->states[0]);
}

static bool any_goes_on(const runs *all) {
  for (int n = 0; n < all->count; n++)
    if (heat_run_goes_on(&all->states[n])) return true;
  return false;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void wait_for(double seconds) {
  const struct timespec pause = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(fmod(seconds, 1) * 1e9)};
  nanosleep(&pause, NULL);
}

/* Replace the `*lines` lines that were drawn before; what does not fit into the window is cut off. */
static heat_status redraw(const runs *all, int *lines) {
  char *text = NULL;
  size_t length;
  int columns, rows;
  FILE *page = open_memstream(&text, &length);
  if (page == NULL) return heat_no_memory("the page", 0);
  show(page, all, false);
  if (fclose(page) != 0 || text == NULL) return heat_no_memory("the page", 0);
  if (*lines > 0) printf("\033[%dA", *lines);
  printf("\r\033[J");
  *lines = 0;
  heat_screen_size(&columns, &rows);
  for (const char *line = text; *line != '\0' && *lines < rows - 1; (*lines)++) {
    const int width = (int)strcspn(line, "\n");
    printf("%.*s\n", width < columns ? width : columns - 1, line);
    line += width + (line[width] == '\n');
  }
  fflush(stdout);
  free(text);
  return heat_ok();
}

/* The state of a run that was printed last. */
typedef struct told {
  char directory[HEAT_PATH];
  heat_run_kind kind;
} told;

typedef struct told_runs {
  told *runs;
  int count;
  double next, pace; /* when all runs in progress are printed again, and the time between such lines, s */
} told_runs;

/* Whether the run is in another state than the one that was printed last. */
static bool has_changed(told_runs *teller, const heat_run_state *state) {
  for (int n = 0; n < teller->count; n++) {
    if (strcmp(teller->runs[n].directory, state->directory) != 0) continue;
    const bool changed = teller->runs[n].kind != state->kind;
    teller->runs[n].kind = state->kind;
    return changed;
  }
  told *grown = realloc(teller->runs, (size_t)(teller->count + 1) * sizeof *grown);
  if (grown == NULL) return false;
  teller->runs = grown;
  told *new = &grown[teller->count++];
  new->kind = state->kind;
  snprintf(new->directory, sizeof new->directory, "%s", state->directory);
  return true;
}

/* Print a line for each run whose state has changed, and from time to time for each run in progress. */
static void tell(told_runs *teller, const runs *all) {
  const double now = seconds_now();
  const bool due = now >= teller->next;
  for (int n = 0; n < all->count; n++) {
    const heat_run_state *state = &all->states[n];
    const bool changed = has_changed(teller, state);
    if (changed || (due && heat_run_goes_on(state))) heat_status_line(stdout, state);
  }
  fflush(stdout);
  if (!due) return;
  teller->next = now + teller->pace;
  teller->pace = fmin(teller->pace * pace_growth, slowest_pace);
}

/* Show the runs until all have ended. */
static heat_status watch(runs *all, const heat_arguments *arguments, bool json) {
  const bool draws = isatty(STDOUT_FILENO) && !json;
  told_runs teller = {.pace = first_pace};
  int lines = 0;
  heat_status status = heat_ok();
  for (;;) {
    status = look(all, arguments);
    if (status.code == HEAT_OK && draws) status = redraw(all, &lines);
    if (status.code == HEAT_OK && json) show(stdout, all, true);
    if (status.code == HEAT_OK && !draws && !json) tell(&teller, all);
    if (fflush(stdout) != 0) status = heat_first(status, heat_fail(HEAT_IO, "cannot write to the standard output"));
    if (status.code != HEAT_OK || !any_goes_on(all)) break;
    wait_for(1);
  }
  free(teller.runs);
  return status;
}

/* One request to one run. */
typedef struct asked {
  heat_run_state *run;
  char path[HEAT_PATH]; /* of the file that makes the request */
  off_t log_before;     /* size of run.log when the request was made, bytes */
  bool made;            /* this program made the file; it did not exist before */
  char answer[HEAT_STATUS_TEXT];
} asked;

/* Write the beginning of the line with which run.log answers. */
static void put_beginning(char text[64], const char *word) {
  if (strcmp(word, "stop") == 0)
    snprintf(text, 64, "stopped by ");
  else
    snprintf(text, 64, "request     %s: ", word);
}

static heat_status make_request(asked *it, const char *word) {
  const char *directory = it->run->directory;
  char log[HEAT_PATH];
  struct stat info;
  heat_status status = heat_ok();
  if (strcmp(word, "stop") == 0) status = heat_directory_join(it->path, sizeof it->path, directory, "STOP");
  for (int n = 0; n < HEAT_REQUESTS; n++)
    if (strcmp(word, heat_request_words[n]) == 0) status = heat_request_path(it->path, directory, (heat_request)n);
  if (status.code == HEAT_OK) status = heat_directory_join(log, sizeof log, directory, "run.log");
  if (status.code != HEAT_OK) return status;
  it->log_before = stat(log, &info) == 0 ? info.st_size : 0;
  const int file =
      open(it->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
  const int error = errno;
  it->made = file >= 0;
  if (file >= 0) close(file);
  if (file < 0 && error == EEXIST && strcmp(word, "stop") != 0 && lstat(it->path, &info) == 0 &&
      (!S_ISREG(info.st_mode) || info.st_size > 0))
    return heat_fail(HEAT_USAGE, "'%s' is in the way: it is not an empty file, and so no request", it->path);
  return file >= 0 || error == EEXIST ? heat_ok()
                                      : heat_fail(HEAT_IO, "cannot make '%s': %s", it->path, strerror(error));
}

/* Whether run.log contains the answer. */
static bool is_answered(asked *it, const char *word) {
  enum { MOST = 1 << 16 };
  char log[HEAT_PATH], beginning[64];
  put_beginning(beginning, word);
  if (heat_directory_join(log, sizeof log, it->run->directory, "run.log").code != HEAT_OK) return false;
  const int file = open(log, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  char *text = file >= 0 ? malloc(MOST + 1) : NULL;
  const ssize_t length = text != NULL ? pread(file, text, MOST, it->log_before) : -1;
  if (file >= 0) close(file);
  for (const char *line = text; length > 0 && line != NULL; line = strchr(line, '\n')) {
    text[length] = '\0';
    line += *line == '\n';
    const size_t whole = strcspn(line, "\n");
    if (strncmp(line, beginning, strlen(beginning)) != 0 || line[whole] != '\n') continue;
    snprintf(it->answer, sizeof it->answer, "%.*s", (int)(whole < HEAT_STATUS_TEXT ? whole : HEAT_STATUS_TEXT - 1),
             line);
    break;
  }
  free(text);
  return it->answer[0] != '\0';
}

/* Wait for the answer until `deadline`. If the run has ended without an answer the request is removed, but not at once,
 * because the last lines of run.log may be written a moment after status.json shows the end. */
static heat_status await(heat_runtime *runtime, asked *it, const char *word, heat_run_jobs *jobs, double deadline) {
  const double pause = 0.2;
  enum { LOOKS_AFTER_THE_END = 10 };
  const char *directory = it->run->directory;
  int ended = 0;
  while (!is_answered(it, word)) {
    if (ended > LOOKS_AFTER_THE_END) {
      if (it->made) unlink(it->path);
      heat_runtime_say(runtime, "%s: not obeyed, the run has ended\n", directory);
      return heat_fail(HEAT_DIFFERENT, "%s", "");
    }
    if (seconds_now() > deadline) {
      heat_runtime_say(runtime, "%s: requested; the run will answer in run.log at its next poll\n", directory);
      return heat_fail(HEAT_DIFFERENT, "%s", "");
    }
    wait_for(pause);
    const heat_run_state now = heat_run_look(directory, jobs);
    ended += !heat_run_goes_on(&now);
  }
  heat_runtime_say(runtime, "%s: %s\n", directory, it->answer);
  return strstr(it->answer, ": not obeyed") != NULL ? heat_fail(HEAT_DIFFERENT, "%s", "") : heat_ok();
}

static heat_status check_word(const char *word) {
  bool known = strcmp(word, "stop") == 0;
  for (int n = 0; n < HEAT_REQUESTS; n++) known = known || strcmp(word, heat_request_words[n]) == 0;
  return known ? heat_ok()
               : heat_fail(HEAT_USAGE, "--request: '%s' is not one of checkpoint, snapshot, image, stop", word);
}

/* Make the request to all runs in progress, and wait for all answers together. */
static heat_status request(heat_runtime *runtime, runs *all, const char *word) {
  asked *list = calloc((size_t)all->count + 1, sizeof *list);
  int count = 0;
  heat_status status = list != NULL ? check_word(word) : heat_no_memory("the requests", sizeof *list);
  for (int n = 0; n < all->count && status.code == HEAT_OK; n++) {
    heat_run_state *run = &all->states[n];
    if (run->kind != HEAT_RUN_RUNNING && run->kind != HEAT_RUN_SILENT) continue;
    list[count].run = run;
    status = make_request(&list[count++], word);
  }
  if (status.code == HEAT_OK && count == 0 && all->states[0].kind == HEAT_RUN_NONE)
    status = judge(all);
  else if (status.code == HEAT_OK && count == 0)
    status = heat_fail(HEAT_USAGE, "no run is going on in '%s': it is %s", all->states[0].directory,
                       heat_run_word(all->states[0].kind));
  const double deadline = seconds_now() + patience;
  heat_status worst = status;
  for (int n = 0; n < count && status.code == HEAT_OK; n++)
    worst = heat_first(worst, await(runtime, &list[n], word, &all->jobs, deadline));
  free(list);
  return worst;
}

static heat_status show_status(heat_runtime *runtime, const heat_arguments *arguments) {
  const char *word = heat_arguments_value(arguments, "request");
  const bool json = heat_arguments_value(arguments, "json") != NULL,
             watches = heat_arguments_value(arguments, "watch") != NULL;
  runs all = {0};
  heat_status status = heat_ok();
  if (word != NULL && (json || watches))
    status = heat_fail(HEAT_USAGE, "--request cannot be combined with --watch or --json");
  else if (watches)
    status = watch(&all, arguments, json);
  else
    status = look(&all, arguments);
  if (status.code == HEAT_OK && word != NULL) {
    status = request(runtime, &all, word);
  } else if (status.code == HEAT_OK) {
    if (!watches) show(stdout, &all, json);
    status = judge(&all);
  }
  destroy(&all);
  return status;
}

static heat_status run_status(heat_runtime *runtime, const heat_arguments *arguments) {
  return heat_agree(runtime->comm, runtime->rank == 0 ? show_status(runtime, arguments) : heat_ok());
}

const heat_command heat_command_status = {
    .name = "status",
    .operands = "DIR...",
    .summary = "show how far runs are, from another terminal; exit code 0: done, 1: in progress, 75: can be resumed",
    .options = {{"watch", HEAT_NO_ARGUMENT, NULL, "show them every second until all have ended"},
                {"json", HEAT_NO_ARGUMENT, NULL, "print a JSON list"},
                {"request", HEAT_ARGUMENT, "WHAT",
                 "ask a run in progress for a checkpoint, a snapshot or an image at once, or to stop"}},
    .least = 1,
    .most = -1,
    .run = run_status};
