#include "members_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char sweep[] = "sweep";

heat_status heat_axes_add(heat_members *members, int key_count, heat_axis **axis) {
  const size_t bytes = (size_t)(members->axis_count + 1) * sizeof *members->axes;
  heat_axis *axes = realloc(members->axes, bytes);
  if (axes == NULL) return heat_no_memory("the sweep", bytes);
  members->axes = axes;
  *axis = &axes[members->axis_count++];
  **axis = (heat_axis){.key_count = key_count, .keys = calloc((size_t)key_count, sizeof *(*axis)->keys)};
  return (*axis)->keys != NULL ? heat_ok() : heat_no_memory("the keys of a sweep", (size_t)key_count);
}

heat_status heat_axis_grow(heat_axis *axis) {
  const int64_t points = axis->points + 1;
  const size_t row = (size_t)axis->key_count * sizeof *axis->values;
  if ((points & (points - 1)) == 0) { /* the array is full at each power of two */
    heat_node **values = realloc(axis->values, 2 * (size_t)points * row);
    if (values == NULL) return heat_no_memory("the values of a sweep", 2 * (size_t)points * row);
    axis->values = values;
  }
  memset(axis->values + axis->points * axis->key_count, 0, row);
  axis->points = points;
  return heat_ok();
}

static heat_status take_list(heat_axis *axis, const heat_node *list) {
  heat_status status = heat_ok();
  for (int i = 0; i < list->count && status.code == HEAT_OK; i++) {
    status = heat_axis_grow(axis);
    if (status.code == HEAT_OK) status = heat_node_copy(&axis->values[i], list->entries[i]);
  }
  return status;
}

/* The i-th of `count` values, rounded to 12 digits, so that a value that is meant to be 0.3 is 0.3; the ends are as in
 * the deck. */
static double value_at(const heat_node *from, const heat_node *to, int64_t i, int64_t count, bool log) {
  if (i == 0 || count == 1) return from->number;
  if (i == count - 1) return to->number;
  char text[HEAT_NUMBER_TEXT];
  const double share = (double)i / (double)(count - 1), low = from->number, high = to->number;
  snprintf(text, sizeof text, "%.12g", log ? low * pow(high / low, share) : low + (high - low) * share);
  return strtod(text, NULL);
}

/* Read the values {from, to, count, log}, after a check against the option table. */
static heat_status take_span(heat_axis *axis, const char *name, heat_node *span) {
  const heat_node *root = span->parent->parent;
  heat_status status = heat_check_node(name, (heat_node *)root, span, heat_option_find("sweep.*"));
  if (status.code != HEAT_OK) return status;
  heat_node *from = heat_node_find(span, "from"), *to = heat_node_find(span, "to");
  const bool log = strcmp(heat_node_find(span, "log")->text, "true") == 0;
  const int64_t count = (int64_t)heat_node_find(span, "count")->number;
  if (log && !(from->number * to->number > 0))
    return heat_node_fail(name, from, NULL, "%s and %s: with log: true both must be above 0, or both below", from->text,
                          to->text);
  for (int64_t i = 0; i < count && status.code == HEAT_OK; i++) {
    char text[HEAT_NUMBER_TEXT];
    heat_number_write(text, value_at(from, to, i, count, log));
    status = heat_axis_grow(axis);
    if (status.code == HEAT_OK) status = heat_node_create(&axis->values[i], NULL, NULL, 0);
    if (status.code != HEAT_OK) return status;
    free(axis->values[i]->text);
    axis->values[i]->text = strdup(text);
    axis->values[i]->place = span->place;
    if (axis->values[i]->text == NULL) return heat_no_memory("the values of a sweep", sizeof text);
  }
  return status;
}

static heat_status read_axis(heat_members *members, const char *name, heat_node *node) {
  heat_axis *axis;
  if (node->kind != HEAT_NODE_MAP && (node->kind != HEAT_NODE_LIST || node->count == 0))
    return heat_node_fail(name, node, NULL, "a list of values is needed, or {from: A, to: B, count: N}");
  if (node->kind == HEAT_NODE_MAP && heat_node_entry(node, "file", strlen("file")) != NULL)
    return heat_node_fail(name, node, NULL, "a file of rows belongs directly under sweep (sweep: {file: ROWS.csv})");
  heat_status status = heat_axes_add(members, 1, &axis);
  if (status.code == HEAT_OK && node->count > HEAT_MOST_MEMBERS)
    status = heat_node_fail(name, node, NULL, "a sweep of more than %d members", HEAT_MOST_MEMBERS);
  if (status.code != HEAT_OK) return status;
  axis->keys[0] = (heat_axis_key){.name = strdup(node->key), .place = node->key_place};
  if (axis->keys[0].name == NULL) return heat_no_memory("the keys of a sweep", strlen(node->key));
  return node->kind == HEAT_NODE_LIST ? take_list(axis, node) : take_span(axis, name, node);
}

