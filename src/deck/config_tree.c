/* YAML text <-> tree of nodes. The tree is built from the parser's events, so that depth and tags are refused as they
 * come by; an alias becomes a copy of what it names, as long as all copies together stay within bounds. */
#include "config_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

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

/* An empty scalar, the last entry of `parent` unless that is NULL. */
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

/* The depth of a tree is bounded, so this may call itself. */
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

/* The list position that a segment spells; `limit` when it spells none below. */
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
    snprintf(text, size, "%s:%d:%d", name, place.line > 0 ? place.line : 1, place.line > 0 ? place.column : 1);
  }
}

/* A section is where its name is, a value where it begins. */
static heat_place place_of(const heat_node *node) {
  return node->kind != HEAT_NODE_SCALAR && node->key != NULL ? node->key_place : node->place;
}

heat_status heat_node_fail(const char *name, const heat_node *node, const char *leaf, const char *format, ...) {
  char where[HEAT_KEY_TEXT], path[HEAT_KEY_TEXT], message[HEAT_STATUS_TEXT];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  heat_node_path(node, path);
  if (leaf != NULL) heat_option_join(path, sizeof path, ".", leaf);
  while (node->parent != NULL && place_of(node).line == 0) node = node->parent;
  heat_place_write(where, sizeof where, name, place_of(node));
  return heat_fail(HEAT_DECK, "%s: %s: %s", where, path[0] != '\0' ? path : "deck", message);
}

/* Entries that a deck may have with its aliases written out: some nested ones stand for billions. */
enum { MOST_ENTRIES = 100000, MOST_ANCHORS = 1000, MOST_MERGED = 1000 };

/* A node that an alias may name. */
typedef struct anchor {
  char *name;
  const heat_node *node;
} anchor;

typedef struct builder {
  const heat_source *source;
  heat_node *root, *open[HEAT_DEEPEST], *named; /* the collections not yet closed; a key that waits for its value */
  int depth, documents, anchor_count, anchor_capacity, copied;
  anchor *anchors;
} builder;

static heat_place place_at(const heat_source *source, yaml_mark_t mark) {
  if (source->is_default) return (heat_place){0};
  if (source->set > 0) return (heat_place){source->set, 1, source->column + (int)mark.index + 1};
  return (heat_place){0, (int)mark.line + 1, (int)mark.column + 1};
}

static heat_status fail_at(const heat_source *source, yaml_mark_t mark, const char *key, const char *message) {
  char where[HEAT_KEY_TEXT];
  heat_place_write(where, sizeof where, source->name, place_at(source, mark));
  return heat_fail(HEAT_DECK, "%s: %s: %s", where, key, message);
}

/* The parser marks what it could parse by line and column, but what it could not even read by its byte. */
static heat_status syntax_error(const heat_source *source, const yaml_parser_t *parser, const char *text) {
  char message[HEAT_KEY_TEXT];
  yaml_mark_t mark = parser->problem_mark;
  if (parser->error == YAML_MEMORY_ERROR) return heat_no_memory("the YAML parser", sizeof *parser);
  if (parser->error == YAML_READER_ERROR) {
    mark = (yaml_mark_t){0};
    for (size_t i = 0; i < parser->problem_offset; i++) {
      bool new_line = text[i] == '\n', new_character = ((unsigned char)text[i] & 0xc0) != 0x80;
      mark.index += new_character;
      mark.line += new_line;
      mark.column = new_line ? 0 : mark.column + new_character;
    }
  }
  snprintf(message, sizeof message, "%s%s%s%s", parser->problem, parser->context != NULL ? " (" : "",
           parser->context != NULL ? parser->context : "", parser->context != NULL ? ")" : "");
  return fail_at(source, mark, "YAML", message);
}

/* What only some kinds of event carry. */
typedef struct node_event {
  heat_node_kind kind;
  bool has_tag, quoted;
  const char *anchor; /* NULL: none */
  const char *text;
  size_t length;
} node_event;

