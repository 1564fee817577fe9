/* The tree of nodes that a deck is read into: lists, maps and scalars, found by dotted paths, and changed by --set. */
#include "config_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

static heat_status add_entry(heat_node *parent, heat_node *node) {
  if (parent->count == parent->capacity) {
    int capacity = parent->capacity > 0 ? 2 * parent->capacity : 4;
    size_t bytes = (size_t)capacity * sizeof(heat_node *);
    heat_node **entries = realloc(parent->entries, bytes);
    if (entries == NULL) return heat_no_memory("the deck", bytes);
    parent->entries = entries;
    parent->capacity = capacity;
  }
  parent->entries[parent->count++] = node;
  node->parent = parent;
  return heat_ok();
}

/* Make an empty scalar, and append it to `parent` unless that is NULL. */
heat_status heat_node_create(heat_node **node, heat_node *parent, const char *key, size_t key_length) {
  heat_status status = heat_ok();
  heat_node *made = *node = calloc(1, sizeof *made);
  if (made != NULL) made->text = copy_text("", 0);
  if (made != NULL && key != NULL) made->key = copy_text(key, key_length);
  if (made == NULL || made->text == NULL || (key != NULL && made->key == NULL)) {
    status = heat_no_memory("the deck", sizeof *made + key_length);
  } else if (parent != NULL) {
    status = add_entry(parent, made);
  }
  if (status.code != HEAT_OK) {
    heat_node_destroy(made);
    *node = NULL;
  }
  return status;
}

void heat_node_remove(heat_node *parent, heat_node *entry) {
  int at = 0;
  while (parent->entries[at] != entry) at++;
  for (parent->count--; at < parent->count; at++) parent->entries[at] = parent->entries[at + 1];
  heat_node_destroy(entry);
}

/* The recursion is bounded, because the depth of a tree is. */
static void clear_content(heat_node *node) {
  for (int i = 0; i < node->count; i++) heat_node_destroy(node->entries[i]);
  free(node->entries);
  free(node->text);
}

void heat_node_destroy(heat_node *node) {
  if (node == NULL) return;
  clear_content(node);
  free(node->key);
  free(node);
}

heat_status heat_node_copy(heat_node **copy, const heat_node *node) {
  heat_status status = heat_node_create(copy, NULL, node->key, node->key != NULL ? strlen(node->key) : 0);
  heat_node *made = *copy;
  char *text = status.code == HEAT_OK ? copy_text(node->text, strlen(node->text)) : NULL;
  if (text == NULL) {
    heat_node_destroy(made);
    *copy = NULL;
    return heat_no_memory("the deck", strlen(node->text));
  }
  char *key = made->key, *empty = made->text;
  *made = *node;
  made->key = key;
  made->text = text;
  made->parent = NULL;
  made->entries = NULL;
  made->count = made->capacity = 0;
  free(empty);
  for (int i = 0; i < node->count && status.code == HEAT_OK; i++) {
    heat_node *entry;
    status = heat_node_copy(&entry, node->entries[i]);
    if (status.code == HEAT_OK) status = add_entry(made, entry);
    if (status.code != HEAT_OK) heat_node_destroy(entry);
  }
  if (status.code != HEAT_OK) {
    heat_node_destroy(made);
    *copy = NULL;
  }
  return status;
}

void heat_node_replace(heat_node *node, heat_node *value) {
  clear_content(node);
  heat_node old = *node;
  *node = *value;
  node->key = old.key;
  node->key_place = old.key_place;
  node->parent = old.parent;
  for (int i = 0; i < node->count; i++) node->entries[i]->parent = node;
  free(value->key);
  free(value);
}

/* The list position that a segment spells; `limit` if it does not spell a number below `limit`. */
static int position(const char *segment, size_t length, int limit) {
  if (length == 0 || length > 9 || strspn(segment, "0123456789") < length) return limit;
  long at = strtol(segment, NULL, 10);
  return at < limit ? (int)at : limit;
}

heat_node *heat_node_entry(const heat_node *node, const char *segment, size_t length) {
  if (node->kind == HEAT_NODE_LIST) {
    int at = position(segment, length, node->count);
    return at < node->count ? node->entries[at] : NULL;
  }
  for (int i = 0; i < node->count; i++) {
    const char *key = node->entries[i]->key;
    if (strncmp(key, segment, length) == 0 && key[length] == '\0') return node->entries[i];
  }
  return NULL;
}

heat_node *heat_node_find(const heat_node *root, const char *path) {
  heat_node *node = (heat_node *)root;
  while (node != NULL && *path != '\0') {
    size_t length = strcspn(path, ".");
    node = heat_node_entry(node, path, length);
    path += length + (path[length] == '.');
  }
  return node;
}

void heat_node_path(const heat_node *node, char path[HEAT_KEY_TEXT]) {
  path[0] = '\0';
  if (node->parent == NULL) return;
  heat_node_path(node->parent, path);
  char number[16];
  if (node->key == NULL) {
    int at = 0;
    while (node->parent->entries[at] != node) at++;
    snprintf(number, sizeof number, "%d", at);
  }
  heat_option_join(path, HEAT_KEY_TEXT, ".", node->key != NULL ? node->key : number);
}

void heat_place_write(char *text, size_t size, const char *name, heat_place place) {
  if (place.set > 0) {
    snprintf(text, size, "--set:%d:%d", place.set, place.column);
  } else {
    snprintf(text, size, "%s:%d:%d", place.file != NULL ? place.file : name, place.line > 0 ? place.line : 1,
             place.line > 0 ? place.column : 1);
  }
}