/* The entry that names the file of rows; NULL: there is none. */
static heat_node *rows_of(const heat_node *section) {
  return section->kind == HEAT_NODE_MAP ? heat_node_entry(section, "file", strlen("file")) : NULL;
}

static void destroy_axis(heat_axis *axis) {
  for (int64_t i = 0; i < axis->points * axis->key_count; i++) heat_node_destroy(axis->values[i]);
  for (int k = 0; axis->keys != NULL && k < axis->key_count; k++) free(axis->keys[k].name);
  free(axis->values);
  free(axis->keys);
}

/* Append the axis that an entry of the section `sweep` describes. */
static heat_status read_entry(heat_members *members, const char *name, heat_node *node, const char *rows,
                              heat_faults *faults) {
  if (node->passed) return heat_ok();
  if (node != rows_of(node->parent)) return read_axis(members, name, node);
  if (node->kind != HEAT_NODE_SCALAR || node->text[0] == '\0')
    return heat_node_fail(name, node, NULL, "the name of a file of rows is needed");
  return rows != NULL ? heat_axes_read_rows(members, rows, faults) : heat_ok();
}

/* Make the axes of the section `sweep`. If `faults` is not NULL, the faults of entries are collected there, and these
 * entries are left out. */
static heat_status read_axes(heat_members *members, const char *name, const char *rows, heat_faults *faults) {
  heat_node *section = members->section->entries[0];
  heat_status status = heat_ok();
  if (section->kind != HEAT_NODE_MAP || section->count == 0) {
    status = heat_node_fail(name, section, NULL, "keys with their values are needed: {KEY: [VALUE, ...], ...}");
    return heat_faults_keep(faults, status);
  }
  for (int i = 0; i < section->count && status.code == HEAT_OK; i++) {
    const int before = members->axis_count;
    status = read_entry(members, name, section->entries[i], rows, faults);
    if (faults != NULL && members->axis_count > before &&
        (status.code != HEAT_OK || members->axes[members->axis_count - 1].points == 0))
      destroy_axis(&members->axes[--members->axis_count]);
    status = heat_faults_keep(faults, status);
  }
  return status;
}

void heat_members_destroy(heat_members *members) {
  if (members == NULL) return;
  for (int a = 0; a < members->axis_count; a++) destroy_axis(&members->axes[a]);
  for (int n = 0; n < members->set_count; n++) free(members->sets[n]);
  heat_node_destroy(members->section);
  heat_node_destroy(members->deck);
  free(members->axes);
  free(members->sets);
  free(members->rows);
  free(members);
}

/* Whether a --set gives this key. */
static bool is_set(const heat_members *members, const char *key) {
  for (int n = 0; n < members->set_count; n++) {
    const size_t length = strcspn(members->sets[n], "=");
    if (strncmp(members->sets[n], key, length) == 0 && (key[length] == '\0' || key[length] == '.')) return true;
  }
  return false;
}

static void drop_key(heat_axis *axis, int k) {
  for (int64_t p = 0; p < axis->points; p++) heat_node_destroy(axis->values[p * axis->key_count + k]);
  free(axis->keys[k].name);
  int64_t to = 0;
  for (int64_t from = 0; from < axis->points * axis->key_count; from++)
    if (from % axis->key_count != k) axis->values[to++] = axis->values[from];
  axis->key_count--;
  for (; k < axis->key_count; k++) axis->keys[k] = axis->keys[k + 1];
}

/* Remove axes that have no keys left. */
static void drop_empty(heat_members *members) {
  int kept = 0;
  for (int a = 0; a < members->axis_count; a++) {
    heat_axis *axis = &members->axes[a];
    if (axis->key_count > 0)
      members->axes[kept++] = *axis;
    else
      destroy_axis(axis);
  }
  members->axis_count = kept;
}

/* Remove the keys that the command line sets. */
static void drop_set(heat_members *members) {
  for (int a = 0; a < members->axis_count; a++) {
    heat_axis *axis = &members->axes[a];
    for (int k = axis->key_count - 1; k >= 0; k--)
      if (is_set(members, axis->keys[k].name)) drop_key(axis, k);
  }
  drop_empty(members);
}