static node_event read_event(const yaml_event_t *event) {
  if (event->type == YAML_SEQUENCE_START_EVENT) {
    return (node_event){.kind = HEAT_NODE_LIST,
                        .anchor = (const char *)event->data.sequence_start.anchor,
                        .has_tag = event->data.sequence_start.tag != NULL};
  }
  if (event->type == YAML_MAPPING_START_EVENT) {
    return (node_event){.kind = HEAT_NODE_MAP,
                        .anchor = (const char *)event->data.mapping_start.anchor,
                        .has_tag = event->data.mapping_start.tag != NULL};
  }
  return (node_event){.kind = HEAT_NODE_SCALAR,
                      .anchor = (const char *)event->data.scalar.anchor,
                      .has_tag = event->data.scalar.tag != NULL,
                      .quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE,
                      .text = (const char *)event->data.scalar.value,
                      .length = event->data.scalar.length};
}

static heat_status add_anchor(builder *b, const char *name, const heat_node *node, yaml_mark_t mark) {
  if (b->anchor_count == MOST_ANCHORS) return fail_at(b->source, mark, "YAML", "more than 1000 anchors");
  if (b->anchor_count == b->anchor_capacity) {
    const int capacity = b->anchor_capacity > 0 ? 2 * b->anchor_capacity : 8;
    anchor *anchors = realloc(b->anchors, (size_t)capacity * sizeof *anchors);
    if (anchors == NULL) return heat_no_memory("the deck", (size_t)capacity * sizeof *anchors);
    b->anchors = anchors;
    b->anchor_capacity = capacity;
  }
  char *copy = strdup(name);
  if (copy == NULL) return heat_no_memory("the deck", strlen(name));
  b->anchors[b->anchor_count++] = (anchor){copy, node};
  return heat_ok();
}

/* A scalar, or the beginning of a list or a map; in a map a key and its value in turn. */
static heat_status take_node(builder *b, const yaml_event_t *event) {
  node_event e = read_event(event);
  yaml_mark_t mark = event->start_mark;
  heat_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL, *node = b->named;
  if (e.has_tag) return fail_at(b->source, mark, "YAML", "tags are not supported (write the value without it)");
  if (e.kind == HEAT_NODE_SCALAR && strlen(e.text) != e.length) {
    return fail_at(b->source, mark, "YAML", "a NUL character");
  }
  heat_status status = heat_ok();
  if (parent != NULL && parent->kind == HEAT_NODE_MAP && node == NULL) {
    if (e.kind != HEAT_NODE_SCALAR) return fail_at(b->source, mark, "YAML", "a key has to be a word");
    if (e.anchor != NULL) return fail_at(b->source, mark, "YAML", "an anchor belongs to a value, not to a key");
    status = heat_node_create(&b->named, parent, e.text, e.length);
    if (status.code == HEAT_OK) b->named->key_place = place_at(b->source, mark);
    return status;
  }
  b->named = NULL;
  if (node == NULL) status = heat_node_create(&node, parent, NULL, 0);
  if (status.code != HEAT_OK) return status;
  if (parent == NULL) b->root = node;
  node->kind = e.kind;
  node->quoted = e.quoted;
  node->place = place_at(b->source, mark);
  if (e.anchor != NULL) status = add_anchor(b, e.anchor, node, mark);
  if (status.code != HEAT_OK) return status;
  if (e.kind == HEAT_NODE_SCALAR) {
    free(node->text);
    node->text = copy_text(e.text, e.length);
    return node->text != NULL ? status : heat_no_memory("the deck", e.length + 1);
  }
  if (b->depth == HEAT_DEEPEST) return fail_at(b->source, mark, "YAML", "nested too deeply");
  b->open[b->depth++] = node;
  return status;
}

static const heat_node *find_anchor(const builder *b, const char *name) {
  for (int i = b->anchor_count - 1; i >= 0; i--) /* a name may be given anew */
    if (strcmp(b->anchors[i].name, name) == 0) return b->anchors[i].node;
  return NULL;
}

static int count_entries(const heat_node *node) {
  int count = 1;
  for (int i = 0; i < node->count && count <= MOST_ENTRIES; i++) count += count_entries(node->entries[i]);
  return count;
}

