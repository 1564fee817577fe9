/* All faults of a deck at once. The check of a tree ends at its first fault. Here it is repeated, each time after the
 * fault that it found last has been removed:
 *
 *     an unknown key        is renamed to the nearest key that the message names, or removed
 *     a key that is not used, or is given twice, is removed
 *     a missing key         is added
 *     a wrong value         stays
 *
 * In the last two cases the entry is marked as `passed`: the checks of the tree ignore it and everything that depends
 * on it, so that no line is printed that only follows from another fault. */
#include "config_private.h"

#include <stdlib.h>
#include <string.h>

bool heat_faults_full(const heat_faults *faults) {
  return faults->count == HEAT_MOST_FAULTS;
}

void heat_faults_add(heat_faults *faults, const char *line) {
  for (int n = 0; n < faults->count; n++)
    if (strcmp(faults->lines[n], line) == 0) return;
  if (heat_faults_full(faults)) return;
  char *copy = strdup(line);
  if (copy != NULL) faults->lines[faults->count++] = copy;
}

heat_status heat_faults_keep(heat_faults *faults, heat_status status) {
  if (faults == NULL || status.code != HEAT_DECK) return status;
  heat_faults_add(faults, status.text);
  return heat_ok();
}

char *heat_faults_join(heat_faults *faults, int first) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  for (int n = 0; n < faults->count; n++) {
    if (out != NULL && n >= first) fprintf(out, "%s\n", faults->lines[n]);
    free(faults->lines[n]);
  }
  faults->count = 0;
  if (out != NULL) fclose(out);
  return text;
}

/* Rename a key to the nearest one, which the message names, or remove it if its section has that key already. */
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

/* Return the node that the last failure is about, see heat_node_fail; NULL if it is not in this tree. */
static heat_node *find_failed(heat_node *node) {
  if (node->failed) return node;
  heat_node *found = NULL;
  for (int i = 0; i < node->count && found == NULL; i++) found = find_failed(node->entries[i]);
  return found;
}

/* Add an entry for a missing key, marked as `passed`. */
static bool add_passed(heat_node *section, const char *key) {
  heat_node *entry;
  if (heat_node_create(&entry, section, key, strlen(key)).code != HEAT_OK) return false;
  entry->passed = true;
  return true;
}

/* Change the tree so that the next check does not find the same fault. False if the rest cannot be checked. */
static bool pass(heat_node *root, const char *message) {
  heat_node *node = find_failed(root);
  if (node == NULL) return false;
  const char *missing = node->missing;
  node->failed = false;
  node->missing = NULL;
  if (missing != NULL) return add_passed(node, missing);
  /* A number of a pair is checked together with the pair. */
  while (node->key == NULL && node->parent != NULL && node->parent->option != NULL &&
         node->parent->option->type != HEAT_LIST)
    node = node->parent;
  if (node == root || node->passed) return false;
  if (strstr(message, ": given twice") != NULL)
    heat_node_remove(node->parent, node);
  else if (strstr(message, ": unknown key (") != NULL || strstr(message, ": not used ") != NULL)
    correct(node, message);
  else
    node->passed = true;
  return true;
}

void heat_faults_find(heat_faults *faults, const char *name, heat_node *root) {
  for (bool goes_on = true; goes_on && !heat_faults_full(faults);) {
    const heat_status status = heat_tree_check(name, root);
    if (status.code != HEAT_DECK) return;
    heat_faults_add(faults, status.text);
    goes_on = pass(root, status.text);
  }
}
