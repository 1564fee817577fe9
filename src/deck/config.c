/* The deck: rank 0 reads it, all ranks parse and check it, and accessors answer from the checked tree. */
#include "heat2d/deck/config.h"
#include "config_private.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_DECK = 16 << 20 };

heat_status heat_tree_check(const char *name, heat_node *root) {
  heat_status status = heat_materials_resolve(name, root);
  if (status.code == HEAT_OK) status = heat_check_node(name, root, root, &heat_option_root);
  if (status.code == HEAT_OK) status = heat_check_rules(name, root, root);
  return status;
}

heat_status heat_config_wrap(heat_config **config, const char *name, heat_node *root) {
  heat_config *made = *config = calloc(1, sizeof *made);
  if (made == NULL) return heat_no_memory("the deck", sizeof *made);
  made->name = strdup(name);
  if (made->name != NULL) {
    made->root = root;
    return heat_ok();
  }
  free(made);
  *config = NULL;
  return heat_no_memory("the deck", strlen(name));
}

/* A deck's text, and the values that the command line sets. `faults` is as in heat_source. */
typedef struct deck_text {
  const char *name, *text;
  size_t length;
  const char *const *sets;
  int set_count;
  heat_faults *faults;
} deck_text;

/* Read a deck and the values of --set into a tree, and separate its sweep; nothing is checked yet. *config has to be
 * destroyed in any case. */
static heat_status read_tree(heat_config **config, const deck_text *deck) {
  const char *name = deck->name;
  heat_node *root = NULL;
  *config = NULL;
  if (deck->length > LONGEST_DECK) return heat_fail(HEAT_DECK, "%s:1:1: deck: longer than 16 MiB", name);
  const heat_source source = {.name = name, .faults = deck->faults};
  heat_status status = heat_tree_parse(&root, &source, deck->text, deck->length);
  if (status.code == HEAT_OK && (root == NULL || (root->kind == HEAT_NODE_SCALAR && root->text[0] == '\0')))
    status = heat_fail(HEAT_DECK, "%s:1:1: deck: it is empty", name);
  if (status.code == HEAT_OK && root->kind != HEAT_NODE_MAP)
    status = heat_node_fail(name, root, NULL, "it must consist of sections (key: value)");
  if (status.code == HEAT_OK) root->option = &heat_option_root;
  for (int i = 0; i < deck->set_count && status.code == HEAT_OK; i++)
    status = heat_faults_keep(deck->faults, heat_tree_set(root, i + 1, deck->sets[i]));
  if (status.code == HEAT_OK) status = heat_config_wrap(config, name, root);
  if (status.code != HEAT_OK) {
    heat_node_destroy(root);
    return status;
  }
  return heat_faults_keep(deck->faults, heat_members_take(*config, deck->sets, deck->set_count));
}

static heat_status check(heat_config *config, const char *rows) {
  heat_status status = heat_tree_check(config->name, config->root);
  if (status.code == HEAT_OK && config->members != NULL) status = heat_members_read(config, rows);
  return status;
}

heat_status heat_config_parse(heat_config **config, const char *name, const char *text, size_t length,
                              const char *const *sets, int set_count) {
  const deck_text deck = {name, text, length, sets, set_count, NULL};
  heat_status status = read_tree(config, &deck);
  if (status.code == HEAT_OK) status = check(*config, NULL);
  if (status.code != HEAT_OK) {
    heat_config_destroy(*config);
    *config = NULL;
  }
  return status;
}

/* Read a file, at most one byte more than a deck may have, so that the caller notices a deck that is too long; a NUL is
 * appended. Local. */
static heat_status read_file(char **text, size_t *length, const char *path, const char *what) {
  heat_status status = heat_ok();
  FILE *file = fopen(path, "r");
  if (file == NULL && errno == ENOENT) return heat_fail(HEAT_DECK, "%s: there is no such %s", path, what);
  if (file == NULL) return heat_fail(HEAT_IO, "%s: %s", path, strerror(errno));
  *text = malloc(LONGEST_DECK + 2);
  if (*text == NULL) {
    status = heat_no_memory(what, LONGEST_DECK + 2);
  } else {
    *length = fread(*text, 1, LONGEST_DECK + 1, file);
    (*text)[*length] = '\0';
    if (ferror(file)) status = heat_fail(HEAT_IO, "%s: %s", path, strerror(errno));
  }
  fclose(file);
  return status;
}