static int depth_of(const heat_node *node) {
  int deepest = 0;
  for (int i = 0; i < node->count; i++) {
    const int depth = depth_of(node->entries[i]);
    if (depth > deepest) deepest = depth;
  }
  return node->kind == HEAT_NODE_SCALAR ? 0 : deepest + 1;
}

/* A copy of what is somewhere else in the deck, within the bounds. */
static heat_status copy_within(builder *b, heat_node **copy, const heat_node *from, yaml_mark_t mark) {
  if (b->depth + depth_of(from) > HEAT_DEEPEST) return fail_at(b->source, mark, "YAML", "nested too deeply");
  b->copied += count_entries(from);
  if (b->copied > MOST_ENTRIES)
    return fail_at(b->source, mark, "YAML", "the aliases stand for more than 100000 entries");
  return heat_node_copy(copy, from);
}

/* An alias takes the place of a value; where it stands is where the copy stands. */
static heat_status take_alias(builder *b, const yaml_event_t *event) {
  const yaml_mark_t mark = event->start_mark;
  const heat_node *from = find_anchor(b, (const char *)event->data.alias.anchor);
  heat_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL, *node = b->named, *copy;
  if (from == NULL) return fail_at(b->source, mark, "YAML", "an alias of an anchor that does not stand before it");
  if (parent == NULL || (parent->kind == HEAT_NODE_MAP && node == NULL))
    return fail_at(b->source, mark, "YAML", "a key has to be a word");
  for (int i = 0; i < b->depth; i++)
    if (b->open[i] == from) return fail_at(b->source, mark, "YAML", "an alias of what it stands in");
  b->named = NULL;
  heat_status status = node == NULL ? heat_node_create(&node, parent, NULL, 0) : heat_ok();
  if (status.code == HEAT_OK) status = copy_within(b, &copy, from, mark);
  if (status.code != HEAT_OK) return status;
  heat_node_replace(node, copy);
  node->place = place_at(b->source, mark);
  return status;
}

/* The entries of one map under << that the map does not have itself. */
static heat_status merge_one(builder *b, heat_node *map, const heat_node *from, yaml_mark_t mark) {
  heat_status status = heat_ok();
  if (map->count > MOST_MERGED) return fail_at(b->source, mark, "YAML", "<< in a section of more than 1000 entries");
  if (from->kind != HEAT_NODE_MAP) return fail_at(b->source, mark, "YAML", "<< takes a section, or a list of sections");
  for (int i = 0; i < from->count && status.code == HEAT_OK; i++) {
    const heat_node *entry = from->entries[i];
    heat_node *made, *copy;
    if (heat_node_entry(map, entry->key, strlen(entry->key)) != NULL) continue;
    status = copy_within(b, &copy, entry, mark);
    if (status.code != HEAT_OK) return status;
    status = heat_node_create(&made, map, entry->key, strlen(entry->key));
    if (status.code != HEAT_OK) {
      heat_node_destroy(copy);
      return status;
    }
    made->key_place = entry->key_place;
    heat_node_replace(made, copy);
  }
  return status;
}

/* At the end of a map: "<<: *other" stands for what the other has (YAML 1.1, merge key). */
static heat_status end_collection(builder *b, const yaml_event_t *event) {
  heat_node *node = b->open[--b->depth];
  heat_node *merge = node->kind == HEAT_NODE_MAP ? heat_node_entry(node, "<<", 2) : NULL;
  if (merge == NULL) return heat_ok();
  heat_status status = heat_ok();
  const bool many = merge->kind == HEAT_NODE_LIST;
  for (int i = 0; i < (many ? merge->count : 1) && status.code == HEAT_OK; i++)
    status = merge_one(b, node, many ? merge->entries[i] : merge, event->start_mark);
  if (status.code != HEAT_OK) return status;
  for (int i = 0; i < b->anchor_count; i++) /* an anchor that goes with it is none any more */
    for (const heat_node *above = b->anchors[i].node; above != NULL; above = above->parent)
      if (above == merge) b->anchors[i].name[0] = '\0';
  heat_node_remove(node, merge);
  return status;
}