static heat_status fail_key(const char *name, const heat_axis_key *key, const char *message) {
  char where[HEAT_KEY_TEXT];
  heat_place_write(where, sizeof where, name, key->place);
  return heat_fail(HEAT_DECK, "%s: sweep.%s: %s", where, key->name, message);
}

/* Refuse the k-th key of axis `a` if it cannot be part of a sweep, or is given a second time. */
static heat_status check_key(const heat_members *members, const char *name, int a, int k) {
  static const char directory[] = "output.directory";
  const heat_axis_key *key = &members->axes[a].keys[k];
  if (strcmp(key->name, directory) == 0 || strcmp(key->name, "output") == 0)
    return fail_key(name, key, "this key cannot vary: each member has a directory of its own in output.directory");
  if (strncmp(key->name, sweep, strlen(sweep)) == 0) return fail_key(name, key, "a sweep cannot contain a sweep");
  for (int b = 0; b <= a; b++)
    for (int l = 0; l < (b < a ? members->axes[b].key_count : k); l++)
      if (strcmp(members->axes[b].keys[l].name, key->name) == 0) return fail_key(name, key, "given twice");
  return heat_ok();
}

/* Check all keys. If `faults` is not NULL, faults are collected there, and these keys are removed. */
static heat_status check_keys(heat_members *members, const char *name, heat_faults *faults) {
  heat_status status = heat_ok();
  for (int a = 0; a < members->axis_count; a++)
    for (int k = 0; k < members->axes[a].key_count && status.code == HEAT_OK; k++) {
      status = check_key(members, name, a, k);
      if (faults != NULL && status.code != HEAT_OK) drop_key(&members->axes[a], k--);
      status = heat_faults_keep(faults, status);
    }
  if (faults != NULL) drop_empty(members);
  return status;
}

/* The point of an axis at which a member lies. */
static int64_t point_of(const heat_members *members, int64_t index, int axis) {
  for (int a = members->axis_count - 1; a > axis; a--) index /= members->axes[a].points;
  return index % members->axes[axis].points;
}

static heat_status lay_point(heat_node *root, const char *name, const heat_axis *axis, int64_t point) {
  heat_status status = heat_ok();
  for (int k = 0; k < axis->key_count && status.code == HEAT_OK; k++) {
    const heat_axis_key *key = &axis->keys[k];
    const heat_node *value = axis->values[point * axis->key_count + k];
    const heat_target target = {.name = name, .key = key->name, .length = strlen(key->name), .place = key->place};
    heat_node *copy;
    if (value == NULL) continue;
    status = heat_node_copy(&copy, value);
    if (status.code == HEAT_OK) status = heat_tree_lay(root, &target, copy);
  }
  return status;
}

static heat_status lay_directory(heat_node *root, const char *above, const char *name) {
  static const char key[] = "output.directory";
  const size_t size = strlen(above) + strlen(name) + 2;
  heat_node *value;
  heat_status status = heat_node_create(&value, NULL, NULL, 0);
  if (status.code != HEAT_OK) return status;
  free(value->text);
  value->text = malloc(size);
  value->quoted = true;
  if (value->text == NULL) {
    heat_node_destroy(value);
    return heat_no_memory("the deck", size);
  }
  snprintf(value->text, size, "%s/%s", above, name);
  return heat_tree_lay(root, &(heat_target){.name = "", .key = key, .length = strlen(key)}, value);
}

/* Make the deck of a member, not yet checked. *root has to be destroyed in any case. `faults` is as in read_axes. */
static heat_status lay_member(heat_node **root, const heat_config *config, int64_t index, heat_faults *faults) {
  const heat_members *members = config->members;
  heat_status status = heat_node_copy(root, members->deck);
  if (status.code != HEAT_OK) return status;
  (*root)->option = &heat_option_root;
  for (int a = 0; a < members->axis_count && status.code == HEAT_OK; a++) {
    const heat_axis *axis = &members->axes[a];
    status = heat_faults_keep(faults, lay_point(*root, config->name, axis, point_of(members, index, a)));
  }
  for (int n = 0; n < members->set_count && status.code == HEAT_OK; n++)
    if (strncmp(members->sets[n], sweep, strlen(sweep)) != 0)
      status = heat_faults_keep(faults, heat_tree_set(*root, n + 1, members->sets[n]));
  return status;
}

