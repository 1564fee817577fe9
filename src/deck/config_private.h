/* What the files of the configuration share: the tree of YAML nodes, the option table, and the checks. All Local. */
#ifndef HEAT2D_CONFIG_PRIVATE_H
#define HEAT2D_CONFIG_PRIVATE_H

#include "heat2d/deck/config.h"

#include <stddef.h>

enum { HEAT_KEY_TEXT = 256, HEAT_DEEPEST = 16 };

/* config_tree.c: the tree that a deck is read into */

typedef struct heat_option heat_option;

/* A place for messages: line and column of the deck or of another file, or the column in --set number `set`. Line 0: no
 * place, since the value is a default. */
typedef struct heat_place {
  int set, line, column;
  const char *file; /* borrowed; NULL: the deck */
} heat_place;

typedef struct heat_faults heat_faults;

/* Text to be read, and how messages name places in it. `before` is the place of the character before a text of one
 * line, as in a --set; line 0 means that the text is the whole deck. `faults` collects the faults after which reading
 * can go on; NULL: reading ends at the first fault. */
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
  bool passed;         /* it is known to be wrong, and checks ignore it */
  bool failed;         /* the last failure is about this node, */
  const char *missing; /* which lacks this key; NULL: the node itself is wrong */
  int count, capacity;
  char *key;  /* its name in a map; NULL in a list */
  char *text; /* of a scalar; a number in its canonical form once checked */
  double number;
  heat_place place, key_place;
  heat_node *parent, **entries;
  const heat_option *option; /* its row of the option table, once checked */
};

/* A dotted key of `length` characters and its place. `name` is the name of the deck, for messages. */
typedef struct heat_target {
  const char *name, *key;
  size_t length;
  heat_place place;
} heat_target;

/* Put a value into the tree at a key, in place of any value there. The tree takes ownership of the value in any case.
 * HEAT_DECK, HEAT_IO. */
heat_status heat_tree_lay(heat_node *root, const heat_target *target, heat_node *value);

/* Do the same with the text "key=value" of --set number `number`. HEAT_USAGE without "=", HEAT_DECK, HEAT_IO. */
heat_status heat_tree_set(heat_node *root, int number, const char *set);

heat_status heat_node_create(heat_node **node, heat_node *parent, const char *key, size_t key_length);
void heat_node_destroy(heat_node *node);
void heat_node_remove(heat_node *parent, heat_node *entry); /* and destroy the entry */
/* A tree of its own with the same content, without a parent. */
heat_status heat_node_copy(heat_node **copy, const heat_node *node);
/* Give `node` the content of `value`, and destroy `value`. */
void heat_node_replace(heat_node *node, heat_node *value);
heat_node *heat_node_entry(const heat_node *node, const char *segment, size_t length);
heat_node *heat_node_find(const heat_node *root, const char *path); /* NULL when there is none */
void heat_node_path(const heat_node *node, char path[HEAT_KEY_TEXT]);
/* Return HEAT_DECK with "NAME:LINE:COLUMN: key: message", where the place is that of the node or of the nearest node
 * above it that has a place. If `leaf` is not NULL, it is the name of a key that the node lacks, and ends the key. */
heat_status heat_node_message(const char *name, const heat_node *node, const char *leaf, const char *message);
/* Do the same, mark the node as the one that failed, and store `leaf`, which has to outlive the tree, in it. */
heat_status heat_node_fail(const char *name, heat_node *node, const char *leaf, const char *format, ...)
    HEAT_PRINTF(4, 5);
void heat_place_write(char *text, size_t size, const char *name, heat_place place);

/* config.c */

typedef struct heat_members heat_members;

struct heat_config {
  char *name;
  heat_node *root;       /* checked */
  heat_members *members; /* of its sweep; NULL: it has none */
};

/* Make a configuration of a checked tree, and take ownership of the tree. HEAT_IO. */
heat_status heat_config_wrap(heat_config **config, const char *name, heat_node *root);
/* Do all checks of a tree, and bring it into its resolved form. HEAT_DECK, HEAT_IO. */
heat_status heat_tree_check(const char *name, heat_node *root);

/* members.c */

/* Move the section `sweep`, if there is one, from a tree that is not yet checked to config->members. HEAT_DECK,
 * HEAT_IO. */
heat_status heat_members_take(heat_config *config, const char *const *sets, int set_count);
void heat_members_destroy(heat_members *members);
/* The path of the sweep's file of rows; NULL: there is none. */
const char *heat_members_rows(const heat_config *config);
heat_status heat_members_no_rows(const heat_config *config); /* the failure where that file is not there */
/* Read the keys and values of the sweep, and check each value. `rows` is the text of the file of rows; NULL: the file
 * is not read. HEAT_DECK, HEAT_IO. */
heat_status heat_members_read(heat_config *config, const char *rows);
/* Add the faults of a sweep and of its values to the faults of the deck. */
void heat_members_find_faults(heat_config *config, const char *rows, heat_faults *faults);

/* config_yaml.c */

/* Parse a text into a tree. *root is NULL when the text is empty, and on failure: HEAT_DECK with the place, HEAT_IO. */
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
  HEAT_HINTS      /* texts under names that the user chooses */
} heat_type;