static heat_status take_event(builder *b, const yaml_event_t *event) {
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    if (++b->documents == 1) return heat_ok();
    return fail_at(b->source, event->start_mark, "YAML", "a second document begins here (a deck is one document)");
  case YAML_ALIAS_EVENT:
    return take_alias(b, event);
  case YAML_SCALAR_EVENT:
  case YAML_SEQUENCE_START_EVENT:
  case YAML_MAPPING_START_EVENT:
    return take_node(b, event);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    return end_collection(b, event);
  default:
    return heat_ok();
  }
}

/* *root is NULL where the text holds nothing. */
heat_status heat_tree_parse(heat_node **root, const heat_source *source, const char *text, size_t length) {
  static const char byte_order_mark[] = "\xef\xbb\xbf";
  size_t skip = length >= 3 && memcmp(text, byte_order_mark, 3) == 0 ? 3 : 0;
  yaml_parser_t parser;
  *root = NULL;
  if (!yaml_parser_initialize(&parser)) return heat_no_memory("the YAML parser", sizeof parser);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text + skip, length - skip);
  builder b = {.source = source};
  heat_status status = heat_ok();
  for (bool ended = false; status.code == HEAT_OK && !ended;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      status = syntax_error(source, &parser, text + skip);
      break;
    }
    ended = event.type == YAML_STREAM_END_EVENT;
    status = take_event(&b, &event);
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  for (int i = 0; i < b.anchor_count; i++) free(b.anchors[i].name);
  free(b.anchors);
  if (status.code == HEAT_OK) {
    *root = b.root;
  } else {
    heat_node_destroy(b.root);
  }
  return status;
}

/* The entry of `node` that a segment names, made where there is none; a scalar on the way gives way to a collection. */
static heat_status descend(heat_node **entry, heat_node *node, const char *segment, size_t length, heat_place place) {
  if (node->kind == HEAT_NODE_SCALAR) {
    node->kind = length == 1 && *segment == '0' ? HEAT_NODE_LIST : HEAT_NODE_MAP;
    node->place = node->key_place = place;
  }
  *entry = heat_node_entry(node, segment, length);
  if (*entry != NULL) return heat_ok();
  bool in_list = node->kind == HEAT_NODE_LIST;
  if (in_list && position(segment, length, node->count + 1) != node->count) {
    char where[HEAT_KEY_TEXT], path[HEAT_KEY_TEXT];
    heat_place_write(where, sizeof where, "", place);
    heat_node_path(node, path);
    return heat_fail(HEAT_DECK, "%s: %s.%.*s: no such entry (0 to %d can be set)", where, path, (int)length, segment,
                     node->count);
  }
  heat_status status = heat_node_create(entry, node, in_list ? NULL : segment, length);
  if (status.code == HEAT_OK) (*entry)->place = (*entry)->key_place = place;
  return status;
}

heat_status heat_tree_set(heat_node *root, int number, const char *set) {
  size_t key_length = strcspn(set, "=");
  if (set[key_length] == '\0' || key_length == 0) {
    return heat_fail(HEAT_USAGE, "--set '%s': a key and a value are needed, as in --set time.end=10", set);
  }
  heat_source source = {.set = number, .column = (int)key_length + 1};
  heat_node *value = NULL, *node = root;
  const char *text = set + key_length + 1, *segment = set;
  heat_status status = heat_tree_parse(&value, &source, text, strlen(text));
  if (status.code == HEAT_OK && value == NULL) status = heat_node_create(&value, NULL, NULL, 0);
  for (int depth = 0; status.code == HEAT_OK && segment < text; depth++) {
    heat_place place = {number, 1, (int)(segment - set) + 1};
    size_t length = strcspn(segment, ".=");
    if (depth == HEAT_DEEPEST) {
      status = heat_fail(HEAT_DECK, "--set:%d:%d: %.*s: nested too deeply", number, place.column, (int)key_length, set);
    } else {
      status = descend(&node, node, segment, length, place);
    }
    if (status.code == HEAT_OK && segment + length + 1 == text) node->key_place = place;
    segment += length + 1;
  }
  if (status.code == HEAT_OK) {
    if (value->place.line == 0) value->place = (heat_place){number, 1, source.column + 1};
    heat_node_replace(node, value);
  } else {
    heat_node_destroy(value);
  }
  return status;
}

