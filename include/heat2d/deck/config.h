/* The deck: one option table {key, type, unit, default, range, help} from which parsing, validation with line and
 * column, suggestions, `heat2d keys` and the resolved deck all follow.
 *
 * A configuration is a tree of YAML nodes in which every key is known, every type and range is right, and every key
 * that the table gives a default is present. Keys are dotted paths with list positions as numbers: "time.end",
 * "regions.2.radius", "boundary.left.value"; accessors take them as printf formats. Asking for a key that the table
 * does not know, or that this deck may lack without asking heat_config_has first, is a programming error (assert). */
#ifndef HEAT2D_CONFIG_H
#define HEAT2D_CONFIG_H

#include "heat2d/base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct heat_config heat_config;

/* What describes a field in the deck: a number, an expression or a dataset in a file. The strings are owned by the
 * configuration. */
typedef enum heat_value_kind { HEAT_VALUE_NUMBER, HEAT_VALUE_EXPRESSION, HEAT_VALUE_FILE } heat_value_kind;

typedef struct heat_value {
  heat_value_kind kind;
  double number;
  const char *expression;     /* its text */
  const char *file, *dataset; /* HDF5 file and path in it */
  int64_t index;              /* along its time axis; -1: none is given */
  bool time_allowed;          /* whether the expression may name t */
} heat_value;

/* How often something happens: every `seconds` of simulated time (0: not by time), every `steps` steps (0: not by
 * steps), every `minutes` of wall-clock time (0: not by the clock). */
typedef struct heat_cadence {
  double seconds;
  int64_t steps;
  double minutes;
} heat_cadence;

/* Read the deck at `path` on rank 0, lay the `sets` ("key=value", count `set_count`) over it, and validate it.
 * On success *config is to be freed by heat_config_destroy. HEAT_DECK with "PATH:LINE:COLUMN: key: ..." (for a fault in
 * the n-th set "--set:N:COLUMN: key: ...") when it is wrong, HEAT_USAGE for a set without "=", HEAT_IO when the file
 * exists but cannot be read (HEAT_DECK when there is none). Collective over comm. */
heat_status heat_config_load(heat_config **config, MPI_Comm comm, const char *path, const char *const *sets,
                             int set_count);

/* The same from text that every rank has; `name` stands in messages. A file of rows that its sweep names is not looked
 * at. Local. */
heat_status heat_config_parse(heat_config **config, const char *name, const char *text, size_t length,
                              const char *const *sets, int set_count);

/* What is wrong with a deck beyond its first fault: a line for each of at most 19 more, to be freed; NULL or "":
 * nothing that can be told. `first`: the message of heat_config_load, which is not repeated. Reads the deck anew.
 * Local. */
char *heat_config_further_faults(const char *path, const char *const *sets, int set_count, const char *first);

void heat_config_destroy(heat_config *config); /* NULL is allowed. Local. */

/* The values of keys. All are Local; numbers have the unit that the option table says. */
bool heat_config_has(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* Whether the value is the word `auto`. */
bool heat_config_auto(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
int heat_config_count(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3); /* list entries; 0: absent */
double heat_config_real(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
int64_t heat_config_integer(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
bool heat_config_boolean(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* The number in names.h of the chosen word; not where the value is `auto`. */
int heat_config_choice(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* Text, or the chosen word of a choice; owned by the configuration. */
const char *heat_config_text(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* A value that describes a field. A pair such as `conductivity: [kx, ky]` has the entries KEY.0 and KEY.1. */
heat_value heat_config_value(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* The path of the n-th file that holds a field, counted from 0 in the deck's order; NULL behind the last one. */
const char *heat_config_file(const heat_config *config, int n);
/* The n-th text under a name of its own in `key`, counted from 0; false behind the last one. Owned by the
 * configuration. */
bool heat_config_hint(const heat_config *config, const char *key, int n, const char **name, const char **text);
heat_cadence heat_config_cadence(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);

/* A HEAT_DECK failure that names where `key` stands: "DECK:LINE:COLUMN: key: MESSAGE". For a key that stands nowhere
 * (a default) the nearest section that does is named. Local. */
heat_status heat_config_fail(const heat_config *config, const char *key, const char *message, ...) HEAT_PRINTF(3, 4);

/* Replace the value of a key by a resolved one (YAML text such as "0.25"), so that the resolved deck says what `auto`
 * became. The text is produced by the program: an invalid one is a programming error. Local. */
heat_status heat_config_resolve(heat_config *config, const char *key, const char *value);

/* Replace the value of a key by that in another configuration, where both have one. HEAT_IO when memory is exhausted.
 * Local. */
heat_status heat_config_adopt(heat_config *config, const heat_config *from, const char *key);

/* Whether a run of `before` that is done is one of `now`, too: of the same grid, physics and times, where `now` may
 * leave the method and the step to the program, and then takes over those of `before`. HEAT_IO when memory is
 * exhausted. Local. */
heat_status heat_config_done_by(heat_config *now, const heat_config *before, bool *done);

/* The resolved deck as YAML text that heat_config_parse reads back to the same values; to be freed. NULL when memory is
 * exhausted. Local. */
char *heat_config_write(const heat_config *config);

/* The first key of the grid or the physics in which two configurations differ, as "key: A here, B there" written to
 * `text`; false when a run of the one may be resumed with the other. Local. */
bool heat_config_differs(const heat_config *now, const heat_config *before, char *text, size_t size);

/* `heat2d keys`: every row of the option table (key, type, unit, default, range, meaning) or, with a key or the
 * beginning of one, those rows. HEAT_USAGE, naming the nearest key, when there is none. Local. */
heat_status heat_config_print_keys(FILE *out, const char *key);

#endif
