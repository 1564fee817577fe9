/* What the files of the configuration share: the tree of YAML nodes, the option table, and the checks. All Local. */
#ifndef HEAT2D_CONFIG_PRIVATE_H
#define HEAT2D_CONFIG_PRIVATE_H

#include "heat2d/deck/config.h"

#include <stddef.h>

enum { HEAT_KEY_TEXT = 256, HEAT_DEEPEST = 16 };

/* config_tree.c: the tree that a deck is read into */

typedef struct heat_option heat_option;

/* Where something stands: line and column of the deck or of another file, or the column of the set-th --set. Line 0:
 * nowhere, a default. */
typedef struct heat_place {
  int set, line, column;
  const char *file; /* borrowed; NULL: the deck */
} heat_place;

typedef struct heat_faults heat_faults;

/* Text to be read, and how its places are named. `before`: the character before a text on one line, as in a --set; line
 * 0: the text is the whole deck. `faults`: where what is wrong is collected, as far as reading can go on after it;
 * NULL: reading ends at the first fault. */
typedef struct heat_source {
  const char *name;
  heat_place before;
  bool is_default;
  heat_faults *faults;
} heat_source;

typedef enum heat_node_kind { HEAT_NODE_SCALAR, HEAT_NODE_LIST, HEAT_NODE_MAP } heat_node_kind;

typedef struct heat_node heat_node;
struct heat_node {
  heat_node_kind kind;
  bool quoted, is_number;
  bool passed;         /* it is known to be wrong, and the check passes over it */
  bool failed;         /* the last failure is about it, */
  const char *missing; /* and says that it lacks this key; NULL: it is wrong itself */
  int count, capacity;
  char *key;  /* its name in a map; NULL in a list */
  char *text; /* of a scalar; a number in its canonical form once checked */
  double number;
  heat_place place, key_place;
  heat_node *parent, **entries;
  const heat_option *option; /* what the table says of it, once checked */
};

/* A dotted key, not ended by a NUL, and where it stands. `name`: the deck's, for messages. */
typedef struct heat_target {
  const char *name, *key;
  size_t length;
  heat_place place;
} heat_target;

/* Lay a value, which is used up in any case, over the tree. HEAT_DECK, HEAT_IO. */
heat_status heat_tree_lay(heat_node *root, const heat_target *target, heat_node *value);

/* Lay the number-th "key=value" over the tree. HEAT_USAGE without =, HEAT_DECK, HEAT_IO. */
heat_status heat_tree_set(heat_node *root, int number, const char *set);

heat_status heat_node_create(heat_node **node, heat_node *parent, const char *key, size_t key_length);
void heat_node_destroy(heat_node *node);
void heat_node_remove(heat_node *parent, heat_node *entry); /* and destroy it */
/* A tree of its own with the same content, without a parent. */
heat_status heat_node_copy(heat_node **copy, const heat_node *node);
/* Give `node` the content of `value`, which is used up. */
void heat_node_replace(heat_node *node, heat_node *value);
heat_node *heat_node_entry(const heat_node *node, const char *segment, size_t length);
heat_node *heat_node_find(const heat_node *root, const char *path); /* NULL when there is none */
void heat_node_path(const heat_node *node, char path[HEAT_KEY_TEXT]);
/* "NAME:LINE:COLUMN: key: message" at the nearest node above that stands somewhere; `leaf`, if any, a text that
 * outlives the tree, ends the key. The node is marked as the failed one, and `leaf` as what it lacks. */
heat_status heat_node_fail(const char *name, const heat_node *node, const char *leaf, const char *format, ...)
    HEAT_PRINTF(4, 5);
void heat_place_write(char *text, size_t size, const char *name, heat_place place);

/* config.c */

typedef struct heat_members heat_members;

struct heat_config {
  char *name;
  heat_node *root;       /* checked */
  heat_members *members; /* of its sweep; NULL: it has none */
};