/* Rank 0 reads a file and broadcasts its text, which ends with a NUL. *text has to be freed in any case. Collective. */
static heat_status share_file(char **text, size_t *read, MPI_Comm comm, const char *path, const char *what) {
  int rank;
  *text = NULL;
  *read = 0;
  MPI_Comm_rank(comm, &rank);
  heat_status status = heat_agree(comm, rank == 0 ? read_file(text, read, path, what) : heat_ok());
  if (status.code != HEAT_OK) return status;
  int length = (int)*read; /* at most 16 MiB + 1 */
  MPI_Bcast(&length, 1, MPI_INT, 0, comm);
  *read = (size_t)length;
  if (rank != 0) *text = calloc(*read + 1, 1);
  status = heat_agree(comm, *text != NULL ? heat_ok() : heat_no_memory(what, *read + 1));
  if (status.code == HEAT_OK) MPI_Bcast(*text, length, MPI_CHAR, 0, comm);
  return status;
}

heat_status heat_config_load(heat_config **config, MPI_Comm comm, const char *path, const char *const *sets,
                             int set_count) {
  char *text, *rows = NULL;
  *config = NULL;
  deck_text deck = {.name = path, .sets = sets, .set_count = set_count};
  heat_status status = share_file(&text, &deck.length, comm, path, "deck");
  deck.text = text;
  if (status.code == HEAT_OK) status = heat_agree(comm, read_tree(config, &deck));
  if (status.code == HEAT_OK && heat_members_rows(*config) != NULL) {
    size_t length;
    status = share_file(&rows, &length, comm, heat_members_rows(*config), "file of rows");
    if (status.code == HEAT_DECK) status = heat_members_no_rows(*config);
    if (status.code == HEAT_OK && length > LONGEST_DECK)
      status = heat_fail(HEAT_DECK, "%s:1:1: sweep.file: longer than 16 MiB", heat_members_rows(*config));
  }
  if (status.code == HEAT_OK) status = heat_agree(comm, check(*config, rows));
  if (status.code != HEAT_OK) {
    heat_config_destroy(*config);
    *config = NULL;
  }
  free(text);
  free(rows);
  return status;
}

/* Find the faults of the sweep and of its file of rows. */
static void find_sweep_faults(heat_config *config, heat_faults *faults) {
  const char *path = heat_members_rows(config);
  char *rows = NULL;
  size_t length;
  const heat_status status = path != NULL ? read_file(&rows, &length, path, "file of rows") : heat_ok();
  if (status.code == HEAT_DECK) heat_faults_keep(faults, heat_members_no_rows(config));
  heat_members_find_faults(config, rows, faults);
  free(rows);
}

char *heat_config_further_faults(const char *path, const char *const *sets, int set_count, const char *first) {
  char *text = NULL;
  heat_config *config = NULL;
  heat_faults faults = {0};
  deck_text deck = {.name = path, .sets = sets, .set_count = set_count, .faults = &faults};
  heat_faults_add(&faults, first);
  heat_status status = read_file(&text, &deck.length, path, "deck");
  deck.text = text;
  if (status.code == HEAT_OK) status = heat_faults_keep(&faults, read_tree(&config, &deck));
  if (status.code == HEAT_OK && config != NULL) {
    heat_faults_find(&faults, path, config->root);
    find_sweep_faults(config, &faults);
  }
  heat_config_destroy(config);
  free(text);
  return heat_faults_join(&faults, 1);
}

void heat_config_destroy(heat_config *config) {
  if (config == NULL) return;
  heat_members_destroy(config->members);
  heat_node_destroy(config->root);
  free(config->name);
  free(config);
}

static const heat_node *find(const heat_config *config, const char *format, va_list arguments) {
  char key[HEAT_KEY_TEXT];
  int length = vsnprintf(key, sizeof key, format, arguments);
  assert(length >= 0 && (size_t)length < sizeof key && heat_option_find(key) != NULL);
  (void)length;
  return heat_node_find(config->root, key);
}

bool heat_config_has(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  return node != NULL;
}

bool heat_config_auto(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL);
  return node->kind == HEAT_NODE_SCALAR && strcmp(node->text, "auto") == 0;
}

int heat_config_count(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  return node != NULL && node->kind == HEAT_NODE_LIST ? node->count : 0;
}

