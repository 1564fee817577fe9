/* The command line. Each command has a table of its options and operands; parsing follows it, and so does the help. */
#ifndef HEAT2D_ARGUMENTS_H
#define HEAT2D_ARGUMENTS_H

#include "heat2d/base/runtime.h"

typedef enum heat_argument { HEAT_NO_ARGUMENT, HEAT_ARGUMENT, HEAT_OPTIONAL_ARGUMENT } heat_argument;

/* An option: --name, --name VALUE or --name=VALUE, --name[=VALUE]. -o is short for --output. */
typedef struct heat_flag {
  const char *name;
  heat_argument argument;
  const char *value_name; /* in the help */
  const char *help;
} heat_flag;

enum { HEAT_OPTIONS = 12 };

struct heat_arguments;

typedef struct heat_command {
  const char *name;
  const char *operands; /* in the help */
  const char *summary;
  heat_flag options[HEAT_OPTIONS]; /* ended by a NULL name */
  int least, most;                 /* operands; most < 0: any number */
  /* Collective over the runtime's communicator. */
  heat_status (*run)(heat_runtime *runtime, const struct heat_arguments *arguments);
} heat_command;

/* What stands after the command's name, split into options and operands. */
typedef struct heat_arguments {
  const heat_command *command;
  bool help; /* --help or -h, and nothing else */
  int operand_count;
  const char **operands;
  int given_count; /* options in their order */
  struct heat_given {
    const heat_flag *option;
    const char *value; /* NULL: none */
  } * given;
} heat_arguments;

/* Split `words` into options and operands, or notice that help is asked for. HEAT_USAGE where they are not what the
 * command takes. To be freed by heat_arguments_destroy in any case. Local. */
heat_status heat_arguments_parse(heat_arguments *arguments, const heat_command *command, int count, char **words);
void heat_arguments_destroy(heat_arguments *arguments); /* Local. */

/* The value of an option that was given (the last one wins), "" without a value, NULL when it was not. Local. */
const char *heat_arguments_value(const heat_arguments *arguments, const char *option);

/* The finite number >= 0 that `text` spells from its first to its last character. HEAT_USAGE, naming the option. Local.
 */
heat_status heat_arguments_number(const char *option, const char *text, double *number);

#endif
