/* What else is wrong with a deck, when one fault is known: the check is gone through again and again, each time past
 * the fault that it found last. A key that is not known is taken for the nearest one, or away, and so is one that is
 * not used. A wrong value is passed over from then on; where it decides what else is used, or something is missing, so
 * is the section that it stands in. So no fault is told that only follows from another one. */
#include "config_private.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FAULTS = 20 };

/* The path in a message "PLACE: PATH: what is wrong", where PLACE is NAME:LINE:COLUMN or --set:N:COLUMN. */
static bool find_path(const char *message, const char *name, char path[HEAT_KEY_TEXT]) {
  static const char set[] = "--set";
  const char *at = message;
  if (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':')
    at += strlen(name);
  else if (strncmp(at, set, strlen(set)) == 0)
    at += strlen(set);
  else
    return false;
  at += strspn(at, ":0123456789");
  at += *at == ' ';
  const char *end = strstr(at, ": ");
  if (end == NULL || end - at >= HEAT_KEY_TEXT) return false;
  snprintf(path, HEAT_KEY_TEXT, "%.*s", (int)(end - at), at);
  return true;
}

/* Take a key that is not used for the nearest one, which the message names, or where that stands beside it, away. */
static void correct(heat_node *node, const char *message) {
  static const char mark[] = "(nearest: ";
  char path[HEAT_KEY_TEXT], above[HEAT_KEY_TEXT];
  const char *nearest = strstr(message, mark);
  snprintf(path, sizeof path, "%s", nearest != NULL ? nearest + strlen(mark) : "");
  path[strcspn(path, ")")] = '\0';
  char *dot = strrchr(path, '.'), *leaf = dot != NULL ? dot + 1 : path;
  heat_node_path(node->parent, above);
  const bool beside = *leaf != '\0' && strncmp(path, above, strlen(above)) == 0 &&
                      (size_t)(leaf - path) == strlen(above) + (*above != '\0') &&
                      heat_node_entry(node->parent, leaf, strlen(leaf)) == NULL;
  char *key = beside ? strdup(leaf) : NULL;
  if (key != NULL) {
    free(node->key);
    node->key = key;
  } else {
    heat_node_remove(node->parent, node);
  }
}

/* Take away the later one of two entries of the same name; false where there is no other. */
static bool take_second(heat_node *first) {
  heat_node *section = first->parent;
  for (int i = section->count - 1; i >= 0 && section->entries[i] != first; i--) {
    if (section->entries[i]->key == NULL || strcmp(section->entries[i]->key, first->key) != 0) continue;
    heat_node_remove(section, section->entries[i]);
    return true;
  }
  return false;
}

/* The nearest section that a node stands in, or is. */
static heat_node *section_of(heat_node *node) {
  while (node->kind != HEAT_NODE_MAP && node->parent != NULL) node = node->parent;
  return node;
}

/* Let the next check get past a fault. False where nothing can be said of the rest. */
static bool pass(heat_node *root, const char *name, const char *message) {
  char path[HEAT_KEY_TEXT];
  if (!find_path(message, name, path)) return false;
  heat_node *node = heat_node_find(root, path);
  const bool there = node != NULL;
  while (node == NULL) {
    char *dot = strrchr(path, '.');
    if (dot == NULL) return false; /* a whole section is missing */
    *dot = '\0';
    node = heat_node_find(root, path);
  }
  /* The numbers of a pair are checked with it. */
  while (node->key == NULL && node->parent != NULL && node->parent->option != NULL &&
         node->parent->option->type != HEAT_LIST)
    node = node->parent;
  if (node == root) return false;
  if (there && node->key != NULL && strstr(message, ": stands twice") != NULL) return take_second(node);
  if (node->passed) return false;
  const bool surplus = strstr(message, ": unknown key (") != NULL || strstr(message, ": not used ") != NULL;
  if (there && surplus) {
    correct(node, message);
    return true;
  }
  const bool decides = node->option != NULL && node->option->type == HEAT_CHOICE;
  if (!there || decides) node = section_of(decides ? node->parent : node);
  if (node == root || node->passed) return false;
  node->passed = true;
  return true;
}

char *heat_faults_list(const char *name, heat_node *root) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  bool goes_on = root->kind == HEAT_NODE_MAP && heat_materials_resolve(name, root).code == HEAT_OK;
  for (int fault = 0; goes_on && fault < MOST_FAULTS; fault++) {
    const heat_status status = heat_check_node(name, root, root, &heat_option_root);
    if (status.code != HEAT_DECK) break;
    if (fault > 0) fprintf(out, "%s\n", status.text);
    goes_on = pass(root, name, status.text);
  }
  fclose(out);
  return text;
}
