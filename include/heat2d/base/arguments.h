/* The command line. Each command has a table of its options and operands; parsing follows it, and so does the help. */
#ifndef HEAT2D_ARGUMENTS_H
#define HEAT2D_ARGUMENTS_H

#include "heat2d/base/runtime.h"

typedef enum heat_argument { HEAT_NO_ARGUMENT, HEAT_ARGUMENT, HEAT_OPTIONAL_ARGUMENT } heat_argument;

/* An option: --name, --name VALUE or --name=VALUE, --name[=VALUE]. -o is short for --output. */
typedef struct heat_flag {
  const char *name;
  heat_argument argument;
  const char *value_name; /* placeholder in the help, such as "FILE" */
  const char *help;
} heat_flag;

enum { HEAT_OPTIONS = 12 }; /* room for the options of a command and the NULL behind them */

struct heat_arguments;

typedef struct heat_command {
  const char *name;
  const char *operands; /* placeholders in the help, such as "DECK..." */
  const char *summary;
  heat_flag options[HEAT_OPTIONS]; /* ended by a NULL name */
  int least, most;                 /* number of operands; most < 0: any number */
  /* Carry out the command. Collective over the runtime's communicator. */
  heat_status (*run)(heat_runtime *runtime, const struct heat_arguments *arguments);
} heat_command;

/* The words behind the command's name, split into options and operands. */
typedef struct heat_arguments {
  const heat_command *command;
  bool help; /* --help or -h, and nothing else */
  int operand_count;
  const char **operands;
  int given_count; /* options in the order in which they were given */
  struct heat_given {
    const heat_flag *option;
    const char *value; /* NULL: the option was given without a value */
  } * given;
} heat_arguments;

/* Split `words` into options and operands, or notice that help is asked for. `words` is borrowed; *arguments has to be
 * freed by heat_arguments_destroy in any case. HEAT_USAGE when the command does not accept them. Local. */
heat_status heat_arguments_parse(heat_arguments *arguments, const heat_command *command, int count, char **words);
/* Free what heat_arguments_parse allocated. Local. */
void heat_arguments_destroy(heat_arguments *arguments);

/* Return the value of an option: of the last one if it was given several times, "" if it was given without a value,
 * NULL if it was not given. Local. */
const char *heat_arguments_value(const heat_arguments *arguments, const char *option);

/* Read a finite number >= 0, which has to be the whole of `text`. HEAT_USAGE, naming the option, when it is not one.
 * Local. */
heat_status heat_arguments_number(const char *option, const char *text, double *number);

#endif