/* A configuration of a checked tree, which it owns from here on. HEAT_IO. */
heat_status heat_config_wrap(heat_config **config, const char *name, heat_node *root);
/* All checks of a tree; it is brought into its resolved form. HEAT_DECK, HEAT_IO. */
heat_status heat_tree_check(const char *name, heat_node *root);

/* members.c */

/* Take `sweep`, where there is one, off the tree, which is not yet checked, and keep it. HEAT_DECK, HEAT_IO. */
heat_status heat_members_take(heat_config *config, const char *const *sets, int set_count);
void heat_members_destroy(heat_members *members);
/* The path of its file of rows; NULL: there is none. */
const char *heat_members_rows(const heat_config *config);
heat_status heat_members_no_rows(const heat_config *config); /* the failure where that file is not there */
/* Read what the sweep says, and check each of its values. `rows`: the text of that file, NULL: it is not looked at.
 * HEAT_DECK, HEAT_IO. */
heat_status heat_members_read(heat_config *config, const char *rows);
/* Add what is wrong with a sweep, and with each of its values, to the faults of the deck. */
void heat_members_find_faults(heat_config *config, const char *rows, heat_faults *faults);

/* config_yaml.c */

/* The tree of a text. *root is NULL where the text holds nothing, and on failure: HEAT_DECK with the place, HEAT_IO. */
heat_status heat_tree_parse(heat_node **root, const heat_source *source, const char *text, size_t length);

/* config_write.c */

void heat_tree_write(FILE *out, const heat_node *root); /* canonical YAML of a checked tree */
/* On one line, in flow style; also of a tree that has not been checked. */
void heat_node_write(FILE *out, const heat_node *node);
void heat_text_write(FILE *out, const char *text); /* in double quotes */

/* config_table.c: the option table */

typedef enum heat_type {
  HEAT_SECTION,
  HEAT_LIST,
  HEAT_TEXT,
  HEAT_CHOICE,
  HEAT_BOOLEAN,
  HEAT_INTEGER,
  HEAT_REAL,
  HEAT_FIELD,     /* a number, an expression, or a dataset */
  HEAT_CONDITION, /* an expression */
  HEAT_HINTS      /* texts under names of their own */
} heat_type;

typedef enum heat_arity { HEAT_ONE, HEAT_PAIR, HEAT_ONE_OR_PAIR, HEAT_POINTS } heat_arity; /* how many numbers */

enum {
  HEAT_REQUIRED = 1,
  HEAT_AUTO = 2,    /* the word auto is allowed */
  HEAT_TIME = 4,    /* an expression may name t */
  HEAT_PHYSICS = 8, /* a resumed run must not change it, nor what is under it */
  HEAT_ANY_OF = 16, /* its section needs at least one of the rows with this flag */
  HEAT_LABEL = 32   /* of PHYSICS, but only what something is called */
};

/* Relations between values, checked when every value by itself is right. */
typedef enum heat_rule {
  HEAT_NO_RULE,
  HEAT_RULE_END,        /* above 0, but for the method steady */
  HEAT_RULE_CELLS,      /* the product is bounded */
  HEAT_RULE_INCREASING, /* the second above the first */
  HEAT_RULE_ABOVE_MIN,  /* each above that of the sibling `min` */
  HEAT_RULE_PARTNER,    /* periodic on both sides of a pair */
  HEAT_RULE_INSIDE,     /* a point of the domain */
  HEAT_RULE_NAME,       /* can head a column of a table */
  HEAT_RULE_UNIQUE,     /* no two entries of the same name */
  HEAT_RULE_DATASET     /* an absolute path in a file */
} heat_rule;

