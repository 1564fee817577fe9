/* Reads YAML text into a tree. The tree is built from the parser's events, so that too deep nesting and tags are
 * refused as soon as they occur. An alias becomes a copy of the node that it names; all copies together are bounded. */
#include "config_private.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Bounds on the entries of a deck after its aliases have been expanded: a few nested aliases can expand to billions of
 * entries. */
enum { MOST_ENTRIES = 100000, MOST_ANCHORS = 1000, MOST_MERGED = 1000 };

/* A node that an alias may name. */
typedef struct anchor {
  char *name;
  const heat_node *node;
} anchor;

typedef struct builder {
  const heat_source *source;
  /* `open`: the collections that have not ended. `named`: a key whose value comes next. */
  heat_node *root, *open[HEAT_DEEPEST], *named;
  int depth, documents, anchor_count, anchor_capacity, copied;
  anchor *anchors;
} builder;

static heat_place place_at(const heat_source *source, yaml_mark_t mark) {
  if (source->is_default) return (heat_place){0};
  heat_place place = source->before;
  if (place.line == 0) return (heat_place){.line = (int)mark.line + 1, .column = (int)mark.column + 1};
  place.column += (int)mark.index + 1;
  return place;
}

static heat_status fail_at(const heat_source *source, yaml_mark_t mark, const char *key, const char *message) {
  char where[HEAT_KEY_TEXT];
  heat_place_write(where, sizeof where, source->name, place_at(source, mark));
  return heat_fail(HEAT_DECK, "%s: %s: %s", where, key, message);
}

/* Report a fault after which reading can go on. It is an error only if the source does not collect its faults. */
static heat_status blame(const builder *b, yaml_mark_t mark, const char *message) {
  return heat_faults_keep(b->source->faults, fail_at(b->source, mark, "YAML", message));
}

/* The parser gives line and column of a syntax error, but only the byte of a character that it could not decode. */
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

/* The members that events of scalars, lists and maps have in common. */
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

/* Take a scalar, or the beginning of a list or a map. In a map, keys and values come in turn. */
static heat_status take_node(builder *b, const yaml_event_t *event) {
  node_event e = read_event(event);
  yaml_mark_t mark = event->start_mark;
  heat_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL, *node = b->named;
  heat_status status = heat_ok();
  if (e.has_tag) status = blame(b, mark, "tags are not supported (write the value without it)");
  if (status.code != HEAT_OK) return status;
  if (e.kind == HEAT_NODE_SCALAR && strlen(e.text) != e.length) {
    return fail_at(b->source, mark, "YAML", "a NUL character");
  }
  if (parent != NULL && parent->kind == HEAT_NODE_MAP && node == NULL) {
    if (e.kind != HEAT_NODE_SCALAR) return fail_at(b->source, mark, "YAML", "a key has to be a word");
    if (e.anchor != NULL) status = blame(b, mark, "an anchor belongs to a value, not to a key");
    if (status.code != HEAT_OK) return status;
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
    node->text = strdup(e.text);
    return node->text != NULL ? status : heat_no_memory("the deck", e.length + 1);
  }
  if (b->depth == HEAT_DEEPEST) return fail_at(b->source, mark, "YAML", "nested too deeply");
  b->open[b->depth++] = node;
  return status;
}

static const heat_node *find_anchor(const builder *b, const char *name) {
  for (int i = b->anchor_count - 1; i >= 0; i--) /* the latest anchor of a name counts */
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

/* Copy a node from elsewhere in the deck, within the bounds. */
static heat_status copy_within(builder *b, heat_node **copy, const heat_node *from, yaml_mark_t mark) {
  if (b->depth + depth_of(from) > HEAT_DEEPEST) return fail_at(b->source, mark, "YAML", "nested too deeply");
  b->copied += count_entries(from);
  if (b->copied > MOST_ENTRIES)
    return fail_at(b->source, mark, "YAML", "the aliases stand for more than 100000 entries");
  return heat_node_copy(copy, from);
}

/* Return what is wrong with an alias of that node; NULL if nothing is. */
static const char *wrong_alias(const builder *b, const heat_node *from) {
  if (from == NULL) return "an alias whose anchor has not been defined before it";
  for (int i = 0; i < b->depth; i++)
    if (b->open[i] == from) return "an alias of the list or section that contains it";
  return NULL;
}

/* An alias is replaced by a copy, whose place is that of the alias. */
static heat_status take_alias(builder *b, const yaml_event_t *event) {
  const yaml_mark_t mark = event->start_mark;
  const heat_node *from = find_anchor(b, (const char *)event->data.alias.anchor);
  heat_node *parent = b->depth > 0 ? b->open[b->depth - 1] : NULL, *node = b->named, *copy = NULL;
  const char *wrong = wrong_alias(b, from);
  heat_status status = wrong != NULL ? blame(b, mark, wrong) : heat_ok();
  if (status.code != HEAT_OK) return status;
  if (parent == NULL || (parent->kind == HEAT_NODE_MAP && node == NULL))
    return fail_at(b->source, mark, "YAML", "a key has to be a word");
  b->named = NULL;
  if (node == NULL) status = heat_node_create(&node, parent, NULL, 0);
  if (status.code == HEAT_OK && wrong == NULL) status = copy_within(b, &copy, from, mark);
  if (status.code != HEAT_OK) return status;
  if (wrong == NULL) heat_node_replace(node, copy);
  node->passed = wrong != NULL;
  node->place = place_at(b->source, mark);
  return status;
}

/* Copy the entries of one map under << that the map itself does not have. */
static heat_status merge_one(builder *b, heat_node *map, const heat_node *from, yaml_mark_t mark) {
  heat_status status = heat_ok();
  if (map->count > MOST_MERGED) return fail_at(b->source, mark, "YAML", "<< in a section of more than 1000 entries");
  if (from->kind != HEAT_NODE_MAP) {
    map->passed = true; /* it is unknown which keys it lacks */
    return from->passed ? status : blame(b, mark, "<< takes a section, or a list of sections");
  }
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

/* At the end of a map, replace "<<: *other" by the entries of the other map (YAML 1.1, merge key). */
static heat_status end_collection(builder *b, const yaml_event_t *event) {
  heat_node *node = b->open[--b->depth];
  heat_node *merge = node->kind == HEAT_NODE_MAP ? heat_node_entry(node, "<<", 2) : NULL;
  if (merge == NULL) return heat_ok();
  heat_status status = heat_ok();
  const bool many = merge->kind == HEAT_NODE_LIST;
  for (int i = 0; i < (many ? merge->count : 1) && status.code == HEAT_OK; i++)
    status = merge_one(b, node, many ? merge->entries[i] : merge, event->start_mark);
  if (status.code != HEAT_OK) return status;
  for (int i = 0; i < b->anchor_count; i++) /* anchors inside the removed node are no longer valid */
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
