/* The relations between the values of a checked tree, one function and one row of a table for each heat_rule. */
#include "config_private.h"
#include "heat2d/deck/names.h"

#include <assert.h>
#include <ctype.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

/* Whether a value is given and not known to be wrong, so that others can be compared with it. */
static bool is_known(const heat_node *node) {
  for (const heat_node *above = node; above != NULL; above = above->parent)
    if (above->passed) return false;
  return node != NULL;
}

static heat_status check_end(const char *name, const heat_node *root, heat_node *node) {
  const heat_node *method = heat_node_find(root, "time.method");
  if (node->number > 0 || !is_known(method) || strcmp(method->text, heat_method_names[HEAT_METHOD_STEADY]) == 0)
    return heat_ok();
  return heat_node_fail(name, node, NULL, "%.60s is out of range (must be > 0)", node->text);
}

static heat_status check_cells(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  const double most = 1e15;
  if (node->entries[0]->number * node->entries[1]->number <= most) return heat_ok();
  return heat_node_fail(name, node, NULL, "%s x %s cells are too many (at most 10^15 in all)", node->entries[0]->text,
                        node->entries[1]->text);
}

static heat_status check_increasing(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  if (node->kind == HEAT_NODE_SCALAR || node->entries[0]->number < node->entries[1]->number) return heat_ok();
  return heat_node_fail(name, node, NULL, "%s is not above %s (must be [low, high])", node->entries[1]->text,
                        node->entries[0]->text);
}

static heat_status check_above_min(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  const heat_node *min = heat_node_entry(node->parent, "min", 3);
  for (int i = 0; i < 2 && is_known(min); i++) {
    if (node->entries[i]->number > min->entries[i]->number) continue;
    return heat_node_fail(name, node->entries[i], NULL, "%s is not above min, %s", node->entries[i]->text,
                          min->entries[i]->text);
  }
  return heat_ok();
}

static heat_status check_partner(const char *name, const heat_node *root, heat_node *node) {
  const char *periodic = heat_side_type_names[HEAT_SIDE_PERIODIC];
  if (strcmp(node->text, periodic) != 0) return heat_ok();
  int side = 0;
  while (side < HEAT_SIDES && strcmp(heat_side_names[side], node->parent->key) != 0) side++;
  assert(side < HEAT_SIDES);
  const char *partner = heat_side_names[side ^ 1];
  char key[HEAT_KEY_TEXT];
  snprintf(key, sizeof key, "boundary.%s.type", partner);
  const heat_node *other = heat_node_find(root, key);
  if (!is_known(other) || strcmp(other->text, periodic) == 0) return heat_ok();
  return heat_node_fail(name, node, NULL, "%s must be periodic, too", partner);
}

static heat_status check_inside(const char *name, const heat_node *root, heat_node *node) {
  const heat_node *origin = heat_node_find(root, "domain.origin"), *size = heat_node_find(root, "domain.size");
  for (int i = 0; i < 2 && is_known(origin) && is_known(size); i++) {
    double low = origin->entries[i]->number, high = low + size->entries[i]->number, at = node->entries[i]->number;
    if (at >= low && at <= high) continue;
    return heat_node_fail(name, node->entries[i], NULL, "%s is outside the domain (must be in [%.15g, %.15g])",
                          node->entries[i]->text, heat_limit_above(low, DBL_DIG), heat_limit_below(high, DBL_DIG));
  }
  return heat_ok();
}

static heat_status check_name(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  const char *c = node->text;
  bool right = isalpha((unsigned char)*c) || *c == '_';
  while (isalnum((unsigned char)*c) || (*c != '\0' && strchr("_.-", *c) != NULL)) c++;
  if (right && *c == '\0' && strcmp(node->text, "step") != 0 && strcmp(node->text, "time") != 0) return heat_ok();
  return heat_node_fail(name, node, NULL, "'%.60s' cannot be a name (%s)", node->text, heat_rule_text(HEAT_RULE_NAME));
}

/* A name of a probe and the number of its numbered columns; 0 for a single point. */
typedef struct probe_name {
  heat_node *node;
  int64_t count;
} probe_name;

static int by_name(const void *a, const void *b) {
  return strcmp(((const probe_name *)a)->node->text, ((const probe_name *)b)->node->text);
}

