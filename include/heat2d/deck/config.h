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

/* Read the deck at `path` on rank 0, replace the values that the `set_count` texts `sets` ("key=value") give, and
 * validate the result. On success *config has to be freed by heat_config_destroy. HEAT_DECK with "PATH:LINE:COLUMN:
 * key: ..." (for a fault in the n-th of `sets` "--set:N:COLUMN: key: ...") when the deck is wrong or does not exist,
 * HEAT_USAGE for a set without "=", HEAT_IO when the file exists but cannot be read. Collective over comm. */
heat_status heat_config_load(heat_config **config, MPI_Comm comm, const char *path, const char *const *sets,
                             int set_count);

/* Do the same with a text that every rank has; messages name it `name`. A file of rows that its sweep names is not
 * read. Local. */
heat_status heat_config_parse(heat_config **config, const char *name, const char *text, size_t length,
                              const char *const *sets, int set_count);

/* List the faults of a deck beyond its first one: one line for each, at most 19, in a text that has to be freed.
 * `first` is the message of heat_config_load, which is not repeated. The deck is read again. After an error in its YAML
 * syntax nothing further can be found. Returns NULL or "" when there is nothing more to tell. Local. */
char *heat_config_further_faults(const char *path, const char *const *sets, int set_count, const char *first);

void heat_config_destroy(heat_config *config); /* NULL is allowed. Local. */

/* The values of keys. All are Local; numbers are in the unit that the option table gives. */
bool heat_config_has(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* Whether the value is the word `auto`. */
bool heat_config_auto(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
int heat_config_count(const heat_config *config, const char *key, ...)
    HEAT_PRINTF(2, 3); /* of list entries; 0: absent */
double heat_config_real(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
int64_t heat_config_integer(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
bool heat_config_boolean(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* The number in names.h of the chosen word. The value must not be `auto`. */
int heat_config_choice(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* Text, or the chosen word of a choice; owned by the configuration. */
const char *heat_config_text(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* A value that describes a field. A pair such as `conductivity: [kx, ky]` has the entries KEY.0 and KEY.1. */
heat_value heat_config_value(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);
/* The path of the n-th file that holds a field, counted from 0 in the deck's order; NULL after the last one. */
const char *heat_config_file(const heat_config *config, int n);
/* The n-th entry of a section such as output.hints, whose names the user chooses: its name and its text, which the
 * configuration owns. Counted from 0; false after the last one. */
bool heat_config_hint(const heat_config *config, const char *key, int n, const char **name, const char **text);
heat_cadence heat_config_cadence(const heat_config *config, const char *key, ...) HEAT_PRINTF(2, 3);

/* Return a HEAT_DECK failure that names the place of `key`: "DECK:LINE:COLUMN: key: MESSAGE". For a key that the deck
 * does not contain (a default), the place is that of the nearest section around it that the deck contains. Local. */
heat_status heat_config_fail(const heat_config *config, const char *key, const char *message, ...) HEAT_PRINTF(3, 4);

/* Replace the value of a key by a resolved one (YAML text such as "0.25"), so that the resolved deck tells which value
 * `auto` became. The text is produced by the program: an invalid one is a programming error. HEAT_IO when memory is
 * exhausted. Local. */
heat_status heat_config_resolve(heat_config *config, const char *key, const char *value);

/* Replace the value of a key by that in another configuration, if both have one. HEAT_IO when memory is exhausted.
 * Local. */
heat_status heat_config_adopt(heat_config *config, const heat_config *from, const char *key);

/* Tell whether a completed run of the deck `before` is also a completed run of `now`: grid, physics and times have to
 * be the same. If `now` leaves the method or the step to the program (`auto`), it takes over that of `before`. HEAT_IO
 * when memory is exhausted. Local. */
heat_status heat_config_done_by(heat_config *now, const heat_config *before, bool *done);

/* Return the resolved deck as YAML text, which heat_config_parse reads back to the same values and which has to be
 * freed. NULL when memory is exhausted. Local. */
char *heat_config_write(const heat_config *config);

/* Find the first key of the grid or the physics in which two configurations differ, and write "key: A here, B there" to
 * `text`. Returns false when there is none, so that a run of `before` may be resumed with `now`. Local. */
bool heat_config_differs(const heat_config *now, const heat_config *before, char *text, size_t size);

/* Print what `heat2d keys` shows: every row of the option table (key, type, unit, default, range, meaning) or, if `key`
 * is a key or the beginning of keys, only their rows. HEAT_USAGE, naming the nearest key, when there is no such key.
 * Local. */
heat_status heat_config_print_keys(FILE *out, const char *key);

#endif