heat_status heat_members_create(heat_config **member, const heat_config *config, int64_t index) {
  char name[HEAT_MEMBER_NAME];
  heat_node *root;
  *member = NULL;
  heat_members_name(config, index, name);
  heat_status status = lay_member(&root, config, index, NULL);
  if (status.code == HEAT_OK)
    status = lay_directory(root, heat_node_find(config->root, "output.directory")->text, name);
  if (status.code == HEAT_OK) status = heat_tree_check(config->name, root);
  if (status.code == HEAT_OK) status = heat_config_wrap(member, config->name, root);
  if (status.code != HEAT_OK) heat_node_destroy(root);
  return status;
}

/* The member at a point of one axis and at the first point of the others. */
static int64_t member_at(const heat_members *members, int axis, int64_t point) {
  for (int a = axis + 1; a < members->axis_count; a++) point *= members->axes[a].points;
  return point;
}

typedef struct labelled {
  char label[HEAT_MEMBER_NAME];
  int64_t point;
} labelled;

static int by_label(const void *a, const void *b) {
  const labelled *left = a, *right = b;
  const int order = strcmp(left->label, right->label);
  return order != 0 ? order : (left->point > right->point) - (left->point < right->point);
}

/* Check that no two points of an axis have the same values. */
static heat_status check_labels(const heat_members *members, const char *name, const heat_axis *axis) {
  labelled *labels = malloc((size_t)axis->points * sizeof *labels);
  if (labels == NULL) return heat_no_memory("the names of members", (size_t)axis->points * sizeof *labels);
  for (int64_t p = 0; p < axis->points; p++) {
    labels[p].point = p;
    heat_axis_label(members, axis, p, labels[p].label);
  }
  qsort(labels, (size_t)axis->points, sizeof *labels, by_label);
  heat_status status = heat_ok();
  for (int64_t p = 1; p < axis->points && status.code == HEAT_OK; p++) {
    if (strcmp(labels[p - 1].label, labels[p].label) != 0) continue;
    heat_axis_key twice = axis->keys[0];
    for (int k = 0; k < axis->key_count; k++) {
      const heat_node *value = axis->values[labels[p].point * axis->key_count + k];
      if (value == NULL) continue;
      twice.place = value->place;
      break;
    }
    status = fail_key(name, &twice, "two members would be the same");
  }
  free(labels);
  return status;
}

/* Check each value of an axis as if --set had given it, together with the first values of the other axes. */
static heat_status check_values(const heat_config *config, int axis) {
  const heat_members *members = config->members;
  heat_status status = heat_ok();
  for (int64_t p = axis > 0; p < members->axes[axis].points && status.code == HEAT_OK; p++) {
    heat_config *member;
    status = heat_members_create(&member, config, member_at(members, axis, p));
    heat_config_destroy(member);
  }
  return status;
}

static heat_status check(const heat_config *config, heat_node *section) {
  heat_members *members = config->members;
  heat_status status = check_keys(members, config->name, NULL);
  members->count = 1;
  for (int a = 0; a < members->axis_count && status.code == HEAT_OK; a++) {
    members->count *= members->axes[a].points;
    if (members->count > HEAT_MOST_MEMBERS)
      return heat_node_fail(config->name, section, NULL, "a sweep of more than %d members", HEAT_MOST_MEMBERS);
    status = check_labels(members, config->name, &members->axes[a]);
  }
  for (int a = 0; a < members->axis_count && status.code == HEAT_OK; a++) status = check_values(config, a);
  return status;
}

static heat_status copy_sets(heat_members *members, const char *const *sets, int count) {
  members->sets = calloc((size_t)count + 1, sizeof *members->sets);
  if (members->sets == NULL) return heat_no_memory("the sweep", (size_t)count * sizeof *members->sets);
  for (int n = 0; n < count; n++) {
    members->sets[n] = strdup(sets[n]);
    if (members->sets[n] == NULL) return heat_no_memory("the sweep", strlen(sets[n]));
    members->set_count++;
  }
  return heat_ok();
}

