/* The members of a sweep: runs of one deck that differ in the values of the keys under `sweep`.
 *
 *     sweep:
 *       material.conductivity: [16, 50, 385]                      a list of values
 *       boundary.left.value: {from: 300, to: 400, count: 5}       evenly spaced, both ends included;
 *                                                                 log: true: evenly spaced in the logarithm
 *       file: rows.csv                                            a line of keys, and below it rows of values for them
 *
 * The members are the Cartesian product of these values; the last key changes fastest. The deck of a member has the
 * values of the member in place of its own, and those of --set on the command line in place of both. Its
 * output.directory lies below that of the sweep's deck and has the name of the member. That name depends on the
 * member's own values only, so that it does not change when other members are added. */
#ifndef HEAT2D_MEMBERS_H
#define HEAT2D_MEMBERS_H

#include "heat2d/deck/config.h"

enum { HEAT_MEMBER_NAME = 128 };

/* Return the number of members; 0 when the deck has no `sweep`. Local. */
int64_t heat_members_count(const heat_config *config);

/* Write the name of member `index`, counted from 0: letters, digits and . _ + - only. Local. */
void heat_members_name(const heat_config *config, int64_t index, char name[HEAT_MEMBER_NAME]);

/* Return the n-th key in which members differ, counted from 0; NULL after the last one. Local. */
const char *heat_members_key(const heat_config *config, int n);

/* Return the value of the n-th key in a member, as YAML text that has to be freed: "" if a row has no value for it, so
 * that the deck's own value holds; NULL when memory is exhausted. Local. */
char *heat_members_value(const heat_config *config, int64_t index, int n);

/* Make the deck of one member, which has to be destroyed before `config` is. HEAT_DECK when its values contradict each
 * other, HEAT_IO when memory is exhausted. Local. */
heat_status heat_members_create(heat_config **member, const heat_config *config, int64_t index);

#endif