/* Find the line of probes that has a column NAME-k with the name of a single point; NULL when there is none. */
static const heat_node *column_of(const probe_name *names, size_t count, const probe_name *point) {
  const char *dash = strrchr(point->node->text, '-');
  if (point->count > 0 || dash == NULL || dash[1] < '1' || dash[1] > '9') return NULL;
  if (dash[1 + strspn(dash + 1, "0123456789")] != '\0') return NULL;
  const size_t length = (size_t)(dash - point->node->text);
  for (size_t low = 0, high = count; low < high;) {
    const size_t middle = (low + high) / 2;
    const char *other = names[middle].node->text;
    const int order = strncmp(other, point->node->text, length);
    if (order == 0 && other[length] == '\0')
      return strtoll(dash + 1, NULL, 10) <= names[middle].count ? names[middle].node : NULL;
    *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
  }
  return NULL;
}

/* Check that the columns of probes.csv have different names and are not too many. */
static heat_status check_unique(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  enum { MOST_PROBES = 10000000 };
  heat_status status = heat_ok();
  size_t count = 0;
  int64_t columns = 0;
  if (node->count == 0) return status;
  probe_name *names = malloc((size_t)node->count * sizeof *names);
  if (names == NULL) return heat_no_memory("the names of probes", (size_t)node->count * sizeof *names);
  for (int i = 0; i < node->count; i++) {
    heat_node *own = heat_node_entry(node->entries[i], "name", 4);
    heat_node *many = heat_node_entry(node->entries[i], "count", 5);
    if (!is_known(own) || (many != NULL && !is_known(many))) continue;
    names[count] = (probe_name){own, many != NULL ? (int64_t)many->number : 0};
    columns += many != NULL ? names[count].count : 1;
    count++;
    if (columns <= MOST_PROBES || status.code != HEAT_OK) continue;
    status = heat_node_fail(name, many != NULL ? many : own, NULL,
                            "with this one there are %lld points (at most %d in all)", (long long)columns, MOST_PROBES);
  }
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 1; i < count && status.code == HEAT_OK; i++) {
    if (strcmp(names[i - 1].node->text, names[i].node->text) != 0) continue;
    status = heat_node_fail(name, names[i].node, NULL, "two probes have the name %s", names[i].node->text);
  }
  for (size_t i = 0; i < count && status.code == HEAT_OK; i++) {
    const heat_node *line = column_of(names, count, &names[i]);
    if (line == NULL) continue;
    status = heat_node_fail(name, names[i].node, NULL, "a point of the line %s has the name %s, too", line->text,
                            names[i].node->text);
  }
  free(names);
  return status;
}

static heat_status check_dataset(const char *name, const heat_node *root, heat_node *node) {
  (void)root;
  if (node->text[0] == '/' && node->text[1] != '\0') return heat_ok();
  return heat_node_fail(name, node, NULL, "'%.60s' is not a path in the file (it has to begin with /)", node->text);
}

typedef struct relation {
  heat_status (*check)(const char *name, const heat_node *root, heat_node *node);
  const char *text;
} relation;

static const relation relations[] = {
    [HEAT_NO_RULE] = {NULL, NULL},
    [HEAT_RULE_END] = {check_end, "> 0 unless the method is steady"},
    [HEAT_RULE_CELLS] = {check_cells, "at most 10^15 in all"},
    [HEAT_RULE_INCREASING] = {check_increasing, "the second above the first"},
    [HEAT_RULE_ABOVE_MIN] = {check_above_min, "above min in x and in y"},
    [HEAT_RULE_PARTNER] = {check_partner, "periodic on both sides of a pair"},
    [HEAT_RULE_INSIDE] = {check_inside, "inside the domain"},
    [HEAT_RULE_NAME] = {check_name, "letters, digits and _ . - after a letter or _; not step or time"},
    [HEAT_RULE_UNIQUE] = {check_unique, "no name twice"},
    [HEAT_RULE_DATASET] = {check_dataset, "begins with /"},
};

const char *heat_rule_text(heat_rule rule) {
  return relations[rule].text;
}

/* The entries of a pair refer to the same option as the pair, but its rule is for the pair only. */
heat_status heat_check_rules(const char *name, const heat_node *root, heat_node *node) {
  if (node->passed) return heat_ok();
  const relation *own = &relations[node->option->rule];
  heat_status status = own->check != NULL ? own->check(name, root, node) : heat_ok();
  bool has_own_entries = node->kind == HEAT_NODE_MAP || node->option->type == HEAT_LIST ||
                         (node->kind == HEAT_NODE_LIST && node->option->type == HEAT_FIELD);
  for (int i = 0; has_own_entries && i < node->count && status.code == HEAT_OK; i++) {
    status = heat_check_rules(name, root, node->entries[i]);
  }
  return status;
}