double heat_config_real(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->is_number);
  return node->number;
}

int64_t heat_config_integer(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->is_number && node->option->type == HEAT_INTEGER);
  return strtoll(node->text, NULL, 10);
}

bool heat_config_boolean(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->option->type == HEAT_BOOLEAN);
  return strcmp(node->text, "true") == 0;
}

int heat_config_choice(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->option->type == HEAT_CHOICE);
  const char *const *choices = node->option->choices;
  int chosen = 0;
  while (choices[chosen] != NULL && strcmp(choices[chosen], node->text) != 0) chosen++;
  assert(choices[chosen] != NULL);
  return chosen;
}

const char *heat_config_text(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->kind == HEAT_NODE_SCALAR);
  return node->text;
}

bool heat_config_hint(const heat_config *config, const char *key, int n, const char **name, const char **text) {
  const heat_node *node = heat_node_find(config->root, key);
  assert(node != NULL && node->option->type == HEAT_HINTS);
  if (n >= node->count) return false;
  *name = node->entries[n]->key;
  *text = node->entries[n]->text;
  return true;
}

heat_value heat_config_value(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->kind != HEAT_NODE_LIST);
  heat_value value = {.time_allowed = (node->option->flags & HEAT_TIME) != 0};
  if (node->kind == HEAT_NODE_MAP) {
    value.kind = HEAT_VALUE_FILE;
    value.file = heat_node_find(node, "file")->text;
    value.dataset = heat_node_find(node, "dataset")->text;
    const heat_node *index = heat_node_find(node, "index");
    value.index = index != NULL ? strtoll(index->text, NULL, 10) : -1;
  } else if (node->is_number) {
    value.kind = HEAT_VALUE_NUMBER;
    value.number = node->number;
  } else {
    value.kind = HEAT_VALUE_EXPRESSION;
    value.expression = node->text;
  }
  return value;
}

static const char *find_file(const heat_node *node, int *left) {
  if (node->kind == HEAT_NODE_SCALAR) {
    const bool file = node->option != NULL && strcmp(node->option->key, "FIELD.file") == 0;
    return file && (*left)-- == 0 ? node->text : NULL;
  }
  const char *found = NULL;
  for (int i = 0; i < node->count && found == NULL; i++) found = find_file(node->entries[i], left);
  return found;
}

const char *heat_config_file(const heat_config *config, int n) {
  return find_file(config->root, &n);
}

heat_cadence heat_config_cadence(const heat_config *config, const char *key, ...) {
  va_list arguments;
  va_start(arguments, key);
  const heat_node *node = find(config, key, arguments);
  va_end(arguments);
  assert(node != NULL && node->kind != HEAT_NODE_LIST);
  if (node->kind == HEAT_NODE_SCALAR) return (heat_cadence){.seconds = node->number};
  const heat_node *steps = heat_node_find(node, "steps"), *minutes = heat_node_find(node, "minutes");
  return (heat_cadence){.steps = steps != NULL ? strtoll(steps->text, NULL, 10) : 0,
                        .minutes = minutes != NULL ? minutes->number : 0};
}

heat_status heat_config_fail(const heat_config *config, const char *key, const char *message, ...) {
  char text[HEAT_STATUS_TEXT], above[HEAT_KEY_TEXT];
  va_list arguments;
  va_start(arguments, message);
  vsnprintf(text, sizeof text, message, arguments);
  va_end(arguments);
  snprintf(above, sizeof above, "%s", key);
  const heat_node *node;
  while ((node = heat_node_find(config->root, above)) == NULL) {
    char *dot = strrchr(above, '.');
    *(dot != NULL ? dot : above) = '\0';
  }
  const char *rest = key + strlen(above);
  return heat_node_message(config->name, node, *rest != '\0' ? rest + (*rest == '.') : NULL, text);
}

heat_status heat_config_resolve(heat_config *config, const char *key, const char *value) {
  heat_node *node = heat_node_find(config->root, key), *resolved = NULL;
  assert(node != NULL);
  const heat_option *option = node->option;
  heat_place place = node->place;
  heat_source source = {.name = config->name, .is_default = true};
  heat_status status = heat_tree_parse(&resolved, &source, value, strlen(value));
  assert(status.code == HEAT_IO || (status.code == HEAT_OK && resolved != NULL));
  if (status.code != HEAT_OK) return status;
  heat_node_replace(node, resolved);
  node->place = place;
  status = heat_check_node(config->name, config->root, node, option);
  if (status.code == HEAT_OK) status = heat_check_rules(config->name, config->root, node);
  assert(status.code == HEAT_IO || status.code == HEAT_OK);
  return status;
}

