/* The members of a sweep: runs of one deck that differ in the values of the keys under `sweep`.
 *
 *     sweep:
 *       material.conductivity: [16, 50, 385]                    a list of values
 *       boundary.left.value: {from: 300, to: 400, count: 5}     evenly spaced, ends included; log: true: in the
 * logarithm file: rows.csv                                          a line of keys, and rows of values for them
 *
 * They are the Cartesian product: the last key changes from each member to the next. A member is the deck with its
 * values laid over it, and the --set of the command line over these; its output.directory is one below the deck's, and
 * bears its name. The name tells the member's own values and nothing else, so that it stays when others are added. */
#ifndef HEAT2D_MEMBERS_H
#define HEAT2D_MEMBERS_H

#include "heat2d/deck/config.h"

enum { HEAT_MEMBER_NAME = 128 };

/* How many there are; 0: the deck has no `sweep`. Local. */
int64_t heat_members_count(const heat_config *config);

/* The name of member `index`, from 0: letters, digits and . _ + - only. Local. */
void heat_members_name(const heat_config *config, int64_t index, char name[HEAT_MEMBER_NAME]);

/* The n-th key that they differ in, from 0; NULL behind the last one. Local. */
const char *heat_members_key(const heat_config *config, int n);

/* Its value in a member as YAML text, to be freed: "" where a row leaves what the deck says; NULL when memory is
 * exhausted. Local. */
char *heat_members_value(const heat_config *config, int64_t index, int n);

/* The deck of one member, to be destroyed before `config` is. HEAT_DECK where its values do not go together, HEAT_IO.
 * Local. */
heat_status heat_members_create(heat_config **member, const heat_config *config, int64_t index);

#endif
