/* `heat2d keys` prints the option table of decks. */
#include "command.h"
#include "heat2d/deck/config.h"

static heat_status run(heat_runtime *runtime, const heat_arguments *arguments) {
  const char *key = arguments->operand_count > 0 ? arguments->operands[0] : NULL;
  heat_status status = heat_ok();
  if (runtime->rank == 0) status = heat_config_print_keys(stdout, key);
  return heat_agree(runtime->comm, status);
}

const heat_command heat_command_keys = {.name = "keys",
                                        .operands = "[KEY]",
                                        .summary = "list every key of a deck: type, unit, default, range, meaning",
                                        .least = 0,
                                        .most = 1,
                                        .run = run};
