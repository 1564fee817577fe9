/* The command line: the options and operands of a command are a table, by which words are sorted and help is printed. */
#ifndef HEAT2D_ARGUMENTS_H
#define HEAT2D_ARGUMENTS_H

#include "heat2d/base/runtime.h"

typedef enum heat_argument { HEAT_NO_ARGUMENT, HEAT_ARGUMENT, HEAT_OPTIONAL_ARGUMENT } heat_argument;

/* An option: --name, --name VALUE or --name=VALUE, --name[=VALUE]. */
typedef struct heat_flag {
  const char *name;
  heat_argument argument;
  const char *value_name; /* in the help */
  const char *help;
} heat_flag;

enum { HEAT_OPTIONS = 8 };

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

/* The command line after the command's name, sorted. */
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

/* Sort the arguments of a command, or see that help is asked for; HEAT_USAGE. What it allocates is freed by
 * heat_arguments_destroy. Local. */
heat_status heat_arguments_parse(heat_arguments *arguments, const heat_command *command, int count, char **words);
void heat_arguments_destroy(heat_arguments *arguments);

/* The value of an option that was given (the last one wins), "" without a value, NULL when it was not. Local. */
const char *heat_arguments_value(const heat_arguments *arguments, const char *option);

/* A non-negative number that must fill the whole text. HEAT_USAGE. Local. */
heat_status heat_arguments_number(const char *option, const char *text, double *number);

#endif
