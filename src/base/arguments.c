#include "heat2d/base/arguments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const heat_flag *find_option(const heat_command *command, const char *name, size_t length) {
  for (const heat_flag *option = command->options; option->name != NULL; option++)
    if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) return option;
  return NULL;
}

static bool asks_for_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Read the option at words[at]; *used is the number of words that it takes. */
static heat_status parse_option(heat_arguments *arguments, int count, char **words, int at, int *used) {
  const char *name = words[at] + 2, *equals = strchr(name, '=');
  const size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
  const heat_flag *option = find_option(arguments->command, name, length);
  *used = 1;
  if (option == NULL)
    return heat_fail(HEAT_USAGE, "unknown option '%s' (see heat2d %s --help)", words[at], arguments->command->name);
  const char *value = equals != NULL ? equals + 1 : NULL;
  if (option->argument == HEAT_NO_ARGUMENT && value != NULL)
    return heat_fail(HEAT_USAGE, "the option --%s takes no value", option->name);
  if (option->argument == HEAT_ARGUMENT && value == NULL) {
    if (at + 1 >= count) return heat_fail(HEAT_USAGE, "the option --%s needs a value", option->name);
    value = words[at + 1];
    *used = 2;
  }
  arguments->given[arguments->given_count++] = (struct heat_given){option, value};
  return heat_ok();
}

heat_status heat_arguments_parse(heat_arguments *arguments, const heat_command *command, int count, char **words) {
  *arguments = (heat_arguments){.command = command};
  arguments->operands = calloc((size_t)count + 1, sizeof *arguments->operands);
  arguments->given = calloc((size_t)count + 1, sizeof *arguments->given);
  if (arguments->operands == NULL || arguments->given == NULL) return heat_no_memory("the arguments", (size_t)count);
  bool options = true; /* until "--" */
  for (int at = 0, used = 1; at < count; at += used) {
    used = 1;
    static char output[] = "--output";
    if (options && strcmp(words[at], "-o") == 0 && find_option(command, output + 2, strlen(output + 2)) != NULL)
      words[at] = output;
    if (options && strcmp(words[at], "--") == 0) {
      options = false;
    } else if (options && asks_for_help(words[at])) {
      if (count > 1) return heat_fail(HEAT_USAGE, "%s stands alone (heat2d %s --help)", words[at], command->name);
      arguments->help = true;
      return heat_ok();
    } else if (options && strncmp(words[at], "--", 2) == 0) {
      heat_status status = parse_option(arguments, count, words, at, &used);
      if (status.code != HEAT_OK) return status;
    } else if (options && words[at][0] == '-' && words[at][1] != '\0') {
      return heat_fail(HEAT_USAGE, "unknown option '%s' (see heat2d %s --help)", words[at], command->name);
    } else {
      arguments->operands[arguments->operand_count++] = words[at];
    }
  }
  if (arguments->operand_count < command->least || (command->most >= 0 && arguments->operand_count > command->most))
    return heat_fail(HEAT_USAGE, "usage: heat2d %s %s (see heat2d %s --help)", command->name, command->operands,
                     command->name);
  return heat_ok();
}

void heat_arguments_destroy(heat_arguments *arguments) {
  free(arguments->operands);
  free(arguments->given);
  *arguments = (heat_arguments){0};
}

const char *heat_arguments_value(const heat_arguments *arguments, const char *option) {
  for (int n = arguments->given_count - 1; n >= 0; n--) {
    if (strcmp(arguments->given[n].option->name, option) != 0) continue;
    return arguments->given[n].value != NULL ? arguments->given[n].value : "";
  }
  return NULL;
}

heat_status heat_arguments_number(const char *option, const char *text, double *number) {
  char *end;
  *number = strtod(text, &end);
  if (end == text || *end != '\0' || !isfinite(*number) || *number < 0)
    return heat_fail(HEAT_USAGE, "--%s: '%s' is not a number >= 0", option, text);
  return heat_ok();
}
