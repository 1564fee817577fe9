/* `heat2d sweep` runs or lists the members of a deck's sweep. */
#include "command.h"
#include "command_run.h"
#include "heat2d/deck/members.h"
#include "sweep.h"
#include "sweep_member.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>

/* Read an integer from 1 to `most`; 0: the option is not given. */
static heat_status read_count(const heat_arguments *arguments, const char *option, int64_t most, int64_t *count) {
  const char *text = heat_arguments_value(arguments, option);
  double number = 0;
  *count = 0;
  heat_status status = text != NULL ? heat_arguments_number(option, text, &number) : heat_ok();
  if (status.code != HEAT_OK || text == NULL) return status;
  if (number < 1 || number > (double)most || number != (double)(int64_t)number)
    return heat_fail(HEAT_USAGE, "--%s: '%s' is not a number from 1 to %lld", option, text, (long long)most);
  *count = (int64_t)number;
  return status;
}

/* Print a line for each member: its number, its directory, its values. */
static void print_list(const heat_config *config) {
  for (int64_t m = 0; m < heat_members_count(config); m++) {
    char directory[HEAT_PATH];
    if (heat_member_directory(config, m, directory).code != HEAT_OK)
      continue; /* its run will report that the path is too long */
    printf("%lld\t%s", (long long)m + 1, directory);
    for (int n = 0; heat_members_key(config, n) != NULL; n++) {
      char *value = heat_members_value(config, m, n);
      if (value != NULL && *value != '\0') printf("\t%s=%s", heat_members_key(config, n), value);
      free(value);
    }
    printf("\n");
  }
}

/* Do what is asked for by --list, --count or --index. */
static heat_status do_one(heat_runtime *runtime, const heat_arguments *arguments, const heat_options *options) {
  heat_config *config;
  int64_t index;
  heat_status status = heat_sweep_load(&config, runtime, options);
  if (status.code == HEAT_OK) status = read_count(arguments, "index", heat_members_count(config), &index);
  if (status.code == HEAT_OK && heat_arguments_value(arguments, "count") != NULL)
    heat_runtime_say(runtime, "%lld\n", (long long)heat_members_count(config));
  else if (status.code == HEAT_OK && heat_arguments_value(arguments, "list") != NULL && runtime->rank == 0)
    print_list(config);
  else if (status.code == HEAT_OK && index > 0)
    status = heat_sweep_run_one(runtime, options, config, index - 1);
  heat_config_destroy(config);
  return status;
}

static heat_status run(heat_runtime *runtime, const heat_arguments *arguments) {
  static const char *const alternatives[] = {"list", "count", "index", "groups"};
  heat_options options;
  int64_t groups = 0;
  int given = 0;
  heat_status status = heat_run_options(arguments, &options);
  for (size_t n = 0; n < sizeof alternatives / sizeof *alternatives; n++)
    given += heat_arguments_value(arguments, alternatives[n]) != NULL;
  if (status.code == HEAT_OK && given > 1)
    status = heat_fail(HEAT_USAGE, "--list, --count, --index and --groups exclude each other");
  if (status.code == HEAT_OK) status = read_count(arguments, "groups", runtime->size, &groups);
  status = heat_agree(runtime->comm, status);
  if (given == 0 || groups > 0 || heat_arguments_value(arguments, "index") != NULL)
    signal(SIGPIPE, SIG_IGN); /* as for a run */
  if (status.code == HEAT_OK && given > 0 && groups == 0)
    status = do_one(runtime, arguments, &options);
  else if (status.code == HEAT_OK)
    status = heat_sweep_run(runtime, &options, (int)groups);
  free(options.sets);
  return status;
}

const heat_command heat_command_sweep = {
    .name = "sweep",
    .operands = "DECK",
    .summary = "run all members of the deck's sweep that are not done yet, in parallel on groups of ranks",
    .options = {{"list", HEAT_NO_ARGUMENT, NULL, "only list the members: number, directory, values"},
                {"count", HEAT_NO_ARGUMENT, NULL, "only print the number of members, N; a job array of them is 1 to N"},
                {"index", HEAT_ARGUMENT, "N", "run only member N, on all ranks, as a job of an array does"},
                {"groups", HEAT_ARGUMENT, "G",
                 "number of members at a time, each on its part of the ranks (default: as many as possible)"},
                {"set", HEAT_ARGUMENT, "KEY=VALUE", "replace a value of the deck and of the sweep (repeatable)"},
                {"resume", HEAT_NO_ARGUMENT, NULL, "go on with members that were stopped or failed, begin the others"},
                {"overwrite", HEAT_NO_ARGUMENT, NULL, "replace the runs of all members"},
                {"force-unlock", HEAT_NO_ARGUMENT, NULL, "take directories from runs that you know have ended"},
                {"walltime", HEAT_ARGUMENT, "HH:MM:SS",
                 "stop before this time is over, with checkpoints and exit code 75"},
                {"progress", HEAT_ARGUMENT, "MODE", "none: no line for each member; with --index as for run"}},
    .least = 1,
    .most = 1,
    .run = run};