heat_status heat_members_take(heat_config *config, const char *const *sets, int set_count) {
  heat_node *root = config->root, *section = heat_node_entry(root, sweep, strlen(sweep)), *entry, *copy;
  if (section == NULL) return heat_ok();
  heat_members *made = config->members = calloc(1, sizeof *made);
  if (made == NULL) return heat_no_memory("the sweep", sizeof *made);
  heat_status status = copy_sets(made, sets, set_count);
  if (status.code == HEAT_OK) status = heat_node_create(&made->section, NULL, NULL, 0);
  if (status.code != HEAT_OK) return status;
  made->section->kind = HEAT_NODE_MAP;
  made->section->option = &heat_option_root;
  status = heat_node_create(&entry, made->section, sweep, strlen(sweep));
  if (status.code == HEAT_OK) status = heat_node_copy(&copy, section);
  if (status.code != HEAT_OK) return status;
  entry->key_place = section->key_place;
  heat_node_replace(entry, copy);
  heat_node_remove(root, section);
  section = heat_node_entry(root, sweep, strlen(sweep));
  if (section != NULL) {
    section->place = section->key_place;
    status = heat_node_fail(config->name, section, NULL, "given twice");
    for (; section != NULL; section = heat_node_entry(root, sweep, strlen(sweep))) heat_node_remove(root, section);
    return status;
  }
  const heat_node *file = rows_of(entry);
  if (file != NULL && file->kind == HEAT_NODE_SCALAR && file->text[0] != '\0') {
    made->rows = strdup(file->text);
    if (made->rows == NULL) return heat_no_memory("the sweep", strlen(file->text));
  }
  return heat_node_copy(&made->deck, root);
}

heat_status heat_members_read(heat_config *config, const char *rows) {
  heat_members *members = config->members;
  heat_node *section = members->section->entries[0];
  heat_status status = read_axes(members, config->name, rows, NULL);
  if (status.code != HEAT_OK) return status;
  drop_set(members);
  return check(config, section);
}

void heat_members_find_faults(heat_config *config, const char *rows, heat_faults *faults) {
  enum { MOST_POINTS = 1000 }; /* of an axis, since each point costs as many checks of a deck as it has faults */
  heat_members *members = config->members;
  if (members == NULL || members->deck == NULL) return;
  heat_status status = read_axes(members, config->name, rows, faults);
  drop_set(members);
  if (status.code == HEAT_OK) status = check_keys(members, config->name, faults);
  for (int a = 0; a < members->axis_count && status.code == HEAT_OK; a++) {
    status = heat_faults_keep(faults, check_labels(members, config->name, &members->axes[a]));
    for (int64_t p = 0; p < members->axes[a].points && p < MOST_POINTS && !heat_faults_full(faults); p++) {
      heat_node *root;
      if (status.code == HEAT_OK) status = lay_member(&root, config, member_at(members, a, p), faults);
      if (status.code != HEAT_OK) return;
      heat_faults_find(faults, config->name, root);
      heat_node_destroy(root);
    }
  }
}

const char *heat_members_rows(const heat_config *config) {
  return config->members != NULL ? config->members->rows : NULL;
}

heat_status heat_members_no_rows(const heat_config *config) {
  const heat_members *members = config->members;
  heat_node *file = rows_of(members->section->entries[0]);
  return heat_node_fail(config->name, file, NULL, "there is no file '%.200s'", members->rows);
}

int64_t heat_members_count(const heat_config *config) {
  return config->members != NULL ? config->members->count : 0;
}

void heat_members_name(const heat_config *config, int64_t index, char name[HEAT_MEMBER_NAME]) {
  const heat_members *members = config->members;
  name[0] = '\0';
  for (int a = 0; a < members->axis_count; a++) {
    char label[HEAT_MEMBER_NAME];
    heat_axis_label(members, &members->axes[a], point_of(members, index, a), label);
    heat_axis_join(name, label);
  }
  if (name[0] == '\0') snprintf(name, HEAT_MEMBER_NAME, "unchanged");
}

/* Return the axis of the n-th key, and change *n to the key's position on it; NULL after the last key. */
static const heat_axis *axis_of(const heat_members *members, int *n) {
  for (int a = 0; a < members->axis_count; a++) {
    if (*n < members->axes[a].key_count) return &members->axes[a];
    *n -= members->axes[a].key_count;
  }
  return NULL;
}

const char *heat_members_key(const heat_config *config, int n) {
  const heat_axis *axis = axis_of(config->members, &n);
  return axis != NULL ? axis->keys[n].name : NULL;
}

char *heat_members_value(const heat_config *config, int64_t index, int n) {
  const heat_members *members = config->members;
  const heat_axis *axis = axis_of(members, &n);
  const int64_t point = point_of(members, index, (int)(axis - members->axes));
  const heat_node *value = axis->values[point * axis->key_count + n];
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  if (value != NULL) heat_node_write(out, value);
  fclose(out);
  return text;
}