struct heat_option {
  const char *key;    /* dotted; * stands for any entry of a list, or for what `inside` sends here */
  const char *inside; /* where the rows of its entries stand; NULL: under `key` */
  heat_type type;
  heat_arity arity;
  unsigned flags;
  heat_rule rule;
  const char *unit, *fallback, *range; /* fallback: the default as YAML; range: "> 0", ">= 0" or "in [0, 9]" */
  double most;                         /* the largest magnitude; 0: that of its type, see heat_option_most */
  const char *const *choices;
  /* It is used only when the key `when` (a sibling, or from the root where it has a dot) is one of the words `is`, or
   * stands at all where there is no `is`; and only when the key `unless` does not stand. */
  const char *when, *is, *unless;
  const char *spared, *spared_by; /* where the key `spared` is this word a required number may be left out: it is 0 */
  const char *help;
};

extern const heat_option heat_option_root;
/* The rows one below a key pattern, in the order of the table; start with NULL. */
const heat_option *heat_option_next(const char *inside, const heat_option *after);
const heat_option *heat_option_row(int index);                            /* NULL past the last */
bool heat_option_is_under(const heat_option *option, const char *inside); /* whether it stands one below a pattern */
/* The row of a key as written ("regions.0.radius", "domain.size.1"); NULL when there is none. */
const heat_option *heat_option_find(const char *key);
bool heat_option_begins(const heat_option *option, const char *key); /* whether `key` is it or a beginning of it */
const char *heat_option_inside(const heat_option *option);
const char *heat_option_leaf(const heat_option *option);
/* The largest magnitude of a number, where its range has no upper end: what every use of it can hold. */
double heat_option_most(const heat_option *option);
bool heat_option_physics(const heat_option *option);
bool heat_option_has_word(const char *words, const char *word);
void heat_option_describe(const heat_option *option, char *text, size_t size); /* "auto or a pair of numbers" */
void heat_option_join(char *text, size_t size, const char *separator, const char *word);

/* config_suggest.c */

/* "nearest: time.step", or what is accepted in the section; `section` is where the unknown leaf was looked for. */
void heat_option_suggest(const heat_option *section, const char *path, const char *leaf, char *text, size_t size);

/* config_materials.c */

/* Replace the names of materials in `material` and in regions by what `materials` says of them. */
heat_status heat_materials_resolve(const char *name, heat_node *root);
/* Whether a section names a material of which nothing is known, since the name or the material is wrong. */
bool heat_material_unknown(const heat_node *section);

/* config_check.c */

enum { HEAT_NUMBER_TEXT = 32 };
/* The shortest text that reads back to the same bits. */
void heat_number_write(char text[HEAT_NUMBER_TEXT], double value);

/* Check a tree against a row, fill in the defaults, bring numbers into their canonical form. */
heat_status heat_check_node(const char *name, heat_node *root, heat_node *node, const heat_option *option);

/* config_faults.c */

enum { HEAT_MOST_FAULTS = 20 };

/* The faults of a deck, a line each, none twice. */
struct heat_faults {
  char *lines[HEAT_MOST_FAULTS];
  int count;
};

bool heat_faults_full(const heat_faults *faults);
/* Add a line, unless it is there already or the list is full. */
void heat_faults_add(heat_faults *faults, const char *line);
/* A failure that the deck is to blame for is added to the list, and the caller may go on: HEAT_OK. Any other status,
 * and all where `faults` is NULL, is returned as it is. */
heat_status heat_faults_keep(heat_faults *faults, heat_status status);
/* Check a tree, and add a line for each of its faults. The tree is not good for anything else afterwards. */
void heat_faults_find(heat_faults *faults, const char *name, heat_node *root);
/* The lines from number `first` on, to be freed; NULL when memory is exhausted. The list is emptied. */
char *heat_faults_join(heat_faults *faults, int first);

/* config_rules.c */

/* The relations in a checked tree. */
heat_status heat_check_rules(const char *name, const heat_node *root, const heat_node *node);
const char *heat_rule_text(heat_rule rule); /* for people; NULL for HEAT_NO_RULE */

#endif