/* The place of a section is that of its name, the place of a value is its own. */
static heat_place place_of(const heat_node *node) {
  return node->kind != HEAT_NODE_SCALAR && node->key != NULL ? node->key_place : node->place;
}

heat_status heat_node_message(const char *name, const heat_node *node, const char *leaf, const char *message) {
  char where[HEAT_KEY_TEXT], path[HEAT_KEY_TEXT];
  heat_node_path(node, path);
  if (leaf != NULL) heat_option_join(path, sizeof path, ".", leaf);
  while (node->parent != NULL && place_of(node).line == 0) node = node->parent;
  heat_place_write(where, sizeof where, name, place_of(node));
  return heat_fail(HEAT_DECK, "%s: %s: %s", where, path[0] != '\0' ? path : "deck", message);
}

heat_status heat_node_fail(const char *name, heat_node *node, const char *leaf, const char *format, ...) {
  char message[HEAT_STATUS_TEXT];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  node->failed = true;
  node->missing = leaf;
  return heat_node_message(name, node, leaf, message);
}

/* Whether this is `material: NAME`. A value that --set gives below it replaces that value of the material and leaves
 * the others as they are. */
static bool names_material(const heat_node *node) {
  return node->kind == HEAT_NODE_SCALAR && node->text[0] != '\0' && node->key != NULL &&
         strcmp(node->key, "material") == 0 && node->parent != NULL && node->parent->parent == NULL;
}

/* Replace NAME by {material: NAME}, as in a region. */
static heat_status keep_material(heat_node *node, heat_place place) {
  heat_node *name;
  const heat_status status = heat_node_create(&name, node, node->key, strlen(node->key));
  if (status.code != HEAT_OK) return status;
  char *empty = name->text;
  name->text = node->text;
  node->text = empty;
  name->place = name->key_place = node->place;
  node->kind = HEAT_NODE_MAP;
  node->place = node->key_place = place;
  return status;
}

/* Find the entry of `node` that a segment names, and make it if there is none; a scalar is replaced by a collection. */
static heat_status descend(heat_node **entry, heat_node *node, const heat_target *segment) {
  const heat_place place = segment->place;
  if (names_material(node)) {
    const heat_status status = keep_material(node, place);
    if (status.code != HEAT_OK) return status;
  }
  if (node->kind == HEAT_NODE_SCALAR) {
    node->kind = segment->length == 1 && *segment->key == '0' ? HEAT_NODE_LIST : HEAT_NODE_MAP;
    node->place = node->key_place = place;
  }
  *entry = heat_node_entry(node, segment->key, segment->length);
  if (*entry != NULL) return heat_ok();
  bool in_list = node->kind == HEAT_NODE_LIST;
  if (in_list && position(segment->key, segment->length, node->count + 1) != node->count) {
    char where[HEAT_KEY_TEXT], path[HEAT_KEY_TEXT];
    heat_place_write(where, sizeof where, segment->name, place);
    heat_node_path(node, path);
    return heat_fail(HEAT_DECK, "%s: %s.%.*s: no such entry (0 to %d can be set)", where, path, (int)segment->length,
                     segment->key, node->count);
  }
  heat_status status = heat_node_create(entry, node, in_list ? NULL : segment->key, segment->length);
  if (status.code == HEAT_OK) (*entry)->place = (*entry)->key_place = place;
  return status;
}

/* A dotted key under `sweep` is one segment. */
static size_t segment_length(const heat_target *target, size_t at) {
  static const char sweep[] = "sweep.";
  const size_t left = target->length - at;
  if (at == strlen(sweep) && strncmp(target->key, sweep, at) == 0) return left;
  const char *dot = memchr(target->key + at, '.', left);
  return dot != NULL ? (size_t)(dot - target->key) - at : left;
}

heat_status heat_tree_lay(heat_node *root, const heat_target *target, heat_node *value) {
  heat_node *node = root;
  heat_status status = heat_ok();
  size_t at = 0;
  for (int depth = 0; status.code == HEAT_OK && at <= target->length; depth++) {
    heat_target segment = *target;
    segment.key += at;
    segment.length = segment_length(target, at);
    segment.place.column += (int)at;
    if (depth == HEAT_DEEPEST) {
      char where[HEAT_KEY_TEXT];
      heat_place_write(where, sizeof where, target->name, segment.place);
      status = heat_fail(HEAT_DECK, "%s: %.*s: nested too deeply", where, (int)target->length, target->key);
    } else {
      status = descend(&node, node, &segment);
    }
    at += segment.length + 1;
    if (status.code == HEAT_OK && at > target->length) node->key_place = segment.place;
  }
  if (status.code == HEAT_OK)
    heat_node_replace(node, value);
  else
    heat_node_destroy(value);
  return status;
}

heat_status heat_tree_set(heat_node *root, int number, const char *set) {
  size_t key_length = strcspn(set, "=");
  if (set[key_length] == '\0' || key_length == 0) {
    return heat_fail(HEAT_USAGE, "--set '%s': a key and a value are needed, as in --set time.end=10", set);
  }
  heat_source source = {.before = {.set = number, .line = 1, .column = (int)key_length + 1}};
  heat_node *value = NULL;
  const char *text = set + key_length + 1;
  heat_status status = heat_tree_parse(&value, &source, text, strlen(text));
  if (status.code == HEAT_OK && value == NULL) status = heat_node_create(&value, NULL, NULL, 0);
  if (status.code != HEAT_OK) {
    heat_node_destroy(value);
    return status;
  }
  if (value->place.line == 0) {
    value->place = source.before;
    value->place.column++;
  }
  const heat_target target = {
      .name = "", .key = set, .length = key_length, .place = {.set = number, .line = 1, .column = 1}};
  return heat_tree_lay(root, &target, value);
}