typedef enum heat_arity { HEAT_ONE, HEAT_PAIR, HEAT_ONE_OR_PAIR, HEAT_POINTS } heat_arity; /* how many numbers */

enum {
  HEAT_REQUIRED = 1,
  HEAT_AUTO = 2,    /* the word auto is allowed */
  HEAT_TIME = 4,    /* an expression may name t */
  HEAT_PHYSICS = 8, /* a resumed run must not change it, nor what is under it */
  HEAT_ANY_OF = 16, /* its section needs at least one of the rows with this flag */
  HEAT_LABEL = 32   /* part of HEAT_PHYSICS, but only a name, which a resumed run may change */
};

/* Relations between values, checked once every single value is right. */
typedef enum heat_rule {
  HEAT_NO_RULE,
  HEAT_RULE_END,        /* above 0, unless the method is steady */
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
  const char *key;    /* dotted; * stands for any entry of a list, or for the keys whose `inside` refers to this row */
  const char *inside; /* the pattern of the rows of its entries; NULL: `key` */
  heat_type type;
  heat_arity arity;
  unsigned flags;
  heat_rule rule;
  const char *unit, *fallback, *range; /* fallback: the default as YAML; range: "> 0", ">= 0" or "in [0, 9]" */
  double most;                         /* the largest magnitude; 0: that of its type, see heat_option_most */
  const char *const *choices;
  /* The key is used only when the key `when` (a sibling, or a path from the root if it has a dot) is one of the words
   * `is`, or is given at all if `is` is NULL; and only when the key `unless` is not given. */
  const char *when, *is, *unless;
  /* If the key `spared` is the word `spared_by`, a required number may be left out and is 0. */
  const char *spared, *spared_by;
  const char *help;
};

extern const heat_option heat_option_root;
/* The next row after `after` of those one level below a key pattern, in the order of the table; NULL gives the
 * first. */
const heat_option *heat_option_next(const char *inside, const heat_option *after);
const heat_option *heat_option_row(int index);                            /* NULL after the last */
bool heat_option_is_under(const heat_option *option, const char *inside); /* whether it is one level below a pattern */
/* The row of a key as a user writes it ("regions.0.radius", "domain.size.1"); NULL when there is none. */
const heat_option *heat_option_find(const char *key);
/* Whether `key` is this key or the beginning of it. */
bool heat_option_begins(const heat_option *option, const char *key);
const char *heat_option_inside(const heat_option *option);
const char *heat_option_leaf(const heat_option *option);
/* The largest magnitude that a number may have if its range has no upper end. No use of the number overflows below
 * it. */
double heat_option_most(const heat_option *option);
bool heat_option_physics(const heat_option *option);
bool heat_option_has_word(const char *words, const char *word);
void heat_option_describe(const heat_option *option, char *text, size_t size); /* "auto or a pair of numbers" */
void heat_option_join(char *text, size_t size, const char *separator, const char *word);

/* config_suggest.c */

/* Write "nearest: time.step", or a list of what is accepted in the section. `section` is the section that does not have
 * the key `leaf`. */
void heat_option_suggest(const heat_option *section, const char *path, const char *leaf, char *text, size_t size);

/* config_materials.c */

/* Replace the names of materials in `material` and in regions by the values that `materials` gives them. */
heat_status heat_materials_resolve(const char *name, heat_node *root);
/* Whether a section names a material whose values are not known because the name or the material is wrong. */
bool heat_material_unknown(const heat_node *section);

/* config_check.c */

enum { HEAT_NUMBER_TEXT = 32 };
/* The shortest text that reads back to the same bits. */
void heat_number_write(char text[HEAT_NUMBER_TEXT], double value);

/* Check a tree against a row, fill in the defaults, bring numbers into their canonical form. */
heat_status heat_check_node(const char *name, heat_node *root, heat_node *node, const heat_option *option);

/* config_faults.c */

enum { HEAT_MOST_FAULTS = 20 };

/* The messages of the faults of a deck, one line each, without repetitions. */
struct heat_faults {
  char *lines[HEAT_MOST_FAULTS];
  int count;
};

bool heat_faults_full(const heat_faults *faults);
/* Add a line, unless it is there already or the list is full. */
void heat_faults_add(heat_faults *faults, const char *line);
/* Add a failure HEAT_DECK to the list and return HEAT_OK, so that the caller can go on. Any other status is returned
 * unchanged, and so is every status if `faults` is NULL. */
heat_status heat_faults_keep(heat_faults *faults, heat_status status);
/* Check a tree, and add a line for each of its faults. The tree is changed by this and must not be used for anything
 * else. */
void heat_faults_find(heat_faults *faults, const char *name, heat_node *root);
/* Return the lines from number `first` on as one text, which has to be freed, or NULL when memory is exhausted; empty
 * the list. */
char *heat_faults_join(heat_faults *faults, int first);

/* config_rules.c */

/* Check the relations between the values of a tree whose single values are right. */
heat_status heat_check_rules(const char *name, const heat_node *root, heat_node *node);
const char *heat_rule_text(heat_rule rule); /* as `heat2d keys` prints it; NULL for HEAT_NO_RULE */

#endif