heat_status heat_config_adopt(heat_config *config, const heat_config *from, const char *key) {
  heat_node *node = heat_node_find(config->root, key), *copy;
  const heat_node *value = heat_node_find(from->root, key);
  if (node == NULL || value == NULL) return heat_ok();
  heat_status status = heat_node_copy(&copy, value);
  if (status.code == HEAT_OK) heat_node_replace(node, copy);
  return status;
}

static char *write_text(void (*write)(FILE *out, const heat_node *node), const heat_node *node) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) return NULL;
  write(out, node);
  bool failed = ferror(out) != 0;
  if (fclose(out) == 0 && !failed) return text;
  free(text);
  return NULL;
}

char *heat_config_write(const heat_config *config) {
  return write_text(heat_tree_write, config->root);
}

/* One of the two nodes is NULL if only one deck has the key. */
static void report(const heat_node *now, const heat_node *before, char *text, size_t size) {
  enum { LONGEST_SHOWN = 80 };
  char path[HEAT_KEY_TEXT];
  char *here = now != NULL ? write_text(heat_node_write, now) : NULL;
  char *there = before != NULL ? write_text(heat_node_write, before) : NULL;
  heat_node_path(now != NULL ? now : before, path);
  snprintf(text, size, "%s: %.*s here, %.*s there", path, LONGEST_SHOWN, here != NULL ? here : "nothing", LONGEST_SHOWN,
           there != NULL ? there : "nothing");
  free(here);
  free(there);
}

static bool is_label(const heat_node *node) {
  return node != NULL && node->option != NULL && (node->option->flags & HEAT_LABEL) != 0;
}

/* Entries of maps are compared by name, entries of lists by position. Options with the flag HEAT_LABEL are not
 * compared. */
static bool differs(const heat_node *now, const heat_node *before, char *text, size_t size) {
  if (is_label(now) || is_label(before)) return false;
  bool same_kind = now != NULL && before != NULL && now->kind == before->kind;
  if (!same_kind || now->kind == HEAT_NODE_SCALAR) {
    if (same_kind && now->is_number == before->is_number && strcmp(now->text, before->text) == 0) return false;
    report(now, before, text, size);
    return true;
  }
  bool is_map = now->kind == HEAT_NODE_MAP;
  for (int i = 0; i < now->count; i++) {
    const heat_node *entry = now->entries[i], *other = i < before->count ? before->entries[i] : NULL;
    if (is_map) other = heat_node_entry(before, entry->key, strlen(entry->key));
    if (differs(entry, other, text, size)) return true;
  }
  for (int i = 0; i < before->count; i++) {
    const heat_node *entry = before->entries[i];
    bool missing = is_map ? heat_node_entry(now, entry->key, strlen(entry->key)) == NULL : i >= now->count;
    if (missing && differs(NULL, entry, text, size)) return true;
  }
  return false;
}

bool heat_config_differs(const heat_config *now, const heat_config *before, char *text, size_t size) {
  const heat_option *row;
  for (int i = 0; (row = heat_option_row(i)) != NULL; i++) {
    if ((row->flags & HEAT_PHYSICS) == 0) continue;
    if (differs(heat_node_find(now->root, row->key), heat_node_find(before->root, row->key), text, size)) return true;
  }
  return false;
}

heat_status heat_config_done_by(heat_config *now, const heat_config *before, bool *done) {
  static const char *const left_open[] = {"time.method", "time.step"};
  char text[HEAT_KEY_TEXT];
  heat_status status = heat_ok();
  for (size_t n = 0; n < sizeof left_open / sizeof *left_open && status.code == HEAT_OK; n++)
    if (heat_config_auto(now, "%s", left_open[n])) status = heat_config_adopt(now, before, left_open[n]);
  *done = status.code == HEAT_OK && !heat_config_differs(now, before, text, sizeof text) &&
          !differs(heat_node_find(now->root, "time"), heat_node_find(before->root, "time"), text, sizeof text);
  return status;
}
