/* YAML that is no deck, read as decks are: the same restrictions (no tags, one document), and faults told with line and
 * column. All Local. */
#ifndef HEAT2D_YAML_H
#define HEAT2D_YAML_H

#include "heat2d/base/status.h"

typedef struct heat_node heat_node; /* a map, a list or a scalar */

/* The tree of a text; `name` stands in messages. To be destroyed where it is not NULL. HEAT_DECK with
 * "NAME:LINE:COLUMN: YAML: ...", also for a text that holds nothing; HEAT_IO (memory). */
heat_status heat_yaml_parse(heat_node **root, const char *name, const char *text, size_t length);
void heat_yaml_destroy(heat_node *root); /* NULL is allowed */

/* The entry of a map by its key, NULL where there is none; the n-th of a map or a list. */
const heat_node *heat_yaml_entry(const heat_node *map, const char *key);
const heat_node *heat_yaml_at(const heat_node *node, int n);
int heat_yaml_count(const heat_node *node); /* of a scalar: 0 */

bool heat_yaml_is_map(const heat_node *node);
bool heat_yaml_is_list(const heat_node *node);
const char *heat_yaml_key(const heat_node *node);             /* in the map that it stands in */
const char *heat_yaml_text(const heat_node *node);            /* of a scalar; NULL for others */
bool heat_yaml_number(const heat_node *node, double *number); /* false where it is no finite number */
int heat_yaml_line(const heat_node *node);                    /* on which it begins, its key where it has one */

/* HEAT_DECK with "NAME:LINE:COLUMN: key.of.the.node: message". */
heat_status heat_yaml_fail(const char *name, const heat_node *node, const char *format, ...) HEAT_PRINTF(3, 4);

/* HEAT_DECK unless it is a map whose keys are all among these (ended by NULL). */
heat_status heat_yaml_expect(const char *name, const heat_node *node, const char *const *keys);

#endif
