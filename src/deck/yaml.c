#include "heat2d/deck/yaml.h"

#include "config_private.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

heat_status heat_yaml_parse(heat_node **root, const char *name, const char *text, size_t length) {
  const heat_status status = heat_tree_parse(root, &(heat_source){.name = name}, text, length);
  if (status.code != HEAT_OK || *root != NULL) return status;
  return heat_fail(HEAT_DECK, "%s:1:1: YAML: it is empty", name);
}

void heat_yaml_destroy(heat_node *root) {
  heat_node_destroy(root);
}

const heat_node *heat_yaml_entry(const heat_node *map, const char *key) {
  return map->kind == HEAT_NODE_MAP ? heat_node_entry(map, key, strlen(key)) : NULL;
}

const heat_node *heat_yaml_at(const heat_node *node, int n) {
  return node->entries[n];
}

int heat_yaml_count(const heat_node *node) {
  return node->count;
}

bool heat_yaml_is_map(const heat_node *node) {
  return node->kind == HEAT_NODE_MAP;
}

bool heat_yaml_is_list(const heat_node *node) {
  return node->kind == HEAT_NODE_LIST;
}

const char *heat_yaml_key(const heat_node *node) {
  return node->key;
}

const char *heat_yaml_text(const heat_node *node) {
  return node->kind == HEAT_NODE_SCALAR ? node->text : NULL;
}

bool heat_yaml_number(const heat_node *node, double *number) {
  const char *text = heat_yaml_text(node);
  char *end;
  if (text == NULL || node->quoted) return false;
  *number = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*number);
}

int heat_yaml_line(const heat_node *node) {
  return node->key != NULL ? node->key_place.line : node->place.line;
}

heat_status heat_yaml_fail(const char *name, const heat_node *node, const char *format, ...) {
  char message[HEAT_STATUS_TEXT];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return heat_node_message(name, node, NULL, message);
}

heat_status heat_yaml_expect(const char *name, const heat_node *node, const char *const *keys) {
  char accepted[HEAT_KEY_TEXT] = "";
  for (int k = 0; keys[k] != NULL; k++) heat_option_join(accepted, sizeof accepted, ", ", keys[k]);
  if (node->kind != HEAT_NODE_MAP) return heat_yaml_fail(name, node, "it must be a section with the keys %s", accepted);
  for (int n = 0; n < node->count; n++) {
    bool known = false;
    for (int k = 0; keys[k] != NULL; k++) known = known || strcmp(node->entries[n]->key, keys[k]) == 0;
    if (!known) return heat_yaml_fail(name, node->entries[n], "unknown key (accepted: %s)", accepted);
  }
  return heat_ok();
}
