/* `heat2d run` and `heat2d check`. */
#include "command_run.h"
#include "command.h"
#include "heat2d/app/check.h"
#include "heat2d/app/simulation.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Read a time HH:MM:SS, MM:SS or in seconds. */
static heat_status parse_walltime(const char *text, double *seconds) {
  enum { FIELDS = 3, SIXTY = 60 };
  const char *at = text;
  *seconds = 0;
  for (int field = 0; field < FIELDS; field++) {
    char *end;
    const size_t digits = strspn(at, "0123456789");
    if (digits == 0) break;
    *seconds = *seconds * SIXTY + (double)strtoll(at, &end, 10);
    at = end;
    if (*at == '\0' && *seconds > 0) return heat_ok();
    if (*at != ':') break;
    at++;
  }
  return heat_fail(HEAT_USAGE, "--walltime: '%s' is not a time like 01:30:00", text);
}

static heat_status parse_progress(const char *text, heat_progress_mode *mode) {
  static const char *const names[] = {"auto", "bar", "plain", "none"}; /* as heat_progress_mode */
  for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
    if (strcmp(text, names[n]) != 0) continue;
    *mode = (heat_progress_mode)n;
    return heat_ok();
  }
  return heat_fail(HEAT_USAGE, "--progress: '%s' is not one of auto, bar, plain, none", text);
}

/* Read the deck and its --set; options->sets has to be freed in any case. */
static heat_status read_deck_options(const heat_arguments *arguments, heat_options *options) {
  options->deck = arguments->operands[0];
  options->sets = calloc((size_t)arguments->given_count + 1, sizeof *options->sets);
  if (options->sets == NULL) return heat_no_memory("the arguments", 0);
  for (int n = 0; n < arguments->given_count; n++)
    if (strcmp(arguments->given[n].option->name, "set") == 0)
      options->sets[options->set_count++] = arguments->given[n].value;
  return heat_ok();
}

heat_status heat_run_options(const heat_arguments *arguments, heat_options *options) {
  *options = (heat_options){0};
  const char *resume = heat_arguments_value(arguments, "resume");
  const char *walltime = heat_arguments_value(arguments, "walltime");
  const char *progress = heat_arguments_value(arguments, "progress");
  heat_status status = read_deck_options(arguments, options);
  options->resume = resume != NULL;
  options->resume_file = resume != NULL && resume[0] != '\0' ? resume : NULL;
  options->overwrite = heat_arguments_value(arguments, "overwrite") != NULL;
  options->force_unlock = heat_arguments_value(arguments, "force-unlock") != NULL;
  if (status.code == HEAT_OK && options->resume && options->overwrite)
    status = heat_fail(HEAT_USAGE, "--resume and --overwrite exclude each other");
  if (status.code == HEAT_OK && walltime != NULL) status = parse_walltime(walltime, &options->walltime);
  if (status.code == HEAT_OK && progress != NULL) status = parse_progress(progress, &options->progress);
  return status;
}

static heat_status run(heat_runtime *runtime, const heat_arguments *arguments) {
  heat_options options;
  signal(SIGPIPE, SIG_IGN); /* the reader of a pipe may end before the run, and run.log contains everything */
  heat_status status = heat_agree(runtime->comm, heat_run_options(arguments, &options));
  if (status.code == HEAT_OK) status = heat_simulation_run(runtime, &options);
  free(options.sets);
  return status;
}

static heat_status check(heat_runtime *runtime, const heat_arguments *arguments) {
  heat_options options = {0};
  double ranks = 0;
  const char *text = heat_arguments_value(arguments, "ranks");
  heat_status status = read_deck_options(arguments, &options);
  if (status.code == HEAT_OK && text != NULL) status = heat_arguments_number("ranks", text, &ranks);
  if (status.code == HEAT_OK && text != NULL && (ranks < 1 || ranks > INT_MAX || ranks != (double)(int)ranks))
    status = heat_fail(HEAT_USAGE, "--ranks: '%s' is not a number of ranks", text);
  status = heat_agree(runtime->comm, status);
  if (status.code == HEAT_OK) status = heat_check_deck(runtime, &options, (int)ranks);
  free(options.sets);
  return status;
}

const heat_command heat_command_run = {
    .name = "run",
    .operands = "DECK",
    .summary = "run a deck, or go on with a run that was stopped",
    .options =
        {{"set", HEAT_ARGUMENT, "KEY=VALUE", "replace a value of the deck (repeatable)"},
         {"resume", HEAT_OPTIONAL_ARGUMENT, "FILE",
          "go on from the newest intact checkpoint of output.directory, or from FILE; start anew if there is none"},
         {"overwrite", HEAT_NO_ARGUMENT, NULL, "replace the run in output.directory"},
         {"force-unlock", HEAT_NO_ARGUMENT, NULL, "take the directory from a run that you know has ended"},
         {"walltime", HEAT_ARGUMENT, "HH:MM:SS", "stop before this time is over, with a checkpoint and exit code 75"},
         {"progress", HEAT_ARGUMENT, "MODE", "auto, bar, plain or none"}},
    .least = 1,
    .most = 1,
    .run = run};

const heat_command heat_command_check = {
    .name = "check",
    .operands = "DECK",
    .summary = "validate a deck, print it with all defaults, and predict the cost of the run; runs nothing",
    .options = {{"set", HEAT_ARGUMENT, "KEY=VALUE", "replace a value of the deck (repeatable)"},
                {"ranks", HEAT_ARGUMENT, "N", "plan for N ranks"}},
    .least = 1,
    .most = 1,
    .run = check};
