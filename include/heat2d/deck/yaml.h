/* Reading YAML files that are not decks: the same restrictions hold as for decks (no tags, one document), and messages
 * name line and column. All functions are Local. */
#ifndef HEAT2D_YAML_H
#define HEAT2D_YAML_H

#include "heat2d/base/status.h"

typedef struct heat_node heat_node; /* a map, a list or a scalar */

/* Parse a text into a tree; messages name it `name`. *root has to be destroyed. HEAT_DECK with "NAME:LINE:COLUMN: YAML:
 * ..." when the text is wrong or empty, HEAT_IO when memory is exhausted. */
heat_status heat_yaml_parse(heat_node **root, const char *name, const char *text, size_t length);
void heat_yaml_destroy(heat_node *root); /* NULL is allowed */

/* Return the entry of a map with a key, or NULL if there is none; return the n-th entry of a map or a list. */
const heat_node *heat_yaml_entry(const heat_node *map, const char *key);
const heat_node *heat_yaml_at(const heat_node *node, int n);
int heat_yaml_count(const heat_node *node); /* number of entries; 0 for a scalar */

bool heat_yaml_is_map(const heat_node *node);
bool heat_yaml_is_list(const heat_node *node);
const char *heat_yaml_key(const heat_node *node);             /* its key in the map around it; NULL in a list */
const char *heat_yaml_text(const heat_node *node);            /* the text of a scalar; NULL for others */
bool heat_yaml_number(const heat_node *node, double *number); /* false unless it is a finite number */
int heat_yaml_line(const heat_node *node); /* the line on which it begins, with its key if it has one */

/* Return HEAT_DECK with "NAME:LINE:COLUMN: key.of.the.node: message". */
heat_status heat_yaml_fail(const char *name, const heat_node *node, const char *format, ...) HEAT_PRINTF(3, 4);

/* Return HEAT_DECK unless the node is a map whose keys are all in `keys`, a list that ends with NULL. */
heat_status heat_yaml_expect(const char *name, const heat_node *node, const char *const *keys);

#endif