/* Whether a text needs no quotes: a word that no YAML reader takes for something else than text. */
static bool is_plain(const char *text) {
  static const char *const reserved[] = {"true", "false", "null", "yes", "no", "on", "off", "auto", "y", "n"};
  static const char first[] = "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  if (strspn(text, first) == 0 || text[strspn(text, others)] != '\0') return false;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    if (strcasecmp(text, reserved[i]) == 0) return false;
  }
  return true;
}

/* The next character of UTF-8 text that the YAML parser has passed. */
static unsigned long next_character(const unsigned char **text) {
  const unsigned char *c = *text;
  int more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
  unsigned long code = more == 0 ? *c : *c & (0x3fu >> more);
  for (int i = 1; i <= more; i++) code = code << 6 | (c[i] & 0x3fu);
  *text += more + 1;
  return code;
}

/* In double quotes; controls, line and page breaks and marks that readers change or refuse are escaped. */
static void write_quoted(FILE *out, const char *text) {
  fputc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
    const unsigned char *from = c;
    unsigned long code = next_character(&c);
    bool unsafe = code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
                  (code & 0xfffe) == 0xfffe;
    if (code == '"' || code == '\\') {
      fprintf(out, "\\%c", (int)code);
    } else if (unsafe) {
      fprintf(out, "\\U%08lx", code);
    } else {
      fwrite(from, 1, (size_t)(c - from), out);
    }
  }
  fputc('"', out);
}

static void write_scalar(FILE *out, const heat_node *node) {
  const heat_option *option = node->option;
  bool is_word = option->type == HEAT_CHOICE || option->type == HEAT_BOOLEAN ||
                 ((option->flags & HEAT_AUTO) != 0 && strcmp(node->text, "auto") == 0);
  if (node->is_number || is_word || (option->type == HEAT_TEXT && is_plain(node->text))) {
    fputs(node->text, out);
  } else {
    write_quoted(out, node->text);
  }
}

void heat_node_write(FILE *out, const heat_node *node) {
  if (node->kind == HEAT_NODE_SCALAR) {
    write_scalar(out, node);
    return;
  }
  fputc(node->kind == HEAT_NODE_LIST ? '[' : '{', out);
  for (int i = 0; i < node->count; i++) {
    if (i > 0) fputs(", ", out);
    if (node->kind == HEAT_NODE_MAP) fprintf(out, "%s: ", node->entries[i]->key);
    heat_node_write(out, node->entries[i]);
  }
  fputc(node->kind == HEAT_NODE_LIST ? ']' : '}', out);
}

/* "key: value  # unit"; top-level sections and lists of sections take a line for each entry. */
static void write_entry(FILE *out, const heat_node *node, int depth) {
  const heat_option *option = node->option;
  bool is_section = option->type == HEAT_SECTION && depth == 0, is_list = option->type == HEAT_LIST && node->count > 0;
  fprintf(out, "%*s%s:", 2 * depth, "", node->key);
  if (!is_section && !is_list) {
    fputc(' ', out);
    heat_node_write(out, node);
    if (option->unit != NULL) fprintf(out, "  # %s", option->unit);
  }
  fputc('\n', out);
  for (int i = 0; i < node->count && (is_section || is_list); i++) {
    if (is_section) {
      write_entry(out, node->entries[i], depth + 1);
    } else {
      fprintf(out, "%*s- ", 2 * depth + 2, "");
      heat_node_write(out, node->entries[i]);
      fputc('\n', out);
    }
  }
}

void heat_tree_write(FILE *out, const heat_node *root) {
  for (int i = 0; i < root->count; i++) write_entry(out, root->entries[i], 0);
}
