/* Materials that are defined once and used by name: before the deck is checked, each name is replaced by the values of
 * the material. So the resolved deck and the comparison before a resume contain the values themselves. */
#include "config_private.h"

#include "heat2d/base/words.h"

#include <string.h>

/* Write "nearest: steel", or a list of all names. */
static void suggest(const heat_node *materials, const char *typed, char *text, size_t size) {
  const char *nearest = NULL;
  size_t best = (size_t)-1;
  text[0] = '\0';
  for (int i = 0; materials != NULL && i < materials->count; i++) {
    const char *word = materials->entries[i]->key;
    const size_t letters = heat_word_distance(typed, word);
    if (letters < best && heat_word_near(typed, word, letters)) {
      best = letters;
      nearest = word;
    }
    heat_option_join(text, size, i == 0 ? "" : ", ", i == 0 ? "known: " : word);
    if (i == 0) heat_option_join(text, size, "", word);
  }
  if (nearest != NULL) snprintf(text, size, "nearest: %s", nearest);
  if (materials == NULL || materials->count == 0) snprintf(text, size, "materials: {NAME: {...}} names none");
}

static heat_node *use_of(const heat_node *section) {
  return heat_node_entry(section, "material", strlen("material"));
}

bool heat_material_unknown(const heat_node *section) {
  const heat_node *use = use_of(section);
  return use != NULL && use->passed;
}

/* Find the material that `use` names. If `materials` or the material is known to be wrong, *found is NULL and later
 * checks ignore `use`. */
static heat_status find_material(const char *name, const heat_node *materials, heat_node *use,
                                 const heat_node **found) {
  char text[HEAT_KEY_TEXT];
  *found = materials != NULL ? heat_node_entry(materials, use->text, strlen(use->text)) : NULL;
  use->passed = materials != NULL && (materials->passed || (*found != NULL && (*found)->passed));
  if (use->passed) *found = NULL;
  if (*found != NULL || use->passed) return heat_ok();
  suggest(materials, use->text, text, sizeof text);
  return heat_node_fail(name, use, NULL, "there is no material '%.60s' (%s)", use->text, text);
}

static heat_status stands_twice(const char *name, heat_node *node) {
  node->place = node->key_place;
  return heat_node_fail(name, node, NULL, "given twice");
}

/* Check each material by itself, as if its values were given under `material`. */
static heat_status check_materials(const char *name, heat_node *root, heat_node *materials) {
  if (materials->passed) return heat_ok();
  if (materials->kind != HEAT_NODE_MAP)
    return heat_node_fail(name, materials, NULL, "materials with their names are needed: {NAME: {conductivity: ...}}");
  heat_status status = heat_ok();
  for (int i = 0; i < materials->count && status.code == HEAT_OK; i++) {
    heat_node *node = materials->entries[i];
    if (heat_node_entry(materials, node->key, strlen(node->key)) != node) return stands_twice(name, node);
    status = heat_check_node(name, root, node, heat_option_find("material"));
  }
  return status;
}

/* Replace `material: steel` in a section or region by the values of steel; values that the section itself gives take
 * precedence. */
static heat_status resolve_entry(const char *name, heat_node *section, const heat_node *materials) {
  heat_node *use = use_of(section);
  const heat_node *found = use;
  heat_status status = heat_ok();
  if (use == NULL || use->passed) return status;
  if (use->kind == HEAT_NODE_LIST || (use->kind == HEAT_NODE_SCALAR && use->text[0] == '\0'))
    return heat_node_fail(name, use, NULL, "the name of a material is needed");
  if (use->kind == HEAT_NODE_SCALAR) status = find_material(name, materials, use, &found);
  if (status.code != HEAT_OK || found == NULL) return status;
  for (int i = 0; i < found->count && status.code == HEAT_OK; i++) {
    const heat_node *property = found->entries[i];
    heat_node *entry, *copy;
    if (heat_node_entry(section, property->key, strlen(property->key)) != NULL) continue;
    status = heat_node_create(&entry, section, property->key, strlen(property->key));
    if (status.code == HEAT_OK) status = heat_node_copy(&copy, property);
    if (status.code != HEAT_OK) return status;
    entry->key_place = use->key_place;
    heat_node_replace(entry, copy);
  }
  if (status.code == HEAT_OK) heat_node_remove(section, use);
  use = use_of(section);
  return status.code == HEAT_OK && use != NULL ? stands_twice(name, use) : status;
}

/* A region without a name gets the name of its material. */
static heat_status name_region(heat_node *region) {
  static const char key[] = "name";
  const heat_node *use = use_of(region);
  heat_node *entry, *copy;
  if (use == NULL || use->kind != HEAT_NODE_SCALAR || use->text[0] == '\0') return heat_ok();
  if (heat_node_entry(region, key, strlen(key)) != NULL) return heat_ok();
  heat_status status = heat_node_create(&entry, region, key, strlen(key));
  if (status.code == HEAT_OK) status = heat_node_copy(&copy, use);
  if (status.code != HEAT_OK) return status;
  entry->key_place = use->key_place;
  heat_node_replace(entry, copy);
  return heat_ok();
}

/* Replace `material: steel`, or {material: steel, ...} with values that take precedence. */
static heat_status resolve_base(const char *name, const heat_node *root, const heat_node *materials) {
  heat_node *use = use_of(root), *copy;
  const heat_node *found;
  if (use == NULL || use->passed) return heat_ok();
  if (use->kind == HEAT_NODE_MAP) return resolve_entry(name, use, materials);
  if (use->kind != HEAT_NODE_SCALAR || use->text[0] == '\0') return heat_ok();
  heat_status status = find_material(name, materials, use, &found);
  if (status.code != HEAT_OK || found == NULL) return status;
  status = heat_node_copy(&copy, found);
  if (status.code == HEAT_OK) heat_node_replace(use, copy);
  return status;
}

heat_status heat_materials_resolve(const char *name, heat_node *root) {
  heat_node *materials = heat_node_entry(root, "materials", strlen("materials"));
  heat_node *regions = heat_node_entry(root, "regions", strlen("regions"));
  heat_status status = materials != NULL ? check_materials(name, root, materials) : heat_ok();
  if (status.code == HEAT_OK) status = resolve_base(name, root, materials);
  for (int i = 0; regions != NULL && regions->kind == HEAT_NODE_LIST && i < regions->count; i++) {
    if (status.code == HEAT_OK && regions->entries[i]->kind == HEAT_NODE_MAP) status = name_region(regions->entries[i]);
    if (status.code == HEAT_OK && regions->entries[i]->kind == HEAT_NODE_MAP)
      status = resolve_entry(name, regions->entries[i], materials);
  }
  if (status.code == HEAT_OK && materials != NULL) heat_node_remove(root, materials);
  materials = heat_node_entry(root, "materials", strlen("materials"));
  return status.code == HEAT_OK && materials != NULL ? stands_twice(name, materials) : status;
}
