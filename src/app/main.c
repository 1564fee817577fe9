/* heat2d: a 2D heat-equation stepper on MPI ranks. main chooses the command and turns its status into an exit code. */
#include "command.h"
#include "heat2d/app/debug.h"
#include "heat2d/app/start.h"
#include "heat2d/base/launch.h"
#include "heat2d/io/mpio.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const heat_command *const commands[] = {&heat_command_run,     &heat_command_check,   &heat_command_keys,
                                               &heat_command_info,    &heat_command_compare, &heat_command_render,
                                               &heat_command_view,    &heat_command_status,  &heat_command_sweep,
                                               &heat_command_regress, &heat_command_bench};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void) {
  printf("heat2d %s: the 2D heat equation on MPI ranks\n\nusage: [mpirun -n N] heat2d COMMAND ...\n\n", heat_version());
  for (int c = 0; c < COMMANDS; c++)
    printf("  %-8s %-15s %s\n", commands[c]->name, commands[c]->operands, commands[c]->summary);
  printf(
      "\nheat2d COMMAND --help (-h), or heat2d help COMMAND, explains a command; heat2d --version (-V) names the "
      "version.\n\n"
      "Exit codes: 0 done, 1 compare or regress found a difference, or status a run that goes on, 64 the command line "
      "is\n"
      "wrong, 65 the deck or an input file is wrong, 70 the computation failed, 74 input or output failed, 75 stopped\n"
      "early with a checkpoint written.\n");
}

static void print_command_help(const heat_command *command) {
  printf("usage: heat2d %s %s%s\n\n%s\n", command->name, command->operands,
         command->options[0].name != NULL ? " [OPTION]..." : "", command->summary);
  if (command->options[0].name != NULL) printf("\n");
  for (const heat_flag *option = command->options; option->name != NULL; option++) {
    char form[64];
    snprintf(form, sizeof form, option->argument == HEAT_OPTIONAL_ARGUMENT ? "--%s[=%s]" : "--%s %s", option->name,
             option->value_name != NULL ? option->value_name : "");
    printf("  %-24s %s\n", form, option->help);
  }
}

static heat_status find(const char *name, const heat_command **command) {
  for (int c = 0; c < COMMANDS; c++) {
    *command = commands[c];
    if (strcmp(commands[c]->name, name) == 0) return heat_ok();
  }
  return heat_fail(HEAT_USAGE, "there is no command '%s' (see heat2d --help)", name);
}

/* Print the help: "help" or its other forms, alone or followed by the name of a command. */
static heat_status tell_help(const heat_runtime *runtime, int count, char **words) {
  const bool may_name = strcmp(words[0], "help") == 0;
  if (count > 1 + may_name)
    return heat_fail(HEAT_USAGE, "%s takes no other arguments (heat2d COMMAND --help explains a command)", words[0]);
  const heat_command *command = NULL;
  heat_status status = count > 1 ? find(words[1], &command) : heat_ok();
  if (status.code != HEAT_OK || runtime->rank != 0) return status;
  if (command != NULL)
    print_command_help(command);
  else
    print_help();
  return status;
}

static bool is_one_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++)
    if (strcmp(word, *words) == 0) return true;
  return false;
}

static heat_status dispatch(heat_runtime *runtime, int count, char **words) {
  static const char *const help[] = {"--help", "-h", "help", NULL}, *const version[] = {"--version", "-V", NULL};
  if (count == 0) return heat_fail(HEAT_USAGE, "which command? (see heat2d --help)");
  if (is_one_of(words[0], help)) return tell_help(runtime, count, words);
  if (is_one_of(words[0], version)) {
    if (count > 1) return heat_fail(HEAT_USAGE, "%s takes no other arguments", words[0]);
    heat_runtime_say(runtime, "heat2d %s\n", heat_version());
    return heat_ok();
  }
  const heat_command *command;
  heat_status status = find(words[0], &command);
  if (status.code != HEAT_OK) return status;
  heat_arguments arguments;
  status = heat_agree(runtime->comm, heat_arguments_parse(&arguments, command, count - 1, words + 1));
  if (status.code == HEAT_OK && arguments.help) {
    if (runtime->rank == 0) print_command_help(command);
  } else if (status.code == HEAT_OK) {
    status = command->run(runtime, &arguments);
  }
  heat_arguments_destroy(&arguments);
  return status;
}

/* Set environment variables for libraries, unless the user has set them. */
static void prepare_libraries(void) {
  /* Some parallel file systems refuse file locks. They are not needed, since a run locks its directory itself. */
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
  heat_mpio_prepare();
}

/* A file that could not be closed, for example on a full disk, makes HDF5 crash when it tries again within
 * MPI_Finalize. In that case all ranks end without MPI_Finalize. */
static void end(heat_runtime *runtime, heat_status status) {
  int open_files = H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE) > 0;
  MPI_Allreduce(MPI_IN_PLACE, &open_files, 1, MPI_INT, MPI_MAX, runtime->comm);
  heat_runtime_destroy(runtime);
  if (open_files) _exit((int)status.code);
  MPI_Finalize();
}

int main(int argc, char **argv) {
  prepare_libraries();
  heat_launch(&argc, &argv);
  H5Eset_auto(H5E_DEFAULT, NULL, NULL); /* failures are reported in one line by the program itself */
  heat_runtime runtime;
  heat_runtime_create(&runtime, MPI_COMM_WORLD);
  char build[HEAT_BUILD];
  heat_start_build(build);
  heat_status status = heat_start_agree(MPI_COMM_WORLD, build, argc - 1, argv + 1);
  if (status.code == HEAT_OK) status = heat_agree(MPI_COMM_WORLD, heat_debug_wait(&runtime));
  if (status.code == HEAT_OK) status = dispatch(&runtime, argc - 1, argv + 1);
  if (fflush(stdout) != 0 || ferror(stdout))
    status = heat_first(status, heat_fail(HEAT_IO, "cannot write to the standard output"));
  /* A fault in a deck begins with its place, as in messages of compilers. A failure without a text has been reported
   * before. */
  if (status.code != HEAT_OK && status.text[0] != '\0' && runtime.rank == 0)
    fprintf(stderr, "%s%s\n%s", status.code == HEAT_DECK ? "" : "heat2d: ", status.text,
            runtime.further != NULL ? runtime.further : "");
  end(&runtime, status);
  return (int)status.code;
}
